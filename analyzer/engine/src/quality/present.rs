//! A quality run as the page of the report: numbers as text, curves as points. Decides what is said, computes nothing.

use super::request::QualityRequest;
use super::run::QualityRun;
use crate::report::format::{count, instant, percent};
use crate::report::model::{Fact, Finding, Method, NotEvaluated, Severity, Status};
use crate::report::quality::{
    Basis, CauseRow, ConfusionMatrix, Curve, HistoryPoint, Interval, MetricHistory, MetricRow, QualityPage,
    SegmentRow,
};
use baselines::document::quality::{
    CheckTwin, EstimatedTwin, MetricTwin, PointTwin, QualityDocument, SegmentTwin,
};

/// Metrics whose course over the window is drawn.
const DRAWN: [&str; 8] = [
    "auc",
    "accuracy",
    "f1",
    "precision",
    "recall",
    "mae",
    "rmse",
    "macro_f1",
];

/// The page of a run.
pub(super) fn page(run: &QualityRun, request: &QualityRequest) -> QualityPage {
    let document = &run.document;
    let segment_metric = segment_metric(document);
    QualityPage {
        title: request
            .title
            .clone()
            .unwrap_or_else(|| request.capture.to_string()),
        subtitle: subtitle(document),
        status: status(&document.status),
        headline: headline(document),
        facts: facts(document),
        findings: document
            .checks
            .iter()
            .filter(|check| check.outcome == "breach")
            .map(finding)
            .collect(),
        metrics: metrics(document),
        confusion: document.confusion_matrix.as_ref().map(|matrix| ConfusionMatrix {
            labels: matrix.labels.clone(),
            rows_actual: matrix.weighted_rows_actual.clone().unwrap_or_else(|| {
                let row = |row: &Vec<u64>| row.iter().map(|n| *n as f64).collect();
                matrix.rows_actual.iter().map(row).collect()
            }),
        }),
        curves: curves(document, run.baseline.document.as_ref()),
        history: history(document),
        segments: document
            .weak_segments
            .iter()
            .chain(&document.segments)
            .map(|s| segment(s, &segment_metric))
            .collect(),
        segment_metric,
        causes: document
            .root_cause
            .iter()
            .flat_map(|cause| &cause.contributions)
            .map(|part| CauseRow {
                feature: part.name.clone(),
                drift: part.drift.map_or_else(String::new, number),
                importance: part.importance.map_or_else(String::new, number),
                contribution: number(part.value),
            })
            .collect(),
        causes_note: document.root_cause.as_ref().map_or_else(String::new, |cause| {
            format!(
                "The parts add up to the change of {} by {}: {}.",
                cause.metric,
                number(cause.change),
                cause.method
            )
        }),
        not_evaluated: not_evaluated(document),
        methods: methods(document),
        footer: vec![format!("{} · {}", document.software, document.digest)],
    }
}

fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 {
        format!("{value:.2e}")
    } else if value.abs() >= 1000.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.4}")
    }
}

fn range(low: f64, high: f64) -> String {
    format!("{} to {}", number(low), number(high))
}

fn status(word: &str) -> Status {
    match word {
        "pass" => Status::Pass,
        "violated" | "breach" => Status::Violated,
        _ => Status::NotEvaluated,
    }
}

fn subtitle(document: &QualityDocument) -> String {
    match (&document.start, &document.end) {
        (None, None) => "All of the predictions there are".to_owned(),
        (start, end) => {
            let side = |time: &Option<String>| time.as_deref().map_or_else(|| "…".to_owned(), instant);
            format!("{} to {}", side(start), side(end))
        }
    }
}

fn headline(document: &QualityDocument) -> String {
    if document.n_labelled == 0 {
        return "No label is there yet: every number on this page is estimated.".to_owned();
    }
    let breaches: Vec<&str> = document
        .checks
        .iter()
        .filter(|check| check.outcome == "breach")
        .map(|check| check.metric.as_str())
        .collect();
    match (document.status.as_str(), &document.not_evaluated) {
        ("violated", _) => format!(
            "Worse than the baseline by more than chance explains: {}.",
            breaches.join(", ")
        ),
        ("pass", _) => "No metric is worse than the baseline by more than chance explains.".to_owned(),
        (_, Some(reason)) => format!("Not evaluated: {reason}."),
        _ => "Not evaluated.".to_owned(),
    }
}

