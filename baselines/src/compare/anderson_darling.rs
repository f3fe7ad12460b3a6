//! Two-sample Anderson–Darling test, midrank form. Knows no threshold.
//!
//! A² = (N−1)/N (1/n + 1/m) Σ_j (l_j/N) D_j² / (B_j (N − B_j) − N l_j/4), D_j = m M_j − n (B_j − M_j), over the distinct
//! pooled values with l_j rows, B_j rows below plus half of those at it, M_j the same for the baseline (F. W. Scholz,
//! M. A. Stephens, JASA 82, 1987, eq. 7). The statistic is (A² − 1)/σ_N, as SciPy's
//! `anderson_ksamp(variant="midrank")`, and so is the p-value: interpolated between Scholz and Stephens' seven
//! critical values, clipped to [0.001, 0.25].
//!
//! Fewer than four rows in all, or one distinct value: not computable. Grid counts: in an open cell D lies between
//! its values with all current or all baseline rows of the cell first; with the largest and smallest denominators
//! that bounds the sum. The p-value is that of the smallest statistic.

use std::f64::consts::PI;

use super::cells::{Cell, NumericPair};
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};

/// `numpy.polyfit(critical, log(significance), 2)` for two samples (numpy 2.4.6), as SciPy interpolates.
const LOG_P_FIT: [f64; 3] = [0.01819809457411147, -1.0082265644652515, -1.077770279820484];
/// Smallest and largest of the critical values; beyond them p is 0.25 or 0.001.
const CRITICAL: [f64; 2] = [0.325, 6.546];

/// The standardised statistic and its clipped p-value.
pub(crate) fn measure(pair: &NumericPair<'_>) -> Outcome {
    let cells = pair.cells()?;
    let rows @ [n, m] = pair.rows;
    if n + m < 4 {
        return Err(NotComputable::TooFew { needed: 2 });
    }
    if cells.len() < 2 {
        return Err(NotComputable::NoSpread);
    }
    let sum = Sum::of(cells, rows);
    let deviation = variance(rows).sqrt();
    let standardised = |a2: f64| (a2 - 1.0) / deviation;
    let statistic = standardised(sum.value);
    let mut measurement = Measurement::of(Method::AndersonDarling, Convention::Scipy, statistic, rows)?;
    if pair.is_gridded() {
        let bound = (sum.upper - sum.value).max(sum.value - sum.lower) / deviation;
        measurement.error_bound = Some(bound * (1.0 + 1e-9));
    }
    let t = standardised(sum.lower);
    let p_value = if t < CRITICAL[0] {
        0.25
    } else if t > CRITICAL[1] {
        0.001
    } else {
        LOG_P_FIT
            .iter()
            .fold(0.0, |value, coefficient| value * t + coefficient)
            .exp()
    };
    measurement.with_p_value(p_value, "interpolated, clipped to [0.001, 0.25]")
}

/// A² with its limits where cells are open.
struct Sum {
    value: f64,
    lower: f64,
    upper: f64,
}

impl Sum {
    fn of(cells: &[Cell], [n, m]: [u64; 2]) -> Self {
        let (n, m) = (n as f64, m as f64);
        let total = n + m;
        let mut sums = Self {
            value: 0.0,
            lower: 0.0,
            upper: 0.0,
        };
        // D and the pooled rows before the cell.
        let (mut d, mut below) = (0.0, 0.0);
        for cell in cells {
            let (b, c) = (cell.baseline as f64, cell.current as f64);
            let (up, down, ties) = (m * b, n * c, b + c);
            let denominator =
                |left: f64, ties: f64| left * (total - left - ties) + ties * (total - ties) / 4.0;
            let middle = d + 0.5 * (up - down);
            let term = ties / total * middle * middle / denominator(below, ties);
            sums.value += term;
            if cell.is_atom() {
                sums.lower += term;
                sums.upper += term;
            } else {
                let (least, most) = (d - down, d + up);
                let corners = [
                    denominator(below, 1.0),
                    denominator(below + ties - 1.0, 1.0),
                    denominator(below, ties),
                ];
                let smallest = corners.into_iter().fold(f64::INFINITY, f64::min);
                let centre = (total / 2.0).clamp(below, below + ties);
                let largest = centre * (total - centre) + ties * total / 4.0;
                sums.upper += ties / total * least.abs().max(most.abs()).powi(2) / smallest;
                if least > 0.0 || most < 0.0 {
                    sums.lower += ties / total * least.abs().min(most.abs()).powi(2) / largest;
                }
            }
            d += up - down;
            below += ties;
        }
        let factor = (total - 1.0) / total * (1.0 / n + 1.0 / m);
        Self {
            value: sums.value * factor,
            lower: sums.lower * factor,
            upper: sums.upper * factor,
        }
    }
}

/// Scholz and Stephens 1987 eq. 4 for k = 2. Their g = Σ_{i<j} 1/((N−i) j) has the closed form H⁽²⁾ − 2H/N, H and
/// H⁽²⁾ the harmonic numbers of N − 1.
fn variance([n, m]: [u64; 2]) -> f64 {
    let total = (n + m) as f64;
    let (h, squares) = harmonic(n + m - 1);
    let g = squares - 2.0 * h / total;
    let (k, inverse) = (2.0, 1.0 / n as f64 + 1.0 / m as f64);
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * inverse;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * inverse - 8.0 * h + 4.0 * g
        - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k
        + (4.0 * h - 4.0 * g + 6.0) * k
        + (2.0 * h - 6.0) * inverse
        + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    let numerator = ((a * total + b) * total + c) * total + d;
    numerator / ((total - 1.0) * (total - 2.0) * (total - 3.0))
}

/// H_n and H⁽²⁾_n: added up to 1,000, by the Euler–Maclaurin series from there.
fn harmonic(n: u64) -> (f64, f64) {
    if n <= 1000 {
        return (1..=n).rev().fold((0.0, 0.0), |(h, squares), i| {
            let inverse = 1.0 / i as f64;
            (h + inverse, squares + inverse * inverse)
        });
    }
    const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;
    let x = n as f64;
    let h = x.ln() + EULER_GAMMA + 0.5 / x - 1.0 / (12.0 * x * x) + 1.0 / (120.0 * x.powi(4));
    let squares = PI * PI / 6.0 - 1.0 / x + 0.5 / (x * x) - 1.0 / (6.0 * x.powi(3));
    (h, squares)
}
