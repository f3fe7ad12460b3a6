//! Columns of a Parquet object as they are, row by row.
//!
//! One column at a time, so that a reader that is done with each before the next holds little more than the object.
//! Does not know what the cells are for.

use super::cells::Cells;
use super::flatten::{self, Wanted, flatten};
use super::object::Object;
use super::{batches, unreadable};
use crate::error::{EngineError, ErrorKind};
use crate::frame::column::{Builder, Keep, Kind};
use bytes::Bytes;
use polars_arrow::datatypes::ArrowDataType;
use std::collections::BTreeMap;

/// A Parquet object whose columns are read one by one, from any thread.
pub(crate) struct ParquetColumns<'a> {
    object: Object<'a>,
    key: &'a str,
    n_rows: usize,
}

impl<'a> ParquetColumns<'a> {
    /// Reads the footer; `key` names the object in errors.
    pub(crate) fn open(bytes: &Bytes, key: &'a str) -> Result<Self, EngineError> {
        let object = Object::open(bytes, key)?;
        let mut n_rows = 0;
        for group in 0..object.n_groups() {
            n_rows += object.group_rows(group)?;
        }
        Ok(Self { object, key, n_rows })
    }

    /// Rows.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Top-level columns.
    pub(crate) fn n_fields(&self) -> usize {
        self.object.fields().len()
    }

    /// The name of a top-level column; `None` where it is flattened into several.
    pub(crate) fn flat_name(&self, field: usize) -> Option<&str> {
        let field = &self.object.fields()[field];
        (!flatten::is_nested(&field.dtype)).then_some(&*field.name)
    }

    /// The kind that the type of a top-level column says; `None` where its texts decide.
    pub(crate) fn kind_by_type(&self, field: usize) -> Option<Kind> {
        use ArrowDataType as T;
        match &self.object.fields()[field].dtype {
            T::Utf8View | T::BinaryView | T::Struct(_) | T::LargeList(_) => None,
            T::Boolean | T::Date32 | T::Time32(_) | T::Time64(_) | T::Timestamp(..) => {
                Some(Kind::Categorical)
            }
            _ => Some(Kind::Numeric),
        }
    }

    /// What to keep of a top-level column, where its kind decides.
    pub(crate) fn resolve(&self, field: usize, keep: Keep) -> Keep {
        match (keep, self.kind_by_type(field)) {
            (Keep::ByKind, kind) => Keep::for_kind(kind),
            (fixed, _) => fixed,
        }
    }

    /// The flat columns of a top-level column, in order; `keep` says what of each, `None` to leave it out.
    pub(crate) fn read(
        &self,
        field: usize,
        keep: &dyn Fn(&str) -> Option<Keep>,
    ) -> Result<Vec<(String, Builder)>, EngineError> {
        let of = &self.object.fields()[field];
        if !flatten::is_nested(&of.dtype) && keep(&of.name).is_none() {
            return Ok(Vec::new());
        }
        if let Some(what) = flatten::unreadable(&of.dtype) {
            return Err(unreadable(self.key, &of.name, what));
        }
        let mut found: BTreeMap<Vec<usize>, (String, Builder)> = BTreeMap::new();
        let mut cells = Cells::default();
        let mut rows = Vec::new();
        let mut first_row = 0;
        for group in 0..self.object.n_groups() {
            self.object.for_each_window(group, field, |window| {
                for (start, batch) in batches(window.array.len(), &mut rows) {
                    let row = first_row + window.first_row_in_group + start;
                    flatten(of, &*window.array, batch, &Wanted::Everything, &mut |leaf| {
                        let (_, builder) = match found.get_mut(leaf.path) {
                            Some(known) => known,
                            None => {
                                let Some(keep) = keep(leaf.name) else {
                                    return Ok(());
                                };
                                let mut builder = Builder::new(keep);
                                builder.reserve(self.n_rows);
                                let fresh = (leaf.name.to_owned(), builder);
                                found.entry(leaf.path.to_vec()).or_insert(fresh)
                            }
                        };
                        builder.push_missing(row.saturating_sub(builder.n_rows()));
                        cells
                            .fill(leaf.array, leaf.rows, builder.keep().has_texts())
                            .map_err(|fault| {
                                EngineError::new(
                                    ErrorKind::Usage,
                                    format!("column {} of {}: {fault}", leaf.name, self.key),
                                )
                                .with_hint(
                                    "leave the column out of the table, or store it as numbers or short text",
                                )
                            })?;
                        builder.push(&cells.view());
                        Ok(())
                    })?;
                }
                Ok(())
            })?;
            first_row += self.object.group_rows(group)?;
        }
        if self.n_rows == 0 {
            let names = flatten::fixed_names(of).into_iter();
            let wanted = names.filter_map(|name| keep(&name).map(|keep| (name, Builder::new(keep))));
            return Ok(wanted.collect());
        }
        let mut columns: Vec<(String, Builder)> = found.into_values().collect();
        for (_, builder) in &mut columns {
            builder.push_missing(self.n_rows - builder.n_rows());
        }
        Ok(columns)
    }
}
