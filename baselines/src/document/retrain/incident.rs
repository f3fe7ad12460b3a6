//! `incident.json`: where an incident stands. Converts both ways.

use super::{RetrainDocument, VERSION, seconds};
use crate::decide::calendar::format_time;
use crate::decide::{Incident, IncidentStage};
use crate::document::DocumentError;
use serde::{Deserialize, Serialize};

/// A half-open span of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanTwin {
    /// First second inside.
    pub start: String,
    /// First second outside.
    pub end: String,
}

/// A whole `incident.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentDocument {
    /// `"1"`.
    pub version: String,
    /// The monitor.
    pub monitor: String,
    /// Identity.
    pub id: String,
    /// The window that opened it.
    pub opened_by: SpanTwin,
    /// When it was opened.
    pub opened_at: String,
    /// `open`, `retraining`, `retrained`, `escalated` or `resolved`.
    pub stage: String,
    /// Of `open`: why the last execution did not help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// Of `retrained`, `escalated` and `resolved`: since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Of `escalated` and `resolved`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RetrainDocument for IncidentDocument {
    const FILE: &'static str = "incident.json";
}

impl IncidentDocument {
    /// The document of an incident.
    pub fn of(monitor: &str, incident: &Incident) -> Self {
        let (failure_reason, at, reason) = match &incident.stage {
            IncidentStage::Open { failure_reason } => (failure_reason.clone(), None, None),
            IncidentStage::Retraining => (None, None, None),
            IncidentStage::Retrained { at } => (None, Some(format_time(*at)), None),
            IncidentStage::Escalated { at, reason } | IncidentStage::Resolved { at, reason } => {
                (None, Some(format_time(*at)), Some(reason.clone()))
            }
        };
        Self {
            version: VERSION.to_owned(),
            monitor: monitor.to_owned(),
            id: incident.id.clone(),
            opened_by: SpanTwin {
                start: format_time(incident.first_start),
                end: format_time(incident.first_end),
            },
            opened_at: format_time(incident.opened_at),
            stage: incident.stage.name().to_owned(),
            failure_reason,
            at,
            reason,
        }
    }

    /// The incident.
    ///
    /// # Errors
    /// A time that is none, a stage this program does not know.
    pub fn to_incident(&self) -> Result<Incident, DocumentError> {
        let at = || match &self.at {
            Some(at) => seconds(Self::FILE, "at", at),
            None => Err(DocumentError::Value {
                document: Self::FILE,
                path: "at".to_owned(),
                problem: format!("expected the time from which it is {}", self.stage),
            }),
        };
        let stage = match self.stage.as_str() {
            "open" => IncidentStage::Open {
                failure_reason: self.failure_reason.clone(),
            },
            "retraining" => IncidentStage::Retraining,
            "retrained" => IncidentStage::Retrained { at: at()? },
            "escalated" => IncidentStage::Escalated {
                at: at()?,
                reason: self.reason.clone().unwrap_or_default(),
            },
            "resolved" => IncidentStage::Resolved {
                at: at()?,
                reason: self.reason.clone().unwrap_or_default(),
            },
            _ => {
                return Err(DocumentError::Value {
                    document: Self::FILE,
                    path: "stage".to_owned(),
                    problem: "expected open, retraining, retrained or resolved".to_owned(),
                });
            }
        };
        Ok(Incident {
            id: self.id.clone(),
            first_start: seconds(Self::FILE, "opened_by.start", &self.opened_by.start)?,
            first_end: seconds(Self::FILE, "opened_by.end", &self.opened_by.end)?,
            opened_at: seconds(Self::FILE, "opened_at", &self.opened_at)?,
            stage,
        })
    }
}
