//! The ingest function: objects that have arrived are taken in and counted for the monitors that watch them.
//!
//! Delivered twice, out of order or late, the same bytes are written ([`parts::ingest`]). An object that can never be read
//! goes to the dead-letter queue with the reason, and its message is done; one that may be read next time has its message
//! reported as failed, and no other. Logs keys, counts and reasons: nothing captured.

pub mod dead_letters;
pub mod event;

use crate::context::Context;
use crate::event::EventError;
use dead_letters::{DeadLetter, DeadLetters, LetterError, Queue};
use event::{Message, messages};
use lambda_runtime::Diagnostic;
use lambda_runtime::tracing::{error, info, warn};
use parts::ingest::{Ingested, Place};
use parts::watch::{Prepared, Watched};
use scan::{EngineError, ErrorKind};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Location, open_store};
use tokio::sync::Mutex;

/// How long monitors and their baselines are taken for unchanged while the function is warm.
const MONITORS_FOR: Duration = Duration::from_mins(1);
/// Objects of one invocation that are read side by side.
const SIDE_BY_SIDE: usize = 4;

/// What ingesting needs beside the context; stays while the function is warm.
#[derive(Debug)]
pub struct Ingest {
    context: Context,
    letters: Option<Arc<dyn DeadLetters>>,
    known: Mutex<Option<(Instant, Arc<Known>)>>,
}

#[derive(Debug)]
struct Known {
    place: Place,
    monitors: Vec<Prepared>,
    /// Where labels come from, by monitor.
    labels: Vec<Watched>,
}

/// What is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Messages to be delivered again: SQS's own form.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<Failure>,
    /// Objects taken in.
    pub n_objects: usize,
    /// Objects sent to the dead-letter queue.
    pub n_dead: usize,
    /// Lines of all objects.
    pub n_lines: u64,
    /// Lines refused.
    pub n_rejected: u64,
    /// Parts written.
    pub n_parts: usize,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its id.
    #[serde(rename = "itemIdentifier")]
    pub id: String,
}

/// An invocation that failed as a whole.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum IngestError {
    /// The payload is wrong.
    Event(#[from] EventError),
    /// The store cannot be read, or an object named plainly cannot be taken in.
    Engine(#[from] EngineError),
    /// The queue for objects that cannot be read takes nothing.
    Letter(#[from] LetterError),
}

impl IngestError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Event(_) => "usage",
            Self::Letter(_) => "storage",
            Self::Engine(error) => match error.kind() {
                ErrorKind::Usage => "usage",
                ErrorKind::NothingToAnalyse => "nothing_to_analyze",
                ErrorKind::Storage => "storage",
                ErrorKind::Internal => "internal",
            },
        }
    }
}

