//! Label maturity: how long labels take, and so how much of a window's ground truth is there, is still to come, and by
//! when the answer is final.
//!
//! Predictions are counted in cohorts by the hour of their inference, labels by whole hours of delay. The share of
//! predictions that are labelled within a delay is one minus the Kaplan–Meier estimate of "still unlabelled" (Kaplan &
//! Meier 1958, J. Am. Stat. Assoc. 53, 457–481): a young prediction without a label is *censored* at its age, not
//! missing, and an old window that nobody has looked at
//! since is censored at its age then. Some predictions never get a label, so the curve levels off below 1; "final" is measured against that
//! level. Does not read a clock (the caller says what time it is), and does not know what labels mean.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Seconds of the unit everything here is counted in.
pub const HOUR: i64 = 3600;
/// Share of the labels that will ever come at which a result counts as final.
pub const FINAL_SHARE: f64 = 0.98;
/// Cohorts remembered, the newest first to stay: over a year of hours.
pub const MAX_COHORTS: usize = 10_000;

/// The predictions of one hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// Predictions.
    pub n: u64,
    /// Labels by their delay in whole hours. A label from before its prediction has delay 0.
    pub delays: BTreeMap<u32, u64>,
    /// Until when its labels were looked for, in seconds; without it until the time that is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
}

impl Cohort {
    /// Predictions with a label.
    pub fn n_labelled(&self) -> u64 {
        self.delays.values().sum()
    }
}

/// Cohorts by the first second of their hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelDelays {
    /// The cohorts.
    pub cohorts: BTreeMap<i64, Cohort>,
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MaturityUnknown {
    /// No prediction has a time.
    #[error("no prediction has a time")]
    NoPredictions,
    /// No label has a time.
    #[error("no label has a time of its own or lies in a folder of its hour")]
    NoLabels,
    /// Labels still come in at the longest delay that could be observed.
    #[error(
        "labels were still coming at the longest delay observed so far, so the delay curve has no end yet"
    )]
    StillRising,
}

/// Share of predictions that are labelled within a delay.
#[derive(Debug, Clone, PartialEq)]
pub struct DelayCurve {
    /// `(delay in hours, share labelled up to the end of that hour)`, where the share steps.
    pub steps: Vec<(u32, f64)>,
    /// Longest delay that could have been observed, in hours.
    pub follow_up: u32,
}

impl LabelDelays {
    /// Counts a prediction of the second `inferred`; `labelled` is when its first label came.
    pub fn count(&mut self, inferred: i64, labelled: Option<i64>) {
        let hour = inferred.div_euclid(HOUR) * HOUR;
        let cohort = self.cohorts.entry(hour).or_default();
        cohort.n += 1;
        if let Some(labelled) = labelled {
            let delay = labelled.saturating_sub(inferred).max(0) / HOUR;
            *cohort
                .delays
                .entry(u32::try_from(delay).unwrap_or(u32::MAX))
                .or_default() += 1;
        }
    }

    /// Says until when the labels of all cohorts were looked for: later ones would not be here.
    pub fn seen_until(&mut self, second: i64) {
        for cohort in self.cohorts.values_mut() {
            cohort.seen = Some(second);
        }
    }

    /// Takes the cohorts of `newer` in, in place of older knowledge of the same hours.
    pub fn update(&mut self, newer: &Self) {
        self.cohorts
            .extend(newer.cohorts.iter().map(|(hour, cohort)| (*hour, cohort.clone())));
        while self.cohorts.len() > MAX_COHORTS {
            self.cohorts.pop_first();
        }
    }

