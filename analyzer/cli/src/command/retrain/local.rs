//! The local runner as the engine's [`PipelineService`]: each execution is a process of its own that goes on when this one
//! has ended.
//!
//! Tokens, locks and records are `pipeline::local::Executions`'; what runs is `driftline pipeline execute`. Does not decide.

use async_trait::async_trait;
use capture::time::parse_rfc3339;
use clap::Args;
use engine::retrain::{
    Execution, ExecutionStatus, PipelineService, ServiceError, ServiceErrorKind, StartRequest, Step,
};
use engine::{EngineError, ErrorKind};
use pipeline::local::{Executions, Request, Status, StepRecord, Taken};
use pipeline::{Definition, PipelineError};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where and how `--service local` runs.
#[derive(Debug, Clone, Args)]
pub(crate) struct LocalArguments {
    /// Of the service local: executions, logs, the registry and what s3:// stands for go below it.
    #[arg(long, value_name = "FOLDER", default_value = "driftline-pipeline")]
    root: PathBuf,
    /// Of the service local: the definition; the retraining pipeline without it.
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// Of the service local: what s3://bucket/key stands for is FOLDER/bucket/key; s3 below --root without it.
    #[arg(long, value_name = "FOLDER")]
    objects: Option<PathBuf>,
    /// Of the service local: the command that stands for an image. May be given several times.
    #[arg(long = "image", value_name = "IMAGE=COMMAND")]
    images: Vec<String>,
}

/// Executions on this machine.
pub(crate) struct LocalPipelines {
    executions: Executions,
    definition: Definition,
    objects: PathBuf,
    images: BTreeMap<String, Vec<String>>,
    root: PathBuf,
}

impl LocalPipelines {
    /// As the command line says.
    pub(crate) fn open(arguments: &LocalArguments) -> Result<Self, EngineError> {
        let absolute = |option: &str, path: &Path| {
            std::path::absolute(path).map_err(|error| {
                EngineError::new(ErrorKind::Usage, format!("{option} is no path")).with_source(error)
            })
        };
        let root = absolute("--root", &arguments.root)?;
        let objects = match &arguments.objects {
            Some(objects) => absolute("--objects", objects)?,
            None => root.join("s3"),
        };
        Ok(Self::new(
            root,
            objects,
            crate::command::pipeline::definition_or_ours(arguments.definition.as_deref())?,
            crate::command::pipeline::local::images(&arguments.images)?,
        ))
    }

    /// `root` and `objects` are absolute.
    pub(crate) fn new(
        root: PathBuf,
        objects: PathBuf,
        definition: Definition,
        images: BTreeMap<String, Vec<String>>,
    ) -> Self {
        Self {
            executions: Executions::new(&root),
            definition,
            objects,
            images,
            root,
        }
    }

    /// The process that runs an execution: its standard input is the lock, so that the lock is held as long as it lives.
    fn launch(&self, token: &str, folder: &Path, lock: File) -> std::io::Result<()> {
        let log = File::create(folder.join("runner.log"))?;
        Command::new(std::env::current_exe()?)
            .args(["pipeline", "execute", "--execution", token, "--root"])
            .arg(&self.root)
            .stdin(Stdio::from(lock))
            .stdout(log.try_clone()?)
            .stderr(log)
            // A signal for the terminal's processes is not meant for it.
            .process_group(0)
            .spawn()
            .map(drop)
    }
}

fn refused(asked: String, error: &PipelineError) -> ServiceError {
    let kind = match error {
        PipelineError::Io { .. } => ServiceErrorKind::Unavailable,
        _ => ServiceErrorKind::Refused,
    };
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
    ServiceError {
        kind,
        asked,
        said: format!("{error}{cause}"),
    }
}

#[async_trait]
impl PipelineService for LocalPipelines {
    fn name(&self) -> &'static str {
        "local"
    }

    async fn start(&self, request: &StartRequest) -> Result<String, ServiceError> {
        let asked = || format!("cannot start pipeline {} on this machine", request.pipeline);
        let taken = self.executions.take(
            &self.definition,
            &Request {
                pipeline: request.pipeline.clone(),
                token: request.token.clone(),
                display_name: request.display_name.clone(),
                description: request.description.clone(),
                parameters: request.parameters.clone(),
                objects: self.objects.clone(),
                images: self.images.clone(),
            },
        );
        match taken.map_err(|error| refused(asked(), &error))? {
            Taken::Before { arn } => Ok(arn),
            Taken::New { arn, folder, lock } => {
                // From here on it is started: where no process comes to be, the execution has failed.
                if let Err(error) = self.launch(&request.token, &folder, lock) {
                    crate::message::talk(&format!("{}: {error}", asked()));
                }
                Ok(arn)
            }
        }
    }

    async fn find(&self, pipeline: &str, display_name: &str) -> Result<Option<String>, ServiceError> {
        self.executions
            .find(pipeline, display_name)
            .map_err(|error| refused(format!("cannot list executions of pipeline {pipeline}"), &error))
    }

    async fn describe(&self, execution: &str) -> Result<Execution, ServiceError> {
        let found = self.look(execution)?;
        Ok(Execution {
            status: match found.pipeline_execution_status {
                Status::Executing | Status::NotExecuted => ExecutionStatus::Executing,
                Status::Succeeded => ExecutionStatus::Succeeded,
                Status::Failed => ExecutionStatus::Failed,
            },
            failure_reason: found.failure_reason,
            changed_at: parse_rfc3339(&found.last_modified_time),
        })
    }

    async fn steps(&self, execution: &str) -> Result<Vec<Step>, ServiceError> {
        let steps = self.look(execution)?.steps;
        Ok(steps
            .iter()
            .filter(|step| step.step_status != Status::NotExecuted)
            .map(step)
            .collect())
    }
}

impl LocalPipelines {
    fn look(&self, execution: &str) -> Result<pipeline::local::Execution, ServiceError> {
        let asked = || format!("cannot describe execution {execution}");
        self.executions
            .look(execution)
            .map_err(|error| refused(asked(), &error))?
            .ok_or_else(|| ServiceError {
                kind: ServiceErrorKind::NotFound,
                asked: asked(),
                said: format!("there is none below {}", self.root.display()),
            })
    }
}

fn step(found: &StepRecord) -> Step {
    let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
    // Of the kinds that are jobs, and of a registration, the metadata is {"Kind": {"Arn": …}}.
    let arn = found.metadata.as_object().and_then(|kinds| {
        let first = kinds.values().next()?;
        first["Arn"].as_str().map(str::to_owned)
    });
    Step {
        name: found.step_name.clone(),
        kind: Some(found.step_type.clone()),
        status: match found.step_status {
            Status::Succeeded => "Succeeded",
            Status::Failed => "Failed",
            Status::Executing | Status::NotExecuted => "Executing",
        }
        .to_owned(),
        started_at: time(&found.start_time),
        ended_at: time(&found.end_time),
        failure_reason: found.failure_reason.clone(),
        job: arn,
    }
}
