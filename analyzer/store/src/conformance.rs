//! The promises of [`ObjectStore`], checked against whichever store is handed in.
//!
//! For tests of this crate and of stores written elsewhere; it panics where a promise is broken. It knows no backend,
//! so what only one of them can do (a file next to a folder of the same name) is in that backend's own tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::future::join_all;
use futures::stream::{self, StreamExt};

use crate::error::{StoreError, StoreErrorKind};
use crate::object_store::{ObjectMeta, ObjectStore, PutMode};

/// What [`check_store`] needs to hold on to a store.
pub type SharedStore = Arc<dyn ObjectStore>;

const ANY_SIZE: u64 = u64::MAX;

/// Checks every promise. The store must be empty, and its folder or bucket must exist.
pub async fn check_store(store: SharedStore) {
    check_empty(&store).await;
    check_round_trip(&store).await;
    check_unusual_keys(&store).await;
    check_refused_keys(&store).await;
    check_prefixes(&store).await;
    check_absence(&store).await;
    check_create_only(&store).await;
    check_if_match(&store).await;
    check_large_object(&store).await;
    check_overwrite_is_atomic(&store).await;
    check_long_listing(&store).await;
}

async fn check_empty(store: &SharedStore) {
    assert_eq!(list(store, "").await, [""; 0], "a new store is empty");
    assert_eq!(
        list(store, "nothing").await,
        [""; 0],
        "a prefix without objects is empty"
    );
}

async fn check_round_trip(store: &SharedStore) {
    for content in ["", "some text\n"] {
        let bytes = Bytes::from_static(content.as_bytes());
        let etag = put(store, "round/trip", content).await;
        assert!(
            !etag.is_empty() && !etag.contains('"'),
            "an entity tag without quotes, found {etag:?}"
        );
        let object = store
            .get("round/trip", content.len() as u64)
            .await
            .expect("get what was put");
        assert_eq!((object.bytes, object.etag), (bytes.clone(), etag.clone()));

        let meta = store.head("round/trip").await.expect("head what was put");
        assert_eq!(
            (meta.key.as_str(), meta.size),
            ("round/trip", content.len() as u64)
        );
        assert!(
            meta.etag.is_none_or(|found| found == etag),
            "head and put agree on the entity tag"
        );

        let mut reader = store.open("round/trip").await.expect("open what was put");
        assert_eq!(reader.meta().size, content.len() as u64);
        let mut n_bytes = 0;
        while let Some(chunk) = reader.next_chunk().await {
            let chunk = chunk.expect("read what was put");
            assert!(!chunk.is_empty(), "no empty chunks");
            n_bytes += chunk.len();
        }
        assert_eq!(n_bytes, content.len());
        assert_eq!(
            reader.etag(),
            Some(etag.as_str()),
            "the reader knows the entity tag at its end"
        );
        assert!(
            reader.next_chunk().await.is_none(),
            "after the end there is nothing"
        );
    }
    let first = put(store, "round/same-1", "equal bytes").await;
    assert_eq!(
        first,
        put(store, "round/same-2", "equal bytes").await,
        "equal bytes have equal entity tags"
    );
    assert_ne!(
        first,
        put(store, "round/same-2", "other bytes").await,
        "other bytes have another entity tag"
    );
    let refused = store.get("round/same-1", 10).await;
    assert_eq!(
        kind(&refused),
        Some(StoreErrorKind::TooLarge),
        "11 bytes are more than 10"
    );
}

async fn check_unusual_keys(store: &SharedStore) {
    let keys = [
        "odd/a space",
        "odd/a+plus",
        "odd/a%2Bescaped",
        "odd/a%20escaped",
        "odd/day=21/hour=05",
        "odd/question?query#fragment",
        "odd/amp&lt;tag>\"quoted'",
        "odd/ünïcødé",
        "odd/u\u{308}nnormalised",
        "odd/日本語/データ",
        "odd/🙂",
        "odd/~*!();:@,$[]{}|^`",
        "odd/.hidden",
        "odd/trailing.",
        "odd/...",
    ];
    for key in keys {
        put(store, key, key).await;
    }
    let mut expected: Vec<&str> = keys.to_vec();
    expected.sort_unstable();
    assert_eq!(list(store, "odd").await, expected);
    for key in keys {
        let object = store.get(key, ANY_SIZE).await.expect("get by an unusual key");
        assert_eq!(
            object.bytes,
            key.as_bytes(),
            "the object under {key:?} is its own"
        );
        assert_eq!(
            store.head(key).await.expect("head by an unusual key").size,
            key.len() as u64
        );
        store.delete(key).await.expect("delete by an unusual key");
    }
    assert_eq!(list(store, "odd").await, [""; 0]);
}

async fn check_refused_keys(store: &SharedStore) {
    let long = "x/".repeat(512) + "y";
    for key in [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "..",
        "../a",
        "a/../b",
        "./a",
        "a\nb",
        "a\0b",
        long.as_str(),
    ] {
        let refused = store.put(key, Bytes::new(), PutMode::Overwrite).await;
        assert_eq!(
            kind(&refused),
            Some(StoreErrorKind::InvalidLocation),
            "writing to {key:?}"
        );
    }
}

