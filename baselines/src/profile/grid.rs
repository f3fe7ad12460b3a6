//! The baseline's frozen fine grid, and counting on it.
//!
//! A grid is a list of edges. Each edge is a cell of its own (an *atom*: rows equal to it), and so is each open gap
//! between neighbours, below the first and above the last. Counts on it are integers, so they merge exactly, and a
//! column with at most [`MAX_EDGES`] distinct baseline values loses nothing: every one of them is an atom.
//! A gap holds at most about 1/[`N_QUANTILES`] of the baseline, which bounds what a distance can miss.
//! Does not know distances (`compare`).

use crate::compare::house_edges;
use crate::summary::WeightedPoints;

/// Baseline quantiles that become edges.
pub const N_QUANTILES: u64 = 1000;
/// Edges at most: quantiles, the house's decile edges, and room up to a power of two less one.
pub const MAX_EDGES: usize = 1023;

/// Frozen edges, strictly ascending and finite.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grid {
    edges: Vec<f64>,
    /// The edges, padded with +∞ to one of three sizes, for a search without branches.
    padded: Vec<f64>,
}

impl Grid {
    /// A grid over given edges; they are sorted, −0 becomes 0, duplicates and non-finite values are dropped.
    pub fn from_edges(edges: impl IntoIterator<Item = f64>) -> Self {
        let mut edges: Vec<f64> = edges
            .into_iter()
            .filter(|e| e.is_finite())
            .map(|e| e + 0.0)
            .collect();
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        let mut padded = edges.clone();
        let n_padded = [16, 128, 1024]
            .into_iter()
            .find(|n| *n > edges.len())
            .unwrap_or(edges.len() + 1);
        padded.resize(n_padded, f64::INFINITY);
        Self { edges, padded }
    }

    /// The grid a baseline freezes: its distinct values if they are few, else [`N_QUANTILES`] of its quantiles
    /// (inverted CDF, so each is a value that occurs) and the edges of the house's ten bins.
    pub fn propose(points: &WeightedPoints) -> Self {
        let binned = house_edges(points);
        if points.values.len() + binned.len() <= MAX_EDGES {
            return Self::from_edges(points.values.iter().copied().chain(binned));
        }
        let n = u128::from(points.n());
        let mut quantiles = Vec::with_capacity(N_QUANTILES as usize + 1);
        let (mut idx, mut below) = (0, 0u128);
        for rank in 0..=N_QUANTILES {
            let wanted = (u128::from(rank) * n).div_ceil(u128::from(N_QUANTILES)).max(1);
            while below + u128::from(points.weights[idx]) < wanted {
                below += u128::from(points.weights[idx]);
                idx += 1;
            }
            quantiles.push(match points.extents.as_ref().map(|extents| extents[idx]) {
                // Counts on a coarser grid: spread the ranks of an open gap evenly over it.
                Some((low, high)) if low < high => {
                    let into = (wanted - below) as f64 / (points.weights[idx] + 1) as f64;
                    low + (high - low) * into
                }
                _ => points.values[idx],
            });
        }
        Self::from_edges(quantiles.into_iter().chain(binned))
    }

    /// The edges.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Cells: 2 · edges + 1. Cell 2i is the gap below edge i, cell 2i + 1 the edge itself.
    pub fn n_cells(&self) -> usize {
        2 * self.edges.len() + 1
    }

    /// A grid for numbers nothing is known of: four steps per power of two between 2^-60 and 2^60, both signs, and 0.
    pub fn coarse() -> Self {
        let steps = (-60..=60)
            .flat_map(|exponent| (0..4).map(move |step| 2f64.powi(exponent) * (1.0 + f64::from(step) / 4.0)));
        Self::from_edges(steps.flat_map(|edge| [edge, -edge]).chain([0.0]))
    }

    /// The cell of one finite value.
    pub fn cell_of(&self, value: f64) -> usize {
        let below = self.edges.partition_point(|edge| *edge < value);
        2 * below + usize::from(self.edges.get(below) == Some(&value))
    }

    /// Exact points as counts on this grid.
    pub fn regrid(&self, points: &WeightedPoints, min: f64, max: f64) -> WeightedPoints {
        let mut counts = vec![0; self.n_cells()];
        for (value, weight) in points.values.iter().zip(&points.weights) {
            counts[self.cell_of(*value)] += weight;
        }
        self.read_out(&counts, min, max)
    }

