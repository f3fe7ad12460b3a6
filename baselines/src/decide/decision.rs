//! The decision: every rule with its input and its answer, and what follows from all of them.
//!
//! `start` needs a yes from every rule: a rule that cannot be evaluated refuses. A refusal says when it could change.
//! Does not act.

use super::evidence::{Evidence, disjoint, newest};
use super::history::{PastRun, RunStatus, distinct};
use super::incident::{Incident, IncidentStage, revision_of};
use super::input::Inputs;
use super::policy::Policy;
use super::rules;
use super::signal::{SignalAnswer, evaluate, flags};
use super::token::request_token;

/// Three-valued answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// What it would need is not there.
    NotEvaluated,
}

impl Answer {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecisionVerdict {
    /// Start the pipeline.
    Start,
    /// Every rule says yes but a person's.
    WaitForApproval,
    /// Every rule says yes, and nothing is started.
    DryRun,
    /// A rule says no, or cannot be evaluated.
    No,
}

impl DecisionVerdict {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::WaitForApproval => "wait_for_approval",
            Self::DryRun => "dry_run",
            Self::No => "no",
        }
    }
}

/// A rule, in the order they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// What has to be seen is seen.
    Condition,
    /// The incident still needs a model.
    Incident,
    /// Nothing runs for this model.
    SingleFlight,
    /// The last start for this model is long enough ago.
    Cooldown,
    /// Fewer starts this month than allowed.
    MaxPerMonth,
    /// The month's GPU hours suffice.
    GpuHours,
    /// Enough labels since the last training.
    NewLabels,
    /// Enough rows since the last training.
    NewRows,
    /// Enough of the rows have their label.
    LabelCoverage,
    /// The labels to be expected by now are there.
    LabelReadiness,
    /// It is no quiet hour.
    QuietHours,
    /// A person lets it happen.
    Approval,
    /// Something may be started at all.
    DryRun,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 13] = [
        Self::Condition,
        Self::Incident,
        Self::SingleFlight,
        Self::Cooldown,
        Self::MaxPerMonth,
        Self::GpuHours,
        Self::NewLabels,
        Self::NewRows,
        Self::LabelCoverage,
        Self::LabelReadiness,
        Self::QuietHours,
        Self::Approval,
        Self::DryRun,
    ];

    /// The stable name used in documents: where it has one, the key of `[retrain]`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Condition => "when",
            Self::Incident => "incident",
            Self::SingleFlight => "single_flight",
            Self::Cooldown => "cooldown",
            Self::MaxPerMonth => "max_per_month",
            Self::GpuHours => "gpu_hours_per_month",
            Self::NewLabels => "min_new_labels",
            Self::NewRows => "min_new_rows",
            Self::LabelCoverage => "min_label_coverage",
            Self::LabelReadiness => "min_label_readiness",
            Self::QuietHours => "quiet_hours",
            Self::Approval => "approval",
            Self::DryRun => "dry_run",
        }
    }
}

/// A rule's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleAnswer {
    /// The rule.
    pub rule: Rule,
    /// What it looked at.
    pub input: String,
    /// Its answer.
    pub answer: Answer,
    /// Why.
    pub reason: String,
    /// When it could change; of a yes there is none.
    pub change: Option<Change>,
}

/// When an answer could change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The time, where it is known.
    pub at: Option<i64>,
    /// What must happen.
    pub when: String,
}

/// Data that is new since the last successful training.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DataSpan {
    /// First second; `None` where there is no window.
    pub start: Option<i64>,
    /// First second behind.
    pub end: Option<i64>,
    /// Rows captured, over windows that do not overlap.
    pub n_rows: u64,
    /// Rows predicted in windows of quality that do not overlap.
    pub n_predictions: u64,
    /// Those with a label.
    pub n_labelled: u64,
    /// Rows that should have a label by now, and labels of the same windows; `None` where no window knows.
    pub expected: Option<(f64, u64)>,
    /// When the last labels of these windows are expected.
    pub final_at: Option<i64>,
    /// Windows of quality added up.
    pub n_quality_windows: u64,
    /// Windows of traffic added up.
    pub n_windows: u64,
}

