//! Chunks to rows: the loop over lines, and what is known of each record.
//!
//! Works on one chunk at a time and keeps nothing from one to the next, so chunks can be decoded on any thread in any
//! order. Duplicates are left in: telling them needs all chunks (`engine`).

use crate::batch::ColumnBatch;
use crate::envelope::{self, CaptureRecord, CapturedSide};
use crate::frame::Chunk;
use crate::layout::{Layout, Side};
use crate::limits::Limits;
use crate::payload;
use crate::reject::{Reject, RejectReason};
use crate::time::{TimeWindow, parse_rfc3339};
use memchr::memchr;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a line of an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RecordFormat {
    /// A capture record per line.
    Capture,
    /// A row of a CSV table per line; the first line of the object is its header.
    CsvWithHeader,
    /// A row of a CSV table per line.
    Csv,
    /// A JSON row (or several) per line.
    JsonLines,
    /// Batch-transform output with `GenerateInferenceId`: CSV whose last two columns are inference id and time.
    BatchCsv,
    /// Batch-transform output: JSON Lines, perhaps with `SageMakerInferenceId`, `…Time` and `SageMakerOutput`.
    BatchJson,
}

/// What is known of a decoded record beside its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordMeta {
    /// XXH3-64 of its event id; `None` without one.
    pub event_hash: Option<u64>,
    /// What a label finds it by ([`join_id`]): the caller's inference id, else the event id; `None` without either.
    pub join_id: Option<u128>,
    /// Second of its inference.
    pub second: Option<i64>,
    /// Rows before it in the batch.
    pub first_row: u32,
    /// Its rows.
    pub n_rows: u32,
    /// Whether it has the caller's id.
    pub has_inference_id: bool,
    /// Whether a side is missing.
    pub one_sided: bool,
}

/// XXH3-128 of an id: what records and labels are joined by. Two of 10^7 different ids share one with probability
/// about 10^-25.
pub fn join_id(id: &[u8]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(id)
}

/// What became of a chunk's lines, beside the cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChunkOutcome {
    /// Lines seen; each was decoded or rejected.
    pub n_lines: u64,
    /// Lines decoded, those outside the window and shadow records included.
    pub n_decoded: u64,
    /// Decoded lines outside the window.
    pub n_outside_window: u64,
    /// Decoded records of shadow variants.
    pub n_shadow: u64,
    /// Records without a time that can be read.
    pub n_without_time: u64,
    /// Refused lines, in order.
    pub rejects: Vec<Reject>,
    /// Of each refused line: the second of its record, where it was refused only after its time was read. A window that
    /// does not hold the second would not have refused it.
    pub reject_seconds: Vec<Option<Option<i64>>>,
    /// Decoded records inside the window, in order.
    pub records: Vec<RecordMeta>,
}

/// What is the same for all chunks of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectContext {
    /// What its lines are.
    pub format: RecordFormat,
    /// First second of the hour its key names.
    pub hour: Option<i64>,
}

/// Decodes chunks; keeps its buffers between them.
pub struct Decoder {
    window: TimeWindow,
    limits: Limits,
    batch: ColumnBatch,
    /// The second of the record that is being read, once it is known to lie inside.
    #[expect(
        clippy::option_option,
        reason = "a caller that places the record may know that it has no time"
    )]
    placed: Option<Option<i64>>,
}

impl Decoder {
    /// A decoder into the columns of `layout`, of records inside `window`.
    pub fn new(layout: Arc<Layout>, window: TimeWindow, limits: Limits) -> Self {
        Self {
            window,
            limits,
            batch: ColumnBatch::new(layout, limits.max_extra_columns),
            placed: None,
        }
    }

    /// The rows of the last chunk.
    pub fn batch(&self) -> &ColumnBatch {
        &self.batch
    }

    /// The rows of the last chunk, to take some out.
    pub fn batch_mut(&mut self) -> &mut ColumnBatch {
        &mut self.batch
    }

