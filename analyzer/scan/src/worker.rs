//! Worker threads: decode a chunk, settle line numbers and duplicates in chunk order, tally the rows.
//!
//! Does not read and does not judge.

use crate::ledger::Ledger;
use crate::pass::{RecordCounts, RejectedLine, ScanOutcome, ScanSettings, ScannedObject, Share, place};
use crate::plan::ScanColumns;
use crate::reader::Item;
use crate::tally::{Rows, Tally};
use baselines::summary::{DatasetSummary, Distinct};
use capture::decode::{ChunkOutcome, Decoder, RecordMeta};
use capture::layout::Layout;
use capture::reject::Reject;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::Receiver;

/// What the workers of a scan share.
pub(crate) struct Shared {
    layout: Arc<Layout>,
    settings: ScanSettings,
    ordered: Mutex<Ordered>,
    turn: Condvar,
}

/// What must be settled in chunk order.
struct Ordered {
    next: u64,
    abandoned: bool,
    ledger: Ledger,
    objects: Vec<ObjectCounts>,
    records: RecordCounts,
    volume: BTreeMap<i64, u64>,
    seconds: Option<(i64, i64)>,
    rejects: Vec<RejectedLine>,
    event_ids: Vec<(u64, u32)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct ObjectCounts {
    n_lines: u64,
    n_decoded: u64,
    n_rejected: u64,
    n_records: u64,
}

/// Frees the other workers if one panics: they would wait for its turn for ever.
struct TurnGuard<'s>(&'s Shared);

impl Drop for TurnGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().abandoned = true;
            self.0.turn.notify_all();
        }
    }
}

