//! Executions kept in a folder, each by its request token: started once, run by a process of its own, looked at by any.
//!
//! ```text
//! {root}/executions/{token}/request.json      what was asked for, written once
//!                          /definition.json   the definition it runs, as it was when it was started
//!                          /running           locked by whichever process runs it
//!                          /execution.json    how far it is, rewritten atomically after each step
//! {root}/registry                             model packages
//! ```
//!
//! As with SageMaker's `ClientRequestToken`: the same token with the same request gives the execution it started before,
//! with another one it is refused. A runner that died leaves its lock free, and the execution counts as failed. Does not
//! know why something is started, and starts no process itself: the caller hands the lock to one.

use super::execution::{Execution, Status};
use super::places::write_json;
use super::runner::{Event, parameters, run};
use super::{ARN_PREFIX, Settings};
use crate::check::problems;
use crate::definition::Definition;
use crate::error::PipelineError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

const REQUEST: &str = "request.json";
const DEFINITION: &str = "definition.json";
const EXECUTION: &str = "execution.json";
const RUNNING: &str = "running";

/// What is to be executed, and with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The pipeline's name.
    pub pipeline: String,
    /// The request token, and the execution's id: letters, digits, `-` and `_`.
    pub token: String,
    /// The execution's display name.
    pub display_name: String,
    /// For people.
    pub description: String,
    /// Parameters as text, as `StartPipelineExecution` takes them.
    pub parameters: BTreeMap<String, String>,
    /// What `s3://` stands for.
    pub objects: PathBuf,
    /// The command that stands for an image.
    pub images: BTreeMap<String, Vec<String>>,
}

/// What became of a start.
#[derive(Debug)]
pub enum Taken {
    /// It is new: whoever keeps this lock open runs it.
    New {
        /// The execution's ARN.
        arn: String,
        /// Its folder.
        folder: PathBuf,
        /// The lock, exclusive; it is free when the last process that has it open has ended.
        lock: File,
    },
    /// The token started this execution before.
    Before {
        /// The execution's ARN.
        arn: String,
    },
}

/// Executions below a folder.
#[derive(Debug, Clone)]
pub struct Executions {
    root: PathBuf,
}

/// A token that can be a folder's name.
fn is_name(token: &str) -> bool {
    (1..=128).contains(&token.len())
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, PipelineError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PipelineError::io("reading", path)(error)),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| PipelineError::io("reading", path)(error.into()))
}

fn locked(path: &Path) -> Result<File, PipelineError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(PipelineError::io("opening", path))
}

impl Executions {
    /// Below `root`, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where model packages are registered.
    pub fn registry(&self) -> PathBuf {
        self.root.join("registry")
    }

    fn executions(&self) -> PathBuf {
        self.root.join("executions")
    }

    /// Takes a token: checks the definition and the parameters as the service would, writes both down, and gives the lock
    /// to run it under; or the execution that the token started before.
    ///
    /// # Errors
    /// A faulty definition, parameters that it does not declare or that lack, an image without a command, the same token
    /// with another request, the file system.
    pub fn take(&self, definition: &Definition, request: &Request) -> Result<Taken, PipelineError> {
        let refused = |name: &str, reason: String| PipelineError::Parameter {
            name: name.to_owned(),
            reason,
        };
        if !is_name(&request.token) {
            return Err(refused(
                "ClientRequestToken",
                "it can be no folder's name: letters, digits, - and _, at most 128".to_owned(),
            ));
        }
        let arn = arn(&request.pipeline, &request.token);
        let folder = self.executions().join(&request.token);
        std::fs::create_dir_all(&folder).map_err(PipelineError::io("making the folder", &folder))?;
        // One start at a time: what is written below is whole for whoever comes next.
        let starts = locked(&self.executions().join("starts"))?;
        starts
            .lock()
            .map_err(PipelineError::io("locking", self.executions()))?;
        let place = folder.join(REQUEST);
        if let Some(before) = read::<Request>(&place)? {
            let same = before.pipeline == request.pipeline && before.parameters == request.parameters;
            return if same {
                Ok(Taken::Before { arn })
            } else {
                Err(refused(
                    "ClientRequestToken",
                    "it started another execution before, with other parameters".to_owned(),
                ))
            };
        }
        let faults = problems(definition);
        if !faults.is_empty() {
            return Err(PipelineError::Faulty { problems: faults });
        }
        let values = parameters(definition, &request.parameters)?;
        for name in images(definition) {
            let image = values.get(&name).and_then(Value::as_str).unwrap_or_default();
            if !request.images.contains_key(image) {
                return Err(refused(
                    &name,
                    format!(
                        "no local command is known for the image `{image}`; name one with --image \"{image}=COMMAND\""
                    ),
                ));
            }
        }
        let lock = locked(&folder.join(RUNNING))?;
        lock.lock().map_err(PipelineError::io("locking", &folder))?;
        write_json(&folder.join(DEFINITION), definition)?;
        write_json(&place, request)?;
        Ok(Taken::New { arn, folder, lock })
    }

