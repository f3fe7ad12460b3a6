//! Confidence intervals from counts, masses and standard errors. Sources: [`IntervalMethod`].
//!
//! Does not know metrics. `z` is the two-sided normal quantile of the confidence, from [`normal_quantile`].

use statrs::distribution::{ContinuousCDF, Normal};

use super::result::{IntervalMethod, MetricValue};
use super::tally::Mass;

/// z with P(|Z| ≤ z) = `confidence`.
pub(crate) fn two_sided_z(confidence: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + 0.5 * confidence)
}

/// A proportion: hits by all. Without rows 0 in [0, 1], the convention that scikit-learn calls `zero_division=0`.
pub(crate) fn proportion(hits: Mass, all: Mass, z: f64) -> MetricValue {
    // Sums of weights are rounded, so that a part may exceed its whole by a bit.
    let value = if all.w > 0.0 {
        (hits.w / all.w).min(1.0)
    } else {
        0.0
    };
    let (low, high) = wilson(value, effective_rows(value, hits, all), z);
    MetricValue {
        value,
        low,
        high,
        method: IntervalMethod::Wilson,
        n: all.n,
    }
}

/// The number of equally weighted rows with the same variance, p(1−p)/V with V = Σw²(x − p)²/(Σw)² (Korn & Graubard
/// 1998, Survey Methodology 24:193); Kish's where p is 0 or 1. The number of rows where all weights are equal.
fn effective_rows(share: f64, hits: Mass, all: Mass) -> f64 {
    let missed = (all.w2 - hits.w2).max(0.0);
    let squares = hits.w2 * (1.0 - share).powi(2) + missed * share * share;
    if squares > 0.0 && share > 0.0 && share < 1.0 {
        share * (1.0 - share) * all.w * all.w / squares
    } else {
        all.effective()
    }
}

/// Wilson 1927: the p with |p̂ − p| ≤ z √(p(1−p)/n).
pub(crate) fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let square = z * z / n;
    let centre = (share + 0.5 * square) / (1.0 + square);
    let half = z * (share * (1.0 - share) / n + 0.25 * square / n).sqrt() / (1.0 + square);
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// A mean or a smooth function with its variance.
pub(crate) fn normal(value: f64, variance: f64, z: f64, n: u64) -> MetricValue {
    let half = z * variance.max(0.0).sqrt();
    MetricValue {
        value,
        low: value - half,
        high: value + half,
        method: IntervalMethod::Delta,
        n,
    }
}

/// `value` with an interval around `smoothed` on the logit scale; both between 0 and 1.
pub(crate) fn logit(value: f64, smoothed: f64, variance: f64, z: f64, n: u64) -> MetricValue {
    let centre = (smoothed / (1.0 - smoothed)).ln();
    let half = z * variance.max(0.0).sqrt() / (smoothed * (1.0 - smoothed));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    MetricValue {
        value,
        low: back(centre - half).min(value),
        high: back(centre + half).max(value),
        method: IntervalMethod::DeltaLogit,
        n,
    }
}

/// `value` with an interval around `smoothed` on Fisher's z scale; both between −1 and 1.
pub(crate) fn fisher_z(value: f64, smoothed: f64, variance: f64, z: f64, n: u64) -> MetricValue {
    let half = z * variance.max(0.0).sqrt() / (1.0 - smoothed * smoothed);
    MetricValue {
        value,
        low: (smoothed.atanh() - half).tanh().min(value),
        high: (smoothed.atanh() + half).tanh().max(value),
        method: IntervalMethod::DeltaFisherZ,
        n,
    }
}

/// The mean of independent proportions with given coefficients, Σ cᵢ pᵢ with cᵢ ≥ 0 (Zou & Donner 2008, eq. 4).
pub(crate) fn weighted_sum_of_proportions(parts: &[(f64, MetricValue)], n: u64) -> MetricValue {
    let value: f64 = parts.iter().map(|(c, part)| c * part.value).sum();
    let below: f64 = parts
        .iter()
        .map(|(c, part)| (c * (part.value - part.low)).powi(2))
        .sum();
    let above: f64 = parts
        .iter()
        .map(|(c, part)| (c * (part.high - part.value)).powi(2))
        .sum();
    MetricValue {
        value,
        low: value - below.sqrt(),
        high: value + above.sqrt(),
        method: IntervalMethod::Mover,
        n,
    }
}

/// The interval of an AUC from the numbers of positives and negatives alone (Newcombe 2006, method 5): the θ with
/// |θ̂ − θ| ≤ z √V(θ), V(θ) = θ(1−θ)[1 + (N*−1)((1−θ)/(2−θ) + θ/(1+θ))]/(mn), N* = (m+n)/2.
pub(crate) fn newcombe_auc(value: f64, n_positives: f64, n_negatives: f64, z: f64) -> (f64, f64) {
    let half_n = 0.5 * (n_positives + n_negatives);
    let inside = |theta: f64| {
        let shape = (1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta);
        let variance = theta * (1.0 - theta) * (1.0 + (half_n - 1.0) * shape) / (n_positives * n_negatives);
        (value - theta).abs() <= z * variance.max(0.0).sqrt()
    };
    // Bisection between the value, which is inside, and the border of [0, 1].
    let search = |border: f64| {
        let (mut within, mut without) = (value, border);
        for _ in 0..60 {
            let middle = 0.5 * (within + without);
            if inside(middle) {
                within = middle;
            } else {
                without = middle;
            }
        }
        within
    };
    let border = |end: f64| if value == end { end } else { search(end) };
    (border(0.0), border(1.0))
}

/// Ranks (0-based, clamped) of the order statistics that bound the quantile `probability` of `n` rows, by the normal
/// approximation of the binomial (Conover 1999, §3.2); `n` may be an effective number of rows, the answer is in shares.
pub(crate) fn quantile_shares(probability: f64, n_effective: f64, z: f64) -> (f64, f64) {
    let half = z * (probability * (1.0 - probability) / n_effective).sqrt();
    // Half a row further out, for the discreteness of ranks.
    let step = 0.5 / n_effective;
    (
        (probability - half - step).max(0.0),
        (probability + half + step).min(1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tolerance::{STATISTIC, agrees};

    #[test]
    fn wilson_is_that_of_statsmodels_and_scipy() {
        // scipy 1.17.1: scipy.stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
        for (k, n, low, high) in WILSON {
            let hits = Mass::of_rows(k);
            let found = proportion(hits, Mass::of_rows(n), two_sided_z(0.95));
            assert!(
                agrees(found.low, low, STATISTIC) || (found.low - low).abs() < STATISTIC,
                "{k}/{n}"
            );
            assert!(agrees(found.high, high, STATISTIC), "{k}/{n}");
        }
    }

    const WILSON: [(u64, u64, f64, f64); 3] = [
        (0, 30, 0.0, 0.11351339317396875),
        (29, 30, 0.8332960900859083, 0.9940914096183875),
        (700, 1000, 0.6708761390827828, 0.7275931575229951),
    ];

    #[test]
    fn a_perfect_auc_has_an_interval() {
        let (low, high) = newcombe_auc(1.0, 20.0, 30.0, two_sided_z(0.95));
        assert_eq!(high, 1.0);
        assert!(low > 0.8 && low < 0.99);
        let mirrored = newcombe_auc(0.0, 20.0, 30.0, two_sided_z(0.95));
        assert!((mirrored.1 - (1.0 - low)).abs() < STATISTIC && mirrored.0 == 0.0);
    }
}
