//! Alerts: what windows said becomes incidents, incidents become notices, notices reach people once.
//!
//! ```text
//! verdict.json → WindowFact → AlertState ── incidents (pure) ── claim (conditional write) → Notice → rendering → receiver
//!                                 ↑                                                                       │
//!                                 └──────────────── settle (conditional write) ← receipt (created once) ←─┘
//! ```
//!
//! [`state::AlertState`] decides what is due: a pure function of the windows that were seen, what was said before, the
//! settings and the time. [`desk::Desk`] keeps it in the store and sends. Light on purpose: no engine, no polars, and AWS's
//! clients only behind the feature `aws`. Does not judge a window, and reads neither clock nor environment.

#![warn(missing_docs)]

pub mod settings;

pub mod fact;
pub mod incident;
pub mod state;
mod claim;
pub mod notice;
mod time_text;

pub mod metrics;
pub mod render;
pub mod sign;

pub mod desk;
pub mod gather;
pub mod layout;
pub mod retry;
pub mod send;
mod webhook;

#[cfg(feature = "aws")]
pub mod aws;

mod error;
#[cfg(test)]
mod tests;

pub use desk::{Desk, Told};
pub use error::AlertError;
pub use fact::{Point, RunFact, RunStage, Series, WindowFact};
pub use notice::{Kind, Notice};
pub use settings::AlertSettings;
pub use state::AlertState;
