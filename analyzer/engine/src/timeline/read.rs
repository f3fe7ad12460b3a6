//! Finished documents below two folders, joined by the window they speak of. Does not say anything about them.

use super::{
    DriftSeen, MetricSeen, PRINCIPAL, RevisionSeen, Timeline, TimelineRequest, TimelineWindow, ValueSeen,
};
use crate::error::{EngineError, ErrorKind};
use crate::quality::revision::{LATEST_FILE, Latest};
use baselines::document::quality::{QUALITY_FILE, QualityDocument};
use baselines::document::verdict::{self, StatusV1, VERDICT_FILE, VersionedVerdict};
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, join_key, open_store};

const MAX_BYTES: u64 = 256 << 20;
const READ_AT_ONCE: usize = 8;

/// Start and end of a window, as its documents have them.
type Times = (Option<String>, Option<String>);

/// Reads the windows there are.
pub async fn read(request: &TimelineRequest) -> Result<Timeline, EngineError> {
    let mut windows: BTreeMap<Times, TimelineWindow> = BTreeMap::new();
    for (times, revisions) in qualities(&request.quality, &request.store).await? {
        let window = windows.entry(times).or_default();
        // Two folders of one window: the one with more revisions knows more.
        if window.revisions.len() < revisions.len() {
            window.revisions = revisions;
        }
    }
    let of_drift = request.drift.as_ref().unwrap_or(&request.quality);
    for (times, drift) in drifts(of_drift, &request.store).await? {
        windows.entry(times).or_default().drift = Some(drift);
    }
    if windows.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("no {LATEST_FILE} below {} and no {VERDICT_FILE} below {of_drift}", request.quality),
        )
        .with_hint("--quality is a folder of the outputs of `driftline quality`, --drift one of the outputs of `driftline analyze`, each with a folder per window"));
    }
    let windows: Vec<TimelineWindow> = windows
        .into_iter()
        .map(|((start, end), window)| TimelineWindow { start, end, ..window })
        .collect();
    Ok(Timeline {
        version: "1",
        software: crate::baseline::software(),
        title: request
            .title
            .clone()
            .unwrap_or_else(|| request.quality.to_string()),
        metric: metric(request.metric.as_deref(), &windows)?,
        windows,
    })
}

/// The metric asked for, or the first principal one that a window has.
fn metric(asked: Option<&str>, windows: &[TimelineWindow]) -> Result<String, EngineError> {
    let revisions = windows.iter().flat_map(|window| &window.revisions);
    let known: BTreeSet<&str> = revisions
        .flat_map(|revision| revision.metrics.keys())
        .map(String::as_str)
        .collect();
    match asked {
        Some(asked) if !known.contains(asked) => {
            let listed = known.into_iter().collect::<Vec<_>>().join(", ");
            Err(EngineError::new(
                ErrorKind::Usage,
                format!("--metric is {asked}, and no window has it"),
            )
            .with_hint(if listed.is_empty() {
                "no window has a metric yet".to_owned()
            } else {
                format!("there are {listed}")
            }))
        }
        Some(asked) => Ok(asked.to_owned()),
        None => Ok(PRINCIPAL
            .into_iter()
            .find(|name| known.contains(name))
            .or_else(|| known.first().copied())
            .unwrap_or_default()
            .to_owned()),
    }
}

