//! What processing and training jobs share: the command of an image, its process, its end in words.

use super::Settings;
use super::layout::Layout;
use super::places::Places;
use super::process::{Ended, Program, run};
use crate::error::PipelineError;
use crate::expression::text;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How a step's attempt ended.
pub(super) enum Outcome {
    /// Well: its properties, as `Describe` would answer.
    Done { properties: Value, metadata: Value },
    /// Badly.
    Failed(Failure),
}

/// Why an attempt failed.
pub(super) struct Failure {
    pub(super) reason: String,
    /// As retry policies name it; `None` for faults of the user's own code, which no policy repeats.
    pub(super) exception: Option<&'static str>,
}

impl Failure {
    pub(super) fn of_user(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            exception: None,
        }
    }
}

/// One attempt of one step.
pub(super) struct Job<'a> {
    pub(super) settings: &'a Settings,
    pub(super) places: Places,
    pub(super) step: &'a str,
    /// The job's name, as SageMaker would make it up.
    pub(super) name: String,
    pub(super) layout: Layout,
}

impl Job<'_> {
    pub(super) fn command(&self, image: &str) -> Result<Vec<String>, PipelineError> {
        self.settings
            .images
            .get(image)
            .map(|command| command.iter().map(|word| self.layout.rewrite(word)).collect())
            .ok_or_else(|| PipelineError::UnknownImage {
                step: self.step.to_owned(),
                image: image.to_owned(),
            })
    }

    /// Runs the process; `Err(Failure)` inside says how it went wrong.
    pub(super) fn process(
        &self,
        argv: &[String],
        own: &BTreeMap<String, String>,
        limit: Option<u64>,
    ) -> Result<Result<(), Failure>, PipelineError> {
        let mut environment = self.settings.environment.clone();
        environment.insert(
            "SAGEMAKER_BASE_DIR".to_owned(),
            self.layout.opt_ml.to_string_lossy().into_owned(),
        );
        environment.insert("PYTHONUNBUFFERED".to_owned(), "1".to_owned());
        for (name, value) in own {
            environment.insert(name.clone(), self.layout.rewrite(value));
        }
        let log = self.layout.log();
        let ended = run(&Program {
            argv,
            folder: &self.layout.job,
            environment: &environment,
            log: &log,
            limit: limit.map(Duration::from_secs),
        })?;
        let log = log.display();
        Ok(match ended {
            Ended::Code(0) => Ok(()),
            Ended::Code(code) => Err(Failure::of_user(format!(
                "AlgorithmError: {}exit code {code}; log: {log}",
                self.told()
            ))),
            Ended::Signal => Err(Failure {
                reason: format!("InternalServerError: the process was ended by a signal; log: {log}"),
                exception: Some("SageMaker.JOB_INTERNAL_ERROR"),
            }),
            Ended::OutOfTime => Err(Failure::of_user(format!(
                "MaxRuntimeExceeded: the process ran past {} s and was stopped; log: {log}",
                limit.unwrap_or_default()
            ))),
        })
    }

    /// What the process left as its own explanation: `/opt/ml/output/failure` (training) or `message` (processing).
    fn told(&self) -> String {
        for file in ["output/failure", "output/message"] {
            if let Ok(told) = std::fs::read_to_string(self.layout.opt_ml.join(file)) {
                let told: String = told.trim().chars().take(1024).collect();
                if !told.is_empty() {
                    return format!("{told}; ");
                }
            }
        }
        String::new()
    }

    /// The path of an input, which must be there.
    pub(super) fn input(&self, uri: &Value, what: &str) -> Result<std::path::PathBuf, Failure> {
        let uri = uri
            .as_str()
            .ok_or_else(|| Failure::of_user(format!("ClientError: {what} has no S3Uri")))?;
        let path = self
            .places
            .path(uri)
            .map_err(|reason| Failure::of_user(format!("ClientError: {what}: {reason}")))?;
        if path.exists() {
            Ok(path)
        } else {
            Err(Failure::of_user(format!(
                "ClientError: {what}: there is nothing at {uri}"
            )))
        }
    }

    /// The path of an output.
    pub(super) fn output(&self, uri: &Value, what: &str) -> Result<std::path::PathBuf, Failure> {
        let uri = uri
            .as_str()
            .ok_or_else(|| Failure::of_user(format!("ClientError: {what} has no S3Uri")))?;
        self.places
            .path(uri)
            .map_err(|reason| Failure::of_user(format!("ClientError: {what}: {reason}")))
    }
}

/// A map of texts out of a JSON object of plain values.
pub(super) fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    value
        .and_then(Value::as_object)
        .map(|map| {
            map.iter()
                .map(|(key, value)| (key.clone(), text(value).unwrap_or_else(|| value.to_string())))
                .collect()
        })
        .unwrap_or_default()
}

/// A list of texts out of a JSON array of plain values.
pub(super) fn words(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .map(|items| {
            items
                .iter()
                .map(|item| text(item).unwrap_or_else(|| item.to_string()))
                .collect()
        })
        .unwrap_or_default()
}

/// The text of the last match of `pattern` in the file, as a number.
pub(super) fn last_metric(log: &Path, pattern: &str) -> Result<Option<f64>, String> {
    let pattern = regex::Regex::new(pattern).map_err(|error| format!("the metric's regex: {error}"))?;
    let text = std::fs::read(log).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&text);
    Ok(text
        .lines()
        .rev()
        .find_map(|line| pattern.captures(line)?.get(1)?.as_str().parse().ok()))
}
