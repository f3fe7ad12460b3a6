//! KSWIN: do the newest values have the distribution of those before?
//!
//! C. Raab, M. Heusinger, F.-M. Schleif, "Reactive soft prototype computing for concept drift streams",
//! Neurocomputing 416 (2020). Of the last `window_size` values the newest `stat_size` are compared, by the two-sample
//! Kolmogorov–Smirnov test, with as many drawn at random from the older ones; p ≤ α and D > 0.1 is a drift.
//!
//! River 0.26.1 (`drift.KSWIN`) draws with `random.Random(seed).sample`; so does this (`twister`), and its detections
//! and p-values are River's for the same seed. River's seed is None (the clock's); ours is 0, since the same series
//! must give the same answer. The p-value is SciPy's `ks_2samp(method="auto")`. Has no direction. The test is made at
//! every value, so α is the rate per value and not per series.

use super::Detection;
use super::settings::{SettingError, share, whole};
use super::twister::Twister;
use crate::compare::{Context, Convention, Method, compare_numeric};
use crate::summary::WeightedPoints;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A difference D up to here is no drift, whatever its p-value (River's constant).
const LEAST_DIFFERENCE: f64 = 0.1;

/// Settings; the defaults are River's, but for the seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KswinSettings {
    /// Largest p-value that is a drift.
    pub alpha: f64,
    /// Values remembered.
    pub window_size: u64,
    /// Newest values tested; at most half of `window_size`.
    pub stat_size: u64,
    /// Seed of the draw.
    pub seed: u64,
}

impl Default for KswinSettings {
    fn default() -> Self {
        Self {
            alpha: 0.005,
            window_size: 100,
            stat_size: 30,
            seed: 0,
        }
    }
}

impl KswinSettings {
    pub(super) const NAMES: &'static [&'static str] = &["alpha", "window_size", "stat_size", "seed"];

    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
        match name {
            "alpha" => self.alpha = share(text)?,
            "window_size" => self.window_size = whole(text, 2)?,
            "stat_size" => self.stat_size = whole(text, 1)?,
            "seed" => self.seed = whole(text, 0)?,
            _ => return Err(SettingError::Unknown(Self::NAMES)),
        }
        Ok(())
    }

    pub(super) fn problem(&self) -> Option<&'static str> {
        if self.window_size > 1 << 24 {
            Some("kswin.window_size must be at most 16,777,216")
        } else if self.stat_size == 0 || self.stat_size > self.window_size / 2 {
            Some("kswin.stat_size must be at least 1 and at most half of kswin.window_size")
        } else {
            (!(0.0..=1.0).contains(&self.alpha)).then_some("kswin.alpha must be between 0 and 1")
        }
    }
}

/// The detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kswin {
    settings: KswinSettings,
    window: VecDeque<f64>,
    twister: Twister,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p_value: Option<f64>,
    drifted: bool,
}

impl Kswin {
    /// A detector that has seen nothing.
    pub fn new(settings: KswinSettings) -> Self {
        Self {
            settings,
            window: VecDeque::new(),
            twister: Twister::new(settings.seed),
            p_value: None,
            drifted: false,
        }
    }

    pub(super) fn add(&mut self, value: f64) -> Option<Detection> {
        if self.drifted {
            *self = Self::new(self.settings);
        }
        let (size, newest) = (
            self.settings.window_size as usize,
            self.settings.stat_size as usize,
        );
        self.window.push_back(value);
        if self.window.len() > size {
            self.window.pop_front();
        }
        if self.window.len() < size {
            return None;
        }
        let positions = self.twister.sample(size - newest, newest);
        let older = positions.into_iter().map(|idx| self.window[idx]).collect();
        let newer = self.window.range(size - newest..).copied().collect();
        let (older, newer) = (
            WeightedPoints::from_values(older),
            WeightedPoints::from_values(newer),
        );
        let test = compare_numeric(
            Method::KolmogorovSmirnov,
            Convention::Scipy,
            &older,
            &newer,
            &Context::default(),
        )
        .ok()?;
        let p_value = test.p_value?;
        self.p_value = Some(p_value);
        self.drifted = p_value <= self.settings.alpha && test.statistic > LEAST_DIFFERENCE;
        self.drifted
            .then(|| Detection::drift(p_value, self.settings.alpha, None))
    }

    /// p-value of the last test since the last reset.
    pub fn p_value(&self) -> Option<f64> {
        self.p_value
    }

    pub(super) fn is_sound(&self) -> bool {
        self.settings.problem().is_none()
            && self.twister.is_sound()
            && self.window.len() as u64 <= self.settings.window_size
    }
}
