//! What a quality run is asked for. Does not know data; the defaults are the documented ones.

use thiserror::Error;

/// Settings of a quality run.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityOptions {
    /// Confidence of the intervals, two-sided, between 0 and 1.
    pub confidence: f64,
    /// Fewer labelled rows than this: no metric is computed.
    pub min_labels: u64,
    /// Seed of the bootstrap and of Model Monitor's draws.
    pub seed: u64,
    /// Replicates of the bootstrap.
    pub n_bootstrap: u32,
    /// Points of a curve, at most about this many.
    pub curve_points: usize,
    /// Equal-width bins of the reliability curve and of the expected calibration error.
    pub calibration_bins: usize,
    /// Thresholds of the sweep, ascending; empty: 0, 0.01, …, 1 for probabilities.
    pub thresholds: Vec<f64>,
    /// Largest k of the top-k accuracies (multiclass), from 2 on.
    pub top_k: usize,
    /// What each cell of the confusion matrix is worth.
    pub value_matrix: Option<ValueMatrix>,
    /// Whether Model Monitor's `standard_deviation` is drawn.
    pub standard_deviations: bool,
}

impl Default for QualityOptions {
    /// 95 %, 30 labels, 1,000 replicates, 200 points, 10 bins.
    fn default() -> Self {
        Self {
            confidence: 0.95,
            min_labels: 30,
            seed: 1,
            n_bootstrap: 1000,
            curve_points: 200,
            calibration_bins: 10,
            thresholds: Vec::new(),
            top_k: 3,
            value_matrix: None,
            standard_deviations: true,
        }
    }
}

/// Money per row, by label and predicted class; positive is gain, negative is cost.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueMatrix {
    /// `rows_actual[i][j]`: a row with label i predicted as j, in the order of the confusion matrix (binary: negative
    /// class first).
    pub rows_actual: Vec<Vec<f64>>,
}

impl ValueMatrix {
    /// The matrix of a binary problem.
    pub fn binary(true_negative: f64, false_positive: f64, false_negative: f64, true_positive: f64) -> Self {
        Self {
            rows_actual: vec![
                vec![true_negative, false_positive],
                vec![false_negative, true_positive],
            ],
        }
    }

    /// A square matrix of `n_classes` with finite numbers?
    pub(crate) fn check(&self, n_classes: usize) -> Result<(), QualityError> {
        let n_found = self.rows_actual.len();
        let square = self.rows_actual.iter().all(|row| row.len() == n_classes);
        if n_found != n_classes || !square {
            return Err(QualityError::ValueMatrixShape { n_classes });
        }
        let finite = self.rows_actual.iter().flatten().all(|value| value.is_finite());
        finite.then_some(()).ok_or(QualityError::ValueNotFinite)
    }
}

/// Whether a score is a probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ScoreKind {
    /// Between 0 and 1; outside by more than 1e-6 it is refused, inside that it is clipped.
    #[default]
    Probability,
    /// Any finite number, higher for the positive class: ranking metrics only.
    Free,
}

/// A call that cannot be answered; rows that cannot be used are counted instead.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum QualityError {
    /// Slices of one chunk differ in length.
    #[error("`{name}` has {found} rows where the labels have {expected}")]
    Length {
        /// Which slice.
        name: &'static str,
        /// Rows of the labels.
        expected: usize,
        /// Rows (or numbers) found.
        found: usize,
    },
    /// Neither a predicted class nor a score.
    #[error("neither predictions nor scores were given")]
    NothingPredicted,
    /// States of runs with different settings.
    #[error("quality states with different settings cannot be merged: {setting} differs")]
    Settings {
        /// Which setting.
        setting: &'static str,
    },
    /// More classes than a confusion matrix is kept for.
    #[error("more than {limit} classes were found, give the list of classes or use regression")]
    TooManyClasses {
        /// The limit.
        limit: usize,
    },
    /// A class list with fewer than two or repeated names.
    #[error("a class list needs at least two names, each once")]
    ClassList,
    /// Probabilities by class need to know the order of classes.
    #[error("probabilities by class need a given list of classes")]
    ProbabilitiesWithoutClasses,
    /// A value matrix of the wrong size.
    #[error("the value matrix does not have {n_classes} rows of {n_classes} numbers")]
    ValueMatrixShape {
        /// Classes of the problem.
        n_classes: usize,
    },
    /// A value matrix with an entry that is no number.
    #[error("the value matrix has an entry that is not finite")]
    ValueNotFinite,
    /// A setting outside its range.
    #[error("`{name}` is outside its range: {range}")]
    Option {
        /// Which.
        name: &'static str,
        /// What is allowed.
        range: &'static str,
    },
}

impl QualityOptions {
    /// Settings that a run can use.
    pub(crate) fn check(&self) -> Result<(), QualityError> {
        let bad = |name, range| Err(QualityError::Option { name, range });
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return bad("confidence", "between 0 and 1, both excluded");
        }
        if !(2..=1_000_000).contains(&self.curve_points) {
            return bad("curve_points", "2 to 1,000,000");
        }
        if !(1..=100_000).contains(&self.calibration_bins) {
            return bad("calibration_bins", "1 to 100,000");
        }
        if !(10..=1_000_000).contains(&self.n_bootstrap) {
            return bad("n_bootstrap", "10 to 1,000,000");
        }
        let finite = self.thresholds.iter().all(|threshold| threshold.is_finite());
        if !finite || !self.thresholds.is_sorted() {
            return bad("thresholds", "finite and ascending");
        }
        Ok(())
    }
}
