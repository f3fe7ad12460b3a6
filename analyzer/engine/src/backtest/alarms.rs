//! Findings of judged windows to alarms: persistence, and stretches of windows in which a column rings.
//!
//! Does not judge and does not read.

use super::{Alarm, BudgetReplay, Cell};
use crate::monitor::Length;
use baselines::calibrate::{FalseAlarmBudget, Persistence};
use baselines::judge::{CheckKind, Finding, Severity, Status, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// The flags of all windows under one budget.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// By window and column.
    pub(super) seen: Vec<Vec<Seen>>,
    pub(super) has_rows: Vec<bool>,
}

impl Judged {
    /// Takes a window's verdict in.
    pub(super) fn take(&mut self, verdict: &Verdict, columns: &[String]) {
        let has_rows = verdict.run.records.rows > 0;
        self.has_rows.push(has_rows);
        let skipped: BTreeSet<Option<&str>> = verdict
            .not_evaluated
            .iter()
            .filter(|entry| entry.check == CheckKind::Drift)
            .map(|entry| entry.column.as_deref())
            .collect();
        let found: BTreeMap<&str, &Finding> = verdict
            .findings
            .iter()
            .filter(|finding| finding.check == CheckKind::Drift)
            .filter_map(|finding| Some((finding.column.as_deref()?, finding)))
            .collect();
        let present: BTreeSet<&str> = verdict
            .columns
            .iter()
            .filter(|column| column.current.is_some())
            .map(|column| column.name.as_str())
            .collect();
        let of = |column: &String| {
            if let Some(finding) = found.get(column.as_str()) {
                return Seen::Flagged(Flag {
                    severity: finding.severity,
                    value: finding.value,
                    limit: finding.limit,
                    p_adjusted: finding.drift.map(|drift| drift.p_adjusted),
                    description: finding.description.clone(),
                });
            }
            let unjudged = verdict.status == Status::NotEvaluated
                || !has_rows
                || skipped.contains(&None)
                || skipped.contains(&Some(column.as_str()))
                || !present.contains(column.as_str());
            if unjudged { Seen::NotJudged } else { Seen::Quiet }
        };
        self.seen.push(columns.iter().map(of).collect());
    }

    /// All windows together, as one budget sees them.
    pub(super) fn replay(
        self,
        budget: FalseAlarmBudget,
        window: Length,
        persistence: Persistence,
        columns: &[String],
    ) -> BudgetReplay {
        let n_windows = self.seen.len();
        let mut cells = vec![vec![Cell::NoData; columns.len()]; n_windows];
        let mut alarms = Vec::new();
        for (column_idx, column) in columns.iter().enumerate() {
            let mut history: Vec<Option<bool>> = Vec::with_capacity(n_windows);
            let mut ringing: Option<Alarm> = None;
            for (idx, seen) in self.seen.iter().enumerate() {
                let seen = &seen[column_idx];
                history.push(seen.flag());
                let recent = history.len().saturating_sub(MEMORY);
                let rings = persistence.rings(&history[recent..]);
                cells[idx][column_idx] = match (self.has_rows[idx], seen) {
                    (false, _) => Cell::NoData,
                    (true, Seen::NotJudged) => Cell::NotEvaluated,
                    (true, Seen::Quiet) => Cell::Quiet,
                    (true, Seen::Flagged(_)) if rings => Cell::Alarm,
                    (true, Seen::Flagged(_)) => Cell::Flagged,
                };
                match (seen, &mut ringing) {
                    (Seen::Flagged(flag), Some(alarm)) if rings => alarm.goes_on(idx, flag),
                    (Seen::Flagged(flag), None) if rings => ringing = Some(Alarm::begins(column, idx, flag)),
                    (Seen::NotJudged, _) => {}
                    _ => alarms.extend(ringing.take()),
                }
            }
            alarms.extend(ringing);
        }
        alarms.sort_by_key(|alarm| alarm.first_window);
        BudgetReplay {
            alpha: budget.alpha(Some(window.seconds() as f64)).alpha,
            budget,
            cells,
            alarms,
        }
    }
}

/// Windows that persistence may look back over, those that were not judged included.
const MEMORY: usize = 4 * Persistence::MAX_WINDOWS as usize;

/// What one window says of one column under one budget.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    NotJudged,
    Quiet,
    Flagged(Flag),
}

impl Seen {
    /// As persistence counts it.
    fn flag(&self) -> Option<bool> {
        match self {
            Self::NotJudged => None,
            Self::Quiet => Some(false),
            Self::Flagged(_) => Some(true),
        }
    }
}

/// A finding of drift.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flag {
    pub(super) severity: Severity,
    pub(super) value: f64,
    pub(super) limit: f64,
    pub(super) p_adjusted: Option<f64>,
    pub(super) description: String,
}

impl Alarm {
    fn begins(column: &str, window: usize, flag: &Flag) -> Self {
        Self {
            column: column.to_owned(),
            first_window: window,
            last_window: window,
            n_windows: 1,
            severity: flag.severity,
            value: flag.value,
            limit: flag.limit,
            p_adjusted: flag.p_adjusted,
            description: flag.description.clone(),
        }
    }

    fn goes_on(&mut self, window: usize, flag: &Flag) {
        self.last_window = window;
        self.n_windows += 1;
        self.severity = self.severity.max(flag.severity);
    }
}
