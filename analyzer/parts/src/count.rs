//! Typed columns of an object to the parts of windows.
//!
//! Says of every window what a scan of the captured lines with that window would have said of this object
//! (`tests` hold them side by side). One file of columns is held at a time. Does not judge.

use crate::columns::{CellsOf, FIRST_ROW, HAS_INFERENCE_ID, ONE_SIDED, RowBatch, read_rows};
use crate::layout::Span;
use crate::object::TakenIn;
use crate::part::{Head, Part, empty_counts, sorted_ids};
use crate::watch::plan_digest;
use baselines::profile::column::Scratch;
use baselines::profile::{ColumnPlan, PlanKind, Profile};
use baselines::summary::Position;
use bytes::Bytes;
use capture::reject::RejectReason;
use scan::plan::ScanColumns;
use scan::share::PartHead;
use scan::{EngineError, ErrorKind, ScannedObject};
use std::collections::HashSet;
use std::sync::Arc;
use store::ObjectStore;

/// A file of columns is closed at 48 MiB and one more row group.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// Windows counted in one reading: each has a profile.
const WINDOWS_AT_ONCE: usize = 32;

/// Event ids with the hour of their inference.
pub type Ids = HashSet<(i64, u64)>;

/// Counts the rows of `taken` in each of `spans`, which do not overlap; ids in `elsewhere` stand in an earlier object.
///
/// `columns` must decode as the object was decoded: the same layout, whatever the plan.
pub async fn count(
    taken: &TakenIn,
    columns: &ScanColumns,
    spans: &[Span],
    baseline: &str,
    elsewhere: &Ids,
    store: &Arc<dyn ObjectStore>,
) -> Result<Vec<Part>, EngineError> {
    let mut parts = Vec::with_capacity(spans.len());
    let elsewhere = Arc::new(elsewhere.clone());
    for spans in spans.chunks(WINDOWS_AT_ONCE) {
        let mut counter = Counter::new(taken, columns, spans, Arc::clone(&elsewhere));
        for number in 0..taken.head.n_files {
            let key = taken.file(number);
            let bytes = store.get(&key, MAX_FILE_BYTES).await?.bytes;
            counter = tokio::task::spawn_blocking(move || counter.file(bytes, &key))
                .await
                .map_err(|error| {
                    EngineError::new(ErrorKind::Internal, "the counting of columns ended early")
                        .with_source(error)
                })??;
        }
        parts.extend(counter.finish(taken, baseline)?);
    }
    Ok(parts)
}

/// What is counted of one window.
struct Window {
    span: Span,
    profile: Option<Profile>,
    seen: Ids,
    counted: PartHead,
    rows: Vec<usize>,
    /// Records and refused lines of a known second inside.
    n_inside: u64,
}

struct Counter {
    plans: Arc<[ColumnPlan]>,
    plan: String,
    windows: Vec<Window>,
    elsewhere: Arc<Ids>,
    /// The window that the rows of the record at hand go into.
    into: Option<usize>,
    n_placed: u64,
    n_without_second: u64,
    scratch: Scratch,
    cells: CellsOf,
}

impl Counter {
    fn new(taken: &TakenIn, columns: &ScanColumns, spans: &[Span], elsewhere: Arc<Ids>) -> Self {
        let head = &taken.head;
        let windows = spans.iter().map(|span| Window {
            span: *span,
            profile: None,
            seen: Ids::new(),
            counted: empty_counts(ScannedObject {
                key: head.location.clone(),
                etag: head.etag.clone(),
                size: head.size,
                n_lines: head.n_lines,
                written: head.written,
                ..ScannedObject::default()
            }),
            rows: Vec::new(),
            n_inside: 0,
        });
        Self {
            plans: columns.plans.clone().into(),
            plan: plan_digest(columns),
            windows: windows.collect(),
            elsewhere,
            into: None,
            n_placed: 0,
            n_without_second: 0,
            scratch: Scratch::default(),
            cells: CellsOf::default(),
        }
    }

    fn window_of(&self, second: i64) -> Option<usize> {
        self.windows
            .iter()
            .position(|window| window.span.start <= second && second < window.span.end)
    }

    fn file(mut self, bytes: Bytes, key: &str) -> Result<Self, EngineError> {
        let n_columns = self.plans.len();
        read_rows(bytes, key, n_columns, |batch| self.batch(batch))?;
        Ok(self)
    }

