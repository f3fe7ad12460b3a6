//! Our own events on an EventBridge bus, behind a trait: who sends them is not known here.
//!
//! Documents are in the store before an event says so; an event that is lost is found again by the next schedule.

use async_trait::async_trait;
use serde_json::Value;
use std::fmt::Debug;

/// `source` of our events.
pub const SOURCE: &str = "driftline";
/// `detail-type` of the event that a window was judged.
pub const WINDOW_VERDICT: &str = "Driftline Window Verdict";

/// An event that was not taken.
#[derive(Debug, thiserror::Error)]
#[error("the event bus did not take the event `{detail_type}`: {problem}")]
pub struct BusError {
    /// Which event.
    pub detail_type: String,
    /// What was answered.
    pub problem: String,
}

/// Puts events.
#[async_trait]
pub trait EventBus: Debug + Send + Sync {
    /// Puts one event with the source [`SOURCE`].
    async fn put(&self, detail_type: &str, detail: &Value) -> Result<(), BusError>;
}

/// No bus: nothing is sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBus;

#[async_trait]
impl EventBus for NoBus {
    async fn put(&self, _detail_type: &str, _detail: &Value) -> Result<(), BusError> {
        Ok(())
    }
}