async fn check_prefixes(store: &SharedStore) {
    let keys = ["p/a/x", "p/a/y/z", "p/a-b", "p/a.b", "p/a0", "p/ab", "p/b/x"];
    for key in keys {
        put(store, key, key).await;
    }
    let sorted_as_bytes = ["p/a-b", "p/a.b", "p/a/x", "p/a/y/z", "p/a0", "p/ab", "p/b/x"];
    assert_eq!(
        list(store, "p").await,
        sorted_as_bytes,
        "sorted by whole key, not folder by folder"
    );
    assert_eq!(list(store, "p/").await, sorted_as_bytes);
    for prefix in ["p/a", "p/a/"] {
        assert_eq!(
            list(store, prefix).await,
            ["p/a/x", "p/a/y/z"],
            "{prefix} is a folder, not a beginning"
        );
    }
    assert_eq!(
        list(store, "p/a/x").await,
        ["p/a/x"],
        "an object is listed by its own key"
    );
    assert_eq!(list(store, "p/ab").await, ["p/ab"]);
    assert_eq!(list(store, "p/ab/").await, [""; 0]);
    assert_eq!(
        list(store, "p/ab/below").await,
        [""; 0],
        "nothing is below an object"
    );
    assert_eq!(list(store, "p/a/y/").await, ["p/a/y/z"]);
    assert_eq!(list(store, "p/c").await, [""; 0]);
    for key in keys {
        store.delete(key).await.expect("delete");
    }
    assert_eq!(
        list(store, "p/").await,
        [""; 0],
        "folders without objects are not there"
    );
}

async fn check_absence(store: &SharedStore) {
    put(store, "absent/here", "here").await;
    for key in ["absent/not-here", "absent", "absent/here/below", "none/at/all"] {
        for error in [
            store.get(key, ANY_SIZE).await.err(),
            store.head(key).await.err(),
            store.open(key).await.err(),
        ] {
            let error = error.expect("an error for what is not there");
            assert_eq!(error.kind(), StoreErrorKind::NotFound, "{error}");
            assert!(
                error.to_string().contains(key),
                "the message names the key: {error}"
            );
        }
        store
            .delete(key)
            .await
            .expect("deleting what is not there is no error");
    }
    store.delete("absent/here").await.expect("delete");
    store.delete("absent/here").await.expect("delete twice");
    assert_eq!(
        kind(&store.get("absent/here", ANY_SIZE).await),
        Some(StoreErrorKind::NotFound)
    );
    put(store, "absent/here", "here again").await;
}

async fn check_create_only(store: &SharedStore) {
    for round in 0..5 {
        let key = format!("race/create-{round}");
        let writers = (0..24).map(|writer| {
            let (store, key) = (Arc::clone(store), key.clone());
            let content = Bytes::from(format!("writer {writer}"));
            tokio::spawn(async move { store.put(&key, content, PutMode::CreateOnly).await })
        });
        let results: Vec<_> = join_all(writers)
            .await
            .into_iter()
            .map(|joined| joined.expect("no panic"))
            .collect();
        let winners: Vec<usize> = (0..24).filter(|&writer| results[writer].is_ok()).collect();
        assert_eq!(
            winners.len(),
            1,
            "of 24 writers exactly one creates the object, won: {winners:?}"
        );
        for result in results.iter().filter(|result| result.is_err()) {
            assert_eq!(kind(result), Some(StoreErrorKind::AlreadyExists));
        }
        let object = store.get(&key, ANY_SIZE).await.expect("get");
        assert_eq!(
            object.bytes,
            format!("writer {}", winners[0]),
            "the winner's bytes stay"
        );
        assert_eq!(Ok(&object.etag), results[winners[0]].as_ref().map_err(|_| ()));
    }
    assert_eq!(
        list(store, "race").await.len(),
        5,
        "the losers leave nothing behind"
    );
}

async fn check_if_match(store: &SharedStore) {
    let if_match = |etag: &str| PutMode::IfMatch(etag.to_owned());
    let write =
        |content: &'static str, mode| store.put("match/me", Bytes::from_static(content.as_bytes()), mode);

    let refused = write("first", if_match("0123456789abcdef0123456789abcdef")).await;
    assert_eq!(
        kind(&refused),
        Some(StoreErrorKind::PreconditionFailed),
        "there is nothing to match"
    );
    let first = put(store, "match/me", "first").await;
    let second = write("second", if_match(&first))
        .await
        .expect("replace the version one has seen");
    let refused = write("third", if_match(&first)).await;
    assert_eq!(
        kind(&refused),
        Some(StoreErrorKind::PreconditionFailed),
        "that version is gone"
    );
    assert_eq!(
        store.get("match/me", ANY_SIZE).await.expect("get").bytes,
        "second"
    );

    let writers = (0..24).map(|writer| {
        let (store, mode) = (Arc::clone(store), if_match(&second));
        let content = Bytes::from(format!("writer {writer}"));
        tokio::spawn(async move { store.put("match/me", content, mode).await })
    });
    let results: Vec<_> = join_all(writers)
        .await
        .into_iter()
        .map(|joined| joined.expect("no panic"))
        .collect();
    assert_eq!(
        results.iter().filter(|result| result.is_ok()).count(),
        1,
        "one of 24 replaces the version"
    );
    for result in results.iter().filter(|result| result.is_err()) {
        assert_eq!(kind(result), Some(StoreErrorKind::PreconditionFailed));
    }
}

