//! Version 3 of `verdict.json`. Frozen: a new field is a new version.
//!
//! Against version 2: what was measured of capture. Parts that did not change are version 1's and 2's. Does not convert.

use serde::{Deserialize, Serialize};

use super::quality::QualityV2;
use super::v1::{BaselineV1, ObjectV1, SchemaChangeV1, SoftwareV1, StatusV1, VolumeV1, WindowV1};
use super::v2::{ColumnV2, FindingV2, JudgedV2, NotEvaluatedV2, RecordsV2};

/// A verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct V3 {
    /// The program.
    pub software: SoftwareV1,
    /// `pass`, `violated` or `not_evaluated`.
    pub status: StatusV1,
    /// The time window.
    pub window: WindowV1,
    /// The baseline.
    pub baseline: BaselineV1,
    /// What became of the lines.
    pub records: RecordsV2,
    /// Findings, the worst first.
    pub findings: Vec<FindingV2>,
    /// What was not checked, and why.
    pub not_evaluated: Vec<NotEvaluatedV2>,
    /// Columns in the order of the baseline.
    pub columns: Vec<ColumnV2>,
    /// Columns that appeared, disappeared or changed type inside the window.
    pub schema_changes: Vec<SchemaChangeV1>,
    /// Objects read.
    pub objects: Vec<ObjectV1>,
    /// Rows by hour.
    pub volume: Vec<VolumeV1>,
    /// How it was judged.
    pub judged: JudgedV2,
    /// How good the predictions were; of `driftline quality` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityV2>,
    /// What was measured of capture; absent where it was not judged, and in what older versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_health: Option<Vec<CaptureMeasureV3>>,
}

/// One check of capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaptureMeasureV3 {
    /// What was checked, by the name that a finding of it has.
    pub check: String,
    /// `usual`, `unusual` or `not_evaluated`.
    pub outcome: String,
    /// Why it was not evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was counted: records, lines, hours or rows.
    pub n: u64,
    /// Of how many; of silence and volume, how many are usual.
    pub of: u64,
    /// The share; of volume the ratio to the usual; of gaps the number of hours.
    pub value: f64,
    /// What is allowed, on the scale of `value`.
    pub limit: f64,
    /// The end of the share's exact interval that decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
    /// Probability of such a count as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Level at which chance is excluded.
    pub level: f64,
    /// First seconds (Unix time) of the hours without a record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<i64>,
    /// What earlier windows it was held against.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub against: String,
}
