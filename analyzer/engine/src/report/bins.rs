//! Display bins: from two weighted samples, or two lists of categories, to the paired shares a chart draws.
//!
//! These bins are for eyes only. They do not know the frozen bins that distances are computed on, and no verdict
//! reads them.

use std::collections::BTreeMap;

use super::model::{Axis, PairedCategories, PairedHistogram};

/// Most bins aimed at on a numeric axis.
const TARGET_BINS: f64 = 24.0;
/// Up to this many distinct whole numbers get a bar each.
const MAX_WHOLE_VALUES: usize = 31;
/// Up to this many distinct numbers of any kind get a bar each.
const MAX_VALUES: usize = 10;
/// Share of rows that each end of the axis may leave to its open bin.
const TAIL: f64 = 0.005;

/// Finite numbers, strictly ascending, with the number of rows at each.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// Values, strictly ascending and finite.
    pub values: &'a [f64],
    /// Rows at each value.
    pub weights: &'a [u64],
}

impl Sample<'_> {
    fn n(self) -> u64 {
        self.weights.iter().sum()
    }

    /// The smallest value with at least `share` of the rows at or below it.
    fn quantile(self, share: f64) -> Option<f64> {
        let threshold = (self.n() as f64 * share).ceil().max(1.0) as u64;
        let mut n_seen = 0;
        for (value, weight) in self.values.iter().zip(self.weights) {
            n_seen += weight;
            if n_seen >= threshold {
                return Some(*value);
            }
        }
        self.values.last().copied()
    }

    fn shares(self, n_bins: usize, bin_of: impl Fn(f64) -> usize) -> Vec<f64> {
        let mut counts = vec![0u64; n_bins];
        for (value, weight) in self.values.iter().zip(self.weights) {
            counts[bin_of(*value).min(n_bins - 1)] += weight;
        }
        shares_of(&counts, self.n())
    }
}

/// The histogram of two samples on one readable axis: a bar per value where there are few, else at most about 25
/// bins with round edges, the outermost half per cent of rows in open bins where they would stretch the axis.
///
/// `None` where neither side has a number, or where the numbers span more than `f64` can divide.
pub fn histogram(baseline: Sample<'_>, current: Sample<'_>) -> Option<PairedHistogram> {
    let axis = value_axis(baseline, current).or_else(|| edge_axis(baseline, current))?;
    let n_bins = axis.n_bins();
    let bin_of = |value: f64| match &axis {
        Axis::Values(values) => values.partition_point(|v| *v < value),
        Axis::Edges { edges, .. } => edges.partition_point(|e| *e <= value).saturating_sub(1),
    };
    let (baseline, current) = (baseline.shares(n_bins, bin_of), current.shares(n_bins, bin_of));
    Some(PairedHistogram {
        axis,
        baseline,
        current,
    })
}

/// The `max_labels` categories with the largest share on either side, largest baseline share first; the rest, and
/// `n_other` of each side, are gathered under `All other values`.
pub fn categories(
    baseline: &[(String, u64)],
    n_baseline_other: u64,
    current: &[(String, u64)],
    n_current_other: u64,
    max_labels: usize,
) -> Option<PairedCategories> {
    let n_baseline = baseline.iter().map(|(_, n)| n).sum::<u64>() + n_baseline_other;
    let n_current = current.iter().map(|(_, n)| n).sum::<u64>() + n_current_other;
    if n_baseline + n_current == 0 {
        return None;
    }
    let mut counts: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for (idx, side) in [baseline, current].into_iter().enumerate() {
        for (label, n) in side {
            counts.entry(label).or_default()[idx] += n;
        }
    }
    let totals = [n_baseline, n_current];
    let mut rows: Vec<(&str, [f64; 2])> = counts
        .into_iter()
        .map(|(label, pair)| (label, [share(pair[0], totals[0]), share(pair[1], totals[1])]))
        .collect();
    rows.sort_by(|a, b| {
        b.1[0]
            .max(b.1[1])
            .total_cmp(&a.1[0].max(a.1[1]))
            .then(a.0.cmp(b.0))
    });
    let rest = rows.split_off(max_labels.min(rows.len()));
    rows.sort_by(|a, b| {
        b.1[0]
            .total_cmp(&a.1[0])
            .then(b.1[1].total_cmp(&a.1[1]))
            .then(a.0.cmp(b.0))
    });
    let mut other = [
        share(n_baseline_other, totals[0]),
        share(n_current_other, totals[1]),
    ];
    for (_, pair) in &rest {
        other[0] += pair[0];
        other[1] += pair[1];
    }
    if other[0] + other[1] > 0.0 {
        rows.push(("All other values", other));
    }
    Some(PairedCategories {
        labels: rows.iter().map(|(label, _)| (*label).to_owned()).collect(),
        baseline: rows.iter().map(|(_, pair)| pair[0]).collect(),
        current: rows.iter().map(|(_, pair)| pair[1]).collect(),
    })
}

