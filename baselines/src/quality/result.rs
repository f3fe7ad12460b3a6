//! What a quality run answers: metrics with their intervals, the confusion matrix, curves, and what could not be said.
//!
//! Does not compute and does not judge. No field is ever NaN or infinite: a metric that does not exist stands in
//! [`QualityResult::not_computable`] with its reason.

use std::collections::BTreeMap;
use std::fmt;

/// The kind of prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Problem {
    /// Two classes.
    Binary,
    /// More classes.
    Multiclass,
    /// A number.
    Regression,
}

impl Problem {
    /// The stable name: `binary`, `multiclass`, `regression`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
        }
    }
}

/// A metric with its confidence interval. `low ≤ value ≤ high`, all finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricValue {
    /// The metric.
    pub value: f64,
    /// Lower end of the two-sided interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How the interval was made.
    pub method: IntervalMethod,
    /// Rows the metric rests on: the denominator of a proportion, the rows averaged over otherwise.
    pub n: u64,
}

/// How an interval was made. The bibliography of `quality`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum IntervalMethod {
    /// Wilson's score interval of a proportion (Wilson 1927, JASA 22:209), without continuity correction; with weights
    /// over the effective number of rows of Korn & Graubard 1998. A proportion of no rows has the interval 0 to 1.
    Wilson,
    /// DeLong, DeLong & Clarke-Pearson 1988 (Biometrics 44:837), variance by ranks as in Sun & Xu 2014 (IEEE SPL
    /// 21:1389); normal interval, cut at 0 and 1.
    DeLong,
    /// Hanley–McNeil variance solved for the parameter (Newcombe 2006, Stat. Med. 25:559, method 5): of an AUC whose
    /// DeLong variance is zero, as when the classes are perfectly separated.
    Newcombe,
    /// First-order (delta method, infinitesimal jackknife) standard error and a normal interval.
    Delta,
    /// The same on the logit scale, with small counts smoothed, for metrics between 0 and 1.
    DeltaLogit,
    /// The same on Fisher's z scale, with small counts smoothed, for metrics between −1 and 1.
    DeltaFisherZ,
    /// Wilson intervals of independent proportions joined (MOVER: Zou & Donner 2008, Stat. Med. 27:1693).
    Mover,
    /// Order statistics by the binomial distribution of their rank (Conover 1999, §3.2).
    OrderStatistic,
    /// Seeded parametric bootstrap; the number of replicates stands in the options.
    Bootstrap,
    /// Binomial interval over the positives (Boyd, Eng & Page 2013, ECML PKDD): of an average precision whose
    /// first-order variance is zero.
    Boyd,
}

impl IntervalMethod {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::DeLong => "delong",
            Self::Newcombe => "newcombe",
            Self::Delta => "delta",
            Self::DeltaLogit => "delta_logit",
            Self::DeltaFisherZ => "delta_fisher_z",
            Self::Mover => "mover_wilson",
            Self::OrderStatistic => "order_statistic",
            Self::Bootstrap => "bootstrap",
            Self::Boyd => "boyd",
        }
    }
}

/// Why there is no number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NotComputable {
    /// No labelled prediction.
    NoRows,
    /// Fewer labels than [`QualityOptions::min_labels`](super::QualityOptions::min_labels).
    TooFewLabels {
        /// Labelled rows.
        n: u64,
        /// Smallest number that is evaluated.
        minimum: u64,
    },
    /// All labels are of one class, and the metric compares two.
    OneClass,
    /// The metric needs a predicted class, and rows have none.
    NoPrediction,
    /// The metric needs a probability or score, and rows have none (or each was refused).
    NoScore,
    /// The metric needs probabilities, and the scores were declared to be free.
    NotProbabilities,
    /// A class of the list has no label, and the mean over classes needs all of them.
    ClassWithoutLabel {
        /// How many classes.
        n_classes: u64,
    },
    /// All labels are equal, so that nothing of their variance can be explained.
    ConstantLabel,
    /// All labels are zero: there is no relative error.
    AllLabelsZero,
    /// The number is too large for a double.
    Infinite,
}

