//! The metrics of every facet, as `analysis.json` has them, and the counts that intervals are made from.
//!
//! Formulas are `baselines::bias`. Does not judge.

use super::BiasRequest;
use super::split::{Split, every_value, split};
use super::table::{Cell, Column, Table};
use crate::error::{EngineError, ErrorKind};
use baselines::bias::{BiasFailure, BiasMetric, FacetCounts, FacetRows, FlipTest, flip_test};
use baselines::document::clarify::{Analysis, BiasReport, ClarifyNumber, FacetReport, MetricReport};
use std::collections::{BTreeMap, BTreeSet};

/// Threshold of probabilities where none is given: Model Monitor's.
const DEFAULT_THRESHOLD: f64 = 0.5;

/// What intervals are made from, by facet column and value.
pub(super) type Facets = BTreeMap<(String, String), (FacetCounts, Option<FlipTest>)>;

/// A measured data set.
pub(super) struct Measured {
    pub(super) analysis: Analysis,
    pub(super) facets: Facets,
    pub(super) n_rows: u64,
    pub(super) n_incomplete: u64,
    pub(super) notes: Vec<String>,
}

/// Measures every facet of the configuration.
pub(super) fn measure(
    request: &BiasRequest,
    table: &Table,
    pre: Option<&[BiasMetric]>,
    post: Option<&[BiasMetric]>,
) -> Result<Measured, EngineError> {
    let config = &request.config;
    let Some(label_at) = table.label else {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "label is not given, and every bias metric of labels needs it",
        )
        .with_hint("name the label: a column, an index, or in JSON a JMESPath"));
    };
    if config.label_values_or_threshold.is_empty() {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "label_values_or_threshold is not given: which label is the positive outcome is not known",
        )
        .with_hint("for example \"label_values_or_threshold\": [1]"));
    }
    let is_there =
        |at: Option<usize>, row: usize| at.is_none_or(|at| table.columns[at].cells[row] != Cell::Missing);
    let kept: Vec<bool> = (0..table.n_rows())
        .map(|row| is_there(Some(label_at), row) && is_there(table.prediction, row))
        .collect();
    let columns: Vec<Column> = table.columns.iter().map(|column| keep(column, &kept)).collect();
    let n_rows = kept.iter().filter(|kept| **kept).count();
    if n_rows == 0 {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            "no row of the data has a label and a prediction",
        )
        .with_hint("check label and predicted_label"));
    }
    let wrong = |key: &str, column: &Column, why: &str| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{key} does not fit column `{}`: {why}", column.name),
        )
        .with_hint("give the values of a category, or one number as the threshold of a quantity")
    };
    let label_column = &columns[label_at];
    let labels = split(label_column, &config.label_values_or_threshold, label_column)
        .map_err(|why| wrong("label_values_or_threshold", label_column, why))?;
    let threshold = request
        .probability_threshold
        .or(config.probability_threshold)
        .or(request.probability.as_ref().map(|_| DEFAULT_THRESHOLD));
    let predictions = match table.prediction {
        None => None,
        Some(at) => Some(positive_predictions(
            request,
            &columns[at],
            label_column,
            threshold,
        )?),
    };
    let group = config
        .group_variable
        .as_ref()
        .map(|asked| table.find("group_variable", asked))
        .transpose()?
        .map(|at| codes(&columns[at]));
    let mut left_out: BTreeSet<usize> = [Some(label_at), table.prediction].into_iter().flatten().collect();
    for asked in config
        .excluded_columns
        .iter()
        .chain(&config.joinsource_name_or_index)
    {
        left_out.insert(table.find("excluded_columns", asked)?);
    }
    let mut out = Measured {
        analysis: Analysis {
            version: Some("1.0".to_owned()),
            ..Analysis::default()
        },
        facets: Facets::new(),
        n_rows: n_rows as u64,
        n_incomplete: (table.n_rows() - n_rows) as u64,
        notes: Vec::new(),
    };
    let report = || BiasReport {
        label: label_column.name.clone(),
        facets: BTreeMap::new(),
        label_value_or_threshold: Some(labels.name.clone()),
    };
    let (mut pre_report, mut post_report) = (pre.map(|_| report()), post.map(|_| report()));
    for facet in &config.facet {
        let at = table.find("facet", &facet.name_or_index)?;
        let column = &columns[at];
        let wanted = if facet.value_or_threshold.is_empty() {
            let values = every_value(column).ok_or_else(|| {
                wrong(
                    "facet",
                    column,
                    "it holds quantities, and value_or_threshold gives no threshold",
                )
            })?;
            values.into_iter().map(|value| vec![value]).collect()
        } else {
            vec![facet.value_or_threshold.clone()]
        };
        for values in wanted {
            let Split { rows, name } =
                split(column, &values, column).map_err(|why| wrong("value_or_threshold", column, why))?;
            let counts = FacetCounts::of(&FacetRows {
                facet: &rows,
                label: Some(&labels.rows),
                prediction: predictions.as_deref(),
                group: group.as_deref(),
            })
            .map_err(|error| internal(&error))?;
            let flips = match (&predictions, post) {
                (Some(predictions), Some(post)) if post.contains(&BiasMetric::FT) => {
                    let mut left_out = left_out.clone();
                    left_out.insert(at);
                    Some(flip(&rows, predictions, &columns, &left_out))
                }
                _ => None,
            };
            let known = flips.as_ref().and_then(|flips| flips.as_ref().ok()).copied();
            let metrics = |stage: &[BiasMetric]| FacetReport {
                value_or_threshold: name.clone(),
                metrics: stage
                    .iter()
                    .map(|metric| metric_report(*metric, &counts, flips.as_ref()))
                    .collect(),
            };
            for (report, stage) in [(&mut pre_report, pre), (&mut post_report, post)] {
                if let (Some(report), Some(stage)) = (report.as_mut(), stage) {
                    let facets = report.facets.entry(column.name.clone()).or_default();
                    facets.push(metrics(stage));
                }
            }
            out.facets.insert((column.name.clone(), name), (counts, known));
        }
    }
    out.analysis.pre_training_bias_metrics = pre_report;
    out.analysis.post_training_bias_metrics = post_report;
    if threshold.is_none() && predictions.is_some_and(|positive| !positive.contains(&true)) {
        out.notes.push(
            "no prediction is one of label_values_or_threshold; if they are probabilities, give probability_threshold"
                .to_owned(),
        );
    }
    Ok(out)
}

