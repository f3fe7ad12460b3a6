//! Two-sample Cramér–von Mises test. Knows no threshold.
//!
//! T = U/(nm(n+m)) − (4nm − 1)/(6(n+m)), U = n Σ (r_i − i)² + m Σ (s_j − j)², r and s the pooled midranks (T. W.
//! Anderson, Ann. Math. Stat. 33, 1962, eq. 9 and 10); SciPy's `cramervonmises_2samp`. p-value as SciPy's `auto`: exact
//! while max(n, m) ≤ 20 (Y. Xiao, A. Gordon, A. Yakovlev, J. Stat. Softw. 17(8), 2006), else the limit distribution of
//! the standardised T. Here the limit's tail is integrated directly (N. V. Smirnov 1936; see [`limit_survival`]), so
//! it keeps its relative accuracy where SciPy's 1 − CDF ends in rounding (below about 1e-6).
//!
//! Fewer than two rows on a side: not computable, as SciPy. Constant against the same constant: p = 1. Past about
//! two billion rows U leaves 128 bits: not computable. Grid counts: inside an open cell the ranks of its rows are
//! bounded by its neighbours, which bounds T; the p-value is that of the smallest T.

use std::f64::consts::PI;

use super::cells::{Cell, NumericPair};
use super::kolmogorov::gcd;
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};

/// SciPy counts orders up to here.
const MAX_EXACT_ROWS: u64 = 20;

/// T and its p-value.
pub(crate) fn measure(pair: &NumericPair<'_>) -> Outcome {
    let cells = pair.cells()?;
    let rows @ [n, m] = pair.rows;
    if n < 2 || m < 2 {
        return Err(NotComputable::TooFew { needed: 2 });
    }
    let u = FourU::of(cells, rows).ok_or(NotComputable::Infinite)?;
    let scaled = |four_u: i128| scaled_statistic(four_u, rows).ok_or(NotComputable::Infinite);
    let (value, least, most) = (scaled(u.value)?, scaled(u.least)?, scaled(u.most)?);
    let denominator = 24.0 * (n as f64 * m as f64) * (n + m) as f64;
    let statistic = value as f64 / denominator;
    let mut measurement = Measurement::of(Method::CramerVonMises, Convention::Scipy, statistic, rows)?;
    if pair.is_gridded() {
        let bound = (most - value).max(value - least) as f64 / denominator;
        measurement.error_bound = Some(bound * (1.0 + 4.0 * f64::EPSILON));
    }
    if n.max(m) <= MAX_EXACT_ROWS {
        measurement.with_p_value(exact_p_value(least, rows), "exact")
    } else {
        measurement.with_p_value(asymptotic_p_value(least as f64 / denominator, rows), "asymptotic")
    }
}

/// 24 nm(n+m) T as an integer: 6 · 4U − 4nm(4nm − 1).
fn scaled_statistic(four_u: i128, [n, m]: [u64; 2]) -> Option<i128> {
    let k = i128::from(n).checked_mul(i128::from(m))?.checked_mul(4)?;
    four_u.checked_mul(6)?.checked_sub(k.checked_mul(k - 1)?)
}

/// 4 U, with its limits where cells are open.
struct FourU {
    value: i128,
    least: i128,
    most: i128,
}

impl FourU {
    fn of(cells: &[Cell], [n, m]: [u64; 2]) -> Option<Self> {
        let mut sums = Self {
            value: 0,
            least: 0,
            most: 0,
        };
        let (mut below_b, mut below_c) = (0i128, 0i128);
        for cell in cells {
            let (b, c) = (i128::from(cell.baseline), i128::from(cell.current));
            for (own, other, below_other, factor) in [(b, c, below_c, n), (c, b, below_b, m)] {
                let factor = i128::from(factor);
                let tied = factor.checked_mul(sum_of_squares(2 * below_other + own + other + 1, own)?)?;
                sums.value = sums.value.checked_add(tied)?;
                if cell.is_atom() {
                    sums.least = sums.least.checked_add(tied)?;
                    sums.most = sums.most.checked_add(tied)?;
                } else if own > 0 {
                    // 2 (rank − own index) lies in [low, high], whatever the order and ties inside the cell.
                    let (low, high) = (2 * below_other - (own - 1), 2 * (below_other + other) + (own - 1));
                    let square = |x: i128| x.checked_mul(x)?.checked_mul(own)?.checked_mul(factor);
                    sums.least = sums.least.checked_add(square(low.max(0))?)?;
                    sums.most = sums.most.checked_add(square(high.max(-low))?)?;
                }
            }
            below_b += b;
            below_c += c;
        }
        Some(sums)
    }
}

