//! What a set of descriptions says about one schedule, whichever of the two forms its job definition has.
//!
//! Reads JSON as `Describe*` answers it; does not decide what becomes of a value (`account`, `toml_file`).

use super::expression::{Schedule, duration, schedule};
use crate::error::{EngineError, ErrorKind};
use baselines::document::clarify::{ANALYSIS_CONFIG_FILE, ANALYSIS_FILE};
use baselines::document::model_monitor::{CONSTRAINTS_FILE, STATISTICS_FILE};
use serde_json::Value;

/// What a schedule monitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MonitorKind {
    /// Distributions, types, missing values.
    DataQuality,
    /// Metrics against labels.
    ModelQuality,
    /// Clarify's bias drift.
    ModelBias,
    /// Clarify's attribution drift.
    ModelExplainability,
}

impl MonitorKind {
    const ALL: [Self; 4] = [
        Self::DataQuality,
        Self::ModelQuality,
        Self::ModelBias,
        Self::ModelExplainability,
    ];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataQuality => "DataQuality",
            Self::ModelQuality => "ModelQuality",
            Self::ModelBias => "ModelBias",
            Self::ModelExplainability => "ModelExplainability",
        }
    }
}

/// What the descriptions say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Definition {
    pub(super) kind: MonitorKind,
    /// `DescribeMonitoringSchedule`; null without one.
    pub(super) schedule: Value,
    /// The job definition: a `Describe*JobDefinition`, or the schedule's own `MonitoringJobDefinition`.
    pub(super) job: Value,
    /// The path of the job definition's keys in items, empty for a description of its own.
    pub(super) job_path: &'static str,
    /// `DescribeEndpoint`; null without one.
    pub(super) endpoint: Value,
    /// `DescribeEndpointConfig`; null without one.
    pub(super) endpoint_config: Value,
}

const INLINE: &str = "MonitoringScheduleConfig.MonitoringJobDefinition";

fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// The kind of a job definition, by its own keys.
fn kind_of(value: &Value) -> Option<MonitorKind> {
    MonitorKind::ALL
        .into_iter()
        .find(|kind| value.get(format!("{}JobInput", kind.name())).is_some())
}

impl Definition {
    /// Sorts descriptions. `wanted` names the schedule where there are several.
    pub(super) fn of(files: &[(String, Value)], wanted: Option<&str>) -> Result<Self, EngineError> {
        let usage = |message: String, hint: &str| EngineError::new(ErrorKind::Usage, message).with_hint(hint);
        let having = |key: &'static str| files.iter().filter(move |(_, value)| value.get(key).is_some());
        let schedules: Vec<&Value> = having("MonitoringScheduleConfig")
            .map(|(_, value)| value)
            .filter(|value| {
                wanted.is_none_or(|wanted| text(value, "/MonitoringScheduleName") == Some(wanted))
            })
            .collect();
        if schedules.len() > 1 {
            let names: Vec<&str> = schedules
                .iter()
                .filter_map(|value| text(value, "/MonitoringScheduleName"))
                .collect();
            return Err(usage(
                format!("the files describe {} schedules", schedules.len()),
                &format!("name one with --schedule-name: {}", names.join(", ")),
            ));
        }
        if let (Some(wanted), true) = (wanted, schedules.is_empty()) {
            return Err(usage(
                format!("no file describes the schedule `{wanted}`"),
                "save the answer of `aws sagemaker describe-monitoring-schedule` among the files",
            ));
        }
        let schedule = schedules.first().map_or(Value::Null, |value| (*value).clone());
        let config = "/MonitoringScheduleConfig";
        let named = text(&schedule, &format!("{config}/MonitoringJobDefinitionName"));
        let inline = schedule
            .pointer(&format!("{config}/MonitoringJobDefinition"))
            .cloned();
        let mut jobs = files
            .iter()
            .map(|(_, value)| value)
            .filter(|value| kind_of(value).is_some())
            .filter(|value| named.is_none_or(|named| text(value, "/JobDefinitionName") == Some(named)));
        let (job, job_path) = match (inline, jobs.next(), jobs.next()) {
            (Some(inline), _, _) => (inline, INLINE),
            (None, Some(job), None) => (job.clone(), ""),
            (None, Some(_), Some(_)) => {
                return Err(usage(
                    "the files hold several job definitions, and no schedule says which is meant".to_owned(),
                    "add the schedule's description, or keep one job definition in the folder",
                ));
            }
            (None, None, _) => {
                let what = named.map_or_else(
                    || "no file describes a monitoring job".to_owned(),
                    |named| format!("no file describes the job definition `{named}` that the schedule names"),
                );
                return Err(usage(
                    what,
                    "save the answers of `aws sagemaker describe-monitoring-schedule` and of \
                     describe-data-quality-job-definition (or model-quality, model-bias, model-explainability) there",
                ));
            }
        };
        let of_schedule =
            text(&schedule, &format!("{config}/MonitoringType")).or(text(&schedule, "/MonitoringType"));
        let kind = kind_of(&job)
            .or_else(|| {
                MonitorKind::ALL
                    .into_iter()
                    .find(|kind| Some(kind.name()) == of_schedule)
            })
            .unwrap_or(MonitorKind::DataQuality);
        let mut out = Self {
            kind,
            schedule,
            job,
            job_path,
            endpoint: Value::Null,
            endpoint_config: Value::Null,
        };
        let name = out.endpoint_name().map(str::to_owned);
        let of_endpoint = |value: &&Value| name.is_none() || text(value, "/EndpointName") == name.as_deref();
        if let Some(endpoint) = having("EndpointStatus").map(|(_, value)| value).find(of_endpoint) {
            out.endpoint = endpoint.clone();
        }
        let config_name = text(&out.endpoint, "/EndpointConfigName").map(str::to_owned);
        let is_config = |value: &&Value| {
            value.get("EndpointStatus").is_none()
                && config_name
                    .as_deref()
                    .is_none_or(|name| text(value, "/EndpointConfigName") == Some(name))
        };
        if let Some(found) = having("EndpointConfigName")
            .map(|(_, value)| value)
            .find(is_config)
        {
            out.endpoint_config = found.clone();
        }
        Ok(out)
    }

