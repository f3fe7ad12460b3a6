//! After the pipeline: an approved package is held against the model before it, window by window, once it serves.
//!
//! `engine::retrain::complete` decides and writes; this finds what there is to be completed, and says from when on a new model
//! serves: when SageMaker says that the endpoint serves with the configuration that was planned. A package deployed in another
//! way is a person's to report (`driftline retrain complete --served-from`).

use crate::reach::{Reach, Watched};
use baselines::document::retrain::{CompletionDocument, DeploymentDocument, RetrainDocument};
use engine::retrain::Retraining;
use engine::retrain::complete::{CompleteRequest, Package};
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use store::{ObjectStore, open_store};

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
pub(crate) struct Serving<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) config: Option<&'a str>,
    pub(crate) since: i64,
}

fn request(package: Package, served_from: Option<i64>, reach: &Reach) -> CompleteRequest {
    CompleteRequest {
        package,
        package_baseline: None,
        served_from,
        windows: WINDOWS,
        store: reach.context.options.clone(),
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

/// An approved package of this monitor: its completion begins, or goes on.
#[cfg(feature = "lifecycle")]
pub(crate) async fn approved(
    retraining: &Retraining,
    package: Package,
    reach: &Reach,
    now: i64,
) -> Result<Completion, EngineError> {
    let document = Box::pin(retraining.complete(&request(package, None, reach), now)).await?;
    Ok(said(&document))
}

/// Every completion of this monitor that is not at its end, looked at again; with `serving`, those whose model now serves.
pub(crate) async fn go_on(
    retraining: &Retraining,
    watched: &Watched,
    serving: Option<Serving<'_>>,
    reach: &Reach,
    now: i64,
) -> Result<Vec<Completion>, EngineError> {
    let mut completions = Vec::new();
    for document in open(watched, reach).await? {
        let CompletionDocument {
            package, incident, ..
        } = &document.0;
        let serves = serving.filter(|serving| is_planned(document.1.as_ref(), *serving));
        let served_from = serves
            .filter(|_| document.0.served_from.is_none())
            .map(|serving| serving.since);
        if serving.is_some() && served_from.is_none() {
            continue;
        }
        let package = Package {
            arn: package.arn.clone(),
            group: package.group.clone(),
            number: package.number,
            approval: "Approved".to_owned(),
            model_data: package.model_data.clone(),
            monitor: Some(watched.monitor.name.clone()),
            incident: Some(incident.clone()),
            baseline: package.baseline.clone(),
            generated_by: None,
        };
        let ended = Box::pin(retraining.complete(&request(package, served_from, reach), now)).await?;
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

/// Completions that are not at their end, each with its planned deployment.
async fn open(
    watched: &Watched,
    reach: &Reach,
) -> Result<Vec<(CompletionDocument, Option<DeploymentDocument>)>, EngineError> {
    let (store, root) = open_store(&reach.context.store, &reach.context.options).await?;
    let prefix = store::join_key(&root, &format!("monitors/{}/retraining/", watched.monitor.name));
    let keys: Vec<String> = store
        .list(&prefix)
        .await?
        .into_iter()
        .map(|meta| meta.key)
        .collect();
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
        found.push((document, deployment));
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
