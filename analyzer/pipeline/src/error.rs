//! What can be wrong with a definition, an expression or a local execution.

use std::path::PathBuf;

/// A fault of a pipeline definition or of running it here. A step that fails is no error: it is a result.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The text is not JSON, or not a definition.
    #[error("the pipeline definition cannot be read: {reason}")]
    Unreadable {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// The definition is readable but cannot be run as it stands.
    #[error("the pipeline definition has {} {}: {}", problems.len(), if problems.len() == 1 { "fault" } else { "faults" }, problems.join("; "))]
    Faulty {
        /// Each fault, with the place.
        problems: Vec<String>,
    },
    /// A parameter given for an execution.
    #[error("parameter `{name}`: {reason}")]
    Parameter {
        /// Its name.
        name: String,
        /// What is wrong, and what is accepted.
        reason: String,
    },
    /// A reference or function that has no value when it is needed.
    #[error("{place}: {reason}")]
    Expression {
        /// Step and argument.
        place: String,
        /// What was asked for and what there is.
        reason: String,
    },
    /// An image no command was given for.
    #[error(
        "step `{step}` runs the image `{image}`, for which no local command is known; name one with --image \"{image}=COMMAND\""
    )]
    UnknownImage {
        /// The step.
        step: String,
        /// Its image.
        image: String,
    },
    /// The file system refused.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried, as "writing".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl PipelineError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
