//! The act: a decision that says start becomes one execution and its receipt.
//!
//! Order: take the model's flight (conditional on what the decision saw), evidence and decision, intent (once), ask the
//! service with the token, receipt (once). Whoever comes too late at any of these looks again. Does not decide.

use super::gather::Known;
use super::service::{Patience, PipelineService, ServiceError, StartRequest};
use super::workplace::{Plan, Retraining, digest};
use crate::error::{EngineError, ErrorKind};
use baselines::decide::DecisionVerdict;
use baselines::decide::calendar::format_time;
use baselines::document::retrain::{
    DecisionDocument, EvidenceDocument, FlightDocument, FlightHolder, IntentDocument, OutcomeDocument,
    ReceiptDocument, RetrainDocument, VERSION,
};
use capture::time::parse_rfc3339;
use std::collections::BTreeMap;
use store::PutMode;

/// How long a decider may take between asking and receipt before another finishes its work.
const LEASE_SECONDS: i64 = 120;
/// How often it is looked again where other deciders change what was read.
const ROUNDS: usize = 32;

/// What became of a start.
#[derive(Debug)]
pub enum Started {
    /// It was started, and this is the receipt.
    Now(Box<ReceiptDocument>),
    /// It was started before.
    Before(Box<ReceiptDocument>),
    /// Another decider has asked and not yet written its receipt.
    UnderWay(Box<IntentDocument>),
    /// The decision says something else.
    Not(Box<Plan>),
}

/// Whether whoever asked may still be at it.
pub(super) fn is_leased(intent: &IntentDocument, now: i64) -> bool {
    now - parse_rfc3339(&intent.requested_at).unwrap_or(now) < LEASE_SECONDS
}

/// Seconds that each training job of a start may run, so that all of them together keep to its GPU hours.
fn runtime(hours: f64, gpus: u32, n_jobs: u32) -> f64 {
    (hours * 3_600.0 / f64::from(gpus) / f64::from(n_jobs))
        .floor()
        .max(1.0)
}

impl Retraining {
    /// Decides at `now`, and starts the pipeline if that is the decision.
    pub async fn start(
        &self,
        service: &dyn PipelineService,
        patience: Patience,
        now: i64,
    ) -> Result<Started, EngineError> {
        for _ in 0..ROUNDS {
            let plan = self.plan(now).await?;
            if let Some(known) = self.interrupted(&plan.gathered.runs) {
                if is_leased(&known.intent, now) {
                    return Ok(Started::UnderWay(Box::new(known.intent.clone())));
                }
                let receipt = self
                    .finish(&known.intent.clone(), true, service, patience, now)
                    .await?;
                return Ok(Started::Now(Box::new(receipt)));
            }
            if !self.keep_incident(&plan).await? {
                continue;
            }
            if plan.decision.verdict != DecisionVerdict::Start {
                return self.not_started(plan).await;
            }
            if let Some(intent) = self.ask(&plan, now).await? {
                let receipt = self.finish(&intent, false, service, patience, now).await?;
                return Ok(Started::Now(Box::new(receipt)));
            }
        }
        Err(EngineError::new(
            ErrorKind::Storage,
            format!(
                "other deciders changed {} while it was read, {ROUNDS} times over",
                self.settings.model
            ),
        )
        .with_hint("run again"))
    }

