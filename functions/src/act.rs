//! The act function: a judged window becomes alerts, metrics, and a retraining where the decision says so.
//!
//! Executes what `alert` and `baselines::decide` decide; asked twice, it sends, counts and starts nothing twice. Logs names,
//! counts and errors. The time is an argument.

use crate::completion::{Completion, go_on};
use crate::failure::Failure;
use crate::notification::ActEvent;
use crate::reach::{Reach, Watched};
use alert::desk::Desk;
use alert::gather::{self, Found};
use alert::metrics::{lines_of, own_metrics};
use alert::{RunFact, RunStage, Series, Told};
use baselines::document::retrain::ReceiptDocument;
use capture::time::parse_rfc3339;
use engine::EngineError;
use engine::alerts::{catch_up, failed};
use engine::retrain::Started;
use lambda_runtime::tracing::{error, info, warn};
use serde::Serialize;
use serde_json::Value;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ActOutcome {
    /// By monitor; empty where the event was none of ours.
    pub monitors: Vec<Acted>,
}

/// What was done for one monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// The monitor.
    pub monitor: String,
    /// Alerts; absent where it wants none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Told>,
    /// Lines of metrics.
    pub metric_lines: usize,
    /// Completions that are not at their end, looked at again.
    pub completions: Vec<Completion>,
    /// Retraining; absent without `[retrain]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retraining: Option<Retrained>,
}

/// What became of the retraining decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retrained {
    /// `started`, `started_before`, `under_way`, or the decision: `no`, `dry_run`, `wait_for_approval`.
    pub decision: String,
    /// The execution, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
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
    let watched = reach.monitor(name).await?;
    let mut acted = Acted {
        monitor: name.to_owned(),
        alerts: None,
        metric_lines: 0,
        completions: Vec::new(),
        retraining: None,
    };
    let desk = reach.desk(&watched).await?;
    let mut failure = None;
    if let Some(desk) = &desk {
        match alerts(desk, event, reach, now).await {
            Ok((told, n)) => {
                acted.metric_lines = n;
                failure = Failure::undelivered(&told);
                acted.alerts = Some(told);
            }
            Err(error) => failure = Some(error.into()),
        }
    }
    match retraining(&watched, reach, now).await {
        Ok(None) => {}
        Ok(Some((retrained, fact, completions))) => {
            acted.completions = completions;
            if let (Some(desk), Some(fact)) = (&desk, fact) {
                let told = desk.tell(&[], &[fact], now).await.map_err(failed)?;
                failure = failure.or(Failure::undelivered(&told));
                match &mut acted.alerts {
                    Some(before) => {
                        before.sent.extend(told.sent);
                        before.failed.extend(told.failed);
                    }
                    None => acted.alerts = Some(told),
                }
            }
            acted.retraining = Some(retrained);
        }
        Err(error) => failure = failure.or(Some(error.into())),
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
    Ok((acted, failure))
}

async fn alerts(
    desk: &Desk,
    event: &ActEvent,
    reach: &Reach,
    now: i64,
) -> Result<(Told, usize), EngineError> {
    let ActEvent::Window { span, .. } = event else {
        return Ok((catch_up(desk, &[], now).await?, 0));
    };
    let mut found = Vec::new();
    for series in Series::ALL {
        found.extend(
            gather::window(desk.store.as_ref(), &desk.layout, series, *span)
                .await
                .map_err(failed)?,
        );
    }
    let facts: Vec<_> = found.iter().map(|found| found.fact.clone()).collect();
    let told = desk.tell(&facts, &[], now).await.map_err(failed)?;
    let mut n = 0;
    for window in &found {
        n += metrics(desk, window, &told, reach, now).await?;
    }
    Ok((told, n))
}

/// Prints a window's metrics, unless a receipt says that it was done.
async fn metrics(
    desk: &Desk,
    found: &Found,
    told: &Told,
    reach: &Reach,
    now: i64,
) -> Result<usize, EngineError> {
    let Some(settings) = &desk.settings.metrics else {
        return Ok(0);
    };
    if desk.has_counted(&found.fact).await.map_err(failed)? {
        return Ok(0);
    }
    let is_open = told
        .open
        .iter()
        .any(|id| id.starts_with(found.fact.series.name()));
    let sets = [
        lines_of(&found.verdict, &found.fact, settings),
        own_metrics(&desk.subject.monitor, &found.verdict, &found.fact, is_open),
    ];
    let mut n = 0;
    for lines in sets.iter().map(|set| set.lines(now)) {
        if lines.n_left_out > 0 {
            warn!(
                n = lines.n_left_out,
                "metrics that CloudWatch cannot take were left out"
            );
        }
        for line in &lines.lines {
            (reach.metrics)(line);
            n += 1;
        }
    }
    desk.counted(&found.fact, now).await.map_err(failed)?;
    Ok(n)
}

async fn retraining(
    watched: &Watched,
    reach: &Reach,
    now: i64,
) -> Result<Option<(Retrained, Option<RunFact>, Vec<Completion>)>, EngineError> {
    let Some(retraining) = reach.retraining(watched).await? else {
        return Ok(None);
    };
    let word = |decision: &str, execution: Option<&String>| Retrained {
        decision: decision.to_owned(),
        execution: execution.cloned(),
    };
    // A window may be the one that a completed retraining was waiting for; then the incident is at its end before it is decided on.
    let completions = go_on(&retraining, watched, None, reach, now).await?;
    let started = retraining
        .start(reach.service.as_ref(), reach.patience, now)
        .await?;
    let (retrained, fact) = match &started {
        Started::Now(receipt) => (word("started", Some(&receipt.execution)), started_fact(receipt)),
        Started::Before(receipt) => (
            word("started_before", Some(&receipt.execution)),
            started_fact(receipt),
        ),
        Started::UnderWay(_) => (word("under_way", None), None),
        Started::Not(plan) => (word(plan.decision.verdict.name(), None), None),
    };
    Ok(Some((retrained, fact, completions)))
}

/// A start as alerts say it.
fn started_fact(receipt: &ReceiptDocument) -> Option<RunFact> {
    Some(RunFact {
        token: receipt.intent.token.clone(),
        incident: receipt.intent.incident.clone(),
        revision: receipt.intent.revision,
        execution: receipt.execution.clone(),
        stage: RunStage::Started,
        at: parse_rfc3339(&receipt.written_at)?,
        reason: None,
    })
}
