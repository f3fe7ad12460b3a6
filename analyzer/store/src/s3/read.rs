//! Reading an object from S3: one request while all goes well, another from the same place when the connection drops.
//!
//! What comes after the first request names the entity tag of the first, so that two versions never mix.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::{S3Store, failure, quote, size, system_time, unquote};
use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::object_store::{ObjectMeta, ObjectStore};
use crate::read_ahead::{ObjectReader, ReadEvent, read_ahead};

/// Network reads come in pieces of a few KiB; they are collected to chunks of at least this size.
const CHUNK_BYTES: usize = 512 << 10;
const DEPTH: usize = 4;

pub(super) async fn open(store: &S3Store, key: &str) -> Result<ObjectReader, StoreError> {
    let location = store.locate(key);
    let answer = store
        .client
        .get_object()
        .bucket(&store.bucket)
        .key(store.full_key(key))
        .send()
        .await
        .map_err(|error| failure::from_sdk(Operation::Read, location.clone(), error))?;
    let etag = answer.e_tag.as_deref().map(unquote);
    let meta = ObjectMeta {
        key: key.to_owned(),
        size: size(answer.content_length),
        etag: etag.clone(),
        last_modified: answer.last_modified.and_then(system_time),
    };
    let object = Reading {
        store: store.clone(),
        full_key: store.full_key(key),
        location: location.clone(),
        etag: etag.unwrap_or_default(),
        size: meta.size,
    };
    let (sender, reader) = read_ahead(meta, location, DEPTH);
    // The task reports through the channel and ends with it; its handle has nothing to add.
    drop(tokio::spawn(async move {
        let last = match object.send_all(answer.body, &sender).await {
            Ok(()) => ReadEvent::End { etag: object.etag },
            Err(Stopped::ReaderGone) => return,
            Err(Stopped::Failed(error)) => ReadEvent::Failed(error),
        };
        // Nobody is there to be told when the reader is gone.
        drop(sender.send(last).await);
    }));
    Ok(reader)
}

struct Reading {
    store: S3Store,
    full_key: String,
    location: String,
    etag: String,
    size: u64,
}

enum Stopped {
    ReaderGone,
    Failed(StoreError),
}

impl Reading {
    async fn send_all(&self, first: ByteStream, sender: &mpsc::Sender<ReadEvent>) -> Result<(), Stopped> {
        let mut body = first;
        let mut pending = BytesMut::new();
        let mut n_received = 0_u64;
        let mut n_failures = 0;
        loop {
            match body.next().await {
                Some(Ok(piece)) => {
                    n_received += piece.len() as u64;
                    n_failures = 0;
                    if n_received > self.size {
                        return Err(self.failed(
                            StoreErrorKind::Other,
                            "the service sent more bytes than it announced",
                        ));
                    }
                    pending.extend_from_slice(&piece);
                    if pending.len() >= CHUNK_BYTES {
                        send(sender, pending.split().freeze()).await?;
                        pending.reserve(CHUNK_BYTES + (64 << 10));
                    }
                }
                None if n_received == self.size => {
                    if !pending.is_empty() {
                        send(sender, pending.freeze()).await?;
                    }
                    return Ok(());
                }
                Some(Err(error)) if n_received == self.size => {
                    let failed = StoreError::new(
                        StoreErrorKind::Other,
                        Operation::Read,
                        self.location.clone(),
                        "the content does not match the checksum the service keeps",
                    );
                    return Err(Stopped::Failed(failed.with_source(error)));
                }
                dropped => {
                    n_failures += 1;
                    if n_failures >= self.store.max_attempts {
                        let failed = StoreError::new(
                            StoreErrorKind::Unavailable,
                            Operation::Read,
                            self.location.clone(),
                            format!(
                                "the connection dropped {n_failures} times after {n_received} of {} bytes",
                                self.size
                            ),
                        )
                        .with_hint("check the network, or try again later");
                        return Err(Stopped::Failed(match dropped {
                            Some(Err(error)) => failed.with_source(error),
                            _ => failed,
                        }));
                    }
                    tokio::time::sleep(backoff(self.store.backoff, n_failures)).await;
                    if sender.is_closed() {
                        return Err(Stopped::ReaderGone);
                    }
                    body = self.resume(n_received).await.map_err(Stopped::Failed)?.body;
                }
            }
        }
    }

    async fn resume(&self, offset: u64) -> Result<GetObjectOutput, StoreError> {
        let answer = self
            .store
            .client
            .get_object()
            .bucket(&self.store.bucket)
            .key(&self.full_key)
            .range(format!("bytes={offset}-"))
            .if_match(quote(&self.etag))
            .send()
            .await
            .map_err(|error| failure::from_sdk(Operation::Read, self.location.clone(), error))?;
        let is_same = answer.e_tag.as_deref().map(unquote).as_deref() == Some(&self.etag);
        if is_same && size(answer.content_length) == self.size - offset {
            return Ok(answer);
        }
        Err(StoreError::new(
            StoreErrorKind::PreconditionFailed,
            Operation::Read,
            self.location.clone(),
            "the object changed while it was read",
        ))
    }

    fn failed(&self, kind: StoreErrorKind, detail: &'static str) -> Stopped {
        Stopped::Failed(StoreError::new(
            kind,
            Operation::Read,
            self.location.clone(),
            detail,
        ))
    }
}

async fn send(sender: &mpsc::Sender<ReadEvent>, chunk: Bytes) -> Result<(), Stopped> {
    sender
        .send(ReadEvent::Chunk(chunk))
        .await
        .map_err(|_| Stopped::ReaderGone)
}

fn backoff(initial: Duration, n_failures: u32) -> Duration {
    (initial * 2_u32.saturating_pow(n_failures - 1)).min(Duration::from_secs(20))
}
