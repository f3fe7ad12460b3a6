//! What the metrics of a model must satisfy: a threshold and the operator that names a violation.
//!
//! Suggested from a baseline's result, as Model Monitor suggests them: the baseline's value, and the direction in which
//! the metric is worse (contract §4.6). Does not judge.

use std::collections::BTreeMap;

use super::result::{MetricValue, Problem, QualityResult};

/// When a metric violates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// A violation is less than the threshold: more is better.
    LessThanThreshold,
    /// A violation is greater than the threshold: less is better.
    GreaterThanThreshold,
}

impl Operator {
    /// Model Monitor's name, which is also its `constraint_check_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LessThanThreshold => "LessThanThreshold",
            Self::GreaterThanThreshold => "GreaterThanThreshold",
        }
    }

    /// Reads Model Monitor's name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::LessThanThreshold, Self::GreaterThanThreshold]
            .into_iter()
            .find(|operator| operator.name() == name)
    }

    /// Whether `value` is on the wrong side of `threshold`; equality is not.
    pub fn violates(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::LessThanThreshold => value < threshold,
            Self::GreaterThanThreshold => value > threshold,
        }
    }
}

/// The constraint of one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricConstraint {
    /// The value to compare with.
    pub threshold: f64,
    /// What a violation is.
    pub operator: Operator,
    /// The baseline's metric, where the threshold is its value: a baseline is a sample too, and its interval counts.
    pub baseline: Option<MetricValue>,
}

/// Constraints by metric name.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityConstraints {
    /// What was predicted.
    pub problem: Problem,
    /// By the names of [`QualityResult::metrics`].
    pub metrics: BTreeMap<String, MetricConstraint>,
}

const BINARY: [&str; 11] = [
    "recall",
    "precision",
    "accuracy",
    "true_positive_rate",
    "true_negative_rate",
    "false_positive_rate",
    "false_negative_rate",
    "auc",
    "f0.5",
    "f1",
    "f2",
];
const MULTICLASS: [&str; 6] = [
    "accuracy",
    "weighted_recall",
    "weighted_precision",
    "weighted_f0.5",
    "weighted_f1",
    "weighted_f2",
];
const REGRESSION: [&str; 4] = ["mae", "mse", "rmse", "r2"];

/// Model Monitor's constrained metrics, in its order.
pub fn constrained_metrics(problem: Problem) -> &'static [&'static str] {
    match problem {
        Problem::Binary => &BINARY,
        Problem::Multiclass => &MULTICLASS,
        Problem::Regression => &REGRESSION,
    }
}

/// The direction in which a metric is worse.
pub fn operator_of(metric: &str) -> Operator {
    const LESS_IS_BETTER: [&str; 12] = [
        "false_positive_rate",
        "false_negative_rate",
        "mae",
        "mse",
        "rmse",
        "mape",
        "median_ae",
        "log_loss",
        "brier",
        "expected_calibration_error",
        "absolute_bias",
        "share_refused",
    ];
    if LESS_IS_BETTER.contains(&metric) {
        Operator::GreaterThanThreshold
    } else {
        Operator::LessThanThreshold
    }
}

/// Constraints from a baseline: Model Monitor's metrics that could be computed, each with its value as threshold.
pub fn suggest_constraints(baseline: &QualityResult) -> QualityConstraints {
    let metrics = constrained_metrics(baseline.problem)
        .iter()
        .filter_map(|name| {
            let metric = baseline.metrics.get(*name)?;
            let constraint = MetricConstraint {
                threshold: metric.value,
                operator: operator_of(name),
                baseline: Some(*metric),
            };
            Some(((*name).to_owned(), constraint))
        })
        .collect();
    QualityConstraints {
        problem: baseline.problem,
        metrics,
    }
}
