//! Quantiles of weighted values, with intervals by order statistics.
//!
//! The quantile is the averaged inverse of the distribution function (Hyndman & Fan 1996, type 2; NumPy's
//! `averaged_inverted_cdf`): the smallest value whose share is at least p, averaged with the next where the share is
//! exactly p. Its median is the usual one. Does not know what the values are.

use crate::quality::interval::quantile_shares;
use crate::quality::result::{IntervalMethod, MetricValue};

/// Values with weights, sorted and cumulated.
pub(super) struct Sorted {
    values: Vec<f64>,
    /// Σw up to and with each value.
    cumulative: Vec<f64>,
    n_effective: f64,
}

impl Sorted {
    /// `pairs`: value and weight; at least one.
    pub(super) fn new(mut pairs: Vec<(f64, f64)>) -> Self {
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (mut total, mut squares) = (0.0, 0.0);
        let mut cumulative = Vec::with_capacity(pairs.len());
        for (_, weight) in &pairs {
            total += weight;
            squares += weight * weight;
            cumulative.push(total);
        }
        Self {
            values: pairs.into_iter().map(|(value, _)| value).collect(),
            cumulative,
            n_effective: total * total / squares,
        }
    }

    fn at(&self, share: f64) -> f64 {
        let last = self.values.len() - 1;
        let target = share * self.cumulative[last];
        // A share such as 0.1 of 30 rows must hit the third row in spite of its rounding.
        let slack = 1e-12 * self.cumulative[last];
        let idx = self
            .cumulative
            .partition_point(|sum| *sum < target - slack)
            .min(last);
        let is_exact = (self.cumulative[idx] - target).abs() <= slack;
        if is_exact && idx < last {
            0.5 * (self.values[idx] + self.values[idx + 1])
        } else {
            self.values[idx]
        }
    }

    pub(super) fn quantile(&self, probability: f64, z: f64) -> MetricValue {
        let (low, high) = quantile_shares(probability, self.n_effective, z);
        MetricValue {
            value: self.at(probability),
            low: self.at(low),
            high: self.at(high),
            method: IntervalMethod::OrderStatistic,
            n: self.values.len() as u64,
        }
    }
}
