//! A training job: channels, hyperparameters, checkpoints, the process, `model.tar.gz`.

use super::job::{Failure, Job, Outcome, last_metric, texts, words};
use super::layout::Layout;
use super::places::{copy_into, write_json};
use crate::error::PipelineError;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Runs the job that `request` (a `CreateTrainingJob`, evaluated) asks for.
pub(super) fn run(job: &Job<'_>, request: &Value) -> Result<Outcome, PipelineError> {
    let trained = match train(job, request, &request["HyperParameters"])? {
        Ok(trained) => trained,
        Err(failure) => return Ok(Outcome::Failed(failure)),
    };
    let arn = format!("arn:aws:sagemaker:local:000000000000:training-job/{}", job.name);
    let mut properties = request.clone();
    properties["TrainingJobName"] = Value::from(job.name.as_str());
    properties["TrainingJobArn"] = Value::from(arn.as_str());
    properties["TrainingJobStatus"] = Value::from("Completed");
    properties["ModelArtifacts"] = json!({"S3ModelArtifacts": trained.artifact});
    properties["FinalMetricDataList"] = trained.metrics;
    Ok(Outcome::Done {
        properties,
        metadata: json!({"TrainingJob": {"Arn": arn}}),
    })
}

pub(super) struct Trained {
    /// URI of `model.tar.gz`.
    pub(super) artifact: String,
    /// As `FinalMetricDataList`.
    pub(super) metrics: Value,
}

/// Runs one training with these hyperparameters.
pub(super) fn train(
    job: &Job<'_>,
    request: &Value,
    hyperparameters: &Value,
) -> Result<Result<Trained, Failure>, PipelineError> {
    let specification = &request["AlgorithmSpecification"];
    let image = specification["TrainingImage"].as_str().unwrap_or_default();
    let mut argv = job.command(image)?;
    let own = words(specification.get("ContainerEntrypoint"));
    if own.is_empty() {
        argv.push("train".to_owned());
    } else {
        argv.extend(own.iter().skip(1).map(|word| job.layout.rewrite(word)));
    }
    argv.extend(
        words(specification.get("ContainerArguments"))
            .iter()
            .map(|word| job.layout.rewrite(word)),
    );
    let resources = request
        .get("ResourceConfig")
        .or_else(|| request.get("HyperParameterTuningResourceConfig"))
        .unwrap_or(&Value::Null);
    if resources["InstanceCount"].as_u64().unwrap_or(1) > 1 {
        return Ok(Err(Failure::of_user(
            "ClientError: training on several instances does not run locally; set InstanceCount to 1",
        )));
    }
    let channels = match lay_out(job, request)? {
        Ok(channels) => channels,
        Err(failure) => return Ok(Err(failure)),
    };
    // SageMaker hands every hyperparameter over as text.
    let hyperparameters: Map<String, Value> = texts(Some(hyperparameters))
        .into_iter()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    let config = job.layout.opt_ml.join("input/config");
    write_json(&config.join("hyperparameters.json"), &hyperparameters)?;
    write_json(
        &config.join("resourceconfig.json"),
        &Layout::resources(&resources["InstanceType"]),
    )?;
    let checkpoints = match checkpoints(job, request)? {
        Ok(checkpoints) => checkpoints,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut environment =
        job.layout
            .training_environment(&channels, &hyperparameters, &job.name, &resources["InstanceType"]);
    environment.extend(texts(request.get("Environment")));
    let limit = request
        .pointer("/StoppingCondition/MaxRuntimeInSeconds")
        .and_then(Value::as_u64);
    let ended = job.process(&argv, &environment, limit)?;
    if let Some((local, stored)) = &checkpoints {
        copy_into(local, stored)?;
    }
    if let Err(failure) = ended {
        return Ok(Err(failure));
    }
    let output = request
        .pointer("/OutputDataConfig/S3OutputPath")
        .unwrap_or(&Value::Null);
    let folder = match job.output(output, "OutputDataConfig") {
        Ok(folder) => folder.join(&job.name).join("output"),
        Err(failure) => return Ok(Err(failure)),
    };
    pack(&job.layout.opt_ml.join("model"), &folder.join("model.tar.gz"))?;
    let data = job.layout.opt_ml.join("output/data");
    if data.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        pack(&data, &folder.join("output.tar.gz"))?;
    }
    let metrics = match metrics(job, specification) {
        Ok(metrics) => metrics,
        Err(reason) => return Ok(Err(Failure::of_user(format!("ClientError: {reason}")))),
    };
    Ok(Ok(Trained {
        artifact: format!(
            "{}/{}/output/model.tar.gz",
            output.as_str().unwrap_or_default().trim_end_matches('/'),
            job.name
        ),
        metrics,
    }))
}

