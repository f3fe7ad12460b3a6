//! `evidence.json`: what a retraining was decided on, complete enough to answer for it later.
//!
//! Values and limits as they were in the revisions of the windows that counted, where the pictures lie, and the entity tag
//! (and version, where the store gives one) of every object that was read. Does not gather.

use super::{RetrainDocument, SpanTwin};
use serde::{Deserialize, Serialize};

/// A whole `evidence.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceDocument {
    /// `"1"`.
    pub version: String,
    /// Name and version of the program.
    pub software: String,
    /// The monitor.
    pub monitor: String,
    /// The model.
    pub model: String,
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// When the decision was made.
    pub at: String,
    /// The condition that held.
    pub when: String,
    /// The monitor's settings.
    pub monitor_file: FileTwin,
    /// Folder of the baseline.
    pub baseline: String,
    /// Data to train on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<SpanTwin>,
    /// Columns that findings name, by name.
    pub features: Vec<FeatureTwin>,
    /// Windows that signals looked at, by end.
    pub windows: Vec<EvidenceWindow>,
}

impl RetrainDocument for EvidenceDocument {
    const FILE: &'static str = "evidence.json";
}

/// A file and its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTwin {
    /// Where it lies.
    pub location: String,
    /// XXH3-128 of its bytes, `xxh3-` in front.
    pub digest: String,
}

/// A column over the windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureTwin {
    /// Its name.
    pub column: String,
    /// Windows with a finding of it.
    pub n_windows: u64,
    /// Checks that found something.
    pub checks: Vec<String>,
    /// The largest excess over a limit: the value.
    pub value: f64,
    /// And the limit.
    pub limit: f64,
}

/// One revision of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceWindow {
    /// The window.
    pub span: SpanTwin,
    /// `findings` or `quality`.
    pub kind: String,
    /// Revision.
    pub revision: u32,
    /// Where its document lies.
    pub location: String,
    /// XXH3-128 of the document.
    pub digest: String,
    /// `pass`, `violated` or `not_evaluated`.
    pub status: String,
    /// Software that judged it.
    pub software: String,
    /// Rows.
    pub n_rows: u64,
    /// Rows with a label; of quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_labelled: Option<u64>,
    /// Findings.
    pub findings: Vec<EvidenceFinding>,
    /// Metrics held against constraints; of quality.
    pub metrics: Vec<EvidenceMetric>,
    /// Reports with pictures.
    pub pictures: Vec<String>,
    /// Objects read.
    pub objects: Vec<EvidenceObject>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceFinding {
    /// What was checked.
    pub check: String,
    /// The column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// `info`, `warning` or `violation`.
    pub severity: String,
    /// What was observed.
    pub value: f64,
    /// The limit it passed.
    pub limit: f64,
    /// How the limit came about.
    pub derivation: String,
    /// What happened.
    pub description: String,
}

/// A metric and its constraint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceMetric {
    /// Its name.
    pub metric: String,
    /// `realised` or `estimated`.
    pub kind: String,
    /// `pass`, `breach` or `not_evaluated`.
    pub outcome: String,
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The constraint's limit.
    pub limit: f64,
}

/// An object that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceObject {
    /// Its key.
    pub key: String,
    /// Its entity tag: equal tags mean equal bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its version, where the bucket keeps versions and the reader was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Its size.
    pub size_bytes: u64,
}
