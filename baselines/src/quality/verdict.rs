//! Is the model worse than it may be? Metrics and constraints in, a three-valued answer out.
//!
//! House: a breach is one that chance does not explain. The window's interval must lie beyond the threshold; where the
//! threshold is a baseline's value, the baseline's own interval enters as well (the difference of the two must exceed
//! √((window half)² + (baseline half)²), MOVER: Zou & Donner 2008, eq. 9). Several metrics are looked at together,
//! so the intervals are widened to hold jointly (Bonferroni on the normal quantile) unless the policy says otherwise.
//! `Sagemaker`: the point alone decides, as in Model Monitor.
//! Too few labels or too small a coverage is *not evaluated*, never pass. Does not compute a metric.

use super::constraint::{MetricConstraint, Operator, QualityConstraints};
use super::interval::two_sided_z;
use super::result::{MetricValue, QualityResult};
use crate::judge::Status;

/// By whose rule a metric breaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QualityConvention {
    /// The interval decides.
    #[default]
    House,
    /// The point decides, and neither labels nor coverage are asked for.
    Sagemaker,
}

/// How it is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityPolicy {
    /// By whose rule.
    pub convention: QualityConvention,
    /// Smallest share of predictions that have a label, 0 to 1.
    pub min_coverage: f64,
    /// Smallest number of labelled predictions.
    pub min_labels: u64,
    /// Whether the confidence holds for all metrics of a window together rather than for each.
    pub joint: bool,
}

impl Default for QualityPolicy {
    /// House, half of the labels, 30 of them, jointly.
    fn default() -> Self {
        Self {
            convention: QualityConvention::House,
            min_coverage: 0.5,
            min_labels: 30,
            joint: true,
        }
    }
}

/// How much of a window has labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// Predictions of the window.
    pub n_predictions: u64,
    /// Of them, those with a label.
    pub n_labelled: u64,
}

impl Coverage {
    /// The share; 0 of nothing.
    pub fn share(self) -> f64 {
        if self.n_predictions == 0 {
            0.0
        } else {
            self.n_labelled as f64 / self.n_predictions as f64
        }
    }
}

/// The answer about one metric.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricOutcome {
    /// Not beyond the threshold, or no further than chance explains.
    Pass {
        /// Whether the point alone is beyond it.
        point_beyond: bool,
    },
    /// Beyond the threshold.
    Breach,
    /// No answer, and why.
    NotEvaluated {
        /// A lowercase fragment.
        reason: String,
    },
}

/// One metric against its constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricCheck {
    /// Name of the metric.
    pub metric: String,
    /// Its constraint.
    pub constraint: MetricConstraint,
    /// Its value in the window.
    pub value: Option<MetricValue>,
    /// Model Monitor's standard deviation in the window.
    pub standard_deviation: Option<f64>,
    /// The answer.
    pub outcome: MetricOutcome,
}

/// The answer about a window.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityVerdict {
    /// Violated if a metric breaches; not evaluated if none could be checked; else pass.
    pub status: Status,
    /// By whose rule.
    pub convention: QualityConvention,
    /// How much of the window has labels.
    pub coverage: Coverage,
    /// One check per constraint, in the order of metric names.
    pub checks: Vec<MetricCheck>,
}

/// Judges the result of a window.
pub fn judge_quality(
    result: &QualityResult,
    constraints: &QualityConstraints,
    coverage: Coverage,
    policy: &QualityPolicy,
) -> QualityVerdict {
    let withheld = withheld(result, constraints, coverage, policy);
    let n_checked = constraints
        .metrics
        .keys()
        .filter(|name| result.metrics.contains_key(*name))
        .count()
        .max(1);
    let z = two_sided_z(result.confidence);
    let widening = if policy.joint {
        two_sided_z(1.0 - (1.0 - result.confidence) / n_checked as f64) / z
    } else {
        1.0
    };
    let checks: Vec<MetricCheck> = constraints
        .metrics
        .iter()
        .map(|(name, constraint)| {
            let value = result.metrics.get(name).copied();
            let outcome = match (&withheld, value) {
                (Some(reason), _) => MetricOutcome::NotEvaluated {
                    reason: reason.clone(),
                },
                (None, Some(value)) => compare(&value, constraint, policy.convention, widening),
                (None, None) => MetricOutcome::NotEvaluated {
                    reason: result
                        .not_computable
                        .get(name)
                        .map_or_else(|| "the window has no such metric".to_owned(), ToString::to_string),
                },
            };
            MetricCheck {
                metric: name.clone(),
                constraint: *constraint,
                value,
                standard_deviation: result.standard_deviations.get(name).copied(),
                outcome,
            }
        })
        .collect();
    let any = |wanted: fn(&MetricOutcome) -> bool| checks.iter().any(|check| wanted(&check.outcome));
    let status = if any(|outcome| matches!(outcome, MetricOutcome::Breach)) {
        Status::Violated
    } else if any(|outcome| matches!(outcome, MetricOutcome::Pass { .. })) {
        Status::Pass
    } else {
        Status::NotEvaluated
    };
    QualityVerdict {
        status,
        convention: policy.convention,
        coverage,
        checks,
    }
}

/// Why nothing of the window is judged, if so.
fn withheld(
    result: &QualityResult,
    constraints: &QualityConstraints,
    coverage: Coverage,
    policy: &QualityPolicy,
) -> Option<String> {
    if result.problem != constraints.problem {
        return Some(format!(
            "the constraints are of a {} problem, the window is {}",
            constraints.problem.name(),
            result.problem.name()
        ));
    }
    if policy.convention == QualityConvention::Sagemaker {
        return None;
    }
    if coverage.n_labelled < policy.min_labels {
        return Some(format!(
            "{} labelled predictions, at least {} are needed",
            coverage.n_labelled, policy.min_labels
        ));
    }
    (coverage.share() < policy.min_coverage).then(|| {
        format!(
            "{:.1} % of the predictions have a label, at least {:.1} % are needed",
            100.0 * coverage.share(),
            100.0 * policy.min_coverage
        )
    })
}

fn compare(
    value: &MetricValue,
    constraint: &MetricConstraint,
    convention: QualityConvention,
    widening: f64,
) -> MetricOutcome {
    let point_beyond = constraint.operator.violates(value.value, constraint.threshold);
    let breaches = match convention {
        QualityConvention::Sagemaker => point_beyond,
        QualityConvention::House => {
            let baseline = constraint
                .baseline
                .filter(|found| found.value == constraint.threshold);
            // Of each interval the side that faces the other.
            let (of_window, of_baseline) = match constraint.operator {
                Operator::LessThanThreshold => (
                    value.high - value.value,
                    baseline.map_or(0.0, |found| found.value - found.low),
                ),
                Operator::GreaterThanThreshold => (
                    value.value - value.low,
                    baseline.map_or(0.0, |found| found.high - found.value),
                ),
            };
            let distance = (value.value - constraint.threshold).abs();
            point_beyond && distance > widening * of_window.hypot(of_baseline)
        }
    };
    if breaches {
        MetricOutcome::Breach
    } else {
        MetricOutcome::Pass { point_beyond }
    }
}
