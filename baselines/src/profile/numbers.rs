//! The finite numbers of a column: as they are while they are few, on the frozen grid when they are many.
//!
//! Does not know what the grid means for a distance; `compare` reads the points and their extents.

use super::grid::Grid;
use crate::summary::WeightedPoints;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long numbers are kept as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExactUntil {
    /// Until there are more than this many numbers. For windows: cheap, and low-cardinality columns lose nothing on
    /// the grid, whose atoms are their values.
    Numbers(usize),
    /// Until there are more than this many distinct numbers. For baselines, whose grid is not known yet.
    Distinct(usize),
}

/// Numbers of a column; merge is exact because the state depends only on how many and which numbers came.
///
/// Written down, it is the state alone: a state that was read can be merged into one with the grid, and nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Numbers {
    #[serde(skip)]
    grid: Arc<Grid>,
    #[serde(skip, default = "for_ever")]
    exact_until: ExactUntil,
    state: State,
}

fn for_ever() -> ExactUntil {
    ExactUntil::Distinct(usize::MAX)
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum State {
    /// Every number: some as ascending (value, count), the newest as they came.
    Exact {
        points: Vec<(f64, u64)>,
        newest: Vec<f64>,
    },
    /// Counts per grid cell.
    Counts(Vec<u64>),
}

impl Numbers {
    /// Keeps numbers as they are as long as `exact_until` says, then counts them on `grid`.
    pub fn new(grid: Arc<Grid>, exact_until: ExactUntil) -> Self {
        Self {
            grid,
            exact_until,
            state: State::Exact {
                points: Vec::new(),
                newest: Vec::new(),
            },
        }
    }

    /// Adds finite numbers.
    pub fn add_all(&mut self, numbers: &[f64]) {
        match &mut self.state {
            State::Counts(counts) => self.grid.count(numbers, counts),
            State::Exact { newest, .. } => match self.exact_until {
                ExactUntil::Numbers(limit) if newest.len() + numbers.len() > limit => {
                    self.spill();
                    self.add_all(numbers);
                }
                ExactUntil::Numbers(_) => newest.extend_from_slice(numbers),
                ExactUntil::Distinct(limit) => {
                    newest.extend_from_slice(numbers);
                    if newest.len() >= limit.max(1 << 12) {
                        self.compact();
                    }
                }
            },
        }
    }

    /// Sorts the newest numbers in, and spills if there are too many distinct ones.
    fn compact(&mut self) {
        let State::Exact { points, newest } = &mut self.state else {
            return;
        };
        let fresh = WeightedPoints::from_values(std::mem::take(newest));
        let fresh: Vec<(f64, u64)> = fresh.values.into_iter().zip(fresh.weights).collect();
        merge_points(points, &fresh);
        self.spill_if_too_distinct();
    }

    fn spill_if_too_distinct(&mut self) {
        if let (State::Exact { points, .. }, ExactUntil::Distinct(limit)) = (&self.state, self.exact_until)
            && points.len() > limit
        {
            self.spill();
        }
    }

    /// Moves to the grid.
    fn spill(&mut self) {
        let State::Exact { points, newest } = &self.state else {
            return;
        };
        let mut counts = vec![0; self.grid.n_cells()];
        self.grid.count(newest, &mut counts);
        for (value, weight) in points {
            counts[self.grid.cell_of(*value)] += weight;
        }
        self.state = State::Counts(counts);
    }

    /// Whether a state that was read fits this one's grid.
    pub(super) fn accepts(&self, read: &Self) -> bool {
        match &read.state {
            State::Counts(counts) => counts.len() == self.grid.n_cells(),
            State::Exact { points, newest } => {
                let ascending = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
                let finite = points.iter().map(|(value, _)| value).chain(newest);
                ascending && finite.into_iter().all(|value| value.is_finite())
            }
        }
    }

    /// Adds what `other`, of the same plan, has seen.
    pub fn merge(&mut self, other: &Self) {
        match &other.state {
            State::Exact {
                points: theirs,
                newest,
            } => {
                self.add_all(newest);
                match &mut self.state {
                    State::Exact { points, .. } => {
                        merge_points(points, theirs);
                        self.spill_if_too_distinct();
                    }
                    State::Counts(counts) => {
                        for (value, weight) in theirs {
                            counts[self.grid.cell_of(*value)] += weight;
                        }
                    }
                }
            }
            State::Counts(theirs) => {
                self.spill();
                if let State::Counts(ours) = &mut self.state {
                    ours.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
                }
            }
        }
    }

    /// The numbers as weighted points; `min` and `max` are those of all the numbers.
    pub fn finish(mut self, min: f64, max: f64) -> WeightedPoints {
        if matches!(self.state, State::Exact { .. }) {
            self.compact();
        }
        match self.state {
            State::Counts(counts) => self.grid.read_out(&counts, min, max),
            State::Exact { points, .. } => {
                let (values, weights) = points.into_iter().unzip();
                WeightedPoints {
                    values,
                    weights,
                    extents: None,
                }
            }
        }
    }
}

/// Adds ascending `more` to ascending `points`.
fn merge_points(points: &mut Vec<(f64, u64)>, more: &[(f64, u64)]) {
    if points.is_empty() {
        points.extend_from_slice(more);
        return;
    }
    let ours = std::mem::take(points);
    points.reserve(ours.len() + more.len());
    let (mut left, mut right) = (ours.iter().peekable(), more.iter().peekable());
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        let (value, weight) = if l.0 < r.0 {
            (l.0, l.1)
        } else if r.0 < l.0 {
            (r.0, r.1)
        } else {
            (l.0, l.1 + r.1)
        };
        if l.0 == value {
            left.next();
        }
        if right.peek().is_some_and(|r| r.0 == value) {
            right.next();
        }
        points.push((value, weight));
    }
    points.extend(left);
    points.extend(right);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn merge_is_concatenation(
            values in prop::collection::vec(-20i32..20, 0..60), cut in 0usize..60, limit in 0usize..40, distinct: bool,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let grid = Arc::new(Grid::from_edges([-5.0, 0.0, 5.0]));
            let until = if distinct { ExactUntil::Distinct(limit) } else { ExactUntil::Numbers(limit) };
            let of = |part: &[f64]| { let mut n = Numbers::new(grid.clone(), until); n.add_all(part); n };
            let cut = cut.min(values.len());
            let mut merged = of(&values[cut..]);
            merged.merge(&of(&values[..cut]));
            let whole = of(&values).finish(-20.0, 20.0);
            prop_assert_eq!(&merged.finish(-20.0, 20.0), &whole);
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            sorted.dedup();
            let n = if distinct { sorted.len() } else { values.len() };
            prop_assert_eq!(whole.is_exact(), n <= limit);
        }
    }
}
