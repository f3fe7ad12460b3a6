//! The act function: a judged window becomes alerts, metrics, and a retraining where the decision says so.
//!
//! `engine::act` does it; asked twice, it sends, counts and starts nothing twice. Logs names, counts and errors. The time is
//! an argument.

use crate::failure::Failure;
use crate::notification::ActEvent;
use crate::reach::Reach;
use engine::act::{Acted, Occasion};
use lambda_runtime::tracing::{error, info, warn};
use serde::Serialize;
use serde_json::Value;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ActOutcome {
    /// By monitor; empty where the event was none of ours.
    pub monitors: Vec<Acted>,
}

/// Acts on `payload` ([`ActEvent`]) at `now`.
///
/// # Errors
/// A wrong payload; storage or the service failed; something could not be delivered. All but the first are to be tried again:
/// what was done stays done.
pub async fn handle(payload: Value, reach: &Reach, now: i64) -> Result<ActOutcome, Failure> {
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

async fn run(payload: &Value, reach: &Reach, now: i64) -> Result<ActOutcome, Failure> {
    let event = ActEvent::from_payload(payload).map_err(Failure::Event)?;
    let names = match &event {
        ActEvent::Window { monitor, .. } | ActEvent::Monitor(monitor) => vec![monitor.clone()],
        ActEvent::All => reach.names().await?,
        ActEvent::Other => Vec::new(),
    };
    let mut outcome = ActOutcome::default();
    let mut first = None;
    for name in &names {
        match one(name, &event, reach, now).await {
            Ok((acted, failure)) => {
                outcome.monitors.push(acted);
                first = first.or(failure);
            }
            Err(failure) => {
                warn!(monitor = name, error = failure.message(), "monitor not done");
                first = first.or(Some(failure));
            }
        }
    }
    first.map_or(Ok(outcome), Err)
}

/// One monitor. What fails in one part does not keep the others from being done; it is the second answer.
async fn one(
    name: &str,
    event: &ActEvent,
    reach: &Reach,
    now: i64,
) -> Result<(Acted, Option<Failure>), Failure> {
    let occasion = match event {
        ActEvent::Window { span, .. } => Occasion::Window(span.0, span.1),
        _ => Occasion::CatchUp,
    };
    let actor = reach.actor(name).await?;
    let (acted, errors) = actor.act(occasion, now).await;
    if acted.metrics_left_out > 0 {
        warn!(
            n = acted.metrics_left_out,
            "metrics that CloudWatch cannot take were left out"
        );
    }
    info!(
        monitor = name,
        sent = acted.alerts.as_ref().map_or(0, |told| told.sent.len()),
        failed = acted.alerts.as_ref().map_or(0, |told| told.failed.len()),
        open = acted.alerts.as_ref().map_or(0, |told| told.open.len()),
        metric_lines = acted.metric_lines,
        retraining = acted
            .retraining
            .as_ref()
            .map(|retrained| retrained.decision.as_str()),
        "acted"
    );
    let undelivered = acted.alerts.as_ref().and_then(Failure::undelivered);
    let failure = undelivered.or_else(|| errors.into_iter().next().map(Failure::from));
    Ok((acted, failure))
}
