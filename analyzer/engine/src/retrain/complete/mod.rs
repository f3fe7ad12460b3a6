//! After the pipeline: a newly approved package is planned into service, held against the model before it, and only if it
//! helped the baseline is rolled and the incident closed; else the incident is a person's.
//!
//! ```text
//! Package → deployment.json (requests, written once)
//!         → completion.json: deploying → waiting → passed → baseline rolled → incident resolved
//!                                               └ failed → incident escalated
//! ```
//!
//! Each call looks once, and may come any number of times, from anywhere: what is final stays, byte for byte. Sends
//! nothing to AWS and reads no clock.

mod deployment;
mod package;
mod roll;

pub use deployment::{DeploymentRequest, Strategy};
pub use package::{Package, approved_package};

use super::gather::{Gathered, Known};
use super::workplace::{Retraining, software};
use crate::error::{EngineError, ErrorKind};
use baselines::decide::calendar::format_time;
use baselines::decide::{Incident, IncidentStage, ProofVerdict, ServedWindow, prove};
use baselines::document::retrain::{
    CompletionDocument, DeploymentDocument, EvidenceDocument, RetrainDocument, VERSION,
};
use capture::time::parse_rfc3339;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use store::{Location, PutMode, StoreOptions};

/// The requests of a deployment.
#[cfg(test)]
pub(super) fn plan_of(
    package: &Package,
    request: &DeploymentRequest,
) -> Result<Vec<baselines::document::retrain::RequestTwin>, EngineError> {
    deployment::plan(package, request).map(|planned| planned.requests)
}

const ROUNDS: usize = 8;

/// What is to be completed.
#[derive(Debug, Clone)]
pub struct CompleteRequest {
    /// The approved package.
    pub package: Package,
    /// Where its baseline lies, where the package's own place has to be translated (local mode).
    pub package_baseline: Option<Location>,
    /// From when on it serves all traffic; what an earlier call said without it.
    pub served_from: Option<i64>,
    /// Windows of the new model that labels must judge.
    pub windows: usize,
    /// How to reach stores.
    pub store: StoreOptions,
}

fn usage(message: String) -> EngineError {
    EngineError::new(ErrorKind::Usage, message)
}

impl Retraining {
    /// The run that a package came from.
    async fn run_of(&self, package: &Package) -> Result<Known, EngineError> {
        if package.approval != "Approved" {
            return Err(
                usage(format!("model package {} is {}", package.arn, package.approval))
                    .with_hint("approve it in the registry first"),
            );
        }
        if let Some(other) = package
            .monitor
            .as_ref()
            .filter(|name| **name != self.monitor.name)
        {
            return Err(usage(format!(
                "model package {} answers an incident of monitor {other}, not of {}",
                package.arn, self.monitor.name
            )));
        }
        let runs = self.known_runs().await?;
        let succeeded = |known: &&Known| {
            let outcome = known.outcome.as_ref();
            outcome.is_some_and(|outcome| outcome.status == "Succeeded")
        };
        let ours = runs
            .iter()
            .filter(|known| known.intent.monitor == self.monitor.name);
        let is_its = |known: &&Known| {
            let by_execution = package.generated_by.as_ref().zip(known.receipt.as_ref());
            match (&package.incident, by_execution) {
                (Some(incident), _) => known.intent.incident == *incident,
                (None, Some((execution, receipt))) => receipt.execution == *execution,
                (None, None) => false,
            }
        };
        let mut its = ours.filter(is_its).peekable();
        if its.peek().is_none() {
            return Err(usage(format!(
                "model package {} belongs to no retraining of monitor {}",
                package.arn, self.monitor.name
            ))
            .with_hint("its metadata names the incident (driftline:incident), or GeneratedBy the execution: give the whole description of the package"));
        }
        its.filter(succeeded)
            .max_by_key(|known| known.intent.revision)
            .cloned()
            .ok_or_else(|| {
                usage(format!(
                    "the execution behind model package {} is not known to have succeeded",
                    package.arn
                ))
                .with_hint("`driftline retrain status --service …` looks how it ended")
            })
    }

    /// Plans the package's deployment, once: a plan that lies there already is given as it is.
    pub async fn plan_deployment(
        &self,
        package: &Package,
        request: &DeploymentRequest,
    ) -> Result<DeploymentDocument, EngineError> {
        let run = self.run_of(package).await?;
        let key = |file: &str| {
            self.layout
                .of_revision(&run.intent.incident, run.intent.revision, file)
        };
        let planned = deployment::plan(package, request)?;
        let document = DeploymentDocument {
            version: VERSION.to_owned(),
            monitor: self.monitor.name.clone(),
            incident: run.intent.incident.clone(),
            revision: run.intent.revision,
            package: package.twin(),
            endpoint: request.endpoint.clone(),
            variant: planned.variant,
            config_before: planned.config_before,
            config_after: planned.config_after,
            strategy: request.strategy.name().to_owned(),
            alarms: request.alarms.clone(),
            requests: planned.requests,
            notes: planned.notes,
        };
        let place = key(DeploymentDocument::FILE);
        if self.put_if(&place, &document, PutMode::CreateOnly).await? {
            return Ok(document);
        }
        let found = self.read::<DeploymentDocument>(&place).await?;
        Ok(found.map_or(document, |(found, _)| found))
    }

