//! Clarify's data sets: CSV with and without a header, JSON Lines, JSON and Parquet, files of facets and predictions
//! beside them, and merged capture records, which are recognised by their keys.
//!
//! Whole objects are read into memory (a bias analysis needs rows side by side). Does not split facets.

use super::merged;
use super::paths::Path;
use super::table::{Cell, Column, Row, Table};
use super::{BiasRequest, RowCounts};
use crate::error::{EngineError, ErrorKind};
use crate::frame::{self, Kind, Selection, read_rows};
use crate::progress::Silent;
use crate::scan::ScanSettings;
use crate::sources::discover;
use baselines::document::clarify::{AnalysisConfig, DatasetType, NameOrIndex};
use bytes::Bytes;
use capture::decompress::decompress_all;
use capture::payload::csv;
use capture::time::TimeWindow;
use serde_json::Value;
use store::{Location, StoreOptions};

/// Bytes of one object, at most, packed and unpacked.
const MAX_OBJECT_BYTES: u64 = 4 << 30;

/// Expressions that pick features, labels and predictions out of JSON.
pub(super) struct Paths {
    pub(super) features: Option<Path>,
    pub(super) label: Option<Path>,
    pub(super) prediction: Option<Path>,
}

/// Reads the data set of a request; predictions only where `wants_prediction`.
pub(super) async fn read(request: &BiasRequest, wants_prediction: bool) -> Result<Table, EngineError> {
    let config = &request.config;
    if config.dataset_type == DatasetType::Image {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "dataset_type is application/x-image, and images have no facet column",
        )
        .with_hint(
            "bias is analysed on text/csv, application/jsonlines, application/json, application/x-parquet",
        ));
    }
    let prediction = request
        .probability
        .as_ref()
        .or(request.inference.as_ref())
        .or(config.predicted_label.as_ref())
        .filter(|_| wants_prediction);
    let mut table = if config.dataset_type == DatasetType::Parquet {
        parquet(&request.data, &request.options).await?
    } else {
        let objects = objects(&request.data, &request.options).await?;
        if objects.iter().any(|bytes| merged::is_merged(bytes)) {
            return merged::read(request, &objects, prediction);
        }
        if config.dataset_type == DatasetType::Csv {
            csv_table(&objects, config.headers.as_deref())?
        } else {
            return beside(
                request,
                json_table(request, &objects, prediction)?,
                wants_prediction,
            )
            .await;
        }
    };
    if let Some(asked) = &config.label {
        table.label = Some(table.find("label", asked)?);
    }
    if let Some(asked) = prediction {
        table.prediction = Some(table.find("predicted_label", asked)?);
    }
    beside(request, table, wants_prediction).await
}

/// Columns from files of their own.
async fn beside(
    request: &BiasRequest,
    mut table: Table,
    wants_prediction: bool,
) -> Result<Table, EngineError> {
    let config = &request.config;
    if let Some(uri) = &config.facet_dataset_uri {
        append(
            request,
            &mut table,
            "facet_dataset_uri",
            uri,
            config.facet_headers.as_deref(),
        )
        .await?;
    }
    if let (Some(uri), true) = (&config.predicted_label_dataset_uri, wants_prediction) {
        let first = table.columns.len();
        let headers = config.predicted_label_headers.as_deref();
        append(request, &mut table, "predicted_label_dataset_uri", uri, headers).await?;
        table.prediction = Some(match &config.predicted_label {
            Some(NameOrIndex::Index(at)) => table.find("predicted_label", &NameOrIndex::Index(first + at))?,
            Some(name) => table.find("predicted_label", name)?,
            None => first,
        });
    }
    Ok(table)
}

async fn append(
    request: &BiasRequest,
    table: &mut Table,
    key: &str,
    uri: &str,
    headers: Option<&[String]>,
) -> Result<(), EngineError> {
    let at = Location::parse(uri)?;
    let more = match request.config.dataset_type {
        DatasetType::Parquet => parquet(&at, &request.options).await?,
        DatasetType::Csv => csv_table(&objects(&at, &request.options).await?, headers)?,
        _ => {
            let whole = Path::compile(key, "@")?;
            let mut more = Table::default();
            for bytes in objects(&at, &request.options).await? {
                for document in documents(&bytes) {
                    let rows = document.ok().and_then(|document| whole.rows(&document));
                    for row in rows.unwrap_or_default() {
                        more.push(row);
                    }
                }
            }
            name_columns(&mut more, headers.unwrap_or_default());
            more
        }
    };
    if more.n_rows() != table.n_rows() {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "{key} has {} rows and the data set {}: they belong together row by row",
                more.n_rows(),
                table.n_rows()
            ),
        )
        .with_hint("write both files in the same order, one row for each"));
    }
    table.columns.extend(more.columns);
    Ok(())
}

