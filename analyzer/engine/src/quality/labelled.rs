//! Predictions that have their labels beside them: merged records (contract §4.2) and tables, for runs that get data
//! that somebody else has joined.
//!
//! Rows can be read in several processes: they travel as bytes, a few per row, and are put into an order of their own
//! before anything is measured. Does not discover objects and does not judge.

use super::attribute::Attribute;
use super::gather::{Gathered, Kind, NO_CODE, NO_TIME};
use super::load::{LoadRequest, kind_of, resolve, scan_columns};
use super::measure::{MeasureSettings, measure};
use super::read::{Choice, ReadCounts, Role, Rows, Wanted, read_rows};
use super::request::QualityColumns;
use super::sample::{ClassChoice, Sample};
use crate::error::{EngineError, ErrorKind};
use crate::probe::Probe;
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::scan::reader::{Item, read_all};
use crate::sources::Source;
use baselines::quality::{Problem, QualityOptions, QualityResult};
use capture::decode::{Decoder, RecordFormat};
use capture::ground_truth;
use capture::layout::{Layout, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::StoreOptions;
use tokio::sync::mpsc::Receiver;

/// What is to be read.
pub(crate) struct LabelledRequest<'a> {
    pub(crate) problem: Problem,
    pub(crate) inference: Option<Attribute>,
    pub(crate) probability: Option<Attribute>,
    pub(crate) label: Option<Attribute>,
    pub(crate) threshold: Option<f64>,
    pub(crate) positive: Option<String>,
    /// Which sides of merged records are passed over.
    pub(crate) sides: Layout,
    pub(crate) probe: &'a Probe,
    pub(crate) settings: &'a ScanSettings,
    pub(crate) store: &'a StoreOptions,
}

/// Rows with predictions and labels.
#[derive(Debug)]
pub(crate) struct LabelledRows {
    rows: Rows,
    has_prediction: bool,
    counts: Counts,
}

/// What became of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    pub(crate) rejected: u64,
    pub(crate) outside_window: u64,
    pub(crate) shadow: u64,
    /// Records delivered more than once.
    pub(crate) repeated: u64,
    /// Rows without a label.
    pub(crate) unlabelled: u64,
    pub(crate) rejects_by_reason: BTreeMap<String, u64>,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Assessed {
    pub(crate) result: QualityResult,
    pub(crate) counts: Counts,
    pub(crate) n_rows: u64,
    pub(crate) n_labelled: u64,
}

/// Reads `sources`.
pub(crate) async fn read_labelled(
    sources: &[Source],
    request: &LabelledRequest<'_>,
    progress: &dyn Progress,
) -> Result<LabelledRows, EngineError> {
    let columns = QualityColumns {
        prediction: request.inference.clone(),
        probability: request.probability.iter().cloned().collect(),
        label: request.label.clone(),
        ..QualityColumns::default()
    };
    let load = LoadRequest {
        problem: request.problem,
        columns: &columns,
        classes: &ClassChoice::default(),
        schema: None,
        known: None,
        baseline_columns: &BTreeMap::new(),
        features: &[],
        settings: request.settings,
        store: request.store,
        progress,
        merge: false,
    };
    let scanned = scan_columns(&load, request.probe);
    let choice = Choice::of(&scanned, request.probe);
    if choice.is_table {
        let resolved = resolve(&load, &choice, true)?;
        let rows = read_rows(sources, &choice, &resolved.wanted, request.settings, progress).await?;
        let counts = Counts::of(&rows.counts);
        return Ok(LabelledRows {
            rows,
            has_prediction: resolved.has_prediction,
            counts,
        });
    }
    let resolved = resolve(&load, &choice, false)?;
    let mut layout = choice.layout(&resolved.wanted);
    for side in [Side::Input, Side::Output] {
        if !request.sides.reads(side) {
            layout = layout.without(side);
        }
    }
    let kind = kind_of(request.problem);
    let rows = read_merged(sources, layout, &resolved.wanted, kind, request, progress).await?;
    let counts = Counts::of(&rows.counts);
    Ok(LabelledRows {
        rows,
        has_prediction: resolved.has_prediction,
        counts,
    })
}

/// Measures rows, whatever order they came in.
pub(crate) fn assess(labelled: LabelledRows, request: &LabelledRequest<'_>) -> Result<Assessed, EngineError> {
    let LabelledRows {
        mut rows,
        has_prediction,
        mut counts,
    } = labelled;
    counts.repeated += drop_repeated(&mut rows);
    for (_, column) in &mut rows.columns {
        column.canonical();
    }
    let classes = ClassChoice {
        classes: None,
        positive: request.positive.clone(),
    };
    let sample = Sample::of_table(request.problem, &classes, rows, &[])?;
    let n_labelled = (0..sample.len()).filter(|row| sample.is_labelled(*row)).count() as u64;
    counts.unlabelled = sample.len() as u64 - n_labelled;
    let settings = MeasureSettings {
        threshold: request.threshold.unwrap_or(0.5),
        threshold_decides: !has_prediction,
        // Model Monitor reports metrics however few labels there are; whether they may violate is the judge's question.
        options: QualityOptions {
            min_labels: 1,
            ..QualityOptions::default()
        },
        n_threads: request.settings.n_threads,
    };
    let all: Vec<u32> = (0..sample.len() as u32).collect();
    Ok(Assessed {
        result: measure(&sample, &all, &settings)?,
        counts,
        n_rows: sample.len() as u64,
        n_labelled,
    })
}

