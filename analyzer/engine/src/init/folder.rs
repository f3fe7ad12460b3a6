//! A look at a folder of capture: endpoint and variants from its layout, columns and volume from its newest records.
//!
//! Reads a few objects, keeps no value. Does not know what a monitor is.

use super::guess::{GuessedColumn, columns_of};
use crate::baseline::settings_for;
use crate::error::{EngineError, ErrorKind};
use crate::plan::for_baseline;
use crate::probe::probe;
use crate::progress::Silent;
use crate::scan::{ScanSettings, scan};
use crate::sources::{Source, discover, hour_of_key};
use capture::time::TimeWindow;
use std::collections::{BTreeMap, BTreeSet};
use store::{Location, StoreOptions};

/// Objects whose records are looked at: the newest.
const MAX_OBJECTS: usize = 6;
/// Hours that volume is taken from: the newest week.
const WEEK_SECONDS: i64 = 7 * 86_400;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// Endpoints by name, each with its variants, as the layout `{prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/` names them.
    pub endpoints: BTreeMap<String, BTreeSet<String>>,
    /// How many parts of the keys, below the location, stand in front of the hours: 0 where the location is a variant's
    /// folder, 1 where it is an endpoint's, 2 or more above.
    pub depth: usize,
    /// Objects.
    pub n_objects: usize,
    /// First second of the newest hour, where keys name hours.
    pub newest_hour: Option<i64>,
    /// Records per day, estimated from sizes; `None` without hours in the keys.
    pub records_per_day: Option<f64>,
    /// Columns of the records, outputs first.
    pub columns: Vec<GuessedColumn>,
    /// Rows that the columns were guessed from.
    pub n_rows: u64,
    /// Share of records with one side only.
    pub one_sided_share: f64,
    /// Whether records carry the caller's inference ids.
    pub has_inference_ids: bool,
    /// Whether it is a table and no capture.
    pub is_table: bool,
}

/// Looks at `location`; `endpoint` chooses among several.
pub async fn look(
    location: &Location,
    endpoint: Option<&str>,
    options: &StoreOptions,
) -> Result<Seen, EngineError> {
    let sources = discover(location, options, &TimeWindow::default()).await?;
    let mut objects = sources.objects;
    if objects.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("nothing was captured at {location}"),
        )
        .with_hint("check the location; capture reaches S3 some minutes after a request"));
    }
    let mut seen = Seen::default();
    for source in &objects {
        if let Some((endpoint, variant, depth)) = place(location, source) {
            seen.endpoints.entry(endpoint).or_default().insert(variant);
            seen.depth = depth;
        }
    }
    if let Some(wanted) = endpoint {
        if !seen.endpoints.is_empty() && !seen.endpoints.contains_key(wanted) {
            let names: Vec<&str> = seen.endpoints.keys().map(String::as_str).collect();
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!("no capture of endpoint {wanted} is at {location}"),
            )
            .with_hint(format!("there is capture of {}", names.join(", "))));
        }
        seen.endpoints.retain(|name, _| name == wanted);
        objects.retain(|source| place(location, source).is_none_or(|(name, ..)| name == wanted));
    }
    seen.n_objects = objects.len();
    objects.sort_by(|a, b| (a.hour, &a.key).cmp(&(b.hour, &b.key)));
    seen.newest_hour = objects.iter().filter_map(|source| source.hour).max();
    let newest: Vec<Source> = objects.iter().rev().take(MAX_OBJECTS).cloned().collect();
    let looked = probe(&newest).await?;
    seen.is_table = looked.is_table();
    let (columns, roles) = for_baseline(None, &looked);
    let settings = settings_for(&ScanSettings::default(), &looked);
    let found = scan(&newest, &columns, &settings, &Silent).await?;
    seen.n_rows = found.summary.n_rows;
    seen.columns = columns_of(&found.summary, &roles);
    let n_records = found.records.n_records.max(1) as f64;
    seen.one_sided_share = found.records.n_one_sided as f64 / n_records;
    seen.has_inference_ids = found.records.n_with_inference_id > 0;
    let bytes_read: u64 = newest.iter().map(|source| source.size).sum();
    let bytes_per_row = bytes_read as f64 / (seen.n_rows.max(1) as f64);
    seen.records_per_day = seen
        .newest_hour
        .and_then(|newest| per_day(&objects, newest, bytes_per_row));
    Ok(seen)
}

/// Rows per day over the newest week: bytes by bytes per row, over the hours from the first object of that week on.
fn per_day(objects: &[Source], newest: i64, bytes_per_row: f64) -> Option<f64> {
    let recent = || {
        objects
            .iter()
            .filter_map(|source| Some((source.hour?, source.size)))
            .filter(|(hour, _)| *hour > newest - WEEK_SECONDS)
    };
    let first = recent().map(|(hour, _)| hour).min()?;
    let seconds = (newest + 3600 - first) as f64;
    let bytes: u64 = recent().map(|(_, size)| size).sum();
    (bytes_per_row > 0.0).then(|| bytes as f64 / bytes_per_row * 86_400.0 / seconds)
}

/// Endpoint and variant in a key's path, and how deep below the location the hours begin.
fn place(location: &Location, source: &Source) -> Option<(String, String, usize)> {
    let below: Vec<&str> = source.shown_key.split('/').collect();
    let depth = below.len().checked_sub(5)?;
    hour_of_key(&source.shown_key)?;
    let above = location.to_string();
    let mut parts: Vec<&str> = above
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    parts.extend(&below[..depth]);
    let variant = parts.pop()?;
    let endpoint = parts.pop()?;
    // A batch transform's capture has `input` and `output` where an endpoint has its variant.
    let is_batch = matches!(variant, "input" | "output") || source.from_manifest;
    (!is_batch && is_name(endpoint) && is_name(variant))
        .then(|| (endpoint.to_owned(), variant.to_owned(), depth))
}

/// Whether SageMaker could have given the name.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=63).contains(&text.len()) && text.chars().all(fits) && !text.starts_with('-') && !text.ends_with('-')
}