impl From<IngestError> for Diagnostic {
    fn from(error: IngestError) -> Self {
        Self {
            error_type: error.error_type().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Whether trying again can help.
fn may_pass(error: &EngineError) -> bool {
    matches!(error.kind(), ErrorKind::Storage | ErrorKind::Internal)
}

impl Ingest {
    /// With the queue that the context names.
    pub async fn new(context: Context) -> Self {
        let letters: Option<Arc<dyn DeadLetters>> = match &context.dead_letters {
            Some(url) => Some(Arc::new(Queue::open(url, &context.options).await)),
            None => None,
        };
        Self::with_letters(context, letters)
    }

    /// With a queue of the caller's.
    pub fn with_letters(context: Context, letters: Option<Arc<dyn DeadLetters>>) -> Self {
        Self {
            context,
            letters,
            known: Mutex::new(None),
        }
    }

    /// Takes in what `payload` names.
    pub async fn handle(&self, payload: &Value) -> Result<Answer, IngestError> {
        let ended = self.run(payload).await;
        match &ended {
            Ok(answer) => info!(
                n_objects = answer.n_objects,
                n_dead = answer.n_dead,
                n_failed = answer.failures.len(),
                n_lines = answer.n_lines,
                n_rejected = answer.n_rejected,
                n_parts = answer.n_parts,
                "ingested"
            ),
            Err(ended) => error!(error_type = ended.error_type(), error = %ended, "not ingested"),
        }
        ended
    }

    async fn run(&self, payload: &Value) -> Result<Answer, IngestError> {
        let messages = messages(payload)?;
        let known = match self.known().await {
            Ok(known) => known,
            // Nothing of it can be done now: every message comes again.
            Err(error) if messages.iter().all(|message| message.id.is_some()) => {
                warn!(error = %error, "the store cannot be read");
                return Ok(Answer {
                    failures: messages.into_iter().filter_map(failure).collect(),
                    ..Answer::default()
                });
            }
            Err(error) => return Err(error.into()),
        };
        let mut answer = Answer::default();
        for batch in messages.chunks(SIDE_BY_SIDE) {
            let done =
                futures::future::join_all(batch.iter().map(|message| self.message(message, &known))).await;
            for (message, done) in batch.iter().zip(done) {
                match done {
                    Ok(done) => answer.add(&done),
                    Err(error) => {
                        warn!(message_id = message.id, error = %error, "a message comes again");
                        match &message.id {
                            Some(id) => answer.failures.push(Failure { id: id.clone() }),
                            None => return Err(error),
                        }
                    }
                }
            }
        }
        Ok(answer)
    }

    /// The store and its monitors, read again after a while.
    async fn known(&self) -> Result<Arc<Known>, EngineError> {
        let mut known = self.known.lock().await;
        if let Some((read, known)) = &*known
            && read.elapsed() < MONITORS_FOR
        {
            return Ok(Arc::clone(known));
        }
        let (store, root) = open_store(&self.context.store, &self.context.options).await?;
        let place = Place {
            store,
            root,
            settings: self.context.settings.clone(),
            options: self.context.options.clone(),
        };
        let (mut monitors, mut labels) = (Vec::new(), Vec::new());
        for found in Watched::all(&place.store, &place.root, &self.context.store).await? {
            let prepared = match found {
                Ok(watched) => {
                    labels.extend(watched.ground_truth.is_some().then(|| watched.clone()));
                    Prepared::load(watched, &place.options).await
                }
                Err(error) => Err(error),
            };
            match prepared {
                Ok(prepared) => monitors.push(prepared),
                // One monitor that cannot be used must not keep the others from their objects.
                Err(error) if error.kind() == ErrorKind::Usage => {
                    error!(error = %error, "a monitor cannot be used");
                }
                Err(error) => return Err(error),
            }
        }
        let fresh = Arc::new(Known {
            place,
            monitors,
            labels,
        });
        *known = Some((Instant::now(), Arc::clone(&fresh)));
        Ok(fresh)
    }

    /// Takes in the objects of one message. An error: the message comes again.
    async fn message(&self, message: &Message, known: &Known) -> Result<Answer, IngestError> {
        let mut answer = Answer::default();
        let objects = match &message.objects {
            Ok(objects) => objects,
            Err(problem) => {
                self.bury(None, message, problem).await?;
                answer.n_dead += 1;
                return Ok(answer);
            }
        };
        for object in objects {
            let location = object.location.to_string();
            match take_in(&object.location, known).await {
                Ok(done) => {
                    info!(
                        object = location,
                        n_lines = done.n_lines,
                        n_rejected = done.n_rejected,
                        n_parts = done.n_parts,
                        "taken in"
                    );
                    answer.n_objects += 1;
                    answer.n_lines += done.n_lines;
                    answer.n_rejected += done.n_rejected;
                    answer.n_parts += done.n_parts;
                }
                Err(error) if may_pass(&error) => return Err(error.into()),
                Err(error) => {
                    self.bury(Some(&object.location), message, &error.to_string())
                        .await?;
                    answer.n_dead += 1;
                }
            }
        }
        Ok(answer)
    }

    async fn bury(
        &self,
        object: Option<&Location>,
        message: &Message,
        reason: &str,
    ) -> Result<(), IngestError> {
        let letter = DeadLetter {
            version: 1,
            object: object.map(ToString::to_string),
            message_id: message.id.clone(),
            reason: reason.to_owned(),
        };
        warn!(
            object = letter.object,
            message_id = letter.message_id,
            reason,
            "cannot be read"
        );
        match &self.letters {
            Some(letters) => Ok(letters.send(&letter).await?),
            // Without a queue of ours the one behind the function's gets it, after its tries.
            None => Err(EngineError::new(ErrorKind::Usage, reason).into()),
        }
    }
}

fn failure(message: Message) -> Option<Failure> {
    message.id.map(|id| Failure { id })
}

impl Answer {
    fn add(&mut self, other: &Self) {
        self.n_objects += other.n_objects;
        self.n_dead += other.n_dead;
        self.n_lines += other.n_lines;
        self.n_rejected += other.n_rejected;
        self.n_parts += other.n_parts;
    }
}

async fn take_in(location: &Location, known: &Known) -> Result<Ingested, EngineError> {
    let text = location.to_string();
    let labelled: Vec<&Watched> = known
        .labels
        .iter()
        .filter(|watched| watched.takes_labels_of(&text))
        .collect();
    if labelled.is_empty() {
        return known.place.ingest(location, &known.monitors).await;
    }
    known.place.ingest_labels(location, &labelled).await
}
