//! Confidence-based performance estimation of more than two classes.
//!
//! Each class against the rest is calibrated on its own, rows are scaled to sum to one, and metrics are macro
//! averages. Source: NannyML 0.13.1 `performance_estimation.confidence_based`. Does not know class names.

use std::collections::BTreeMap;

use super::calibration::Calibration;
use super::cbpe::{ExpectedCells, confusion_estimate, estimate_value};
use super::estimates::{
    BusinessValue, ClassificationEstimates, ClassificationMetric, Estimate, EstimateFailure,
    all_probabilities, enough_rows, same_length,
};
use super::rank;
use super::sampling_error::{RankingError, ReferenceCounts, ResamplingError};
use crate::compare::NotComputable;

/// Labelled rows to fit on. Classes are indices below `classes`.
#[derive(Debug, Clone, Copy)]
pub struct MulticlassReference<'a> {
    /// Number of classes.
    pub classes: usize,
    /// Class of each row.
    pub label: &'a [usize],
    /// Predicted class of each row.
    pub prediction: &'a [usize],
    /// Probabilities, `classes` in a row, rows one after another.
    pub probability: &'a [f64],
}

/// Unlabelled rows of a window, in the same form.
#[derive(Debug, Clone, Copy)]
pub struct MulticlassWindow<'a> {
    /// Predicted class of each row.
    pub prediction: &'a [usize],
    /// Probabilities, as many in a row as the baseline had classes.
    pub probability: &'a [f64],
}

/// The fitted estimator of a multiclass model; all vectors have one entry per class.
#[derive(Debug, Clone, PartialEq)]
pub struct MulticlassCbpe {
    /// From score to probability, one against the rest.
    pub calibrations: Vec<Calibration>,
    /// The labelled baseline's confusion matrix.
    pub counts: ReferenceCounts,
    /// Error components of the AUC.
    pub ranking: Vec<Option<RankingError>>,
    /// Error components of the average precision.
    pub resampling: Vec<Option<ResamplingError>>,
}

impl MulticlassCbpe {
    /// Fits on a labelled baseline. `seed` drives the resamples behind the average precision's error alone.
    ///
    /// # Errors
    /// Fewer than two classes, slices of different lengths, fewer than
    /// [`MIN_REFERENCE_ROWS`](super::MIN_REFERENCE_ROWS) rows, a class without labels, a class index out of range,
    /// a probability outside 0–1. (A class with one label is left uncalibrated.)
    pub fn fit(reference: MulticlassReference<'_>, seed: u64) -> Result<Self, EstimateFailure> {
        let MulticlassReference {
            classes,
            label,
            prediction,
            probability,
        } = reference;
        if classes < 2 {
            return Err(EstimateFailure::TooFewClasses { found: classes });
        }
        same_length("the predictions", prediction.len(), label.len())?;
        same_length("the probabilities", probability.len(), label.len() * classes)?;
        all_probabilities(probability, classes)?;
        known_classes("label", label, classes)?;
        known_classes("prediction", prediction, classes)?;
        enough_rows(label.len())?;
        let counts = ReferenceCounts::of(label, prediction, classes);
        if let Some(class) = (0..classes).find(|&class| counts.n_actual(class) == 0) {
            return Err(EstimateFailure::ClassMissing { class, found: 0 });
        }
        let mut fitted = Self {
            calibrations: Vec::new(),
            counts,
            ranking: Vec::new(),
            resampling: Vec::new(),
        };
        for class in 0..classes {
            let score = class_scores(probability, class, classes);
            let is_class: Vec<bool> = label.iter().map(|&actual| actual == class).collect();
            fitted.calibrations.push(Calibration::fit(&score, &is_class));
            fitted.ranking.push(RankingError::of(&score, &is_class));
            fitted.resampling.push(ResamplingError::of(
                &score,
                &is_class,
                seed.wrapping_add(class as u64),
            ));
        }
        Ok(fitted)
    }

    /// Calibrated probabilities, rows summing to one (all equal where every calibrated value is zero).
    ///
    /// # Errors
    /// A length that is no multiple of the classes, a probability outside 0–1.
    pub fn calibrate(&self, probability: &[f64]) -> Result<Vec<f64>, EstimateFailure> {
        let classes = self.calibrations.len();
        same_length(
            "the probabilities",
            probability.len(),
            probability.len() / classes * classes,
        )?;
        all_probabilities(probability, classes)?;
        let mut calibrated = Vec::with_capacity(probability.len());
        for row in probability.chunks_exact(classes) {
            let start = calibrated.len();
            calibrated.extend(
                row.iter()
                    .zip(&self.calibrations)
                    .map(|(&score, by)| by.apply(score)),
            );
            let total: f64 = calibrated[start..].iter().sum();
            for value in &mut calibrated[start..] {
                *value = if total == 0.0 {
                    1.0 / classes as f64
                } else {
                    *value / total
                };
            }
        }
        Ok(calibrated)
    }

