//! Is what was captured all that should have been? Counts of one window and of earlier ones in, measures out.
//!
//! ```text
//! CaptureFacts (this window, earlier ones) × HealthPolicy → CaptureHealth: one CaptureMeasure per check
//! ```
//!
//! Silence is a finding: a model that nobody hears of looks as healthy as one that is. Shares are held against what is
//! allowed by exact binomial bounds (`bounds::lower_limit`), volume against the same hours of earlier weeks or days by a test
//! that knows how much they vary (`volume`). Definitions and sources for users: docs/capture-health.md.
//!
//! Pure: reads no clock and no file, and knows no columns. `judge` makes findings of it.

mod bounds;
mod facts;
mod measure;
mod policy;
#[cfg(test)]
mod tests;
mod volume;

pub use bounds::{conditional_tail, dispersion_limit, lower_limit};
pub use facts::{CaptureFacts, Lateness, PastWindow};
pub use measure::{CaptureCheck, CaptureHealth, CaptureMeasure, CaptureOutcome, N_CHECKS, measure};
pub use policy::{CapturedSides, HealthPolicy};
