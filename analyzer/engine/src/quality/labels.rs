//! Ground truth into memory: Model Monitor's JSON Lines laid out by hour, or tables with an id column.
//!
//! A label's time is the time its record gives (`eventMetadata.eventTime`, the table's `--label-time` column), else the
//! hour of the folder it arrived in. Does not join.

use super::attribute::Attribute;
use super::gather::{Gathered, Kind, NO_TIME};
use super::read::{Choice, ReadCounts, Role, Rows, SINGLE, Wanted, place, read_rows};
use crate::error::{EngineError, ErrorKind};
use crate::plan;
use crate::probe::probe;
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::scan::reader::{Item, read_all};
use crate::sources::Source;
use capture::decode::{RecordFormat, join_id};
use capture::ground_truth;
use capture::layout::Side;
use capture::time::TimeWindow;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::Receiver;

/// Where the labels stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct LabelColumns {
    pub(crate) id: Option<Attribute>,
    pub(crate) label: Option<Attribute>,
    pub(crate) time: Option<Attribute>,
}

/// Labels that were read; all columns have one entry per labelled row.
#[derive(Debug)]
pub(crate) struct Labels {
    pub(crate) ids: Vec<u128>,
    /// As [`Rows::places`].
    pub(crate) places: Vec<u64>,
    pub(crate) seconds: Vec<i64>,
    /// Classes, or numbers.
    pub(crate) values: Gathered,
    pub(crate) counts: ReadCounts,
    /// Rows without an id, and rows without a label.
    pub(crate) n_without_id: u64,
    pub(crate) n_empty: u64,
}

/// Names by which an id column is known without being named.
pub(crate) const ID_NAMES: [&str; 8] = [
    "inferenceId",
    "inference_id",
    "InferenceId",
    "eventId",
    "event_id",
    "EventId",
    "id",
    "ID",
];

