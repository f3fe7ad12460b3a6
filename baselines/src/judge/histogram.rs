//! Two samples over shared bins, for drawing: at most [`MAX_BINS`] bins, outliers in the outer two.
//!
//! For people's eyes only; distances have bins of their own, frozen with the baseline (`compare`).

use super::column::quantile;
use crate::summary::WeightedPoints;

/// Bins of a drawn histogram, at most.
pub const MAX_BINS: usize = 30;
/// Bins of equal width where there are more values than bins.
const N_EQUAL_BINS: usize = 24;
/// The drawn range reaches from this quantile of either side to its mirror; what lies outside is in the outer bins.
const OUTER_QUANTILE: f64 = 0.005;

/// Shares of both sides in shared bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// What the bins are.
    pub bins: Bins,
    /// Share of the baseline in each bin; sums to 1, or empty without a baseline sample.
    pub baseline: Vec<f64>,
    /// Share of the window in each bin; sums to 1, or empty without a window sample.
    pub current: Vec<f64>,
}

/// The bins of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub enum Bins {
    /// One bin for each value, ascending.
    Values(Vec<f64>),
    /// Bins `i` reach from edge `i` up to edge `i + 1`; the first and the last also hold what lies outside.
    Edges(Vec<f64>),
}

/// Histogram of two samples; `None` where neither has a point.
pub(super) fn histogram(baseline: &WeightedPoints, current: &WeightedPoints) -> Option<Histogram> {
    let values = union(baseline, current);
    let (Some(&lowest), Some(&highest)) = (values.first(), values.last()) else {
        return None;
    };
    if values.len() <= MAX_BINS && baseline.is_exact() && current.is_exact() {
        let shares = |points: &WeightedPoints| {
            shares(points, values.len(), |value, _, _| {
                let idx = values.partition_point(|&other| other < value);
                vec![(idx, 1.0)]
            })
        };
        let (baseline, current) = (shares(baseline), shares(current));
        return Some(Histogram {
            bins: Bins::Values(values),
            baseline,
            current,
        });
    }
    let outer = |share: f64| {
        [quantile(baseline, share), quantile(current, share)]
            .into_iter()
            .flatten()
    };
    let low = outer(OUTER_QUANTILE).fold(f64::INFINITY, f64::min);
    let high = outer(1.0 - OUTER_QUANTILE).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low < high {
        (low, high)
    } else {
        (lowest, highest)
    };
    let edges: Vec<f64> = (0..=N_EQUAL_BINS)
        .map(|idx| {
            let share = idx as f64 / N_EQUAL_BINS as f64;
            low * (1.0 - share) + high * share
        })
        .collect();
    let shares = |points: &WeightedPoints| {
        shares(points, N_EQUAL_BINS, |value, cell_low, cell_high| {
            if cell_low < cell_high {
                spread(&edges, cell_low, cell_high)
            } else {
                vec![(bin_of(&edges, value), 1.0)]
            }
        })
    };
    let (baseline, current) = (shares(baseline), shares(current));
    Some(Histogram {
        bins: Bins::Edges(edges),
        baseline,
        current,
    })
}

fn union(baseline: &WeightedPoints, current: &WeightedPoints) -> Vec<f64> {
    let mut values: Vec<f64> = baseline.values.iter().chain(&current.values).copied().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    values
}

/// Shares by bin, where `place(value, low, high)` gives the bins of a point with the part of its weight in each.
fn shares(
    points: &WeightedPoints,
    n_bins: usize,
    place: impl Fn(f64, f64, f64) -> Vec<(usize, f64)>,
) -> Vec<f64> {
    let n = points.n() as f64;
    if n == 0.0 {
        return Vec::new();
    }
    let mut rows = vec![0.0; n_bins];
    for (idx, (&value, &weight)) in points.values.iter().zip(&points.weights).enumerate() {
        let (low, high) = points
            .extents
            .as_ref()
            .map_or((value, value), |extents| extents[idx]);
        for (bin_idx, part) in place(value, low, high) {
            rows[bin_idx] += weight as f64 * part;
        }
    }
    rows.iter().map(|count| count / n).collect()
}

fn bin_of(edges: &[f64], value: f64) -> usize {
    edges
        .partition_point(|&edge| edge <= value)
        .clamp(1, edges.len() - 1)
        - 1
}

/// The parts of an open cell in each bin, as if its rows lay evenly inside.
fn spread(edges: &[f64], low: f64, high: f64) -> Vec<(usize, f64)> {
    let (first, last) = (bin_of(edges, low), bin_of(edges, high));
    let width = high - low;
    if first == last || !width.is_finite() {
        return vec![(first, 1.0)];
    }
    let mut before = 0.0;
    (first..=last)
        .map(|idx| {
            let until = if idx == last {
                1.0
            } else {
                (edges[idx + 1] - low) / width
            };
            let part = until - before;
            before = until;
            (idx, part)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_get_a_bin_each() {
        let baseline = WeightedPoints::from_values(vec![0.0, 0.0, 1.0, 1.0]);
        let current = WeightedPoints::from_values(vec![1.0, 2.0]);
        let found = histogram(&baseline, &current).unwrap();
        assert_eq!(found.bins, Bins::Values(vec![0.0, 1.0, 2.0]));
        assert_eq!(found.baseline, [0.5, 0.5, 0.0]);
        assert_eq!(found.current, [0.0, 0.5, 0.5]);
    }

    #[test]
    fn many_values_share_edges_and_an_outlier_does_not_stretch_them() {
        let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
        let baseline = WeightedPoints::from_values(values.clone());
        values.push(1e300);
        let current = WeightedPoints::from_values(values);
        let found = histogram(&baseline, &current).unwrap();
        let Bins::Edges(edges) = &found.bins else {
            panic!("expected edges")
        };
        assert!(edges.len() - 1 <= MAX_BINS && *edges.last().unwrap() < 1001.0);
        for shares in [&found.baseline, &found.current] {
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < crate::compare::tolerance::STATISTIC);
        }
    }

    #[test]
    fn a_grid_cell_is_spread_over_the_bins_it_covers() {
        let baseline = WeightedPoints::from_values((0..=24).map(f64::from).collect());
        let current = WeightedPoints {
            values: vec![12.0],
            weights: vec![10],
            extents: Some(vec![(0.0, 24.0)]),
        };
        let found = histogram(&baseline, &current).unwrap();
        assert!((found.current.iter().sum::<f64>() - 1.0).abs() < crate::compare::tolerance::STATISTIC);
        assert!(found.current.iter().filter(|share| **share > 0.0).count() > 20);
    }

    #[test]
    fn no_sample_is_no_histogram_and_one_sample_is_half_of_one() {
        let empty = WeightedPoints::default();
        assert_eq!(histogram(&empty, &empty), None);
        let one = WeightedPoints::from_values(vec![3.0]);
        assert_eq!(histogram(&one, &empty).unwrap().current, [0.0; 0]);
    }
}
