//! The job's input as sources that a scan can read: formats as `dataset_format` says, JSON documents as lines, records
//! through the user's preprocessor.
//!
//! Does not decode records.

use super::scratch::Scratch;
use super::script::{Kind, Preprocessor};
use super::settings::{DatasetFormat, Rows, Settings, usage};
use crate::error::EngineError;
use crate::scan::ScanSettings;
use crate::sources::{Source, Sources, discover};
use capture::decode::RecordFormat;
use capture::layout::{Layout, Side};
use std::path::Path;
use std::sync::Arc;
use store::StoreOptions;

/// What is to be read.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) sources: Vec<Source>,
    pub(crate) n_outside_window: usize,
    /// A layout without columns that says which sides of captured records are passed over.
    pub(crate) sides: Layout,
    /// Records for which the preprocessor gave no row.
    pub(crate) n_dropped_by_script: u64,
    /// Whether records are what the preprocessor made of them.
    pub(crate) is_preprocessed: bool,
    /// Holds the rewritten objects until they are read.
    scratch: Option<Scratch>,
}

/// A JSON document on one line may be as long as an object.
const MAX_DOCUMENT_BYTES: u64 = 1 << 30;

/// Finds the input and makes it readable.
pub(crate) async fn prepare(
    settings: &Settings,
    scan: &ScanSettings,
    options: &StoreOptions,
) -> Result<Input, EngineError> {
    // SageMaker makes no folder for an input without objects: a window without one is a window without data.
    let text = settings.source.to_string();
    let is_missing = !text.starts_with("s3://") && !Path::new(&text).exists();
    let found = if is_missing {
        Sources::default()
    } else {
        discover(&settings.source, options, &settings.window).await?
    };
    let mut sources = found.objects;
    for source in &mut sources {
        source.format = format_of(source, settings)?;
    }
    let mut input = Input {
        sources,
        n_outside_window: found.n_outside_window,
        sides: sides(settings.format),
        n_dropped_by_script: 0,
        is_preprocessed: settings.preprocessor.is_some(),
        scratch: None,
    };
    let documents = settings.format == DatasetFormat::Json { lines: false };
    if !documents && settings.preprocessor.is_none() {
        return Ok(input);
    }
    let scratch = Scratch::open(options).await?;
    if documents {
        for (idx, source) in input.sources.iter_mut().enumerate() {
            let object = source.store.get(&source.key, MAX_DOCUMENT_BYTES).await?;
            let line = one_line(&object.bytes);
            replace(source, &scratch, idx, line).await?;
        }
    }
    if let Some(script) = &settings.preprocessor {
        if settings.format == DatasetFormat::Parquet {
            return Err(usage(
                "the setting record_preprocessor_script is not supported for parquet input",
                "Model Monitor runs it on captured, merged, csv and json input; leave it out, or give one of these",
            ));
        }
        let mut child = Preprocessor::start(&settings.python, script, &scratch).await?;
        for idx in 0..input.sources.len() {
            let source = &input.sources[idx];
            let kind = kind_of(source, settings.format);
            let (lines, n_dropped) = child.rewrite(source, kind, scan).await?;
            input.n_dropped_by_script += n_dropped;
            let source = &mut input.sources[idx];
            if kind != Kind::Capture {
                source.format = Some(RecordFormat::JsonLines);
            }
            replace(source, &scratch, idx, lines).await?;
        }
        child.finish().await?;
    }
    input.scratch = Some(scratch);
    Ok(input)
}

/// The source's bytes are now these.
async fn replace(
    source: &mut Source,
    scratch: &Scratch,
    idx: usize,
    bytes: Vec<u8>,
) -> Result<(), EngineError> {
    let key = format!("{idx:08}");
    source.size = scratch.put(&key, bytes).await?;
    source.key = key;
    source.store = Arc::clone(&scratch.store);
    source.from_manifest = false;
    Ok(())
}

/// What the lines of a source are, where the format says it.
fn format_of(source: &Source, settings: &Settings) -> Result<Option<RecordFormat>, EngineError> {
    let is_parquet = source.is_parquet();
    let batch = settings.is_batch || source.from_manifest;
    let format = match settings.format {
        DatasetFormat::Parquet if is_parquet => return Ok(None),
        DatasetFormat::Parquet => {
            return Err(usage(
                format!(
                    "dataset_format is parquet, and {} does not end in .parquet",
                    source.shown_key
                ),
                "Parquet objects are known by their names",
            ));
        }
        _ if is_parquet => {
            return Err(usage(
                format!(
                    "{} is a Parquet object, and dataset_format says something else",
                    source.shown_key
                ),
                "set dataset_format to {\"parquet\": {}}",
            ));
        }
        DatasetFormat::Capture(_) | DatasetFormat::Merged(_) => return Ok(None),
        DatasetFormat::Csv { header: true } => RecordFormat::CsvWithHeader,
        DatasetFormat::Csv { header: false } if batch => RecordFormat::BatchCsv,
        DatasetFormat::Csv { header: false } => RecordFormat::Csv,
        DatasetFormat::Json { .. } if batch => RecordFormat::BatchJson,
        DatasetFormat::Json { .. } => RecordFormat::JsonLines,
    };
    Ok(Some(format))
}

fn kind_of(source: &Source, format: DatasetFormat) -> Kind {
    match (format, source.format) {
        (DatasetFormat::Capture(_) | DatasetFormat::Merged(_), _) if !source.from_manifest => Kind::Capture,
        (_, Some(RecordFormat::Csv | RecordFormat::CsvWithHeader | RecordFormat::BatchCsv))
        | (DatasetFormat::Csv { .. }, _) => Kind::Csv,
        _ => Kind::Json,
    }
}

fn sides(format: DatasetFormat) -> Layout {
    let layout = Layout::default();
    match format {
        DatasetFormat::Capture(rows) | DatasetFormat::Merged(rows) => match rows {
            Rows { input: false, .. } => layout.without(Side::Input),
            Rows { output: false, .. } => layout.without(Side::Output),
            Rows { .. } => layout,
        },
        _ => layout,
    }
}

/// A JSON document without the white space between its tokens, so that it is one line. Text inside strings and the way
/// numbers are written stay as they are.
fn one_line(document: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(document.len());
    let (mut in_text, mut escaped) = (false, false);
    for byte in document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b' ' | b'\t' | b'\n' | b'\r' if !in_text => continue,
            _ => {}
        }
        line.push(*byte);
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_line_and_nothing_else_changes() {
        let document = b"\xef\xbb\xbf{ \"a b\" : [1.0, 2 ],\r\n\t\"c\\\" d\":\"x  y\\\\\" , \"e\" : 1e5 }\n";
        let line = String::from_utf8(one_line(document)).unwrap();
        assert_eq!(line, "{\"a b\":[1.0,2],\"c\\\" d\":\"x  y\\\\\",\"e\":1e5}\n");
    }
}
