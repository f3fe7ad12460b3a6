//! Confidence-based performance estimation of two classes.
//!
//! A calibrated probability p says of each row how likely it is positive; summing p and 1 − p over predicted positives
//! and negatives gives the expected confusion matrix, and from it the metrics. Source: NannyML 0.13.1
//! `performance_estimation.confidence_based`. Does not know how predictions were thresholded.

use std::collections::BTreeMap;

use super::calibration::Calibration;
use super::estimates::{
    BusinessValue, ClassificationEstimates, ClassificationMetric, ConfusionEstimate, Estimate,
    EstimateFailure, ValueNormalisation, all_probabilities, enough_rows, same_length,
};
use super::rank;
use super::sampling_error::{RankingError, ReferenceCounts, ResamplingError};
use crate::compare::NotComputable;

/// Labelled rows to fit on; the slices have one value per row.
#[derive(Debug, Clone, Copy)]
pub struct BinaryReference<'a> {
    /// Whether the row is positive.
    pub label: &'a [bool],
    /// Whether the model said so.
    pub prediction: &'a [bool],
    /// The model's probability of the positive class.
    pub probability: &'a [f64],
}

/// Unlabelled rows of a window; the slices have one value per row.
#[derive(Debug, Clone, Copy)]
pub struct BinaryWindow<'a> {
    /// Whether the model predicted the positive class.
    pub prediction: &'a [bool],
    /// The model's probability of the positive class.
    pub probability: &'a [f64],
}

/// The fitted estimator of a binary model.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryCbpe {
    /// From score to probability.
    pub calibration: Calibration,
    /// The labelled baseline's confusion matrix; class 0 negative, 1 positive.
    pub counts: ReferenceCounts,
    /// Error component of the AUC.
    pub ranking: Option<RankingError>,
    /// Error component of the average precision.
    pub resampling: Option<ResamplingError>,
}

impl BinaryCbpe {
    /// Fits on a labelled baseline. `seed` drives the resamples behind the average precision's error alone.
    ///
    /// # Errors
    /// Slices of different lengths, fewer than [`MIN_REFERENCE_ROWS`](super::MIN_REFERENCE_ROWS) rows, a class with
    /// fewer than two rows, a probability outside 0–1.
    pub fn fit(reference: BinaryReference<'_>, seed: u64) -> Result<Self, EstimateFailure> {
        let BinaryReference {
            label,
            prediction,
            probability,
        } = reference;
        same_length("the predictions", prediction.len(), label.len())?;
        same_length("the probabilities", probability.len(), label.len())?;
        all_probabilities(probability, 1)?;
        enough_rows(label.len())?;
        let n_positive = label.iter().filter(|&&positive| positive).count();
        for (class, found) in [label.len() - n_positive, n_positive].into_iter().enumerate() {
            if found < 2 {
                return Err(EstimateFailure::ClassMissing { class, found });
            }
        }
        let classes =
            |flags: &[bool]| -> Vec<usize> { flags.iter().map(|&flag| usize::from(flag)).collect() };
        Ok(Self {
            calibration: Calibration::fit(probability, label),
            counts: ReferenceCounts::of(&classes(label), &classes(prediction), 2),
            ranking: RankingError::of(probability, label),
            resampling: ResamplingError::of(probability, label, seed),
        })
    }

    /// Calibrated probabilities of scores; `None` where one is no probability.
    pub fn calibrate(&self, probability: &[f64]) -> Option<Vec<f64>> {
        all_probabilities(probability, 1).ok()?;
        Some(
            probability
                .iter()
                .map(|&score| self.calibration.apply(score))
                .collect(),
        )
    }

    /// Estimates every metric of a window. A ratio over nothing (no row predicted positive) is 0, as NannyML's.
    ///
    /// # Errors
    /// No rows, slices of different lengths, a probability outside 0–1.
    pub fn estimate(&self, window: BinaryWindow<'_>) -> Result<ClassificationEstimates, EstimateFailure> {
        let calibrated = self.checked(window)?;
        let n = calibrated.len() as f64;
        let cells = ExpectedCells::of(window.prediction, &calibrated);
        let order = rank::descending(window.probability);
        let rate = |value: f64, error: Option<f64>| Estimate::with_band(value, error, [0.0, 1.0]);
        let mut metrics = BTreeMap::new();
        for metric in ClassificationMetric::ALL {
            let estimate = match metric {
                ClassificationMetric::RocAuc => rank::expected_roc_auc(&order, &calibrated)
                    .ok_or(NotComputable::TooFewCategories)
                    .and_then(|value| rate(value, self.ranking.map(|ranking| ranking.binary_error(n)))),
                ClassificationMetric::AveragePrecision => {
                    rank::expected_average_precision(&order, &calibrated)
                        .ok_or(NotComputable::TooFewCategories)
                        .and_then(|value| rate(value, self.resampling.map(|error| error.binary_error(n))))
                }
                threshold => rate(cells.metric(threshold), self.counts.binary_error(threshold, n)),
            };
            metrics.insert(metric, estimate);
        }
        Ok(ClassificationEstimates {
            n_rows: calibrated.len() as u64,
            metrics,
            confusion_matrix: self.confusion(&cells, n)?,
            class_shares: vec![1.0 - (cells.tp + cells.fn_) / n, (cells.tp + cells.fn_) / n],
        })
    }

