//! `quality.json`: how good the predictions of a window (or a baseline) were, in full; `driftline quality --json`.
//!
//! Version 1. Field order is the key order of the file; absent values are left out, never `null`. The same joined set,
//! judged the same way, has the same bytes: the document does not say when it was made, nor which revision it is.
//! Does not measure and does not judge.

mod convert;

pub use convert::{reasons, twins};

use super::{DocumentError, canonical, error};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of a quality file.
pub const QUALITY_FILE: &str = "quality.json";

/// A whole `quality.json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct QualityDocument {
    /// `"1"`.
    pub version: String,
    /// Name and version of the program.
    pub software: String,
    /// What the numbers are: `realised` (from labels) or `estimated` (no label is there).
    pub shown: String,
    /// `pass`, `violated` or `not_evaluated`.
    pub status: String,
    /// Why nothing was judged, where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_evaluated: Option<String>,
    /// `binary`, `multiclass` or `regression`.
    pub problem: String,
    /// First time inside the window, as asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// First time outside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Rows predicted.
    pub n_predictions: u64,
    /// Rows with a label.
    pub n_labelled: u64,
    /// `n_labelled / n_predictions`; 0 of nothing.
    pub coverage: f64,
    /// What is known of labels still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maturity: Option<MaturityTwin>,
    /// Classes in order; binary: negative, positive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Score from which a row counts as predicted positive, where it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Confidence of every interval.
    pub confidence: f64,
    /// Classifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion_matrix: Option<ConfusionTwin>,
    /// Metrics by name.
    pub metrics: BTreeMap<String, MetricTwin>,
    /// Metrics of the problem that could not be computed, and why.
    pub not_computable: BTreeMap<String, String>,
    /// Multiclass: class → metric → value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_class: BTreeMap<String, BTreeMap<String, MetricTwin>>,
    /// A model that always predicts the most frequent label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub best_constant_classifier: BTreeMap<String, f64>,
    /// Model Monitor's `standard_deviation` by metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub standard_deviations: BTreeMap<String, f64>,
    /// Binary with scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curves: Option<CurvesTwin>,
    /// Regression: quantiles of prediction − label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residual_quantiles: Vec<QuantileTwin>,
    /// Regression: error by tenth of the predictions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predicted_deciles: Vec<DecileTwin>,
    /// What happened to the labelled rows.
    pub rows: BTreeMap<String, u64>,
    /// How predictions and labels met, and what became of the lines of both.
    pub labels: BTreeMap<String, u64>,
    /// Refused lines by side and reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rejects: BTreeMap<String, BTreeMap<String, u64>>,
    /// Each constraint, held against the metric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckTwin>,
    /// `house` or `sagemaker`.
    pub convention: String,
    /// Thresholds it was judged by.
    pub judged_by: BTreeMap<String, f64>,
    /// Estimates from before the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<EstimateTwin>,
    /// The window in parts, by time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowTwin>,
    /// Parts of the data that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentTwin>,
    /// Parts of the data that were found to be worse than the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weak_segments: Vec<SegmentTwin>,
    /// Why the metric changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_cause: Option<RootCauseTwin>,
    /// Clarify's metrics of a facet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bias: Vec<BiasTwin>,
    /// What the model's answers rest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributions: Option<AttributionTwin>,
    /// What was asked for and could not be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How the predictions were found: role → column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// Features an estimator reads, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Digest of the joined set and of how it was judged.
    pub digest: String,
}

/// A metric with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricTwin {
    /// The metric.
    pub value: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How the interval was made.
    pub method: String,
    /// Rows it rests on.
    pub n: u64,
}

/// Rows by label and predicted class.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ConfusionTwin {
    /// Classes, in the order of rows and columns.
    pub labels: Vec<String>,
    /// `rows_actual[i][j]`: rows with label i predicted as j.
    pub rows_actual: Vec<Vec<u64>>,
    /// The same as sums of weights, where rows have weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighted_rows_actual: Option<Vec<Vec<f64>>>,
}

