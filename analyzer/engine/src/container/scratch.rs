//! A folder for what a job makes on the way: removed when the job is over.
//!
//! Below the system's folder for temporary files; objects in it appear whole, as in every store.

use crate::error::{EngineError, ErrorKind};
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{Location, ObjectStore, PutMode, StoreOptions, open_store};

static N_FOLDERS: AtomicU32 = AtomicU32::new(0);

/// The folder.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
    pub(crate) store: Arc<dyn ObjectStore>,
}

impl Scratch {
    pub(crate) async fn open(options: &StoreOptions) -> Result<Self, EngineError> {
        let number = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("driftline-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| {
            EngineError::new(
                ErrorKind::Storage,
                format!(
                    "the folder {} for intermediate files cannot be made",
                    path.display()
                ),
            )
            .with_source(error)
            .with_hint("TMPDIR names a folder that may be written")
        })?;
        let (store, _) = open_store(&Location::local(&path)?, options).await?;
        Ok(Self { path, store })
    }

    /// Writes an object; gives its size.
    pub(crate) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<u64, EngineError> {
        let size = bytes.len() as u64;
        self.store
            .put(key, Bytes::from(bytes), PutMode::Overwrite)
            .await?;
        Ok(size)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed goes with the machine.
        let _left_over = std::fs::remove_dir_all(&self.path);
    }
}
