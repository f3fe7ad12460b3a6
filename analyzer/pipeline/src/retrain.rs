//! The retraining pipeline: what `infra/pipeline/*.json` contain, written once.
//!
//! ```text
//! Prepare → [Tune] → Train → Score → Evaluate → Better? ── yes → Baseline → Register
//!                                                      └─ no  → Refuse (Fail, with the evaluation's own sentence)
//! ```
//!
//! Every place is a parameter: no bucket, account, region or role is written here. Shapes follow `CreateProcessingJob`,
//! `CreateTrainingJob`, `CreateHyperParameterTuningJob` and `CreateModelPackage` as SageMaker's Python SDK 2.257.7 writes
//! them into a definition (`infra/pipeline/reference`).

use crate::definition::{Definition, VERSION};
use serde_json::{Value, json};

/// What differs between the definitions we publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Variant {
    /// A tuning step before training, whose best values the training takes.
    pub tune: bool,
    /// On-demand instances instead of spot.
    pub on_demand: bool,
}

/// Lines a trainer prints, `NAME=VALUE;`, and the pattern that reads them (`infra/training/metric_definitions.json` holds the same).
pub const METRICS: [&str; 12] = [
    "train:loss",
    "validation:auc",
    "validation:average_precision",
    "validation:logloss",
    "validation:brier",
    "validation:accuracy",
    "validation:balanced_accuracy",
    "validation:f1",
    "validation:macro_f1",
    "validation:rmse",
    "validation:mae",
    "validation:r2",
];

/// The regular expression of a trainer's metric.
pub fn metric_regex(name: &str) -> String {
    format!("{name}=([-+0-9.eE]+);")
}

/// The definition.
pub fn definition(variant: Variant) -> Definition {
    let mut steps = vec![prepare()];
    if variant.tune {
        steps.push(tune(variant));
    }
    steps.extend([train(variant), score(), evaluate(), better()]);
    let value = json!({
        "Version": VERSION,
        "Metadata": {},
        "Parameters": parameters(variant),
        "PipelineExperimentConfig": {
            "ExperimentName": {"Get": "Execution.PipelineName"},
            "TrialName": {"Get": "Execution.PipelineExecutionId"},
        },
        "Steps": steps,
    });
    serde_json::from_value(value).expect("the definition is written in this file, and a test parses it")
}

fn parameter(name: &str) -> Value {
    json!({"Get": format!("Parameters.{name}")})
}

/// A parameter where SageMaker takes text only.
fn as_text(name: &str) -> Value {
    json!({"Std:Join": {"On": "", "Values": [parameter(name)]}})
}

/// A place below the output prefix, of this execution.
fn output(name: &str) -> Value {
    json!({"Std:Join": {"On": "/", "Values": [parameter("OutputUri"), {"Get": "Execution.PipelineExecutionId"}, name]}})
}

fn output_of(step: &str, name: &str) -> Value {
    json!({"Get": format!("Steps.{step}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")})
}

fn below(uri: &Value, file: &str) -> Value {
    json!({"Std:Join": {"On": "/", "Values": [uri, file]}})
}

