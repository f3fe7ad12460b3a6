//! Settings as they were given: by name, from the job's configuration, the process environment, or flags.
//!
//! A flag stands above the file, the file above the environment (the first-party image reads the file; contract §6.1).
//! Values are text; an empty one and `null` are none. Does not know which names there are.

use super::usage;
use crate::error::EngineError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// `processingjobconfig.json`, as far as it matters here; absent values are `null` there.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct JobConfig {
    #[serde(default)]
    environment: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    processing_job_arn: Option<String>,
    #[serde(default)]
    processing_job_name: Option<String>,
    #[serde(default)]
    processing_inputs: Option<Vec<ProcessingInput>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessingInput {
    #[serde(default, rename = "S3Input")]
    s3_input: Option<S3Input>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct S3Input {
    #[serde(default)]
    local_path: Option<String>,
    #[serde(default, rename = "S3DataDistributionType")]
    distribution: Option<String>,
}

/// Settings by name.
#[derive(Debug, Clone, Default)]
pub struct Given {
    values: BTreeMap<String, (String, &'static str)>,
    /// What tells this job from others; empty outside one.
    pub(crate) job: String,
    /// Folders of which each host has only a share.
    sharded: Vec<String>,
}

impl Given {
    /// Brings the three sources together. `config` is the text of `processingjobconfig.json`, where there is one.
    ///
    /// # Errors
    /// A configuration that is no JSON object, or whose `Environment` holds something else than texts.
    pub fn new(
        config: Option<&str>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = (String, String)>,
        file: &Path,
    ) -> Result<Self, EngineError> {
        let config: JobConfig = match config {
            None => JobConfig::default(),
            Some(text) => serde_json::from_str(text).map_err(|error| {
                usage(
                    format!("{} cannot be read: {error}", file.display()),
                    "it is the CreateProcessingJob request as JSON, written by SageMaker; Environment holds texts by name",
                )
            })?,
        };
        let mut given = Self {
            job: config
                .processing_job_arn
                .or(config.processing_job_name)
                .unwrap_or_default(),
            ..Self::default()
        };
        let of_file = config.environment.unwrap_or_default();
        let of_file = of_file
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        given.take(environment, "the process environment");
        given.take(of_file, "processingjobconfig.json");
        given.take(flags, "--set");
        let inputs = config.processing_inputs.unwrap_or_default();
        let sharded = inputs
            .into_iter()
            .filter_map(|input| input.s3_input)
            .filter(|input| {
                input
                    .distribution
                    .as_deref()
                    .is_some_and(|kind| kind == "ShardedByS3Key")
            });
        given.sharded = sharded.filter_map(|input| input.local_path).collect();
        Ok(given)
    }

    fn take(&mut self, pairs: impl IntoIterator<Item = (String, String)>, origin: &'static str) {
        for (name, value) in pairs {
            let value = value.trim();
            if !value.is_empty() && value != "null" {
                self.values.insert(name, (value.to_owned(), origin));
            }
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Where the value of `name` comes from.
    pub(crate) fn origin(&self, name: &str) -> &'static str {
        self.values.get(name).map_or("nowhere", |(_, origin)| origin)
    }

    /// Whether each host has only a share of what lies at `path`.
    pub(crate) fn is_sharded(&self, path: &str) -> bool {
        let below = |folder: &String| {
            path.strip_prefix(folder.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let above = |folder: &String| {
            folder
                .strip_prefix(path.trim_end_matches('/'))
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.sharded.iter().any(|folder| below(folder) || above(folder))
    }

    /// `Enabled` or `Disabled`, and what else is written for them.
    pub(crate) fn switch(&self, name: &str) -> Result<Option<bool>, EngineError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.to_ascii_lowercase().as_str() {
            "enabled" | "true" | "1" => Ok(Some(true)),
            "disabled" | "false" | "0" => Ok(Some(false)),
            _ => Err(usage(
                format!("{name} is `{text}`, expected Enabled or Disabled"),
                format!("leave {name} out for its default"),
            )),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number(&self, name: &str, default: u64, low: u64, high: u64) -> Result<u64, EngineError> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        let number = text.parse().ok().filter(|number| (low..=high).contains(number));
        number.ok_or_else(|| {
            usage(
                format!("{name} is `{text}`, expected a whole number from {low} to {high}"),
                format!("leave it out for {default}"),
            )
        })
    }
}