    /// What this monitor has asked for without receipt and without end.
    pub(super) fn interrupted<'a>(&self, runs: &'a [Known]) -> Option<&'a Known> {
        let ours = |known: &&Known| {
            known.intent.monitor == self.monitor.name && known.receipt.is_none() && known.outcome.is_none()
        };
        runs.iter().find(ours)
    }

    /// Writes the incident where the decision changed it; false where somebody else changed it meanwhile.
    pub(super) async fn keep_incident(&self, plan: &Plan) -> Result<bool, EngineError> {
        match &plan.decision.incident {
            Some(incident) if plan.gathered.inputs.incident.as_ref() != Some(incident) => {
                self.put_incident(incident, plan.gathered.incident_etag.as_deref())
                    .await
            }
            _ => Ok(true),
        }
    }

    async fn not_started(&self, plan: Plan) -> Result<Started, EngineError> {
        let flying = plan.gathered.runs.iter().find(|known| {
            known.outcome.is_none()
                && plan
                    .decision
                    .incident
                    .as_ref()
                    .is_some_and(|incident| incident.id == known.intent.incident)
        });
        if let Some(receipt) = flying.and_then(|known| known.receipt.clone()) {
            return Ok(Started::Before(Box::new(receipt)));
        }
        self.put(&self.layout.decision(), &plan.document, PutMode::Overwrite)
            .await?;
        Ok(Started::Not(Box::new(plan)))
    }

    /// Takes the flight and writes down what is about to be asked for; `None` where somebody else was first.
    async fn ask(&self, plan: &Plan, now: i64) -> Result<Option<IntentDocument>, EngineError> {
        let decision = &plan.decision;
        let (Some(incident), Some(revision), Some(token)) =
            (&decision.incident, decision.revision, &decision.token)
        else {
            return Err(EngineError::new(
                ErrorKind::Internal,
                "a decision says start without an incident",
            ));
        };
        let (before, etag) = plan.gathered.flight.clone().unzip();
        let flight = FlightDocument {
            version: VERSION.to_owned(),
            model: self.settings.model.clone(),
            n_taken: before.map_or(0, |flight| flight.n_taken) + 1,
            holder: Some(FlightHolder {
                monitor: self.monitor.name.clone(),
                incident: incident.id.clone(),
                revision,
                since: format_time(now),
                by: self.decider.clone(),
            }),
        };
        let mode = etag.map_or(PutMode::CreateOnly, PutMode::IfMatch);
        if !self.put_if(&self.layout.flight(), &flight, mode).await? {
            return Ok(None);
        }
        let key = |file: &str| self.layout.of_revision(&incident.id, revision, file);
        let mut evidence = self.evidence(plan, &incident.id, revision);
        self.add_versions(&mut evidence).await;
        let evidence_digest = evidence.to_bytes().map(|bytes| digest(&bytes)).map_err(|error| {
            EngineError::new(ErrorKind::Internal, "the evidence cannot be written").with_source(error)
        })?;
        self.put(&key(EvidenceDocument::FILE), &evidence, PutMode::Overwrite)
            .await?;
        self.put(&key(DecisionDocument::FILE), &plan.document, PutMode::Overwrite)
            .await?;
        let intent = IntentDocument {
            version: VERSION.to_owned(),
            monitor: self.monitor.name.clone(),
            model: self.settings.model.clone(),
            incident: incident.id.clone(),
            revision,
            token: token.clone(),
            pipeline: decision.pipeline.clone(),
            display_name: token.clone(),
            parameters: self.parameters(plan, &incident.id, revision, evidence_digest),
            data_end: decision.data.end.map(format_time),
            reserved_gpu_hours: decision.reserved_gpu_hours,
            gpus: self.settings.gpus,
            requested_at: format_time(now),
            requested_by: self.decider.clone(),
        };
        if !self
            .put_if(&self.layout.run(token), &intent, PutMode::CreateOnly)
            .await?
        {
            return Ok(None);
        }
        let holds = self
            .read::<FlightDocument>(&self.layout.flight())
            .await?
            .and_then(|(flight, _)| flight.holder);
        if holds.is_some_and(|holder| holder.incident == intent.incident && holder.monitor == intent.monitor)
        {
            return Ok(Some(intent));
        }
        self.give_up(&intent, "another start for the model came first", now)
            .await?;
        Ok(None)
    }

    fn parameters(
        &self,
        plan: &Plan,
        incident: &str,
        revision: u32,
        evidence_digest: String,
    ) -> BTreeMap<String, String> {
        let settings = &self.settings;
        let data = &plan.decision.data;
        let key = |file: &str| {
            self.store
                .locate(&self.layout.of_revision(incident, revision, file))
        };
        let hours = plan.decision.reserved_gpu_hours;
        let runtime = hours
            .zip(settings.gpus.filter(|gpus| *gpus > 0))
            .map(|(hours, gpus)| runtime(hours, gpus, settings.training_jobs()));
        let usual = [
            ("MonitorName", Some(self.monitor.name.clone())),
            ("IncidentId", Some(incident.to_owned())),
            ("EvidenceUri", Some(key(EvidenceDocument::FILE))),
            ("EvidenceDigest", Some(evidence_digest)),
            ("CaptureUri", Some(self.monitor.capture.to_string())),
            ("LabelsUri", settings.labels.as_ref().map(ToString::to_string)),
            ("SchemaUri", self.monitor.schema.as_ref().map(ToString::to_string)),
            ("OutputUri", Some(key("output"))),
            ("WindowStart", data.start.map(format_time)),
            ("WindowEnd", data.end.map(format_time)),
            ("TrainingInstanceType", Some(settings.instance_type.clone())),
            ("TrainingImage", settings.image.clone()),
            ("MaxRuntimeInSeconds", runtime.map(|seconds| seconds.to_string())),
        ];
        let fill = |value: &String| {
            value
                .replace("{baseline}", &self.monitor.baseline.to_string())
                .replace("{decision}", &key(DecisionDocument::FILE))
                .replace("{revision}", &revision.to_string())
                .replace(
                    "{gpu_hours}",
                    &hours.map_or_else(String::new, |hours| hours.to_string()),
                )
        };
        let own = settings
            .parameters
            .iter()
            .map(|(name, value)| (name.clone(), fill(value)));
        let usual = usual
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        own.chain(usual).collect()
    }

    /// Asks the service and writes the receipt. `again`: it may have been asked before, so it is looked for first.
    pub(super) async fn finish(
        &self,
        intent: &IntentDocument,
        again: bool,
        service: &dyn PipelineService,
        patience: Patience,
        now: i64,
    ) -> Result<ReceiptDocument, EngineError> {
        let execution = match self.execution(intent, again, service, patience).await {
            Ok(execution) => execution,
            Err(error) => return Err(self.failed(intent, error, now).await?),
        };
        let key = |file: &str| self.layout.of_revision(&intent.incident, intent.revision, file);
        let receipt = ReceiptDocument {
            version: VERSION.to_owned(),
            execution,
            service: service.name().to_owned(),
            intent: intent.clone(),
            evidence: self.store.locate(&key(EvidenceDocument::FILE)),
            decision: self.store.locate(&key(DecisionDocument::FILE)),
            written_at: format_time(now),
        };
        let place = key(ReceiptDocument::FILE);
        let receipt = if self.put_if(&place, &receipt, PutMode::CreateOnly).await? {
            receipt
        } else {
            match self.read::<ReceiptDocument>(&place).await? {
                Some((found, _)) if found.execution == receipt.execution => found,
                found => {
                    let other = found.map_or_else(String::new, |(found, _)| found.execution);
                    return Err(EngineError::new(
                        ErrorKind::Internal,
                        format!(
                            "token {} started two executions, {other} and {}: {} does not honour request tokens",
                            intent.token,
                            receipt.execution,
                            service.name()
                        ),
                    )
                    .with_hint("stop the second one; the receipt names the first"));
                }
            }
        };
        let plan = self.plan(now).await?;
        self.keep_incident(&plan).await?;
        Ok(receipt)
    }

    async fn execution(
        &self,
        intent: &IntentDocument,
        again: bool,
        service: &dyn PipelineService,
        patience: Patience,
    ) -> Result<String, ServiceError> {
        let find = || service.find(&intent.pipeline, &intent.display_name);
        if again && let Some(found) = patience.persist(find).await? {
            return Ok(found);
        }
        let request = StartRequest {
            pipeline: intent.pipeline.clone(),
            token: intent.token.clone(),
            display_name: intent.display_name.clone(),
            description: format!(
                "driftline: monitor {}, incident {}, revision {}",
                intent.monitor, intent.incident, intent.revision
            ),
            parameters: intent.parameters.clone(),
        };
        match patience.persist(|| service.start(&request)).await {
            // An attempt before this refusal may have been carried out without an answer.
            Err(refused) if !refused.kind.is_transient() => {
                match service.find(&intent.pipeline, &intent.display_name).await {
                    Ok(Some(found)) => Ok(found),
                    _ => Err(refused),
                }
            }
            answer => answer,
        }
    }

    /// The error of a start that did not come to be: a refusal ends the revision, anything else leaves it to be finished.
    async fn failed(
        &self,
        intent: &IntentDocument,
        error: ServiceError,
        now: i64,
    ) -> Result<EngineError, EngineError> {
        let hint = error.hint();
        if error.kind.is_transient() {
            return Ok(EngineError::new(ErrorKind::Storage, error.to_string()).with_hint(hint));
        }
        self.give_up(intent, &error.to_string(), now).await?;
        Ok(EngineError::new(ErrorKind::Usage, error.to_string()).with_hint(hint))
    }

    /// Ends a revision that was never started.
    async fn give_up(&self, intent: &IntentDocument, reason: &str, now: i64) -> Result<(), EngineError> {
        let outcome = OutcomeDocument {
            version: VERSION.to_owned(),
            execution: String::new(),
            incident: intent.incident.clone(),
            revision: intent.revision,
            status: "Failed".to_owned(),
            ended_at: format_time(now),
            failure_reason: Some(reason.to_owned()),
            gpu_hours: Some(0.0),
            steps: Vec::new(),
        };
        let key = self
            .layout
            .of_revision(&intent.incident, intent.revision, OutcomeDocument::FILE);
        self.put_if(&key, &outcome, PutMode::CreateOnly).await?;
        self.release(intent).await?;
        let plan = self.plan(now).await?;
        self.keep_incident(&plan).await?;
        Ok(())
    }

    /// Gives the model's flight back, where it is this start's.
    pub(super) async fn release(&self, intent: &IntentDocument) -> Result<(), EngineError> {
        let Some((flight, etag)) = self.read::<FlightDocument>(&self.layout.flight()).await? else {
            return Ok(());
        };
        let is_ours = flight.holder.as_ref().is_some_and(|holder| {
            holder.monitor == intent.monitor
                && holder.incident == intent.incident
                && holder.revision == intent.revision
        });
        if is_ours {
            let free = FlightDocument {
                n_taken: flight.n_taken + 1,
                holder: None,
                ..flight
            };
            // Whoever changed it meanwhile has taken or released it.
            self.put_if(&self.layout.flight(), &free, PutMode::IfMatch(etag))
                .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::runtime;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_training_jobs_together_keep_to_the_hours(hours in 0.1f64..500.0, gpus in 1u32..9, n_jobs in 1u32..40) {
            let each = runtime(hours, gpus, n_jobs);
            let together = each * f64::from(n_jobs) * f64::from(gpus) / 3_600.0;
            prop_assert!(together <= hours + 1e-9 || each == 1.0, "{together} of {hours}");
        }
    }
}
