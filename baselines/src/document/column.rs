//! Statistics of one column as `baseline.profile` and `window.profile` store them: version 1 of both.
//!
//! Twins of the summary's types. Does not know what stands around a column in a document.

use crate::summary::{
    CategoricalSummary, CellCounts, Distinct, InferredType, NumericSummary, WeightedPoints,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Copy)]
pub(super) enum TypeV1 {
    Integral,
    Fractional,
    Boolean,
    String,
    Unknown,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CountsV1 {
    missing: u64,
    integral: u64,
    fractional: u64,
    boolean: u64,
    text: u64,
    nan: u64,
    positive_infinity: u64,
    negative_infinity: u64,
    absent: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NumericV1 {
    n: u64,
    sum: f64,
    mean: f64,
    std_dev: f64,
    min: f64,
    max: f64,
    distinct: u64,
    distinct_is_exact: bool,
    values: Vec<f64>,
    weights: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extents: Option<Vec<(f64, f64)>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CategoricalV1 {
    n: u64,
    distinct: u64,
    distinct_is_exact: bool,
    counts: Vec<(String, u64)>,
    n_other: u64,
    complete: bool,
}

pub(super) fn ascending(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair[0] < pair[1])
}

fn distinct(value: u64, exact: bool) -> Distinct {
    if exact {
        Distinct::Exact(value)
    } else {
        Distinct::Estimated(value)
    }
}

impl From<InferredType> for TypeV1 {
    fn from(inferred: InferredType) -> Self {
        match inferred {
            InferredType::Integral => Self::Integral,
            InferredType::Fractional => Self::Fractional,
            InferredType::Boolean => Self::Boolean,
            InferredType::String => Self::String,
            InferredType::Unknown => Self::Unknown,
        }
    }
}

impl From<TypeV1> for InferredType {
    fn from(twin: TypeV1) -> Self {
        match twin {
            TypeV1::Integral => Self::Integral,
            TypeV1::Fractional => Self::Fractional,
            TypeV1::Boolean => Self::Boolean,
            TypeV1::String => Self::String,
            TypeV1::Unknown => Self::Unknown,
        }
    }
}

impl From<&CellCounts> for CountsV1 {
    fn from(counts: &CellCounts) -> Self {
        Self {
            missing: counts.n_missing,
            integral: counts.n_integral,
            fractional: counts.n_fractional,
            boolean: counts.n_boolean,
            text: counts.n_text,
            nan: counts.n_nan,
            positive_infinity: counts.n_positive_infinity,
            negative_infinity: counts.n_negative_infinity,
            absent: counts.n_absent,
        }
    }
}

impl From<CountsV1> for CellCounts {
    fn from(twin: CountsV1) -> Self {
        Self {
            n_missing: twin.missing,
            n_integral: twin.integral,
            n_fractional: twin.fractional,
            n_boolean: twin.boolean,
            n_text: twin.text,
            n_nan: twin.nan,
            n_positive_infinity: twin.positive_infinity,
            n_negative_infinity: twin.negative_infinity,
            n_absent: twin.absent,
        }
    }
}

impl From<&NumericSummary> for NumericV1 {
    fn from(numeric: &NumericSummary) -> Self {
        Self {
            n: numeric.n,
            sum: numeric.sum,
            mean: numeric.mean,
            std_dev: numeric.std_dev,
            min: numeric.min,
            max: numeric.max,
            distinct: numeric.distinct.value(),
            distinct_is_exact: matches!(numeric.distinct, Distinct::Exact(_)),
            values: numeric.points.values.clone(),
            weights: numeric.points.weights.clone(),
            extents: numeric.points.extents.clone(),
        }
    }
}

impl NumericV1 {
    /// The summary; else the place below the column, and what is wrong there.
    pub(super) fn into_summary(self) -> Result<NumericSummary, (&'static str, &'static str)> {
        let n_values = self.values.len();
        if self.weights.len() != n_values || self.extents.as_ref().is_some_and(|e| e.len() != n_values) {
            return Err(("numeric", "values, weights and extents must have the same length"));
        }
        if !ascending(&self.values) {
            return Err(("numeric.values", "values must ascend strictly"));
        }
        let summed = self
            .weights
            .iter()
            .try_fold(0u64, |sum, weight| sum.checked_add(*weight));
        if summed != Some(self.n) {
            return Err(("numeric.weights", "weights must sum to n"));
        }
        Ok(NumericSummary {
            n: self.n,
            sum: self.sum,
            mean: self.mean,
            std_dev: self.std_dev,
            min: self.min,
            max: self.max,
            distinct: distinct(self.distinct, self.distinct_is_exact),
            points: WeightedPoints {
                values: self.values,
                weights: self.weights,
                extents: self.extents,
            },
        })
    }
}

impl From<&CategoricalSummary> for CategoricalV1 {
    fn from(categorical: &CategoricalSummary) -> Self {
        Self {
            n: categorical.n,
            distinct: categorical.distinct.value(),
            distinct_is_exact: matches!(categorical.distinct, Distinct::Exact(_)),
            counts: categorical.counts.clone(),
            n_other: categorical.n_other,
            complete: categorical.complete,
        }
    }
}

impl From<CategoricalV1> for CategoricalSummary {
    fn from(twin: CategoricalV1) -> Self {
        Self {
            n: twin.n,
            distinct: distinct(twin.distinct, twin.distinct_is_exact),
            counts: twin.counts,
            n_other: twin.n_other,
            complete: twin.complete,
        }
    }
}
