//! Reading a window: objects in order, decoding on all cores, one profile per thread.
//!
//! One task reads and cuts objects into chunks of lines; worker threads decode them, agree in chunk order on line
//! numbers and duplicates, and profile what is left. Profiles do not depend on which thread saw what
//! (`baselines::profile`), so neither does the result. Memory is bounded by the chunks in flight, the profiles, and
//! the ledger of event ids.

use crate::error::EngineError;
use crate::plan::ScanColumns;
use crate::probe::MAX_PARQUET_BYTES;
use crate::progress::Progress;
use crate::sources::Source;
use crate::table::{ParquetReader, TableObject};
use crate::tally::{ProfileTally, Tally};
use crate::{reader, worker};
use baselines::profile::{ColumnPlan, Profile};
use baselines::summary::{DatasetSummary, Distinct};
use capture::decode::RecordFormat;
use capture::limits::Limits;
use capture::reject::RejectReason;
use capture::time::TimeWindow;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// How to scan.
#[derive(Debug, Clone)]
pub struct ScanSettings {
    /// Records taken in.
    pub window: TimeWindow,
    /// Caps.
    pub limits: Limits,
    /// Worker threads.
    pub n_threads: usize,
    /// Bytes of lines a worker takes at a time.
    pub chunk_bytes: usize,
    /// Format of objects whose own bytes do not tell.
    pub fallback: Option<RecordFormat>,
    /// Where refused lines are kept, at most; beyond it they are only counted.
    pub max_kept_rejects: usize,
    /// Whether refused lines are kept with their bytes (someone's data).
    pub keep_payloads: bool,
    /// The header every CSV table must have.
    pub header: Option<Vec<String>>,
    /// Whether columns of a Parquet table that have no plan are left out.
    pub only_planned: bool,
    /// Where other processes read the rest of the objects.
    pub share: Option<Arc<Share>>,
    /// Production variants whose objects are read, where keys name them; empty: all.
    pub variants: Vec<String>,
}

/// A share of a window's objects; others are read elsewhere.
#[derive(Debug, Default)]
pub struct Share {
    /// Index of each object among those of all shares.
    pub places: Vec<u32>,
    /// Event ids that another share has earlier: repeated deliveries.
    pub elsewhere: HashSet<u64>,
}

impl Default for ScanSettings {
    fn default() -> Self {
        Self {
            window: TimeWindow::default(),
            limits: Limits::default(),
            n_threads: std::thread::available_parallelism().map_or(1, usize::from),
            chunk_bytes: 256 << 10,
            fallback: None,
            max_kept_rejects: 1000,
            keep_payloads: false,
            header: None,
            only_planned: false,
            share: None,
            variants: Vec::new(),
        }
    }
}

/// One refused line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLine {
    /// Index into [`ScanOutcome::objects`].
    pub object_idx: u32,
    /// From 1.
    pub line: u64,
    /// In the (decompressed) object.
    pub byte_offset: u64,
    /// Length.
    pub n_bytes: u64,
    /// Why.
    pub reason: RejectReason,
    /// The line itself, where it was asked for.
    pub payload: Option<Vec<u8>>,
}

/// One object that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannedObject {
    /// As documents name it.
    pub key: String,
    /// Entity tag.
    pub etag: Option<String>,
    /// Size as stored.
    pub size: u64,
    /// Lines.
    pub n_lines: u64,
    /// Lines decoded.
    pub n_decoded: u64,
    /// Lines refused.
    pub n_rejected: u64,
    /// Records taken in.
    #[serde(default)]
    pub n_records: u64,
    /// Second it was last written, where the store keeps that.
    #[serde(default)]
    pub written: Option<i64>,
}

/// What became of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCounts {
    /// Lines; each was decoded or rejected.
    pub n_lines: u64,
    /// Decoded lines.
    pub n_decoded: u64,
    /// Refused lines.
    pub n_rejected: u64,
    /// Decoded records whose event id was there before.
    pub n_duplicates: u64,
    /// Decoded records outside the window.
    pub n_outside_window: u64,
    /// Decoded records of shadow variants.
    pub n_shadow: u64,
    /// Records without a readable time.
    pub n_without_time: u64,
    /// Records taken in that carry the caller's id.
    pub n_with_inference_id: u64,
    /// Records taken in that carry SageMaker's event id, as captured ones do.
    #[serde(default)]
    pub n_with_event_id: u64,
    /// Records taken in of which one side is missing.
    pub n_one_sided: u64,
    /// Records taken in.
    pub n_records: u64,
    /// Refused lines by reason.
    pub rejects_by_reason: BTreeMap<RejectReason, u64>,
    /// Whether event ids of far-away hours were forgotten to bound memory.
    pub duplicate_horizon_used: bool,
}

impl RecordCounts {
    /// Adds what became of other lines.
    pub fn add(&mut self, other: &Self) {
        self.n_lines += other.n_lines;
        self.n_decoded += other.n_decoded;
        self.n_rejected += other.n_rejected;
        self.n_duplicates += other.n_duplicates;
        self.n_outside_window += other.n_outside_window;
        self.n_shadow += other.n_shadow;
        self.n_without_time += other.n_without_time;
        self.n_with_inference_id += other.n_with_inference_id;
        self.n_with_event_id += other.n_with_event_id;
        self.n_one_sided += other.n_one_sided;
        self.n_records += other.n_records;
        for (reason, n) in &other.rejects_by_reason {
            *self.rejects_by_reason.entry(*reason).or_default() += n;
        }
        self.duplicate_horizon_used |= other.duplicate_horizon_used;
    }
}

