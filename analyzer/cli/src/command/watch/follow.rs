//! What follows from verdicts: what the functions act and lifecycle do.
//!
//! `engine::act` does it; here is who carries, what runs pipelines, and what is said. Does not decide.

use super::{WatchArguments, from_root, store_text};
use crate::command::alerts::aws;
use crate::command::retrain::service;
use crate::{exit, message, settings};
use alert::send::Couriers;
use async_trait::async_trait;
use engine::act::{Acted, Actor, Hands, MetricSink, Occasion, Standing};
use engine::alerts::Means;
use engine::monitor::Monitor;
use engine::retrain::Patience;
use engine::windows::{Announce, Closed};
use engine::{EngineError, ErrorKind};
use parts::ingest::Place;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use store::{Location, StoreOptions};

/// Without news the store's windows are looked through again after so many seconds.
const LOOKED_THROUGH_EVERY: i64 = 900;

/// Everything that acting needs beside the monitor.
pub(super) struct Followed {
    file: Location,
    store: Location,
    options: StoreOptions,
    hands: Hands,
    /// What was decided last: said when it changes.
    decision: Option<String>,
    /// Verdicts of completions, likewise.
    completions: BTreeMap<String, String>,
    /// How many alerts waited, likewise.
    waiting: usize,
    /// Executions that have ended, likewise.
    ended: BTreeSet<String>,
    has_looked: bool,
    /// Whether an execution runs, whose end is looked for.
    is_running: bool,
    /// When the store's windows were looked through last.
    looked_through: Option<i64>,
}

impl Followed {
    pub(super) async fn open(arguments: &WatchArguments, place: &Place) -> Result<Self, EngineError> {
        let store = from_root(&store_text(arguments.store.as_deref())?);
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let service = match arguments.service {
            None => None,
            Some(service) => Some(Arc::from(service::open(service, &arguments.local).await?)),
        };
        Ok(Self {
            file: settings::location("--monitor", &from_root(&arguments.monitor))?,
            store: settings::location("--store", &store)?,
            options: place.options.clone(),
            hands: Hands {
                means: Means {
                    courier: Arc::new(Couriers::new(aws(&place.options).await)),
                    secrets: Arc::new(|name| std::env::var(name).ok()),
                    holder: format!("{}-{}", std::process::id(), started.as_nanos()),
                    bus: None,
                },
                service,
                patience: Patience::default(),
                metrics: arguments.metrics.as_deref().map(sink).transpose()?,
            },
            decision: None,
            completions: BTreeMap::new(),
            waiting: 0,
            ended: BTreeSet::new(),
            has_looked: false,
            is_running: false,
            looked_through: None,
        })
    }

    /// What acts for the monitor; nothing where nobody wants to know.
    pub(super) async fn actor(&self, monitor: &Monitor) -> Result<Option<Actor>, EngineError> {
        if monitor.alerts.is_none() && monitor.retrain.is_none() {
            return Ok(None);
        }
        Actor::open(monitor, &self.file, &self.store, &self.options, &self.hands)
            .await
            .map(Some)
    }

    /// Says what is due, decides on retraining, and looks what became of retrainings; gives the exit code of it. What was not done
    /// is tried again by a later look. Without news the store's windows are looked through every 15 minutes only.
    pub(super) async fn follow(&mut self, actor: &Actor, is_news: bool, now: i64, json: bool) -> u8 {
        let is_time = self
            .looked_through
            .is_none_or(|last| now - last >= LOOKED_THROUGH_EVERY);
        let occasion = if is_news || is_time {
            self.looked_through = Some(now);
            Occasion::CatchUp
        } else {
            Occasion::Due
        };
        let (mut acted, error) = actor.alert(occasion, now).await;
        let mut errors: Vec<EngineError> = error.into_iter().collect();
        if occasion == Occasion::CatchUp {
            errors.extend(actor.decide(&mut acted, now).await);
        }
        self.say_retraining(&acted, json);
        let waiting = acted.alerts.as_ref().map_or(0, |told| told.waiting);
        let mut code = said(&acted, &errors, json);
        if self.hands.service.is_some() && (occasion == Occasion::CatchUp || self.is_running) {
            code = code.max(match self.look(actor, now, json).await {
                Ok(code) => code,
                Err(error) => said_error(&error),
            });
        }
        if waiting > 0 {
            if self.waiting != waiting {
                message::talk(&format!(
                    "{waiting} alerts wait to be sent again; `driftline alerts status` lists them"
                ));
            }
            code = code.max(exit::STORAGE);
        }
        self.waiting = waiting;
        code
    }

