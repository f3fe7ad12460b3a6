//! Model Monitor's three data-quality files, and its model-quality variants, as it writes and reads them.
//!
//! | file | twin | domain type |
//! |---|---|---|
//! | `statistics.json` | [`Statistics`] | [`DatasetSummary`](crate::summary::DatasetSummary) |
//! | `constraints.json` | [`ConstraintsFile`] | [`Constraints`](crate::constraint::Constraints) |
//! | `constraint_violations.json` | [`Violations`] | findings of [`judge`](crate::judge) |
//!
//! Formats: contract §2.1, §2.2, §3.1, §4.4, §4.6. JSON Schemas of what we write are in `baselines/schemas`.
//! Readers accept any whitespace, any key order, `0` and `0.0`, and files back to 2019. Keys that are not in the
//! twins are ignored and not written again: a container may emit more metrics, and no reader misses them.
//! Numbers are written as Jackson does, in Java's form. Nothing here judges, and nothing measures a distance.

mod constraints;
mod kll;
mod model_quality;
mod quality;
mod statistics;
mod summary;
mod violations;

#[cfg(test)]
pub(crate) mod tests;

pub use constraints::{
    ConstraintsFile, DistributionConstraintsTwin, FeatureConstraintsTwin, MonitoringConfigTwin,
};
pub use kll::{KLL_SHRINKING_FACTOR, KLL_SKETCH_SIZE, sketch_levels};
pub use model_quality::{ClassificationMetrics, Curve, Metric, MetricConstraint, NumberOrText};
pub use quality::{LoadedQualityConstraints, quality_values};
pub use statistics::Statistics;
pub use summary::LoadedStatistics;
pub use violations::{Violation, Violations};

use serde::{Deserialize, Deserializer, Serialize};

/// The name of a statistics file.
pub const STATISTICS_FILE: &str = "statistics.json";
/// The name of a constraints file.
pub const CONSTRAINTS_FILE: &str = "constraints.json";
/// The name of a violations file. Two pages of AWS's documentation misspell it (contract §3.1).
pub const VIOLATIONS_FILE: &str = "constraint_violations.json";

/// `"Enabled"` or `"Disabled"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Switch {
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::Enabled } else { Self::Disabled }
    }
}

impl From<Switch> for bool {
    fn from(switch: Switch) -> Self {
        switch == Switch::Enabled
    }
}

/// The version of a data-quality or model-quality file; the only one ever seen is 0.
fn check_version(document: &'static str, version: Option<f64>) -> Result<(), super::DocumentError> {
    match version {
        None | Some(0.0) => Ok(()),
        Some(found) => Err(super::DocumentError::Version {
            document,
            found: super::java_double(found),
            supported: "0.0 (Model Monitor's only one)",
        }),
    }
}

/// Reads a number that must be finite; JSON text such as `1e999` is not.
fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(serde::de::Error::custom(
            "number is too large, expected a finite f64",
        ))
    }
}
