//! `constraint_violations.json` of Clarify's monitors: bias drift and attribution drift.
//!
//! Does not decide what violates.

use serde::{Deserialize, Serialize};

use super::number::python_number;
use super::to_bytes;
use crate::bias::BiasValue;
use crate::document::model_monitor::VIOLATIONS_FILE;
use crate::document::{DocumentError, error};

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClarifyViolations {
    /// `"1.0"`.
    pub version: String,
    /// The violations.
    pub violations: Vec<ClarifyViolation>,
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClarifyViolation {
    /// Bias: the facet column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facet: Option<String>,
    /// Bias: its value or interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facet_value: Option<String>,
    /// Attributions: the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The metric, or `shap`.
    pub metric_name: String,
    /// `bias_drift_check` or `feature_attribution_drift_check`.
    pub constraint_check_type: String,
    /// One sentence.
    pub description: String,
}

impl ClarifyViolation {
    /// Bias drift in Clarify's words; `remark` (empty in the compatible mode) follows in brackets.
    pub fn bias(
        facet: &str,
        facet_value: &str,
        metric: &str,
        live: BiasValue,
        baseline: BiasValue,
        remark: &str,
    ) -> Self {
        let remark = if remark.is_empty() {
            String::new()
        } else {
            format!(" ({remark})")
        };
        Self {
            facet: Some(facet.to_owned()),
            facet_value: Some(facet_value.to_owned()),
            label: None,
            metric_name: metric.to_owned(),
            constraint_check_type: "bias_drift_check".to_owned(),
            description: format!(
                "Metric value {} doesn't meet the baseline constraint requirement {}{remark}",
                python_number(live),
                python_number(baseline)
            ),
        }
    }

    /// Attribution drift in Clarify's words. `method` is the key in `explanations`.
    pub fn attribution(label: &str, method: &str, ndcg: f64, limit: f64) -> Self {
        Self {
            facet: None,
            facet_value: None,
            label: Some(label.to_owned()),
            metric_name: method.strip_prefix("kernel_").unwrap_or(method).to_owned(),
            constraint_check_type: "feature_attribution_drift_check".to_owned(),
            description: format!(
                "Feature attribution drift {} exceeds threshold {}",
                python_number(BiasValue::Finite(ndcg)),
                python_number(BiasValue::Finite(limit))
            ),
        }
    }
}

impl ClarifyViolations {
    /// A file of these violations.
    pub fn new(violations: Vec<ClarifyViolation>) -> Self {
        Self {
            version: "1.0".to_owned(),
            violations,
        }
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        error::from_bytes(VIOLATIONS_FILE, bytes)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// None in practice: it holds no number.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        to_bytes(VIOLATIONS_FILE, self)
    }
}
