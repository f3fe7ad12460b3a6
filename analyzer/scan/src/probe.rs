//! A look at the first records: how many fields has each side, and do they have names?
//!
//! Reads the heads of a few objects, decides by majority, and keeps nothing else. Does not know the baseline.

use crate::error::EngineError;
use crate::sources::{Source, sniff_format};
use crate::table::ParquetReader;
use capture::decode::{Decoder, ObjectContext, RecordFormat};
use capture::decompress::{Compression, Decompressor};
use capture::frame::Chunk;
use capture::layout::{Layout, Side};
use capture::limits::Limits;
use capture::payload::csv;
use capture::time::TimeWindow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

const MAX_OBJECTS: usize = 8;
const MAX_LINES: usize = 200;
const HEAD_BYTES: usize = 1 << 20;
/// A Parquet object is held as a whole while it is read.
pub const MAX_PARQUET_BYTES: u64 = 8 << 30;

/// What the records of one side look like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// What was seen of one object; looks can be taken in several processes and brought together in one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Format of its lines; `None` where they do not tell.
    format: Option<RecordFormat>,
    /// Columns of a CSV or Parquet table.
    header: Option<Vec<String>>,
    is_parquet: bool,
    /// Shapes of input and output of neighbouring lines, and how many they are.
    lines: Vec<(usize, [Option<SideShape>; 2])>,
}

/// Looks at the first records of `sources`.
pub async fn probe(sources: &[Source], tables: &dyn ParquetReader) -> Result<Probe, EngineError> {
    Ok(combine(&look(sources, &Layout::default(), tables).await?))
}

/// Looks at the first objects of `sources`, in their order. `layout` says which sides are not read.
pub async fn look(
    sources: &[Source],
    layout: &Layout,
    tables: &dyn ParquetReader,
) -> Result<Vec<Look>, EngineError> {
    let layout = Arc::new(layout.clone());
    let mut looks = Vec::new();
    let mut n_lines = 0;
    for source in sources.iter().take(MAX_OBJECTS) {
        if n_lines >= MAX_LINES {
            break;
        }
        let look = look_at(source, &layout, tables, MAX_LINES - n_lines).await?;
        n_lines += look.lines.iter().map(|(n, _)| n).sum::<usize>();
        looks.push(look);
    }
    Ok(looks)
}

/// A decision by majority over the first looks.
pub fn combine(looks: &[Look]) -> Probe {
    let mut probe = Probe::default();
    let mut votes: [BTreeMap<&SideShape, usize>; 2] = Default::default();
    let mut n_lines = 0;
    for look in looks.iter().take(MAX_OBJECTS) {
        if n_lines >= MAX_LINES {
            break;
        }
        if probe.header.is_none() {
            probe.header.clone_from(&look.header);
        }
        probe.is_parquet |= look.is_parquet;
        if probe.fallback.is_none() {
            probe.fallback = look.format;
        }
        for (n, shapes) in &look.lines {
            let n = (*n).min(MAX_LINES - n_lines);
            n_lines += n;
            for (votes, shape) in votes.iter_mut().zip(shapes) {
                if let Some(shape) = shape.as_ref().filter(|_| n > 0) {
                    *votes.entry(shape).or_default() += n;
                }
            }
        }
    }
    let [input, output] = votes.map(|votes| {
        let best = votes.into_iter().rev().max_by_key(|(_, n)| *n);
        best.map(|(shape, _)| shape.clone())
    });
    (probe.input, probe.output) = (input, output);
    probe
}

async fn look_at(
    source: &Source,
    layout: &Arc<Layout>,
    tables: &dyn ParquetReader,
    max_lines: usize,
) -> Result<Look, EngineError> {
    let mut look = Look::default();
    if source.is_parquet() {
        let object = source.store.get(&source.key, MAX_PARQUET_BYTES).await?;
        look.header = Some(tables.column_names(&object.bytes, &source.shown_key)?);
        look.is_parquet = true;
        return Ok(look);
    }
    let head = read_head(source).await?;
    look.format = sniff_format(source, &head);
    let Some(format) = look.format else {
        return Ok(look);
    };
    let bare = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    if format == RecordFormat::CsvWithHeader {
        look.header = Some(csv::fields(first_record(bare)));
        return Ok(look);
    }
    let context = ObjectContext { format, hour: None };
    let lines = bare
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n") || bare.len() < HEAD_BYTES)
        .take(max_lines);
    for line in lines {
        let shapes = shapes_of(line, &context, layout);
        match look.lines.last_mut() {
            Some((n, last)) if *last == shapes => *n += 1,
            _ => look.lines.push((1, shapes)),
        }
    }
    Ok(look)
}

/// The first CSV record: up to a line ending outside quotes.
pub fn first_record(text: &[u8]) -> &[u8] {
    let mut in_quotes = false;
    let end = text.iter().position(|byte| {
        in_quotes ^= *byte == b'"';
        *byte == b'\n' && !in_quotes
    });
    &text[..end.unwrap_or(text.len())]
}

fn shapes_of(line: &[u8], context: &ObjectContext, layout: &Arc<Layout>) -> [Option<SideShape>; 2] {
    let mut decoder = Decoder::new(Arc::clone(layout), TimeWindow::default(), Limits::default());
    let chunk = Chunk {
        byte_offset: 1,
        bytes: line.to_vec(),
        oversized: None,
    };
    let outcome = decoder.decode(&chunk, context);
    if outcome.records.is_empty() {
        return [None, None];
    }
    [Side::Input, Side::Output].map(|side| {
        let names: Vec<&str> = decoder
            .batch()
            .extra()
            .iter()
            .filter(|column| column.side == side)
            .map(|column| column.name.as_str())
            .collect();
        let positional = names
            .iter()
            .enumerate()
            .all(|(idx, name)| *name == format!("{}_{idx}", side.name()));
        match (names.is_empty(), positional) {
            (true, _) => None,
            (false, true) => Some(SideShape::Positional(names.len())),
            (false, false) => Some(SideShape::Named(names.into_iter().map(str::to_owned).collect())),
        }
    })
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
