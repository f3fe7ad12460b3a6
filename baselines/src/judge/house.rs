//! The house's own checks: what Model Monitor does not see, or sees without asking whether it is chance.
//!
//! Drift here needs both an effect (PSI over the house's frozen bins passes the practical threshold, and what chance
//! alone gives with so many bins and so few rows, [`psi_limit`]) and evidence (the p-value of KS or of chi-square,
//! adjusted by Benjamini–Hochberg over the columns of the window, is below the significance level), with enough rows on
//! both sides; methods.md §3.12, item 4. Text columns whose values hardly repeat are identifiers, and have no
//! distribution to drift. Findings of this file never enter
//! `constraint_violations.json`. Where one of the six checks has flagged the same cause, nothing is repeated.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::finding::{CheckKind, Finding, Severity};
use super::multiplicity::benjamini_hochberg;
use super::{BaselineView, Docket, Policy, Records, Subject};
use crate::compare::{Convention, Measurement, Method};
use crate::summary::{ColumnSummary, DatasetSummary, InferredType};

pub(super) fn check(
    current: &DatasetSummary,
    baseline: &BaselineView<'_>,
    subjects: &[Subject<'_>],
    policy: &Policy,
    docket: &mut Docket,
) {
    check_drift(subjects, policy, docket);
    for subject in subjects.iter().filter(|subject| subject.evaluated) {
        match (subject.baseline, subject.current) {
            (Some(baseline), Some(current)) if current.counts.n_cells() > 0 => {
                check_new_missing_values(baseline, current, docket);
                check_special_values(baseline, current, docket);
                check_unseen_categories(baseline, current, policy, docket);
                check_type(baseline, current, docket);
            }
            (Some(_), _) => check_absent(subject, current.n_rows, docket),
            (None, Some(_)) if baseline.summary.is_some() => check_unknown(subject, baseline, docket),
            (None, _) => {}
        }
    }
}

/// One column with everything a decision about drift needs.
struct Candidate<'a> {
    column: &'a str,
    effect: &'a Measurement,
    evidence: &'a Measurement,
    p_value: f64,
}

