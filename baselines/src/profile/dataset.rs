//! The columns of one data set, bundled, with the rows they came from.
//!
//! Does not decode and does not plan: columns it has no plan for arrive with one.

mod exchange;

pub use exchange::ExchangeError;

use super::column::{ColumnProfile, Scratch};
use super::distinct::{DistinctState, hash_text};
use super::plan::ColumnPlan;
use crate::summary::{DatasetSummary, Distinct, Position};
use crate::view::ColumnView;
use std::collections::BTreeMap;

/// Columns without a plan that are profiled; of more, those with the smallest hash of their name are, so that the
/// choice depends on the names alone. JSON whose keys are identifiers would otherwise fill the memory.
pub const MAX_EXTRA_COLUMNS: usize = 10_000;

/// The profile of a data set: one per thread while reading, merged at the end.
#[derive(Debug, Clone)]
pub struct Profile {
    n_rows: u64,
    /// Columns with a plan, in the plan's order.
    planned: Vec<ColumnProfile>,
    /// Columns that turned up in the data, by hash of the name and name: the last is the first to go.
    extra: BTreeMap<(u64, String), ColumnProfile>,
    /// Hashes of the names that had no room.
    dropped: DistinctState,
}

impl Profile {
    /// An empty profile of the planned columns.
    pub fn new(plans: &[ColumnPlan]) -> Self {
        Self {
            n_rows: 0,
            planned: plans.iter().map(ColumnProfile::new).collect(),
            extra: BTreeMap::new(),
            dropped: DistinctState::default(),
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
        let key = (hash_text(name.as_bytes()), name.to_owned());
        if !self.extra.contains_key(&key) {
            if self.is_full() && self.extra.last_key_value().is_some_and(|(last, _)| *last < key) {
                return self.dropped.add_all([key.0]);
            }
            self.extra.insert(key.clone(), ColumnProfile::new(&plan()));
            self.drop_last();
        }
        if let Some(column) = self.extra.get_mut(&key) {
            column.update(view, position_of, scratch);
        }
    }

    fn is_full(&self) -> bool {
        self.extra.len() >= MAX_EXTRA_COLUMNS
    }

    /// Makes room again. What goes is not among the smallest hashes of what was seen here, so nowhere else either:
    /// the columns that stay are whole.
    fn drop_last(&mut self) {
        while self.extra.len() > MAX_EXTRA_COLUMNS {
            if let Some(((hash, _), _)) = self.extra.pop_last() {
                self.dropped.add_all([hash]);
            }
        }
    }

    /// Columns without a plan that were not profiled because there were more than [`MAX_EXTRA_COLUMNS`].
    pub fn n_dropped_columns(&self) -> Distinct {
        self.dropped.finish()
    }

    /// Adds what `other`, of the same plans, has seen.
    pub fn merge(&mut self, other: Self) {
        self.n_rows += other.n_rows;
        for (ours, theirs) in self.planned.iter_mut().zip(&other.planned) {
            ours.merge(theirs);
        }
        for (key, theirs) in other.extra {
            match self.extra.entry(key) {
                std::collections::btree_map::Entry::Occupied(mut ours) => ours.get_mut().merge(&theirs),
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(theirs);
                }
            }
        }
        self.dropped.merge(&other.dropped);
        self.drop_last();
    }

    /// Rows seen.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// The finished statistics: planned columns first, then the others by name. A column without a plan that some
    /// rows did not name was missing in those.
    pub fn finish(self) -> DatasetSummary {
        let n_rows = self.n_rows;
        let mut extra: Vec<_> = self
            .extra
            .into_iter()
            .map(|((_, name), column)| (name, column))
            .collect();
        extra.sort_by(|(a, _), (b, _)| a.cmp(b));
        let extra = extra.into_iter().map(|(_, mut column)| {
            column.add_missing(n_rows.saturating_sub(column.n_cells()));
            column.forget_missing_places();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::PlanKind;
    use crate::view::CellClass;

    fn see(profile: &mut Profile, names: impl IntoIterator<Item = usize>) {
        let mut scratch = Scratch::default();
        let view = ColumnView {
            classes: &[CellClass::Missing],
            numbers: &[0.0],
            texts: Some(crate::view::TextView {
                bytes: &[],
                ends: &[0],
            }),
        };
        for name in names {
            let name = format!("customer-{name}");
            let plan = || ColumnPlan::unknown(&name, PlanKind::Categorical);
            profile.add_rows(1);
            profile.update_extra(
                &name,
                plan,
                &view,
                |_| Position {
                    object_idx: 0,
                    line: 1,
                },
                &mut scratch,
            );
        }
    }

    /// A fault of session 1: the cap held per chunk only, and keys that are identifiers filled the memory.
    #[test]
    fn columns_without_a_plan_are_capped_the_same_in_any_order() {
        let n = MAX_EXTRA_COLUMNS + 300;
        let mut forwards = Profile::new(&[]);
        see(&mut forwards, 0..n);
        let mut merged = Profile::new(&[]);
        see(&mut merged, (n / 3..n).rev());
        let mut first = Profile::new(&[]);
        see(&mut first, 0..n / 3);
        merged.merge(first);
        for profile in [&forwards, &merged] {
            assert_eq!(profile.n_dropped_columns(), Distinct::Exact(300));
        }
        let (forwards, merged) = (forwards.finish(), merged.finish());
        assert_eq!(forwards.columns.len(), MAX_EXTRA_COLUMNS);
        assert_eq!(forwards, merged);
    }
}
