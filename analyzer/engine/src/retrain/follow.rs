//! Following executions to their end: status, steps, outcome, and what it means for the incident.
//!
//! One look at a time; whoever wants to wait looks again. Does not decide.

use super::act;
use super::gather::Known;
use super::service::{Execution, Patience, PipelineService, ServiceError, Step, TRAINING_KINDS};
use super::workplace::Retraining;
use crate::error::{EngineError, ErrorKind};
use baselines::decide::calendar::format_time;
use baselines::document::retrain::{
    IntentDocument, OutcomeDocument, ReceiptDocument, RetrainDocument, StepTwin, VERSION,
};
use capture::time::parse_rfc3339;
use store::PutMode;

/// Where a start stands.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RunState {
    /// What was asked for.
    pub intent: IntentDocument,
    /// What was started; `None` while a decider is at it, or where the service refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
    /// Status as the service has it now; `None` where it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Its steps.
    pub steps: Vec<StepTwin>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeDocument>,
}

fn service_failed(error: &ServiceError) -> EngineError {
    EngineError::new(ErrorKind::Storage, error.to_string()).with_hint(error.hint())
}

impl Retraining {
    /// Where this monitor's starts stand, the newest last. With a service, those without an end are looked at: what was
    /// interrupted is finished, what has ended gets its outcome, and the incident follows.
    pub async fn status(
        &self,
        service: Option<&dyn PipelineService>,
        patience: Patience,
        now: i64,
    ) -> Result<Vec<RunState>, EngineError> {
        let mut states = Vec::new();
        for known in self.known_runs().await? {
            if known.intent.monitor != self.monitor.name {
                continue;
            }
            let is_its = |service: &&dyn PipelineService| {
                let receipt = known.receipt.as_ref();
                known.outcome.is_none() && receipt.is_none_or(|receipt| receipt.service == service.name())
            };
            states.push(match service.filter(is_its) {
                None => stored(known),
                Some(service) => self.look(known, service, patience, now).await?,
            });
        }
        if service.is_some() {
            let plan = self.plan(now).await?;
            self.keep_incident(&plan).await?;
        }
        Ok(states)
    }

    async fn look(
        &self,
        known: Known,
        service: &dyn PipelineService,
        patience: Patience,
        now: i64,
    ) -> Result<RunState, EngineError> {
        let receipt = match known.receipt.clone() {
            Some(receipt) => receipt,
            None if act::is_leased(&known.intent, now) => return Ok(stored(known)),
            None => self.finish(&known.intent, true, service, patience, now).await?,
        };
        let execution = receipt.execution.clone();
        let found = patience
            .persist(|| service.describe(&execution))
            .await
            .map_err(|error| service_failed(&error))?;
        let mut steps = patience
            .persist(|| service.steps(&execution))
            .await
            .map_err(|error| service_failed(&error))?;
        // Times are whole seconds: among equal ones the service's order stays.
        steps.sort_by_key(|step| {
            (
                step.started_at.unwrap_or(i64::MAX),
                step.ended_at.unwrap_or(i64::MAX),
            )
        });
        let twins: Vec<StepTwin> = steps.iter().map(step_twin).collect();
        let outcome = if found.status.is_final() {
            Some(self.end(&known.intent, &receipt, &found, &steps, now).await?)
        } else {
            None
        };
        Ok(RunState {
            intent: known.intent,
            receipt: Some(receipt),
            status: Some(found.status.name().to_owned()),
            steps: twins,
            outcome,
        })
    }

    async fn end(
        &self,
        intent: &IntentDocument,
        receipt: &ReceiptDocument,
        found: &Execution,
        steps: &[Step],
        now: i64,
    ) -> Result<OutcomeDocument, EngineError> {
        let last = steps.iter().filter_map(|step| step.ended_at).max();
        let started = parse_rfc3339(&intent.requested_at).unwrap_or(i64::MIN);
        let ended_at = last.or(found.changed_at).unwrap_or(now).max(started);
        let outcome = OutcomeDocument {
            version: VERSION.to_owned(),
            execution: receipt.execution.clone(),
            incident: intent.incident.clone(),
            revision: intent.revision,
            status: found.status.name().to_owned(),
            ended_at: format_time(ended_at),
            failure_reason: failure_reason(found, steps),
            gpu_hours: gpu_hours(steps, intent.gpus),
            steps: steps.iter().map(step_twin).collect(),
        };
        let key = self
            .layout
            .of_revision(&intent.incident, intent.revision, OutcomeDocument::FILE);
        let outcome = if self.put_if(&key, &outcome, PutMode::CreateOnly).await? {
            outcome
        } else {
            self.read::<OutcomeDocument>(&key)
                .await?
                .map_or(outcome, |(found, _)| found)
        };
        self.release(intent).await?;
        Ok(outcome)
    }
}

fn stored(known: Known) -> RunState {
    RunState {
        status: known.outcome.as_ref().map(|outcome| outcome.status.clone()),
        steps: known
            .outcome
            .as_ref()
            .map(|outcome| outcome.steps.clone())
            .unwrap_or_default(),
        intent: known.intent,
        receipt: known.receipt,
        outcome: known.outcome,
    }
}

fn step_twin(step: &Step) -> StepTwin {
    StepTwin {
        name: step.name.clone(),
        kind: step.kind.clone(),
        status: step.status.clone(),
        started_at: step.started_at.map(format_time),
        ended_at: step.ended_at.map(format_time),
        failure_reason: step.failure_reason.clone(),
        job: step.job.clone(),
    }
}

/// The execution's reason and those of its failed steps: SageMaker's own says only that a step failed.
fn failure_reason(execution: &Execution, steps: &[Step]) -> Option<String> {
    let of_steps = steps
        .iter()
        .filter_map(|step| Some(format!("step {}: {}", step.name, step.failure_reason.as_ref()?)));
    let reasons: Vec<String> = execution.failure_reason.iter().cloned().chain(of_steps).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Hours of training and tuning steps times GPUs. Unknown where the GPUs are not known, a training step lacks a time, or a step
/// its kind.
fn gpu_hours(steps: &[Step], gpus: Option<u32>) -> Option<f64> {
    let mut seconds = 0;
    for step in steps {
        if TRAINING_KINDS.contains(&step.kind.as_deref()?) {
            seconds += (step.ended_at? - step.started_at?).max(0);
        }
    }
    Some(seconds as f64 / 3_600.0 * f64::from(gpus?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_hours_are_those_of_training_steps() {
        let step = |kind: Option<&str>, ended_at| Step {
            name: "s".to_owned(),
            kind: kind.map(str::to_owned),
            status: "Succeeded".to_owned(),
            started_at: Some(0),
            ended_at,
            failure_reason: None,
            job: None,
        };
        let (train, process) = (
            step(Some("Training"), Some(5_400)),
            step(Some("Processing"), Some(9_999)),
        );
        assert_eq!(gpu_hours(&[train.clone(), process.clone()], Some(4)), Some(6.0));
        assert_eq!(gpu_hours(&[process], Some(4)), Some(0.0));
        assert_eq!(gpu_hours(std::slice::from_ref(&train), None), None);
        assert_eq!(gpu_hours(&[train, step(Some("Tuning"), None)], Some(1)), None);
        assert_eq!(gpu_hours(&[step(None, Some(1))], Some(1)), None);
    }
}