fn internal(error: &BiasFailure) -> EngineError {
    EngineError::new(ErrorKind::Internal, format!("a facet cannot be counted: {error}"))
}

fn keep(column: &Column, kept: &[bool]) -> Column {
    let cells = column.cells.iter().zip(kept).filter(|(_, kept)| **kept);
    Column {
        name: column.name.clone(),
        cells: cells.map(|(cell, _)| cell.clone()).collect(),
    }
}

/// Probabilities are positive above the threshold; labels as the label column's own.
fn positive_predictions(
    request: &BiasRequest,
    column: &Column,
    label: &Column,
    threshold: Option<f64>,
) -> Result<Vec<bool>, EngineError> {
    let wrong = |why: &str| {
        EngineError::new(
            ErrorKind::Usage,
            format!("the predictions in `{}` cannot be read: {why}", column.name),
        )
        .with_hint("predicted_label must give one value per row: a label, or with probability_threshold a probability")
    };
    match threshold {
        Some(threshold) => column
            .cells
            .iter()
            .map(|cell| cell.number().map(|probability| probability > threshold))
            .collect::<Option<Vec<bool>>>()
            .ok_or_else(|| wrong("with a probability threshold each must be a number")),
        None => split(column, &request.config.label_values_or_threshold, label)
            .map(|split| split.rows)
            .map_err(wrong),
    }
}

/// A number per distinct value.
fn codes(column: &Column) -> Vec<u32> {
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    let code = |cell: &Cell| {
        let text = match cell {
            Cell::Missing => "missing".to_owned(),
            Cell::Boolean(flag) => format!("b{flag}"),
            Cell::Number { value, .. } => format!("n{value}"),
            Cell::Text(text) => format!("t{text}"),
        };
        let next = known.len() as u32;
        *known.entry(text).or_insert(next)
    };
    column.cells.iter().map(code).collect()
}

/// The flip test over all columns that are not left out.
fn flip(
    facet: &[bool],
    predictions: &[bool],
    columns: &[Column],
    left_out: &BTreeSet<usize>,
) -> Result<FlipTest, String> {
    let features = columns
        .iter()
        .enumerate()
        .filter(|(at, _)| !left_out.contains(at));
    let numbers: Vec<Option<Vec<f64>>> = features
        .map(|(_, column)| column.cells.iter().map(Cell::number).collect())
        .collect();
    let n_others = numbers.iter().filter(|column| column.is_none()).count();
    if n_others > 0 {
        return Err(format!(
            "the flip test needs numeric features, and {n_others} columns are not; name them in excluded_columns"
        ));
    }
    let numbers: Vec<Vec<f64>> = numbers.into_iter().flatten().collect();
    let slices: Vec<&[f64]> = numbers.iter().map(Vec::as_slice).collect();
    flip_test(facet, predictions, &slices).map_err(|error| error.to_string())
}

fn metric_report(
    metric: BiasMetric,
    counts: &FacetCounts,
    flips: Option<&Result<FlipTest, String>>,
) -> MetricReport {
    let known = flips.and_then(|flips| flips.as_ref().ok()).copied();
    let measured = match (metric, flips) {
        (BiasMetric::FT, Some(Err(why))) => Err(why.clone()),
        _ => metric.measure(counts, known).map_err(|error| error.to_string()),
    };
    MetricReport {
        name: metric.name().to_owned(),
        description: Some(metric.description().to_owned()),
        value: measured.as_ref().ok().copied().map(ClarifyNumber),
        error: measured.err().map(|why| capitalised(&why)),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
