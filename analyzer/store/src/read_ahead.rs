//! The reading end of an object: chunks in order, a few ahead of the reader, and an end that cannot be mistaken.
//!
//! Whether a file or a service fills it is not known here.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::sync::mpsc;

use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::object_store::{Object, ObjectMeta};

/// Chunks of one object, from first to last byte.
///
/// Reading runs ahead by a bounded number of chunks in the background and stops when this is dropped. Chunks are at
/// least 256 KiB, except the last. After an error there are no more chunks.
pub struct ObjectReader {
    meta: ObjectMeta,
    location: String,
    events: mpsc::Receiver<ReadEvent>,
    n_bytes_taken: Option<Arc<AtomicU64>>,
    ended: bool,
}

pub(crate) enum ReadEvent {
    Chunk(Bytes),
    /// All bytes were sent, and they are those with this entity tag.
    End {
        etag: String,
    },
    Failed(StoreError),
}

/// Without the content: it is somebody's data.
impl fmt::Debug for ObjectReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ObjectReader")
            .field("meta", &self.meta)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// A reader and the end that feeds it, which may be `depth` events ahead.
pub(crate) fn read_ahead(
    meta: ObjectMeta,
    location: String,
    depth: usize,
) -> (mpsc::Sender<ReadEvent>, ObjectReader) {
    let (sender, events) = mpsc::channel(depth);
    (
        sender,
        ObjectReader {
            meta,
            location,
            events,
            n_bytes_taken: None,
            ended: false,
        },
    )
}

impl ObjectReader {
    /// What was known when reading began. Its `size` is the number of bytes to come.
    pub fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    /// Entity tag without quotes; for local files known (and `Some`) only after the last chunk.
    pub fn etag(&self) -> Option<&str> {
        self.meta.etag.as_deref()
    }

    /// The next chunk, never empty; `None` after the last.
    pub async fn next_chunk(&mut self) -> Option<Result<Bytes, StoreError>> {
        if self.ended {
            return None;
        }
        let event = self.events.recv().await;
        self.take(event)
    }

    /// [`next_chunk`](Self::next_chunk) for threads that are not part of the async runtime; panics on those that are.
    pub fn next_chunk_blocking(&mut self) -> Option<Result<Bytes, StoreError>> {
        if self.ended {
            return None;
        }
        let event = self.events.blocking_recv();
        self.take(event)
    }

    /// All remaining bytes, when they are at most `max_bytes`.
    pub async fn read_to_end(mut self, max_bytes: u64) -> Result<Object, StoreError> {
        let too_large = |size: u64| {
            StoreError::new(
                StoreErrorKind::TooLarge,
                Operation::Read,
                self.location.clone(),
                format!("found {size} bytes or more, expected at most {max_bytes}"),
            )
        };
        if self.meta.size > max_bytes {
            return Err(too_large(self.meta.size));
        }
        let too_large = too_large(max_bytes.saturating_add(1));
        let mut whole = BytesMut::new();
        let mut only = Bytes::new();
        while let Some(chunk) = self.next_chunk().await {
            let chunk = chunk?;
            if (whole.len() + only.len() + chunk.len()) as u64 > max_bytes {
                return Err(too_large);
            }
            if whole.is_empty() && only.is_empty() {
                only = chunk;
            } else {
                whole.extend_from_slice(&std::mem::take(&mut only));
                whole.extend_from_slice(&chunk);
            }
        }
        let bytes = if whole.is_empty() { only } else { whole.freeze() };
        let etag = self.meta.etag.unwrap_or_default();
        Ok(Object { bytes, etag })
    }

    /// Adds the length of every chunk taken from here on to `counter`.
    pub(crate) fn counted_by(mut self, counter: Arc<AtomicU64>) -> Self {
        self.n_bytes_taken = Some(counter);
        self
    }

    fn take(&mut self, event: Option<ReadEvent>) -> Option<Result<Bytes, StoreError>> {
        match event {
            Some(ReadEvent::Chunk(chunk)) => {
                if let Some(counter) = &self.n_bytes_taken {
                    counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                }
                Some(Ok(chunk))
            }
            Some(ReadEvent::End { etag }) => {
                self.meta.etag = Some(etag);
                self.ended = true;
                None
            }
            Some(ReadEvent::Failed(error)) => {
                self.ended = true;
                Some(Err(error))
            }
            None => {
                self.ended = true;
                Some(Err(StoreError::new(
                    StoreErrorKind::Other,
                    Operation::Read,
                    self.location.clone(),
                    "reading stopped before the end of the object",
                )))
            }
        }
    }
}

impl Stream for ObjectReader {
    type Item = Result<Bytes, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let event = ready!(self.events.poll_recv(context));
        Poll::Ready(self.take(event))
    }
}
