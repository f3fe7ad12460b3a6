//! A look at the first records: how many fields has each side, and do they have names?
//!
//! Reads the heads of a few objects, decides by majority, and keeps nothing else. Does not know the baseline.

use crate::error::EngineError;
use crate::sources::{Source, sniff_format};
use crate::table::column_names;
use capture::decode::{Decoder, ObjectContext, RecordFormat};
use capture::decompress::{Compression, Decompressor};
use capture::frame::Chunk;
use capture::layout::{Layout, Side};
use capture::limits::Limits;
use capture::payload::csv;
use capture::time::TimeWindow;
use std::collections::BTreeMap;
use std::sync::Arc;

const MAX_OBJECTS: usize = 8;
const MAX_LINES: usize = 200;
const HEAD_BYTES: usize = 1 << 20;
/// A Parquet object is held as a whole while it is read.
pub(crate) const MAX_PARQUET_BYTES: u64 = 8 << 30;

/// What the records of one side look like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SideShape {
    /// So many fields without names.
    Positional(usize),
    /// Fields with names, in this order.
    Named(Vec<String>),
}

impl SideShape {
    /// Number of fields.
    pub fn n_fields(&self) -> usize {
        match self {
            Self::Positional(n) => *n,
            Self::Named(names) => names.len(),
        }
    }

    /// Names of the fields; those without get neutral ones, as decoding gives them.
    pub fn names(&self, side: Side) -> Vec<String> {
        match self {
            Self::Positional(n) => (0..*n).map(|idx| format!("{}_{idx}", side.name())).collect(),
            Self::Named(names) => names.clone(),
        }
    }
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probe {
    /// Format of the objects whose own bytes do not tell.
    pub fallback: Option<RecordFormat>,
    /// The inputs.
    pub input: Option<SideShape>,
    /// The outputs.
    pub output: Option<SideShape>,
    /// Columns of the first CSV or Parquet table.
    pub header: Option<Vec<String>>,
    /// Whether there are Parquet tables.
    pub is_parquet: bool,
}

impl Probe {
    /// Whether the objects are tables (CSV with a header, Parquet, or plain JSON rows) and no capture.
    pub fn is_table(&self) -> bool {
        self.header.is_some() || self.fallback == Some(RecordFormat::JsonLines)
    }
}

/// Looks at the first records of `sources`.
pub async fn probe(sources: &[Source]) -> Result<Probe, EngineError> {
    let mut probe = Probe::default();
    let mut votes: [BTreeMap<SideShape, usize>; 2] = Default::default();
    let mut n_lines = 0;
    for source in sources.iter().take(MAX_OBJECTS) {
        if n_lines >= MAX_LINES {
            break;
        }
        if source.is_parquet() {
            let object = source.store.get(&source.key, MAX_PARQUET_BYTES).await?;
            let names = column_names(&object.bytes, &source.shown_key)?;
            probe.header.get_or_insert(names);
            probe.is_parquet = true;
            continue;
        }
        let head = read_head(source).await?;
        let Some(format) = sniff_format(source, &head) else {
            continue;
        };
        probe.fallback.get_or_insert(format);
        let bare = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
        if format == RecordFormat::CsvWithHeader {
            probe
                .header
                .get_or_insert_with(|| csv::fields(first_record(bare)));
            continue;
        }
        let context = ObjectContext { format, hour: None };
        for line in bare
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n") || bare.len() < HEAD_BYTES)
        {
            if n_lines >= MAX_LINES {
                break;
            }
            n_lines += 1;
            vote(line, &context, &mut votes);
        }
    }
    let [input, output] = votes.map(|votes| {
        let best = votes.into_iter().rev().max_by_key(|(_, n)| *n);
        best.map(|(shape, _)| shape)
    });
    (probe.input, probe.output) = (input, output);
    Ok(probe)
}

/// The first CSV record: up to a line ending outside quotes.
pub(crate) fn first_record(text: &[u8]) -> &[u8] {
    let mut in_quotes = false;
    let end = text.iter().position(|byte| {
        in_quotes ^= *byte == b'"';
        *byte == b'\n' && !in_quotes
    });
    &text[..end.unwrap_or(text.len())]
}

fn vote(line: &[u8], context: &ObjectContext, votes: &mut [BTreeMap<SideShape, usize>; 2]) {
    let mut decoder = Decoder::new(
        Arc::new(Layout::default()),
        TimeWindow::default(),
        Limits::default(),
    );
    let chunk = Chunk {
        byte_offset: 1,
        bytes: line.to_vec(),
        oversized: None,
    };
    let outcome = decoder.decode(&chunk, context);
    if outcome.records.is_empty() {
        return;
    }
    for side in [Side::Input, Side::Output] {
        let names: Vec<&str> = decoder
            .batch()
            .extra()
            .iter()
            .filter(|column| column.side == side)
            .map(|column| column.name.as_str())
            .collect();
        if names.is_empty() {
            continue;
        }
        let positional = names
            .iter()
            .enumerate()
            .all(|(idx, name)| *name == format!("{}_{idx}", side.name()));
        let shape = if positional {
            SideShape::Positional(names.len())
        } else {
            SideShape::Named(names.into_iter().map(str::to_owned).collect())
        };
        *votes[side as usize].entry(shape).or_default() += 1;
    }
}

/// The first bytes of an object, decompressed; a broken one gives what it has.
pub async fn read_head(source: &Source) -> Result<Vec<u8>, EngineError> {
    let mut reader = source.store.open(&source.key).await?;
    let mut head = Vec::new();
    let mut decompressor = None;
    let mut first = true;
    while head.len() < HEAD_BYTES {
        let Some(bytes) = reader.next_chunk().await else {
            break;
        };
        let bytes = bytes?;
        if std::mem::take(&mut first) {
            decompressor = Decompressor::new(Compression::sniff(&bytes), 4 * HEAD_BYTES as u64);
        }
        match &mut decompressor {
            None => head.extend_from_slice(&bytes[..bytes.len().min(HEAD_BYTES)]),
            Some(decompressor) => {
                let (out, result) = decompressor.push(&bytes);
                head.extend(out);
                if result.is_err() {
                    break;
                }
            }
        }
    }
    head.truncate(HEAD_BYTES);
    Ok(head)
}
