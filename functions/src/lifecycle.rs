//! The lifecycle function: what became of executions, packages and endpoints becomes outcomes, and people are told.
//!
//! SageMaker may send an event more than once, and in any order: what an event says is only a reason to look; what the service
//! and the store say counts. Logs names, counts and errors. The time is an argument.

use crate::failure::Failure;
use crate::notification::LifecycleEvent;
use crate::reach::Reach;
use alert::Told;
use engine::act::{Actor, Completion, Serving};
use engine::retrain::complete::approved_package;
use engine::retrain::{PastRetraining, RunState, ServiceError};
use engine::{EngineError, ErrorKind};
use lambda_runtime::tracing::{error, info, warn};
use serde::Serialize;
use serde_json::Value;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LifecycleOutcome {
    /// By monitor; empty where the event concerns none.
    pub monitors: Vec<Looked>,
}

/// What was found for one monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// The monitor.
    pub monitor: String,
    /// Its retrainings that the event concerns.
    pub runs: Vec<LookedRun>,
    /// Completions that the event moved, or that were looked at.
    pub completions: Vec<Completion>,
    /// Alerts; absent where it wants none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Told>,
}

/// A retraining.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookedRun {
    /// Its incident.
    pub incident: String,
    /// The execution, where one was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The service's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether its outcome is written.
    pub has_ended: bool,
}

/// Looks at what `payload` ([`LifecycleEvent`]) concerns, at `now`.
///
/// # Errors
/// A wrong payload; storage or the service failed; something could not be delivered; the service is behind its own event. All but
/// the first are to be tried again.
pub async fn handle(payload: Value, reach: &Reach, now: i64) -> Result<LifecycleOutcome, Failure> {
    let ended = run(&payload, reach, now).await;
    if let Err(failure) = &ended {
        error!(
            error_type = failure.error_type(),
            error = failure.message(),
            "not done"
        );
    }
    ended
}

async fn run(payload: &Value, reach: &Reach, now: i64) -> Result<LifecycleOutcome, Failure> {
    let event = LifecycleEvent::from_payload(payload).map_err(Failure::Event)?;
    let names = match &event {
        LifecycleEvent::Monitor(monitor) => vec![monitor.clone()],
        LifecycleEvent::Other => Vec::new(),
        _ => reach.names().await?,
    };
    let mut outcome = LifecycleOutcome::default();
    let (mut first, mut unread) = (None, None);
    for name in &names {
        match one(name, &event, reach, now).await {
            Ok(None) => {}
            Ok(Some((looked, failure))) => {
                info!(
                    monitor = name,
                    runs = looked.runs.len(),
                    ended = looked.runs.iter().filter(|run| run.has_ended).count(),
                    sent = looked.alerts.as_ref().map_or(0, |told| told.sent.len()),
                    "looked"
                );
                outcome.monitors.push(looked);
                first = first.or(failure);
            }
            Err(failure) => {
                warn!(monitor = name, error = failure.message(), "monitor not done");
                if failure.error_type() == "usage" {
                    unread = unread.or(Some(failure));
                } else {
                    first = first.or(Some(failure));
                }
            }
        }
    }
    // A monitor that cannot be read keeps an event from being done only where no other was meant.
    let is_looking = matches!(event, LifecycleEvent::Monitor(_) | LifecycleEvent::All);
    if is_looking || outcome.monitors.is_empty() {
        first = first.or(unread);
    }
    first.map_or(Ok(outcome), Err)
}