impl fmt::Display for NotComputable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRows => formatter.write_str("no labelled prediction"),
            Self::TooFewLabels { n, minimum } => {
                write!(
                    formatter,
                    "{n} labelled predictions, at least {minimum} are needed"
                )
            }
            Self::OneClass => formatter.write_str("all labels are of one class"),
            Self::NoPrediction => formatter.write_str("no predicted class"),
            Self::NoScore => formatter.write_str("no usable probability or score"),
            Self::NotProbabilities => formatter.write_str("the scores are not probabilities"),
            Self::ClassWithoutLabel { n_classes } => {
                write!(formatter, "{n_classes} classes of the list have no label")
            }
            Self::ConstantLabel => formatter.write_str("all labels are equal"),
            Self::AllLabelsZero => formatter.write_str("all labels are zero"),
            Self::Infinite => formatter.write_str("the number is too large"),
        }
    }
}

/// What happened to the rows. `n_rows` is the sum of all others except those marked "of them".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowCounts {
    /// Rows handed in: labelled predictions.
    pub n_rows: u64,
    /// Rows that entered at least one metric.
    pub n_used: u64,
    /// Rows left out because their weight is not a positive finite number.
    pub n_bad_weight: u64,
    /// Rows left out because their label is not in the class list.
    pub n_label_outside: u64,
    /// Rows left out because their predicted class is not in the class list (their label is).
    pub n_prediction_outside: u64,
    /// Rows left out because prediction or label (regression), or the score where it is all there is, is not finite
    /// or not between 0 and 1.
    pub n_unusable: u64,
    /// Of the rows used: those that have a usable probability or score.
    pub n_scored: u64,
    /// Of all rows: those whose probability was refused (not finite, outside 0–1, or a row that does not add up to 1).
    pub n_score_refused: u64,
    /// Of the rows used: those whose probability was outside 0–1 by no more than rounding, and was clipped.
    pub n_score_clipped: u64,
    /// Of the rows used: those with label zero, which MAPE leaves out (regression).
    pub n_zero_labels: u64,
}

impl RowCounts {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.n_rows += other.n_rows;
        self.n_used += other.n_used;
        self.n_bad_weight += other.n_bad_weight;
        self.n_label_outside += other.n_label_outside;
        self.n_prediction_outside += other.n_prediction_outside;
        self.n_unusable += other.n_unusable;
        self.n_scored += other.n_scored;
        self.n_score_refused += other.n_score_refused;
        self.n_score_clipped += other.n_score_clipped;
        self.n_zero_labels += other.n_zero_labels;
    }
}

/// Rows by label and predicted class.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConfusionMatrix {
    /// Classes, in the order of rows and columns. Binary: the negative class first.
    pub labels: Vec<String>,
    /// `rows_actual[i][j]`: rows with label i that were predicted as j.
    pub rows_actual: Vec<Vec<u64>>,
    /// The same as sums of weights; `None` where every weight is 1.
    pub weighted_rows_actual: Option<Vec<Vec<f64>>>,
}

/// A point of the ROC and the precision–recall curve, and of a threshold sweep: what holds when a row is predicted
/// positive at `score ≥ threshold`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdPoint {
    /// The threshold; `None` at the start of a curve, where nothing is predicted positive.
    pub threshold: Option<f64>,
    /// Share of the positives above it (recall).
    pub true_positive_rate: f64,
    /// Share of the negatives above it.
    pub false_positive_rate: f64,
    /// Share of positives among the rows above it; 1 where there is no row, as scikit-learn has it.
    pub precision: f64,
    /// Correct rows by all rows.
    pub accuracy: f64,
    /// F1; 0 where there is no true positive.
    pub f1: f64,
    /// Rows predicted positive by all rows.
    pub predicted_positive_rate: f64,
    /// Money per thousand predictions, where the options have a value matrix.
    pub value_per_thousand: Option<f64>,
}

/// One bin of the reliability curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Exclusive, except 0 in the first bin.
    pub lower_bound: f64,
    /// Inclusive.
    pub upper_bound: f64,
    /// Rows.
    pub n: u64,
    /// Mean predicted probability.
    pub mean_probability: f64,
    /// Share of positives, with its interval.
    pub positive_share: MetricValue,
}

/// What is gained by acting on the highest scores first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GainPoint {
    /// Share of all rows acted on, highest scores first; rows of equal score count in proportion.
    pub share: f64,
    /// Share of all positives among them, with its interval.
    pub gain: MetricValue,
    /// `gain / share`.
    pub lift: f64,
}

