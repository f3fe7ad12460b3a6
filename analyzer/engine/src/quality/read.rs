//! Predictions into memory: captured records or tables, on all cores, a few bytes a row.
//!
//! The order of rows is that in which threads finished; whoever uses them sorts by id ([`super::join`]). Does not know
//! labels that lie elsewhere, and does not measure.

use super::attribute::Attribute;
use super::gather::{Gathered, Kind, NO_TIME};
use crate::error::{EngineError, ErrorKind};
use crate::plan::ScanColumns;
use crate::probe::{MAX_PARQUET_BYTES, Probe};
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::scan::reader::{Item, read_all};
use crate::sources::Source;
use crate::table::read_columns;
use baselines::view::ColumnView;
use capture::decode::{ChunkOutcome, Decoder, RecordFormat, join_id};
use capture::envelope;
use capture::layout::{Layout, LayoutColumn, Side};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::Receiver;

/// What is wanted of each row. Columns by name; several roles may share one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// `(name, side, kind, role)`.
    pub(super) columns: Vec<(String, Side, Kind, Role)>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Id,
    Time,
    Prediction,
    /// Of class so-and-so in the order asked for.
    Probability(usize),
    Label,
    Feature(usize),
}

impl Wanted {
    pub(crate) fn add(&mut self, name: &str, side: Side, kind: Kind, role: Role) {
        self.columns.push((name.to_owned(), side, kind, role));
    }
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, ..) in &self.columns {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

/// Columns there are to choose from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// Outputs of captured records; the columns of a table.
    pub(crate) outputs: Vec<String>,
    /// Inputs of captured records; the columns of a table.
    pub(crate) inputs: Vec<String>,
    /// Whether it is a table.
    pub(crate) is_table: bool,
}

impl Choice {
    /// The columns of a scan.
    pub(crate) fn of(columns: &ScanColumns, looked: &Probe) -> Self {
        use crate::probe::SideShape;
        let json_table = match (&looked.fallback, &looked.input) {
            (Some(RecordFormat::JsonLines), Some(SideShape::Named(names))) => Some(names),
            _ => None,
        };
        if let Some(names) = looked.header.as_ref().or(json_table) {
            return Self {
                outputs: names.clone(),
                inputs: names.clone(),
                is_table: true,
            };
        }
        let of_side = |side: Side, shape: &Option<SideShape>| {
            let planned = columns
                .layout
                .columns()
                .iter()
                .filter(|column| column.side == side);
            let mut names: Vec<String> = planned.map(|column| column.name.clone()).collect();
            if columns.mismatch.is_some() || names.is_empty() {
                names = match shape {
                    None => Vec::new(),
                    Some(SideShape::Named(names)) => names.clone(),
                    Some(SideShape::Positional(n)) => {
                        (0..*n).map(|idx| format!("{}_{idx}", side.name())).collect()
                    }
                };
            }
            names
        };
        Self {
            outputs: of_side(Side::Output, &looked.output),
            inputs: of_side(Side::Input, &looked.input),
            is_table: false,
        }
    }

    /// The column an argument means: outputs first, then inputs.
    pub(crate) fn find(&self, argument: &str, asked: &Attribute) -> Result<(String, Side), EngineError> {
        let side = if self.is_table { Side::Input } else { Side::Output };
        match asked.resolve(argument, &self.outputs) {
            Ok(name) => Ok((name.to_owned(), side)),
            Err(error) => match asked {
                Attribute::Name(_) if !self.is_table => asked
                    .resolve(argument, &self.inputs)
                    .map(|name| (name.to_owned(), Side::Input))
                    .map_err(|_| error),
                _ => Err(error),
            },
        }
    }

    /// The first of `names` that is a column.
    pub(crate) fn known<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names
            .iter()
            .copied()
            .find(|name| self.inputs.iter().any(|n| n == name))
    }

    pub(super) fn layout(&self, wanted: &Wanted) -> Layout {
        let mut seen: Vec<(&str, Side)> = Vec::new();
        let mut columns = Vec::new();
        for (name, side, ..) in &wanted.columns {
            if !seen.contains(&(name.as_str(), *side)) {
                seen.push((name, *side));
                columns.push(LayoutColumn {
                    name: name.clone(),
                    side: *side,
                    needs_text: true,
                });
            }
        }
        let layout = Layout::new(columns).with_header(Side::Input, &self.inputs);
        if self.is_table {
            layout
        } else {
            layout.with_header(Side::Output, &self.outputs)
        }
    }
}

