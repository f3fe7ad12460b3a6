//! z test of two proportions, pooled variance, two-sided. Knows no threshold.
//!
//! z = (p_b − p_c)/√(P(1 − P)(1/n + 1/m)), p the share of the second category by text (of "not the first" in
//! Evidently, whatever the number of categories), P the pooled share.
//!
//! Not two categories (house), or an empty side: not computable. One category on both sides: z = 0, p = 1.
//! Evidently reports 2 (1 − Φ(|z|)), which is 0 below about 1e-16; reproduced.

use super::categories::CategoryCounts;
use super::chi_square::table;
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};
use super::tail::normal_survival;

/// z and its p-value.
pub(crate) fn measure(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let table = table(baseline, current)?;
    if table.len() > 2 {
        return Err(NotComputable::NotTwoCategories);
    }
    proportions(Convention::House, baseline, current, &table)
}

/// Evidently's p-value: the first category against all others.
pub(crate) fn evidently(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let table = table(baseline, current)?;
    let mut measurement = proportions(Convention::Evidently, baseline, current, &table)?;
    if table.len() > 1 {
        let cumulative = 1.0 - normal_survival(measurement.statistic.abs());
        measurement.p_value = Some(2.0 * (1.0 - cumulative));
    }
    measurement.reported_as_p_value(Convention::Evidently)
}

fn proportions(
    convention: Convention,
    baseline: &CategoryCounts,
    current: &CategoryCounts,
    table: &[[f64; 2]],
) -> Outcome {
    let rows = [baseline.n(), current.n()];
    let [n, m] = rows.map(|rows| rows as f64);
    let first = table[0];
    let (p_b, p_c) = ((n - first[0]) / n, (m - first[1]) / m);
    let pooled = (n + m - first[0] - first[1]) / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    let z = if table.len() < 2 { 0.0 } else { (p_b - p_c) / error };
    Measurement::of(Method::ZTest, convention, z, rows)?
        .with_p_value((2.0 * normal_survival(z.abs())).min(1.0), "normal")
}
