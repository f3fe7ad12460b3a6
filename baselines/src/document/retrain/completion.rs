//! `deployment.json`, `completion.json` of one revision of an incident, and `current.json` of a baseline's folder.
//!
//! The deployment is written once; the completion anew until it is final, then never; `current.json` by a conditional
//! write. Does not know how a deployment is made.

use super::{RetrainDocument, SpanTwin, VERSION};
use crate::decide::calendar::format_time;
use crate::decide::{Measured, Proof, ProofRow, ServedWindow};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A registered model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageTwin {
    /// Its ARN.
    pub arn: String,
    /// Its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its number in the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Its artefacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_data: Option<String>,
    /// Its own baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// A whole `deployment.json`: how a package is to be put into service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeploymentDocument {
    /// `"1"`.
    pub version: String,
    /// The monitor.
    pub monitor: String,
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// What is deployed.
    pub package: PackageTwin,
    /// The endpoint.
    pub endpoint: String,
    /// The variant whose model changes.
    pub variant: String,
    /// The endpoint configuration in service when this was planned.
    pub config_before: String,
    /// The one that it is updated to.
    pub config_after: String,
    /// `canary`, `linear`, `rolling` or `all_at_once`.
    pub strategy: String,
    /// Alarms that roll it back.
    pub alarms: Vec<String>,
    /// Requests of SageMaker's API, in the order they are made.
    pub requests: Vec<RequestTwin>,
    /// What differs from the configuration before, in sentences.
    pub notes: Vec<String>,
}

impl RetrainDocument for DeploymentDocument {
    const FILE: &'static str = "deployment.json";
}

/// A request of SageMaker's API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestTwin {
    /// `CreateModel`, `CreateEndpointConfig` or `UpdateEndpoint`.
    pub operation: String,
    /// Its body.
    pub request: Value,
}

/// A whole `completion.json`: whether the new model helped, and what followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompletionDocument {
    /// `"1"`.
    pub version: String,
    /// Program that wrote it.
    pub software: String,
    /// The monitor.
    pub monitor: String,
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// The new model.
    pub package: PackageTwin,
    /// From when on it serves; absent while it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_from: Option<String>,
    /// `deploying`, `waiting`, `passed` or `failed`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// What was compared.
    pub compared: Vec<ComparedTwin>,
    /// Windows of the incident, then those of the new model.
    pub windows: Vec<CompletionWindow>,
    /// Of `passed`: the baseline from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Of `passed` and `failed`: what became of the incident, `resolved` or `escalated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_is: Option<String>,
}

impl RetrainDocument for CompletionDocument {
    const FILE: &'static str = "completion.json";
}

/// A metric before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedTwin {
    /// `all rows`, or the segment's conditions.
    pub segment: String,
    /// The metric.
    pub metric: String,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<MeasuredTwin>,
    /// After.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<MeasuredTwin>,
    /// `better`, `no_clear_difference`, `worse` or `unknown`.
    pub outcome: String,
    /// Whether the new model breaches the constraint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_breach: Option<bool>,
}

/// A metric from labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasuredTwin {
    /// Its value.
    pub value: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Labelled rows.
    pub n: u64,
}

/// A window that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionWindow {
    /// From when to when.
    pub span: SpanTwin,
    /// `old` or `new`.
    pub side: String,
    /// Its revision.
    pub revision: u32,
    /// Digest of its document.
    pub digest: String,
    /// Where the document lies.
    pub location: String,
}

/// A whole `current.json`: which version of a baseline is the one to hold windows against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentBaselineDocument {
    /// `"1"`.
    pub version: String,
    /// Its number: 1 is what lies in the folder itself.
    pub number: u32,
    /// Its folder, below the baseline's.
    pub folder: String,
    /// Every version after the first, the oldest first.
    pub history: Vec<BaselineVersionTwin>,
}

impl RetrainDocument for CurrentBaselineDocument {
    const FILE: &'static str = "current.json";
}

/// A version of a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineVersionTwin {
    /// Its number.
    pub number: u32,
    /// The model it is of.
    pub package: String,
    /// The monitor whose incident led to it.
    pub monitor: String,
    /// The incident.
    pub incident: String,
    /// From when on.
    pub since: String,
}

impl From<Measured> for MeasuredTwin {
    fn from(measured: Measured) -> Self {
        Self {
            value: measured.value,
            low: measured.low,
            high: measured.high,
            n: measured.n,
        }
    }
}

impl From<&ProofRow> for ComparedTwin {
    fn from(row: &ProofRow) -> Self {
        Self {
            segment: row.segment.clone(),
            metric: row.metric.clone(),
            old: row.old.map(Into::into),
            new: row.new.map(Into::into),
            outcome: row.compared.name().to_owned(),
            is_breach: row.is_breach,
        }
    }
}

impl CompletionDocument {
    /// Of a proof, before anything followed from it.
    pub fn of(
        (monitor, incident, revision): (&str, &str, u32),
        software: &str,
        package: PackageTwin,
        served_from: i64,
        proof: &Proof,
        (old, new): (&[ServedWindow], &[ServedWindow]),
    ) -> Self {
        let of_side = |windows: &[ServedWindow], side: &str| -> Vec<CompletionWindow> {
            let mut sorted: Vec<&ServedWindow> = windows.iter().collect();
            sorted.sort_by_key(|window| (window.start, window.end));
            let window = |window: &ServedWindow| CompletionWindow {
                span: SpanTwin {
                    start: format_time(window.start),
                    end: format_time(window.end),
                },
                side: side.to_owned(),
                revision: window.revision,
                digest: window.digest.clone(),
                location: window.location.clone(),
            };
            sorted.into_iter().map(window).collect()
        };
        Self {
            version: VERSION.to_owned(),
            software: software.to_owned(),
            monitor: monitor.to_owned(),
            incident: incident.to_owned(),
            revision,
            package,
            served_from: Some(format_time(served_from)),
            verdict: proof.verdict.name().to_owned(),
            reason: proof.reason.clone(),
            compared: proof.rows.iter().map(Into::into).collect(),
            windows: [of_side(old, "old"), of_side(new, "new")].concat(),
            baseline: None,
            incident_is: None,
        }
    }

    /// Whether nothing follows any more.
    pub fn is_final(&self) -> bool {
        self.incident_is.is_some()
    }
}
