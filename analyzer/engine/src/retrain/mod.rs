//! Retraining over a store: gather what windows said, decide, start once, follow to the end, and answer for it later.
//!
//! ```text
//! monitors/<name>/windows/**/verdict.json, monitors/<name>/quality/**/quality.json → gather → decide (baselines)
//!     → models/<model>/flight.json          one start at a time per model (conditional write)
//!     → models/<model>/runs/<token>.json    what is about to be asked for (written once)
//!     → PipelineService::start              the same token, whoever asks
//!     → monitors/<name>/retraining/<incident>/r<revision>/{decision,evidence,receipt,outcome,approval}.json
//! ```
//!
//! Exactly one execution for a revision of an incident: deciders at the same time are kept apart by the conditional write
//! of the flight; a crash between asking and receipt is finished by asking again with the same token. Does not know which
//! service runs pipelines, and reads no clock: the time is an argument.

mod act;
mod answer;
pub mod complete;
mod evidence;
mod follow;
mod gather;
mod layout;
mod service;
mod text;
mod workplace;
#[cfg(test)]
mod tests;

pub use act::Started;
pub use answer::{PastRetraining, Why};
pub use follow::RunState;
pub use layout::Layout;
pub(crate) use layout::{revision_of_folder, span_of_folder};
pub use service::{
    Execution, ExecutionStatus, Patience, PipelineService, ServiceError, ServiceErrorKind, StartRequest,
    Step, TRAINING_KINDS,
};
pub use text::{decision_text, history_text, states_text, why_text};
pub use workplace::{Plan, Retraining};
