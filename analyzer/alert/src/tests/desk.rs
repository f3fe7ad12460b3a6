//! The desk over a store that loses answers, and documents that are not ours.

use super::fixtures::{HOUR, Memory, START, VIOLATION, desk, memory_desk, settings, window};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{MemoryStore, ObjectMeta, ObjectReader, ObjectStore, PutMode, StoreError};

/// Writes, and then says of every third conditional write that it was refused: its answer was lost and the retry met its own
/// object.
#[derive(Debug, Default)]
struct LosesAnswers {
    inner: MemoryStore,
    writes: AtomicU32,
}

#[async_trait]
impl ObjectStore for LosesAnswers {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        self.inner.list(prefix).await
    }

    async fn open(&self, key: &str) -> Result<ObjectReader, StoreError> {
        self.inner.open(key).await
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<String, StoreError> {
        let etag = self.inner.put(key, bytes.clone(), mode.clone()).await?;
        let is_lost = self.writes.fetch_add(1, Ordering::Relaxed) % 3 == 1 && mode != PutMode::Overwrite;
        if is_lost {
            return self.inner.put(key, bytes, mode).await;
        }
        Ok(etag)
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.inner.head(key).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }

    fn locate(&self, key: &str) -> String {
        self.inner.locate(key)
    }
}

#[tokio::test]
async fn lost_answers_change_nothing() {
    let courier = Arc::new(Memory::default());
    let desk = desk(Arc::new(LosesAnswers::default()), courier.clone(), settings());
    for (at, severity) in [
        (0, None),
        (1, VIOLATION),
        (2, VIOLATION),
        (3, None),
        (4, VIOLATION),
    ] {
        desk.tell(&[window(at, 1, severity)], &[], START + (at + 1) * HOUR)
            .await
            .unwrap();
    }
    let ids = courier.ids();
    assert_eq!(ids.len(), 6, "{ids:?}");
    let (state, _) = desk.read().await.unwrap();
    assert!(state.pending.is_empty() && state.windows.len() == 5);
}

#[tokio::test]
async fn receipts_say_what_was_sent_and_nothing_secret() {
    let (desk, _) = memory_desk(settings());
    let told = desk
        .tell(&[window(1, 1, VIOLATION)], &[], START + 2 * HOUR)
        .await
        .unwrap();
    assert_eq!(told.sent.len(), 2);
    let listed = desk.store.list("monitors/churn/alerts/receipts/").await.unwrap();
    let keys: Vec<&str> = listed.iter().map(|meta| meta.key.as_str()).collect();
    let base = "monitors/churn/alerts/receipts/traffic-20261101T010000Z/traffic-20261101T010000Z.1.opened";
    assert_eq!(keys, [format!("{base}.oncall.json"), format!("{base}.team.json")]);
    let object = desk.store.get(keys[0], 1 << 20).await.unwrap();
    let receipt: crate::desk::Receipt = serde_json::from_slice(&object.bytes).unwrap();
    assert_eq!(receipt, told.sent[0]);
}

#[tokio::test]
async fn a_state_that_is_not_ours_is_refused_by_name() {
    let (desk, _) = memory_desk(settings());
    for (text, part) in [
        ("{", "EOF"),
        ("{\"version\": \"1\"}", "monitor"),
        (
            "{\"version\":\"9\",\"monitor\":\"churn\",\"windows\":[],\"cases\":[],\"runs\":{},\"mutes\":[],\"pending\":{},\"given_up\":[],\"sent\":{}}",
            "version 9",
        ),
        (
            "{\"version\":\"1\",\"monitor\":\"other\",\"windows\":[],\"cases\":[],\"runs\":{},\"mutes\":[],\"pending\":{},\"given_up\":[],\"sent\":{}}",
            "of monitor other",
        ),
    ] {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        desk.store
            .put(&desk.layout.state(), bytes, PutMode::Overwrite)
            .await
            .unwrap();
        let error = desk.tell(&[], &[], START).await.unwrap_err().to_string();
        assert!(
            error.contains("alerts/state.json") && error.contains(part),
            "{error}"
        );
    }
}
