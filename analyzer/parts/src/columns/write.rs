//! Decoded batches to Parquet, a row group at a time.
//!
//! Holds one row group and the compressed ones before it. Does not know where the bytes go.

use super::{ExtraCell, FIRST_ROW, HAS_INFERENCE_ID, ONE_SIDED, is_number, is_typed_number, print, schema};
use arrow_array::builder::{Float64Builder, Int64Builder, StringBuilder, UInt8Builder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Schema;
use baselines::profile::ColumnPlan;
use baselines::view::{CellClass, ColumnView};
use capture::batch::ColumnBatch;
use capture::decode::RecordMeta;
use capture::layout::Side;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::sync::Arc;

/// Rows of a batch that is handed to the encoder.
const BATCH_ROWS: usize = 8_192;
/// Bytes of cell text after which a batch is handed on, whatever its rows.
const BATCH_BYTES: usize = 8 << 20;
/// Bytes of an encoded row group.
const GROUP_BYTES: usize = 16 << 20;

enum Typed {
    Numbers(Float64Builder, StringBuilder),
    Texts(StringBuilder, Float64Builder),
}

/// Writes rows; one file.
pub struct ColumnWriter {
    schema: Arc<Schema>,
    writer: ArrowWriter<Vec<u8>>,
    second: Int64Builder,
    line: UInt64Builder,
    event: UInt64Builder,
    flags: UInt8Builder,
    extra: StringBuilder,
    typed: Vec<(Typed, UInt8Builder)>,
    n_rows: usize,
    n_bytes: usize,
    printed: String,
}

impl ColumnWriter {
    /// A writer of the columns of `plans`.
    pub fn new(plans: &[ColumnPlan]) -> Result<Self, ParquetError> {
        let schema = schema(plans);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by("driftline".to_owned())
            .set_dictionary_page_size_limit(64 << 10)
            .set_data_page_size_limit(256 << 10)
            .build();
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))?;
        let typed = plans.iter().map(|plan| {
            let typed = if is_typed_number(plan) {
                Typed::Numbers(Float64Builder::new(), StringBuilder::new())
            } else {
                Typed::Texts(StringBuilder::new(), Float64Builder::new())
            };
            (typed, UInt8Builder::new())
        });
        Ok(Self {
            schema,
            writer,
            second: Int64Builder::new(),
            line: UInt64Builder::new(),
            event: UInt64Builder::new(),
            flags: UInt8Builder::new(),
            extra: StringBuilder::new(),
            typed: typed.collect(),
            n_rows: 0,
            n_bytes: 0,
            printed: String::new(),
        })
    }

    /// Adds the rows of a chunk that begins at `first_line` of its object.
    pub fn add(
        &mut self,
        batch: &ColumnBatch,
        records: &[RecordMeta],
        first_line: u64,
    ) -> Result<(), ParquetError> {
        for record in records {
            let rows = record.first_row as usize..(record.first_row + record.n_rows) as usize;
            let of_record =
                u8::from(record.has_inference_id) * HAS_INFERENCE_ID + u8::from(record.one_sided) * ONE_SIDED;
            for row in rows.clone() {
                let is_first = u8::from(row == rows.start) * FIRST_ROW;
                self.second.append_option(record.second);
                self.event.append_option(record.event_hash);
                self.flags.append_value(of_record | is_first);
                self.line.append_value(first_line + u64::from(batch.lines()[row]));
                self.n_bytes += add_extra(batch, row, &mut self.extra);
            }
        }
        for ((typed, classes), cells) in self.typed.iter_mut().zip(batch.planned()) {
            self.n_bytes += add_cells(typed, classes, &cells.view(), &mut self.printed);
        }
        self.n_rows += batch.n_rows();
        if self.n_rows >= BATCH_ROWS || self.n_bytes >= BATCH_BYTES {
            self.hand_on()?;
        }
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), ParquetError> {
        if self.n_rows == 0 {
            return Ok(());
        }
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.second.finish()),
            Arc::new(self.line.finish()),
            Arc::new(self.event.finish()),
            Arc::new(self.flags.finish()),
            Arc::new(self.extra.finish()),
        ];
        for (typed, classes) in &mut self.typed {
            let (first, beside): (ArrayRef, ArrayRef) = match typed {
                Typed::Numbers(numbers, texts) => (Arc::new(numbers.finish()), Arc::new(texts.finish())),
                Typed::Texts(texts, numbers) => (Arc::new(texts.finish()), Arc::new(numbers.finish())),
            };
            arrays.extend([first, Arc::new(classes.finish()), beside]);
        }
        (self.n_rows, self.n_bytes) = (0, 0);
        self.writer
            .write(&RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)?;
        if self.writer.in_progress_size() >= GROUP_BYTES {
            self.writer.flush()?;
        }
        Ok(())
    }

    /// Bytes that the file has so far, as far as they are encoded.
    pub fn n_bytes(&self) -> usize {
        self.writer.bytes_written() + self.writer.in_progress_size()
    }

    /// The file.
    pub fn finish(mut self) -> Result<Vec<u8>, ParquetError> {
        self.hand_on()?;
        self.writer.into_inner()
    }
}

fn text_of<'v>(view: &ColumnView<'v>, row: usize) -> &'v str {
    let bytes = view.texts.map_or(&[][..], |texts| texts.get(row));
    // Decoding hands out UTF-8 only; the view says it in bytes.
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn add_cells(
    typed: &mut Typed,
    classes: &mut UInt8Builder,
    view: &ColumnView<'_>,
    printed: &mut String,
) -> usize {
    let mut n_bytes = 16 * view.classes.len();
    for (row, class) in view.classes.iter().enumerate() {
        let (text, number) = (text_of(view, row), view.numbers[row]);
        classes.append_value(*class as u8);
        let has_cell = !matches!(class, CellClass::Missing | CellClass::Absent);
        match typed {
            Typed::Numbers(numbers, texts) => {
                numbers.append_option(is_number(*class).then_some(number));
                let is_printed = is_number(*class) && {
                    print(*class, number, printed);
                    printed == text
                };
                let beside = (has_cell && !is_printed).then_some(text);
                n_bytes += beside.map_or(0, str::len);
                texts.append_option(beside);
            }
            Typed::Texts(texts, numbers) => {
                texts.append_option(has_cell.then_some(text));
                numbers.append_option(is_number(*class).then_some(number));
                n_bytes += text.len();
            }
        }
    }
    n_bytes
}

fn add_extra(batch: &ColumnBatch, row: usize, extra: &mut StringBuilder) -> usize {
    let cells: Vec<ExtraCell> = batch
        .extra()
        .iter()
        .filter_map(|column| {
            let view = column.cells.view();
            let class = *view.classes.get(row)?;
            (!matches!(class, CellClass::Missing | CellClass::Absent)).then(|| ExtraCell {
                is_output: column.side == Side::Output,
                name: column.name.clone(),
                class: class as u8,
                bits: is_number(class).then(|| view.numbers[row].to_bits()),
                text: text_of(&view, row).to_owned(),
            })
        })
        .collect();
    if cells.is_empty() {
        extra.append_null();
        return 0;
    }
    let text = serde_json::to_string(&cells).unwrap_or_default();
    extra.append_value(&text);
    text.len()
}
