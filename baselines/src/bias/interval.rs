//! Bootstrap intervals of bias metrics, and when a value is an alarm.
//!
//! Resamples rows with a seeded generator and takes value ± z·(standard deviation over resamples): the normal
//! bootstrap interval (Efron and Tibshirani 1993, An Introduction to the Bootstrap, §13.3) that Clarify's bias
//! monitor documents. Does not know which range is allowed.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use statrs::distribution::{ContinuousCDF, Normal};

use super::flip_test::FlipTest;
use super::metric::{BiasMetric, BiasValue};
use super::{BiasFailure, Cell, FacetCounts};

/// Rows of one resample at most; beyond it the spread is scaled by √(resample/rows), the m-out-of-n bootstrap.
const MAX_RESAMPLE_ROWS: u64 = 50_000;
/// Share of resamples that must have a finite value.
const MIN_FINITE: f64 = 0.9;

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapOptions {
    /// Resamples; 1000 is usual.
    pub n_resamples: u32,
    /// Confidence level in (0, 1); 0.95 is usual.
    pub level: f64,
    /// Same seed, same interval.
    pub seed: u64,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self {
            n_resamples: 1000,
            level: 0.95,
            seed: 0,
        }
    }
}

/// A metric with its interval; finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BiasInterval {
    /// The metric of all rows.
    pub value: f64,
    /// Standard deviation over resamples.
    pub standard_error: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Values that are no alarm; infinite ends are open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AllowedRange {
    /// Smallest.
    pub low: f64,
    /// Largest.
    pub high: f64,
}

impl AllowedRange {
    /// The range of a metric where none was given: 0.8 to 1.25 for `DI` (the four-fifths rule and its inverse), at most
    /// 0.1 for divergences, −0.1 to 0.1 for differences, the range SageMaker's guide takes as its example. `CI`, `GE`
    /// and `TE` have none: how many rows a facet has, how unequal all outcomes are, and a ratio of error counts say
    /// nothing without a range of the user's own.
    pub fn usual(metric: BiasMetric) -> Option<Self> {
        use BiasMetric::{CI, DI, GE, JS, KL, KS, LP, TE, TVD};
        let (low, high) = match metric {
            CI | GE | TE => return None,
            DI => (0.8, 1.25),
            JS | KL | KS | LP | TVD => (f64::NEG_INFINITY, 0.1),
            _ => (-0.1, 0.1),
        };
        Some(Self { low, high })
    }
}

/// What an interval says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BiasVerdict {
    /// The whole interval is outside the allowed range: chance does not explain it.
    Alert,
    /// The value is outside, and chance may explain it.
    OutsideWithinChance,
    /// The value is allowed.
    Allowed,
}

/// Intervals of every metric that can be measured; the others with the reason. `flips` as for
/// [`BiasMetric::measure`]; resamples redraw which rows of the facet flip, not the neighbours.
pub fn bias_intervals(
    counts: &FacetCounts,
    flips: Option<FlipTest>,
    options: BootstrapOptions,
) -> BTreeMap<BiasMetric, Result<BiasInterval, BiasFailure>> {
    let metrics = || {
        BiasMetric::PRE_TRAINING
            .into_iter()
            .chain(BiasMetric::POST_TRAINING)
    };
    let n = counts.n_rows();
    let resample_rows = n.min(MAX_RESAMPLE_ROWS);
    let mut generator = Pcg64::seed_from_u64(options.seed);
    let mut drawn: BTreeMap<BiasMetric, Vec<f64>> = BTreeMap::new();
    let table = Table::of(counts);
    let n_resamples = if n == 0 { 0 } else { options.n_resamples };
    for _ in 0..n_resamples {
        let resample = table.draw(counts, resample_rows, &mut generator);
        let redrawn = flips.map(|flips| redraw(flips, resample_rows, n, &mut generator));
        for metric in metrics() {
            if let Ok(BiasValue::Finite(value)) = metric.measure(&resample, redrawn) {
                drawn.entry(metric).or_default().push(value);
            }
        }
    }
    let scale = (resample_rows as f64 / n.max(1) as f64).sqrt();
    metrics()
        .map(|metric| {
            let values = drawn.remove(&metric).unwrap_or_default();
            (
                metric,
                metric
                    .measure(counts, flips)
                    .and_then(|value| interval(value, &values, scale, options)),
            )
        })
        .collect()
}

