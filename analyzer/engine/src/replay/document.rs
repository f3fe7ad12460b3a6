//! `replay.json`, version 1: every window with what each side said, and how they compare.
//!
//! Field order is the key order of the file. Does not compute.

use super::{Replay, ReplayWindow, Said, Saying, Subject, Tally};
use crate::error::{EngineError, ErrorKind};
use capture::time::format_rfc3339;
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    software: String,
    capture: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<&'a str>,
    window_seconds: i64,
    calibrated: bool,
    n_windows: usize,
    n_judged: u64,
    n_same: u64,
    n_recorded: u64,
    n_as_recorded: u64,
    n_unmatched_outputs: u64,
    n_rejected_lines: u64,
    n_rows_without_time: u64,
    subjects: Vec<SubjectEntry>,
    windows: Vec<WindowEntry<'a>>,
}

#[derive(Serialize)]
struct SubjectEntry {
    topic: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    agreed: u64,
    missed_by_compat: u64,
    suppressed_by_default: u64,
    recorded: u64,
}

#[derive(Serialize)]
struct WindowEntry<'a> {
    start: String,
    end: String,
    rows: u64,
    default: Vec<SaidEntry<'a>>,
    compat: Vec<SaidEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<Vec<SaidEntry<'a>>>,
    agreed: Vec<String>,
    missed_by_compat: Vec<String>,
    suppressed_by_default: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_recorded: Option<bool>,
}

#[derive(Serialize)]
struct SaidEntry<'a> {
    topic: &'static str,
    check: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    description: &'a str,
}

/// The document's bytes; the same replay gives the same bytes.
pub(super) fn to_bytes(replay: &Replay) -> Result<Vec<u8>, EngineError> {
    let (n_recorded, n_as_recorded) = replay.n_recorded();
    let document = Document {
        version: "v1",
        software: crate::baseline::software(),
        capture: &replay.title,
        schedule: replay.schedule.as_deref(),
        window_seconds: replay.every.seconds(),
        calibrated: replay.calibrated,
        n_windows: replay.windows.len(),
        n_judged: replay.n_judged(),
        n_same: replay.n_same(),
        n_recorded,
        n_as_recorded,
        n_unmatched_outputs: replay.n_unmatched,
        n_rejected_lines: replay.n_rejected,
        n_rows_without_time: replay.n_without_time,
        subjects: replay.tallies().into_iter().map(subject_entry).collect(),
        windows: replay.windows.iter().map(window_entry).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the replay cannot be written").with_source(error)
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn subject_entry(((topic, column), tally): (Subject, Tally)) -> SubjectEntry {
    SubjectEntry {
        topic: topic.name(),
        column,
        agreed: tally.agreed,
        missed_by_compat: tally.missed,
        suppressed_by_default: tally.suppressed,
        recorded: tally.recorded,
    }
}

fn window_entry(window: &ReplayWindow) -> WindowEntry<'_> {
    let subjects = window.subjects();
    let of = |wanted: fn(&Saying) -> bool| {
        let chosen = subjects.iter().filter(|(_, saying)| wanted(saying));
        chosen.map(|(subject, _)| name(subject)).collect()
    };
    let time = |second: i64| format_rfc3339(second).unwrap_or_else(|| second.to_string());
    WindowEntry {
        start: time(window.start),
        end: time(window.end),
        rows: window.n_rows,
        default: entries(&window.default),
        compat: entries(&window.compat),
        recorded: window.recorded.as_deref().map(entries),
        agreed: of(|saying| saying.default && saying.compat),
        missed_by_compat: of(|saying| saying.default && !saying.compat),
        suppressed_by_default: of(|saying| !saying.default && saying.compat),
        as_recorded: window.is_as_recorded(),
    }
}

fn entries(said: &[Said]) -> Vec<SaidEntry<'_>> {
    said.iter().map(entry_of).collect()
}

fn entry_of(said: &Said) -> SaidEntry<'_> {
    SaidEntry {
        topic: said.topic.name(),
        check: &said.check,
        column: said.column.as_deref(),
        description: &said.description,
    }
}

/// `drift/income`, or `columns` of the data set.
fn name((topic, column): &Subject) -> String {
    match column {
        Some(column) => format!("{}/{column}", topic.name()),
        None => topic.name().to_owned(),
    }
}
