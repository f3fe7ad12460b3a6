//! Objects in memory, for tests and for runs that keep nothing.
//!
//! It knows no clock (nothing has a modification time) and forgets everything when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::object_store::{ObjectMeta, ObjectStore, PutMode, check_key, content_etag, is_under};
use crate::read_ahead::{ObjectReader, ReadEvent, read_ahead};

const CHUNK_BYTES: usize = 1 << 20;

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<String, Stored>>,
}

#[derive(Debug, Clone)]
struct Stored {
    bytes: Bytes,
    etag: String,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Stored>> {
        // The map is never left half-changed, so a panic elsewhere while it was locked does not spoil it.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &str, operation: Operation) -> Result<Stored, StoreError> {
        self.objects().get(key).cloned().ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::NotFound,
                operation,
                self.locate(key),
                "no such object",
            )
        })
    }
}

impl Stored {
    fn meta(&self, key: &str) -> ObjectMeta {
        ObjectMeta {
            key: key.to_owned(),
            size: self.bytes.len() as u64,
            etag: Some(self.etag.clone()),
            last_modified: None,
        }
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        let objects = self.objects();
        let from_prefix = objects.range(prefix.to_owned()..);
        Ok(from_prefix
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| is_under(key, prefix))
            .map(|(key, stored)| stored.meta(key))
            .collect())
    }

    async fn open(&self, key: &str) -> Result<ObjectReader, StoreError> {
        let stored = self.find(key, Operation::Read)?;
        let n_chunks = stored.bytes.len().div_ceil(CHUNK_BYTES);
        let (sender, reader) = read_ahead(stored.meta(key), self.locate(key), n_chunks + 1);
        let mut rest = stored.bytes;
        const FITS: &str = "the channel has room for every chunk and the end, and its reader is held here";
        while !rest.is_empty() {
            let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
            sender
                .try_send(ReadEvent::Chunk(chunk))
                .map_err(|_| ())
                .expect(FITS);
        }
        sender
            .try_send(ReadEvent::End { etag: stored.etag })
            .map_err(|_| ())
            .expect(FITS);
        Ok(reader)
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<String, StoreError> {
        check_key(key, Operation::Write, self.locate(key))?;
        let refused = |kind, detail: &'static str| {
            Err(StoreError::new(kind, Operation::Write, self.locate(key), detail))
        };
        let mut objects = self.objects();
        let current = objects.get(key).map(|stored| stored.etag.as_str());
        match (&mode, current) {
            (PutMode::CreateOnly, Some(_)) => {
                return refused(StoreErrorKind::AlreadyExists, "the object already exists");
            }
            (PutMode::IfMatch(etag), current) if current != Some(etag.as_str()) => {
                return refused(
                    StoreErrorKind::PreconditionFailed,
                    "the object is not the expected version",
                );
            }
            _ => {}
        }
        let etag = content_etag(&bytes);
        objects.insert(
            key.to_owned(),
            Stored {
                bytes,
                etag: etag.clone(),
            },
        );
        Ok(etag)
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        Ok(self.find(key, Operation::Head)?.meta(key))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.objects().remove(key);
        Ok(())
    }

    fn locate(&self, key: &str) -> String {
        format!("memory:{key}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::MemoryStore;
    use crate::object_store::{ObjectStore, PutMode};

    #[tokio::test(flavor = "multi_thread")]
    async fn keeps_every_promise() {
        crate::conformance::check_store(Arc::new(MemoryStore::new())).await;
    }

    #[tokio::test]
    async fn an_object_and_a_folder_of_the_same_name_are_both_listed() {
        let store = MemoryStore::new();
        for key in ["a", "a/b", "ab"] {
            store.put(key, Bytes::new(), PutMode::Overwrite).await.unwrap();
        }
        let keys = |objects: Vec<super::ObjectMeta>| -> Vec<_> {
            objects.into_iter().map(|object| object.key).collect()
        };
        assert_eq!(keys(store.list("a").await.unwrap()), ["a", "a/b"]);
        assert_eq!(keys(store.list("a/").await.unwrap()), ["a/b"]);
    }
}
