//! The requests that put a package into service: `CreateModel`, `CreateEndpointConfig` with data capture on, and
//! `UpdateEndpoint` with traffic shifting and alarms that roll it back.
//!
//! Names follow from package and configuration, so that planning twice plans the same. Pure; sends nothing.

use super::package::Package;
use crate::error::{EngineError, ErrorKind};
use baselines::document::retrain::RequestTwin;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

/// How traffic moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// A tenth first, the rest after the alarms stayed quiet.
    Canary,
    /// A fifth at a time.
    Linear,
    /// Instances replaced a fifth at a time: no second fleet.
    Rolling,
    /// All at once, onto a second fleet.
    AllAtOnce,
}

impl Strategy {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Linear => "linear",
            Self::Rolling => "rolling",
            Self::AllAtOnce => "all_at_once",
        }
    }
}

/// What is in service, and how it is to be replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentRequest {
    /// The endpoint.
    pub endpoint: String,
    /// `DescribeEndpointConfig` of what is in service.
    pub config: Value,
    /// The variant whose model changes; the only one without it.
    pub variant: Option<String>,
    /// How traffic moves.
    pub strategy: Strategy,
    /// Names of CloudWatch alarms that roll it back; at least one.
    pub alarms: Vec<String>,
    /// How long the alarms are watched after each shift, seconds.
    pub bake_seconds: u32,
    /// Where capture goes if the configuration before had none.
    pub capture: Option<String>,
    /// The role of the model; the configuration's own without it.
    pub role: Option<String>,
}

/// What is planned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlannedDeployment {
    pub(super) variant: String,
    pub(super) config_before: String,
    pub(super) config_after: String,
    pub(super) requests: Vec<RequestTwin>,
    pub(super) notes: Vec<String>,
}

/// Keys of a description that are no part of a request.
const DESCRIPTION_ONLY: [&str; 3] = ["EndpointConfigArn", "CreationTime", "ResponseMetadata"];
/// Longest name of a model or an endpoint configuration.
const MAX_NAME: usize = 63;

fn wrong(message: String) -> EngineError {
    EngineError::new(ErrorKind::Usage, message)
}

/// A name of at most 63 letters, digits and hyphens that ends in a digest of what it stands for.
fn name(readable: &str, of: &str) -> String {
    let digest = format!("{:016x}", xxh3_64(of.as_bytes()));
    let plain: String = readable
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(MAX_NAME - 9)
        .collect();
    let plain = plain.trim_matches('-').replace("--", "-");
    format!("{plain}-{}", &digest[..8])
}

