//! `[capture_health]`: what capture is expected to be like.
//!
//! Values are checked where their place in the file is known. Does not look at capture (`capture_health`).

use crate::error::EngineError;
use baselines::calibrate::FalseAlarmBudget;
use baselines::capture_health::{CapturedSides, HealthPolicy};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use store::Location;
use toml::Spanned;

/// `[capture_health]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HealthSettings {
    /// What is asked of capture; `None`: `enabled = false`.
    pub policy: Option<HealthPolicy>,
    /// Requests that the endpoint answered, by time: what the captured share is held against.
    pub invocations: Option<Location>,
}

/// `[capture_health]` as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "percentage")]
    sampling: Option<f64>,
    #[serde(default, deserialize_with = "super::file::share")]
    sampling_tolerance: Option<f64>,
    invocations: Option<Spanned<String>>,
    #[serde(default)]
    sides: WrittenSides,
    #[serde(default, deserialize_with = "super::file::budget")]
    false_alarms: Option<FalseAlarmBudget>,
    #[serde(default, deserialize_with = "super::file::share")]
    max_one_sided: Option<f64>,
    #[serde(default, deserialize_with = "super::file::share")]
    max_decode_failures: Option<f64>,
    #[serde(default, deserialize_with = "super::file::share")]
    max_duplicates: Option<f64>,
    #[serde(default, deserialize_with = "super::file::share")]
    max_late: Option<f64>,
    #[serde(default, deserialize_with = "super::file::share")]
    min_id_coverage: Option<f64>,
    #[serde(default, deserialize_with = "super::file::share")]
    volume_change: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenSides {
    #[default]
    Both,
    One,
}

impl Written {
    /// The settings, locations resolved by `place`. Where labels are joined by ids (`has_labels`) or the file asks for
    /// them, nearly all records must have one.
    pub(super) fn settings(
        self,
        has_labels: bool,
        grace_seconds: Option<i64>,
        place: impl Fn(&str, &Spanned<String>) -> Result<Location, EngineError>,
    ) -> Result<HealthSettings, EngineError> {
        let default = HealthPolicy::default();
        let policy = HealthPolicy {
            false_alarms: self.false_alarms,
            sampling: self.sampling.map(|percentage| percentage / 100.0),
            sampling_tolerance: self.sampling_tolerance.unwrap_or(default.sampling_tolerance),
            sides: match self.sides {
                WrittenSides::Both => CapturedSides::Both,
                WrittenSides::One => CapturedSides::One,
            },
            max_one_sided: self.max_one_sided.unwrap_or(default.max_one_sided),
            max_decode_failures: self.max_decode_failures.unwrap_or(default.max_decode_failures),
            max_duplicates: self.max_duplicates.unwrap_or(default.max_duplicates),
            max_late: self.max_late.unwrap_or(default.max_late),
            min_id_coverage: self
                .min_id_coverage
                .or(has_labels.then_some(HealthPolicy::ID_COVERAGE)),
            volume_change: self.volume_change.unwrap_or(default.volume_change),
            expects_records: true,
            grace_seconds,
        };
        Ok(HealthSettings {
            policy: self.enabled.unwrap_or(true).then_some(policy),
            invocations: self
                .invocations
                .as_ref()
                .map(|at| place("invocations", at))
                .transpose()?,
        })
    }
}

fn percentage<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let percentage = f64::deserialize(deserializer)?;
    if !(percentage > 0.0 && percentage <= 100.0) {
        return Err(D::Error::custom(format!(
            "{percentage} is no sampling percentage, expected one above 0 and up to 100, as in the endpoint's DataCaptureConfig"
        )));
    }
    Ok(Some(percentage))
}
