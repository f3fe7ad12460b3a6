//! A monitor's retraining in its store: opening, reading, conditional writing, planning.
//!
//! Does not start anything.

use super::gather::Gathered;
use super::layout::Layout;
use crate::error::{EngineError, ErrorKind};
use crate::monitor::{Monitor, RetrainSettings};
use baselines::decide::calendar::format_time;
use baselines::decide::{ApprovalMode, Decision, Incident, IncidentStage, decide};
use baselines::document::DocumentError;
use baselines::document::retrain::{
    ApprovalDocument, DecisionDocument, FileTwin, IncidentDocument, RetrainDocument, VERSION,
};
use bytes::Bytes;
use std::sync::Arc;
use store::{Location, ObjectStore, PutMode, StoreErrorKind, StoreOptions, join_key, open_store};
use xxhash_rust::xxh3::xxh3_128;

const MAX_SETTINGS_BYTES: u64 = 1 << 20;
const MAX_DOCUMENT_BYTES: u64 = 16 << 20;

/// A monitor's retraining.
#[derive(Debug, Clone)]
pub struct Retraining {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) layout: Layout,
    pub(super) monitor: Monitor,
    pub(super) settings: RetrainSettings,
    pub(super) monitor_file: FileTwin,
    /// How to reach what lies elsewhere than the store.
    pub(super) options: StoreOptions,
    /// A name that no other decider has.
    pub(super) decider: String,
}

/// A decision and what it was made from.
#[derive(Debug)]
pub struct Plan {
    /// The decision.
    pub decision: Decision,
    /// Its document.
    pub document: DecisionDocument,
    /// Windows that were left out, and why.
    pub left_out: Vec<String>,
    pub(super) gathered: Gathered,
}

/// Name and version of this program.
pub(super) fn software() -> String {
    format!("driftline {}", env!("CARGO_PKG_VERSION"))
}

/// A digest as documents have it.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("xxh3-{:032x}", xxh3_128(bytes))
}

/// A document of ours that cannot be written or read.
pub(super) fn unusable(place: &str, error: &DocumentError) -> EngineError {
    let hint = error.hint();
    EngineError::new(ErrorKind::Usage, format!("{place}: {error}")).with_hint(hint)
}