/// One monitor; `None` where the event does not concern it. What fails beside the look itself is the second answer.
async fn one(
    name: &str,
    event: &LifecycleEvent,
    reach: &Reach,
    now: i64,
) -> Result<Option<(Looked, Option<Failure>)>, Failure> {
    let actor = reach.actor(name).await?;
    if !actor.retrains() {
        return Ok(None);
    }
    if let LifecycleEvent::Execution { arn, name: token, .. } = event {
        // Without asking the service: an event of somebody else's execution costs no call.
        let ours = actor.history().await?;
        let is_ours = ours.iter().any(|run| {
            let receipt = run.receipt.as_ref().map(|receipt| receipt.execution.as_str());
            let is_it = receipt == Some(arn.as_str()) || Some(&run.intent.token) == token.as_ref();
            is_it && run.intent.monitor == name
        });
        if !is_ours {
            return Ok(None);
        }
    }
    if let LifecycleEvent::Package(event) = event {
        return package(event, &actor, reach, now).await;
    }
    if let LifecycleEvent::Endpoint {
        name: endpoint,
        in_service,
        config,
        at,
    } = event
    {
        let serving = Serving {
            endpoint,
            config: config.as_deref(),
            since: at.unwrap_or(now),
        };
        if !in_service {
            return Ok(None);
        }
        let completions = actor.go_on(Some(serving), now).await?;
        let looked = (!completions.is_empty()).then(|| (Looked::completed(name, completions), None));
        return Ok(looked);
    }
    let is_event = matches!(event, LifecycleEvent::Execution { .. });
    let standing = actor.look(!is_event, now).await?;
    let states = standing.runs;
    let mut failure = None;
    let concerned: Vec<RunState> = match event {
        LifecycleEvent::Execution {
            arn,
            name: token,
            has_ended,
        } => {
            let is_it = |state: &&RunState| {
                let receipt = state.receipt.as_ref().map(|receipt| receipt.execution.as_str());
                receipt == Some(arn.as_str()) || Some(&state.intent.token) == token.as_ref()
            };
            let found: Vec<RunState> = states.iter().filter(is_it).cloned().collect();
            let late = found.iter().find(|state| *has_ended && state.outcome.is_none());
            failure = late.map(|state| Failure::NotYet {
                execution: arn.clone(),
                found: state.status.clone().unwrap_or_else(|| "not started".to_owned()),
            });
            found
        }
        _ => states,
    };
    let told = actor.tell(&concerned, now).await?;
    if let Some(told) = &told {
        failure = failure.or(Failure::undelivered(told));
    }
    let looked = Looked {
        monitor: name.to_owned(),
        runs: concerned.iter().map(looked_run).collect(),
        completions: standing.completions,
        alerts: told,
    };
    Ok(Some((looked, failure)))
}

impl Looked {
    fn completed(monitor: &str, completions: Vec<Completion>) -> Self {
        Self {
            monitor: monitor.to_owned(),
            runs: Vec::new(),
            completions,
            alerts: None,
        }
    }
}

/// An approved package, where it answers an incident of this monitor. Events may leave metadata out: then it is described.
async fn package(
    event: &Value,
    actor: &Actor,
    reach: &Reach,
    now: i64,
) -> Result<Option<(Looked, Option<Failure>)>, Failure> {
    let Some(mut package) = approved_package(event)? else {
        return Ok(None);
    };
    let name = actor.monitor();
    let history = actor.history().await?;
    let ours: Vec<&PastRetraining> = history.iter().filter(|run| run.intent.monitor == name).collect();
    if ours.is_empty() {
        return Ok(None);
    }
    if package.incident.is_none() || package.baseline.is_none() {
        let describe = || reach.packages.describe(&package.arn);
        package = reach
            .patience
            .persist(describe)
            .await
            .map_err(|error| service_failed(&error))?;
    }
    let is_its = |run: &&&PastRetraining| {
        let execution = run.receipt.as_ref().map(|receipt| &receipt.execution);
        package.incident.as_ref() == Some(&run.intent.incident)
            || (package.incident.is_none()
                && execution.is_some()
                && execution == package.generated_by.as_ref())
    };
    if !ours.iter().any(|run| is_its(&run)) || package.monitor.as_ref().is_some_and(|monitor| monitor != name)
    {
        return Ok(None);
    }
    let completion = actor.approved(package, now).await?;
    Ok(completion.map(|completion| (Looked::completed(name, vec![completion]), None)))
}

fn service_failed(error: &ServiceError) -> EngineError {
    EngineError::new(ErrorKind::Storage, error.to_string()).with_hint(error.hint())
}

fn looked_run(state: &RunState) -> LookedRun {
    LookedRun {
        incident: state.intent.incident.clone(),
        execution: state.receipt.as_ref().map(|receipt| receipt.execution.clone()),
        status: state.status.clone(),
        has_ended: state.outcome.is_some(),
    }
}
