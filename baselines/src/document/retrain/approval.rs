//! `approval.json`: a person's answer about one revision of one incident.

use super::{RetrainDocument, seconds};
use crate::decide::Approval;
use crate::document::DocumentError;
use serde::{Deserialize, Serialize};

/// A whole `approval.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalDocument {
    /// `"1"`.
    pub version: String,
    /// The monitor.
    pub monitor: String,
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// Yes or no.
    pub approved: bool,
    /// Who.
    pub by: String,
    /// When.
    pub at: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RetrainDocument for ApprovalDocument {
    const FILE: &'static str = "approval.json";
}

impl ApprovalDocument {
    /// For the decision.
    ///
    /// # Errors
    /// A time that is none.
    pub fn to_approval(&self) -> Result<Approval, DocumentError> {
        Ok(Approval {
            incident: self.incident.clone(),
            revision: self.revision,
            is_approved: self.approved,
            by: self.by.clone(),
            at: seconds(Self::FILE, "at", &self.at)?,
        })
    }
}
