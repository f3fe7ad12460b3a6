//! What becomes of decoded rows: a profile, or counts of another kind.
//!
//! Does not read, decode or drop rows.

use crate::error::EngineError;
use crate::table::{ProfileSink, TableObject};
use baselines::profile::column::Scratch;
use baselines::profile::{ColumnPlan, PlanKind, Profile};
use baselines::summary::{DatasetSummary, Distinct, Position};
use baselines::view::CellClass;
use capture::batch::{ColumnBatch, ExtraColumn};
use std::sync::Arc;

/// Rows of one chunk, without those that are not taken in.
pub struct Rows<'a> {
    /// Their cells.
    pub batch: &'a ColumnBatch,
    /// The second of each row, where [`Tally::WANTS_SECONDS`]; else empty.
    pub seconds: &'a [Option<i64>],
    /// Index of their object.
    pub object_idx: u32,
    /// Line of the object at which the chunk begins.
    pub first_line: u64,
}

/// Counts rows; one per worker. A tally is a function of the multiset of rows it has seen, so that merging in any order
/// gives the same.
pub trait Tally: Send + Sized + 'static {
    /// Whether rows come with their seconds.
    const WANTS_SECONDS: bool;

    /// Takes the rows of a chunk in.
    fn take(&mut self, rows: &Rows<'_>);

    /// Takes a Parquet object in; gives its number of rows.
    fn take_parquet(&mut self, table: &TableObject<'_>) -> Result<u64, EngineError>;

    /// Adds what `other` has seen.
    fn merge(&mut self, other: Self);
}

/// Whether a column without a plan has a cell among the rows: what only records that were refused or dropped had, or what
/// is null, is no column.
pub(crate) fn has_cells(extra: &ExtraColumn) -> bool {
    let classes = extra.cells.view().classes;
    classes
        .iter()
        .any(|class| !matches!(class, CellClass::Missing | CellClass::Absent))
}

/// Profiles of all columns.
pub(crate) struct ProfileTally {
    plans: Arc<[ColumnPlan]>,
    only_planned: bool,
    profile: Profile,
    scratch: Scratch,
}

impl ProfileTally {
    pub(crate) fn new(plans: Arc<[ColumnPlan]>, only_planned: bool) -> Self {
        Self {
            profile: Profile::new(&plans),
            scratch: Scratch::default(),
            plans,
            only_planned,
        }
    }

    /// The state itself.
    pub(crate) fn into_profile(self) -> Profile {
        self.profile
    }

    /// The statistics, and how many columns had no room.
    pub(crate) fn finish(self) -> (DatasetSummary, Distinct) {
        let n_dropped = self.profile.n_dropped_columns();
        (self.profile.finish(), n_dropped)
    }
}

impl Tally for ProfileTally {
    const WANTS_SECONDS: bool = false;

    fn take(&mut self, rows: &Rows<'_>) {
        let Self { profile, scratch, .. } = self;
        let batch = rows.batch;
        let lines = batch.lines();
        let position = |row: usize| Position {
            object_idx: rows.object_idx,
            line: rows.first_line + u64::from(lines[row]),
        };
        profile.add_rows(batch.n_rows() as u64);
        for (idx, cells) in batch.planned().iter().enumerate() {
            profile.update_planned(idx, &cells.view(), position, scratch);
        }
        for extra in batch.extra().iter().filter(|extra| has_cells(extra)) {
            let plan = || ColumnPlan::unknown(&extra.name, PlanKind::Undetermined);
            profile.update_extra(&extra.name, plan, &extra.cells.view(), position, scratch);
        }
    }

    fn take_parquet(&mut self, table: &TableObject<'_>) -> Result<u64, EngineError> {
        let mut sink = ProfileSink {
            profile: &mut self.profile,
            scratch: &mut self.scratch,
        };
        let n_rows = table.read(&self.plans, self.only_planned, &mut sink)?;
        self.profile.add_rows(n_rows);
        Ok(n_rows)
    }

    fn merge(&mut self, other: Self) {
        self.profile.merge(other.profile);
    }
}
