//! Model Monitor's six checks, with its semantics, names and sentences (contract §3.2, §3.4).
//!
//! Sentences: that of `data_type_check` is verbatim from real runs; of the column counts only the end ("current
//! dataset: 8, Number of columns in baseline constraints: 9") was ever seen, the start is ours; those of completeness,
//! domains and drift are ours, in the same manner. Nothing is known to parse them.
//!
//! Readings of what no source settles:
//! - `Fractional` accepts whole numbers, and `String` any text (a baseline would violate itself otherwise).
//! - NaN and infinities are text, so they break a numeric type.
//! - Column counts leave out columns whose whole side (input or output) was not captured.
//! - With `ChiSquared` the p-value counts, and violates *below* the threshold.
//! - Distances are computed correctly. Model Monitor's own jar most likely drops repeated values of a numeric column
//!   (contract §3.4, "Defect to know about") and so hardly ever flags one with few distinct values; we do, unless
//!   [`SagemakerCompat`] asks for its verdicts.

use std::collections::{BTreeMap, BTreeSet};

use super::drift::Drift;
use super::finding::{CheckKind, Finding, Severity};
use super::{BaselineView, Docket, SagemakerCompat, Subject};
use crate::calibrate::Component;
use crate::compare::{Convention, Method, Outcome, l_infinity_rank_map, rank_map};
use crate::constraint::{
    CategoricalDriftMethod, ComparisonMethod, Constraints, DistributionConstraints, FeatureConstraints,
};
use crate::document::model_monitor::sketch_levels;
use crate::document::{java_double, java_percent};
use crate::summary::{ColumnSummary, DatasetSummary, InferredType, WeightedPoints};