/// A scanned window.
#[derive(Debug)]
pub struct ScanOutcome {
    /// The statistics.
    pub summary: DatasetSummary,
    /// Counts.
    pub records: RecordCounts,
    /// Objects, in the order of `Position::object_idx`.
    pub objects: Vec<ScannedObject>,
    /// Rows by the hour of their inference.
    pub volume: BTreeMap<i64, u64>,
    /// Earliest second.
    pub first_second: Option<i64>,
    /// Latest second.
    pub last_second: Option<i64>,
    /// Refused lines, in order, at most `max_kept_rejects`.
    pub rejects: Vec<RejectedLine>,
    /// Of a share: the event ids that were new, with the index of their object.
    pub event_ids: Vec<(u64, u32)>,
    /// Columns that nothing was known of and that had no room
    /// ([`MAX_EXTRA_COLUMNS`](baselines::profile::MAX_EXTRA_COLUMNS)).
    pub n_dropped_columns: Distinct,
}

/// Scans `sources` into profiles.
pub async fn scan(
    sources: &[Source],
    columns: &ScanColumns,
    settings: &ScanSettings,
    tables: &'static dyn ParquetReader,
    progress: &dyn Progress,
) -> Result<ScanOutcome, EngineError> {
    let plans: Arc<[ColumnPlan]> = columns.plans.clone().into();
    let make = || ProfileTally::new(Arc::clone(&plans), settings.only_planned);
    let (tally, mut outcome) = scan_into(sources, columns, settings, tables, progress, make).await?;
    (outcome.summary, outcome.n_dropped_columns) = tally.finish();
    Ok(outcome)
}

/// Scans a share of a window's objects; the summary of the outcome is empty until all profiles are one.
pub async fn scan_share(
    sources: &[Source],
    columns: &ScanColumns,
    settings: &ScanSettings,
    tables: &'static dyn ParquetReader,
    progress: &dyn Progress,
) -> Result<(Profile, ScanOutcome), EngineError> {
    let plans: Arc<[ColumnPlan]> = columns.plans.clone().into();
    let make = || ProfileTally::new(Arc::clone(&plans), settings.only_planned);
    let (tally, outcome) = scan_into(sources, columns, settings, tables, progress, make).await?;
    Ok((tally.into_profile(), outcome))
}

/// Scans `sources` into tallies that `make` makes, one per worker, merged at the end in any order. The summary of the
/// outcome is empty.
pub async fn scan_into<T: Tally>(
    sources: &[Source],
    columns: &ScanColumns,
    settings: &ScanSettings,
    tables: &'static dyn ParquetReader,
    progress: &dyn Progress,
    make: impl Fn() -> T,
) -> Result<(T, ScanOutcome), EngineError> {
    let shared = Arc::new(worker::Shared::new(columns, settings, sources.len()));
    let n_workers = settings.n_threads.max(1);
    let (sender, receiver) = tokio::sync::mpsc::channel(n_workers + 1);
    let receiver = Arc::new(std::sync::Mutex::new(receiver));
    let workers: Vec<_> = (0..n_workers)
        .map(|_| {
            let (shared, receiver, tally) = (Arc::clone(&shared), Arc::clone(&receiver), make());
            tokio::task::spawn_blocking(move || worker::run(&shared, &receiver, tally))
        })
        .collect();
    let read = reader::read_all(sources, settings, sender, progress).await;
    let mut tally = make();
    let mut failed = None;
    for worker in workers {
        match worker.await {
            Ok(part) => tally.merge(part),
            Err(error) => failed = Some(error),
        }
    }
    let objects = read?;
    if let Some(error) = failed {
        return Err(
            EngineError::new(crate::ErrorKind::Internal, "a worker thread ended early").with_source(error),
        );
    }
    let shared = Arc::try_unwrap(shared).map_err(|_| {
        EngineError::new(
            crate::ErrorKind::Internal,
            "a worker thread still holds the scan's state",
        )
    })?;
    let (mut n_table_rows, mut rows_of_tables) = (0, Vec::new());
    for (idx, source) in sources
        .iter()
        .enumerate()
        .filter(|(_, source)| source.is_parquet())
    {
        let object = source.store.get(&source.key, MAX_PARQUET_BYTES).await?;
        progress.advance(object.bytes.len() as u64);
        let (mut part, key, bytes) = (make(), source.shown_key.clone(), object.bytes);
        let place = place(settings.share.as_deref(), idx as u32);
        let read = tokio::task::spawn_blocking(move || {
            let table = TableObject {
                reader: tables,
                bytes: &bytes,
                key: &key,
                object_idx: place,
            };
            let rows = part.take_parquet(&table)?;
            Ok::<_, EngineError>((part, rows))
        });
        let (part, rows) = read.await.map_err(|error| {
            EngineError::new(crate::ErrorKind::Internal, "the Parquet reader ended early").with_source(error)
        })??;
        tally.merge(part);
        n_table_rows += rows;
        rows_of_tables.push((idx, rows, object.etag));
    }
    let mut outcome = shared.finish(objects);
    for (idx, rows, etag) in rows_of_tables {
        let object = &mut outcome.objects[idx];
        (object.n_lines, object.n_decoded, object.etag) = (rows, rows, Some(etag));
    }
    outcome.records.n_lines += n_table_rows;
    outcome.records.n_decoded += n_table_rows;
    outcome.records.n_records += n_table_rows;
    Ok((tally, outcome))
}

/// Index of object `idx` among those of all shares.
pub fn place(share: Option<&Share>, idx: u32) -> u32 {
    share
        .and_then(|share| share.places.get(idx as usize).copied())
        .unwrap_or(idx)
}
