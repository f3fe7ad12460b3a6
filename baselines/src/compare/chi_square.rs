//! Pearson's chi-square of categorical samples: homogeneity (both sides random) and Deequ's goodness of fit (baseline
//! taken as exact). Knows no threshold.
//!
//! χ² = Σ (O − E)²/E. Homogeneity: 2 × k table, E = row sum × column sum / total, k − 1 degrees of freedom, no Yates
//! correction: SciPy's `chi2_contingency(table, correction=False)`. Where Cochran's rule fails (more than 20 % of the
//! 2k expected counts below 5, or one below 1; W. G. Cochran, Biometrics 10, 1954), the asymptotic p-value cannot be
//! trusted: then the smallest category is merged into the next smallest until the rule holds, and companions
//! `merged_statistic`, `merged_p_value`, `merged_degrees_of_freedom` stand beside SciPy's numbers.
//!
//! Model Monitor (deequ `Distance.scala`, ChiSquared): E = baseline shares × current rows whose category the baseline
//! has; two categories need every E ≥ 10, more allow ⌊k/5⌋ below 5, else the smallest E is merged into the second
//! smallest; the p-value is what deequ reports by default. Deviation: ties among equal smallest E go by text, where
//! deequ's hash map leaves it open.
//!
//! NannyML: homogeneity with Yates' correction of 2 × 2 tables. Evidently, Azure: goodness of fit of all current rows
//! against the baseline's shares, reported as p-value; a new category makes it 0, one category is not computable
//! (NaN there).
//!
//! Empty side: not computable. One category on both sides: statistic 0, p 1 under `house`, not computable for
//! Model Monitor (NaN there). Categories beyond a cap count as one category, OTHER.

use std::collections::VecDeque;

use super::categories::CategoryCounts;
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};
use super::tail::chi_square_survival;

/// A 2 × k table: rows of both sides by category, none of them empty on both sides.
pub(crate) fn table(
    baseline: &CategoryCounts,
    current: &CategoryCounts,
) -> Result<Vec<[f64; 2]>, NotComputable> {
    if baseline.n() == 0 {
        return Err(NotComputable::EmptyBaseline);
    }
    if current.n() == 0 {
        return Err(NotComputable::EmptyCurrent);
    }
    let mut table: Vec<[f64; 2]> = baseline
        .joined(current)
        .iter()
        .map(|category| [category.baseline as f64, category.current as f64])
        .collect();
    if baseline.n_other() + current.n_other() > 0 {
        table.push([baseline.n_other() as f64, current.n_other() as f64]);
    }
    Ok(table)
}

