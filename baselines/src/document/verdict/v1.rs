//! Version 1 of `verdict.json`. Frozen: a new field is a new version.
//!
//! Field order is the key order of the file; absent values are left out, never `null`. Names of methods, conventions,
//! checks and types are the stable names of the domain enums. Does not convert.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct V1 {
    /// The program.
    pub software: SoftwareV1,
    /// `pass`, `violated` or `not_evaluated`.
    pub status: StatusV1,
    /// The time window.
    pub window: WindowV1,
    /// The baseline.
    pub baseline: BaselineV1,
    /// What became of the lines.
    pub records: RecordsV1,
    /// Findings, the worst first.
    pub findings: Vec<FindingV1>,
    /// What was not checked, and why.
    pub not_evaluated: Vec<NotEvaluatedV1>,
    /// Columns in the order of the baseline.
    pub columns: Vec<ColumnV1>,
    /// Columns that appeared, disappeared or changed type inside the window.
    pub schema_changes: Vec<SchemaChangeV1>,
    /// Objects read.
    pub objects: Vec<ObjectV1>,
    /// Rows by hour.
    pub volume: Vec<VolumeV1>,
    /// How it was judged.
    pub judged: JudgedV1,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftwareV1 {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// Outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusV1 {
    /// No violation.
    Pass,
    /// A violation.
    Violated,
    /// Nothing could be checked.
    NotEvaluated,
}

/// A half-open window, RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowV1 {
    /// First instant inside; absent where open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// First instant behind; absent where open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Earliest `inferenceTime` seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_inference_time: Option<String>,
    /// Latest `inferenceTime` seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inference_time: Option<String>,
}

/// The baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineV1 {
    /// As the user gave it.
    pub location: String,
    /// `driftline` or `model_monitor`.
    pub source: SourceV1,
    /// Digest, with the algorithm's name in front.
    pub digest: String,
    /// Rows it was made from.
    pub n_rows: u64,
}

/// Who made the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceV1 {
    /// This program.
    Driftline,
    /// SageMaker Model Monitor.
    ModelMonitor,
}

/// What became of the lines; `lines = decoded + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsV1 {
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
    /// Rejected lines by reason code.
    pub rejects_by_reason: BTreeMap<String, u64>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingV1 {
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
}

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeverityV1 {
    /// Worth knowing.
    Info,
    /// Worth looking at.
    Warning,
    /// Violates the window.
    Violation,
}

/// A check that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotEvaluatedV1 {
    /// The column, where one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What was not checked.
    pub check: String,
    /// Why.
    pub reason: String,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnV1 {
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
}

/// One side of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideV1 {
    /// Cells.
    pub n: u64,
    /// Present cells.
    pub n_present: u64,
    /// Null or empty cells.
    pub n_missing: u64,
    /// Rows whose side was not captured; in no other count.
    pub n_absent: u64,
    /// Whole numbers.
    pub n_integral: u64,
    /// Numbers with a fraction.
    pub n_fractional: u64,
    /// Booleans.
    pub n_boolean: u64,
    /// Other text.
    pub n_text: u64,
    /// NaN.
    pub n_nan: u64,
    /// Positive infinities.
    pub n_positive_infinity: u64,
    /// Negative infinities.
    pub n_negative_infinity: u64,
    /// Share of present cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// Distinct values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_distinct: Option<u64>,
    /// Statistics of the finite numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numeric: Option<NumericV1>,
}

/// Statistics of finite numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumericV1 {
    /// Finite numbers.
    pub n: u64,
    /// Mean; absent where it passes the range of a double.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Population standard deviation; absent where it passes the range of a double.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_dev: Option<f64>,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// 5 % quantile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p05: Option<f64>,
    /// 25 % quantile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p25: Option<f64>,
    /// Median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    /// 75 % quantile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p75: Option<f64>,
    /// 95 % quantile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<f64>,
}

/// Shares over shared bins: exactly one of `values` and `edges` is present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistogramV1 {
    /// One bin for each value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<f64>>,
    /// Bin `i` is from edge `i` to edge `i + 1`; the outer two also hold what lies outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edges: Option<Vec<f64>>,
    /// Shares of the baseline; empty without a sample.
    pub baseline: Vec<f64>,
    /// Shares of the window; empty without a sample.
    pub current: Vec<f64>,
}

/// Categories of both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoriesV1 {
    /// Named categories, the largest share first.
    pub listed: Vec<CategoryV1>,
    /// Baseline rows in others.
    pub n_baseline_other: u64,
    /// Window rows in others.
    pub n_current_other: u64,
    /// Categories that the baseline does not have.
    pub n_unseen_values: u64,
    /// Window rows in them; absent where the baseline does not list its categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_unseen_rows: Option<u64>,
}

/// One category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryV1 {
    /// Its text.
    pub value: String,
    /// Rows of the baseline.
    pub baseline: u64,
    /// Rows of the window.
    pub current: u64,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasurementV1 {
    /// What was measured.
    pub method: String,
    /// By whose definition.
    pub convention: String,
    /// The number.
    pub statistic: f64,
    /// p-value of a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The exact statistic is within this of `statistic`; absent where it is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_bound: Option<f64>,
    /// The threshold it was held against, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Rows of the baseline that entered.
    pub n_baseline: u64,
    /// Rows of the window that entered.
    pub n_current: u64,
    /// How the number was made.
    pub parameters: ParametersV1,
    /// Other forms of the same measurement.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub companions: BTreeMap<String, f64>,
}

/// How a number was made; only what applies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ParametersV1 {
    /// Bins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bins: Option<u64>,
    /// Where the edges come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edges_source: Option<String>,
    /// What is done about empty bins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_rule: Option<String>,
    /// `2` or `e`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_base: Option<String>,
    /// Delta degrees of freedom of a standard deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ddof: Option<u32>,
    /// Degrees of freedom of the reference distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degrees_of_freedom: Option<f64>,
    /// How the p-value was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value_source: Option<String>,
    /// What the raw statistic was divided by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaled_by: Option<String>,
    /// Categories merged because they were too small.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_categories: Option<u64>,
}

/// A measurement that was not possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotComputableV1 {
    /// What was to be measured.
    pub method: String,
    /// By whose definition.
    pub convention: String,
    /// Why not.
    pub reason: String,
}

/// A change inside the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaChangeV1 {
    /// The column.
    pub column: String,
    /// `appeared`, `disappeared` or `changed_type`.
    pub change: String,
    /// The type before, of `changed_type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The type after, of `changed_type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Index into `objects` of the first cell after the change.
    pub object_idx: u64,
    /// Its line in that object, from 1.
    pub line: u64,
}

/// An object that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectV1 {
    /// Key or path.
    pub key: String,
    /// ETag, where the store has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeV1 {
    /// Start of the hour.
    pub hour: String,
    /// Rows.
    pub rows: u64,
}

/// How it was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedV1 {
    /// Conventions the measurements follow.
    pub conventions: Vec<String>,
    /// Thresholds by name.
    pub thresholds: BTreeMap<String, f64>,
    /// Choices that are not numbers, by name.
    pub choices: BTreeMap<String, String>,
}
