//! A store that counts what is asked of it: for reports, and for tests that state how many requests an answer costs.
//!
//! It counts calls of [`ObjectStore`], not what a backend makes of them (list pages, retries).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::StoreError;
use crate::object_store::{ObjectMeta, ObjectStore, PutMode};
use crate::read_ahead::ObjectReader;

/// Passes every call on to another store and counts it.
#[derive(Debug, Clone)]
pub struct CountingStore {
    inner: Arc<dyn ObjectStore>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    lists: AtomicU64,
    reads: AtomicU64,
    writes: AtomicU64,
    heads: AtomicU64,
    deletes: AtomicU64,
    read_bytes: Arc<AtomicU64>,
    written_bytes: AtomicU64,
}

/// Calls and bytes since the counting store was made; calls that failed count too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestCounts {
    /// Calls of `list`.
    pub lists: u64,
    /// Calls of `open` and `get`.
    pub reads: u64,
    /// Calls of `put`.
    pub writes: u64,
    /// Calls of `head`.
    pub heads: u64,
    /// Calls of `delete`.
    pub deletes: u64,
    /// Bytes that readers took out.
    pub read_bytes: u64,
    /// Bytes handed to `put`.
    pub written_bytes: u64,
}

impl CountingStore {
    /// Counts the calls to `inner`, from zero. Clones share their counters.
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self {
            inner,
            counters: Arc::default(),
        }
    }

    /// The counts so far.
    pub fn counts(&self) -> RequestCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        RequestCounts {
            lists: read(&counters.lists),
            reads: read(&counters.reads),
            writes: read(&counters.writes),
            heads: read(&counters.heads),
            deletes: read(&counters.deletes),
            read_bytes: read(&counters.read_bytes),
            written_bytes: read(&counters.written_bytes),
        }
    }
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

#[async_trait]
impl ObjectStore for CountingStore {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        add(&self.counters.lists, 1);
        self.inner.list(prefix).await
    }

    async fn open(&self, key: &str) -> Result<ObjectReader, StoreError> {
        add(&self.counters.reads, 1);
        let reader = self.inner.open(key).await?;
        Ok(reader.counted_by(Arc::clone(&self.counters.read_bytes)))
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<String, StoreError> {
        add(&self.counters.writes, 1);
        add(&self.counters.written_bytes, bytes.len() as u64);
        self.inner.put(key, bytes, mode).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        add(&self.counters.heads, 1);
        self.inner.head(key).await
    }

    async fn version_of(&self, key: &str, etag: &str) -> Result<Option<String>, StoreError> {
        add(&self.counters.heads, 1);
        self.inner.version_of(key, etag).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        add(&self.counters.deletes, 1);
        self.inner.delete(key).await
    }

    fn locate(&self, key: &str) -> String {
        self.inner.locate(key)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{CountingStore, RequestCounts};
    use crate::memory::MemoryStore;
    use crate::object_store::{ObjectStore, PutMode};

    #[tokio::test(flavor = "multi_thread")]
    async fn keeps_every_promise() {
        let store = CountingStore::new(Arc::new(MemoryStore::new()));
        crate::conformance::check_store(Arc::new(store)).await;
    }

    #[tokio::test]
    async fn counts_calls_and_the_bytes_that_were_taken() {
        let store = CountingStore::new(Arc::new(MemoryStore::new()));
        store
            .put("a/b", Bytes::from(vec![7; 3 << 20]), PutMode::Overwrite)
            .await
            .unwrap();
        store.get("a/b", u64::MAX).await.unwrap();
        let mut reader = store.open("a/b").await.unwrap();
        reader.next_chunk().await.unwrap().unwrap();
        drop(reader);
        store.list("a").await.unwrap();
        store.head("a/b").await.unwrap();
        store.delete("a/b").await.unwrap();
        store.open("a/b").await.unwrap_err();
        let expected = RequestCounts {
            lists: 1,
            reads: 3,
            writes: 1,
            heads: 1,
            deletes: 1,
            read_bytes: 4 << 20,
            written_bytes: 3 << 20,
        };
        assert_eq!(store.counts(), expected);
    }
}