/// Curves of a binary classifier. Curves are thinned to at most about
/// [`QualityOptions::curve_points`](super::QualityOptions::curve_points) points; each point left is exact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// By descending threshold, from (0, 0) to (1, 1); thinned evenly along both rates.
    pub roc: Vec<ThresholdPoint>,
    /// By descending threshold, from recall 0 and precision 1; thinned evenly along recall.
    pub precision_recall: Vec<ThresholdPoint>,
    /// At [`QualityOptions::thresholds`](super::QualityOptions::thresholds), ascending.
    pub sweep: Vec<ThresholdPoint>,
    /// Equal-width bins with at least one row; empty unless the scores are probabilities.
    pub reliability: Vec<ReliabilityBin>,
    /// At each tenth of the rows.
    pub gain: Vec<GainPoint>,
}

/// A quantile of the residual (prediction − label).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResidualQuantile {
    /// Which: 0 to 1.
    pub probability: f64,
    /// Its value.
    pub residual: MetricValue,
}

/// The rows of one tenth of the predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictedDecile {
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
    pub mae: MetricValue,
    /// Mean of prediction − label.
    pub bias: MetricValue,
}

/// The answer about one set of labelled predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityResult {
    /// What was predicted.
    pub problem: Problem,
    /// Confidence of every interval, such as 0.95.
    pub confidence: f64,
    /// What happened to the rows.
    pub counts: RowCounts,
    /// Metrics by their stable names (`docs/quality-metrics.md`).
    pub metrics: BTreeMap<String, MetricValue>,
    /// Metrics that belong to the problem and could not be computed.
    pub not_computable: BTreeMap<String, NotComputable>,
    /// Multiclass: class → metric → value.
    pub per_class: BTreeMap<String, BTreeMap<String, MetricValue>>,
    /// Classifiers.
    pub confusion_matrix: Option<ConfusionMatrix>,
    /// Binary with scores.
    pub curves: Option<Curves>,
    /// The metrics of a model that always predicts the most frequent label: `accuracy`, `recall`, … (classifiers).
    pub best_constant_classifier: BTreeMap<String, f64>,
    /// Model Monitor's `standard_deviation` by metric name: five draws of a random 80 %, from 200 rows on.
    pub standard_deviations: BTreeMap<String, f64>,
    /// Regression.
    pub residual_quantiles: Vec<ResidualQuantile>,
    /// Regression.
    pub predicted_deciles: Vec<PredictedDecile>,
    /// `false` where scores were rounded because there are more rows than are kept exactly (see `scores`).
    pub is_exact: bool,
}

impl QualityResult {
    pub(crate) fn empty(problem: Problem, confidence: f64, counts: RowCounts) -> Self {
        Self {
            problem,
            confidence,
            counts,
            metrics: BTreeMap::new(),
            not_computable: BTreeMap::new(),
            per_class: BTreeMap::new(),
            confusion_matrix: None,
            curves: None,
            best_constant_classifier: BTreeMap::new(),
            standard_deviations: BTreeMap::new(),
            residual_quantiles: Vec::new(),
            predicted_deciles: Vec::new(),
            is_exact: true,
        }
    }

    /// Puts a metric where it belongs: a number that is not finite is not computable.
    pub(crate) fn put(&mut self, name: &str, outcome: Result<MetricValue, NotComputable>) {
        match outcome.and_then(MetricValue::checked) {
            Ok(metric) => {
                self.metrics.insert(name.to_owned(), metric);
            }
            Err(reason) => {
                self.not_computable.insert(name.to_owned(), reason);
            }
        }
    }
}

impl MetricValue {
    /// Finite and ordered, or not computable. Adding zero makes −0 a plain 0.
    pub(crate) fn checked(self) -> Result<Self, NotComputable> {
        if !(self.value.is_finite() && self.low.is_finite() && self.high.is_finite()) {
            return Err(NotComputable::Infinite);
        }
        Ok(Self {
            value: self.value + 0.0,
            low: self.low.min(self.value) + 0.0,
            high: self.high.max(self.value) + 0.0,
            ..self
        })
    }
}
