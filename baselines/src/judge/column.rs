//! One column on both sides, small enough to be stored and complete enough to be drawn.
//!
//! Does not judge. Category texts are somebody's data: a text is only repeated here if the baseline has it or at
//! least [`MIN_ROWS_TO_NAME`] rows of the window do; the rest is counted.

use std::collections::BTreeMap;

use super::drift::ColumnDrift;
use super::histogram::{Histogram, histogram};
use super::measure::Measured;
use crate::summary::{
    CategoricalSummary, CellCounts, ColumnSummary, InferredType, NumericSummary, WeightedPoints,
};

/// k-anonymity floor: a category outside the baseline is named only from this many rows of the window on.
pub const MIN_ROWS_TO_NAME: u64 = 5;
/// Categories listed by name, at most; the others are counted.
pub const MAX_LISTED_CATEGORIES: usize = 20;

/// One column of baseline and window.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnReport {
    /// Column name.
    pub name: String,
    /// The type the baseline gives it, or the window's where the baseline does not know it.
    pub inferred_type: InferredType,
    /// What stands behind the baseline's numbers: `counted`, `kll_sketch`, `buckets` or `none`.
    pub baseline_evidence: &'static str,
    /// The baseline's side.
    pub baseline: Option<SideReport>,
    /// The window's side.
    pub current: Option<SideReport>,
    /// Of numeric columns: both distributions over shared bins.
    pub histogram: Option<Histogram>,
    /// Of categorical columns: both distributions by category.
    pub categories: Option<CategoryReport>,
    /// What was measured, and what could not be.
    pub measured: Vec<Measured>,
    /// Drift as it was decided; `None` where the column was not tested.
    pub drift: Option<ColumnDrift>,
}

/// One side of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct SideReport {
    /// Cells by class.
    pub counts: CellCounts,
    /// Distinct values, and whether they were counted or estimated.
    pub n_distinct: Option<u64>,
    /// Statistics of the finite numbers.
    pub numeric: Option<NumericReport>,
}

/// Statistics of the finite numbers of one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericReport {
    /// Finite numbers.
    pub n: u64,
    /// Mean.
    pub mean: f64,
    /// Population standard deviation.
    pub std_dev: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Quantiles, where there are points.
    pub quantiles: Option<Quantiles>,
}

/// Quantiles by linear interpolation between order statistics (Hyndman and Fan 1996, type 7, NumPy's default).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// 5 %.
    pub p05: f64,
    /// 25 %.
    pub p25: f64,
    /// 50 %.
    pub p50: f64,
    /// 75 %.
    pub p75: f64,
    /// 95 %.
    pub p95: f64,
}

/// Categories of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryReport {
    /// Named categories, the largest share first.
    pub listed: Vec<CategoryCount>,
    /// Baseline rows of the categories that are not listed.
    pub n_baseline_other: u64,
    /// Window rows of the categories that are not listed.
    pub n_current_other: u64,
    /// Distinct categories of the window that the baseline does not have, listed or not; of those that were kept.
    pub n_unseen_values: u64,
    /// Window rows in them. `None` where the baseline does not list its categories.
    pub n_unseen_rows: Option<u64>,
}

/// Rows of one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryCount {
    /// Its text.
    pub value: String,
    /// Rows of the baseline.
    pub baseline: u64,
    /// Rows of the window.
    pub current: u64,
}

/// Distils one column; at least one side is there.
pub(super) fn report<'a>(
    baseline: Option<&'a ColumnSummary>,
    current: Option<&'a ColumnSummary>,
    baseline_evidence: &'static str,
    measured: Vec<Measured>,
    drift: Option<ColumnDrift>,
) -> Option<ColumnReport> {
    let named = baseline.or(current)?;
    let is_numeric = named.inferred_type.is_numeric();
    let no_points = WeightedPoints::default();
    let points = |side: Option<&'a ColumnSummary>| {
        side.and_then(|side| side.numeric.as_ref())
            .map_or(&no_points, |numeric| &numeric.points)
    };
    let histogram = is_numeric.then(|| histogram(points(baseline), points(current)));
    let categorical = |side: Option<&'a ColumnSummary>| side.and_then(|side| side.categorical.as_ref());
    let (of_baseline, of_current) = (categorical(baseline), categorical(current));
    let has_categories = !is_numeric && (of_baseline.is_some() || of_current.is_some());
    Some(ColumnReport {
        name: named.name.clone(),
        inferred_type: named.inferred_type,
        baseline_evidence,
        baseline: baseline.map(side),
        current: current.map(side),
        histogram: histogram.flatten(),
        categories: has_categories.then(|| categories(of_baseline, of_current)),
        measured,
        drift,
    })
}

