//! One captured object taken in: typed columns, refused lines, and what is known of it.
//!
//! Read once, as a stream, one chunk decoded at a time: memory is a chunk, a row group and one file of compressed columns.
//! Files are closed at a size, so a large object has several. Decoded without a window, because windows are chosen later:
//! what a window would have decided otherwise is noted ([`RejectCount`]). Does not count columns.

use crate::columns::ColumnWriter;
use crate::layout::{content_key, endpoint_of, index_folder, whole};
use crate::watch::layout_digest;
use bytes::Bytes;
use capture::decode::{Decoder, RecordFormat};
use capture::layout::{Layout, LayoutColumn};
use capture::reject::RejectReason;
use capture::time::TimeWindow;
use scan::plan::ScanColumns;
use scan::probe::Look;
use scan::progress::Silent;
use scan::reader::{Item, read_all};
use scan::sources::Source;
use scan::{EngineError, ErrorKind, ScanSettings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{ObjectStore, PutMode};
use tokio::sync::mpsc;

/// Bytes of compressed columns after which a file is closed.
const FILE_BYTES: usize = 48 << 20;
/// Bytes of refused lines after which their file is closed.
const REJECT_BYTES: usize = 16 << 20;

/// Lines refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectCount {
    /// Why.
    pub reason: RejectReason,
    /// Whether the time of the record was read before: then a window without that time counts the line as decoded.
    pub is_placed: bool,
    /// The second, where the record or its key has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<i64>,
    /// Lines.
    pub n: u64,
}

/// What is known of an object that was taken in: `index/<endpoint>/<variant>/yyyy/mm/dd/hh/<content key>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectHead {
    /// Form of this document: `1`.
    pub version: String,
    /// Where the object is.
    pub location: String,
    /// Its entity tag when it was read.
    pub etag: Option<String>,
    /// Its size as stored.
    pub size: u64,
    /// Second it was last written, where the store keeps that.
    pub written: Option<i64>,
    /// First second of the hour its key names.
    pub hour: Option<i64>,
    /// Digest of the layout its records were decoded with.
    pub layout: String,
    /// Names of the columns that were planned, in the order of the files.
    pub columns: Vec<String>,
    /// Lines; each was decoded or refused.
    pub n_lines: u64,
    /// Decoded records of shadow variants.
    pub n_shadow: u64,
    /// Records without a readable time.
    pub n_without_time: u64,
    /// Refused lines.
    pub rejects: Vec<RejectCount>,
    /// Files of typed columns: `.parquet`, `.1.parquet` and so on.
    pub n_files: u32,
    /// Files of refused lines.
    pub n_reject_files: u32,
    /// What its first records look like.
    pub look: Look,
}

/// An object that was taken in, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenIn {
    /// Its content key.
    pub content: String,
    /// Key in the store of everything of it, without the extension.
    pub place: String,
    /// What is known of it.
    pub head: ObjectHead,
}

impl TakenIn {
    /// Key of a file of columns.
    pub fn file(&self, number: u32) -> String {
        numbered(&self.place, number, "parquet")
    }

    /// Key of the head, which is written last: where it is, the rest is whole.
    pub fn head_key(&self) -> String {
        format!("{}.json", self.place)
    }
}

fn numbered(place: &str, number: u32, extension: &str) -> String {
    match number {
        0 => format!("{place}.{extension}"),
        number => format!("{place}.{number}.{extension}"),
    }
}

/// One refused line as it is written.
#[derive(Serialize)]
struct RejectLine<'a> {
    object: &'a str,
    line: u64,
    byte_offset: u64,
    bytes: u64,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
}

/// A file that is ready.
struct Ready {
    number: u32,
    extension: &'static str,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Counts {
    n_lines: u64,
    n_shadow: u64,
    n_without_time: u64,
    rejects: BTreeMap<(RejectReason, bool, Option<i64>), u64>,
    n_files: u32,
    n_reject_files: u32,
}