    /// Decodes a chunk; the rows are in [`Decoder::batch`] until the next one.
    pub fn decode(&mut self, chunk: &Chunk, object: &ObjectContext) -> ChunkOutcome {
        self.batch.clear();
        let mut outcome = ChunkOutcome::default();
        let csv = matches!(object.format, RecordFormat::Csv | RecordFormat::CsvWithHeader);
        let bytes = chunk.bytes.as_slice();
        let mut start = 0;
        while start < bytes.len() {
            let (end, next) = if csv {
                csv_record_end(bytes, start)
            } else {
                line_end(bytes, start)
            };
            let offset = chunk.byte_offset + start as u64;
            let is_last = next == bytes.len() && end == next;
            let mut line = &bytes[start..end];
            line = line.strip_suffix(b"\r").unwrap_or(line);
            if offset == 0 {
                line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            }
            start = next;
            let is_header = object.format == RecordFormat::CsvWithHeader && offset == 0;
            if is_header {
                continue;
            }
            let line_idx = outcome.n_lines;
            outcome.n_lines += 1;
            self.placed = None;
            match self.line(line, line_idx as u32, object, &mut outcome) {
                Ok(()) => outcome.n_decoded += 1,
                Err(reason) => {
                    self.batch.roll_back();
                    let broken = matches!(reason, RejectReason::InvalidJson | RejectReason::InvalidUtf8);
                    let reason = if is_last && broken {
                        RejectReason::TruncatedLine
                    } else {
                        reason
                    };
                    let n_bytes = line.len() as u64;
                    outcome.rejects.push(Reject {
                        line_in_chunk: line_idx,
                        byte_offset: offset,
                        n_bytes,
                        reason,
                    });
                    outcome.reject_seconds.push(self.placed);
                }
            }
        }
        if let Some(n_bytes) = chunk.oversized {
            outcome.rejects.push(Reject {
                line_in_chunk: outcome.n_lines,
                byte_offset: chunk.byte_offset + bytes.len() as u64,
                n_bytes,
                reason: RejectReason::LineTooLong,
            });
            outcome.reject_seconds.push(None);
            outcome.n_lines += 1;
        }
        outcome
    }

    fn line(
        &mut self,
        line: &[u8],
        line_idx: u32,
        object: &ObjectContext,
        outcome: &mut ChunkOutcome,
    ) -> Result<(), RejectReason> {
        if line.trim_ascii().is_empty() {
            return Err(RejectReason::BlankLine);
        }
        let text = std::str::from_utf8(line).map_err(|_| RejectReason::InvalidUtf8)?;
        match object.format {
            RecordFormat::Capture => {
                let record = envelope::parse(text)?;
                self.capture_record(&record, line_idx, object, outcome)
            }
            RecordFormat::Csv | RecordFormat::CsvWithHeader | RecordFormat::JsonLines => {
                let encoding = if object.format == RecordFormat::JsonLines {
                    "JSON"
                } else {
                    "CSV"
                };
                let side = raw_side(text, encoding);
                self.rows(Some(&side), None, line_idx, EventInfo::default(), outcome)
            }
            RecordFormat::BatchCsv => self.batch_csv(text, line_idx, object, outcome),
            RecordFormat::BatchJson => self.batch_json(text, line_idx, object, outcome),
        }
    }

    fn capture_record(
        &mut self,
        record: &CaptureRecord<'_>,
        line_idx: u32,
        object: &ObjectContext,
        outcome: &mut ChunkOutcome,
    ) -> Result<(), RejectReason> {
        let data = record
            .capture_data
            .as_ref()
            .ok_or(RejectReason::NotACaptureRecord)?;
        let has_data = |side: &&CapturedSide<'_>| side.data.is_some();
        let mut input = data.endpoint_input.as_ref().filter(has_data);
        let mut output = data
            .endpoint_output
            .as_ref()
            .or(data.batch_transform_output.as_ref())
            .filter(has_data);
        if input.is_none() && output.is_none() {
            return Err(RejectReason::NotACaptureRecord);
        }
        let layout = self.batch.layout();
        input = input.filter(|_| layout.reads(Side::Input));
        output = output.filter(|_| layout.reads(Side::Output));
        let event = record.event_metadata.as_ref();
        if event.and_then(|event| event.invocation_source.as_deref()) == Some("ShadowExperiment") {
            outcome.n_shadow += 1;
            return Ok(());
        }
        let info = EventInfo {
            event_id: event.and_then(|event| event.event_id.as_deref()),
            time: event.and_then(|event| event.inference_time.as_deref()),
            inference_id: event.and_then(|event| event.inference_id.as_deref()),
        };
        let Placement::Inside(second) = self.time(&info, object, outcome)? else {
            return Ok(());
        };
        self.rows_at(input, output, line_idx, &info, second, outcome)
    }

