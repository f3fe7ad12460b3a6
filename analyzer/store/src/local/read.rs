//! Reading a file in large chunks on a thread of its own, a few chunks ahead of whoever takes them.
//!
//! It does not know keys or folders, and it never looks at the content beyond hashing it.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;
use xxhash_rust::xxh3::Xxh3;

use super::{blocking, file_meta};
use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::object_store::format_etag;
use crate::read_ahead::{ObjectReader, ReadEvent, read_ahead};

/// Large enough that the hand-over between threads is noise, small enough to stay in the cache between reading and
/// decoding.
pub(super) const CHUNK_BYTES: usize = 1 << 20;
const DEPTH: usize = 2;

/// Opens `path`. A file of one chunk is read at once; a larger one by a thread that ends with its reader.
pub(super) async fn open(path: PathBuf, key: String, location: String) -> Result<ObjectReader, StoreError> {
    let shown = location.clone();
    let (sender, reader, unread) = blocking(Operation::Read, location, move |location| {
        let at = |error| (location.clone(), error);
        let file = File::open(&path).map_err(at)?;
        let metadata = file.metadata().map_err(at)?;
        if !metadata.is_file() {
            return Err(at(io::ErrorKind::IsADirectory.into()));
        }
        let meta = file_meta(key, &metadata);
        let (sender, reader) = read_ahead(meta, location.clone(), DEPTH);
        let mut reading = Reading {
            file,
            rest: metadata.len(),
            hash: Xxh3::new(),
            buffers: Arc::default(),
        };
        if metadata.len() > CHUNK_BYTES as u64 {
            return Ok((sender, reader, Some(reading)));
        }
        if let Some(chunk) = reading.next_chunk().map_err(at)? {
            send_now(&sender, ReadEvent::Chunk(chunk));
        }
        send_now(&sender, ReadEvent::End { etag: reading.etag() });
        Ok((sender, reader, None))
    })
    .await?;
    if let Some(reading) = unread {
        // The thread reports through the channel; its handle has nothing to add.
        drop(tokio::task::spawn_blocking(move || {
            reading.send_all(&sender, &shown);
        }));
    }
    Ok(reader)
}

fn send_now(sender: &mpsc::Sender<ReadEvent>, event: ReadEvent) {
    const { assert!(DEPTH >= 2, "one chunk and the end") };
    sender
        .try_send(event)
        .expect("the channel is new, has room for two, and its reader is held by the caller");
}

struct Reading {
    file: File,
    /// Bytes to come, by the size the file had when it was opened: what is appended meanwhile is not part of it.
    rest: u64,
    hash: Xxh3,
    buffers: Arc<Buffers>,
}

impl Reading {
    fn send_all(mut self, sender: &mpsc::Sender<ReadEvent>, location: &str) {
        loop {
            let event = match self.next_chunk() {
                Ok(Some(chunk)) => ReadEvent::Chunk(chunk),
                Ok(None) => ReadEvent::End { etag: self.etag() },
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    ReadEvent::Failed(StoreError::new(
                        StoreErrorKind::PreconditionFailed,
                        Operation::Read,
                        location,
                        "the file became shorter while it was read",
                    ))
                }
                Err(error) => ReadEvent::Failed(StoreError::from_io(Operation::Read, location, error)),
            };
            let is_last = !matches!(event, ReadEvent::Chunk(_));
            if sender.blocking_send(event).is_err() || is_last {
                return;
            }
        }
    }

    fn next_chunk(&mut self) -> io::Result<Option<Bytes>> {
        if self.rest == 0 {
            return Ok(None);
        }
        let n_bytes = usize::try_from(self.rest).map_or(CHUNK_BYTES, |rest| rest.min(CHUNK_BYTES));
        let mut buffer = self.buffers.take(n_bytes);
        let filled = &mut buffer.bytes[..n_bytes];
        self.file.read_exact(filled)?;
        self.hash.update(filled);
        self.rest -= n_bytes as u64;
        Ok(Some(Bytes::from_owner(buffer).slice(..n_bytes)))
    }

    fn etag(&self) -> String {
        format_etag(self.hash.digest128())
    }
}

/// Buffers come back when the last slice of them is dropped: fresh pages for every chunk would cost as much as reading.
#[derive(Debug, Default)]
struct Buffers(Mutex<Vec<Vec<u8>>>);

struct Buffer {
    bytes: Vec<u8>,
    home: Arc<Buffers>,
}

impl Buffers {
    fn take(self: &Arc<Self>, n_bytes: usize) -> Buffer {
        let reused = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut bytes = reused.unwrap_or_default();
        if bytes.len() < n_bytes {
            bytes.resize(n_bytes, 0);
        }
        Buffer {
            bytes,
            home: Arc::clone(self),
        }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut free = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() <= DEPTH {
            free.push(bytes);
        }
    }
}
