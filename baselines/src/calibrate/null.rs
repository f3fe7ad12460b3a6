//! Tail probabilities of a component's statistic, with a null scale that is known or estimated.
//!
//! With s² estimated with ν degrees of freedom, the statistic over s has the tails of its own distribution mixed over
//! χ²_ν/ν: Student's t for a normal, F for chi-square. Does not know samples.

use statrs::function::beta::checked_beta_reg;

use super::component::Distribution;
use super::ladder::NullScale;
use super::normal::two_sided;
use crate::compare::{chi_square_survival, student_two_sided};

/// P(statistic ≥ `statistic`) without drift. For a known scale of 1 callers may know better (exact p-values).
pub(super) fn tail(distribution: Distribution, statistic: f64, scale: NullScale) -> f64 {
    let scaled = statistic / scale.scale;
    let normal = |z: f64| match scale.freedom {
        Some(freedom) => student_two_sided(z, freedom),
        None => two_sided(z),
    };
    let p = match distribution {
        Distribution::Normal => normal(scaled),
        Distribution::LargestNormal { k } => sidak(normal(scaled), k),
        Distribution::ChiSquare { degrees_of_freedom } => match scale.freedom {
            Some(freedom) => fisher_survival(scaled * scaled, degrees_of_freedom, freedom),
            None => chi_square_survival(scaled * scaled * degrees_of_freedom, degrees_of_freedom),
        },
        Distribution::Kolmogorov => kolmogorov(scaled, scale.freedom),
    };
    if p.is_finite() { p.clamp(0.0, 1.0) } else { 1.0 }
}

/// Šidák's bound `1 − (1 − p)^k` of the smallest of k p-values.
///
/// With `k` the inverse of a weight, weights adding up to 1, the smallest of these over several hypotheses keeps its level as the
/// union bound does (Holm's weighted form, S. Holm, Scand. J. Stat. 6, 1979; Z. Šidák, J. Am. Stat. Assoc. 62, 1967).
pub(super) fn sidak(p: f64, k: f64) -> f64 {
    -(k * (-p.clamp(0.0, 1.0)).ln_1p()).exp_m1()
}

/// Several p-values of one hypothesis as one: the Cauchy combination `½ − arctan(Σ wᵢ tan((½ − pᵢ)π))/π`, weights adding
/// up to 1 (Y. Liu, J. Xie, J. Am. Stat. Assoc. 115, 2020).
///
/// Far out in the tail it keeps its level whatever the dependence of the pᵢ, and a change that several tests see counts for
/// more than in Bonferroni's bound. p-values near 1 (discrete tests give exactly 1) are taken for 0.95, as the tangent has
/// no end there; no pᵢ: 1.
pub(super) fn combine(p_values: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (p, weight) in p_values {
        total += weight;
        let p = p.clamp(f64::MIN_POSITIVE, LARGEST_P);
        // tan((½ − p)π) = 1/tan(pπ), which keeps its digits.
        sum += weight / (p * std::f64::consts::PI).tan();
    }
    if total <= 0.0 {
        return 1.0;
    }
    let cauchy = sum / total;
    // ½ − arctan(x)/π loses its digits where x is large; arctan(1/x)/π is the same.
    let p = if cauchy > 1.0 {
        (1.0 / cauchy).atan() / std::f64::consts::PI
    } else {
        0.5 - cauchy.atan() / std::f64::consts::PI
    };
    if p.is_finite() { p.clamp(0.0, 1.0) } else { 1.0 }
}

/// Largest p-value that enters a combination as it is.
const LARGEST_P: f64 = 0.95;

/// The statistic at which [`tail`] is `p`, by bisection; at most 1e6.
pub(super) fn critical(distribution: Distribution, p: f64, scale: NullScale) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while tail(distribution, high, scale) > p {
        high *= 2.0;
        if high > 1e6 {
            return 1e6;
        }
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if tail(distribution, middle, scale) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// P(F_{k,ν} ≥ f) = I_{ν/(ν+kf)}(ν/2, k/2).
fn fisher_survival(f: f64, k: f64, freedom: f64) -> f64 {
    let x = freedom / (freedom + k * f);
    checked_beta_reg(0.5 * freedom, 0.5 * k, x).unwrap_or(1.0)
}

/// 2 Σ (−1)^(j−1) exp(−2j²λ²) (Kolmogorov 1933; Smirnov 1948). With an estimated scale only its first term, an upper
/// bound since the terms alternate and fall, mixed over χ²_ν/ν by that distribution's moment-generating function:
/// `2·(1 + 4λ²/ν)^(−ν/2)`.
fn kolmogorov(lambda: f64, freedom: Option<f64>) -> f64 {
    let square = lambda * lambda;
    if let Some(freedom) = freedom {
        return 2.0 * (-0.5 * freedom * (4.0 * square / freedom).ln_1p()).exp();
    }
    if lambda < 0.2 {
        return 1.0;
    }
    let mut sum = 0.0;
    for j in 1..=100 {
        let term = (-2.0 * f64::from(j * j) * square).exp();
        sum += if j % 2 == 1 { term } else { -term };
        if term < 1e-17 * sum {
            break;
        }
    }
    2.0 * sum
}
