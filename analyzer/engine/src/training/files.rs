//! CSV and schema files as the training image reads them: a header, features in the schema's order, the label, then
//! columns that are no features.

use capture::schema::{DeclaredType, Schema};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A cell; quoted only where it must be.
pub(super) fn push_cell(line: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

/// A line of cells.
pub(super) fn push_line<'a>(text: &mut String, cells: impl IntoIterator<Item = Cow<'a, str>>) {
    for (idx, cell) in cells.into_iter().enumerate() {
        if idx > 0 {
            text.push(',');
        }
        push_cell(text, &cell);
    }
    text.push('\n');
}

/// A number as text that reads back as the same number; nothing for none.
pub(super) fn number(value: f64) -> Cow<'static, str> {
    if value.is_finite() {
        let mut text = String::new();
        // Writing to a String cannot fail.
        write!(text, "{value}").ok();
        text.into()
    } else {
        "".into()
    }
}

/// The schema of a table of this monitor: its features and label, and where the other columns stand.
pub(super) fn schema_json(schema: &Schema, label: &str, task: &str, more: &[(&str, Value)]) -> Value {
    let features: Vec<Value> = schema
        .features
        .iter()
        .map(|feature| {
            let mut entry = Map::new();
            entry.insert("name".to_owned(), Value::from(feature.name.as_str()));
            if let Some(kind) = feature.declared_type {
                entry.insert("type".to_owned(), Value::from(type_name(kind)));
            }
            Value::Object(entry)
        })
        .collect();
    let mut document = json!({"task": task, "features": features, "label": label});
    for (name, value) in more {
        document[*name] = value.clone();
    }
    document
}

fn type_name(kind: DeclaredType) -> &'static str {
    match kind {
        DeclaredType::Integral => "integral",
        DeclaredType::Fractional => "fractional",
        DeclaredType::Numeric => "numeric",
        DeclaredType::Boolean => "boolean",
        DeclaredType::String => "string",
        DeclaredType::Categorical => "categorical",
    }
}
