//! Drift of feature attributions: is the order of importance still the baseline's?
//!
//! Does not compute attributions.

use super::BiasFailure;

/// Below it Clarify alerts.
pub const ATTRIBUTION_LIMIT: f64 = 0.90;

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
