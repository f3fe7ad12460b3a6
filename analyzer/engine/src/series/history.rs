//! A metric of stored verdicts as a series: one value per window, in the order of time.
//!
//! Does not judge: a verdict is taken as it stands.

use super::{Point, Series};
use crate::error::{EngineError, ErrorKind};
use baselines::document::verdict::{Latest, VERDICT_FILE, VersionedVerdict};
use capture::time::parse_rfc3339;
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use store::{Location, StoreOptions, open_store};

const MAX_VERDICT_BYTES: u64 = 256 << 20;
const READ_AT_ONCE: usize = 8;

/// What of a verdict makes the series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metric {
    /// Rows analysed: the volume.
    Rows,
    /// The statistic of a method on a column; the house's convention before others.
    Statistic {
        /// The column.
        column: String,
        /// The method's name.
        method: String,
    },
}

impl FromStr for Metric {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        if text == "rows" {
            return Ok(Self::Rows);
        }
        match text.rsplit_once('.') {
            Some((column, method)) if !column.is_empty() && !method.is_empty() => Ok(Self::Statistic {
                column: column.to_owned(),
                method: method.to_owned(),
            }),
            _ => Err(EngineError::new(
                ErrorKind::Usage,
                format!("metric `{text}` is not one: expected COLUMN.METHOD or rows"),
            )
            .with_hint("for example temp.psi, or rows for the volume")),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows => f.write_str("rows"),
            Self::Statistic { column, method } => write!(f, "{column}.{method}"),
        }
    }
}

impl Metric {
    fn of(&self, verdict: &Latest) -> Option<f64> {
        match self {
            Self::Rows => Some(verdict.records.rows as f64),
            Self::Statistic { column, method } => {
                let column = verdict.columns.iter().find(|found| found.name == *column)?;
                let mut of_method = column.measurements.iter().filter(|found| found.method == *method);
                let house = of_method.clone().find(|found| found.convention == "house");
                house.or_else(|| of_method.next()).map(|found| found.statistic)
            }
        }
    }
}

/// Reads the metric from every `verdict.json` below `location`. Of several verdicts of one window the last by name
/// counts. Windows without a time come after those with one, by name.
pub async fn read_history(
    location: &Location,
    metric: &Metric,
    options: &StoreOptions,
) -> Result<Series, EngineError> {
    let (store, root) = open_store(location, options).await?;
    let listed = store.list(&root).await?;
    let keys: Vec<String> = listed
        .into_iter()
        .map(|meta| meta.key)
        .filter(|key| key.rsplit('/').next() == Some(VERDICT_FILE))
        .collect();
    if keys.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("no {VERDICT_FILE} below {location}"),
        )
        .with_hint("a history is a folder of the outputs of `driftline analyze`, one folder per window"));
    }
    let read = |key: String| {
        let store = &store;
        async move {
            let object = store.get(&key, MAX_VERDICT_BYTES).await?;
            let verdict = VersionedVerdict::from_bytes(&object.bytes).map_err(|error| {
                EngineError::new(
                    ErrorKind::Usage,
                    format!("{} cannot be used: {error}", store.locate(&key)),
                )
                .with_hint(error.hint())
            })?;
            let verdict = verdict.into_latest();
            let window = &verdict.window;
            let start = window
                .start
                .clone()
                .or_else(|| window.first_inference_time.clone());
            let end = window.end.clone().or_else(|| window.last_inference_time.clone());
            let names: BTreeSet<String> = match metric {
                Metric::Rows => BTreeSet::new(),
                Metric::Statistic { .. } => known(&verdict),
            };
            Ok::<_, EngineError>((start, end, key, metric.of(&verdict), names))
        }
    };
    let found: Vec<_> = futures::stream::iter(keys.into_iter().map(read))
        .buffered(READ_AT_ONCE)
        .try_collect()
        .await?;
    let mut names = BTreeSet::new();
    let mut windows = BTreeMap::new();
    for (start, end, key, value, known) in found {
        names.extend(known);
        let second = start.as_deref().and_then(parse_rfc3339);
        let place = match second {
            Some(second) => (false, second, end, String::new()),
            None => (true, 0, None, key),
        };
        windows.insert(place, (start, value));
    }
    let mut series = Series::default();
    for (idx, (time, value)) in windows.into_values().enumerate() {
        match value {
            Some(value) => series.points.push(Point {
                value,
                time,
                position: idx as u64 + 1,
            }),
            None => series.n_missing += 1,
        }
    }
    if series.points.is_empty() {
        let names: Vec<String> = names.into_iter().take(40).collect();
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "none of {} windows below {location} has the metric {metric}; there are rows, {}",
                series.n_missing,
                names.join(", ")
            ),
        )
        .with_hint("a metric is COLUMN.METHOD, as measurements of verdict.json name it, or rows"));
    }
    Ok(series)
}

fn known(verdict: &Latest) -> BTreeSet<String> {
    let names = verdict.columns.iter().flat_map(|column| {
        column
            .measurements
            .iter()
            .map(move |found| format!("{}.{}", column.name, found.method))
    });
    names.collect()
}
