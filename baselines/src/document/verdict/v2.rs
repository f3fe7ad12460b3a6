//! Version 2 of `verdict.json`. Frozen: a new field is a new version.
//!
//! Against version 1: the numbers behind drift (per finding and per column), on what terms drift rings, the remedy of what
//! was not evaluated, and how many records had no time. Parts that did not change are version 1's. Does not convert.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::quality::QualityV2;
use super::v1::{
    BaselineV1, CategoriesV1, HistogramV1, MeasurementV1, NotComputableV1, ObjectV1, SchemaChangeV1,
    SeverityV1, SideV1, SoftwareV1, StatusV1, VolumeV1, WindowV1,
};

/// A verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct V2 {
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
}

/// What became of the lines; `lines = decoded + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsV2 {
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
    /// Rows analysed.
    pub rows: u64,
    /// Rows of which only one side was captured.
    pub one_sided: u64,
    /// Decoded records without a time of their own; absent in what version 1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_time: Option<u64>,
    /// Rejected lines by reason code.
    pub rejects_by_reason: BTreeMap<String, u64>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingV2 {
    /// Unique in the verdict, the same in every window.
    pub id: String,
    /// `info`, `warning` or `violation`.
    pub severity: SeverityV1,
    /// The column, where one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What was checked.
    pub check: String,
    /// The distance or test behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What was observed.
    pub value: f64,
    /// The limit it passed.
    pub limit: f64,
    /// How the limit came about.
    pub derivation: String,
    /// What happened.
    pub description: String,
    /// What to do.
    pub remedy: String,
    /// Of drift: the numbers behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftEvidenceV2>,
}

/// The numbers behind a drift finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftEvidenceV2 {
    /// The component that speaks.
    pub component: String,
    /// Its statistic before the null scale.
    pub statistic: f64,
    /// The statistic from which it rings.
    pub critical: f64,
    /// Null scale.
    pub scale: f64,
    /// Degrees of freedom of the null scale; absent where it is known exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_freedom: Option<f64>,
    /// p-value where rows are independent.
    pub p_raw: f64,
    /// p-value with the null scale.
    pub p_calibrated: f64,
    /// p-value of the column.
    pub p_column: f64,
    /// The same adjusted over the columns.
    pub p_adjusted: f64,
    /// Share of rows that must have moved.
    pub effect: f64,
    /// Practical threshold of the effect.
    pub min_effect: f64,
}

/// A check that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotEvaluatedV2 {
    /// The column, where one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What was not checked.
    pub check: String,
    /// Why.
    pub reason: String,
    /// What would make it possible; absent in what version 1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnV2 {
    /// Name.
    pub name: String,
    /// `Integral`, `Fractional`, `Boolean`, `String` or `Unknown`.
    #[serde(rename = "type")]
    pub inferred_type: String,
    /// `counted`, `kll_sketch`, `buckets` or `none`.
    pub baseline_evidence: String,
    /// The baseline's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<SideV1>,
    /// The window's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<SideV1>,
    /// Numeric columns: both distributions over shared bins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<HistogramV1>,
    /// Categorical columns: both distributions by category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<CategoriesV1>,
    /// What was measured.
    pub measurements: Vec<MeasurementV1>,
    /// What could not be measured.
    pub not_computable: Vec<NotComputableV1>,
    /// Drift as it was decided; absent where the column was not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<ColumnDriftV2>,
}

/// Drift of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnDriftV2 {
    /// Whether it rings.
    pub alarm: bool,
    /// The component with the most evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// p-value of the column.
    pub p_value: f64,
    /// The same adjusted over the columns.
    pub p_adjusted: f64,
    /// Effect of the component with the most evidence.
    pub effect: f64,
    /// The effect from which it rings.
    pub limit: f64,
    /// Whether null scales were applied.
    pub calibrated: bool,
    /// Why the distribution was not tested, where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// Component tests.
    pub components: Vec<ComponentV2>,
    /// The smallest shifts this window shows with a probability of 80 %.
    pub detectable: DetectableV2,
}

/// One component test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComponentV2 {
    /// Its name.
    pub component: String,
    /// Its statistic before the null scale.
    pub statistic: f64,
    /// p-value where rows are independent.
    pub p_raw: f64,
    /// p-value with the null scale.
    pub p_calibrated: f64,
    /// Share of rows that must have moved.
    pub effect: f64,
    /// Null scale.
    pub scale: f64,
}

/// The smallest shifts that a window shows with a probability of 80 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectableV2 {
    /// Shift of the mean, in standard deviations of the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_shift: Option<f64>,
    /// Ratio of standard deviations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd_ratio: Option<f64>,
    /// Share points of the baseline's largest category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_share: Option<f64>,
    /// Share points of missing cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_rate: Option<f64>,
}

/// How it was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedV2 {
    /// Conventions the measurements follow.
    pub conventions: Vec<String>,
    /// Thresholds by name.
    pub thresholds: BTreeMap<String, f64>,
    /// Choices that are not numbers, by name.
    pub choices: BTreeMap<String, String>,
    /// On what terms drift rings; absent where it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<AlarmV2>,
}

/// On what terms drift rings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmV2 {
    /// False alarms accepted.
    pub false_alarms: String,
    /// Probability of a false alarm that this run may take.
    pub alpha: f64,
    /// Window length it was computed for, seconds.
    pub window_seconds: f64,
    /// Whether that length was assumed.
    pub window_assumed: bool,
    /// Columns tested.
    pub n_tested: u64,
    /// The largest column p-value that rings.
    pub p_limit: f64,
    /// `none`, `resampled_rows` or `time_blocks`.
    pub calibration: String,
    /// Blocks of the calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_blocks: Option<u64>,
    /// Length of a block, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_seconds: Option<u64>,
}
