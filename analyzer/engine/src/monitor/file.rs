//! The settings file as it is written: one struct per table, every key known.
//!
//! A section is a struct here and a field in [`Written`]; keys that no struct has are errors with their place. Values
//! are checked where their place is known. Does not know where the file is or what its locations hold.

use super::length::Length;
use baselines::calibrate::{FalseAlarmBudget, Persistence};
use baselines::reference::Reference;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use toml::Spanned;

/// `monitor.toml`, top level.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(deserialize_with = "name")]
    pub(super) name: String,
    pub(super) capture: Spanned<String>,
    pub(super) baseline: Spanned<String>,
    pub(super) schema: Option<Spanned<String>>,
    pub(super) history: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) output_columns_position: WrittenPosition,
    #[serde(default = "one_day", deserialize_with = "window")]
    pub(super) window: Length,
    #[serde(default = "no_grace")]
    pub(super) grace: Length,
    #[serde(default)]
    pub(super) drift: WrittenDrift,
    pub(super) retrain: Option<super::retrain::Written>,
    pub(super) alerts: Option<super::alerts::Written>,
}

/// Where outputs stand among the columns of a baseline without roles.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WrittenPosition {
    #[default]
    Start,
    End,
}

/// `[drift]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenDrift {
    #[serde(default, deserialize_with = "budget")]
    pub(super) false_alarms: Option<FalseAlarmBudget>,
    #[serde(default, deserialize_with = "share")]
    pub(super) min_effect: Option<f64>,
    #[serde(default, deserialize_with = "share")]
    pub(super) min_rate_effect: Option<f64>,
    #[serde(default, deserialize_with = "persistence")]
    pub(super) persistence: Option<Persistence>,
    #[serde(default, deserialize_with = "reference")]
    pub(super) reference: Reference,
    #[serde(default)]
    pub(super) columns: BTreeMap<String, WrittenColumn>,
}

/// `[drift.columns.NAME]`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenColumn {
    #[serde(default, deserialize_with = "share")]
    pub(super) min_effect: Option<f64>,
    #[serde(default, deserialize_with = "share")]
    pub(super) min_rate_effect: Option<f64>,
    #[serde(default)]
    pub(super) ignore: bool,
}

fn one_day() -> Length {
    Length::DAY
}

fn no_grace() -> Length {
    Length::from_seconds(0)
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.is_empty() || text.len() > 63 || !text.chars().all(fits) || text.starts_with('.') {
        return Err(D::Error::custom(format!(
            "`{text}` cannot name a monitor, expected 1 to 63 letters, digits, `-`, `_` or `.`, and no `.` in front"
        )));
    }
    Ok(text)
}

fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Length, D::Error> {
    let length = Length::deserialize(deserializer)?;
    if length < Length::SHORTEST_WINDOW {
        return Err(D::Error::custom(format!(
            "a window of {length} is too short, expected at least {}",
            Length::SHORTEST_WINDOW
        )));
    }
    Ok(length)
}

fn budget<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FalseAlarmBudget>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

fn persistence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Persistence>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

fn reference<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Reference, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|error| D::Error::custom(format!("`{text}` is no reference: {error}")))
}

pub(super) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let share = f64::deserialize(deserializer)?;
    if !(0.0..=1.0).contains(&share) {
        return Err(D::Error::custom(format!(
            "{share} is no share, expected a share of the rows from 0 to 1, such as 0.02"
        )));
    }
    Ok(Some(share))
}
