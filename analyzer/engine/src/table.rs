//! Parquet objects as tables of cells: training tables for a baseline, and windows of batch jobs.
//!
//! Row group by row group and column by column, in windows of rows, so that memory stays bounded by the object and
//! one decoded window of one column. Columns of structs and lists become flat ones (`[flatten]`): `address.city`,
//! `embedding.0`. A type that has no cells (maps, raw bytes) is refused by name, never passed over.
//!
//! The only module that names polars, and of polars only its Parquet decoder (`polars-parquet`, `polars-arrow`): no
//! frame is built, because a profile wants one column at a time. Does not know storage, schemas or what is normal.

mod cells;
pub(crate) mod columns;
mod flatten;
mod object;
mod series;
#[cfg(test)]
mod tests;
mod time;

pub use series::read_column;

use crate::error::{EngineError, ErrorKind};
use ::scan::table::{ParquetReader, TableObject};
use baselines::profile::column::Scratch;
use baselines::profile::{ColumnPlan, PlanKind, Profile};
use baselines::summary::Position;
use baselines::view::ColumnView;
use bytes::Bytes;
use cells::Cells;
use flatten::{Leaf, Wanted, flatten};
use object::{ColumnWindow, Object};
use polars_arrow::datatypes::Field;
use std::collections::{BTreeMap, HashMap};

/// Rows whose cells are handed to the profile at a time.
const ROWS_PER_BATCH: usize = 65_536;

/// Whether an object that starts with `head` is Parquet (format specification, "File format": the magic number
/// `PAR1`). Files with an encrypted footer start with `PARE` and are not.
pub fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

/// Column names of the Parquet object `key`, in its order, nested columns flattened.
///
/// The widths of lists are not in a Parquet schema, so columns of lists are read for them. Columns of a type that
/// cannot be profiled are listed under their own name: it is [`profile_parquet`] that refuses them.
pub fn column_names(bytes: &Bytes, key: &str) -> Result<Vec<String>, EngineError> {
    let object = Object::open(bytes, key)?;
    let mut names = Vec::new();
    for (idx, field) in object.fields().iter().enumerate() {
        if !flatten::has_lists(&field.dtype) {
            names.extend(flatten::fixed_names(field));
            continue;
        }
        let mut found: BTreeMap<Vec<usize>, String> = BTreeMap::new();
        for group in 0..object.n_groups() {
            object.for_each_window(group, idx, |window| {
                let mut rows = Vec::new();
                for (_, batch) in batches(window.array.len(), &mut rows) {
                    flatten(field, &*window.array, batch, &Wanted::Everything, &mut |leaf| {
                        if !found.contains_key(leaf.path) {
                            found.insert(leaf.path.to_vec(), leaf.name.to_owned());
                        }
                        Ok(())
                    })?;
                }
                Ok(())
            })?;
        }
        names.extend(found.into_values());
    }
    Ok(names)
}

/// Profiles the rows of a Parquet object into `profile`; gives the number of rows.
///
/// Columns are matched with `plans` by name. The others become extra columns, unless `only_planned`: then they are
/// not even decoded. A planned column that the object lacks is missing in each of its rows. The line of a
/// [`Position`] is the row's number in the object, from 1. `key` names the object in errors.
///
/// Cells: integers are `Integral`; floats and decimals `Fractional`, also where they are whole; text and categories
/// what [`capture::cell::classify`] makes of them, as in CSV; dates and times ISO 8601 text, instants RFC 3339. A
/// 32-bit float counts as the double that equals it.
///
/// After an error `profile` holds some of the object's cells and is of no further use.
pub fn profile_parquet(
    bytes: &Bytes,
    key: &str,
    object_idx: u32,
    plans: &[ColumnPlan],
    only_planned: bool,
    profile: &mut Profile,
    scratch: &mut Scratch,
) -> Result<u64, EngineError> {
    let mut sink = ProfileSink { profile, scratch };
    let table = TableObject {
        reader: &Polars,
        bytes,
        key,
        object_idx,
    };
    let n_rows = read_parquet(&table, plans, only_planned, &mut sink)?;
    sink.profile.add_rows(n_rows);
    Ok(n_rows)
}

pub(crate) use ::scan::table::CellSink;
use ::scan::table::ProfileSink;

/// The engine's reader of Parquet tables, for the scan.
#[derive(Debug, Clone, Copy)]
pub struct Polars;

impl ParquetReader for Polars {
    fn column_names(&self, bytes: &Bytes, key: &str) -> Result<Vec<String>, EngineError> {
        column_names(bytes, key)
    }

    fn read(
        &self,
        table: &TableObject<'_>,
        plans: &[ColumnPlan],
        only_planned: bool,
        sink: &mut dyn CellSink,
    ) -> Result<u64, EngineError> {
        read_parquet(table, plans, only_planned, sink)
    }
}

