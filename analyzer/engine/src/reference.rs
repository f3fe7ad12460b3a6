//! What a window is held against: the baseline, or earlier windows from their stored profiles.
//!
//! Does not judge and does not merge: finds the profiles, reads them, and hands them to `baselines::reference`.

use crate::baseline::LoadedBaseline;
use crate::error::{EngineError, ErrorKind};
use baselines::calibrate::{Against, Persistence};
use baselines::document::DocumentError;
use baselines::document::window::{WINDOW_FILE, WindowHead, from_bytes, head_of_prefix};
use baselines::judge::{CheckKind, Evidence, NotEvaluated, Status, Verdict};
use baselines::profile::Grid;
use baselines::reference::{Choice, Merged, NotMergeable, Reference, choose, merge};
use baselines::summary::{CellCounts, ColumnSummary, DatasetSummary, InferredType};
use capture::time::format_rfc3339;
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, open_store};

/// The choice of a verdict that says why there was no reference.
pub(crate) const REFERENCE_MISSING: &str = "reference_missing";
const MAX_PROFILE_BYTES: u64 = 4 << 30;
/// A head is in the first bytes; more are read only where someone has laid the document out anew.
const HEAD_BYTES: usize = 4096;
const READ_AT_ONCE: usize = 16;

/// The checks that ask what is usual, and so need a reference.
const NEED_REFERENCE: [CheckKind; 8] = [
    CheckKind::BaselineDrift,
    CheckKind::Drift,
    CheckKind::NewMissingValues,
    CheckKind::SpecialValues,
    CheckKind::UnseenCategories,
    CheckKind::TypeChange,
    CheckKind::AbsentColumn,
    CheckKind::UnknownColumn,
];

/// What is to be held against a window.
#[derive(Debug, Clone, Default)]
pub struct ReferenceRequest {
    /// Which windows.
    pub reference: Reference,
    /// Where their profiles are.
    pub history: Option<Location>,
    /// How many of the last windows, of the same history, must find a column drifted before it rings.
    pub persistence: Persistence,
    /// Where somebody counted the endpoint's requests, for the captured share of them.
    pub invocations: Option<Location>,
}

/// What a window is held against.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    summary: Option<DatasetSummary>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) edges: Option<BTreeMap<String, Vec<f64>>>,
    pub(crate) against: Against,
    choices: Vec<(&'static str, String)>,
    /// Why there is no reference.
    too_few: Option<String>,
    /// Columns without a distribution, with the reason.
    unmerged: Vec<(String, String)>,
}

impl Held {
    pub(crate) fn baseline(baseline: &LoadedBaseline) -> Self {
        Self {
            summary: Some(baseline.baseline.summary()),
            evidence: baseline.evidence.clone(),
            edges: Some(baseline.house_edges()),
            against: Against::Baseline,
            choices: Vec::new(),
            too_few: None,
            unmerged: Vec::new(),
        }
    }

    pub(crate) fn nothing(reference: Reference, reason: String) -> Self {
        Self {
            summary: None,
            evidence: Vec::new(),
            edges: None,
            against: Against::Baseline,
            choices: vec![
                ("reference", reference.to_string()),
                (REFERENCE_MISSING, reason.clone()),
            ],
            too_few: Some(reason),
            unmerged: Vec::new(),
        }
    }

    /// The statistics, unless there are none.
    pub(crate) fn summary(&self) -> Option<&DatasetSummary> {
        self.summary.as_ref().filter(|summary| summary.n_rows > 0)
    }

