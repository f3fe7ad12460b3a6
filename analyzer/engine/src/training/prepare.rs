//! Captured inputs and labels, with the old training set, to train, validation and test sets.
//!
//! Labelled requests of the window are joined by id as `driftline quality` joins them (each label once, the latest wins),
//! put in time order and cut by time. The old training set, whose rows are older, goes to the training part alone. A row of
//! it that has a time and is not older than the first validation row is left out and counted: it would leak. Columns beside
//! features and label (time, the champion's answers) are not in the schema's `features`, so no trainer learns from them.

use super::files::{number, push_line, schema_json};
use super::split::{Split, split};
use super::{CHAMPION_PREDICTION, CHAMPION_PROBABILITY, EVENT_TIME};
use crate::error::{EngineError, ErrorKind};
use crate::frame::{Rows, Selection, read_rows};
use crate::output::write_all;
use crate::progress::Progress;
use crate::quality::QualityColumns;
use crate::quality::gather::{NO_CODE, NO_TIME};
use crate::quality::load::{LoadRequest, load_window};
use crate::quality::sample::{BesideColumn, ClassChoice, FeatureColumn, OUTSIDE, Outcome, Sample};
use crate::scan::ScanSettings;
use baselines::quality::Problem;
use capture::schema::Schema;
use capture::time::{format_rfc3339, parse_rfc3339};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use store::{Location, StoreOptions};

/// What was prepared, beside the test set.
pub const PREPARED_FILE: &str = "prepared.json";

/// What is to be prepared.
#[derive(Debug, Clone)]
pub struct PrepareRequest {
    /// Captured requests.
    pub capture: Location,
    /// Labels.
    pub ground_truth: Location,
    /// The old training set: a table with the schema's features and label. `None` leaves it out.
    pub training_data: Option<Location>,
    /// Features, label, outputs.
    pub schema: Schema,
    /// The problem.
    pub problem: Problem,
    /// Share of the labelled requests that are tested on: the newest.
    pub test_share: f64,
    /// Share before those that training is stopped by.
    pub validation_share: f64,
    /// `train/`, `validation/` and `test/` go below it.
    pub output: Location,
    /// How to read; holds the window.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub store: StoreOptions,
}

/// What was prepared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prepared {
    /// Rows by part.
    pub rows: BTreeMap<String, usize>,
    /// First and last time by part, of captured rows.
    pub times: BTreeMap<String, [Option<String>; 2]>,
    /// Captured requests without a label: in no part.
    pub without_label: u64,
    /// Labelled requests without a time: in the training part.
    pub without_time: usize,
    /// Rows of the old training set that were taken.
    pub from_training_data: usize,
    /// Rows of it that are not older than what is validated on: left out.
    pub too_new: usize,
    /// Lines of it that could not be read, or have no label.
    pub unusable: u64,
    /// Features in their order.
    pub features: Vec<String>,
    /// The label's column.
    pub label: String,
    /// `binary`, `multiclass`, `regression`.
    pub problem: String,
}

/// Prepares, and writes. Every part is there when `prepared.json` is.
///
/// Errors: a schema without label or features, nothing captured, too few labelled requests to cut, storage.
pub async fn prepare(request: &PrepareRequest, progress: &dyn Progress) -> Result<Prepared, EngineError> {
    let label = request.schema.label.clone().ok_or_else(|| {
        EngineError::new(ErrorKind::Usage, "the schema does not name the label")
            .with_hint("add \"label\": \"COLUMN\"")
    })?;
    let names: Vec<String> = request
        .schema
        .features
        .iter()
        .map(|feature| feature.name.clone())
        .collect();
    let choice = ClassChoice::default();
    let features: Vec<BesideColumn> = names
        .iter()
        .map(|name| BesideColumn {
            name: name.clone(),
            argument: Some("--schema"),
        })
        .collect();
    let load = LoadRequest {
        problem: request.problem,
        columns: &QualityColumns::default(),
        classes: &choice,
        schema: Some(&request.schema),
        known: None,
        baseline_columns: &BTreeMap::new(),
        features: &features,
        attributions: None,
        settings: &request.settings,
        store: &request.store,
        progress,
        merge: false,
    };
    let loaded = load_window(&load, &request.capture, &request.ground_truth).await?;
    let sample = &loaded.sample;
    let captured = Captured::of(sample, &request.schema, &names)?;
    let seconds: Vec<i64> = captured.timed.iter().map(|row| sample.seconds[*row]).collect();
    let parts = split(&seconds, request.test_share, request.validation_share)?;
    let first_held_out = seconds[parts.validation.start];
    let old = match &request.training_data {
        Some(location) => {
            let selection = wanted_of_old(&request.schema, &names, &label);
            let rows = read_rows(location, &request.store, &selection, &request.settings, progress).await?;
            Some(Old::of(
                &rows,
                &request.schema,
                &names,
                &label,
                first_held_out,
                location,
            )?)
        }
        None => None,
    };
    let prepared = summary(
        request,
        &captured,
        &parts,
        loaded.counts.unlabelled,
        old.as_ref(),
        &names,
        &label,
    );
    let documents = documents(
        request,
        &captured,
        &parts,
        old.as_ref(),
        &names,
        &label,
        &prepared,
    )?;
    let documents = documents
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    write_all(&request.output, &request.store, documents).await?;
    Ok(prepared)
}