fn facts(document: &QualityDocument) -> Vec<Fact> {
    let fact = |label: &str, value: String, note: String| Fact {
        label: label.to_owned(),
        value,
        note,
    };
    let mut facts = vec![
        fact("Predictions", count(document.n_predictions), String::new()),
        fact("Labelled", count(document.n_labelled), percent(document.coverage)),
    ];
    if let Some(maturity) = &document.maturity {
        if let Some(expected) = maturity.expected_coverage {
            facts.push(fact(
                "Expected by now",
                percent(expected),
                format!("at {}", instant(&maturity.as_of)),
            ));
        }
        facts.push(match (&maturity.final_at, &maturity.unknown) {
            (Some(at), _) => fact(
                "Final to 98 %",
                instant(at),
                if maturity.is_final {
                    "reached"
                } else {
                    "still to come"
                }
                .to_owned(),
            ),
            (None, reason) => fact(
                "Final to 98 %",
                "not known".to_owned(),
                reason.clone().unwrap_or_default(),
            ),
        });
    }
    facts
}

fn finding(check: &CheckTwin) -> Finding {
    let direction = if check.comparison_operator == "LessThanThreshold" {
        "below"
    } else {
        "above"
    };
    let value = check.value.as_ref();
    Finding {
        severity: Severity::Violation,
        column: String::new(),
        check: check.metric.clone(),
        what: format!("{} is {direction} the baseline", check.metric),
        value: value.map_or_else(String::new, |metric| number(metric.value)),
        limit: number(check.threshold),
        derivation: value.map_or_else(String::new, |metric| {
            format!("interval {} by {}", range(metric.low, metric.high), metric.method)
        }),
        remedy: String::new(),
    }
}

fn metrics(document: &QualityDocument) -> Vec<MetricRow> {
    let check = |name: &str| document.checks.iter().find(|check| check.metric == name);
    let mut rows: Vec<MetricRow> = document
        .metrics
        .iter()
        .map(|(name, metric)| realised(name, metric, check(name)))
        .collect();
    rows.extend(document.not_computable.iter().map(|(name, reason)| MetricRow {
        name: name.clone(),
        method: reason.clone(),
        ..MetricRow::default()
    }));
    // Constrained metrics first, those that breach before the others.
    let rank = |row: &MetricRow| match check(&row.name).map(|check| check.outcome.as_str()) {
        Some("breach") => 0,
        Some(_) => 1,
        None => 2,
    };
    rows.sort_by_key(rank);
    for (name, found) in document.estimate.iter().flat_map(|estimate| &estimate.metrics) {
        rows.push(estimated(name, found));
    }
    rows
}

fn realised(name: &str, metric: &MetricTwin, check: Option<&CheckTwin>) -> MetricRow {
    MetricRow {
        name: name.to_owned(),
        basis: Basis::Realised,
        value: number(metric.value),
        interval: range(metric.low, metric.high),
        baseline: check.map_or_else(String::new, |check| number(check.threshold)),
        limit: check.map_or_else(String::new, |check| {
            let sign = if check.comparison_operator == "LessThanThreshold" {
                "at least"
            } else {
                "at most"
            };
            format!("{sign} {}", number(check.threshold))
        }),
        method: metric.method.clone(),
        status: check.map_or(Status::NotEvaluated, |check| status(&check.outcome)),
    }
}

fn estimated(name: &str, found: &EstimatedTwin) -> MetricRow {
    MetricRow {
        name: name.to_owned(),
        basis: Basis::Estimated,
        value: number(found.value),
        interval: found
            .low
            .zip(found.high)
            .map_or_else(String::new, |(low, high)| range(low, high)),
        method: match (found.error, found.within_band) {
            (Some(error), Some(true)) => format!("off by {}, inside its band", number(error)),
            (Some(error), Some(false)) => format!("off by {}, outside its band", number(error)),
            (Some(error), None) => format!("off by {}", number(error)),
            _ => "no labels to hold it against yet".to_owned(),
        },
        ..MetricRow::default()
    }
}

