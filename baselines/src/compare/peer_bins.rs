//! How other makers bin two samples and treat empty bins. Does not know the distance that reads the shares.
//!
//! Evidently (`get_binned_data`): Sturges over both samples pooled where the baseline has more than 20 distinct
//! values, else by value; shares that are 0 become 10⁻⁴, or a millionth of the side's smallest share where that is
//! at most 10⁻⁴ (PSI and KL only). NannyML: Doane over the baseline, or the baseline's categories; current rows
//! outside go to one more bin. Azure: ⌈log₂ min(n, m) + 1⌉ equal-width bins over both samples; PSI adds one row to
//! each bin. Scouter: open (a, b] bins between the baseline's R-7 deciles, shares + 10⁻¹⁰. Deepchecks: categories
//! below 1 % of the baseline become Other, shares at least 0.01. TFDV: categories as they are.

use super::categories::CategoryCounts;
use super::histogram::{Histogram, doane, equal_width, sturges};
use super::measurement::{NotComputable, Parameters};
use super::method::{Convention, Method};
use super::spread::quantile;
use crate::summary::WeightedPoints;

/// Distinct baseline values up to which Evidently bins by value.
const EVIDENTLY_BY_VALUE: usize = 20;

/// Shares of both sides in the same bins, and how they came about. They need not add up to 1.
#[derive(Debug, Clone)]
pub(crate) struct Shares {
    pub(crate) p: Vec<f64>,
    pub(crate) q: Vec<f64>,
    pub(crate) rows: [u64; 2],
    pub(crate) parameters: Parameters,
}

/// Rows of both sides in the same bins.
struct Counts {
    bins: Vec<[u64; 2]>,
    rows: [u64; 2],
    edges_source: &'static str,
}

/// Shares of two exact numeric samples as `convention` bins them for `method`. `whole`: both columns are integers
/// without gaps, which NumPy ≥ 2 bins with a width of at least 1.
pub(crate) fn numeric(
    method: Method,
    convention: Convention,
    baseline: &WeightedPoints,
    current: &WeightedPoints,
    whole: bool,
) -> Result<Shares, NotComputable> {
    let pooled = [baseline, current];
    let rows = [baseline.n(), current.n()];
    let by_edges = |edges: &[f64], edges_source| {
        let (left, right) = (Histogram::of(baseline, edges), Histogram::of(current, edges));
        Counts {
            bins: left
                .counts
                .into_iter()
                .zip(right.counts)
                .map(|(b, c)| [b, c])
                .collect(),
            rows,
            edges_source,
        }
    };
    let counts = match convention {
        Convention::Evidently if method == Method::Hellinger => {
            let n_distinct = by_value(baseline, current).len() as u64;
            by_edges(
                &sturges(&pooled, n_distinct, whole)?,
                "Sturges over the distinct pooled values",
            )
        }
        Convention::Evidently if baseline.values.len() > EVIDENTLY_BY_VALUE => by_edges(
            &sturges(&pooled, rows[0] + rows[1], whole)?,
            "Sturges over the pooled sample",
        ),
        Convention::Evidently => Counts {
            bins: by_value(baseline, current),
            rows,
            edges_source: "pooled distinct values",
        },
        Convention::Nannyml => by_edges(&doane(baseline)?, "Doane over the baseline"),
        Convention::Azureml => {
            let n_bins = ((rows[0].min(rows[1]) as f64).log2() + 1.0).ceil().max(1.0) as usize;
            by_edges(
                &equal_width(&pooled, n_bins, |value| {
                    0.005 * if value == 0.0 { 1.0 } else { value.abs() }
                })?,
                "equal width over the pooled sample",
            )
        }
        Convention::Scouter => Counts {
            bins: scouter_deciles(baseline, current),
            rows,
            edges_source: "baseline deciles (R-7)",
        },
        _ => return Err(NotComputable::NotInConvention),
    };
    shares(method, convention, counts)
}

/// Shares of two categorical samples as `convention` bins them for `method`.
pub(crate) fn categorical(
    method: Method,
    convention: Convention,
    baseline: &CategoryCounts,
    current: &CategoryCounts,
) -> Result<Shares, NotComputable> {
    let rows = [baseline.n(), current.n()];
    let joined = baseline.joined(current);
    let union = joined
        .iter()
        .map(|category| [category.baseline, category.current]);
    let (bins, edges_source) = match convention {
        Convention::Evidently | Convention::Azureml | Convention::Tfdv => {
            (union.collect(), "union of categories")
        }
        Convention::Nannyml | Convention::Scouter => {
            (union.filter(|bin| bin[0] > 0).collect(), "baseline categories")
        }
        Convention::Deepchecks => {
            let mut bins = Vec::new();
            let mut other = [0, 0];
            for bin in union {
                if (bin[0] as f64) < 0.01 * rows[0] as f64 {
                    other = [other[0] + bin[0], other[1] + bin[1]];
                } else {
                    bins.push(bin);
                }
            }
            if other != [0, 0] {
                bins.push(other);
            }
            (bins, "baseline categories from 1 %, Other")
        }
        _ => return Err(NotComputable::NotInConvention),
    };
    shares(
        method,
        convention,
        Counts {
            bins,
            rows,
            edges_source,
        },
    )
}

