//! Revisions of a window's quality: `r1`, `r2`, … below one folder, and `latest.json`, which names the newest.
//!
//! A revision is written once and never changed; `latest.json` is written last, atomically, so readers that follow it
//! find everything it names. The same joined set judged the same way is no new revision. A run claims its folder first
//! (`revision.json`, created only where there is none), so no two runs write into one: what a crash left behind is
//! passed over, is never named, and is removed by the next run that gets through. Does not make documents.

use crate::error::{EngineError, ErrorKind};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Location, ObjectStore, PutMode, StoreErrorKind, StoreOptions, join_key, open_store};

/// The pointer's file name.
pub const LATEST_FILE: &str = "latest.json";
/// The claim's file name, the first in a revision's folder.
pub const REVISION_FILE: &str = "revision.json";
const MAX_POINTER_BYTES: u64 = 1 << 20;
/// Folders tried one after the other; more runs than this never fail at once.
const MAX_CLAIMS: u32 = 1_000;

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
    /// Every revision that was finished, ascending. Folders between them are what crashed runs left, or run now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<u32>,
}

impl Latest {
    /// Numbers of the revisions that were finished, ascending: what a reader may look at.
    pub fn finished(&self) -> Vec<u32> {
        if self.revisions.is_empty() {
            (1..=self.revision).collect()
        } else {
            self.revisions.clone()
        }
    }
}

/// `revision.json`: whose folder it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Claim<'a> {
    version: &'static str,
    revision: u32,
    digest: &'a str,
    window: &'a PointedWindow,
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
    Ok(pointer(output, options).await?.map(|(latest, _)| latest))
}

/// The pointer and its entity tag.
async fn pointer(output: &Location, options: &StoreOptions) -> Result<Option<(Latest, String)>, EngineError> {
    let (store, root) = open_store(output, options).await?;
    pointer_in(&store, &root).await
}

async fn pointer_in(
    store: &Arc<dyn ObjectStore>,
    root: &str,
) -> Result<Option<(Latest, String)>, EngineError> {
    let object = match store.get(&join_key(root, LATEST_FILE), MAX_POINTER_BYTES).await {
        Ok(object) => object,
        Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let parsed = serde_json::from_slice(&object.bytes).map(|latest| Some((latest, object.etag.clone())));
    parsed.map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{} cannot be read", store.locate(&join_key(root, LATEST_FILE))),
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

/// The revision being written.
pub(crate) struct Revision {
    store: Arc<dyn ObjectStore>,
    root: String,
    number: u32,
    folder: String,
    digest: String,
    window: PointedWindow,
    /// Entity tag of the pointer as it was found; `None` where there was none.
    found: Option<String>,
    /// Revisions that were finished before.
    finished: Vec<u32>,
    places: Vec<String>,
}

/// What a run is to do.
pub(crate) enum Next {
    /// The newest revision says the same.
    Same(Written),
    /// Write this one.
    Write(Box<Revision>),
}

impl Revision {
    /// The next revision below `root`, its folder claimed, unless the newest has this digest.
    pub(crate) async fn next(
        store: Arc<dyn ObjectStore>,
        root: String,
        digest: &str,
        window: PointedWindow,
    ) -> Result<Next, EngineError> {
        let (before, found) = pointer_in(&store, &root).await?.unzip();
        if let Some(before) = before.as_ref().filter(|before| before.digest == digest) {
            return Ok(Next::Same(Written {
                revision: before.revision,
                is_new: false,
                places: vec![store.locate(&join_key(&root, &before.folder))],
            }));
        }
        let newest = before.as_ref().map_or(0, |before| before.revision);
        let finished = before.as_ref().map(Latest::finished).unwrap_or_default();
        for number in newest + 1..=newest.saturating_add(MAX_CLAIMS) {
            let claim = Claim {
                version: "1",
                revision: number,
                digest,
                window: &window,
            };
            let key = join_key(&root, &format!("r{number}/{REVISION_FILE}"));
            let bytes = to_bytes(REVISION_FILE, &claim)?;
            match store.put(&key, Bytes::from(bytes), PutMode::CreateOnly).await {
                Ok(_) => {
                    return Ok(Next::Write(Box::new(Self {
                        store,
                        root,
                        number,
                        folder: format!("r{number}"),
                        digest: digest.to_owned(),
                        window,
                        found,
                        finished,
                        places: Vec::new(),
                    })));
                }
                Err(error) if error.kind() == StoreErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::new(
            ErrorKind::Storage,
            format!("{MAX_CLAIMS} folders behind r{newest} are taken by runs that never ended"),
        )
        .with_hint("remove the folders that latest.json does not name under `revisions`"))
    }

    /// Puts a document into the revision's folder.
    pub(crate) async fn put(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), EngineError> {
        let key = join_key(&self.root, &format!("{}/{name}", self.folder));
        self.store
            .put(&key, Bytes::from(bytes), PutMode::Overwrite)
            .await?;
        self.places.push(self.store.locate(&key));
        Ok(())
    }

    /// Moves the pointer here: from now on readers find this revision.
    pub(crate) async fn commit(mut self) -> Result<Written, EngineError> {
        let abandoned = self.finished.last().copied().unwrap_or(0) + 1..self.number;
        self.finished.push(self.number);
        let pointer = Latest {
            version: "1".to_owned(),
            revision: self.number,
            folder: self.folder,
            digest: self.digest,
            window: self.window,
            revisions: self.finished,
        };
        let bytes = to_bytes(LATEST_FILE, &pointer)?;
        let key = join_key(&self.root, LATEST_FILE);
        let mode = self.found.map_or(PutMode::CreateOnly, PutMode::IfMatch);
        self.store
            .put(&key, Bytes::from(bytes), mode)
            .await
            .map_err(|error| match error.kind() {
                StoreErrorKind::AlreadyExists | StoreErrorKind::PreconditionFailed => EngineError::new(
                    ErrorKind::Storage,
                    format!(
                        "another run moved {LATEST_FILE} while revision {} was written",
                        self.number
                    ),
                )
                .with_hint("run again: labels that it did not have make the next revision"),
                _ => error.into(),
            })?;
        self.places.push(self.store.locate(&key));
        remove(&self.store, &self.root, abandoned).await;
        Ok(Written {
            revision: self.number,
            is_new: true,
            places: self.places,
        })
    }
}

/// Removes folders that no pointer will ever name: whoever writes them found the pointer before it moved, so their commit
/// fails. Best effort: what stays harms nobody.
async fn remove(store: &Arc<dyn ObjectStore>, root: &str, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let folder = join_key(root, &format!("r{number}/"));
        for object in store.list(&folder).await.unwrap_or_default() {
            let _stays = store.delete(&object.key).await;
        }
    }
}

fn to_bytes(name: &str, document: &impl Serialize) -> Result<Vec<u8>, EngineError> {
    let mut bytes = serde_json::to_vec_pretty(document).map_err(|error| {
        EngineError::new(ErrorKind::Internal, format!("{name} cannot be written")).with_source(error)
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
#[path = "revision_tests.rs"]
mod tests;
