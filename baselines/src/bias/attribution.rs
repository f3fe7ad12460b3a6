//! Drift of feature attributions: is the order of importance still the baseline's?
//!
//! Does not compute attributions.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::{BiasFailure, BootstrapOptions};

/// Below it Clarify alerts.
pub const ATTRIBUTION_LIMIT: f64 = 0.90;
/// Units of a resample: rows, or for more rows means of neighbouring rows, whose spread is that of the rows.
const MAX_BLOCKS: usize = 1_000;

/// A window's attributions against the baseline's.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributionDrift {
    /// [`attribution_ndcg`].
    pub ndcg: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Mean magnitude of each feature's attribution in the window.
    pub live: Vec<f64>,
    /// Rows they rest on: those with every attribution.
    pub n: u64,
}

/// Mean |attribution| of each column over the rows that have all of them, and how many those are.
///
/// Clarify's `mean_abs`. `columns` holds one value per row each, not finite where it is missing.
///
/// # Errors
/// No columns, lengths that differ, no row with every attribution.
pub fn global_attributions(columns: &[&[f64]]) -> Result<(Vec<f64>, u64), BiasFailure> {
    let blocks = blocks(columns)?;
    Ok((means(&blocks, 0..blocks.len()), n_rows(&blocks)))
}

/// nDCG of a window's attributions with a percentile bootstrap interval (Efron and Tibshirani 1993, §13.3), widened to
/// hold the value itself: noise in the order can only lower an nDCG near 1.
///
/// `columns` as for [`global_attributions`], in the order of `baseline`.
///
/// # Errors
/// As [`global_attributions`] and [`attribution_ndcg`]; a level outside (0, 1) or no resamples.
pub fn attribution_drift(
    baseline: &[f64],
    columns: &[&[f64]],
    options: BootstrapOptions,
) -> Result<AttributionDrift, BiasFailure> {
    let blocks = blocks(columns)?;
    let live = means(&blocks, 0..blocks.len());
    let ndcg = attribution_ndcg(baseline, &live)?;
    let is_level = options.level > 0.0 && options.level < 1.0;
    if !is_level || options.n_resamples == 0 {
        return Err(BiasFailure::NoInterval);
    }
    let mut generator = Pcg64::seed_from_u64(options.seed);
    let mut drawn = Vec::with_capacity(options.n_resamples as usize);
    for _ in 0..options.n_resamples {
        let picked: Vec<usize> = (0..blocks.len())
            .map(|_| generator.random_range(0..blocks.len()))
            .collect();
        drawn.push(attribution_ndcg(baseline, &means(&blocks, picked.into_iter()))?);
    }
    drawn.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| drawn[((drawn.len() - 1) as f64 * share).round() as usize];
    let tail = (1.0 - options.level) / 2.0;
    Ok(AttributionDrift {
        ndcg,
        low: at(tail).min(ndcg),
        high: at(1.0 - tail).max(ndcg),
        live,
        n: n_rows(&blocks),
    })
}

/// Sums of magnitudes over neighbouring rows, and how many rows.
type Block = (Vec<f64>, u64);

fn blocks(columns: &[&[f64]]) -> Result<Vec<Block>, BiasFailure> {
    let n = columns.first().map_or(0, |column| column.len());
    if columns.iter().any(|column| column.len() != n) {
        return Err(BiasFailure::LengthsDiffer);
    }
    let whole: Vec<usize> = (0..n)
        .filter(|&row| columns.iter().all(|column| column[row].is_finite()))
        .collect();
    if whole.is_empty() {
        return Err(BiasFailure::NoAttributions);
    }
    let n_blocks = whole.len().min(MAX_BLOCKS);
    let cut = |block: usize| block * whole.len() / n_blocks;
    let of_rows = |rows: &[usize]| {
        let sum = |column: &&[f64]| rows.iter().map(|&row| column[row].abs()).sum();
        (columns.iter().map(sum).collect(), rows.len() as u64)
    };
    Ok((0..n_blocks)
        .map(|block| of_rows(&whole[cut(block)..cut(block + 1)]))
        .collect())
}

fn n_rows(blocks: &[Block]) -> u64 {
    blocks.iter().map(|(_, n)| n).sum()
}

fn means(blocks: &[Block], picked: impl Iterator<Item = usize>) -> Vec<f64> {
    let mut sums = vec![0.0; blocks.first().map_or(0, |(sums, _)| sums.len())];
    let mut n = 0;
    for block in picked {
        for (sum, part) in sums.iter_mut().zip(&blocks[block].0) {
            *sum += part;
        }
        n += blocks[block].1;
    }
    sums.into_iter().map(|sum| sum / n.max(1) as f64).collect()
}

/// nDCG of live against baseline attributions, features in one order on both sides.
///
/// Features are ranked by live attribution, descending; `DCG = Σ a(i)/log2(i + 1)` with a the **baseline** attribution
/// of the feature at rank i, divided by the same sum in the baseline's own order. 1 is the same order. Ties keep the
/// order of features. Attributions are magnitudes (mean |SHAP|); signs are dropped. Source: SageMaker developer guide,
/// "feature attribution drift"; the sum is Järvelin and Kekäläinen 2002, ACM TOIS 20(4).
///
/// # Errors
/// No features, lengths that differ, a value that is not finite, a baseline of zeros.
pub fn attribution_ndcg(baseline: &[f64], live: &[f64]) -> Result<f64, BiasFailure> {
    let finite = baseline.iter().chain(live).all(|value| value.is_finite());
    if baseline.len() != live.len() || !finite {
        return Err(BiasFailure::NoAttributions);
    }
    let ideal = gain(baseline, baseline);
    let ratio = gain(baseline, live) / ideal;
    if ideal > 0.0 && ratio.is_finite() {
        Ok(ratio)
    } else {
        Err(BiasFailure::NoAttributions)
    }
}

fn gain(relevance: &[f64], order_by: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..order_by.len()).collect();
    order.sort_by(|&left, &right| order_by[right].abs().total_cmp(&order_by[left].abs()));
    order
        .iter()
        .enumerate()
        .map(|(rank, &feature)| relevance[feature].abs() / (rank as f64 + 2.0).log2())
        .sum()
}