    /// The input of the job: key and value.
    pub(super) fn input(&self) -> Option<(&'static str, &Value)> {
        let inputs = if self.job_path.is_empty() {
            self.job.get(format!("{}JobInput", self.kind.name()))?
        } else {
            self.job.pointer("/MonitoringInputs/0")?
        };
        ["EndpointInput", "BatchTransformInput"]
            .into_iter()
            .find_map(|key| Some((key, inputs.get(key)?)))
    }

    /// The endpoint's name.
    pub(super) fn endpoint_name(&self) -> Option<&str> {
        self.input()
            .and_then(|(_, input)| text(input, "/EndpointName"))
            .or_else(|| text(&self.schedule, "/EndpointName"))
    }

    /// A text of the input.
    pub(super) fn input_text(&self, key: &str) -> Option<&str> {
        self.input()
            .and_then(|(_, input)| text(input, &format!("/{key}")))
    }

    /// A section of the job definition, by the name it has without the kind in front.
    fn section(&self, name: &str) -> Option<&Value> {
        if self.job_path.is_empty() {
            self.job.get(format!("{}{name}", self.kind.name()))
        } else {
            self.job.get(if name == "AppSpecification" {
                "MonitoringAppSpecification"
            } else {
                name
            })
        }
    }

    /// The image.
    pub(super) fn app(&self) -> Option<&Value> {
        self.section("AppSpecification")
    }

    /// Where the labels lie.
    pub(super) fn ground_truth(&self) -> Option<&str> {
        let input = self.job.get(format!("{}JobInput", self.kind.name()))?;
        text(input, "/GroundTruthS3Input/S3Uri")
    }

    /// Baseline files by the name they have with us, and where they lie.
    pub(super) fn baseline_uris(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        let clarify = matches!(
            self.kind,
            MonitorKind::ModelBias | MonitorKind::ModelExplainability
        );
        if let Some(config) = self.section("BaselineConfig") {
            let constraints = if clarify { ANALYSIS_FILE } else { CONSTRAINTS_FILE };
            for (key, file) in [
                ("ConstraintsResource", constraints),
                ("StatisticsResource", STATISTICS_FILE),
            ] {
                if let Some(uri) = text(config, &format!("/{key}/S3Uri")) {
                    out.push((file, uri.to_owned()));
                }
            }
        }
        if let (true, Some(uri)) = (clarify, self.app().and_then(|app| text(app, "/ConfigUri"))) {
            out.push((ANALYSIS_CONFIG_FILE, uri.to_owned()));
        }
        out
    }

    /// What the schedule expression says; `None` where there is none or it is not one of the documented forms.
    pub(super) fn expression(&self) -> Option<Schedule> {
        schedule(text(
            &self.schedule,
            "/MonitoringScheduleConfig/ScheduleConfig/ScheduleExpression",
        )?)
    }

