//! Why a metric changed: which features' shift moves the loss, and how much no shift explains.
//!
//! A gradient-boosted model of the row loss is fitted on the baseline. Its Shapley values (TreeSHAP, Lundberg et al.
//! 2018, arXiv:1802.03888) add up to each row's predicted loss, so the difference of their means between window and
//! baseline splits the change that the shift of the inputs explains over the features (efficiency, Shapley 1953); the
//! rest, "unexplained", is change at unchanged inputs: concept drift, or features that were not given. The parts add up
//! to the change by construction. Features are ranked by drift × importance. Does not know what the loss is.

use forust_ml::Matrix;
use forust_ml::gradientbooster::ContributionsMethod;

use super::SegmentFailure;
use crate::estimate::forest::grow_booster;
use crate::estimate::{Feature, FeatureEncoding};

/// Fewest rows of each side.
const MIN_ROWS: usize = 100;
/// Rows of each side whose Shapley values are computed; more are thinned evenly.
const MAX_EXPLAINED_ROWS: usize = 20_000;
/// Rows of the baseline that the loss model is fitted on; more are thinned evenly.
const MAX_FITTED_ROWS: usize = 200_000;

/// One feature's part.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureContribution {
    /// Position of the feature.
    pub feature: usize,
    /// Part of the change that its shift explains, in units of the loss. Above 0: it made the model worse.
    pub contribution: f64,
    /// Kolmogorov–Smirnov distance of the encoded feature between baseline and window, 0 to 1.
    pub drift: f64,
    /// Mean |Shapley value| on the baseline, in units of the loss.
    pub importance: f64,
    /// `drift` × `importance`: the rank.
    pub score: f64,
}

/// The decomposition: `change` = Σ `contribution` + `unexplained`, to rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCause {
    /// Mean loss of the window − mean loss of the baseline.
    pub change: f64,
    /// Features, the highest score first.
    pub features: Vec<FeatureContribution>,
    /// What no feature's shift explains.
    pub unexplained: f64,
}

/// Decomposes the change of a mean loss. `features` of both sides are in the same order.
///
/// # Errors
/// Lengths that differ, a loss that is not finite, fewer than 100 rows on a side, features of other kinds.
pub fn root_cause(
    [baseline_features, current_features]: [&[Feature<'_>]; 2],
    [baseline_loss, current_loss]: [&[f64]; 2],
) -> Result<RootCause, SegmentFailure> {
    check(baseline_features, baseline_loss)?;
    check(current_features, current_loss)?;
    let encodings: Vec<FeatureEncoding> = baseline_features
        .iter()
        .map(|feature| FeatureEncoding::fit(feature, baseline_loss))
        .collect();
    let baseline = encoded(&encodings, baseline_features)?;
    let current = encoded(&encodings, current_features)?;
    let change = mean(current_loss) - mean(baseline_loss);
    let fitted = thinned(baseline_loss.len(), MAX_FITTED_ROWS);
    let target: Vec<f64> = fitted.iter().map(|&row| baseline_loss[row]).collect();
    let booster = grow_booster(&picked(&baseline, &fitted), &target)
        .map_err(|problem| SegmentFailure::Model { problem })?;
    let explain = |columns: &[Vec<f64>], n_rows: usize| {
        let columns = picked(columns, &thinned(n_rows, MAX_EXPLAINED_ROWS));
        let n = columns.first().map_or(0, Vec::len);
        let data: Vec<f64> = columns.concat();
        let matrix = Matrix::new(&data, n, columns.len());
        let values = booster.predict_contributions(&matrix, ContributionsMethod::Shapley, false);
        Explained {
            values,
            width: columns.len() + 1,
            n: n as f64,
        }
    };
    let (before, after) = if encodings.is_empty() {
        (Explained::nothing(), Explained::nothing())
    } else {
        (
            explain(&baseline, baseline_loss.len()),
            explain(&current, current_loss.len()),
        )
    };
    let mut features: Vec<FeatureContribution> = (0..encodings.len())
        .map(|feature| {
            let drift = kolmogorov_smirnov(&baseline[feature], &current[feature]);
            let importance = before.mean_of(feature, f64::abs);
            let contribution = after.mean_of(feature, |value| value) - before.mean_of(feature, |value| value);
            FeatureContribution {
                feature,
                contribution,
                drift,
                importance,
                score: drift * importance,
            }
        })
        .collect();
    features.sort_by(|left, right| {
        right
            .score
            .total_cmp(&left.score)
            .then(left.feature.cmp(&right.feature))
    });
    let explained: f64 = features.iter().map(|feature| feature.contribution).sum();
    Ok(RootCause {
        change,
        features,
        unexplained: change - explained,
    })
}

struct Explained {
    values: Vec<f64>,
    width: usize,
    n: f64,
}

impl Explained {
    fn nothing() -> Self {
        Self {
            values: Vec::new(),
            width: 1,
            n: 1.0,
        }
    }

    fn mean_of(&self, feature: usize, of: impl Fn(f64) -> f64) -> f64 {
        self.values
            .iter()
            .skip(feature)
            .step_by(self.width)
            .map(|&value| of(value))
            .sum::<f64>()
            / self.n
    }
}

fn check(features: &[Feature<'_>], loss: &[f64]) -> Result<(), SegmentFailure> {
    for feature in features {
        let (found, expected) = (feature.len(), loss.len());
        if found != expected {
            return Err(SegmentFailure::LengthsDiffer {
                what: "a feature",
                found,
                expected,
            });
        }
    }
    if let Some(row) = loss.iter().position(|loss| !loss.is_finite()) {
        return Err(SegmentFailure::NotFinite { row });
    }
    if loss.len() < MIN_ROWS {
        return Err(SegmentFailure::TooFewRows {
            found: loss.len(),
            needed: MIN_ROWS,
        });
    }
    Ok(())
}

fn encoded(encodings: &[FeatureEncoding], features: &[Feature<'_>]) -> Result<Vec<Vec<f64>>, SegmentFailure> {
    if encodings.len() != features.len() {
        return Err(SegmentFailure::ColumnsDiffer);
    }
    let columns = encodings
        .iter()
        .zip(features)
        .map(|(encoding, feature)| encoding.encode(feature));
    columns
        .collect::<Option<_>>()
        .ok_or(SegmentFailure::ColumnsDiffer)
}

/// Evenly spaced rows, at most `limit`.
fn thinned(n: usize, limit: usize) -> Vec<usize> {
    let kept = n.min(limit);
    (0..kept)
        .map(|at| (at as u128 * n as u128 / kept as u128) as usize)
        .collect()
}

fn picked(columns: &[Vec<f64>], rows: &[usize]) -> Vec<Vec<f64>> {
    columns
        .iter()
        .map(|column| rows.iter().map(|&row| column[row]).collect())
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Largest difference of the empirical distribution functions; missing values lie below all others.
fn kolmogorov_smirnov(baseline: &[f64], current: &[f64]) -> f64 {
    let sorted = |values: &[f64]| -> Vec<f64> {
        let mut sorted: Vec<f64> = values
            .iter()
            .map(|&value| if value.is_nan() { f64::NEG_INFINITY } else { value })
            .collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (left, right) = (sorted(baseline), sorted(current));
    let (mut i, mut j, mut largest) = (0, 0, 0.0f64);
    while i < left.len() && j < right.len() {
        let value = left[i].min(right[j]);
        i += left[i..].partition_point(|&other| other <= value);
        j += right[j..].partition_point(|&other| other <= value);
        largest = largest.max((i as f64 / left.len() as f64 - j as f64 / right.len() as f64).abs());
    }
    largest
}
