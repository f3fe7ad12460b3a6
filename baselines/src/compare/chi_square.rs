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
//! Empty side: not computable. One category on both sides: statistic 0, p 1 under `house`, not computable for
//! Model Monitor (NaN there). Categories beyond a cap count as one category, OTHER.

use super::categories::CategoryCounts;
use super::measurement::{Companion, Measurement, NotComputable, Outcome, Parameters};
use super::method::{Convention, Method};
use super::tail::chi_square_survival;

/// A 2 × k table: rows of both sides by category, none of them empty on both sides.
pub(crate) fn table(baseline: &CategoryCounts, current: &CategoryCounts) -> Result<Vec<[f64; 2]>, NotComputable> {
    if baseline.n() == 0 {
        return Err(NotComputable::EmptyBaseline);
    }
    if current.n() == 0 {
        return Err(NotComputable::EmptyCurrent);
    }
    let mut table: Vec<[f64; 2]> =
        baseline.joined(current).iter().map(|category| [category.baseline as f64, category.current as f64]).collect();
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
    merge_small(&mut table);
    let mut companions = Vec::new();
    if table.len() < n_categories {
        let (merged, merged_degrees) = pearson(&table);
        companions.push(Companion { name: "merged_statistic", value: merged });
        companions.push(Companion { name: "merged_p_value", value: p_value(merged, merged_degrees) });
        companions.push(Companion { name: "merged_degrees_of_freedom", value: merged_degrees });
    }
    Ok(Measurement {
        method: Method::ChiSquare,
        convention: Convention::Scipy,
        statistic,
        p_value: Some(p_value(statistic, degrees)),
        error_bound: None,
        n_baseline: baseline.n(),
        n_current: current.n(),
        parameters: Parameters {
            bins: Some(n_categories as u64),
            degrees_of_freedom: Some(degrees),
            p_value_source: Some("asymptotic"),
            merged_categories: (table.len() < n_categories).then_some((n_categories - table.len()) as u64),
            ..Parameters::default()
        },
        companions,
    })
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
    let mut table: Vec<[f64; 2]> =
        known.iter().map(|&[expected, observed]| [expected / n as f64 * n_known, observed]).collect();
    let n_categories = table.len();
    loop {
        let k = table.len();
        let (limit, allowed) = if k == 2 { (10.0, 0) } else { (5.0, k / 5) };
        if k < 2 || table.iter().filter(|row| row[0] < limit).count() <= allowed {
            break;
        }
        merge_smallest(&mut table, |row| row[0]);
    }
    if table.len() < 2 {
        return Err(NotComputable::TooFewCategories);
    }
    // Spark's chiSqTest rescales the expected counts to the observed total, which regrouping has kept equal.
    let scale = table.iter().map(|row| row[1]).sum::<f64>() / table.iter().map(|row| row[0]).sum::<f64>();
    let statistic: f64 = table.iter().map(|row| (row[1] - row[0] * scale).powi(2) / (row[0] * scale)).sum();
    let degrees = (table.len() - 1) as f64;
    Ok(Measurement {
        method: Method::ChiSquare,
        convention: Convention::Sagemaker,
        statistic,
        p_value: Some(p_value(statistic, degrees)),
        error_bound: None,
        n_baseline: n,
        n_current: m,
        parameters: Parameters {
            bins: Some(table.len() as u64),
            degrees_of_freedom: Some(degrees),
            p_value_source: Some("asymptotic"),
            merged_categories: (table.len() < n_categories).then_some((n_categories - table.len()) as u64),
            ..Parameters::default()
        },
        companions: Vec::new(),
    })
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
    if degrees < 1.0 { 1.0 } else { chi_square_survival(statistic, degrees) }
}

/// Cochran 1954: merges the smallest category into the next smallest until at most 20 % of expected counts are below
/// 5 and none below 1.
pub(crate) fn merge_small(table: &mut Vec<[f64; 2]>) {
    let [n, m] = sums(table);
    let least = n.min(m) / (n + m);
    let most = n.max(m) / (n + m);
    // Ascending by total, so that merging is one pass; ties keep the order of the texts.
    table.sort_by(|a, b| (a[0] + a[1]).total_cmp(&(b[0] + b[1])));
    while table.len() > 1 {
        let both = |row: &[f64; 2]| row[0] + row[1];
        let n_low = table.partition_point(|row| both(row) * least < 5.0) + table.partition_point(|row| both(row) * most < 5.0);
        if both(&table[0]) * least >= 1.0 && n_low * 5 <= 2 * table.len() {
            return;
        }
        let smallest = table.remove(0);
        table[0] = [table[0][0] + smallest[0], table[0][1] + smallest[1]];
        let merged = table[0];
        let target = table[1..].partition_point(|row| both(row) < both(&merged));
        table[..=target].rotate_left(1);
    }
}

/// Adds the row that is smallest by `size` to the second smallest.
fn merge_smallest(table: &mut Vec<[f64; 2]>, size: impl Fn(&[f64; 2]) -> f64) {
    let smallest_of = |table: &[[f64; 2]]| {
        (0..table.len()).min_by(|&a, &b| size(&table[a]).total_cmp(&size(&table[b]))).unwrap_or(0)
    };
    let removed = table.remove(smallest_of(table));
    let target = smallest_of(table);
    table[target] = [table[target][0] + removed[0], table[target][1] + removed[1]];
}

fn sums(table: &[[f64; 2]]) -> [f64; 2] {
    table.iter().fold([0.0, 0.0], |sum, row| [sum[0] + row[0], sum[1] + row[1]])
}
