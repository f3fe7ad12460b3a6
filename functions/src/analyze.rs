//! The analyze function: windows that are over, for all monitors of the store or one; or one window, on demand.
//!
//! Does what `driftline watch` and `driftline analyze` do, by the same calls. After the documents of a window are written
//! an event says so. Logs counts, the status and errors: nothing captured, and of the payload names and locations only.

use crate::bus::{BusError, EventBus, WINDOW_VERDICT};
use crate::context::Context;
use crate::event::{AnalyzeEvent, DueEvent, Request};
use crate::outcome::{HandlerError, Outcome};
use async_trait::async_trait;
use capture::time::format_rfc3339;
use engine::analyze::{AnalyzeRequest, analyze};
use engine::monitor::Monitor;
use engine::plan::OutputPosition;
use engine::progress::Silent;
use engine::scan::ScanSettings;
use engine::windows::{Announce, Closed, Windows};
use engine::{EngineError, ErrorKind};
use lambda_runtime::tracing::{error, info};
use parts::ingest::Place;
use parts::watch::names;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use store::open_store;

/// What is answered: a window's outcome, or the windows that were looked at.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// One window on demand.
    Window(Outcome),
    /// Windows that were over.
    Due {
        /// Windows looked at, by monitor and time; those with `is_new` were written by this invocation.
        windows: Vec<Closed>,
    },
}

/// Does what `payload` asks for; `now` is the time where it says none. Asked twice, it writes the same bytes to the same
/// places.
pub async fn handle(payload: Value, context: &Context, now: i64) -> Result<Answer, HandlerError> {
    let ended = run(payload, context, now).await;
    match &ended {
        Ok(Answer::Window(outcome)) => info!(
            status = outcome.status,
            rows = outcome.rows,
            lines = outcome.records.lines,
            decoded = outcome.records.decoded,
            rejected = outcome.records.rejected,
            n_violations = outcome.n_violations,
            "analyzed"
        ),
        Ok(Answer::Due { windows }) => info!(
            n_windows = windows.len(),
            n_new = windows.iter().filter(|window| window.is_new).count(),
            n_violated = windows
                .iter()
                .filter(|window| window.status == "violated")
                .count(),
            "windows closed"
        ),
        Err(ended) => error!(
            error_type = ended.error_type(),
            error = ended.message(),
            "not analyzed"
        ),
    }
    ended
}

async fn run(payload: Value, context: &Context, now: i64) -> Result<Answer, HandlerError> {
    match Request::from_payload(payload)? {
        Request::Window(event) => on_demand(event, context).await.map(Answer::Window),
        Request::Due(event) => due(event, context, now).await,
    }
}

async fn on_demand(event: AnalyzeEvent, context: &Context) -> Result<Outcome, HandlerError> {
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

async fn due(event: DueEvent, context: &Context, now: i64) -> Result<Answer, HandlerError> {
    let now = event.now.unwrap_or(now);
    let (store, root) = open_store(&context.store, &context.options)
        .await
        .map_err(EngineError::from)?;
    let place = Place {
        store,
        root,
        settings: context.settings.clone(),
        options: context.options.clone(),
    };
    let monitors = match event.monitor {
        Some(name) => vec![name],
        None => names(&place.store, &place.root).await?,
    };
    let mut windows = Vec::new();
    let mut failed: Option<EngineError> = None;
    let teller = Teller(Arc::clone(&context.bus));
    for name in monitors {
        match close(&name, &place, context, now, &teller).await {
            Ok(closed) => windows.extend(closed),
            // The other monitors' windows are closed all the same.
            Err(ended) => {
                error!(monitor = name, error = %ended, "the monitor's windows are not closed");
                failed.get_or_insert(ended);
            }
        }
    }
    match failed {
        Some(ended) => Err(ended.into()),
        None => Ok(Answer::Due { windows }),
    }
}

async fn close(
    name: &str,
    place: &Place,
    context: &Context,
    now: i64,
    teller: &Teller,
) -> Result<Vec<Closed>, EngineError> {
    let file = context.store.join(&format!("monitors/{name}/monitor.toml"));
    let monitor = Monitor::load(&file, &context.options).await?;
    let windows = Windows::open(monitor, place.clone()).await?;
    let closed = windows.close_due(now, teller).await?;
    let measured = windows.measure_due(now).await?;
    if !measured.is_empty() {
        info!(monitor = name, n_windows = measured.len(), "quality measured");
    }
    Ok(closed)
}

/// Puts the event that a window was judged.
struct Teller(Arc<dyn EventBus>);

#[async_trait]
impl Announce for Teller {
    async fn announce(&self, closed: &Closed) -> Result<(), EngineError> {
        let detail = detail(closed);
        self.0
            .put(WINDOW_VERDICT, &detail)
            .await
            .map_err(|error: BusError| EngineError::new(ErrorKind::Storage, error.to_string()))
    }
}

/// `detail` of the event [`WINDOW_VERDICT`].
pub fn detail(closed: &Closed) -> Value {
    json!({
        "version": 1,
        "monitor": closed.monitor,
        "endpoint": closed.endpoint,
        "variant": closed.variant,
        "window": {"start": format_rfc3339(closed.start), "end": format_rfc3339(closed.end)},
        "revision": closed.revision,
        "status": closed.status,
        "n_findings": closed.n_findings,
        "severity": closed.severity,
        "location": closed.location,
    })
}