fn evaluation(path: &str) -> Value {
    json!({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"}, "Path": path}})
}

fn parameters(variant: Variant) -> Value {
    let mut all = vec![
        json!({"Name": "MonitorName", "Type": "String"}),
        json!({"Name": "IncidentId", "Type": "String"}),
        json!({"Name": "EvidenceUri", "Type": "String"}),
        json!({"Name": "EvidenceDigest", "Type": "String"}),
        json!({"Name": "CaptureUri", "Type": "String"}),
        json!({"Name": "LabelsUri", "Type": "String"}),
        json!({"Name": "TrainingDataUri", "Type": "String"}),
        json!({"Name": "SchemaUri", "Type": "String"}),
        json!({"Name": "OutputUri", "Type": "String"}),
        json!({"Name": "WindowStart", "Type": "String"}),
        json!({"Name": "WindowEnd", "Type": "String"}),
        json!({"Name": "ProblemType", "Type": "String", "DefaultValue": "binary", "EnumValues": ["binary", "multiclass", "regression"]}),
        json!({"Name": "ProtectedSegments", "Type": "String", "DefaultValue": "none"}),
        json!({"Name": "AnalyzerImage", "Type": "String"}),
        json!({"Name": "TrainingImage", "Type": "String"}),
        json!({"Name": "InferenceImage", "Type": "String"}),
        json!({"Name": "Algorithm", "Type": "String", "DefaultValue": "blend", "EnumValues": ["blend", "network", "boosting"]}),
        json!({"Name": "RoleArn", "Type": "String"}),
        json!({"Name": "ModelPackageGroup", "Type": "String"}),
        json!({"Name": "ApprovalStatus", "Type": "String", "DefaultValue": "PendingManualApproval",
               "EnumValues": ["PendingManualApproval", "Approved"]}),
        json!({"Name": "TrainingInstanceType", "Type": "String", "DefaultValue": "ml.g5.2xlarge"}),
        json!({"Name": "ProcessingInstanceType", "Type": "String", "DefaultValue": "ml.m5.xlarge"}),
        json!({"Name": "VolumeSizeInGB", "Type": "Integer", "DefaultValue": 50}),
        json!({"Name": "MaxRuntimeInSeconds", "Type": "Integer", "DefaultValue": 14400}),
        json!({"Name": "Epochs", "Type": "Integer", "DefaultValue": 0}),
        json!({"Name": "Seed", "Type": "Integer", "DefaultValue": 20261121}),
        json!({"Name": "TestShare", "Type": "Float", "DefaultValue": 0.2}),
        json!({"Name": "MinimumQuality", "Type": "Float", "DefaultValue": 0.0}),
        json!({"Name": "Confidence", "Type": "Float", "DefaultValue": 0.95}),
        json!({"Name": "IncludeTrainingData", "Type": "Boolean", "DefaultValue": true}),
        json!({"Name": "NetworkIsolation", "Type": "Boolean", "DefaultValue": true}),
    ];
    if !variant.on_demand {
        all.push(json!({"Name": "MaxWaitInSeconds", "Type": "Integer", "DefaultValue": 28800}));
    }
    if variant.tune {
        all.extend([
            // No default: `retrain` shares the GPU hours out among this many jobs and the last training.
            json!({"Name": "TuningTrials", "Type": "Integer"}),
            json!({"Name": "TuningMetric", "Type": "String", "DefaultValue": "validation:auc"}),
            json!({"Name": "TuningDirection", "Type": "String", "DefaultValue": "Maximize", "EnumValues": ["Maximize", "Minimize"]}),
        ]);
    }
    Value::from(all)
}

fn retry() -> Value {
    json!([
        {"ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"], "IntervalSeconds": 30, "BackoffRate": 2.0, "MaxAttempts": 5},
        {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"],
         "IntervalSeconds": 60, "BackoffRate": 2.0, "MaxAttempts": 5},
    ])
}

fn s3_input(name: &str, uri: &Value, folder: &str) -> Value {
    json!({
        "InputName": name,
        "AppManaged": false,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": format!("/opt/ml/processing/{folder}"),
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    })
}

fn s3_output(name: &str) -> Value {
    json!({
        "OutputName": name,
        "AppManaged": false,
        "S3Output": {
            "S3Uri": output(name),
            "LocalPath": format!("/opt/ml/processing/{name}"),
            "S3UploadMode": "EndOfJob",
        },
    })
}

fn processing(image: &str, arguments: &Value, inputs: &Value, outputs: &[&str]) -> Value {
    json!({
        "ProcessingResources": {"ClusterConfig": {
            "InstanceType": parameter("ProcessingInstanceType"),
            "InstanceCount": 1,
            "VolumeSizeInGB": parameter("VolumeSizeInGB"),
        }},
        "AppSpecification": {"ImageUri": parameter(image), "ContainerArguments": arguments},
        "RoleArn": parameter("RoleArn"),
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": outputs.iter().map(|name| s3_output(name)).collect::<Vec<_>>()},
        "NetworkConfig": {"EnableNetworkIsolation": parameter("NetworkIsolation")},
        "StoppingCondition": {"MaxRuntimeInSeconds": parameter("MaxRuntimeInSeconds")},
    })
}

fn prepare() -> Value {
    let arguments = json!([
        "pipeline",
        "prepare",
        "--capture",
        "/opt/ml/processing/capture",
        "--ground-truth",
        "/opt/ml/processing/labels",
        "--training-data",
        "/opt/ml/processing/training",
        "--schema",
        "/opt/ml/processing/schema",
        "--start",
        parameter("WindowStart"),
        "--end",
        parameter("WindowEnd"),
        "--problem",
        parameter("ProblemType"),
        "--test-share",
        as_text("TestShare"),
        "--include-training-data",
        as_text("IncludeTrainingData"),
        "--output",
        "/opt/ml/processing",
    ]);
    let inputs = json!([
        s3_input("capture", &parameter("CaptureUri"), "capture"),
        s3_input("labels", &parameter("LabelsUri"), "labels"),
        s3_input("training", &parameter("TrainingDataUri"), "training"),
        s3_input("schema", &parameter("SchemaUri"), "schema"),
    ]);
    let mut request = processing(
        "AnalyzerImage",
        &arguments,
        &inputs,
        &["train", "validation", "test"],
    );
    // What makes the cache safe: the same digest means the same captured objects and labels.
    request["Environment"] = json!({
        "DRIFTLINE_MONITOR": parameter("MonitorName"),
        "DRIFTLINE_INCIDENT": parameter("IncidentId"),
        "DRIFTLINE_EVIDENCE_DIGEST": parameter("EvidenceDigest"),
    });
    json!({
        "Name": "Prepare",
        "Type": "Processing",
        "Description": "Captured inputs and labels with the old training set: train, validation, test, by time",
        "Arguments": request,
        "CacheConfig": {"Enabled": true, "ExpireAfter": "P7D"},
        "RetryPolicies": retry(),
    })
}

fn channel(name: &str) -> Value {
    json!({
        "ChannelName": name,
        "ContentType": "text/csv",
        "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix",
            "S3Uri": output_of("Prepare", name),
            "S3DataDistributionType": "FullyReplicated",
        }},
    })
}

