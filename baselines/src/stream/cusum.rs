//! CUSUM: the tabular cumulative sum of standardised values, two-sided.
//!
//! E. S. Page (1954); the form of D. C. Montgomery, "Introduction to Statistical Quality Control", section 9.1. With
//! z = (x − μ)/σ:
//!
//! ```text
//! C⁺ = max(0, C⁺ + z − k)     C⁻ = max(0, C⁻ − z − k)     drift: C > h
//! ```
//!
//! k and h are in standard deviations, so the same settings suit any series. The defaults k = ½, h = 5 are
//! Montgomery's: tuned to a shift of 1 σ, with an average run of 465 values to a false alarm for independent normal
//! values and known μ, σ. River has no such detector. Unless given, μ and σ (n − 1) are those of the first `warm_up`
//! values; while these are all equal, the learning goes on. After a drift the detector starts anew: it learns the
//! new level, or keeps a μ and σ that were given. Does not know what the series means.

use super::running::RunningVariance;
use super::settings::{SettingError, finite, positive, whole};
use super::{Detection, Direction};
use serde::{Deserialize, Serialize};

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CusumSettings {
    /// k: tolerated deviation, in σ.
    pub k: f64,
    /// h: cumulated deviation that is a drift, in σ.
    pub h: f64,
    /// Values μ and σ are learnt from, unless given.
    pub warm_up: u64,
    /// μ, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// σ, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_dev: Option<f64>,
}

impl Default for CusumSettings {
    fn default() -> Self {
        Self {
            k: 0.5,
            h: 5.0,
            warm_up: 30,
            mean: None,
            std_dev: None,
        }
    }
}

impl CusumSettings {
    pub(super) const NAMES: &'static [&'static str] = &["k", "h", "warm_up", "mean", "std_dev"];

    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
        match name {
            "k" => self.k = positive(text)?,
            "h" => self.h = positive(text)?,
            "warm_up" => self.warm_up = whole(text, 2)?,
            "mean" => self.mean = Some(finite(text)?),
            "std_dev" => self.std_dev = Some(positive(text)?),
            _ => return Err(SettingError::Unknown(Self::NAMES)),
        }
        Ok(())
    }

    pub(super) fn problem(&self) -> Option<&'static str> {
        if self.mean.is_some() != self.std_dev.is_some() {
            Some("cusum.mean and cusum.std_dev are given together or not at all")
        } else if self.std_dev.is_some_and(|std_dev| std_dev <= 0.0) {
            Some("cusum.std_dev must be above 0")
        } else if self.k < 0.0 || self.h < 0.0 || self.warm_up < 2 {
            Some("cusum.k and cusum.h must not be below 0, cusum.warm_up not below 2")
        } else {
            None
        }
    }
}

/// The detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    settings: CusumSettings,
    learnt: RunningVariance,
    high: f64,
    low: f64,
    drifted: bool,
}

impl Cusum {
    /// A detector that has seen nothing.
    pub fn new(settings: CusumSettings) -> Self {
        Self {
            settings,
            learnt: RunningVariance::default(),
            high: 0.0,
            low: 0.0,
            drifted: false,
        }
    }

    pub(super) fn add(&mut self, value: f64) -> Option<Detection> {
        if self.drifted {
            *self = Self::new(self.settings);
        }
        let Some((mean, std_dev)) = self.reference() else {
            self.learnt.add(value);
            return None;
        };
        let CusumSettings { k, h, .. } = self.settings;
        let z = (value - mean) / std_dev;
        self.high = (self.high + z - k).clamp(0.0, f64::MAX);
        self.low = (self.low - z - k).clamp(0.0, f64::MAX);
        let (statistic, direction) = if self.high > h {
            (self.high, Direction::Up)
        } else if self.low > h {
            (self.low, Direction::Down)
        } else {
            return None;
        };
        self.drifted = true;
        Some(Detection::drift(statistic, h, Some(direction)))
    }

    /// μ and σ, once they are known.
    pub fn reference(&self) -> Option<(f64, f64)> {
        if let (Some(mean), Some(std_dev)) = (self.settings.mean, self.settings.std_dev) {
            return Some((mean, std_dev));
        }
        let std_dev = self.learnt.variance().sqrt();
        (self.learnt.n() >= self.settings.warm_up && std_dev > 0.0).then(|| (self.learnt.mean(), std_dev))
    }

    /// C⁺ and C⁻.
    pub fn sums(&self) -> (f64, f64) {
        (self.high, self.low)
    }

    pub(super) fn is_sound(&self) -> bool {
        self.settings.problem().is_none() && self.high >= 0.0 && self.low >= 0.0
    }
}
