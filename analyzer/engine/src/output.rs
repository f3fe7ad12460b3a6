//! Writing a run's documents: each atomically, the one that commits the run last.
//!
//! Does not make documents.

use crate::error::EngineError;
use bytes::Bytes;
use store::{Location, PutMode, StoreOptions, join_key, open_store};

/// Writes `documents` below `location`, in their order. A reader that finds the last one finds them all: whoever
/// calls puts the document that readers look for first (`verdict.json`, `baseline.profile`) at the end.
pub async fn write_all(
    location: &Location,
    options: &StoreOptions,
    documents: Vec<(&str, Vec<u8>)>,
) -> Result<Vec<String>, EngineError> {
    let (store, root) = open_store(location, options).await?;
    let mut written = Vec::with_capacity(documents.len());
    for (name, bytes) in documents {
        let key = join_key(&root, name);
        store.put(&key, Bytes::from(bytes), PutMode::Overwrite).await?;
        written.push(store.locate(&key));
    }
    Ok(written)
}