fn value_axis(baseline: Sample<'_>, current: Sample<'_>) -> Option<Axis> {
    let (first, last) = span(baseline, current)?;
    let whole = baseline
        .values
        .iter()
        .chain(current.values)
        .all(|v| v.fract() == 0.0);
    if whole && last - first < MAX_WHOLE_VALUES as f64 && first.abs() < 1e15 {
        let n = (last - first) as usize + 1;
        return Some(Axis::Values((0..n).map(|idx| first + idx as f64).collect()));
    }
    let mut values: Vec<f64> = Vec::new();
    for value in baseline.values.iter().chain(current.values) {
        if let Err(idx) = values.binary_search_by(|v| v.total_cmp(value)) {
            if values.len() == MAX_VALUES {
                return None;
            }
            values.insert(idx, *value);
        }
    }
    Some(Axis::Values(values))
}

fn edge_axis(baseline: Sample<'_>, current: Sample<'_>) -> Option<Axis> {
    let (min, max) = span(baseline, current)?;
    let quantiles = |share| {
        [baseline, current]
            .into_iter()
            .filter_map(move |s| s.quantile(share))
    };
    let mut low = quantiles(TAIL).fold(f64::INFINITY, f64::min);
    let mut high = quantiles(1.0 - TAIL).fold(f64::NEG_INFINITY, f64::max);
    let body = high - low;
    if body <= 0.0 || min >= low - 0.25 * body {
        low = min;
    }
    if body <= 0.0 || max <= high + 0.25 * body {
        high = max;
    }
    let whole = baseline
        .values
        .iter()
        .chain(current.values)
        .all(|v| v.fract() == 0.0);
    let step = round_step((high - low) / TARGET_BINS, whole);
    let (first, last) = ((low / step).floor(), (high / step).floor() + 1.0);
    if !(step.is_normal() && first.is_finite() && last - first <= 4.0 * TARGET_BINS) {
        return None;
    }
    let edges: Vec<f64> = (0..=(last - first) as usize)
        .map(|idx| decimal((first + idx as f64) * step))
        .collect();
    let ascending = edges.windows(2).all(|pair| pair[0] < pair[1]) && edges.iter().all(|e| e.is_finite());
    ascending.then_some(Axis::Edges {
        open_below: min < edges[0],
        open_above: edges.last().is_some_and(|last| max >= *last),
        edges,
    })
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `width`; whole where asked.
fn round_step(width: f64, whole: bool) -> f64 {
    let power = 10f64.powf(width.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0]
        .into_iter()
        .find(|f| f * power >= width)
        .unwrap_or(10.0);
    let step = factor * power;
    if whole { step.ceil().max(1.0) } else { step }
}

/// Undoes the last-digit noise of `idx * step`: 0.30000000000000004 → 0.3.
fn decimal(value: f64) -> f64 {
    format!("{value:.12e}").parse().unwrap_or(value)
}

fn span(baseline: Sample<'_>, current: Sample<'_>) -> Option<(f64, f64)> {
    let first = [baseline, current]
        .into_iter()
        .filter_map(|s| s.values.first().copied())
        .reduce(f64::min)?;
    let last = [baseline, current]
        .into_iter()
        .filter_map(|s| s.values.last().copied())
        .reduce(f64::max)?;
    Some((first, last))
}

fn share(n: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { n as f64 / total as f64 }
}

fn shares_of(counts: &[u64], total: u64) -> Vec<f64> {
    counts.iter().map(|n| share(*n, total)).collect()
}

#[cfg(test)]
mod tests;
