//! Tables as rows: CSV, JSON Lines and Parquet into columns whose cells stand in row order, every value exact.
//!
//! `profile` forgets rows; this is for what needs the values themselves or which of them belong together: exact
//! comparisons, associations, classifiers. Memory holds the columns asked for: 9 bytes a number, 5 a text, and each
//! distinct text once. Does not know captured records (`scan` does, with their duplicates and windows), nor statistics.

pub(crate) mod column;
pub(crate) mod lines;
#[cfg(test)]
mod tests;

pub use column::{Codes, Column, Keep, Kind};

use crate::error::{EngineError, ErrorKind};
use crate::parallel::in_parallel;
use crate::probe::{MAX_PARQUET_BYTES, read_head};
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::sources::{Source, discover};
use crate::table::columns::ParquetColumns;
use crate::table::is_parquet;
use bytes::Bytes;
use capture::reject::RejectReason;
use capture::schema::Schema;
use capture::time::TimeWindow;
use column::Builder;
use lines::Lines;
use std::collections::{BTreeMap, BTreeSet};
use store::{Location, StoreOptions};

/// Which columns of a table are wanted, and what is known of their kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The columns wanted; all without it.
    pub only: Option<BTreeSet<String>>,
    /// Kinds that are declared, by column.
    pub kinds: BTreeMap<String, Kind>,
}

impl Selection {
    /// The columns a schema gives a part in the model: features, outputs and label. Ids and times stay out.
    pub fn of_schema(schema: &Schema) -> Self {
        let mut selection = Self::default();
        let mut only = BTreeSet::new();
        for feature in schema.features.iter().chain(&schema.output_columns()) {
            only.insert(feature.name.clone());
            if let Some(declared) = feature.declared_type {
                let kind = if declared.is_numeric() {
                    Kind::Numeric
                } else {
                    Kind::Categorical
                };
                selection.kinds.insert(feature.name.clone(), kind);
            }
        }
        if let Some(label) = &schema.label {
            only.insert(label.clone());
            let kind = match schema.task.as_deref() {
                Some("regression") => Some(Kind::Numeric),
                Some("binary" | "multiclass") => Some(Kind::Categorical),
                _ => None,
            };
            if let Some(kind) = kind {
                selection.kinds.entry(label.clone()).or_insert(kind);
            }
        }
        selection.only = Some(only);
        selection
    }

    /// What to keep of a column; `None` leaves it out.
    pub fn keep(&self, name: &str) -> Option<Keep> {
        if self.only.as_ref().is_some_and(|only| !only.contains(name)) {
            return None;
        }
        Some(match self.kinds.get(name) {
            Some(Kind::Numeric) => Keep::Numbers,
            Some(Kind::Categorical) => Keep::Texts,
            None => Keep::ByKind,
        })
    }
}

/// A table that was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Rows; every column has as many entries.
    pub n_rows: usize,
    /// Columns, in the table's order.
    pub columns: Vec<Column>,
    /// Lines that could not be read, by reason. They are in no column.
    pub rejects_by_reason: BTreeMap<RejectReason, u64>,
}

impl Rows {
    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Lines that could not be read.
    pub fn n_rejected(&self) -> u64 {
        self.rejects_by_reason.values().sum()
    }
}

