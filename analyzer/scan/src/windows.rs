//! One profile per time window, in one reading.
//!
//! Does not know what a window is compared with.

use crate::clock::Clock;
use crate::error::EngineError;
use crate::table::{CellSink, TableObject};
use crate::tally::{Rows, Tally, has_cells};
use baselines::profile::column::Scratch;
use baselines::profile::{ColumnPlan, PlanKind, Profile};
use baselines::summary::{DatasetSummary, Position};
use baselines::view::{ColumnView, TextView};
use std::ops::Range;
use std::sync::Arc;

/// Windows of equal length that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// First second of the first.
    pub start: i64,
    /// Length of each, seconds; above 0.
    pub length: i64,
    /// How many.
    pub n: usize,
}

impl Windows {
    /// The window that holds `second`.
    pub fn index_of(&self, second: i64) -> Option<usize> {
        let idx = second.checked_sub(self.start)?.div_euclid(self.length);
        usize::try_from(idx).ok().filter(|idx| *idx < self.n)
    }
}

/// Profiles of all windows.
pub struct WindowTally {
    windows: Windows,
    clock: Clock,
    plans: Arc<[ColumnPlan]>,
    only_planned: bool,
    profiles: Vec<Profile>,
    scratch: Scratch,
    seconds: Vec<Option<i64>>,
    runs: Vec<Run>,
    ends: Vec<u32>,
    /// Rows whose time could not be read.
    n_without_time: u64,
}

/// Neighbouring rows of one window.
#[derive(Debug, Clone)]
struct Run {
    window: usize,
    rows: Range<usize>,
}

/// What [`WindowTally`] found.
#[derive(Debug)]
pub struct WindowSummaries {
    /// One per window, in order.
    pub summaries: Vec<DatasetSummary>,
    /// Rows whose time could not be read.
    pub n_without_time: u64,
}

impl WindowTally {
    pub fn new(windows: Windows, clock: Clock, plans: Arc<[ColumnPlan]>, only_planned: bool) -> Self {
        Self {
            windows,
            clock,
            profiles: vec![Profile::new(&plans); windows.n],
            plans,
            only_planned,
            scratch: Scratch::default(),
            seconds: Vec::new(),
            runs: Vec::new(),
            ends: Vec::new(),
            n_without_time: 0,
        }
    }

    pub fn finish(self) -> WindowSummaries {
        WindowSummaries {
            summaries: self.profiles.into_iter().map(Profile::finish).collect(),
            n_without_time: self.n_without_time,
        }
    }
}

/// Rows by window, in runs.
fn find_runs(windows: &Windows, seconds: &[Option<i64>], runs: &mut Vec<Run>) {
    runs.clear();
    for (row, second) in seconds.iter().enumerate() {
        let Some(window) = second.and_then(|second| windows.index_of(second)) else {
            continue;
        };
        match runs.last_mut() {
            Some(run) if run.window == window && run.rows.end == row => run.rows.end += 1,
            _ => runs.push(Run {
                window,
                rows: Range {
                    start: row,
                    end: row + 1,
                },
            }),
        }
    }
}

/// The cells of some neighbouring rows; `ends` is scratch memory.
fn slice<'a>(cells: &ColumnView<'a>, rows: Range<usize>, ends: &'a mut Vec<u32>) -> ColumnView<'a> {
    let texts = cells.texts.map(|texts| {
        let start = rows.start.checked_sub(1).map_or(0, |before| texts.ends[before]);
        let end = rows.end.checked_sub(1).map_or(0, |last| texts.ends[last]);
        ends.clear();
        ends.extend(texts.ends[rows.clone()].iter().map(|end| end - start));
        TextView {
            bytes: &texts.bytes[start as usize..end as usize],
            ends,
        }
    });
    ColumnView {
        classes: &cells.classes[rows.clone()],
        numbers: &cells.numbers[rows],
        texts,
    }
}

impl Tally for WindowTally {
    const WANTS_SECONDS: bool = true;

    fn take(&mut self, rows: &Rows<'_>) {
        self.clock.seconds(rows, &mut self.seconds);
        self.n_without_time += self.seconds.iter().filter(|second| second.is_none()).count() as u64;
        find_runs(&self.windows, &self.seconds, &mut self.runs);
        let lines = rows.batch.lines();
        for run in &self.runs {
            let profile = &mut self.profiles[run.window];
            let start = run.rows.start;
            let position = |row: usize| Position {
                object_idx: rows.object_idx,
                line: rows.first_line + u64::from(lines[start + row]),
            };
            profile.add_rows(run.rows.len() as u64);
            for (idx, cells) in rows.batch.planned().iter().enumerate().take(self.plans.len()) {
                let cells = slice(&cells.view(), run.rows.clone(), &mut self.ends);
                profile.update_planned(idx, &cells, position, &mut self.scratch);
            }
            for extra in rows.batch.extra().iter().filter(|extra| has_cells(extra)) {
                let plan = || ColumnPlan::unknown(&extra.name, PlanKind::Undetermined);
                let cells = slice(&extra.cells.view(), run.rows.clone(), &mut self.ends);
                profile.update_extra(&extra.name, plan, &cells, position, &mut self.scratch);
            }
        }
    }

