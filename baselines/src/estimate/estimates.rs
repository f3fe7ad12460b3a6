//! What an estimator answers about a window: values with bands, or the reason why there is none.
//!
//! Does not know how they are computed, nor whether a value is good enough.

use std::collections::BTreeMap;

use crate::compare::NotComputable;

/// One estimated number with its sampling error. Never NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate, in the metric's own unit.
    pub value: f64,
    /// Standard error of the metric by chance of sampling alone, for a window of this size. `None` where the baseline
    /// had no rows of the kind that the metric counts.
    pub sampling_error: Option<f64>,
    /// `value` − 3 standard errors, not below what the metric can be.
    pub low: Option<f64>,
    /// `value` + 3 standard errors, not above what the metric can be.
    pub high: Option<f64>,
}

/// Standard errors on each side of a band, as NannyML's `SAMPLING_ERROR_RANGE`.
const BAND_WIDTH: f64 = 3.0;

impl Estimate {
    pub(super) fn with_band(
        value: f64,
        sampling_error: Option<f64>,
        [least, most]: [f64; 2],
    ) -> Result<Self, NotComputable> {
        if !value.is_finite() {
            return Err(NotComputable::Infinite);
        }
        let error = sampling_error.filter(|error| error.is_finite());
        Ok(Self {
            value: value + 0.0,
            sampling_error: error,
            low: error.map(|error| (value - BAND_WIDTH * error).max(least)),
            high: error.map(|error| (value + BAND_WIDTH * error).min(most)),
        })
    }
}

/// Classification metrics that can be estimated without labels. For more than two classes each is the unweighted
/// mean over one-vs-rest problems (macro), accuracy excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClassificationMetric {
    /// Area under the ROC curve.
    RocAuc,
    /// Average precision: Σ (recall step)·precision.
    AveragePrecision,
    /// TP / (TP + ½(FP + FN)).
    F1,
    /// TP / (TP + FP).
    Precision,
    /// TP / (TP + FN).
    Recall,
    /// TN / (TN + FP).
    Specificity,
    /// Share of rows predicted right.
    Accuracy,
}

impl ClassificationMetric {
    /// All, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::RocAuc,
        Self::AveragePrecision,
        Self::F1,
        Self::Precision,
        Self::Recall,
        Self::Specificity,
        Self::Accuracy,
    ];

    /// The name of the realised metric in a quality result.
    pub fn name(self) -> &'static str {
        match self {
            Self::RocAuc => "auc",
            Self::AveragePrecision => "average_precision",
            Self::F1 => "f1",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Specificity => "specificity",
            Self::Accuracy => "accuracy",
        }
    }
}

/// Regression metrics that can be estimated without labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RegressionMetric {
    /// Mean absolute error.
    Mae,
    /// Mean of |error| / |label|; labels closer to zero than the machine epsilon count as that.
    Mape,
    /// Mean squared error.
    Mse,
    /// Root of the mean squared error.
    Rmse,
    /// Mean squared difference of ln(1 + value); labels and predictions must not be negative.
    Msle,
    /// Root of `Msle`.
    Rmsle,
}

impl RegressionMetric {
    /// All, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Mae,
        Self::Mape,
        Self::Mse,
        Self::Rmse,
        Self::Msle,
        Self::Rmsle,
    ];

    /// The name of the realised metric in a quality result.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mae => "mae",
            Self::Mape => "mape",
            Self::Mse => "mse",
            Self::Rmse => "rmse",
            Self::Msle => "msle",
            Self::Rmsle => "rmsle",
        }
    }
}

/// The expected confusion matrix of a window, in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionEstimate {
    /// `rows_actual[i][j]`: rows expected to be of class i among those predicted as class j. For two classes 0 is
    /// negative and 1 positive.
    pub rows_actual: Vec<Vec<Estimate>>,
}

/// Estimates of one window of a classification model.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassificationEstimates {
    /// Rows of the window.
    pub n_rows: u64,
    /// Every metric.
    pub metrics: BTreeMap<ClassificationMetric, Result<Estimate, NotComputable>>,
    /// The expected confusion matrix.
    pub confusion_matrix: ConfusionEstimate,
    /// Mean calibrated probability of each class: the expected share of its labels.
    pub class_shares: Vec<f64>,
}

/// Estimates of one window of a regression model.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionEstimates {
    /// Rows of the window.
    pub n_rows: u64,
    /// Every metric the baseline allowed: `Msle` and `Rmsle` are absent when a baseline value was negative.
    pub metrics: BTreeMap<RegressionMetric, Result<Estimate, NotComputable>>,
}