impl Shared {
    pub(crate) fn new(columns: &ScanColumns, settings: &ScanSettings, n_objects: usize) -> Self {
        Self {
            layout: Arc::new(columns.layout.clone()),
            settings: settings.clone(),
            ordered: Mutex::new(Ordered {
                next: 0,
                abandoned: false,
                ledger: Ledger::default(),
                objects: vec![ObjectCounts::default(); n_objects],
                records: RecordCounts::default(),
                volume: BTreeMap::new(),
                seconds: None,
                rejects: Vec::new(),
                event_ids: Vec::new(),
            }),
            turn: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ordered> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn finish(self, mut objects: Vec<ScannedObject>) -> ScanOutcome {
        let mut ordered = self.ordered.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (object, counts) in objects.iter_mut().zip(&ordered.objects) {
            object.n_lines = counts.n_lines;
            object.n_decoded = counts.n_decoded;
            object.n_rejected = counts.n_rejected;
            object.n_records = counts.n_records;
        }
        ordered.records.duplicate_horizon_used = ordered.ledger.forgot;
        ScanOutcome {
            n_dropped_columns: Distinct::Exact(0),
            summary: DatasetSummary {
                n_rows: 0,
                columns: Vec::new(),
            },
            records: ordered.records,
            objects,
            volume: ordered.volume,
            first_second: ordered.seconds.map(|(first, _)| first),
            last_second: ordered.seconds.map(|(_, last)| last),
            rejects: ordered.rejects,
            event_ids: ordered.event_ids,
        }
    }
}

/// The second of each row that stays.
fn seconds_of_rows(records: &[RecordMeta], keep: Option<&[bool]>, seconds: &mut Vec<Option<i64>>) {
    for record in records {
        let rows = record.first_row as usize..(record.first_row + record.n_rows) as usize;
        let n = rows
            .filter(|row| keep.is_none_or(|keep| keep.get(*row).copied().unwrap_or(false)))
            .count();
        seconds.resize(seconds.len() + n, record.second);
    }
}

/// Works until there is nothing left; gives this thread's tally.
pub(crate) fn run<T: Tally>(shared: &Shared, receiver: &Mutex<Receiver<Item>>, mut tally: T) -> T {
    let _guard = TurnGuard(shared);
    let settings = &shared.settings;
    let mut decoder = Decoder::new(Arc::clone(&shared.layout), settings.window, settings.limits);
    let mut seconds = Vec::new();
    loop {
        let received = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(item) = received else { return tally };
        let outcome = decoder.decode(&item.chunk, &item.context);
        let Some((first_line, keep)) = shared.settle(&item, &outcome, decoder.batch().n_rows()) else {
            return tally;
        };
        seconds.clear();
        if T::WANTS_SECONDS {
            seconds_of_rows(&outcome.records, keep.as_deref(), &mut seconds);
        }
        if let Some(keep) = keep {
            decoder.batch_mut().retain_rows(&keep);
        }
        if decoder.batch().n_rows() > 0 {
            tally.take(&Rows {
                batch: decoder.batch(),
                seconds: &seconds,
                object_idx: place(settings.share.as_deref(), item.object_idx),
                first_line,
            });
        }
    }
}

impl Shared {
    /// In chunk order: the number of the chunk's first line, and which rows stay if some do not.
    fn settle(&self, item: &Item, outcome: &ChunkOutcome, n_rows: usize) -> Option<(u64, Option<Vec<bool>>)> {
        let mut ordered = self.lock();
        while ordered.next != item.sequence && !ordered.abandoned {
            ordered = self.turn.wait(ordered).unwrap_or_else(PoisonError::into_inner);
        }
        if ordered.abandoned {
            return None;
        }
        let first_line = ordered.objects[item.object_idx as usize].n_lines + 1;
        let share = self.settings.share.as_deref();
        let keep = ordered.take_records(outcome, n_rows, share, item.object_idx);
        ordered.take_counts(item, outcome);
        for reject in &outcome.rejects {
            ordered.take_reject(item, first_line, reject, &self.settings);
        }
        if let Some(reason) = item.broken {
            let line_in_chunk = outcome.n_lines;
            let byte_offset = item.chunk.byte_offset + item.chunk.bytes.len() as u64;
            let reject = Reject {
                line_in_chunk,
                byte_offset,
                n_bytes: 0,
                reason,
            };
            ordered.objects[item.object_idx as usize].n_lines += 1;
            ordered.records.n_lines += 1;
            ordered.take_reject(item, first_line, &reject, &self.settings);
        }
        ordered.next += 1;
        self.turn.notify_all();
        Some((first_line, keep))
    }
}

impl Ordered {
    fn take_counts(&mut self, item: &Item, outcome: &ChunkOutcome) {
        let object = &mut self.objects[item.object_idx as usize];
        object.n_lines += outcome.n_lines;
        object.n_decoded += outcome.n_decoded;
        self.records.n_lines += outcome.n_lines;
        self.records.n_decoded += outcome.n_decoded;
        self.records.n_outside_window += outcome.n_outside_window;
        self.records.n_shadow += outcome.n_shadow;
        self.records.n_without_time += outcome.n_without_time;
    }

    /// Counts the records that are new; which rows stay, if some do not.
    fn take_records(
        &mut self,
        outcome: &ChunkOutcome,
        n_rows: usize,
        share: Option<&Share>,
        object_idx: u32,
    ) -> Option<Vec<bool>> {
        let mut keep: Option<Vec<bool>> = None;
        for record in &outcome.records {
            let new = record.event_hash.is_none_or(|id| {
                !share.is_some_and(|share| share.elsewhere.contains(&id))
                    && self.ledger.is_new(id, record.second)
            });
            if let (Some(_), true, Some(id)) = (share, new, record.event_hash) {
                self.event_ids.push((id, object_idx));
            }
            if !new {
                self.records.n_duplicates += 1;
                let rows = record.first_row as usize..(record.first_row + record.n_rows) as usize;
                keep.get_or_insert_with(|| vec![true; n_rows])[rows].fill(false);
                continue;
            }
            self.records.n_records += 1;
            self.objects[object_idx as usize].n_records += 1;
            self.records.n_with_event_id += u64::from(record.event_hash.is_some());
            self.records.n_with_inference_id += u64::from(record.has_inference_id);
            self.records.n_one_sided += u64::from(record.one_sided);
            if let Some(second) = record.second {
                let (first, last) = self.seconds.unwrap_or((second, second));
                self.seconds = Some((first.min(second), last.max(second)));
                *self.volume.entry(second.div_euclid(3600) * 3600).or_default() += u64::from(record.n_rows);
            }
        }
        keep
    }

    fn take_reject(&mut self, item: &Item, first_line: u64, reject: &Reject, settings: &ScanSettings) {
        self.records.n_rejected += 1;
        self.objects[item.object_idx as usize].n_rejected += 1;
        *self.records.rejects_by_reason.entry(reject.reason).or_default() += 1;
        if self.rejects.len() >= settings.max_kept_rejects {
            return;
        }
        let start = (reject.byte_offset - item.chunk.byte_offset) as usize;
        let end = start + reject.n_bytes as usize;
        let payload = settings
            .keep_payloads
            .then(|| item.chunk.bytes.get(start..end).unwrap_or_default().to_vec());
        self.rejects.push(RejectedLine {
            object_idx: item.object_idx,
            line: first_line + reject.line_in_chunk,
            byte_offset: reject.byte_offset,
            n_bytes: reject.n_bytes,
            reason: reject.reason,
            payload,
        });
    }
}
