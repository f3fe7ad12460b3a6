//! What earlier windows found, from their stored verdicts: so that a window judged by itself rings as in `backtest`.
//!
//! Reads backwards from the window, and no further than persistence looks. Does not judge: a verdict is taken as it stands.

use crate::error::{EngineError, ErrorKind};
use crate::reference::heads;
use baselines::calibrate::{EarlierFlags, Persistence};
use baselines::document::verdict::{Latest, StatusV1, VERDICT_FILE, VersionedVerdict};
use baselines::document::window::{WINDOW_FILE, WindowHead};
use baselines::judge::CheckKind;
use std::sync::Arc;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, open_store};

const MAX_VERDICT_BYTES: u64 = 256 << 20;

/// Flags of the columns `names` in the windows below `history` that ended before `start`, as long as `start..end` and
/// not over one another, latest first, until persistence needs no more. How many windows were looked at comes with them.
pub(crate) async fn recall(
    persistence: Persistence,
    history: &Location,
    (start, end): (i64, i64),
    names: &[&str],
    options: &StoreOptions,
) -> Result<(EarlierFlags, usize), EngineError> {
    let (store, root) = open_store(history, options).await?;
    let (keys, heads) = heads(&store, &root).await?;
    let mut flags = EarlierFlags::new(persistence);
    let (mut before, mut n_windows) = (start, 0);
    for idx in latest_first(&heads, start, end) {
        if names.iter().all(|name| flags.is_complete(name)) {
            break;
        }
        if heads[idx].end.is_none_or(|end| end > before) {
            continue;
        }
        let Some(folder) = keys[idx].strip_suffix(WINDOW_FILE) else {
            continue;
        };
        // A run that did not come to its end has no verdict.
        let Some(verdict) = read(&store, &format!("{folder}{VERDICT_FILE}")).await? else {
            continue;
        };
        before = heads[idx].start.unwrap_or(before);
        n_windows += 1;
        for name in names {
            if !flags.is_complete(name) {
                flags.take_older(name, flag_of(&verdict, name));
            }
        }
    }
    Ok((flags, n_windows))
}

/// Windows with rows that ended by `start` and last as long; of two profiles of one window the later by key comes first.
fn latest_first(heads: &[WindowHead], start: i64, end: i64) -> Vec<usize> {
    let mut earlier: Vec<(i64, usize)> = heads
        .iter()
        .enumerate()
        .filter_map(|(idx, head)| {
            let (from, to) = (head.start?, head.end?);
            let as_long = to.checked_sub(from) == end.checked_sub(start);
            (to <= start && as_long && head.n_rows > 0).then_some((from, idx))
        })
        .collect();
    earlier.sort_unstable();
    earlier.into_iter().rev().map(|(_, idx)| idx).collect()
}

async fn read(store: &Arc<dyn ObjectStore>, key: &str) -> Result<Option<Latest>, EngineError> {
    let object = match store.get(key, MAX_VERDICT_BYTES).await {
        Ok(object) => object,
        Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let verdict = VersionedVerdict::from_bytes(&object.bytes).map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{} cannot be used: {error}", store.locate(key)),
        )
        .with_hint(error.hint())
    })?;
    Ok(Some(verdict.into_latest()))
}

/// What a verdict says of a column, as `backtest` takes a verdict: found, not found, or not judged.
fn flag_of(verdict: &Latest, column: &str) -> Option<bool> {
    let drift = CheckKind::Drift.name();
    let found = verdict
        .findings
        .iter()
        .any(|finding| finding.check == drift && finding.column.as_deref() == Some(column));
    if found {
        return Some(true);
    }
    let skipped = verdict
        .not_evaluated
        .iter()
        .any(|entry| entry.check == drift && entry.column.as_deref().is_none_or(|name| name == column));
    let present = verdict
        .columns
        .iter()
        .any(|found| found.name == column && found.current.is_some());
    let judged = verdict.status != StatusV1::NotEvaluated && verdict.records.rows > 0;
    (judged && present && !skipped).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_come_latest_first_and_of_one_length() {
        let head = |start: i64, end: i64, n_rows: u64| WindowHead {
            software: String::new(),
            start: Some(start),
            end: Some(end),
            n_rows,
        };
        let heads = [
            head(0, 10, 5),
            head(20, 30, 5),
            head(20, 30, 6),
            head(10, 20, 0),
            head(5, 30, 5),
            head(30, 40, 5),
        ];
        assert_eq!(latest_first(&heads, 30, 40), [2, 1, 0]);
    }
}
