//! The window in parts: by time and by segment, and why the whole changed.
//!
//! Chooses rows and columns; the library measures.

use super::baseline::QualityBaseline;
use super::estimates::{self, HeldFeature};
use super::gather::{NO_CODE, NO_TIME};
use super::measure::{MeasureSettings, measure};
use super::request::QualityRequest;
use super::sample::{BesideColumn, FeatureColumn, OUTSIDE, Outcome, Sample};
use crate::error::{EngineError, ErrorKind};
use baselines::baseline::{Baseline, Role};
use baselines::document::estimate::EstimatorDocument;
use baselines::document::quality::{
    ContributionTwin, MetricTwin, QualityDocument, RootCauseTwin, SegmentTwin, WindowTwin, reasons, twins,
};
use baselines::estimate::Feature;
use baselines::quality::{Problem, QualityOptions};
use baselines::segment::{Condition, SearchOptions, SegmentColumn, root_cause, weak_segments};
use capture::schema::Schema;
use capture::time::format_rfc3339;
use std::collections::BTreeMap;

/// Lengths of parts by time, in seconds: the shortest is taken that makes at most [`MAX_WINDOWS`], each with enough rows
/// to be judged where that leaves more than one.
const PERIODS: [i64; 8] = [
    3600,
    6 * 3600,
    86_400,
    7 * 86_400,
    30 * 86_400,
    90 * 86_400,
    365 * 86_400,
    3650 * 86_400,
];
const MAX_WINDOWS: i64 = 60;
/// Values of a segment column that are shown; the others are too many to look at one by one.
const MAX_SEGMENTS: usize = 200;
/// Numbers of a segment column that are values of their own; more are cut at quartiles.
const MAX_NUMBERS: usize = 12;

/// Columns a run needs beside predictions: those asked for by name, and those of the model as far as they are there.
pub(super) fn wanted_columns(request: &QualityRequest, baseline: &QualityBaseline) -> Vec<BesideColumn> {
    let mut columns: Vec<BesideColumn> = Vec::new();
    let mut add = |name: &str, argument: Option<&'static str>| {
        if let Some(known) = columns.iter_mut().find(|known| known.name == name) {
            known.argument = known.argument.or(argument);
            return;
        }
        columns.push(BesideColumn {
            name: name.to_owned(),
            argument,
        });
    };
    if let Some(EstimatorDocument::Regression { features, .. }) = &baseline.estimator {
        for name in features {
            add(name, None);
        }
    }
    let bias = &request.bias;
    request
        .segments
        .iter()
        .for_each(|name| add(name, Some("--segment")));
    bias.facets
        .iter()
        .for_each(|facet| add(&facet.column, Some("--facet")));
    bias.group.iter().for_each(|name| add(name, Some("--group")));
    if request.find_segments || request.explain.is_some() || !bias.facets.is_empty() {
        for name in &model_inputs(request.schema.as_ref(), baseline.columns.as_ref()) {
            add(name, None);
        }
    }
    columns
}

/// The model's inputs, where a schema or a data-quality baseline says which they are.
pub(super) fn model_inputs(schema: Option<&Schema>, columns: Option<&Baseline>) -> Vec<String> {
    match (schema, columns) {
        (Some(schema), _) => schema
            .features
            .iter()
            .map(|feature| feature.name.clone())
            .collect(),
        (None, Some(columns)) => columns
            .columns
            .iter()
            .filter(|column| matches!(column.role, Role::Input))
            .map(|column| column.summary.name.clone())
            .collect(),
        (None, None) => Vec::new(),
    }
}

/// Fills the parts that were asked for.
pub(super) fn fill(
    document: &mut QualityDocument,
    notes: &mut Vec<String>,
    sample: &Sample,
    settings: &MeasureSettings,
    request: &QualityRequest,
    baseline: &QualityBaseline,
) -> Result<(), EngineError> {
    if let Some(estimator) = &baseline.estimator {
        // The realised values stand in the document already.
        match estimates::describe(estimator, sample, &document.metrics, settings) {
            Ok(found) => document.estimate = Some(found),
            Err(reason) => notes.push(format!("no estimate: {reason}")),
        }
    }
    document.windows = windows(sample, settings, baseline)?;
    for name in &request.segments {
        segments(document, notes, sample, settings, name)?;
    }
    if request.find_segments {
        find(document, notes, sample, settings);
    }
    Ok(())
}

