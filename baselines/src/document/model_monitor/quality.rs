//! Model-quality files: results, constraints and verdicts of [`quality`](crate::quality) to their twins, and back.
//!
//! Names, operators and sentences: contract §4.4 and §4.6. Only Model Monitor's own metrics are written; a metric that
//! could not be computed is left out. Does not compute a metric and does not judge.

use std::collections::BTreeMap;

use super::model_quality::{ClassificationMetrics, Metric, MetricConstraint as ConstraintTwin, NumberOrText};
use super::statistics::Dataset;
use super::{CONSTRAINTS_FILE, ConstraintsFile, Curve, STATISTICS_FILE, Statistics, Violation, Violations};
use crate::document::DocumentError;
use crate::document::java_double::java_double;
use crate::quality::{
    MetricCheck, MetricConstraint, MetricOutcome, Operator, Problem, QualityConstraints, QualityResult,
    QualityVerdict, ThresholdPoint, constrained_metrics,
};

/// An axis of a curve: its name, and what it shows of a point.
type Axis<'a> = (&'a str, fn(&ThresholdPoint) -> f64);

const SUFFIX: &str = "_best_constant_classifier";

/// Constraints of a file, and what in it no window can be judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedQualityConstraints {
    /// The constraints.
    pub constraints: QualityConstraints,
    /// Metrics whose threshold is Java's `NaN` or an infinity, by their names in the file.
    pub without_threshold: Vec<String>,
}

/// Our name in Model Monitor's spelling: no dot.
fn their_name(name: &str) -> String {
    name.replace("f0.5", "f0_5")
}

/// Their name in our spelling.
fn our_name(name: &str) -> String {
    name.replace("f0_5", "f0.5")
}

/// `metric_name` of a violation: the rates are in camel case, everything else as in statistics.
fn violation_name(name: &str) -> String {
    match name {
        "true_positive_rate" => "truePositiveRate".to_owned(),
        "true_negative_rate" => "trueNegativeRate".to_owned(),
        "false_positive_rate" => "falsePositiveRate".to_owned(),
        "false_negative_rate" => "falseNegativeRate".to_owned(),
        other => their_name(other),
    }
}

impl Statistics {
    /// `statistics.json` of a model-quality run; `evaluation_time` is RFC 3339.
    pub fn of_quality(result: &QualityResult, evaluation_time: Option<&str>) -> Self {
        let mut metrics: BTreeMap<String, Metric> = constrained_metrics(result.problem)
            .iter()
            .filter_map(|name| {
                let value = result.metrics.get(*name)?.value;
                Some((their_name(name), metric(result, name, value)))
            })
            .collect();
        let mut statistics = Self {
            version: Some(0.0),
            dataset: Some(Dataset {
                item_count: result.counts.n_used,
                evaluation_time: evaluation_time.map(str::to_owned),
            }),
            ..Self::default()
        };
        if result.problem == Problem::Regression {
            statistics.regression_metrics = Some(metrics);
            return statistics;
        }
        for (name, value) in &result.best_constant_classifier {
            let name = format!("{name}{SUFFIX}");
            metrics.insert(their_name(&name), metric(result, &name, *value));
        }
        let curves = result.curves.as_ref();
        let of_curve = |points: &[ThresholdPoint], axes: [Axis<'_>; 2]| -> Option<Curve> {
            let curve = axes.map(|(axis, value)| (axis.to_owned(), points.iter().map(value).collect()));
            (!points.is_empty()).then(|| curve.into())
        };
        let found = ClassificationMetrics {
            confusion_matrix: result.confusion_matrix.as_ref().map(|matrix| {
                let row =
                    |cells: &Vec<u64>| matrix.labels.iter().cloned().zip(cells.iter().copied()).collect();
                matrix
                    .labels
                    .iter()
                    .cloned()
                    .zip(matrix.rows_actual.iter().map(row))
                    .collect()
            }),
            receiver_operating_characteristic_curve: curves.and_then(|curves| {
                let axes: [Axis<'_>; 2] = [
                    ("false_positive_rates", |point| point.false_positive_rate),
                    ("true_positive_rates", |point| point.true_positive_rate),
                ];
                of_curve(&curves.roc, axes)
            }),
            precision_recall_curve: curves.and_then(|curves| {
                let axes: [Axis<'_>; 2] = [
                    ("precisions", |point| point.precision),
                    ("recalls", |point| point.true_positive_rate),
                ];
                of_curve(&curves.precision_recall, axes)
            }),
            metrics,
        };
        match result.problem {
            Problem::Binary => statistics.binary_classification_metrics = Some(found),
            _ => statistics.multiclass_classification_metrics = Some(found),
        }
        statistics
    }
}

fn metric(result: &QualityResult, name: &str, value: f64) -> Metric {
    let deviation = result.standard_deviations.get(name).copied();
    Metric {
        value: value.into(),
        standard_deviation: Some(deviation.map_or(NumberOrText::NotANumber, NumberOrText::from)),
    }
}

