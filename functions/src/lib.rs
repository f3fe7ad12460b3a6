//! Driftline as AWS Lambda functions: one library, one thin binary per function.
//!
//! ```text
//! environment → Context (cold start)     payload → Event → engine → Outcome, or HandlerError with its error type
//! ```
//!
//! Computes nothing of its own: it brings an invocation to the engine and the engine's answer back. Does not know how
//! functions are deployed (`infra`), and no handler reads the environment or the time of day.

pub mod bus;
pub mod context;
pub mod event;
#[cfg(feature = "ingest")]
pub mod ingest;
pub mod log;
#[cfg(feature = "analyze")]
pub mod eventbridge;
#[cfg(feature = "analyze")]
pub mod outcome;

#[cfg(feature = "analyze")]
pub mod analyze;

#[cfg(any(feature = "act", feature = "lifecycle"))]
pub mod failure;
#[cfg(any(feature = "act", feature = "lifecycle"))]
pub mod notification;
#[cfg(any(feature = "act", feature = "lifecycle"))]
pub mod reach;

#[cfg(feature = "act")]
pub mod act;
#[cfg(feature = "lifecycle")]
pub mod lifecycle;
