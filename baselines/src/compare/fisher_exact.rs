//! Fisher's exact test of a 2 × 2 table, two-sided. Knows no threshold.
//!
//! Table: one row per side, one column per category, ascending by text. Statistic: sample odds ratio ad/(bc).
//! p = Σ of the hypergeometric probabilities that are at most that of the table (R. A. Fisher 1935), within a factor
//! 1 + 1e-14 as SciPy's `fisher_exact`.
//!
//! Not two categories over both sides, or an empty side: not computable. A zero cell that would make the ratio
//! infinite: half a row is added to each cell for the ratio (J. B. S. Haldane 1955; `zero_rule` says so; SciPy: inf).
//! Evidently raises unless n = m; reproduced, with its p-value as the number.

use super::binomial::{ln_binomial, stirling_error};
use super::categories::CategoryCounts;
use super::chi_square::table;
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};

/// Odds ratio and p-value.
pub(crate) fn measure(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let [[a, c], [b, d]] = two_by_two(baseline, current)?;
    let rows = [baseline.n(), current.n()];
    let infinite = b * c == 0.0;
    let ratio = if infinite {
        (a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5))
    } else {
        a * d / (b * c)
    };
    let mut measurement = Measurement::of(Method::FisherExact, Convention::Scipy, ratio, rows)?;
    if infinite {
        measurement.convention = Convention::House;
        measurement.parameters.zero_rule = Some("add half to each cell");
    }
    measurement.with_p_value(two_sided(a as u64, rows, (a + c) as u64), "exact")
}

/// Evidently's p-value.
pub(crate) fn evidently(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let measurement = measure(baseline, current)?;
    if baseline.n() != current.n() {
        return Err(NotComputable::MakerFails);
    }
    measurement.reported_as_p_value(Convention::Evidently)
}

/// The columns of a table of exactly two categories: [baseline, current] rows of each.
pub(crate) fn two_by_two(
    baseline: &CategoryCounts,
    current: &CategoryCounts,
) -> Result<[[f64; 2]; 2], NotComputable> {
    let table = table(baseline, current)?;
    <[[f64; 2]; 2]>::try_from(table).map_err(|_| NotComputable::NotTwoCategories)
}

/// Σ P(x) ≤ P(a) over the hypergeometric distribution of the first cell, with `k` rows in the first column.
fn two_sided(a: u64, [n, m]: [u64; 2], k: u64) -> f64 {
    let (low, high) = (k.saturating_sub(m), k.min(n));
    if low == high {
        return 1.0;
    }
    let ln_p = hypergeometric(n as f64, m as f64, k as f64);
    let observed = ln_p(a);
    let mode = ((u128::from(k + 1) * u128::from(n + 1)) / u128::from(n + m + 2)) as u64;
    let mode = mode.clamp(low, high);
    // Probabilities fall away from the mode on both sides: the terms at most as likely form two tails.
    let limit = observed + 1e-14;
    let fits = |x: u64| ln_p(x) <= limit;
    if fits(mode) {
        return 1.0;
    }
    let (left, right) = if a < mode {
        (
            Some(a),
            last_where(mode, high, |x| !fits(x))
                .checked_add(1)
                .filter(|&x| x <= high),
        )
    } else {
        let offset = last_where(0, mode - low, |step| !fits(mode - step));
        ((mode - low > offset).then(|| mode - offset - 1), Some(a))
    };
    let ratio_up = |x: f64| (k as f64 - x) * (n as f64 - x) / ((x + 1.0) * (m as f64 - k as f64 + x + 1.0));
    let mut sum = 0.0;
    if let Some(start) = left {
        let (mut term, mut x) = (ln_p(start).exp(), start);
        while term > 0.0 {
            sum += term;
            if x == low || term < 1e-18 * sum {
                break;
            }
            x -= 1;
            term /= ratio_up(x as f64);
        }
    }
    if let Some(start) = right {
        let (mut term, mut x) = (ln_p(start).exp(), start);
        while term > 0.0 {
            sum += term;
            if x == high || term < 1e-18 * sum {
                break;
            }
            term *= ratio_up(x as f64);
            x += 1;
        }
    }
    sum.min(1.0)
}

/// Largest x in [from, to] with `holds`, which holds at `from` and, once false, stays false.
fn last_where(from: u64, to: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut yes, mut no) = (from, to + 1);
    while no - yes > 1 {
        let middle = yes + (no - yes) / 2;
        if holds(middle) { yes = middle } else { no = middle }
    }
    yes
}

/// ln of the hypergeometric probability of `x` among `n` rows, with `k` of all `n + m` rows having the property.
pub(crate) fn ln_hypergeometric(n: f64, m: f64, k: f64, x: f64) -> f64 {
    hypergeometric(n, m, k)(x as u64)
}

/// ln P(x) = ln [b(x; n, p) b(k−x; m, p) / b(k; n+m, p)] with p = k/(n+m) (Loader 2000).
fn hypergeometric(n: f64, m: f64, k: f64) -> impl Fn(u64) -> f64 {
    let p = k / (n + m);
    let (error_n, error_m) = (stirling_error(n), stirling_error(m));
    let whole = ln_binomial(k, n + m, p, stirling_error(n + m));
    move |x| {
        let x = x as f64;
        ln_binomial(x, n, p, error_n) + ln_binomial(k - x, m, p, error_m) - whole
    }
}
