//! What the job asks for: Model Monitor's settings by their names (contract §6.2, §6.3), read, checked, typed.
//!
//! A setting that is known and cannot be done is refused by its name; names that nobody knows are the user's own
//! variables and pass. Reads no file: where values come from is `given`'s.

mod format;
pub(crate) mod given;
mod names;
#[cfg(test)]
mod tests;

pub(crate) use format::{DatasetFormat, Rows};
pub use given::Given;

use crate::error::{EngineError, ErrorKind};
use crate::plan::OutputPosition;
use crate::quality::Attribute;
use baselines::constraint::CategoricalDriftMethod;
use baselines::document::model_monitor::MonitoringConfigTwin;
use baselines::quality::Problem;
use capture::time::{TimeWindow, parse_rfc3339};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::Location;

/// Where SageMaker mounts everything.
pub const DEFAULT_ROOT: &str = "/opt/ml";

/// What is to be analysed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Analysis {
    /// Statistics, constraints, violations of columns.
    DataQuality,
    /// Metrics of predictions against labels.
    ModelQuality(ModelQuality),
}

/// Settings of a model-quality run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelQuality {
    pub(crate) problem: Problem,
    pub(crate) inference: Option<Attribute>,
    pub(crate) probability: Option<Attribute>,
    pub(crate) ground_truth: Option<Attribute>,
    pub(crate) threshold: Option<f64>,
    pub(crate) positive: Option<String>,
}

/// How several hosts meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// Over the hosts' own network, at this port of the first host.
    Network { port: u16 },
    /// By objects at a location all hosts reach.
    Objects(Location),
}

/// All of a job's settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) source: Location,
    /// As the job names it, for documents: no test folder shows in them.
    pub(crate) shown_source: String,
    pub(crate) format: DatasetFormat,
    pub(crate) output_position: OutputPosition,
    pub(crate) output: Location,
    pub(crate) is_batch: bool,
    pub(crate) analysis: Analysis,
    pub(crate) window: TimeWindow,
    pub(crate) metric_time: Option<i64>,
    pub(crate) constraints: Option<Location>,
    pub(crate) statistics: Option<Location>,
    pub(crate) shown_baseline: String,
    pub(crate) monitoring_config: Option<MonitoringConfigTwin>,
    pub(crate) categorical_drift_method: Option<CategoricalDriftMethod>,
    pub(crate) detect_drift: bool,
    pub(crate) excluded: Vec<Attribute>,
    pub(crate) publish: bool,
    pub(crate) endpoint: Option<String>,
    pub(crate) schedule: Option<String>,
    pub(crate) preprocessor: Option<PathBuf>,
    pub(crate) postprocessor: Option<PathBuf>,
    pub(crate) python: String,
    pub(crate) metrics_directory: Location,
    pub(crate) report: bool,
    /// Whether verdicts are those of Model Monitor's image.
    pub(crate) compat: bool,
    /// Whether a window without data fails the job.
    pub(crate) fail_without_data: bool,
    pub(crate) meeting: Meeting,
    pub(crate) patience: Duration,
}

pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> EngineError {
    EngineError::new(ErrorKind::Usage, message).with_hint(hint)
}

/// `text` as a path of this machine: what SageMaker mounts below `/opt/ml` is below `root`.
pub(crate) fn below_root(root: &Path, text: &str) -> String {
    match text.strip_prefix(DEFAULT_ROOT) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", root.display()),
        _ => text.to_owned(),
    }
}

/// Where the exit message goes; known before the other settings are, because it also says what is wrong with them.
pub(crate) fn message_file(given: &Given, root: &Path) -> PathBuf {
    let named = given
        .text("output_message_file")
        .unwrap_or("/opt/ml/output/message");
    PathBuf::from(below_root(root, named))
}

