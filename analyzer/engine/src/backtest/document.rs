//! `backtest.json`, version 1: every window, and for each budget what every column said in it.
//!
//! Field order is the key order of the file. Does not compute.

use super::{Alarm, Backtest, BudgetReplay};
use crate::error::{EngineError, ErrorKind};
use capture::time::format_rfc3339;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    software: String,
    monitor: &'a str,
    window_seconds: i64,
    persistence: String,
    reference: String,
    calibrated: bool,
    n_windows: usize,
    n_empty_windows: usize,
    n_rejected_lines: u64,
    n_rows_without_time: u64,
    columns: &'a [String],
    windows: Vec<WindowEntry>,
    budgets: Vec<BudgetEntry<'a>>,
}

#[derive(Serialize)]
struct WindowEntry {
    start: String,
    end: String,
    rows: u64,
    other_findings: u64,
}

#[derive(Serialize)]
struct BudgetEntry<'a> {
    false_alarms: String,
    alpha_per_run: f64,
    n_alarms: usize,
    n_ringing_windows: usize,
    alarms: Vec<AlarmEntry<'a>>,
    /// By column: a state per window, in order.
    states: BTreeMap<&'a str, Vec<&'static str>>,
}

#[derive(Serialize)]
struct AlarmEntry<'a> {
    column: &'a str,
    start: String,
    end: String,
    n_windows: usize,
    severity: &'static str,
    value: f64,
    limit: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_adjusted: Option<f64>,
    description: &'a str,
}

/// The document's bytes; the same backtest gives the same bytes.
pub(super) fn to_bytes(backtest: &Backtest) -> Result<Vec<u8>, EngineError> {
    let document = Document {
        version: "v1",
        software: crate::baseline::software(),
        monitor: &backtest.monitor,
        window_seconds: backtest.window.seconds(),
        persistence: backtest.persistence.to_string(),
        reference: backtest.reference.to_string(),
        calibrated: backtest.calibrated,
        n_windows: backtest.windows.len(),
        n_empty_windows: backtest.n_empty_windows(),
        n_rejected_lines: backtest.n_rejected,
        n_rows_without_time: backtest.n_without_time,
        columns: &backtest.columns,
        windows: backtest
            .windows
            .iter()
            .map(|window| WindowEntry {
                start: time(window.start),
                end: time(window.end),
                rows: window.n_rows,
                other_findings: window.n_other_findings,
            })
            .collect(),
        budgets: backtest
            .budgets
            .iter()
            .map(|replay| budget(backtest, replay))
            .collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the backtest cannot be written").with_source(error)
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn budget<'a>(backtest: &'a Backtest, replay: &'a BudgetReplay) -> BudgetEntry<'a> {
    let states = backtest.columns.iter().enumerate().map(|(idx, column)| {
        let states = replay.cells.iter().filter_map(|row| row.get(idx));
        (column.as_str(), states.map(|cell| cell.name()).collect())
    });
    BudgetEntry {
        false_alarms: replay.budget.to_string(),
        alpha_per_run: replay.alpha,
        n_alarms: replay.alarms.len(),
        n_ringing_windows: replay.n_ringing_windows(),
        alarms: replay.alarms.iter().map(|found| alarm(backtest, found)).collect(),
        states: states.collect(),
    }
}

fn alarm<'a>(backtest: &Backtest, alarm: &'a Alarm) -> AlarmEntry<'a> {
    let window = |idx: usize| backtest.windows.get(idx);
    AlarmEntry {
        column: &alarm.column,
        start: window(alarm.first_window).map_or_else(String::new, |window| time(window.start)),
        end: window(alarm.last_window).map_or_else(String::new, |window| time(window.end)),
        n_windows: alarm.n_windows,
        severity: alarm.severity.name(),
        value: alarm.value,
        limit: alarm.limit,
        p_adjusted: alarm.p_adjusted,
        description: &alarm.description,
    }
}

fn time(second: i64) -> String {
    format_rfc3339(second).unwrap_or_else(|| second.to_string())
}
