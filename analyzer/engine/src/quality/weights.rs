//! Inverse-probability weights from capture's sampling percentage over time.
//!
//! A captured record does not say what share of requests was captured when it was; a file does: CSV `from,percentage`,
//! or JSON `[{"from": "2026-11-21T00:00:00Z", "percentage": 25}]`. A percentage holds until the next. Where it was
//! constant over the window all rows weigh the same, and no weights are needed.

use super::gather::NO_TIME;
use super::sample::Sample;
use crate::error::{EngineError, ErrorKind};
use capture::time::parse_rfc3339;
use serde::Deserialize;
use store::{Location, StoreOptions, join_key, open_store};

const MAX_FILE_BYTES: u64 = 16 << 20;

#[derive(Deserialize)]
struct Entry {
    from: String,
    percentage: f64,
}

/// Gives the rows of `sample` their weights.
pub(super) async fn apply(
    sample: &mut Sample,
    location: &Location,
    options: &StoreOptions,
    notes: &mut Vec<String>,
) -> Result<(), EngineError> {
    let name = location.file_name().unwrap_or_default().to_owned();
    let folder = location.parent().unwrap_or_else(|| location.clone());
    let (store, root) = open_store(&folder, options).await?;
    let object = store.get(&join_key(&root, &name), MAX_FILE_BYTES).await?;
    let schedule = parse(&object.bytes).map_err(|what| {
        EngineError::new(
            ErrorKind::Usage,
            format!("--sampling {location} cannot be used: {what}"),
        )
        .with_hint("CSV lines `from,percentage`, for example 2026-11-21T00:00:00Z,25")
    })?;
    sample.weights = weigh(&sample.seconds, &schedule, notes);
    Ok(())
}

/// `(second, percentage)`, ascending.
fn parse(bytes: &[u8]) -> Result<Vec<(i64, f64)>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let entries: Vec<Entry> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        let lines = text.lines().enumerate().filter(|(idx, line)| {
            let line = line.trim();
            let is_header = *idx == 0 && line.starts_with("from");
            !line.is_empty() && !is_header
        });
        lines
            .map(|(idx, line)| {
                let (from, percentage) = line
                    .split_once(',')
                    .ok_or(format!("line {} has no comma", idx + 1))?;
                let percentage = percentage
                    .trim()
                    .parse()
                    .map_err(|_| format!("line {} has no percentage", idx + 1))?;
                Ok::<_, String>(Entry {
                    from: from.trim().to_owned(),
                    percentage,
                })
            })
            .collect::<Result<_, _>>()?
    };
    let mut schedule = Vec::with_capacity(entries.len());
    for (idx, entry) in entries.iter().enumerate() {
        let second =
            parse_rfc3339(&entry.from).ok_or(format!("entry {} begins at no RFC 3339 time", idx + 1))?;
        if !(entry.percentage > 0.0 && entry.percentage <= 100.0) {
            return Err(format!("entry {} has a percentage outside 0 to 100", idx + 1));
        }
        schedule.push((second, entry.percentage));
    }
    schedule.sort_by_key(|(second, _)| *second);
    if schedule.is_empty() {
        return Err("it has no entry".to_owned());
    }
    Ok(schedule)
}

fn weigh(seconds: &[i64], schedule: &[(i64, f64)], notes: &mut Vec<String>) -> Option<Vec<f64>> {
    let mut n_before = 0u64;
    let weights: Vec<f64> = seconds
        .iter()
        .map(|second| {
            let known = schedule.partition_point(|(from, _)| from <= second);
            if known == 0 || *second == NO_TIME {
                n_before += 1;
            }
            100.0 / schedule[known.max(1) - 1].1
        })
        .collect();
    if n_before > 0 {
        notes.push(format!(
            "{n_before} predictions are from before the first sampling percentage, or have no time; they weigh as at its first entry"
        ));
    }
    let changed = weights.windows(2).any(|pair| pair[0] != pair[1]);
    if !changed {
        notes.push(
            "the sampling percentage did not change within the window: rows have no weights".to_owned(),
        );
    }
    changed.then_some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_weighs_the_inverse_of_its_chance_to_be_captured() {
        let schedule =
            parse(b"from,percentage\n1970-01-01T00:00:00Z,100\n1970-01-01T01:00:00Z,25\n").unwrap();
        let mut notes = Vec::new();
        assert_eq!(
            weigh(&[0, 3599, 3600], &schedule, &mut notes),
            Some(vec![1.0, 1.0, 4.0])
        );
        assert_eq!(weigh(&[0, 3599], &schedule, &mut notes), None);
        assert!(parse(b"[{\"from\":\"1970-01-01T00:00:00Z\",\"percentage\":0}]").is_err());
        assert!(parse(b"yesterday,5").is_err());
    }
}
