//! Mann–Whitney U test (Wilcoxon rank sum), two-sided. Knows no threshold.
//!
//! U = Σ over baseline rows of the current rows below it, ties counting ½ (H. B. Mann, D. R. Whitney 1947); the
//! statistic is SciPy's `mannwhitneyu(baseline, current).statistic`. p-value as SciPy's `auto`: exact where one side
//! has at most 8 rows and there is no tie, else normal with tie and continuity correction. Companion `p_value_less`:
//! one-sided, alternative "baseline lower", which is what Evidently reports. Symmetric: U of the swapped sides is
//! nm − U.
//!
//! Empty side: not computable. All rows equal: p = 1. Grid counts: rows of both sides in one open cell can go either
//! way, so U is off by at most half their product; the two-sided p-value is that of the U nearest to nm/2 with no
//! ties inside open cells.

use super::cells::NumericPair;
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};
use super::tail::normal_survival;

/// SciPy's rule: exact only where one side is this small.
const MAX_EXACT_ROWS: u64 = 8;
/// Counts of the exact distribution we are ready to hold; more rows than that take the normal limit.
const MAX_EXACT_COUNTS: u64 = 4_000_000;

/// U and its p-value.
pub(crate) fn measure(pair: &NumericPair<'_>) -> Outcome {
    let cells = pair.cells()?;
    let rows @ [n, m] = pair.rows;
    let (mut twice_u, mut twice_open, mut below_c) = (0u128, 0u128, 0u128);
    let (mut tie_term, mut tied) = (0.0, false);
    for cell in cells {
        let (b, c) = (u128::from(cell.baseline), u128::from(cell.current));
        twice_u += b * (2 * below_c + c);
        below_c += c;
        if cell.is_atom() {
            let ties = (b + c) as f64;
            tie_term += ties * ties * ties - ties;
            tied |= b + c > 1;
        } else {
            twice_open += b * c;
            tied |= b + c > 1;
        }
    }
    let product = u128::from(n) * u128::from(m);
    let mut measurement =
        Measurement::of(Method::MannWhitney, Convention::Scipy, twice_u as f64 / 2.0, rows)?;
    if pair.is_gridded() {
        measurement.error_bound = Some(twice_open as f64 / 2.0);
    }
    // Distance of 2U from its mean nm, as small as open cells allow.
    let off_centre = twice_u.abs_diff(product).saturating_sub(twice_open);
    if n.min(m) <= MAX_EXACT_ROWS && !tied && n.min(m) * n.max(m) <= MAX_EXACT_COUNTS {
        let far = (product as u64 - off_centre as u64) / 2;
        let less = |twice: u128| exact_at_most(n.min(m), n.max(m), (twice / 2) as u64);
        let p_less = less(twice_u);
        return measurement
            .with_companion("p_value_less", p_less)
            .with_p_value(2.0 * exact_at_most(n.min(m), n.max(m), far), "exact");
    }
    let (rows_n, rows_m) = (n as f64, m as f64);
    let total = rows_n + rows_m;
    let variance = rows_n * rows_m / 12.0 * ((total + 1.0) - tie_term / (total * (total - 1.0)));
    if variance <= 0.0 {
        return measurement
            .with_companion("p_value_less", 1.0)
            .with_p_value(1.0, "no spread");
    }
    let deviation = variance.sqrt();
    let z = (off_centre as f64 / 2.0 - 0.5) / deviation;
    let signed = (product as f64 - twice_u as f64) / 2.0;
    measurement
        .with_companion("p_value_less", normal_survival((signed - 0.5) / deviation))
        .with_p_value((2.0 * normal_survival(z)).min(1.0), "asymptotic")
}

/// P(U ≤ u): U counts as coefficients of the Gaussian binomial Π_{i=1..k} (1 − q^(m+i))/(1 − q^i).
fn exact_at_most(k: u64, m: u64, u: u64) -> f64 {
    // By symmetry P(U ≤ u) = 1 − P(U ≤ km − u − 1): only the shorter side is counted.
    if u >= k * m {
        return 1.0;
    }
    if 2 * u >= k * m {
        return 1.0 - exact_at_most(k, m, k * m - u - 1);
    }
    let size = u as usize + 1;
    let mut counts = vec![0.0f64; size];
    counts[0] = 1.0;
    let mut total = 1.0;
    for i in 1..=k as usize {
        let shift = m as usize + i;
        for idx in (shift..size).rev() {
            counts[idx] -= counts[idx - shift];
        }
        for idx in i..size {
            counts[idx] += counts[idx - i];
        }
        total *= (m as f64 + i as f64) / i as f64;
    }
    (counts.iter().sum::<f64>() / total).clamp(0.0, 1.0)
}

/// Evidently's number: the one-sided p-value.
pub(crate) fn evidently(pair: &NumericPair<'_>) -> Outcome {
    let mut measurement = measure(pair)?;
    let less = measurement
        .companion("p_value_less")
        .ok_or(NotComputable::MakerFails)?;
    measurement.p_value = Some(less);
    measurement.companions.clear();
    measurement.reported_as_p_value(Convention::Evidently)
}
