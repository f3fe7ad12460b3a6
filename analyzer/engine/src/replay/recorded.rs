//! What Model Monitor's own runs left: `{endpoint}/{schedule}/yyyy/mm/dd/hh/constraint_violations.json` (contract §6.5).
//!
//! A run that left statistics and no violations file found none: whether the first-party image writes an empty one is not
//! settled. Does not judge.

use super::topic::{Said, Topic};
use crate::error::{EngineError, ErrorKind};
use crate::sources::hour_of_key;
use baselines::document::model_monitor::{STATISTICS_FILE, VIOLATIONS_FILE, Violations};
use std::collections::{BTreeMap, BTreeSet};
use store::{Location, StoreOptions, open_store, strip_root};

const MAX_FILE_BYTES: u64 = 64 << 20;

/// Which end of its window the hour of a run's folder names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HourOf {
    /// The run's scheduled hour, at which the window ends.
    #[default]
    End,
    /// The hour at which the window begins.
    Start,
}

/// The runs of one schedule.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Recorded {
    /// Endpoint and schedule, as the folders name them.
    pub(super) schedule: Option<String>,
    /// By first second of the window.
    pub(super) windows: BTreeMap<i64, Vec<Said>>,
}

/// Finds the runs below `location`.
pub(super) async fn find(
    location: &Location,
    options: &StoreOptions,
    hour_of: HourOf,
    length: i64,
) -> Result<Recorded, EngineError> {
    let (store, root) = open_store(location, options).await?;
    let mut runs: BTreeMap<i64, Option<String>> = BTreeMap::new();
    let mut schedules = BTreeSet::new();
    for meta in store.list(&root).await? {
        let shown = strip_root(&root, &meta.key);
        let name = shown.rsplit('/').next().unwrap_or_default();
        if name != VIOLATIONS_FILE && name != STATISTICS_FILE {
            continue;
        }
        let Some(hour) = hour_of_key(shown).or_else(|| hour_of_key(&meta.key)) else {
            continue;
        };
        let parts: Vec<&str> = shown.split('/').collect();
        schedules.insert(parts[..parts.len().saturating_sub(5)].join("/"));
        let found = runs.entry(hour).or_default();
        if name == VIOLATIONS_FILE {
            *found = Some(meta.key);
        }
    }
    if runs.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("history at {location}: no {VIOLATIONS_FILE} and no {STATISTICS_FILE} below a yyyy/mm/dd/hh folder"),
        )
        .with_hint("name the schedule's output location, s3://…/{endpoint}/{schedule}, or leave --history out"));
    }
    if schedules.len() > 1 {
        let names: Vec<&str> = schedules.iter().take(8).map(String::as_str).collect();
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "history at {location} holds the outputs of {} schedules",
                schedules.len()
            ),
        )
        .with_hint(format!("name one of them: {}", names.join(", "))));
    }
    let mut recorded = Recorded {
        schedule: schedules.into_iter().next().filter(|name| !name.is_empty()),
        windows: BTreeMap::new(),
    };
    for (hour, key) in runs {
        let start = match hour_of {
            HourOf::End => hour - length,
            HourOf::Start => hour,
        };
        let said = match key {
            None => Vec::new(),
            Some(key) => {
                let object = store.get(&key, MAX_FILE_BYTES).await?;
                let file = Violations::from_bytes(&object.bytes).map_err(|error| {
                    EngineError::new(
                        ErrorKind::Usage,
                        format!("{} cannot be used: {error}", store.locate(&key)),
                    )
                    .with_hint(error.hint())
                })?;
                file.violations.iter().map(Said::of_violation).collect()
            }
        };
        if said.iter().any(|said| said.topic == Topic::Other) {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!("history at {location} is not of a data-quality monitor"),
            )
            .with_hint(
                "replay judges data quality; `driftline quality` and `driftline bias` judge the others",
            ));
        }
        recorded.windows.insert(start, said);
    }
    Ok(recorded)
}
