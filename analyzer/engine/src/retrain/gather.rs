//! What a decision reads, from the store: windows, quality, runs, incident, approvals.
//!
//! Of each window only the newest revision is read; a document that is not whole (its `verdict.json` is missing) is not
//! there. What cannot be used is left out with a word. Does not decide.

use super::evidence::{findings_window, quality_window, served_window};
use super::layout::{revision_of_folder, span_of_folder};
use super::workplace::{Retraining, digest, unusable};
use crate::error::EngineError;
use baselines::decide::{Inputs, PastRun, ServedWindow, request_token};
use baselines::document::quality::{QUALITY_FILE, QualityDocument};
use baselines::document::retrain::{
    ApprovalDocument, EvidenceWindow, FlightDocument, IncidentDocument, IntentDocument, OutcomeDocument,
    ReceiptDocument, RetrainDocument, past_run,
};
use baselines::document::verdict::{VERDICT_FILE, VersionedVerdict};
use capture::time::parse_rfc3339;
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use store::{StoreErrorKind, join_key};

const MAX_WINDOW_BYTES: u64 = 256 << 20;
const READ_AHEAD: usize = 8;
/// A flight without an intent is a decider that ended in between: after an hour it is free.
const EMPTY_FLIGHT_SECONDS: i64 = 3_600;

/// Everything that was read.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) inputs: Inputs,
    /// By start, end and kind.
    pub(super) evidence: BTreeMap<(i64, i64, &'static str), EvidenceWindow>,
    /// Every window of quality with its metrics from labels.
    pub(super) served: Vec<ServedWindow>,
    pub(super) left_out: Vec<String>,
    pub(super) incident_etag: Option<String>,
    pub(super) flight: Option<(FlightDocument, String)>,
    pub(super) runs: Vec<Known>,
}

/// What is known of something that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) intent: IntentDocument,
    pub(super) receipt: Option<ReceiptDocument>,
    pub(super) outcome: Option<OutcomeDocument>,
}

/// A document of the newest revision of a window's folder.
struct Newest {
    key: String,
    folder: String,
    revision: u32,
    span: Option<(i64, i64)>,
}

impl Retraining {
    /// Reads everything. The flight first: whoever takes it under the entity tag read here has seen every start before.
    pub(super) async fn gather(&self, now: i64) -> Result<Gathered, EngineError> {
        let flight = self.read::<FlightDocument>(&self.layout.flight()).await?;
        let runs = self.known_runs().await?;
        let incident = self.read::<IncidentDocument>(&self.layout.incident()).await?;
        let (incident, incident_etag) = incident.unzip();
        let incident = incident
            .map(|document| document.to_incident())
            .transpose()
            .map_err(|error| unusable(&self.store.locate(&self.layout.incident()), &error))?;
        let mut inputs = Inputs {
            monitor: self.monitor.name.clone(),
            model: self.settings.model.clone(),
            runs: self.past_runs(&runs, flight.as_ref().map(|(flight, _)| flight), now)?,
            incident,
            ..Inputs::default()
        };
        if let Some(incident) = &inputs.incident {
            let revision = runs
                .iter()
                .filter(|run| run.intent.incident == incident.id)
                .count()
                + 1;
            for revision in 1..=u32::try_from(revision).unwrap_or(u32::MAX) {
                let key = self
                    .layout
                    .of_revision(&incident.id, revision, ApprovalDocument::FILE);
                if let Some((approval, _)) = self.read::<ApprovalDocument>(&key).await? {
                    let approval = approval
                        .to_approval()
                        .map_err(|error| unusable(&self.store.locate(&key), &error))?;
                    inputs.approvals.push(approval);
                }
            }
        }
        let mut gathered = Gathered {
            inputs,
            evidence: BTreeMap::new(),
            served: Vec::new(),
            left_out: Vec::new(),
            incident_etag,
            flight,
            runs,
        };
        self.gather_findings(&mut gathered).await?;
        self.gather_quality(&mut gathered).await?;
        Ok(gathered)
    }

