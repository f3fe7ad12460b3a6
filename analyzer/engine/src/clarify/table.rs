//! Rows of a Clarify data set as columns of cells, in row order.
//!
//! Does not read formats (`read`, `merged`) and does not know what a column is for, but for label and prediction.

use super::RowCounts;
use crate::error::{EngineError, ErrorKind};
use baselines::document::clarify::NameOrIndex;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Missing,
    Boolean(bool),
    Number { value: f64, whole: bool },
    Text(String),
}

impl Cell {
    /// A CSV field.
    pub(super) fn of_text(text: &str) -> Self {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Self::Missing;
        }
        let numeric = trimmed.bytes().any(|byte| byte.is_ascii_digit());
        match trimmed.parse::<f64>() {
            Ok(value) if numeric && value.is_finite() => Self::Number {
                value,
                whole: !trimmed.contains(['.', 'e', 'E']),
            },
            _ => Self::Text(text.to_owned()),
        }
    }

    /// A JSON value; `None` for arrays and objects.
    pub(super) fn of_json(value: &serde_json::Value) -> Option<Self> {
        use serde_json::Value;
        Some(match value {
            Value::Null => Self::Missing,
            Value::Bool(flag) => Self::Boolean(*flag),
            Value::Number(number) => Self::Number {
                value: number.as_f64()?,
                whole: !number.is_f64(),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// The number it is; truth values are 0 and 1.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number { value, .. } => Some(*value),
            Self::Boolean(flag) => Some(f64::from(u8::from(*flag))),
            Self::Missing | Self::Text(_) => None,
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
}

/// A data set: columns of equal length, features first where the format says which those are.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    /// The label's column.
    pub(super) label: Option<usize>,
    /// The prediction's column.
    pub(super) prediction: Option<usize>,
    pub(super) rows: RowCounts,
}

/// One row; a name per cell where the source has keys.
pub(super) type Row = Vec<(Option<String>, Cell)>;

impl Table {
    pub(super) fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.cells.len())
    }

    /// Appends a row; false, and nothing appended, if it has another number of cells than the rows before it or keys they
    /// do not have.
    pub(super) fn push(&mut self, row: Row) -> bool {
        if self.columns.is_empty() && self.n_rows() == 0 {
            self.columns = row
                .iter()
                .enumerate()
                .map(|(at, (name, _))| Column {
                    name: name.clone().unwrap_or_else(|| format!("column_{at}")),
                    cells: Vec::new(),
                })
                .collect();
        }
        if row.len() != self.columns.len() {
            return false;
        }
        let fits = row
            .iter()
            .zip(&self.columns)
            .all(|((name, _), column)| name.as_ref().is_none_or(|name| *name == column.name));
        if !fits {
            return false;
        }
        for ((_, cell), column) in row.into_iter().zip(&mut self.columns) {
            column.cells.push(cell);
        }
        true
    }

    /// The column a configuration names.
    pub(super) fn find(&self, key: &str, asked: &NameOrIndex) -> Result<usize, EngineError> {
        let found = match asked {
            NameOrIndex::Index(at) => (*at < self.columns.len()).then_some(*at),
            NameOrIndex::Name(name) => self
                .columns
                .iter()
                .position(|column| column.name == *name)
                .or_else(|| {
                    let at: usize = name.trim().parse().ok()?;
                    (at < self.columns.len()).then_some(at)
                }),
        };
        found.ok_or_else(|| {
            let asked = match asked {
                NameOrIndex::Index(at) => format!("column {at}"),
                NameOrIndex::Name(name) => format!("column `{name}`"),
            };
            let names: Vec<&str> = self
                .columns
                .iter()
                .take(20)
                .map(|column| column.name.as_str())
                .collect();
            EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{key} asks for {asked}, and the data has {} columns without it",
                    self.columns.len()
                ),
            )
            .with_hint(format!("columns, counted from 0: {}", names.join(", ")))
        })
    }
}