/// Part results need no curves worth their bytes and no draws.
fn light(settings: &MeasureSettings) -> MeasureSettings {
    MeasureSettings {
        options: QualityOptions {
            standard_deviations: false,
            curve_points: 2,
            ..settings.options.clone()
        },
        ..settings.clone()
    }
}

/// Metrics that are shown of each part.
fn principal(problem: Problem) -> &'static [&'static str] {
    match problem {
        Problem::Binary => &[
            "accuracy",
            "auc",
            "average_precision",
            "brier",
            "f1",
            "log_loss",
            "precision",
            "recall",
            "specificity",
        ],
        Problem::Multiclass => &[
            "accuracy",
            "macro_auc",
            "macro_f1",
            "macro_precision",
            "macro_recall",
            "weighted_f1",
            "log_loss",
        ],
        Problem::Regression => &["mae", "mse", "rmse", "mape", "r2", "bias"],
    }
}

fn windows(
    sample: &Sample,
    settings: &MeasureSettings,
    baseline: &QualityBaseline,
) -> Result<Vec<WindowTwin>, EngineError> {
    let timed = sample.seconds.iter().copied().filter(|second| *second != NO_TIME);
    let Some((first, last)) = timed.fold(None, |span: Option<(i64, i64)>, second| {
        Some(span.map_or((second, second), |(first, last)| {
            (first.min(second), last.max(second))
        }))
    }) else {
        return Ok(Vec::new());
    };
    let n_of = |period: i64| last.div_euclid(period) - first.div_euclid(period) + 1;
    let fits = |period: &i64| n_of(*period) <= MAX_WINDOWS;
    // A part of fewer rows than are judged would be drawn without a realised value.
    let is_judged = |period: &i64| {
        n_of(*period) > 1 && sample.len() as u64 >= settings.options.min_labels * n_of(*period) as u64
    };
    let period = PERIODS
        .into_iter()
        .find(|period| fits(period) && is_judged(period))
        .or_else(|| PERIODS.into_iter().find(fits))
        .unwrap_or(PERIODS[PERIODS.len() - 1]);
    let mut parts: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for (row, second) in sample
        .seconds
        .iter()
        .enumerate()
        .filter(|(_, second)| **second != NO_TIME)
    {
        parts
            .entry(second.div_euclid(period) * period)
            .or_default()
            .push(row as u32);
    }
    let settings = light(settings);
    let mut found = Vec::with_capacity(parts.len());
    for (start, rows) in parts {
        let result = measure(sample, &rows, &settings)?;
        let mut metrics = twins(&result.metrics);
        metrics.retain(|name, _| principal(sample.problem).contains(&name.as_str()));
        let estimates = baseline
            .estimator
            .as_ref()
            .and_then(|estimator| estimates::estimate(estimator, sample, &rows, &settings).ok())
            .map(|(_, found)| found)
            .unwrap_or_default();
        let estimates = estimates.iter().map(|(name, estimate)| {
            let realised = metrics.get(name).map(|metric: &MetricTwin| metric.value);
            (name.clone(), estimates::twin(estimate, realised))
        });
        found.push(WindowTwin {
            start: format_rfc3339(start).unwrap_or_default(),
            end: format_rfc3339(start + period).unwrap_or_default(),
            n_predictions: rows.len() as u64,
            n_labelled: rows
                .iter()
                .filter(|row| sample.is_labelled(**row as usize))
                .count() as u64,
            estimates: estimates.collect(),
            metrics,
        });
    }
    Ok(found)
}

fn column<'s>(sample: &'s Sample, name: &str) -> Result<&'s FeatureColumn, EngineError> {
    sample
        .features
        .iter()
        .find(|column| column.name == name)
        .ok_or_else(|| {
            EngineError::new(
                ErrorKind::Usage,
                format!("column `{name}` was asked for, and the predictions do not have it"),
            )
            .with_hint("segments are input columns; --schema names those of captured records")
        })
}

