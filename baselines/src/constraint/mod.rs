//! What a data set must satisfy: Model Monitor's constraints as data.
//!
//! ```text
//! DatasetSummary → suggest → Constraints (+ how each came about) → judge
//! ```
//!
//! Source of names, values and defaults: contract §2.2. Nothing here looks at a window or decides whether a
//! constraint holds (`judge`), and nothing here knows JSON (`document::model_monitor`).

mod suggest;
#[cfg(test)]
mod tests;

pub use suggest::{Derivation, MAX_HISTOGRAM_CATEGORIES, Suggestions, Warning, WarningKind, suggest};

use crate::summary::InferredType;

/// The constraints of a data set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Constraints {
    /// One entry per column, in the order of the baseline.
    pub features: Vec<FeatureConstraints>,
    /// Switches and thresholds for all columns.
    pub monitoring: MonitoringConfig,
}

impl Constraints {
    /// The constraints of the column `name`.
    pub fn feature(&self, name: &str) -> Option<&FeatureConstraints> {
        self.features.iter().find(|feature| feature.name == name)
    }
    /// Whether `feature` is to be evaluated: its own switch where it has one, the data set's otherwise.
    pub fn evaluates(&self, feature: &FeatureConstraints) -> bool {
        feature
            .overrides
            .evaluate_constraints
            .unwrap_or(self.monitoring.evaluate_constraints)
    }
    /// Whether metrics of `feature` are to be published.
    pub fn emits_metrics(&self, feature: &FeatureConstraints) -> bool {
        feature
            .overrides
            .emit_metrics
            .unwrap_or(self.monitoring.emit_metrics)
    }
}

/// The constraints of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureConstraints {
    /// Column name.
    pub name: String,
    /// The type its values must have.
    pub inferred_type: InferredType,
    /// Smallest allowed share of present cells, 0 to 1. `None`: no completeness was asked for.
    pub completeness: Option<f64>,
    /// Whether the baseline's values were all at least zero (numeric columns). No check of Model Monitor uses it.
    pub non_negative: Option<bool>,
    /// The values a string column may have. `None`: any.
    pub domains: Option<Vec<String>>,
    /// Switches of this column that stand above the data set's.
    pub overrides: Overrides,
}

/// Switches of one column; `None` leaves the data set's switch in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Whether this column's constraints are evaluated.
    pub evaluate_constraints: Option<bool>,
    /// Whether this column's metrics are published.
    pub emit_metrics: Option<bool>,
}

/// Switches and thresholds of a data set. `Default` is what Model Monitor emits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MonitoringConfig {
    /// Off: none of the six checks runs.
    pub evaluate_constraints: bool,
    /// Whether metrics are published.
    pub emit_metrics: bool,
    /// Smallest allowed share of present cells that match the inferred type.
    pub datatype_check_threshold: f64,
    /// Smallest allowed share of values inside `domains`.
    pub domain_content_threshold: f64,
    /// How distributions are compared.
    pub distribution: DistributionConstraints,
}

impl Default for MonitoringConfig {
    fn default() -> Self {
        Self {
            evaluate_constraints: true,
            emit_metrics: true,
            datatype_check_threshold: 1.0,
            domain_content_threshold: 1.0,
            distribution: DistributionConstraints::default(),
        }
    }
}

/// How the distribution of a column is compared with the baseline's. `Default` is what Model Monitor emits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DistributionConstraints {
    /// Off: no `baseline_drift_check`.
    pub perform_comparison: bool,
    /// Largest allowed distance of numeric columns, 0 to 1.
    pub comparison_threshold: f64,
    /// How the distance of numeric columns is corrected for small samples.
    pub comparison_method: ComparisonMethod,
    /// Largest allowed distance of string columns (`LInfinity`), or smallest allowed p-value (`ChiSquared`).
    pub categorical_comparison_threshold: f64,
    /// How string columns are compared.
    pub categorical_drift_method: CategoricalDriftMethod,
}

impl Default for DistributionConstraints {
    fn default() -> Self {
        Self {
            perform_comparison: true,
            comparison_threshold: 0.1,
            comparison_method: ComparisonMethod::Robust,
            categorical_comparison_threshold: 0.1,
            categorical_drift_method: CategoricalDriftMethod::LInfinity,
        }
    }
}

/// Model Monitor's `comparison_method` (contract §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComparisonMethod {
    /// The L-infinity distance itself.
    Simple,
    /// `max(0, distance − 1.8·√((n+m)/(n·m)))`.
    Robust,
}

/// Model Monitor's `categorical_drift_method` (contract §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CategoricalDriftMethod {
    /// Largest difference of the shares of any one category.
    LInfinity,
    /// Chi-squared test against the baseline's shares; the p-value counts.
    ChiSquared,
}
