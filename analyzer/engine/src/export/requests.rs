//! Requests of SageMaker's API that run our image where Model Monitor's ran (contract §6, §7.1): baseline and window as
//! processing jobs, which need no monitoring schedule, and job definition and schedule for those who may still make one.
//!
//! Sends nothing. Field names and limits are botocore 1.44.5's, against which a test validates them.

use crate::error::{EngineError, ErrorKind};
use serde_json::{Map, Value, json};

/// What is monitored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An endpoint by name, and where its traffic is captured.
    Endpoint {
        /// Name.
        name: String,
        /// `s3://` location of the captured traffic, for jobs outside a schedule.
        capture: Option<String>,
    },
    /// Where batch transforms are captured.
    Batch {
        /// `DataCapturedDestinationS3Uri`.
        capture: String,
    },
}

/// What a model predicts, of a model-quality monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A number.
    Regression,
    /// One of two.
    Binary,
    /// One of several.
    Multiclass,
}

impl Problem {
    fn name(self) -> &'static str {
        match self {
            Self::Regression => "Regression",
            Self::Binary => "BinaryClassification",
            Self::Multiclass => "MulticlassClassification",
        }
    }
}

/// What the requests need.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestSettings {
    /// Name of the schedule; others are made from it.
    pub name: String,
    /// Our image.
    pub image: String,
    /// The role the jobs run under.
    pub role: String,
    /// What is monitored.
    pub source: Source,
    /// `s3://` folder of the baseline's statistics.json and constraints.json.
    pub baseline: String,
    /// `s3://` location for results.
    pub results: String,
    /// Training data, for the request that makes the baseline.
    pub training_data: Option<String>,
    /// Schedule expression.
    pub expression: String,
    /// Instance type.
    pub instance_type: String,
    /// Instances.
    pub n_instances: u32,
    /// Labels, and what the model predicts: a model-quality monitor beside.
    pub quality: Option<(Problem, String)>,
    /// `InferenceAttribute` of the model-quality monitor.
    pub inference_attribute: Option<String>,
    /// `ProbabilityAttribute` of the model-quality monitor.
    pub probability_attribute: Option<String>,
    /// Verdicts as Model Monitor's own image gives them.
    pub compat_sagemaker: bool,
}

const INPUT: &str = "/opt/ml/processing/input_data";
const OUTPUT: &str = "/opt/ml/processing/output";
const BASELINE: &str = "/opt/ml/processing/baseline";
/// Hourly jobs may run no longer: data quality an hour, model quality half of one (contract §7.1).
const MAX_SECONDS: u32 = 3_600;
const MAX_QUALITY_SECONDS: u32 = 1_800;

/// The requests, by operation and purpose, in the order in which they are sent.
pub fn requests(settings: &RequestSettings) -> Result<Vec<(String, Value)>, EngineError> {
    check(settings)?;
    let mut out = Vec::new();
    let mut push = |operation: &str, request: Value| out.push((operation.to_owned(), request));
    if let Some(data) = &settings.training_data {
        push("CreateProcessingJob", baseline_job(settings, data));
    }
    if let Some(capture) = settings.source.capture() {
        push("CreateProcessingJob", window_job(settings, capture));
    }
    push("CreateDataQualityJobDefinition", data_quality(settings));
    push(
        "CreateMonitoringSchedule",
        schedule(settings, "dq", "DataQuality"),
    );
    if let Some((problem, labels)) = &settings.quality {
        push(
            "CreateModelQualityJobDefinition",
            model_quality(settings, *problem, labels),
        );
        push(
            "CreateMonitoringSchedule",
            schedule(settings, "mq", "ModelQuality"),
        );
    }
    Ok(out)
}

impl Source {
    fn capture(&self) -> Option<&str> {
        match self {
            Self::Endpoint { capture, .. } => capture.as_deref(),
            Self::Batch { capture } => Some(capture),
        }
    }
}