    /// Looks once whether the new model helped, and does what follows.
    ///
    /// # Errors
    /// A package that is not approved or of no retraining here; another time of service than was said before; storage.
    pub async fn complete(
        &self,
        request: &CompleteRequest,
        now: i64,
    ) -> Result<CompletionDocument, EngineError> {
        let run = self.run_of(&request.package).await?;
        let place = self.layout.of_revision(
            &run.intent.incident,
            run.intent.revision,
            CompletionDocument::FILE,
        );
        for _ in 0..ROUNDS {
            let (before, etag) = self.read::<CompletionDocument>(&place).await?.unzip();
            if let Some(last) = before.as_ref().filter(|before| before.is_final()) {
                if last.package.arn != request.package.arn {
                    return Err(usage(format!(
                        "incident {} revision {} was completed with model package {}, not with {}",
                        last.incident, last.revision, last.package.arn, request.package.arn
                    )));
                }
                self.settle(last, now).await?;
                return Ok(last.clone());
            }
            let mut document = self.look_again(&run, request, before.as_ref(), now).await?;
            let follows = match document.verdict.as_str() {
                "passed" => Some("resolved"),
                "failed" => Some("escalated"),
                _ => None,
            };
            if follows == Some("resolved") {
                document.baseline = Some(self.rolled(&document, request, now).await?);
            }
            document.incident_is = follows.map(str::to_owned);
            if before.as_ref() != Some(&document) {
                let mode = etag.map_or(PutMode::CreateOnly, PutMode::IfMatch);
                if !self.put_if(&place, &document, mode).await? {
                    continue;
                }
            }
            self.settle(&document, now).await?;
            return Ok(document);
        }
        Err(EngineError::new(
            ErrorKind::Storage,
            format!(
                "others changed {} while it was written",
                self.store.locate(&place)
            ),
        )
        .with_hint("run again"))
    }

    async fn look_again(
        &self,
        run: &Known,
        request: &CompleteRequest,
        before: Option<&CompletionDocument>,
        now: i64,
    ) -> Result<CompletionDocument, EngineError> {
        let said = before.and_then(|before| parse_rfc3339(before.served_from.as_deref()?));
        if let (Some(said), Some(given)) = (said, request.served_from)
            && said != given
        {
            return Err(usage(format!(
                "the new model was said to serve from {} on, and now from {} on",
                format_time(said),
                format_time(given)
            ))
            .with_hint(
                "leave --served-from out, or close the incident by hand (`driftline retrain close`)",
            ));
        }
        let intent = &run.intent;
        let Some(served_from) = request.served_from.or(said) else {
            return Ok(CompletionDocument {
                version: VERSION.to_owned(),
                software: software(),
                monitor: self.monitor.name.clone(),
                incident: intent.incident.clone(),
                revision: intent.revision,
                package: request.package.twin(),
                served_from: None,
                verdict: "deploying".to_owned(),
                reason: "the new model is not known to serve yet".to_owned(),
                compared: Vec::new(),
                windows: Vec::new(),
                baseline: None,
                incident_is: None,
            });
        };
        let key = self
            .layout
            .of_revision(&intent.incident, intent.revision, EvidenceDocument::FILE);
        let evidence = self.read::<EvidenceDocument>(&key).await?.map(|(found, _)| found);
        let gathered = self.gather(now).await?;
        let (old, new) = sides(&gathered, evidence.as_ref(), served_from, now);
        let drifted: BTreeSet<String> = evidence
            .iter()
            .flat_map(|evidence| &evidence.features)
            .map(|feature| feature.column.clone())
            .collect();
        let proof = prove(&old, &new, &drifted, request.windows);
        let of = (
            self.monitor.name.as_str(),
            intent.incident.as_str(),
            intent.revision,
        );
        Ok(CompletionDocument::of(
            of,
            &software(),
            request.package.twin(),
            served_from,
            &proof,
            (&old, &new),
        ))
    }

