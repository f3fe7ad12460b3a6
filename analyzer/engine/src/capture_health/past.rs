//! Earlier windows of a monitor, from the verdicts that were stored of them: those at the same place of the week or the day.
//!
//! Reads a few verdicts, never all of a history. Does not judge.

use crate::error::{EngineError, ErrorKind};
use crate::reference::heads;
use crate::retrain::{revision_of_folder, span_of_folder};
use baselines::capture_health::PastWindow;
use baselines::document::verdict::{Latest, VERDICT_FILE, VersionedVerdict};
use baselines::document::window::WINDOW_FILE;
use capture::time::parse_rfc3339;
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, open_store};

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
/// Weeks and days that are looked back.
const MAX_BACK: i64 = 8;
const MAX_VERDICT_BYTES: u64 = 256 << 20;
const READ_AT_ONCE: usize = 8;

/// The windows below `history` that last as long as `(start, end)` and begin whole weeks, or whole days, before it: eight of
/// each at most. Of several revisions of a window the newest counts.
pub(super) async fn windows(
    history: &Location,
    (start, end): (i64, i64),
    options: &StoreOptions,
) -> Result<Vec<PastWindow>, EngineError> {
    let (store, root) = open_store(history, options).await?;
    let mut wanted = BTreeMap::new();
    for (span, key) in verdicts(&store, &root).await? {
        let back = start - span.0;
        let is_season = |period: i64| back % period == 0 && (1..=MAX_BACK).contains(&(back / period));
        if end - start == span.1 - span.0 && (is_season(WEEK) || is_season(DAY)) {
            wanted.insert(span, key);
        }
    }
    futures::stream::iter(wanted.into_iter().map(|(span, key)| read(&store, span, key)))
        .buffered(READ_AT_ONCE)
        .try_filter_map(|found| async move { Ok(found) })
        .try_collect()
        .await
}

/// Spans and keys of stored verdicts, revisions in ascending order. Folders named `<start>--<end>` say the span; else the
/// window's profile beside the verdict does.
async fn verdicts(
    store: &Arc<dyn ObjectStore>,
    root: &str,
) -> Result<Vec<((i64, i64), String)>, EngineError> {
    let listed = match store.list(root).await {
        Ok(listed) => listed,
        // The first window of a monitor has no history yet.
        Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut named = Vec::new();
    let mut has_others = false;
    for meta in listed {
        let mut parts = meta.key.rsplit('/');
        if parts.next() != Some(VERDICT_FILE) {
            continue;
        }
        let folders: Vec<&str> = parts.take(2).collect();
        let span = folders.iter().find_map(|folder| span_of_folder(folder));
        let revision = folders.first().and_then(|folder| revision_of_folder(folder));
        match span {
            Some(span) => named.push((span, revision.unwrap_or(0), meta.key.clone())),
            None => has_others = true,
        }
    }
    named.sort();
    let mut found: Vec<((i64, i64), String)> = named.into_iter().map(|(span, _, key)| (span, key)).collect();
    if has_others {
        let (keys, heads) = heads(store, root).await?;
        for (key, head) in keys.iter().zip(heads) {
            if let (Some(folder), Some(start), Some(end)) =
                (key.strip_suffix(WINDOW_FILE), head.start, head.end)
            {
                let key = format!("{folder}{VERDICT_FILE}");
                if !found.iter().any(|(_, named)| *named == key) {
                    found.push(((start, end), key));
                }
            }
        }
    }
    Ok(found)
}

async fn read(
    store: &Arc<dyn ObjectStore>,
    (start, end): (i64, i64),
    key: String,
) -> Result<Option<PastWindow>, EngineError> {
    let object = match store.get(&key, MAX_VERDICT_BYTES).await {
        Ok(object) => object,
        // A run that did not come to its end has no verdict.
        Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let verdict: Latest = VersionedVerdict::from_bytes(&object.bytes)
        .map_err(|error| {
            EngineError::new(
                ErrorKind::Usage,
                format!("{} cannot be used: {error}", store.locate(&key)),
            )
            .with_hint(error.hint())
        })?
        .into_latest();
    let by_hour = verdict
        .volume
        .iter()
        .filter_map(|hour| Some((parse_rfc3339(&hour.hour)?, hour.rows)))
        .collect();
    Ok(Some(PastWindow {
        start,
        end,
        rows: verdict.records.rows,
        by_hour,
    }))
}
