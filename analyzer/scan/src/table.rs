//! What the scan asks of whoever reads Parquet tables.
//!
//! The engine reads them with polars and hands its reader in; a function that only reads captured lines links none and
//! hands [`NoParquet`] in. Does not read a table.

use crate::error::{EngineError, ErrorKind};
use baselines::profile::column::Scratch;
use baselines::profile::{ColumnPlan, PlanKind, Profile};
use baselines::summary::Position;
use baselines::view::ColumnView;
use bytes::Bytes;
use std::fmt::Debug;

/// Takes the cells of a Parquet object, column by column, rows in order within a column.
pub trait CellSink {
    /// Cells of the planned column `idx`.
    fn planned(&mut self, idx: usize, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position);
    /// Cells of a column without a plan.
    fn extra(&mut self, name: &str, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position);
}

/// Reads Parquet tables.
pub trait ParquetReader: Debug + Send + Sync {
    /// Column names of the object, in its order, nested columns flattened. `key` names it in errors.
    fn column_names(&self, bytes: &Bytes, key: &str) -> Result<Vec<String>, EngineError>;

    /// Hands the cells of an object to `sink`; gives the number of rows. Columns are matched with `plans` by name; the
    /// others are extra, and not even decoded where `only_planned`. A planned column the object lacks is missing in each
    /// row. The line of a [`Position`] is the row's number in the object, from 1.
    fn read(
        &self,
        table: &TableObject<'_>,
        plans: &[ColumnPlan],
        only_planned: bool,
        sink: &mut dyn CellSink,
    ) -> Result<u64, EngineError>;
}

/// A Parquet object and its reader.
#[derive(Debug, Clone, Copy)]
pub struct TableObject<'a> {
    /// Who reads it.
    pub reader: &'a dyn ParquetReader,
    /// The object.
    pub bytes: &'a Bytes,
    /// Names it in errors.
    pub key: &'a str,
    /// Its index, for positions.
    pub object_idx: u32,
}

impl TableObject<'_> {
    /// [`ParquetReader::read`].
    pub fn read(
        &self,
        plans: &[ColumnPlan],
        only_planned: bool,
        sink: &mut dyn CellSink,
    ) -> Result<u64, EngineError> {
        self.reader.read(self, plans, only_planned, sink)
    }
}

/// Puts cells into a profile. Rows are not counted: a table's columns come one after the other.
#[derive(Debug)]
pub struct ProfileSink<'a> {
    /// The profile.
    pub profile: &'a mut Profile,
    /// Its scratch memory.
    pub scratch: &'a mut Scratch,
}

impl CellSink for ProfileSink<'_> {
    fn planned(&mut self, idx: usize, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position) {
        self.profile.update_planned(idx, cells, position_of, self.scratch);
    }

    fn extra(&mut self, name: &str, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position) {
        let plan = || ColumnPlan::unknown(name, PlanKind::Undetermined);
        self.profile
            .update_extra(name, plan, cells, position_of, self.scratch);
    }
}

/// Refuses every table.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoParquet;

fn refused(key: &str) -> EngineError {
    EngineError::new(
        ErrorKind::Usage,
        format!("{key} is a Parquet table, and only captured lines are read here"),
    )
    .with_hint("analyze tables with `driftline analyze`")
}

impl ParquetReader for NoParquet {
    fn column_names(&self, _bytes: &Bytes, key: &str) -> Result<Vec<String>, EngineError> {
        Err(refused(key))
    }

    fn read(
        &self,
        table: &TableObject<'_>,
        _plans: &[ColumnPlan],
        _only_planned: bool,
        _sink: &mut dyn CellSink,
    ) -> Result<u64, EngineError> {
        Err(refused(table.key))
    }
}
