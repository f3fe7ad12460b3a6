//! EDDM: do errors follow one another faster than they used to?
//!
//! M. Baena-García et al., "Early drift detection method", IWKDDS 2006. The series has a 1 for an error and a 0 for
//! none. With p' the mean and s' the standard deviation of the number of records from one error to the next:
//!
//! ```text
//! r = (p' + 2 s') / max(p' + 2 s')      warning: r < α      drift: r < β
//! ```
//!
//! Looked at on errors only; a warning lasts until an error ends it. Matches River 0.26.1 (`drift.binary.EDDM`), also
//! in that a new maximum leaves a warning standing and that s' divides by n − 1. Sees faster errors only. Does not
//! know the model.

use super::running::RunningVariance;
use super::settings::{SettingError, share, whole};
use super::{Detection, Direction, Level};
use serde::{Deserialize, Serialize};

/// Settings; the defaults are River's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EddmSettings {
    /// Errors before a change can be detected.
    pub warm_start: u64,
    /// Ratio below which there is a warning.
    pub alpha: f64,
    /// Ratio below which there is a drift.
    pub beta: f64,
}

impl Default for EddmSettings {
    fn default() -> Self {
        Self {
            warm_start: 30,
            alpha: 0.95,
            beta: 0.9,
        }
    }
}

impl EddmSettings {
    pub(super) const NAMES: &'static [&'static str] = &["warm_start", "alpha", "beta"];

    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
        match name {
            "warm_start" => self.warm_start = whole(text, 0)?,
            "alpha" => self.alpha = share(text)?,
            "beta" => self.beta = share(text)?,
            _ => return Err(SettingError::Unknown(Self::NAMES)),
        }
        Ok(())
    }
}

/// The detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Eddm {
    settings: EddmSettings,
    distances: RunningVariance,
    n: u64,
    n_errors: u64,
    last_error: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    largest: Option<f64>,
    /// The ratio that put the series into the warning zone, while it is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warned: Option<f64>,
    drifted: bool,
}

impl Eddm {
    /// A detector that has seen nothing.
    pub fn new(settings: EddmSettings) -> Self {
        Self {
            settings,
            distances: RunningVariance::default(),
            n: 0,
            n_errors: 0,
            last_error: 0,
            largest: None,
            warned: None,
            drifted: false,
        }
    }

    pub(super) fn add(&mut self, is_error: bool) -> Option<Detection> {
        if self.drifted {
            *self = Self::new(self.settings);
        }
        self.n += 1;
        if is_error {
            self.n_errors += 1;
            self.distances.add((self.n - self.last_error) as f64);
            self.last_error = self.n;
            if self.n > self.settings.warm_start
                && let Some(ratio) = self.ratio_below_largest()
                && self.n_errors > self.settings.warm_start
            {
                if ratio < self.settings.beta {
                    self.drifted = true;
                    return Some(Detection::drift(ratio, self.settings.beta, Some(Direction::Up)));
                }
                self.warned = (ratio < self.settings.alpha).then_some(ratio);
            }
        }
        self.warned.map(|ratio| Detection {
            level: Level::Warning,
            statistic: ratio,
            limit: self.settings.alpha,
            direction: Some(Direction::Up),
        })
    }

    /// The ratio, unless the distances are at a new maximum, which is noted.
    fn ratio_below_largest(&mut self) -> Option<f64> {
        let level = self.level();
        match self.largest {
            Some(largest) if level <= largest => Some(level / largest),
            _ => {
                self.largest = Some(level);
                None
            }
        }
    }

    /// p' + 2 s' of the distances since the last reset.
    pub fn level(&self) -> f64 {
        self.distances.mean() + 2.0 * self.distances.variance().sqrt()
    }

    /// Its maximum, after the warm-up.
    pub fn largest(&self) -> Option<f64> {
        self.largest
    }

    pub(super) fn is_sound(&self) -> bool {
        self.settings.alpha >= self.settings.beta
            && self.last_error <= self.n
            && self.n < u64::MAX
            && self.largest.is_none_or(|largest| largest > 0.0)
    }
}
