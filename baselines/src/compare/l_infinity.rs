//! Deequ's L-infinity distances, Simple and Robust, as Model Monitor judges drift by. Knows no threshold.
//!
//! Source: deequ `analyzers/Distance.scala`. Numeric: Simple = sup |F − G| (the Kolmogorov–Smirnov D). Categorical:
//! Simple = max_k |p_k − q_k| over the union of categories, p and q shares of each side's present rows.
//! Robust = max(0, Simple − c √((n+m)/(nm))), c = 1.8 (a two-sample KS critical value, α = 2e^(−2·1.8²) ≈ 0.003), or
//! √(−ln(α/2)/2) where α is given.
//!
//! Empty side: not computable. Constant against the same constant: 0. NaN, ±∞, nulls: no points.
//! Grid counts: bound as for KS. Categories beyond a cap are known only as a sum: each of them differs by at most
//! the larger of both sums, which gives the bound.

use super::categories::CategoryCounts;
use super::cells::{NumericPair, check};
use super::ks::Supremum;
use super::measurement::{Measurement, NotComputable, Outcome, Parameters};
use super::method::{Convention, Method};
use crate::summary::WeightedPoints;

/// Deequ's default critical value c(α).
const DEFAULT_C_ALPHA: f64 = 1.8;

/// Simple or Robust distance of two numeric samples.
pub(crate) fn numeric(
    method: Method,
    convention: Convention,
    alpha: Option<f64>,
    pair: &NumericPair<'_>,
) -> Outcome {
    let supremum = Supremum::of(pair)?;
    let evidence = Evidence {
        n: supremum.n,
        m: supremum.m,
        simple: supremum.statistic(),
        error_bound: supremum.error_bound(),
    };
    Ok(evidence.measurement(method, convention, alpha))
}

/// Simple or Robust distance of two categorical samples.
pub(crate) fn categorical(
    method: Method,
    convention: Convention,
    alpha: Option<f64>,
    baseline: &CategoryCounts,
    current: &CategoryCounts,
) -> Outcome {
    let (n, m) = (baseline.n(), current.n());
    if n == 0 {
        return Err(NotComputable::EmptyBaseline);
    }
    if m == 0 {
        return Err(NotComputable::EmptyCurrent);
    }
    let (rows_n, rows_m) = (n as f64, m as f64);
    let (other_p, other_q) = (
        baseline.n_other() as f64 / rows_n,
        current.n_other() as f64 / rows_m,
    );
    let mut limits = Limits::default();
    let mut simple = 0.0f64;
    for category in baseline.joined(current) {
        let p = category.baseline as f64 / rows_n;
        let q = category.current as f64 / rows_m;
        let difference = (p - q).abs();
        simple = simple.max(difference);
        // A category that one side lists and the other may hide in its rest.
        let hidden_p = if category.baseline == 0 { other_p } else { 0.0 };
        let hidden_q = if category.current == 0 { other_q } else { 0.0 };
        limits.lower = limits.lower.max(difference - hidden_p.max(hidden_q));
        limits.upper = limits.upper.max(difference).max(hidden_p - q).max(hidden_q - p);
    }
    limits.upper = limits.upper.max(other_p).max(other_q);
    let complete = baseline.n_other() == 0 && current.n_other() == 0;
    let error_bound = (!complete).then(|| (limits.upper - simple).max(simple - limits.lower).max(0.0));
    Ok(Evidence {
        n,
        m,
        simple,
        error_bound,
    }
    .measurement(method, convention, alpha))
}

/// What deequ's `QuantileNonSample.getRankMap` (tags 1.1.0 to 2.0.7) makes of a sketch, levels from 0: each distinct value
/// with **one** weight, `2^level` of the highest level that holds it, whatever the number of its items (contract §3.4,
/// "Defect to know about"). `None` where a value is not finite or there are more than 62 levels.
pub fn rank_map(levels: &[Vec<f64>]) -> Option<WeightedPoints> {
    let mut items: Vec<(f64, u64)> = Vec::new();
    for (level, values) in levels.iter().enumerate() {
        if level > 62 || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        // `+ 0.0` makes one of both zeros.
        items.extend(values.iter().map(|value| (value + 0.0, 1u64 << level)));
    }
    items.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
    let mut map = WeightedPoints::default();
    for (value, weight) in items {
        if map.values.last() == Some(&value) {
            map.weights.pop();
        } else {
            map.values.push(value);
        }
        map.weights.push(weight);
    }
    Some(map)
}

/// The distance that Model Monitor's image reports for numeric columns, of both sides' [`rank_map`]s: F, n and m count
/// distinct values instead of rows, and low-cardinality drift is never flagged. For comparison with its past verdicts.
///
/// # Errors
/// An empty side.
pub fn l_infinity_rank_map(method: Method, baseline: &WeightedPoints, current: &WeightedPoints) -> Outcome {
    check(baseline)?;
    check(current)?;
    numeric(
        method,
        Convention::Sagemaker,
        None,
        &NumericPair::new(baseline, current)?,
    )
}

#[derive(Default)]
struct Limits {
    lower: f64,
    upper: f64,
}

struct Evidence {
    n: u64,
    m: u64,
    simple: f64,
    error_bound: Option<f64>,
}

impl Evidence {
    fn measurement(self, method: Method, convention: Convention, alpha: Option<f64>) -> Measurement {
        let (n, m) = (self.n as f64, self.m as f64);
        let statistic = if method == Method::LInfinityRobust {
            let c_alpha = alpha
                .filter(|alpha| *alpha > 0.0 && *alpha < 1.0)
                .map_or(DEFAULT_C_ALPHA, |alpha| (-(alpha / 2.0).ln() / 2.0).sqrt());
            (self.simple - c_alpha * ((n + m) / (n * m)).sqrt()).max(0.0)
        } else {
            self.simple
        };
        Measurement {
            method,
            convention,
            statistic,
            p_value: None,
            error_bound: self.error_bound,
            n_baseline: self.n,
            n_current: self.m,
            parameters: Parameters::default(),
            companions: Vec::new(),
        }
    }
}
