//! A/A: windows without drift through the same tests and decisions, and how often they ring.
//!
//! Either rows one by one: window and baseline are both drawn anew from the baseline's cells, so that the baseline's own
//! chance is part of the null. Or contiguous runs of time blocks (moving blocks: H. R. Künsch, Annals of Statistics 17(3),
//! 1989) against the whole baseline, so that rhythm and autocorrelation stay; that a run is a part of the baseline makes
//! it look a little more alike.
//!
//! Does not know files or clocks.

use statrs::function::beta::inv_beta_reg;

use super::blocks::BlockCounts;
use super::calibration::{Calibration, add, test, totals};
use super::decide::{MinEffect, decide};
use super::evidence::{ColumnEvidence, calibrated};
use super::ladder::WindowSize;
use super::partition::Partition;
use super::resample::Draws;
use crate::baseline::Baseline;

/// How windows without drift are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resampling {
    /// Rows one by one on both sides, each column for itself.
    Rows,
    /// Runs of time blocks, all columns together.
    Blocks,
}

/// What to check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AaSettings {
    /// How windows are made.
    pub resampling: Resampling,
    /// Rows of a window. With [`Resampling::Blocks`] only used where `window_seconds` is not known: runs of blocks are then
    /// as long as the baseline needed for so many rows.
    pub n_rows: u64,
    /// Length of a window.
    pub window_seconds: Option<f64>,
    /// Windows.
    pub n_runs: u32,
    /// Seed.
    pub seed: u64,
    /// What a run may spend.
    pub alpha: f64,
    /// Practical thresholds.
    pub min_effect: MinEffect,
}

/// What the check found.
#[derive(Debug, Clone, PartialEq)]
pub struct AaOutcome {
    /// Windows.
    pub n_runs: u32,
    /// Windows with at least one alarm.
    pub n_alarms: u32,
    /// Their share.
    pub rate: f64,
    /// Lower end of its exact 95 % interval (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What was stated.
    pub alpha: f64,
    /// Alarms by column, in the order of the baseline.
    pub by_column: Vec<(String, u32)>,
}

/// Runs windows without drift through the tests. `blocks` are needed for [`Resampling::Blocks`]; without them rows are
/// drawn one by one.
pub fn check(
    baseline: &Baseline,
    blocks: Option<&BlockCounts>,
    calibration: Option<&Calibration>,
    settings: &AaSettings,
) -> AaOutcome {
    let own;
    let partition = match blocks {
        Some(blocks) => blocks.partition().as_ref(),
        None => {
            own = Partition::of(baseline);
            &own
        }
    };
    let blocks = blocks.filter(|blocks| settings.resampling == Resampling::Blocks && blocks.n_blocks() > 0);
    let totals: Vec<Vec<u64>> = baseline
        .monitored()
        .zip(partition.columns())
        .enumerate()
        .map(|(idx, (column, cells))| totals(column, cells, blocks, idx))
        .collect();
    let names: Vec<&str> = partition
        .columns()
        .iter()
        .map(super::ColumnPartition::name)
        .collect();
    let mut draws = Draws::new(settings.seed, "a/a");
    let mut by_column = vec![0u32; names.len()];
    let mut n_alarms = 0;
    let (mut current, mut drawn) = (Vec::new(), Vec::new());
    let (mut cells, mut tested) = (Vec::new(), Vec::new());
    for _ in 0..settings.n_runs {
        let run =
            blocks.map(|blocks| window(blocks, settings, totals.first().map(Vec::as_slice), &mut draws));
        let mut evidence: Vec<ColumnEvidence> = Vec::with_capacity(names.len());
        for (idx, column) in partition.columns().iter().enumerate() {
            let total = &totals[idx];
            match (&run, blocks) {
                (Some(slots), Some(blocks)) => {
                    current.clear();
                    current.resize(total.len(), 0);
                    for slot in slots {
                        add(&mut current, blocks.counts(*slot, idx));
                    }
                }
                _ => draws.multinomial(settings.n_rows, total, &mut current),
            }
            if run.is_none() {
                draws.multinomial(total.iter().sum(), total, &mut drawn);
            }
            let total = if run.is_none() { &drawn } else { total };
            tested.clear();
            test(column, total, &current, &mut cells, &mut tested);
            let size = WindowSize {
                n_baseline: total.iter().sum(),
                n_current: current.iter().sum(),
                seconds: settings.window_seconds,
                ..WindowSize::default()
            };
            let known = calibration.and_then(|calibration| calibration.column(names[idx]));
            evidence.push(calibrated(names[idx], size, &tested, None, known));
        }
        let columns: Vec<(&ColumnEvidence, MinEffect)> = evidence
            .iter()
            .map(|evidence| (evidence, settings.min_effect))
            .collect();
        let decision = decide(&columns, settings.alpha);
        for (n, column) in by_column.iter_mut().zip(&decision.columns) {
            *n += u32::from(column.alarm);
        }
        n_alarms += u32::from(decision.columns.iter().any(|column| column.alarm));
    }
    let [low, high] = clopper_pearson(n_alarms, settings.n_runs);
    AaOutcome {
        n_runs: settings.n_runs,
        n_alarms,
        rate: f64::from(n_alarms) / f64::from(settings.n_runs.max(1)),
        low,
        high,
        alpha: settings.alpha,
        by_column: names.into_iter().map(str::to_owned).zip(by_column).collect(),
    }
}

/// The slots of a contiguous run of blocks: as long as the window, or long enough for its rows.
fn window(
    blocks: &BlockCounts,
    settings: &AaSettings,
    first_column: Option<&[u64]>,
    draws: &mut Draws,
) -> Vec<usize> {
    let occupied: Vec<(i64, usize)> = blocks.blocks().collect();
    let n_rows: u64 = first_column.map_or(0, |total| total.iter().sum());
    let per_block = (n_rows as f64 / occupied.len().max(1) as f64).max(1.0);
    let wanted = match settings.window_seconds {
        Some(seconds) => seconds / blocks.block_seconds() as f64,
        None => settings.n_rows as f64 / per_block,
    };
    // A run longer than a quarter of the baseline would be the baseline.
    let length = (wanted.round() as usize).clamp(1, (occupied.len() / 4).max(1));
    let mut slots = Vec::new();
    let wanted = (wanted.round() as usize).clamp(1, occupied.len() * 4);
    while slots.len() < wanted {
        let start = draws.below(occupied.len() - length + 1);
        slots.extend(occupied[start..start + length].iter().map(|(_, slot)| *slot));
    }
    slots.truncate(wanted);
    slots
}

/// Exact 95 % interval of a share (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934). No trials: 0 to 1.
pub fn clopper_pearson(n_hits: u32, n: u32) -> [f64; 2] {
    let (hits, rest) = (f64::from(n_hits), f64::from(n - n_hits.min(n)));
    let low = if n_hits == 0 {
        0.0
    } else {
        inv_beta_reg(hits, rest + 1.0, 0.025)
    };
    let high = if n_hits >= n {
        1.0
    } else {
        inv_beta_reg(hits + 1.0, rest, 0.975)
    };
    [low, high]
}
