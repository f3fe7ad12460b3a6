//! SageMaker pipelines: the retraining definition, what is wrong with a definition, and running one on this machine.
//!
//! ```text
//! retrain::definition() → Definition → check → local::Runner → Execution (steps, outcomes, properties)
//! ```
//!
//! [`local`] is local mode without Docker: every step is a process under SageMaker's `/opt/ml` layout in a folder of its
//! own. The crate does not know why a pipeline is started and never speaks to AWS.

#![warn(missing_docs)]

pub mod check;
pub mod definition;
mod error;
pub mod expression;
pub mod local;
pub mod retrain;

pub use definition::Definition;
pub use error::PipelineError;
