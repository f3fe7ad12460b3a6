//! How one column stands: its outcome, its findings, its distances and its place in the order.
//!
//! Most changed first: columns with a violation, then columns with another finding, in both those that have drifted
//! first (PSI alone is also large where cells are missing); then by the house's PSI, then by Model Monitor's robust
//! distance; columns without a distance behind, in the order of the baseline. Judges nothing: a status here repeats
//! what the verdict found, and what it could not check.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use baselines::compare::{Convention, Measurement, Method};
use baselines::document::verdict::Latest;
use baselines::judge::{CheckKind, ColumnReport, Finding, Severity, Status as Outcome, Verdict};

use crate::report::model::Status;

/// One column of the report.
pub(super) struct Standing<'v> {
    pub(super) report: &'v ColumnReport,
    pub(super) findings: Vec<&'v Finding>,
    pub(super) status: Status,
    /// The limit of each measurement in `report.measured` that succeeded, as `verdict.json` has it.
    pub(super) limits: Vec<Option<f64>>,
    /// Why the house did not judge its drift, where it did not.
    pub(super) drift_skipped: Option<&'v str>,
}

impl<'v> Standing<'v> {
    pub(super) fn name(&self) -> &'v str {
        &self.report.name
    }

    pub(super) fn measurement(&self, method: Method, convention: Convention) -> Option<&'v Measurement> {
        measurement(self.report, method, convention)
    }

    pub(super) fn psi(&self) -> Option<f64> {
        self.measurement(Method::Psi, Convention::House)
            .map(|found| found.statistic)
    }

    pub(super) fn finding(&self, check: CheckKind) -> Option<&'v Finding> {
        self.findings
            .iter()
            .copied()
            .find(|finding| finding.check == check)
    }

    pub(super) fn has_drifted(&self) -> bool {
        self.findings.iter().any(|finding| is_drift(finding.check))
    }
}

/// Whether a check is about distributions.
pub(super) fn is_drift(check: CheckKind) -> bool {
    matches!(check, CheckKind::Drift | CheckKind::BaselineDrift)
}

fn measurement(report: &ColumnReport, method: Method, convention: Convention) -> Option<&Measurement> {
    let found = report
        .measured
        .iter()
        .find(|found| found.method == method && found.convention == convention);
    found?.outcome.as_ref().ok()
}

/// Every column, most changed first.
pub(super) fn standings<'v>(verdict: &'v Verdict, document: &Latest) -> Vec<Standing<'v>> {
    let mut findings: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &verdict.findings {
        if let Some(column) = &finding.column {
            findings.entry(column).or_default().push(finding);
        }
    }
    let mut skipped: BTreeMap<Option<&str>, BTreeSet<CheckKind>> = BTreeMap::new();
    for entry in &verdict.not_evaluated {
        skipped
            .entry(entry.column.as_deref())
            .or_default()
            .insert(entry.check);
    }
    let drift_skips: BTreeMap<&str, &str> = verdict
        .not_evaluated
        .iter()
        .filter(|entry| entry.check == CheckKind::Drift)
        .filter_map(|entry| Some((entry.column.as_deref()?, entry.reason.as_str())))
        .collect();
    let nothing = BTreeSet::new();
    let for_all = skipped.get(&None).unwrap_or(&nothing);
    let mut standings: Vec<Standing<'v>> = verdict
        .columns
        .iter()
        .zip(&document.columns)
        .map(|(report, stored)| {
            let findings = findings.remove(report.name.as_str()).unwrap_or_default();
            let own = skipped.get(&Some(report.name.as_str())).unwrap_or(&nothing);
            let is_skipped = |check| own.contains(&check) || for_all.contains(&check);
            let status = match findings.iter().map(|finding| finding.severity).max() {
                Some(Severity::Violation) => Status::Violated,
                Some(Severity::Warning) => Status::Warned,
                _ if verdict.status == Outcome::NotEvaluated || is_unchecked(report, is_skipped) => {
                    Status::NotEvaluated
                }
                _ => Status::Pass,
            };
            Standing {
                report,
                drift_skipped: drift_skips.get(report.name.as_str()).copied(),
                findings,
                status,
                limits: stored.measurements.iter().map(|found| found.limit).collect(),
            }
        })
        .collect();
    standings.sort_by(|left, right| key(left).cmp(&key(right)));
    standings
}

/// Whether the window has nothing of the column, or each check that every column has was skipped.
fn is_unchecked(report: &ColumnReport, is_skipped: impl Fn(CheckKind) -> bool) -> bool {
    let has_cells = report
        .current
        .as_ref()
        .is_some_and(|side| side.counts.n_cells() > 0);
    let every_column = [
        CheckKind::DataType,
        CheckKind::Completeness,
        CheckKind::BaselineDrift,
    ];
    !has_cells || every_column.into_iter().all(is_skipped)
}

/// Ascending, so each part is reversed; a distance is its bits, which order as non-negative numbers do.
fn key(standing: &Standing<'_>) -> impl Ord {
    let rank = match standing.status {
        Status::Violated if standing.has_drifted() => 0,
        Status::Violated => 1,
        _ if standing.has_drifted() => 2,
        Status::Warned => 3,
        Status::Pass => 4,
        Status::NotEvaluated => 5,
    };
    let bits = |method, convention| {
        let found = standing.measurement(method, convention);
        Reverse(found.map(|found| found.statistic.max(0.0).to_bits()))
    };
    (
        rank,
        bits(Method::Psi, Convention::House),
        bits(Method::LInfinityRobust, Convention::Sagemaker),
    )
}
