//! Objects to chunks, in order, a few objects opened ahead.
//!
//! Decompresses and cuts at line ends; does not decode.

use crate::error::{EngineError, ErrorKind};
use crate::pass::{ScanSettings, ScannedObject};
use crate::progress::Progress;
use crate::sources::{Source, sniff_format};
use capture::decode::{ObjectContext, RecordFormat};
use capture::decompress::{Compression, Decompressor};
use capture::frame::{Chunk, Framer};
use capture::payload::csv;
use capture::reject::RejectReason;
use futures::StreamExt as _;
use tokio::sync::mpsc::Sender;

/// Objects whose reading has begun ahead of the one being cut.
const OPEN_AHEAD: usize = 8;

/// Work for a worker, numbered from 0 without gaps.
pub struct Item {
    pub sequence: u64,
    pub object_idx: u32,
    pub context: ObjectContext,
    pub chunk: Chunk,
    /// The object could not be read further from here on.
    pub broken: Option<RejectReason>,
}

/// Sends every object's chunks; gives what is known of the objects.
pub async fn read_all(
    sources: &[Source],
    settings: &ScanSettings,
    sender: Sender<Item>,
    progress: &dyn Progress,
) -> Result<Vec<ScannedObject>, EngineError> {
    let mut cutter = Cutter {
        settings,
        sender,
        sequence: 0,
        ready: Vec::new(),
    };
    let mut objects = Vec::with_capacity(sources.len());
    let opened = futures::stream::iter(sources)
        .map(|source| async move {
            // Parquet has no lines: `scan` reads it as a whole.
            let reader = if source.is_parquet() {
                None
            } else {
                Some(source.store.open(&source.key).await)
            };
            (source, reader)
        })
        .buffered(OPEN_AHEAD);
    let mut opened = std::pin::pin!(opened);
    while let Some((source, reader)) = opened.next().await {
        let object_idx = objects.len() as u32;
        let etag = match reader {
            Some(reader) => cutter.object(source, object_idx, reader?, progress).await?,
            None => None,
        };
        objects.push(ScannedObject {
            key: source.shown_key.clone(),
            etag,
            size: source.size,
            written: source.written(),
            ..ScannedObject::default()
        });
    }
    Ok(objects)
}

struct Cutter<'s> {
    settings: &'s ScanSettings,
    sender: Sender<Item>,
    sequence: u64,
    ready: Vec<Chunk>,
}

impl Cutter<'_> {
    async fn object(
        &mut self,
        source: &Source,
        object_idx: u32,
        mut reader: store::ObjectReader,
        progress: &dyn Progress,
    ) -> Result<Option<String>, EngineError> {
        let mut context = ObjectContext {
            format: RecordFormat::Capture,
            hour: source.hour,
        };
        let mut state: Option<(Framer, Option<Decompressor>)> = None;
        let mut broken = None;
        while let Some(bytes) = reader.next_chunk().await {
            let bytes = bytes?;
            progress.advance(bytes.len() as u64);
            let (framer, decompressor) = match &mut state {
                Some(state) => (&mut state.0, &mut state.1),
                None => {
                    let max = self.settings.limits.max_decompressed_bytes;
                    let mut decompressor = Decompressor::new(Compression::sniff(&bytes), max);
                    let head = match &mut decompressor {
                        // A second decompressor looks at the head, so that the first starts from the beginning.
                        Some(_) => Decompressor::new(Compression::sniff(&bytes), 1 << 20)
                            .map(|mut look| look.push(&bytes).0)
                            .unwrap_or_default(),
                        None => Vec::new(),
                    };
                    let head: &[u8] = if decompressor.is_some() { &head } else { &bytes };
                    context.format = sniff_format(source, head)
                        .or(self.settings.fallback)
                        .unwrap_or(RecordFormat::Capture);
                    self.check_header(source, context.format, head)?;
                    let quoted = matches!(context.format, RecordFormat::Csv | RecordFormat::CsvWithHeader);
                    let framer = Framer::new(
                        self.settings.chunk_bytes,
                        self.settings.limits.max_line_bytes,
                        quoted,
                    );
                    let fresh = state.insert((framer, decompressor));
                    (&mut fresh.0, &mut fresh.1)
                }
            };
            let ready = &mut self.ready;
            match decompressor {
                None => framer.push(&bytes, |chunk| ready.push(chunk)),
                Some(decompressor) => {
                    let (out, result) = decompressor.push(&bytes);
                    framer.push(&out, |chunk| ready.push(chunk));
                    broken = result.err();
                }
            }
            self.send(object_idx, context, None).await?;
            if broken.is_some() {
                break;
            }
        }
        if let Some((mut framer, decompressor)) = state {
            let ready = &mut self.ready;
            if let (Some(decompressor), None) = (decompressor, broken) {
                let (out, result) = decompressor.finish();
                framer.push(&out, |chunk| ready.push(chunk));
                broken = result.err();
            }
            framer.finish(|chunk| ready.push(chunk));
            self.send(object_idx, context, broken).await?;
        }
        let etag = reader.etag().or(reader.meta().etag.as_deref()).map(str::to_owned);
        Ok(etag)
    }

    fn check_header(&self, source: &Source, format: RecordFormat, head: &[u8]) -> Result<(), EngineError> {
        let (Some(expected), RecordFormat::CsvWithHeader) = (&self.settings.header, format) else {
            return Ok(());
        };
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let found = csv::fields(line);
        if found == *expected || head.is_empty() {
            return Ok(());
        }
        Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "{} has a header of {} columns that differs from the first table's {} columns",
                source.shown_key,
                found.len(),
                expected.len()
            ),
        )
        .with_hint("tables that are read together must have the same header line"))
    }

    async fn send(
        &mut self,
        object_idx: u32,
        context: ObjectContext,
        broken: Option<RejectReason>,
    ) -> Result<(), EngineError> {
        let mut chunks = std::mem::take(&mut self.ready);
        if broken.is_some() {
            chunks.push(Chunk::default());
        }
        let n_chunks = chunks.len();
        for (idx, chunk) in chunks.drain(..).enumerate() {
            let broken = broken.filter(|_| idx + 1 == n_chunks);
            let item = Item {
                sequence: self.sequence,
                object_idx,
                context,
                chunk,
                broken,
            };
            self.sequence += 1;
            if self.sender.send(item).await.is_err() {
                return Err(EngineError::new(
                    ErrorKind::Internal,
                    "the worker threads ended before the data",
                ));
            }
        }
        self.ready = chunks;
        Ok(())
    }
}
