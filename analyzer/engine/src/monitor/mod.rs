//! `monitor.toml`: one file that says what is watched, against what, how often, and what may alarm.
//!
//! ```toml
//! name = "bike-demand"
//! capture = "capture/bike-demand/AllTraffic"   # relative to this file, absolute, or s3://
//! baseline = "baseline"
//! window = "1 day"
//!
//! [drift]
//! false_alarms = "1 per 90 days"
//! persistence = "2 of 3"
//!
//! [drift.columns.hr]
//! ignore = true
//! ```
//!
//! Reading validates everything that the file alone can tell; errors name line and column, and the key that was
//! probably meant. Does not look whether locations hold anything, and reads no clock: what a window holds is `scan`'s.

mod alerts;
mod fault;
mod file;
mod health;
pub mod quality;
pub mod retrain;
mod schema;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;

use crate::error::{EngineError, ErrorKind};
use crate::plan::OutputPosition;
use crate::present::TIME_ZONE;
pub use ::scan::length::{self, Length};
use baselines::calibrate::{ColumnSettings, FalseAlarmBudget, MinEffect, Persistence};
use baselines::judge::{Policy, Verdict};
use baselines::quality::Problem;
use baselines::reference::Reference;
use file::{Written, WrittenPosition};
pub use health::HealthSettings;
pub use quality::QualitySettings;
pub use retrain::RetrainSettings;
pub use schema::{SCHEMA, SCHEMA_FILE};
use std::collections::BTreeMap;
use store::{Location, StoreOptions, join_key, open_store};
use toml::Spanned;

const MAX_FILE_BYTES: u64 = 1 << 20;

/// A monitor: settings read, checked, and its locations resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    /// What people call it: 1 to 63 letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// The endpoint it watches, by SageMaker's name.
    pub endpoint: Option<String>,
    /// Its production variants that are watched; empty: whatever `capture` holds.
    pub variants: Vec<String>,
    /// Captured traffic.
    pub capture: Location,
    /// The folder of its baseline.
    pub baseline: Location,
    /// Labels, as they come.
    pub ground_truth: Option<Location>,
    /// What is predicted.
    pub problem: Option<Problem>,
    /// Column names, roles and types, where the baseline does not say them.
    pub schema: Option<Location>,
    /// Outputs of earlier runs, for references other than the baseline.
    pub history: Option<Location>,
    /// Where outputs stand in a baseline without roles.
    pub output_position: OutputPosition,
    /// Length of a window; five minutes at least.
    pub window: Length,
    /// How long after its end a window waits for late records.
    pub grace: Length,
    /// Time zone in which reports show times (IANA name); documents have UTC. `None`: UTC.
    pub time_zone: Option<String>,
    /// What may alarm.
    pub drift: DriftSettings,
    /// How good the predictions are; `None` without `[quality]`.
    pub quality: Option<QualitySettings>,
    /// What capture is expected to be like.
    pub capture_health: HealthSettings,
    /// When to retrain; `None` without `[retrain]`.
    pub retrain: Option<RetrainSettings>,
    /// Who is told of what; `None` without `[alerts]`.
    pub alerts: Option<alert::AlertSettings>,
}

/// `[drift]`: the alarm's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftSettings {
    /// False alarms the user accepts, over all columns and windows.
    pub false_alarms: FalseAlarmBudget,
    /// How large a change must be to matter.
    pub min_effect: MinEffect,
    /// How many of the last windows must find a column drifted before it alarms.
    pub persistence: Persistence,
    /// What a window is compared with.
    pub reference: Reference,
    /// `[drift.columns.NAME]`.
    pub columns: BTreeMap<String, ColumnSettings>,
}

impl Monitor {
    /// What the judge is to do.
    pub fn policy(&self) -> Policy {
        Policy {
            false_alarms: self.drift.false_alarms,
            window_seconds: Some(self.window.seconds() as f64),
            min_effect: self.drift.min_effect,
            columns: self.drift.columns.clone(),
            capture_health: self.capture_health.policy.clone(),
            ..Policy::default()
        }
    }

    /// Notes in the verdict what its report is to be shown by: the time zone.
    pub fn note(&self, verdict: &mut Verdict) {
        if let Some(zone) = &self.time_zone {
            verdict.judged.choices.insert(TIME_ZONE.to_owned(), zone.clone());
        }
    }