/// Labelled captured rows: those without a time, and those with one in time order.
struct Captured<'a> {
    sample: &'a Sample,
    features: Vec<Option<&'a FeatureColumn>>,
    timed: Vec<usize>,
    untimed: Vec<usize>,
}

impl<'a> Captured<'a> {
    fn of(sample: &'a Sample, schema: &Schema, names: &[String]) -> Result<Self, EngineError> {
        let usable = |row: &usize| match &sample.labels {
            Outcome::Classes(codes) => codes[*row] != NO_CODE && codes[*row] != OUTSIDE,
            Outcome::Numbers(numbers) => numbers[*row].is_finite(),
        };
        let (mut timed, untimed): (Vec<usize>, Vec<usize>) = (0..sample.len())
            .filter(usable)
            .partition(|row| sample.seconds[*row] != NO_TIME);
        // Rows stand in the order of their ids: at one moment that order stays.
        timed.sort_by_key(|row| sample.seconds[*row]);
        let features: Vec<Option<&FeatureColumn>> = names
            .iter()
            .map(|name| sample.features.iter().find(|column| &column.name == name))
            .collect();
        if features.iter().all(Option::is_none) {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "none of the schema's {} features was captured",
                    schema.features.len()
                ),
            )
            .with_hint("the schema's `features` are the endpoint's inputs in their order"));
        }
        Ok(Self {
            sample,
            features,
            timed,
            untimed,
        })
    }

    fn line(&self, text: &mut String, row: usize, with_champion: bool) {
        let sample = self.sample;
        let features = self.features.iter().map(|column| match column {
            Some(column) if column.is_numeric => number(column.numbers[row]),
            Some(column) => texts(&column.texts, column.codes[row]),
            None => "".into(),
        });
        let label = match &sample.labels {
            Outcome::Classes(codes) => texts(&sample.classes, codes[row]),
            Outcome::Numbers(numbers) => number(numbers[row]),
        };
        let time = Some(sample.seconds[row])
            .filter(|second| *second != NO_TIME)
            .and_then(format_rfc3339)
            .unwrap_or_default();
        let mut cells: Vec<Cow<'_, str>> = features.collect();
        cells.push(label);
        cells.push(time.into());
        if with_champion {
            if let Some(predicted) = &sample.predicted {
                cells.push(match predicted {
                    Outcome::Classes(codes) => texts(&sample.classes, codes[row]),
                    Outcome::Numbers(numbers) => number(numbers[row]),
                });
            }
            cells.extend(sample.scores.iter().map(|scores| number(scores[row])));
        }
        push_line(text, cells);
    }

    /// Names of the champion's columns, in the order of [`Self::line`].
    fn champion_columns(&self) -> Vec<String> {
        let sample = self.sample;
        let mut names = Vec::new();
        if sample.predicted.is_some() {
            names.push(CHAMPION_PREDICTION.to_owned());
        }
        match sample.scores.len() {
            0 => {}
            1 => names.push(CHAMPION_PROBABILITY.to_owned()),
            _ => names.extend(
                sample
                    .classes
                    .iter()
                    .map(|class| format!("{CHAMPION_PROBABILITY}_{class}")),
            ),
        }
        names
    }
}

fn texts(texts: &[String], code: u32) -> Cow<'_, str> {
    texts
        .get(code as usize)
        .map_or("".into(), |text| text.as_str().into())
}

fn wanted_of_old(schema: &Schema, names: &[String], label: &str) -> Selection {
    let mut selection = Selection::of_schema(schema);
    let mut only: std::collections::BTreeSet<String> = names.iter().cloned().collect();
    only.insert(label.to_owned());
    only.insert(EVENT_TIME.to_owned());
    selection
        .kinds
        .insert(EVENT_TIME.to_owned(), crate::frame::Kind::Categorical);
    if let Some(time) = &schema.timestamp {
        only.insert(time.clone());
        selection
            .kinds
            .insert(time.clone(), crate::frame::Kind::Categorical);
    }
    selection.only = Some(only);
    selection
}

/// Lines of the old training set, in its order.
struct Old {
    lines: String,
    n: usize,
    too_new: usize,
    unusable: u64,
}