    /// Says in the verdict what the reference was. Without one the window cannot pass.
    pub(crate) fn note(&self, verdict: &mut Verdict) {
        for (name, value) in &self.choices {
            verdict.judged.choices.insert((*name).to_owned(), value.clone());
        }
        let mut explained: BTreeMap<&str, &str> = BTreeMap::new();
        for (column, reason) in &self.unmerged {
            explained.insert(column, reason);
        }
        for skipped in &mut verdict.not_evaluated {
            let is_drift = matches!(skipped.check, CheckKind::Drift | CheckKind::BaselineDrift);
            if let Some(reason) = skipped.column.as_deref().and_then(|column| explained.get(column))
                && is_drift
            {
                (*reason).clone_into(&mut skipped.reason);
            }
        }
        if let Some(reason) = &self.too_few {
            verdict
                .not_evaluated
                .retain(|skipped| !NEED_REFERENCE.contains(&skipped.check));
            verdict
                .not_evaluated
                .extend(NEED_REFERENCE.map(|check| NotEvaluated {
                column: None,
                check,
                reason: reason.clone(),
                remedy: "keep the outputs of earlier runs, with their window.profile, and name their folder",
            }));
            if verdict.status == Status::Pass {
                verdict.status = Status::NotEvaluated;
            }
        }
    }
}

/// Seconds of a window: as asked for, else as its records show.
pub(crate) fn bounds(
    asked: (Option<i64>, Option<i64>),
    seen: (Option<i64>, Option<i64>),
) -> (Option<i64>, Option<i64>) {
    let start = asked.0.or(seen.0);
    let end = asked.1.or(seen.1.map(|last| last + 1));
    match (start, end) {
        (Some(from), Some(to)) if from >= to => (None, None),
        both => both,
    }
}

/// Finds what the window of these bounds is held against.
pub(crate) async fn hold(
    request: &ReferenceRequest,
    baseline: &LoadedBaseline,
    bounds: (Option<i64>, Option<i64>),
    options: &StoreOptions,
) -> Result<Held, EngineError> {
    let reference = request.reference;
    if reference == Reference::Baseline {
        return Ok(Held::baseline(baseline));
    }
    let Some(history) = &request.history else {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("the reference {reference} needs earlier windows, and no history was named"),
        )
        .with_hint(
            "add --history LOCATION: the folder that holds the outputs of earlier `driftline analyze` runs",
        ));
    };
    let (Some(start), Some(end)) = bounds else {
        let reason = format!(
            "the reference {reference} goes by time, and the window has none: give --start and --end"
        );
        return Ok(Held::nothing(reference, reason));
    };
    let (store, root) = open_store(history, options).await?;
    let (keys, heads) = heads(&store, &root).await?;
    let chosen = match choose(reference, start, end, &heads) {
        Choice::TooFew(reason) => return Ok(Held::nothing(reference, reason)),
        Choice::Windows(chosen) => chosen,
    };
    let mut parts = Vec::with_capacity(chosen.len());
    for idx in &chosen {
        let key = &keys[*idx];
        let object = store.get(key, MAX_PROFILE_BYTES).await?;
        let (_, part) = from_bytes(&object.bytes).map_err(|error| damaged(&store, key, &error))?;
        parts.push((heads[*idx].clone(), part));
    }
    together(reference, baseline, parts).map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("the windows below {history} cannot be put together: {error}"),
        )
    })
}

/// Earlier windows as one reference; `parts` in the order of time, at least one.
pub(crate) fn together(
    reference: Reference,
    baseline: &LoadedBaseline,
    parts: Vec<(WindowHead, DatasetSummary)>,
) -> Result<Held, NotMergeable> {
    let monitored: BTreeSet<&str> = baseline
        .baseline
        .monitored()
        .map(|column| column.summary.name.as_str())
        .collect();
    let grids: BTreeMap<&str, &Grid> = baseline
        .baseline
        .monitored()
        .map(|column| (column.summary.name.as_str(), &*column.grid))
        .collect();
    let windows: Vec<String> = parts.iter().map(|(head, _)| shown(head)).collect();
    let parts: Vec<DatasetSummary> = parts
        .into_iter()
        .map(|(_, mut part)| {
            part.columns
                .retain(|column| monitored.contains(column.name.as_str()));
            part
        })
        .collect();
    let merged = merge(&parts, &grids)?;
    Ok(held(reference, merged, &windows, &monitored))
}

