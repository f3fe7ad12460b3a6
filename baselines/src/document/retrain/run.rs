//! `intent.json`, `receipt.json`, `outcome.json` of one revision of an incident, and `flight.json` of a model.
//!
//! The intent is written before the service is asked, so that a crash in between leaves what has to be asked again, word
//! for word; the receipt afterwards; each once. Does not know a service.

use super::{RetrainDocument, seconds};
use crate::decide::{PastRun, RunEnd, RunStatus};
use crate::document::DocumentError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A whole `intent.json`: what is about to be asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntentDocument {
    /// `"1"`.
    pub version: String,
    /// The monitor.
    pub monitor: String,
    /// The model.
    pub model: String,
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// `ClientRequestToken`.
    pub token: String,
    /// The pipeline.
    pub pipeline: String,
    /// Display name of the execution.
    pub display_name: String,
    /// Parameters of the execution.
    pub parameters: BTreeMap<String, String>,
    /// End of the data it trains on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_end: Option<String>,
    /// GPU hours set aside for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_gpu_hours: Option<f64>,
    /// GPUs of the training instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<u32>,
    /// When.
    pub requested_at: String,
    /// Which process asks: no two deciders write the same bytes.
    pub requested_by: String,
}

impl RetrainDocument for IntentDocument {
    const FILE: &'static str = "intent.json";
}

/// A whole `receipt.json`: what was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiptDocument {
    /// `"1"`.
    pub version: String,
    /// The execution's name at the service: an ARN.
    pub execution: String,
    /// The service: `sagemaker` or `local`.
    pub service: String,
    /// What was asked for.
    pub intent: IntentDocument,
    /// Where the evidence lies.
    pub evidence: String,
    /// Where the decision lies.
    pub decision: String,
    /// When the receipt was written.
    pub written_at: String,
}

impl RetrainDocument for ReceiptDocument {
    const FILE: &'static str = "receipt.json";
}

/// A whole `outcome.json`: how the execution ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutcomeDocument {
    /// `"1"`.
    pub version: String,
    /// The execution.
    pub execution: String,
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// `Succeeded`, `Failed` or `Stopped`.
    pub status: String,
    /// When it ended.
    pub ended_at: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// Hours of training and tuning steps times GPUs, where both are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_hours: Option<f64>,
    /// Steps, by start.
    pub steps: Vec<StepTwin>,
}

impl RetrainDocument for OutcomeDocument {
    const FILE: &'static str = "outcome.json";
}

/// A step of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTwin {
    /// Its name.
    pub name: String,
    /// Its kind, such as `Training`; absent where the service does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `Starting`, `Executing`, `Succeeded`, `Failed`, …
    pub status: String,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// The job behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

/// A whole `flight.json`: what may run for a model, one at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlightDocument {
    /// `"1"`.
    pub version: String,
    /// The model.
    pub model: String,
    /// How often it was taken: no two states of the document have the same bytes.
    pub n_taken: u64,
    /// Who has it; absent while nothing runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<FlightHolder>,
}

impl RetrainDocument for FlightDocument {
    const FILE: &'static str = "flight.json";
}

/// Who may start, or has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlightHolder {
    /// The monitor.
    pub monitor: String,
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// Since when.
    pub since: String,
    /// Which process took it.
    pub by: String,
}

/// What the decision knows of a start: from what was asked for, whether there is a receipt, and how it ended if it has.
/// Without a receipt and with an end, the service refused it.
///
/// # Errors
/// A time that is none, a status this program does not know.
pub fn past_run(
    intent: &IntentDocument,
    has_receipt: bool,
    outcome: Option<&OutcomeDocument>,
) -> Result<PastRun, DocumentError> {
    const OUTCOME: &str = OutcomeDocument::FILE;
    let data_end = intent.data_end.as_deref();
    let end = outcome.map(|outcome| {
        let status = match outcome.status.as_str() {
            "Succeeded" => RunStatus::Succeeded,
            "Failed" => RunStatus::Failed,
            "Stopped" => RunStatus::Stopped,
            _ => {
                return Err(DocumentError::Value {
                    document: OUTCOME,
                    path: "status".to_owned(),
                    problem: "expected Succeeded, Failed or Stopped".to_owned(),
                });
            }
        };
        Ok(RunEnd {
            at: seconds(OUTCOME, "ended_at", &outcome.ended_at)?,
            status,
            gpu_hours: outcome.gpu_hours,
            failure_reason: outcome.failure_reason.clone(),
        })
    });
    Ok(PastRun {
        token: intent.token.clone(),
        monitor: intent.monitor.clone(),
        incident: intent.incident.clone(),
        revision: intent.revision,
        started_at: seconds(IntentDocument::FILE, "requested_at", &intent.requested_at)?,
        data_end: data_end
            .map(|text| seconds(IntentDocument::FILE, "data_end", text))
            .transpose()?,
        reserved_gpu_hours: intent.reserved_gpu_hours.unwrap_or(0.0),
        is_started: has_receipt || outcome.is_none(),
        end: end.transpose()?,
    })
}
