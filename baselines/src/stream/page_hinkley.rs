//! Page–Hinkley test: has the mean of the series moved?
//!
//! E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954) 100–115, in the forgetting, two-sided form of
//! River 0.26.1 (`drift.PageHinkley`), whose numbers it matches bit for bit. With x̄ₜ the mean up to t:
//!
//! ```text
//! Uₜ = α Uₜ₋₁ + xₜ − x̄ₜ − δ      rise:  Uₜ − min U > λ
//! Dₜ = α Dₜ₋₁ + xₜ − x̄ₜ + δ      fall:  max D − Dₜ > λ
//! ```
//!
//! δ and λ are in units of the series: a series of small numbers needs a smaller λ. As in River the running maximum
//! of D starts at −1 and not at −∞. Does not know what the series means.

use super::running::RunningMean;
use super::settings::{SettingError, positive, share, whole};
use super::{Detection, Direction};
use serde::{Deserialize, Serialize};

/// Which movement of the mean counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// Rises only.
    Up,
    /// Falls only.
    Down,
    /// Both.
    Both,
}

/// Settings; the defaults are River's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PageHinkleySettings {
    /// Values before a change can be detected.
    pub min_instances: u64,
    /// δ: movement that is tolerated, in units of the series.
    pub delta: f64,
    /// λ: cumulated deviation that is a change, in units of the series.
    pub threshold: f64,
    /// α: forgetting factor, 1 forgets nothing.
    pub alpha: f64,
    /// Which movement counts.
    pub watch: Watch,
}

impl Default for PageHinkleySettings {
    fn default() -> Self {
        Self {
            min_instances: 30,
            delta: 0.005,
            threshold: 50.0,
            alpha: 1.0 - 0.0001,
            watch: Watch::Both,
        }
    }
}

impl PageHinkleySettings {
    pub(super) const NAMES: &'static [&'static str] =
        &["min_instances", "delta", "threshold", "alpha", "watch"];

    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
        match name {
            "min_instances" => self.min_instances = whole(text, 1)?,
            "delta" => self.delta = positive(text)?,
            "threshold" => self.threshold = positive(text)?,
            "alpha" => self.alpha = share(text)?,
            "watch" => {
                self.watch = match text {
                    "up" => Watch::Up,
                    "down" => Watch::Down,
                    "both" => Watch::Both,
                    _ => return Err(SettingError::Expected("up, down or both")),
                }
            }
            _ => return Err(SettingError::Unknown(Self::NAMES)),
        }
        Ok(())
    }

    fn is_sound(&self) -> bool {
        self.min_instances > 0
            && self.delta >= 0.0
            && self.threshold >= 0.0
            && (0.0..=1.0).contains(&self.alpha)
    }
}

/// The detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageHinkley {
    settings: PageHinkleySettings,
    mean: RunningMean,
    sum_increase: f64,
    sum_decrease: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_increase: Option<f64>,
    max_decrease: f64,
    drifted: bool,
}

impl PageHinkley {
    /// A detector that has seen nothing.
    pub fn new(settings: PageHinkleySettings) -> Self {
        Self {
            settings,
            mean: RunningMean::default(),
            sum_increase: 0.0,
            sum_decrease: 0.0,
            min_increase: None,
            max_decrease: -1.0,
            drifted: false,
        }
    }

    pub(super) fn add(&mut self, value: f64) -> Option<Detection> {
        if self.drifted {
            *self = Self::new(self.settings);
        }
        let PageHinkleySettings {
            min_instances,
            delta,
            threshold,
            alpha,
            watch,
        } = self.settings;
        self.mean.add(value);
        let deviation = value - self.mean.mean();
        self.sum_increase = alpha * self.sum_increase + deviation - delta;
        self.sum_decrease = alpha * self.sum_decrease + deviation + delta;
        let least = self
            .min_increase
            .map_or(self.sum_increase, |least| least.min(self.sum_increase));
        self.min_increase = Some(least);
        self.max_decrease = self.max_decrease.max(self.sum_decrease);
        if self.mean.n() < min_instances {
            return None;
        }
        let rise = self.sum_increase - least;
        let fall = self.max_decrease - self.sum_decrease;
        let (statistic, direction) = if watch != Watch::Down && rise > threshold {
            (rise, Direction::Up)
        } else if watch != Watch::Up && fall > threshold {
            (fall, Direction::Down)
        } else {
            return None;
        };
        self.drifted = true;
        Some(Detection::drift(statistic, threshold, Some(direction)))
    }

    /// U and D.
    pub fn sums(&self) -> (f64, f64) {
        (self.sum_increase, self.sum_decrease)
    }

    /// Mean of the values since the last reset.
    pub fn mean(&self) -> f64 {
        self.mean.mean()
    }

    pub(super) fn is_sound(&self) -> bool {
        self.settings.is_sound()
    }
}