/// What is known of labels still to come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MaturityTwin {
    /// The instant this is said at: `--as-of`, else the latest time in predictions and labels.
    pub as_of: String,
    /// Share of the predictions that has a label now.
    pub coverage: f64,
    /// Share that should have one by now, by the delay curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_coverage: Option<f64>,
    /// Share that will ever have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_coverage: Option<f64>,
    /// When 98 % of the labels that will ever come are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_at: Option<String>,
    /// Whether that time has passed.
    pub is_final: bool,
    /// Why one of these is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// Curves of a binary classifier.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CurvesTwin {
    /// From (0, 0) to (1, 1).
    pub roc: Vec<PointTwin>,
    /// From recall 0.
    pub precision_recall: Vec<PointTwin>,
    /// At given thresholds.
    pub sweep: Vec<PointTwin>,
    /// Predicted against found share of positives.
    pub reliability: Vec<ReliabilityTwin>,
    /// At each tenth of the rows.
    pub gain: Vec<GainTwin>,
}

/// What holds when rows from `threshold` on are predicted positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointTwin {
    /// Absent where nothing is predicted positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Recall.
    pub true_positive_rate: f64,
    /// 1 − specificity.
    pub false_positive_rate: f64,
    /// Precision.
    pub precision: f64,
    /// Accuracy.
    pub accuracy: f64,
    /// F1.
    pub f1: f64,
    /// Share predicted positive.
    pub predicted_positive_rate: f64,
    /// Money per thousand predictions, with a value matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_per_thousand: Option<f64>,
}

/// One bin of the reliability curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityTwin {
    /// Exclusive, except 0.
    pub lower_bound: f64,
    /// Inclusive.
    pub upper_bound: f64,
    /// Rows.
    pub n: u64,
    /// Mean predicted probability.
    pub mean_probability: f64,
    /// Share of positives.
    pub positive_share: MetricTwin,
}

/// What acting on the highest scores gains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GainTwin {
    /// Share of rows acted on.
    pub share: f64,
    /// Share of positives among them.
    pub gain: MetricTwin,
    /// `gain / share`.
    pub lift: f64,
}

/// A quantile of the residual.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantileTwin {
    /// Which, 0 to 1.
    pub probability: f64,
    /// Its value.
    pub residual: MetricTwin,
}

/// The rows of one tenth of the predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecileTwin {
    /// Smallest prediction.
    pub lower_bound: f64,
    /// Largest prediction.
    pub upper_bound: f64,
    /// Rows.
    pub n: u64,
    /// Mean prediction.
    pub mean_prediction: f64,
    /// Mean label.
    pub mean_label: f64,
    /// Mean absolute error.
    pub mae: MetricTwin,
    /// Mean of prediction − label.
    pub bias: MetricTwin,
}

/// One constraint, held against its metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckTwin {
    /// Metric.
    pub metric: String,
    /// `LessThanThreshold` or `GreaterThanThreshold`: what a violation is.
    pub comparison_operator: String,
    /// The threshold.
    pub threshold: f64,
    /// The metric's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<MetricTwin>,
    /// `pass`, `breach` or `not_evaluated`.
    pub outcome: String,
    /// Whether the value itself is beyond the threshold, though chance explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_beyond: Option<bool>,
    /// Why it was not evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A value that was estimated without labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimatedTwin {
    /// The estimate.
    pub value: f64,
    /// Lower end of its band of three standard errors of sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// What the labels gave, once there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realised: Option<f64>,
    /// `value − realised`, of the labelled rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
    /// Whether the realised value lies in the band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_band: Option<bool>,
}

/// Estimates from before the labels.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EstimateTwin {
    /// `cbpe` or `dle`.
    pub method: String,
    /// Rows estimated.
    pub n: u64,
    /// By metric; every value is an estimate.
    pub metrics: BTreeMap<String, EstimatedTwin>,
    /// What must hold for the estimates to be right.
    pub assumptions: Vec<String>,
    /// The test of the assumption on what labels there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concept_drift: Option<ConceptDriftTwin>,
}

