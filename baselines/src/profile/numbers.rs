//! The finite numbers of a column: as they are while they are few, on the frozen grid when they are many.
//!
//! Does not know what the grid means for a distance; `compare` reads the points and their extents.

use super::grid::Grid;
use crate::summary::WeightedPoints;
use std::sync::Arc;

/// Numbers of a column; merge is exact because the state depends only on how many and which numbers came.
#[derive(Debug, Clone)]
pub struct Numbers {
    grid: Option<Arc<Grid>>,
    exact_limit: usize,
    state: State,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    /// Every number, in any order; at most `exact_limit` of them where there is a grid.
    Values(Vec<f64>),
    /// Counts per grid cell.
    Counts(Vec<u64>),
}

impl Numbers {
    /// Keeps up to `exact_limit` numbers as they are, then counts them on `grid`; without a grid keeps them all.
    pub fn new(grid: Option<Arc<Grid>>, exact_limit: usize) -> Self {
        Self { grid, exact_limit, state: State::Values(Vec::new()) }
    }

    /// Adds finite numbers.
    pub fn add_all(&mut self, numbers: &[f64]) {
        if let State::Values(values) = &mut self.state
            && (self.grid.is_none() || values.len() + numbers.len() <= self.exact_limit)
        {
            values.extend_from_slice(numbers);
            return;
        }
        self.spill(numbers.len());
        if let (State::Counts(counts), Some(grid)) = (&mut self.state, &self.grid) {
            grid.count(numbers, counts);
        }
    }

    /// Moves to the grid if `n_more` numbers would pass the limit.
    fn spill(&mut self, n_more: usize) {
        let State::Values(values) = &self.state else { return };
        let Some(grid) = &self.grid else { return };
        if values.len() + n_more > self.exact_limit {
            let mut counts = vec![0; grid.n_cells()];
            grid.count(values, &mut counts);
            self.state = State::Counts(counts);
        }
    }

    /// Adds what `other`, of the same plan, has seen.
    pub fn merge(&mut self, other: &Self) {
        match &other.state {
            State::Values(values) => self.add_all(values),
            State::Counts(theirs) => {
                self.spill(usize::MAX / 2);
                if let State::Counts(ours) = &mut self.state {
                    ours.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
                }
            }
        }
    }

    /// The numbers as weighted points; `min` and `max` are those of all the numbers.
    pub fn finish(&self, min: f64, max: f64) -> WeightedPoints {
        match (&self.state, &self.grid) {
            (State::Counts(counts), Some(grid)) => grid.read_out(counts, min, max),
            (State::Values(values), _) => WeightedPoints::from_values(values.clone()),
            (State::Counts(_), None) => WeightedPoints::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn merge_is_concatenation(
            values in prop::collection::vec(-20i32..20, 0..60), cut in 0usize..60, limit in 0usize..40,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let grid = Some(Arc::new(Grid::from_edges([-5.0, 0.0, 5.0])));
            let of = |part: &[f64]| { let mut n = Numbers::new(grid.clone(), limit); n.add_all(part); n };
            let cut = cut.min(values.len());
            let mut merged = of(&values[cut..]);
            merged.merge(&of(&values[..cut]));
            prop_assert_eq!(merged.finish(-20.0, 20.0), of(&values).finish(-20.0, 20.0));
            prop_assert_eq!(merged.finish(-20.0, 20.0).is_exact(), values.len() <= limit);
        }
    }
}
