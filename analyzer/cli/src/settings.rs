//! Arguments to engine settings: everything is resolved and validated before work begins.

use crate::args::ReadingArguments;
use capture::limits::Limits;
use capture::schema::Schema;
use capture::time::{TimeWindow, parse_rfc3339};
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use store::{Location, StoreOptions, join_key, open_store};

const MAX_SCHEMA_BYTES: u64 = 16 << 20;

/// A location, or an error that names the argument.
pub(crate) fn location(argument: &str, text: &str) -> Result<Location, EngineError> {
    Location::parse(text).map_err(|error| {
        let error = EngineError::from(error);
        let hint = error
            .hint()
            .unwrap_or("give a local path or s3://bucket/prefix")
            .to_owned();
        EngineError::new(ErrorKind::Usage, format!("{argument} is not a location: {error}")).with_hint(hint)
    })
}

/// How to read.
pub(crate) fn scan_settings(arguments: &ReadingArguments) -> Result<ScanSettings, EngineError> {
    let window = TimeWindow {
        start: time("--start", arguments.start.as_deref())?,
        end: time("--end", arguments.end.as_deref())?,
    };
    if let (Some(start), Some(end)) = (window.start, window.end)
        && start >= end
    {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "--start is not before --end, so the window is empty",
        )
        .with_hint("the window holds times from --start on and before --end"));
    }
    if arguments.threads == Some(0) {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "--threads is 0, expected at least 1",
        ));
    }
    let defaults = ScanSettings::default();
    Ok(ScanSettings {
        window,
        limits: Limits {
            max_line_bytes: arguments.max_line_bytes.max(1),
            ..Limits::default()
        },
        n_threads: arguments.threads.unwrap_or(defaults.n_threads),
        ..defaults
    })
}

/// A time, or an error that names the argument.
pub(crate) fn time(argument: &str, text: Option<&str>) -> Result<Option<i64>, EngineError> {
    let Some(text) = text else { return Ok(None) };
    parse_rfc3339(text).map(Some).ok_or_else(|| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{argument} is `{text}`, expected an RFC 3339 time"),
        )
        .with_hint("for example 2026-11-21T08:00:00Z")
    })
}

/// Reads the schema file, if one was named.
pub(crate) async fn schema(
    named: Option<&str>,
    options: &StoreOptions,
) -> Result<Option<Schema>, EngineError> {
    let Some(named) = named else { return Ok(None) };
    let at = location("--schema", named)?;
    let name = at.file_name().unwrap_or_default().to_owned();
    let folder = at.parent().unwrap_or_else(|| at.clone());
    let (store, root) = open_store(&folder, options).await?;
    let object = store.get(&join_key(&root, &name), MAX_SCHEMA_BYTES).await?;
    let schema = Schema::parse(&object.bytes).map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("schema file {named} cannot be used: {error}"),
        )
        .with_hint("README.md, section `Schema files`, shows the form")
    })?;
    Ok(Some(schema))
}