    /// Estimates every metric of a window, macro averages with 0 for a class that is never predicted, as NannyML.
    ///
    /// # Errors
    /// No rows, slices of different lengths, a class index out of range, a probability outside 0–1.
    pub fn estimate(&self, window: MulticlassWindow<'_>) -> Result<ClassificationEstimates, EstimateFailure> {
        let calibrated = self.checked(window)?;
        let classes = self.calibrations.len();
        let n = window.prediction.len() as f64;
        let columns: Vec<Vec<f64>> = (0..classes)
            .map(|class| class_scores(&calibrated, class, classes))
            .collect();
        let cells: Vec<ExpectedCells> = columns
            .iter()
            .enumerate()
            .map(|(class, chance)| {
                let predicted: Vec<bool> = window.prediction.iter().map(|&found| found == class).collect();
                ExpectedCells::of(&predicted, chance)
            })
            .collect();
        let orders: Vec<Vec<usize>> = (0..classes)
            .map(|class| rank::descending(&class_scores(window.probability, class, classes)))
            .collect();
        let confusion = expected_confusion(window.prediction, &calibrated, classes);
        let mut metrics = BTreeMap::new();
        for metric in ClassificationMetric::ALL {
            let value = match metric {
                ClassificationMetric::RocAuc => mean_over(classes, |class| {
                    rank::expected_roc_auc(&orders[class], &columns[class])
                }),
                ClassificationMetric::AveragePrecision => mean_over(classes, |class| {
                    rank::expected_average_precision(&orders[class], &columns[class])
                }),
                ClassificationMetric::Accuracy => {
                    Some((0..classes).map(|class| confusion[class][class]).sum::<f64>() / n)
                }
                threshold => mean_over(classes, |class| Some(cells[class].metric(threshold))),
            };
            let estimate = value
                .ok_or(NotComputable::TooFewCategories)
                .and_then(|value| Estimate::with_band(value, self.error(metric, n), [0.0, 1.0]));
            metrics.insert(metric, estimate);
        }
        Ok(ClassificationEstimates {
            n_rows: window.prediction.len() as u64,
            metrics,
            confusion_matrix: confusion_estimate(&confusion, &self.counts, n)?,
            class_shares: confusion.iter().map(|row| row.iter().sum::<f64>() / n).collect(),
        })
    }

    /// Estimates what a window is worth.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate), and a matrix of another size.
    pub fn estimate_value(
        &self,
        window: MulticlassWindow<'_>,
        value: &BusinessValue,
    ) -> Result<Estimate, EstimateFailure> {
        let calibrated = self.checked(window)?;
        let cells = expected_confusion(window.prediction, &calibrated, self.calibrations.len());
        estimate_value(&cells, value, &self.counts, 1)
    }

    fn checked(&self, window: MulticlassWindow<'_>) -> Result<Vec<f64>, EstimateFailure> {
        let classes = self.calibrations.len();
        same_length(
            "the probabilities",
            window.probability.len(),
            window.prediction.len() * classes,
        )?;
        known_classes("prediction", window.prediction, classes)?;
        if window.prediction.is_empty() {
            return Err(EstimateFailure::EmptyWindow);
        }
        self.calibrate(window.probability)
    }

    fn error(&self, metric: ClassificationMetric, n: f64) -> Option<f64> {
        match metric {
            ClassificationMetric::RocAuc => {
                let classes: Option<Vec<RankingError>> = self.ranking.iter().copied().collect();
                RankingError::macro_error(&classes?, n)
            }
            ClassificationMetric::AveragePrecision => {
                let classes: Option<Vec<ResamplingError>> = self.resampling.iter().copied().collect();
                ResamplingError::macro_error(&classes?, n)
            }
            threshold => self.counts.macro_error(threshold, n),
        }
    }
}

fn known_classes(what: &'static str, found: &[usize], classes: usize) -> Result<(), EstimateFailure> {
    match found.iter().position(|&class| class >= classes) {
        Some(row) => Err(EstimateFailure::UnknownClass { what, row, classes }),
        None => Ok(()),
    }
}

fn class_scores(probability: &[f64], class: usize, classes: usize) -> Vec<f64> {
    probability.iter().skip(class).step_by(classes).copied().collect()
}

fn expected_confusion(prediction: &[usize], calibrated: &[f64], classes: usize) -> Vec<Vec<f64>> {
    let mut cells = vec![vec![0.0; classes]; classes];
    for (&predicted, row) in prediction.iter().zip(calibrated.chunks_exact(classes)) {
        for (actual, chance) in row.iter().enumerate() {
            cells[actual][predicted] += chance;
        }
    }
    cells
}

fn mean_over(classes: usize, one: impl Fn(usize) -> Option<f64>) -> Option<f64> {
    let values: Option<Vec<f64>> = (0..classes).map(one).collect();
    values.map(|values| values.iter().sum::<f64>() / classes as f64)
}