fn curves(document: &QualityDocument, baseline: Option<&QualityDocument>) -> Vec<Curve> {
    let Some(found) = &document.curves else {
        return Vec::new();
    };
    let of_baseline = baseline.and_then(|baseline| baseline.curves.as_ref());
    let rates = |points: &[PointTwin]| {
        points
            .iter()
            .map(|p| (p.false_positive_rate, p.true_positive_rate))
            .collect::<Vec<_>>()
    };
    let precisions = |points: &[PointTwin]| {
        points
            .iter()
            .map(|p| (p.true_positive_rate, p.precision))
            .collect::<Vec<_>>()
    };
    let value = |name: &str| {
        document.metrics.get(name).map_or_else(String::new, |metric| {
            format!(
                "{name} {} ({})",
                number(metric.value),
                range(metric.low, metric.high)
            )
        })
    };
    vec![
        Curve {
            heading: "ROC curve".to_owned(),
            x_label: "False positive rate".to_owned(),
            y_label: "True positive rate".to_owned(),
            summary: value("auc"),
            current: rates(&found.roc),
            reference: of_baseline.map_or_else(|| vec![(0.0, 0.0), (1.0, 1.0)], |curves| rates(&curves.roc)),
            reference_name: if of_baseline.is_some() {
                "baseline"
            } else {
                "chance"
            }
            .to_owned(),
        },
        Curve {
            heading: "Precision and recall".to_owned(),
            x_label: "Recall".to_owned(),
            y_label: "Precision".to_owned(),
            summary: value("average_precision"),
            current: precisions(&found.precision_recall),
            reference: of_baseline
                .map(|curves| precisions(&curves.precision_recall))
                .unwrap_or_default(),
            reference_name: "baseline".to_owned(),
        },
        Curve {
            heading: "Reliability".to_owned(),
            x_label: "Predicted probability".to_owned(),
            y_label: "Share of positives".to_owned(),
            summary: value("expected_calibration_error"),
            current: found
                .reliability
                .iter()
                .map(|bin| (bin.mean_probability, bin.positive_share.value))
                .collect(),
            reference: vec![(0.0, 0.0), (1.0, 1.0)],
            reference_name: "perfect calibration".to_owned(),
        },
        Curve {
            heading: "Gain".to_owned(),
            x_label: "Share of predictions, highest scores first".to_owned(),
            y_label: "Share of positives found".to_owned(),
            summary: String::new(),
            current: found
                .gain
                .iter()
                .map(|point| (point.share, point.gain.value))
                .collect(),
            reference: vec![(0.0, 0.0), (1.0, 1.0)],
            reference_name: "chance".to_owned(),
        },
    ]
    .into_iter()
    .filter(|curve| curve.current.len() > 1)
    .collect()
}

/// Each drawn metric over the parts of the window: estimate with its band, and what the labels gave.
fn history(document: &QualityDocument) -> Vec<MetricHistory> {
    let shown = |name: &&&str| {
        document.windows.len() > 1
            && document
                .windows
                .iter()
                .any(|window| window.metrics.contains_key(**name) || window.estimates.contains_key(**name))
    };
    DRAWN
        .iter()
        .filter(shown)
        .take(4)
        .map(|name| history_of(document, name))
        .collect()
}

fn history_of(document: &QualityDocument, name: &str) -> MetricHistory {
    let is_final = document
        .maturity
        .as_ref()
        .is_some_and(|maturity| maturity.is_final);
    let points: Vec<HistoryPoint> = document
        .windows
        .iter()
        .map(|window| HistoryPoint {
            // The first part may begin before the window does.
            label: short(
                document
                    .start
                    .as_deref()
                    .map_or(&window.start, |start| window.start.as_str().max(start)),
            ),
            realised: window.metrics.get(name).map(|metric| Interval {
                value: metric.value,
                low: metric.low,
                high: metric.high,
            }),
            estimated: window.estimates.get(name).map(|found| Interval {
                value: found.value,
                low: found.low.unwrap_or(found.value),
                high: found.high.unwrap_or(found.value),
            }),
            provisional: window.n_labelled < window.n_predictions && !is_final,
        })
        .collect();
    let n_estimated = points.iter().filter(|point| point.estimated.is_some()).count();
    let n_realised = points.iter().filter(|point| point.realised.is_some()).count();
    let threshold = document
        .checks
        .iter()
        .find(|check| check.metric == name)
        .map(|check| check.threshold);
    MetricHistory {
        metric: name.to_owned(),
        summary: format!(
            "{n_realised} of {} parts have enough labels to be measured, {n_estimated} are estimated.",
            points.len()
        ),
        points,
        limit: None,
        baseline: threshold,
    }
}