impl Retraining {
    /// Opens the store of a monitor: `store`, else the file's `retrain.store`, else the folder of the settings file.
    /// `decider`: a name that no other process has, so that conditional writes tell who made them.
    pub async fn open(
        file: &Location,
        store: Option<&Location>,
        options: &StoreOptions,
        decider: String,
    ) -> Result<Self, EngineError> {
        let monitor = Monitor::load(file, options).await?;
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!("monitor file {file} names no file"),
            ));
        };
        let (beside, below) = open_store(&folder, options).await?;
        let object = beside.get(&join_key(&below, name), MAX_SETTINGS_BYTES).await?;
        let monitor_file = FileTwin {
            location: file.to_string(),
            digest: digest(&object.bytes),
        };
        let place = store
            .cloned()
            .or_else(|| monitor.retrain.as_ref()?.store.clone())
            .unwrap_or(folder);
        let (store, root) = open_store(&place, options).await?;
        let over = Self::over(store, &root, monitor, monitor_file, decider)?;
        Ok(Self {
            options: options.clone(),
            ..over
        })
    }

    /// Over an open store.
    pub fn over(
        store: Arc<dyn ObjectStore>,
        root: &str,
        monitor: Monitor,
        monitor_file: FileTwin,
        decider: String,
    ) -> Result<Self, EngineError> {
        let Some(settings) = monitor.retrain.clone() else {
            let wrong = format!("{} has no [retrain] section", monitor_file.location);
            return Err(EngineError::new(ErrorKind::Usage, wrong)
                .with_hint("docs/retraining.md shows one; `pipeline` and `when` are all it needs"));
        };
        let layout = Layout::new(root, &monitor.name, &settings.model);
        Ok(Self {
            store,
            layout,
            monitor,
            settings,
            monitor_file,
            options: StoreOptions::default(),
            decider,
        })
    }

    /// Its settings.
    pub fn settings(&self) -> &RetrainSettings {
        &self.settings
    }

    /// Decides at `now`; writes nothing.
    pub async fn plan(&self, now: i64) -> Result<Plan, EngineError> {
        let gathered = self.gather(now).await?;
        let decision = decide(&self.settings.policy, &gathered.inputs, now);
        let document = DecisionDocument::of(&decision, &self.settings.policy, &software());
        let left_out = gathered.left_out.clone();
        Ok(Plan {
            decision,
            document,
            left_out,
            gathered,
        })
    }

    /// Writes a person's answer about the open incident, or about the one named.
    pub async fn approve(
        &self,
        incident: Option<&str>,
        approved: bool,
        by: &str,
        reason: Option<&str>,
        now: i64,
    ) -> Result<ApprovalDocument, EngineError> {
        if by.trim().is_empty() || by.len() > 256 || by.chars().any(char::is_control) {
            return Err(
                EngineError::new(ErrorKind::Usage, "an approval needs the name of whoever gives it")
                    .with_hint("--by NAME, 1 to 256 characters"),
            );
        }
        let plan = self.plan(now).await?;
        let open = plan.decision.incident.as_ref().zip(plan.decision.revision);
        let Some((found, revision)) = open else {
            return Err(EngineError::new(
                ErrorKind::NothingToAnalyse,
                "there is no open incident to approve",
            )
            .with_hint("`driftline retrain plan` says why"));
        };
        if incident.is_some_and(|named| named != found.id) {
            let wrong = format!(
                "incident {} is not the open one, which is {}",
                incident.unwrap_or_default(),
                found.id
            );
            return Err(EngineError::new(ErrorKind::Usage, wrong));
        }
        if found.stage == IncidentStage::Retraining {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "incident {} is being retrained already, as revision {revision}",
                    found.id
                ),
            )
            .with_hint("`driftline retrain status` follows it"));
        }
        let document = ApprovalDocument {
            version: VERSION.to_owned(),
            monitor: self.monitor.name.clone(),
            incident: found.id.clone(),
            revision,
            approved,
            by: by.trim().to_owned(),
            at: format_time(now),
            reason: reason.map(str::to_owned),
        };
        self.put_incident(found, plan.gathered.incident_etag.as_deref())
            .await?;
        let key = self
            .layout
            .of_revision(&found.id, revision, ApprovalDocument::FILE);
        self.put(&key, &document, PutMode::Overwrite).await?;
        Ok(document)
    }

    /// Ends the open incident for a reason that a person gives.
    pub async fn close(&self, reason: &str, now: i64) -> Result<IncidentDocument, EngineError> {
        let plan = self.plan(now).await?;
        let open = plan
            .gathered
            .inputs
            .incident
            .as_ref()
            .filter(|incident| incident.is_unresolved());
        let Some(incident) = open else {
            return Err(EngineError::new(
                ErrorKind::NothingToAnalyse,
                "there is no open incident to close",
            ));
        };
        if plan
            .decision
            .incident
            .as_ref()
            .is_some_and(|found| found.stage == IncidentStage::Retraining)
        {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "incident {} is being retrained, so it cannot be closed now",
                    incident.id
                ),
            )
            .with_hint("stop the execution, or wait for its end, and run `driftline retrain status`"));
        }
        let closed = Incident {
            stage: IncidentStage::Resolved {
                at: now,
                reason: reason.to_owned(),
            },
            ..incident.clone()
        };
        if !self
            .put_incident(&closed, plan.gathered.incident_etag.as_deref())
            .await?
        {
            return Err(
                EngineError::new(ErrorKind::Storage, "the incident was changed meanwhile")
                    .with_hint("run again"),
            );
        }
        Ok(IncidentDocument::of(&self.monitor.name, &closed))
    }

    /// Whether a person lets starts happen.
    pub fn is_manual(&self) -> bool {
        self.settings.policy.approval == ApprovalMode::Manual
    }

    /// Writes the incident's state where it is still the one that was read; whether it is what lies there now.
    pub(super) async fn put_incident(
        &self,
        incident: &Incident,
        found: Option<&str>,
    ) -> Result<bool, EngineError> {
        let document = IncidentDocument::of(&self.monitor.name, incident);
        let mode = found.map_or(PutMode::CreateOnly, |etag| PutMode::IfMatch(etag.to_owned()));
        self.put_if(&self.layout.incident(), &document, mode).await
    }

    /// Writes a document.
    pub(super) async fn put<T: RetrainDocument>(
        &self,
        key: &str,
        document: &T,
        mode: PutMode,
    ) -> Result<(), EngineError> {
        let bytes = document.to_bytes().map_err(|error| {
            EngineError::new(ErrorKind::Internal, format!("{} cannot be written", T::FILE)).with_source(error)
        })?;
        self.store.put(key, Bytes::from(bytes), mode).await?;
        Ok(())
    }

    /// Writes a document under a condition; whether it is what lies there now, also where a lost answer hid that.
    pub(super) async fn put_if<T: RetrainDocument + PartialEq>(
        &self,
        key: &str,
        document: &T,
        mode: PutMode,
    ) -> Result<bool, EngineError> {
        let bytes = document.to_bytes().map_err(|error| {
            EngineError::new(ErrorKind::Internal, format!("{} cannot be written", T::FILE)).with_source(error)
        })?;
        match self.store.put(key, Bytes::from(bytes), mode).await {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.kind(),
                    StoreErrorKind::AlreadyExists | StoreErrorKind::PreconditionFailed
                ) =>
            {
                let found: Option<(T, String)> = self.read(key).await?;
                Ok(found.is_some_and(|(found, _)| found == *document))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A document and its entity tag, if there is one.
    pub(super) async fn read<T: RetrainDocument>(
        &self,
        key: &str,
    ) -> Result<Option<(T, String)>, EngineError> {
        let object = match self.store.get(key, MAX_DOCUMENT_BYTES).await {
            Ok(object) => object,
            Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let document =
            T::from_bytes(&object.bytes).map_err(|error| unusable(&self.store.locate(key), &error))?;
        Ok(Some((document, object.etag)))
    }
}
