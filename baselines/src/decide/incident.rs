//! An incident: what was wrong from its first breaching window on, until it is resolved.
//!
//! Identity is the monitor's name and the first window that breached, so that whoever sees it first calls it the same.
//! Does not know where its state is kept.

use super::calendar::format_time;
use super::history::{PastRun, RunStatus};
use super::token::framed;
use xxhash_rust::xxh3::xxh3_64;

/// The state of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Identity: its first window's start and a digest, `20261114T000000Z-1f2e3d4c`.
    pub id: String,
    /// First second of the window that opened it.
    pub first_start: i64,
    /// First second behind that window.
    pub first_end: i64,
    /// When it was opened.
    pub opened_at: i64,
    /// Where it stands.
    pub stage: IncidentStage,
}

/// Where an incident stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentStage {
    /// Nothing was started, or what was started failed.
    Open {
        /// Why the last execution did not help.
        failure_reason: Option<String>,
    },
    /// An execution runs.
    Retraining,
    /// An execution succeeded; its model is not known to be in service yet.
    Retrained {
        /// When it succeeded.
        at: i64,
    },
    /// The new model did not help: a person's, until somebody closes it.
    Escalated {
        /// Since when.
        at: i64,
        /// Why.
        reason: String,
    },
    /// Over.
    Resolved {
        /// From when on windows belong to the next incident.
        at: i64,
        /// Why.
        reason: String,
    },
}

impl IncidentStage {
    /// The stable name used in documents.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Retraining => "retraining",
            Self::Retrained { .. } => "retrained",
            Self::Escalated { .. } => "escalated",
            Self::Resolved { .. } => "resolved",
        }
    }
}

/// Identity of the incident that a window opens.
pub fn incident_id(monitor: &str, first_start: i64, first_end: i64) -> String {
    let digest = xxh3_64(framed(&[monitor, &first_start.to_string(), &first_end.to_string()]).as_bytes());
    let start = format_time(first_start).replace(['-', ':'], "");
    format!("{start}-{:08x}", digest >> 32)
}

impl Incident {
    /// The incident that a window opens.
    pub fn open(monitor: &str, first_start: i64, first_end: i64, now: i64) -> Self {
        Self {
            id: incident_id(monitor, first_start, first_end),
            first_start,
            first_end,
            opened_at: now,
            stage: IncidentStage::Open { failure_reason: None },
        }
    }

    /// Whether it is not over.
    pub fn is_unresolved(&self) -> bool {
        !matches!(self.stage, IncidentStage::Resolved { .. })
    }

    /// Where it stands after what became of its runs; a resolution stays, and so does an escalation.
    pub(super) fn with_runs(mut self, runs: &[&PastRun]) -> Self {
        if !self.is_unresolved() || matches!(self.stage, IncidentStage::Escalated { .. }) {
            return self;
        }
        let newest = runs
            .iter()
            .filter(|run| run.incident == self.id)
            .max_by_key(|run| run.revision);
        let Some(run) = newest else { return self };
        self.stage = match &run.end {
            None => IncidentStage::Retraining,
            Some(end) if end.status == RunStatus::Succeeded => IncidentStage::Retrained { at: end.at },
            Some(end) => IncidentStage::Open {
                failure_reason: Some(
                    end.failure_reason
                        .clone()
                        .unwrap_or_else(|| format!("the execution ended as {}", end.status.name())),
                ),
            },
        };
        self
    }
}

/// The revision that the next start of an incident has: one more than those that have ended; that of the run in flight
/// while there is one.
pub(super) fn revision_of(incident: &str, runs: &[&PastRun]) -> u32 {
    let ours = runs.iter().filter(|run| run.incident == incident);
    let in_flight = ours
        .clone()
        .filter(|run| run.end.is_none())
        .map(|run| run.revision)
        .max();
    in_flight.unwrap_or_else(|| ours.map(|run| run.revision).max().unwrap_or(0).saturating_add(1))
}
