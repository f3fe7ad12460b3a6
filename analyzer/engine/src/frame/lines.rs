//! CSV and JSON Lines into columns: chunks are decoded on all cores and put together in the order of the lines.
//!
//! Whether a column's texts are needed is guessed from the first records, so that a table of numbers is not held as
//! text; where a text turns up only later, those columns are read a second time. Does not decode (`capture`).

use super::column::{Builder, Keep, Kind};
use super::twice;
use crate::error::{EngineError, ErrorKind};
use crate::probe::{first_record, probe, read_head};
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::scan::reader::{Item, read_all};
use crate::sources::{Source, sniff_format};
use baselines::view::CellClass;
use capture::decode::{Decoder, ObjectContext, RecordFormat};
use capture::frame::Chunk;
use capture::layout::{Layout, LayoutColumn, Side};
use capture::limits::Limits;
use capture::payload::csv;
use capture::reject::RejectReason;
use capture::time::TimeWindow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::Receiver;

/// Objects of lines whose columns are known from their first records.
#[derive(Debug)]
pub(crate) struct Lines {
    sources: Vec<Source>,
    format: RecordFormat,
    names: Vec<String>,
    /// Columns whose first cells hold a text or nothing at all.
    with_text: BTreeSet<String>,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct ReadLines {
    pub(crate) n_rows: usize,
    pub(crate) columns: Vec<(String, Builder)>,
    /// Columns that are there and were not asked for.
    pub(crate) others: BTreeSet<String>,
    pub(crate) rejects_by_reason: BTreeMap<RejectReason, u64>,
}

impl Lines {
    /// Looks at the first records.
    pub(crate) async fn look(sources: Vec<Source>) -> Result<Self, EngineError> {
        let first = &sources[0];
        let head = read_head(first).await?;
        let bare = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
        let format = sniff_format(first, &head).unwrap_or(RecordFormat::CsvWithHeader);
        let begins_as_json = bare.trim_ascii_start().first() == Some(&b'[');
        let names = match format {
            RecordFormat::CsvWithHeader if !begins_as_json => csv::fields(first_record(bare)),
            RecordFormat::JsonLines => {
                let looked = probe(&sources).await?;
                let fields = looked.input.or(looked.output);
                fields.map_or_else(Vec::new, |shape| shape.names(Side::Input))
            }
            _ => {
                let message = format!("{} is no table of CSV, JSON Lines or Parquet", first.shown_key);
                return Err(EngineError::new(ErrorKind::Usage, message).with_hint(
                    "write one JSON object per line; captured records are read by `baseline` and `analyze`",
                ));
            }
        };
        let mut seen = BTreeSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(twice(&first.shown_key, name));
        }
        let mut lines = Self {
            format,
            names,
            with_text: BTreeSet::new(),
            sources,
        };
        lines.with_text = lines.guess(&head);
        Ok(lines)
    }

    /// Reads the columns for which `keep` says what.
    pub(crate) async fn read(
        &self,
        keep: &(dyn Fn(&str) -> Option<Keep> + Sync),
        settings: &ScanSettings,
        progress: &dyn Progress,
    ) -> Result<ReadLines, EngineError> {
        let guessed = |name: &str| match keep(name)? {
            Keep::ByKind
                if self.names.iter().any(|known| known == name) && !self.with_text.contains(name) =>
            {
                Some(Keep::Numbers)
            }
            Keep::ByKind => Some(Keep::Both),
            fixed => Some(fixed),
        };
        let mut read = self.read_once(&guessed, settings, progress).await?;
        let lacks_texts = |(name, column): &(String, Builder)| {
            keep(name) == Some(Keep::ByKind)
                && !column.keep().has_texts()
                && Kind::of(&column.counts()) == Some(Kind::Categorical)
        };
        let late: BTreeSet<String> = read
            .columns
            .iter()
            .filter(|column| lacks_texts(column))
            .map(|(name, _)| name.clone())
            .collect();
        if !late.is_empty() {
            let again = |name: &str| late.contains(name).then_some(Keep::Both);
            for (name, column) in self.read_once(&again, settings, progress).await?.columns {
                if let Some((_, known)) = read.columns.iter_mut().find(|(known, _)| *known == name) {
                    *known = column;
                }
            }
        }
        Ok(read)
    }

    fn layout(&self, keep: &dyn Fn(&str) -> Option<Keep>) -> (Layout, Vec<(String, Keep)>) {
        let wanted: Vec<(String, Keep)> = self
            .names
            .iter()
            .filter_map(|name| keep(name).map(|keep| (name.clone(), keep)))
            .collect();
        let column = |(name, keep): &(String, Keep)| LayoutColumn {
            name: name.clone(),
            side: Side::Input,
            needs_text: keep.has_texts(),
        };
        let layout = Layout::new(wanted.iter().map(column).collect()).with_header(Side::Input, &self.names);
        (layout, wanted)
    }

