//! Twin of `constraints.json` ↔ [`Constraints`], with the defaults Model Monitor emits. Does not read bytes.

use super::{
    CategoricalDriftMethodTwin, ComparisonMethodTwin, ConstraintsFile, DistributionConstraintsTwin,
    FeatureConstraintsTwin, MonitoringConfigTwin, NumConstraints, OverridesTwin, StringConstraints,
};
use crate::constraint::{
    CategoricalDriftMethod, ComparisonMethod, Constraints, DistributionConstraints, FeatureConstraints,
    MonitoringConfig, Overrides,
};
use crate::document::DocumentError;
use crate::document::model_monitor::statistics::TypeTwin;
use crate::document::model_monitor::{CONSTRAINTS_FILE, Switch};
use crate::summary::InferredType;

impl ConstraintsFile {
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

pub(super) fn value_error(path: &str, problem: &str) -> DocumentError {
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
        twin.sdk_overrides,
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
        sdk_overrides: None,
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
