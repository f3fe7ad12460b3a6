//! Rows and their weights, summed without rounding so that no order shows. Does not know what is counted.

use crate::profile::exact_sum::{ExactSums, SumScratch};

/// Rows with the sum of their weights and of the squares of their weights.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Mass {
    /// Rows.
    pub n: u64,
    /// Σw.
    pub w: f64,
    /// Σw².
    pub w2: f64,
}

impl Mass {
    pub(crate) fn of_rows(n: u64) -> Self {
        Self {
            n,
            w: n as f64,
            w2: n as f64,
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            n: self.n + other.n,
            w: self.w + other.w,
            w2: self.w2 + other.w2,
        }
    }

    /// Kish's effective number of rows, (Σw)²/Σw²; the number of rows where all weights are equal.
    pub(crate) fn effective(self) -> f64 {
        if self.w2 > 0.0 {
            self.w * self.w / self.w2
        } else {
            0.0
        }
    }
}

/// A mass that grows and merges exactly.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExactMass {
    /// Rows of weight 1.
    n_plain: u64,
    /// Rows of another weight, and their sums.
    n_weighted: u64,
    weighted: Option<Box<ExactSums>>,
}

impl ExactMass {
    pub(crate) fn add_plain(&mut self, n: u64) {
        self.n_plain += n;
    }

    /// Adds rows of these weights, each positive and finite.
    pub(crate) fn add_weights(&mut self, weights: &[f64], scratch: &mut SumScratch) {
        if weights.is_empty() {
            return;
        }
        self.n_weighted += weights.len() as u64;
        self.weighted.get_or_insert_default().add_all(weights, scratch);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.n_plain += other.n_plain;
        self.n_weighted += other.n_weighted;
        if let Some(sums) = &other.weighted {
            self.weighted.get_or_insert_default().merge(sums);
        }
    }

    pub(crate) fn is_weighted(&self) -> bool {
        self.weighted.is_some()
    }

    pub(crate) fn mass(&self) -> Mass {
        let plain = Mass::of_rows(self.n_plain);
        let Some(sums) = &self.weighted else { return plain };
        plain.plus(Mass {
            n: self.n_weighted,
            w: sums.sum(),
            w2: sums.sum_of_squares(),
        })
    }
}