/// Rows of deliveries that came before are taken out; gives how many. Ids of merged rows name event and row.
fn drop_repeated(rows: &mut Rows) -> u64 {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_unstable_by_key(|row| rows.ids[*row as usize]);
    let mut keep = vec![true; rows.len()];
    for pair in order.windows(2) {
        if rows.ids[pair[0] as usize] == rows.ids[pair[1] as usize] {
            keep[pair[1] as usize] = false;
        }
    }
    let n = keep.iter().filter(|keep| !**keep).count() as u64;
    if n > 0 {
        rows.retain(&keep);
    }
    n
}

impl Counts {
    fn of(read: &ReadCounts) -> Self {
        Self {
            lines: read.lines,
            rejected: read.rejected,
            outside_window: read.outside_window,
            shadow: read.shadow,
            rejects_by_reason: read
                .rejects_by_reason
                .iter()
                .map(|(reason, n)| ((*reason).to_owned(), *n))
                .collect(),
            ..Self::default()
        }
    }

    fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.rejected += other.rejected;
        self.outside_window += other.outside_window;
        self.shadow += other.shadow;
        self.repeated += other.repeated;
        for (reason, n) in &other.rejects_by_reason {
            *self.rejects_by_reason.entry(reason.clone()).or_default() += n;
        }
    }
}

async fn read_merged(
    sources: &[Source],
    layout: Layout,
    wanted: &Wanted,
    kind: Kind,
    request: &LabelledRequest<'_>,
    progress: &dyn Progress,
) -> Result<Rows, EngineError> {
    let settings = ScanSettings {
        fallback: Some(RecordFormat::Capture),
        ..request.settings.clone()
    };
    let label = match &request.label {
        Some(Attribute::Name(name)) => Some(name.clone()),
        _ => None,
    };
    let shared = Arc::new((Arc::new(layout), wanted.clone(), settings.clone(), label));
    let n_workers = settings.n_threads.max(1);
    let (sender, receiver) = tokio::sync::mpsc::channel(n_workers + 1);
    let receiver = Arc::new(Mutex::new(receiver));
    let workers: Vec<_> = (0..n_workers)
        .map(|_| {
            let (shared, receiver) = (Arc::clone(&shared), Arc::clone(&receiver));
            tokio::task::spawn_blocking(move || {
                work(
                    &shared.0,
                    &shared.1,
                    kind,
                    &shared.2,
                    shared.3.as_deref(),
                    &receiver,
                )
            })
        })
        .collect();
    let read = read_all(sources, &settings, sender, progress).await;
    let mut rows = with_label(Rows::new(wanted), kind);
    let mut failed = None;
    for worker in workers {
        match worker.await {
            Ok(part) => rows.append(part),
            Err(error) => failed = Some(error),
        }
    }
    read?;
    match failed {
        Some(error) => {
            Err(EngineError::new(ErrorKind::Internal, "a worker thread ended early").with_source(error))
        }
        None => Ok(rows),
    }
}

fn with_label(mut rows: Rows, kind: Kind) -> Rows {
    rows.columns.push((Role::Label, Gathered::new(kind)));
    rows
}

fn work(
    layout: &Arc<Layout>,
    wanted: &Wanted,
    kind: Kind,
    settings: &ScanSettings,
    label: Option<&str>,
    receiver: &Mutex<Receiver<Item>>,
) -> Rows {
    let mut decoder = Decoder::new(Arc::clone(layout), settings.window, settings.limits);
    let mut rows = with_label(Rows::new(wanted), kind);
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
        let object_idx = crate::scan::place(settings.share.as_deref(), item.object_idx);
        let lines: Vec<&[u8]> = item.chunk.bytes.split(|byte| *byte == b'\n').collect();
        for record in &outcome.records {
            let first = record.first_row as usize;
            let line = decoder.batch().lines()[first] as usize;
            let truth = lines
                .get(line)
                .map(|line| line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line))
                .and_then(|line| ground_truth::parse(line, label, &settings.limits).ok());
            let labels = truth.map(|truth| truth.labels).unwrap_or_default();
            let n = record.n_rows as usize;
            if !labels.is_empty() && labels.len() != n {
                rows.counts.reject("row_count_mismatch");
                continue;
            }
            for ((_, column), planned) in rows.columns.iter_mut().zip(&planned) {
                column.push(&decoder.batch().planned()[*planned].view(), first..first + n);
            }
            if let Some((_, column)) = rows.columns.iter_mut().find(|(role, _)| *role == Role::Label) {
                for row in 0..n {
                    let text = labels.get(row).map_or("", |text| text.trim());
                    if kind == Kind::Number {
                        column.push_number(text);
                    } else {
                        column.push_class(text);
                    }
                }
            }
            let event = record.event_hash.map_or_else(
                || {
                    u128::from(object_idx) << 96
                        | u128::from(item.sequence << 20 | line as u64) << 32
                        | 1 << 127
                },
                |hash| u128::from(hash) << 64,
            );
            for row in 0..n {
                rows.ids.push(event | row as u128);
                rows.events.push(record.event_hash.unwrap_or(0));
                rows.seconds.push(record.second.unwrap_or(NO_TIME));
            }
        }
        rows.counts.lines += outcome.n_lines;
        rows.counts.decoded += outcome.n_decoded;
        rows.counts.outside_window += outcome.n_outside_window;
        rows.counts.shadow += outcome.n_shadow;
        for reject in &outcome.rejects {
            rows.counts.reject(reject.reason.name());
        }
        if let Some(reason) = item.broken {
            rows.counts.lines += 1;
            rows.counts.reject(reason.name());
        }
    }
}

