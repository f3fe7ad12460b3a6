//! Is this window still what the baseline said? Measurements and constraints in, a [`Verdict`] out.
//!
//! ```text
//! current, baseline → measure_column → Model Monitor's six checks → house checks → Verdict
//! ```
//!
//! Two families of checks run side by side:
//!
//! - **Model Monitor's six** (`model_monitor`), with its semantics, names and sentences. A finding of theirs is
//!   a violation, and those alone enter `constraint_violations.json`, unless the calibrated tests say that it is what
//!   windows without drift do too: then it is told and violates nothing (`excuse_chance`). With [`SagemakerCompat`] they
//!   run alone, as the first-party image has them.
//! - **House checks** (`house`): drift as effect *and* calibrated evidence within a false-alarm budget (`drift`), new
//!   missing values, NaN and infinities, unseen categories, changed types, absent and unknown columns, rejected records.
//!   They are warnings, and violations where [`Policy`] says so or a column that all rows had is in none. Where one of the six has already flagged the same cause,
//!   the house does not repeat it.
//!
//! `status` is violated if any finding is a violation, *not evaluated* if not one check of the data could be made, else pass. A
//! check that could not be made is listed with its reason; it is neither pass nor fail. A column whose constraints are
//! switched off (`evaluate_constraints`) is not judged by either family.
//!
//! The judge has no clock, reads no file and repeats no captured value.

mod column;
mod drift;
mod evidence;
mod finding;
mod health;
mod histogram;
mod house;
mod measure;
mod model_monitor;
mod multiplicity;
mod schema_change;
#[cfg(test)]
mod tests;
mod verdict;

pub use column::{
    CategoryCount, CategoryReport, ColumnReport, MAX_LISTED_CATEGORIES, MIN_ROWS_TO_NAME, NumericReport,
    Quantiles, SideReport,
};
pub use drift::{ColumnDrift, psi_limit};
pub use evidence::Evidence;
pub use finding::{CheckKind, DriftEvidence, Finding, NotEvaluated, Severity};
pub use histogram::{Bins, Histogram, MAX_BINS};
pub use measure::{Measured, measure_column};
pub use multiplicity::benjamini_hochberg;
pub use schema_change::{SchemaChange, SchemaChangeKind, schema_changes};
pub use verdict::{
    AlarmTerms, BaselineOrigin, BaselineSource, HourVolume, Judged, ObjectRead, Records, Run, Software,
    Status, Verdict, Window,
};

use std::collections::{BTreeMap, BTreeSet};

use crate::calibrate::{Against, Calibration, ColumnSettings, EarlierFlags, FalseAlarmBudget, MinEffect};
use crate::capture_health::HealthPolicy;
use crate::constraint::{CategoricalDriftMethod, ComparisonMethod, Constraints};
use crate::summary::{ColumnSummary, DatasetSummary, InferredType, WeightedPoints};
use drift::Drift;

/// A baseline as the judge sees it.
#[derive(Debug, Clone, Copy)]
pub struct BaselineView<'a> {
    /// What must hold.
    pub constraints: &'a Constraints,
    /// What normal is; without it, drift is not evaluated.
    pub summary: Option<&'a DatasetSummary>,
    /// How good the numbers of `summary` are, one entry per column; missing entries are `Counted`.
    pub evidence: &'a [Evidence],
    /// Frozen bin edges by column name; without them they are taken from the points of `summary`.
    pub house_edges: Option<&'a BTreeMap<String, Vec<f64>>>,
    /// Null scales measured on the baseline; without them rows count as independent, and the verdict says so.
    pub calibration: Option<&'a Calibration>,
}

/// What Model Monitor's own image would have said, and nothing else: its six checks by their thresholds alone. No house
/// check, no calibration, no excuse by chance, and numeric distances with deequ's
/// [`rank_map`](crate::compare::rank_map), which hardly ever flags a column of few distinct values (contract §3.4).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SagemakerCompat {
    /// Rank maps of the baseline's own sketches, by column; of others a sketch is made from the baseline's numbers.
    pub baseline_rank_maps: BTreeMap<String, WeightedPoints>,
}

