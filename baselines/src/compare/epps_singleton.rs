//! Epps–Singleton test: empirical characteristic functions at t = 0.4 and 0.8. Knows no threshold.
//!
//! W = N g' S⁺ g with g the difference of mean (cos, sin)(t x/σ), σ half the pooled R-7 interquartile range, and
//! S = N/n S_b + N/m S_c of the biased covariances; χ² with rank(S) degrees of freedom; below 25 rows on both sides
//! times 1/(1 + N^−0.45 + 10.1 (n^−1.7 + m^−1.7)) (T. W. Epps, K. J. Singleton, J. Stat. Comput. Simul. 26, 1986; S. J.
//! Goerg, J. Kaiser, Stata J. 9, 2009). SciPy's `epps_singleton_2samp`, with its pseudo-inverse and rank rules.
//!
//! Fewer than five rows on a side, or a pooled interquartile range of 0: not computable (SciPy raises or answers
//! NaN). Needs exact values: inside a cell cos and sin have no useful bound.

use super::cells::NumericPair;
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};
use super::spread::{quantile, weighted_sum};
use super::tail::chi_square_survival;
use crate::summary::WeightedPoints;

type Vector = [f64; 4];
type Matrix = [[f64; 4]; 4];

/// W and its p-value.
pub(crate) fn measure(pair: &NumericPair<'_>) -> Outcome {
    let cells = pair.cells()?;
    if pair.is_gridded() {
        return Err(NotComputable::NeedsExactValues);
    }
    let rows @ [n, m] = pair.rows;
    if n < 5 || m < 5 {
        return Err(NotComputable::TooFew { needed: 5 });
    }
    let pooled = WeightedPoints {
        values: cells.iter().map(|cell| cell.value).collect(),
        weights: cells.iter().map(|cell| cell.baseline + cell.current).collect(),
        extents: None,
    };
    let sigma = (quantile(&pooled, 0.75) - quantile(&pooled, 0.25)) / 2.0;
    if sigma <= 0.0 {
        return Err(NotComputable::NoSpread);
    }
    let (rows_n, rows_m) = (n as f64, m as f64);
    let total = rows_n + rows_m;
    let (mean_b, covariance_b) = features(pair.baseline, sigma);
    let (mean_c, covariance_c) = features(pair.current, sigma);
    let mut covariance = [[0.0; 4]; 4];
    for (i, row) in covariance.iter_mut().enumerate() {
        for (j, entry) in row.iter_mut().enumerate() {
            *entry = total / rows_n * covariance_b[i][j] + total / rows_m * covariance_c[i][j];
        }
    }
    let difference: Vector = std::array::from_fn(|i| mean_b[i] - mean_c[i]);
    let (quadratic, rank) = pseudo_inverse_form(covariance, difference);
    let mut statistic = total * quadratic;
    if n.max(m) < 25 {
        statistic /= 1.0 + total.powf(-0.45) + 10.1 * (rows_n.powf(-1.7) + rows_m.powf(-1.7));
    }
    let degrees = rank as f64;
    let mut measurement = Measurement::of(Method::EppsSingleton, Convention::Scipy, statistic, rows)?;
    measurement.parameters.degrees_of_freedom = Some(degrees);
    measurement.with_p_value(
        if rank == 0 {
            1.0
        } else {
            chi_square_survival(statistic, degrees)
        },
        "asymptotic",
    )
}

/// Mean and biased covariance of cos and sin at both frequencies.
fn features(points: &WeightedPoints, sigma: f64) -> (Vector, Matrix) {
    const FREQUENCIES: [f64; 2] = [0.4, 0.8];
    let n = points.n() as f64;
    let feature = |i: usize, value: f64| {
        let phase = FREQUENCIES[i % 2] / sigma * value;
        if i < 2 { phase.cos() } else { phase.sin() }
    };
    let mean: Vector = std::array::from_fn(|i| weighted_sum(points, |value| feature(i, value)) / n);
    let mut covariance = [[0.0; 4]; 4];
    for (&value, &weight) in points.values.iter().zip(&points.weights) {
        let off: Vector = std::array::from_fn(|i| feature(i, value) - mean[i]);
        for i in 0..4 {
            for j in 0..4 {
                covariance[i][j] += weight as f64 * off[i] * off[j];
            }
        }
    }
    covariance.iter_mut().flatten().for_each(|entry| *entry /= n);
    (mean, covariance)
}

/// g' S⁺ g and the rank of S⁺, by Jacobi's eigenvalue rotations; NumPy's cut-offs for pseudo-inverse and rank.
fn pseudo_inverse_form(mut s: Matrix, g: Vector) -> (f64, usize) {
    let mut vectors: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for _ in 0..100 {
        let off: f64 = (0..4)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| s[i][j].abs())
            .sum();
        if off == 0.0 {
            break;
        }
        for p in 0..3 {
            for q in p + 1..4 {
                rotate(&mut s, &mut vectors, p, q);
            }
        }
    }
    let largest = (0..4).map(|i| s[i][i].abs()).fold(0.0, f64::max);
    let kept: Vec<usize> = (0..4).filter(|&i| s[i][i].abs() > 1e-15 * largest).collect();
    let smallest = kept.iter().map(|&i| s[i][i].abs()).fold(f64::INFINITY, f64::min);
    let form = kept
        .iter()
        .map(|&i| {
            let projection: f64 = (0..4).map(|row| vectors[row][i] * g[row]).sum();
            projection * projection / s[i][i]
        })
        .sum();
    let rank = kept
        .iter()
        .filter(|&&i| 1.0 / s[i][i].abs() > 4.0 * f64::EPSILON / smallest)
        .count();
    (form, rank)
}

/// One Jacobi rotation that clears s[p][q].
fn rotate(s: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    if s[p][q] == 0.0 {
        return;
    }
    let theta = (s[q][q] - s[p][p]) / (2.0 * s[p][q]);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let sine = t * c;
    for row in s.iter_mut() {
        (row[p], row[q]) = (c * row[p] - sine * row[q], sine * row[p] + c * row[q]);
    }
    let (row_p, row_q) = (s[p], s[q]);
    s[p] = std::array::from_fn(|column| c * row_p[column] - sine * row_q[column]);
    s[q] = std::array::from_fn(|column| sine * row_p[column] + c * row_q[column]);
    for row in vectors.iter_mut() {
        (row[p], row[q]) = (c * row[p] - sine * row[q], sine * row[p] + c * row[q]);
    }
    (s[p][q], s[q][p]) = (0.0, 0.0);
}
