//! `decision.json`: every rule, what it looked at, what it answered, and when a refusal could change. Converts one way.

use super::{IncidentDocument, RetrainDocument, SpanTwin, VERSION};
use crate::decide::calendar::{format_length, format_time};
use crate::decide::{Answer, ApprovalMode, DataSpan, Decision, Policy, RuleAnswer, SignalAnswer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A whole `decision.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionDocument {
    /// `"1"`.
    pub version: String,
    /// Name and version of the program.
    pub software: String,
    /// The monitor.
    pub monitor: String,
    /// The model.
    pub model: String,
    /// The pipeline that would run.
    pub pipeline: String,
    /// The time it is said for.
    pub at: String,
    /// `start`, `wait_for_approval`, `dry_run` or `no`.
    pub verdict: String,
    /// Rules that refuse, by name.
    pub refused_by: Vec<String>,
    /// The incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentTwin>,
    /// Token of the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// GPU hours that a start sets aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_gpu_hours: Option<f64>,
    /// The policy, key by key.
    pub policy: BTreeMap<String, String>,
    /// Every rule.
    pub rules: Vec<RuleTwin>,
    /// Every signal of the condition.
    pub signals: Vec<SignalTwin>,
    /// Data since the last successful training.
    pub data: DataTwin,
}

impl RetrainDocument for DecisionDocument {
    const FILE: &'static str = "decision.json";
}

/// The incident that a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentTwin {
    /// Identity.
    pub id: String,
    /// The window that opened it.
    pub opened_by: SpanTwin,
    /// Where it stands.
    pub stage: String,
    /// Revision that a start would be; absent of a resolved one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
}

/// A rule's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTwin {
    /// Its name.
    pub rule: String,
    /// `yes`, `no` or `not_evaluated`.
    pub answer: String,
    /// What it looked at.
    pub input: String,
    /// Why.
    pub reason: String,
    /// When a refusal could change, where the time is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_at: Option<String>,
    /// What must happen for it to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_when: Option<String>,
}

/// A signal's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalTwin {
    /// The signal.
    pub signal: String,
    /// `yes`, `no` or `not_evaluated`.
    pub answer: String,
    /// Why.
    pub reason: String,
    /// Windows looked at, by end.
    pub windows: Vec<FlaggedWindowTwin>,
    /// What was to confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<ConfirmationTwin>,
}

/// A window as a signal saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlaggedWindowTwin {
    /// First second inside.
    pub start: String,
    /// First second outside.
    pub end: String,
    /// Whether it shows what was looked for.
    pub flagged: bool,
}

/// What became of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmationTwin {
    /// `yes`, `no` or `not_evaluated`.
    pub answer: String,
    /// Why.
    pub reason: String,
}

/// Data since the last successful training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataTwin {
    /// From when to when; absent where there is no window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<SpanTwin>,
    /// Rows captured.
    pub n_rows: u64,
    /// Rows predicted.
    pub n_predictions: u64,
    /// Those with a label.
    pub n_labelled: u64,
}

impl DecisionDocument {
    /// The document of a decision. `software`: name and version of the program.
    pub fn of(decision: &Decision, policy: &Policy, software: &str) -> Self {
        let incident = decision.incident.as_ref().map(|incident| IncidentTwin {
            id: incident.id.clone(),
            opened_by: IncidentDocument::of(&decision.monitor, incident).opened_by,
            stage: incident.stage.name().to_owned(),
            revision: decision.revision,
        });
        Self {
            version: VERSION.to_owned(),
            software: software.to_owned(),
            monitor: decision.monitor.clone(),
            model: decision.model.clone(),
            pipeline: decision.pipeline.clone(),
            at: format_time(decision.at),
            verdict: decision.verdict.name().to_owned(),
            refused_by: decision
                .refusals()
                .iter()
                .map(|rule| rule.rule.name().to_owned())
                .collect(),
            incident,
            token: decision.token.clone(),
            reserved_gpu_hours: decision.reserved_gpu_hours,
            policy: policy_words(policy),
            rules: decision.rules.iter().map(rule).collect(),
            signals: decision.signals.iter().map(signal).collect(),
            data: data(&decision.data),
        }
    }
}

fn rule(found: &RuleAnswer) -> RuleTwin {
    let change = found.change.as_ref();
    RuleTwin {
        rule: found.rule.name().to_owned(),
        answer: found.answer.name().to_owned(),
        input: found.input.clone(),
        reason: found.reason.clone(),
        changes_at: change.and_then(|change| change.at).map(format_time),
        changes_when: change.map(|change| change.when.clone()),
    }
}

fn signal(found: &SignalAnswer) -> SignalTwin {
    let name = |answer: Answer| answer.name().to_owned();
    let windows = found.windows.iter().map(|window| FlaggedWindowTwin {
        start: format_time(window.start),
        end: format_time(window.end),
        flagged: window.is_flagged,
    });
    SignalTwin {
        signal: found.signal.clone(),
        answer: name(found.answer),
        reason: found.reason.clone(),
        windows: windows.collect(),
        confirmation: found.confirmation.as_ref().map(|confirmation| ConfirmationTwin {
            answer: name(confirmation.answer),
            reason: confirmation.reason.clone(),
        }),
    }
}

fn data(span: &DataSpan) -> DataTwin {
    DataTwin {
        span: span.start.zip(span.end).map(|(start, end)| SpanTwin {
            start: format_time(start),
            end: format_time(end),
        }),
        n_rows: span.n_rows,
        n_predictions: span.n_predictions,
        n_labelled: span.n_labelled,
    }
}

/// The policy's settings in words, by key; what is not set is left out.
pub fn policy_words(policy: &Policy) -> BTreeMap<String, String> {
    let number = |value: Option<f64>| value.map(|value| format!("{value}"));
    let count = |value: Option<u64>| value.map(|value| value.to_string());
    let listed = |names: Vec<&str>| (!names.is_empty()).then(|| names.join(", "));
    let approval = match policy.approval {
        ApprovalMode::Auto => "auto",
        ApprovalMode::Manual => "manual",
    };
    let severity = match policy.severity {
        crate::judge::Severity::Info => "info",
        crate::judge::Severity::Warning => "warning",
        crate::judge::Severity::Violation => "violation",
    };
    [
        ("pipeline", Some(policy.pipeline.clone())),
        ("when", Some(policy.when.to_string())),
        (
            "findings",
            listed(policy.findings.iter().map(|check| check.name()).collect()),
        ),
        ("severity", Some(severity.to_owned())),
        (
            "ignored_columns",
            listed(policy.ignored_columns.iter().map(String::as_str).collect()),
        ),
        ("evidence_within", Some(format_length(policy.evidence_within))),
        ("resolve_after", Some(policy.resolve_after.to_string())),
        ("cooldown", policy.cooldown.map(format_length)),
        ("max_per_month", count(policy.max_per_month.map(u64::from))),
        ("gpu_hours_per_month", number(policy.gpu_hours_per_month)),
        ("gpu_hours_per_run", number(policy.gpu_hours_per_run)),
        ("min_new_labels", count(policy.min_new_labels)),
        ("min_new_rows", count(policy.min_new_rows)),
        ("min_label_coverage", number(policy.min_label_coverage)),
        ("min_label_readiness", number(policy.min_label_readiness)),
        (
            "quiet_hours",
            (!policy.quiet_hours.is_empty()).then(|| policy.quiet_hours.to_string()),
        ),
        ("utc_offset", Some(policy.utc_offset.to_string())),
        ("approval", Some(approval.to_owned())),
        ("dry_run", Some(policy.dry_run.to_string())),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}