    /// Offsets of the analysed time from the run: begin and end, in seconds, pointing back.
    pub(super) fn offsets(&self) -> Option<(i64, i64)> {
        let input = |key: &str| self.input_text(key).and_then(duration);
        let once = |key: &str| {
            text(
                &self.schedule,
                &format!("/MonitoringScheduleConfig/ScheduleConfig/{key}"),
            )
            .and_then(duration)
        };
        let (start, end) = (
            input("StartTimeOffset").or_else(|| once("DataAnalysisStartTime"))?,
            input("EndTimeOffset")
                .or_else(|| once("DataAnalysisEndTime"))
                .unwrap_or(0),
        );
        (start < end && end <= 0).then_some((start, end))
    }

    /// Length of a window in seconds: the offsets', else the schedule's; an hour, Model Monitor's own, without both.
    pub(super) fn window_seconds(&self) -> i64 {
        match (self.offsets(), self.expression()) {
            (Some((start, end)), _) => end - start,
            (None, Some(Schedule::Every(seconds))) => seconds,
            _ => 3_600,
        }
    }

    /// How long after a window's end the run looks at it.
    pub(super) fn grace_seconds(&self) -> i64 {
        self.offsets().map_or(0, |(_, end)| -end)
    }

    /// The names of the endpoint's variants.
    pub(super) fn variants(&self) -> Vec<&str> {
        let of = |value: &'_ Value| -> Vec<String> {
            let variants = value.get("ProductionVariants").and_then(Value::as_array);
            variants
                .into_iter()
                .flatten()
                .filter_map(|variant| Some(text(variant, "/VariantName")?.to_owned()))
                .collect()
        };
        let source = if of(&self.endpoint).is_empty() {
            &self.endpoint_config
        } else {
            &self.endpoint
        };
        let variants = source.get("ProductionVariants").and_then(Value::as_array);
        variants
            .into_iter()
            .flatten()
            .filter_map(|variant| text(variant, "/VariantName"))
            .collect()
    }

    /// Where captured traffic lies.
    pub(super) fn capture(&self) -> Option<String> {
        if let Some(uri) = self.input_text("DataCapturedDestinationS3Uri") {
            return Some(uri.trim_end_matches('/').to_owned());
        }
        let at = "/DataCaptureConfig/DestinationS3Uri";
        let destination = text(&self.endpoint, at).or_else(|| text(&self.endpoint_config, at))?;
        let base = format!("{}/{}", destination.trim_end_matches('/'), self.endpoint_name()?);
        Some(match self.variants().as_slice() {
            [only] => format!("{base}/{only}"),
            _ => base,
        })
    }

    /// What the monitor is called.
    pub(super) fn monitor_name(&self) -> String {
        text(&self.schedule, "/MonitoringScheduleName")
            .or_else(|| text(&self.job, "/JobDefinitionName"))
            .or_else(|| self.endpoint_name())
            .unwrap_or("imported")
            .chars()
            .take(63)
            .collect()
    }

    /// What a person must look at.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut out = Vec::new();
        let enabled = [&self.endpoint, &self.endpoint_config]
            .into_iter()
            .find_map(|value| {
                value
                    .pointer("/DataCaptureConfig/EnableCapture")
                    .and_then(Value::as_bool)
            });
        if enabled == Some(false) {
            out.push("the endpoint does not capture its traffic: switch EnableCapture on".to_owned());
        }
        if self.variants().len() > 1 {
            out.push(
                "the endpoint has several variants, and the monitor reads all of them; name one by adding it to `capture`"
                    .to_owned(),
            );
        }
        let expression = text(
            &self.schedule,
            "/MonitoringScheduleConfig/ScheduleConfig/ScheduleExpression",
        );
        if let (Some(expression), None) = (expression, self.expression()) {
            out.push(format!(
                "the schedule expression {expression} is not one of the documented forms; the window is taken as an hour"
            ));
        }
        let scripts = ["RecordPreprocessorSourceUri", "PostAnalyticsProcessorSourceUri"];
        for script in scripts {
            if self
                .app()
                .is_some_and(|app| app.get(script).is_some_and(|uri| !uri.is_null()))
            {
                out.push(format!(
                    "{script}: `driftline analyze` runs no scripts; `driftline container` does, in the image with Python"
                ));
            }
        }
        out
    }
}
