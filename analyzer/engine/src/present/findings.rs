//! Findings, the worst first and of one kind the most changed column first, with values in the unit of their check.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use baselines::compare::Method;
use baselines::judge::{CheckKind, Finding, Severity, Verdict};

use super::standing::Standing;
use super::{alarm, sentence};
use crate::report::format::{count, number, p_value, percent};
use crate::report::model::{Finding as Shown, Severity as Level};

pub(super) fn findings(verdict: &Verdict, standings: &[Standing<'_>]) -> Vec<Shown> {
    let places: BTreeMap<&str, usize> = standings
        .iter()
        .enumerate()
        .map(|(idx, standing)| (standing.name(), idx))
        .collect();
    let mut findings: Vec<&Finding> = verdict.findings.iter().collect();
    findings.sort_by_key(|finding| {
        let place = finding
            .column
            .as_deref()
            .and_then(|column| places.get(column).copied());
        (Reverse(finding.severity), finding.check, place)
    });
    findings
        .into_iter()
        .map(|finding| shown(finding, verdict))
        .collect()
}

fn shown(finding: &Finding, verdict: &Verdict) -> Shown {
    let (value, limit) = measured(finding);
    Shown {
        severity: match finding.severity {
            Severity::Violation => Level::Violation,
            Severity::Warning => Level::Warning,
            Severity::Info => Level::Info,
        },
        column: finding.column.clone().unwrap_or_default(),
        check: finding.check.name().to_owned(),
        what: described(finding),
        value,
        limit,
        derivation: derivation(finding, verdict),
        remedy: sentence(&finding.remedy),
    }
}

/// Model Monitor's own sentence is left as it is.
fn described(finding: &Finding) -> String {
    if finding.check.is_model_monitor() {
        finding.description.clone()
    } else {
        sentence(&finding.description)
    }
}

/// Value and limit; empty where the sentence already has the only numbers.
fn measured(finding: &Finding) -> (String, String) {
    let pair = |write: fn(f64) -> String| (write(finding.value), write(finding.limit));
    match finding.check {
        CheckKind::DataType
        | CheckKind::Completeness
        | CheckKind::CategoricalValues
        | CheckKind::UnseenCategories
        | CheckKind::Drift
        | CheckKind::Rejects
        | CheckKind::CaptureSampling
        | CheckKind::CapturePairing
        | CheckKind::CaptureDecoding
        | CheckKind::CaptureDuplicates
        | CheckKind::CaptureLate
        | CheckKind::CaptureIds => pair(percent),
        CheckKind::BaselineDrift if finding.method == Some(Method::ChiSquare) => {
            (format!("p {}", p_value(finding.value)), number(finding.limit))
        }
        CheckKind::MissingColumn
        | CheckKind::ExtraColumn
        | CheckKind::NewMissingValues
        | CheckKind::SpecialValues => pair(|n| if n >= 0.0 { count(n as u64) } else { number(n) }),
        CheckKind::CaptureSilence
        | CheckKind::CaptureGap
        | CheckKind::TypeChange
        | CheckKind::AbsentColumn
        | CheckKind::UnknownColumn => Default::default(),
        _ => pair(number),
    }
}

/// The terms of drift are the same in every column and stand under "How it was judged"; here are a column's numbers.
fn derivation(finding: &Finding, verdict: &Verdict) -> String {
    match &finding.drift {
        Some(drift) => alarm::evidence(drift, verdict.judged.alarm.as_ref()),
        None => finding.derivation.clone(),
    }
}
