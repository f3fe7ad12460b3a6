//! A live analysis against the baseline's: point rule, interval rule, and the order of attributions.
//!
//! The rules are `baselines::bias`; this pairs what two files say. Knows no rows.

use super::BiasRequest;
use super::measure::Measured;
use baselines::bias::{
    ATTRIBUTION_LIMIT, AllowedRange, BiasInterval, BiasMetric, BiasValue, BiasVerdict, allowed_by_baseline,
    attribution_ndcg, bias_intervals, judge_interval, point_violation,
};
use baselines::document::DocumentError;
use baselines::document::clarify::{
    Analysis, BiasReport, ClarifyNumber, ClarifyViolation, ClarifyViolations, MetricReport, python_number,
};
use std::collections::BTreeMap;

/// What a constraint came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Violated.
    Violated,
    /// Outside what the baseline allows, and chance may explain it.
    WithinChance,
    /// Kept.
    Kept,
    /// Not judged.
    NotEvaluated,
}

impl Ruling {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::WithinChance => "within_chance",
            Self::Kept => "kept",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// One constraint and what it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedMetric {
    /// Facet column, or `None` for attributions.
    pub facet: Option<String>,
    /// Facet value, or the label of attributions.
    pub of: String,
    /// The metric, or the method of attributions.
    pub metric: String,
    /// The baseline's value; `None` where it has none, and for attributions.
    pub baseline: Option<BiasValue>,
    /// The live value, or the nDCG.
    pub live: Option<BiasValue>,
    /// Live interval, in the interval rule.
    pub interval: Option<BiasInterval>,
    /// What the baseline allows, in the interval rule.
    pub allowed: Option<AllowedRange>,
    /// The answer.
    pub ruling: Ruling,
    /// Why it was not judged.
    pub reason: Option<String>,
}

const NO_BASELINE: &str = "the baseline has no value of it";
const NO_LIVE: &str = "the live data gives no value of it";
const NO_FACET: &str = "the live analysis has no such facet value or metric";

/// Bias constraints, by the rule the request asks for.
pub(super) fn bias(
    baseline: &Analysis,
    live: &Analysis,
    measured: Option<&Measured>,
    request: &BiasRequest,
) -> Vec<JudgedMetric> {
    let mut pairs = pairs(baseline, live);
    if request.compat_sagemaker {
        by_points(&mut pairs);
        return pairs;
    }
    let mut intervals: BTreeMap<(String, String), BTreeMap<BiasMetric, _>> = BTreeMap::new();
    for ((facet, value), (counts, flips)) in measured.into_iter().flat_map(|measured| &measured.facets) {
        let made = bias_intervals(counts, *flips, request.bootstrap);
        intervals.insert((facet.clone(), value.clone()), made);
    }
    for pair in &mut pairs {
        let (Some(limit), Some(_), Some(metric)) =
            (pair.baseline, pair.live, BiasMetric::from_name(&pair.metric))
        else {
            continue;
        };
        let allowed = allowed_by_baseline(metric, limit);
        pair.allowed = Some(allowed);
        let facet = pair.facet.clone().unwrap_or_default();
        let made = intervals
            .get(&(facet, pair.of.clone()))
            .and_then(|made| made.get(&metric));
        match made {
            Some(Ok(interval)) => {
                pair.interval = Some(*interval);
                pair.ruling = match judge_interval(interval, allowed) {
                    BiasVerdict::Alert => Ruling::Violated,
                    BiasVerdict::OutsideWithinChance => Ruling::WithinChance,
                    BiasVerdict::Allowed => Ruling::Kept,
                };
            }
            Some(Err(reason)) => pair.reason = Some(reason.to_string()),
            None => pair.reason = Some("there is no interval of it".to_owned()),
        }
    }
    pairs
}

/// Bias constraints of two files: by the point rule, or not judged.
pub(super) fn bias_of_files(
    baseline: &Analysis,
    live: &Analysis,
    compat_sagemaker: bool,
) -> Vec<JudgedMetric> {
    let mut pairs = pairs(baseline, live);
    if compat_sagemaker {
        by_points(&mut pairs);
    } else {
        for pair in &mut pairs {
            let why = "the interval rule needs the data: give --config and --data, or --compat sagemaker for points";
            pair.reason.get_or_insert_with(|| why.to_owned());
        }
    }
    pairs
}

fn by_points(pairs: &mut [JudgedMetric]) {
    for pair in pairs {
        if let (Some(limit), Some(value)) = (pair.baseline, pair.live) {
            pair.ruling = if point_violation(limit, value) {
                Ruling::Violated
            } else {
                Ruling::Kept
            };
        }
    }
}