async fn check_large_object(store: &SharedStore) {
    let content = Bytes::from(pattern(9 << 20, 1)).slice(..(9 << 20) - 17);
    let etag = store
        .put("large", content.clone(), PutMode::Overwrite)
        .await
        .expect("put 9 MB");

    let mut reader = store.open("large").await.expect("open");
    assert_eq!(reader.meta().size, content.len() as u64);
    let (mut n_bytes, mut smallest) = (0, usize::MAX);
    while let Some(chunk) = reader.next_chunk().await {
        let chunk = chunk.expect("read");
        assert_eq!(
            chunk,
            content.slice(n_bytes..n_bytes + chunk.len()),
            "the bytes at {n_bytes}"
        );
        n_bytes += chunk.len();
        if n_bytes < content.len() {
            smallest = smallest.min(chunk.len());
        }
    }
    assert_eq!(n_bytes, content.len());
    assert!(
        smallest >= 256 << 10,
        "chunks of at least 256 KiB, found {smallest}"
    );
    assert_eq!(reader.etag(), Some(etag.as_str()));

    let as_stream: Vec<_> = store.open("large").await.expect("open").collect().await;
    let as_stream: usize = as_stream
        .into_iter()
        .map(|chunk| chunk.expect("read").len())
        .sum();
    assert_eq!(as_stream, content.len());

    let mut early = store.open("large").await.expect("open");
    early.next_chunk().await.expect("a first chunk").expect("read");
    drop(early);

    let n_bytes = content.len() as u64;
    assert_eq!(
        kind(&store.get("large", n_bytes - 1).await),
        Some(StoreErrorKind::TooLarge)
    );
    assert_eq!(store.get("large", n_bytes).await.expect("get").bytes, content);
}

async fn check_overwrite_is_atomic(store: &SharedStore) {
    const N_BYTES: usize = 3 << 20;
    let versions = [Bytes::from(pattern(N_BYTES, 1)), Bytes::from(pattern(N_BYTES, 2))];
    store
        .put("swap", versions[0].clone(), PutMode::Overwrite)
        .await
        .expect("put");
    let done = Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, versions, done) = (Arc::clone(store), versions.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            for round in 0..12 {
                let written = store
                    .put("swap", versions[round % 2].clone(), PutMode::Overwrite)
                    .await;
                written.expect("overwrite");
            }
            done.store(true, Ordering::Release);
        })
    };
    while !done.load(Ordering::Acquire) {
        let found = store
            .get("swap", ANY_SIZE)
            .await
            .expect("read while it is overwritten")
            .bytes;
        assert!(
            versions.contains(&found),
            "one version or the other, never a mixture of {} bytes",
            found.len()
        );
    }
    writer.await.expect("no panic");
}

/// More objects than S3 lists in one answer.
async fn check_long_listing(store: &SharedStore) {
    const N_OBJECTS: usize = 1050;
    let keys: Vec<String> = (0..N_OBJECTS)
        .map(|number| format!("many/{:02}/{number:04}", number % 7))
        .collect();
    stream::iter(&keys)
        .for_each_concurrent(16, |key| async move { drop(put(store, key, key).await) })
        .await;
    let found: Vec<ObjectMeta> = store.list("many").await.expect("list");
    let mut expected = keys.clone();
    expected.sort_unstable();
    assert_eq!(
        found.iter().map(|object| &object.key).collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
    assert!(
        found.iter().all(|object| object.size == object.key.len() as u64),
        "sizes are right"
    );
}

async fn put(store: &SharedStore, key: &str, content: &str) -> String {
    let bytes = Bytes::copy_from_slice(content.as_bytes());
    store.put(key, bytes, PutMode::Overwrite).await.expect("put")
}

async fn list(store: &SharedStore, prefix: &str) -> Vec<String> {
    store
        .list(prefix)
        .await
        .expect("list")
        .into_iter()
        .map(|object| object.key)
        .collect()
}

fn kind<T>(result: &Result<T, StoreError>) -> Option<StoreErrorKind> {
    result.as_ref().err().map(StoreError::kind)
}

/// Bytes in which every position and every version looks different (a multiplicative hash of the word's index).
pub(crate) fn pattern(n_bytes: usize, version: u64) -> Vec<u8> {
    (0..n_bytes as u64 / 8)
        .flat_map(|word| {
            (word + version)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(29)
                .to_le_bytes()
        })
        .collect()
}