/// The answer to: retrain now?
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What follows.
    pub verdict: DecisionVerdict,
    /// The monitor.
    pub monitor: String,
    /// The model.
    pub model: String,
    /// The pipeline that would run.
    pub pipeline: String,
    /// The time it is said for.
    pub at: i64,
    /// The incident; `None` while nothing is wrong.
    pub incident: Option<Incident>,
    /// Revision of the incident that a start would be.
    pub revision: Option<u32>,
    /// Request token of that start.
    pub token: Option<String>,
    /// Every rule's answer, in the order of [`Rule::ALL`].
    pub rules: Vec<RuleAnswer>,
    /// Every signal's answer, in the order of the condition.
    pub signals: Vec<SignalAnswer>,
    /// Data to train on.
    pub data: DataSpan,
    /// GPU hours that a start sets aside.
    pub reserved_gpu_hours: Option<f64>,
}

impl Decision {
    /// Rules that refuse, in order.
    pub fn refusals(&self) -> Vec<&RuleAnswer> {
        self.rules
            .iter()
            .filter(|rule| rule.answer != Answer::Yes)
            .collect()
    }
}

/// What rules look at.
pub(super) struct Facts<'a> {
    pub(super) policy: &'a Policy,
    pub(super) inputs: &'a Inputs,
    pub(super) now: i64,
    pub(super) runs: Vec<&'a PastRun>,
    pub(super) incident: Option<Incident>,
    pub(super) revision: Option<u32>,
    pub(super) data: DataSpan,
}

/// Decides. Pure: the order of lists in `inputs`, and repetitions in them, change nothing.
pub fn decide(policy: &Policy, inputs: &Inputs, now: i64) -> Decision {
    let runs = distinct(&inputs.runs);
    let known = inputs.incident.clone().map(|incident| incident.with_runs(&runs));
    let since = known.as_ref().and_then(|incident| match incident.stage {
        IncidentStage::Resolved { at, .. } => Some(at),
        _ => None,
    });
    let evidence = Evidence::of(inputs, policy, since, now);
    let (condition, signals) = evaluate(policy, &evidence);
    let incident = match known.filter(Incident::is_unresolved) {
        Some(incident) => Some(settle(incident, policy, &evidence)),
        None if condition == Answer::Yes => {
            opening(&signals).map(|(start, end)| Incident::open(&inputs.monitor, start, end, now))
        }
        None => None,
    };
    let going = incident.as_ref().filter(|incident| incident.is_unresolved());
    let revision = going.map(|incident| revision_of(&incident.id, &runs));
    let token = going
        .zip(revision)
        .map(|(incident, revision)| request_token(&inputs.monitor, &incident.id, revision));
    let data = new_data(inputs, &runs, now);
    let facts = Facts {
        policy,
        inputs,
        now,
        runs,
        incident,
        revision,
        data,
    };
    let rules = rules::answers(&facts, condition, &signals);
    let verdict = verdict(&rules);
    Decision {
        verdict,
        monitor: inputs.monitor.clone(),
        model: inputs.model.clone(),
        pipeline: policy.pipeline.clone(),
        at: now,
        incident: facts.incident,
        revision,
        token,
        rules: rules.into_iter().map(|(answer, _)| answer).collect(),
        signals,
        data: facts.data,
        reserved_gpu_hours: policy.reserved_gpu_hours(),
    }
}

/// How a rule's refusal counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Nothing is started.
    Refuses,
    /// A person is asked.
    Asks,
    /// Nothing is started, and that is all.
    OnlySays,
}