/// Reads a table: a `.csv`, `.jsonl` or `.parquet` object, or a folder of objects of one format, in key order.
///
/// Columns of `selection` that the table lacks are not in the answer; a column that only some rows have (JSON keys,
/// Parquet objects of a folder) is missing in the others. Nested values become columns joined with dots.
///
/// Errors: nothing there, an empty or unreadable object, captured records, mixed formats.
pub async fn read_rows(
    location: &Location,
    options: &StoreOptions,
    selection: &Selection,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<Rows, EngineError> {
    let sources = discover(location, options, &TimeWindow::default()).await?.objects;
    let keep = |name: &str| selection.keep(name);
    let (n_rows, columns, rejects_by_reason) = match Table::open(location, sources, progress).await? {
        Table::Lines(lines) => {
            let read = lines.read(&keep, settings, progress).await?;
            (read.n_rows, read.columns, read.rejects_by_reason)
        }
        Table::Parquet(objects) => {
            let (n_rows, columns) = parquet_columns(&objects, &keep, settings)?;
            (n_rows, columns, BTreeMap::new())
        }
    };
    let finish = |(name, builder): (String, Builder)| {
        let declared = selection.kinds.get(&name).copied();
        builder.finish(name, declared)
    };
    Ok(Rows {
        n_rows,
        columns: columns.into_iter().map(finish).collect(),
        rejects_by_reason,
    })
}

/// A Parquet object in memory, and the key that names it in errors.
#[derive(Debug)]
pub(crate) struct ParquetObject {
    pub(crate) bytes: Bytes,
    pub(crate) key: String,
}

/// A table that was looked at.
#[derive(Debug)]
pub(crate) enum Table {
    Lines(Lines),
    Parquet(Vec<ParquetObject>),
}

impl Table {
    /// Looks at what `sources` hold; Parquet objects are fetched.
    pub(crate) async fn open(
        location: &Location,
        sources: Vec<Source>,
        progress: &dyn Progress,
    ) -> Result<Self, EngineError> {
        if sources.is_empty() {
            return Err(EngineError::new(
                ErrorKind::NothingToAnalyse,
                format!("no table at {location}: no objects are there"),
            )
            .with_hint("give a .csv, .jsonl or .parquet file"));
        }
        let mut objects = Vec::new();
        let mut n_parquet = 0;
        for source in &sources {
            if source.size == 0 {
                return Err(EngineError::new(
                    ErrorKind::NothingToAnalyse,
                    format!("{} at {location} is empty", source.shown_key),
                )
                .with_hint("write the table again, with its header line and rows"));
            }
            n_parquet += usize::from(source.is_parquet() || is_parquet(&read_head(source).await?));
        }
        if n_parquet == 0 {
            return Ok(Self::Lines(Lines::look(sources).await?));
        }
        if n_parquet < sources.len() {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{location} holds {n_parquet} Parquet objects and {} others",
                    sources.len() - n_parquet
                ),
            )
            .with_hint("name one file, or a folder whose files are all of one format"));
        }
        for source in sources {
            let object = source.store.get(&source.key, MAX_PARQUET_BYTES).await?;
            progress.advance(object.bytes.len() as u64);
            objects.push(ParquetObject {
                bytes: object.bytes,
                key: source.shown_key,
            });
        }
        Ok(Self::Parquet(objects))
    }
}

/// The columns of several Parquet objects, one behind the other.
fn parquet_columns(
    objects: &[ParquetObject],
    keep: &(dyn Fn(&str) -> Option<Keep> + Sync),
    settings: &ScanSettings,
) -> Result<(usize, Vec<(String, Builder)>), EngineError> {
    let mut all: Vec<(String, Builder)> = Vec::new();
    let mut n_rows = 0;
    for object in objects {
        let table = ParquetColumns::open(&object.bytes, &object.key)?;
        let parts = in_parallel(table.n_fields(), settings.n_threads, |field| {
            table.read(field, &|name| keep(name).map(|keep| table.resolve(field, keep)))
        });
        let mut seen = BTreeSet::new();
        for part in parts {
            for (name, builder) in part? {
                if !seen.insert(name.clone()) {
                    return Err(twice(&object.key, &name));
                }
                if n_rows == 0 {
                    all.push((name, builder));
                    continue;
                }
                let known = all.iter_mut().find(|(known, _)| *known == name);
                let (_, known) = match known {
                    Some(known) => known,
                    None => {
                        let mut fresh = Builder::new(builder.keep());
                        fresh.push_missing(n_rows);
                        all.push((name, fresh));
                        all.last_mut().expect("just pushed")
                    }
                };
                if known.keep() != builder.keep() {
                    return Err(EngineError::new(
                        ErrorKind::Usage,
                        format!(
                            "a column of {} has another type than in the objects before it",
                            object.key
                        ),
                    )
                    .with_hint(
                        "write the tables with one schema, or declare the column's type with a schema file",
                    ));
                }
                known.append(builder);
            }
        }
        n_rows += table.n_rows();
        for (_, builder) in &mut all {
            builder.push_missing(n_rows - builder.n_rows());
        }
    }
    Ok((n_rows, all))
}

pub(crate) fn twice(key: &str, name: &str) -> EngineError {
    EngineError::new(ErrorKind::Usage, format!("{key} has two columns called {name}"))
        .with_hint("rename one of them")
}