    /// Whether the record is in the window, and its second if that is known.
    fn time(
        &mut self,
        info: &EventInfo<'_>,
        object: &ObjectContext,
        outcome: &mut ChunkOutcome,
    ) -> Result<Placement, RejectReason> {
        let second = match info.time.and_then(parse_rfc3339) {
            Some(second) => Some(second),
            None => {
                outcome.n_without_time += 1;
                object.hour
            }
        };
        match second {
            Some(second) if !self.window.contains(second) => {
                outcome.n_outside_window += 1;
                Ok(Placement::Outside)
            }
            None if !self.window.is_unbounded() => Err(RejectReason::InvalidTime),
            second => {
                self.placed = Some(second);
                Ok(Placement::Inside(second))
            }
        }
    }

    fn rows(
        &mut self,
        input: Option<&CapturedSide<'_>>,
        output: Option<&CapturedSide<'_>>,
        line_idx: u32,
        info: EventInfo<'_>,
        outcome: &mut ChunkOutcome,
    ) -> Result<(), RejectReason> {
        self.rows_at(input, output, line_idx, &info, None, outcome)
    }

    fn rows_at(
        &mut self,
        input: Option<&CapturedSide<'_>>,
        output: Option<&CapturedSide<'_>>,
        line_idx: u32,
        info: &EventInfo<'_>,
        second: Option<i64>,
        outcome: &mut ChunkOutcome,
    ) -> Result<(), RejectReason> {
        let mut n_rows = [None, None];
        for (side, captured) in [(Side::Input, input), (Side::Output, output)] {
            if let Some(captured) = captured {
                let writer = self.batch.side_writer(side, self.limits.max_rows_per_record);
                let mut writer = writer.beside(n_rows[Side::Input as usize]);
                let n = payload::decode_side(captured, &self.limits, &mut writer)?;
                n_rows[side as usize] = (n > 0).then_some(n);
            }
        }
        let n = match n_rows {
            [Some(inputs), Some(outputs)] if inputs != outputs => return Err(RejectReason::RowCountMismatch),
            [Some(n), _] | [None, Some(n)] => n,
            [None, None] => return Err(RejectReason::NoRows),
        };
        let first_row = self.batch.n_rows() as u32;
        let (has_input, has_output) = (n_rows[0].is_some(), n_rows[1].is_some());
        self.batch.commit(n, line_idx, has_input, has_output);
        outcome.records.push(RecordMeta {
            event_hash: info.event_id.map(|id| xxhash_rust::xxh3::xxh3_64(id.as_bytes())),
            join_id: info
                .inference_id
                .or(info.event_id)
                .map(|id| join_id(id.as_bytes())),
            second,
            first_row,
            n_rows: n as u32,
            has_inference_id: info.inference_id.is_some(),
            one_sided: !(has_input && has_output),
        });
        Ok(())
    }

    fn batch_csv(
        &mut self,
        text: &str,
        line_idx: u32,
        object: &ObjectContext,
        outcome: &mut ChunkOutcome,
    ) -> Result<(), RejectReason> {
        // The generated id and time are the last two fields and hold no quotes.
        let tail = text
            .rsplit_once(',')
            .and_then(|(rest, time)| Some((rest.rsplit_once(',')?, time)));
        let generated = tail.filter(|((_, id), time)| id.len() == 36 && parse_rfc3339(time).is_some());
        let (data, info) = match generated {
            Some(((data, id), time)) => (
                data,
                EventInfo {
                    event_id: Some(id),
                    time: Some(time),
                    inference_id: Some(id),
                },
            ),
            None => (text, EventInfo::default()),
        };
        self.batch_record(data, "CSV", &info, line_idx, object, outcome)
    }

