//! `[retrain]`: when to start the pipeline that makes a better model, and with what.
//!
//! Values are checked where their place in the file is known. Does not decide (`baselines::decide`) and does not start
//! anything (`retrain`).

use super::length::Length;
use crate::error::EngineError;
use baselines::decide::{ApprovalMode, Condition, Policy, QuietHours, UtcOffset, gpus_of};
use baselines::judge::{CheckKind, Severity};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use store::Location;
use toml::Spanned;

/// Parameters that a start gives, where it knows them: the names that `infra/pipeline` declares.
pub const PARAMETERS: [&str; 13] = [
    "MonitorName",
    "IncidentId",
    "EvidenceUri",
    "EvidenceDigest",
    "CaptureUri",
    "LabelsUri",
    "SchemaUri",
    "OutputUri",
    "WindowStart",
    "WindowEnd",
    "TrainingInstanceType",
    "TrainingImage",
    "MaxRuntimeInSeconds",
];

const DEFAULT_INSTANCE: &str = "ml.g5.2xlarge";

/// `[retrain]`.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrainSettings {
    /// When to retrain.
    pub policy: Policy,
    /// The model: budgets, cooldown and single flight are the model's, over all monitors that name it.
    pub model: String,
    /// The store that holds `monitors/` and `models/`; beside the settings file where absent.
    pub store: Option<Location>,
    /// Where labels lie, for the pipeline.
    pub labels: Option<Location>,
    /// Instance type of the training step.
    pub instance_type: String,
    /// Its GPUs; `None` where neither the file nor the list of known types says.
    pub gpus: Option<u32>,
    /// Training image.
    pub image: Option<String>,
    /// Parameters beside the usual ones: thresholds and whatever else the pipeline declares. `{baseline}`, `{decision}`,
    /// `{revision}` and `{gpu_hours}` in a value stand for those of the start.
    pub parameters: BTreeMap<String, String>,
}

impl RetrainSettings {
    /// Training jobs that a start may run: the one that trains, and those of a tuning step before it (`TuningTrials`).
    pub fn training_jobs(&self) -> u32 {
        let trials = self
            .parameters
            .get("TuningTrials")
            .and_then(|text| text.parse::<u32>().ok());
        trials.unwrap_or(0).saturating_add(1)
    }
}

/// `[retrain]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Keys")]
pub(super) struct Written {
    policy: Policy,
    keys: Rest,
}

/// What needs the file's place.
#[derive(Debug)]
struct Rest {
    model: Option<String>,
    store: Option<Spanned<String>>,
    labels: Option<Spanned<String>>,
    instance_type: String,
    gpus: Option<u32>,
    image: Option<String>,
    parameters: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(deserialize_with = "pipeline")]
    pipeline: String,
    #[serde(deserialize_with = "condition")]
    when: Condition,
    #[serde(default, deserialize_with = "checks")]
    findings: Option<BTreeSet<CheckKind>>,
    #[serde(default)]
    severity: Option<WrittenSeverity>,
    #[serde(default)]
    ignore_columns: BTreeSet<String>,
    evidence_within: Option<Length>,
    #[serde(default, deserialize_with = "at_least_one")]
    resolve_after: Option<u32>,
    cooldown: Option<Length>,
    #[serde(default, deserialize_with = "at_least_one")]
    max_per_month: Option<u32>,
    #[serde(default, deserialize_with = "hours")]
    gpu_hours_per_month: Option<f64>,
    #[serde(default, deserialize_with = "hours")]
    gpu_hours_per_run: Option<f64>,
    min_new_labels: Option<u64>,
    min_new_rows: Option<u64>,
    #[serde(default, deserialize_with = "super::file::share")]
    min_label_coverage: Option<f64>,
    #[serde(default, deserialize_with = "super::file::share")]
    min_label_readiness: Option<f64>,
    #[serde(default, deserialize_with = "quiet_hours")]
    quiet_hours: QuietHours,
    #[serde(default, deserialize_with = "utc_offset")]
    utc_offset: UtcOffset,
    #[serde(default)]
    approval: WrittenApproval,
    #[serde(default)]
    dry_run: bool,
    #[serde(default, deserialize_with = "model")]
    model: Option<String>,
    store: Option<Spanned<String>>,
    labels: Option<Spanned<String>>,
    instance_type: Option<String>,
    gpus: Option<u32>,
    image: Option<String>,
    #[serde(default, deserialize_with = "parameters")]
    parameters: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenSeverity {
    Info,
    Warning,
    Violation,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenApproval {
    #[default]
    Auto,
    Manual,
}

impl TryFrom<Keys> for Written {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        let defaults = Policy::new(keys.pipeline, keys.when);
        let policy = Policy {
            findings: keys.findings.unwrap_or(defaults.findings),
            severity: keys
                .severity
                .map_or(defaults.severity, |severity| match severity {
                    WrittenSeverity::Info => Severity::Info,
                    WrittenSeverity::Warning => Severity::Warning,
                    WrittenSeverity::Violation => Severity::Violation,
                }),
            ignored_columns: keys.ignore_columns,
            evidence_within: keys
                .evidence_within
                .map_or(defaults.evidence_within, Length::seconds),
            resolve_after: keys.resolve_after.unwrap_or(defaults.resolve_after),
            cooldown: keys.cooldown.map(Length::seconds),
            max_per_month: keys.max_per_month,
            gpu_hours_per_month: keys.gpu_hours_per_month,
            gpu_hours_per_run: keys.gpu_hours_per_run,
            min_new_labels: keys.min_new_labels,
            min_new_rows: keys.min_new_rows,
            min_label_coverage: keys.min_label_coverage,
            min_label_readiness: keys.min_label_readiness,
            quiet_hours: keys.quiet_hours,
            utc_offset: keys.utc_offset,
            approval: match keys.approval {
                WrittenApproval::Auto => ApprovalMode::Auto,
                WrittenApproval::Manual => ApprovalMode::Manual,
            },
            dry_run: keys.dry_run,
            pipeline: defaults.pipeline,
            when: defaults.when,
        };
        policy.check().map_err(|error| error.to_string())?;
        let instance_type = keys.instance_type.unwrap_or_else(|| DEFAULT_INSTANCE.to_owned());
        let gpus = keys.gpus.or_else(|| gpus_of(&instance_type));
        if gpus.is_none() && policy.gpu_hours_per_month.is_some() {
            return Err(format!(
                "instance_type `{instance_type}` is not among the known ones, so GPU hours cannot be counted: say how many GPUs it has with `gpus`"
            ));
        }
        let keys = Rest {
            model: keys.model,
            store: keys.store,
            labels: keys.labels,
            instance_type,
            gpus,
            image: keys.image,
            parameters: keys.parameters,
        };
        Ok(Self { policy, keys })
    }
}