    /// Runs an execution that was taken, to its end; the caller has its lock. A fault of this machine is the execution's
    /// failure, too.
    ///
    /// # Errors
    /// There is no such execution; its record cannot be written.
    pub fn run(
        &self,
        token: &str,
        clock: fn() -> String,
        observe: &mut dyn FnMut(&Event<'_>),
    ) -> Result<Execution, PipelineError> {
        let folder = self.executions().join(token);
        let gone = || PipelineError::Unreadable {
            reason: format!(
                "there is no execution `{token}` in {}",
                self.executions().display()
            ),
        };
        let request: Request = read(&folder.join(REQUEST))?.ok_or_else(gone)?;
        let definition: Definition = read(&folder.join(DEFINITION))?.ok_or_else(gone)?;
        let settings = Settings {
            pipeline: request.pipeline.clone(),
            execution: token.to_owned(),
            root: self.executions(),
            objects: request.objects,
            registry: self.registry(),
            images: request.images,
            environment: BTreeMap::new(),
            clock,
        };
        run(&definition, &request.parameters, &settings, observe).or_else(|error| {
            let place = folder.join(EXECUTION);
            let now = clock();
            let mut failed =
                read::<Execution>(&place)?.unwrap_or_else(|| empty(&request.pipeline, token, &now));
            failed.pipeline_execution_status = Status::Failed;
            failed.failure_reason = Some(error.to_string());
            failed.last_modified_time = now;
            write_json(&place, &failed)?;
            Ok(failed)
        })
    }

    /// The execution of this display name, if the pipeline has one.
    ///
    /// # Errors
    /// The file system.
    pub fn find(&self, pipeline: &str, display_name: &str) -> Result<Option<String>, PipelineError> {
        let folder = self.executions();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(PipelineError::io("listing", folder)(error)),
        };
        for entry in entries.flatten() {
            let found: Option<Request> = read(&entry.path().join(REQUEST)).or_else(|error| {
                // A file beside the executions is none of them.
                if entry.path().is_dir() {
                    Err(error)
                } else {
                    Ok(None)
                }
            })?;
            if let Some(request) = found
                && request.pipeline == pipeline
                && request.display_name == display_name
            {
                return Ok(Some(arn(pipeline, &request.token)));
            }
        }
        Ok(None)
    }

    /// Where an execution stands, by its ARN or id; `None` where there is none. One whose runner is gone has failed.
    ///
    /// # Errors
    /// The file system.
    pub fn look(&self, execution: &str) -> Result<Option<Execution>, PipelineError> {
        let token = execution.rsplit('/').next().unwrap_or(execution);
        if !is_name(token) {
            return Ok(None);
        }
        let folder = self.executions().join(token);
        let Some(request) = read::<Request>(&folder.join(REQUEST))? else {
            return Ok(None);
        };
        let lock = locked(&folder.join(RUNNING))?;
        let is_running = match lock.try_lock_shared() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(error)) => return Err(PipelineError::io("locking", folder)(error)),
        };
        // Read after the lock was looked at: a runner that has just ended has written its end.
        let record: Option<Execution> = read(&folder.join(EXECUTION))?;
        let mut found = record.unwrap_or_else(|| empty(&request.pipeline, token, ""));
        if !is_running && found.pipeline_execution_status == Status::Executing {
            found.pipeline_execution_status = Status::Failed;
            found.failure_reason = Some(format!(
                "the process that ran it is gone; what it printed is in {}",
                folder.display()
            ));
        }
        Ok(Some(found))
    }
}

/// The ARN of a local execution.
fn arn(pipeline: &str, token: &str) -> String {
    format!("{ARN_PREFIX}:pipeline/{pipeline}/execution/{token}")
}

fn empty(pipeline: &str, token: &str, now: &str) -> Execution {
    Execution {
        pipeline_arn: format!("{ARN_PREFIX}:pipeline/{pipeline}"),
        pipeline_execution_arn: arn(pipeline, token),
        pipeline_execution_status: Status::Executing,
        failure_reason: None,
        creation_time: now.to_owned(),
        last_modified_time: now.to_owned(),
        parameters: BTreeMap::new(),
        steps: Vec::new(),
    }
}

/// Parameters that name the image of a step that runs a process.
fn images(definition: &Definition) -> Vec<String> {
    let of = |step: &crate::definition::Step| {
        [
            "/AppSpecification/ImageUri",
            "/AlgorithmSpecification/TrainingImage",
            "/TrainingJobDefinition/AlgorithmSpecification/TrainingImage",
        ]
        .iter()
        .filter_map(|pointer| step.arguments.pointer(pointer)?["Get"].as_str())
        .filter_map(|name| name.strip_prefix("Parameters.").map(str::to_owned))
        .collect::<Vec<_>>()
    };
    definition.all_steps().iter().flat_map(of).collect()
}