fn algorithm() -> Value {
    let metrics: Vec<Value> = METRICS
        .iter()
        .map(|name| json!({"Name": name, "Regex": metric_regex(name)}))
        .collect();
    json!({
        "TrainingInputMode": "File",
        "TrainingImage": parameter("TrainingImage"),
        "MetricDefinitions": metrics,
    })
}

/// What training and tuning have in common.
fn training_request(variant: Variant, output_name: &str) -> Value {
    let mut request = json!({
        "AlgorithmSpecification": algorithm(),
        "OutputDataConfig": {"S3OutputPath": output(output_name)},
        "StoppingCondition": {"MaxRuntimeInSeconds": parameter("MaxRuntimeInSeconds")},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": parameter("TrainingInstanceType"),
            "VolumeSizeInGB": parameter("VolumeSizeInGB"),
        },
        "RoleArn": parameter("RoleArn"),
        "InputDataConfig": [channel("train"), channel("validation")],
        "EnableNetworkIsolation": parameter("NetworkIsolation"),
        "CheckpointConfig": {"S3Uri": output("checkpoints"), "LocalPath": "/opt/ml/checkpoints"},
    });
    if !variant.on_demand {
        request["EnableManagedSpotTraining"] = Value::Bool(true);
        request["StoppingCondition"]["MaxWaitTimeInSeconds"] = parameter("MaxWaitInSeconds");
    }
    request
}