impl From<&QualityConstraints> for ConstraintsFile {
    /// `constraints.json` of a model-quality baseline. Intervals of the baseline have no place in it.
    fn from(constraints: &QualityConstraints) -> Self {
        let twins = constraints
            .metrics
            .iter()
            .map(|(name, constraint)| {
                let twin = ConstraintTwin {
                    threshold: constraint.threshold.into(),
                    comparison_operator: constraint.operator.name().to_owned(),
                };
                (their_name(name), twin)
            })
            .collect();
        let mut file = Self {
            version: Some(0.0),
            ..Self::default()
        };
        let place = match constraints.problem {
            Problem::Regression => &mut file.regression_constraints,
            Problem::Binary => &mut file.binary_classification_constraints,
            Problem::Multiclass => &mut file.multiclass_classification_constraints,
        };
        *place = Some(twins);
        file
    }
}

impl ConstraintsFile {
    /// The model-quality constraints a file holds. `baseline` is the result they were suggested from, where it is at
    /// hand: then a threshold that is still its value carries its interval.
    ///
    /// # Errors
    /// A file of a data-quality run, or an operator that is neither of Model Monitor's two.
    pub fn into_quality(
        self,
        baseline: Option<&QualityResult>,
    ) -> Result<LoadedQualityConstraints, DocumentError> {
        let (problem, key, twins) = if let Some(twins) = self.binary_classification_constraints {
            (Problem::Binary, "binary_classification_constraints", twins)
        } else if let Some(twins) = self.multiclass_classification_constraints {
            (
                Problem::Multiclass,
                "multiclass_classification_constraints",
                twins,
            )
        } else if let Some(twins) = self.regression_constraints {
            (Problem::Regression, "regression_constraints", twins)
        } else {
            return Err(value_error(
                ".",
                "expected metric constraints: these are the constraints of a data-quality run",
            ));
        };
        let mut loaded = LoadedQualityConstraints {
            constraints: QualityConstraints {
                problem,
                metrics: BTreeMap::new(),
            },
            without_threshold: Vec::new(),
        };
        for (name, twin) in twins {
            let Some(operator) = Operator::from_name(&twin.comparison_operator) else {
                return Err(value_error(
                    &format!("{key}.{name}.comparison_operator"),
                    "expected `LessThanThreshold` or `GreaterThanThreshold`",
                ));
            };
            let Some(threshold) = twin.threshold.number() else {
                loaded.without_threshold.push(name);
                continue;
            };
            let name = our_name(&name);
            let of_baseline = baseline.and_then(|baseline| baseline.metrics.get(&name).copied());
            let constraint = MetricConstraint {
                threshold,
                operator,
                baseline: of_baseline.filter(|found| found.value == threshold),
            };
            loaded.constraints.metrics.insert(name, constraint);
        }
        Ok(loaded)
    }
}

fn value_error(path: &str, problem: &str) -> DocumentError {
    DocumentError::Value {
        document: CONSTRAINTS_FILE,
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

impl From<&QualityVerdict> for Violations {
    /// One violation per breach; an empty list where there is none.
    fn from(verdict: &QualityVerdict) -> Self {
        let breaches = verdict
            .checks
            .iter()
            .filter(|check| check.outcome == MetricOutcome::Breach);
        Self {
            version: None,
            violations: breaches.filter_map(violation).collect(),
        }
    }
}

/// Model Monitor's sentence: `Metric auc with 0.51 +/- 8.0E-4 was LessThanThreshold '0.94'`.
fn violation(check: &MetricCheck) -> Option<Violation> {
    let value = check.value?.value;
    let name = violation_name(&check.metric);
    let operator = check.constraint.operator.name();
    let deviation = check.standard_deviation.unwrap_or(f64::NAN);
    let description = format!(
        "Metric {name} with {} +/- {} was {operator} '{}'",
        java_double(value),
        java_double(deviation),
        java_double(check.constraint.threshold)
    );
    Some(Violation {
        feature_name: None,
        facet: None,
        facet_value: None,
        constraint_check_type: operator.to_owned(),
        metric_name: Some(name),
        description,
    })
}

/// The metrics a model-quality `statistics.json` holds, by our names; those that are no number are left out.
///
/// # Errors
/// A file of a data-quality run.
pub fn quality_values(statistics: &Statistics) -> Result<(Problem, BTreeMap<String, f64>), DocumentError> {
    let (problem, metrics) = if let Some(found) = &statistics.binary_classification_metrics {
        (Problem::Binary, &found.metrics)
    } else if let Some(found) = &statistics.multiclass_classification_metrics {
        (Problem::Multiclass, &found.metrics)
    } else if let Some(found) = &statistics.regression_metrics {
        (Problem::Regression, found)
    } else {
        return Err(DocumentError::Value {
            document: STATISTICS_FILE,
            path: ".".to_owned(),
            problem: "expected metrics: these are the statistics of a data-quality run".to_owned(),
        });
    };
    let values = metrics
        .iter()
        .filter_map(|(name, metric)| Some((our_name(name), metric.value.number()?)))
        .collect();
    Ok((problem, values))
}
