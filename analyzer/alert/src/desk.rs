//! The desk: keeps a monitor's alert state in its store, and sends what is due, each notice once.
//!
//! Order: facts into the state and deliveries taken on (one conditional write), send, receipt (created once), settled (conditional
//! write). Whoever finds the state changed looks again. A crash between sending and receipt leaves the delivery taken on; after a
//! lease it is taken over and sent again under the same id, which receivers that know idempotency keys drop. The time is an
//! argument.

use crate::claim::{Claim, Settlement};
use crate::error::AlertError;
use crate::fact::{RunFact, WindowFact};
use crate::layout::Layout;
use crate::notice::{Kind, Subject};
use crate::retry::{Patience, pause_seconds};
use crate::send::{Courier, Delivered, Secrets, SendError, SendErrorKind, deliver, message};
use crate::settings::AlertSettings;
use crate::state::{Acknowledgement, AlertState, VERSION};
use crate::time_text;
use baselines::decide::calendar::format_time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{ObjectStore, PutMode, StoreErrorKind};
use xxhash_rust::xxh3::xxh3_64;

const MAX_DOCUMENT_BYTES: u64 = 64 << 20;
/// How often it is looked again where others change what was read.
const ROUNDS: usize = 64;

/// A monitor's alerts in a store.
#[derive(Clone)]
pub struct Desk {
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// Where things lie in it.
    pub layout: Layout,
    /// Whose alerts they are.
    pub subject: Subject,
    /// What is wanted.
    pub settings: AlertSettings,
    /// Who carries.
    pub courier: Arc<dyn Courier>,
    /// Looks environment variables up.
    pub secrets: Secrets,
    /// How often and how long receivers are tried.
    pub patience: Patience,
    /// A name that no other process has.
    pub holder: String,
}

/// `alerts/receipts/<incident>/<delivery>.json`: something was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// `"1"`.
    pub version: String,
    /// The delivery's id: the idempotency key that the receiver saw.
    pub id: String,
    /// The monitor.
    pub monitor: String,
    /// The incident, or the retraining's token.
    pub incident: String,
    /// What happened.
    pub kind: Kind,
    /// To whom.
    pub route: String,
    /// When.
    #[serde(with = "time_text")]
    pub sent_at: i64,
    /// Attempts it took.
    pub attempts: u32,
    /// What the receiver answered.
    pub answer: String,
}

/// The metrics of a window's revision were printed.
#[derive(Serialize)]
struct Counted {
    version: &'static str,
    at: String,
}

/// What became of a look at the alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What was sent.
    pub sent: Vec<Receipt>,
    /// What was not, and is tried again.
    pub failed: Vec<Failure>,
    /// How many deliveries wait to be tried, those of `failed` among them.
    pub waiting: usize,
    /// Open incidents.
    pub open: Vec<String>,
    /// Whether nothing may be sent now.
    pub muted: bool,
}

/// A delivery that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The delivery's id.
    pub id: String,
    /// To whom.
    pub route: String,
    /// What went wrong.
    pub error: String,
    /// When it is tried again at the earliest.
    #[serde(with = "time_text")]
    pub retry_at: i64,
}

impl Desk {
    /// Takes facts in and says what is due at `now`.
    pub async fn tell(&self, windows: &[WindowFact], runs: &[RunFact], now: i64) -> Result<Told, AlertError> {
        let mut told = Told::default();
        for _ in 0..ROUNDS {
            let claims = self
                .change(|state| {
                    for fact in windows {
                        state.record(fact);
                    }
                    for fact in runs {
                        state.record_run(fact);
                    }
                    Ok(state.claim(&self.settings, &self.subject, now, &self.holder))
                })
                .await?;
            if claims.is_empty() {
                let (state, _) = self.read().await?;
                told.muted = state.is_muted(&self.settings, now);
                told.waiting = state.pending.len();
                told.open = self.open_cases(&state);
                return Ok(told);
            }
            for claim in claims {
                self.send(&claim, now, &mut told).await?;
            }
        }
        Err(AlertError::Busy {
            monitor: self.subject.monitor.clone(),
            rounds: ROUNDS,
        })
    }

    async fn send(&self, claim: &Claim, now: i64, told: &mut Told) -> Result<(), AlertError> {
        let place = self.layout.receipt(&claim.group, &claim.key);
        let before = if claim.again {
            self.receipt(&place).await?
        } else {
            None
        };
        let ended = match before {
            Some(_) => Ok(None),
            None => self.carry(claim, now).await,
        };
        let how = match ended {
            Ok(delivered) => {
                if let Some(delivered) = delivered {
                    let receipt = Receipt {
                        version: VERSION.to_owned(),
                        id: claim.key.clone(),
                        monitor: self.subject.monitor.clone(),
                        incident: claim.group.clone(),
                        kind: claim.notice.kind,
                        route: claim.route.clone(),
                        sent_at: now,
                        attempts: delivered.attempts,
                        answer: delivered.answer,
                    };
                    self.keep_receipt(&place, &receipt).await?;
                    told.sent.push(receipt);
                }
                Settlement::Sent
            }
            Err(error) => {
                let attempts = self.attempts(&claim.key).await?;
                let retry_at = now + pause_seconds(attempts, error.retry_after);
                told.failed.push(Failure {
                    id: claim.key.clone(),
                    route: claim.route.clone(),
                    error: error.to_string(),
                    retry_at,
                });
                Settlement::Failed {
                    retry_at,
                    error: error.to_string(),
                }
            }
        };
        self.change(|state| {
            state.settle(claim, &how, now);
            Ok(())
        })
        .await
    }

