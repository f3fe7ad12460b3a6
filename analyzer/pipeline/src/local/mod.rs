//! Local mode without Docker: a definition executed on this machine.
//!
//! | SageMaker | here |
//! |---|---|
//! | a container of an image | a process of the command that stands for the image ([`Settings::images`]) |
//! | `/opt/ml` | `{execution}/{step}-{attempt}/opt/ml`; arguments and variables that begin with `/opt/ml/` are rewritten, and `SAGEMAKER_BASE_DIR` names it, as in SageMaker's training toolkit |
//! | `s3://bucket/key` | `{objects}/bucket/key`; `file://` URIs and plain paths stand for themselves |
//! | the model registry | numbered folders below [`Settings::registry`] |
//! | CloudWatch logs | `{execution}/{step}-{attempt}/log.txt` |
//!
//! Parameters, conditions, properties, property files, retry policies, time limits and `Fail` are honoured; steps run one
//! after the other. Not honoured, because nothing here depends on them: roles, networks, KMS keys, instance counts above
//! one (refused for training), caching. The runner reads no clock: the caller gives one.

mod execution;
mod executions;
mod job;
mod layout;
mod places;
mod process;
mod processing;
mod registry;
mod runner;
mod training;
mod tuning;

#[cfg(test)]
mod executions_tests;
#[cfg(test)]
mod tests;

pub use execution::{Execution, Status, StepRecord};
pub use executions::{Executions, Request, Taken};
pub use places::Places;
pub use registry::{Package, Registry};
pub use runner::{Event, run};

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What local ARNs begin with.
const ARN_PREFIX: &str = "arn:aws:sagemaker:local:000000000000";

/// How and where an execution runs.
#[derive(Clone)]
pub struct Settings {
    /// The pipeline's name, as `Execution.PipelineName`.
    pub pipeline: String,
    /// This execution's id, as `Execution.PipelineExecutionId`; a name for a folder.
    pub execution: String,
    /// Executions, jobs and logs go below it.
    pub root: PathBuf,
    /// What `s3://` stands for.
    pub objects: PathBuf,
    /// The model registry.
    pub registry: PathBuf,
    /// The command that stands for an image. `{opt_ml}` in it is the step's `/opt/ml`.
    pub images: BTreeMap<String, Vec<String>>,
    /// Variables every process is given beside its own.
    pub environment: BTreeMap<String, String>,
    /// Now, RFC 3339.
    pub clock: fn() -> String,
}