    /// Adds each finite value to its cell's count.
    pub fn count(&self, values: &[f64], counts: &mut [u64]) {
        fn fits<const N: usize>(padded: &[f64]) -> Option<&[f64; N]> {
            padded.try_into().ok()
        }
        if let Some(edges) = fits::<16>(&self.padded) {
            count_on(edges, values, counts);
        } else if let Some(edges) = fits::<128>(&self.padded) {
            count_on(edges, values, counts);
        } else if let Some(edges) = fits::<1024>(&self.padded) {
            count_on(edges, values, counts);
        } else {
            for value in values {
                counts[self.cell_of(*value)] += 1;
            }
        }
    }

    /// Counts as weighted points; `min` and `max` of what was counted close the outer gaps.
    pub fn read_out(&self, counts: &[u64], min: f64, max: f64) -> WeightedPoints {
        let mut points = WeightedPoints {
            extents: Some(Vec::new()),
            ..WeightedPoints::default()
        };
        let extents = points.extents.get_or_insert_default();
        for (cell, &weight) in counts.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            let (low, high) = if cell % 2 == 1 {
                (self.edges[cell / 2], self.edges[cell / 2])
            } else {
                let low = if cell == 0 {
                    min.next_down()
                } else {
                    self.edges[cell / 2 - 1]
                };
                let high = self.edges.get(cell / 2).copied().unwrap_or(max.next_up());
                (low, high)
            };
            points.values.push(inside(low, high));
            points.weights.push(weight);
            extents.push((low, high));
        }
        points
    }
}

/// Counts with a search of fixed depth over `N` (a power of two) padded edges. Eight searches go in step: each waits
/// for memory and for its comparison, together they keep the core busy.
fn count_on<const N: usize>(edges: &[f64; N], values: &[f64], counts: &mut [u64]) {
    const LANES: usize = 8;
    let mut chunks = values.chunks_exact(LANES);
    for chunk in chunks.by_ref() {
        let mut below = [0usize; LANES];
        let mut half = N / 2;
        while half > 0 {
            for (below, value) in below.iter_mut().zip(chunk) {
                *below += half * usize::from(edges[(*below + half - 1) & (N - 1)] < *value);
            }
            half /= 2;
        }
        for (below, value) in below.iter().zip(chunk) {
            counts[2 * below + usize::from(edges[below & (N - 1)] == *value)] += 1;
        }
    }
    for value in chunks.remainder() {
        let below = edges.partition_point(|edge| edge < value);
        counts[2 * below + usize::from(edges[below & (N - 1)] == *value)] += 1;
    }
}

/// A value strictly between `low` and `high` (or `low`, where they are equal).
fn inside(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if low == high {
        low
    } else if low < middle && middle < high {
        middle
    } else {
        low.next_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_values_are_atoms() {
        let points = WeightedPoints::from_values(vec![0.0, 1.0, 1.0, 3.0]);
        let grid = Grid::propose(&points);
        let mut counts = vec![0; grid.n_cells()];
        grid.count(&[0.0, 1.0, 1.0, 3.0, 0.0, 1.0, 1.0, 3.0, 1.0], &mut counts);
        let read = grid.read_out(&counts, 0.0, 3.0);
        assert_eq!((read.values, read.weights), (vec![0.0, 1.0, 3.0], vec![2, 5, 2]));
    }

    #[test]
    fn a_gap_of_a_large_baseline_holds_a_thousandth() {
        let values: Vec<f64> = (0..100_000)
            .map(|i| f64::from(i * 7919 % 100_000).sqrt())
            .collect();
        let grid = Grid::propose(&WeightedPoints::from_values(values.clone()));
        assert!(grid.edges().len() <= MAX_EDGES);
        let mut counts = vec![0; grid.n_cells()];
        grid.count(&values, &mut counts);
        assert_eq!(counts.iter().sum::<u64>(), 100_000);
        assert!(counts.iter().all(|&c| c <= 100), "{:?}", counts.iter().max());
    }

    proptest! {
        #[test]
        fn lanes_agree_with_the_definition(
            edges in prop::collection::vec(-50i32..50, 0..40),
            values in prop::collection::vec(-60i32..60, 0..100),
        ) {
            let grid = Grid::from_edges(edges.into_iter().map(f64::from));
            let values: Vec<f64> = values.into_iter().map(|v| f64::from(v) / 2.0).collect();
            let mut counts = vec![0u64; grid.n_cells()];
            grid.count(&values, &mut counts);
            let mut expected = vec![0u64; grid.n_cells()];
            for v in &values {
                let below = grid.edges().iter().filter(|e| *e < v).count();
                expected[2 * below + usize::from(grid.edges().contains(v))] += 1;
            }
            prop_assert_eq!(&counts, &expected);
            if let (Some(min), Some(max)) = (
                values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max)
            ) {
                let points = grid.read_out(&counts, min, max);
                prop_assert_eq!(points.n(), values.len() as u64);
                prop_assert!(points.values.windows(2).all(|w| w[0] < w[1]));
            }
        }
    }
}
