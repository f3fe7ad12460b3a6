//! Bias and attributions on the page: rows of its tables. Decides what is said, computes nothing.

use super::bias::NO_RANGE;
use super::present::{number, range};
use crate::report::model::{Finding, NotEvaluated, Severity, Status};
use crate::report::quality::{Basis, MetricRow};
use baselines::document::quality::{AttributionTwin, BiasTwin, QualityDocument};

/// What rings, as its reader meets it.
pub(super) fn alerts(document: &QualityDocument) -> Vec<String> {
    let bias = document.bias.iter().filter(|found| found.alert);
    let attributions = document.attributions.iter().filter(|found| found.alert);
    bias.map(bias_name)
        .chain(attributions.map(|_| "attributions".to_owned()))
        .collect()
}

/// What rings, as findings.
pub(super) fn findings(document: &QualityDocument) -> Vec<Finding> {
    let bias = document
        .bias
        .iter()
        .filter(|found| found.alert)
        .map(|found| Finding {
            severity: Severity::Violation,
            column: found.column.clone(),
            check: found.metric.clone(),
            what: match document.convention.as_str() {
                "sagemaker" => format!(
                    "{} of {} is larger than the baseline's",
                    found.metric, found.facet
                ),
                _ => format!("{} of {} is outside its range", found.metric, found.facet),
            },
            value: value(found),
            limit: limit(found, &document.convention),
            derivation: interval(found.low, found.high, "bootstrap interval"),
            remedy: String::new(),
        });
    let attributions = document.attributions.iter().filter(|found| found.alert);
    let attributions = attributions.map(|found| Finding {
        severity: Severity::Violation,
        column: String::new(),
        check: "attributions".to_owned(),
        what: "the answers rest on other features than the baseline's".to_owned(),
        value: found.ndcg.map_or_else(String::new, number),
        limit: attribution_limit(found),
        derivation: interval(found.low, found.high, "bootstrap interval"),
        remedy: String::new(),
    });
    bias.chain(attributions).collect()
}

/// Every bias metric that has a value, and the nDCG.
pub(super) fn metrics(document: &QualityDocument) -> Vec<MetricRow> {
    let measured = document
        .bias
        .iter()
        .filter(|found| found.value.is_some() || found.infinite.is_some());
    let bias = measured.map(|found| MetricRow {
        name: bias_name(found),
        basis: Basis::Realised,
        value: value(found),
        interval: interval(found.low, found.high, ""),
        baseline: found.baseline.map_or_else(String::new, number),
        limit: limit(found, &document.convention),
        method: match &found.reason {
            Some(reason) => reason.clone(),
            None => "bootstrap".to_owned(),
        },
        status: status(&found.outcome),
    });
    let attributions = document.attributions.iter().map(|found| MetricRow {
        name: "attributions (nDCG)".to_owned(),
        basis: Basis::Realised,
        value: found.ndcg.map_or_else(String::new, number),
        interval: interval(found.low, found.high, ""),
        baseline: String::new(),
        limit: attribution_limit(found),
        method: match (&found.reason, found.features.first()) {
            (Some(reason), _) => reason.clone(),
            (None, Some(first)) => format!("bootstrap; `{}` matters most", first.name),
            (None, None) => "bootstrap".to_owned(),
        },
        status: status(&found.outcome),
    });
    bias.chain(attributions).collect()
}

/// What could not be judged, a line for each facet and reason.
pub(super) fn not_evaluated(document: &QualityDocument) -> Vec<NotEvaluated> {
    let mut rows: Vec<(String, String, Vec<&str>)> = Vec::new();
    for found in &document.bias {
        let Some(reason) = found.reason.as_deref().filter(|reason| *reason != NO_RANGE) else {
            continue;
        };
        let known = rows
            .iter_mut()
            .find(|(facet, other, _)| *facet == found.facet && other == reason);
        match known {
            Some((_, _, metrics)) => metrics.push(&found.metric),
            None => rows.push((found.facet.clone(), reason.to_owned(), vec![&found.metric])),
        }
    }
    let bias = rows.into_iter().map(|(facet, reason, metrics)| NotEvaluated {
        what: format!("bias of {facet}: {}", metrics.join(", ")),
        reason,
        remedy: String::new(),
    });
    let attributions = document.attributions.iter().filter_map(|found| {
        Some(NotEvaluated {
            what: "attributions".to_owned(),
            reason: found.reason.clone()?,
            remedy: String::new(),
        })
    });
    bias.chain(attributions).collect()
}

fn bias_name(found: &BiasTwin) -> String {
    format!("{} ({})", found.metric, found.facet)
}

fn value(found: &BiasTwin) -> String {
    match (found.value, &found.infinite) {
        (Some(value), _) => number(value),
        (None, Some(infinite)) => infinite.clone(),
        (None, None) => String::new(),
    }
}

fn interval(low: Option<f64>, high: Option<f64>, name: &str) -> String {
    let Some((low, high)) = low.zip(high) else {
        return String::new();
    };
    format!("{name} {}", range(low, high)).trim_start().to_owned()
}

fn limit(found: &BiasTwin, convention: &str) -> String {
    match (found.allowed_low, found.allowed_high, found.baseline) {
        (Some(low), Some(high), _) => range(low, high),
        (Some(low), None, _) => format!("at least {}", number(low)),
        (None, Some(high), _) => format!("at most {}", number(high)),
        (None, None, Some(baseline)) if convention == "sagemaker" => {
            format!("at most {} either way", number(baseline.abs()))
        }
        (None, None, _) => String::new(),
    }
}

fn attribution_limit(found: &AttributionTwin) -> String {
    found
        .limit
        .map_or_else(String::new, |limit| format!("at least {}", number(limit)))
}

fn status(outcome: &str) -> Status {
    match outcome {
        "alert" => Status::Violated,
        "allowed" => Status::Pass,
        "outside_within_chance" => Status::Warned,
        _ => Status::NotEvaluated,
    }
}