/// What each cell of a confusion matrix is worth, and what the sum is divided by.
#[derive(Debug, Clone, PartialEq)]
pub struct BusinessValue {
    /// `rows_actual[i][j]`: value of one row of class i predicted as class j.
    pub rows_actual: Vec<Vec<f64>>,
    /// How the total is normalised.
    pub normalisation: ValueNormalisation,
}

/// How the value of a window is normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueNormalisation {
    /// Total over the window (NannyML `None`).
    Total,
    /// Mean over rows. The reading most people expect of "per prediction".
    PerRow,
    /// NannyML's `per_prediction`: each column of the matrix is divided by the rows predicted as that class, so a
    /// rare prediction weighs as much as a common one.
    PerPredictedClass,
}

/// Why an estimator cannot be fitted or applied. Positions are rows from 0; no value is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EstimateFailure {
    /// Two inputs of different lengths.
    #[error("{what} has {found} values where {expected} are expected")]
    LengthsDiffer {
        /// The input.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length of the others.
        expected: usize,
    },
    /// Too few rows to fit on.
    #[error("{found} labelled rows are too few to fit an estimate: {needed} are needed")]
    TooFewRows {
        /// Rows given.
        found: usize,
        /// Rows needed.
        needed: usize,
    },
    /// No rows to estimate.
    #[error("the window has no rows")]
    EmptyWindow,
    /// The labels of the baseline are all alike.
    #[error(
        "class {class} has {found} labelled rows in the baseline: at least 2 are needed to learn its calibration"
    )]
    ClassMissing {
        /// Index of the class; for two classes 0 is negative and 1 positive.
        class: usize,
        /// Its rows.
        found: usize,
    },
    /// Something that is no probability.
    #[error("the probability of row {row} is not a number between 0 and 1")]
    NotAProbability {
        /// First such row.
        row: usize,
    },
    /// A label or prediction that is not one of the classes.
    #[error("the {what} of row {row} is not one of the {classes} classes")]
    UnknownClass {
        /// `label` or `prediction`.
        what: &'static str,
        /// First such row.
        row: usize,
        /// Classes of the model.
        classes: usize,
    },
    /// Fewer than two classes.
    #[error("{found} classes are given: a classification needs 2")]
    TooFewClasses {
        /// Classes given.
        found: usize,
    },
    /// A label or prediction that is NaN or infinite.
    #[error("the {what} of row {row} is not finite")]
    NotFinite {
        /// `label` or `prediction`.
        what: &'static str,
        /// First such row.
        row: usize,
    },
    /// The window's features are not those of the baseline.
    #[error("feature {feature} is {found} in the window and {expected} in the baseline")]
    FeatureKind {
        /// Position of the feature.
        feature: usize,
        /// Kind in the window.
        found: &'static str,
        /// Kind in the baseline.
        expected: &'static str,
    },
    /// The gradient boosting failed.
    #[error("the error model cannot be fitted: {problem}")]
    Boosting {
        /// What it said; about parameters, never about data.
        problem: String,
    },
    /// A value matrix of another size than the confusion matrix.
    #[error("the value matrix is not {classes} by {classes} finite numbers")]
    ValueMatrix {
        /// Classes of the model.
        classes: usize,
    },
    /// Numbers that do not stay finite.
    #[error("the {what} of the baseline overflow 64-bit floats")]
    Overflow {
        /// What overflowed.
        what: &'static str,
    },
}

/// Fails where `found` is not `expected` long.
pub(super) fn same_length(what: &'static str, found: usize, expected: usize) -> Result<(), EstimateFailure> {
    if found == expected {
        Ok(())
    } else {
        Err(EstimateFailure::LengthsDiffer {
            what,
            found,
            expected,
        })
    }
}

/// Fails at the first value outside 0 and 1; `width` values make a row.
pub(super) fn all_probabilities(probability: &[f64], width: usize) -> Result<(), EstimateFailure> {
    match probability.iter().position(|value| !(0.0..=1.0).contains(value)) {
        Some(at) => Err(EstimateFailure::NotAProbability {
            row: at / width.max(1),
        }),
        None => Ok(()),
    }
}

/// Fails with too few rows to fit on.
pub(super) fn enough_rows(found: usize) -> Result<(), EstimateFailure> {
    let needed = super::MIN_REFERENCE_ROWS;
    if found < needed {
        Err(EstimateFailure::TooFewRows { found, needed })
    } else {
        Ok(())
    }
}