/// `2026-11-20T08:00:00Z` as `11-20 08h`, and midnights as the day.
fn short(time: &str) -> String {
    let (day, hour) = (time.get(5..10).unwrap_or(time), time.get(11..13).unwrap_or("00"));
    if hour == "00" {
        day.to_owned()
    } else {
        format!("{day} {hour}h")
    }
}

fn segment_metric(document: &QualityDocument) -> String {
    let wanted = match document.problem.as_str() {
        "regression" => ["mae", "mae"],
        _ if document.segments.is_empty() && !document.weak_segments.is_empty() => {
            ["error_rate", "error_rate"]
        }
        _ => ["accuracy", "error_rate"],
    };
    wanted[0].to_owned()
}

fn segment(segment: &SegmentTwin, metric: &str) -> SegmentRow {
    let found = segment
        .metrics
        .get(metric)
        .or_else(|| segment.metrics.values().next());
    let against_rest = match (segment.loss_difference, segment.p_value) {
        (Some(difference), Some(p)) => format!(
            "loss {} higher, p = {} after correction",
            number(difference),
            number(p)
        ),
        _ => String::new(),
    };
    SegmentRow {
        segment: segment.conditions.join(" and "),
        rows: count(segment.n_labelled),
        value: found.map_or_else(|| "not evaluated".to_owned(), |metric| number(metric.value)),
        interval: found.map_or_else(String::new, |metric| range(metric.low, metric.high)),
        status: if against_rest.is_empty() {
            Status::NotEvaluated
        } else {
            Status::Warned
        },
        against_rest,
    }
}

fn not_evaluated(document: &QualityDocument) -> Vec<NotEvaluated> {
    let of_checks = document
        .checks
        .iter()
        .filter_map(|check| Some((check.metric.clone(), check.reason.clone()?)));
    let whole = document
        .not_evaluated
        .iter()
        .map(|reason| ("model quality".to_owned(), reason.clone()));
    let notes = document
        .notes
        .iter()
        .map(|note| ("note".to_owned(), note.clone()));
    let row = |(what, reason)| NotEvaluated {
        what,
        reason,
        remedy: String::new(),
    };
    if document.not_evaluated.is_some() {
        whole.chain(notes).map(row).collect()
    } else {
        of_checks.chain(notes).map(row).collect()
    }
}

fn methods(document: &QualityDocument) -> Vec<Method> {
    let method = |name: &str, description: String| Method {
        name: name.to_owned(),
        description,
        limit: String::new(),
        derivation: String::new(),
    };
    let mut methods = vec![method(
        "Judgement",
        match document.convention.as_str() {
            "sagemaker" => "Model Monitor's: the value itself decides".to_owned(),
            _ => {
                "a metric breaches where the difference from the baseline is more than both intervals explain"
                    .to_owned()
            }
        },
    )];
    if let Some(estimate) = &document.estimate {
        methods.push(method(
            &format!("Estimates ({})", estimate.method),
            format!(
                "Made without labels. They hold only if {}.",
                estimate.assumptions.join("; ")
            ),
        ));
        if let Some(drift) = &estimate.concept_drift {
            let said = if drift.is_drift {
                "speaks against the estimates: labels do not follow the calibrated probabilities"
            } else {
                "does not speak against the estimates"
            };
            methods.push(method(
                "Concept drift",
                format!(
                    "The test on {} labels {said} (p = {}).",
                    count(drift.n),
                    number(drift.p_value)
                ),
            ));
        }
    }
    methods
}
