//! Documents of a retraining: why, with what, what was asked for, what was started, how it ended.
//!
//! One version each so far, `"1"`; field order is the key order of the file, absent values are left out. Times are RFC 3339
//! in UTC. Golden files are in `test-data/retrain`, schemas in `schemas`. Nothing here knows where a document lies.

mod approval;
mod completion;
mod decision;
mod evidence;
mod incident;
mod run;
#[cfg(test)]
mod tests;

pub use approval::ApprovalDocument;
pub use completion::{
    BaselineVersionTwin, ComparedTwin, CompletionDocument, CompletionWindow, CurrentBaselineDocument,
    DeploymentDocument, MeasuredTwin, PackageTwin, RequestTwin,
};
pub use decision::{
    ConfirmationTwin, DataTwin, DecisionDocument, FlaggedWindowTwin, IncidentTwin, RuleTwin, SignalTwin,
    policy_words,
};
pub use evidence::{
    EvidenceDocument, EvidenceFinding, EvidenceMetric, EvidenceObject, EvidenceWindow, FeatureTwin, FileTwin,
};
pub use incident::{IncidentDocument, SpanTwin};
pub use run::{
    FlightDocument, FlightHolder, IntentDocument, OutcomeDocument, ReceiptDocument, StepTwin, past_run,
};

use super::{DocumentError, canonical, error};
use crate::decide::calendar::parse_time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version that all of them have.
pub const VERSION: &str = "1";

/// A stored document of a retraining.
pub trait RetrainDocument: Serialize + DeserializeOwned {
    /// The file's name.
    const FILE: &'static str;

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path; a version this program does not know.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        #[derive(Deserialize)]
        struct Head {
            version: String,
        }
        let head: Head = error::from_bytes(Self::FILE, bytes)?;
        if head.version != VERSION {
            return Err(DocumentError::Version {
                document: Self::FILE,
                found: head.version,
                supported: VERSION,
            });
        }
        error::from_bytes(Self::FILE, bytes)
    }

    /// Canonical bytes: same document, same bytes; a newline at the end.
    ///
    /// # Errors
    /// [`DocumentError::NotFinite`]: a NaN or infinity cannot be written.
    fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        canonical::to_bytes(Self::FILE, self)
    }
}

/// Seconds of a time in a document.
fn seconds(document: &'static str, path: &str, text: &str) -> Result<i64, DocumentError> {
    parse_time(text).ok_or_else(|| DocumentError::Value {
        document,
        path: path.to_owned(),
        problem: "expected a time such as 2026-11-21T08:00:00Z".to_owned(),
    })
}