fn segments(
    document: &mut QualityDocument,
    notes: &mut Vec<String>,
    sample: &Sample,
    settings: &MeasureSettings,
    name: &str,
) -> Result<(), EngineError> {
    let column = column(sample, name)?;
    let mut parts: BTreeMap<(usize, String), Vec<u32>> = BTreeMap::new();
    let n_values = column.texts.len();
    let edges = (column.is_numeric && n_values > MAX_NUMBERS).then(|| quartiles(&column.numbers));
    if edges.is_none() && (column.overflown || n_values > MAX_SEGMENTS) {
        notes.push(format!(
            "segments of `{name}` are not shown: it has {n_values} or more different values, at most {MAX_SEGMENTS} are looked at one by one"
        ));
        return Ok(());
    }
    for row in 0..sample.len() {
        let (number, code) = (column.numbers[row], column.codes[row]);
        let part = match (&edges, code) {
            (_, NO_CODE) => (usize::MAX, format!("{name} is missing")),
            (Some(edges), _) if number.is_finite() => {
                let bin = edges.partition_point(|edge| *edge <= number);
                (bin, between(name, edges, bin))
            }
            (_, code) => (code as usize, format!("{name} = {}", column.texts[code as usize])),
        };
        parts.entry(part).or_default().push(row as u32);
    }
    let settings = light(settings);
    for ((_, condition), rows) in parts {
        let result = measure(sample, &rows, &settings)?;
        document.segments.push(SegmentTwin {
            conditions: vec![condition],
            n_predictions: rows.len() as u64,
            n_labelled: rows
                .iter()
                .filter(|row| sample.is_labelled(**row as usize))
                .count() as u64,
            not_computable: reasons(&result),
            metrics: twins(&result.metrics),
            ..SegmentTwin::default()
        });
    }
    Ok(())
}

fn quartiles(numbers: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = numbers
        .iter()
        .copied()
        .filter(|number| number.is_finite())
        .collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = [1, 2, 3]
        .into_iter()
        .filter_map(|quarter| sorted.get(sorted.len() * quarter / 4).copied())
        .collect();
    edges.dedup();
    edges
}

fn between(name: &str, edges: &[f64], bin: usize) -> String {
    match (bin.checked_sub(1).and_then(|low| edges.get(low)), edges.get(bin)) {
        (None, Some(high)) => format!("{name} < {high}"),
        (Some(low), None) => format!("{name} ≥ {low}"),
        (Some(low), Some(high)) => format!("{low} ≤ {name} < {high}"),
        (None, None) => format!("{name} is present"),
    }
}

/// Loss of each labelled row whose mean is a metric: wrong (1 − accuracy), or the absolute error (MAE).
pub(super) fn losses(sample: &Sample, settings: &MeasureSettings) -> (&'static str, Vec<u32>, Vec<f64>) {
    let (mut rows, mut losses) = (Vec::new(), Vec::new());
    match (&sample.labels, &sample.predicted) {
        (Outcome::Numbers(labels), Some(Outcome::Numbers(predicted))) => {
            for (row, (label, predicted)) in labels.iter().zip(predicted).enumerate() {
                if label.is_finite() && predicted.is_finite() {
                    rows.push(row as u32);
                    losses.push((label - predicted).abs());
                }
            }
            ("mae", rows, losses)
        }
        (Outcome::Classes(labels), predicted) => {
            for (row, label) in labels.iter().enumerate() {
                let class = match predicted {
                    Some(Outcome::Classes(codes)) if !settings.threshold_decides => Some(codes[row]),
                    _ => sample
                        .scores
                        .first()
                        .map(|scores| scores[row])
                        .filter(|score| score.is_finite())
                        .map(|score| u32::from(score >= settings.threshold)),
                };
                if let Some(class) = class.filter(|class| *class != NO_CODE && *class != OUTSIDE)
                    && *label != NO_CODE
                    && *label != OUTSIDE
                {
                    rows.push(row as u32);
                    losses.push(f64::from(u8::from(class != *label)));
                }
            }
            ("error_rate", rows, losses)
        }
        _ => ("mae", rows, losses),
    }
}