    fn take_parquet(&mut self, table: &TableObject<'_>) -> Result<u64, EngineError> {
        let seconds = self.clock.parquet_seconds(table)?;
        let plans = Arc::clone(&self.plans);
        let only_planned = self.only_planned;
        let n_rows = {
            let mut sink = Split {
                tally: self,
                seconds: &seconds,
            };
            table.read(&plans, only_planned, &mut sink)?
        };
        find_runs(&self.windows, &seconds, &mut self.runs);
        for run in &self.runs {
            self.profiles[run.window].add_rows(run.rows.len() as u64);
        }
        let n_timed = seconds.iter().flatten().count() as u64;
        self.n_without_time += n_rows.saturating_sub(n_timed);
        Ok(n_rows)
    }

    fn merge(&mut self, other: Self) {
        for (ours, theirs) in self.profiles.iter_mut().zip(other.profiles) {
            ours.merge(theirs);
        }
        self.n_without_time += other.n_without_time;
    }
}

/// Splits the cells of a Parquet object, whose columns come one after the other.
struct Split<'a> {
    tally: &'a mut WindowTally,
    seconds: &'a [Option<i64>],
}

impl Split<'_> {
    fn each(
        &mut self,
        cells: &ColumnView<'_>,
        position_of: &dyn Fn(usize) -> Position,
        mut update: impl FnMut(&mut Profile, &ColumnView<'_>, &dyn Fn(usize) -> Position, &mut Scratch),
    ) {
        let n = cells.classes.len();
        if n == 0 {
            return;
        }
        let first = (position_of(0).line as usize).saturating_sub(1);
        let seconds = self.seconds.get(first..first + n).unwrap_or_default();
        let WindowTally {
            windows,
            profiles,
            scratch,
            runs,
            ends,
            ..
        } = &mut *self.tally;
        find_runs(windows, seconds, runs);
        for run in &*runs {
            let start = run.rows.start;
            let cells = slice(cells, run.rows.clone(), ends);
            update(
                &mut profiles[run.window],
                &cells,
                &|row| position_of(start + row),
                scratch,
            );
        }
    }
}

impl CellSink for Split<'_> {
    fn planned(&mut self, idx: usize, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position) {
        self.each(cells, position_of, |profile, cells, position, scratch| {
            profile.update_planned(idx, cells, position, scratch);
        });
    }

    fn extra(&mut self, name: &str, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position) {
        self.each(cells, position_of, |profile, cells, position, scratch| {
            let plan = || ColumnPlan::unknown(name, PlanKind::Undetermined);
            profile.update_extra(name, plan, cells, position, scratch);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baselines::view::CellClass;

    #[test]
    fn rows_fall_into_half_open_windows() {
        let windows = Windows {
            start: 100,
            length: 10,
            n: 2,
        };
        let seconds = [99, 100, 109, 110, 119, 120, 105].map(Some);
        let mut runs = Vec::new();
        find_runs(&windows, &seconds, &mut runs);
        let found: Vec<_> = runs.iter().map(|run| (run.window, run.rows.clone())).collect();
        assert_eq!(found, [(0, 1..3), (1, 3..5), (0, 6..7)]);
        find_runs(&windows, &[Some(101), None, Some(102)], &mut runs);
        assert_eq!(runs.len(), 2, "a row without a time belongs to no window");
        assert_eq!(windows.index_of(i64::MIN), None);
    }

    #[test]
    fn a_slice_has_the_cells_of_its_rows() {
        let (bytes, ends) = (b"abcdef".as_slice(), [1u32, 1, 4, 6]);
        let classes = [
            CellClass::Text,
            CellClass::Missing,
            CellClass::Text,
            CellClass::Text,
        ];
        let whole = ColumnView {
            classes: &classes,
            numbers: &[0.0, 1.0, 2.0, 3.0],
            texts: Some(TextView { bytes, ends: &ends }),
        };
        for (rows, expected) in [
            (0..4, ["a", "", "bcd", "ef"].as_slice()),
            (1..3, &["", "bcd"]),
            (2..2, &[]),
            (3..4, &["ef"]),
        ] {
            let mut scratch = Vec::new();
            let part = slice(&whole, rows.clone(), &mut scratch);
            let texts = part.texts.unwrap();
            let found: Vec<&[u8]> = (0..part.classes.len()).map(|idx| texts.get(idx)).collect();
            let expected: Vec<&[u8]> = expected.iter().map(|text| text.as_bytes()).collect();
            assert_eq!(found, expected, "{rows:?}");
            assert_eq!(
                (part.classes, part.numbers),
                (&classes[rows.clone()], &whole.numbers[rows])
            );
        }
    }
}