fn side(column: &ColumnSummary) -> SideReport {
    let numeric = column.numeric.as_ref().filter(|numeric| numeric.n > 0);
    let distinct = if column.inferred_type.is_numeric() {
        numeric.map(|numeric| numeric.distinct)
    } else {
        column
            .categorical
            .as_ref()
            .map(|categorical| categorical.distinct)
    };
    SideReport {
        counts: column.counts,
        n_distinct: distinct.map(crate::summary::Distinct::value),
        numeric: numeric.map(numeric_report),
    }
}

fn numeric_report(numeric: &NumericSummary) -> NumericReport {
    let quantile = |share| quantile(&numeric.points, share);
    let quantiles = || {
        Some(Quantiles {
            p05: quantile(0.05)?,
            p25: quantile(0.25)?,
            p50: quantile(0.5)?,
            p75: quantile(0.75)?,
            p95: quantile(0.95)?,
        })
    };
    NumericReport {
        n: numeric.n,
        mean: numeric.mean,
        std_dev: numeric.std_dev,
        min: numeric.min,
        max: numeric.max,
        quantiles: quantiles(),
    }
}

/// Type-7 quantile of weighted points; `None` without points. On grid counts it is that of the representative values.
pub(super) fn quantile(points: &WeightedPoints, share: f64) -> Option<f64> {
    let n = points.n();
    let position = n.checked_sub(1)? as f64 * share;
    let (lower, upper) = (
        value_at(points, position.floor() as u64)?,
        value_at(points, position.ceil() as u64)?,
    );
    let step = upper - lower;
    let fraction = position.fract();
    let value = if step.is_finite() {
        lower + step * fraction
    } else {
        lower * (1.0 - fraction) + upper * fraction
    };
    Some(value)
}

fn value_at(points: &WeightedPoints, rank: u64) -> Option<f64> {
    let mut n_before = 0;
    for (&value, &weight) in points.values.iter().zip(&points.weights) {
        n_before += weight;
        if rank < n_before {
            return Some(value);
        }
    }
    points.values.last().copied()
}

fn categories(baseline: Option<&CategoricalSummary>, current: Option<&CategoricalSummary>) -> CategoryReport {
    let mut joined: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (value, count) in baseline.into_iter().flat_map(|side| &side.counts) {
        joined.entry(value).or_default().0 += count;
    }
    for (value, count) in current.into_iter().flat_map(|side| &side.counts) {
        joined.entry(value).or_default().1 += count;
    }
    let unseen = || joined.values().filter(|(of_baseline, _)| *of_baseline == 0);
    let n_unseen_values = unseen().count() as u64;
    let n_unseen_kept: u64 = unseen().map(|(_, of_current)| of_current).sum();
    let n_current_rest = current.map_or(0, |current| current.n_other);
    let n_unseen_rows = baseline
        .filter(|baseline| baseline.complete)
        .map(|_| n_unseen_kept + n_current_rest);

    let totals = |side: Option<&CategoricalSummary>| side.map_or(0, |side| side.n).max(1) as f64;
    let (n_baseline, n_current) = (totals(baseline), totals(current));
    let mut listed: Vec<CategoryCount> = joined
        .into_iter()
        .filter(|(_, (of_baseline, of_current))| *of_baseline > 0 || *of_current >= MIN_ROWS_TO_NAME)
        .map(|(value, (baseline, current))| CategoryCount {
            value: value.to_owned(),
            baseline,
            current,
        })
        .collect();
    let largest_share =
        |count: &CategoryCount| (count.baseline as f64 / n_baseline).max(count.current as f64 / n_current);
    listed.sort_by(|left, right| {
        largest_share(right)
            .total_cmp(&largest_share(left))
            .then_with(|| left.value.cmp(&right.value))
    });
    listed.truncate(MAX_LISTED_CATEGORIES);
    let rest =
        |side: Option<&CategoricalSummary>, listed: u64| side.map_or(0, |side| side.n.saturating_sub(listed));
    CategoryReport {
        n_baseline_other: rest(baseline, listed.iter().map(|count| count.baseline).sum()),
        n_current_other: rest(current, listed.iter().map(|count| count.current).sum()),
        listed,
        n_unseen_values,
        n_unseen_rows,
    }
}