/// Reads a Parquet object into `sink` as [`profile_parquet`] does into a profile; gives the number of rows.
fn read_parquet(
    table: &TableObject<'_>,
    plans: &[ColumnPlan],
    only_planned: bool,
    sink: &mut dyn CellSink,
) -> Result<u64, EngineError> {
    let TableObject {
        bytes,
        key,
        object_idx,
        ..
    } = *table;
    let object = Object::open(bytes, key)?;
    let wanted = if only_planned {
        Wanted::names(plans.iter().map(|plan| plan.name.as_str()))
    } else {
        Wanted::Everything
    };
    let mut feed = Feed {
        key,
        object_idx,
        plans,
        sink,
        cells: Cells::default(),
        owners: HashMap::new(),
    };
    let mut rows = Vec::new();
    let owners = plan_owners(plans, object.fields());
    let mut first_row = 0;
    for group in 0..object.n_groups() {
        for (idx, field) in object.fields().iter().enumerate() {
            if !wanted.has(&field.name) {
                continue;
            }
            if let Some(what) = flatten::unreadable(&field.dtype) {
                return Err(unreadable(key, &field.name, what));
            }
            object.for_each_window(group, idx, |window| {
                let ColumnWindow {
                    array,
                    first_row_in_group,
                } = window;
                for (start, batch) in batches(array.len(), &mut rows) {
                    let line = first_row + (first_row_in_group + start) as u64 + 1;
                    let mut fed = Vec::new();
                    flatten(field, &**array, batch, &wanted, &mut |leaf| {
                        feed.feed(idx, leaf, line, &mut fed)
                    })?;
                    let lacking =
                        (0..plans.len()).filter(|plan| owners[*plan] == Some(idx) && !fed.contains(plan));
                    for plan in lacking {
                        feed.feed_missing(plan, line, batch.len());
                    }
                }
                Ok(())
            })?;
        }
        let n_rows = object.group_rows(group)?;
        for plan in (0..plans.len()).filter(|plan| owners[*plan].is_none()) {
            for start in (0..n_rows).step_by(ROWS_PER_BATCH) {
                let n = ROWS_PER_BATCH.min(n_rows - start);
                feed.feed_missing(plan, first_row + start as u64 + 1, n);
            }
        }
        first_row += n_rows as u64;
    }
    if first_row == 0 {
        feed.feed_empty(object.fields(), &wanted)?;
    }
    Ok(first_row)
}

