//! Survival functions of the Kolmogorov–Smirnov statistic: one sample of n (as SciPy's `kstwo.sf`), and two samples
//! by counting lattice paths (as SciPy's `ks_2samp(method="exact")`).
//!
//! Sources: R. Simard, P. L'Ecuyer, "Computing the two-sided Kolmogorov–Smirnov distribution", J. Stat. Softw. 39(11),
//! 2011 (which method where); G. Marsaglia, W. W. Tsang, J. Wang, J. Stat. Softw. 8(18), 2003 (matrix);
//! W. Pelz, I. J. Good, J. R. Stat. Soc. B 38, 1976 (series); N. V. Smirnov 1944 (one-sided sum);
//! J. L. Hodges, Arkiv för Matematik 3, 1958 (paths). Does not know samples.

use std::f64::consts::PI;

use super::binomial::{ln_binomial, stirling_error};

/// P(D_n ≥ d) of the two-sided one-sample statistic, n ≥ 1.
pub(crate) fn survival(n: u64, d: f64) -> f64 {
    let n_rows = n as f64;
    let scaled = n_rows * d;
    if d >= 1.0 {
        return 0.0;
    }
    if scaled <= 0.5 {
        return 1.0;
    }
    if scaled >= n_rows - 1.0 {
        return (2.0 * (n_rows * (-d).ln_1p()).exp()).min(1.0);
    }
    let squared = scaled * d;
    if d >= 0.5 || squared >= if n <= 140 { 4.0 } else { 2.2 } {
        return (2.0 * smirnov(n_rows, d)).clamp(0.0, 1.0);
    }
    let distribution = if n <= 140 || (n <= 100_000 && scaled * d.sqrt() <= 1.4) {
        marsaglia_tsang_wang(n, d)
    } else {
        pelz_good(n_rows, d)
    };
    (1.0 - distribution).clamp(0.0, 1.0)
}

/// Smirnov's one-sided P(D⁺_n ≥ d) = d Σ_j C(n,j) (d + j/n)^(j−1) (1 − d − j/n)^(n−j), j ≤ n(1−d).
///
/// Past 65,536 rows the terms are sampled at 16,384 evenly spaced j: they form a smooth bump that vanishes at both
/// ends, where the trapezoidal rule converges exponentially.
fn smirnov(n: f64, d: f64) -> f64 {
    if 2.0 * n * d * d > 760.0 {
        return 0.0;
    }
    let last = (n * (1.0 - d)).floor();
    let stride = if n > 65_536.0 { n / 16_384.0 } else { 1.0 };
    let error_of_n = stirling_error(n);
    let n_terms = (last / stride).floor() as u64;
    let mut sum = 0.0;
    for idx in 0..=n_terms {
        let j = idx as f64 * stride;
        let p = d + j / n;
        if p < 1.0 {
            sum += ln_binomial(j, n, p, error_of_n).exp() / p;
        }
    }
    d * sum * stride
}

/// Marsaglia, Tsang and Wang 2003: P(D_n < d) as an entry of the n-th power of a (2k−1)² matrix.
fn marsaglia_tsang_wang(n: u64, d: f64) -> f64 {
    let scaled = n as f64 * d;
    let k = scaled.floor() as usize + 1;
    let size = 2 * k - 1;
    let h = k as f64 - scaled;
    let mut matrix = Scaled {
        size,
        exponent: 0,
        entries: vec![0.0; size * size],
    };
    for row in 0..size {
        for column in 0..size.min(row + 2) {
            matrix.entries[row * size + column] = 1.0;
        }
    }
    for idx in 0..size {
        matrix.entries[idx * size] -= h.powi(idx as i32 + 1);
        matrix.entries[(size - 1) * size + idx] -= h.powi((size - idx) as i32);
    }
    if 2.0 * h > 1.0 {
        matrix.entries[(size - 1) * size] += (2.0 * h - 1.0).powi(size as i32);
    }
    for row in 0..size {
        let mut factorial = 1.0;
        for column in (0..=row).rev() {
            factorial *= (row - column + 1) as f64;
            matrix.entries[row * size + column] /= factorial;
        }
    }
    let power = matrix.power(n);
    let mut value = power.entries[(k - 1) * size + k - 1];
    let mut exponent = power.exponent;
    for i in 1..=n {
        value *= i as f64 / n as f64;
        if value < 1e-140 {
            value *= 1e140;
            exponent -= 140;
        }
    }
    value * 10f64.powi(exponent)
}