/// What became of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Lines; each was decoded or rejected.
    pub lines: u64,
    /// Lines that are records.
    pub decoded: u64,
    /// Lines that are not.
    pub rejected: u64,
    /// Records outside the window.
    pub outside_window: u64,
    /// Records of shadow variants.
    pub shadow: u64,
    /// Records of which one side is missing.
    pub one_sided: u64,
    /// Records without a readable time.
    pub without_time: u64,
    /// Refused lines by reason.
    pub rejects_by_reason: BTreeMap<&'static str, u64>,
}

/// Lines of one object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ObjectLines {
    pub(crate) lines: u64,
    pub(crate) rejected: u64,
}

/// Rows that were read.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) ids: Vec<u128>,
    /// Row in its request in the low half, rows of the request in the high; empty where every request has one.
    pub(crate) places: Vec<u64>,
    /// XXH3-64 of the event id; empty for tables.
    pub(crate) events: Vec<u64>,
    pub(crate) seconds: Vec<i64>,
    pub(crate) columns: Vec<(Role, Gathered)>,
    pub(crate) counts: ReadCounts,
    /// Lines of each object.
    pub(crate) objects: BTreeMap<u32, ObjectLines>,
    /// Ids of refused records, as far as they could be read.
    pub(crate) rejected_ids: Vec<u128>,
}

impl Rows {
    pub(super) fn new(wanted: &Wanted) -> Self {
        let columns = wanted
            .columns
            .iter()
            .map(|(_, _, kind, role)| (*role, Gathered::new(*kind)));
        Self {
            columns: columns.collect(),
            ..Self::default()
        }
    }
    /// Rows read.
    pub(crate) fn len(&self) -> usize {
        self.seconds.len()
    }
    /// Takes a column out.
    pub(crate) fn take(&mut self, role: Role) -> Option<Gathered> {
        let at = self.columns.iter().position(|(r, _)| *r == role)?;
        Some(self.columns.swap_remove(at).1)
    }
    pub(crate) fn append(&mut self, mut other: Self) {
        if self.len() == 0 && self.counts == ReadCounts::default() {
            *self = other;
            return;
        }
        if self.places.is_empty() != other.places.is_empty() {
            for rows in [&mut *self, &mut other] {
                if rows.places.is_empty() {
                    rows.places = vec![SINGLE; rows.seconds.len()];
                }
            }
        }
        self.ids.append(&mut other.ids);
        self.places.append(&mut other.places);
        self.events.append(&mut other.events);
        self.seconds.append(&mut other.seconds);
        for ((_, column), (_, part)) in self.columns.iter_mut().zip(other.columns) {
            column.append(part);
        }
        self.rejected_ids.append(&mut other.rejected_ids);
        for (idx, part) in other.objects {
            let object = self.objects.entry(idx).or_default();
            object.lines += part.lines;
            object.rejected += part.rejected;
        }
        self.counts.add(&other.counts);
    }
    /// Keeps the rows for which `keep` holds.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        fn only<T>(values: &mut Vec<T>, keep: &[bool]) {
            let mut flags = keep.iter();
            if !values.is_empty() {
                values.retain(|_| flags.next().copied().unwrap_or(true));
            }
        }
        only(&mut self.ids, keep);
        only(&mut self.places, keep);
        only(&mut self.events, keep);
        only(&mut self.seconds, keep);
        for (_, column) in &mut self.columns {
            only(&mut column.ids, keep);
            only(&mut column.seconds, keep);
            only(&mut column.numbers, keep);
            only(&mut column.codes, keep);
        }
    }
}

/// The place of the only row of a request.
pub(crate) const SINGLE: u64 = 1 << 32;

/// Row `row` of a request of `n` rows.
pub(crate) fn place(row: u32, n: u32) -> u64 {
    u64::from(n) << 32 | u64::from(row)
}