/// Hyperparameters that are tuned: name, least, most, scale.
const TUNED: [(&str, &str, &str, &str); 3] = [
    ("learning_rate", "0.0003", "0.01", "Logarithmic"),
    ("weight_decay", "0.0001", "0.1", "Logarithmic"),
    ("dropout", "0.0", "0.5", "Linear"),
];

fn hyperparameters() -> Value {
    json!({
        "algorithm": parameter("Algorithm"),
        "epochs": as_text("Epochs"),
        "seed": as_text("Seed"),
    })
}

fn tune(variant: Variant) -> Value {
    let mut training = training_request(variant, "tuning");
    training["StaticHyperParameters"] = hyperparameters();
    let request = training.as_object_mut().expect("a request is an object");
    let resources = request
        .remove("ResourceConfig")
        .expect("training_request writes it");
    request.insert("HyperParameterTuningResourceConfig".to_owned(), resources);
    let ranges: Vec<Value> = TUNED
        .iter()
        .map(|(name, least, most, scale)| json!({"Name": name, "MinValue": least, "MaxValue": most, "ScalingType": scale}))
        .collect();
    json!({
        "Name": "Tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": {
                "Strategy": "Bayesian",
                "HyperParameterTuningJobObjective": {"Type": parameter("TuningDirection"), "MetricName": parameter("TuningMetric")},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": parameter("TuningTrials"), "MaxParallelTrainingJobs": 1},
                "ParameterRanges": {
                    "ContinuousParameterRanges": ranges,
                    "CategoricalParameterRanges": [],
                    "IntegerParameterRanges": [],
                },
                "TrainingJobEarlyStoppingType": "Auto",
                "RandomSeed": parameter("Seed"),
            },
            "TrainingJobDefinition": training,
        },
        "RetryPolicies": retry(),
    })
}

fn train(variant: Variant) -> Value {
    let mut request = training_request(variant, "model");
    let mut values = hyperparameters();
    if variant.tune {
        for (name, ..) in TUNED {
            values[name] = json!({"Std:Join": {"On": "", "Values": [
                {"Get": format!("Steps.Tune.BestTrainingJob.TunedHyperParameters['{name}']")},
            ]}});
        }
    }
    request["HyperParameters"] = values;
    request["ProfilerConfig"] = json!({"DisableProfiler": true});
    json!({
        "Name": "Train",
        "Type": "Training",
        "Description": "The GPU training image",
        "Arguments": request,
        "RetryPolicies": retry(),
    })
}

fn score() -> Value {
    let arguments = json!([
        "predict",
        "--model",
        "/opt/ml/processing/model",
        "--data",
        "/opt/ml/processing/test",
        "--output",
        "/opt/ml/processing/scored",
    ]);
    let inputs = json!([
        s3_input(
            "model",
            &json!({"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}),
            "model"
        ),
        s3_input("test", &output_of("Prepare", "test"), "test"),
    ]);
    json!({
        "Name": "Score",
        "Type": "Processing",
        "Description": "The new model's answers on the newest data, which it has not seen",
        "Arguments": processing("InferenceImage", &arguments, &inputs, &["scored"]),
        "RetryPolicies": retry(),
    })
}

fn evaluate() -> Value {
    let arguments = json!([
        "pipeline",
        "evaluate",
        "--data",
        "/opt/ml/processing/scored",
        "--schema",
        "/opt/ml/processing/schema",
        "--problem",
        parameter("ProblemType"),
        "--segments",
        parameter("ProtectedSegments"),
        "--confidence",
        as_text("Confidence"),
        "--minimum",
        as_text("MinimumQuality"),
        "--output",
        "/opt/ml/processing/evaluation",
    ]);
    let inputs = json!([
        s3_input("scored", &output_of("Score", "scored"), "scored"),
        s3_input("schema", &parameter("SchemaUri"), "schema"),
    ]);
    json!({
        "Name": "Evaluate",
        "Type": "Processing",
        "Description": "The new model and the one in service on the same rows, with intervals",
        "Arguments": processing("AnalyzerImage", &arguments, &inputs, &["evaluation"]),
        "PropertyFiles": [{"PropertyFileName": "Evaluation", "OutputName": "evaluation", "FilePath": "evaluation.json"}],
        "RetryPolicies": retry(),
    })
}

fn better() -> Value {
    let condition = |kind: &str, left: &str, right: Value| json!({"Type": kind, "LeftValue": evaluation(left), "RightValue": right});
    json!({
        "Name": "Better",
        "Type": "Condition",
        "Description": "Better than the champion beyond the interval, no worse on a protected segment, above the floor",
        "Arguments": {
            "Conditions": [
                condition("GreaterThan", "gain.lower", json!(0.0)),
                condition("GreaterThanOrEqualTo", "segments.worst_upper", json!(0.0)),
                condition("GreaterThanOrEqualTo", "challenger.quality", parameter("MinimumQuality")),
            ],
            "IfSteps": [baseline(), register()],
            "ElseSteps": [{
                "Name": "Refuse",
                "Type": "Fail",
                "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": ["The new model is not registered:", evaluation("summary")]}}},
            }],
        },
    })
}