fn held(reference: Reference, merged: Merged, windows: &[String], monitored: &BTreeSet<&str>) -> Held {
    let Merged {
        mut summary,
        columns: outcomes,
    } = merged;
    let mut evidence = vec![Evidence::Counted; summary.columns.len()];
    let mut unmerged = Vec::new();
    for ((column, outcome), evidence) in summary.columns.iter().zip(outcomes).zip(&mut evidence) {
        if let Err(reason) = outcome {
            *evidence = Evidence::Absent;
            unmerged.push((column.name.clone(), reason.to_string()));
        }
    }
    // A column of the baseline that no window had is known, and empty.
    for name in monitored {
        if !summary.columns.iter().any(|found| found.name == *name) {
            summary.columns.push(ColumnSummary {
                name: (*name).to_owned(),
                inferred_type: InferredType::Unknown,
                counts: CellCounts {
                    n_missing: summary.n_rows,
                    ..CellCounts::default()
                },
                numeric: None,
                categorical: None,
                spans: [None; 9],
            });
            evidence.push(Evidence::Absent);
        }
    }
    let choices = vec![
        ("reference", reference.to_string()),
        ("reference_windows", windows.join(", ")),
        ("reference_rows", summary.n_rows.to_string()),
    ];
    Held {
        summary: Some(summary),
        evidence,
        // The deciles of what the window is held against, not of the baseline.
        edges: None,
        against: match (reference, windows.len() as u32) {
            (Reference::Baseline, _) => Against::Baseline,
            (Reference::Previous | Reference::Trailing(_), n_windows) => Against::Trailing { n_windows },
            (Reference::Season, n_windows) => Against::Season { n_windows },
        },
        choices,
        too_few: None,
        unmerged,
    }
}

fn shown(head: &WindowHead) -> String {
    let time = |second: Option<i64>| second.and_then(format_rfc3339).unwrap_or_else(|| "?".to_owned());
    format!("{}/{} ({} rows)", time(head.start), time(head.end), head.n_rows)
}

/// Keys and heads of every stored window, by key.
pub(crate) async fn heads(
    store: &Arc<dyn ObjectStore>,
    root: &str,
) -> Result<(Vec<String>, Vec<WindowHead>), EngineError> {
    let listed = match store.list(root).await {
        Ok(listed) => listed,
        // The first window of a monitor has no history yet; in S3 such a folder is an empty one.
        Err(error) if error.kind() == StoreErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let keys: Vec<String> = listed
        .into_iter()
        .map(|meta| meta.key)
        .filter(|key| key.rsplit('/').next() == Some(WINDOW_FILE))
        .collect();
    let heads = futures::stream::iter(keys.iter().map(|key| head(store, key)))
        .buffered(READ_AT_ONCE)
        .try_collect()
        .await?;
    Ok((keys, heads))
}

async fn head(store: &Arc<dyn ObjectStore>, key: &str) -> Result<WindowHead, EngineError> {
    let mut reader = store.open(key).await?;
    let mut bytes = Vec::new();
    while bytes.len() < HEAD_BYTES {
        match reader.next_chunk().await {
            Some(chunk) => bytes.extend_from_slice(&chunk?),
            None => break,
        }
    }
    drop(reader);
    let head = match head_of_prefix(&bytes) {
        Some(head) => head,
        None => {
            let object = store.get(key, MAX_PROFILE_BYTES).await?;
            from_bytes(&object.bytes).map(|(head, _)| head)
        }
    };
    head.map_err(|error| damaged(store, key, &error))
}

fn damaged(store: &Arc<dyn ObjectStore>, key: &str, error: &DocumentError) -> EngineError {
    EngineError::new(
        ErrorKind::Usage,
        format!("window profile {} cannot be used: {error}", store.locate(key)),
    )
    .with_hint("analyze that window again, or take its folder out of the history")
}
