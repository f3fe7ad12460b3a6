//! Facts of the windows that a store holds: the newest whole revision of each.
//!
//! A revision is whole when its `verdict.json` is there, which is written last. Does not decide.

use crate::error::AlertError;
use crate::fact::{Series, WindowFact};
use crate::layout::{Layout, revision_of, span_of};
use baselines::decide::calendar::parse_time;
use baselines::document::verdict::{Latest, VERDICT_FILE, VersionedVerdict};
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use store::{ObjectStore, StoreErrorKind};

const MAX_VERDICT_BYTES: u64 = 256 << 20;
const READ_AHEAD: usize = 4;

/// A window's documents.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What an alert needs.
    pub fact: WindowFact,
    /// All of it.
    pub verdict: Latest,
}

/// Where a revision lies.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Revision {
    folder: String,
    series: Series,
    span: (i64, i64),
    revision: u32,
    has_report: bool,
}

/// Revisions among keys, by series and span; the newest of each.
fn revisions(keys: &BTreeSet<String>, series: Series, prefix: &str) -> Vec<Revision> {
    let mut newest: BTreeMap<(i64, i64), Revision> = BTreeMap::new();
    for key in keys {
        let Some(folder) = key.strip_suffix(&format!("/{VERDICT_FILE}")) else {
            continue;
        };
        let parts: Vec<&str> = folder
            .strip_prefix(prefix)
            .unwrap_or_default()
            .split('/')
            .collect();
        let (Some(span), Some(revision)) = (
            parts.first().and_then(|name| span_of(name)),
            match parts.as_slice() {
                [_] => Some(1),
                [_, revision] => revision_of(revision),
                _ => None,
            },
        ) else {
            continue;
        };
        let page = match series {
            Series::Traffic => "report.html",
            Series::Quality => "quality.html",
        };
        let found = Revision {
            folder: folder.to_owned(),
            series,
            span,
            revision,
            has_report: keys.contains(&format!("{folder}/{page}")),
        };
        if newest.get(&span).is_none_or(|before| before.revision < revision) {
            newest.insert(span, found);
        }
    }
    newest.into_values().collect()
}

async fn keys(store: &dyn ObjectStore, prefix: &str) -> Result<BTreeSet<String>, AlertError> {
    match store.list(prefix).await {
        Ok(found) => Ok(found.into_iter().map(|meta| meta.key).collect()),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error.into()),
    }
}

/// The newest revision of one window; `None` where it has none.
pub async fn window(
    store: &dyn ObjectStore,
    layout: &Layout,
    series: Series,
    span: (i64, i64),
) -> Result<Option<Found>, AlertError> {
    let keys = keys(store, &layout.window(series, span)).await?;
    match revisions(&keys, series, &layout.series(series)).pop() {
        Some(revision) => read(store, revision).await.map(Some),
        None => Ok(None),
    }
}

/// Windows whose newest revision `known` does not have; at most the `limit` newest of each series.
pub async fn news(
    store: &dyn ObjectStore,
    layout: &Layout,
    known: impl Fn(Series, (i64, i64)) -> Option<u32>,
    limit: usize,
) -> Result<Vec<Found>, AlertError> {
    let mut wanted = Vec::new();
    for series in Series::ALL {
        let prefix = layout.series(series);
        let mut found = revisions(&keys(store, &prefix).await?, series, &prefix);
        found.drain(..found.len().saturating_sub(limit));
        found.retain(|revision| known(series, revision.span).is_none_or(|known| known < revision.revision));
        wanted.extend(found);
    }
    futures::stream::iter(wanted)
        .map(|revision| read(store, revision))
        .buffered(READ_AHEAD)
        .try_collect()
        .await
}

async fn read(store: &dyn ObjectStore, revision: Revision) -> Result<Found, AlertError> {
    let key = format!("{}/{VERDICT_FILE}", revision.folder);
    let object = store.get(&key, MAX_VERDICT_BYTES).await?;
    let place = store.locate(&key);
    let verdict = VersionedVerdict::from_bytes(&object.bytes)
        .map_err(|error| AlertError::Document {
            place: place.clone(),
            problem: error.to_string(),
        })?
        .into_latest();
    let written = (
        verdict.window.start.as_deref().and_then(parse_time),
        verdict.window.end.as_deref().and_then(parse_time),
    );
    if let (Some(start), Some(end)) = written
        && (start, end) != revision.span
    {
        let problem = "its window is another than its folder's".to_owned();
        return Err(AlertError::Document { place, problem });
    }
    let folder = format!("{}/", store.locate(&revision.folder));
    let report = revision.has_report.then(|| {
        let page = if revision.series == Series::Traffic {
            "report.html"
        } else {
            "quality.html"
        };
        format!("{folder}{page}")
    });
    let mut fact = WindowFact::of(&verdict, revision.span, revision.revision, folder, report);
    fact.series = revision.series;
    Ok(Found { fact, verdict })
}
