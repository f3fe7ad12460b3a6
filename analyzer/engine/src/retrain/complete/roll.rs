//! Rolling a baseline: the new model's own documents become a version below the baseline's folder, and `current.json`
//! points at it.
//!
//! The version is written before the pointer, the pointer by a conditional write: a reader sees the old baseline or the
//! whole new one. Does not decide whether it should be rolled.

use crate::baseline::{self, BASELINE_FILE};
use crate::error::{EngineError, ErrorKind};
use baselines::document::retrain::{
    BaselineVersionTwin, CurrentBaselineDocument, PackageTwin, RetrainDocument as _, VERSION,
};
use bytes::Bytes;
use store::{Location, PutMode, StoreErrorKind, StoreOptions, join_key, open_store};

const MAX_BYTES: u64 = 1 << 30;
const ROUNDS: usize = 8;

/// For whom a baseline is rolled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause<'a> {
    pub(super) monitor: &'a str,
    pub(super) incident: &'a str,
    /// When, as documents have it.
    pub(super) at: &'a str,
}

/// Makes the documents at `from` the newest version of the baseline at `baseline`; gives where it lies. Rolling the same
/// package again gives the version it has.
pub(super) async fn roll(
    baseline: &Location,
    from: &Location,
    package: &PackageTwin,
    cause: Cause<'_>,
    options: &StoreOptions,
) -> Result<Location, EngineError> {
    let (store, root) = open_store(baseline, options).await?;
    let pointer = join_key(&root, CurrentBaselineDocument::FILE);
    for _ in 0..ROUNDS {
        let found = match store.get(&pointer, MAX_BYTES).await {
            Ok(object) => Some(object),
            Err(error) if error.kind() == StoreErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let etag = found.as_ref().map(|object| object.etag.clone());
        let before = found
            .map(|object| CurrentBaselineDocument::from_bytes(&object.bytes))
            .transpose()
            .map_err(|error| {
                EngineError::new(ErrorKind::Usage, format!("{}: {error}", store.locate(&pointer)))
            })?;
        let mut history = before.map(|before| before.history).unwrap_or_default();
        let has = |version: &BaselineVersionTwin| {
            version.package == package.arn && version.incident == cause.incident
        };
        if let Some(version) = history.iter().find(|version| has(version)) {
            return Ok(baseline.join(&folder(version.number)));
        }
        let number = history.iter().map(|version| version.number).max().unwrap_or(1) + 1;
        let folder = folder(number);
        let version = baseline.join(&folder);
        copy(from, &version, options).await?;
        // What cannot be read is not pointed at.
        baseline::load(&version, options).await?;
        history.push(BaselineVersionTwin {
            number,
            package: package.arn.clone(),
            monitor: cause.monitor.to_owned(),
            incident: cause.incident.to_owned(),
            since: cause.at.to_owned(),
        });
        let document = CurrentBaselineDocument {
            version: VERSION.to_owned(),
            number,
            folder,
            history,
        };
        let bytes = document.to_bytes().map_err(|error| {
            EngineError::new(ErrorKind::Internal, "current.json cannot be written").with_source(error)
        })?;
        let mode = etag.map_or(PutMode::CreateOnly, PutMode::IfMatch);
        match store.put(&pointer, Bytes::from(bytes), mode).await {
            Ok(_) => return Ok(version),
            Err(error)
                if matches!(
                    error.kind(),
                    StoreErrorKind::AlreadyExists | StoreErrorKind::PreconditionFailed
                ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(EngineError::new(
        ErrorKind::Storage,
        format!("the baseline at {baseline} was changed by others while it was rolled, {ROUNDS} times over"),
    )
    .with_hint("run again"))
}

fn folder(number: u32) -> String {
    format!("versions/{number}")
}

/// Copies every document, `baseline.profile` last.
async fn copy(from: &Location, to: &Location, options: &StoreOptions) -> Result<(), EngineError> {
    let (source, below) = open_store(from, options).await?;
    let prefix = if below.is_empty() {
        String::new()
    } else {
        format!("{}/", below.trim_end_matches('/'))
    };
    let mut keys: Vec<String> = source
        .list(&prefix)
        .await?
        .into_iter()
        .map(|meta| meta.key)
        .collect();
    keys.sort_by_key(|key| (key.ends_with(BASELINE_FILE), key.clone()));
    if !keys.iter().any(|key| key.ends_with(BASELINE_FILE)) {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("the package's baseline at {from} has no {BASELINE_FILE}"),
        )
        .with_hint(
            "the pipeline's step Baseline writes it; `driftline:baseline` of the package names the folder",
        ));
    }
    let (target, root) = open_store(to, options).await?;
    for key in keys {
        let name = key.strip_prefix(&prefix).unwrap_or(&key);
        if name == CurrentBaselineDocument::FILE || name.starts_with("versions/") {
            continue;
        }
        let object = source.get(&key, MAX_BYTES).await?;
        target
            .put(&join_key(&root, name), object.bytes, PutMode::Overwrite)
            .await?;
    }
    Ok(())
}
