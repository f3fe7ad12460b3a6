//! Signals held against windows: three-valued, because a window that could not be checked says neither yes nor no.
//!
//! Does not know guards.

use super::condition::{Condition, Confirmation, Signal, Subject, severity_name};
use super::decision::Answer;
use super::evidence::Evidence;
use super::input::{FindingsWindow, Held, HeldOutcome, QualityWindow, WindowFinding, check_of};
use super::policy::Policy;
use std::collections::BTreeMap;

/// What a signal came to.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalAnswer {
    /// The signal, as the language writes it.
    pub signal: String,
    /// Its answer.
    pub answer: Answer,
    /// Why.
    pub reason: String,
    /// Evaluated windows that were looked at, by end.
    pub windows: Vec<SignalWindow>,
    /// What was to confirm it.
    pub confirmation: Option<ConfirmationAnswer>,
}

/// One window, as a signal saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalWindow {
    /// First second inside.
    pub start: i64,
    /// First second outside.
    pub end: i64,
    /// Whether it shows what was looked for.
    pub is_flagged: bool,
}

/// What became of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmationAnswer {
    /// Its answer.
    pub answer: Answer,
    /// Why.
    pub reason: String,
}

/// Each signal's answer, and the condition's.
pub(super) fn evaluate(policy: &Policy, evidence: &Evidence<'_>) -> (Answer, Vec<SignalAnswer>) {
    let mut answers = Vec::new();
    let whole = combine(&policy.when, policy, evidence, &mut answers);
    (whole, answers)
}

/// Kleene's three-valued and/or.
fn combine(
    condition: &Condition,
    policy: &Policy,
    evidence: &Evidence<'_>,
    into: &mut Vec<SignalAnswer>,
) -> Answer {
    let (parts, decisive) = match condition {
        Condition::Signal(found) => {
            let found = signal(found, policy, evidence);
            let answer = found.answer;
            into.push(found);
            return answer;
        }
        Condition::All(parts) => (parts, Answer::No),
        Condition::Any(parts) => (parts, Answer::Yes),
    };
    let answers: Vec<Answer> = parts
        .iter()
        .map(|part| combine(part, policy, evidence, into))
        .collect();
    if answers.contains(&decisive) {
        decisive
    } else if answers.contains(&Answer::NotEvaluated) {
        Answer::NotEvaluated
    } else if decisive == Answer::No {
        Answer::Yes
    } else {
        Answer::No
    }
}

/// Every evaluated window of a signal, whether it counts for N of M or not.
pub(super) fn flags(signal: &Signal, policy: &Policy, evidence: &Evidence<'_>) -> Vec<SignalWindow> {
    let of_quality = |pick: fn(&QualityWindow) -> &BTreeMap<String, Held>, metric: &Option<String>| {
        let flag = |window: &&QualityWindow| {
            breach(pick(window), metric.as_deref()).map(|is_flagged| SignalWindow {
                start: window.start,
                end: window.end,
                is_flagged,
            })
        };
        evidence.quality.iter().filter_map(flag).collect()
    };
    match &signal.subject {
        Subject::QualityBreach { metric } => of_quality(|window| &window.realised, metric),
        Subject::EstimatedBreach { metric } => of_quality(|window| &window.estimated, metric),
        Subject::Finding { .. } => evidence
            .findings
            .iter()
            .filter_map(|window| {
                found(signal, policy, window).map(|is_flagged| SignalWindow {
                    start: window.start,
                    end: window.end,
                    is_flagged,
                })
            })
            .collect(),
    }
}

/// Whether a finding is one that a signal looks for.
fn counts(signal: &Signal, policy: &Policy, finding: &WindowFinding) -> bool {
    let Subject::Finding { check, column } = &signal.subject else {
        return false;
    };
    let Some(found) = check_of(&finding.check) else {
        return false;
    };
    let is_check = check.map_or_else(|| policy.findings.contains(&found), |check| check == found);
    let is_column = column.is_none() || *column == finding.column;
    let is_ignored = finding
        .column
        .as_ref()
        .is_some_and(|column| policy.ignored_columns.contains(column));
    is_check && is_column && !is_ignored && finding.severity >= signal.severity.unwrap_or(policy.severity)
}