    /// Reads the file at `location`; relative locations in it are below its folder.
    pub async fn load(location: &Location, options: &StoreOptions) -> Result<Self, EngineError> {
        let (Some(folder), Some(name)) = (location.parent(), location.file_name()) else {
            let wrong = format!("monitor file {location} names no file");
            return Err(
                EngineError::new(ErrorKind::Usage, wrong).with_hint("for example --monitor monitor.toml")
            );
        };
        let (store, root) = open_store(&folder, options).await?;
        let object = store.get(&join_key(&root, name), MAX_FILE_BYTES).await?;
        let text = std::str::from_utf8(&object.bytes).map_err(|error| {
            EngineError::new(
                ErrorKind::Usage,
                format!(
                    "monitor file {location} is not UTF-8 text from byte {} on",
                    error.valid_up_to()
                ),
            )
            .with_hint("save it as UTF-8")
        })?;
        Self::parse(&location.to_string(), text, &folder)
    }

    /// Reads the text of a file that messages call `name` and whose relative locations are below `folder`.
    pub fn parse(name: &str, text: &str, folder: &Location) -> Result<Self, EngineError> {
        let written: Written =
            toml::from_str(text).map_err(|error| fault::engine_error(name, text, &error))?;
        let place = |key: &str, written: &Spanned<String>| resolve(name, text, folder, key, written);
        let (drift, default) = (written.drift, MinEffect::default());
        let retrain = written
            .retrain
            .map(|section| section.settings(&written.name, place))
            .transpose()?;
        let at = |key: &str, written: &Option<Spanned<String>>| {
            written.as_ref().map(|written| place(key, written)).transpose()
        };
        let quality = written
            .quality
            .map(|section| section.settings(place))
            .transpose()?;
        let grace_seconds = written.grace.map(Length::seconds);
        let capture_health =
            written
                .capture_health
                .settings(written.ground_truth.is_some(), grace_seconds, place)?;
        let alerts = written
            .alerts
            .map(|section| section.settings(&written.name, written.endpoint.as_deref()));
        Ok(Self {
            endpoint: written.endpoint,
            variants: written.variants,
            ground_truth: at("ground_truth", &written.ground_truth)?,
            problem: written.problem_type.map(Problem::from),
            time_zone: written.time_zone,
            quality,
            capture_health,
            capture: place("capture", &written.capture)?,
            baseline: place("baseline", &written.baseline)?,
            schema: at("schema", &written.schema)?,
            history: at("history", &written.history)?,
            name: written.name,
            output_position: match written.output_columns_position {
                WrittenPosition::Start => OutputPosition::Start,
                WrittenPosition::End => OutputPosition::End,
            },
            window: written.window,
            grace: written.grace.unwrap_or(Length::from_seconds(0)),
            retrain,
            alerts,
            drift: DriftSettings {
                false_alarms: drift.false_alarms.unwrap_or_default(),
                min_effect: MinEffect {
                    distribution: drift.min_effect.unwrap_or(default.distribution),
                    rate: drift.min_rate_effect.unwrap_or(default.rate),
                },
                persistence: drift.persistence.unwrap_or_default(),
                reference: drift.reference,
                columns: drift
                    .columns
                    .into_iter()
                    .map(|(name, column)| {
                        let settings = ColumnSettings {
                            min_effect: column.min_effect,
                            min_rate_effect: column.min_rate_effect,
                            ignore: column.ignore,
                        };
                        (name, settings)
                    })
                    .collect(),
            },
        })
    }
}

/// A location as the file gives it: whole, or relative to the file's folder.
fn resolve(
    name: &str,
    text: &str,
    folder: &Location,
    key: &str,
    written: &Spanned<String>,
) -> Result<Location, EngineError> {
    let value = written.get_ref().as_str();
    let parsed = Location::parse(value).map_err(|error| {
        let place = fault::place_of(text, &written.span());
        let wrong = format!(
            "{name}: line {}, column {}: {key} is not a location: {error}",
            place.line, place.column
        );
        EngineError::new(ErrorKind::Usage, wrong).with_hint(
            error
                .hint()
                .unwrap_or("give a path, or s3://bucket/prefix")
                .to_owned(),
        )
    })?;
    let is_relative = parsed.as_path().is_some_and(std::path::Path::is_relative);
    if !is_relative {
        return Ok(parsed);
    }
    let relative = value.trim_start_matches("./");
    Ok(
        if folder
            .as_path()
            .is_some_and(|path| path == std::path::Path::new("."))
        {
            parsed
        } else {
            folder.join(relative)
        },
    )
}
