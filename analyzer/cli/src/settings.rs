//! Arguments to engine settings: everything is resolved and validated before work begins.

use crate::args::ReadingArguments;
use baselines::calibrate::{BudgetError, FalseAlarmBudget, MinEffect};
use baselines::reference::Reference;
use capture::limits::Limits;
use capture::schema::Schema;
use capture::time::{TimeWindow, parse_rfc3339};
use engine::monitor::Monitor;
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
    let n_threads = threads(arguments.threads)?;
    let defaults = ScanSettings::default();
    Ok(ScanSettings {
        window,
        limits: Limits {
            max_line_bytes: arguments.max_line_bytes.max(1),
            ..Limits::default()
        },
        n_threads,
        ..defaults
    })
}

/// Worker threads.
pub(crate) fn threads(asked: Option<usize>) -> Result<usize, EngineError> {
    match asked {
        Some(0) => Err(EngineError::new(
            ErrorKind::Usage,
            "--threads is 0, expected at least 1",
        )),
        Some(n) => Ok(n),
        None => Ok(ScanSettings::default().n_threads),
    }
}

/// A false-alarm budget.
pub(crate) fn budget(argument: &str, text: &str) -> Result<FalseAlarmBudget, EngineError> {
    text.parse().map_err(|error: BudgetError| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{argument} has `{}`: {error}", text.trim()),
        )
        .with_hint("for example --false-alarms \"1 per 90 days\"; docs/alarms.md says what a budget is")
    })
}

/// What a window is held against.
pub(crate) fn reference(text: &str, example: &str) -> Result<Reference, EngineError> {
    text.parse().map_err(|error| {
        EngineError::new(ErrorKind::Usage, format!("--reference is `{text}`: {error}"))
            .with_hint(format!("for example --reference {example}"))
    })
}

/// Practical thresholds, with the share that was asked for.
pub(crate) fn min_effect(asked: Option<f64>, default: MinEffect) -> Result<MinEffect, EngineError> {
    match asked {
        None => Ok(default),
        Some(share) if (0.0..=1.0).contains(&share) => Ok(MinEffect {
            distribution: share,
            rate: default.rate.min(share),
        }),
        Some(share) => Err(EngineError::new(
            ErrorKind::Usage,
            format!("--min-effect is {share}, expected a share of the rows from 0 to 1"),
        )
        .with_hint("for example --min-effect 0.02: two rows in a hundred must have moved")),
    }
}

/// The monitor's settings file.
pub(crate) async fn monitor(named: &str, options: &StoreOptions) -> Result<Monitor, EngineError> {
    Monitor::load(&location("--monitor", named)?, options).await
}

/// An RFC 3339 time, or a date: its midnight in UTC.
pub(crate) fn time_or_date(argument: &str, text: &str) -> Result<i64, EngineError> {
    let whole = format!("{text}T00:00:00Z");
    parse_rfc3339(text)
        .or_else(|| parse_rfc3339(&whole))
        .ok_or_else(|| {
            EngineError::new(
                ErrorKind::Usage,
                format!("{argument} is `{text}`, expected a date or an RFC 3339 time"),
            )
            .with_hint("for example 2026-11-21 or 2026-11-21T08:00:00Z")
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
    let at = named.map(|named| location("--schema", named)).transpose()?;
    schema_at(at.as_ref(), options).await
}

/// Reads the schema file at a location, if there is one.
pub(crate) async fn schema_at(
    at: Option<&Location>,
    options: &StoreOptions,
) -> Result<Option<Schema>, EngineError> {
    let Some(at) = at else { return Ok(None) };
    let name = at.file_name().unwrap_or_default().to_owned();
    let folder = at.parent().unwrap_or_else(|| at.clone());
    let (store, root) = open_store(&folder, options).await?;
    let object = store.get(&join_key(&root, &name), MAX_SCHEMA_BYTES).await?;
    let schema = Schema::parse(&object.bytes).map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("schema file {at} cannot be used: {error}"),
        )
        .with_hint("README.md, section `Schema files`, shows the form")
    })?;
    Ok(Some(schema))
}