fn lay_out(job: &Job<'_>, request: &Value) -> Result<Result<Vec<String>, Failure>, PipelineError> {
    let none = Vec::new();
    let mut names = Vec::new();
    let mut config = Map::new();
    for channel in request["InputDataConfig"].as_array().unwrap_or(&none) {
        let name = channel["ChannelName"].as_str().unwrap_or("?").to_owned();
        let from = match job.input(
            channel
                .pointer("/DataSource/S3DataSource/S3Uri")
                .unwrap_or(&Value::Null),
            &format!("channel `{name}`"),
        ) {
            Ok(from) => from,
            Err(failure) => return Ok(Err(failure)),
        };
        copy_into(&from, &job.layout.opt_ml.join("input/data").join(&name))?;
        config.insert(
            name.clone(),
            json!({
                "ContentType": channel["ContentType"],
                "TrainingInputMode": "File",
                "S3DistributionType": channel.pointer("/DataSource/S3DataSource/S3DataDistributionType"),
                "RecordWrapperType": "None",
            }),
        );
        names.push(name);
    }
    write_json(
        &job.layout.opt_ml.join("input/config/inputdataconfig.json"),
        &config,
    )?;
    for folder in ["model", "output/data", "output/intermediate"] {
        let folder = job.layout.opt_ml.join(folder);
        std::fs::create_dir_all(&folder).map_err(PipelineError::io("making the folder", folder))?;
    }
    Ok(Ok(names))
}

/// The local folder of checkpoints, filled with those of an earlier attempt, and where they are kept.
type Checkpoints = Option<(PathBuf, PathBuf)>;

fn checkpoints(job: &Job<'_>, request: &Value) -> Result<Result<Checkpoints, Failure>, PipelineError> {
    let Some(config) = request.get("CheckpointConfig") else {
        return Ok(Ok(None));
    };
    let inside = config["LocalPath"].as_str().unwrap_or("/opt/ml/checkpoints");
    let local = match job.layout.path(inside) {
        Ok(local) => local,
        Err(reason) => {
            return Ok(Err(Failure::of_user(format!(
                "ClientError: CheckpointConfig: {reason}"
            ))));
        }
    };
    std::fs::create_dir_all(&local).map_err(PipelineError::io("making the folder", &local))?;
    let stored = match job.output(&config["S3Uri"], "CheckpointConfig") {
        Ok(stored) => stored,
        Err(failure) => return Ok(Err(failure)),
    };
    if stored.exists() {
        copy_into(&stored, &local)?;
    }
    Ok(Ok(Some((local, stored))))
}

fn metrics(job: &Job<'_>, specification: &Value) -> Result<Value, String> {
    let none = Vec::new();
    let mut found = Vec::new();
    for definition in specification["MetricDefinitions"].as_array().unwrap_or(&none) {
        let (Some(name), Some(pattern)) = (definition["Name"].as_str(), definition["Regex"].as_str()) else {
            return Err("a metric definition needs Name and Regex".to_owned());
        };
        if let Some(value) = last_metric(&job.layout.log(), pattern)? {
            found.push(json!({"MetricName": name, "Value": value}));
        }
    }
    Ok(Value::from(found))
}

/// Packs what the folder contains. Same content, same bytes: names sorted, times and owners left out.
fn pack(folder: &Path, archive: &Path) -> Result<(), PipelineError> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    builder.mode(tar::HeaderMode::Deterministic);
    add(&mut builder, folder, Path::new(""))?;
    let bytes = builder
        .into_inner()
        .and_then(GzEncoder::finish)
        .map_err(PipelineError::io("packing", folder))?;
    super::places::write(archive, &bytes)
}

fn add(
    builder: &mut tar::Builder<GzEncoder<Vec<u8>>>,
    folder: &Path,
    below: &Path,
) -> Result<(), PipelineError> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<_, _>>)
        .map_err(PipelineError::io("listing", folder))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = below.join(entry.file_name());
        if path.is_dir() {
            add(builder, &path, &name)?;
        } else {
            builder
                .append_path_with_name(&path, &name)
                .map_err(PipelineError::io("packing", &path))?;
        }
    }
    Ok(())
}
