//! The analyze function: one window against a baseline, on demand.
//!
//! Does what `driftline analyze` does, by the same calls. Logs counts, the status and errors: nothing captured, and of
//! the payload locations only.

use crate::context::Context;
use crate::event::AnalyzeEvent;
use crate::outcome::{HandlerError, Outcome};
use engine::analyze::{AnalyzeRequest, analyze};
use engine::plan::OutputPosition;
use engine::progress::Silent;
use engine::scan::ScanSettings;
use lambda_runtime::tracing::{error, info};
use serde_json::Value;

/// Analyzes the window that `payload` names ([`AnalyzeEvent`]) and writes its documents; asked twice, it writes the
/// same bytes to the same places.
pub async fn handle(payload: Value, context: &Context) -> Result<Outcome, HandlerError> {
    let ended = run(payload, context).await;
    match &ended {
        Ok(outcome) => info!(
            status = outcome.status,
            rows = outcome.rows,
            lines = outcome.records.lines,
            decoded = outcome.records.decoded,
            rejected = outcome.records.rejected,
            n_violations = outcome.n_violations,
            "analyzed"
        ),
        Err(ended) => error!(
            error_type = ended.error_type(),
            error = ended.message(),
            "not analyzed"
        ),
    }
    ended
}

async fn run(payload: Value, context: &Context) -> Result<Outcome, HandlerError> {
    let event = AnalyzeEvent::from_payload(payload)?;
    let request = AnalyzeRequest {
        capture: event.capture,
        baseline: event.baseline,
        schema: None,
        output_position: OutputPosition::Start,
        settings: ScanSettings {
            window: event.window,
            ..context.settings.clone()
        },
        policy: context.policy.clone(),
        options: context.options.clone(),
        title: event.title,
    };
    let analysis = analyze(&request, &Silent).await?;
    let written = analysis.write(&event.output, &context.options).await?;
    Ok(Outcome::of(&analysis, written))
}