    async fn rolled(
        &self,
        document: &CompletionDocument,
        request: &CompleteRequest,
        now: i64,
    ) -> Result<String, EngineError> {
        let from = match (&request.package_baseline, &document.package.baseline) {
            (Some(place), _) => place.clone(),
            (None, Some(text)) => Location::parse(text)?,
            (None, None) => {
                return Err(usage(format!(
                    "model package {} names no baseline of its own (driftline:baseline)",
                    document.package.arn
                ))
                .with_hint("the pipeline's step Register writes it"));
            }
        };
        let at = format_time(now);
        let cause = roll::Cause {
            monitor: &self.monitor.name,
            incident: &document.incident,
            at: &at,
        };
        let version = roll::roll(
            &self.monitor.baseline,
            &from,
            &document.package,
            cause,
            &request.store,
        )
        .await?;
        Ok(version.to_string())
    }

    /// Brings the incident to where a final completion says it is.
    async fn settle(&self, document: &CompletionDocument, now: i64) -> Result<(), EngineError> {
        if !document.is_final() {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            let plan = self.plan(now).await?;
            let Some(found) = plan.gathered.inputs.incident.as_ref() else {
                return Ok(());
            };
            let is_settled = !found.is_unresolved() || matches!(found.stage, IncidentStage::Escalated { .. });
            if found.id != document.incident || is_settled {
                return Ok(());
            }
            // Windows up to now were judged against the old baseline: the next incident begins with what comes after.
            let stage = if document.verdict == ProofVerdict::Passed.name() {
                IncidentStage::Resolved {
                    at: now,
                    reason: format!("{} serves: {}", document.package.arn, document.reason),
                }
            } else {
                IncidentStage::Escalated {
                    at: now,
                    reason: format!("{} did not help: {}", document.package.arn, document.reason),
                }
            };
            let settled = Incident {
                stage,
                ..found.clone()
            };
            if self
                .put_incident(&settled, plan.gathered.incident_etag.as_deref())
                .await?
            {
                return Ok(());
            }
        }
        Err(EngineError::new(ErrorKind::Storage, "the incident was changed meanwhile").with_hint("run again"))
    }
}

/// Windows of the incident before the new model served, and windows that it served whole.
fn sides(
    gathered: &Gathered,
    evidence: Option<&EvidenceDocument>,
    served_from: i64,
    now: i64,
) -> (Vec<ServedWindow>, Vec<ServedWindow>) {
    let spans: Vec<(i64, i64)> = evidence
        .iter()
        .flat_map(|evidence| &evidence.windows)
        .filter_map(|window| {
            Some((
                parse_rfc3339(&window.span.start)?,
                parse_rfc3339(&window.span.end)?,
            ))
        })
        .collect();
    let is_old = |window: &&ServedWindow| {
        let overlaps = |span: &(i64, i64)| window.start < span.1 && span.0 < window.end;
        window.end <= served_from && spans.iter().any(overlaps)
    };
    let is_new = |window: &&ServedWindow| window.start >= served_from && window.end <= now;
    (
        gathered.served.iter().filter(is_old).cloned().collect(),
        gathered.served.iter().filter(is_new).cloned().collect(),
    )
}

/// A completion for people.
pub fn completion_text(document: &CompletionDocument) -> String {
    let mut text = String::new();
    let verdict = match document.verdict.as_str() {
        "deploying" => "is to be deployed".to_owned(),
        "waiting" => "serves; too little is known yet".to_owned(),
        "passed" => "helped".to_owned(),
        _ => "did not help".to_owned(),
    };
    let _infallible = writeln!(
        text,
        "{} for incident {} revision {}: {verdict}\n  {}",
        document.package.arn, document.incident, document.revision, document.reason
    );
    for row in &document.compared {
        let side = |side: &Option<baselines::document::retrain::MeasuredTwin>| {
            side.as_ref().map_or_else(
                || "unknown".to_owned(),
                |side| {
                    format!(
                        "{:.4} ({:.4} to {:.4}, {} rows)",
                        side.value, side.low, side.high, side.n
                    )
                },
            )
        };
        let _infallible = writeln!(
            text,
            "  {} on {}: {} before, {} now: {}",
            row.metric,
            row.segment,
            side(&row.old),
            side(&row.new),
            row.outcome.replace('_', " ")
        );
    }
    if let Some(baseline) = &document.baseline {
        let _infallible = writeln!(text, "  the baseline is {baseline} from now on");
    }
    match document.incident_is.as_deref() {
        Some("resolved") => text.push_str("  the incident is closed\n"),
        Some(_) => text.push_str(
            "  the incident is escalated: nothing is started until a person closes it (`driftline retrain close`)\n",
        ),
        None => {}
    }
    text
}

/// A planned deployment for people.
pub fn deployment_text(document: &DeploymentDocument) -> String {
    let mut text = format!(
        "endpoint {}: {} becomes {}, {}, rolled back by {}\n",
        document.endpoint,
        document.config_before,
        document.config_after,
        document.strategy.replace('_', " "),
        document.alarms.join(", ")
    );
    for note in &document.notes {
        let _infallible = writeln!(text, "  {note}");
    }
    for request in &document.requests {
        let _infallible = writeln!(text, "  {}", request.operation);
    }
    text
}