    fn guess(&self, head: &[u8]) -> BTreeSet<String> {
        let (layout, _) = self.layout(&|_| Some(Keep::Numbers));
        let mut decoder = Decoder::new(Arc::new(layout), TimeWindow::default(), Limits::default());
        let whole_lines = head
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(head.len(), |end| end + 1);
        let chunk = Chunk {
            byte_offset: 0,
            bytes: head[..whole_lines].to_vec(),
            oversized: None,
        };
        let context = ObjectContext {
            format: self.format,
            hour: None,
        };
        decoder.decode(&chunk, &context);
        let columns = self.names.iter().zip(decoder.batch().planned());
        let looks_textual = columns.filter(|(_, cells)| {
            let classes = cells.view().classes;
            let is_text = |class: &CellClass| matches!(class, CellClass::Text | CellClass::Boolean);
            classes.iter().any(is_text) || classes.iter().all(|class| *class == CellClass::Missing)
        });
        looks_textual.map(|(name, _)| name.clone()).collect()
    }

    async fn read_once(
        &self,
        keep: &(dyn Fn(&str) -> Option<Keep> + Sync),
        settings: &ScanSettings,
        progress: &dyn Progress,
    ) -> Result<ReadLines, EngineError> {
        let (layout, wanted) = self.layout(keep);
        let settings = ScanSettings {
            fallback: Some(self.format),
            header: (self.format == RecordFormat::CsvWithHeader).then(|| self.names.clone()),
            ..settings.clone()
        };
        let extra = |name: &str| match keep(name)? {
            Keep::ByKind => Some(Keep::Both),
            fixed => Some(fixed),
        };
        let layout = Arc::new(layout);
        let n_workers = settings.n_threads.max(1);
        let (sender, receiver) = tokio::sync::mpsc::channel(n_workers + 1);
        let receiver = Arc::new(Mutex::new(receiver));
        let keeps: Arc<[Keep]> = wanted.iter().map(|(_, keep)| *keep).collect();
        let workers: Vec<_> = (0..n_workers)
            .map(|_| {
                let decoder = Decoder::new(Arc::clone(&layout), settings.window, settings.limits);
                let (receiver, keeps) = (Arc::clone(&receiver), Arc::clone(&keeps));
                tokio::task::spawn_blocking(move || decode_all(decoder, &keeps, &receiver))
            })
            .collect();
        let read = read_all(&self.sources, &settings, sender, progress).await;
        let mut parts = Vec::new();
        for worker in workers {
            parts.extend(worker.await.map_err(|error| {
                EngineError::new(ErrorKind::Internal, "a worker thread ended early").with_source(error)
            })?);
        }
        read?;
        parts.sort_unstable_by_key(|part| part.sequence);
        let mut read = put_together(parts, wanted, &extra);
        let known = self.names.iter().filter(|name| keep(name).is_none());
        read.others.extend(known.cloned());
        Ok(read)
    }
}

/// The rows of one chunk.
#[derive(Debug)]
struct Part {
    sequence: u64,
    n_rows: usize,
    planned: Vec<Builder>,
    extra: Vec<(String, Builder)>,
    rejects: Vec<RejectReason>,
}

fn decode_all(mut decoder: Decoder, keeps: &[Keep], receiver: &Mutex<Receiver<Item>>) -> Vec<Part> {
    let mut parts = Vec::new();
    loop {
        let received = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(item) = received else { return parts };
        let outcome = decoder.decode(&item.chunk, &item.context);
        let batch = decoder.batch();
        let column = |(cells, keep): (&capture::batch::Cells, &Keep)| {
            let mut column = Builder::new(*keep);
            column.push(&cells.view());
            column
        };
        let extra = batch.extra().iter().map(|extra| {
            let mut column = Builder::new(Keep::Both);
            column.push(&extra.cells.view());
            (extra.name.clone(), column)
        });
        parts.push(Part {
            sequence: item.sequence,
            n_rows: batch.n_rows(),
            planned: batch.planned().iter().zip(keeps).map(column).collect(),
            extra: extra.collect(),
            rejects: outcome
                .rejects
                .iter()
                .map(|reject| reject.reason)
                .chain(item.broken)
                .collect(),
        });
    }
}

fn put_together(
    mut parts: Vec<Part>,
    wanted: Vec<(String, Keep)>,
    extra: &dyn Fn(&str) -> Option<Keep>,
) -> ReadLines {
    let n_rows = parts.iter().map(|part| part.n_rows).sum();
    let mut columns = Vec::with_capacity(wanted.len());
    for (idx, (name, keep)) in wanted.into_iter().enumerate() {
        let mut column = Builder::new(keep);
        column.reserve(n_rows);
        for part in &mut parts {
            column.append(std::mem::replace(
                &mut part.planned[idx],
                Builder::new(Keep::Numbers),
            ));
        }
        columns.push((name, column));
    }
    let mut others: Vec<(String, Builder)> = Vec::new();
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    let mut rejects_by_reason = BTreeMap::new();
    let mut n_before = 0;
    let mut unwanted = BTreeSet::new();
    for part in parts {
        for (name, cells) in part.extra {
            let Some(keep) = extra(&name) else {
                unwanted.insert(name);
                continue;
            };
            let idx = *place.entry(name.clone()).or_insert(others.len());
            if idx == others.len() {
                others.push((name, Builder::new(keep)));
            }
            let column = &mut others[idx].1;
            column.push_missing(n_before - column.n_rows());
            column.append(cells);
        }
        for reason in part.rejects {
            *rejects_by_reason.entry(reason).or_insert(0) += 1;
        }
        n_before += part.n_rows;
    }
    for (_, column) in &mut others {
        column.push_missing(n_rows - column.n_rows());
    }
    columns.extend(others);
    ReadLines {
        n_rows,
        others: unwanted,
        columns,
        rejects_by_reason,
    }
}
