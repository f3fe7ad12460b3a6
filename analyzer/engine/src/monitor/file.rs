//! The settings file as it is written: one struct per table, every key known.
//!
//! A section is a struct here and a field in [`Written`]; keys that no struct has are errors with their place. Values
//! are checked where their place is known. Does not know where the file is or what its locations hold.

use super::length::Length;
use baselines::calibrate::{FalseAlarmBudget, Persistence};
use baselines::quality::Problem;
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
    #[serde(default, deserialize_with = "endpoint")]
    pub(super) endpoint: Option<String>,
    #[serde(default, deserialize_with = "variants")]
    pub(super) variants: Vec<String>,
    pub(super) capture: Spanned<String>,
    pub(super) baseline: Spanned<String>,
    pub(super) ground_truth: Option<Spanned<String>>,
    pub(super) problem_type: Option<WrittenProblem>,
    pub(super) schema: Option<Spanned<String>>,
    pub(super) history: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) output_columns_position: WrittenPosition,
    #[serde(default = "one_day", deserialize_with = "window")]
    pub(super) window: Length,
    pub(super) grace: Option<Length>,
    #[serde(default, deserialize_with = "time_zone")]
    pub(super) time_zone: Option<String>,
    #[serde(default)]
    pub(super) drift: WrittenDrift,
    pub(super) quality: Option<super::quality::Written>,
    #[serde(default)]
    pub(super) capture_health: super::health::Written,
    pub(super) retrain: Option<super::retrain::Written>,
    pub(super) alerts: Option<super::alerts::Written>,
}

/// What is predicted.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WrittenProblem {
    Binary,
    Multiclass,
    Regression,
}

impl From<WrittenProblem> for Problem {
    fn from(written: WrittenProblem) -> Self {
        match written {
            WrittenProblem::Binary => Self::Binary,
            WrittenProblem::Multiclass => Self::Multiclass,
            WrittenProblem::Regression => Self::Regression,
        }
    }
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

/// SageMaker's form of names of endpoints and variants: letters, digits and single hyphens between them.
fn is_sagemaker_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(fits)
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

const NAME_FORM: &str = "expected 1 to 63 letters, digits and `-`, none of them at an end";

fn endpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if !is_sagemaker_name(&text) {
        return Err(D::Error::custom(format!(
            "`{text}` cannot name an endpoint, {NAME_FORM}"
        )));
    }
    Ok(Some(text))
}

/// One variant, so that its error has its own place.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Variant(String);

impl TryFrom<String> for Variant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_sagemaker_name(&text) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` cannot name a variant, {NAME_FORM}"))
        }
    }
}

fn variants<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let written = Vec::<Variant>::deserialize(deserializer)?;
    if written.is_empty() {
        return Err(D::Error::custom(
            "no variant is named, expected at least one, or leave the key out",
        ));
    }
    let mut names: Vec<String> = Vec::new();
    for Variant(name) in written {
        if names.contains(&name) {
            return Err(D::Error::custom(format!("variant `{name}` is named twice")));
        }
        names.push(name);
    }
    Ok(names)
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match jiff::tz::TimeZone::get(&text) {
        Ok(_) => Ok(Some(text)),
        Err(_) => Err(D::Error::custom(format!(
            "`{text}` is no time zone, expected a name of the IANA database such as `UTC`, `Europe/Zurich` or `America/New_York`"
        ))),
    }
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

pub(super) fn budget<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<FalseAlarmBudget>, D::Error> {
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