/// The objects of a location, unpacked, by key.
async fn objects(at: &Location, options: &StoreOptions) -> Result<Vec<Bytes>, EngineError> {
    let sources = discover(at, options, &TimeWindow::default()).await?.objects;
    if sources.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("no data at {at}: no objects are there"),
        )
        .with_hint("check --data; it is a file, or a folder of files of one format"));
    }
    let mut out = Vec::with_capacity(sources.len());
    for source in sources {
        let object = source.store.get(&source.key, MAX_OBJECT_BYTES).await?;
        let bytes = decompress_all(object.bytes.to_vec(), MAX_OBJECT_BYTES).map_err(|reason| {
            EngineError::new(
                ErrorKind::Usage,
                format!("{} cannot be unpacked: {}", source.shown_key, reason.name()),
            )
            .with_hint("fetch the file again")
        })?;
        out.push(Bytes::from(bytes));
    }
    Ok(out)
}

/// JSON documents of an object: the whole of it, or one per line. A line that is none is an error of its own.
pub(super) fn documents(bytes: &[u8]) -> Vec<Result<Value, ()>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(whole) = serde_json::from_slice::<Value>(bytes) {
        return vec![Ok(whole)];
    }
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(|line| serde_json::from_slice(line).map_err(|_| ()))
        .collect()
}

/// Lines of CSV, a quoted field may hold line breaks.
fn csv_records(bytes: &[u8]) -> Vec<&[u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut out, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                out.push(&bytes[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(&bytes[start..]);
    out.retain(|line| !line.trim_ascii().is_empty());
    out
}

fn csv_row(record: &[u8]) -> Row {
    csv::fields(record)
        .iter()
        .map(|field| (None, Cell::of_text(field)))
        .collect()
}

/// Rows of CSV text.
pub(super) fn csv_rows(text: &[u8]) -> Vec<Row> {
    csv_records(text).into_iter().map(csv_row).collect()
}

/// CSV with `headers`, or with its own header (a first line without a number), or with neither: `column_0`, …
fn csv_table(objects: &[Bytes], headers: Option<&[String]>) -> Result<Table, EngineError> {
    let mut table = Table::default();
    let mut own_header: Option<Vec<String>> = None;
    for bytes in objects {
        let mut records = csv_records(bytes);
        if let Some(first) = records.first() {
            let fields: Vec<String> = csv::fields(first);
            let known = headers.map(<[String]>::to_vec).or_else(|| own_header.clone());
            let looks_like_names = fields
                .iter()
                .all(|field| matches!(Cell::of_text(field), Cell::Text(_)));
            let is_header = match &known {
                Some(known) => *known == fields,
                None => table.n_rows() == 0 && looks_like_names,
            };
            if is_header {
                records.remove(0);
                own_header.get_or_insert(fields);
            }
        }
        for record in records {
            let took = table.push(csv_row(record));
            table.rows.n_rejected += u64::from(!took);
        }
    }
    let names = headers.map(<[String]>::to_vec).or(own_header).unwrap_or_default();
    if !names.is_empty() && names.len() != table.columns.len() {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "headers has {} names and the data {} columns",
                names.len(),
                table.columns.len()
            ),
        )
        .with_hint("headers names every column of a CSV file, in its order"));
    }
    name_columns(&mut table, &names);
    refuse_empty(table)
}

fn name_columns(table: &mut Table, names: &[String]) {
    for (column, name) in table.columns.iter_mut().zip(names) {
        column.name.clone_from(name);
    }
}

pub(super) fn refuse_empty(table: Table) -> Result<Table, EngineError> {
    if table.n_rows() > 0 {
        return Ok(table);
    }
    let RowCounts {
        n_rejected,
        n_incomplete,
        n_outside_window,
        ..
    } = table.rows;
    Err(EngineError::new(
        ErrorKind::NothingToAnalyse,
        format!(
            "the data has no row to analyse: {n_rejected} records could not be read, {n_incomplete} have no label or \
             prediction, {n_outside_window} lie outside the window"
        ),
    )
    .with_hint("check dataset_type, and the expressions features, label and predicted_label"))
}

/// The expressions of a request for JSON.
pub(super) fn paths(
    config: &AnalysisConfig,
    features: Option<&str>,
    prediction: Option<&NameOrIndex>,
) -> Result<Paths, EngineError> {
    let of = |key: &str, asked: Option<&NameOrIndex>| match asked {
        Some(NameOrIndex::Name(text)) => Path::compile(key, text).map(Some),
        _ => Ok(None),
    };
    Ok(Paths {
        features: features.map(|text| Path::compile("features", text)).transpose()?,
        label: of("label", config.label.as_ref())?,
        prediction: of("predicted_label", prediction)?,
    })
}

/// JSON and JSON Lines: features, then the label, then the prediction.
fn json_table(
    request: &BiasRequest,
    objects: &[Bytes],
    prediction: Option<&NameOrIndex>,
) -> Result<Table, EngineError> {
    let config = &request.config;
    let features = request.features.as_deref().or(config.features.as_deref());
    if features.is_none() {
        return Err(
            EngineError::new(ErrorKind::Usage, "features is not given, and JSON data needs it").with_hint(
                "for example \"features\": \"instances[*].features\" for JSON, \"features\": \"features\" for JSON Lines",
            ),
        );
    }
    let paths = paths(config, features, prediction)?;
    let mut rows = JsonRows::default();
    for bytes in objects {
        for document in documents(bytes) {
            match document {
                Ok(document) => rows.take(&paths, &document, &document, &document),
                Err(()) => rows.n_rejected += 1,
            }
        }
    }
    rows.into_table(config)
}