/// Every bias metric of the baseline with the live one, not judged yet.
fn pairs(baseline: &Analysis, live: &Analysis) -> Vec<JudgedMetric> {
    let stages = |analysis: &'_ Analysis| {
        [
            analysis.pre_training_bias_metrics.clone(),
            analysis.post_training_bias_metrics.clone(),
        ]
    };
    let mut out = Vec::new();
    for (baseline, live) in stages(baseline).into_iter().zip(stages(live)) {
        let Some(baseline) = baseline else { continue };
        for (facet, reports) in &baseline.facets {
            for report in reports {
                for metric in &report.metrics {
                    let found = live
                        .as_ref()
                        .and_then(|live| find(live, facet, &report.value_or_threshold, &metric.name));
                    let value = found.and_then(|found| found.value);
                    let limit = metric.value.map(|ClarifyNumber(value)| value);
                    let reason = match (limit, found, value) {
                        (None, ..) => Some(NO_BASELINE),
                        (_, None, _) => Some(NO_FACET),
                        (_, _, None) => Some(NO_LIVE),
                        _ => None,
                    };
                    out.push(JudgedMetric {
                        facet: Some(facet.clone()),
                        of: report.value_or_threshold.clone(),
                        metric: metric.name.clone(),
                        baseline: limit,
                        live: value.map(|ClarifyNumber(value)| value),
                        interval: None,
                        allowed: None,
                        ruling: Ruling::NotEvaluated,
                        reason: reason.map(str::to_owned),
                    });
                }
            }
        }
    }
    out
}

/// The metric of a facet value. A facet's one interval stands for the baseline's, whose
/// upper end is the largest value of its own data.
fn find<'a>(live: &'a BiasReport, facet: &str, of: &str, metric: &str) -> Option<&'a MetricReport> {
    let reports = live.facets.get(facet)?;
    let lower = |text: &str| {
        text.strip_prefix('(')
            .and_then(|text| text.split(',').next())
            .map(str::to_owned)
    };
    let report = reports
        .iter()
        .find(|report| report.value_or_threshold == of)
        .or_else(|| {
            let wanted = lower(of)?;
            reports
                .iter()
                .find(|report| lower(&report.value_or_threshold).as_ref() == Some(&wanted))
        })?;
    report.metrics.iter().find(|found| found.name == metric)
}

/// Attribution constraints: the baseline's methods and labels, each by nDCG.
pub(super) fn attributions(baseline: &Analysis, live: &Analysis) -> Result<Vec<JudgedMetric>, DocumentError> {
    let (baseline, live) = (baseline.attributions()?, live.attributions()?);
    let mut out = Vec::new();
    for (method, labels) in &baseline {
        for (label, expected) in labels {
            let found = live.get(method).and_then(|labels| labels.get(label));
            let ndcg = match found {
                None => Err("the live analysis has no such attributions".to_owned()),
                Some(found) => {
                    let values: Option<Vec<f64>> = expected
                        .keys()
                        .map(|feature| found.get(feature).copied())
                        .collect();
                    match values {
                        Some(values) if found.len() == expected.len() => {
                            let expected: Vec<f64> = expected.values().copied().collect();
                            attribution_ndcg(&expected, &values).map_err(|error| error.to_string())
                        }
                        _ => Err("the two analyses attribute to different features".to_owned()),
                    }
                }
            };
            let ruling = match &ndcg {
                Ok(value) if *value < ATTRIBUTION_LIMIT => Ruling::Violated,
                Ok(_) => Ruling::Kept,
                Err(_) => Ruling::NotEvaluated,
            };
            out.push(JudgedMetric {
                facet: None,
                of: label.clone(),
                metric: method.clone(),
                baseline: None,
                live: ndcg.as_ref().ok().map(|value| BiasValue::Finite(*value)),
                interval: None,
                allowed: None,
                ruling,
                reason: ndcg.err(),
            });
        }
    }
    Ok(out)
}

/// The violations among them, in Clarify's form.
pub(super) fn violations(judged: &[JudgedMetric]) -> ClarifyViolations {
    let violation = |judged: &JudgedMetric| {
        let live = judged.live?;
        let Some(facet) = &judged.facet else {
            let ndcg = live.finite()?;
            return Some(ClarifyViolation::attribution(
                &judged.of,
                &judged.metric,
                ndcg,
                ATTRIBUTION_LIMIT,
            ));
        };
        let number = |value: f64| {
            python_number(if value == f64::INFINITY {
                BiasValue::PositiveInfinity
            } else if value == f64::NEG_INFINITY {
                BiasValue::NegativeInfinity
            } else {
                BiasValue::Finite(value)
            })
        };
        let remark = match (judged.interval, judged.allowed) {
            (Some(interval), Some(allowed)) => format!(
                "interval {} to {}, allowed {} to {}",
                number(interval.low),
                number(interval.high),
                number(allowed.low),
                number(allowed.high)
            ),
            _ => String::new(),
        };
        Some(ClarifyViolation::bias(
            facet,
            &judged.of,
            &judged.metric,
            live,
            judged.baseline?,
            &remark,
        ))
    };
    ClarifyViolations::new(
        judged
            .iter()
            .filter(|judged| judged.ruling == Ruling::Violated)
            .filter_map(violation)
            .collect(),
    )
}
