//! Likelihood-ratio G test of categorical samples. Knows no threshold.
//!
//! G = 2 Σ O ln(O/E) over the 2 × k table with E as in `chi_square`, k − 1 degrees of freedom, no Yates correction:
//! SciPy's `chi2_contingency(table, correction=False, lambda_="log-likelihood")`. Companions `goodness_of_fit` and
//! `goodness_of_fit_p_value` take the baseline as exact (SciPy's `power_divergence` against scaled baseline counts),
//! infinite (left out) with p-value 0 where a category has no baseline rows. Evidently does not scale its expected counts, so that it raises
//! unless n = m; reproduced.
//!
//! Edge cases as for `chi_square`; small expected counts: companions of the merged table, as there.

use super::categories::CategoryCounts;
use super::chi_square::{merge_small, p_value, sums, table};
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};

/// 2 × k homogeneity.
pub(crate) fn homogeneity(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let mut table = table(baseline, current)?;
    let n_categories = table.len();
    let degrees = (n_categories - 1) as f64;
    let statistic = likelihood_ratio(&table);
    let rows = [baseline.n(), current.n()];
    let mut measurement = Measurement::of(Method::GTest, Convention::Scipy, statistic, rows)?;
    let fit = goodness_of_fit(&table);
    measurement = measurement
        .with_companion("goodness_of_fit", fit.unwrap_or(f64::INFINITY))
        .with_companion(
            "goodness_of_fit_p_value",
            fit.map_or(0.0, |fit| p_value(fit, degrees)),
        );
    merge_small(&mut table);
    if table.len() < n_categories {
        let (merged, merged_degrees) = (likelihood_ratio(&table), (table.len() - 1) as f64);
        measurement = measurement
            .with_companion("merged_statistic", merged)
            .with_companion("merged_p_value", p_value(merged, merged_degrees))
            .with_companion("merged_degrees_of_freedom", merged_degrees);
        measurement.parameters.merged_categories = Some((n_categories - table.len()) as u64);
    }
    measurement.parameters.bins = Some(n_categories as u64);
    measurement.parameters.degrees_of_freedom = Some(degrees);
    measurement.with_p_value(p_value(statistic, degrees), "asymptotic")
}

/// Evidently's p-value: goodness of fit against unscaled baseline counts.
pub(crate) fn evidently(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let table = table(baseline, current)?;
    if baseline.n() != current.n() {
        return Err(NotComputable::MakerFails);
    }
    let statistic = goodness_of_fit(&table).ok_or(NotComputable::Infinite)?;
    let degrees = (table.len() - 1) as f64;
    let rows = [baseline.n(), current.n()];
    let mut measurement = Measurement::of(Method::GTest, Convention::Evidently, statistic, rows)?;
    measurement.parameters.degrees_of_freedom = Some(degrees);
    measurement
        .with_p_value(p_value(statistic, degrees), "asymptotic")?
        .reported_as_p_value(Convention::Evidently)
}

fn likelihood_ratio(table: &[[f64; 2]]) -> f64 {
    let [n, m] = sums(table);
    let term = |observed: f64, expected: f64| {
        if observed > 0.0 {
            observed * (observed / expected).ln()
        } else {
            0.0
        }
    };
    let of_row = |row: &[f64; 2]| {
        let both = row[0] + row[1];
        term(row[0], both * n / (n + m)) + term(row[1], both * m / (n + m))
    };
    (2.0 * table.iter().map(of_row).sum::<f64>()).max(0.0)
}

fn goodness_of_fit(table: &[[f64; 2]]) -> Option<f64> {
    let [n, m] = sums(table);
    if table.iter().any(|row| row[0] == 0.0) {
        return None;
    }
    let observed = table.iter().filter(|row| row[1] > 0.0);
    Some(
        (2.0 * observed
            .map(|row| row[1] * (row[1] / (row[0] * m / n)).ln())
            .sum::<f64>())
        .max(0.0),
    )
}
