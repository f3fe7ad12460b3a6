//! Cramér's V between side and category. Knows no threshold.
//!
//! V = √(χ²/(n+m)) for a 2 × k table, χ² of homogeneity: SciPy's `contingency.association(table, method="cramer")`.
//! In [0, 1]; 0 for equal shares, 1 for disjoint supports (H. Cramér 1946).
//!
//! Deepchecks: categories below 1 % of the baseline become Other, the larger side's counts are scaled down to the
//! smaller side's and rounded, and V is bias-corrected (W. Bergsma, J. Korean Stat. Soc. 42, 2013). Needs 10 rows.
//! Empty side: not computable. One category: 0.

use super::categories::CategoryCounts;
use super::chi_square::{pearson, table};
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};

/// V of the plain table.
pub(crate) fn measure(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let table = table(baseline, current)?;
    let rows = [baseline.n(), current.n()];
    let (chi_square, degrees) = pearson(&table);
    let value = if degrees < 1.0 {
        0.0
    } else {
        (chi_square / (rows[0] + rows[1]) as f64).sqrt().min(1.0)
    };
    Measurement::of(Method::CramersV, Convention::Scipy, value, rows)
}

/// Deepchecks' bias-corrected V.
pub(crate) fn deepchecks(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let rows = [baseline.n(), current.n()];
    let all = table(baseline, current)?;
    if rows[0] < 10 || rows[1] < 10 {
        return Err(NotComputable::TooFew { needed: 10 });
    }
    let mut table: Vec<[f64; 2]> = Vec::new();
    let mut other = [0.0, 0.0];
    for row in all {
        if row[0] < 0.01 * rows[0] as f64 {
            other = [other[0] + row[0], other[1] + row[1]];
        } else {
            table.push(row);
        }
    }
    if other != [0.0, 0.0] {
        table.push(other);
    }
    let smaller = rows[0].min(rows[1]) as f64;
    for row in &mut table {
        for (count, rows) in row.iter_mut().zip(rows) {
            *count = (*count * smaller / rows as f64).round_ties_even();
        }
    }
    table.retain(|row| row[0] + row[1] > 0.0);
    let total: f64 = table.iter().flatten().sum();
    let (chi_square, degrees) = pearson(&table);
    let corrected = (chi_square / total - degrees / (total - 1.0)).max(0.0);
    let shrunk = |size: f64| size - (size - 1.0).powi(2) / (total - 1.0);
    let least = shrunk(2.0).min(shrunk(degrees + 1.0)) - 1.0;
    let value = if least > 0.0 {
        (corrected / least).sqrt()
    } else {
        0.0
    };
    Measurement::of(Method::CramersV, Convention::Deepchecks, value, rows)
}