fn check_drift(subjects: &[Subject<'_>], policy: &Policy, docket: &mut Docket) {
    let mut candidates = Vec::new();
    for subject in subjects.iter().filter(|subject| subject.evaluated) {
        match candidate(subject, policy) {
            Some(Ok(candidate)) => candidates.push(candidate),
            Some(Err(reason)) => docket.skip(Some(subject.name), CheckKind::Drift, reason),
            None => {}
        }
    }
    let p_values: Vec<f64> = candidates.iter().map(|candidate| candidate.p_value).collect();
    let adjusted = benjamini_hochberg(&p_values);
    for (candidate, adjusted) in candidates.iter().zip(adjusted) {
        let effect = candidate.effect.statistic;
        let limit = psi_limit(candidate.effect, policy.psi_practical, policy.significance);
        if effect <= limit || adjusted >= policy.significance {
            docket.pass();
            continue;
        }
        let severity = if effect >= policy.psi_major.max(limit) {
            Severity::Violation
        } else {
            Severity::Warning
        };
        let source = if limit > policy.psi_practical {
            "what chance gives with so few rows"
        } else {
            "practical threshold of the policy"
        };
        let test = match candidate.evidence.method {
            Method::ChiSquare => "chi-square test",
            _ => "Kolmogorov-Smirnov test",
        };
        docket.find(Finding {
            severity,
            check: CheckKind::Drift,
            column: Some(candidate.column.to_owned()),
            method: Some(candidate.effect.method),
            value: effect,
            limit,
            derivation: format!(
                "{source}, together with evidence: {test}, p adjusted over {} columns is {adjusted:.2e}, below {}; \
                 from PSI {} on it is a violation",
                p_values.len(),
                policy.significance,
                policy.psi_major
            ),
            description: format!(
                "the distribution has moved: PSI {effect:.3} against the baseline ({} rows, baseline {})",
                candidate.evidence.n_current, candidate.evidence.n_baseline
            ),
            remedy: "look at both distributions; if the new one is the new normal, make a new baseline, and see \
                     whether the model still fits"
                .to_owned(),
        });
    }
}

/// The PSI a column must pass: the practical threshold, or what chance alone gives at the significance level α,
/// `(1/n + 1/m)·χ²₁₋α(B − 1)`, where that is larger. Source: Yurdakul 2018 (Western Michigan University, dissertation
/// 3208), two-sample form; methods.md §3.9, §3.12.
pub fn psi_limit(psi: &Measurement, psi_practical: f64, significance: f64) -> f64 {
    let freedom = psi.parameters.bins.unwrap_or(0).saturating_sub(1) as f64;
    let by_chance = match ChiSquared::new(freedom) {
        Ok(null) if psi.n_baseline > 0 && psi.n_current > 0 && (0.0..1.0).contains(&significance) => {
            let scale = 1.0 / psi.n_baseline as f64 + 1.0 / psi.n_current as f64;
            scale * null.inverse_cdf(1.0 - significance)
        }
        _ => 0.0,
    };
    if by_chance.is_finite() {
        by_chance.max(psi_practical)
    } else {
        psi_practical
    }
}

/// Distinct values by rows from which a text column is an identifier and not a category.
const IDENTIFIER_DISTINCT_RATIO: f64 = 0.5;

/// Whether a text column's values hardly repeat, so that shares of values mean nothing.
fn is_identifier(column: &ColumnSummary, min_rows: u64) -> bool {
    let is_text = matches!(column.inferred_type, InferredType::String | InferredType::Boolean);
    column.categorical.as_ref().is_some_and(|found| {
        is_text
            && found.n >= min_rows
            && found.distinct.value() as f64 >= IDENTIFIER_DISTINCT_RATIO * found.n as f64
    })
}

/// `None`: nothing to compare, which another check says.
fn candidate<'a>(subject: &'a Subject<'_>, policy: &Policy) -> Option<Result<Candidate<'a>, String>> {
    let (baseline, current) = (subject.baseline?, subject.current?);
    if current.counts.n_cells() == 0 || baseline.inferred_type == InferredType::Unknown {
        return None;
    }
    if let Some(reason) = subject.missing_distribution() {
        return Some(Err(reason.to_owned()));
    }
    if is_identifier(baseline, policy.min_rows) {
        return Some(Err(
            "the baseline's values hardly repeat: an identifier has no distribution".to_owned(),
        ));
    }
    let is_numeric = baseline.inferred_type.is_numeric();
    let test = if is_numeric {
        Method::KolmogorovSmirnov
    } else {
        Method::ChiSquare
    };
    let outcome = |method: Method| {
        let found = subject
            .measured
            .iter()
            .find(|found| found.method == method && found.convention == Convention::House);
        found.map(|found| found.outcome.as_ref().map_err(ToString::to_string))
    };
    let (effect, evidence) = match (outcome(Method::Psi)?, outcome(test)?) {
        (Ok(effect), Ok(evidence)) => (effect, evidence),
        (Err(reason), _) | (_, Err(reason)) => return Some(Err(reason)),
    };
    let n_rows = evidence.n_baseline.min(evidence.n_current);
    if n_rows < policy.min_rows {
        return Some(Err(format!(
            "{n_rows} values are too few: {} are needed on each side",
            policy.min_rows
        )));
    }
    match evidence.evidence_p_value() {
        Some(p_value) => Some(Ok(Candidate {
            column: subject.name,
            effect,
            evidence,
            p_value,
        })),
        None => Some(Err("the test gives no p-value for these data".to_owned())),
    }
}

fn check_new_missing_values(baseline: &ColumnSummary, current: &ColumnSummary, docket: &mut Docket) {
    let n_missing = current.counts.n_missing;
    if baseline.counts.n_cells() == 0 || baseline.counts.n_missing > 0 {
        return;
    }
    if n_missing == 0 || docket.has(CheckKind::Completeness, &current.name) {
        return docket.pass();
    }
    docket.find(Finding {
        severity: Severity::Warning,
        check: CheckKind::NewMissingValues,
        column: Some(current.name.clone()),
        method: None,
        value: n_missing as f64,
        limit: 0.0,
        derivation: "the baseline has no missing value".to_owned(),
        description: format!("{n_missing} of {} cells are missing", current.counts.n_cells()),
        remedy: "find what leaves the values out".to_owned(),
    });
}

fn check_special_values(baseline: &ColumnSummary, current: &ColumnSummary, docket: &mut Docket) {
    let counts = &current.counts;
    if baseline.counts.n_present() == 0
        || !baseline.inferred_type.is_numeric()
        || baseline.counts.n_special() > 0
    {
        return;
    }
    if counts.n_special() == 0 {
        return docket.pass();
    }
    docket.find(Finding {
        severity: Severity::Warning,
        check: CheckKind::SpecialValues,
        column: Some(current.name.clone()),
        method: None,
        value: counts.n_special() as f64,
        limit: 0.0,
        derivation: "the baseline has no NaN and no infinity".to_owned(),
        description: format!(
            "{} NaN, {} positive and {} negative infinities among {} present cells",
            counts.n_nan,
            counts.n_positive_infinity,
            counts.n_negative_infinity,
            counts.n_present()
        ),
        remedy: "find the division or the logarithm that makes them".to_owned(),
    });
}

fn check_unseen_categories(
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    policy: &Policy,
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
    if is_identifier(baseline, policy.min_rows) {
        let reason = "the baseline's values hardly repeat: new ones are expected";
        return docket.skip(Some(&current.name), CheckKind::UnseenCategories, reason);
    }
    if !known.complete {
        let reason = "the baseline does not list its categories";
        return docket.skip(Some(&current.name), CheckKind::UnseenCategories, reason);
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
        severity: if share > policy.unseen_warning {
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
            "the baseline lists all its categories; above a share of {} it is a warning",
            policy.unseen_warning
        ),
        description: format!(
            "{n_rows} of {} values are in {at_least}{n_values} categories the baseline does not have",
            found.n
        ),
        remedy: "find where the new values come from, and check what the model does with them".to_owned(),
    });
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
    });
}

fn check_absent(subject: &Subject<'_>, n_rows: u64, docket: &mut Docket) {
    if subject.current.is_some_and(|column| column.counts.n_absent > 0) {
        let reason = "its side of the endpoint was not captured in this window";
        return docket.skip(Some(subject.name), CheckKind::AbsentColumn, reason);
    }
    docket.find(Finding {
        severity: Severity::Warning,
        check: CheckKind::AbsentColumn,
        column: Some(subject.name.to_owned()),
        method: None,
        value: 0.0,
        limit: n_rows as f64,
        derivation: "the baseline has the column".to_owned(),
        description: format!("none of {n_rows} rows has the column"),
        remedy: "compare what the endpoint receives with the training schema".to_owned(),
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
    });
}

/// Too many records that could not be read.
pub(super) fn check_rejects(records: &Records, policy: &Policy, docket: &mut Docket) {
    if records.lines == 0 {
        return docket.skip(None, CheckKind::Rejects, "the window has no lines");
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
    });
}
