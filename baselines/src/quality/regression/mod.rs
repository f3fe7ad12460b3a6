//! Numbers: the state that grows and merges, and what is read from it.
//!
//! Rows are kept as they are (24 bytes each), because quantiles of residuals and deciles of predictions need them; at
//! the end they are sorted, so that no order shows in a sum. Does not know units.

mod errors;
mod quantile;
mod summary;

use super::binary::{check_length, is_weight};
use super::options::{QualityError, QualityOptions};
use super::result::{QualityResult, RowCounts};

/// A chunk of labelled predictions; all slices have one length.
#[derive(Debug, Clone, Copy, Default)]
pub struct RegressionRows<'a> {
    /// Labels.
    pub labels: &'a [f64],
    /// Predictions.
    pub predicted: &'a [f64],
    /// Inverse probability of having been captured; 1 without it.
    pub weights: Option<&'a [f64]>,
}

/// Labelled predictions of a number, as a multiset.
#[derive(Debug, Clone, Default)]
pub struct RegressionState {
    counts: RowCounts,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    prediction: f64,
    label: f64,
    weight: f64,
}

impl Row {
    /// Prediction − label.
    fn residual(&self) -> f64 {
        self.prediction - self.label
    }
}

impl RegressionState {
    /// A state that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a chunk.
    ///
    /// # Errors
    /// Slices of different lengths; nothing is added then. Rows that cannot be used are counted ([`RowCounts`]).
    pub fn update(&mut self, rows: &RegressionRows<'_>) -> Result<(), QualityError> {
        let n = rows.labels.len();
        check_length("predicted", n, Some(rows.predicted.len()))?;
        check_length("weights", n, rows.weights.map(<[f64]>::len))?;
        self.counts.n_rows += n as u64;
        for row in 0..n {
            let weight = rows.weights.map_or(1.0, |weights| weights[row]);
            let (prediction, label) = (rows.predicted[row], rows.labels[row]);
            if !is_weight(weight) {
                self.counts.n_bad_weight += 1;
            } else if prediction.is_finite() && label.is_finite() {
                self.counts.n_used += 1;
                self.counts.n_zero_labels += u64::from(label == 0.0);
                // Adding zero makes −0 a plain 0, so that equal numbers sort as equal.
                self.rows.push(Row {
                    prediction: prediction + 0.0,
                    label: label + 0.0,
                    weight,
                });
            } else {
                self.counts.n_unusable += 1;
            }
        }
        Ok(())
    }

    /// Adds what `other` has seen.
    ///
    /// # Errors
    /// None in practice: there are no settings to differ.
    pub fn merge(&mut self, mut other: Self) -> Result<(), QualityError> {
        self.counts.merge(&other.counts);
        self.rows.append(&mut other.rows);
        Ok(())
    }

    /// What happened to the rows so far.
    pub fn counts(&self) -> RowCounts {
        self.counts
    }

    /// All metrics of the rows seen.
    ///
    /// # Errors
    /// Options that are outside their range.
    pub fn finish(self, options: &QualityOptions) -> Result<QualityResult, QualityError> {
        options.check()?;
        Ok(summary::summarize(self, options))
    }
}
