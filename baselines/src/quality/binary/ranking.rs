//! Ranking: ROC AUC, the area under the precision–recall curve, and average precision, with their variances.
//!
//! Notation: groups k of equal score, highest first, with positives p_k and negatives n_k; TP_k, FP_k cumulate them; P,
//! N are the totals; π_k = TP_k/(TP_k + FP_k), π_0 = 1.
//!
//! - AUC = Σ p_k (N − FP_k + n_k/2) / (P N): ties count half (Mann–Whitney). Variance: DeLong et al. 1988, eq. 4–6, from
//!   the placements V10 = (N − FP_k + n_k/2)/N of positives and V01 = (TP_k − p_k/2)/P of negatives, all of them by
//!   cumulative sums (Sun & Xu 2014). With weights Σw²(V−θ)²/(Σw)² · m/(m−1), which is DeLong's when all weights are 1.
//! - AP = Σ p_k π_k / P, scikit-learn's `average_precision_score`.
//! - PR AUC = Σ p_k (π_k + π_{k−1})/2 / P, the trapezoids of scikit-learn's `precision_recall_curve` and of Model
//!   Monitor's plot.
//!
//! Variances of AP and PR AUC are first order: Σ w² (∂A/∂w)² over rows (infinitesimal jackknife, Efron 1982, §6), with
//! ∂π/∂TP = FP/(TP+FP)² and ∂π/∂FP = −TP/(TP+FP)². Does not know probabilities.

use crate::quality::interval::{logit, newcombe_auc, wilson};
use crate::quality::result::{IntervalMethod, MetricValue};
use crate::quality::scores::{Group, SortedScores};
use crate::quality::tally::Mass;

/// The three areas of one set of scores that has both classes.
pub(crate) struct Ranking {
    positives: Mass,
    negatives: Mass,
    pub auc: f64,
    pub average_precision: f64,
    pub pr_auc: f64,
    auc_variance: f64,
    average_precision_variance: f64,
    pr_auc_variance: f64,
}

/// Cumulative sums above and at a group, and what the areas need of them.
#[derive(Default)]
struct Descent {
    above: [f64; 2],
    /// π of the group before, and its derivatives by TP and FP.
    precision: f64,
    slope: [f64; 2],
    p_before: f64,
}

/// A group with its place in the descent.
struct Place {
    p: f64,
    n: f64,
    tp: f64,
    fp: f64,
    precision: f64,
    precision_before: f64,
    slope: [f64; 2],
    /// (p_{k−1} + p_k)/2 · ∂π_{k−1}: what the group before adds to the trapezoids' suffix sums.
    trapezoid_before: [f64; 2],
}

impl Descent {
    fn start() -> Self {
        Self {
            precision: 1.0,
            ..Self::default()
        }
    }

    fn step(&mut self, group: &Group) -> Place {
        let (p, n) = (group.positive.w, group.negative.w);
        let (tp, fp) = (self.above[0] + p, self.above[1] + n);
        let all = tp + fp;
        let square = all * all;
        let half = 0.5 * (self.p_before + p);
        let place = Place {
            p,
            n,
            tp,
            fp,
            precision: tp / all,
            precision_before: self.precision,
            slope: [fp / square, -tp / square],
            trapezoid_before: self.slope.map(|slope| half * slope),
        };
        self.above = [tp, fp];
        self.precision = place.precision;
        self.slope = place.slope;
        self.p_before = p;
        place
    }
}

/// A standard error below this is zero up to the rounding of weights.
const ROUNDING: f64 = 1e-12;

/// `sums + factor · parts`.
fn shifted(sums: [f64; 2], parts: [f64; 2], factor: f64) -> [f64; 2] {
    [sums[0] + factor * parts[0], sums[1] + factor * parts[1]]
}

