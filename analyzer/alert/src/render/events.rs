//! Amazon EventBridge: `Driftline Incident` events whose detail is the generic form.
//!
//! Limits (EventBridge API reference, PutEvents): an entry has at most 256 KB, source and detail-type 128 characters. Does not
//! send.

use super::generic;
use crate::notice::Notice;

/// `Source` of all our events.
pub const SOURCE: &str = "driftline";
/// `DetailType` of a notice.
pub const INCIDENT: &str = "Driftline Incident";

/// One entry of PutEvents, without its bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventEntry {
    /// `Source`.
    pub source: String,
    /// `DetailType`.
    pub detail_type: String,
    /// `Detail`: JSON.
    pub detail: String,
    /// `Resources`: the folder of the window's documents.
    pub resources: Vec<String>,
    /// `Time`, seconds since 1970.
    pub time: i64,
}

/// The entry of a notice; `id` is its delivery's, which consumers deduplicate by.
pub fn entry(notice: &Notice, id: &str) -> EventEntry {
    EventEntry {
        source: SOURCE.to_owned(),
        detail_type: INCIDENT.to_owned(),
        detail: String::from_utf8_lossy(&generic(notice, id)).into_owned(),
        resources: notice
            .window
            .iter()
            .map(|window| window.location.clone())
            .collect(),
        time: notice.at,
    }
}