    async fn carry(&self, claim: &Claim, now: i64) -> Result<Option<Delivered>, SendError> {
        let Some(route) = self.settings.routes.get(&claim.route) else {
            return Err(SendError::new(SendErrorKind::Settings, "the route is gone"));
        };
        let Some(message) = message(route, &claim.notice, &claim.key, &self.secrets, now)? else {
            return Ok(None);
        };
        let seed = xxh3_64(claim.key.as_bytes());
        deliver(self.courier.as_ref(), &message, &self.patience, seed, now)
            .await
            .map(Some)
    }

    async fn attempts(&self, key: &str) -> Result<u32, AlertError> {
        Ok(self
            .read()
            .await?
            .0
            .pending
            .get(key)
            .map_or(1, |pending| pending.attempts))
    }

    /// Sends nothing until then.
    pub async fn mute(&self, until: i64, by: &str, reason: Option<&str>, now: i64) -> Result<(), AlertError> {
        self.change(|state| {
            state.mute(now, until, by, reason);
            Ok(())
        })
        .await
    }

    /// Ends every mute; whether there was one.
    pub async fn unmute(&self, now: i64) -> Result<bool, AlertError> {
        self.change(|state| Ok(state.unmute(now))).await
    }

    /// Somebody takes an incident on; the only open one without `incident`. Gives its name.
    pub async fn acknowledge(
        &self,
        incident: Option<&str>,
        given: &Acknowledgement,
    ) -> Result<String, AlertError> {
        self.change(|state| {
            state
                .acknowledge(&self.settings, incident, given)
                .map_err(AlertError::Usage)
        })
        .await
    }

    /// The state as it is stored, and its entity tag; empty where there is none yet.
    pub async fn read(&self) -> Result<(AlertState, Option<String>), AlertError> {
        let key = self.layout.state();
        let object = match self.store.get(&key, MAX_DOCUMENT_BYTES).await {
            Ok(object) => object,
            Err(error) if error.kind() == StoreErrorKind::NotFound => {
                return Ok((AlertState::new(&self.subject.monitor), None));
            }
            Err(error) => return Err(error.into()),
        };
        let unusable = |problem: String| AlertError::Document {
            place: self.store.locate(&key),
            problem,
        };
        let state: AlertState =
            serde_json::from_slice(&object.bytes).map_err(|error| unusable(error.to_string()))?;
        if state.version != VERSION {
            return Err(unusable(format!(
                "version {} is not known, expected {VERSION}",
                state.version
            )));
        }
        if state.monitor != self.subject.monitor {
            return Err(unusable(format!("it is of monitor {}", state.monitor)));
        }
        Ok((state, Some(object.etag)))
    }

    /// Whether the metrics of a window's revision were printed.
    pub async fn has_counted(&self, fact: &WindowFact) -> Result<bool, AlertError> {
        Ok(self.receipt(&self.layout.counted(fact)).await?.is_some())
    }

    /// Notes that they were.
    pub async fn counted(&self, fact: &WindowFact, now: i64) -> Result<(), AlertError> {
        self.put(
            &self.layout.counted(fact),
            &Counted {
                version: VERSION,
                at: format_time(now),
            },
            PutMode::CreateOnly,
        )
        .await?;
        Ok(())
    }

    /// Names of the incidents that are open, by what is known.
    pub fn open_cases(&self, state: &AlertState) -> Vec<String> {
        let found = state.incidents(&self.settings);
        let is_open = |case: &&crate::state::Case| {
            found
                .iter()
                .any(|incident| incident.is_open() && case.meets(incident))
        };
        state
            .cases
            .iter()
            .filter(is_open)
            .map(|case| case.id.clone())
            .collect()
    }

    /// Reads, changes and writes the state under its entity tag, again where others were first. A change that changes nothing
    /// writes nothing.
    async fn change<T>(
        &self,
        change: impl Fn(&mut AlertState) -> Result<T, AlertError>,
    ) -> Result<T, AlertError> {
        for _ in 0..ROUNDS {
            let (before, etag) = self.read().await?;
            let mut state = before.clone();
            let answer = change(&mut state)?;
            if state == before {
                return Ok(answer);
            }
            let mode = etag.map_or(PutMode::CreateOnly, PutMode::IfMatch);
            if self.put(&self.layout.state(), &state, mode).await? {
                return Ok(answer);
            }
        }
        Err(AlertError::Busy {
            monitor: self.subject.monitor.clone(),
            rounds: ROUNDS,
        })
    }

    async fn receipt(&self, key: &str) -> Result<Option<Bytes>, AlertError> {
        match self.store.get(key, MAX_DOCUMENT_BYTES).await {
            Ok(object) => Ok(Some(object.bytes)),
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The first receipt of a delivery stays.
    async fn keep_receipt(&self, key: &str, receipt: &Receipt) -> Result<(), AlertError> {
        self.put(key, receipt, PutMode::CreateOnly).await?;
        Ok(())
    }

    /// Whether the document is what lies there now, also where a lost answer hid that.
    async fn put<T: Serialize>(&self, key: &str, document: &T, mode: PutMode) -> Result<bool, AlertError> {
        let mut bytes = serde_json::to_vec_pretty(document).map_err(|error| AlertError::Document {
            place: self.store.locate(key),
            problem: error.to_string(),
        })?;
        bytes.push(b'\n');
        let bytes = Bytes::from(bytes);
        match self.store.put(key, bytes.clone(), mode).await {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.kind(),
                    StoreErrorKind::AlreadyExists | StoreErrorKind::PreconditionFailed
                ) =>
            {
                Ok(self.receipt(key).await? == Some(bytes))
            }
            Err(error) => Err(error.into()),
        }
    }
}