impl ReadCounts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.decoded += other.decoded;
        self.rejected += other.rejected;
        self.outside_window += other.outside_window;
        self.shadow += other.shadow;
        self.one_sided += other.one_sided;
        self.without_time += other.without_time;
        for (reason, n) in &other.rejects_by_reason {
            *self.rejects_by_reason.entry(reason).or_default() += n;
        }
    }
    pub(crate) fn reject(&mut self, reason: &'static str) {
        self.rejected += 1;
        *self.rejects_by_reason.entry(reason).or_default() += 1;
    }
}

/// Reads the rows of `sources`.
pub(crate) async fn read_rows(
    sources: &[Source],
    choice: &Choice,
    wanted: &Wanted,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<Rows, EngineError> {
    let shared = Arc::new((choice.layout(wanted), wanted.clone(), settings.clone()));
    let n_workers = settings.n_threads.max(1);
    let (sender, receiver) = tokio::sync::mpsc::channel(n_workers + 1);
    let receiver = Arc::new(Mutex::new(receiver));
    let workers: Vec<_> = (0..n_workers)
        .map(|_| {
            let (shared, receiver) = (Arc::clone(&shared), Arc::clone(&receiver));
            tokio::task::spawn_blocking(move || work(&shared.0, &shared.1, &shared.2, &receiver))
        })
        .collect();
    let read = read_all(sources, settings, sender, progress).await;
    let mut rows = Rows::new(wanted);
    let mut failed = None;
    for worker in workers {
        match worker.await {
            Ok(part) => rows.append(part),
            Err(error) => failed = Some(error),
        }
    }
    read?;
    if let Some(error) = failed {
        return Err(EngineError::new(ErrorKind::Internal, "a worker thread ended early").with_source(error));
    }
    for (idx, source) in sources
        .iter()
        .enumerate()
        .filter(|(_, source)| source.is_parquet())
    {
        let object_idx = crate::scan::place(settings.share.as_deref(), idx as u32);
        rows.append(read_parquet(source, object_idx, wanted, progress).await?);
    }
    for (_, column) in &mut rows.columns {
        column.canonical();
    }
    if choice.is_table {
        settle_table(&mut rows, settings);
    }
    Ok(rows)
}

/// Ids and times of table rows come from their columns; rows outside the window go.
fn settle_table(rows: &mut Rows, settings: &ScanSettings) {
    if let Some(ids) = rows.take(Role::Id) {
        rows.ids = ids.ids;
    }
    if let Some(times) = rows.take(Role::Time) {
        rows.seconds = times.seconds;
    }
    let window = &settings.window;
    if window.is_unbounded() {
        return;
    }
    let keep: Vec<bool> = rows
        .seconds
        .iter()
        .map(|second| *second != NO_TIME && window.contains(*second))
        .collect();
    let n_without_time = rows.seconds.iter().filter(|second| **second == NO_TIME).count() as u64;
    let n_out = keep.iter().filter(|keep| !**keep).count() as u64 - n_without_time;
    rows.counts.outside_window += n_out;
    rows.counts.decoded -= n_without_time;
    for _ in 0..n_without_time {
        rows.counts.reject("invalid_time");
    }
    rows.retain(&keep);
}

fn work(layout: &Layout, wanted: &Wanted, settings: &ScanSettings, receiver: &Mutex<Receiver<Item>>) -> Rows {
    let layout = Arc::new(layout.clone());
    let mut decoder = Decoder::new(Arc::clone(&layout), settings.window, settings.limits);
    let mut rows = Rows::new(wanted);
    let planned: Vec<usize> = wanted
        .columns
        .iter()
        .filter_map(|(name, side, ..)| layout.column_named(*side, name).map(|column| column as usize))
        .collect();
    loop {
        let received = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(item) = received else { return rows };
        let outcome = decoder.decode(&item.chunk, &item.context);
        let n = decoder.batch().n_rows();
        for ((_, column), planned) in rows.columns.iter_mut().zip(&planned) {
            column.push(&decoder.batch().planned()[*planned].view(), 0..n);
        }
        let object_idx = crate::scan::place(settings.share.as_deref(), item.object_idx);
        take_records(&mut rows, &outcome, &item, object_idx, decoder.batch().lines());
        if let Some(reason) = item.broken {
            rows.counts.lines += 1;
            rows.counts.reject(reason.name());
            let object = rows.objects.entry(item.object_idx).or_default();
            object.lines += 1;
            object.rejected += 1;
        }
    }
}

fn take_records(rows: &mut Rows, outcome: &ChunkOutcome, item: &Item, object_idx: u32, lines: &[u32]) {
    let capture = item.context.format == RecordFormat::Capture
        || matches!(
            item.context.format,
            RecordFormat::BatchCsv | RecordFormat::BatchJson
        );
    for record in &outcome.records {
        for row in 0..record.n_rows {
            if capture {
                rows.ids.push(record.join_id.unwrap_or(0));
                rows.events.push(record.event_hash.unwrap_or(0));
            } else {
                let line = u64::from(lines[(record.first_row + row) as usize]);
                rows.ids.push(own_id(object_idx, item.sequence << 32 | line));
            }
            rows.seconds.push(record.second.unwrap_or(NO_TIME));
            if (capture && record.n_rows > 1) || !rows.places.is_empty() {
                if rows.places.is_empty() {
                    rows.places = vec![SINGLE; rows.seconds.len() - 1];
                }
                rows.places.push(if capture {
                    place(row, record.n_rows)
                } else {
                    SINGLE
                });
            }
        }
    }
    rows.counts.lines += outcome.n_lines;
    rows.counts.decoded += outcome.n_decoded;
    rows.counts.outside_window += outcome.n_outside_window;
    rows.counts.shadow += outcome.n_shadow;
    rows.counts.without_time += outcome.n_without_time;
    rows.counts.one_sided += outcome
        .records
        .iter()
        .filter(|record| capture && record.one_sided)
        .count() as u64;
    let object = rows.objects.entry(item.object_idx).or_default();
    object.lines += outcome.n_lines;
    object.rejected += outcome.rejects.len() as u64;
    for reject in &outcome.rejects {
        rows.counts.reject(reject.reason.name());
        let start = (reject.byte_offset - item.chunk.byte_offset) as usize;
        let line = item.chunk.bytes.get(start..start + reject.n_bytes as usize);
        rows.rejected_ids.extend(line.and_then(id_of_refused));
    }
}

/// The id of a refused record, where its envelope is sound.
fn id_of_refused(line: &[u8]) -> Option<u128> {
    let record = envelope::parse(std::str::from_utf8(line).ok()?).ok()?;
    let event = record.event_metadata?;
    let id = event.inference_id.or(event.event_id)?;
    Some(join_id(id.as_bytes()))
}

/// An id for a row that has none: where it stands.
fn own_id(object_idx: u32, row: u64) -> u128 {
    u128::from(object_idx) << 64 | u128::from(row) | 1 << 127
}

async fn read_parquet(
    source: &Source,
    object_idx: u32,
    wanted: &Wanted,
    progress: &dyn Progress,
) -> Result<Rows, EngineError> {
    let object = source.store.get(&source.key, MAX_PARQUET_BYTES).await?;
    progress.advance(object.bytes.len() as u64);
    let (wanted, key) = (wanted.clone(), source.shown_key.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut rows = Rows::new(&wanted);
        let names = wanted.names();
        let mut take = |name: usize, cells: &ColumnView<'_>| {
            for ((_, column), (asked, ..)) in rows.columns.iter_mut().zip(&wanted.columns) {
                if asked == names[name] {
                    column.push(cells, 0..cells.classes.len());
                }
            }
        };
        let n = read_columns(&object.bytes, &key, &names, &mut take)?;
        rows.ids = (0..n).map(|row| own_id(object_idx, row)).collect();
        rows.seconds = vec![NO_TIME; n as usize];
        (rows.counts.lines, rows.counts.decoded) = (n, n);
        rows.objects.entry(object_idx).or_default().lines = n;
        Ok::<_, EngineError>(rows)
    });
    read.await.map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the Parquet reader ended early").with_source(error)
    })?
}
