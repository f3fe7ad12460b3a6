//! `analysis.json`: bias metrics by facet, and global attributions.
//!
//! What the twin does not know (`explanations` of other methods, text attributions, model cards' keys) is kept and written
//! again. Does not know how a metric is computed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::number::{ClarifyNumber, quote_infinities};
use super::{ANALYSIS_FILE, to_bytes};
use crate::document::{DocumentError, error};

/// Global attributions by method, label and feature.
pub type Attributions = BTreeMap<String, BTreeMap<String, BTreeMap<String, f64>>>;

/// A whole `analysis.json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Analysis {
    /// `"1.0"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Metrics of predictions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_training_bias_metrics: Option<BiasReport>,
    /// Metrics of labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_training_bias_metrics: Option<BiasReport>,
    /// Everything else, `explanations` among it.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// Bias metrics of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BiasReport {
    /// Name of the label column.
    pub label: String,
    /// By facet column: an entry per value or threshold.
    pub facets: BTreeMap<String, Vec<FacetReport>>,
    /// The positive label values, joined with commas, or the interval above a threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_value_or_threshold: Option<String>,
}

/// One facet value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FacetReport {
    /// The values, joined with commas, or the interval above a threshold.
    pub value_or_threshold: String,
    /// Metrics, alphabetical in Clarify's files.
    pub metrics: Vec<MetricReport>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricReport {
    /// Clarify's abbreviation.
    pub name: String,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The value; `None` (written `null`) where it could not be computed.
    #[serde(default)]
    pub value: Option<ClarifyNumber>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Analysis {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let analysis: Self = error::from_bytes(ANALYSIS_FILE, &quote_infinities(bytes))?;
        match analysis.version.as_deref() {
            None | Some("1.0" | "1" | "1.1") => Ok(analysis),
            Some(found) => Err(DocumentError::Version {
                document: ANALYSIS_FILE,
                found: found.chars().take(20).collect(),
                supported: "1.0 (Clarify's only one)",
            }),
        }
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// None in practice: infinities are text.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        to_bytes(ANALYSIS_FILE, self)
    }

    /// Global attributions by method (`kernel_shap`), label, feature.
    ///
    /// # Errors
    /// `explanations` of another shape, or an attribution that is no number.
    pub fn attributions(&self) -> Result<Attributions, DocumentError> {
        let wrong = |path: String, problem: &str| DocumentError::Value {
            document: ANALYSIS_FILE,
            path,
            problem: problem.to_owned(),
        };
        let mut out = Attributions::new();
        let Some(explanations) = self.other.get("explanations") else {
            return Ok(out);
        };
        let methods = explanations
            .as_object()
            .ok_or_else(|| wrong("explanations".to_owned(), "expected an object"))?;
        for (method, labels) in methods {
            // Partial dependence plots and notes have no global attributions.
            for (label, explained) in labels.as_object().into_iter().flatten() {
                let Some(values) = explained.get("global_shap_values") else {
                    continue;
                };
                let path = format!("explanations.{method}.{label}.global_shap_values");
                let values = values
                    .as_object()
                    .ok_or_else(|| wrong(path.clone(), "expected an object of numbers by feature"))?;
                let mut by_feature = BTreeMap::new();
                for (feature, value) in values {
                    let number = value
                        .as_f64()
                        .filter(|value| value.is_finite())
                        .ok_or_else(|| wrong(format!("{path}.{feature}"), "expected a number"))?;
                    by_feature.insert(feature.clone(), number);
                }
                out.entry(method.clone())
                    .or_default()
                    .insert(label.clone(), by_feature);
            }
        }
        Ok(out)
    }
}