/// Plans the deployment of `package`.
///
/// # Errors
/// No alarm; a description that is none; several variants and none named; a multi-model or serverless variant's shapes are
/// kept as they are.
pub(super) fn plan(package: &Package, request: &DeploymentRequest) -> Result<PlannedDeployment, EngineError> {
    if request.alarms.is_empty() || request.alarms.len() > 10 {
        return Err(wrong(format!(
            "a deployment that rolls back by itself needs 1 to 10 alarms, {} are named",
            request.alarms.len()
        ))
        .with_hint("--alarm NAME: the endpoint's own, such as its 5XX errors and ModelLatency"));
    }
    let hint = "expected is what `aws sagemaker describe-endpoint-config` prints";
    let Some(config) = request.config.as_object() else {
        return Err(wrong("the endpoint configuration is no JSON object".to_owned()).with_hint(hint));
    };
    let Some(config_before) = config.get("EndpointConfigName").and_then(Value::as_str) else {
        return Err(wrong("the endpoint configuration has no EndpointConfigName".to_owned()).with_hint(hint));
    };
    let variants = config.get("ProductionVariants").and_then(Value::as_array);
    let names: Vec<&str> = variants
        .into_iter()
        .flatten()
        .filter_map(|variant| variant["VariantName"].as_str())
        .collect();
    let variant = variant(request, config_before, &names)?;
    let readable = format!(
        "{}-{}",
        request.endpoint,
        package.number.map_or_else(String::new, |n| format!("v{n}"))
    );
    let model = name(&readable, &package.arn);
    let role = role(request, config)?;
    let mut notes = Vec::new();
    let mut after: Map<String, Value> = config
        .iter()
        .filter(|(key, _)| !DESCRIPTION_ONLY.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if after
        .remove("ShadowProductionVariants")
        .is_some_and(|shadow| shadow != json!([]))
    {
        notes.push("shadow variants of the configuration before are left out".to_owned());
    }
    for changed in after
        .get_mut("ProductionVariants")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter(|each| each["VariantName"] == variant.as_str())
    {
        notes.push(format!(
            "variant {variant}: model {} becomes {model}",
            changed["ModelName"].as_str().unwrap_or("(none)")
        ));
        changed["ModelName"] = Value::from(model.as_str());
    }
    after.insert(
        "DataCaptureConfig".to_owned(),
        capture(config, request, &mut notes)?,
    );
    let of = format!(
        "{}\n{}\n{}",
        package.arn,
        config_before,
        Value::Object(after.clone())
    );
    let config_after = name(&readable, &of);
    after.insert(
        "EndpointConfigName".to_owned(),
        Value::from(config_after.as_str()),
    );
    let twin = |operation: &str, request: Value| RequestTwin {
        operation: operation.to_owned(),
        request,
    };
    let requests = vec![
        twin(
            "CreateModel",
            json!({"ModelName": model, "PrimaryContainer": {"ModelPackageName": package.arn}, "ExecutionRoleArn": role}),
        ),
        twin("CreateEndpointConfig", Value::Object(after)),
        twin(
            "UpdateEndpoint",
            json!({
                "EndpointName": request.endpoint,
                "EndpointConfigName": config_after,
                "RetainAllVariantProperties": false,
                "DeploymentConfig": deployment(request),
            }),
        ),
    ];
    Ok(PlannedDeployment {
        variant,
        config_before: config_before.to_owned(),
        config_after,
        requests,
        notes,
    })
}

/// The variant whose model changes.
fn variant(request: &DeploymentRequest, config_before: &str, names: &[&str]) -> Result<String, EngineError> {
    match (&request.variant, names) {
        (Some(named), names) if names.contains(&named.as_str()) => Ok(named.clone()),
        (None, [only]) => Ok((*only).to_owned()),
        (Some(named), names) => Err(wrong(format!(
            "endpoint configuration {config_before} has no variant {named}, it has {}",
            names.join(", ")
        ))),
        (None, names) => Err(wrong(format!(
            "endpoint configuration {config_before} has {} variants ({}), and none is named",
            names.len(),
            names.join(", ")
        ))
        .with_hint("--variant NAME")),
    }
}

/// The role of the new model.
fn role(request: &DeploymentRequest, config: &Map<String, Value>) -> Result<String, EngineError> {
    let own = || {
        let own = config.get("ExecutionRoleArn").and_then(Value::as_str);
        own.map(str::to_owned)
    };
    request.role.clone().or_else(own).ok_or_else(|| {
        wrong("the model needs a role, and the endpoint configuration has none".to_owned())
            .with_hint("--role ARN: the one the model in service has (`aws sagemaker describe-model`)")
    })
}

/// Capture as before, switched on; of both sides, all requests, where there was none.
fn capture(
    config: &Map<String, Value>,
    request: &DeploymentRequest,
    notes: &mut Vec<String>,
) -> Result<Value, EngineError> {
    let before = config
        .get("DataCaptureConfig")
        .filter(|before| before.is_object());
    let Some(before) = before else {
        let Some(place) = request
            .capture
            .as_deref()
            .filter(|place| place.starts_with("s3://"))
        else {
            return Err(wrong(
                "the endpoint configuration captures nothing, and no place for capture is named".to_owned(),
            )
            .with_hint("--capture s3://BUCKET/PREFIX"));
        };
        notes.push("data capture was off: all requests are captured from now on".to_owned());
        return Ok(json!({
            "EnableCapture": true, "InitialSamplingPercentage": 100, "DestinationS3Uri": place,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }));
    };
    let mut after = before.clone();
    if before["EnableCapture"] != json!(true) {
        notes.push("data capture was switched off: it is on from now on".to_owned());
        after["EnableCapture"] = json!(true);
    }
    let options = before["CaptureOptions"].as_array().cloned().unwrap_or_default();
    for mode in ["Input", "Output"] {
        let has = |option: &Value| option["CaptureMode"] == mode || option["CaptureMode"] == "InputAndOutput";
        if !options.iter().any(has) {
            notes.push(format!(
                "the {} was not captured: it is from now on",
                mode.to_lowercase()
            ));
            if let Some(list) = after["CaptureOptions"].as_array_mut() {
                list.push(json!({"CaptureMode": mode}));
            }
        }
    }
    Ok(after)
}

fn deployment(request: &DeploymentRequest) -> Value {
    let alarms: Vec<Value> = request
        .alarms
        .iter()
        .map(|name| json!({"AlarmName": name}))
        .collect();
    let wait = request.bake_seconds;
    let percent = |value: u32| json!({"Type": "CAPACITY_PERCENT", "Value": value});
    let mut config = json!({"AutoRollbackConfiguration": {"Alarms": alarms}});
    if request.strategy == Strategy::Rolling {
        config["RollingUpdatePolicy"] = json!({
            "MaximumBatchSize": percent(20),
            "WaitIntervalInSeconds": wait,
            "MaximumExecutionTimeoutInSeconds": 28_800,
            "RollbackMaximumBatchSize": percent(100),
        });
        return config;
    }
    let mut routing = json!({"WaitIntervalInSeconds": wait});
    match request.strategy {
        Strategy::Canary => {
            routing["Type"] = json!("CANARY");
            routing["CanarySize"] = percent(10);
        }
        Strategy::Linear => {
            routing["Type"] = json!("LINEAR");
            routing["LinearStepSize"] = percent(20);
        }
        Strategy::AllAtOnce | Strategy::Rolling => routing["Type"] = json!("ALL_AT_ONCE"),
    }
    config["BlueGreenUpdatePolicy"] = json!({
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": wait,
        "MaximumExecutionTimeoutInSeconds": 28_800,
    });
    config
}
