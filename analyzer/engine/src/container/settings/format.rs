//! `dataset_format`: what the files are. Lenient about how booleans are written, as the documentation is.

use super::given::Given;
use super::usage;
use crate::error::EngineError;
use crate::plan::OutputPosition;
use serde_json::{Map, Value};

/// What the files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatasetFormat {
    /// Captured records, and which sides of them count.
    Capture(Rows),
    /// Captured records with their labels.
    Merged(Rows),
    Csv {
        header: bool,
    },
    Json {
        lines: bool,
    },
    Parquet,
}

/// Sides of captured records that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) input: bool,
    pub(crate) output: bool,
}

const FORMS: &str = "expected one of {\"csv\": {\"header\": true}}, {\"json\": {\"line\": true}}, {\"parquet\": {}}, \
                     {\"sagemakerCaptureJson\": {\"captureIndexNames\": [\"endpointInput\", \"endpointOutput\"]}}, \
                     {\"sagemakerMergeJson\": {…}}";

/// Reads `dataset_format`; without it the files are captured records.
pub(super) fn read(given: &Given) -> Result<(DatasetFormat, OutputPosition), EngineError> {
    let Some(text) = given.text("dataset_format") else {
        let both = Rows {
            input: true,
            output: true,
        };
        return Ok((DatasetFormat::Capture(both), OutputPosition::Start));
    };
    let wrong = |found: String| usage(format!("dataset_format {found}"), FORMS);
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(format!("is no JSON: {error}")))?;
    let Value::Object(map) = value else {
        return Err(wrong("is no JSON object".to_owned()));
    };
    let mut entries = map.into_iter().filter(|(_, value)| !value.is_null());
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err(wrong("names no format, or more than one".to_owned()));
    };
    let options = match value {
        Value::Object(options) => options,
        Value::Array(items) if items.is_empty() => Map::new(),
        Value::String(text) if text.is_empty() => Map::new(),
        _ => return Err(wrong(format!("has something else than options for {name}"))),
    };
    let flag = |keys: &[&str], default: bool| -> Result<bool, EngineError> {
        let found = keys
            .iter()
            .find_map(|key| options.get(*key).map(|value| (*key, value)));
        match found {
            None => Ok(default),
            Some((key, value)) => {
                truth(value).ok_or_else(|| wrong(format!("has {key} that is neither true nor false")))
            }
        }
    };
    let (format, known): (DatasetFormat, &[&str]) = match name.to_ascii_lowercase().as_str() {
        "csv" => (
            DatasetFormat::Csv {
                header: flag(&["header", "Header"], false)?,
            },
            &["header", "Header", "output_columns_position"],
        ),
        "json" => (
            DatasetFormat::Json {
                lines: flag(&["line", "lines", "Line"], true)?,
            },
            &["line", "lines", "Line", "output_columns_position"],
        ),
        "parquet" => (DatasetFormat::Parquet, &["output_columns_position"]),
        "sagemakercapturejson" => (
            DatasetFormat::Capture(sides(&options, &wrong)?),
            &["captureIndexNames", "output_columns_position"],
        ),
        "sagemakermergejson" => (
            DatasetFormat::Merged(sides(&options, &wrong)?),
            &["captureIndexNames", "output_columns_position"],
        ),
        _ => return Err(wrong(format!("`{name}` is not supported"))),
    };
    if let Some(unknown) = options.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(wrong(format!(
            "has the option {unknown} for {name}, which is not supported"
        )));
    }
    let position = match options.get("output_columns_position").and_then(Value::as_str) {
        None => OutputPosition::Start,
        Some(text) if text.eq_ignore_ascii_case("START") => OutputPosition::Start,
        Some(text) if text.eq_ignore_ascii_case("END") => OutputPosition::End,
        Some(text) => {
            return Err(wrong(format!(
                "has output_columns_position `{text}`, expected START or END"
            )));
        }
    };
    Ok((format, position))
}

/// `true`, `"true"`, `["true"]`.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Array(items) if items.len() == 1 => truth(&items[0]),
        _ => None,
    }
}

fn sides(options: &Map<String, Value>, wrong: &dyn Fn(String) -> EngineError) -> Result<Rows, EngineError> {
    let Some(value) = options.get("captureIndexNames") else {
        return Ok(Rows {
            input: true,
            output: true,
        });
    };
    let names: Vec<&str> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(name) => vec![name],
        _ => Vec::new(),
    };
    let mut rows = Rows {
        input: false,
        output: false,
    };
    for name in &names {
        match *name {
            "endpointInput" => rows.input = true,
            "endpointOutput" | "batchTransformOutput" => rows.output = true,
            _ => {
                return Err(wrong(format!(
                    "has `{name}` in captureIndexNames, expected endpointInput, endpointOutput or batchTransformOutput"
                )));
            }
        }
    }
    if names.is_empty() {
        return Err(wrong("has captureIndexNames without a name".to_owned()));
    }
    Ok(rows)
}