/// Reads the labels of `sources`; `kind` is [`Kind::Class`] or [`Kind::Number`].
pub(crate) async fn read_labels(
    sources: &[Source],
    columns: &LabelColumns,
    kind: Kind,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<Labels, EngineError> {
    let looked = probe(sources).await?;
    let settings = ScanSettings {
        window: TimeWindow::default(),
        fallback: looked.fallback,
        ..settings.clone()
    };
    let mut labels = if looked.header.is_some() {
        let (scan_columns, _) = plan::for_baseline(None, &looked);
        let choice = Choice::of(&scan_columns, &looked);
        read_table(sources, columns, kind, &choice, &settings, progress).await?
    } else {
        read_lines(sources, columns, kind, &settings, progress).await?
    };
    labels.values.canonical();
    drop_unusable(&mut labels);
    Ok(labels)
}

async fn read_table(
    sources: &[Source],
    columns: &LabelColumns,
    kind: Kind,
    choice: &Choice,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<Labels, EngineError> {
    let named = |argument: &str, asked: &Option<Attribute>, known: &[&str], what: &str| match asked {
        Some(asked) => choice.find(argument, asked).map(|(name, _)| name),
        None => choice.known(known).map(str::to_owned).ok_or_else(|| {
            EngineError::new(
                ErrorKind::Usage,
                format!("the ground truth is a table, and {argument} does not say which column holds {what}"),
            )
            .with_hint(format!("columns: {}", choice.inputs.join(", ")))
        }),
    };
    let id = named("--ground-truth-id", &columns.id, &ID_NAMES, "the id")?;
    let label = named("--label", &columns.label, &["label", "target", "y"], "the label")?;
    let mut wanted = Wanted::default();
    wanted.add(&id, Side::Input, Kind::Id, Role::Id);
    wanted.add(&label, Side::Input, kind, Role::Label);
    if let Some(time) = &columns.time {
        let (time, _) = choice.find("--label-time", time)?;
        wanted.add(&time, Side::Input, Kind::Time, Role::Time);
    }
    // An object's arrival hour stands for the time of its rows: objects of one hour are read together.
    let mut hours: Vec<Option<i64>> = sources.iter().map(|source| source.hour).collect();
    hours.sort_unstable();
    hours.dedup();
    let mut all: Option<Rows> = None;
    for hour in hours {
        let of_hour: Vec<Source> = sources
            .iter()
            .filter(|source| source.hour == hour)
            .cloned()
            .collect();
        let mut part = read_rows(&of_hour, choice, &wanted, settings, progress).await?;
        for second in part.seconds.iter_mut().filter(|second| **second == NO_TIME) {
            *second = hour.unwrap_or(NO_TIME);
        }
        match &mut all {
            None => all = Some(part),
            Some(all) => all.append(part),
        }
    }
    let mut rows = all.unwrap_or_default();
    let values = rows.take(Role::Label).unwrap_or_else(|| Gathered::new(kind));
    Ok(Labels {
        places: Vec::new(),
        ids: rows.ids,
        seconds: rows.seconds,
        values,
        counts: rows.counts,
        n_without_id: 0,
        n_empty: 0,
    })
}

async fn read_lines(
    sources: &[Source],
    columns: &LabelColumns,
    kind: Kind,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<Labels, EngineError> {
    let attribute = match &columns.label {
        Some(Attribute::Name(name)) => Some(name.clone()),
        _ => None,
    };
    let shared = Arc::new((attribute, settings.clone()));
    let n_workers = settings.n_threads.max(1);
    let (sender, receiver) = tokio::sync::mpsc::channel(n_workers + 1);
    let receiver = Arc::new(Mutex::new(receiver));
    let workers: Vec<_> = (0..n_workers)
        .map(|_| {
            let (shared, receiver) = (Arc::clone(&shared), Arc::clone(&receiver));
            tokio::task::spawn_blocking(move || work(shared.0.as_deref(), kind, &shared.1, &receiver))
        })
        .collect();
    let read = read_all(sources, settings, sender, progress).await;
    let mut labels = Labels::new(kind);
    let mut failed = None;
    for worker in workers {
        match worker.await {
            Ok(part) => labels.append(part),
            Err(error) => failed = Some(error),
        }
    }
    read?;
    match failed {
        None => Ok(labels),
        Some(error) => {
            Err(EngineError::new(ErrorKind::Internal, "a worker thread ended early").with_source(error))
        }
    }
}

fn work(
    attribute: Option<&str>,
    kind: Kind,
    settings: &ScanSettings,
    receiver: &Mutex<Receiver<Item>>,
) -> Labels {
    let mut labels = Labels::new(kind);
    loop {
        let received = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(item) = received else { return labels };
        let bytes = item.chunk.bytes.as_slice();
        let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if !lines.is_empty() || !bytes.is_empty() {
            for line in lines.split(|byte| *byte == b'\n') {
                labels.take_line(line, attribute, &item, settings);
            }
        }
        for reason in item
            .chunk
            .oversized
            .map(|_| "line_too_long")
            .into_iter()
            .chain(item.broken.map(capture::reject::RejectReason::name))
        {
            labels.counts.lines += 1;
            labels.counts.reject(reason);
        }
    }
}

impl Labels {
    /// No labels at all.
    pub(crate) fn none(kind: Kind) -> Self {
        Self::new(kind)
    }

    fn new(kind: Kind) -> Self {
        Self {
            ids: Vec::new(),
            places: Vec::new(),
            seconds: Vec::new(),
            values: Gathered::new(kind),
            counts: ReadCounts::default(),
            n_without_id: 0,
            n_empty: 0,
        }
    }

    /// Labelled rows.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    fn take_line(&mut self, line: &[u8], attribute: Option<&str>, item: &Item, settings: &ScanSettings) {
        self.counts.lines += 1;
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let record = match ground_truth::parse(line, attribute, &settings.limits) {
            Ok(record) if item.context.format != RecordFormat::Csv => record,
            Ok(_) => return self.counts.reject("not_ground_truth"),
            Err(reason) => return self.counts.reject(reason.name()),
        };
        self.counts.decoded += 1;
        let id = join_id(record.id.as_bytes());
        let n = record.labels.len() as u32;
        for (row, label) in record.labels.iter().enumerate() {
            if n > 1 && self.places.is_empty() {
                self.places = vec![SINGLE; self.ids.len()];
            }
            if n > 1 || !self.places.is_empty() {
                self.places.push(place(row as u32, n));
            }
            self.ids.push(id);
            self.seconds
                .push(record.second.or(item.context.hour).unwrap_or(NO_TIME));
            match self.values.kind {
                Kind::Number => self.values.push_number(label),
                _ => self.values.push_class(label),
            }
        }
    }

    fn append(&mut self, mut other: Self) {
        if self.places.is_empty() != other.places.is_empty() {
            for labels in [&mut *self, &mut other] {
                if labels.places.is_empty() {
                    labels.places = vec![SINGLE; labels.ids.len()];
                }
            }
        }
        self.ids.append(&mut other.ids);
        self.places.append(&mut other.places);
        self.seconds.append(&mut other.seconds);
        self.values.append(other.values);
        self.counts.add(&other.counts);
    }
}

/// Takes out rows without an id or without a label.
fn drop_unusable(labels: &mut Labels) {
    let empty = |row: usize| match labels.values.kind {
        Kind::Number => labels.values.numbers[row].is_nan(),
        _ => labels.values.codes[row] == super::gather::NO_CODE,
    };
    let n_without_id = labels.ids.iter().filter(|id| **id == 0).count() as u64;
    let keep: Vec<bool> = (0..labels.len())
        .map(|row| labels.ids[row] != 0 && !empty(row))
        .collect();
    let n_dropped = keep.iter().filter(|keep| !**keep).count() as u64;
    labels.n_without_id = n_without_id;
    labels.n_empty = n_dropped - n_without_id;
    if n_dropped == 0 {
        return;
    }
    fn only<T>(values: &mut Vec<T>, keep: &[bool]) {
        let mut flags = keep.iter();
        if !values.is_empty() {
            values.retain(|_| flags.next().copied().unwrap_or(true));
        }
    }
    only(&mut labels.ids, &keep);
    only(&mut labels.places, &keep);
    only(&mut labels.seconds, &keep);
    only(&mut labels.values.numbers, &keep);
    only(&mut labels.values.codes, &keep);
}