/// What the house alarms about. Model Monitor's thresholds stand in the constraints.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether the house's own checks run.
    pub house_checks: bool,
    /// Verdicts as Model Monitor's image gives them, in place of all else; `None`: ours.
    pub compat: Option<SagemakerCompat>,
    /// False alarms accepted, over all columns and windows.
    pub false_alarms: FalseAlarmBudget,
    /// Length of the window, which says how much of the budget this run may spend and which null scale holds; without it
    /// a day is assumed for the one, and the number of rows decides the other.
    pub window_seconds: Option<f64>,
    /// What the summary of [`BaselineView`] is of: the baseline, or earlier windows, which vary themselves.
    pub against: Against,
    /// What earlier windows found, where a drift must persist to ring; without it the window is judged by itself.
    pub earlier: Option<EarlierFlags>,
    /// How large a drift must be to matter.
    pub min_effect: MinEffect,
    /// What is asked of capture; `None`: it is not judged. Nothing is judged where the run has no
    /// [`Run::capture`], as that of a table.
    pub capture_health: Option<HealthPolicy>,
    /// What is different for single columns, by name.
    pub columns: BTreeMap<String, ColumnSettings>,
    /// PSI from which a drift is a violation and not only a warning.
    pub psi_major: f64,
    /// Rows each side has at least, to say anything about drift.
    pub min_rows: u64,
    /// Share of rejected lines above which there is a warning.
    pub reject_warning: f64,
    /// Share of rejected lines above which there is a violation.
    pub reject_violation: f64,
    /// Share of rows in unseen categories above which there is a warning; below, it is only mentioned.
    pub unseen_warning: f64,
}

impl Default for Policy {
    /// One false alarm in 90 days; PSI 0.25 for a major change is the industry's rule of thumb (Siddiqi 2006, Credit Risk
    /// Scorecards); the rest are round numbers to start from.
    fn default() -> Self {
        Self {
            house_checks: true,
            compat: None,
            false_alarms: FalseAlarmBudget::default(),
            window_seconds: None,
            against: Against::Baseline,
            earlier: None,
            min_effect: MinEffect::default(),
            capture_health: Some(HealthPolicy::default()),
            columns: BTreeMap::new(),
            psi_major: 0.25,
            min_rows: 30,
            reject_warning: 0.01,
            reject_violation: 0.1,
            unseen_warning: 0.01,
        }
    }
}

impl Policy {
    /// The policy of [`SagemakerCompat`].
    pub fn sagemaker() -> Self {
        Self {
            compat: Some(SagemakerCompat::default()),
            ..Self::default()
        }
    }

    /// Whether the house's own checks run.
    fn judges_as_house(&self) -> bool {
        self.house_checks && self.compat.is_none()
    }
}

/// One column as all checks see it.
struct Subject<'a> {
    name: &'a str,
    baseline: Option<&'a ColumnSummary>,
    current: Option<&'a ColumnSummary>,
    /// Whether its constraints are switched on.
    evaluated: bool,
    evidence: Evidence,
    measured: Vec<Measured>,
}

impl Subject<'_> {
    /// Why the baseline's distribution cannot be compared, where that is known beforehand.
    fn missing_distribution(&self) -> Option<&'static str> {
        let Some(baseline) = self.baseline else {
            return Some("the baseline has no statistics of the column");
        };
        if baseline.inferred_type == InferredType::Unknown {
            return Some("the baseline has no values of the column");
        }
        if baseline.inferred_type.is_numeric() {
            return (self.evidence == Evidence::Absent)
                .then_some("the baseline has no distribution of the column");
        }
        let unlisted = baseline
            .categorical
            .as_ref()
            .is_none_or(|found| found.counts.is_empty() && found.n > 0);
        unlisted.then_some(
            "the baseline has no histogram of the column, as when it has more than 120 distinct values",
        )
    }
}