    fn batch_json(
        &mut self,
        text: &str,
        line_idx: u32,
        object: &ObjectContext,
        outcome: &mut ChunkOutcome,
    ) -> Result<(), RejectReason> {
        let mut parts: BTreeMap<Cow<'_, str>, sonic_rs::LazyValue<'_>> = match sonic_rs::from_str(text) {
            Ok(parts) => parts,
            Err(_) => {
                return self.batch_record(text, "JSON", &EventInfo::default(), line_idx, object, outcome);
            }
        };
        let word = |value: Option<sonic_rs::LazyValue<'_>>| {
            value.and_then(|value| sonic_rs::from_str::<String>(value.as_raw_str()).ok())
        };
        let (id, time) = (
            word(parts.remove("SageMakerInferenceId")),
            word(parts.remove("SageMakerInferenceTime")),
        );
        let info = EventInfo {
            event_id: id.as_deref(),
            time: time.as_deref(),
            inference_id: id.as_deref(),
        };
        let answer = parts.remove("SageMakerOutput");
        let Some(answer) = answer else {
            let data = sonic_rs::to_string(&parts).map_err(|_| RejectReason::InvalidPayloadJson)?;
            return self.batch_record(&data, "JSON", &info, line_idx, object, outcome);
        };
        let Placement::Inside(second) = self.time(&info, object, outcome)? else {
            return Ok(());
        };
        let given = sonic_rs::to_string(&parts).map_err(|_| RejectReason::InvalidPayloadJson)?;
        let (input, output) = (raw_side(&given, "JSON"), raw_side(answer.as_raw_str(), "JSON"));
        let input = (!parts.is_empty()).then_some(&input);
        self.rows_at(input, Some(&output), line_idx, &info, second, outcome)
    }

    /// A record of one text: with `JoinSource=Input` the prediction stands in it as one more field, so the whole is
    /// matched with the inputs if their number fits, and with the outputs otherwise.
    fn batch_record(
        &mut self,
        data: &str,
        encoding: &str,
        info: &EventInfo<'_>,
        line_idx: u32,
        object: &ObjectContext,
        outcome: &mut ChunkOutcome,
    ) -> Result<(), RejectReason> {
        let Placement::Inside(second) = self.time(info, object, outcome)? else {
            return Ok(());
        };
        if encoding == "CSV" {
            let layout = self.batch.layout();
            let (n_inputs, n_outputs) = (layout.width(Side::Input), layout.width(Side::Output));
            let fields = payload::csv::fields(data.as_bytes());
            if n_outputs > 0 && fields.len() == n_inputs + n_outputs && n_inputs > 0 {
                let cut = nth_field(data, n_inputs).ok_or(RejectReason::WrongFieldCount)?;
                let (given, answer) = (
                    raw_side(&data[..cut - 1], encoding),
                    raw_side(&data[cut..], encoding),
                );
                return self.rows_at(Some(&given), Some(&answer), line_idx, info, second, outcome);
            }
        }
        let side = raw_side(data, encoding);
        self.rows_at(None, Some(&side), line_idx, info, second, outcome)
    }
}

/// Byte at which field `n` of a CSV line begins.
fn nth_field(line: &str, n: usize) -> Option<usize> {
    let (mut in_quotes, mut seen) = (false, 0);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => in_quotes = !in_quotes,
            b',' if !in_quotes => {
                seen += 1;
                if seen == n {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where a record stands to the window.
enum Placement {
    /// In it; its second where that is known.
    Inside(Option<i64>),
    Outside,
}

#[derive(Debug, Clone, Copy, Default)]
struct EventInfo<'a> {
    event_id: Option<&'a str>,
    time: Option<&'a str>,
    inference_id: Option<&'a str>,
}

fn raw_side<'a>(data: &'a str, encoding: &'a str) -> CapturedSide<'a> {
    CapturedSide {
        observed_content_type: None,
        data: Some(data.into()),
        encoding: Some(encoding.into()),
    }
}

fn line_end(bytes: &[u8], start: usize) -> (usize, usize) {
    match memchr(b'\n', &bytes[start..]) {
        Some(n) => (start + n, start + n + 1),
        None => (bytes.len(), bytes.len()),
    }
}

/// End of a CSV record: a line ending outside quotes.
fn csv_record_end(bytes: &[u8], start: usize) -> (usize, usize) {
    let mut in_quotes = false;
    for (at, byte) in bytes[start..].iter().enumerate() {
        match byte {
            b'"' => in_quotes = !in_quotes,
            b'\n' if !in_quotes => return (start + at, start + at + 1),
            _ => {}
        }
    }
    (bytes.len(), bytes.len())
}

#[cfg(test)]
mod tests;