/// A square matrix times 10^exponent.
struct Scaled {
    size: usize,
    exponent: i32,
    entries: Vec<f64>,
}

impl Scaled {
    fn times(&self, other: &Self) -> Self {
        let size = self.size;
        let mut entries = vec![0.0; size * size];
        for row in 0..size {
            for inner in 0..size {
                let factor = self.entries[row * size + inner];
                for column in 0..size {
                    entries[row * size + column] += factor * other.entries[inner * size + column];
                }
            }
        }
        let mut product = Self {
            size,
            exponent: self.exponent + other.exponent,
            entries,
        };
        if product.entries[(size / 2) * size + size / 2] > 1e140 {
            product.entries.iter_mut().for_each(|entry| *entry *= 1e-140);
            product.exponent += 140;
        }
        product
    }

    fn power(&self, n: u64) -> Self {
        let mut result: Option<Self> = None;
        for bit in (0..64 - n.leading_zeros()).rev() {
            result = Some(match result {
                None => Self {
                    size: self.size,
                    exponent: self.exponent,
                    entries: self.entries.clone(),
                },
                Some(half) => {
                    let square = half.times(&half);
                    if n >> bit & 1 == 1 {
                        square.times(self)
                    } else {
                        square
                    }
                }
            });
        }
        result.unwrap_or_else(|| Self {
            size: self.size,
            exponent: 0,
            entries: self.entries.clone(),
        })
    }
}

/// Pelz and Good 1976, as in Simard and L'Ecuyer eq. (8)–(12): K0 + K1/√n + K2/n + K3/n^(3/2) at z = √n d.
fn pelz_good(n: f64, d: f64) -> f64 {
    let z = n.sqrt() * d;
    let (z2, pi2) = (z * z, PI * PI);
    let (z4, z6) = (z2 * z2, z2 * z2 * z2);
    let root_half_pi = (PI / 2.0).sqrt();
    let (mut k0, mut k1, mut k2, mut k3) = (0.0, 0.0, 0.0, 0.0);
    let (mut k2_whole, mut k3_whole) = (0.0, 0.0);
    // Each sum runs over all integers; both signs give the same term.
    for k in 0..200 {
        let half = f64::from(k) + 0.5;
        let square = pi2 * half * half;
        let weight = 2.0 * (-square / (2.0 * z2)).exp();
        k0 += weight;
        k1 += (square - z2) * weight;
        k2 += ((6.0 * z6 + 2.0 * z4) + (2.0 * z4 - 5.0 * z2) * square + (1.0 - 2.0 * z2) * square * square)
            * weight;
        k3 += (square.powi(3) * (5.0 - 30.0 * z2)
            + square * square * (-60.0 * z2 + 212.0 * z4)
            + square * (135.0 * z4 - 96.0 * z6)
            - (30.0 * z6 + 90.0 * z4 * z4))
            * weight;
        let whole = pi2 * f64::from(k) * f64::from(k);
        let whole_weight = 2.0 * (-whole / (2.0 * z2)).exp();
        k2_whole += whole * whole_weight;
        k3_whole += (3.0 * whole * z2 - whole * whole) * whole_weight;
        if weight == 0.0 {
            break;
        }
    }
    k0 *= root_half_pi / z;
    k1 *= root_half_pi / (6.0 * z4);
    k2 = k2 * root_half_pi / (72.0 * z6 * z) - k2_whole * root_half_pi / (36.0 * z2 * z);
    k3 = k3 * root_half_pi / (6480.0 * z4 * z6) + k3_whole * root_half_pi / (216.0 * z6);
    (k0 + k1 / n.sqrt() + k2 / n + k3 / (n * n.sqrt())).clamp(0.0, 1.0)
}

/// P(D ≥ h / lcm(n, m)) for two samples without ties: the share of lattice paths from (0,0) to (n,m) that touch
/// |x/n − y/m| ≥ h / lcm.
pub(crate) fn two_sample_exact(n: u64, m: u64, h: u64) -> f64 {
    if h == 0 {
        return 1.0;
    }
    if n == m {
        square_paths(n, h)
    } else {
        rectangle_paths(n, m, h)
    }
}