impl Old {
    fn of(
        rows: &Rows,
        schema: &Schema,
        names: &[String],
        label: &str,
        first_held_out: i64,
        location: &Location,
    ) -> Result<Self, EngineError> {
        let missing: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .chain([label])
            .filter(|name| rows.column(name).is_none())
            .collect();
        if !missing.is_empty() {
            let found: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "the old training set at {location} lacks the columns {}",
                    missing.join(", ")
                ),
            )
            .with_hint(format!(
                "it has {}; --include-training-data false leaves it out",
                found.join(", ")
            )));
        }
        let time = [Some(EVENT_TIME), schema.timestamp.as_deref()]
            .into_iter()
            .flatten()
            .find_map(|name| rows.column(name));
        let columns: Vec<_> = names
            .iter()
            .map(String::as_str)
            .chain([label])
            .filter_map(|name| rows.column(name))
            .collect();
        let mut old = Self {
            lines: String::new(),
            n: 0,
            too_new: 0,
            unusable: rows.n_rejected(),
        };
        for row in 0..rows.n_rows {
            let cells: Vec<Cow<'_, str>> = columns
                .iter()
                .map(|column| match column.number(row) {
                    Some(value) => number(value),
                    None => column.text(row).unwrap_or_default().into(),
                })
                .collect();
            if cells.last().is_none_or(|label| label.is_empty()) {
                old.unusable += 1;
                continue;
            }
            let told = time.and_then(|column| column.text(row)).unwrap_or_default();
            if parse_rfc3339(told).is_some_and(|second| second >= first_held_out) {
                old.too_new += 1;
                continue;
            }
            let mut cells = cells;
            cells.push(told.into());
            push_line(&mut old.lines, cells);
            old.n += 1;
        }
        Ok(old)
    }
}

fn summary(
    request: &PrepareRequest,
    captured: &Captured<'_>,
    parts: &Split,
    unlabelled: u64,
    old: Option<&Old>,
    names: &[String],
    label: &str,
) -> Prepared {
    let from_training_data = old.map_or(0, |old| old.n);
    let at = |idx: usize| {
        captured
            .timed
            .get(idx)
            .and_then(|row| format_rfc3339(captured.sample.seconds[*row]))
    };
    let parts = [
        ("train", &parts.train),
        ("validation", &parts.validation),
        ("test", &parts.test),
    ];
    let mut rows: BTreeMap<String, usize> = parts
        .iter()
        .map(|(name, range)| ((*name).to_owned(), range.len()))
        .collect();
    if let Some(train) = rows.get_mut("train") {
        *train += captured.untimed.len() + from_training_data;
    }
    Prepared {
        rows,
        times: parts
            .iter()
            .map(|(name, range)| ((*name).to_owned(), [at(range.start), at(range.end - 1)]))
            .collect(),
        without_label: unlabelled,
        without_time: captured.untimed.len(),
        from_training_data,
        too_new: old.map_or(0, |old| old.too_new),
        unusable: old.map_or(0, |old| old.unusable),
        features: names.to_vec(),
        label: label.to_owned(),
        problem: request.problem.name().to_owned(),
    }
}

fn documents(
    request: &PrepareRequest,
    captured: &Captured<'_>,
    parts: &Split,
    old: Option<&Old>,
    names: &[String],
    label: &str,
    prepared: &Prepared,
) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
    let champion = captured.champion_columns();
    let header = |with_champion: bool| {
        let mut text = String::new();
        let cells = names.iter().map(String::as_str).chain([label, EVENT_TIME]);
        let more = champion.iter().map(String::as_str).filter(|_| with_champion);
        push_line(&mut text, cells.chain(more).map(Cow::from));
        text
    };
    let task = request.problem.name();
    let schema = schema_json(&request.schema, label, task, &[("timestamp", json!(EVENT_TIME))]);
    let mut tested = schema.clone();
    tested["champion"] = json!(champion);
    if !captured.sample.classes.is_empty() {
        tested["classes"] = json!(captured.sample.classes);
    }
    let mut train = header(false);
    train.push_str(old.map_or("", |old| &old.lines));
    for row in captured
        .untimed
        .iter()
        .chain(&captured.timed[parts.train.clone()])
    {
        captured.line(&mut train, *row, false);
    }
    let mut validation = header(false);
    for row in &captured.timed[parts.validation.clone()] {
        captured.line(&mut validation, *row, false);
    }
    let mut test = header(true);
    for row in &captured.timed[parts.test.clone()] {
        captured.line(&mut test, *row, true);
    }
    let json = |value: &Value| serde_json::to_vec_pretty(value).expect("a schema is plain JSON");
    let said = serde_json::to_vec_pretty(prepared).map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the summary cannot be written").with_source(error)
    })?;
    Ok(vec![
        ("train/train.csv".to_owned(), train.into_bytes()),
        ("train/schema.json".to_owned(), json(&schema)),
        ("validation/validation.csv".to_owned(), validation.into_bytes()),
        ("validation/schema.json".to_owned(), json(&schema)),
        ("test/test.csv".to_owned(), test.into_bytes()),
        ("test/schema.json".to_owned(), json(&tested)),
        (format!("test/{PREPARED_FILE}"), said),
    ])
}