fn check(settings: &RequestSettings) -> Result<(), EngineError> {
    let usage =
        |message: String, hint: &str| Err(EngineError::new(ErrorKind::Usage, message).with_hint(hint));
    let letters = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    // Names made from it have a suffix of up to nine letters.
    if settings.name.is_empty()
        || settings.name.len() > 54
        || !letters(&settings.name)
        || settings.name.starts_with('-')
        || settings.name.ends_with('-')
    {
        return usage(
            format!("`{}` cannot name a schedule", settings.name),
            "1 to 54 letters, digits and `-`, none at the ends",
        );
    }
    if !(settings.role.starts_with("arn:") && settings.role.contains(":role/")) {
        return usage(
            format!("`{}` is no role", settings.role),
            "for example --role arn:aws:iam::123456789012:role/monitoring",
        );
    }
    let mut places = vec![
        ("--baseline", settings.baseline.as_str()),
        ("--results", &settings.results),
    ];
    places.extend(settings.training_data.as_deref().map(|text| ("--data", text)));
    places.extend(settings.source.capture().map(|text| ("--capture", text)));
    places.extend(
        settings
            .quality
            .as_ref()
            .map(|(_, text)| ("--ground-truth", text.as_str())),
    );
    for (argument, place) in places {
        if !place.starts_with("s3://") {
            return usage(
                format!("{argument} is `{place}`, and a job reads and writes S3"),
                "give an s3:// location",
            );
        }
    }
    if settings.n_instances == 0 || settings.n_instances > 100 {
        return usage(
            format!("{} instances are asked for", settings.n_instances),
            "a job has 1 to 100",
        );
    }
    Ok(())
}

