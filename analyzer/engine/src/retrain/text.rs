//! Decisions, states and answers for people. Does not compute.

use super::answer::{PastRetraining, Why};
use super::follow::RunState;
use super::workplace::Plan;
use baselines::document::retrain::{CompletionDocument, DecisionDocument, OutcomeDocument};
use std::fmt::Write as _;

fn mark(answer: &str) -> &'static str {
    match answer {
        "yes" => "yes",
        "no" => "NO ",
        _ => "?  ",
    }
}

/// A decision: the verdict, every rule, and when refusals can change.
pub fn decision_text(plan: &Plan) -> String {
    let mut text = document_text(&plan.document);
    for left_out in &plan.left_out {
        let _infallible = writeln!(text, "left out: {left_out}");
    }
    text
}

fn document_text(document: &DecisionDocument) -> String {
    let mut text = String::new();
    let verdict = match document.verdict.as_str() {
        "start" => "start the pipeline".to_owned(),
        "wait_for_approval" => "wait for approval".to_owned(),
        "dry_run" => "dry run: every other rule says start".to_owned(),
        _ => format!("do not start: {}", document.refused_by.join(", ")),
    };
    let _infallible = writeln!(text, "{} at {}: {verdict}", document.monitor, document.at);
    if let Some(incident) = &document.incident {
        let revision = incident
            .revision
            .map_or_else(String::new, |revision| format!(", revision {revision}"));
        let _infallible = writeln!(
            text,
            "incident {} ({}{revision}), opened by {} to {}",
            incident.id, incident.stage, incident.opened_by.start, incident.opened_by.end
        );
    }
    let width = document
        .rules
        .iter()
        .map(|rule| rule.rule.len())
        .max()
        .unwrap_or(0);
    for rule in &document.rules {
        let _infallible = writeln!(
            text,
            "  {} {:width$}  {}",
            mark(&rule.answer),
            rule.rule,
            rule.reason
        );
        if rule.answer != "yes" {
            let _infallible = writeln!(text, "      {:width$}  saw: {}", "", rule.input);
            if let Some(when) = &rule.changes_when {
                let _infallible = writeln!(text, "      {:width$}  changes when: {when}", "");
            }
        }
    }
    text
}

fn outcome_text(outcome: &OutcomeDocument) -> String {
    let hours = outcome
        .gpu_hours
        .map_or_else(String::new, |hours| format!(", {hours:.2} GPU hours"));
    let why = outcome
        .failure_reason
        .as_ref()
        .map_or_else(String::new, |why| format!(": {why}"));
    format!("{} at {}{hours}{why}", outcome.status, outcome.ended_at)
}

/// Where starts stand.
pub fn states_text(states: &[RunState]) -> String {
    if states.is_empty() {
        return "nothing was started yet\n".to_owned();
    }
    let mut text = String::new();
    for state in states {
        let intent = &state.intent;
        let execution = state
            .receipt
            .as_ref()
            .map_or("no receipt yet", |receipt| receipt.execution.as_str());
        let _infallible = writeln!(
            text,
            "incident {} revision {}: {execution}",
            intent.incident, intent.revision
        );
        let status = state
            .outcome
            .as_ref()
            .map(outcome_text)
            .or_else(|| state.status.clone());
        let _infallible = writeln!(
            text,
            "  asked at {}; {}",
            intent.requested_at,
            status.unwrap_or_else(|| "not looked at".to_owned())
        );
        for step in &state.steps {
            let why = step
                .failure_reason
                .as_ref()
                .map_or_else(String::new, |why| format!(": {why}"));
            let _infallible = writeln!(text, "    {} {}{why}", step.name, step.status);
        }
    }
    text
}

/// What was started for the model.
pub fn history_text(runs: &[PastRetraining]) -> String {
    if runs.is_empty() {
        return "nothing was started yet\n".to_owned();
    }
    let mut text = String::new();
    for run in runs {
        let intent = &run.intent;
        let ended = run
            .outcome
            .as_ref()
            .map_or_else(|| "no end known".to_owned(), outcome_text);
        let execution = run
            .receipt
            .as_ref()
            .map_or("never started", |receipt| receipt.execution.as_str());
        let _infallible = writeln!(
            text,
            "{}  monitor {}  incident {} revision {}\n  {execution}\n  {ended}",
            intent.requested_at, intent.monitor, intent.incident, intent.revision
        );
        if let Some(completion) = &run.completion {
            let _infallible = writeln!(text, "  {}", helped(completion));
        }
    }
    text
}

/// Whether a new model helped, in a line.
fn helped(completion: &CompletionDocument) -> String {
    let since = completion
        .served_from
        .as_ref()
        .map_or_else(String::new, |since| format!("serves since {since}, "));
    let follows = match (completion.incident_is.as_deref(), &completion.baseline) {
        (Some("resolved"), Some(baseline)) => format!("; the incident is closed, the baseline is {baseline}"),
        (Some("escalated"), _) => "; the incident is a person's".to_owned(),
        _ => String::new(),
    };
    format!(
        "model {}: {since}{}: {}{follows}",
        completion.package.arn, completion.verdict, completion.reason
    )
}

/// Why an execution was started.
pub fn why_text(why: &Why) -> String {
    let intent = &why.run.intent;
    let execution = why
        .run
        .receipt
        .as_ref()
        .map_or("(no receipt)", |receipt| receipt.execution.as_str());
    let mut text = format!(
        "{execution}\nstarted for model {} by monitor {}, incident {} revision {}, asked at {}\n",
        intent.model, intent.monitor, intent.incident, intent.revision, intent.requested_at
    );
    if let Some(outcome) = &why.run.outcome {
        let _infallible = writeln!(text, "ended: {}", outcome_text(outcome));
    }
    if let Some(completion) = &why.run.completion {
        let _infallible = writeln!(text, "{}", helped(completion));
    }
    if let Some(approval) = &why.approval {
        let reason = approval
            .reason
            .as_ref()
            .map_or_else(String::new, |reason| format!(": {reason}"));
        let word = if approval.approved { "approved" } else { "refused" };
        let _infallible = writeln!(text, "{word} by {} at {}{reason}", approval.by, approval.at);
    }
    if let Some(evidence) = &why.evidence {
        let _infallible = writeln!(
            text,
            "because: {}\nsettings {} ({}), judged by {}",
            evidence.when, evidence.monitor_file.location, evidence.monitor_file.digest, evidence.software
        );
        for feature in &evidence.features {
            let _infallible = writeln!(
                text,
                "  {}: {} in {} windows, up to {} (limit {})",
                feature.column,
                feature.checks.join(", "),
                feature.n_windows,
                feature.value,
                feature.limit
            );
        }
        for window in &evidence.windows {
            let _infallible = writeln!(
                text,
                "  {} to {}  {} r{}  {}  {}",
                window.span.start,
                window.span.end,
                window.kind,
                window.revision,
                window.status,
                window.location
            );
            for metric in window.metrics.iter().filter(|metric| metric.outcome == "breach") {
                let value = metric
                    .value
                    .map_or_else(|| "?".to_owned(), |value| format!("{value:.6}"));
                let _infallible = writeln!(
                    text,
                    "    {} {} {value}, limit {}",
                    metric.kind, metric.metric, metric.limit
                );
            }
        }
    }
    if let Some(decision) = &why.decision {
        text.push_str("the decision:\n");
        text.push_str(&document_text(decision));
    }
    text
}
