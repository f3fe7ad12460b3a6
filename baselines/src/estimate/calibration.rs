//! Whether scores need calibration, and the calibrator that follows.
//!
//! NannyML 0.13.1 `calibration.needs_calibration`: ten stratified shuffles (`shuffle`), isotonic regression fitted on
//! 90 % and applied to the rest, expected calibration error over ten equal-count bins of all test rows together,
//! before and after; calibrate where it falls. Not where the AUC is above 0.999. Does not know metrics.

use super::isotonic::Isotonic;
use super::rank;
use super::shuffle::stratified_splits;

const BIN_COUNT: usize = 10;
const NEAR_PERFECT_AUC: f64 = 0.999;

/// What is done to a score before it is read as a probability.
#[derive(Debug, Clone, PartialEq)]
pub enum Calibration {
    /// Nothing: the scores are already calibrated as well as isotonic regression could.
    AsGiven,
    /// An isotonic function of the score.
    Isotonic(Isotonic),
}

impl Calibration {
    /// Decides and fits.
    pub(super) fn fit(score: &[f64], label: &[bool]) -> Self {
        if needs_calibration(score, label)
            && let Some(isotonic) = Isotonic::fit(score, label)
        {
            return Self::Isotonic(isotonic);
        }
        Self::AsGiven
    }

    /// The probability that a row with this score is positive.
    pub fn apply(&self, score: f64) -> f64 {
        match self {
            Self::AsGiven => score,
            Self::Isotonic(isotonic) => isotonic.predict(score),
        }
    }

    /// Whether scores are changed.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Isotonic(_))
    }
}

pub(super) fn needs_calibration(score: &[f64], label: &[bool]) -> bool {
    if rank::roc_auc(score, label).is_none_or(|auc| auc > NEAR_PERFECT_AUC) {
        return false;
    }
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for split in stratified_splits(label) {
        let pick = |rows: &[usize]| -> (Vec<f64>, Vec<bool>) {
            rows.iter().map(|&row| (score[row], label[row])).unzip()
        };
        let (train_score, train_label) = pick(&split.train);
        let Some(isotonic) = Isotonic::fit(&train_score, &train_label) else {
            return false;
        };
        for &row in &split.test {
            before.push((score[row], label[row]));
            after.push((isotonic.predict(score[row]), label[row]));
        }
    }
    let bins = equal_count_bins(before.len());
    !bins.is_empty() && calibration_error(before, &bins) > calibration_error(after, &bins)
}

/// Row ranges of ten bins of equal width; NumPy's `range(0, n + 1, n // 10)` with the last edge moved to `n`.
fn equal_count_bins(n: usize) -> Vec<(usize, usize)> {
    let bin_count = if n <= 2 * BIN_COUNT { n / 2 } else { BIN_COUNT };
    if bin_count < 2 {
        return Vec::new();
    }
    let mut edges: Vec<usize> = (0..=n).step_by(n / bin_count).collect();
    if let Some(last) = edges.last_mut() {
        *last = n;
    }
    edges.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// Expected calibration error: Σ share of bin · |mean score − share of positives|. Naeini, Cooper and Hauskrecht
/// 2015, AAAI, with equal-count bins.
fn calibration_error(mut rows: Vec<(f64, bool)>, bins: &[(usize, usize)]) -> f64 {
    rows.sort_by(|left, right| left.0.total_cmp(&right.0));
    let n = rows.len() as f64;
    bins.iter()
        .map(|&(start, end)| {
            let bin = &rows[start..end];
            let size = bin.len() as f64;
            let mean_score = bin.iter().map(|row| row.0).sum::<f64>() / size;
            let positive = bin.iter().filter(|row| row.1).count() as f64 / size;
            size / n * (mean_score - positive).abs()
        })
        .sum()
}