/// Whether a window shows a finding; `None` where it was not checked.
fn found(signal: &Signal, policy: &Policy, window: &FindingsWindow) -> Option<bool> {
    if window
        .findings
        .iter()
        .any(|finding| counts(signal, policy, finding))
    {
        return Some(true);
    }
    let Subject::Finding { check, column } = &signal.subject else {
        return None;
    };
    let was_skipped = check.is_some_and(|check| {
        window.not_checked.iter().any(|skipped| {
            skipped.check == check.name()
                && (skipped.column.is_none() || (column.is_some() && skipped.column == *column))
        })
    });
    (window.is_evaluated && !was_skipped).then_some(false)
}

/// Whether any metric breaches; `None` where none could be evaluated.
fn breach(held: &BTreeMap<String, Held>, metric: Option<&str>) -> Option<bool> {
    let picked = held
        .iter()
        .filter(|(name, _)| metric.is_none_or(|metric| metric == name.as_str()));
    let outcomes: Vec<HeldOutcome> = picked.map(|(_, held)| held.outcome).collect();
    if outcomes.contains(&HeldOutcome::Breach) {
        Some(true)
    } else {
        outcomes.contains(&HeldOutcome::Pass).then_some(false)
    }
}

fn signal(signal: &Signal, policy: &Policy, evidence: &Evidence<'_>) -> SignalAnswer {
    let all = flags(signal, policy, evidence);
    let (needed, of) = (
        signal.persistence.needed() as usize,
        signal.persistence.of() as usize,
    );
    let windows: Vec<SignalWindow> = all.iter().skip(all.len().saturating_sub(of)).cloned().collect();
    let n_flagged = windows.iter().filter(|window| window.is_flagged).count();
    let history: Vec<Option<bool>> = windows.iter().map(|window| Some(window.is_flagged)).collect();
    let least = signal.severity.unwrap_or(policy.severity);
    let what = match &signal.subject {
        Subject::Finding { .. } => format!(" of severity {} or worse", severity_name(least)),
        _ => String::new(),
    };
    let counted = format!(
        "{n_flagged} of the last {} evaluated windows show it{what}, {needed} of {of} needed",
        windows.len()
    );
    let (answer, reason) = if windows.is_empty() {
        let days = policy.evidence_within / 86_400;
        (
            Answer::NotEvaluated,
            format!("no window of the last {days} days could be checked for it"),
        )
    } else if signal.persistence.rings(&history) {
        (Answer::Yes, counted)
    } else if n_flagged >= needed {
        (Answer::No, format!("{counted}, but the newest does not"))
    } else {
        (Answer::No, counted)
    };
    let confirmation = signal.confirmed_by.map(|by| confirm(by, &windows, evidence));
    let (answer, reason) = match (&confirmation, answer) {
        (Some(confirmation), Answer::Yes) => {
            (confirmation.answer, format!("{reason}; {}", confirmation.reason))
        }
        _ => (answer, reason),
    };
    SignalAnswer {
        signal: signal.to_string(),
        answer,
        reason,
        windows,
        confirmation,
    }
}

/// The newest window of quality that overlaps the windows looked at, and for which the loss is known, decides.
fn confirm(by: Confirmation, windows: &[SignalWindow], evidence: &Evidence<'_>) -> ConfirmationAnswer {
    let start = windows
        .iter()
        .map(|window| window.start)
        .min()
        .unwrap_or(i64::MAX);
    let end = windows.iter().map(|window| window.end).max().unwrap_or(i64::MIN);
    let mut overlapping = evidence
        .quality
        .iter()
        .rev()
        .filter(|window| window.start < end && start < window.end);
    let known = |window: &QualityWindow| {
        let estimated = breach(&window.estimated, None);
        let realised = breach(&window.realised, None);
        match by {
            Confirmation::EstimatedLoss => estimated,
            Confirmation::RealisedLoss => realised,
            Confirmation::EitherLoss if estimated == Some(true) || realised == Some(true) => Some(true),
            Confirmation::EitherLoss => realised.or(estimated),
        }
    };
    let (answer, reason) = match overlapping.find_map(|window| known(window)) {
        None => (
            Answer::NotEvaluated,
            format!("no window of quality beside them knows the {}", by.name()),
        ),
        Some(true) => (
            Answer::Yes,
            format!("the {} beside them breaches its constraint", by.name()),
        ),
        Some(false) => (
            Answer::No,
            format!("the {} beside them keeps its constraints", by.name()),
        ),
    };
    ConfirmationAnswer { answer, reason }
}
