//! Objects as files in a folder.
//!
//! File system calls run on the runtime's blocking threads. Writing is in [`write`], reading in [`read`]; neither
//! knows about the other, because a file under a key is always complete.

mod read;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::location::Location;
use crate::object_store::{ObjectMeta, ObjectStore, PutMode, check_key};
use crate::read_ahead::ObjectReader;

/// A store over one folder, which need not exist before the first write.
///
/// Hidden files are objects like others; only this store's own unfinished writes are left out of listings. Links are
/// followed. An object and a folder cannot have the same name here, which S3 allows.
#[derive(Debug, Clone)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// The store over `folder`. Errors: [`StoreErrorKind::InvalidLocation`] when it is not a local path.
    pub fn new(folder: &Location) -> Result<Self, StoreError> {
        folder.to_path_buf().map(|root| Self { root }).ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::InvalidLocation,
                Operation::Connect,
                folder.to_string(),
                "found an S3 location, expected a local folder",
            )
        })
    }

    fn path(&self, key: &str, operation: Operation) -> Result<PathBuf, StoreError> {
        check_key(key, operation, self.locate(key))?;
        Ok(self.root.join(key))
    }
}

#[async_trait]
impl ObjectStore for LocalStore {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        let location = self.locate(prefix);
        let folder_only = prefix.is_empty() || prefix.ends_with('/');
        let key = prefix.trim_end_matches('/').to_owned();
        let path = if key.is_empty() {
            self.root.clone()
        } else {
            self.path(&key, Operation::List)?
        };
        let root = self.root.clone();
        blocking(Operation::List, location, move |_| {
            if !fs::metadata(&root)
                .map_err(|error| (root.display().to_string(), error))?
                .is_dir()
            {
                return Err((root.display().to_string(), io::ErrorKind::NotADirectory.into()));
            }
            let mut found = Vec::new();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => list_folder(&path, &key, &mut Vec::new(), &mut found)?,
                Ok(metadata) if metadata.is_file() && !folder_only => found.push(file_meta(key, &metadata)),
                Err(error) if !is_absent(&error) => return Err((path.display().to_string(), error)),
                _ => {}
            }
            found.sort_unstable_by(|left, right| left.key.cmp(&right.key));
            Ok(found)
        })
        .await
    }

    async fn open(&self, key: &str) -> Result<ObjectReader, StoreError> {
        let path = self.path(key, Operation::Read)?;
        read::open(path, key.to_owned(), self.locate(key)).await
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<String, StoreError> {
        let path = self.path(key, Operation::Write)?;
        write::put(path, self.locate(key), bytes, mode).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        let path = self.path(key, Operation::Head)?;
        let key_of_meta = key.to_owned();
        blocking(Operation::Head, self.locate(key), move |location| {
            let metadata = fs::metadata(&path).map_err(|error| (location.clone(), error))?;
            if !metadata.is_file() {
                return Err((location, io::ErrorKind::IsADirectory.into()));
            }
            Ok(file_meta(key_of_meta, &metadata))
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key, Operation::Delete)?;
        write::delete(path, self.locate(key)).await
    }

    fn locate(&self, key: &str) -> String {
        self.root.join(key).display().to_string()
    }
}

/// Runs file system calls on a blocking thread. The work says which path an error belongs to.
async fn blocking<T: Send + 'static>(
    operation: Operation,
    location: String,
    work: impl FnOnce(String) -> Result<T, (String, io::Error)> + Send + 'static,
) -> Result<T, StoreError> {
    let asked = location.clone();
    match tokio::task::spawn_blocking(move || work(asked)).await {
        Ok(result) => result.map_err(|(location, error)| StoreError::from_io(operation, location, error)),
        Err(stopped) => Err(StoreError::new(
            StoreErrorKind::Other,
            operation,
            location,
            "the runtime is shutting down",
        )
        .with_source(stopped)),
    }
}

fn file_meta(key: String, metadata: &fs::Metadata) -> ObjectMeta {
    ObjectMeta {
        key,
        size: metadata.len(),
        etag: None,
        last_modified: metadata.modified().ok(),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Adds all files below `folder`. `ancestors` are the real folders above, so that a link to one of them ends there.
fn list_folder(
    folder: &Path,
    key: &str,
    ancestors: &mut Vec<PathBuf>,
    found: &mut Vec<ObjectMeta>,
) -> Result<(), (String, io::Error)> {
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |error| (path, error)
    };
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    for entry in entries {
        let entry = entry.map_err(at(folder))?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            return Err((path.display().to_string(), io::ErrorKind::InvalidFilename.into()));
        };
        if write::is_unfinished(&name) {
            continue;
        }
        let file_type = entry.file_type().map_err(at(&path))?;
        let is_link = file_type.is_symlink();
        // A file may vanish between the listing and this look at it: then it is not there.
        let metadata = match if is_link {
            fs::metadata(&path)
        } else {
            entry.metadata()
        } {
            Ok(metadata) => metadata,
            Err(error) if is_absent(&error) => continue,
            Err(error) => return Err(at(&path)(error)),
        };
        let key = if key.is_empty() {
            name
        } else {
            format!("{key}/{name}")
        };
        if metadata.is_file() {
            found.push(file_meta(key, &metadata));
        } else if metadata.is_dir() {
            let real = if is_link {
                fs::canonicalize(&path).map_err(at(&path))?
            } else {
                path.clone()
            };
            if is_link {
                let here = fs::canonicalize(folder).map_err(at(folder))?;
                if here.starts_with(&real) || ancestors.contains(&real) {
                    continue;
                }
            }
            ancestors.push(real);
            list_folder(&path, &key, ancestors, found)?;
            ancestors.pop();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
