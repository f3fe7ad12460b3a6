//! `driftline pipeline run --local`, and `execute`, which runs what `retrain start --service local` took.

use super::{definition_or_ours, refused};
use crate::{exit, message};
use clap::Args;
use engine::{EngineError, ErrorKind};
use pipeline::local::{Event, Execution, Executions, Settings, Status};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// On this machine: each step is a process under /opt/ml's layout in a folder of its own, no Docker.
    #[arg(long, required = true)]
    local: bool,
    /// The definition; the retraining pipeline without it.
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// A parameter of the pipeline. May be given several times.
    #[arg(long = "parameter", short = 'p', value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// The command that stands for an image, in words divided by blanks. May be given several times.
    #[arg(long = "image", value_name = "IMAGE=COMMAND")]
    images: Vec<String>,
    /// Executions, logs, the registry and what s3:// stands for go below it.
    #[arg(long, value_name = "FOLDER", default_value = "driftline-pipeline")]
    root: PathBuf,
    /// What s3://bucket/key stands for is FOLDER/bucket/key.
    #[arg(long, value_name = "FOLDER")]
    objects: Option<PathBuf>,
    /// The pipeline's name.
    #[arg(long, value_name = "NAME", default_value = "retrain")]
    name: String,
    /// The execution's id; the same id again gives the result of the first time.
    #[arg(long, value_name = "ID")]
    execution: Option<String>,
    /// Print the execution as JSON.
    #[arg(long)]
    json: bool,
}

/// NAME=VALUE pairs.
pub(crate) fn pairs(option: &str, given: &[String]) -> Result<BTreeMap<String, String>, EngineError> {
    given
        .iter()
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| {
                    EngineError::new(ErrorKind::Usage, format!("{option} `{pair}` has no `=`"))
                        .with_hint(format!("as {option} NAME=VALUE"))
                })
        })
        .collect()
}

/// IMAGE=COMMAND pairs, commands in words.
pub(crate) fn images(given: &[String]) -> Result<BTreeMap<String, Vec<String>>, EngineError> {
    let words = |command: String| command.split_whitespace().map(str::to_owned).collect();
    let commands = pairs("--image", given)?.into_iter();
    Ok(commands.map(|(image, command)| (image, words(command))).collect())
}

fn clock() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[derive(Debug, Args)]
pub(super) struct ExecuteArguments {
    /// The execution's id.
    #[arg(long, value_name = "ID")]
    execution: String,
    /// As `--root` of `retrain start`.
    #[arg(long, value_name = "FOLDER")]
    root: PathBuf,
}

pub(super) async fn execute(arguments: ExecuteArguments) -> anyhow::Result<u8> {
    let run = tokio::task::spawn_blocking(move || {
        Executions::new(arguments.root).run(&arguments.execution, clock, &mut |event| tell(event))
    });
    ended(run.await).map(|execution| exit_code(&execution))
}

type Joined = Result<Result<Execution, pipeline::PipelineError>, tokio::task::JoinError>;

fn ended(joined: Joined) -> anyhow::Result<Execution> {
    let execution = joined.map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the execution ended early").with_source(error)
    })?;
    Ok(execution.map_err(refused)?)
}

fn exit_code(execution: &Execution) -> u8 {
    if execution.pipeline_execution_status == Status::Failed {
        exit::EXECUTION_FAILED
    } else {
        exit::DONE
    }
}

pub(super) async fn run(arguments: RunArguments) -> anyhow::Result<u8> {
    let plan = definition_or_ours(arguments.definition.as_deref())?;
    let parameters = pairs("--parameter", &arguments.parameters)?;
    let images = images(&arguments.images)?;
    // Processes run in folders of their own: places must not depend on where this one stands.
    let root = std::path::absolute(&arguments.root)
        .map_err(|error| EngineError::new(ErrorKind::Usage, "--root is no path").with_source(error))?;
    let execution = arguments
        .execution
        .clone()
        .unwrap_or_else(|| jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string());
    let settings = Settings {
        pipeline: arguments.name.clone(),
        execution,
        objects: match &arguments.objects {
            Some(objects) => std::path::absolute(objects).map_err(|error| {
                EngineError::new(ErrorKind::Usage, "--objects is no path").with_source(error)
            })?,
            None => root.join("s3"),
        },
        registry: root.join("registry"),
        root: root.join("executions"),
        images,
        environment: BTreeMap::new(),
        clock,
    };
    let quiet = arguments.json;
    let run = tokio::task::spawn_blocking(move || {
        pipeline::local::run(&plan, &parameters, &settings, &mut |event| {
            if !quiet {
                tell(event);
            }
        })
    });
    let execution = ended(run.await)?;
    message::data(&if arguments.json {
        serde_json::to_string_pretty(&execution)? + "\n"
    } else {
        text(&execution)
    });
    Ok(exit_code(&execution))
}

fn tell(event: &Event<'_>) {
    match event {
        Event::Started { step, kind, log } => {
            let log = log
                .map(|log| format!(", log {}", log.display()))
                .unwrap_or_default();
            message::talk(&format!("{step}: {kind}{log}"));
        }
        Event::Ended { record } => {
            if let Some(reason) = &record.failure_reason {
                message::talk(&format!("{}: failed: {reason}", record.step_name));
            }
        }
    }
}

/// The execution for people.
pub(crate) fn text(execution: &Execution) -> String {
    let mut text = String::new();
    let width = execution
        .steps
        .iter()
        .map(|step| step.step_name.len())
        .max()
        .unwrap_or(0);
    for step in &execution.steps {
        let status = match step.step_status {
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Executing => "executing",
            Status::NotExecuted => "not executed",
        };
        let more = step
            .metadata
            .pointer("/Condition/Outcome")
            .and_then(serde_json::Value::as_str)
            .map(|outcome| format!(": {}", if outcome == "True" { "yes" } else { "no" }))
            .or_else(|| {
                let arn = step.metadata.pointer("/RegisterModel/Arn")?.as_str()?;
                Some(format!(": {arn}"))
            })
            .unwrap_or_default();
        // Writing to a String cannot fail.
        writeln!(text, "{:width$}  {status}{more}", step.step_name).ok();
    }
    match &execution.failure_reason {
        Some(reason) => writeln!(text, "failed: {reason}").ok(),
        None => writeln!(text, "succeeded").ok(),
    };
    text
}
