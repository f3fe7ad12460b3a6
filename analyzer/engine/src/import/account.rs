//! Item by item: what becomes of every value of the descriptions.
//!
//! Each leaf of each description is looked up by its key; one that no entry knows is said to have no equivalent, so that
//! nothing is passed over. Does not read descriptions.

use super::definition::{Definition, MonitorKind};
use super::expression::Schedule;
use super::{Fate, Item, length_text};
use serde_json::Value;

/// Keys that say nothing about what is monitored: names of resources, states, times of creation.
const IDENTITY: [&str; 19] = [
    "MonitoringScheduleArn",
    "MonitoringScheduleStatus",
    "MonitoringType",
    "CreationTime",
    "LastModifiedTime",
    "JobDefinitionArn",
    "EndpointArn",
    "EndpointConfigArn",
    "EndpointStatus",
    "EndpointConfigName",
    "FailureReason",
    "CaptureStatus",
    "DeployedImages",
    "ResponseMetadata",
    "LastMonitoringExecutionSummary",
    "MonitoringJobDefinitionName",
    "LastDeploymentConfig",
    "BaseliningJobName",
    "Tags",
];

/// Keys of the endpoint itself.
const SERVING: [&str; 11] = [
    "ModelName",
    "InstanceType",
    "InitialInstanceCount",
    "CurrentInstanceCount",
    "DesiredInstanceCount",
    "CurrentWeight",
    "DesiredWeight",
    "InitialVariantWeight",
    "EnableNetworkIsolation",
    "VariantStatus",
    "RoutingConfig",
];

/// Every value with what became of it.
pub(super) fn account(definition: &Definition, capture: &str) -> Vec<Item> {
    let mut out = Vec::new();
    let mut all: Vec<(String, &Value)> = Vec::new();
    for (prefix, value) in [
        ("", &definition.schedule),
        (definition.job_path, &definition.job),
        ("Endpoint", &definition.endpoint),
        ("EndpointConfig", &definition.endpoint_config),
    ] {
        let inline = prefix.is_empty() && !definition.job_path.is_empty();
        leaves(prefix, value, &mut |path, leaf| {
            // The inline job definition is walked by itself.
            if !(inline && path.starts_with(&format!("{}.", definition.job_path))) {
                all.push((path, leaf));
            }
        });
    }
    for (path, value) in all {
        if value.is_null()
            || IDENTITY
                .iter()
                .any(|key| path.split('.').any(|part| bare(part) == *key))
        {
            continue;
        }
        let (fate, what) = fate(definition, &path, capture);
        let shown = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        out.push(Item {
            item: path,
            value: shown,
            fate,
            what,
        });
    }
    out
}

fn bare(part: &str) -> &str {
    part.split('[').next().unwrap_or(part)
}

fn leaves<'v>(path: &str, value: &'v Value, each: &mut impl FnMut(String, &'v Value)) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                leaves(&below(key), value, each);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (at, item) in items.iter().enumerate() {
                leaves(&format!("{path}[{at}]"), item, each);
            }
        }
        Value::Null if path.is_empty() => {}
        leaf => each(path.to_owned(), leaf),
    }
}

