//! A monitor's alerts: its settings and its store brought to the crate `alert`.
//!
//! Opens, gathers and hands over; decides nothing and renders nothing. The time, the couriers and the look-up of secrets are
//! arguments.

use crate::error::{EngineError, ErrorKind};
use crate::monitor::Monitor;
use crate::retrain::RunState;
use alert::desk::Desk;
use alert::gather::{self, Found};
use alert::layout::Layout;
use alert::notice::Subject;
use alert::retry::Patience;
use alert::send::{Courier, Secrets};
use alert::state::MAX_WINDOWS;
use alert::{AlertError, AlertSettings, RunFact, RunStage, Told};
use capture::time::parse_rfc3339;
use std::sync::Arc;
use store::{Location, ObjectStore, StoreOptions, open_store};

/// An error of alerts as the engine's own.
pub fn failed(error: AlertError) -> EngineError {
    let kind = match error {
        AlertError::Store(error) => return error.into(),
        AlertError::Busy { .. } => ErrorKind::Storage,
        AlertError::Document { .. } | AlertError::Usage(_) => ErrorKind::Usage,
    };
    let failed = EngineError::new(kind, error.to_string());
    match error.hint() {
        Some(hint) => failed.with_hint(hint.to_owned()),
        None => failed,
    }
}

/// What a desk needs beside the monitor and its store.
#[derive(Clone)]
pub struct Means {
    /// Who carries.
    pub courier: Arc<dyn Courier>,
    /// Looks environment variables up.
    pub secrets: Secrets,
    /// A name that no other process has.
    pub holder: String,
    /// Our own event bus, told everything that any route is told.
    pub bus: Option<String>,
}

/// The desk of a monitor whose file is at `file`: over `store`, else `store` of its `[retrain]`, else the file's folder.
pub async fn open(
    file: &Location,
    store: Option<&Location>,
    options: &StoreOptions,
    means: &Means,
) -> Result<(Desk, Monitor), EngineError> {
    let monitor = Monitor::load(file, options).await?;
    let Some(folder) = file.parent() else {
        let wrong = format!("monitor file {file} names no file");
        return Err(EngineError::new(ErrorKind::Usage, wrong));
    };
    let place = store
        .cloned()
        .or_else(|| monitor.retrain.as_ref()?.store.clone())
        .unwrap_or(folder);
    let (opened, root) = open_store(&place, options).await?;
    let desk = over(opened, &root, &monitor, means).ok_or_else(|| {
        EngineError::new(ErrorKind::Usage, format!("{file} has no [alerts] section"))
            .with_hint("docs/alerts.md shows one; a route is all it needs")
    })?;
    Ok((desk, monitor))
}

/// The same over an open store; `None` where the monitor wants no alerts and there is no bus.
pub fn over(store: Arc<dyn ObjectStore>, root: &str, monitor: &Monitor, means: &Means) -> Option<Desk> {
    let settings = match (&monitor.alerts, &means.bus) {
        (Some(settings), None) => settings.clone(),
        (Some(settings), Some(bus)) => settings.clone().with_bus(bus),
        (None, Some(bus)) => AlertSettings::default().with_bus(bus),
        (None, None) => return None,
    };
    let variant = match monitor.variants.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    Some(Desk {
        store,
        layout: Layout::new(root, &monitor.name),
        subject: Subject::new(&monitor.name, monitor.endpoint.as_deref(), variant, &settings),
        settings,
        courier: means.courier.clone(),
        secrets: means.secrets.clone(),
        patience: Patience::default(),
        holder: means.holder.clone(),
    })
}

/// Windows of the store that the desk does not know yet.
pub async fn news(desk: &Desk) -> Result<Vec<Found>, EngineError> {
    let (state, _) = desk.read().await.map_err(failed)?;
    let known = |series, span: (i64, i64)| {
        let is_it =
            |window: &&alert::WindowFact| window.series == series && (window.start, window.end) == span;
        state.windows.iter().find(is_it).map(|window| window.revision)
    };
    gather::news(desk.store.as_ref(), &desk.layout, known, MAX_WINDOWS)
        .await
        .map_err(failed)
}

/// Looks through the store for windows that are not known yet, takes them in, and says what is due.
pub async fn catch_up(desk: &Desk, runs: &[RunFact], now: i64) -> Result<Told, EngineError> {
    let facts: Vec<_> = news(desk).await?.into_iter().map(|found| found.fact).collect();
    desk.tell(&facts, runs, now).await.map_err(failed)
}

/// Where retrainings stand, as alerts say it; those that were not started are not among them.
pub fn run_facts(states: &[RunState]) -> Vec<RunFact> {
    let fact = |state: &RunState| {
        let receipt = state.receipt.as_ref()?;
        let outcome = state.outcome.as_ref();
        let stage = match outcome.map(|outcome| outcome.status.as_str()) {
            None => RunStage::Started,
            Some("Succeeded") => RunStage::Succeeded,
            Some("Stopped") => RunStage::Stopped,
            Some(_) => RunStage::Failed,
        };
        let at = outcome.map_or(&receipt.written_at, |outcome| &outcome.ended_at);
        Some(RunFact {
            token: state.intent.token.clone(),
            incident: state.intent.incident.clone(),
            revision: state.intent.revision,
            execution: receipt.execution.clone(),
            stage,
            at: parse_rfc3339(at)?,
            reason: outcome.and_then(|outcome| outcome.failure_reason.clone()),
        })
    };
    states.iter().filter_map(fact).collect()
}
