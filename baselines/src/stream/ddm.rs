//! DDM: has the rate of errors risen above the lowest it ever was?
//!
//! J. Gama, P. Medas, G. Castillo, P. Rodrigues, "Learning with drift detection", SBIA 2004, 286–295. The series has
//! a 1 for an error and a 0 for none. With p the share of errors so far and s = √(p(1−p)/n):
//!
//! ```text
//! warning:  p + s > p_min + 2 s_min        drift:  p + s > p_min + 3 s_min
//! ```
//!
//! where p_min, s_min stand at the smallest p + s seen after the warm-up. Matches River 0.26.1
//! (`drift.binary.DDM`, which compares with > where the paper has ≥). Sees rises only. Does not know the model.

use super::running::RunningMean;
use super::settings::{SettingError, positive, whole};
use super::{Detection, Direction, Level};
use serde::{Deserialize, Serialize};

/// Settings; the defaults are River's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DdmSettings {
    /// Records that are only learnt from.
    pub warm_start: u64,
    /// Deviations s_min above p_min that make a warning.
    pub warning_threshold: f64,
    /// Deviations s_min above p_min that make a drift.
    pub drift_threshold: f64,
}

impl Default for DdmSettings {
    fn default() -> Self {
        Self {
            warm_start: 30,
            warning_threshold: 2.0,
            drift_threshold: 3.0,
        }
    }
}

impl DdmSettings {
    pub(super) const NAMES: &'static [&'static str] = &["warm_start", "warning_threshold", "drift_threshold"];

    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
        match name {
            "warm_start" => self.warm_start = whole(text, 0)?,
            "warning_threshold" => self.warning_threshold = positive(text)?,
            "drift_threshold" => self.drift_threshold = positive(text)?,
            _ => return Err(SettingError::Unknown(Self::NAMES)),
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Lowest {
    rate: f64,
    deviation: f64,
}

/// The detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ddm {
    settings: DdmSettings,
    rate: RunningMean,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lowest: Option<Lowest>,
    drifted: bool,
}

impl Ddm {
    /// A detector that has seen nothing.
    pub fn new(settings: DdmSettings) -> Self {
        Self {
            settings,
            rate: RunningMean::default(),
            lowest: None,
            drifted: false,
        }
    }

    pub(super) fn add(&mut self, is_error: bool) -> Option<Detection> {
        if self.drifted {
            *self = Self::new(self.settings);
        }
        self.rate.add(f64::from(u8::from(is_error)));
        let rate = self.rate.mean();
        let deviation = (rate * (1.0 - rate) / self.rate.n() as f64).max(0.0).sqrt();
        if self.rate.n() <= self.settings.warm_start {
            return None;
        }
        let level = rate + deviation;
        let lowest = match self.lowest {
            Some(lowest) if level > lowest.rate + lowest.deviation => lowest,
            _ => Lowest { rate, deviation },
        };
        self.lowest = Some(lowest);
        let limit = |threshold: f64| lowest.rate + threshold * lowest.deviation;
        let drift = limit(self.settings.drift_threshold);
        let warning = limit(self.settings.warning_threshold);
        self.drifted = level > drift;
        if self.drifted {
            Some(Detection::drift(level, drift, Some(Direction::Up)))
        } else {
            (level > warning).then_some(Detection {
                level: Level::Warning,
                statistic: level,
                limit: warning,
                direction: Some(Direction::Up),
            })
        }
    }

    /// Share of errors since the last reset.
    pub fn rate(&self) -> f64 {
        self.rate.mean()
    }

    /// p_min and s_min, after the warm-up.
    pub fn lowest(&self) -> Option<(f64, f64)> {
        self.lowest.map(|lowest| (lowest.rate, lowest.deviation))
    }

    pub(super) fn is_sound(&self) -> bool {
        self.settings.warning_threshold >= 0.0
            && self.settings.drift_threshold >= 0.0
            && (0.0..=1.0).contains(&self.rate.mean())
    }
}
