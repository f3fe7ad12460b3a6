//! How many requests an endpoint answered, as somebody counted them: CSV, or the answer of CloudWatch.
//!
//! `from,invocations` has one line for each period, which lasts until the next; the JSON is that of
//! `aws cloudwatch get-metric-statistics --namespace AWS/SageMaker --metric-name Invocations --statistics Sum`. Does not ask
//! CloudWatch.

use crate::error::{EngineError, ErrorKind};
use capture::time::parse_rfc3339;
use serde::Deserialize;
use std::collections::BTreeMap;
use store::{Location, StoreOptions, join_key, open_store};

const MAX_FILE_BYTES: u64 = 64 << 20;

/// Requests by the first second of their period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invocations {
    by_start: BTreeMap<i64, u64>,
    /// Length of a period, seconds.
    period: i64,
    /// Whether periods without a request are left out, as CloudWatch does.
    is_sparse: bool,
}

#[derive(Deserialize)]
struct Statistics {
    #[serde(rename = "Datapoints")]
    datapoints: Vec<Datapoint>,
}

#[derive(Deserialize)]
struct Datapoint {
    #[serde(rename = "Timestamp")]
    timestamp: String,
    #[serde(rename = "Sum")]
    sum: f64,
}

/// Reads the counts.
pub async fn read(location: &Location, options: &StoreOptions) -> Result<Invocations, EngineError> {
    let name = location.file_name().unwrap_or_default().to_owned();
    let folder = location.parent().unwrap_or_else(|| location.clone());
    let (store, root) = open_store(&folder, options).await?;
    let object = store.get(&join_key(&root, &name), MAX_FILE_BYTES).await?;
    parse(&object.bytes).map_err(|what| {
        EngineError::new(ErrorKind::Usage, format!("invocations {location} cannot be used: {what}"))
            .with_hint("CSV lines `from,invocations`, for example 2026-11-21T00:00:00Z,1200, or CloudWatch's answer as JSON")
    })
}

pub(super) fn parse(bytes: &[u8]) -> Result<Invocations, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let is_sparse = text.trim_start().starts_with('{');
    let rows: Vec<(String, f64)> = if is_sparse {
        let found: Statistics = serde_json::from_str(text).map_err(|error| error.to_string())?;
        found
            .datapoints
            .into_iter()
            .map(|point| (point.timestamp, point.sum))
            .collect()
    } else {
        let lines = text.lines().enumerate().filter(|(at, line)| {
            let line = line.trim();
            !(line.is_empty() || *at == 0 && line.starts_with("from"))
        });
        lines
            .map(|(at, line)| {
                let (from, n) = line
                    .split_once(',')
                    .ok_or(format!("line {} has no comma", at + 1))?;
                let n = n
                    .trim()
                    .parse()
                    .map_err(|_| format!("line {} has no number behind the comma", at + 1))?;
                Ok((from.trim().to_owned(), n))
            })
            .collect::<Result<_, String>>()?
    };
    let mut found = Invocations {
        is_sparse,
        ..Invocations::default()
    };
    for (from, n) in rows {
        let start = parse_rfc3339(&from).ok_or(format!("`{from}` is no RFC 3339 time"))?;
        if !(n.is_finite() && n >= 0.0) {
            return Err(format!("{n} at {from} is no number of requests"));
        }
        *found.by_start.entry(start).or_default() += n.round() as u64;
    }
    let starts: Vec<i64> = found.by_start.keys().copied().collect();
    let gaps = starts.windows(2).map(|pair| pair[1] - pair[0]);
    found.period = gaps
        .min()
        .ok_or("it has fewer than two periods, so their length is not known")?;
    Ok(found)
}

impl Invocations {
    /// Requests between two seconds; `None` where periods lie across an end, or do not cover all of it.
    pub fn between(&self, start: i64, end: i64) -> Option<u64> {
        let touching = self.by_start.range(start - self.period + 1..end);
        let (mut total, mut n_periods) = (0, 0);
        for (from, n) in touching {
            if *from < start || from + self.period > end {
                return None;
            }
            total += n;
            n_periods += 1;
        }
        let first = *self.by_start.first_key_value()?.0;
        let last = self.by_start.last_key_value()?.0 + self.period;
        // CloudWatch leaves periods without a request out; between its first and its last it knows of all.
        let is_covered = if self.is_sparse {
            first <= start && end <= last
        } else {
            n_periods * self.period == end - start
        };
        is_covered.then_some(total)
    }
}
