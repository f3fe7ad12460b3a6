//! Decisions: a small world whose inputs the other modules vary.

mod laws;
mod refusals;
mod windows;

use super::*;
use crate::decide::calendar::parse_time;
use crate::judge::Severity;
use std::collections::BTreeMap;

pub(super) const DAY: i64 = 86_400;

pub(super) fn time(text: &str) -> i64 {
    parse_time(text).unwrap()
}

/// Day `n` of November 2026, from 1.
pub(super) fn day(n: i64) -> i64 {
    time("2026-11-01T00:00:00Z") + (n - 1) * DAY
}

pub(super) fn policy(when: &str) -> Policy {
    Policy::new("churn-retrain", when.parse().unwrap())
}

pub(super) fn drift(column: &str) -> WindowFinding {
    WindowFinding {
        check: "drift".to_owned(),
        column: Some(column.to_owned()),
        severity: Severity::Violation,
        value: 0.2,
        limit: 0.02,
    }
}

pub(super) fn window(n: i64, findings: Vec<WindowFinding>) -> FindingsWindow {
    FindingsWindow {
        start: day(n),
        end: day(n + 1),
        revision: 1,
        digest: format!("d{n}"),
        n_rows: 1_000,
        is_evaluated: true,
        findings,
        not_checked: Vec::new(),
    }
}

fn held(outcome: HeldOutcome) -> BTreeMap<String, Held> {
    BTreeMap::from([(
        "auc".to_owned(),
        Held {
            outcome,
            value: Some(0.7),
            limit: 0.8,
        },
    )])
}

/// A window of quality; outcomes of the realised and the estimated metric.
pub(super) fn quality(n: i64, realised: HeldOutcome, estimated: HeldOutcome) -> QualityWindow {
    QualityWindow {
        start: day(n),
        end: day(n + 1),
        revision: 1,
        digest: format!("q{n}"),
        n_predictions: 1_000,
        n_labelled: 600,
        expected_coverage: Some(0.8),
        final_at: Some(day(n + 20)),
        realised: held(realised),
        estimated: held(estimated),
    }
}

/// Five windows of which the last three drift, each with a breach of estimated quality and no labels' word.
pub(super) fn world() -> Inputs {
    let flagged = [false, false, true, true, true];
    Inputs {
        monitor: "churn".to_owned(),
        model: "churn".to_owned(),
        findings: flagged
            .iter()
            .zip(10..)
            .map(|(drifts, n)| window(n, if *drifts { vec![drift("age")] } else { Vec::new() }))
            .collect(),
        quality: (10..15)
            .map(|n| {
                quality(
                    n,
                    HeldOutcome::NotEvaluated,
                    if n > 11 {
                        HeldOutcome::Breach
                    } else {
                        HeldOutcome::Pass
                    },
                )
            })
            .collect(),
        ..Inputs::default()
    }
}

/// The instant after the world's last window.
pub(super) fn now() -> i64 {
    day(15)
}

pub(super) fn run(incident: &str, revision: u32, started_at: i64, end: Option<RunEnd>) -> PastRun {
    PastRun {
        token: request_token("churn", incident, revision),
        monitor: "churn".to_owned(),
        incident: incident.to_owned(),
        revision,
        started_at,
        data_end: None,
        reserved_gpu_hours: 5.0,
        is_started: true,
        end,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what `run` takes")]
pub(super) fn ended(at: i64, status: RunStatus) -> Option<RunEnd> {
    Some(RunEnd {
        at,
        status,
        gpu_hours: Some(2.0),
        failure_reason: None,
    })
}

/// The answer of a rule.
pub(super) fn of(decision: &Decision, rule: Rule) -> &RuleAnswer {
    decision.rules.iter().find(|answer| answer.rule == rule).unwrap()
}
