//! `constraints.json`: the twin structs, their reader and writer.
//!
//! Missing keys get the values Model Monitor emits (contract §2.2), at the conversion: the twin keeps what the file
//! said, so that it can be written again. Does not suggest constraints and does not check them.

mod convert;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model_quality::MetricConstraint;
use super::statistics::TypeTwin;
use super::{CONSTRAINTS_FILE, Switch, check_version};
use crate::document::{DocumentError, canonical, error};

/// A whole `constraints.json`, of data quality (`features`) or of model quality (one of the `…_constraints`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ConstraintsFile {
    /// 0.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<f64>,
    /// Data quality: one entry per column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<FeatureConstraintsTwin>>,
    /// Switches and thresholds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_config: Option<MonitoringConfigTwin>,
    /// Model quality of a regression, by metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression_constraints: Option<BTreeMap<String, MetricConstraint>>,
    /// Model quality of a binary classification, by metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_classification_constraints: Option<BTreeMap<String, MetricConstraint>>,
    /// Model quality of a classification with more classes, by metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiclass_classification_constraints: Option<BTreeMap<String, MetricConstraint>>,
}

/// The constraints of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureConstraintsTwin {
    /// Column name.
    pub name: String,
    /// `Integral`, `Fractional`, `String` or `Unknown`.
    pub inferred_type: TypeTwin,
    /// Smallest allowed share of present cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// Of numeric columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_constraints: Option<NumConstraints>,
    /// Of string columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_constraints: Option<StringConstraints>,
    /// The documentation's place for the switches of one column.
    #[serde(
        default,
        rename = "monitoringConfigOverrides",
        skip_serializing_if = "Option::is_none"
    )]
    pub monitoring_config_overrides: Option<OverridesTwin>,
    /// Where version 2.257.7 of the SDK puts them (`Constraints.set_monitoring`); older ones say `string_constraints`.
    #[serde(
        default,
        rename = "monitoring_config_overrides",
        skip_serializing_if = "Option::is_none"
    )]
    pub sdk_overrides: Option<OverridesTwin>,
}

/// Constraints of a numeric column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumConstraints {
    /// Whether the baseline's values were all at least zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_non_negative: Option<bool>,
    /// The SDK's spelling in the place it would have for a numeric column (its own method fails there).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_config_overrides: Option<OverridesTwin>,
}

/// Constraints of a string column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StringConstraints {
    /// The values it may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    /// The SDK's place for the switches of one column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_config_overrides: Option<OverridesTwin>,
}

/// Switches of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OverridesTwin {
    /// Whether its constraints are evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_constraints: Option<Switch>,
    /// Whether its metrics are published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emit_metrics: Option<Switch>,
}

/// Switches and thresholds for all columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MonitoringConfigTwin {
    /// Default `Enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_constraints: Option<Switch>,
    /// Default `Enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emit_metrics: Option<Switch>,
    /// Default 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datatype_check_threshold: Option<f64>,
    /// Default 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_content_threshold: Option<f64>,
    /// How distributions are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution_constraints: Option<DistributionConstraintsTwin>,
}

/// How distributions are compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DistributionConstraintsTwin {
    /// Default `Enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perform_comparison: Option<Switch>,
    /// Files of 2019: `perform_comparison` as a boolean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_comparisons: Option<bool>,
    /// Files of 2019: `domain_content_threshold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_domain_mass: Option<f64>,
    /// Default 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison_threshold: Option<f64>,
    /// Default `Robust`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison_method: Option<ComparisonMethodTwin>,
    /// Default 0.1; files since 2023.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categorical_comparison_threshold: Option<f64>,
    /// Default `LInfinity`; files since 2023.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categorical_drift_method: Option<CategoricalDriftMethodTwin>,
}

/// `comparison_method` in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComparisonMethodTwin {
    /// The distance itself.
    Simple,
    /// Corrected for small samples.
    Robust,
}

/// `categorical_drift_method` in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CategoricalDriftMethodTwin {
    /// Largest difference of shares.
    LInfinity,
    /// Chi-squared test.
    ChiSquared,
}

impl ConstraintsFile {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path where it is not a constraints file of version 0.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let file: Self = error::from_bytes(CONSTRAINTS_FILE, bytes)?;
        check_version(CONSTRAINTS_FILE, file.version)?;
        let known = file.features.is_some()
            || file.regression_constraints.is_some()
            || file.binary_classification_constraints.is_some()
            || file.multiclass_classification_constraints.is_some();
        if known {
            Ok(file)
        } else {
            Err(convert::value_error(
                ".",
                "expected `features`, or the constraints of a model-quality run",
            ))
        }
    }

    /// Canonical bytes, laid out as Model Monitor's own files.
    ///
    /// # Errors
    /// [`DocumentError::NotFinite`]: a NaN or infinity cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        canonical::to_bytes(CONSTRAINTS_FILE, self)
    }
}
