//! The policy of `[retrain]`: what is wanted, and every guard that can refuse it.
//!
//! Plain values, checked together by [`Policy::check`]. Does not know TOML.

use super::condition::Condition;
use super::quiet::{QuietHours, UtcOffset};
use crate::judge::{CheckKind, Severity};
use std::collections::BTreeSet;

/// Who lets a start happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApprovalMode {
    /// The rules alone.
    #[default]
    Auto,
    /// A person, once per revision of an incident.
    Manual,
}

/// When to retrain, and when not to.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Pipeline that retrains.
    pub pipeline: String,
    /// What has to be seen.
    pub when: Condition,
    /// Checks that `any finding` counts.
    pub findings: BTreeSet<CheckKind>,
    /// The least severity that counts, where a signal does not say its own.
    pub severity: Severity,
    /// Columns whose findings never count.
    pub ignored_columns: BTreeSet<String>,
    /// How old a window may be to count, seconds from its end.
    pub evidence_within: i64,
    /// Evaluated windows without any signal in a row that end an incident by themselves.
    pub resolve_after: u32,
    /// Seconds between two starts for one model.
    pub cooldown: Option<i64>,
    /// Starts for one model in a calendar month.
    pub max_per_month: Option<u32>,
    /// GPU hours for one model in a calendar month.
    pub gpu_hours_per_month: Option<f64>,
    /// GPU hours set aside for one run, and the most it may take.
    pub gpu_hours_per_run: Option<f64>,
    /// Labels needed since the data of the last successful training.
    pub min_new_labels: Option<u64>,
    /// Rows needed since then.
    pub min_new_rows: Option<u64>,
    /// Share of the rows since then that must have their label.
    pub min_label_coverage: Option<f64>,
    /// Share of the labels to be expected by now (by the curve of label delays) that must be there.
    pub min_label_readiness: Option<f64>,
    /// Hours in which nothing is started.
    pub quiet_hours: QuietHours,
    /// The zone of quiet hours and calendar months.
    pub utc_offset: UtcOffset,
    /// Who lets a start happen.
    pub approval: ApprovalMode,
    /// Decide and write, start nothing.
    pub dry_run: bool,
}

/// Settings that cannot go together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// One run takes more than a month's budget.
    #[error(
        "gpu_hours_per_run is {run}, over gpu_hours_per_month of {month}, so nothing could ever be started"
    )]
    RunOverBudget {
        /// Hours of a run.
        run: f64,
        /// Hours of a month.
        month: f64,
    },
    /// Nothing may ever be started.
    #[error(
        "max_per_month is 0, so nothing could ever be started; leave the section out, or set dry_run = true"
    )]
    NeverAStart,
    /// A number that is no amount.
    #[error("{key} is {value}, expected a finite number above 0")]
    NotPositive {
        /// Its key.
        key: &'static str,
        /// What was given.
        value: f64,
    },
    /// A share outside 0 to 1.
    #[error("{key} is {value}, expected a share from 0 to 1")]
    NotAShare {
        /// Its key.
        key: &'static str,
        /// What was given.
        value: f64,
    },
}

impl Policy {
    /// Thirty days.
    pub const EVIDENCE_WITHIN: i64 = 30 * 86_400;

    /// A policy with nothing but what it needs: no guard is set but single flight, and evidence of the last 30 days counts.
    pub fn new(pipeline: impl Into<String>, when: Condition) -> Self {
        let longest = when.signals().iter().map(|signal| signal.persistence.of()).max();
        Self {
            pipeline: pipeline.into(),
            resolve_after: longest.unwrap_or(1).max(3),
            when,
            findings: CheckKind::ALL
                .into_iter()
                .filter(|check| *check != CheckKind::Rejects && !check.is_capture())
                .collect(),
            severity: Severity::Warning,
            ignored_columns: BTreeSet::new(),
            evidence_within: Self::EVIDENCE_WITHIN,
            cooldown: None,
            max_per_month: None,
            gpu_hours_per_month: None,
            gpu_hours_per_run: None,
            min_new_labels: None,
            min_new_rows: None,
            min_label_coverage: None,
            min_label_readiness: None,
            quiet_hours: QuietHours::default(),
            utc_offset: UtcOffset::default(),
            approval: ApprovalMode::Auto,
            dry_run: false,
        }
    }

    /// GPU hours that a start sets aside: `gpu_hours_per_run`, else the month's budget divided by `max_per_month`, else the
    /// whole budget; `None` without a budget.
    pub fn reserved_gpu_hours(&self) -> Option<f64> {
        let month = self.gpu_hours_per_month;
        self.gpu_hours_per_run.or_else(|| {
            let runs = f64::from(self.max_per_month.unwrap_or(1).max(1));
            month.map(|month| month / runs)
        })
    }

    /// # Errors
    /// Settings under which nothing could ever be started, and numbers that are no amounts.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.max_per_month == Some(0) {
            return Err(PolicyError::NeverAStart);
        }
        for (key, value) in [
            ("gpu_hours_per_month", self.gpu_hours_per_month),
            ("gpu_hours_per_run", self.gpu_hours_per_run),
        ] {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value > 0.0)) {
                return Err(PolicyError::NotPositive { key, value });
            }
        }
        for (key, value) in [
            ("min_label_coverage", self.min_label_coverage),
            ("min_label_readiness", self.min_label_readiness),
        ] {
            if let Some(value) = value.filter(|value| !(0.0..=1.0).contains(value)) {
                return Err(PolicyError::NotAShare { key, value });
            }
        }
        match (self.gpu_hours_per_run, self.gpu_hours_per_month) {
            (Some(run), Some(month)) if run > month => Err(PolicyError::RunOverBudget { run, month }),
            _ => Ok(()),
        }
    }
}