/// Reflection principle for n = m: 2 Σ_k (−1)^(k−1) C(2n, n−kh) / C(2n, n), summed from the far end as
/// nested products so that nothing cancels.
fn square_paths(n: u64, h: u64) -> f64 {
    let mut outside = 0.0;
    for k in (0..=n / h).rev() {
        let mut ratio = 1.0;
        for j in 0..h {
            ratio *= (n as f64 - (k * h + j) as f64) / (n + k * h + j + 1) as f64;
        }
        outside = ratio * (1.0 - outside);
    }
    (2.0 * outside).clamp(0.0, 1.0)
}

/// A random path to (x, y) came from (x−1, y) with probability x/(x+y). So the share of paths that have touched
/// obeys Q(x,y) = [x Q(x−1,y) + y Q(x,y−1)]/(x+y), with Q = 1 outside: positive terms only. Diagonal by diagonal.
fn rectangle_paths(n: u64, m: u64, h: u64) -> f64 {
    let divisor = gcd(n, m);
    let (step_x, step_y) = ((m / divisor) as i64, (n / divisor) as i64);
    let (n, m, h) = (n as i64, m as i64, h as i64);
    // Hoeffding for sampling without replacement, summed over all pooled ranks: below 1e-330 it is 0 in f64.
    let d = h as f64 / (n as f64 * step_x as f64);
    let total = (n + m) as f64;
    let exponent = 2.0 * d * d * (n as f64 / total) * (m as f64 / total) * n.max(m) as f64;
    if exponent - (2.0 * total).ln() > 760.0 {
        return 0.0;
    }
    // `touched[x]` is Q(x, s − x); whatever is outside the band holds 1. The band never moves left.
    let positions: Vec<f64> = (0..=n).map(|x| x as f64).collect();
    let mut touched = vec![1.0f64; n as usize + 1];
    let mut before = touched.clone();
    touched[0] = 0.0;
    let width = step_x + step_y;
    for s in 1..=n + m {
        let low = ((s * step_y - h).div_euclid(width) + 1).max(s - m).max(0) as usize;
        let high = (s * step_y + h - 1).div_euclid(width).min(n).min(s);
        if high < low as i64 {
            return 1.0;
        }
        let high = high as usize;
        std::mem::swap(&mut touched, &mut before);
        let (rows, inverse) = (s as f64, 1.0 / s as f64);
        if low == 0 {
            touched[0] = before[0];
        } else {
            touched[low - 1] = 1.0;
        }
        let first = low.max(1);
        let from = before[first - 1..high].iter().zip(&before[first..=high]);
        for ((out, &x), (&left, &down)) in touched[first..=high]
            .iter_mut()
            .zip(&positions[first..=high])
            .zip(from)
        {
            *out = (x * left + (rows - x) * down) * inverse;
        }
    }
    touched[n as usize].clamp(0.0, 1.0)
}

/// Greatest common divisor.
pub(crate) fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tolerance::{P_VALUE, agrees};

    fn reference() -> serde_json::Value {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/reference/compare/kolmogorov.json"
        );
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    // scipy 1.17.1: stats.kstwo.sf(d, n). Pelz–Good near p = 1 has an absolute error of about 1e-10.
    #[test]
    fn one_sample_survival_is_scipys() {
        for row in reference()["one_sample"].as_array().unwrap() {
            let (n, d, expected) = (
                row[0].as_u64().unwrap(),
                row[1].as_f64().unwrap(),
                row[2].as_f64().unwrap(),
            );
            let actual = survival(n, d);
            assert!(
                agrees(actual, expected, P_VALUE),
                "n {n} d {d}: {actual:e} vs {expected:e}"
            );
        }
    }

    // scipy 1.17.1: what ks_2samp(method="exact") evaluates.
    #[test]
    fn two_sample_paths_are_scipys() {
        for row in reference()["two_sample"].as_array().unwrap() {
            let [n, m, h] = [0, 1, 2].map(|idx| row[idx].as_u64().unwrap());
            let expected = row[3].as_f64().unwrap();
            let actual = two_sample_exact(n, m, h);
            let underflown = expected < f64::MIN_POSITIVE && actual < f64::MIN_POSITIVE;
            assert!(
                underflown || agrees(actual, expected, P_VALUE),
                "{n} {m} {h}: {actual:e} vs {expected:e}"
            );
        }
    }
}
