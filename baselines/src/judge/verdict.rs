//! The answer about one window, with all that a report needs to show it.
//!
//! Plain data: does not know JSON (`document::verdict`) nor how any part was computed. Times are RFC 3339 in UTC,
//! given by the caller; the judge has no clock.

use std::collections::BTreeMap;

use super::column::ColumnReport;
use super::finding::{Finding, NotEvaluated};
use super::schema_change::SchemaChange;
use crate::calibrate::{CalibrationBasis, FalseAlarmBudget, MinEffect, RunAlpha};
use crate::capture_health::{CaptureFacts, CaptureHealth};

/// Three-valued outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// At least one check was made, and none is a violation.
    Pass,
    /// At least one finding is a violation.
    Violated,
    /// Not one check could be made, or none of those that need a reference that there was too little history for.
    NotEvaluated,
}

impl Status {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Violated => "violated",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// The answer about one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Outcome.
    pub status: Status,
    /// What the run read.
    pub run: Run,
    /// Findings, the worst first.
    pub findings: Vec<Finding>,
    /// What was not checked, and why.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Columns in the order of the baseline, unknown ones behind.
    pub columns: Vec<ColumnReport>,
    /// Columns that appeared, disappeared or changed type inside the window.
    pub schema_changes: Vec<SchemaChange>,
    /// How it was judged.
    pub judged: Judged,
    /// What was measured of capture; `None` where it was not judged.
    pub capture: Option<CaptureHealth>,
}

impl Verdict {
    /// Findings that are violations.
    pub fn n_violations(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == super::Severity::Violation)
            .count()
    }
}

/// Facts of the run that the judge passes on (and of which it judges only the rejects).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// The program.
    pub software: Software,
    /// The time window.
    pub window: Window,
    /// The baseline.
    pub baseline: BaselineOrigin,
    /// What became of the lines.
    pub records: Records,
    /// The objects read, in the order of `Position::object_idx`.
    pub objects: Vec<ObjectRead>,
    /// Rows by hour, ascending.
    pub volume: Vec<HourVolume>,
    /// What is counted of capture, for its health; `None` of tables.
    pub capture: Option<CaptureFacts>,
}

/// The program that judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Software {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// A half-open time window; `None` is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// First instant inside.
    pub start: Option<String>,
    /// First instant behind.
    pub end: Option<String>,
    /// `inferenceTime` of the earliest record.
    pub first_inference_time: Option<String>,
    /// `inferenceTime` of the latest record.
    pub last_inference_time: Option<String>,
}

/// Where the baseline came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BaselineOrigin {
    /// As the user gave it.
    pub location: String,
    /// Who made it.
    pub source: BaselineSource,
    /// Digest of its bytes, with the algorithm's name in front.
    pub digest: String,
    /// Rows it was made from.
    pub n_rows: u64,
}

/// Who made a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BaselineSource {
    /// This program, with its own document.
    #[default]
    Driftline,
    /// Model Monitor: only `statistics.json` and `constraints.json`.
    ModelMonitor,
}

/// What became of the lines of the window; `lines = decoded + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Records {
    /// Lines read.
    pub lines: u64,
    /// Lines that are records.
    pub decoded: u64,
    /// Lines that are not.
    pub rejected: u64,
    /// Decoded records whose event was there before.
    pub duplicates: u64,
    /// Decoded records outside the window.
    pub outside_window: u64,
    /// Decoded records of a shadow experiment.
    pub shadow: u64,
    /// Rows that were analysed.
    pub rows: u64,
    /// Rows of which only one side was captured.
    pub one_sided: u64,
    /// Decoded records without a time of their own.
    pub without_time: u64,
    /// Rejected lines by reason code.
    pub rejects_by_reason: BTreeMap<String, u64>,
}

/// One object that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectRead {
    /// Key or path.
    pub key: String,
    /// ETag, where the store has one.
    pub etag: Option<String>,
    /// Size as stored.
    pub size_bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Lines that are records.
    pub decoded: u64,
    /// Lines that are not.
    pub rejected: u64,
}

/// Rows of one hour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HourVolume {
    /// Start of the hour.
    pub hour: String,
    /// Rows.
    pub rows: u64,
}

/// How it was judged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judged {
    /// Conventions the measurements follow, by their stable names, ascending.
    pub conventions: Vec<String>,
    /// Thresholds by name.
    pub thresholds: BTreeMap<String, f64>,
    /// Choices that are not numbers, by name.
    pub choices: BTreeMap<String, String>,
    /// On what terms drift rings; `None` where it was not judged.
    pub alarm: Option<AlarmTerms>,
}

/// On what terms drift rings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlarmTerms {
    /// False alarms accepted.
    pub budget: FalseAlarmBudget,
    /// What this run may spend of it, and for which window length.
    pub run: RunAlpha,
    /// Columns tested.
    pub n_tested: u64,
    /// The largest column p-value that rings.
    pub p_limit: f64,
    /// Practical thresholds of columns without their own.
    pub min_effect: MinEffect,
    /// What the null scales were measured on; `None`: not calibrated, rows count as independent.
    pub basis: Option<CalibrationBasis>,
}