/// Σ_{k=1..count} (a − 2k)².
fn sum_of_squares(a: i128, count: i128) -> Option<i128> {
    let squares = count.checked_mul(count + 1)?.checked_mul(2 * count + 1)? / 6;
    count
        .checked_mul(a.checked_mul(a)?)?
        .checked_sub(a.checked_mul(2)?.checked_mul(count.checked_mul(count + 1)?)?)?
        .checked_add(4 * squares)
}

/// Anderson 1962 eq. 11, 14, 15: T standardised to the mean and variance of the limit.
fn asymptotic_p_value(t: f64, [n, m]: [u64; 2]) -> f64 {
    let (n, m) = (n as f64, m as f64);
    let (total, k) = (n + m, n * m);
    let mean = (1.0 + 1.0 / total) / 6.0;
    let variance = (total + 1.0) * (4.0 * k * total - 3.0 * (n * n + m * m) - 2.0 * k)
        / (45.0 * total * total * 4.0 * k);
    limit_survival(1.0 / 6.0 + (t - mean) / (45.0 * variance).sqrt())
}

/// P(ω² > x) of the Cramér–von Mises limit: (2/π) Σ_k (−1)^(k−1) ∫ e^(−xu²/2) / √(−u sin u) du over ((2k−1)π, 2kπ).
///
/// With u = (2k − ½)π − (π/2) cos θ the integrand is smooth and even in θ at both ends: the midpoint rule converges
/// exponentially. SciPy answers 1 below 0.003, where the CDF is under 1.3e-18.
pub(crate) fn limit_survival(x: f64) -> f64 {
    const N_NODES: u32 = 512;
    if x < 0.003 {
        return 1.0;
    }
    let step = PI / f64::from(N_NODES);
    let mut total = 0.0;
    for k in 1..1000 {
        let middle = (2.0 * f64::from(k) - 0.5) * PI;
        let mut integral = 0.0;
        for node in 0..N_NODES {
            let theta = (f64::from(node) + 0.5) * step;
            let u = middle - 0.5 * PI * theta.cos();
            let root = (u * (0.5 * PI * theta.cos()).cos()).sqrt();
            integral += (-0.5 * x * u * u).exp() * theta.sin() / root;
        }
        let term = integral * step * 0.5 * PI * 2.0 / PI;
        total += if k % 2 == 1 { term } else { -term };
        if term <= 1e-17 * total {
            break;
        }
    }
    total.clamp(0.0, 1.0)
}

/// Xiao, Gordon and Yakovlev 2006, algorithm 1: how often each value of ζ occurs over all orders of both samples.
fn exact_p_value(scaled: i128, [n, m]: [u64; 2]) -> f64 {
    let lcm = n / gcd(n, m) * m;
    let (a, b) = ((lcm / m) as i64, (lcm / n) as i64);
    let k = i128::from(n * m);
    // scaled = 24 k (n+m) T, and ζ = lcm² (n+m) (n+m) T / k.
    let zeta = (i128::from(lcm * lcm) * i128::from(n + m) * scaled).div_euclid(24 * k * k);
    let mut tables: Vec<Vec<(u64, f64)>> = vec![Vec::new(); m as usize + 1];
    tables[0] = vec![(0, 1.0)];
    for u in 0..=n as i64 {
        let mut running: Vec<(u64, f64)> = Vec::new();
        for (v, table) in tables.iter_mut().enumerate() {
            running = added(&running, table);
            let step = (a * v as i64 - b * u).unsigned_abs().pow(2);
            for (value, _) in &mut running {
                *value += step;
            }
            table.clone_from(&running);
        }
    }
    let last = &tables[m as usize];
    let total: f64 = last.iter().map(|(_, count)| count).sum();
    last.iter()
        .filter(|(value, _)| i128::from(*value) >= zeta)
        .map(|(_, count)| count)
        .sum::<f64>()
        / total
}

/// Two frequency tables, ascending by value, added.
fn added(left: &[(u64, f64)], right: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let mut sum = Vec::with_capacity(left.len() + right.len());
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        let (at_l, at_r) = (
            left.get(l).map_or(u64::MAX, |e| e.0),
            right.get(r).map_or(u64::MAX, |e| e.0),
        );
        let value = at_l.min(at_r);
        let mut count = 0.0;
        if at_l == value {
            count += left[l].1;
            l += 1;
        }
        if at_r == value {
            count += right[r].1;
            r += 1;
        }
        sum.push((value, count));
    }
    sum
}