/// Rows of JSON documents: features, labels and predictions must be as many.
#[derive(Default)]
pub(super) struct JsonRows {
    table: Table,
    labels: Vec<Cell>,
    predictions: Vec<Cell>,
    has_label: bool,
    has_prediction: bool,
    pub(super) n_rejected: u64,
}

impl JsonRows {
    /// Counts records that are no rows.
    pub(super) fn set_counts(&mut self, unlabelled: u64, shadow: u64, outside: u64) {
        self.table.rows.n_incomplete = unlabelled;
        self.table.rows.n_shadow = shadow;
        self.table.rows.n_outside_window = outside;
    }

    /// Takes the rows of a record whose features, labels and predictions stand in documents of their own.
    pub(super) fn take(&mut self, paths: &Paths, features: &Value, labels: &Value, predictions: &Value) {
        let rows = paths.features.as_ref().and_then(|path| path.rows(features));
        let label = paths.label.as_ref().map(|path| path.values(labels));
        let prediction = paths.prediction.as_ref().map(|path| path.values(predictions));
        if rows.is_none() || label == Some(None) || prediction == Some(None) {
            self.n_rejected += 1;
            return;
        }
        self.add(rows.unwrap_or_default(), label.flatten(), prediction.flatten());
    }

    /// Adds rows with their labels and predictions.
    pub(super) fn add(&mut self, rows: Vec<Row>, labels: Option<Vec<Cell>>, predictions: Option<Vec<Cell>>) {
        let n = rows.len();
        let fits = |values: &Option<Vec<Cell>>| values.as_ref().is_none_or(|values| values.len() == n);
        if n == 0 || !fits(&labels) || !fits(&predictions) {
            self.n_rejected += 1;
            return;
        }
        self.has_label |= labels.is_some();
        self.has_prediction |= predictions.is_some();
        let (mut labels, mut predictions) = (labels.into_iter().flatten(), predictions.into_iter().flatten());
        for row in rows {
            let (label, prediction) = (labels.next(), predictions.next());
            if self.table.push(row) {
                self.labels.push(label.unwrap_or(Cell::Missing));
                self.predictions.push(prediction.unwrap_or(Cell::Missing));
            } else {
                self.n_rejected += 1;
            }
        }
    }

    /// The table, its columns named by `headers`: the features, then the label, then the prediction.
    pub(super) fn into_table(self, config: &AnalysisConfig) -> Result<Table, EngineError> {
        let mut table = self.table;
        table.rows.n_rejected += self.n_rejected;
        let n_features = table.columns.len();
        let headers = config.headers.as_deref().unwrap_or_default();
        if n_features > 0 && !headers.is_empty() && !(n_features..=n_features + 2).contains(&headers.len()) {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "headers has {} names and the data {n_features} features",
                    headers.len()
                ),
            )
            .with_hint("headers names the features, then the label, then the prediction"));
        }
        name_columns(&mut table, headers);
        let named = |at: usize, asked: Option<&NameOrIndex>, otherwise: &str| match (headers.get(at), asked) {
            (Some(name), _) | (None, Some(NameOrIndex::Name(name))) => name.clone(),
            _ => otherwise.to_owned(),
        };
        if self.has_label {
            table.label = Some(table.columns.len());
            table.columns.push(Column {
                name: named(n_features, config.label.as_ref(), "label"),
                cells: self.labels,
            });
        }
        if self.has_prediction {
            table.prediction = Some(table.columns.len());
            table.columns.push(Column {
                name: named(n_features + 1, config.predicted_label.as_ref(), "predicted_label"),
                cells: self.predictions,
            });
        }
        refuse_empty(table)
    }
}

/// A Parquet table.
async fn parquet(at: &Location, options: &StoreOptions) -> Result<Table, EngineError> {
    let settings = ScanSettings::default();
    let rows = read_rows(at, options, &Selection::default(), &settings, &Silent).await?;
    let cell = |column: &frame::Column, row: usize| match column.kind {
        Some(Kind::Numeric) => column.number(row).map_or(Cell::Missing, |value| Cell::Number {
            value,
            whole: column.classes.get(row) == Some(&baselines::view::CellClass::Integral),
        }),
        _ => column.text(row).map_or(Cell::Missing, Cell::of_text),
    };
    let columns = rows.columns.iter().map(|column| Column {
        name: column.name.clone(),
        cells: (0..rows.n_rows).map(|row| cell(column, row)).collect(),
    });
    let table = Table {
        columns: columns.collect(),
        rows: RowCounts {
            n_rejected: rows.n_rejected(),
            ..RowCounts::default()
        },
        ..Table::default()
    };
    refuse_empty(table)
}
