//! Measuring null scales on the baseline itself: resampled rows, and windows of its own time blocks.
//!
//! **Resampled rows.** Pairs of samples drawn from the baseline's cells at a ladder of sizes. Rows are independent here, so
//! the component tests keep their level up to ties, sparse cells and approximations; where the mean square of the normal
//! deviates is above 1 by more than chance, its lower bound becomes a scale. Always there.
//!
//! **Time blocks.** Contiguous windows of the baseline, at any phase of the day, against the rest of it: the mean square of
//! the statistic by what independent rows give on the same cells is s². At least 8 windows that do not
//! overlap; overlapping ones are used with 3/2 of their degrees of freedom (overlapping batch means: M. S. Meketon,
//! B. Schmeiser, Winter Simulation Conference 1984). Where the farthest window is farther than a normal of that scale
//! allows at 5 %, the scale is that which allows it: what happens in one window of the baseline is normal. The same for windows
//! against earlier windows of the baseline ([`Against`](super::Against)), which is what references other than it need.
//!
//! Does not know alarms or budgets.

use super::against::ReferenceLadders;
use super::blocks::BlockCounts;
use super::component::Component;
use super::ladder::Ladder;
use super::measure::scales;
use super::partition::{ColumnPartition, Partition};
use super::table::{self, Tested};
use super::windows::MIN_WINDOWS;
use crate::baseline::{Baseline, BaselineColumn};

/// How to calibrate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalibrationSettings {
    /// Seed of the resampled windows.
    pub seed: u64,
    /// Resampled windows of each size.
    pub n_resamples: u32,
}

impl Default for CalibrationSettings {
    fn default() -> Self {
        Self {
            seed: 0x000d_71f7_11fe,
            n_resamples: 200,
        }
    }
}

/// What the null scales were measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalibrationBasis {
    /// Resampled rows only: rows count as independent, because the baseline has no times, or too few.
    ResampledRows,
    /// Resampled rows and time blocks.
    TimeBlocks {
        /// Length of a block, seconds.
        block_seconds: i64,
        /// Blocks with rows.
        n_blocks: u64,
    },
}

/// The null scales of a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// What they were measured on.
    pub basis: CalibrationBasis,
    /// How.
    pub settings: CalibrationSettings,
    /// Rows of the baseline.
    pub n_rows: u64,
    /// By column, in the order of the baseline.
    pub columns: Vec<ColumnCalibration>,
}

/// The null scales of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnCalibration {
    /// The column.
    pub name: String,
    /// One ladder for each component that the baseline can be tested by.
    pub ladders: Vec<(Component, Ladder)>,
    /// The same for windows held against earlier windows, where the baseline is long enough.
    pub references: Vec<ReferenceLadders>,
}

impl Calibration {
    /// The calibration of a column.
    pub fn column(&self, name: &str) -> Option<&ColumnCalibration> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Measures the null scales of a baseline. `blocks` were counted on the baseline's own rows, by [`Partition::of`] it.
///
/// Same baseline, blocks and settings: same calibration, whatever the order of rows or columns.
pub fn calibrate(
    baseline: &Baseline,
    blocks: Option<&BlockCounts>,
    settings: CalibrationSettings,
) -> Calibration {
    let own;
    let partition = match blocks {
        Some(blocks) => blocks.partition().as_ref(),
        None => {
            own = Partition::of(baseline);
            &own
        }
    };
    let timed = blocks.filter(|blocks| blocks.n_blocks() as f64 >= MIN_WINDOWS);
    let columns = baseline
        .monitored()
        .zip(partition.columns())
        .enumerate()
        .map(|(idx, (column, cells))| {
            let counts = Counts {
                partition: cells,
                total: totals(column, cells, timed, idx),
            };
            let scales = scales(&counts, timed.map(|blocks| (blocks, idx)), settings);
            ColumnCalibration {
                name: column.summary.name.clone(),
                ladders: scales.ladders,
                references: scales.references,
            }
        });
    Calibration {
        columns: columns.collect(),
        basis: timed.map_or(CalibrationBasis::ResampledRows, |blocks| {
            CalibrationBasis::TimeBlocks {
                block_seconds: blocks.block_seconds(),
                n_blocks: blocks.n_blocks() as u64,
            }
        }),
        settings,
        n_rows: baseline.n_rows,
    }
}

/// A column's rows by cell, over the whole baseline.
pub(super) struct Counts<'a> {
    pub(super) partition: &'a ColumnPartition,
    pub(super) total: Vec<u64>,
}

/// Rows by cell: of the blocks where there are some, so that windows are parts of the whole, else of the summary.
pub(super) fn totals(
    column: &BaselineColumn,
    partition: &ColumnPartition,
    blocks: Option<&BlockCounts>,
    idx: usize,
) -> Vec<u64> {
    match blocks {
        Some(blocks) => {
            let mut total = vec![0u64; partition.n_cells()];
            for (_, slot) in blocks.blocks() {
                add(&mut total, blocks.counts(slot, idx));
            }
            total
        }
        None => partition.project(&column.summary),
    }
}

pub(super) fn add(total: &mut [u64], more: &[u32]) {
    for (total, more) in total.iter_mut().zip(more) {
        *total += u64::from(*more);
    }
}

/// All component tests of two samples counted on one column's partition.
pub(super) fn test(
    partition: &ColumnPartition,
    baseline: &[u64],
    current: &[u64],
    cells: &mut Vec<[u64; 2]>,
    into: &mut Vec<Tested>,
) {
    let n_values = partition.n_value_cells();
    cells.clear();
    cells.extend(baseline.iter().zip(current).map(|(b, c)| [*b, *c]));
    let (values, rates) = cells.split_at(n_values.min(cells.len()));
    if partition.is_numeric() {
        table::numeric(values, 0.0, false, into);
    } else if partition.is_categorical() {
        table::categorical(values, into);
    }
    let [present, all, missing, special] = [
        table::totals(values),
        table::totals(cells),
        rates.first().copied().unwrap_or_default(),
        rates.get(1).copied().unwrap_or_default(),
    ];
    table::rate(Component::MissingRate, missing, all, into);
    if partition.is_numeric() {
        let present = [present[0] + special[0], present[1] + special[1]];
        table::rate(Component::SpecialRate, special, present, into);
    }
}
