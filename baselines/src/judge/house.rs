//! The house's own checks: what Model Monitor does not see, or sees without asking whether it is chance.
//!
//! Drift is in `drift`. What the baseline has never had (missing values, NaN and infinities, categories) is always told;
//! it is a warning only where it is more than what a sample of this size may meet by chance, at the same share of the
//! false-alarm budget as drift. Findings of this file never enter `constraint_violations.json`. Where one of the six
//! checks, or drift, has flagged the same cause, nothing is repeated.

use super::drift::{self, Drift};
use super::finding::{CheckKind, Finding, Severity};
use super::{BaselineView, Docket, Policy, Records, Subject};
use crate::calibrate::{Component, is_identifier, rate_p_value};
use crate::summary::{CategoricalSummary, ColumnSummary, DatasetSummary, InferredType};

pub(super) fn check(
    current: &DatasetSummary,
    baseline: &BaselineView<'_>,
    subjects: &[Subject<'_>],
    policy: &Policy,
    docket: &mut Docket,
) -> Drift {
    let drift = drift::check(baseline, subjects, policy, docket);
    for subject in subjects.iter().filter(|subject| subject.evaluated) {
        match (subject.baseline, subject.current) {
            (Some(baseline), Some(current)) if current.counts.n_cells() > 0 => {
                check_new_missing_values(baseline, current, &drift, docket);
                check_special_values(baseline, current, &drift, docket);
                check_unseen_categories(baseline, current, policy, &drift, docket);
                check_type(baseline, current, docket);
            }
            (Some(_), _) => check_absent(subject, baseline, current.n_rows, &drift, docket),
            (None, Some(_)) if baseline.summary.is_some() => check_unknown(subject, baseline, docket),
            (None, _) => {}
        }
    }
    drift
}

/// A warning where a rate has certainly gone up, else worth knowing.
fn severity_of_rate(drift: &Drift, column: &str, component: Component) -> Severity {
    if drift.is_certain(column, component) {
        Severity::Warning
    } else {
        Severity::Info
    }
}

fn check_new_missing_values(
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    drift: &Drift,
    docket: &mut Docket,
) {
    let n_missing = current.counts.n_missing;
    if baseline.counts.n_cells() == 0 || baseline.counts.n_missing > 0 {
        return;
    }
    if n_missing == 0
        || docket.has(CheckKind::Completeness, &current.name)
        || drift.tells(&current.name, Component::MissingRate)
    {
        return docket.pass();
    }
    docket.find(Finding {
        severity: severity_of_rate(drift, &current.name, Component::MissingRate),
        check: CheckKind::NewMissingValues,
        column: Some(current.name.clone()),
        method: None,
        value: n_missing as f64,
        limit: 0.0,
        derivation: "the baseline has no missing value; a warning where chance hardly explains it".to_owned(),
        description: format!("{n_missing} of {} cells are missing", current.counts.n_cells()),
        remedy: "find what leaves the values out".to_owned(),
        drift: None,
    });
}

fn check_special_values(
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    drift: &Drift,
    docket: &mut Docket,
) {
    let counts = &current.counts;
    if baseline.counts.n_present() == 0
        || !baseline.inferred_type.is_numeric()
        || baseline.counts.n_special() > 0
    {
        return;
    }
    if counts.n_special() == 0 || drift.tells(&current.name, Component::SpecialRate) {
        return docket.pass();
    }
    docket.find(Finding {
        severity: severity_of_rate(drift, &current.name, Component::SpecialRate),
        check: CheckKind::SpecialValues,
        column: Some(current.name.clone()),
        method: None,
        value: counts.n_special() as f64,
        limit: 0.0,
        derivation: "the baseline has no NaN and no infinity; a warning where chance hardly explains them"
            .to_owned(),
        description: format!(
            "{} NaN, {} positive and {} negative infinities among {} present cells",
            counts.n_nan,
            counts.n_positive_infinity,
            counts.n_negative_infinity,
            counts.n_present()
        ),
        remedy: "find the division or the logarithm that makes them".to_owned(),
        drift: None,
    });
}

fn check_unseen_categories(
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    policy: &Policy,
    drift: &Drift,
    docket: &mut Docket,
) {
    if !matches!(
        baseline.inferred_type,
        InferredType::String | InferredType::Boolean
    ) {
        return;
    }
    let (Some(known), Some(found)) = (&baseline.categorical, &current.categorical) else {
        return;
    };
    if is_identifier(known) {
        let reason = "the baseline's values hardly repeat: new ones are expected";
        let remedy = "ignore the column, or monitor what it stands for";
        return docket.skip(Some(&current.name), CheckKind::UnseenCategories, reason, remedy);
    }
    if !known.complete {
        let reason = "the baseline does not list its categories";
        let remedy = "make a baseline with driftline from the data itself";
        return docket.skip(Some(&current.name), CheckKind::UnseenCategories, reason, remedy);
    }
    let names: std::collections::BTreeSet<&str> =
        known.counts.iter().map(|(value, _)| value.as_str()).collect();
    let is_unseen = |(value, _): &&(String, u64)| !names.contains(value.as_str());
    let n_values = found.counts.iter().filter(is_unseen).count();
    let n_rows = found.n_other
        + found
            .counts
            .iter()
            .filter(is_unseen)
            .map(|(_, count)| count)
            .sum::<u64>();
    if n_rows == 0 || docket.has(CheckKind::CategoricalValues, &current.name) {
        return docket.pass();
    }
    let share = n_rows as f64 / found.n.max(1) as f64;
    let at_least = if found.complete { "" } else { "at least " };
    docket.find(Finding {
        severity: if share > policy.unseen_warning && is_more_than_chance(known, n_rows, found.n, drift) {
            Severity::Warning
        } else {
            Severity::Info
        },
        check: CheckKind::UnseenCategories,
        column: Some(current.name.clone()),
        method: None,
        value: share,
        limit: 0.0,
        derivation: format!(
            "the baseline lists all its categories; above a share of {} that chance hardly explains it is a warning",
            policy.unseen_warning
        ),
        description: format!(
            "{n_rows} of {} values are in {at_least}{n_values} categories the baseline does not have",
            found.n
        ),
        remedy: "find where the new values come from, and check what the model does with them".to_owned(),
        drift: None,
    });
}

/// Whether unseen rows are more than a sample this small of the same categories leaves unseen.
///
/// The share of rows that another sample has in unseen categories is that of the categories seen once (I. J. Good,
/// Biometrika 40, 1953); one more is counted so that a baseline without any still expects some.
fn is_more_than_chance(known: &CategoricalSummary, n_unseen: u64, n_current: u64, drift: &Drift) -> bool {
    let n_once = known.counts.iter().filter(|(_, count)| *count == 1).count() as u64;
    let p = rate_p_value([(n_once + 1).min(known.n), n_unseen], [known.n, n_current]);
    p <= drift.p_limit()
}

fn check_type(baseline: &ColumnSummary, current: &ColumnSummary, docket: &mut Docket) {
    let (expected, found) = (baseline.inferred_type, current.inferred_type);
    let is_within = match (expected, found) {
        (InferredType::Unknown, _) | (_, InferredType::Unknown) => return,
        // Model Monitor's files say String for booleans.
        (InferredType::Fractional, InferredType::Integral)
        | (InferredType::String, InferredType::Boolean) => true,
        _ => expected == found,
    };
    if is_within || docket.has(CheckKind::DataType, &current.name) {
        return docket.pass();
    }
    docket.find(Finding {
        severity: Severity::Warning,
        check: CheckKind::TypeChange,
        column: Some(current.name.clone()),
        method: None,
        value: 1.0,
        limit: 0.0,
        derivation: "the type the baseline infers".to_owned(),
        description: format!("the column is {found:?}, in the baseline it is {expected:?}"),
        remedy: "check what writes the column; if the type is meant, declare it in the schema and make a new baseline"
            .to_owned(),
        drift: None,
    });
}

/// A column that no row has: a violation where rows of the baseline mostly have it, worth knowing where so few rows may well lack it.
/// Model Monitor compares how many columns there are, so a renamed one passes there.
fn check_absent(
    subject: &Subject<'_>,
    baseline: &BaselineView<'_>,
    n_rows: u64,
    drift: &Drift,
    docket: &mut Docket,
) {
    if subject.current.is_some_and(|column| column.counts.n_absent > 0) {
        let reason = "its side of the endpoint was not captured in this window";
        let remedy = "capture input and output of the endpoint";
        return docket.skip(Some(subject.name), CheckKind::AbsentColumn, reason, remedy);
    }
    let n_having = subject.baseline.map_or(0, |column| column.counts.n_cells());
    let n_of = baseline
        .summary
        .map_or(n_having, |summary| summary.n_rows.max(n_having));
    let is_certain = rate_p_value([n_having, 0], [n_of, n_rows]) <= drift.p_limit();
    let is_counted = |finding: &Finding| finding.check == CheckKind::MissingColumn;
    docket.find(Finding {
        severity: if !is_certain {
            Severity::Info
        } else if docket.findings.iter().any(is_counted) {
            // The count of columns violates already; names may be all that is wrong with the others.
            Severity::Warning
        } else {
            Severity::Violation
        },
        check: CheckKind::AbsentColumn,
        column: Some(subject.name.to_owned()),
        method: None,
        value: 0.0,
        limit: n_rows as f64,
        derivation: format!(
            "{n_having} of {n_of} rows of the baseline have the column; a violation where chance hardly explains \
             that none of the window's has"
        ),
        description: format!("none of {n_rows} rows has the column"),
        remedy: "compare what the endpoint receives with the training schema".to_owned(),
        drift: None,
    });
}

fn check_unknown(subject: &Subject<'_>, baseline: &BaselineView<'_>, docket: &mut Docket) {
    if baseline.constraints.feature(subject.name).is_some() {
        return;
    }
    let n_cells = subject.current.map_or(0, |column| column.counts.n_cells());
    docket.find(Finding {
        severity: Severity::Warning,
        check: CheckKind::UnknownColumn,
        column: Some(subject.name.to_owned()),
        method: None,
        value: n_cells as f64,
        limit: 0.0,
        derivation: "the baseline does not have the column".to_owned(),
        description: format!("{n_cells} cells are in a column that the baseline does not have"),
        remedy: "if the column is meant, make a new baseline with it; else find what sends it".to_owned(),
        drift: None,
    });
}

/// Too many records that could not be read.
pub(super) fn check_rejects(records: &Records, policy: &Policy, docket: &mut Docket) {
    if records.lines == 0 {
        let remedy = "check location and time window of the capture";
        return docket.skip(None, CheckKind::Rejects, "the window has no lines", remedy);
    }
    let share = records.rejected as f64 / records.lines as f64;
    let (severity, limit) = if share > policy.reject_violation {
        (Severity::Violation, policy.reject_violation)
    } else if share > policy.reject_warning {
        (Severity::Warning, policy.reject_warning)
    } else {
        return docket.pass();
    };
    docket.find(Finding {
        severity,
        check: CheckKind::Rejects,
        column: None,
        method: None,
        value: share,
        limit,
        derivation: "largest share of rejected lines that the policy allows".to_owned(),
        description: format!("{} of {} lines could not be read", records.rejected, records.lines),
        remedy: "look at the reasons under records.rejects_by_reason, and write the rejects file to see where they are"
            .to_owned(),
        drift: None,
    });
}
