//! Writing a file so that nobody ever sees half of it.
//!
//! The content goes to a temporary file in the same folder, is synced, and takes its name in one step: a hard link
//! where the name must be new, a rename otherwise. The step happens under a lock on the folder, so that "replace this
//! version" cannot lose another writer's version, in this process or another one on the same machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use xxhash_rust::xxh3::Xxh3;

use super::{blocking, is_absent};
use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::object_store::{PutMode, content_etag, format_etag};

/// Whether a file name is one of ours for content that has not taken its own name (yet, or since a crash).
pub(super) fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED)
}

const UNFINISHED: &str = ".driftline-unfinished-";

/// How a write ended that the file system did not refuse.
enum Outcome {
    Written(String),
    Exists,
    Differs,
}

pub(super) async fn put(
    path: PathBuf,
    location: String,
    bytes: Bytes,
    mode: PutMode,
) -> Result<String, StoreError> {
    let refused =
        |kind, location, detail: &'static str| Err(StoreError::new(kind, Operation::Write, location, detail));
    let shown = location.clone();
    let outcome = blocking(Operation::Write, location, move |location| {
        write(&path, &bytes, &mode).map_err(|error| (location, error))
    });
    match outcome.await? {
        Outcome::Written(etag) => Ok(etag),
        Outcome::Exists => refused(StoreErrorKind::AlreadyExists, shown, "the object already exists"),
        Outcome::Differs => refused(
            StoreErrorKind::PreconditionFailed,
            shown,
            "the object is not the expected version",
        ),
    }
}

pub(super) async fn delete(path: PathBuf, location: String) -> Result<(), StoreError> {
    blocking(Operation::Delete, location, move |location| {
        let removed = lock_folder(folder_of(&path)).and_then(|_lock| fs::remove_file(&path));
        match removed {
            // A folder is no object, so there is nothing to remove.
            Err(error) if is_absent(&error) || error.kind() == io::ErrorKind::IsADirectory => Ok(()),
            Err(error) => Err((location, error)),
            Ok(()) => Ok(()),
        }
    })
    .await
}

fn write(path: &Path, bytes: &[u8], mode: &PutMode) -> io::Result<Outcome> {
    let folder = folder_of(path);
    if matches!(mode, PutMode::IfMatch(_)) && !path.try_exists()? {
        return Ok(Outcome::Differs);
    }
    fs::create_dir_all(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
        _ => error,
    })?;
    let temporary = Temporary::create(folder)?;
    let mut file = &temporary.file;
    file.write_all(bytes)?;
    file.sync_all()?;
    let lock = lock_folder(folder)?;
    match mode {
        PutMode::Overwrite => fs::rename(&temporary.path, path)?,
        PutMode::CreateOnly => match fs::hard_link(&temporary.path, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Outcome::Exists),
            // Without hard links (some network file systems) the lock alone keeps writers apart.
            Err(_) if path.try_exists()? => return Ok(Outcome::Exists),
            Err(_) => fs::rename(&temporary.path, path)?,
        },
        PutMode::IfMatch(expected) => {
            if etag_of_file(path)?.as_ref() != Some(expected) {
                return Ok(Outcome::Differs);
            }
            fs::rename(&temporary.path, path)?;
        }
    }
    lock.sync()?;
    Ok(Outcome::Written(content_etag(bytes)))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn etag_of_file(path: &Path) -> io::Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(format_etag(hash.digest128()))),
            n_bytes => hash.update(&buffer[..n_bytes]),
        }
    }
}

/// A locked folder; the lock ends when this is dropped.
struct FolderLock(File);

fn lock_folder(folder: &Path) -> io::Result<FolderLock> {
    let handle = File::open(folder)?;
    match handle.lock() {
        // Where folders cannot be locked, links and renames are still atomic; only "replace this version" is then
        // no stronger than its check.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(FolderLock(handle)),
    }
}

impl FolderLock {
    /// Makes the new name survive a crash.
    fn sync(&self) -> io::Result<()> {
        match self.0.sync_all() {
            // Some file systems cannot sync a folder (`EINVAL`); the content itself is synced.
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => Err(error),
            _ => Ok(()),
        }
    }
}

/// A file under a name nobody else uses; removed when dropped, unless a rename took it away.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(folder: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{UNFINISHED}{}-{number}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already after a rename; if it cannot be removed, listings still leave it out.
        drop(fs::remove_file(&self.path));
    }
}