    /// The delay curve as seen at `now`.
    ///
    /// # Errors
    /// [`MaturityUnknown`]: no prediction or no label has a time.
    pub fn curve(&self, now: i64) -> Result<DelayCurve, MaturityUnknown> {
        if self.cohorts.is_empty() {
            return Err(MaturityUnknown::NoPredictions);
        }
        let (mut events, mut leaves): (BTreeMap<u32, u64>, BTreeMap<u32, u64>) = Default::default();
        let mut follow_up = 0;
        for (hour, cohort) in &self.cohorts {
            let longest = cohort.delays.keys().next_back().copied().unwrap_or(0);
            let age = age_hours(*hour, cohort.seen.unwrap_or(now).min(now)).max(longest);
            follow_up = follow_up.max(age);
            for (delay, n) in &cohort.delays {
                *events.entry(*delay).or_default() += n;
            }
            *leaves.entry(age).or_default() += cohort.n - cohort.n_labelled().min(cohort.n);
        }
        if events.is_empty() {
            return Err(MaturityUnknown::NoLabels);
        }
        let mut at_risk: u64 = events.values().sum::<u64>() + leaves.values().sum::<u64>();
        let mut unlabelled = 1.0;
        let mut steps = Vec::with_capacity(events.len());
        let mut censored = leaves.into_iter().peekable();
        for (delay, n) in events {
            // Censored at age a: at risk up to and with delay a.
            while let Some((_, left)) = censored.next_if(|(age, _)| *age < delay) {
                at_risk -= left;
            }
            unlabelled *= 1.0 - n as f64 / at_risk as f64;
            at_risk -= n;
            steps.push((delay, 1.0 - unlabelled));
        }
        Ok(DelayCurve { steps, follow_up })
    }
}

/// Whole hours from the cohort's hour to `now`.
fn age_hours(hour: i64, now: i64) -> u32 {
    u32::try_from(now.saturating_sub(hour).max(0) / HOUR).unwrap_or(u32::MAX)
}

impl DelayCurve {
    /// Share labelled within `hours`.
    pub fn share_by(&self, hours: u32) -> f64 {
        let n = self.steps.partition_point(|(delay, _)| *delay <= hours);
        n.checked_sub(1).map_or(0.0, |last| self.steps[last].1)
    }

    /// Share that is ever labelled.
    ///
    /// # Errors
    /// [`MaturityUnknown::StillRising`] unless the last quarter of the follow-up brought at most 2 % of the labels.
    pub fn level(&self) -> Result<f64, MaturityUnknown> {
        let last = self.share_by(self.follow_up);
        let before = self.share_by((f64::from(self.follow_up) * 0.75).floor() as u32);
        if last > 0.0 && before >= FINAL_SHARE * last && self.follow_up > 0 {
            Ok(last)
        } else {
            Err(MaturityUnknown::StillRising)
        }
    }

    /// Share of the predictions in `window` that should have a label at `now`.
    pub fn expected_coverage(&self, window: &LabelDelays, now: i64) -> f64 {
        let (mut expected, mut n) = (0.0, 0);
        for (hour, cohort) in &window.cohorts {
            expected += cohort.n as f64 * self.share_by(age_hours(*hour, now));
            n += cohort.n;
        }
        if n == 0 { 0.0 } else { expected / n as f64 }
    }

    /// First full hour (seconds) by which `window` has [`FINAL_SHARE`] of the labels it will ever get.
    ///
    /// # Errors
    /// [`MaturityUnknown`]: the curve's level is not known, or the window is empty.
    pub fn final_at(&self, window: &LabelDelays) -> Result<i64, MaturityUnknown> {
        let wanted = FINAL_SHARE * self.level()?;
        let last_hour = *window
            .cohorts
            .keys()
            .next_back()
            .ok_or(MaturityUnknown::NoPredictions)?;
        let first_hour = *window
            .cohorts
            .keys()
            .next()
            .ok_or(MaturityUnknown::NoPredictions)?;
        let longest = i64::from(self.steps.last().map_or(0, |(delay, _)| *delay)) + 1;
        let (mut low, mut high) = (first_hour / HOUR, last_hour / HOUR + longest);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.expected_coverage(window, middle * HOUR) + 1e-12 >= wanted {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        // The labels of the hour `low` come until its end.
        Ok((low + 1) * HOUR)
    }
}

#[cfg(test)]
mod tests;