fn verdict(rules: &[(RuleAnswer, Weight)]) -> DecisionVerdict {
    let against = |weight: Weight| {
        rules
            .iter()
            .any(|(rule, its)| rule.answer != Answer::Yes && *its == weight)
    };
    if against(Weight::Refuses) {
        DecisionVerdict::No
    } else if against(Weight::OnlySays) {
        DecisionVerdict::DryRun
    } else if against(Weight::Asks) {
        DecisionVerdict::WaitForApproval
    } else {
        DecisionVerdict::Start
    }
}

/// The earliest window that made the condition true.
fn opening(signals: &[SignalAnswer]) -> Option<(i64, i64)> {
    let yes = signals.iter().filter(|signal| signal.answer == Answer::Yes);
    let flagged = yes
        .flat_map(|signal| &signal.windows)
        .filter(|window| window.is_flagged);
    flagged
        .map(|window| (window.end, window.start))
        .min()
        .map(|(end, start)| (start, end))
}

/// An incident ends by itself after enough quiet windows: of those since the new model where there is one. No signal may
/// have a flagged window among its newest, and one of them must have seen enough.
fn settle(mut incident: Incident, policy: &Policy, evidence: &Evidence<'_>) -> Incident {
    let from = match incident.stage {
        IncidentStage::Open { .. } => i64::MIN,
        IncidentStage::Retrained { at } => at,
        IncidentStage::Retraining | IncidentStage::Escalated { .. } | IncidentStage::Resolved { .. } => {
            return incident;
        }
    };
    let wanted = policy.resolve_after.max(1) as usize;
    let mut quiet_until = None;
    for signal in policy.when.signals() {
        let windows = flags(signal, policy, evidence);
        let newest: Vec<_> = windows
            .iter()
            .rev()
            .filter(|window| window.start >= from)
            .take(wanted)
            .collect();
        if newest.iter().any(|window| window.is_flagged) {
            return incident;
        }
        if newest.len() >= wanted {
            quiet_until = quiet_until.max(newest.first().map(|window| window.end));
        }
    }
    if let Some(at) = quiet_until {
        let reason = format!("{wanted} windows in a row show nothing of it");
        incident.stage = IncidentStage::Resolved { at, reason };
    }
    incident
}

/// What came after the data of the last successful training.
fn new_data(inputs: &Inputs, runs: &[&PastRun], now: i64) -> DataSpan {
    let succeeded = |run: &&&PastRun| {
        run.end
            .as_ref()
            .is_some_and(|end| end.status == RunStatus::Succeeded)
    };
    let trained_until = runs
        .iter()
        .filter(succeeded)
        .map(|run| run.data_end.unwrap_or(run.started_at))
        .max();
    let from = trained_until.unwrap_or(i64::MIN);
    let quality = disjoint(newest(&inputs.quality, from, now));
    let findings = disjoint(newest(&inputs.findings, from, now));
    let spans = || {
        let of_quality = quality.iter().map(|window| (window.start, window.end));
        of_quality.chain(findings.iter().map(|window| (window.start, window.end)))
    };
    let expecting: Vec<(f64, u64)> = quality
        .iter()
        .filter_map(|window| {
            Some((
                window.expected_coverage? * window.n_predictions as f64,
                window.n_labelled,
            ))
        })
        .collect();
    DataSpan {
        start: spans().map(|(start, _)| start).min(),
        end: spans().map(|(_, end)| end).max(),
        n_rows: findings.iter().map(|window| window.n_rows).sum(),
        n_predictions: quality.iter().map(|window| window.n_predictions).sum(),
        n_labelled: quality.iter().map(|window| window.n_labelled).sum(),
        expected: (!expecting.is_empty()).then(|| {
            expecting
                .iter()
                .fold((0.0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1))
        }),
        final_at: quality.iter().filter_map(|window| window.final_at).max(),
        n_quality_windows: quality.len() as u64,
        n_windows: findings.len() as u64,
    }
}
