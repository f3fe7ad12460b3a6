//! The best constant classifier: what a model scores that always answers the most frequent label.
//!
//! Model Monitor's `…_best_constant_classifier` (contract §4.4). Of equally frequent labels the first in the order of
//! the confusion matrix is taken. No interval: it is a yardstick, not an estimate.

use std::collections::BTreeMap;

use super::result::QualityResult;
use super::sampling::standard_deviation;

/// Model Monitor's suffix of the constant's metrics.
pub(crate) const SUFFIX: &str = "_best_constant_classifier";

/// Standard deviations of the constant's metrics over Model Monitor's draws, under their names with [`SUFFIX`].
pub(crate) fn put_deviations(result: &mut QualityResult, draws: &[BTreeMap<String, f64>]) {
    for name in result.best_constant_classifier.keys() {
        let values: Vec<Option<f64>> = draws.iter().map(|draw| draw.get(name).copied()).collect();
        if let Some(deviation) = standard_deviation(&values) {
            result
                .standard_deviations
                .insert(format!("{name}{SUFFIX}"), deviation);
        }
    }
}

/// Rows by label, in the order of the confusion matrix → the constant's class.
pub(crate) fn most_frequent(supports: &[f64]) -> Option<usize> {
    (0..supports.len())
        .rev()
        .max_by(|&a, &b| supports[a].total_cmp(&supports[b]))
}

/// Metrics of the constant in a binary problem; `supports` is negatives, positives.
pub(crate) fn binary(supports: [f64; 2]) -> BTreeMap<String, f64> {
    let all = supports[0] + supports[1];
    if all <= 0.0 {
        return BTreeMap::new();
    }
    let positive = most_frequent(&supports) == Some(1);
    let precision = supports[1] / all;
    let recall = f64::from(u8::from(positive && supports[1] > 0.0));
    let f = |beta: f64| {
        let square = beta * beta;
        (1.0 + square) * supports[1] / ((1.0 + square) * supports[1] + supports[0])
    };
    let or_zero = |value: f64| if positive { value } else { 0.0 };
    [
        ("accuracy", supports[0].max(supports[1]) / all),
        ("precision", or_zero(precision)),
        ("recall", recall),
        ("f0.5", or_zero(f(0.5))),
        ("f1", or_zero(f(1.0))),
        ("f2", or_zero(f(2.0))),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Metrics of the constant with more classes: weighted by support, all classes but one have recall and precision 0.
pub(crate) fn multiclass(supports: &[f64]) -> BTreeMap<String, f64> {
    let all: f64 = supports.iter().sum();
    let Some(class) = most_frequent(supports).filter(|_| all > 0.0) else {
        return BTreeMap::new();
    };
    let share = supports[class] / all;
    let f = |beta: f64| {
        let square = beta * beta;
        // Precision is the share, recall is 1.
        share * (1.0 + square) * share / (square * share + 1.0)
    };
    [
        ("accuracy", share),
        ("weighted_precision", share * share),
        ("weighted_recall", share),
        ("weighted_f0.5", f(0.5)),
        ("weighted_f1", f(1.0)),
        ("weighted_f2", f(2.0)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
