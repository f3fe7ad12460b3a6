//! What an alert knows of a window, and of a retraining: the few facts that a notice says.
//!
//! Made from `verdict.json`, whose texts hold no captured value beyond the category names it may name itself. Does not
//! know where documents lie.

use crate::time_text;
use baselines::document::verdict::{FindingV2, Latest, SeverityV1, StatusV1};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Findings that a fact keeps: the worst.
pub const TOP: usize = 5;
/// Characters that are kept of a text.
const LONGEST_TEXT: usize = 400;

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Series {
    /// Captured traffic: `windows/`.
    Traffic,
    /// Predictions held against labels: `quality/`.
    Quality,
}

impl Series {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Traffic, Self::Quality];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Quality => "quality",
        }
    }
}

/// One window as it was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowFact {
    /// What was watched.
    pub series: Series,
    /// First second inside.
    #[serde(with = "time_text")]
    pub start: i64,
    /// First second behind.
    #[serde(with = "time_text")]
    pub end: i64,
    /// Revision of its documents; the highest counts.
    pub revision: u32,
    /// Outcome.
    pub status: StatusV1,
    /// The worst finding's; absent without findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityV1>,
    /// Findings.
    pub n_findings: u64,
    /// Rows judged.
    pub rows: u64,
    /// The worst findings; forgotten once a newer window of the incident has its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<Point>,
    /// Folder of the documents.
    pub location: String,
    /// The report with the pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// One finding in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// `info`, `warning` or `violation`.
    pub severity: SeverityV1,
    /// The column; absent where the whole data set is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What was checked.
    pub check: String,
    /// What was observed.
    pub value: f64,
    /// The limit it passed.
    pub limit: f64,
    /// What happened.
    pub description: String,
    /// What to do.
    pub remedy: String,
}

impl WindowFact {
    /// Of a verdict, whose window is `span` and whose documents lie in `location`.
    pub fn of(
        verdict: &Latest,
        span: (i64, i64),
        revision: u32,
        location: String,
        report: Option<String>,
    ) -> Self {
        let mut findings: Vec<&FindingV2> = verdict.findings.iter().collect();
        findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| by_excess(a, b)));
        Self {
            series: if verdict.quality.is_some() {
                Series::Quality
            } else {
                Series::Traffic
            },
            start: span.0,
            end: span.1,
            revision,
            status: verdict.status,
            severity: findings.first().map(|finding| finding.severity),
            n_findings: findings.len() as u64,
            rows: verdict.records.rows,
            top: findings.into_iter().take(TOP).map(point).collect(),
            location,
            report,
        }
    }

    /// Whether it is an alarm where alarms begin at `floor`.
    pub fn is_alarm(&self, floor: SeverityV1) -> bool {
        self.severity.is_some_and(|severity| severity >= floor)
    }

    /// Whether it speaks for calm: something was checked, and it is no alarm.
    pub fn is_calm(&self, floor: SeverityV1) -> bool {
        self.status != StatusV1::NotEvaluated && !self.is_alarm(floor)
    }
}

/// The one that passed its limit by the larger factor first; what has no factor last, in the verdict's own order.
fn by_excess(a: &FindingV2, b: &FindingV2) -> Ordering {
    let excess = |finding: &FindingV2| {
        let factor = (finding.value / finding.limit).abs();
        let is_drift = finding.drift.is_some() && factor.is_finite();
        if is_drift { factor } else { 0.0 }
    };
    excess(b).total_cmp(&excess(a))
}

fn point(finding: &FindingV2) -> Point {
    Point {
        severity: finding.severity,
        column: finding.column.as_deref().map(cut),
        check: finding.check.clone(),
        value: finding.value,
        limit: finding.limit,
        description: cut(&finding.description),
        remedy: cut(&finding.remedy),
    }
}

fn cut(text: &str) -> String {
    cut_to(text, LONGEST_TEXT)
}

/// The first characters of a text; `…` says that more followed.
pub(crate) fn cut_to(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(longest.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

/// Where a retraining stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFact {
    /// Its request token.
    pub token: String,
    /// The retraining's incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// The execution.
    pub execution: String,
    /// How far it is.
    pub stage: RunStage,
    /// Since when.
    #[serde(with = "time_text")]
    pub at: i64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How far a retraining is; later stages are larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStage {
    /// It runs.
    Started,
    /// It was stopped.
    Stopped,
    /// It failed.
    Failed,
    /// It succeeded.
    Succeeded,
}

impl RunStage {
    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        self != Self::Started
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Succeeded => "succeeded",
        }
    }
}
