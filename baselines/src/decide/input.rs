//! What a decision reads, as plain values. Times are seconds since 1970.
//!
//! Lists may be in any order and may repeat themselves; of a window only its newest revision counts. Does not know the
//! documents that these values come from.

use super::history::PastRun;
use super::incident::Incident;
use crate::judge::{CheckKind, Severity};
use std::collections::BTreeMap;

/// Everything but the policy and the time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inputs {
    /// Name of the monitor.
    pub monitor: String,
    /// The model it watches: single flight, cooldown and budgets are the model's, over all its monitors.
    pub model: String,
    /// Windows of captured traffic.
    pub findings: Vec<FindingsWindow>,
    /// Windows of predictions and labels.
    pub quality: Vec<QualityWindow>,
    /// Starts for this model.
    pub runs: Vec<PastRun>,
    /// The monitor's newest incident.
    pub incident: Option<Incident>,
    /// Answers of people.
    pub approvals: Vec<Approval>,
}

/// One revision of a window's verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingsWindow {
    /// First second inside.
    pub start: i64,
    /// First second outside.
    pub end: i64,
    /// Revision, from 1.
    pub revision: u32,
    /// Digest of the verdict.
    pub digest: String,
    /// Rows analysed.
    pub n_rows: u64,
    /// Whether anything could be checked.
    pub is_evaluated: bool,
    /// Findings.
    pub findings: Vec<WindowFinding>,
    /// Checks that were not made.
    pub not_checked: Vec<NotChecked>,
}

/// A finding of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowFinding {
    /// What was checked, by its stable name.
    pub check: String,
    /// The column.
    pub column: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// What was observed.
    pub value: f64,
    /// The limit it passed.
    pub limit: f64,
}

/// A check that was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotChecked {
    /// What.
    pub check: String,
    /// Of which column; `None` for all.
    pub column: Option<String>,
}

/// One revision of a window's quality.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityWindow {
    /// First second inside.
    pub start: i64,
    /// First second outside.
    pub end: i64,
    /// Revision, from 1.
    pub revision: u32,
    /// Digest of the document.
    pub digest: String,
    /// Rows predicted.
    pub n_predictions: u64,
    /// Rows with a label.
    pub n_labelled: u64,
    /// Share of rows that should have a label by now.
    pub expected_coverage: Option<f64>,
    /// When nearly all labels that will ever come are there.
    pub final_at: Option<i64>,
    /// Metrics from labels, held against their constraints.
    pub realised: BTreeMap<String, Held>,
    /// Metrics estimated without labels, held against the same.
    pub estimated: BTreeMap<String, Held>,
}

/// A metric and its constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// What came out.
    pub outcome: HeldOutcome,
    /// The metric, where there is one.
    pub value: Option<f64>,
    /// The constraint's limit.
    pub limit: f64,
}

/// Whether a metric keeps its constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOutcome {
    /// It does, or chance explains that it does not.
    Pass,
    /// It does not, beyond chance.
    Breach,
    /// It cannot be said.
    NotEvaluated,
}

impl Held {
    /// Holds an estimate against a constraint: a breach is an estimate whose whole band lies beyond the limit. `is_least`:
    /// values below the limit breach. Without a band, or with numbers that are not finite, nothing can be said.
    pub fn estimate(value: f64, band: Option<(f64, f64)>, limit: f64, is_least: bool) -> Self {
        let is_finite = |(low, high): &(f64, f64)| low.is_finite() && high.is_finite();
        let outcome = match band
            .filter(is_finite)
            .filter(|_| value.is_finite() && limit.is_finite())
        {
            None => HeldOutcome::NotEvaluated,
            Some((_, high)) if is_least && high < limit => HeldOutcome::Breach,
            Some((low, _)) if !is_least && low > limit => HeldOutcome::Breach,
            Some(_) => HeldOutcome::Pass,
        };
        Self {
            outcome,
            value: value.is_finite().then_some(value),
            limit,
        }
    }
}

/// A person's answer about one revision of one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// Yes or no.
    pub is_approved: bool,
    /// Who.
    pub by: String,
    /// When.
    pub at: i64,
}

/// The stable names of checks that verdicts have beside [`CheckKind`]'s are not counted as findings of data.
pub(super) fn check_of(name: &str) -> Option<CheckKind> {
    CheckKind::ALL.into_iter().find(|check| check.name() == name)
}
