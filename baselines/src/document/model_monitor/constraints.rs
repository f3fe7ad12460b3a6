//! `constraints.json`: the twin structs, their reader and writer, and the conversion to and from [`Constraints`].
//!
//! Missing keys get the values Model Monitor emits (contract §2.2), at the conversion: the twin keeps what the file
//! said, so that it can be written again. Does not suggest constraints and does not check them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model_quality::MetricConstraint;
use super::statistics::TypeTwin;
use super::{CONSTRAINTS_FILE, Switch, check_version};
use crate::constraint::{
    CategoricalDriftMethod, ComparisonMethod, Constraints, DistributionConstraints, FeatureConstraints,
    MonitoringConfig, Overrides,
};
use crate::document::{DocumentError, canonical, error};
use crate::summary::InferredType;

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
            Err(value_error(
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

    /// The domain type, with the defaults filled in.
    ///
    /// # Errors
    /// A file of a model-quality run; a share or threshold outside 0 to 1; two columns of one name.
    pub fn into_constraints(self) -> Result<Constraints, DocumentError> {
        let Some(twins) = self.features else {
            return Err(value_error(
                ".",
                "expected `features`: these are the constraints of a model-quality run",
            ));
        };
        let mut features: Vec<FeatureConstraints> = Vec::with_capacity(twins.len());
        let mut names = std::collections::BTreeSet::new();
        for (idx, twin) in twins.into_iter().enumerate() {
            check_share(&format!("features[{idx}].completeness"), twin.completeness)?;
            if !names.insert(twin.name.clone()) {
                return Err(value_error(
                    &format!("features[{idx}].name"),
                    "expected a name that no other column has",
                ));
            }
            features.push(feature_from_twin(twin));
        }
        let monitoring = monitoring_from_twin(&self.monitoring_config.unwrap_or_default())?;
        Ok(Constraints { features, monitoring })
    }
}

impl From<&Constraints> for ConstraintsFile {
    fn from(constraints: &Constraints) -> Self {
        Self {
            version: Some(0.0),
            features: Some(constraints.features.iter().map(feature_to_twin).collect()),
            monitoring_config: Some(monitoring_to_twin(&constraints.monitoring)),
            ..Self::default()
        }
    }
}

fn value_error(path: &str, problem: &str) -> DocumentError {
    DocumentError::Value {
        document: CONSTRAINTS_FILE,
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

fn check_share(path: &str, value: Option<f64>) -> Result<(), DocumentError> {
    match value {
        Some(share) if !(0.0..=1.0).contains(&share) => {
            Err(value_error(path, "expected a number from 0 to 1"))
        }
        _ => Ok(()),
    }
}

fn feature_from_twin(twin: FeatureConstraintsTwin) -> FeatureConstraints {
    let strings = twin.string_constraints.unwrap_or_default();
    let own = [
        twin.monitoring_config_overrides,
        strings.monitoring_config_overrides,
        twin.num_constraints
            .and_then(|numbers| numbers.monitoring_config_overrides),
    ];
    let switch = |of: fn(&OverridesTwin) -> Option<Switch>| own.iter().flatten().find_map(of).map(bool::from);
    FeatureConstraints {
        name: twin.name,
        inferred_type: twin.inferred_type.into(),
        completeness: twin.completeness,
        non_negative: twin.num_constraints.and_then(|numbers| numbers.is_non_negative),
        domains: strings.domains,
        overrides: Overrides {
            evaluate_constraints: switch(|overrides| overrides.evaluate_constraints),
            emit_metrics: switch(|overrides| overrides.emit_metrics),
        },
    }
}

fn feature_to_twin(feature: &FeatureConstraints) -> FeatureConstraintsTwin {
    let overrides = (feature.overrides != Overrides::default()).then(|| OverridesTwin {
        evaluate_constraints: feature.overrides.evaluate_constraints.map(Switch::from),
        emit_metrics: feature.overrides.emit_metrics.map(Switch::from),
    });
    let (in_strings, in_feature) = if feature.domains.is_some() {
        (overrides, None)
    } else {
        (None, overrides)
    };
    FeatureConstraintsTwin {
        name: feature.name.clone(),
        inferred_type: feature.inferred_type.into(),
        completeness: feature.completeness,
        num_constraints: feature.non_negative.map(|value| NumConstraints {
            is_non_negative: Some(value),
            monitoring_config_overrides: None,
        }),
        string_constraints: feature.domains.as_ref().map(|domains| StringConstraints {
            domains: Some(domains.clone()),
            monitoring_config_overrides: in_strings,
        }),
        monitoring_config_overrides: in_feature,
    }
}

fn monitoring_from_twin(twin: &MonitoringConfigTwin) -> Result<MonitoringConfig, DocumentError> {
    let default = MonitoringConfig::default();
    let distribution = twin.distribution_constraints.clone().unwrap_or_default();
    let domain_content_threshold = twin.domain_content_threshold.or(distribution.min_domain_mass);
    let prefix = "monitoring_config";
    check_share(
        &format!("{prefix}.datatype_check_threshold"),
        twin.datatype_check_threshold,
    )?;
    check_share(
        &format!("{prefix}.domain_content_threshold"),
        domain_content_threshold,
    )?;
    let prefix = "monitoring_config.distribution_constraints";
    check_share(
        &format!("{prefix}.comparison_threshold"),
        distribution.comparison_threshold,
    )?;
    check_share(
        &format!("{prefix}.categorical_comparison_threshold"),
        distribution.categorical_comparison_threshold,
    )?;
    let switch = |value: Option<Switch>, otherwise: bool| value.map_or(otherwise, bool::from);
    let old_switch = distribution
        .enable_comparisons
        .unwrap_or(default.distribution.perform_comparison);
    Ok(MonitoringConfig {
        evaluate_constraints: switch(twin.evaluate_constraints, default.evaluate_constraints),
        emit_metrics: switch(twin.emit_metrics, default.emit_metrics),
        datatype_check_threshold: twin
            .datatype_check_threshold
            .unwrap_or(default.datatype_check_threshold),
        domain_content_threshold: domain_content_threshold.unwrap_or(default.domain_content_threshold),
        distribution: DistributionConstraints {
            perform_comparison: switch(distribution.perform_comparison, old_switch),
            comparison_threshold: distribution
                .comparison_threshold
                .unwrap_or(default.distribution.comparison_threshold),
            comparison_method: distribution
                .comparison_method
                .map_or(default.distribution.comparison_method, ComparisonMethod::from),
            categorical_comparison_threshold: distribution
                .categorical_comparison_threshold
                .unwrap_or(default.distribution.categorical_comparison_threshold),
            categorical_drift_method: distribution.categorical_drift_method.map_or(
                default.distribution.categorical_drift_method,
                CategoricalDriftMethod::from,
            ),
        },
    })
}

fn monitoring_to_twin(config: &MonitoringConfig) -> MonitoringConfigTwin {
    let distribution = &config.distribution;
    MonitoringConfigTwin {
        evaluate_constraints: Some(config.evaluate_constraints.into()),
        emit_metrics: Some(config.emit_metrics.into()),
        datatype_check_threshold: Some(config.datatype_check_threshold),
        domain_content_threshold: Some(config.domain_content_threshold),
        distribution_constraints: Some(DistributionConstraintsTwin {
            perform_comparison: Some(distribution.perform_comparison.into()),
            enable_comparisons: None,
            min_domain_mass: None,
            comparison_threshold: Some(distribution.comparison_threshold),
            comparison_method: Some(distribution.comparison_method.into()),
            categorical_comparison_threshold: Some(distribution.categorical_comparison_threshold),
            categorical_drift_method: Some(distribution.categorical_drift_method.into()),
        }),
    }
}

impl From<TypeTwin> for InferredType {
    fn from(twin: TypeTwin) -> Self {
        match twin {
            TypeTwin::Integral => Self::Integral,
            TypeTwin::Fractional => Self::Fractional,
            TypeTwin::String => Self::String,
            TypeTwin::Unknown => Self::Unknown,
        }
    }
}

impl From<InferredType> for TypeTwin {
    fn from(inferred_type: InferredType) -> Self {
        match inferred_type {
            InferredType::Integral => Self::Integral,
            InferredType::Fractional => Self::Fractional,
            InferredType::Boolean | InferredType::String => Self::String,
            InferredType::Unknown => Self::Unknown,
        }
    }
}

impl From<ComparisonMethodTwin> for ComparisonMethod {
    fn from(twin: ComparisonMethodTwin) -> Self {
        match twin {
            ComparisonMethodTwin::Simple => Self::Simple,
            ComparisonMethodTwin::Robust => Self::Robust,
        }
    }
}

impl From<ComparisonMethod> for ComparisonMethodTwin {
    fn from(method: ComparisonMethod) -> Self {
        match method {
            ComparisonMethod::Simple => Self::Simple,
            ComparisonMethod::Robust => Self::Robust,
        }
    }
}

impl From<CategoricalDriftMethodTwin> for CategoricalDriftMethod {
    fn from(twin: CategoricalDriftMethodTwin) -> Self {
        match twin {
            CategoricalDriftMethodTwin::LInfinity => Self::LInfinity,
            CategoricalDriftMethodTwin::ChiSquared => Self::ChiSquared,
        }
    }
}

impl From<CategoricalDriftMethod> for CategoricalDriftMethodTwin {
    fn from(method: CategoricalDriftMethod) -> Self {
        match method {
            CategoricalDriftMethod::LInfinity => Self::LInfinity,
            CategoricalDriftMethod::ChiSquared => Self::ChiSquared,
        }
    }
}
