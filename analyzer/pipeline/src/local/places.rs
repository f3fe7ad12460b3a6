//! What a URI stands for on this machine. Never reaches a network.

use crate::error::PipelineError;
use std::path::{Path, PathBuf};

/// Where `s3://` URIs lie.
#[derive(Debug, Clone)]
pub struct Places {
    objects: PathBuf,
}

impl Places {
    /// `s3://bucket/key` is `objects/bucket/key`.
    pub fn new(objects: impl Into<PathBuf>) -> Self {
        Self {
            objects: objects.into(),
        }
    }

    /// The path a URI stands for.
    pub fn path(&self, uri: &str) -> Result<PathBuf, String> {
        if let Some(rest) = uri.strip_prefix("s3://") {
            // A key is no path of this machine: it never leaves the folder that stands for S3.
            if Path::new(rest)
                .components()
                .any(|part| part == std::path::Component::ParentDir)
            {
                return Err(format!("`{uri}` leads upwards"));
            }
            return Ok(self.objects.join(rest.trim_end_matches('/')));
        }
        if let Some(rest) = uri.strip_prefix("file://") {
            Ok(PathBuf::from(rest))
        } else if uri.contains("://") {
            Err(format!("`{uri}` is no s3:// URI, file:// URI or path"))
        } else {
            Ok(PathBuf::from(uri))
        }
    }
}

/// Copies a file into the folder `to`, or what a folder contains. Links are refused, as SageMaker refuses them.
pub(super) fn copy_into(from: &Path, to: &Path) -> Result<u64, PipelineError> {
    std::fs::create_dir_all(to).map_err(PipelineError::io("making the folder", to))?;
    let meta = std::fs::symlink_metadata(from).map_err(PipelineError::io("reading", from))?;
    if meta.is_file() {
        let name = from.file_name().unwrap_or_default();
        let target = to.join(name);
        std::fs::copy(from, &target).map_err(PipelineError::io("copying to", target))?;
        return Ok(1);
    }
    if meta.is_symlink() {
        return Err(PipelineError::Io {
            action: "refusing the symbolic link",
            path: from.to_owned(),
            source: std::io::Error::other("links do not leave a job"),
        });
    }
    let mut n = 0;
    let mut entries: Vec<_> = std::fs::read_dir(from)
        .and_then(Iterator::collect::<Result<_, _>>)
        .map_err(PipelineError::io("listing", from))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let below = if path.is_dir() {
            to.join(entry.file_name())
        } else {
            to.to_owned()
        };
        n += copy_into(&path, &below)?;
    }
    Ok(n)
}

/// Writes `bytes` so that a reader sees all of them or nothing.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), PipelineError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(PipelineError::io("making the folder", parent))?;
    }
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes).map_err(PipelineError::io("writing", &partial))?;
    std::fs::rename(&partial, path).map_err(PipelineError::io("writing", path))
}

/// Writes `value` as JSON, atomically.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), PipelineError> {
    let mut text = serde_json::to_vec_pretty(value).expect("documents of a job are plain JSON");
    text.push(b'\n');
    write(path, &text)
}
