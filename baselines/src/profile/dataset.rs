//! The columns of one data set, bundled, with the rows they came from.
//!
//! Does not decode and does not plan: columns it has no plan for arrive with one.

use super::column::{ColumnProfile, Scratch};
use super::plan::ColumnPlan;
use crate::summary::{DatasetSummary, Position};
use crate::view::ColumnView;
use std::collections::BTreeMap;

/// The profile of a data set: one per thread while reading, merged at the end.
#[derive(Debug, Clone)]
pub struct Profile {
    n_rows: u64,
    /// Columns with a plan, in the plan's order.
    planned: Vec<ColumnProfile>,
    /// Columns that turned up in the data, by name.
    extra: BTreeMap<String, ColumnProfile>,
}

impl Profile {
    /// An empty profile of the planned columns.
    pub fn new(plans: &[ColumnPlan]) -> Self {
        Self {
            n_rows: 0,
            planned: plans.iter().map(ColumnProfile::new).collect(),
            extra: BTreeMap::new(),
        }
    }

    /// Counts rows; their cells come column by column.
    pub fn add_rows(&mut self, n: u64) {
        self.n_rows += n;
    }

    /// Adds cells of the planned column `idx`.
    pub fn update_planned(
        &mut self,
        idx: usize,
        view: &ColumnView<'_>,
        position_of: impl Fn(usize) -> Position,
        scratch: &mut Scratch,
    ) {
        if let Some(column) = self.planned.get_mut(idx) {
            column.update(view, position_of, scratch);
        }
    }

    /// Adds cells of a column without a plan; `plan` is used the first time.
    pub fn update_extra(
        &mut self,
        name: &str,
        plan: impl FnOnce() -> ColumnPlan,
        view: &ColumnView<'_>,
        position_of: impl Fn(usize) -> Position,
        scratch: &mut Scratch,
    ) {
        if !self.extra.contains_key(name) {
            self.extra.insert(name.to_owned(), ColumnProfile::new(&plan()));
        }
        if let Some(column) = self.extra.get_mut(name) {
            column.update(view, position_of, scratch);
        }
    }

    /// Adds what `other`, of the same plans, has seen.
    pub fn merge(&mut self, other: Self) {
        self.n_rows += other.n_rows;
        for (ours, theirs) in self.planned.iter_mut().zip(&other.planned) {
            ours.merge(theirs);
        }
        for (name, theirs) in other.extra {
            match self.extra.entry(name) {
                std::collections::btree_map::Entry::Occupied(mut ours) => ours.get_mut().merge(&theirs),
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(theirs);
                }
            }
        }
    }

    /// Rows seen.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// The finished statistics: planned columns first, then the others by name. A column without a plan that some
    /// rows did not name was missing in those.
    pub fn finish(self) -> DatasetSummary {
        let n_rows = self.n_rows;
        let extra = self.extra.into_values().map(|mut column| {
            column.add_missing(n_rows.saturating_sub(column.n_cells()));
            column
        });
        let columns = self
            .planned
            .into_iter()
            .chain(extra)
            .map(ColumnProfile::finish)
            .collect();
        DatasetSummary { n_rows, columns }
    }
}