    fn batch(&mut self, batch: &RowBatch) {
        for row in 0..batch.n_rows() {
            let flags = batch.flags(row);
            let second = batch.second(row);
            if flags & FIRST_ROW != 0 {
                self.into = self.record(second, batch.event(row), flags);
            }
            if let (Some(idx), Some(second)) = (self.into, second) {
                let window = &mut self.windows[idx];
                window.rows.push(row);
                let hour = second.div_euclid(3600) * 3600;
                *window.counted.volume.entry(hour).or_default() += 1;
            }
        }
        for window in &mut self.windows {
            if window.rows.is_empty() {
                continue;
            }
            let profile = window.profile.get_or_insert_with(|| Profile::new(&self.plans));
            let position = |idx: usize| Position {
                object_idx: 0,
                line: batch.line(window.rows[idx]),
            };
            profile.add_rows(window.rows.len() as u64);
            for idx in 0..self.plans.len() {
                batch.cells(idx, &window.rows, &mut self.cells);
                profile.update_planned(idx, &self.cells.view(), position, &mut self.scratch);
            }
            for (idx, row) in window.rows.iter().enumerate() {
                for cell in batch.extra(*row) {
                    self.cells.set_one(&cell);
                    let plan = || ColumnPlan::unknown(&cell.name, PlanKind::Undetermined);
                    let at = |_| position(idx);
                    profile.update_extra(&cell.name, plan, &self.cells.view(), at, &mut self.scratch);
                }
            }
            window.rows.clear();
        }
    }

    /// The window that a record counts in, if it counts.
    fn record(&mut self, second: Option<i64>, event: Option<u64>, flags: u8) -> Option<usize> {
        let Some(second) = second else {
            self.n_without_second += 1;
            return None;
        };
        self.n_placed += 1;
        let idx = self.window_of(second)?;
        let window = &mut self.windows[idx];
        window.n_inside += 1;
        let id = event.map(|id| (second.div_euclid(3600), id));
        let is_new = id.is_none_or(|id| !self.elsewhere.contains(&id) && window.seen.insert(id));
        let records = &mut window.counted.records;
        if !is_new {
            records.n_duplicates += 1;
            return None;
        }
        records.n_records += 1;
        records.n_with_event_id += u64::from(event.is_some());
        records.n_with_inference_id += u64::from(flags & HAS_INFERENCE_ID != 0);
        records.n_one_sided += u64::from(flags & ONE_SIDED != 0);
        let (first, last) = window.counted.seconds.unwrap_or((second, second));
        window.counted.seconds = Some((first.min(second), last.max(second)));
        Some(idx)
    }

    fn finish(mut self, taken: &TakenIn, baseline: &str) -> Result<Vec<Part>, EngineError> {
        let head = &taken.head;
        for reject in &head.rejects {
            let inside = reject.second.and_then(|second| self.window_of(second));
            if reject.is_placed && reject.second.is_some() {
                self.n_placed += reject.n;
            }
            for (idx, window) in self.windows.iter_mut().enumerate() {
                let reason = match (reject.is_placed, reject.second) {
                    (false, _) => reject.reason,
                    // A window asks for a time; without one it would have read on.
                    (true, None) => RejectReason::InvalidTime,
                    (true, Some(_)) if inside == Some(idx) => {
                        window.n_inside += reject.n;
                        reject.reason
                    }
                    (true, Some(_)) => continue,
                };
                window.refuse(reason, reject.n);
            }
        }
        let mut parts = Vec::with_capacity(self.windows.len());
        for mut window in self.windows {
            window.refuse(RejectReason::InvalidTime, self.n_without_second);
            let records = &mut window.counted.records;
            records.n_lines = head.n_lines;
            records.n_decoded = head.n_lines - records.n_rejected;
            records.n_outside_window = self.n_placed - window.n_inside;
            records.n_shadow = head.n_shadow;
            records.n_without_time = head.n_without_time;
            for object in &mut window.counted.objects {
                (object.n_decoded, object.n_rejected) = (records.n_decoded, records.n_rejected);
                object.n_records = records.n_records;
            }
            let (ids, flat) = sorted_ids(window.seen);
            let profile = match &window.profile {
                None => Vec::new(),
                Some(profile) => profile.to_bytes().map_err(|error| {
                    EngineError::new(ErrorKind::Internal, "a profile cannot be written").with_source(error)
                })?,
            };
            parts.push(Part {
                head: Head {
                    version: "1".to_owned(),
                    content: taken.content.clone(),
                    place: taken.place.clone(),
                    location: head.location.clone(),
                    start: window.span.start,
                    end: window.span.end,
                    baseline: baseline.to_owned(),
                    layout: head.layout.clone(),
                    plan: self.plan.clone(),
                    counted: window.counted,
                    ids,
                    look: head.look.clone(),
                },
                ids: flat,
                profile,
            });
        }
        Ok(parts)
    }
}

impl Window {
    fn refuse(&mut self, reason: RejectReason, n: u64) {
        if n == 0 {
            return;
        }
        let records = &mut self.counted.records;
        records.n_rejected += n;
        *records.rejects_by_reason.entry(reason).or_default() += n;
    }
}