/// 2 × k homogeneity.
pub(crate) fn homogeneity(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let mut table = table(baseline, current)?;
    let (statistic, degrees) = pearson(&table);
    let n_categories = table.len();
    let rows = [baseline.n(), current.n()];
    let mut measurement = Measurement::of(Method::ChiSquare, Convention::Scipy, statistic, rows)?;
    let fit = goodness_of_fit(&table);
    measurement = measurement
        .with_companion("goodness_of_fit", fit.unwrap_or(f64::INFINITY))
        .with_companion(
            "goodness_of_fit_p_value",
            fit.map_or(0.0, |fit| p_value(fit, degrees)),
        );
    merge_small(&mut table);
    if table.len() < n_categories {
        let (merged, merged_degrees) = pearson(&table);
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

/// NannyML: SciPy's `chi2_contingency` with its default, Yates' correction of 2 × 2 tables.
pub(crate) fn nannyml(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let table = table(baseline, current)?;
    let (mut statistic, degrees) = pearson(&table);
    let rows = [baseline.n(), current.n()];
    let mut correction = None;
    if table.len() == 2 {
        let [n, m] = sums(&table);
        // |O − E| is the same in all four cells of a 2 × 2 table.
        statistic = table
            .iter()
            .flat_map(|row| [(row[0], n, row[0] + row[1]), (row[1], m, row[0] + row[1])])
            .map(|(observed, side, both)| {
                let expected = both * side / (n + m);
                let off = (observed - expected).abs();
                (off - off.min(0.5)).powi(2) / expected
            })
            .sum();
        correction = Some("Yates");
    }
    let mut measurement = Measurement::of(Method::ChiSquare, Convention::Nannyml, statistic, rows)?;
    measurement.parameters.degrees_of_freedom = Some(degrees);
    measurement.parameters.bins = Some(table.len() as u64);
    measurement.parameters.correction = correction;
    measurement.with_p_value(p_value(statistic, degrees), "asymptotic")
}

/// Evidently and Azure: goodness of fit, the baseline's shares taken as exact; the p-value is the number.
pub(crate) fn fit_p_value(
    convention: Convention,
    baseline: &CategoryCounts,
    current: &CategoryCounts,
) -> Outcome {
    let table = table(baseline, current)?;
    let rows = [baseline.n(), current.n()];
    let degrees = (table.len() - 1) as f64;
    if degrees < 1.0 {
        return Err(NotComputable::TooFewCategories);
    }
    let Some(statistic) = goodness_of_fit(&table) else {
        // A category without baseline rows has an expected count of 0: χ² is infinite, its p-value 0.
        let mut measurement = Measurement::of(Method::ChiSquare, convention, 0.0, rows)?;
        measurement.parameters.degrees_of_freedom = Some(degrees);
        return measurement.with_p_value(0.0, "infinite statistic");
    };
    let mut measurement = Measurement::of(Method::ChiSquare, convention, statistic, rows)?;
    measurement.parameters.degrees_of_freedom = Some(degrees);
    measurement
        .with_p_value(p_value(statistic, degrees), "asymptotic")?
        .reported_as_p_value(convention)
}

/// Σ (O − E)²/E with E the baseline's shares of the current rows; `None` where a category has no baseline row.
fn goodness_of_fit(table: &[[f64; 2]]) -> Option<f64> {
    let [n, m] = sums(table);
    let term = |row: &[f64; 2]| {
        let expected = row[0] * m / n;
        (row[1] - expected).powi(2) / expected
    };
    table
        .iter()
        .all(|row| row[0] > 0.0)
        .then(|| table.iter().map(term).sum())
}

/// Deequ's goodness of fit with regrouping.
pub(crate) fn sagemaker(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let (n, m) = (baseline.n(), current.n());
    if n == 0 {
        return Err(NotComputable::EmptyBaseline);
    }
    if m == 0 {
        return Err(NotComputable::EmptyCurrent);
    }
    let known: Vec<[f64; 2]> = baseline
        .joined(current)
        .iter()
        .filter(|category| category.baseline > 0)
        .map(|category| [category.baseline as f64, category.current as f64])
        .collect();
    let n_known: f64 = known.iter().map(|row| row[1]).sum();
    if n_known == 0.0 {
        return Err(NotComputable::TooFewCategories);
    }
    let mut table: Vec<[f64; 2]> = known
        .iter()
        .map(|&[expected, observed]| [expected / n as f64 * n_known, observed])
        .collect();
    let n_categories = table.len();
    merge_until(
        &mut table,
        |row| row[0],
        |rows| {
            let k = rows.len();
            let (limit, allowed) = if k == 2 { (10.0, 0) } else { (5.0, k / 5) };
            rows.n_below(limit) <= allowed
        },
    );
    if table.len() < 2 {
        return Err(NotComputable::TooFewCategories);
    }
    // Spark's chiSqTest rescales the expected counts to the observed total, which regrouping has kept equal.
    let scale = table.iter().map(|row| row[1]).sum::<f64>() / table.iter().map(|row| row[0]).sum::<f64>();
    let statistic: f64 = table
        .iter()
        .map(|row| (row[1] - row[0] * scale).powi(2) / (row[0] * scale))
        .sum();
    let degrees = (table.len() - 1) as f64;
    let mut measurement = Measurement::of(Method::ChiSquare, Convention::Sagemaker, statistic, [n, m])?;
    measurement.parameters.bins = Some(table.len() as u64);
    measurement.parameters.degrees_of_freedom = Some(degrees);
    measurement.parameters.merged_categories =
        (table.len() < n_categories).then_some((n_categories - table.len()) as u64);
    measurement.with_p_value(p_value(statistic, degrees), "asymptotic")
}

/// χ² of homogeneity and its degrees of freedom.
pub(crate) fn pearson(table: &[[f64; 2]]) -> (f64, f64) {
    let [n, m] = sums(table);
    let statistic = table
        .iter()
        .map(|&[o_n, o_m]| {
            let both = o_n + o_m;
            let (e_n, e_m) = (both * n / (n + m), both * m / (n + m));
            (o_n - e_n).powi(2) / e_n + (o_m - e_m).powi(2) / e_m
        })
        .sum();
    (statistic, (table.len() - 1) as f64)
}

/// p-value of a chi-square statistic; 1 without a degree of freedom.
pub(crate) fn p_value(statistic: f64, degrees: f64) -> f64 {
    if degrees < 1.0 {
        1.0
    } else {
        chi_square_survival(statistic, degrees)
    }
}

/// Cochran 1954: merges the smallest category into the next smallest until at most 20 % of expected counts are below
/// 5 and none below 1.
pub(crate) fn merge_small(table: &mut Vec<[f64; 2]>) {
    let [n, m] = sums(table);
    let (least, most) = (n.min(m) / (n + m), n.max(m) / (n + m));
    merge_until(
        table,
        |row| row[0] + row[1],
        |rows| {
            let n_low = rows.n_below(5.0 / least) + rows.n_below(5.0 / most);
            rows.n_below(1.0 / least) == 0 && n_low * 5 <= 2 * rows.len()
        },
    );
}

/// Merges the smallest category into the next smallest until every expected count is at least `expected`.
pub(crate) fn merge_to_expected(table: &mut Vec<[f64; 2]>, expected: f64) {
    let [n, m] = sums(table);
    let least = n.min(m) / (n + m);
    merge_until(
        table,
        |row| row[0] + row[1],
        |rows| rows.n_below(expected / least) == 0,
    );
}

/// Adds the smallest row to the second smallest until `done` or one row is left. Sums come out ascending, so two
/// sorted queues hold all rows and a million of them cost a sort (as in D. A. Huffman's code of sorted weights).
fn merge_until(table: &mut Vec<[f64; 2]>, size: fn(&[f64; 2]) -> f64, done: impl Fn(&Queues) -> bool) {
    let mut order = table.clone();
    order.sort_by(|a, b| size(a).total_cmp(&size(b)));
    let mut rows = Queues {
        single: order.into(),
        merged: VecDeque::new(),
        size,
    };
    while rows.len() > 1 && !done(&rows) {
        let (Some(a), Some(b)) = (rows.take_smallest(), rows.take_smallest()) else {
            break;
        };
        rows.merged.push_back([a[0] + b[0], a[1] + b[1]]);
    }
    if !rows.merged.is_empty() {
        *table = rows.single.into_iter().chain(rows.merged).collect();
    }
}

/// Rows ascending by size, single ones and sums.
struct Queues {
    single: VecDeque<[f64; 2]>,
    merged: VecDeque<[f64; 2]>,
    size: fn(&[f64; 2]) -> f64,
}

impl Queues {
    fn len(&self) -> usize {
        self.single.len() + self.merged.len()
    }

    /// Rows smaller than `limit`.
    fn n_below(&self, limit: f64) -> usize {
        let below = |row: &[f64; 2]| (self.size)(row) < limit;
        self.single.partition_point(below) + self.merged.partition_point(below)
    }

    fn take_smallest(&mut self) -> Option<[f64; 2]> {
        let single_first = match (self.single.front(), self.merged.front()) {
            (Some(single), Some(merged)) => (self.size)(single) <= (self.size)(merged),
            (single, _) => single.is_some(),
        };
        if single_first {
            self.single.pop_front()
        } else {
            self.merged.pop_front()
        }
    }
}

/// Rows of both sides.
pub(crate) fn sums(table: &[[f64; 2]]) -> [f64; 2] {
    table
        .iter()
        .fold([0.0, 0.0], |sum, row| [sum[0] + row[0], sum[1] + row[1]])
}
