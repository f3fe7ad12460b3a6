//! One quality run: a window's predictions and labels to its result.
//!
//! Order: baseline, predictions, labels, join, maturity, metrics, judgement, parts by time and by segment, estimates.
//! Brings these together; each stands in a module of its own.

use super::attributions;
use super::baseline::{QualityBaseline, load_baseline};
use super::bias::{self, BiasContext};
use super::fairness::Rule;
use super::load::{LoadRequest, Loaded, latest_second, load_table, load_window};
use super::maturity::{learn, say};
use super::measure::{MeasureSettings, measure};
use super::parts;
use super::request::{QualityColumns, QualityRequest, convention_name};
use super::sample::{BesideColumn, ClassChoice, Sample};
use super::weights;
use crate::error::EngineError;
use crate::progress::{Progress, Silent};
use crate::scan::ScanSettings;
use baselines::document::quality::{CheckTwin, QualityDocument};
use baselines::judge::Status;
use baselines::maturity::LabelDelays;
use baselines::quality::{
    Coverage, MetricOutcome, QualityConvention, QualityResult, QualityVerdict, judge_quality,
};
use capture::schema::Probability;
use capture::time::{TimeWindow, format_rfc3339};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::Xxh3;

/// A measured window.
#[derive(Debug)]
pub struct QualityRun {
    /// `quality.json`.
    pub document: QualityDocument,
    /// The library's result.
    pub result: QualityResult,
    /// The judgement; `None` without a model-quality baseline.
    pub verdict: Option<QualityVerdict>,
    /// What is now known of label delays.
    pub delays: LabelDelays,
    /// What is needed to write merged records.
    pub(crate) loaded: Loaded,
    pub(crate) baseline: QualityBaseline,
}

/// How many predictions of the window have a label, and how many there are. Measures and writes nothing.
pub async fn coverage(request: &QualityRequest) -> Result<(u64, u64), EngineError> {
    let baseline = load_baseline(&request.baseline, request.problem, &request.store).await?;
    let choice = class_choice(request, &baseline);
    let features = parts::wanted_columns(request, &baseline);
    let load = LoadRequest {
        problem: request.problem,
        columns: &request.columns,
        classes: &choice,
        schema: request.schema.as_ref(),
        known: baseline.columns.as_ref(),
        baseline_columns: baseline
            .document
            .as_ref()
            .map_or(&EMPTY, |document| &document.columns),
        features: &features,
        attributions: request.bias.attributions.as_deref(),
        settings: &request.settings,
        store: &request.store,
        progress: &Silent,
        merge: false,
    };
    let loaded = load_window(&load, &request.capture, &request.ground_truth).await?;
    Ok((loaded.counts.labelled, loaded.counts.predictions))
}