impl Ranking {
    /// `None` unless both classes have rows.
    pub(crate) fn of(scores: &SortedScores) -> Option<Self> {
        let [positives, negatives] = scores.totals();
        if positives.n == 0 || negatives.n == 0 {
            return None;
        }
        let (p_total, n_total) = (positives.w, negatives.w);
        let (mut auc, mut ap, mut trapezoids) = (0.0, 0.0, 0.0);
        // Σ over all groups of what enters the suffix sums of AP and of the trapezoids, by TP and FP.
        let mut ap_total = [0.0; 2];
        let mut trapezoid_total = [0.0; 2];
        let mut descent = Descent::start();
        scores.descend(|group| {
            let at = descent.step(group);
            auc += at.p * (n_total - at.fp + 0.5 * at.n);
            ap += at.p * at.precision;
            trapezoids += at.p * 0.5 * (at.precision + at.precision_before);
            ap_total = shifted(ap_total, at.slope, at.p);
            trapezoid_total = shifted(trapezoid_total, at.trapezoid_before, 1.0);
        });
        trapezoid_total = shifted(trapezoid_total, descent.slope, 0.5 * descent.p_before);
        // Sums of weights are rounded: a perfect area may come out a bit above 1.
        let auc = (auc / (p_total * n_total)).min(1.0);
        let average_precision = (ap / p_total).min(1.0);
        let pr_auc = (trapezoids / p_total).min(1.0);

        let mut delong = [0.0; 2];
        let (mut ap_variance, mut pr_variance) = (0.0, 0.0);
        let mut ap_suffix = ap_total;
        let mut trapezoid_suffix = trapezoid_total;
        let mut descent = Descent::start();
        scores.descend(|group| {
            let at = descent.step(group);
            let (positive, negative) = (group.positive.w2, group.negative.w2);
            let v10 = (n_total - at.fp + 0.5 * at.n) / n_total;
            let v01 = (at.tp - 0.5 * at.p) / p_total;
            delong[0] += positive * (v10 - auc).powi(2);
            delong[1] += negative * (v01 - auc).powi(2);
            // A positive also enters directly, with the precision at its own score.
            let of_rows = |direct: f64, suffix: [f64; 2]| {
                positive * ((direct + suffix[0]) / p_total).powi(2) + negative * (suffix[1] / p_total).powi(2)
            };
            ap_variance += of_rows(at.precision - average_precision, ap_suffix);
            ap_suffix = shifted(ap_suffix, at.slope, -at.p);
            trapezoid_suffix = shifted(trapezoid_suffix, at.trapezoid_before, -1.0);
            let middle = 0.5 * (at.precision + at.precision_before);
            pr_variance += of_rows(middle - pr_auc, trapezoid_suffix);
        });
        let unbiased = |sum: f64, mass: Mass| {
            let n = mass.n as f64;
            sum / (mass.w * mass.w) * n / (n - 1.0)
        };
        Some(Self {
            positives,
            negatives,
            auc,
            average_precision,
            pr_auc,
            auc_variance: unbiased(delong[0], positives) + unbiased(delong[1], negatives),
            average_precision_variance: ap_variance,
            pr_auc_variance: pr_variance,
        })
    }

    fn n(&self) -> u64 {
        self.positives.n + self.negatives.n
    }

    /// AUC with DeLong's interval; Newcombe's where DeLong's variance is zero or undefined.
    pub(crate) fn auc(&self, z: f64) -> MetricValue {
        let value = self.auc;
        let half = z * self.auc_variance.sqrt();
        let (low, high, method) = if half.is_finite() && half > ROUNDING {
            (
                (value - half).max(0.0),
                (value + half).min(1.0),
                IntervalMethod::DeLong,
            )
        } else {
            let (low, high) = newcombe_auc(value, self.positives.effective(), self.negatives.effective(), z);
            (low, high, IntervalMethod::Newcombe)
        };
        MetricValue {
            value,
            low,
            high,
            method,
            n: self.n(),
        }
    }

    /// DeLong's variance, for tests.
    #[cfg(test)]
    pub(crate) fn delong_variance(&self) -> f64 {
        self.auc_variance
    }

    /// AP with its interval.
    pub(crate) fn average_precision(&self, z: f64) -> MetricValue {
        self.area(self.average_precision, self.average_precision_variance, z)
    }

    /// Area under the precision–recall curve with its interval.
    pub(crate) fn pr_auc(&self, z: f64) -> MetricValue {
        self.area(self.pr_auc, self.pr_auc_variance, z)
    }

    fn area(&self, value: f64, variance: f64, z: f64) -> MetricValue {
        if value > 0.0 && value < 1.0 && variance > ROUNDING * ROUNDING {
            return logit(value, value, variance, z, self.n());
        }
        let (low, high) = wilson(value, self.positives.effective(), z);
        MetricValue {
            value,
            low,
            high,
            method: IntervalMethod::Boyd,
            n: self.n(),
        }
    }
}

/// The AUC alone, of what `sample` leaves of the rows; `None` unless both classes are left.
pub(crate) fn sampled_auc(scores: &SortedScores, sample: impl FnMut(Mass) -> Mass) -> Option<f64> {
    let (mut above, mut concordant) = ([0.0; 2], 0.0);
    scores.descend_sampled(sample, |group| {
        // Σ n_k (TP_{k−1} + p_k/2): the same pairs, counted from the negatives, so that no total is needed beforehand.
        concordant += group.negative.w * (above[0] + 0.5 * group.positive.w);
        above[0] += group.positive.w;
        above[1] += group.negative.w;
    });
    let pairs = above[0] * above[1];
    (pairs > 0.0).then(|| concordant / pairs)
}
