//! History window by window: every window is profiled in one reading, some windows at a time.
//!
//! Windows are read in groups, so that memory stays bounded and an hour's object is not opened again for each of its
//! five-minute windows. A table without hours in its keys is read once per group. Does not judge.

use crate::baseline::{LoadedBaseline, settings_for};
use crate::error::{EngineError, ErrorKind};
use crate::plan::{OutputPosition, for_window};
use crate::probe::probe;
use crate::progress::Progress;
use crate::scan::clock::Clock;
use crate::scan::windows::{WindowTally, Windows};
use crate::scan::{ScanSettings, scan_into};
use crate::sources::discover;
use baselines::profile::ColumnPlan;
use baselines::summary::DatasetSummary;
use capture::schema::Schema;
use capture::time::TimeWindow;
use std::sync::Arc;
use store::{Location, StoreOptions};

/// Windows times columns that are profiled at a time.
const COLUMNS_AT_A_TIME: usize = 1_024;
const MAX_WINDOWS_AT_A_TIME: usize = 48;

/// What is replayed.
pub(crate) struct History<'a> {
    pub(crate) capture: &'a Location,
    pub(crate) schema: Option<&'a Schema>,
    pub(crate) output_position: OutputPosition,
    pub(crate) settings: &'a ScanSettings,
    pub(crate) options: &'a StoreOptions,
    pub(crate) windows: Windows,
}

/// What the readings together said beside the profiles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Readings {
    /// Lines read; a table is read once per group of windows.
    pub(crate) n_lines: u64,
    /// Lines refused.
    pub(crate) n_rejected: u64,
    /// Rows that belong to no window because they have no time.
    pub(crate) n_without_time: u64,
}

/// Profiles every window and hands it, with its index, to `each`; windows without data too.
pub(crate) async fn replay(
    history: &History<'_>,
    baseline: &LoadedBaseline,
    progress: &dyn Progress,
    mut each: impl FnMut(usize, DatasetSummary),
) -> Result<Readings, EngineError> {
    let n_columns = baseline.baseline.columns.len().max(1);
    let at_a_time = (COLUMNS_AT_A_TIME / n_columns).clamp(1, MAX_WINDOWS_AT_A_TIME);
    let mut readings = Readings::default();
    let mut any_object = false;
    for first in (0..history.windows.n).step_by(at_a_time) {
        let n = at_a_time.min(history.windows.n - first);
        let group = Windows {
            start: history.windows.start + first as i64 * history.windows.length,
            n,
            ..history.windows
        };
        let bounds = TimeWindow {
            start: Some(group.start),
            end: Some(group.start + n as i64 * group.length),
        };
        let mut sources = discover(history.capture, history.options, &bounds).await?;
        sources.keep_variants(&history.settings.variants);
        if sources.objects.is_empty() {
            any_object |= sources.n_outside_window > 0;
            for idx in 0..n {
                each(first + idx, nothing());
            }
            continue;
        }
        any_object = true;
        let looked = probe(&sources.objects).await?;
        let mut columns = for_window(
            &baseline.baseline,
            history.schema,
            &looked,
            history.output_position,
        );
        let timestamp = history.schema.and_then(|schema| schema.timestamp.as_deref());
        let clock = Clock::new(&mut columns, &looked, timestamp);
        if looked.is_table() && clock.column().is_none() {
            return Err(without_times(history.capture, timestamp));
        }
        let settings = ScanSettings {
            window: if looked.is_table() {
                TimeWindow::default()
            } else {
                bounds
            },
            max_kept_rejects: 0,
            ..settings_for(history.settings, &looked)
        };
        let only_planned = settings.only_planned;
        let plans: Arc<[ColumnPlan]> = columns.plans.clone().into();
        let make = || WindowTally::new(group, clock.clone(), Arc::clone(&plans), only_planned);
        progress.stage(
            &format!("windows {} to {} of {}", first + 1, first + n, history.windows.n),
            sources.objects.iter().map(|source| source.size).sum(),
        );
        let (tally, outcome) = scan_into(&sources.objects, &columns, &settings, progress, make).await?;
        progress.done();
        let found = tally.finish();
        readings.n_lines += outcome.records.n_lines;
        readings.n_rejected += outcome.records.n_rejected;
        readings.n_without_time += found.n_without_time;
        for (idx, summary) in found.summaries.into_iter().enumerate() {
            each(first + idx, summary);
        }
    }
    if any_object {
        Ok(readings)
    } else {
        Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("capture at {}: no objects are there", history.capture),
        )
        .with_hint(
            "check `capture` in the monitor file; it lies under {prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/",
        ))
    }
}

fn nothing() -> DatasetSummary {
    DatasetSummary {
        n_rows: 0,
        columns: Vec::new(),
    }
}

fn without_times(capture: &Location, timestamp: Option<&str>) -> EngineError {
    let why = match timestamp {
        Some(name) => {
            format!("the table at {capture} has no column `{name}`, which the schema names as its time")
        }
        None => format!("the table at {capture} has no times: no schema names a time column of it"),
    };
    EngineError::new(ErrorKind::Usage, why)
        .with_hint("name the column in the schema, as `\"timestamp\": \"COLUMN\"`; captured records carry their own times")
}