/// Whether labels still follow the calibrated probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConceptDriftTwin {
    /// Labelled rows tested.
    pub n: u64,
    /// Mean label − mean probability.
    pub excess_rate: f64,
    /// Smallest p-value times the number of tests.
    pub p_value: f64,
    /// Statistic of each test.
    pub statistics: BTreeMap<String, f64>,
    /// Whether it speaks against the estimates.
    pub is_drift: bool,
}

/// A part of the window by time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowTwin {
    /// First time inside.
    pub start: String,
    /// First time outside.
    pub end: String,
    /// Rows predicted.
    pub n_predictions: u64,
    /// Rows with a label.
    pub n_labelled: u64,
    /// Metrics from labels, the principal ones.
    pub metrics: BTreeMap<String, MetricTwin>,
    /// Estimates of the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub estimates: BTreeMap<String, EstimatedTwin>,
}

/// A part of the data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SegmentTwin {
    /// Conditions, column by column.
    pub conditions: Vec<String>,
    /// Rows predicted.
    pub n_predictions: u64,
    /// Rows with a label.
    pub n_labelled: u64,
    /// Metrics of the segment.
    pub metrics: BTreeMap<String, MetricTwin>,
    /// Metrics that could not be computed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_computable: BTreeMap<String, String>,
    /// Adjusted for the search; of found segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The loss in the segment minus that outside it; of found segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_difference: Option<f64>,
}

/// Why the metric changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RootCauseTwin {
    /// The metric.
    pub metric: String,
    /// How the change was divided.
    pub method: String,
    /// Change of the metric from baseline to window.
    pub change: f64,
    /// Parts that add up to it.
    pub contributions: Vec<ContributionTwin>,
}

/// A part of the change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContributionTwin {
    /// Whose part.
    pub name: String,
    /// How much, in the metric's unit.
    pub value: f64,
    /// Kolmogorov–Smirnov distance of the feature between baseline and window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<f64>,
    /// Mean absolute Shapley value on the baseline, in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<f64>,
}

/// One of Clarify's bias metrics.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BiasTwin {
    /// Facet column.
    pub column: String,
    /// Facet: `city = Bern,Basel` or `age > 40`.
    pub facet: String,
    /// Metric.
    pub metric: String,
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Instead of a value: `Infinity` or `-Infinity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infinite: Option<String>,
    /// Lower end of the bootstrap interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Rows it rests on.
    pub n: u64,
    /// Smallest value allowed; absent where any is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_low: Option<f64>,
    /// Largest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_high: Option<f64>,
    /// The baseline's value of the same facet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// `allowed`, `outside_within_chance`, `alert` or `not_judged`.
    pub outcome: String,
    /// Whether it rings.
    pub alert: bool,
    /// Why there is no value, or no judgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the model's answers rest on, against the baseline.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AttributionTwin {
    /// nDCG of the window's order of features under the baseline's attributions; absent in a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ndcg: Option<f64>,
    /// Lower end of the bootstrap interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Below it the order has drifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// `allowed`, `outside_within_chance`, `alert` or `not_judged`.
    pub outcome: String,
    /// Whether it rings.
    pub alert: bool,
    /// Rows that carry every attribution.
    pub n: u64,
    /// Features, the most important of the window first.
    pub features: Vec<AttributedTwin>,
    /// Why nothing was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A feature's attribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributedTwin {
    /// Feature.
    pub name: String,
    /// Mean |attribution| in the window (or the baseline, in a baseline's document).
    pub value: f64,
    /// The same in the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
}

impl QualityDocument {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path; a version this program does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let document: Self = error::from_bytes(QUALITY_FILE, bytes)?;
        if document.version == "1" {
            return Ok(document);
        }
        Err(DocumentError::Version {
            document: QUALITY_FILE,
            found: document.version,
            supported: "1",
        })
    }

    /// Canonical bytes: same result, same bytes.
    ///
    /// # Errors
    /// [`DocumentError::NotFinite`]: a NaN or infinity cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        canonical::to_bytes(QUALITY_FILE, self)
    }
}
