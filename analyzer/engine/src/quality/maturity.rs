//! Label delays of a window: learnt, remembered in `labels.json`, and said.
//!
//! The curve itself is `baselines::maturity`.

use super::gather::NO_TIME;
use super::request::QualityRequest;
use super::sample::Sample;
use crate::error::{EngineError, ErrorKind};
use baselines::document::quality::MaturityTwin;
use baselines::maturity::{Cohort, HOUR, LabelDelays, MaturityUnknown};
use baselines::quality::Coverage;
use bytes::Bytes;
use capture::time::{format_rfc3339, parse_rfc3339};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Location, PutMode, StoreErrorKind, StoreOptions, join_key, open_store};

/// What is known of label delays.
pub const LABELS_FILE: &str = "labels.json";
const MAX_LABELS_BYTES: u64 = 256 << 20;

/// `labels.json`: predictions by the hour of their inference, their labels by whole hours of delay.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct LabelsDocument {
    version: String,
    /// RFC 3339 hour → predictions and labels.
    cohorts: BTreeMap<String, CohortTwin>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct CohortTwin {
    predictions: u64,
    /// Delay in whole hours → labels.
    labels_by_delay: BTreeMap<u32, u64>,
    /// Until when labels were looked for, RFC 3339; absent in what older programs wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<String>,
}

/// What is known already, and what this window says.
pub(super) async fn learn(
    sample: &Sample,
    request: &QualityRequest,
) -> Result<(LabelDelays, LabelDelays), EngineError> {
    let place = request.history.as_ref().unwrap_or(&request.output);
    let known = read(place, &request.store).await?;
    let mut window = LabelDelays::default();
    for row in 0..sample.len() {
        let second = sample.seconds[row];
        if second != NO_TIME {
            let labelled = sample
                .first_label
                .get(row)
                .copied()
                .filter(|second| *second != NO_TIME);
            // A label without a time is there, but says nothing of delays.
            if labelled.is_some() || !sample.is_labelled(row) {
                window.count(second, labelled);
            }
        }
    }
    Ok((known, window))
}

/// Coverage now, what it should be, and when it is final.
pub(super) fn say(known: &LabelDelays, window: &LabelDelays, now: i64, coverage: Coverage) -> MaturityTwin {
    let mut said = MaturityTwin {
        as_of: format_rfc3339(now).unwrap_or_default(),
        coverage: coverage.share(),
        ..MaturityTwin::default()
    };
    let nothing = window.cohorts.is_empty() && coverage.n_labelled > 0;
    let curve = if nothing {
        Err(MaturityUnknown::NoLabels)
    } else {
        known.curve(now)
    };
    let unknown: Result<(), MaturityUnknown> = curve.and_then(|curve| {
        said.expected_coverage = Some(curve.expected_coverage(window, now));
        said.final_coverage = Some(curve.level()?);
        let at = curve.final_at(window)?;
        said.final_at = format_rfc3339(at);
        said.is_final = now >= at;
        Ok(())
    });
    said.unknown = unknown.err().map(|reason| reason.to_string());
    said
}

async fn read(place: &Location, options: &StoreOptions) -> Result<LabelDelays, EngineError> {
    let (store, root) = open_store(place, options).await?;
    let object = match store.get(&join_key(&root, LABELS_FILE), MAX_LABELS_BYTES).await {
        Ok(object) => object,
        Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(LabelDelays::default()),
        Err(error) => return Err(error.into()),
    };
    let damaged = || {
        EngineError::new(
            ErrorKind::Usage,
            format!("{LABELS_FILE} at {place} cannot be read"),
        )
        .with_hint("it is written by `driftline quality`; remove it, and label delays are learnt again")
    };
    let document: LabelsDocument =
        serde_json::from_slice(&object.bytes).map_err(|error| damaged().with_source(error))?;
    let mut delays = LabelDelays::default();
    for (hour, cohort) in document.cohorts {
        let hour = parse_rfc3339(&hour).ok_or_else(damaged)?;
        let known = Cohort {
            n: cohort.predictions,
            delays: cohort.labels_by_delay,
            seen: cohort
                .seen
                .as_deref()
                .map(|seen| parse_rfc3339(seen).ok_or_else(damaged))
                .transpose()?,
        };
        delays.cohorts.insert(hour.div_euclid(HOUR) * HOUR, known);
    }
    Ok(delays)
}

/// Writes what is known now.
pub(super) async fn write(
    delays: &LabelDelays,
    place: &Location,
    options: &StoreOptions,
) -> Result<String, EngineError> {
    let cohorts = delays.cohorts.iter().filter_map(|(hour, cohort)| {
        let twin = CohortTwin {
            predictions: cohort.n,
            labels_by_delay: cohort.delays.clone(),
            seen: cohort.seen.and_then(format_rfc3339),
        };
        Some((format_rfc3339(*hour)?, twin))
    });
    let document = LabelsDocument {
        version: "1".to_owned(),
        cohorts: cohorts.collect(),
    };
    let mut bytes = serde_json::to_vec(&document).map_err(|error| {
        EngineError::new(ErrorKind::Internal, format!("{LABELS_FILE} cannot be written")).with_source(error)
    })?;
    bytes.push(b'\n');
    let (store, root) = open_store(place, options).await?;
    let key = join_key(&root, LABELS_FILE);
    store.put(&key, Bytes::from(bytes), PutMode::Overwrite).await?;
    Ok(store.locate(&key))
}
