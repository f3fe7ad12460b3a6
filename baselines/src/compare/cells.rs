//! Two samples laid over each other: ascending cells with the rows of both sides.
//!
//! A cell is one exact value, or an open interval of which only the row count is known. Does not know any distance.

use super::ks::Supremum;
use super::measurement::NotComputable;
use crate::summary::WeightedPoints;
use std::sync::OnceLock;

/// The rows of both samples at one value (`low == high`) or in one open interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) value: f64,
    pub(crate) baseline: u64,
    pub(crate) current: u64,
}

impl Cell {
    pub(crate) fn is_atom(&self) -> bool {
        self.low == self.high
    }

    /// Whether `next`, which does not start before this cell, shares values with it.
    fn overlaps(&self, next: &Cell) -> bool {
        if self.is_atom() {
            next.is_atom() && next.low == self.low
        } else if next.is_atom() {
            next.low > self.low && next.low < self.high
        } else {
            next.low < self.high
        }
    }

    fn absorb(&mut self, next: &Cell) {
        self.high = self.high.max(next.high);
        self.baseline += next.baseline;
        self.current += next.current;
    }
}

/// Two numeric samples, checked and laid over each other once for all methods.
#[derive(Debug)]
pub struct NumericPair<'a> {
    pub(crate) baseline: &'a WeightedPoints,
    pub(crate) current: &'a WeightedPoints,
    /// Rows of both sides.
    pub(crate) rows: [u64; 2],
    /// The largest difference of their distribution functions: several methods read it.
    pub(crate) supremum: OnceLock<Supremum>,
    cells: Vec<Cell>,
}

impl<'a> NumericPair<'a> {
    /// Lays two samples over each other; refuses malformed ones, not empty ones (nulls alone can be compared).
    ///
    /// Exact values that fall inside an interval of the other side join it, intervals that overlap become one: what
    /// is left is what both sides know, so every bound computed from the cells is rigorous for any pair of grids.
    pub fn new(baseline: &'a WeightedPoints, current: &'a WeightedPoints) -> Result<Self, NotComputable> {
        check(baseline)?;
        check(current)?;
        Ok(Self {
            baseline,
            current,
            rows: [baseline.n(), current.n()],
            supremum: OnceLock::new(),
            cells: if baseline.is_exact() && current.is_exact() {
                merged_atoms(baseline, current)
            } else {
                merged(baseline, current)
            },
        })
    }

    /// Ascending, disjoint cells with the rows of both sides, where both have some.
    pub(crate) fn cells(&self) -> Result<&[Cell], NotComputable> {
        match self.rows {
            [0, _] => Err(NotComputable::EmptyBaseline),
            [_, 0] => Err(NotComputable::EmptyCurrent),
            _ => Ok(&self.cells),
        }
    }

    /// The same where a side may be empty.
    pub(crate) fn cells_of_any(&self) -> &[Cell] {
        &self.cells
    }

    /// Whether a side is counts on a grid.
    pub(crate) fn is_gridded(&self) -> bool {
        !(self.baseline.is_exact() && self.current.is_exact())
    }
}

/// The cells of exact samples: every one is a value.
fn merged_atoms(baseline: &WeightedPoints, current: &WeightedPoints) -> Vec<Cell> {
    let sides = [baseline, current];
    let mut merged = Vec::with_capacity(baseline.values.len() + current.values.len());
    let mut at = [0, 0];
    loop {
        let [left, right] = [0, 1].map(|side| sides[side].values.get(at[side]).copied());
        let (value, takes) = match (left, right) {
            (Some(left), Some(right)) => (left.min(right), [left <= right, right <= left]),
            (Some(left), None) => (left, [true, false]),
            (None, Some(right)) => (right, [false, true]),
            (None, None) => return merged,
        };
        let mut rows = [0, 0];
        for side in [0, 1] {
            if takes[side] {
                rows[side] = sides[side].weights[at[side]];
                at[side] += 1;
            }
        }
        merged.push(Cell {
            low: value,
            high: value,
            value,
            baseline: rows[0],
            current: rows[1],
        });
    }
}

