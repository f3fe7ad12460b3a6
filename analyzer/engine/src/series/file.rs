//! A column of a CSV, JSON Lines or Parquet file as a series.
//!
//! Does not order rows: whoever wrote the file did.

use super::{Cell, Point, Series};
use crate::error::{EngineError, ErrorKind};
use crate::probe::first_record;
use crate::table::{is_parquet, read_column};
use baselines::view::CellClass;
use bytes::Bytes;
use capture::cell::classify;
use capture::payload::csv;
use serde_json::Value;
use store::{Location, StoreOptions, join_key, open_store};

/// A series file is held as a whole.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// Reads `column` of the file at `location`, with the times of `time_column` where one is named.
///
/// Rows whose value is null or empty are left out and counted. `true` is 1 and `false` 0. A value that is no finite
/// number is refused with its row.
pub async fn read_file(
    location: &Location,
    column: &str,
    time_column: Option<&str>,
    options: &StoreOptions,
) -> Result<Series, EngineError> {
    let (Some(folder), Some(name)) = (location.parent(), location.file_name()) else {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("{location} names no file"),
        ));
    };
    let (store, root) = open_store(&folder, options).await?;
    let bytes = store.get(&join_key(&root, name), MAX_FILE_BYTES).await?.bytes;
    let shown = location.to_string();
    let values = cells(&bytes, &shown, column)?;
    let times = time_column.map(|name| cells(&bytes, &shown, name)).transpose()?;
    let mut series = Series::default();
    for (row, cell) in values.into_iter().enumerate() {
        let position = row as u64 + 1;
        let value = match cell.class {
            CellClass::Missing | CellClass::Absent => {
                series.n_missing += 1;
                continue;
            }
            CellClass::Integral | CellClass::Fractional => cell.number,
            CellClass::Boolean => f64::from(u8::from(cell.text.eq_ignore_ascii_case("true"))),
            class => return Err(no_number(&shown, column, position, class)),
        };
        let time = times
            .as_ref()
            .and_then(|times| times.get(row))
            .map(|cell| cell.text.clone())
            .filter(|text| !text.is_empty());
        series.points.push(Point {
            value,
            time,
            position,
        });
    }
    if series.points.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!(
                "column {column} of {shown} has no values: {} rows, all without one",
                series.n_missing
            ),
        )
        .with_hint("a series needs a file with at least one number in the column"));
    }
    Ok(series)
}

fn no_number(shown: &str, column: &str, row: u64, class: CellClass) -> EngineError {
    let found = match class {
        CellClass::Nan => "NaN",
        CellClass::PositiveInfinity | CellClass::NegativeInfinity => "an infinity",
        _ => "text",
    };
    EngineError::new(
        ErrorKind::Usage,
        format!("row {row} of column {column} in {shown} is {found}, expected a finite number"),
    )
    .with_hint("detectors take numbers; leave the cell empty where there is no value")
}

fn no_column(shown: &str, column: &str, known: &[String]) -> EngineError {
    let known = match known {
        [] => String::new(),
        _ => format!("; it has {}", known[..known.len().min(40)].join(", ")),
    };
    EngineError::new(ErrorKind::Usage, format!("{shown} has no column {column}{known}"))
        .with_hint("name one of the file's columns with --column (and --time)")
}

fn cells(bytes: &Bytes, shown: &str, column: &str) -> Result<Vec<Cell>, EngineError> {
    if is_parquet(bytes) {
        return match read_column(bytes, shown, column)? {
            Some(cells) => Ok(cells),
            None => Err(no_column(
                shown,
                column,
                &crate::table::column_names(bytes, shown)?,
            )),
        };
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.starts_with(&[0x1f, 0x8b]) || text.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Err(
            EngineError::new(ErrorKind::Usage, format!("{shown} is compressed"))
                .with_hint("decompress it first, or give a Parquet file"),
        );
    }
    match text.trim_ascii_start().first() {
        None => Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("{shown} is empty"),
        )),
        Some(b'{') => json_cells(text, shown, column),
        Some(_) => csv_cells(text, shown, column),
    }
}

fn csv_cells(text: &[u8], shown: &str, column: &str) -> Result<Vec<Cell>, EngineError> {
    let mut rest = text;
    let mut records = std::iter::from_fn(|| {
        while !rest.is_empty() {
            let record = first_record(rest);
            rest = rest.get(record.len() + 1..).unwrap_or_default();
            if !record.trim_ascii().is_empty() {
                return Some(record);
            }
        }
        None
    });
    let header = records.next().map(csv::fields).unwrap_or_default();
    let Some(idx) = header.iter().position(|name| name == column) else {
        return Err(no_column(shown, column, &header));
    };
    let mut cells = Vec::new();
    for (row, record) in records.enumerate() {
        let mut fields = csv::fields(record);
        if fields.len() != header.len() {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "row {} of {shown} has {} fields, the header has {}",
                    row + 1,
                    fields.len(),
                    header.len()
                ),
            ));
        }
        cells.push(cell(fields.swap_remove(idx)));
    }
    Ok(cells)
}

fn cell(text: String) -> Cell {
    let (class, number) = classify(text.as_bytes());
    Cell { class, number, text }
}

/// A field of each line's object; `a.b` reaches into an object.
fn json_cells(text: &[u8], shown: &str, column: &str) -> Result<Vec<Cell>, EngineError> {
    let mut cells = Vec::new();
    let mut known: Vec<String> = Vec::new();
    let mut found = false;
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    for (row, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let object: Value = serde_json::from_slice(line).map_err(|_| {
            EngineError::new(
                ErrorKind::Usage,
                format!("line {} of {shown} is not JSON", row + 1),
            )
        })?;
        let value = object.get(column).or_else(|| {
            column
                .split('.')
                .try_fold(&object, |inside, part| inside.get(part))
        });
        if known.is_empty()
            && let Value::Object(fields) = &object
        {
            known = fields.keys().cloned().collect();
        }
        found |= value.is_some();
        cells.push(match value {
            None | Some(Value::Null) => cell(String::new()),
            Some(Value::String(text)) => cell(text.clone()),
            Some(Value::Number(number)) => Cell {
                class: CellClass::Fractional,
                number: number.as_f64().unwrap_or(0.0),
                text: number.to_string(),
            },
            Some(Value::Bool(value)) => cell(value.to_string()),
            Some(Value::Array(_) | Value::Object(_)) => Cell {
                class: CellClass::Text,
                number: 0.0,
                text: String::new(),
            },
        });
    }
    if found {
        Ok(cells)
    } else {
        Err(no_column(shown, column, &known))
    }
}
