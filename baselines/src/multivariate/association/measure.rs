//! How strongly two columns of one side go together, each with the standard error of its estimate.
//!
//! Does not know the other side. All measures answer none where a column has one value only, or a square is not
//! finite. The variance of η² and φ² is that at independence plus a part that grows with the strength of the
//! association, as a noncentral χ² has it, 2k + 4λ; the slope is that of the delta method, from each row's influence.

use hashbrown::HashMap;

use crate::multivariate::roc::midranks;

/// An estimate, and its variance as a function of the true strength.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    /// The measure as people know it.
    pub(crate) value: f64,
    /// The scale on which sides are subtracted.
    pub(crate) scaled: f64,
    /// Variance of `scaled` where the true one is 0.
    pub(crate) variance_at_independence: f64,
    /// What a true `scaled` of 1 adds to it.
    pub(crate) variance_slope: f64,
}

impl Estimate {
    /// Variance of `scaled` where the true one is `strength`.
    pub(crate) fn variance(&self, strength: f64) -> f64 {
        self.variance_at_independence + self.variance_slope * strength.max(0.0)
    }
}

/// A column in standard form: Σx = 0, Σx² = 1.
pub(crate) fn unit_vector(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| x / n).sum::<f64>();
    let largest = values
        .iter()
        .fold(0.0f64, |largest, x| largest.max((x - mean).abs()));
    let first = *values.first()?;
    if values.iter().all(|x| *x == first) || !largest.is_finite() || largest <= 0.0 {
        return None;
    }
    let length = values
        .iter()
        .map(|x| ((x - mean) / largest).powi(2))
        .sum::<f64>()
        .sqrt();
    Some(values.iter().map(|x| (x - mean) / largest / length).collect())
}

/// Ranks of a column in standard form.
pub(crate) fn unit_ranks(values: &[f64]) -> Option<Vec<f64>> {
    unit_vector(&midranks(values).0)
}

pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(x, y)| x * y)
        .sum::<f64>()
        .clamp(-1.0, 1.0)
}

/// Pearson's r on Fisher's scale: z = artanh r, variance 1/(n − 3) (R. A. Fisher 1921), for bivariate normal columns.
pub(crate) fn pearson(r: f64, n: usize) -> Estimate {
    Estimate {
        value: r,
        scaled: artanh(r),
        variance_at_independence: 1.0 / (n as f64 - 3.0),
        variance_slope: 0.0,
    }
}

/// Spearman's ρ on Fisher's scale, variance (1 + ρ²/2)/(n − 3) (D. G. Bonett, T. A. Wright, Psychometrika 65, 2000).
pub(crate) fn spearman(rho: f64, n: usize) -> Estimate {
    Estimate {
        value: rho,
        scaled: artanh(rho),
        variance_at_independence: (1.0 + rho * rho / 2.0) / (n as f64 - 3.0),
        variance_slope: 0.0,
    }
}

/// artanh, finite at ±1: correlations closer to 1 than 1e-12 are alike.
fn artanh(r: f64) -> f64 {
    r.clamp(-1.0 + 1e-12, 1.0 - 1e-12).atanh()
}

/// Correlation ratio η = √(SS between categories / SS total) (K. Pearson 1905); subtracted on the scale of ε² = 1 −
/// (1 − η²)(n − 1)/(n − k), which has no bias at independence (T. L. Kelley 1935).
pub(crate) fn correlation_ratio(categories: &[u32], values: &[f64]) -> Option<Estimate> {
    let total = unit_vector(values)?;
    let n = total.len() as f64;
    let mut groups: HashMap<u32, (f64, f64)> = HashMap::new();
    for (id, x) in categories.iter().zip(&total) {
        let group = groups.entry(*id).or_insert((0.0, 0.0));
        *group = (group.0 + x, group.1 + 1.0);
    }
    let k = groups.len() as f64;
    if k < 2.0 || n - k < 1.0 {
        return None;
    }
    let residuals: Vec<f64> = categories
        .iter()
        .zip(&total)
        .map(|(id, x)| x - groups[id].0 / groups[id].1)
        .collect();
    let within: f64 = residuals.iter().map(|e| e * e).sum::<f64>().min(1.0);
    let eta_squared = (1.0 - within).max(0.0);
    // Influence of a row on η²: n·((1 − η²)·t² − e²), with Σt² = 1.
    let influence = total
        .iter()
        .zip(&residuals)
        .map(|(t, e)| n * (within * t * t - e * e));
    let variance = influence.map(|x| x * x).sum::<f64>() / n / n;
    let at_independence = 2.0 * (k - 1.0) * (n - k) / ((n - 1.0).powi(2) * (n + 1.0));
    let correction = (n - 1.0) / (n - k);
    Some(Estimate {
        value: eta_squared.sqrt(),
        scaled: 1.0 - within * correction,
        variance_at_independence: at_independence * correction * correction,
        variance_slope: slope(variance * correction * correction, eta_squared),
    })
}

/// Cramér's V = √(φ²/min(r − 1, c − 1)) (H. Cramér 1946, SciPy's `contingency.association`); subtracted on the scale
/// of φ² − (r − 1)(c − 1)/(n − 1), which has no bias at independence (W. Bergsma 2013), over the larger table's
/// min(r − 1, c − 1). Variance of φ²: Y. M. M. Bishop, S. E. Fienberg, P. W. Holland 1975, section 11.3.
pub(crate) fn cramers_v(left: &[u32], right: &[u32]) -> Option<Estimate> {
    let n = left.len() as f64;
    let (mut cells, mut rows, mut columns) = (HashMap::new(), HashMap::new(), HashMap::new());
    for pair in left.iter().zip(right) {
        *cells.entry((*pair.0, *pair.1)).or_insert(0.0) += 1.0;
        *rows.entry(*pair.0).or_insert(0.0) += 1.0;
        *columns.entry(*pair.1).or_insert(0.0) += 1.0;
    }
    let (r, c) = (rows.len() as f64, columns.len() as f64);
    if r < 2.0 || c < 2.0 {
        return None;
    }
    // Sums in the order of ids, so that equal tables give equal bits.
    let mut ordered: Vec<(u32, u32, f64)> = cells.into_iter().map(|((i, j), count)| (i, j, count)).collect();
    ordered.sort_unstable_by_key(|&(i, j, _)| (i, j));
    let (mut by_row, mut by_column) = (HashMap::new(), HashMap::new());
    let mut sum = 0.0;
    for &(i, j, count) in &ordered {
        let share = count * count / (rows[&i] * columns[&j]);
        sum += share;
        *by_row.entry(i).or_insert(0.0) += share;
        *by_column.entry(j).or_insert(0.0) += share;
    }
    let phi_squared = (sum - 1.0).max(0.0);
    let gradient = |i: &u32, j: &u32, count: f64| {
        n * (2.0 * count / (rows[i] * columns[j]) - by_row[i] / rows[i] - by_column[j] / columns[j])
    };
    let variance = ordered
        .iter()
        .map(|(i, j, count)| count / n * gradient(i, j, *count).powi(2))
        .sum::<f64>()
        / n;
    let least = (r - 1.0).min(c - 1.0);
    let degrees = (r - 1.0) * (c - 1.0);
    Some(Estimate {
        value: (phi_squared / least).sqrt().min(1.0),
        scaled: (phi_squared - degrees / (n - 1.0)) / least,
        variance_at_independence: 2.0 * degrees / (n * n * least * least),
        variance_slope: slope(variance / least, phi_squared),
    })
}

fn slope(variance: f64, strength: f64) -> f64 {
    if strength > 0.0 { variance / strength } else { 0.0 }
}
