//! Means, variances and quantiles of weighted points. Does not know distances.

use super::measurement::NotComputable;
use crate::summary::{NumericSummary, WeightedPoints};

/// Size, mean and variance of a sample: enough for t tests and for scaling by a standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Rows.
    pub n: u64,
    /// Mean.
    pub mean: f64,
    /// Sum of squared deviations from the mean, divided by `n`.
    pub variance: f64,
}

impl Moments {
    /// The exact moments a summary keeps, whatever is left of its points.
    pub fn of_summary(summary: &NumericSummary) -> Option<Self> {
        let moments = Self {
            n: summary.n,
            mean: summary.mean,
            variance: summary.std_dev * summary.std_dev,
        };
        (summary.n > 0 && moments.mean.is_finite() && moments.variance.is_finite()).then_some(moments)
    }

    /// Of the points' values, in two passes with compensated sums (Neumaier 1974).
    pub(crate) fn of(points: &WeightedPoints) -> Result<Self, NotComputable> {
        let n = points.n();
        if n == 0 {
            return Err(NotComputable::EmptyBaseline);
        }
        let rows = n as f64;
        if let [value] = points.values[..] {
            return Ok(Self {
                n,
                mean: value,
                variance: 0.0,
            });
        }
        let mean = weighted_sum(points, |value| value) / rows;
        let squares = weighted_sum(points, |value| (value - mean) * (value - mean));
        let drift = weighted_sum(points, |value| value - mean);
        let variance = (squares - drift * drift / rows) / rows;
        if mean.is_finite() && variance.is_finite() {
            Ok(Self {
                n,
                mean,
                variance: variance.max(0.0),
            })
        } else {
            Err(NotComputable::Infinite)
        }
    }

    /// Variance with n − 1 in the denominator; `None` for one row.
    pub(crate) fn sample_variance(&self) -> Option<f64> {
        (self.n > 1).then(|| self.variance * (self.n as f64 / (self.n - 1) as f64))
    }

    /// Standard deviation, dividing by n − `ddof`.
    pub(crate) fn standard_deviation(&self, ddof: u32) -> Option<f64> {
        let variance = if ddof == 0 {
            Some(self.variance)
        } else {
            self.sample_variance()
        };
        variance.map(f64::sqrt)
    }
}

/// Σ weight · of(value), compensated.
pub(crate) fn weighted_sum(points: &WeightedPoints, of: impl Fn(f64) -> f64) -> f64 {
    let mut sum = Compensated::default();
    for (&value, &weight) in points.values.iter().zip(&points.weights) {
        sum.add(weight as f64 * of(value));
    }
    sum.value()
}

/// Neumaier's compensated sum.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    pub(crate) fn add(&mut self, term: f64) {
        let next = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() {
            (self.sum - next) + term
        } else {
            (term - next) + self.sum
        };
        self.sum = next;
    }

    pub(crate) fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

/// R-7 quantile (Hyndman and Fan 1996), interpolated as NumPy does; 0 ≤ `q` ≤ 1, at least one point.
pub(crate) fn quantile(points: &WeightedPoints, q: f64) -> f64 {
    let n = points.n();
    let position = (n - 1) as f64 * q;
    let (low, high) = (position.floor(), position.ceil());
    let [a, b] = [low, high].map(|rank| value_at(points, rank as u64));
    let share = position - low;
    let difference = b - a;
    if share >= 0.5 {
        b - difference * (1.0 - share)
    } else {
        a + difference * share
    }
}

/// The value of the row with this rank, from 0.
fn value_at(points: &WeightedPoints, rank: u64) -> f64 {
    let mut below = 0;
    for (&value, &weight) in points.values.iter().zip(&points.weights) {
        below += weight;
        if rank < below {
            return value;
        }
    }
    points.values.last().copied().unwrap_or(0.0)
}
