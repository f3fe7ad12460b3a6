//! The quality section of `verdict.json`, of `driftline quality` only. `quality.json` beside the verdict has everything.
//!
//! Does not convert.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How good the predictions were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityV2 {
    /// `binary`, `multiclass` or `regression`.
    pub problem: String,
    /// `realised` (from labels) or `estimated` (without).
    pub shown: String,
    /// `house` or `sagemaker`.
    pub convention: String,
    /// Rows predicted.
    pub n_predictions: u64,
    /// Rows with a label.
    pub n_labelled: u64,
    /// Share of rows with a label now.
    pub coverage: f64,
    /// Share that should have one by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_coverage: Option<f64>,
    /// When 98 % of the labels that will ever come are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_at: Option<String>,
    /// Realised metrics.
    pub metrics: BTreeMap<String, QualityMetricV2>,
    /// Estimates from before the labels.
    pub estimates: BTreeMap<String, QualityEstimateV2>,
}

/// A metric from labels with its confidence interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityMetricV2 {
    /// The metric.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How the interval was made.
    pub method: String,
}

/// An estimated metric with its band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityEstimateV2 {
    /// The estimate.
    pub value: f64,
    /// Lower end of the band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// The value from labels, once there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realised: Option<f64>,
}
