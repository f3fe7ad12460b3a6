//! Parquet back to cells as profiling sees them.
//!
//! Row group by row group, a batch of rows at a time. Does not count.

use super::{ExtraCell, N_RECORD_COLUMNS, print};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, UInt8Type, UInt64Type};
use arrow_array::{Array as _, Float64Array, RecordBatch, StringArray};
use baselines::view::{CellClass, ColumnView, TextView};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use scan::{EngineError, ErrorKind};

const BATCH_ROWS: usize = 8_192;

/// Rows of a file.
pub struct RowBatch {
    batch: RecordBatch,
    written: Vec<bool>,
}

/// The cells of a column, of chosen rows.
#[derive(Debug, Default)]
pub struct CellsOf {
    classes: Vec<CellClass>,
    numbers: Vec<f64>,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    printed: String,
}

impl CellsOf {
    /// As profiling sees them.
    pub fn view(&self) -> ColumnView<'_> {
        ColumnView {
            classes: &self.classes,
            numbers: &self.numbers,
            texts: Some(TextView {
                bytes: &self.bytes,
                ends: &self.ends,
            }),
        }
    }

    fn clear(&mut self) {
        self.classes.clear();
        self.numbers.clear();
        self.bytes.clear();
        self.ends.clear();
    }

    fn push(&mut self, class: CellClass, number: f64, text: &[u8]) {
        self.classes.push(class);
        self.numbers.push(number);
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
    }

    /// One cell of a column without a plan.
    pub fn set_one(&mut self, cell: &ExtraCell) {
        self.clear();
        let number = cell.bits.map_or(0.0, f64::from_bits);
        self.push(class_of(cell.class), number, cell.text.as_bytes());
    }
}

fn class_of(number: u8) -> CellClass {
    CellClass::ALL
        .get(usize::from(number))
        .copied()
        .unwrap_or(CellClass::Missing)
}

impl RowBatch {
    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Second of the inference of a row.
    pub fn second(&self, row: usize) -> Option<i64> {
        let column = self.batch.column(0).as_primitive::<Int64Type>();
        column.is_valid(row).then(|| column.value(row))
    }

    /// Line of a row.
    pub fn line(&self, row: usize) -> u64 {
        self.batch.column(1).as_primitive::<UInt64Type>().value(row)
    }

    /// Hash of the event id of a row.
    pub fn event(&self, row: usize) -> Option<u64> {
        let column = self.batch.column(2).as_primitive::<UInt64Type>();
        column.is_valid(row).then(|| column.value(row))
    }

    /// Flags of a row.
    pub fn flags(&self, row: usize) -> u8 {
        self.batch.column(3).as_primitive::<UInt8Type>().value(row)
    }

    /// Cells of columns without a plan.
    pub fn extra(&self, row: usize) -> Vec<ExtraCell> {
        let column: &StringArray = self.batch.column(4).as_string();
        if column.is_null(row) {
            return Vec::new();
        }
        serde_json::from_str(column.value(row)).unwrap_or_default()
    }

    /// The cells of the planned column `idx` in `rows`.
    pub fn cells(&self, idx: usize, rows: &[usize], cells: &mut CellsOf) {
        cells.clear();
        let first = N_RECORD_COLUMNS + 3 * idx;
        let column = |at: usize| self.batch.column(first + at);
        let classes = column(1).as_primitive::<UInt8Type>();
        let is_numbers = self.written[idx];
        let (numbers, texts): (&Float64Array, &StringArray) = if is_numbers {
            (column(0).as_primitive::<Float64Type>(), column(2).as_string())
        } else {
            (column(2).as_primitive::<Float64Type>(), column(0).as_string())
        };
        let mut printed = std::mem::take(&mut cells.printed);
        for &row in rows {
            let class = class_of(classes.value(row));
            let number = if numbers.is_valid(row) {
                numbers.value(row)
            } else {
                0.0
            };
            let has_cell = !matches!(class, CellClass::Missing | CellClass::Absent);
            if texts.is_valid(row) {
                cells.push(class, number, texts.value(row).as_bytes());
            } else if has_cell && is_numbers {
                print(class, number, &mut printed);
                cells.push(class, number, printed.as_bytes());
            } else {
                cells.push(class, number, b"");
            }
        }
        cells.printed = printed;
    }
}

fn unreadable(key: &str, why: impl std::fmt::Display) -> EngineError {
    EngineError::new(
        ErrorKind::Storage,
        format!("the columns at {key} cannot be read: {why}"),
    )
    .with_hint("take the object in again: `driftline watch --once`, or its event once more")
}

/// Hands the rows of a file, written with `n_columns` planned columns, to `each` in order. `key` names it in errors.
pub fn read_rows(
    bytes: Bytes,
    key: &str,
    n_columns: usize,
    mut each: impl FnMut(&RowBatch),
) -> Result<(), EngineError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| unreadable(key, error))?;
    let fields = builder.schema().fields().clone();
    if fields.len() != N_RECORD_COLUMNS + 3 * n_columns {
        return Err(unreadable(
            key,
            format!(
                "{} columns, expected {}",
                fields.len(),
                N_RECORD_COLUMNS + 3 * n_columns
            ),
        ));
    }
    let written: Vec<bool> = (0..n_columns)
        .map(|idx| *fields[N_RECORD_COLUMNS + 3 * idx].data_type() == arrow_schema::DataType::Float64)
        .collect();
    let reader = builder
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| unreadable(key, error))?;
    for batch in reader {
        let batch = batch.map_err(|error| unreadable(key, error))?;
        each(&RowBatch {
            batch,
            written: written.clone(),
        });
    }
    Ok(())
}