    /// Everything that was asked for, for the model, by time.
    pub(super) async fn known_runs(&self) -> Result<Vec<Known>, EngineError> {
        let keys = self.list(&self.layout.runs()).await?;
        let mut runs: Vec<Known> = futures::stream::iter(keys)
            .map(|key| async move {
                let Some((intent, _)) = self.read::<IntentDocument>(&key).await? else {
                    return Ok(None);
                };
                let of = |file: &str| {
                    self.layout
                        .of_monitor(&intent.monitor, &intent.incident, intent.revision, file)
                };
                let receipt = self
                    .read::<ReceiptDocument>(&of(ReceiptDocument::FILE))
                    .await?
                    .map(|(found, _)| found);
                let outcome = self
                    .read::<OutcomeDocument>(&of(OutcomeDocument::FILE))
                    .await?
                    .map(|(found, _)| found);
                Ok::<_, EngineError>(Some(Known {
                    intent,
                    receipt,
                    outcome,
                }))
            })
            .buffered(READ_AHEAD)
            .try_filter_map(|found| async move { Ok(found) })
            .try_collect()
            .await?;
        runs.sort_by(|a, b| {
            (&a.intent.requested_at, &a.intent.token).cmp(&(&b.intent.requested_at, &b.intent.token))
        });
        Ok(runs)
    }

