//! Count, sum, mean, standard deviation, minimum and maximum of finite numbers.
//!
//! Mean and standard deviation come from exact sums ([`super::exact_sum`]), so a huge offset costs no digit.
//! Does not see missing cells, NaN or infinities: the column counts those.

use super::exact_sum::{ExactSums, SumScratch};
use serde::{Deserialize, Serialize};

/// Moments of finite numbers; merge is exact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    n: u64,
    sums: ExactSums,
    /// As bits: infinite until a number comes, which JSON cannot say.
    #[serde(with = "as_bits")]
    min: f64,
    #[serde(with = "as_bits")]
    max: f64,
}

mod as_bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.to_bits().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            n: 0,
            sums: ExactSums::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Moments {
    /// Adds finite values.
    pub fn add_all(&mut self, values: &[f64], scratch: &mut SumScratch) {
        self.n += values.len() as u64;
        let (mut min, mut max) = (self.min, self.max);
        for &value in values {
            min = if value < min { value } else { min };
            max = if value > max { value } else { max };
        }
        (self.min, self.max) = (min, max);
        self.sums.add_all(values, scratch);
    }
    /// Whether the state can be merged: it may come from another process.
    pub(super) fn is_sound(&self) -> bool {
        self.sums.is_sound() && !self.min.is_nan() && !self.max.is_nan()
    }
    /// Adds what `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sums.merge(&other.sums);
    }
    /// Values seen.
    pub fn n(&self) -> u64 {
        self.n
    }
    /// Correctly rounded sum.
    pub fn sum(&self) -> f64 {
        self.sums.sum()
    }
    /// Mean; `None` for n = 0.
    pub fn mean(&self) -> Option<f64> {
        self.sums.mean(self.n)
    }
    /// Population standard deviation (divides by n, as Model Monitor does); `None` for n = 0.
    pub fn std_dev(&self) -> Option<f64> {
        self.sums.variance(self.n).map(f64::sqrt)
    }
    /// Smallest value; `None` for n = 0.
    pub fn min(&self) -> Option<f64> {
        (self.n > 0).then_some(self.min)
    }
    /// Largest value; `None` for n = 0.
    pub fn max(&self) -> Option<f64> {
        (self.n > 0).then_some(self.max)
    }
}
