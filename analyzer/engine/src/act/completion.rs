//! After the pipeline: an approved package is held against the model before it, window by window, once it serves.
//!
//! `retrain::complete` decides and writes; this finds what there is to be completed, and says from when on a new model
//! serves: when the endpoint serves with the configuration that was planned. A package deployed in another
//! way is a person's to report (`driftline retrain complete --served-from`).

use crate::error::{EngineError, ErrorKind};
use crate::retrain::Retraining;
use crate::retrain::complete::{CompleteRequest, Package};
use baselines::document::retrain::{CompletionDocument, DeploymentDocument, RetrainDocument};
use serde::Serialize;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, join_key, open_store};

const MAX_DOCUMENT_BYTES: u64 = 16 << 20;
/// Windows of the new model that labels must judge.
const WINDOWS: usize = 1;

/// Where a completion stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// The incident.
    pub incident: String,
    /// The package.
    pub package: String,
    /// `deploying`, `waiting`, `passed` or `failed`.
    pub verdict: String,
    /// Of `passed`: the baseline from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// An endpoint that serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serving<'a> {
    /// The endpoint.
    pub endpoint: &'a str,
    /// Its configuration.
    pub config: Option<&'a str>,
    /// From when on, in seconds.
    pub since: i64,
}

/// A completion that is not at its end, with its planned deployment.
pub(super) struct Open {
    document: CompletionDocument,
    deployment: Option<DeploymentDocument>,
}

fn request(package: Package, served_from: Option<i64>, options: &StoreOptions) -> CompleteRequest {
    CompleteRequest {
        package,
        package_baseline: None,
        served_from,
        windows: WINDOWS,
        store: options.clone(),
    }
}

fn said(document: &CompletionDocument) -> Completion {
    Completion {
        incident: document.incident.clone(),
        package: document.package.arn.clone(),
        verdict: document.verdict.clone(),
        baseline: document.baseline.clone(),
    }
}

pub(super) async fn approved(
    retraining: &Retraining,
    package: Package,
    options: &StoreOptions,
    now: i64,
) -> Result<Completion, EngineError> {
    let document = Box::pin(retraining.complete(&request(package, None, options), now)).await?;
    Ok(said(&document))
}

pub(super) async fn go_on(
    retraining: &Retraining,
    open: Vec<Open>,
    serving: Option<Serving<'_>>,
    options: &StoreOptions,
    now: i64,
) -> Result<Vec<Completion>, EngineError> {
    let mut completions = Vec::new();
    for Open { document, deployment } in open {
        let serves = serving.filter(|serving| is_planned(deployment.as_ref(), *serving));
        let served_from = serves
            .filter(|_| document.served_from.is_none())
            .map(|serving| serving.since);
        if serving.is_some() && served_from.is_none() {
            continue;
        }
        let package = Package {
            arn: document.package.arn,
            group: document.package.group,
            number: document.package.number,
            approval: "Approved".to_owned(),
            model_data: document.package.model_data,
            monitor: Some(document.monitor),
            incident: Some(document.incident),
            baseline: document.package.baseline,
            generated_by: None,
        };
        let ended = Box::pin(retraining.complete(&request(package, served_from, options), now)).await?;
        completions.push(said(&ended));
    }
    Ok(completions)
}

/// Whether an endpoint serves what was planned.
fn is_planned(deployment: Option<&DeploymentDocument>, serving: Serving<'_>) -> bool {
    deployment.is_some_and(|planned| {
        planned.endpoint == serving.endpoint && serving.config == Some(planned.config_after.as_str())
    })
}

/// Completions of `monitor` that are not at their end.
pub(super) async fn open(
    monitor: &str,
    store: &Location,
    options: &StoreOptions,
) -> Result<Vec<Open>, EngineError> {
    let (store, root) = open_store(store, options).await?;
    let prefix = join_key(&root, &format!("monitors/{monitor}/retraining/"));
    let keys: Vec<String> = match store.list(&prefix).await {
        Ok(listed) => listed.into_iter().map(|meta| meta.key).collect(),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for key in &keys {
        let Some(folder) = key.strip_suffix(&format!("/{}", CompletionDocument::FILE)) else {
            continue;
        };
        let document: CompletionDocument = read(store.as_ref(), key).await?;
        if document.is_final() {
            continue;
        }
        let beside = format!("{folder}/{}", DeploymentDocument::FILE);
        let deployment = if keys.contains(&beside) {
            Some(read(store.as_ref(), &beside).await?)
        } else {
            None
        };
        found.push(Open { document, deployment });
    }
    Ok(found)
}

async fn read<T: RetrainDocument>(store: &dyn ObjectStore, key: &str) -> Result<T, EngineError> {
    let object = store.get(key, MAX_DOCUMENT_BYTES).await?;
    T::from_bytes(&object.bytes).map_err(|error| {
        let hint = error.hint();
        EngineError::new(ErrorKind::Usage, format!("{}: {error}", store.locate(key))).with_hint(hint)
    })
}