    /// Where retrainings stand.
    async fn look(&mut self, actor: &Actor, now: i64, json: bool) -> Result<u8, EngineError> {
        if !actor.retrains() {
            return Ok(exit::DONE);
        }
        let Standing { runs, .. } = actor.look(false, now).await?;
        self.is_running = runs
            .iter()
            .any(|run| run.receipt.is_some() && run.outcome.is_none());
        for run in &runs {
            let (Some(receipt), Some(outcome)) = (&run.receipt, &run.outcome) else {
                continue;
            };
            // What had ended before this watch began is not news.
            let is_new = self.ended.insert(receipt.execution.clone());
            if is_new && self.has_looked {
                if json {
                    message::data(&format!("{}\n", json!({ "ended": outcome })));
                } else {
                    let reason = outcome
                        .failure_reason
                        .as_deref()
                        .map_or_else(String::new, |why| format!(": {why}"));
                    message::data(&format!("{} {}{reason}\n", outcome.status, receipt.execution));
                }
            }
        }
        self.has_looked = true;
        let Some(told) = actor.tell(&runs, now).await? else {
            return Ok(exit::DONE);
        };
        say_told(&told, json);
        Ok(if told.failed.is_empty() {
            exit::DONE
        } else {
            exit::STORAGE
        })
    }

    fn say_retraining(&mut self, acted: &Acted, json: bool) {
        for completion in &acted.completions {
            let (incident, verdict) = (completion.incident.clone(), completion.verdict.clone());
            if self.completions.insert(incident, verdict).as_ref() == Some(&completion.verdict) {
                continue;
            }
            if json {
                message::data(&format!("{}\n", json!({ "completion": completion })));
            } else {
                message::data(&format!(
                    "incident {}: {} is {}\n",
                    completion.incident, completion.package, completion.verdict
                ));
            }
        }
        if let Some(retrained) = &acted.retraining
            && self.decision.as_ref() != Some(&retrained.decision)
        {
            self.decision = Some(retrained.decision.clone());
            if json {
                message::data(&format!("{}\n", json!({ "retraining": retrained })));
            } else {
                let execution = retrained.execution.as_deref().unwrap_or_default();
                let line = format!("retraining: {} {execution}", retrained.decision);
                message::data(&format!("{}\n", line.trim_end()));
            }
        }
    }
}

/// Tells of windows as they are closed: a window counts as announced only when it was told and counted, so that a run that dies
/// in between does it again.
pub(super) struct Told<'a> {
    actor: Option<&'a Actor>,
    now: Option<i64>,
    json: bool,
    code: AtomicU8,
}

impl<'a> Told<'a> {
    pub(super) fn new(actor: Option<&'a Actor>, now: Option<i64>, json: bool) -> Self {
        Self {
            actor,
            now,
            json,
            code: AtomicU8::new(exit::DONE),
        }
    }

    /// The exit code of what was told.
    pub(super) fn code(&self) -> u8 {
        self.code.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Announce for Told<'_> {
    async fn announce(&self, closed: &Closed) -> Result<(), EngineError> {
        let Some(actor) = self.actor else {
            return Ok(());
        };
        let now = self.now.unwrap_or_else(super::clock);
        let (acted, error) = actor.alert(Occasion::Window(closed.start, closed.end), now).await;
        self.code
            .fetch_max(said(&acted, &[], self.json), Ordering::Relaxed);
        error.map_or(Ok(()), Err)
    }
}

/// Says what was told and what failed; gives the exit code.
fn said(acted: &Acted, errors: &[EngineError], json: bool) -> u8 {
    let mut code = exit::DONE;
    for error in errors {
        code = code.max(said_error(error));
    }
    if let Some(told) = &acted.alerts {
        say_told(told, json);
        if !told.failed.is_empty() {
            code = code.max(exit::STORAGE);
        }
    }
    code
}

fn said_error(error: &EngineError) -> u8 {
    message::talk(&format!("error: {error}"));
    exit::code_of(error.kind())
}

fn say_told(told: &alert::Told, json: bool) {
    for failure in &told.failed {
        message::talk(&format!("error: alert to {}: {}", failure.route, failure.error));
    }
    if json && !told.sent.is_empty() {
        message::data(&format!("{}\n", json!({ "sent": told.sent })));
    } else {
        for receipt in &told.sent {
            message::data(&format!(
                "sent {} of {} to {}\n",
                receipt.kind.name(),
                receipt.incident,
                receipt.route
            ));
        }
    }
}

/// Adds lines to a file. A disk that is full must not stop a watch: it is said, and the line is lost.
fn sink(path: &Path) -> Result<MetricSink, EngineError> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    let file: Mutex<File> = Mutex::new(opened.map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("--metrics: {} cannot be written", path.display()),
        )
        .with_source(error)
    })?);
    Ok(Arc::new(move |line| {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            message::talk(&format!("error: metrics: {error}"));
        }
    }))
}
