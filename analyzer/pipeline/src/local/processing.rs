//! A processing job: inputs laid out, the process, outputs carried away.

use super::job::{Failure, Job, Outcome, texts, words};
use super::layout::Layout;
use super::places::{copy_into, write_json};
use crate::error::PipelineError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Runs the job that `request` (a `CreateProcessingJob`, evaluated) asks for.
pub(super) fn run(job: &Job<'_>, request: &Value) -> Result<Outcome, PipelineError> {
    let image = request
        .pointer("/AppSpecification/ImageUri")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut argv = job.command(image)?;
    let own = words(request.pointer("/AppSpecification/ContainerEntrypoint"));
    if !own.is_empty() {
        // The image's command is the program; an entry point of the step's own names what it runs inside the image.
        argv.extend(own.iter().skip(1).map(|word| job.layout.rewrite(word)));
    }
    argv.extend(
        words(request.pointer("/AppSpecification/ContainerArguments"))
            .iter()
            .map(|word| job.layout.rewrite(word)),
    );
    match attempt(job, request, &argv)? {
        Ok(()) => {}
        Err(failure) => return Ok(Outcome::Failed(failure)),
    }
    let arn = format!("arn:aws:sagemaker:local:000000000000:processing-job/{}", job.name);
    let mut properties = request.clone();
    if let Value::Object(map) = &mut properties {
        map.insert("ProcessingJobName".to_owned(), Value::from(job.name.as_str()));
        map.insert("ProcessingJobArn".to_owned(), Value::from(arn.as_str()));
        map.insert("ProcessingJobStatus".to_owned(), Value::from("Completed"));
        if let Ok(message) = std::fs::read_to_string(job.layout.opt_ml.join("output/message")) {
            map.insert("ExitMessage".to_owned(), Value::from(message));
        }
    }
    Ok(Outcome::Done {
        properties,
        metadata: json!({"ProcessingJob": {"Arn": arn}}),
    })
}

fn attempt(job: &Job<'_>, request: &Value, argv: &[String]) -> Result<Result<(), Failure>, PipelineError> {
    let none = Vec::new();
    for input in request
        .get("ProcessingInputs")
        .and_then(Value::as_array)
        .unwrap_or(&none)
    {
        let name = input.get("InputName").and_then(Value::as_str).unwrap_or("?");
        let what = format!("input `{name}`");
        let Some(s3) = input.get("S3Input") else {
            return Ok(Err(Failure::of_user(format!(
                "ClientError: {what} is no S3Input; nothing else runs locally"
            ))));
        };
        let from = match job.input(&s3["S3Uri"], &what) {
            Ok(from) => from,
            Err(failure) => return Ok(Err(failure)),
        };
        let to = match job.layout.path(s3["LocalPath"].as_str().unwrap_or_default()) {
            Ok(to) => to,
            Err(reason) => return Ok(Err(Failure::of_user(format!("ClientError: {what}: {reason}")))),
        };
        copy_into(&from, &to)?;
    }
    let outputs = request
        .pointer("/ProcessingOutputConfig/Outputs")
        .and_then(Value::as_array)
        .unwrap_or(&none);
    let mut carried = Vec::new();
    for output in outputs {
        let name = output.get("OutputName").and_then(Value::as_str).unwrap_or("?");
        let what = format!("output `{name}`");
        let s3 = output.get("S3Output").unwrap_or(&Value::Null);
        let from = match job.layout.path(s3["LocalPath"].as_str().unwrap_or_default()) {
            Ok(from) => from,
            Err(reason) => return Ok(Err(Failure::of_user(format!("ClientError: {what}: {reason}")))),
        };
        std::fs::create_dir_all(&from).map_err(PipelineError::io("making the folder", &from))?;
        match job.output(&s3["S3Uri"], &what) {
            Ok(to) => carried.push((from, to)),
            Err(failure) => return Ok(Err(failure)),
        }
    }
    let mut config = request.clone();
    config["ProcessingJobName"] = Value::from(job.name.as_str());
    write_json(
        &job.layout.opt_ml.join("config/processingjobconfig.json"),
        &config,
    )?;
    let instance = request
        .pointer("/ProcessingResources/ClusterConfig/InstanceType")
        .unwrap_or(&Value::Null);
    write_json(
        &job.layout.opt_ml.join("config/resourceconfig.json"),
        &Layout::resources(instance),
    )?;
    let mut environment: BTreeMap<String, String> = texts(request.get("Environment"));
    environment.insert("PROCESSING_JOB_NAME".to_owned(), job.name.clone());
    let limit = request
        .pointer("/StoppingCondition/MaxRuntimeInSeconds")
        .and_then(Value::as_u64);
    if let Err(failure) = job.process(argv, &environment, limit)? {
        return Ok(Err(failure));
    }
    for (from, to) in carried {
        copy_into(&from, &to)?;
    }
    Ok(Ok(()))
}