/// What travels before the columns of numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    n_rows: usize,
    has_prediction: bool,
    counts: Counts,
    columns: Vec<ColumnHead>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ColumnHead {
    texts: Vec<String>,
    n_numbers: usize,
    n_codes: usize,
}

fn too_short() -> EngineError {
    EngineError::new(ErrorKind::Internal, "rows of another host break off")
        .with_hint("all hosts must run the same image")
}

/// Takes `n` values of `N` bytes each off `bytes`.
fn split<const N: usize, T>(
    bytes: &mut &[u8],
    n: usize,
    value: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, EngineError> {
    let length = n.checked_mul(N).ok_or_else(too_short)?;
    let (mine, rest) = bytes.split_at_checked(length).ok_or_else(too_short)?;
    *bytes = rest;
    let (values, _) = mine.as_chunks::<N>();
    Ok(values.iter().map(|bytes| value(*bytes)).collect())
}

impl LabelledRows {
    /// The rows as bytes.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, EngineError> {
        let head = Head {
            n_rows: self.rows.len(),
            has_prediction: self.has_prediction,
            counts: self.counts.clone(),
            columns: self
                .rows
                .columns
                .iter()
                .map(|(_, column)| ColumnHead {
                    texts: column.texts.texts().iter().map(ToString::to_string).collect(),
                    n_numbers: column.numbers.len(),
                    n_codes: column.codes.len(),
                })
                .collect(),
        };
        let head = serde_json::to_vec(&head).map_err(|error| {
            EngineError::new(ErrorKind::Internal, "rows cannot be sent").with_source(error)
        })?;
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(&head);
        self.rows
            .ids
            .iter()
            .for_each(|id| bytes.extend_from_slice(&id.to_le_bytes()));
        self.rows
            .seconds
            .iter()
            .for_each(|second| bytes.extend_from_slice(&second.to_le_bytes()));
        for (_, column) in &self.rows.columns {
            for number in &column.numbers {
                bytes.extend_from_slice(&number.to_bits().to_le_bytes());
            }
            for code in &column.codes {
                bytes.extend_from_slice(&code.to_le_bytes());
            }
        }
        Ok(bytes)
    }

    /// Adds rows of another host, which read the same columns.
    pub(crate) fn append_bytes(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let (length, mut rest) = bytes.split_first_chunk::<8>().ok_or_else(too_short)?;
        let head = split(
            &mut rest,
            u64::from_le_bytes(*length) as usize,
            |[byte]: [u8; 1]| byte,
        )?;
        let head: Head = serde_json::from_slice(&head).map_err(|_| too_short())?;
        if head.columns.len() != self.rows.columns.len() {
            return Err(EngineError::new(
                ErrorKind::Internal,
                format!(
                    "another host read {} columns, expected {}",
                    head.columns.len(),
                    self.rows.columns.len()
                ),
            )
            .with_hint("all hosts must run the same image"));
        }
        let mut other = Rows {
            ids: split(&mut rest, head.n_rows, u128::from_le_bytes)?,
            seconds: split(&mut rest, head.n_rows, i64::from_le_bytes)?,
            events: vec![0; head.n_rows],
            ..Rows::default()
        };
        for ((role, ours), theirs) in self.rows.columns.iter().zip(&head.columns) {
            let mut column = Gathered::new(ours.kind);
            for text in &theirs.texts {
                column.texts.code(text);
            }
            column.numbers = split(&mut rest, theirs.n_numbers, |bits| {
                f64::from_bits(u64::from_le_bytes(bits))
            })?;
            column.codes = split(&mut rest, theirs.n_codes, u32::from_le_bytes)?;
            let n_texts = theirs.texts.len() as u32;
            let fits = |n: usize| n == 0 || n == head.n_rows;
            if !fits(column.numbers.len())
                || !fits(column.codes.len())
                || column
                    .codes
                    .iter()
                    .any(|code| *code != NO_CODE && *code >= n_texts)
            {
                return Err(too_short());
            }
            other.columns.push((*role, column));
        }
        // Counts travel beside: those of `Rows` have reasons as constants.
        other.counts.lines = head.counts.lines.max(1);
        self.counts.add(&head.counts);
        self.rows.append(other);
        Ok(())
    }

    /// Whether there is any row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// What became of the lines.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }
}