    /// Estimates what a window is worth.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate), and a matrix that is not 2 by 2 finite numbers.
    pub fn estimate_value(
        &self,
        window: BinaryWindow<'_>,
        value: &BusinessValue,
    ) -> Result<Estimate, EstimateFailure> {
        let cells = ExpectedCells::of(window.prediction, &self.checked(window)?);
        estimate_value(&cells.rows_actual(), value, &self.counts, 0)
    }

    fn checked(&self, window: BinaryWindow<'_>) -> Result<Vec<f64>, EstimateFailure> {
        same_length(
            "the probabilities",
            window.probability.len(),
            window.prediction.len(),
        )?;
        all_probabilities(window.probability, 1)?;
        if window.probability.is_empty() {
            return Err(EstimateFailure::EmptyWindow);
        }
        Ok(window
            .probability
            .iter()
            .map(|&score| self.calibration.apply(score))
            .collect())
    }

    fn confusion(&self, cells: &ExpectedCells, n: f64) -> Result<ConfusionEstimate, EstimateFailure> {
        confusion_estimate(&cells.rows_actual(), &self.counts, n)
    }
}

/// Expected confusion matrix of a one-vs-rest problem.
#[derive(Default)]
pub(super) struct ExpectedCells {
    tp: f64,
    fp: f64,
    fn_: f64,
    tn: f64,
}

impl ExpectedCells {
    pub(super) fn of(prediction: &[bool], probability: &[f64]) -> Self {
        let mut cells = Self::default();
        for (&positive, &chance) in prediction.iter().zip(probability) {
            if positive {
                cells.tp += chance;
                cells.fp += 1.0 - chance;
            } else {
                cells.fn_ += chance;
                cells.tn += 1.0 - chance;
            }
        }
        cells
    }

    fn rows_actual(&self) -> Vec<Vec<f64>> {
        vec![vec![self.tn, self.fp], vec![self.fn_, self.tp]]
    }

    /// A threshold metric; 0 where its denominator is.
    pub(super) fn metric(&self, metric: ClassificationMetric) -> f64 {
        let Self { tp, fp, fn_, tn } = *self;
        let (part, whole) = match metric {
            ClassificationMetric::F1 => (tp, tp + 0.5 * (fp + fn_)),
            ClassificationMetric::Precision => (tp, tp + fp),
            ClassificationMetric::Recall => (tp, tp + fn_),
            ClassificationMetric::Specificity => (tn, tn + fp),
            ClassificationMetric::Accuracy
            | ClassificationMetric::RocAuc
            | ClassificationMetric::AveragePrecision => (tp + tn, tp + tn + fp + fn_),
        };
        if whole == 0.0 { 0.0 } else { part / whole }
    }
}

/// Cells with their bands; counts are not negative.
pub(super) fn confusion_estimate(
    cells: &[Vec<f64>],
    counts: &ReferenceCounts,
    n: f64,
) -> Result<ConfusionEstimate, EstimateFailure> {
    let one = |actual: usize, predicted: usize| {
        let error = Some(counts.cell_error(actual, predicted, n));
        Estimate::with_band(cells[actual][predicted], error, [0.0, f64::INFINITY]).map_err(|_| {
            EstimateFailure::Overflow {
                what: "confusion counts",
            }
        })
    };
    let rows_actual = (0..cells.len())
        .map(|actual| (0..cells.len()).map(|predicted| one(actual, predicted)).collect())
        .collect::<Result<_, _>>()?;
    Ok(ConfusionEstimate { rows_actual })
}

/// Value of an expected confusion matrix.
pub(super) fn estimate_value(
    cells: &[Vec<f64>],
    value: &BusinessValue,
    counts: &ReferenceCounts,
    ddof: u64,
) -> Result<Estimate, EstimateFailure> {
    let classes = cells.len();
    let square =
        value.rows_actual.len() == classes && value.rows_actual.iter().all(|row| row.len() == classes);
    if !square || value.rows_actual.iter().flatten().any(|worth| !worth.is_finite()) {
        return Err(EstimateFailure::ValueMatrix { classes });
    }
    let n: f64 = cells.iter().flatten().sum();
    let divisor = |predicted: usize| match value.normalisation {
        ValueNormalisation::Total => 1.0,
        ValueNormalisation::PerRow => n,
        ValueNormalisation::PerPredictedClass => cells.iter().map(|row| row[predicted]).sum(),
    };
    let divisors: Vec<f64> = (0..classes).map(divisor).collect();
    let mut total = 0.0;
    for (row, worths) in cells.iter().zip(&value.rows_actual) {
        for ((expected, worth), divisor) in row.iter().zip(worths).zip(&divisors) {
            if *divisor > 0.0 {
                total += expected * worth / divisor;
            }
        }
    }
    let scale = if value.normalisation == ValueNormalisation::Total {
        n
    } else {
        1.0
    };
    let error = counts
        .value_spread(&value.rows_actual, ddof)
        .map(|spread| spread * scale / n.sqrt());
    Estimate::with_band(total, error, [f64::NEG_INFINITY, f64::INFINITY])
        .map_err(|_| EstimateFailure::Overflow { what: "values" })
}