fn below(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

fn cluster(settings: &RequestSettings) -> Value {
    json!({"ClusterConfig": {"InstanceCount": settings.n_instances, "InstanceType": settings.instance_type,
        "VolumeSizeInGB": 20}})
}

fn environment(settings: &RequestSettings) -> Map<String, Value> {
    let mut out = Map::new();
    if settings.compat_sagemaker {
        out.insert("driftline_compat".to_owned(), json!("sagemaker"));
    }
    out
}

/// A whole data set as an input of a processing job.
fn input(name: &str, uri: &str, local: &str, shared: bool) -> Value {
    json!({"InputName": name, "S3Input": {"S3Uri": uri, "LocalPath": local, "S3DataType": "S3Prefix",
        "S3InputMode": "File", "S3CompressionType": "None",
        "S3DataDistributionType": if shared { "ShardedByS3Key" } else { "FullyReplicated" }}})
}

fn job(
    settings: &RequestSettings,
    suffix: &str,
    inputs: &[Value],
    output: (&str, &str),
    environment: &Map<String, Value>,
) -> Value {
    json!({
        "ProcessingJobName": format!("{}-{suffix}", settings.name),
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": output.0,
            "S3Output": {"S3Uri": output.1, "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}}]},
        "ProcessingResources": cluster(settings),
        "StoppingCondition": {"MaxRuntimeInSeconds": MAX_SECONDS},
        "AppSpecification": {"ImageUri": settings.image},
        "Environment": environment,
        "RoleArn": settings.role,
    })
}

fn baseline_job(settings: &RequestSettings, data: &str) -> Value {
    let local = "/opt/ml/processing/input/baseline_dataset_input";
    let mut variables = environment(settings);
    let format = if data.ends_with(".parquet") {
        json!({"parquet": {}})
    } else if data.ends_with(".json") || data.ends_with(".jsonl") {
        json!({"json": {"lines": data.ends_with(".jsonl")}})
    } else {
        json!({"csv": {"header": true, "output_columns_position": "START"}})
    };
    variables.insert("dataset_format".to_owned(), json!(format.to_string()));
    variables.insert("dataset_source".to_owned(), json!(local));
    variables.insert("output_path".to_owned(), json!(OUTPUT));
    variables.insert("publish_cloudwatch_metrics".to_owned(), json!("Disabled"));
    let inputs = vec![input("baseline_dataset_input", data, local, false)];
    let output = ("monitoring_output", settings.baseline.as_str());
    job(settings, "baseline", &inputs, output, &variables)
}

fn window_job(settings: &RequestSettings, capture: &str) -> Value {
    let mut variables = environment(settings);
    let format = match settings.source {
        Source::Endpoint { .. } => {
            json!({"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}})
        }
        Source::Batch { .. } => json!({"csv": {"header": false}}),
    };
    let (constraints, statistics) = (
        format!("{BASELINE}/constraints/constraints.json"),
        format!("{BASELINE}/stats/statistics.json"),
    );
    for (key, value) in [
        ("dataset_format", format.to_string()),
        ("dataset_source", INPUT.to_owned()),
        ("output_path", OUTPUT.to_owned()),
        ("baseline_constraints", constraints),
        ("baseline_statistics", statistics),
        ("publish_cloudwatch_metrics", "Disabled".to_owned()),
        ("sagemaker_monitoring_schedule_name", settings.name.clone()),
    ] {
        variables.insert(key.to_owned(), json!(value));
    }
    if let Source::Endpoint { name, .. } = &settings.source {
        variables.insert("sagemaker_endpoint_name".to_owned(), json!(name));
    }
    let inputs = vec![
        input("endpoint_input_1", capture, INPUT, settings.n_instances > 1),
        input(
            "constraints",
            &below(&settings.baseline, "constraints.json"),
            &format!("{BASELINE}/constraints"),
            false,
        ),
        input(
            "baseline",
            &below(&settings.baseline, "statistics.json"),
            &format!("{BASELINE}/stats"),
            false,
        ),
    ];
    let output = ("result", settings.results.as_str());
    job(settings, "window", &inputs, output, &variables)
}

fn monitored(settings: &RequestSettings) -> (&'static str, Value) {
    let distribution = if settings.n_instances > 1 {
        "ShardedByS3Key"
    } else {
        "FullyReplicated"
    };
    match &settings.source {
        Source::Endpoint { name, .. } => (
            "EndpointInput",
            json!({"EndpointName": name, "LocalPath": INPUT, "S3InputMode": "File",
                "S3DataDistributionType": distribution}),
        ),
        Source::Batch { capture } => (
            "BatchTransformInput",
            json!({"DataCapturedDestinationS3Uri": capture, "DatasetFormat": {"Csv": {"Header": false}},
                "LocalPath": INPUT, "S3InputMode": "File", "S3DataDistributionType": distribution}),
        ),
    }
}

fn outputs(settings: &RequestSettings) -> Value {
    json!({"MonitoringOutputs": [{"S3Output": {"S3Uri": settings.results, "LocalPath": OUTPUT,
        "S3UploadMode": "EndOfJob"}}]})
}

fn data_quality(settings: &RequestSettings) -> Value {
    let (key, input) = monitored(settings);
    let mut app = json!({"ImageUri": settings.image});
    if settings.compat_sagemaker {
        app["Environment"] = Value::Object(environment(settings));
    }
    json!({
        "JobDefinitionName": format!("{}-dq", settings.name),
        "DataQualityBaselineConfig": {
            "ConstraintsResource": {"S3Uri": below(&settings.baseline, "constraints.json")},
            "StatisticsResource": {"S3Uri": below(&settings.baseline, "statistics.json")},
        },
        "DataQualityAppSpecification": app,
        "DataQualityJobInput": {key: input},
        "DataQualityJobOutputConfig": outputs(settings),
        "JobResources": cluster(settings),
        "RoleArn": settings.role,
        "StoppingCondition": {"MaxRuntimeInSeconds": MAX_SECONDS},
    })
}

fn model_quality(settings: &RequestSettings, problem: Problem, labels: &str) -> Value {
    let (key, mut input) = monitored(settings);
    if let Some(attribute) = &settings.inference_attribute {
        input["InferenceAttribute"] = json!(attribute);
    }
    if let Some(attribute) = &settings.probability_attribute {
        input["ProbabilityAttribute"] = json!(attribute);
        input["ProbabilityThresholdAttribute"] = json!(0.5);
    }
    json!({
        "JobDefinitionName": format!("{}-mq", settings.name),
        "ModelQualityBaselineConfig": {
            "ConstraintsResource": {"S3Uri": below(&settings.baseline, "quality/constraints.json")},
        },
        "ModelQualityAppSpecification": {"ImageUri": settings.image, "ProblemType": problem.name()},
        "ModelQualityJobInput": {key: input, "GroundTruthS3Input": {"S3Uri": labels}},
        "ModelQualityJobOutputConfig": outputs(settings),
        "JobResources": cluster(settings),
        "RoleArn": settings.role,
        "StoppingCondition": {"MaxRuntimeInSeconds": MAX_QUALITY_SECONDS},
    })
}

fn schedule(settings: &RequestSettings, suffix: &str, kind: &str) -> Value {
    json!({
        "MonitoringScheduleName": if suffix == "dq" { settings.name.clone() } else { format!("{}-{suffix}", settings.name) },
        "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": settings.expression},
            "MonitoringJobDefinitionName": format!("{}-{suffix}", settings.name),
            "MonitoringType": kind,
        },
    })
}
