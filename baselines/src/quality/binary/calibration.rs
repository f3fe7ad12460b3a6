//! Calibration: log loss, Brier score, expected calibration error and the reliability curve.
//!
//! - Log loss: mean of −ln p of the label, p clipped to [ε, 1−ε], ε = 2⁻⁵² (scikit-learn's `log_loss`); nats.
//! - Brier: mean of (p − y)² (Brier 1950).
//! - ECE: Σ_b |Σ w(y − p)| / Σw over equal-width bins, open below and closed above (Guo et al. 2017, eq. 3; bins of
//!   scikit-learn's `calibration_curve`). It is biased upwards, and not smooth: its interval is ECE ± the confidence
//!   quantile of Σ_b |ε_b|, ε_b normal with the bin's variance, by a seeded bootstrap; by the triangle inequality the
//!   true ECE lies within it at least as often as it says.
//!
//! Probabilities only. Does not know ranks.

use crate::quality::interval::{normal, proportion};
use crate::quality::options::QualityOptions;
use crate::quality::result::{IntervalMethod, MetricValue, ReliabilityBin};
use crate::quality::sampling::Draws;
use crate::quality::scores::{Group, SortedScores};
use crate::quality::tally::Mass;

const PURPOSE_ECE: u64 = 1;

/// −ln of the probability of what happened, clipped.
pub(crate) fn log_loss_of(probability: f64) -> f64 {
    -probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

/// A mean of a loss per row.
#[derive(Default)]
struct Losses {
    all: Mass,
    wl: f64,
    w2l: f64,
    w2l2: f64,
}

impl Losses {
    fn add(&mut self, mass: Mass, loss: f64) {
        self.all = self.all.plus(mass);
        self.wl += mass.w * loss;
        self.w2l += mass.w2 * loss;
        self.w2l2 += mass.w2 * loss * loss;
    }

    /// The weighted mean, with variance Σw²(l − mean)²/(Σw)²; a loss lies between 0 and `most`.
    fn mean(&self, most: f64, z: f64) -> MetricValue {
        let mean = self.wl / self.all.w;
        let squares = self.w2l2 - 2.0 * mean * self.w2l + mean * mean * self.all.w2;
        let found = normal(mean, squares / (self.all.w * self.all.w), z, self.all.n);
        MetricValue {
            low: found.low.max(0.0),
            high: found.high.min(most),
            ..found
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Bin {
    all: Mass,
    positive: Mass,
    /// Σ w p.
    wp: f64,
    /// Σ w² (y − p)².
    w2d2: f64,
    /// Σ w² p (1 − p).
    w2v: f64,
}

/// The answers about calibration.
pub(crate) struct Calibration {
    pub log_loss: MetricValue,
    pub brier: MetricValue,
    pub expected_calibration_error: MetricValue,
    pub reliability: Vec<ReliabilityBin>,
}

impl Calibration {
    /// `None` without rows.
    pub(crate) fn of(scores: &SortedScores, options: &QualityOptions, z: f64) -> Option<Self> {
        let n_bins = options.calibration_bins;
        let edges: Vec<f64> = (0..=n_bins).map(|edge| edge as f64 / n_bins as f64).collect();
        let mut bins = vec![Bin::default(); n_bins];
        let (mut log_loss, mut brier) = (Losses::default(), Losses::default());
        let mut bin_idx = n_bins - 1;
        scores.descend(|group| {
            let p = group.score;
            while bin_idx > 0 && p <= edges[bin_idx] {
                bin_idx -= 1;
            }
            bins[bin_idx].add(group);
            let sides = [(group.positive, p), (group.negative, 1.0 - p)];
            for (mass, probability) in sides {
                if mass.n > 0 {
                    log_loss.add(mass, log_loss_of(probability));
                    brier.add(mass, (1.0 - probability).powi(2));
                }
            }
        });
        (log_loss.all.n > 0).then(|| Self {
            log_loss: log_loss.mean(f64::MAX, z),
            brier: brier.mean(1.0, z),
            expected_calibration_error: expected_calibration_error(&bins, options),
            reliability: reliability(&bins, &edges, z),
        })
    }
}

impl Bin {
    fn add(&mut self, group: &Group) {
        let p = group.score;
        self.all = self.all.plus(group.positive).plus(group.negative);
        self.positive = self.positive.plus(group.positive);
        self.wp += p * (group.positive.w + group.negative.w);
        self.w2d2 += group.positive.w2 * (1.0 - p).powi(2) + group.negative.w2 * p * p;
        self.w2v += (group.positive.w2 + group.negative.w2) * p * (1.0 - p);
    }

    /// Σ w (y − p) and its variance: the larger of that found and that of calibrated probabilities, because a bin
    /// with few of one class shows less spread than it has.
    fn gap(&self) -> (f64, f64) {
        let gap = self.positive.w - self.wp;
        let mean = if self.all.w > 0.0 { gap / self.all.w } else { 0.0 };
        (gap, (self.w2d2 - mean * mean * self.all.w2).max(self.w2v))
    }
}

fn expected_calibration_error(bins: &[Bin], options: &QualityOptions) -> MetricValue {
    let all = bins.iter().fold(Mass::default(), |sum, bin| sum.plus(bin.all));
    let gaps: Vec<(f64, f64)> = bins
        .iter()
        .filter(|bin| bin.all.n > 0)
        .map(Bin::gap)
        .map(|(gap, variance)| (gap.abs() / all.w, variance.sqrt() / all.w))
        .collect();
    let value: f64 = gaps.iter().map(|(gap, _)| gap).sum();
    let mut draws = Draws::new(options.seed, PURPOSE_ECE);
    let mut errors: Vec<f64> = (0..options.n_bootstrap)
        .map(|_| gaps.iter().map(|(_, error)| (error * draws.normal()).abs()).sum())
        .collect();
    errors.sort_unstable_by(f64::total_cmp);
    let rank = (options.confidence * errors.len() as f64).ceil() as usize;
    let half = errors[rank.clamp(1, errors.len()) - 1];
    MetricValue {
        value,
        low: (value - half).max(0.0),
        high: (value + half).min(1.0),
        method: IntervalMethod::Bootstrap,
        n: all.n,
    }
}

fn reliability(bins: &[Bin], edges: &[f64], z: f64) -> Vec<ReliabilityBin> {
    bins.iter()
        .enumerate()
        .filter(|(_, bin)| bin.all.n > 0)
        .map(|(idx, bin)| ReliabilityBin {
            lower_bound: edges[idx],
            upper_bound: edges[idx + 1],
            n: bin.all.n,
            mean_probability: bin.wp / bin.all.w,
            positive_share: proportion(bin.positive, bin.all, z),
        })
        .collect()
}