impl Settings {
    /// Reads and checks them all.
    pub(crate) fn read(given: &Given, root: &Path) -> Result<Self, EngineError> {
        names::refuse_unsupported(given)?;
        let place = |name: &str| {
            given
                .text(name)
                .map(|text| location(name, &below_root(root, text)))
                .transpose()
        };
        let source = given.text("dataset_source").ok_or_else(|| {
            usage(
                "dataset_source is not set, so there is nothing to read",
                "SageMaker sets it in the job's Environment (processingjobconfig.json); outside a job give --set dataset_source=PATH",
            )
        })?;
        let (format, output_position) = format::read(given)?;
        let is_batch = is_batch(given)?;
        let analysis = analysis(given)?;
        let constraints = place("baseline_constraints")?;
        let statistics = place("baseline_statistics")?;
        let shown_baseline = given
            .text("baseline_statistics")
            .or(given.text("baseline_constraints"))
            .unwrap_or_default()
            .to_owned();
        let path = |name: &str| given.text(name).map(|text| PathBuf::from(below_root(root, text)));
        let output = given.text("output_path").unwrap_or("/opt/ml/processing/output");
        let metrics = given
            .text("cloudwatch_metrics_directory")
            .unwrap_or("/opt/ml/output/metrics/cloudwatch");
        Ok(Self {
            source: location("dataset_source", &below_root(root, source))?,
            shown_source: source.to_owned(),
            format,
            output_position,
            output: location("output_path", &below_root(root, output))?,
            is_batch,
            analysis,
            window: window(given)?,
            metric_time: time(given, "metric_time")?,
            constraints,
            statistics,
            shown_baseline,
            monitoring_config: monitoring_config(given)?,
            categorical_drift_method: categorical_drift_method(given)?,
            detect_drift: given.switch("detect_drift")?.unwrap_or(true),
            excluded: excluded(given),
            publish: given.switch("publish_cloudwatch_metrics")?.unwrap_or(false),
            endpoint: given.text("sagemaker_endpoint_name").map(str::to_owned),
            schedule: given
                .text("sagemaker_monitoring_schedule_name")
                .map(str::to_owned),
            preprocessor: path("record_preprocessor_script"),
            postprocessor: path("post_analytics_processor_script"),
            python: given.text("driftline_python").unwrap_or("python3").to_owned(),
            metrics_directory: location("cloudwatch_metrics_directory", &below_root(root, metrics))?,
            report: given.switch("report_enabled")?.unwrap_or(true),
            compat: compat(given)?,
            fail_without_data: fail_without_data(given)?,
            meeting: meeting(given, root)?,
            patience: Duration::from_secs(given.number(
                "driftline_exchange_timeout_seconds",
                60,
                1,
                86_400,
            )?),
        })
    }

    /// Whether it is the run of a schedule, and not the making of a baseline.
    pub(crate) fn is_window(&self) -> bool {
        !self.window.is_unbounded() || self.has_baseline()
    }

    /// Whether there is anything to hold the data against.
    pub(crate) fn has_baseline(&self) -> bool {
        self.constraints.is_some() || self.statistics.is_some()
    }
}

fn location(name: &str, text: &str) -> Result<Location, EngineError> {
    Location::parse(text).map_err(|error| {
        usage(
            format!("{name} is no location: {error}"),
            "give a local path or s3://bucket/prefix",
        )
    })
}

fn time(given: &Given, name: &str) -> Result<Option<i64>, EngineError> {
    let Some(text) = given.text(name) else {
        return Ok(None);
    };
    // The documentation prints times with blanks in them: `2019-12-01T16: 20: 00Z`.
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    parse_rfc3339(&bare).map(Some).ok_or_else(|| {
        usage(
            format!("{name} is `{text}`, expected an RFC 3339 time"),
            "for example 2026-11-21T08:00:00Z",
        )
    })
}

fn window(given: &Given) -> Result<TimeWindow, EngineError> {
    let window = TimeWindow {
        start: time(given, "start_time")?,
        end: time(given, "end_time")?,
    };
    match (window.start, window.end) {
        (Some(start), Some(end)) if start >= end => Err(usage(
            "start_time is not before end_time, so the window is empty",
            "the window holds times from start_time on and before end_time",
        )),
        _ => Ok(window),
    }
}

fn is_batch(given: &Given) -> Result<bool, EngineError> {
    let Some(text) = given.text("monitoring_input_type") else {
        return Ok(false);
    };
    match text.to_ascii_uppercase().replace('-', "_").as_str() {
        "ENDPOINT_INPUT" | "ENDPOINT" => Ok(false),
        "BATCH_TRANSFORM_INPUT" | "BATCH_TRANSFORM" | "BATCH" => Ok(true),
        _ => Err(usage(
            format!("monitoring_input_type is `{text}`, expected ENDPOINT_INPUT or BATCH_TRANSFORM_INPUT"),
            "leave it out for an endpoint",
        )),
    }
}