fn shares(method: Method, convention: Convention, counts: Counts) -> Result<Shares, NotComputable> {
    let Counts {
        bins,
        rows,
        edges_source,
    } = counts;
    let n_bins = bins.len() as f64;
    let side = |idx: usize, of: &dyn Fn(f64) -> f64| -> Vec<f64> {
        bins.iter().map(|bin| of(bin[idx] as f64)).collect()
    };
    let plain = |idx: usize| side(idx, &|count| count / rows[idx] as f64);
    let (mut p, mut q) = (plain(0), plain(1));
    let needs_no_zeros = matches!(method, Method::Psi | Method::KullbackLeibler);
    let mut zero_rule = None;
    match convention {
        Convention::Evidently if needs_no_zeros => {
            fill_zeros(&mut p);
            fill_zeros(&mut q);
            zero_rule = Some("zero to 1e-4, or smallest share / 1e6 where that is at most 1e-4");
        }
        Convention::Nannyml => {
            let leftover = 1.0 - numpy_sum(&q);
            if leftover > 0.0 {
                p.push(0.0);
                q.push(leftover);
            }
        }
        Convention::Azureml if method == Method::Psi => {
            p = side(0, &|count| (count + 1.0) / (rows[0] as f64 + n_bins));
            q = side(1, &|count| (count + 1.0) / (rows[1] as f64 + n_bins));
            zero_rule = Some("add one, renormalise");
        }
        Convention::Scouter => {
            p.iter_mut().chain(&mut q).for_each(|share| *share += 1e-10);
            zero_rule = Some("add 1e-10 to shares");
        }
        Convention::Deepchecks => {
            p.iter_mut()
                .chain(&mut q)
                .for_each(|share| *share = share.max(0.01));
            zero_rule = Some("shares at least 0.01");
        }
        _ => {}
    }
    if p.is_empty() {
        return Err(NotComputable::TooFewCategories);
    }
    let parameters = Parameters {
        bins: Some(p.len() as u64),
        edges_source: Some(edges_source),
        zero_rule,
        ..Parameters::default()
    };
    Ok(Shares {
        p,
        q,
        rows,
        parameters,
    })
}

/// Evidently's `feel_zeroes`.
fn fill_zeros(shares: &mut [f64]) {
    let smallest = shares
        .iter()
        .copied()
        .filter(|share| *share > 0.0)
        .fold(f64::INFINITY, f64::min);
    let filler = if smallest <= 1e-4 { smallest / 1e6 } else { 1e-4 };
    shares
        .iter_mut()
        .filter(|share| **share == 0.0)
        .for_each(|share| *share = filler);
}

/// NumPy's pairwise sum: NannyML's leftover is 1 minus it, and a rounding error of it makes one more bin.
fn numpy_sum(values: &[f64]) -> f64 {
    let n = values.len();
    if n < 8 {
        return values.iter().sum();
    }
    if n > 128 {
        let half = n / 2 - (n / 2) % 8;
        return numpy_sum(&values[..half]) + numpy_sum(&values[half..]);
    }
    let mut lanes = [0.0; 8];
    let whole = n - n % 8;
    for chunk in values[..whole].chunks_exact(8) {
        lanes
            .iter_mut()
            .zip(chunk)
            .for_each(|(lane, value)| *lane += value);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    values[whole..]
        .iter()
        .fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| {
            sum + value
        })
}

/// Rows of both sides at each distinct value, ascending.
fn by_value(baseline: &WeightedPoints, current: &WeightedPoints) -> Vec<[u64; 2]> {
    let mut bins = Vec::with_capacity(baseline.values.len().max(current.values.len()));
    let (mut b, mut c) = (0, 0);
    while b < baseline.values.len() || c < current.values.len() {
        let left = baseline.values.get(b).copied().unwrap_or(f64::INFINITY);
        let right = current.values.get(c).copied().unwrap_or(f64::INFINITY);
        let mut bin = [0, 0];
        if left <= right {
            bin[0] = baseline.weights[b];
            b += 1;
        }
        if right <= left {
            bin[1] = current.weights[c];
            c += 1;
        }
        bins.push(bin);
    }
    bins
}

/// Rows in the ten (a, b] intervals between baseline deciles, outer ones open; tied deciles leave empty bins.
fn scouter_deciles(baseline: &WeightedPoints, current: &WeightedPoints) -> Vec<[u64; 2]> {
    let edges: Vec<f64> = (1..10).map(|k| quantile(baseline, f64::from(k) / 10.0)).collect();
    let mut bins = vec![[0, 0]; 10];
    for (idx, points) in [baseline, current].into_iter().enumerate() {
        for (&value, &weight) in points.values.iter().zip(&points.weights) {
            bins[edges.partition_point(|&edge| edge < value)][idx] += weight;
        }
    }
    bins
}
