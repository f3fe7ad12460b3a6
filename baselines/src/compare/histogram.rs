//! NumPy's histograms of weighted points: edges by rule, counts. Does not know who bins by which rule (`peer_bins`).

use super::measurement::NotComputable;
use super::spread::{Moments, weighted_sum};
use crate::summary::WeightedPoints;

/// Most bins a rule may ask for; NumPy would try to allocate any number.
const MAX_BINS: f64 = 1e7;

/// Rows in each bin: [a, b), the last [a, b].
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    pub(crate) counts: Vec<u64>,
}

impl Histogram {
    /// `numpy.histogram(values, edges)` for ascending edges (which may repeat).
    pub(crate) fn of(points: &WeightedPoints, edges: &[f64]) -> Self {
        let n_bins = edges.len() - 1;
        let mut counts = vec![0; n_bins];
        let mut bin = 0;
        for (&value, &weight) in points.values.iter().zip(&points.weights) {
            if value < edges[0] || value > edges[n_bins] {
                continue;
            }
            while bin + 1 < n_bins && value >= edges[bin + 1] {
                bin += 1;
            }
            counts[bin] += weight;
        }
        Self { counts }
    }
}

/// `numpy.linspace(first, last, n_bins + 1)`.
pub(crate) fn linspace(first: f64, last: f64, n_bins: usize) -> Vec<f64> {
    let step = (last - first) / n_bins as f64;
    let mut edges: Vec<f64> = (0..n_bins).map(|idx| idx as f64 * step + first).collect();
    edges.push(last);
    edges
}

/// Lowest and highest value over several samples.
fn range(samples: &[&WeightedPoints]) -> Result<(f64, f64), NotComputable> {
    let first = samples
        .iter()
        .filter_map(|points| points.values.first())
        .copied()
        .fold(f64::INFINITY, f64::min);
    let last = samples
        .iter()
        .filter_map(|points| points.values.last())
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    if first.is_finite() && last.is_finite() && (last - first).is_finite() {
        Ok((first, last))
    } else {
        Err(NotComputable::Infinite)
    }
}

/// Equal-width edges over the pooled range. NumPy widens a range of one value by `margin` = ½ each way.
pub(crate) fn equal_width(
    samples: &[&WeightedPoints],
    n_bins: usize,
    margin: impl Fn(f64) -> f64,
) -> Result<Vec<f64>, NotComputable> {
    let (first, last) = range(samples)?;
    let margin = if first == last { margin(first) } else { 0.0 };
    Ok(linspace(first - margin, last + margin, n_bins))
}

/// `numpy.histogram_bin_edges` by a width rule. `whole` is NumPy ≥ 2's rule for integer arrays: width at least 1.
fn edges_by_width(samples: &[&WeightedPoints], width: f64, whole: bool) -> Result<Vec<f64>, NotComputable> {
    let (first, last) = range(samples)?;
    let width = if whole && width > 0.0 {
        width.max(1.0)
    } else {
        width
    };
    let n_bins = if width > 0.0 {
        ((last - first) / width).ceil()
    } else {
        1.0
    };
    if !(1.0..=MAX_BINS).contains(&n_bins) {
        return Err(NotComputable::Infinite);
    }
    equal_width(samples, n_bins as usize, |_| 0.5)
}

/// Sturges 1926: range / (log₂ n + 1), n values in all samples together.
pub(crate) fn sturges(samples: &[&WeightedPoints], n: u64, whole: bool) -> Result<Vec<f64>, NotComputable> {
    let (first, last) = range(samples)?;
    edges_by_width(samples, (last - first) / ((n as f64).log2() + 1.0), whole)
}

/// Doane 1976: range / (1 + log₂ n + log₂(1 + |g₁|/σ_g₁)).
pub(crate) fn doane(points: &WeightedPoints) -> Result<Vec<f64>, NotComputable> {
    let moments = Moments::of(points)?;
    let n = moments.n as f64;
    let sigma = moments.variance.sqrt();
    let (first, last) = range(&[points])?;
    let mut width = 0.0;
    if moments.n > 2 && sigma > 0.0 {
        let error = (6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0))).sqrt();
        let skewness = weighted_sum(points, |value| ((value - moments.mean) / sigma).powi(3)) / n;
        width = (last - first) / (1.0 + n.log2() + (1.0 + skewness.abs() / error).log2());
    }
    edges_by_width(&[points], width, false)
}
