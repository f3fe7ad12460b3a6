//! `driftline pipeline`: the retraining pipeline's definition, its checks, running it here, and the steps of it that are
//! ours.
//!
//! Parses and prints; the work is in the crates `pipeline` and `engine::training`.

mod jobs;
pub(crate) mod local;

use crate::{exit, message};
use clap::{Args, Subcommand};
use engine::{EngineError, ErrorKind};
use pipeline::check::problems;
use pipeline::retrain::{Variant, definition};
use pipeline::{Definition, PipelineError};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct PipelineArguments {
    #[command(subcommand)]
    command: PipelineCommand,
}

#[derive(Debug, Subcommand)]
enum PipelineCommand {
    /// Print the retraining pipeline's definition, ready for CreatePipeline.
    Definition(DefinitionArguments),
    /// Say what is wrong with a definition.
    Check(CheckArguments),
    /// Execute a definition.
    Run(local::RunArguments),
    /// Run an execution that was taken (`driftline retrain start --service local` starts this).
    #[command(hide = true)]
    Execute(local::ExecuteArguments),
    /// The step that makes train, validation and test sets of captured inputs, labels and an old training set.
    Prepare(jobs::PrepareArguments),
    /// The step that compares the new model with the one in service.
    Evaluate(jobs::EvaluateArguments),
}

#[derive(Debug, Args)]
struct DefinitionArguments {
    /// With a tuning step before the training.
    #[arg(long)]
    tune: bool,
    /// Train on on-demand instances instead of spot.
    #[arg(long)]
    on_demand: bool,
}

#[derive(Debug, Args)]
struct CheckArguments {
    /// A definition (JSON).
    #[arg(value_name = "FILE")]
    definition: PathBuf,
}

pub(crate) async fn run(arguments: PipelineArguments) -> anyhow::Result<u8> {
    match arguments.command {
        PipelineCommand::Definition(arguments) => {
            let variant = Variant {
                tune: arguments.tune,
                on_demand: arguments.on_demand,
            };
            message::data(&definition(variant).to_json());
            Ok(exit::DONE)
        }
        PipelineCommand::Check(arguments) => {
            let found = problems(&read(&arguments.definition)?);
            if found.is_empty() {
                message::data("no faults\n");
                return Ok(exit::DONE);
            }
            Err(refused(PipelineError::Faulty { problems: found }).into())
        }
        PipelineCommand::Run(arguments) => local::run(arguments).await,
        PipelineCommand::Execute(arguments) => local::execute(arguments).await,
        PipelineCommand::Prepare(arguments) => Box::pin(jobs::run_prepare(arguments)).await,
        PipelineCommand::Evaluate(arguments) => Box::pin(jobs::run_evaluate(arguments)).await,
    }
}

/// The definition of a file, or the retraining pipeline's.
pub(crate) fn definition_or_ours(path: Option<&Path>) -> Result<Definition, EngineError> {
    path.map_or_else(|| Ok(definition(Variant::default())), read)
}

/// Reads a definition file.
fn read(path: &Path) -> Result<Definition, EngineError> {
    let bytes = std::fs::read(path).map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("the pipeline definition {} cannot be read", path.display()),
        )
        .with_source(error)
    })?;
    Definition::parse(&bytes)
        .map_err(|error| refused(error).with_hint(format!("looked at {}", path.display())))
}

/// A fault of the pipeline crate as the command line reports it.
pub(crate) fn refused(error: PipelineError) -> EngineError {
    match error {
        PipelineError::Io { action, path, source } => {
            EngineError::new(ErrorKind::Storage, format!("{action} {}", path.display())).with_source(source)
        }
        other => EngineError::new(ErrorKind::Usage, other.to_string()),
    }
}
