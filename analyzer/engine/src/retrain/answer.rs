//! Looking back: what was started for a model, and why.
//!
//! Reads what the act wrote. Does not ask a service.

use super::gather::Known;
use super::workplace::Retraining;
use crate::error::{EngineError, ErrorKind};
use baselines::document::retrain::{
    ApprovalDocument, CompletionDocument, DecisionDocument, EvidenceDocument, IntentDocument,
    OutcomeDocument, ReceiptDocument, RetrainDocument,
};
use serde::Serialize;

/// One start, looked back at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PastRetraining {
    /// What was asked for.
    pub intent: IntentDocument,
    /// What was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeDocument>,
    /// Whether its model helped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<CompletionDocument>,
}

/// Why there was a retraining.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    /// What was started.
    #[serde(flatten)]
    pub run: PastRetraining,
    /// The decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionDocument>,
    /// What it was decided on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceDocument>,
    /// Who let it happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalDocument>,
}

impl Retraining {
    /// Every start for the model, the newest first.
    pub async fn history(&self) -> Result<Vec<PastRetraining>, EngineError> {
        let mut runs = Vec::new();
        for known in self.known_runs().await?.into_iter().rev() {
            let completion = self.completion_of(&known.intent).await?;
            runs.push(past(known, completion));
        }
        Ok(runs)
    }

    async fn completion_of(
        &self,
        intent: &IntentDocument,
    ) -> Result<Option<CompletionDocument>, EngineError> {
        let key = self.layout.of_monitor(
            &intent.monitor,
            &intent.incident,
            intent.revision,
            CompletionDocument::FILE,
        );
        Ok(self
            .read::<CompletionDocument>(&key)
            .await?
            .map(|(found, _)| found))
    }

    /// Why an execution was started. `execution`: its ARN, the last part of it, its token, or its incident.
    pub async fn why(&self, execution: &str) -> Result<Why, EngineError> {
        let runs = self.known_runs().await?;
        let n_runs = runs.len();
        let is_it = |known: &Known| {
            let arn = known.receipt.as_ref().map(|receipt| receipt.execution.as_str());
            let last = arn.and_then(|arn| arn.rsplit('/').next());
            let intent = &known.intent;
            [
                arn,
                last,
                Some(intent.token.as_str()),
                Some(intent.incident.as_str()),
            ]
            .contains(&Some(execution))
        };
        let Some(known) = runs.into_iter().rev().find(is_it) else {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "execution {execution} is none of the {n_runs} that were started for model {}",
                    self.settings.model
                ),
            )
            .with_hint("`driftline retrain history` lists them"));
        };
        let intent = &known.intent;
        let key = |file: &str| {
            self.layout
                .of_monitor(&intent.monitor, &intent.incident, intent.revision, file)
        };
        let decision = self
            .read::<DecisionDocument>(&key(DecisionDocument::FILE))
            .await?;
        let evidence = self
            .read::<EvidenceDocument>(&key(EvidenceDocument::FILE))
            .await?;
        let approval = self
            .read::<ApprovalDocument>(&key(ApprovalDocument::FILE))
            .await?;
        let completion = self.completion_of(intent).await?;
        Ok(Why {
            decision: decision.map(|(found, _)| found),
            evidence: evidence.map(|(found, _)| found),
            approval: approval.map(|(found, _)| found),
            run: past(known, completion),
        })
    }
}

fn past(known: Known, completion: Option<CompletionDocument>) -> PastRetraining {
    PastRetraining {
        intent: known.intent,
        receipt: known.receipt,
        outcome: known.outcome,
        completion,
    }
}