impl Written {
    /// The settings, locations resolved by `place`.
    pub(super) fn settings(
        self,
        monitor: &str,
        place: impl Fn(&str, &Spanned<String>) -> Result<Location, EngineError>,
    ) -> Result<RetrainSettings, EngineError> {
        let Rest {
            model,
            store,
            labels,
            instance_type,
            gpus,
            image,
            parameters,
        } = self.keys;
        Ok(RetrainSettings {
            policy: self.policy,
            model: model.unwrap_or_else(|| monitor.to_owned()),
            store: store.as_ref().map(|at| place("store", at)).transpose()?,
            labels: labels.as_ref().map(|at| place("labels", at)).transpose()?,
            instance_type,
            gpus,
            image,
            parameters,
        })
    }
}

fn pipeline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_name = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_:/.".contains(c))
    };
    if text.is_empty() || text.len() > 256 || !is_name(&text) {
        return Err(D::Error::custom(format!(
            "`{text}` is no pipeline, expected its name or its ARN"
        )));
    }
    Ok(text)
}

fn condition<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Condition, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}

fn checks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeSet<CheckKind>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let known = || CheckKind::ALL.map(CheckKind::name).join(", ");
    let check = |name: &String| {
        CheckKind::ALL
            .into_iter()
            .find(|check| check.name() == name)
            .ok_or_else(|| D::Error::custom(format!("`{name}` is no check, expected some of {}", known())))
    };
    names.iter().map(check).collect::<Result<_, _>>().map(Some)
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let n = u32::deserialize(deserializer)?;
    if n == 0 {
        return Err(D::Error::custom("0 is too few, expected at least 1"));
    }
    Ok(Some(n))
}

fn hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let hours = f64::deserialize(deserializer)?;
    if !(hours.is_finite() && hours > 0.0) {
        return Err(D::Error::custom(format!(
            "{hours} is no number of GPU hours, expected one above 0"
        )));
    }
    Ok(Some(hours))
}

fn quiet_hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<QuietHours, D::Error> {
    let lines = Vec::<String>::deserialize(deserializer)?;
    QuietHours::parse(lines.iter().map(String::as_str)).map_err(D::Error::custom)
}

fn utc_offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UtcOffset, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}

fn model<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    super::file::name(deserializer).map(Some)
}

fn parameters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let given = BTreeMap::<String, toml::Value>::deserialize(deserializer)?;
    given
        .into_iter()
        .map(|(name, value)| {
            if PARAMETERS.contains(&name.as_str()) {
                return Err(D::Error::custom(format!(
                    "parameter `{name}` is given by driftline itself, so it cannot be set here"
                )));
            }
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) if number.is_finite() => number.to_string(),
                toml::Value::Boolean(truth) => truth.to_string(),
                _ => {
                    return Err(D::Error::custom(format!(
                        "parameter `{name}` is not a text, a finite number or a boolean"
                    )));
                }
            };
            Ok((name, value))
        })
        .collect()
}

#[cfg(test)]
mod tests;