fn merged(baseline: &WeightedPoints, current: &WeightedPoints) -> Vec<Cell> {
    let mut left = cells(baseline, true).peekable();
    let mut right = cells(current, false).peekable();
    let mut merged: Vec<Cell> = Vec::with_capacity(baseline.values.len().max(current.values.len()));
    loop {
        let take_left = match (left.peek(), right.peek()) {
            (Some(l), Some(r)) => (l.low, l.high) <= (r.low, r.high),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return merged,
        };
        let Some(cell) = (if take_left { left.next() } else { right.next() }) else {
            return merged;
        };
        match merged.last_mut() {
            Some(last) if last.overlaps(&cell) => last.absorb(&cell),
            _ => merged.push(cell),
        }
    }
}

/// `points` as far as `extents` lets them be told apart: exact values strictly inside one of its open intervals
/// are counted there, at the interval's representative value; the others stay as they are.
///
/// `extents` are the cells of a grid, ascending and disjoint, each `(low, value, high)`.
pub fn regrid(points: &WeightedPoints, extents: &[(f64, f64, f64)]) -> WeightedPoints {
    let mut result = WeightedPoints {
        extents: Some(Vec::new()),
        ..WeightedPoints::default()
    };
    let known = points.extents.as_deref();
    for (idx, (&value, &weight)) in points.values.iter().zip(&points.weights).enumerate() {
        let own = known
            .and_then(|known| known.get(idx).copied())
            .unwrap_or((value, value));
        let gap_idx = extents.partition_point(|&(_, _, high)| high <= value);
        let (low, at, high) = match extents.get(gap_idx) {
            Some(&(low, at, high)) if low < value && value < high => (low.min(own.0), at, high.max(own.1)),
            _ => (own.0, value, own.1),
        };
        let Some(kept) = result.extents.as_mut() else {
            return result;
        };
        if result.values.last() == Some(&at)
            && let (Some(last), Some(extent)) = (result.weights.last_mut(), kept.last_mut())
        {
            *last += weight;
            *extent = (extent.0.min(low), extent.1.max(high));
        } else {
            result.values.push(at);
            result.weights.push(weight);
            kept.push((low, high));
        }
    }
    result
}

/// Whether the sample keeps the contract of `WeightedPoints`.
pub(crate) fn check(points: &WeightedPoints) -> Result<(), NotComputable> {
    let ascending = points.values.windows(2).all(|pair| pair[0] < pair[1]);
    let finite = points.values.iter().all(|value| value.is_finite());
    let total = points
        .weights
        .iter()
        .try_fold(0u64, |sum, &weight| sum.checked_add(weight));
    let extents_fit = points.extents.as_ref().is_none_or(|extents| {
        extents.len() == points.values.len()
            && extents.iter().zip(&points.values).all(|(&(low, high), &value)| {
                (low == value && value == high) || (low < value && value < high)
            })
            && extents.windows(2).all(|pair| pair[0].1 <= pair[1].0)
    });
    let sound = ascending && finite && extents_fit && points.values.len() == points.weights.len();
    if sound && total.is_some_and(|total| total < 1 << 62) && points.weights.iter().all(|&weight| weight > 0)
    {
        Ok(())
    } else {
        Err(NotComputable::Malformed)
    }
}

fn cells(points: &WeightedPoints, is_baseline: bool) -> impl Iterator<Item = Cell> {
    points
        .values
        .iter()
        .zip(&points.weights)
        .enumerate()
        .map(move |(idx, (&value, &weight))| {
            let (low, high) = points
                .extents
                .as_ref()
                .map_or((value, value), |extents| extents[idx]);
            let (baseline, current) = if is_baseline { (weight, 0) } else { (0, weight) };
            Cell {
                low,
                high,
                value,
                baseline,
                current,
            }
        })
}
