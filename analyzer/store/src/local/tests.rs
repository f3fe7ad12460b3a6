//! What only a folder on disk can do: links, strange names, permissions, crashes; and the common promises.

use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::{LocalStore, read::CHUNK_BYTES};
use crate::conformance::{check_store, pattern};
use crate::error::StoreErrorKind;
use crate::location::Location;
use crate::object_store::{ObjectStore, PutMode};

fn store_in(folder: &TempDir) -> LocalStore {
    LocalStore::new(&Location::local(folder.path()).unwrap()).unwrap()
}

async fn keys(store: &LocalStore, prefix: &str) -> Vec<String> {
    store
        .list(prefix)
        .await
        .unwrap()
        .into_iter()
        .map(|object| object.key)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise() {
    let folder = TempDir::new().unwrap();
    check_store(Arc::new(store_in(&folder))).await;
    let left_over: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(left_over, [""; 0], "no temporary file stays");
}

#[tokio::test]
async fn a_missing_folder_is_not_found_until_something_is_written() {
    let folder = TempDir::new().unwrap();
    let store = LocalStore::new(&Location::local(folder.path().join("new")).unwrap()).unwrap();
    let error = store.list("").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NotFound);
    assert!(
        error.to_string().ends_with("/new: no such file or folder"),
        "{error}"
    );
    assert!(error.hint().is_some());
    store
        .put("a/b", Bytes::from_static(b"x"), PutMode::CreateOnly)
        .await
        .unwrap();
    assert_eq!(keys(&store, "").await, ["a/b"]);
}

#[tokio::test]
async fn entity_tags_are_those_of_the_reference_implementation() {
    // xxhash (PyPI) 3.5.0: xxhash.xxh3_128_hexdigest(b"abc") and of b""
    let folder = TempDir::new().unwrap();
    let store = store_in(&folder);
    for (content, digest) in [
        ("abc", "06b05ab6733a618578af5f94892f3950"),
        ("", "99aa06d3014798d86001c324468d497f"),
    ] {
        fs::write(folder.path().join("object"), content).unwrap();
        assert_eq!(
            store.get("object", 10).await.unwrap().etag,
            format!("xxh3-{digest}")
        );
    }
}

#[tokio::test]
async fn listings_leave_out_unfinished_writes_and_what_is_no_file() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(".driftline-unfinished-1-1"), "half").unwrap();
    fs::create_dir_all(folder.path().join("empty/folders")).unwrap();
    fs::write(folder.path().join("whole"), "whole").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    assert_eq!(keys(&store_in(&folder), "").await, ["whole"]);
}

#[tokio::test]
async fn links_are_followed_but_not_in_circles() {
    let folder = TempDir::new().unwrap();
    let elsewhere = TempDir::new().unwrap();
    fs::write(elsewhere.path().join("x"), "x").unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("deep/y"), "y").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("linked")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("deep/up")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), elsewhere.path().join("self")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("broken")).unwrap();
    assert_eq!(keys(&store_in(&folder), "").await, ["deep/y", "linked/x"]);
}

#[tokio::test]
async fn a_name_that_is_not_utf_8_is_an_error_that_names_it() {
    use std::os::unix::ffi::OsStrExt;
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "x").unwrap();
    let error = store_in(&folder).list("").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::InvalidLocation);
    assert!(error.to_string().contains("caf"), "{error}");
}

#[tokio::test]
async fn reading_cannot_leave_the_folder() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("inside")).unwrap();
    fs::write(folder.path().join("secret"), "x").unwrap();
    let store = LocalStore::new(&Location::local(folder.path().join("inside")).unwrap()).unwrap();
    for key in ["../secret", "/etc/passwd", "a/../../secret"] {
        assert_eq!(
            store.get(key, 10).await.unwrap_err().kind(),
            StoreErrorKind::InvalidLocation,
            "{key}"
        );
        assert_eq!(
            store.head(key).await.unwrap_err().kind(),
            StoreErrorKind::InvalidLocation,
            "{key}"
        );
        assert_eq!(
            store.delete(key).await.unwrap_err().kind(),
            StoreErrorKind::InvalidLocation,
            "{key}"
        );
    }
}

#[tokio::test]
async fn an_unwritable_place_says_so_and_keeps_nothing() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    let store = store_in(&folder);
    for key in ["file/below", "file/below/deeper"] {
        let error = store
            .put(key, Bytes::from_static(b"x"), PutMode::Overwrite)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::NotWritable, "{error}");
        assert!(error.hint().is_some());
    }
    fs::create_dir(folder.path().join("folder")).unwrap();
    for mode in [PutMode::Overwrite, PutMode::IfMatch("xxh3-0".into())] {
        let error = store
            .put("folder", Bytes::from_static(b"x"), mode)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::NotWritable, "{error}");
    }
    assert_eq!(keys(&store, "").await, ["file"]);
    // A file system that takes no new file from anybody, root included.
    let proc = LocalStore::new(&Location::parse("/proc").unwrap()).unwrap();
    let error = proc
        .put("driftline", Bytes::from_static(b"x"), PutMode::Overwrite)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot write /proc/driftline: no file can be made here"
    );
    assert_eq!(error.kind(), StoreErrorKind::NotWritable);
}

#[tokio::test]
async fn a_file_that_grows_or_shrinks_while_it_is_read_is_not_mixed_up() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("log");
    let content = pattern(8 * CHUNK_BYTES, 1);
    let store = store_in(&folder);

    fs::write(&path, &content).unwrap();
    let reader = store.open("log").await.unwrap();
    let mut grown = content.clone();
    grown.extend_from_slice(b"appended");
    fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(
        &mut fs::OpenOptions::new().append(true).open(&path).unwrap(),
        b"appended",
    )
    .unwrap();
    let read = reader.read_to_end(u64::MAX).await.unwrap();
    assert_eq!(read.bytes, content, "what was there when it was opened");

    let mut reader = store.open("log").await.unwrap();
    reader.next_chunk().await.unwrap().unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(CHUNK_BYTES as u64)
        .unwrap();
    let mut last = None;
    while let Some(chunk) = reader.next_chunk().await {
        last = Some(chunk);
    }
    let error = last.unwrap().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::PreconditionFailed, "{error}");
}

#[test]
fn threads_outside_the_runtime_can_read() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("object"), pattern(3 * CHUNK_BYTES, 1)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut reader = runtime.block_on(store_in(&folder).open("object")).unwrap();
    let mut n_bytes = 0;
    while let Some(chunk) = reader.next_chunk_blocking() {
        n_bytes += chunk.unwrap().len();
    }
    assert_eq!(n_bytes, 3 * CHUNK_BYTES);
    assert!(reader.etag().is_some());
}