fn analysis(given: &Given) -> Result<Analysis, EngineError> {
    let kind = given.text("analysis_type").unwrap_or("DATA_QUALITY");
    match kind.to_ascii_uppercase().as_str() {
        "DATA_QUALITY" => {
            names::refuse_for_data_quality(given)?;
            return Ok(Analysis::DataQuality);
        }
        "MODEL_QUALITY" => {}
        "MODEL_BIAS" | "MODEL_EXPLAINABILITY" => {
            return Err(usage(
                format!("analysis_type {kind} is not supported by this container"),
                "bias and attribution drift come in Clarify's own files: see `driftline clarify --help`",
            ));
        }
        _ => {
            return Err(usage(
                format!("analysis_type is `{kind}`, expected DATA_QUALITY or MODEL_QUALITY"),
                "leave it out for data quality",
            ));
        }
    }
    let problem = match given.text("problem_type") {
        Some("Regression") => Problem::Regression,
        Some("BinaryClassification") => Problem::Binary,
        Some("MulticlassClassification") => Problem::Multiclass,
        found => {
            let found = found.map_or_else(|| "not set".to_owned(), |text| format!("`{text}`"));
            return Err(usage(
                format!(
                    "problem_type is {found}, expected Regression, BinaryClassification or MulticlassClassification"
                ),
                "analysis_type MODEL_QUALITY needs one",
            ));
        }
    };
    let attribute = |name: &str| given.text(name).map(Attribute::parse);
    let threshold = match given.text("probability_threshold_attribute") {
        None => None,
        Some(text) => {
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
            Some(value.ok_or_else(|| {
                usage(
                    format!("probability_threshold_attribute is `{text}`, expected a number"),
                    "for example 0.5",
                )
            })?)
        }
    };
    let quality = ModelQuality {
        problem,
        inference: attribute("inference_attribute"),
        probability: attribute("probability_attribute"),
        ground_truth: attribute("ground_truth_attribute"),
        threshold,
        positive: given.text("positive_label").map(str::to_owned),
    };
    if quality.inference.is_none() && quality.probability.is_none() {
        return Err(usage(
            "neither inference_attribute nor probability_attribute says where the model's answer stands",
            "give a column name, a 0-based index of the output's columns, or a JMESPath such as predictions[*].score",
        ));
    }
    Ok(Analysis::ModelQuality(quality))
}

fn monitoring_config(given: &Given) -> Result<Option<MonitoringConfigTwin>, EngineError> {
    let Some(text) = given.text("data_quality_monitoring_config") else {
        return Ok(None);
    };
    serde_json::from_str(text).map(Some).map_err(|error| {
        usage(
            format!("data_quality_monitoring_config is not a monitoring_config: {error}"),
            "it has the keys of monitoring_config in constraints.json, for example {\"emit_metrics\":\"Disabled\"}",
        )
    })
}

fn categorical_drift_method(given: &Given) -> Result<Option<CategoricalDriftMethod>, EngineError> {
    match given.text("categorical_drift_method") {
        None => Ok(None),
        Some("LInfinity") => Ok(Some(CategoricalDriftMethod::LInfinity)),
        Some("ChiSquared") => Ok(Some(CategoricalDriftMethod::ChiSquared)),
        Some(text) => Err(usage(
            format!("categorical_drift_method is `{text}`, expected LInfinity or ChiSquared"),
            "LInfinity is Model Monitor's default",
        )),
    }
}

/// `0,3` or `["0", "3"]`, indices or names.
fn excluded(given: &Given) -> Vec<Attribute> {
    let text = given.text("exclude_features_attribute").unwrap_or_default();
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let parts = bare.split(',').map(|part| part.trim().trim_matches(['"', '\'']));
    parts
        .filter(|part| !part.is_empty())
        .map(Attribute::parse)
        .collect()
}

fn compat(given: &Given) -> Result<bool, EngineError> {
    match given.text("driftline_compat") {
        None => Ok(false),
        Some("sagemaker") => Ok(true),
        Some(text) => Err(usage(
            format!("driftline_compat is `{text}`, expected sagemaker"),
            "sagemaker judges as Model Monitor's image would have; without it verdicts are correct where that one is not",
        )),
    }
}

fn fail_without_data(given: &Given) -> Result<bool, EngineError> {
    match given.text("driftline_no_data") {
        None | Some("Completed") => Ok(false),
        Some("Failed") => Ok(true),
        Some(text) => Err(usage(
            format!("driftline_no_data is `{text}`, expected Completed or Failed"),
            "Completed says in the exit message that nothing was judged; Failed ends the job with exit code 4",
        )),
    }
}

fn meeting(given: &Given, root: &Path) -> Result<Meeting, EngineError> {
    let port = given.number("driftline_exchange_port", 27_182, 1, 65_535)? as u16;
    match given.text("driftline_exchange") {
        None | Some("network") => Ok(Meeting::Network { port }),
        Some(text) => Ok(Meeting::Objects(location(
            "driftline_exchange",
            &below_root(root, text),
        )?)),
    }
}
