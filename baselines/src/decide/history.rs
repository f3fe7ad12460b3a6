//! What was started before for the same model: the memory of cooldown, single flight and budgets.
//!
//! Runs are told apart by their token; of two records of one run the one that knows its end counts. Does not know receipts.

use super::calendar::month_of;
use std::collections::BTreeMap;

/// One start.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// Its request token.
    pub token: String,
    /// Monitor that asked for it.
    pub monitor: String,
    /// Incident.
    pub incident: String,
    /// Revision of the incident.
    pub revision: u32,
    /// When it was started.
    pub started_at: i64,
    /// End of the data it trains on.
    pub data_end: Option<i64>,
    /// GPU hours set aside for it.
    pub reserved_gpu_hours: f64,
    /// Whether the service took it: what it refused uses up no month.
    pub is_started: bool,
    /// How it ended; `None` while it runs, or while nobody has looked.
    pub end: Option<RunEnd>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// When.
    pub at: i64,
    /// With what.
    pub status: RunStatus,
    /// GPU hours it took, where the steps' times are known.
    pub gpu_hours: Option<f64>,
    /// Why it failed.
    pub failure_reason: Option<String>,
}

/// How a pipeline's execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// To its end.
    Succeeded,
    /// A step failed, or a Fail step was reached.
    Failed,
    /// Somebody stopped it.
    Stopped,
}

impl RunStatus {
    /// The stable name used in documents, as SageMaker has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }
}

impl PastRun {
    /// Hours that count against a budget: what was set aside until the run has ended, then what it took; where that is not
    /// known, what was set aside.
    pub fn gpu_hours(&self) -> f64 {
        self.end
            .as_ref()
            .and_then(|end| end.gpu_hours)
            .unwrap_or(self.reserved_gpu_hours)
    }
}

/// Each run once, by start.
pub(super) fn distinct(runs: &[PastRun]) -> Vec<&PastRun> {
    let mut by_token: BTreeMap<&str, &PastRun> = BTreeMap::new();
    for run in runs {
        let kept = by_token.entry(&run.token).or_insert(run);
        if rank(run) > rank(kept) {
            *kept = run;
        }
    }
    let mut distinct: Vec<&PastRun> = by_token.into_values().collect();
    distinct.sort_by_key(|run| (run.started_at, &run.token));
    distinct
}

/// Whichever is met first, the same record of a run is kept: one that knows the end, the later end, the longer one.
fn rank(run: &PastRun) -> (bool, i64, bool, u64, i64) {
    let end = run.end.as_ref();
    (
        end.is_some(),
        end.map_or(0, |end| end.at),
        run.is_started,
        run.gpu_hours().max(0.0).to_bits(),
        -run.started_at,
    )
}

/// Runs that the service took and that started in the calendar month of `now`, both in local time.
pub(super) fn of_month<'a>(runs: &[&'a PastRun], now: i64, offset: i64) -> Vec<&'a PastRun> {
    let (from, to) = month_of(now + offset);
    let in_month = |run: &&&PastRun| run.is_started && (from..to).contains(&(run.started_at + offset));
    runs.iter().filter(in_month).copied().collect()
}
