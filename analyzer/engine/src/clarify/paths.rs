//! JMESPath expressions of Clarify's configuration, compiled once, and what they pick out of a document as rows.
//!
//! The language is jmespath.org's whole, by the crate `jmespath`. Does not know which key an expression came from but for
//! messages.

use super::table::{Cell, Row};
use crate::error::{EngineError, ErrorKind};
use jmespath::Expression;
use serde_json::Value;

/// A compiled expression.
pub(super) struct Path(Expression<'static>);

impl Path {
    pub(super) fn compile(key: &str, text: &str) -> Result<Self, EngineError> {
        jmespath::compile(text).map(Self).map_err(|error| {
            EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{key} is `{text}`, no JMESPath: wrong at column {}",
                    error.column + 1
                ),
            )
            .with_hint("for example instances[*].features, or features for JSON Lines; jmespath.org describes the language")
        })
    }

    /// What the expression picks; `None` where it picks nothing.
    pub(super) fn pick(&self, document: &Value) -> Option<Value> {
        let found = self.0.search(document).ok()?;
        let value = serde_json::to_value(&*found).ok()?;
        (!value.is_null()).then_some(value)
    }

    /// What it picks as rows: an array of arrays or of objects is a row each, a flat array or an object one row.
    pub(super) fn rows(&self, document: &Value) -> Option<Vec<Row>> {
        let value = self.pick(document)?;
        match &value {
            Value::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => {
                items.iter().map(row).collect()
            }
            Value::Array(_) | Value::Object(_) => Some(vec![row(&value)?]),
            scalar => Some(vec![vec![(None, Cell::of_json(scalar)?)]]),
        }
    }

    /// What it picks as one value per row.
    pub(super) fn values(&self, document: &Value) -> Option<Vec<Cell>> {
        match self.pick(document)? {
            Value::Array(items) => items
                .iter()
                .map(|item| match item {
                    Value::Array(inner) if inner.len() == 1 => Cell::of_json(&inner[0]),
                    other => Cell::of_json(other),
                })
                .collect(),
            scalar => Some(vec![Cell::of_json(&scalar)?]),
        }
    }
}

fn row(value: &Value) -> Option<Row> {
    match value {
        Value::Array(cells) => cells
            .iter()
            .map(|cell| Some((None, Cell::of_json(cell)?)))
            .collect(),
        Value::Object(cells) => cells
            .iter()
            .map(|(name, cell)| Some((Some(name.clone()), Cell::of_json(cell)?)))
            .collect(),
        scalar => Some(vec![(None, Cell::of_json(scalar)?)]),
    }
}
