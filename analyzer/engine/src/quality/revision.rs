//! Revisions of a window's quality: `r1`, `r2`, … below one folder, and `latest.json`, which names the newest.
//!
//! A revision is written once and never changed; `latest.json` is written last, atomically, so readers that follow it
//! find everything it names. The same joined set judged the same way is no new revision. Does not make documents.

use crate::error::{EngineError, ErrorKind};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::{Location, PutMode, StoreErrorKind, StoreOptions, join_key, open_store};

/// The pointer's file name.
pub const LATEST_FILE: &str = "latest.json";
const MAX_POINTER_BYTES: u64 = 1 << 20;

/// `latest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// Format; `"1"`.
    pub version: String,
    /// Newest revision, from 1.
    pub revision: u32,
    /// Its folder below the pointer's.
    pub folder: String,
    /// Digest of what was joined and how it was judged.
    pub digest: String,
    /// The window, as it was asked for.
    pub window: PointedWindow,
}

/// A window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointedWindow {
    /// First time inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// First time outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// What became of a run's documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The revision that holds the result.
    pub revision: u32,
    /// Whether this run made it.
    pub is_new: bool,
    /// Where everything is.
    pub places: Vec<String>,
}

/// The pointer at `output`, if there is one.
pub async fn latest(output: &Location, options: &StoreOptions) -> Result<Option<Latest>, EngineError> {
    let (store, root) = open_store(output, options).await?;
    let object = match store.get(&join_key(&root, LATEST_FILE), MAX_POINTER_BYTES).await {
        Ok(object) => object,
        Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    serde_json::from_slice(&object.bytes).map(Some).map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{LATEST_FILE} at {output} cannot be read"),
        )
        .with_hint(
            "it is written by `driftline quality`; remove it to begin again with the next free revision",
        )
        .with_source(error)
    })
}

/// Refuses an output folder that holds another window.
pub fn refuse_other_window(
    output: &Location,
    found: Option<&Latest>,
    window: &PointedWindow,
) -> Result<(), EngineError> {
    let Some(found) = found.filter(|found| found.window != *window) else {
        return Ok(());
    };
    let shown = |window: &PointedWindow| {
        let side = |time: &Option<String>| time.clone().unwrap_or_else(|| "…".to_owned());
        format!("{} to {}", side(&window.start), side(&window.end))
    };
    Err(EngineError::new(
        ErrorKind::Usage,
        format!(
            "--output {output} holds the window {}, and this run is of {}",
            shown(&found.window),
            shown(window)
        ),
    )
    .with_hint(
        "give each window a folder of its own; `--history` lets them share what is known of label delays",
    ))
}

/// Writes `documents` as the next revision and then moves the pointer, unless the newest revision has the same digest.
pub async fn write_revision(
    output: &Location,
    options: &StoreOptions,
    digest: &str,
    window: PointedWindow,
    documents: Vec<(String, Vec<u8>)>,
) -> Result<Written, EngineError> {
    let before = latest(output, options).await?;
    let (store, root) = open_store(output, options).await?;
    if let Some(before) = before.as_ref().filter(|before| before.digest == digest) {
        return Ok(Written {
            revision: before.revision,
            is_new: false,
            places: vec![store.locate(&join_key(&root, &before.folder))],
        });
    }
    let revision = before.map_or(0, |before| before.revision) + 1;
    let folder = format!("r{revision}");
    let mut places = Vec::with_capacity(documents.len() + 1);
    for (name, bytes) in documents {
        let key = join_key(&root, &format!("{folder}/{name}"));
        store.put(&key, Bytes::from(bytes), PutMode::Overwrite).await?;
        places.push(store.locate(&key));
    }
    let pointer = Latest {
        version: "1".to_owned(),
        revision,
        folder,
        digest: digest.to_owned(),
        window,
    };
    let mut bytes = serde_json::to_vec_pretty(&pointer).map_err(|error| {
        EngineError::new(ErrorKind::Internal, format!("{LATEST_FILE} cannot be written")).with_source(error)
    })?;
    bytes.push(b'\n');
    let key = join_key(&root, LATEST_FILE);
    store.put(&key, Bytes::from(bytes), PutMode::Overwrite).await?;
    places.push(store.locate(&key));
    Ok(Written {
        revision,
        is_new: true,
        places,
    })
}