/// What the checks have found so far.
#[derive(Default)]
struct Docket {
    findings: Vec<Finding>,
    flagged: BTreeSet<(CheckKind, String)>,
    not_evaluated: Vec<NotEvaluated>,
    n_evaluated: u64,
}

impl Docket {
    fn pass(&mut self) {
        self.n_evaluated += 1;
    }
    fn find(&mut self, finding: Finding) {
        self.n_evaluated += 1;
        self.flagged
            .extend(finding.column.clone().map(|column| (finding.check, column)));
        self.findings.push(finding);
    }
    fn skip(
        &mut self,
        column: Option<&str>,
        check: CheckKind,
        reason: impl Into<String>,
        remedy: &'static str,
    ) {
        self.not_evaluated.push(NotEvaluated {
            column: column.map(str::to_owned),
            check,
            reason: reason.into(),
            remedy,
        });
    }
    fn has(&self, check: CheckKind, column: &str) -> bool {
        self.flagged.contains(&(check, column.to_owned()))
    }
}

/// Judges one window.
pub fn judge(current: &DatasetSummary, baseline: &BaselineView<'_>, run: Run, policy: &Policy) -> Verdict {
    let mut subjects = subjects(current, baseline);
    let mut docket = Docket::default();
    let mut drift = Drift::default();
    if current.n_rows == 0 {
        for check in CheckKind::ALL
            .into_iter()
            .filter(|check| *check != CheckKind::Rejects && !check.is_capture())
        {
            let remedy = "check location and time window of the capture";
            docket.skip(None, check, "the window has no rows", remedy);
        }
    } else {
        model_monitor::check(current, baseline, &subjects, policy.compat.as_ref(), &mut docket);
        if policy.judges_as_house() {
            drift = house::check(current, baseline, &subjects, policy, &mut docket);
            model_monitor::excuse_chance(&subjects, &drift, &mut docket);
        }
    }
    // Readable records alone do not make a window pass.
    let n_evaluated = docket.n_evaluated;
    if policy.judges_as_house() {
        house::check_rejects(&run.records, policy, &mut docket);
    }
    let capture = if policy.judges_as_house() {
        health::check(&run, policy, &mut docket)
    } else {
        None
    };
    let Docket {
        mut findings,
        not_evaluated,
        ..
    } = docket;
    let position: BTreeMap<&str, usize> = subjects
        .iter()
        .enumerate()
        .map(|(idx, subject)| (subject.name, idx))
        .collect();
    findings.sort_by_key(|finding| {
        let column = finding
            .column
            .as_deref()
            .and_then(|name| position.get(name).copied());
        (std::cmp::Reverse(finding.severity), finding.check, column)
    });
    let status = if findings
        .iter()
        .any(|finding| finding.severity == Severity::Violation)
    {
        Status::Violated
    } else if n_evaluated == 0 || current.n_rows == 0 {
        Status::NotEvaluated
    } else {
        Status::Pass
    };
    let columns: Vec<ColumnReport> = subjects
        .iter_mut()
        .filter_map(|subject| {
            let measured = std::mem::take(&mut subject.measured);
            let drift = drift.columns.remove(subject.name);
            column::report(
                subject.baseline,
                subject.current,
                subject.evidence.name(),
                measured,
                drift,
            )
        })
        .collect();
    let judged = Judged {
        alarm: drift.terms,
        ..judged(baseline.constraints, policy, &columns)
    };
    Verdict {
        status,
        run,
        findings,
        not_evaluated,
        columns,
        schema_changes: schema_changes(current),
        judged,
        capture,
    }
}