/// Keys below a location whose last part is `name`, in order.
async fn named(
    location: &Location,
    name: &str,
    options: &StoreOptions,
) -> Result<(Arc<dyn ObjectStore>, Vec<String>), EngineError> {
    let (store, root) = open_store(location, options).await?;
    let listed = match store.list(&root).await {
        Ok(listed) => listed,
        Err(error) if error.kind() == StoreErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let keys = listed.into_iter().map(|meta| meta.key);
    let keys = keys.filter(|key| key.rsplit('/').next() == Some(name)).collect();
    Ok((store, keys))
}

fn unusable(place: &str, error: impl std::error::Error + Send + Sync + 'static) -> EngineError {
    EngineError::new(ErrorKind::Usage, format!("{place} cannot be used"))
        .with_hint("it is no document of this program, or of a later one; move it out of the folder")
        .with_source(error)
}

async fn qualities(
    location: &Location,
    options: &StoreOptions,
) -> Result<Vec<(Times, Vec<RevisionSeen>)>, EngineError> {
    let (store, keys) = named(location, LATEST_FILE, options).await?;
    let read = |key: String| {
        let store = &store;
        async move {
            let object = store.get(&key, MAX_BYTES).await?;
            let latest: Latest = serde_json::from_slice(&object.bytes)
                .map_err(|error| unusable(&store.locate(&key), error))?;
            let folder = key
                .strip_suffix(LATEST_FILE)
                .unwrap_or_default()
                .trim_end_matches('/');
            let mut revisions = Vec::new();
            for number in 1..=latest.revision {
                let key = join_key(folder, &format!("r{number}/{QUALITY_FILE}"));
                let bytes = match store.get(&key, MAX_BYTES).await {
                    Ok(object) => object.bytes,
                    // An old revision may have been cleared away.
                    Err(error) if error.kind() == StoreErrorKind::NotFound => continue,
                    Err(error) => return Err(error.into()),
                };
                let document = QualityDocument::from_bytes(&bytes)
                    .map_err(|error| unusable(&store.locate(&key), error))?;
                revisions.push(revision(number, &document));
            }
            Ok::<_, EngineError>(((latest.window.start, latest.window.end), revisions))
        }
    };
    futures::stream::iter(keys.into_iter().map(read))
        .buffered(READ_AT_ONCE)
        .try_collect()
        .await
}

fn revision(number: u32, document: &QualityDocument) -> RevisionSeen {
    let mut metrics: BTreeMap<String, MetricSeen> = BTreeMap::new();
    for (name, metric) in &document.metrics {
        metrics.entry(name.clone()).or_default().realised = Some(ValueSeen {
            value: metric.value,
            low: metric.low,
            high: metric.high,
        });
    }
    for (name, found) in document.estimate.iter().flat_map(|estimate| &estimate.metrics) {
        metrics.entry(name.clone()).or_default().estimated = Some(ValueSeen {
            value: found.value,
            low: found.low.unwrap_or(found.value),
            high: found.high.unwrap_or(found.value),
        });
    }
    for check in &document.checks {
        if let Some(metric) = metrics.get_mut(&check.metric) {
            metric.threshold = Some(check.threshold);
            metric.worse_above = Some(check.comparison_operator == "GreaterThanThreshold");
        }
    }
    let maturity = document.maturity.as_ref();
    RevisionSeen {
        revision: number,
        as_of: maturity.map(|maturity| maturity.as_of.clone()),
        status: document.status.clone(),
        n_predictions: document.n_predictions,
        n_labelled: document.n_labelled,
        coverage: document.coverage,
        is_final: maturity.is_some_and(|maturity| maturity.is_final)
            || document.n_predictions > 0 && document.n_labelled == document.n_predictions,
        metrics,
    }
}

async fn drifts(location: &Location, options: &StoreOptions) -> Result<Vec<(Times, DriftSeen)>, EngineError> {
    let (store, keys) = named(location, VERDICT_FILE, options).await?;
    let read = |key: String| {
        let store = &store;
        async move {
            let object = store.get(&key, MAX_BYTES).await?;
            let verdict = VersionedVerdict::from_bytes(&object.bytes)
                .map_err(|error| unusable(&store.locate(&key), error))?
                .into_latest();
            let times = (verdict.window.start.clone(), verdict.window.end.clone());
            // A verdict on quality speaks of labels, not of inputs.
            Ok::<_, EngineError>(verdict.quality.is_none().then(|| (times, drift(&verdict))))
        }
    };
    let found: Vec<Option<(Times, DriftSeen)>> = futures::stream::iter(keys.into_iter().map(read))
        .buffered(READ_AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

fn drift(verdict: &verdict::Latest) -> DriftSeen {
    let mut moved: BTreeMap<String, f64> = BTreeMap::new();
    let speaks = |check: &str| check == "drift" || check == "baseline_drift_check";
    for finding in verdict.findings.iter().filter(|finding| speaks(&finding.check)) {
        if let Some(column) = &finding.column {
            let farthest = moved.entry(column.clone()).or_insert(finding.value);
            *farthest = farthest.max(finding.value);
        }
    }
    DriftSeen {
        status: match verdict.status {
            StatusV1::Pass => "pass",
            StatusV1::Violated => "violated",
            StatusV1::NotEvaluated => "not_evaluated",
        },
        n_findings: verdict.findings.len() as u64,
        moved,
    }
}
