//! Revisions of a window: claimed by what went into them.
//!
//! `r<n>/inputs.json` is created where there is none before a document is written. Who finds it there with the same
//! inputs finishes what is missing, with the same bytes; who finds other inputs takes the next revision. Does not judge.

use crate::error::{EngineError, ErrorKind};
use ::parts::ingest::Place;
use baselines::document::verdict::VERDICT_FILE;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::{PutMode, StoreErrorKind};

/// Name of the claim.
const INPUTS_FILE: &str = "inputs.json";
const MAX_BYTES: u64 = 256 << 20;

/// What a revision was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Form: `1`.
    pub version: String,
    /// Digest of the baseline.
    pub baseline: String,
    /// Content keys of the objects, in their order.
    pub contents: Vec<String>,
}

impl Inputs {
    /// Of a baseline and objects.
    pub fn new(baseline: &str, contents: Vec<String>) -> Self {
        Self {
            version: "1".to_owned(),
            baseline: baseline.to_owned(),
            contents,
        }
    }
}

/// Which revision is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// None: this one is there, whole, with these inputs.
    Written(u32),
    /// This one.
    Ours(u32),
}

/// Claims a revision below `folder` for `inputs`.
pub(super) async fn claim(place: &Place, folder: &str, inputs: &Inputs) -> Result<Claim, EngineError> {
    let bytes = serde_json::to_vec_pretty(inputs).map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the inputs of a window cannot be written").with_source(error)
    })?;
    let bytes = Bytes::from(bytes);
    // From the newest on: earlier ones may have the same inputs, where an object was replaced and put back.
    let mut revision = newest(place, folder).await?.max(1);
    loop {
        let key = format!("{folder}r{revision}/{INPUTS_FILE}");
        match place.store.put(&key, bytes.clone(), PutMode::CreateOnly).await {
            Ok(_) => return Ok(Claim::Ours(revision)),
            Err(error) if error.kind() == StoreErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
        let found = place.store.get(&key, MAX_BYTES).await?;
        if found.bytes == bytes {
            let verdict = format!("{folder}r{revision}/{VERDICT_FILE}");
            return match place.store.head(&verdict).await {
                Ok(_) => Ok(Claim::Written(revision)),
                Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(Claim::Ours(revision)),
                Err(error) => Err(error.into()),
            };
        }
        revision += 1;
    }
}

/// The newest revision that was claimed, 0 for none.
async fn newest(place: &Place, folder: &str) -> Result<u32, EngineError> {
    let keys = ::parts::merge::list(place, folder).await?;
    let revisions = keys.iter().filter_map(|key| {
        let (name, file) = key.strip_prefix(folder)?.split_once('/')?;
        (file == INPUTS_FILE).then_some(())?;
        name.strip_prefix('r')?.parse().ok()
    });
    Ok(revisions.max().unwrap_or(0))
}

/// Writes the documents of a claimed revision, the verdict last. One that is there was written by another run with the
/// same inputs, and stays.
pub(super) async fn write(
    place: &Place,
    folder: &str,
    revision: u32,
    documents: Vec<(&'static str, Vec<u8>)>,
) -> Result<(), EngineError> {
    for (name, bytes) in documents {
        let key = format!("{folder}r{revision}/{name}");
        match place
            .store
            .put(&key, Bytes::from(bytes), PutMode::CreateOnly)
            .await
        {
            Ok(_) => {}
            Err(error) if error.kind() == StoreErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