/// Measures a window.
pub async fn run(request: &QualityRequest, progress: &dyn Progress) -> Result<QualityRun, EngineError> {
    let mut baseline = load_baseline(&request.baseline, request.problem, &request.store).await?;
    baseline
        .fairness
        .read(&request.bias.clarify, &request.store)
        .await?;
    let choice = class_choice(request, &baseline);
    let features = parts::wanted_columns(request, &baseline);
    let load = LoadRequest {
        problem: request.problem,
        columns: &request.columns,
        classes: &choice,
        schema: request.schema.as_ref(),
        known: baseline.columns.as_ref(),
        baseline_columns: baseline
            .document
            .as_ref()
            .map_or(&EMPTY, |document| &document.columns),
        features: &features,
        attributions: request.bias.attributions.as_deref(),
        settings: &request.settings,
        store: &request.store,
        progress,
        merge: request.merged,
    };
    let mut loaded = load_window(&load, &request.capture, &request.ground_truth).await?;
    let mut notes = Vec::new();
    if let Some(location) = &request.sampling {
        weights::apply(&mut loaded.sample, location, &request.store, &mut notes).await?;
    }
    progress.stage("measuring", 0);
    let settings = measure_settings(request, &baseline, loaded.has_prediction);
    let sample = &loaded.sample;
    let all: Vec<u32> = (0..sample.len() as u32).collect();
    let result = measure(sample, &all, &settings)?;
    let coverage = Coverage {
        n_predictions: loaded.counts.predictions,
        n_labelled: loaded.counts.labelled,
    };
    let verdict = baseline
        .constraints
        .as_ref()
        .map(|constraints| judge_quality(&result, constraints, coverage, &request.policy));
    let as_of = request.as_of.or_else(|| latest_second(sample));
    let (mut delays, mut of_window) = learn(sample, request).await?;
    if let Some(now) = as_of {
        of_window.seen_until(now);
    }
    delays.update(&of_window);
    let mut document = QualityDocument {
        version: "1".to_owned(),
        software: crate::baseline::software(),
        shown: if coverage.n_labelled == 0 {
            "estimated"
        } else {
            "realised"
        }
        .to_owned(),
        start: request.settings.window.start.and_then(format_rfc3339),
        end: request.settings.window.end.and_then(format_rfc3339),
        n_predictions: coverage.n_predictions,
        n_labelled: coverage.n_labelled,
        coverage: coverage.share(),
        maturity: as_of.map(|now| say(&delays, &of_window, now, coverage)),
        classes: sample.classes.clone(),
        threshold: (!sample.scores.is_empty() && (settings.threshold_decides || !loaded.has_prediction))
            .then_some(settings.threshold),
        labels: label_counts(&loaded),
        rejects: rejects(&loaded),
        convention: convention_name(request.policy.convention).to_owned(),
        judged_by: judged_by(request),
        columns: loaded.columns.clone(),
        digest: digest(sample, request, &baseline),
        ..QualityDocument::default()
    };
    document.take_result(&result);
    judge_into(&mut document, verdict.as_ref(), &baseline);
    parts::fill(&mut document, &mut notes, sample, &settings, request, &baseline)?;
    fairness_into(&mut document, &mut notes, sample, &settings, request, &baseline)?;
    if let Some(data) = &request.explain {
        // The baseline's own columns and all of its times.
        let (columns, settings_of_table) = (
            QualityColumns::default(),
            ScanSettings {
                window: TimeWindow::default(),
                ..request.settings.clone()
            },
        );
        let features_of_table: Vec<BesideColumn> = features
            .iter()
            .map(|column| BesideColumn {
                argument: None,
                ..column.clone()
            })
            .collect();
        let of_table = LoadRequest {
            features: &features_of_table,
            columns: &columns,
            attributions: None,
            settings: &settings_of_table,
            merge: false,
            ..load
        };
        let reference = load_table(&of_table, data).await?;
        parts::explain(&mut document, &mut notes, [&reference.sample, sample], &settings);
    }
    document.notes = notes;
    progress.done();
    Ok(QualityRun {
        document,
        result,
        verdict,
        delays,
        loaded,
        baseline,
    })
}

static EMPTY: BTreeMap<String, String> = BTreeMap::new();

fn class_choice(request: &QualityRequest, baseline: &QualityBaseline) -> ClassChoice {
    let of_baseline = baseline
        .document
        .as_ref()
        .map(|document| document.classes.clone())
        .filter(|classes| !classes.is_empty());
    let of_schema = match request
        .schema
        .as_ref()
        .and_then(|schema| schema.probability.as_ref())
    {
        Some(Probability::PerClass(columns)) => Some(columns.keys().cloned().collect()),
        _ => None,
    };
    let positive = request.classes.positive.clone();
    // A positive class named here decides about the order of two classes.
    let of_baseline = of_baseline.filter(|_| positive.is_none());
    ClassChoice {
        classes: request.classes.classes.clone().or(of_baseline).or(of_schema),
        positive,
    }
}

fn measure_settings(
    request: &QualityRequest,
    baseline: &QualityBaseline,
    has_prediction: bool,
) -> MeasureSettings {
    let of_baseline = baseline.document.as_ref().and_then(|document| document.threshold);
    MeasureSettings {
        threshold: request.classes.threshold.or(of_baseline).unwrap_or(0.5),
        threshold_decides: request.classes.threshold.is_some() || !has_prediction,
        options: request.options.clone(),
        n_threads: request.settings.n_threads,
    }
}

fn label_counts(loaded: &Loaded) -> BTreeMap<String, u64> {
    let counts = &loaded.counts;
    [
        ("predictions_redelivered", counts.redelivered),
        ("predictions_sharing_an_id", counts.repeated_ids),
        ("predictions_without_id", counts.without_id),
        ("prediction_lines", loaded.predictions.lines),
        ("prediction_lines_rejected", loaded.predictions.rejected),
        (
            "prediction_lines_outside_window",
            loaded.predictions.outside_window,
        ),
        ("prediction_lines_shadow", loaded.predictions.shadow),
        ("unlabelled", counts.unlabelled),
        ("labels", counts.labels),
        ("label_lines", loaded.labels.lines),
        ("label_lines_rejected", loaded.labels.rejected),
        ("labels_without_id", loaded.n_labels_without_id),
        ("labels_empty", loaded.n_labels_empty),
        ("labels_duplicate", counts.duplicate_labels),
        ("labels_superseded", counts.superseded_labels),
        ("rows_with_conflicting_labels", counts.conflicting_rows),
        ("labels_of_rejected_records", counts.labels_of_rejected),
        ("labels_with_other_row_count", counts.row_count_mismatch),
        ("labels_orphaned", counts.orphans),
    ]
    .into_iter()
    .map(|(name, n)| (name.to_owned(), n))
    .collect()
}

