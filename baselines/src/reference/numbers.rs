//! Numbers of several windows together: values as they are, or counts on the frozen grid.
//!
//! Does not know categories.

use super::merge::{DistinctBounds, NotMergeable, total};
use crate::profile::Grid;
use crate::profile::exact_sum::{ExactSums, SumScratch};
use crate::summary::{NumericSummary, WeightedPoints};

/// Rows summed one by one, at most; windows keep far fewer as they are.
const MOST_SUMMED: u64 = 1 << 30;

/// Merges the numbers of windows that have some.
pub(super) fn merge(
    parts: &[&NumericSummary],
    grid: &Grid,
) -> Result<(NumericSummary, DistinctBounds), NotMergeable> {
    let n = total(parts.iter().map(|part| part.n))?;
    let min = parts.iter().map(|part| part.min).fold(f64::INFINITY, f64::min);
    let max = parts
        .iter()
        .map(|part| part.max)
        .fold(f64::NEG_INFINITY, f64::max);
    let is_exact = parts.iter().all(|part| part.points.is_exact());
    let points = if is_exact {
        add_values(parts)?
    } else {
        add_cells(parts, grid, min, max)?
    };
    let (sum, mean, std_dev) = if is_exact && n <= MOST_SUMMED {
        exact_moments(&points)
    } else {
        pooled_moments(parts, n)
    };
    let distinct = if is_exact {
        DistinctBounds::exactly(points.values.len() as u64)
    } else {
        DistinctBounds::of_union(parts.iter().map(|part| part.distinct))
    };
    let numeric = NumericSummary {
        n,
        sum,
        mean,
        std_dev,
        min,
        max,
        distinct: distinct.distinct(),
        points,
    };
    let sound = [sum, mean, std_dev, min, max]
        .iter()
        .all(|number| number.is_finite());
    if sound {
        Ok((numeric, distinct))
    } else {
        Err(NotMergeable::Overflow)
    }
}

fn add_values(parts: &[&NumericSummary]) -> Result<WeightedPoints, NotMergeable> {
    let mut all: Vec<(f64, u64)> = parts
        .iter()
        .flat_map(|part| {
            part.points
                .values
                .iter()
                .copied()
                .zip(part.points.weights.iter().copied())
        })
        .collect();
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut points = WeightedPoints::default();
    for (value, weight) in all {
        match (points.values.last(), points.weights.last_mut()) {
            (Some(last), Some(sum)) if *last == value => {
                *sum = total([*sum, weight].into_iter())?;
            }
            _ => {
                points.values.push(value);
                points.weights.push(weight);
            }
        }
    }
    Ok(points)
}

/// Counts of every window on the frozen grid. A cell of another grid is refused: its rows cannot be placed.
fn add_cells(
    parts: &[&NumericSummary],
    grid: &Grid,
    min: f64,
    max: f64,
) -> Result<WeightedPoints, NotMergeable> {
    let mut counts = vec![0u64; grid.n_cells()];
    for part in parts {
        let points = &part.points;
        for (idx, (value, weight)) in points.values.iter().zip(&points.weights).enumerate() {
            let cell = grid.cell_of(*value);
            if let Some(extents) = &points.extents
                && !is_cell(grid, cell, extents[idx], part)
            {
                return Err(NotMergeable::OtherGrid);
            }
            counts[cell] = total([counts[cell], *weight].into_iter())?;
        }
    }
    Ok(grid.read_out(&counts, min, max))
}

/// Whether rows counted in `low..high` were counted in this cell of this grid.
fn is_cell(grid: &Grid, cell: usize, (low, high): (f64, f64), part: &NumericSummary) -> bool {
    let edges = grid.edges();
    if cell % 2 == 1 {
        return low == high;
    }
    let starts = match cell.checked_sub(2) {
        Some(_) => low == edges[cell / 2 - 1],
        None => low == part.min.next_down(),
    };
    let ends = match edges.get(cell / 2) {
        Some(edge) => high == *edge,
        None => high == part.max.next_up(),
    };
    starts && ends
}

/// From exact sums over every row: what a profile of all rows together has.
fn exact_moments(points: &WeightedPoints) -> (f64, f64, f64) {
    let mut sums = ExactSums::default();
    let scratch = &mut SumScratch::default();
    let mut rows = Vec::new();
    for (value, weight) in points.values.iter().zip(&points.weights) {
        let mut left = *weight;
        while left > 0 {
            let n = left.min(1 << 16);
            rows.clear();
            rows.resize(n as usize, *value);
            sums.add_all(&rows, scratch);
            left -= n;
        }
    }
    let n = points.n();
    (
        sums.sum(),
        sums.mean(n).unwrap_or(0.0),
        sums.variance(n).unwrap_or(0.0).sqrt(),
    )
}

/// From the parts' rounded moments: T. F. Chan, G. H. Golub, R. J. LeVeque (1983), equation 2.1, over all parts at
/// once around the common mean.
fn pooled_moments(parts: &[&NumericSummary], n: u64) -> (f64, f64, f64) {
    let sum: f64 = parts.iter().map(|part| part.sum).sum();
    let mean = sum / n as f64;
    let squares: f64 = parts
        .iter()
        .map(|part| {
            let apart = part.mean - mean;
            part.n as f64 * (part.std_dev * part.std_dev + apart * apart)
        })
        .sum();
    (sum, mean, (squares / n as f64).max(0.0).sqrt())
}
