//! What follows from verdicts: what the functions act and lifecycle do.
//!
//! `engine::act` does it; here is who carries, what runs pipelines, and what is said. Does not decide.

use super::{WatchArguments, from_root, store_text};
use crate::command::alerts::aws;
use crate::command::retrain::service::{self, ServiceArgument};
use crate::{message, settings};
use alert::send::Couriers;
use engine::act::{Acted, Actor, Hands, MetricSink, Occasion, Standing};
use engine::alerts::Means;
use engine::monitor::Monitor;
use engine::retrain::Patience;
use engine::windows::Closed;
use engine::{EngineError, ErrorKind};
use parts::ingest::Place;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use store::{Location, StoreOptions};

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
        })
    }

    /// Acts on windows that were judged and on what became of retrainings; gives whether all of it was done. What was not is
    /// tried again by the next look.
    pub(super) async fn follow(
        &mut self,
        monitor: &Monitor,
        closed: &[Closed],
        now: i64,
        json: bool,
    ) -> Result<bool, EngineError> {
        if monitor.alerts.is_none() && monitor.retrain.is_none() {
            return Ok(true);
        }
        let actor = Actor::open(monitor, &self.file, &self.store, &self.options, &self.hands).await?;
        let mut is_done = true;
        let windows = closed.iter().filter(|closed| closed.is_new);
        // After the windows that were written now, those that an earlier look wrote and could not act on, and labels.
        let occasions = windows.map(|closed| Occasion::Window(closed.start, closed.end));
        for occasion in occasions.chain([Occasion::CatchUp]) {
            let (acted, errors) = actor.act(occasion, now).await;
            is_done &= self.say(&acted, &errors, json);
        }
        match self.look(&actor, now, json).await {
            Ok(all_told) => is_done &= all_told,
            Err(error) => {
                message::talk(&format!("error: {error}"));
                is_done = false;
            }
        }
        Ok(is_done)
    }

    /// Where retrainings stand.
    async fn look(&self, actor: &Actor, now: i64, json: bool) -> Result<bool, EngineError> {
        if !actor.retrains() || self.hands.service.is_none() {
            return Ok(true);
        }
        let Standing { runs, .. } = actor.look(false, now).await?;
        let Some(told) = actor.tell(&runs, now).await? else {
            return Ok(true);
        };
        say_told(&told, json);
        Ok(told.failed.is_empty())
    }

    fn say(&mut self, acted: &Acted, errors: &[EngineError], json: bool) -> bool {
        for error in errors {
            message::talk(&format!("error: {error}"));
        }
        let told = acted.alerts.as_ref();
        if let Some(told) = told {
            say_told(told, json);
        }
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
        errors.is_empty() && told.is_none_or(|told| told.failed.is_empty())
    }
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