fn rejects(loaded: &Loaded) -> BTreeMap<String, BTreeMap<String, u64>> {
    [("predictions", &loaded.predictions), ("labels", &loaded.labels)]
        .into_iter()
        .filter(|(_, counts)| !counts.rejects_by_reason.is_empty())
        .map(|(side, counts)| {
            let reasons = counts.rejects_by_reason.iter();
            (
                side.to_owned(),
                reasons.map(|(reason, n)| ((*reason).to_owned(), *n)).collect(),
            )
        })
        .collect()
}

fn judged_by(request: &QualityRequest) -> BTreeMap<String, f64> {
    let policy = &request.policy;
    [
        ("confidence", request.options.confidence),
        ("joint", f64::from(u8::from(policy.joint))),
        ("min_coverage", policy.min_coverage),
        ("min_labels", policy.min_labels as f64),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The judgement's words, and why there is none.
fn judge_into(document: &mut QualityDocument, verdict: Option<&QualityVerdict>, baseline: &QualityBaseline) {
    let Some(verdict) = verdict else {
        "not_evaluated".clone_into(&mut document.status);
        document.not_evaluated = Some(baseline.missing.clone());
        return;
    };
    document.checks = verdict.checks.iter().map(CheckTwin::from).collect();
    let status = match verdict.status {
        Status::Pass => "pass",
        Status::Violated => "violated",
        Status::NotEvaluated => "not_evaluated",
    };
    status.clone_into(&mut document.status);
    if verdict.status == Status::NotEvaluated {
        let reason = verdict.checks.iter().find_map(|check| match &check.outcome {
            MetricOutcome::NotEvaluated { reason } => Some(reason.clone()),
            _ => None,
        });
        document.not_evaluated = Some(reason.unwrap_or_else(|| "no metric has a constraint".to_owned()));
    }
}

/// Bias and attributions, and what they do to the status.
fn fairness_into(
    document: &mut QualityDocument,
    notes: &mut Vec<String>,
    sample: &Sample,
    settings: &MeasureSettings,
    request: &QualityRequest,
    baseline: &QualityBaseline,
) -> Result<(), EngineError> {
    let (policy, coverage) = (&request.policy, document.coverage);
    let withheld = if document.n_labelled < policy.min_labels {
        Some(format!(
            "{} labelled predictions, at least {} are needed",
            document.n_labelled, policy.min_labels
        ))
    } else {
        (coverage < policy.min_coverage).then(|| {
            format!(
                "{:.1} % of the predictions have a label, at least {:.1} % are needed",
                coverage * 100.0,
                policy.min_coverage * 100.0
            )
        })
    };
    let min_rows = policy.min_labels;
    let rule = match policy.convention {
        QualityConvention::House => Rule::House { withheld, min_rows },
        QualityConvention::Sagemaker => Rule::Sagemaker { withheld, min_rows },
    };
    let inputs = parts::model_inputs(request.schema.as_ref(), baseline.columns.as_ref());
    let context = BiasContext {
        asked: &request.bias,
        settings,
        rule: &rule,
        baseline: &baseline.fairness.bias,
        inputs: &inputs,
    };
    bias::fill(document, notes, sample, &context)?;
    document.attributions = attributions::describe(
        notes,
        sample,
        settings,
        &rule,
        &baseline.fairness.attributions,
        request.bias.attribution_limit,
    );
    let alert = document.bias.iter().any(|metric| metric.alert)
        || document.attributions.as_ref().is_some_and(|found| found.alert);
    if alert {
        "violated".clone_into(&mut document.status);
        if let Some(reason) = document.not_evaluated.take() {
            notes.push(format!("metrics were not judged: {reason}"));
        }
    }
    Ok(())
}

/// What makes a revision: the joined set, and everything that decides what is said of it.
fn digest(sample: &Sample, request: &QualityRequest, baseline: &QualityBaseline) -> String {
    let mut hasher = Xxh3::new();
    hasher.update(&sample.digest.to_le_bytes());
    hasher.update(baseline.digest.as_bytes());
    for weight in sample.weights.iter().flatten() {
        hasher.update(&weight.to_bits().to_le_bytes());
    }
    let asked = (
        &request.classes,
        &request.segments,
        (request.find_segments, request.explain.is_some()),
        &request.bias,
        &baseline.fairness.digest,
        &request.options,
        (
            request.policy.convention == QualityConvention::House,
            request.policy.min_coverage,
            request.policy.min_labels,
        ),
    );
    hasher.update(format!("{asked:?}").as_bytes());
    format!("xxh3-{:032x}", hasher.digest128())
}
