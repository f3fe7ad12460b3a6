//! Quality before the labels are there: estimates fitted on a labelled baseline, applied to unlabelled windows.
//!
//! ```text
//! classification   labelled baseline → BinaryCbpe, MulticlassCbpe → ClassificationEstimates of a window
//! regression       labelled baseline → Dle → RegressionEstimates of a window
//! labels arrive    estimate, realised value → EstimateError;  calibration of the new labels → ConceptDrift
//! ```
//!
//! The definitions are NannyML 0.13.1's (confidence-based performance estimation, direct loss estimation and their
//! sampling errors); where ours differ, the item says so. All of them assume that the relation between features and
//! label has not changed (no concept drift): an estimate sees a shift of the inputs and nothing else. The fitted
//! state is a value that `document::estimate` stores. Does not know where rows come from, and no thresholds.

mod isotonic;
mod shuffle;
mod calibration;
mod estimates;
mod rank;
mod sampling_error;
mod cbpe;
mod multiclass;
pub(crate) mod forest;
mod encoding;
mod dle;
mod realised;
mod concept_drift;

pub use calibration::Calibration;
pub use cbpe::{BinaryCbpe, BinaryReference, BinaryWindow};
pub use concept_drift::{CalibrationTest, ConceptDriftEvidence, ConceptDriftTest, concept_drift};
pub use dle::{Dle, Feature, RegressionModel, RegressionReference, RegressionWindow};
pub use encoding::FeatureEncoding;
pub use estimates::{
    BusinessValue, ClassificationEstimates, ClassificationMetric, ConfusionEstimate, Estimate,
    EstimateFailure, RegressionEstimates, RegressionMetric, ValueNormalisation,
};
pub use forest::{Forest, Tree};
pub use isotonic::Isotonic;
pub use multiclass::{MulticlassCbpe, MulticlassReference, MulticlassWindow};
pub use realised::{EstimateError, estimate_error};
pub use sampling_error::{RankingError, ReferenceCounts, ResamplingError};

/// Fewest labelled rows an estimator is fitted on.
pub const MIN_REFERENCE_ROWS: usize = 30;

#[cfg(test)]
mod tests;
