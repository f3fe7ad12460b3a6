//! Area under the ROC curve with its uncertainty. Does not know what was scored.
//!
//! AUC = P(score of a current row > score of a baseline row), ties counting ½. Interval: DeLong's variance (E. R.
//! DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44, 1988) by midranks (X. Sun, W. Xu, IEEE Signal Process.
//! Lett. 21, 2014), normal, clipped to [0, 1]. Test of AUC ≤ ½: Mann–Whitney, normal with tie correction, one-sided,
//! without continuity correction.

use super::answer::{Interval, Z_95};
use crate::compare::normal_survival;

/// AUC and what is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AreaUnderCurve {
    pub(crate) auc: f64,
    pub(crate) interval: Interval,
    pub(crate) p_value: f64,
    /// Variance of the AUC without a difference; 0 where all scores are equal.
    pub(crate) null_variance: f64,
}

/// Of scores of baseline rows (negatives) and current rows (positives); both must have rows.
pub(crate) fn area_under_curve(baseline: &[f64], current: &[f64]) -> AreaUnderCurve {
    let (n, m) = (baseline.len() as f64, current.len() as f64);
    let pooled: Vec<f64> = baseline.iter().chain(current).copied().collect();
    let (ranks, tie_term) = midranks(&pooled);
    let (rank_in_baseline, _) = midranks(baseline);
    let (rank_in_current, _) = midranks(current);
    let (of_baseline, of_current) = ranks.split_at(baseline.len());
    let auc = (of_current.iter().sum::<f64>() - m * (m + 1.0) / 2.0) / (n * m);
    let above: Vec<f64> = of_current
        .iter()
        .zip(&rank_in_current)
        .map(|(all, own)| (all - own) / n)
        .collect();
    let below: Vec<f64> = of_baseline
        .iter()
        .zip(&rank_in_baseline)
        .map(|(all, own)| 1.0 - (all - own) / m)
        .collect();
    let error = (variance(&above) / m + variance(&below) / n).sqrt();
    let mut interval = Interval {
        low: (auc - Z_95 * error).clamp(0.0, 1.0),
        high: (auc + Z_95 * error).clamp(0.0, 1.0),
    };
    // No two rows out of order: the variance is 0, and the rule of three bounds what was not seen.
    let unseen = (3.0 / n.min(m)).min(1.0);
    if auc >= 1.0 {
        interval.low = 1.0 - unseen;
    } else if auc <= 0.0 {
        interval.high = unseen;
    }
    let total = n + m;
    let null_variance = (total + 1.0 - tie_term / (total * (total - 1.0))) / (12.0 * n * m);
    let p_value = if null_variance > 0.0 {
        normal_survival((auc - 0.5) / null_variance.sqrt())
    } else {
        1.0
    };
    AreaUnderCurve {
        auc,
        interval,
        p_value,
        null_variance,
    }
}

fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)
}

/// Ranks of finite values from 1, equal ones at their mean rank, and Σ(t³ − t) over groups of t equal values.
pub(crate) fn midranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&left, &right| values[left].total_cmp(&values[right]));
    let mut ranks = vec![0.0; values.len()];
    let (mut start, mut tie_term) = (0, 0.0);
    while start < order.len() {
        let value = values[order[start]];
        let equal = order[start + 1..].iter().take_while(|&&idx| values[idx] == value);
        let n_ties = 1 + equal.count();
        let rank = start as f64 + f64::midpoint(n_ties as f64, 1.0);
        for &idx in &order[start..start + n_ties] {
            ranks[idx] = rank;
        }
        tie_term += (n_ties as f64).powi(3) - n_ties as f64;
        start += n_ties;
    }
    (ranks, tie_term)
}