/// The layout with the text of all cells: what is stored must serve any later plan.
fn with_texts(layout: &Layout) -> Layout {
    let columns: Vec<LayoutColumn> = layout.columns().to_vec();
    let mut layout = layout.clone();
    for idx in 0..columns.len() {
        layout.set_needs_text(idx, true);
    }
    layout
}

/// Where what becomes of `source`, read with `columns`, lies; its head is `known` if that was already written.
pub fn place_of(
    root: &str,
    location: &str,
    etag: Option<&str>,
    hour: Option<i64>,
    columns: &ScanColumns,
) -> (String, String) {
    let content = content_key(location, etag, &layout_digest(columns));
    let (endpoint, variant) = endpoint_of(location, hour.is_some());
    let place = format!("{}{content}", index_folder(root, &endpoint, &variant, hour));
    (content, place)
}

/// Takes `source`, whose entity tag is `etag`, in. `location` is its whole location.
pub async fn take_in(
    source: &Source,
    etag: Option<&str>,
    look: Look,
    columns: &ScanColumns,
    settings: &ScanSettings,
    store: &Arc<dyn ObjectStore>,
    root: &str,
) -> Result<TakenIn, EngineError> {
    let location = whole(&source.store.locate(&source.key));
    let (content, place) = place_of(root, &location, etag, source.hour, columns);
    let (sender, receiver) = mpsc::channel(2);
    let (ready_sender, mut ready) = mpsc::channel::<Ready>(1);
    let work = Work {
        columns: columns.clone(),
        settings: settings.clone(),
        location: location.clone(),
    };
    let worker = tokio::task::spawn_blocking(move || work.run(receiver, &ready_sender));
    let unbounded = ScanSettings {
        window: TimeWindow::default(),
        fallback: settings.fallback.or(Some(RecordFormat::Capture)),
        ..settings.clone()
    };
    let sources = std::slice::from_ref(source);
    let reading = read_all(sources, &unbounded, sender, &Silent);
    let writing = async {
        while let Some(file) = ready.recv().await {
            let key = numbered(&place, file.number, file.extension);
            // Overwritten with the same bytes where it was there: content decides the name.
            store
                .put(&key, Bytes::from(file.bytes), PutMode::Overwrite)
                .await?;
        }
        Ok::<_, EngineError>(())
    };
    let (read, written) = futures::future::join(reading, writing).await;
    let counts = worker.await.map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the decoder ended early").with_source(error)
    })?;
    written?;
    let objects = read?;
    let counts = counts?;
    let found = objects.first().and_then(|object| object.etag.as_deref());
    if etag.is_some() && found.is_some() && found != etag {
        return Err(EngineError::new(
            ErrorKind::Storage,
            format!("{location} was replaced while it was read"),
        )
        .with_hint("its new version has an event of its own"));
    }
    let head = ObjectHead {
        version: "1".to_owned(),
        location,
        etag: etag.map(str::to_owned),
        size: source.size,
        written: source.written(),
        hour: source.hour,
        layout: layout_digest(columns),
        columns: columns.plans.iter().map(|plan| plan.name.clone()).collect(),
        n_lines: counts.n_lines,
        n_shadow: counts.n_shadow,
        n_without_time: counts.n_without_time,
        rejects: counts
            .rejects
            .into_iter()
            .map(|((reason, is_placed, second), n)| RejectCount {
                reason,
                is_placed,
                second,
                n,
            })
            .collect(),
        n_files: counts.n_files,
        n_reject_files: counts.n_reject_files,
        look,
    };
    let taken = TakenIn { content, place, head };
    let bytes = serde_json::to_vec(&taken.head).map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the head of an object cannot be written").with_source(error)
    })?;
    store
        .put(&taken.head_key(), Bytes::from(bytes), PutMode::Overwrite)
        .await?;
    Ok(taken)
}

struct Work {
    columns: ScanColumns,
    settings: ScanSettings,
    location: String,
}

fn unwritten(error: parquet::errors::ParquetError) -> EngineError {
    EngineError::new(ErrorKind::Internal, "typed columns cannot be written").with_source(error)
}

fn gone() -> EngineError {
    EngineError::new(ErrorKind::Storage, "a file of the object could not be written")
}

