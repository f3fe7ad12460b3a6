//! What a store promises, whichever backend it has; `conformance` checks every sentence of it.
//!
//! The trait does not know locations: a store is opened for one folder, bucket or prefix, and speaks in keys below it.

use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::{Operation, StoreError, StoreErrorKind};
pub use crate::read_ahead::ObjectReader;

/// Objects by key, under one folder or prefix.
///
/// Keys are `/`-separated, relative, and compared as bytes. A key that is written must have no empty, `.` or `..` part,
/// no control character, and at most 1,024 bytes ([`StoreErrorKind::InvalidLocation`] otherwise). An object appears
/// whole or not at all: readers never see half a write.
#[async_trait]
pub trait ObjectStore: fmt::Debug + Send + Sync {
    /// Every object named `prefix` or below it as a folder, sorted by key; all objects for the empty prefix.
    ///
    /// `a/b` finds `a/b` and `a/b/c`, never `a/bc`; `a/b/` finds only what is below (and saves S3 a request). A prefix
    /// without objects gives an empty list. Errors: [`StoreErrorKind::NotFound`] when the store's own folder or bucket
    /// does not exist.
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError>;

    /// Names of the folders directly below `prefix`, which ends in `/`; sorted. A store that can ask for them alone does.
    async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = Vec::new();
        for meta in self.list(prefix).await? {
            let below = meta
                .key
                .strip_prefix(prefix)
                .and_then(|rest| rest.split_once('/'));
            if let Some((name, _)) = below
                && names.last().is_none_or(|last| last != name)
            {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Starts reading an object; its bytes come in chunks, in order, at most a few read ahead.
    ///
    /// A connection that drops is taken up again where it broke, on the same version of the object or not at all.
    async fn open(&self, key: &str) -> Result<ObjectReader, StoreError>;

    /// A whole object of at most `max_bytes`, with its entity tag. Errors: [`StoreErrorKind::TooLarge`] beyond that.
    async fn get(&self, key: &str, max_bytes: u64) -> Result<Object, StoreError> {
        self.open(key).await?.read_to_end(max_bytes).await
    }

    /// Writes an object at once and gives its new entity tag.
    ///
    /// Errors: [`StoreErrorKind::AlreadyExists`] and [`StoreErrorKind::PreconditionFailed`] as [`PutMode`] says.
    /// A write that was retried after a lost answer can report `AlreadyExists` for its own object: content-keyed
    /// writers treat that as success.
    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<String, StoreError>;

    /// Size, time and (where it costs nothing) entity tag of an object.
    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError>;

    /// The version of the object, where the store keeps versions and its entity tag is still this one; else `None`.
    async fn version_of(&self, _key: &str, _etag: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// Removes an object; a missing one is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// The location of `key` as a person would write it, for messages.
    fn locate(&self, key: &str) -> String;
}

/// What a listing says about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Key within the store.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// Entity tag without quotes: equal tags mean equal bytes. `None` where finding out means reading the object (a
    /// local listing); [`ObjectReader::etag`] has it after the last chunk.
    pub etag: Option<String>,
    /// When it was last written, where the store keeps that.
    pub last_modified: Option<SystemTime>,
}

/// A whole object.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// Its content.
    pub bytes: Bytes,
    /// Its entity tag without quotes, to be used with [`PutMode::IfMatch`].
    pub etag: String,
}

/// Without the content: it is somebody's data.
impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Object")
            .field("n_bytes", &self.bytes.len())
            .field("etag", &self.etag)
            .finish_non_exhaustive()
    }
}

/// When a write may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutMode {
    /// Always.
    Overwrite,
    /// Only where there is no object: of many concurrent writers exactly one succeeds, all others get
    /// [`StoreErrorKind::AlreadyExists`].
    CreateOnly,
    /// Only over the object with this entity tag; otherwise, and when there is none,
    /// [`StoreErrorKind::PreconditionFailed`].
    IfMatch(String),
}

/// `relative` below `root`, where `root` is what `open_store` gave (possibly empty).
pub fn join_key(root: &str, relative: &str) -> String {
    match root.trim_end_matches('/') {
        "" => relative.to_owned(),
        root => format!("{root}/{relative}"),
    }
}

/// `key` without the folder `root`; the last part of `key` when it is `root` itself.
pub fn strip_root<'key>(root: &str, key: &'key str) -> &'key str {
    let root = root.trim_end_matches('/');
    if root.is_empty() {
        return key;
    }
    match key.strip_prefix(root) {
        Some("") => key.rsplit('/').next().unwrap_or(key),
        Some(below) => below.strip_prefix('/').unwrap_or(key),
        None => key,
    }
}

/// Entity tag of content that has none from a service: XXH3-128, so that equal bytes have equal tags on any machine.
pub(crate) fn content_etag(bytes: &[u8]) -> String {
    format_etag(xxhash_rust::xxh3::xxh3_128(bytes))
}

pub(crate) fn format_etag(digest: u128) -> String {
    format!("xxh3-{digest:032x}")
}

/// Refuses keys that would leave the store's folder, and for writing those that not every backend could hold.
pub(crate) fn check_key(key: &str, operation: Operation, location: String) -> Result<(), StoreError> {
    let found = if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "a key with an empty, `.` or `..` part"
    } else if operation != Operation::Write {
        return Ok(());
    } else if key.len() > 1024 {
        "a key of more than 1,024 bytes"
    } else if key.chars().any(char::is_control) {
        "a key with a control character"
    } else {
        return Ok(());
    };
    Err(StoreError::new(
        StoreErrorKind::InvalidLocation,
        operation,
        location,
        format!("found {found}, expected parts separated by single slashes"),
    ))
}

/// Whether `key` is `prefix` itself or below it as a folder.
pub(crate) fn is_under(key: &str, prefix: &str) -> bool {
    match key.strip_prefix(prefix) {
        Some(rest) => prefix.is_empty() || prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}