fn interval(
    value: BiasValue,
    drawn: &[f64],
    scale: f64,
    options: BootstrapOptions,
) -> Result<BiasInterval, BiasFailure> {
    let value = value.finite().ok_or(BiasFailure::NoInterval)?;
    let enough = drawn.len() as f64 >= MIN_FINITE * f64::from(options.n_resamples) && drawn.len() > 1;
    let is_level = options.level > 0.0 && options.level < 1.0;
    if !enough || !is_level {
        return Err(BiasFailure::NoInterval);
    }
    let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
    let squares: f64 = drawn.iter().map(|drawn| (drawn - mean).powi(2)).sum();
    let standard_error = (squares / (drawn.len() - 1) as f64).sqrt() * scale;
    let z = Normal::standard().inverse_cdf(0.5 + options.level / 2.0);
    let (low, high) = (value - z * standard_error, value + z * standard_error);
    if low.is_finite() && high.is_finite() {
        Ok(BiasInterval {
            value,
            standard_error,
            low,
            high,
        })
    } else {
        Err(BiasFailure::NoInterval)
    }
}

/// Whether an interval leaves the allowed range. Clarify: alert only when the two are disjoint.
pub fn judge_interval(interval: &BiasInterval, allowed: AllowedRange) -> BiasVerdict {
    if interval.high < allowed.low || interval.low > allowed.high {
        BiasVerdict::Alert
    } else if interval.value < allowed.low || interval.value > allowed.high {
        BiasVerdict::OutsideWithinChance
    } else {
        BiasVerdict::Allowed
    }
}

/// Cells with cumulated counts, to draw rows from.
struct Table {
    cells: Vec<(Cell, u64)>,
}

impl Table {
    fn of(counts: &FacetCounts) -> Self {
        let mut up_to = 0;
        let cells = counts.cells.iter().map(|(&cell, &count)| {
            up_to += count;
            (cell, up_to)
        });
        Self {
            cells: cells.collect(),
        }
    }

    fn draw(&self, like: &FacetCounts, n_rows: u64, generator: &mut Pcg64) -> FacetCounts {
        let total = self.cells.last().map_or(1, |last| last.1);
        let mut found = vec![0u64; self.cells.len()];
        for _ in 0..n_rows {
            let row = generator.random_range(0..total);
            found[self.cells.partition_point(|cell| cell.1 <= row)] += 1;
        }
        let drawn = self.cells.iter().zip(found).filter(|(_, count)| *count > 0);
        FacetCounts {
            cells: drawn.map(|((cell, _), count)| (*cell, count)).collect(),
            has_label: like.has_label,
            has_prediction: like.has_prediction,
            has_group: like.has_group,
        }
    }
}

fn redraw(flips: FlipTest, resample_rows: u64, n: u64, generator: &mut Pcg64) -> FlipTest {
    let n_facet = (flips.n_facet * resample_rows / n.max(1)).max(1);
    let mut drawn = FlipTest {
        n_to_negative: 0,
        n_to_positive: 0,
        n_facet,
    };
    for _ in 0..n_facet {
        let row = generator.random_range(0..flips.n_facet.max(1));
        drawn.n_to_negative += u64::from(row < flips.n_to_negative);
        drawn.n_to_positive +=
            u64::from(row >= flips.n_to_negative && row < flips.n_to_negative + flips.n_to_positive);
    }
    drawn
}
