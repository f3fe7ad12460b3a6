//! `statistics.json`: the twin structs, their reader and writer.
//!
//! Does not convert (`summary`) and does not build sketches (`kll`). Field order is Model Monitor's key order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model_quality::{ClassificationMetrics, Metric};
use super::{STATISTICS_FILE, check_version, finite};
use crate::document::{DocumentError, canonical, error};

/// A whole `statistics.json`, of data quality (`features`) or of model quality (one of the `…_metrics`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Statistics {
    /// 0.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<f64>,
    /// How much was analysed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Dataset>,
    /// Data quality: one entry per column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
    /// Model quality of a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression_metrics: Option<BTreeMap<String, Metric>>,
    /// Model quality of a binary classification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_classification_metrics: Option<ClassificationMetrics>,
    /// Model quality of a classification with more classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiclass_classification_metrics: Option<ClassificationMetrics>,
}

impl Statistics {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path where it is not a statistics file of version 0.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let statistics: Self = error::from_bytes(STATISTICS_FILE, bytes)?;
        check_version(STATISTICS_FILE, statistics.version)?;
        let known = statistics.features.is_some()
            || statistics.regression_metrics.is_some()
            || statistics.binary_classification_metrics.is_some()
            || statistics.multiclass_classification_metrics.is_some();
        if known {
            Ok(statistics)
        } else {
            Err(DocumentError::Value {
                document: STATISTICS_FILE,
                path: ".".to_owned(),
                problem: "expected `features`, or the metrics of a model-quality run".to_owned(),
            })
        }
    }

    /// Canonical bytes, laid out as Model Monitor's own files.
    ///
    /// # Errors
    /// [`DocumentError::NotFinite`]: a NaN or infinity cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        canonical::to_bytes(STATISTICS_FILE, self)
    }
}

impl Statistics {
    /// What deequ compares of each numeric column that has a sketch: its [`rank_map`](crate::compare::rank_map), by column.
    pub fn rank_maps(&self) -> std::collections::BTreeMap<String, crate::summary::WeightedPoints> {
        let features = self.features.iter().flatten();
        let map = |feature: &Feature| {
            let distribution = feature.numerical_statistics.as_ref()?.distribution.as_ref()?;
            let sketch = distribution.kll.as_ref()?.sketch.as_ref()?;
            Some((feature.name.clone(), crate::compare::rank_map(&sketch.data)?))
        };
        features
            .filter_map(map)
            .filter(|(_, map)| !map.values.is_empty())
            .collect()
    }
}

/// How much was analysed, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Rows.
    pub item_count: u64,
    /// Model quality only: RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation_time: Option<String>,
}

/// One column. Exactly one of the two statistics is present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Column name.
    pub name: String,
    /// `Integral`, `Fractional`, `String` or `Unknown`.
    pub inferred_type: TypeTwin,
    /// Of `Integral` and `Fractional` columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerical_statistics: Option<NumericalStatistics>,
    /// Of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_statistics: Option<StringStatistics>,
}

/// A column type in Model Monitor's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeTwin {
    /// Whole numbers.
    Integral,
    /// Numbers.
    Fractional,
    /// Text, and booleans.
    String,
    /// Nothing present.
    Unknown,
}

/// Present and missing cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// Cells with a value.
    pub num_present: u64,
    /// Null or empty cells.
    pub num_missing: u64,
}

/// Statistics of a numeric column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumericalStatistics {
    /// Present and missing cells.
    pub common: Common,
    /// Sum by count.
    #[serde(deserialize_with = "finite")]
    pub mean: f64,
    /// Sum of the present values.
    #[serde(deserialize_with = "finite")]
    pub sum: f64,
    /// Population standard deviation.
    #[serde(deserialize_with = "finite")]
    pub std_dev: f64,
    /// Smallest value.
    #[serde(deserialize_with = "finite")]
    pub min: f64,
    /// Largest value.
    #[serde(deserialize_with = "finite")]
    pub max: f64,
    /// HyperLogLog estimate in Model Monitor's files; images since about 2023.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_num_distinct_values: Option<u64>,
    /// Share of present cells; images since about 2023.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// Buckets and sketch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<NumericalDistribution>,
}

/// Where the KLL sketch is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumericalDistribution {
    /// Buckets and sketch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kll: Option<Kll>,
}

/// Ten equal buckets and the sketch they were read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kll {
    /// Exactly ten in Model Monitor's files.
    #[serde(default)]
    pub buckets: Vec<KllBucket>,
    /// The sketch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sketch: Option<KllSketch>,
}

/// One bucket: half open, the last one closed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KllBucket {
    /// Inclusive.
    #[serde(deserialize_with = "finite")]
    pub lower_bound: f64,
    /// Exclusive, except in the last bucket.
    #[serde(deserialize_with = "finite")]
    pub upper_bound: f64,
    /// Rows.
    #[serde(deserialize_with = "finite")]
    pub count: f64,
}

/// The items of a KLL sketch, level by level; an item of level `i` stands for 2^i rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KllSketch {
    /// Size and shrinking factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<KllParameters>,
    /// Items by level.
    pub data: Vec<Vec<f64>>,
}

/// How a sketch was set up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KllParameters {
    /// Shrinking factor of the lower levels.
    pub c: f64,
    /// Size of the top level.
    pub k: f64,
}

/// Statistics of a column that is not numeric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StringStatistics {
    /// Present and missing cells.
    pub common: Common,
    /// Distinct values; a float, and an estimate in Model Monitor's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_count: Option<f64>,
    /// Share of present cells; images since about 2023.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<f64>,
    /// Left out with more than 120 distinct values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<StringDistribution>,
}

/// Where the histogram is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StringDistribution {
    /// The histogram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categorical: Option<Categorical>,
}

/// The histogram of a string column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Categorical {
    /// Values with their counts.
    pub buckets: Vec<CategoricalBucket>,
}

/// One value of a string column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoricalBucket {
    /// The value.
    pub value: String,
    /// Rows.
    pub count: u64,
}
