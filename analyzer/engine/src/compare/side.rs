//! One of the two tables, as columns that are taken one by one.
//!
//! Lines are held from the start; flat Parquet columns are decoded when they are taken. Does not know methods.

use super::TableRead;
use crate::error::{EngineError, ErrorKind};
use crate::frame::column::Builder;
use crate::frame::{Keep, Kind, Table, twice};
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::table::columns::ParquetColumns;
use capture::reject::RejectReason;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use store::Location;

/// Where a column is.
enum Place {
    /// Read already; taken once.
    Held(Mutex<Option<Builder>>, Option<Kind>),
    /// A top-level column of the Parquet object.
    Field(usize),
}

/// One table.
pub(super) struct Side<'a> {
    pub(super) n_rows: u64,
    pub(super) rejects_by_reason: BTreeMap<RejectReason, u64>,
    names: Vec<String>,
    /// Names that are there but were not asked for.
    others: BTreeSet<String>,
    places: BTreeMap<String, Place>,
    parquet: Option<ParquetColumns<'a>>,
}

impl<'a> Side<'a> {
    /// Reads what cannot be left where it is.
    pub(super) async fn read(
        table: &'a Table,
        keep: &(dyn Fn(&str) -> Option<Keep> + Sync),
        settings: &ScanSettings,
        progress: &dyn Progress,
    ) -> Result<Self, EngineError> {
        let mut side = Self {
            n_rows: 0,
            rejects_by_reason: BTreeMap::new(),
            names: Vec::new(),
            others: BTreeSet::new(),
            places: BTreeMap::new(),
            parquet: None,
        };
        match table {
            Table::Lines(lines) => {
                let read = lines.read(keep, settings, progress).await?;
                side.n_rows = read.n_rows as u64;
                side.rejects_by_reason = read.rejects_by_reason;
                side.others.extend(read.others);
                for (name, column) in read.columns {
                    side.hold(name, column);
                }
            }
            Table::Parquet(objects) => {
                let [object] = objects.as_slice() else {
                    return Err(EngineError::new(
                        ErrorKind::Internal,
                        "compare was given several objects",
                    ));
                };
                let columns = ParquetColumns::open(&object.bytes, &object.key)?;
                side.n_rows = columns.n_rows() as u64;
                for field in 0..columns.n_fields() {
                    let Some(name) = columns.flat_name(field) else {
                        let by_kind = |name: &str| keep(name).map(|keep| columns.resolve(field, keep));
                        for (name, column) in columns.read(field, &by_kind)? {
                            if side.places.contains_key(&name) {
                                return Err(twice(&object.key, &name));
                            }
                            side.hold(name, column);
                        }
                        continue;
                    };
                    if side.places.contains_key(name) {
                        return Err(twice(&object.key, name));
                    }
                    if keep(name).is_some() {
                        side.names.push(name.to_owned());
                        side.places.insert(name.to_owned(), Place::Field(field));
                    } else {
                        side.others.insert(name.to_owned());
                    }
                }
                side.parquet = Some(columns);
            }
        }
        progress.done();
        Ok(side)
    }

    fn hold(&mut self, name: String, column: Builder) {
        let kind = Kind::of(&column.counts());
        self.names.push(name.clone());
        self.places
            .insert(name, Place::Held(Mutex::new(Some(column)), kind));
    }

    /// Columns asked for that are there, in order.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// All columns that are there.
    pub(super) fn all_names(&self) -> Vec<&str> {
        self.names
            .iter()
            .chain(&self.others)
            .map(String::as_str)
            .collect()
    }

    /// Whether a column was asked for and is there.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The kind of a column as far as it is known without reading it.
    pub(super) fn kind_before_reading(&self, name: &str) -> Option<Kind> {
        match self.places.get(name)? {
            Place::Held(_, kind) => *kind,
            Place::Field(field) => self.parquet.as_ref()?.kind_by_type(*field),
        }
    }

    /// A column; once for each.
    pub(super) fn take(&self, name: &str, keep: Keep) -> Result<Builder, EngineError> {
        let taken = match (self.places.get(name), &self.parquet) {
            (Some(Place::Held(column, _)), _) => column.lock().unwrap_or_else(PoisonError::into_inner).take(),
            (Some(Place::Field(field)), Some(parquet)) => {
                let keep = parquet.resolve(*field, keep);
                parquet
                    .read(*field, &|_| Some(keep))?
                    .pop()
                    .map(|(_, column)| column)
            }
            _ => None,
        };
        taken.ok_or_else(|| EngineError::new(ErrorKind::Internal, format!("column {name} was taken before")))
    }

    /// What there is to say of it at the end.
    pub(super) fn into_read(self, location: &Location) -> TableRead {
        TableRead {
            location: location.to_string(),
            n_rows: self.n_rows,
            rejects_by_reason: self.rejects_by_reason,
        }
    }
}