    fn past_runs(
        &self,
        runs: &[Known],
        flight: Option<&FlightDocument>,
        now: i64,
    ) -> Result<Vec<PastRun>, EngineError> {
        let mut past = Vec::with_capacity(runs.len() + 1);
        for known in runs {
            let run = past_run(&known.intent, known.receipt.is_some(), known.outcome.as_ref());
            past.push(run.map_err(|error| {
                unusable(&self.store.locate(&self.layout.run(&known.intent.token)), &error)
            })?);
        }
        // Another monitor has the flight and has not yet written what it will ask for.
        let holder = flight.and_then(|flight| flight.holder.as_ref());
        if let Some(holder) = holder.filter(|holder| holder.monitor != self.monitor.name)
            && let Some(since) = parse_rfc3339(&holder.since)
            && now - since < EMPTY_FLIGHT_SECONDS
        {
            let token = request_token(&holder.monitor, &holder.incident, holder.revision);
            if past.iter().all(|run| run.token != token) {
                past.push(PastRun {
                    token,
                    monitor: holder.monitor.clone(),
                    incident: holder.incident.clone(),
                    revision: holder.revision,
                    started_at: since,
                    data_end: None,
                    reserved_gpu_hours: 0.0,
                    is_started: false,
                    end: None,
                });
            }
        }
        Ok(past)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, EngineError> {
        match self.store.list(prefix).await {
            Ok(found) => Ok(found.into_iter().map(|meta| meta.key).collect()),
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The newest whole revision of each window's folder below `prefix`.
    async fn newest(&self, prefix: &str, file: &str) -> Result<(Vec<Newest>, BTreeSet<String>), EngineError> {
        let keys: BTreeSet<String> = self.list(prefix).await?.into_iter().collect();
        let mut newest: BTreeMap<String, Newest> = BTreeMap::new();
        for key in &keys {
            let Some(folder) = key.strip_suffix(&format!("/{file}")) else {
                continue;
            };
            if !keys.contains(&join_key(folder, VERDICT_FILE)) {
                continue;
            }
            let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
            let (window, revision) = match revision_of_folder(name) {
                Some(revision) => (above, revision),
                None => (folder, 1),
            };
            let span = span_of_folder(window.rsplit('/').next().unwrap_or_default());
            let found = Newest {
                key: key.clone(),
                folder: folder.to_owned(),
                revision,
                span,
            };
            match newest.get(window) {
                Some(before) if before.revision >= revision => {}
                _ => {
                    newest.insert(window.to_owned(), found);
                }
            }
        }
        Ok((newest.into_values().collect(), keys))
    }

    async fn gather_findings(&self, gathered: &mut Gathered) -> Result<(), EngineError> {
        let (newest, keys) = self.newest(&self.layout.windows(), VERDICT_FILE).await?;
        let mut read = futures::stream::iter(newest)
            .map(|found| async move {
                let object = self.store.get(&found.key, MAX_WINDOW_BYTES).await?;
                Ok::<_, EngineError>((found, object))
            })
            .buffered(READ_AHEAD);
        while let Some((found, object)) = read.try_next().await? {
            let place = self.store.locate(&found.key);
            let verdict = VersionedVerdict::from_bytes(&object.bytes)
                .map_err(|error| unusable(&place, &error))?
                .into_latest();
            let written = verdict
                .window
                .start
                .as_deref()
                .and_then(parse_rfc3339)
                .zip(verdict.window.end.as_deref().and_then(parse_rfc3339));
            let Some(span) = written.or(found.span) else {
                gathered.left_out.push(format!(
                    "{place}: neither it nor its folder says from when to when (`driftline analyze --start … --end …`)"
                ));
                continue;
            };
            if verdict.quality.is_some() {
                gathered.left_out.push(format!(
                    "{place}: a verdict of quality belongs below quality/, not windows/"
                ));
                continue;
            }
            let pictures = self.pictures(&keys, &found.folder, "report.html");
            let (window, evidence) = findings_window(
                &verdict,
                span,
                found.revision,
                digest(&object.bytes),
                place,
                pictures,
            );
            gathered.evidence.insert((span.0, span.1, "findings"), evidence);
            gathered.inputs.findings.push(window);
        }
        Ok(())
    }

    async fn gather_quality(&self, gathered: &mut Gathered) -> Result<(), EngineError> {
        let (newest, keys) = self.newest(&self.layout.quality(), QUALITY_FILE).await?;
        let mut read = futures::stream::iter(newest)
            .map(|found| async move {
                let object = self.store.get(&found.key, MAX_WINDOW_BYTES).await?;
                let verdict = self
                    .store
                    .get(&join_key(&found.folder, VERDICT_FILE), MAX_WINDOW_BYTES)
                    .await?;
                Ok::<_, EngineError>((found, object, verdict))
            })
            .buffered(READ_AHEAD);
        while let Some((found, object, verdict)) = read.try_next().await? {
            let place = self.store.locate(&found.key);
            let quality =
                QualityDocument::from_bytes(&object.bytes).map_err(|error| unusable(&place, &error))?;
            let verdict = VersionedVerdict::from_bytes(&verdict.bytes)
                .map_err(|error| unusable(&place, &error))?
                .into_latest();
            let written = quality
                .start
                .as_deref()
                .and_then(parse_rfc3339)
                .zip(quality.end.as_deref().and_then(parse_rfc3339));
            let Some(span) = written.or(found.span) else {
                gathered.left_out.push(format!(
                    "{place}: neither it nor its folder says from when to when (`driftline quality --start … --end …`)"
                ));
                continue;
            };
            let pictures = self.pictures(&keys, &found.folder, "quality.html");
            gathered.served.push(served_window(
                &quality,
                span,
                found.revision,
                digest(&object.bytes),
                place.clone(),
            ));
            let (window, evidence) = quality_window(
                &quality,
                &verdict,
                span,
                found.revision,
                digest(&object.bytes),
                place,
                pictures,
            );
            gathered.evidence.insert((span.0, span.1, "quality"), evidence);
            gathered.inputs.quality.push(window);
        }
        Ok(())
    }

    fn pictures(&self, keys: &BTreeSet<String>, folder: &str, page: &str) -> Vec<String> {
        let key = join_key(folder, page);
        keys.contains(&key)
            .then(|| self.store.locate(&key))
            .into_iter()
            .collect()
    }
}