fn fate(definition: &Definition, path: &str, capture: &str) -> (Fate, String) {
    use Fate::{Elsewhere, NoEquivalent, Taken};
    let parts: Vec<&str> = path.split('.').map(bare).collect();
    let has = |key: &str| parts.contains(&key);
    let last = parts.last().copied().unwrap_or_default();
    let window = length_text(definition.window_seconds());
    let is_quality = definition.kind == MonitorKind::ModelQuality;
    let is_clarify = matches!(
        definition.kind,
        MonitorKind::ModelBias | MonitorKind::ModelExplainability
    );
    let taken = |text: String| (Taken, text);
    let job = |text: &str| (Elsewhere, text.to_owned());
    if has("BaselineConfig") || parts.iter().any(|part| part.ends_with("BaselineConfig")) {
        return taken("the file is copied into baseline/".to_owned());
    }
    if has("NetworkConfig") || last == "RoleArn" || last.ends_with("KmsKeyId") {
        return job("the job that runs driftline has its own; export --requests takes --role");
    }
    if has("ClusterConfig") {
        return job("the job that runs driftline has its own; one small instance is usually enough");
    }
    if has("StoppingCondition") {
        return job("the job that runs driftline has its own");
    }
    if parts.iter().any(|part| part.ends_with("OutputConfig")) {
        return job("driftline's --output says where documents go");
    }
    if has("Environment") {
        return job("the container reads it; `analyze` takes flags and monitor.toml");
    }
    if has("GroundTruthS3Input") {
        return taken(format!(
            "--ground-truth {}",
            definition.ground_truth().unwrap_or_default()
        ));
    }
    match last {
        "MonitoringScheduleName" | "JobDefinitionName" if definition.monitor_name().len() > 63 => {
            (NoEquivalent, "a monitor's name has at most 63 letters".to_owned())
        }
        "MonitoringScheduleName" => taken(format!("name = {:?}", definition.monitor_name())),
        "JobDefinitionName" => job("the name of the definition; the monitor has the schedule's"),
        "ScheduleExpression" => match definition.expression() {
            Some(Schedule::Every(_)) => taken(format!(
                "window = {window:?}; what starts the runs (EventBridge Scheduler, cron) is yours"
            )),
            Some(Schedule::Once) => taken(format!("window = {window:?}; run `analyze` once")),
            None => (NoEquivalent, "not one of the documented forms".to_owned()),
        },
        "StartTimeOffset" | "EndTimeOffset" | "DataAnalysisStartTime" | "DataAnalysisEndTime" => {
            match definition.offsets() {
                Some(_) => taken(format!(
                    "window = {window:?}, grace = {:?}",
                    length_text(definition.grace_seconds())
                )),
                None => (
                    NoEquivalent,
                    "start and end do not make a window that lies behind the run".to_owned(),
                ),
            }
        }
        "EndpointName" | "DataCapturedDestinationS3Uri" | "DestinationS3Uri" => {
            taken(format!("capture = {capture:?}"))
        }
        "VariantName" => match definition.variants().as_slice() {
            [_] => taken(format!("capture = {capture:?}")),
            _ => taken("all variants are read together".to_owned()),
        },
        "Header" | "Line" => taken("read from the data itself".to_owned()),
        "LocalPath" | "S3InputMode" | "S3UploadMode" => {
            job("driftline reads S3 itself; in a job the container takes these")
        }
        "S3DataDistributionType" => {
            job("the container shares the work over hosts; `analyze` uses all cores of one")
        }
        "InferenceAttribute" if is_quality || is_clarify => taken(format!(
            "{} {}",
            if is_quality {
                "--prediction"
            } else {
                "--inference-attribute"
            },
            definition.input_text("InferenceAttribute").unwrap_or_default()
        )),
        "ProbabilityAttribute" if is_quality || is_clarify => taken(format!(
            "{} {}",
            if is_quality {
                "--probability"
            } else {
                "--probability-attribute"
            },
            definition.input_text("ProbabilityAttribute").unwrap_or_default()
        )),
        "ProbabilityThresholdAttribute" if is_quality => taken("--threshold".to_owned()),
        "ProbabilityThresholdAttribute" if is_clarify => taken("--probability-threshold".to_owned()),
        "FeaturesAttribute" if is_clarify => taken(format!(
            "--features-attribute {}",
            definition.input_text("FeaturesAttribute").unwrap_or_default()
        )),
        "FeaturesAttribute"
        | "InferenceAttribute"
        | "ProbabilityAttribute"
        | "ProbabilityThresholdAttribute" => (
            NoEquivalent,
            "data quality looks at every column; captured payloads are unfolded by themselves".to_owned(),
        ),
        "ExcludeFeaturesAttribute" => (
            NoEquivalent,
            "columns are left out by name: add [drift.columns.NAME] with ignore = true for each".to_owned(),
        ),
        "ProblemType" => taken(format!("--problem {}", definition.problem())),
        "ConfigUri" => taken("the file is copied into baseline/analysis_config.json".to_owned()),
        "ImageUri" => job("driftline's own image; export --requests takes --image"),
        "ContainerEntrypoint" | "ContainerArguments" => job("driftline's image has its own"),
        "RecordPreprocessorSourceUri" | "PostAnalyticsProcessorSourceUri" => (
            NoEquivalent,
            "`analyze` runs no scripts; `driftline container` runs them in the image with Python".to_owned(),
        ),
        "EnableCapture" | "CaptureMode" | "CsvContentTypes" | "JsonContentTypes" => {
            job("capture stays the endpoint's; driftline reads what it finds")
        }
        "CurrentSamplingPercentage" | "InitialSamplingPercentage" => {
            job("capture stays the endpoint's; counts are of what was captured")
        }
        key if SERVING.contains(&key) || has("ProductionVariants") || has("ShadowProductionVariants") => {
            job("the endpoint's own, and no matter of monitoring")
        }
        _ => (
            NoEquivalent,
            "driftline has nothing like it, and does not use it".to_owned(),
        ),
    }
}
