//! Mean and variance of a growing series, updated value by value.
//!
//! Welford's recurrences in the order of operations of River's `stats.Mean` and `stats.Var`, so that detectors built
//! on them reach the same double. Order matters here, on purpose: a series has one. For statistics of a data set,
//! which has no order, see `profile::moments`.

use serde::{Deserialize, Serialize};

/// Mean of the values so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RunningMean {
    n: u64,
    mean: f64,
}

impl RunningMean {
    pub(super) fn add(&mut self, value: f64) {
        self.n += 1;
        self.mean += (1.0 / self.n as f64) * (value - self.mean);
    }

    /// Values so far.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Their mean; 0 before the first.
    pub fn mean(&self) -> f64 {
        self.mean
    }
}

/// Mean and sample variance of the values so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RunningVariance {
    mean: RunningMean,
    squares: f64,
}

impl RunningVariance {
    pub(super) fn add(&mut self, value: f64) {
        let before = self.mean.mean();
        self.mean.add(value);
        self.squares += (value - before) * (value - self.mean.mean());
    }

    /// Values so far.
    pub fn n(&self) -> u64 {
        self.mean.n()
    }

    /// Their mean; 0 before the first.
    pub fn mean(&self) -> f64 {
        self.mean.mean()
    }

    /// Their variance (divides by n − 1); 0 for fewer than two values.
    pub fn variance(&self) -> f64 {
        if self.n() > 1 {
            (self.squares / (self.n() - 1) as f64).max(0.0)
        } else {
            0.0
        }
    }
}