/// Every column that the constraints, the baseline or the window know, in that order.
fn subjects<'a>(current: &'a DatasetSummary, baseline: &BaselineView<'a>) -> Vec<Subject<'a>> {
    fn by_name(summary: &DatasetSummary) -> BTreeMap<&str, (usize, &ColumnSummary)> {
        summary
            .columns
            .iter()
            .enumerate()
            .map(|(idx, column)| (column.name.as_str(), (idx, column)))
            .collect()
    }
    let in_current = by_name(current);
    let in_baseline = baseline.summary.map(by_name).unwrap_or_default();
    let mut known = BTreeSet::new();
    let named_by_baseline = baseline.summary.into_iter().flat_map(|summary| &summary.columns);
    let names = baseline
        .constraints
        .features
        .iter()
        .map(|feature| feature.name.as_str())
        .chain(named_by_baseline.map(|column| column.name.as_str()))
        .chain(current.columns.iter().map(|column| column.name.as_str()))
        .filter(|name| known.insert(*name));
    let switches: BTreeMap<&str, bool> = baseline
        .constraints
        .features
        .iter()
        .map(|feature| (feature.name.as_str(), baseline.constraints.evaluates(feature)))
        .collect();
    names
        .map(|name| {
            let of_baseline = in_baseline.get(name).copied();
            let of_current = in_current.get(name).map(|(_, column)| *column);
            let evidence = of_baseline
                .and_then(|(idx, _)| baseline.evidence.get(idx).copied())
                .unwrap_or_default();
            let edges = baseline
                .house_edges
                .and_then(|edges| edges.get(name))
                .map(Vec::as_slice);
            let measured = match (of_baseline, of_current) {
                (Some((_, baseline)), Some(current)) => measure_column(baseline, current, evidence, edges),
                _ => Vec::new(),
            };
            Subject {
                name,
                baseline: of_baseline.map(|(_, column)| column),
                current: of_current,
                evaluated: switches
                    .get(name)
                    .copied()
                    .unwrap_or(baseline.constraints.monitoring.evaluate_constraints),
                evidence,
                measured,
            }
        })
        .collect()
}

fn judged(constraints: &Constraints, policy: &Policy, columns: &[ColumnReport]) -> Judged {
    let monitoring = &constraints.monitoring;
    let distribution = &monitoring.distribution;
    let on = |switch: bool| if switch { "Enabled" } else { "Disabled" };
    let comparison_method = match distribution.comparison_method {
        ComparisonMethod::Simple => "Simple",
        ComparisonMethod::Robust => "Robust",
    };
    let categorical_drift_method = match distribution.categorical_drift_method {
        CategoricalDriftMethod::LInfinity => "LInfinity",
        CategoricalDriftMethod::ChiSquared => "ChiSquared",
    };
    let thresholds = [
        (
            "categorical_comparison_threshold",
            distribution.categorical_comparison_threshold,
        ),
        ("comparison_threshold", distribution.comparison_threshold),
        ("datatype_check_threshold", monitoring.datatype_check_threshold),
        ("domain_content_threshold", monitoring.domain_content_threshold),
        ("min_effect", policy.min_effect.distribution),
        ("min_rate_effect", policy.min_effect.rate),
        ("min_rows", policy.min_rows as f64),
        ("min_rows_to_name_a_category", MIN_ROWS_TO_NAME as f64),
        ("psi_major", policy.psi_major),
        ("reject_violation", policy.reject_violation),
        ("reject_warning", policy.reject_warning),
        ("unseen_warning", policy.unseen_warning),
    ];
    let choices = [
        ("categorical_drift_method", categorical_drift_method),
        ("comparison_method", comparison_method),
        ("evaluate_constraints", on(monitoring.evaluate_constraints)),
        ("house_checks", on(policy.judges_as_house())),
        (
            "multiplicity",
            "Benjamini-Hochberg over the columns of the window",
        ),
        ("perform_comparison", on(distribution.perform_comparison)),
    ];
    let compat = policy.compat.as_ref().map(|_| ("compat", "sagemaker"));
    let measured = columns
        .iter()
        .flat_map(|column| &column.measured)
        .filter_map(|found| found.outcome.as_ref().ok());
    let conventions: BTreeSet<&str> = measured
        .map(|measurement| measurement.convention.name())
        .collect();
    Judged {
        conventions: conventions.into_iter().map(str::to_owned).collect(),
        thresholds: thresholds
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        choices: choices
            .into_iter()
            .chain(compat)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        alarm: None,
    }
}
