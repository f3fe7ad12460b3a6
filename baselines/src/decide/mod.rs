//! Whether to retrain: a policy, what the windows said, what was started before, and the time → a decision.
//!
//! ```text
//! Policy (condition, guards) × Inputs (windows, past runs, incident, approval) × now → Decision
//! ```
//!
//! [`decide()`] is a pure function: the order of its inputs and repetitions among them change nothing, and a guard that
//! is added can only refuse. Every rule is answered, whether or not an earlier one refused. Does not know where
//! documents lie, and starts nothing: that is the engine's `retrain`.

pub mod calendar;
pub mod condition;
mod decision;
mod evidence;
mod history;
mod incident;
mod input;
mod instance;
mod policy;
mod proof;
#[cfg(test)]
mod proof_tests;
mod quiet;
mod rules;
mod signal;
mod token;
#[cfg(test)]
mod tests;

pub use condition::{Condition, Confirmation, Signal, Subject, WhenError};
pub use decision::{Answer, Change, DataSpan, Decision, DecisionVerdict, Rule, RuleAnswer, decide};
pub use history::{PastRun, RunEnd, RunStatus};
pub use incident::{Incident, IncidentStage, incident_id};
pub use input::{
    Approval, FindingsWindow, Held, HeldOutcome, Inputs, NotChecked, QualityWindow, WindowFinding,
};
pub use instance::gpus_of;
pub use policy::{ApprovalMode, Policy, PolicyError};
pub use proof::{ALL_ROWS, Check, Compared, Measured, Proof, ProofRow, ProofVerdict, ServedWindow, prove};
pub use quiet::{QuietHours, QuietHoursError, UtcOffset, UtcOffsetError};
pub use signal::{ConfirmationAnswer, SignalAnswer, SignalWindow};
pub use token::request_token;