/// Reads the columns `names` of a Parquet object as cells with text: `each(index into names, cells)`, in row order for
/// each name; a name the object lacks has missing cells. Gives the number of rows. Errors as [`profile_parquet`].
pub fn read_columns(
    bytes: &Bytes,
    key: &str,
    names: &[&str],
    each: &mut dyn FnMut(usize, &ColumnView<'_>),
) -> Result<u64, EngineError> {
    let object = Object::open(bytes, key)?;
    let wanted = Wanted::names(names.iter().copied());
    let plans: Vec<ColumnPlan> = names
        .iter()
        .map(|name| ColumnPlan::unknown(*name, PlanKind::Undetermined))
        .collect();
    let owners = plan_owners(&plans, object.fields());
    let (mut cells, mut rows, mut n_rows) = (Cells::default(), Vec::new(), 0);
    for group in 0..object.n_groups() {
        for (idx, field) in object.fields().iter().enumerate() {
            if !wanted.has(&field.name) {
                continue;
            }
            if let Some(what) = flatten::unreadable(&field.dtype) {
                return Err(unreadable(key, &field.name, what));
            }
            object.for_each_window(group, idx, |window| {
                for (_, batch) in batches(window.array.len(), &mut rows) {
                    let mut fed = Vec::new();
                    flatten(field, &*window.array, batch, &wanted, &mut |leaf| {
                        let found = names.iter().position(|name| *name == leaf.name);
                        let Some(name) = found.filter(|name| owners[*name] == Some(idx)) else {
                            return Ok(());
                        };
                        cells
                            .fill(leaf.array, leaf.rows, true)
                            .map_err(|fault| unfit(key, leaf.name, &fault))?;
                        each(name, &cells.view());
                        fed.push(name);
                        Ok(())
                    })?;
                    for name in (0..names.len()).filter(|n| owners[*n] == Some(idx) && !fed.contains(n)) {
                        cells.fill_missing(batch.len());
                        each(name, &cells.view());
                    }
                }
                Ok(())
            })?;
        }
        let n = object.group_rows(group)?;
        for name in (0..names.len()).filter(|name| owners[*name].is_none()) {
            for start in (0..n).step_by(ROWS_PER_BATCH) {
                cells.fill_missing(ROWS_PER_BATCH.min(n - start));
                each(name, &cells.view());
            }
        }
        n_rows += n as u64;
    }
    Ok(n_rows)
}

/// `0..n` in batches: the first row of each, and its rows.
fn batches(n: usize, rows: &mut Vec<usize>) -> impl Iterator<Item = (usize, &[usize])> {
    rows.clear();
    rows.extend(0..n);
    rows.chunks(ROWS_PER_BATCH)
        .enumerate()
        .map(|(idx, batch)| (idx * ROWS_PER_BATCH, batch))
}

/// Which of the object's columns each plan's cells come from.
fn plan_owners(plans: &[ColumnPlan], fields: &[Field]) -> Vec<Option<usize>> {
    let below = |name: &str, field: &Field| {
        name.strip_prefix(&*field.name)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    let owner = |plan: &ColumnPlan| {
        let exact = fields
            .iter()
            .position(|field| *field.name == *plan.name && !flatten::is_nested(&field.dtype));
        exact.or_else(|| {
            fields
                .iter()
                .position(|field| flatten::is_nested(&field.dtype) && below(&plan.name, field))
        })
    };
    plans.iter().map(owner).collect()
}

/// Where decoded cells go.
struct Feed<'a> {
    key: &'a str,
    object_idx: u32,
    plans: &'a [ColumnPlan],
    sink: &'a mut dyn CellSink,
    cells: Cells,
    /// By the name of a flat column: the column of the object it came from, and its plan.
    owners: HashMap<String, (usize, Option<usize>)>,
}

impl Feed<'_> {
    /// Profiles the cells of `leaf`, whose first row has the number `line`.
    fn feed(
        &mut self,
        field: usize,
        leaf: &Leaf<'_>,
        line: u64,
        fed: &mut Vec<usize>,
    ) -> Result<(), EngineError> {
        let plan_idx = self.claim(field, leaf.name)?;
        let needs_text = plan_idx.is_none_or(|idx| self.plans[idx].needs_text());
        self.cells
            .fill(leaf.array, leaf.rows, needs_text)
            .map_err(|fault| unfit(self.key, leaf.name, &fault))?;
        fed.extend(plan_idx);
        let object_idx = self.object_idx;
        let position = |idx: usize| Position {
            object_idx,
            line: line + idx as u64,
        };
        let cells = self.cells.view();
        if let Some(idx) = plan_idx {
            self.sink.planned(idx, &cells, &position);
        } else {
            self.sink.extra(leaf.name, &cells, &position);
        }
        Ok(())
    }

    /// The plan of the flat column `name`, which must not also come from another column than `field`.
    fn claim(&mut self, field: usize, name: &str) -> Result<Option<usize>, EngineError> {
        if let Some((owner, plan)) = self.owners.get(name) {
            return if *owner == field {
                Ok(*plan)
            } else {
                Err(twice(self.key, name))
            };
        }
        let plan = self.plans.iter().position(|plan| plan.name == name);
        self.owners.insert(name.to_owned(), (field, plan));
        Ok(plan)
    }

    fn feed_missing(&mut self, plan: usize, line: u64, n: usize) {
        self.cells.fill_missing(n);
        let object_idx = self.object_idx;
        let position = |idx: usize| Position {
            object_idx,
            line: line + idx as u64,
        };
        self.sink.planned(plan, &self.cells.view(), &position);
    }

    /// Makes the columns of an object without rows known.
    fn feed_empty(&mut self, fields: &[Field], wanted: &Wanted<'_>) -> Result<(), EngineError> {
        let nothing = ColumnView {
            classes: &[],
            numbers: &[],
            texts: None,
        };
        let object_idx = self.object_idx;
        let position = |_| Position { object_idx, line: 0 };
        for (idx, field) in fields.iter().enumerate() {
            if !wanted.has(&field.name) {
                continue;
            }
            if let Some(what) = flatten::unreadable(&field.dtype) {
                return Err(unreadable(self.key, &field.name, what));
            }
            for name in flatten::fixed_names(field) {
                if self.claim(idx, &name)?.is_none() && wanted.has(&name) {
                    self.sink.extra(&name, &nothing, &position);
                }
            }
        }
        Ok(())
    }
}

fn unfit(key: &str, name: &str, fault: &cells::CellFault) -> EngineError {
    EngineError::new(ErrorKind::Usage, format!("column {name} of {key}: {fault}"))
        .with_hint("leave the column out of the table, or store it as numbers or short text")
}

fn twice(key: &str, name: &str) -> EngineError {
    EngineError::new(ErrorKind::Usage, format!("{key} has two columns called {name}"))
        .with_hint("rename one of them")
}

fn unreadable(key: &str, name: &str, what: &str) -> EngineError {
    EngineError::new(
        ErrorKind::Usage,
        format!("column {name} of {key} holds {what}, which cannot be profiled"),
    )
    .with_hint(
        "leave the column out of the table, or store it as numbers, text, dates, structs or lists of these",
    )
}