pub(super) fn check(
    current: &DatasetSummary,
    baseline: &BaselineView<'_>,
    subjects: &[Subject<'_>],
    compat: Option<&SagemakerCompat>,
    docket: &mut Docket,
) {
    let constraints = baseline.constraints;
    if constraints.monitoring.evaluate_constraints {
        check_column_count(current, constraints, docket);
    } else {
        for check in CheckKind::ALL
            .into_iter()
            .filter(|check| check.is_model_monitor())
        {
            let remedy = "set evaluate_constraints to Enabled in constraints.json";
            docket.skip(None, check, "evaluate_constraints is Disabled", remedy);
        }
    }
    let distribution = &constraints.monitoring.distribution;
    if !distribution.perform_comparison {
        let remedy = "set perform_comparison to Enabled in constraints.json";
        docket.skip(
            None,
            CheckKind::BaselineDrift,
            "perform_comparison is Disabled",
            remedy,
        );
    }
    let by_name: BTreeMap<&str, &Subject<'_>> =
        subjects.iter().map(|subject| (subject.name, subject)).collect();
    for feature in &constraints.features {
        let Some(subject) = by_name.get(feature.name.as_str()) else {
            continue;
        };
        if !subject.evaluated {
            if constraints.monitoring.evaluate_constraints {
                skip_feature(
                    feature,
                    "evaluate_constraints is Disabled for this column",
                    docket,
                );
            }
            continue;
        }
        match subject.current {
            Some(column) if column.counts.n_cells() > 0 => {
                check_data_type(feature, column, constraints, docket);
                check_completeness(feature, column, docket);
                check_domains(feature, column, constraints, docket);
                if distribution.perform_comparison {
                    check_drift(feature, subject, distribution, compat, docket);
                }
            }
            Some(column) if column.counts.n_absent > 0 => {
                skip_feature(
                    feature,
                    "its side of the endpoint was not captured in this window",
                    docket,
                );
            }
            _ => skip_feature(feature, "the column is not in this window", docket),
        }
    }
}

fn skip_feature(feature: &FeatureConstraints, reason: &str, docket: &mut Docket) {
    let checks = [
        CheckKind::DataType,
        CheckKind::Completeness,
        CheckKind::BaselineDrift,
    ];
    let domains = feature.domains.is_some().then_some(CheckKind::CategoricalValues);
    for check in checks.into_iter().chain(domains) {
        docket.skip(
            Some(&feature.name),
            check,
            reason,
            "compare what is captured with the constraints",
        );
    }
}

fn check_column_count(current: &DatasetSummary, constraints: &Constraints, docket: &mut Docket) {
    let uncaptured: BTreeSet<&str> = current
        .columns
        .iter()
        .filter(|column| column.counts.n_cells() == 0 && column.counts.n_absent > 0)
        .map(|column| column.name.as_str())
        .collect();
    let is_expected = |feature: &&FeatureConstraints| !uncaptured.contains(feature.name.as_str());
    let n_expected = constraints.features.iter().filter(is_expected).count();
    let n_found = current
        .columns
        .iter()
        .filter(|column| column.counts.n_cells() > 0)
        .count();
    let (check, start) = match n_found.cmp(&n_expected) {
        std::cmp::Ordering::Equal => return docket.pass(),
        std::cmp::Ordering::Less => (
            CheckKind::MissingColumn,
            "There are missing columns in current dataset.",
        ),
        std::cmp::Ordering::Greater => (
            CheckKind::ExtraColumn,
            "There are extra columns in current dataset.",
        ),
    };
    docket.find(Finding {
        severity: Severity::Violation,
        check,
        column: None,
        method: None,
        value: n_found as f64,
        limit: n_expected as f64,
        derivation: "the number of features in the baseline's constraints".to_owned(),
        description: format!(
            "{start} Number of columns in current dataset: {n_found}, Number of columns in baseline constraints: \
             {n_expected}"
        ),
        remedy: "compare what the endpoint receives with the training schema; if the change is meant, make a new \
                 baseline"
            .to_owned(),
        drift: None,
    });
}

fn check_data_type(
    feature: &FeatureConstraints,
    column: &ColumnSummary,
    constraints: &Constraints,
    docket: &mut Docket,
) {
    let counts = &column.counts;
    let n_present = counts.n_present();
    let (n_matching, expected) = match feature.inferred_type {
        InferredType::Integral => (counts.n_integral, "Integral"),
        InferredType::Fractional => (counts.n_numbers(), "Fractional"),
        InferredType::Boolean | InferredType::String => return docket.pass(),
        InferredType::Unknown => {
            return docket.skip(
                Some(&feature.name),
                CheckKind::DataType,
                "the baseline has no type for the column",
                "make a baseline from data that have values of the column",
            );
        }
    };
    if n_present == 0 {
        return docket.skip(
            Some(&feature.name),
            CheckKind::DataType,
            "no cell of the window is present",
            "find what leaves the values out",
        );
    }
    let share = n_matching as f64 / n_present as f64;
    let limit = constraints.monitoring.datatype_check_threshold;
    if share >= limit {
        return docket.pass();
    }
    docket.find(Finding {
        severity: Severity::Violation,
        check: CheckKind::DataType,
        column: Some(feature.name.clone()),
        method: None,
        value: share,
        limit,
        derivation: "datatype_check_threshold of the constraints; the type is the baseline's".to_owned(),
        description: format!(
            "Data type match requirement is not met. Expected data type: {expected}, Expected match: {}. Observed: \
             Only {} of data is {expected}.",
            java_percent(limit),
            java_percent(share)
        ),
        remedy: "find what writes the other values; if they are meant, change the column's inferred_type in \
                 constraints.json, or lower datatype_check_threshold"
            .to_owned(),
        drift: None,
    });
}

/// What chance and the baseline's own ups and downs explain does not violate; Model Monitor's container would have
/// reported it, so it is told. Two cases:
///
/// - A completeness that the constraints took from a baseline with missing cells is missed by every second window.
///   Excused where the limit is the baseline's own share and the shortfall is within what this run may spend.
/// - A distance above the threshold that windows of the baseline reach without drift. Excused where the null scale was
///   measured on the baseline's time blocks and the calibrated decision is *no drift*.
pub(super) fn excuse_chance(subjects: &[Subject<'_>], drift: &Drift, docket: &mut Docket) {
    let usual: BTreeMap<&str, f64> = subjects
        .iter()
        .filter_map(|subject| Some((subject.name, subject.baseline?.counts.completeness()?)))
        .collect();
    for finding in &mut docket.findings {
        let Some(column) = finding.column.as_deref() else {
            continue;
        };
        let excuse = match finding.check {
            CheckKind::Completeness => {
                let is_usual = usual.get(column).is_some_and(|share| finding.limit <= *share);
                drift
                    .p_of(column, Component::MissingRate)
                    .filter(|_| is_usual && finding.limit < 1.0)
                    .filter(|_| !drift.is_certain(column, Component::MissingRate))
                    .map(|p| format!("chance explains the shortfall at what this run may spend (p {p:.2})"))
            }
            CheckKind::BaselineDrift => drift.is_usual(column).then(|| {
                "windows of the baseline differ as much without drift (calibration.json)".to_owned()
            }),
            _ => None,
        };
        if let Some(excuse) = excuse {
            finding.severity = Severity::Info;
            finding.derivation = format!("{}; {excuse}, so it is no violation", finding.derivation);
        }
    }
}

fn check_completeness(feature: &FeatureConstraints, column: &ColumnSummary, docket: &mut Docket) {
    let Some(limit) = feature.completeness else {
        return docket.skip(
            Some(&feature.name),
            CheckKind::Completeness,
            "the constraints ask for no completeness",
            "set the column's completeness in constraints.json",
        );
    };
    let Some(share) = column.counts.completeness() else {
        return docket.skip(
            Some(&feature.name),
            CheckKind::Completeness,
            "the column has no cell in this window",
            "compare what is captured with the constraints",
        );
    };
    if share >= limit {
        return docket.pass();
    }
    docket.find(Finding {
        severity: Severity::Violation,
        check: CheckKind::Completeness,
        column: Some(feature.name.clone()),
        method: None,
        value: share,
        limit,
        derivation: "completeness of the constraints, the share the baseline had".to_owned(),
        description: format!(
            "Data completeness requirement is not met. Expected completeness: {}. Observed: Only {} of data is \
             present.",
            java_percent(limit),
            java_percent(share)
        ),
        remedy: "find what leaves the values out; if some may be missing, lower the column's completeness in \
                 constraints.json"
            .to_owned(),
        drift: None,
    });
}

fn check_domains(
    feature: &FeatureConstraints,
    column: &ColumnSummary,
    constraints: &Constraints,
    docket: &mut Docket,
) {
    let Some(domains) = &feature.domains else { return };
    let Some(categorical) = column
        .categorical
        .as_ref()
        .filter(|categorical| categorical.n > 0)
    else {
        return docket.skip(
            Some(&feature.name),
            CheckKind::CategoricalValues,
            "the window has no texts of the column",
            "check what writes the column",
        );
    };
    let domains: BTreeSet<&str> = domains.iter().map(String::as_str).collect();
    let in_domain = |(value, _): &&(String, u64)| domains.contains(value.as_str());
    let n_inside: u64 = categorical
        .counts
        .iter()
        .filter(in_domain)
        .map(|(_, count)| count)
        .sum();
    let share = n_inside as f64 / categorical.n as f64;
    let limit = constraints.monitoring.domain_content_threshold;
    if share >= limit {
        return docket.pass();
    }
    docket.find(Finding {
        severity: Severity::Violation,
        check: CheckKind::CategoricalValues,
        column: Some(feature.name.clone()),
        method: None,
        value: share,
        limit,
        derivation: "domain_content_threshold of the constraints; the domains are the baseline's values".to_owned(),
        description: format!(
            "Categorical values requirement is not met. Expected match: {}. Observed: Only {} of data is in the \
             domains of the baseline.",
            java_percent(limit),
            java_percent(share)
        ),
        remedy: "find where the new values come from; if they are meant, add them to the column's domains in \
                 constraints.json and check that the model knows them"
            .to_owned(),
        drift: None,
    });
}

fn check_drift(
    feature: &FeatureConstraints,
    subject: &Subject<'_>,
    distribution: &DistributionConstraints,
    compat: Option<&SagemakerCompat>,
    docket: &mut Docket,
) {
    let check = CheckKind::BaselineDrift;
    let skip = |docket: &mut Docket, reason: String| {
        let remedy = "make a baseline with driftline from the data itself, or use longer windows";
        docket.skip(Some(&feature.name), check, reason, remedy);
    };
    if let Some(reason) = subject.missing_distribution() {
        return skip(docket, reason.to_owned());
    }
    let Some(baseline) = subject.baseline else { return };
    let is_numeric = baseline.inferred_type.is_numeric();
    let is_test = !is_numeric && distribution.categorical_drift_method == CategoricalDriftMethod::ChiSquared;
    let method = match distribution.comparison_method {
        _ if is_test => Method::ChiSquare,
        ComparisonMethod::Simple => Method::LInfinity,
        ComparisonMethod::Robust => Method::LInfinityRobust,
    };
    let measured = subject
        .measured
        .iter()
        .find(|found| found.method == method && found.convention == Convention::Sagemaker);
    let as_deequ = compat
        .filter(|_| is_numeric)
        .and_then(|compat| rank_map_distance(method, subject, compat));
    let outcome = as_deequ.as_ref().or(measured.map(|found| &found.outcome));
    let measurement = match outcome {
        None => return skip(docket, "the baseline has no values of the column".to_owned()),
        Some(Err(reason)) => return skip(docket, reason.to_string()),
        Some(Ok(measurement)) => measurement,
    };
    let (limit, key) = if is_numeric {
        (distribution.comparison_threshold, "comparison_threshold")
    } else {
        (
            distribution.categorical_comparison_threshold,
            "categorical_comparison_threshold",
        )
    };
    let value = if is_test {
        measurement.p_value.unwrap_or(1.0)
    } else {
        measurement.statistic
    };
    let is_violated = if is_test { value < limit } else { value > limit };
    if !is_violated {
        return docket.pass();
    }
    let description = if is_test {
        format!(
            "Baseline drift p-value: {} is below threshold: {}",
            java_double(value),
            java_double(limit)
        )
    } else {
        format!(
            "Baseline drift distance: {} exceeds threshold: {}",
            java_double(value),
            java_double(limit)
        )
    };
    docket.find(Finding {
        severity: Severity::Violation,
        check,
        column: Some(feature.name.clone()),
        method: Some(method),
        value,
        limit,
        derivation: if as_deequ.is_some() {
            format!("{key} of the constraints; deequ's rank map: one weight for each distinct value")
        } else {
            format!("{key} of the constraints")
        },
        description,
        remedy: "look at both distributions; if the new one is the new normal, make a new baseline, and see whether \
                 the model still fits"
            .to_owned(),
        drift: None,
    });
}

/// The distance of both sides' rank maps; `None` without numbers on a side.
fn rank_map_distance(method: Method, subject: &Subject<'_>, compat: &SagemakerCompat) -> Option<Outcome> {
    let of = |column: &ColumnSummary| -> Option<WeightedPoints> {
        let numeric = column.numeric.as_ref()?;
        rank_map(&sketch_levels(&numeric.points, column.counts.n_fractional == 0))
    };
    let current = of(subject.current?)?;
    let stored = compat.baseline_rank_maps.get(subject.name);
    Some(match stored {
        Some(baseline) => l_infinity_rank_map(method, baseline, &current),
        None => l_infinity_rank_map(method, &of(subject.baseline?)?, &current),
    })
}