impl Work {
    fn run(
        &self,
        mut receiver: mpsc::Receiver<Item>,
        ready: &mpsc::Sender<Ready>,
    ) -> Result<Counts, EngineError> {
        let layout = Arc::new(with_texts(&self.columns.layout));
        let mut decoder = Decoder::new(layout, TimeWindow::default(), self.settings.limits);
        let mut counts = Counts::default();
        let mut refused = Vec::new();
        let mut writer = ColumnWriter::new(&self.columns.plans).map_err(unwritten)?;
        let mut has_rows = false;
        while let Some(item) = receiver.blocking_recv() {
            let outcome = decoder.decode(&item.chunk, &item.context);
            let first_line = counts.n_lines + 1;
            writer
                .add(decoder.batch(), &outcome.records, first_line)
                .map_err(unwritten)?;
            has_rows |= !outcome.records.is_empty();
            counts.n_lines += outcome.n_lines;
            counts.n_shadow += outcome.n_shadow;
            counts.n_without_time += outcome.n_without_time;
            for (reject, second) in outcome.rejects.iter().zip(&outcome.reject_seconds) {
                let key = (reject.reason, second.is_some(), second.flatten());
                *counts.rejects.entry(key).or_default() += 1;
                let start = (reject.byte_offset - item.chunk.byte_offset) as usize;
                let bytes = item.chunk.bytes.get(start..start + reject.n_bytes as usize);
                let line = first_line + reject.line_in_chunk;
                self.refuse(&mut refused, line, reject, bytes);
            }
            if let Some(reason) = item.broken {
                let reject = capture::reject::Reject {
                    line_in_chunk: 0,
                    byte_offset: item.chunk.byte_offset + item.chunk.bytes.len() as u64,
                    n_bytes: 0,
                    reason,
                };
                *counts.rejects.entry((reason, false, None)).or_default() += 1;
                counts.n_lines += 1;
                self.refuse(&mut refused, counts.n_lines, &reject, None);
            }
            if refused.len() >= REJECT_BYTES {
                send_rejects(&mut refused, &mut counts, ready)?;
            }
            if writer.n_bytes() >= FILE_BYTES {
                let fresh = ColumnWriter::new(&self.columns.plans).map_err(unwritten)?;
                let bytes = std::mem::replace(&mut writer, fresh)
                    .finish()
                    .map_err(unwritten)?;
                send_columns(bytes, &mut counts, ready)?;
                has_rows = false;
            }
        }
        if has_rows || counts.n_files == 0 {
            send_columns(writer.finish().map_err(unwritten)?, &mut counts, ready)?;
        }
        if !refused.is_empty() {
            send_rejects(&mut refused, &mut counts, ready)?;
        }
        Ok(counts)
    }

    fn refuse(
        &self,
        refused: &mut Vec<u8>,
        line: u64,
        reject: &capture::reject::Reject,
        bytes: Option<&[u8]>,
    ) {
        let line = RejectLine {
            object: &self.location,
            line,
            byte_offset: reject.byte_offset,
            bytes: reject.n_bytes,
            reason: reject.reason.name(),
            payload: bytes
                .filter(|_| self.settings.keep_payloads)
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        };
        refused.extend(serde_json::to_vec(&line).unwrap_or_default());
        refused.push(b'\n');
    }
}

fn send_columns(bytes: Vec<u8>, counts: &mut Counts, ready: &mpsc::Sender<Ready>) -> Result<(), EngineError> {
    let number = counts.n_files;
    counts.n_files += 1;
    let file = Ready {
        number,
        extension: "parquet",
        bytes,
    };
    ready.blocking_send(file).map_err(|_| gone())
}

fn send_rejects(
    refused: &mut Vec<u8>,
    counts: &mut Counts,
    ready: &mpsc::Sender<Ready>,
) -> Result<(), EngineError> {
    let number = counts.n_reject_files;
    counts.n_reject_files += 1;
    let file = Ready {
        number,
        extension: "rejects.jsonl",
        bytes: std::mem::take(refused),
    };
    ready.blocking_send(file).map_err(|_| gone())
}
