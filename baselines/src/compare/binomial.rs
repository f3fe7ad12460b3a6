//! Binomial probabilities in logarithms, accurate at every magnitude (C. Loader, "Fast and accurate computation of
//! binomial probabilities", 2000). Does not know which test asks.

use std::f64::consts::TAU;

/// Loader's δ(n) = ln n! − [½ ln(2πn) + n ln n − n]: the error of Stirling's formula. n ≥ 0, need not be whole.
pub(crate) fn stirling_error(n: f64) -> f64 {
    // Bernoulli series, good to 1e-17 from 16 on; below, δ(n) = δ(n+1) + (n + ½) ln(1 + 1/n) − 1.
    let mut shifted = n;
    let mut total = 0.0;
    while shifted < 16.0 {
        if shifted == 0.0 {
            return f64::INFINITY;
        }
        total += (shifted + 0.5) * (1.0 / shifted).ln_1p() - 1.0;
        shifted += 1.0;
    }
    let inverse = 1.0 / (shifted * shifted);
    let series = 1.0 / 12.0
        - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse * (1.0 / 1680.0 - inverse / 1188.0)));
    total + series / shifted
}

/// Loader's deviance bd0(x, μ) = x ln(x/μ) + μ − x, without cancellation near x = μ. x > 0, μ > 0.
pub(crate) fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    // x ln(x/μ) with ln((1+v)/(1−v)) expanded, v = (x−μ)/(x+μ).
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    let square = v * v;
    for j in 1..1000 {
        term *= square;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// ln [ C(n, j) p^j (1−p)^(n−j) ], given δ(n). Valid for real 0 ≤ j ≤ n and 0 < p < 1.
pub(crate) fn ln_binomial(j: f64, n: f64, p: f64, error_of_n: f64) -> f64 {
    if j <= 0.0 {
        return n * (-p).ln_1p();
    }
    if j >= n {
        return n * p.ln();
    }
    let rest = n - j;
    error_of_n
        - stirling_error(j)
        - stirling_error(rest)
        - deviance(j, n * p)
        - deviance(rest, n * (1.0 - p))
        - 0.5 * (TAU * j * (rest / n)).ln()
}

/// The same where δ(n) is not at hand.
pub(crate) fn ln_binomial_at(j: f64, n: f64, p: f64) -> f64 {
    ln_binomial(j, n, p, stirling_error(n))
}