fn find(
    document: &mut QualityDocument,
    notes: &mut Vec<String>,
    sample: &Sample,
    settings: &MeasureSettings,
) {
    let (metric, rows, losses) = losses(sample, settings);
    let usable: Vec<&FeatureColumn> = sample
        .features
        .iter()
        .filter(|column| !column.overflown)
        .collect();
    if usable.is_empty() {
        notes.push(
            "weak segments were not searched for: no input columns are known; --schema names them".to_owned(),
        );
        return;
    }
    let held: Vec<HeldFeature<'_>> = usable
        .iter()
        .map(|column| HeldFeature::of(column, &rows, None))
        .collect();
    let columns: Vec<SegmentColumn<'_>> = held
        .iter()
        .map(|held| match held {
            HeldFeature::Numbers(values) => SegmentColumn::Number(values),
            HeldFeature::Categories(values) => SegmentColumn::Category(values),
        })
        .collect();
    let outcome = match weak_segments(&columns, &losses, SearchOptions::default()) {
        Ok(outcome) => outcome,
        Err(error) => {
            notes.push(format!("weak segments were not searched for: {error}"));
            return;
        }
    };
    notes.push(format!(
        "weak segments: {} candidates over one and two columns, tested by {metric}, false discovery rate 5 %",
        outcome.n_candidates
    ));
    document.weak_segments = outcome
        .segments
        .iter()
        .map(|segment| SegmentTwin {
            conditions: segment
                .conditions
                .iter()
                .map(|condition| words(condition, &usable))
                .collect(),
            n_predictions: segment.n_rows,
            n_labelled: segment.n_rows,
            metrics: BTreeMap::from([(
                metric.to_owned(),
                MetricTwin {
                    value: segment.mean_loss,
                    low: segment.low,
                    high: segment.high,
                    method: "simultaneous_normal".to_owned(),
                    n: segment.n_rows,
                },
            )]),
            p_value: Some(segment.adjusted_p_value),
            loss_difference: Some(segment.mean_loss - segment.rest_mean_loss),
            ..SegmentTwin::default()
        })
        .collect();
}

fn words(condition: &Condition, columns: &[&FeatureColumn]) -> String {
    let name = |column: &usize| columns.get(*column).map_or("?", |column| column.name.as_str());
    match condition {
        Condition::Missing { column } => format!("{} is missing", name(column)),
        Condition::Is { column, level } => format!("{} = {level}", name(column)),
        Condition::OtherLevel { column } => format!("{} is one of its rarer values", name(column)),
        Condition::Between { column, low, high } => match (low, high) {
            (None, Some(high)) => format!("{} < {high}", name(column)),
            (Some(low), None) => format!("{} ≥ {low}", name(column)),
            (Some(low), Some(high)) => format!("{low} ≤ {} < {high}", name(column)),
            (None, None) => format!("{} is present", name(column)),
        },
    }
}

/// Divides the change of the mean loss from baseline to window among the features.
pub(super) fn explain(
    document: &mut QualityDocument,
    notes: &mut Vec<String>,
    [baseline, window]: [&Sample; 2],
    settings: &MeasureSettings,
) {
    let columns: Vec<(&FeatureColumn, &FeatureColumn)> = window
        .features
        .iter()
        .filter_map(|column| {
            let other = baseline.features.iter().find(|other| other.name == column.name)?;
            (!column.overflown && !other.overflown).then_some((other, column))
        })
        .collect();
    let [(metric, of_baseline, baseline_loss), (_, of_window, window_loss)] =
        [losses(baseline, settings), losses(window, settings)];
    // What is a number on both sides is one; anything else is a category on both.
    let numeric = |pair: &(&FeatureColumn, &FeatureColumn)| Some(pair.0.is_numeric && pair.1.is_numeric);
    let held: Vec<[HeldFeature<'_>; 2]> = columns
        .iter()
        .map(|pair| {
            [
                HeldFeature::of(pair.0, &of_baseline, numeric(pair)),
                HeldFeature::of(pair.1, &of_window, numeric(pair)),
            ]
        })
        .collect();
    let side = |side: usize| {
        held.iter()
            .map(|pair| pair[side].view())
            .collect::<Vec<Feature<'_>>>()
    };
    let (baseline_features, window_features) = (side(0), side(1));
    let found = match root_cause(
        [&baseline_features, &window_features],
        [&baseline_loss, &window_loss],
    ) {
        Ok(found) => found,
        Err(error) => {
            notes.push(format!("the change was not divided among the features: {error}"));
            return;
        }
    };
    let name = |feature: usize| {
        columns
            .get(feature)
            .map_or_else(String::new, |(_, column)| column.name.clone())
    };
    let mut contributions: Vec<ContributionTwin> = found
        .features
        .iter()
        .map(|part| ContributionTwin {
            name: name(part.feature),
            value: part.contribution,
            drift: Some(part.drift),
            importance: Some(part.importance),
        })
        .collect();
    contributions.push(ContributionTwin {
        name: "not explained by any feature's shift".to_owned(),
        value: found.unexplained,
        drift: None,
        importance: None,
    });
    document.root_cause = Some(RootCauseTwin {
        metric: metric.to_owned(),
        method: "Shapley values of a model of the loss (Lundberg & Lee 2017), averaged on both sides"
            .to_owned(),
        change: found.change,
        contributions,
    });
}