fn baseline() -> Value {
    let arguments = json!([
        "baseline",
        "--data",
        "/opt/ml/processing/scored/scored.csv",
        "--schema",
        "/opt/ml/processing/scored/schema.json",
        "--problem",
        parameter("ProblemType"),
        "--output",
        "/opt/ml/processing/baseline",
    ]);
    json!({
        "Name": "Baseline",
        "Type": "Processing",
        "Description": "What is normal for the new model",
        "Arguments": processing("AnalyzerImage", &arguments, &json!([s3_input("scored", &output_of("Score", "scored"), "scored")]), &["baseline"]),
        "RetryPolicies": retry(),
    })
}

fn register() -> Value {
    let source =
        |uri: &Value, file: &str| json!({"ContentType": "application/json", "S3Uri": below(uri, file)});
    let baseline = output_of("Baseline", "baseline");
    let files = json!({
        "ModelDataQuality": {"Statistics": source(&baseline, "statistics.json"), "Constraints": source(&baseline, "constraints.json")},
        "ModelQuality": {
            "Statistics": source(&baseline, "model_quality/statistics.json"),
            "Constraints": source(&baseline, "model_quality/constraints.json"),
        },
    });
    let mut metrics = files.clone();
    // The SDK writes the kinds of evidence there is none of as empty.
    metrics["Bias"] = json!({});
    metrics["Explainability"] = json!({});
    json!({
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": parameter("ModelPackageGroup"),
            "ModelMetrics": metrics,
            "DriftCheckBaselines": files,
            "InferenceSpecification": {
                "Containers": [{
                    "Image": parameter("InferenceImage"),
                    "Environment": {},
                    "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
                }],
                "SupportedContentTypes": ["text/csv", "application/json", "application/jsonlines"],
                "SupportedResponseMIMETypes": ["text/csv", "application/json"],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large", "ml.m5.xlarge", "ml.g5.xlarge"],
                "SupportedTransformInstanceTypes": ["ml.m5.xlarge"],
            },
            "ModelApprovalStatus": parameter("ApprovalStatus"),
            "SkipModelValidation": "None",
            "CustomerMetadataProperties": {
                "driftline:monitor": parameter("MonitorName"),
                "driftline:incident": parameter("IncidentId"),
                "driftline:evidence": parameter("EvidenceUri"),
                "driftline:baseline": baseline,
                "driftline:evaluation": below(&output_of("Evaluate", "evaluation"), "evaluation.json"),
            },
        },
        "RetryPolicies": [
            {"ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"], "IntervalSeconds": 30, "BackoffRate": 2.0, "MaxAttempts": 5},
        ],
    })
}
