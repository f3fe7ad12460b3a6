//! The guards, one function each: what it looked at, its answer, and when a refusal could change.
//!
//! Each is answered whatever the others say. Does not weigh them: `decision` does.

use super::calendar::{format_length, format_time, month_of};
use super::decision::{Answer, Change, Facts, Rule, RuleAnswer, Weight};
use super::history::of_month;
use super::incident::IncidentStage;
use super::policy::ApprovalMode;
use super::signal::SignalAnswer;

/// GPU hours are sums of quotients: thirds of a budget must still add up to it.
const HOURS_TOLERANCE: f64 = 1e-9;

/// Every rule's answer and how its refusal counts, in the order of [`Rule::ALL`].
pub(super) fn answers(
    facts: &Facts<'_>,
    condition: Answer,
    signals: &[SignalAnswer],
) -> Vec<(RuleAnswer, Weight)> {
    Rule::ALL
        .into_iter()
        .map(|rule| match rule {
            Rule::Condition => (when(facts, condition, signals), Weight::Refuses),
            Rule::Incident => (incident(facts), Weight::Refuses),
            Rule::SingleFlight => (single_flight(facts), Weight::Refuses),
            Rule::Cooldown => (cooldown(facts), Weight::Refuses),
            Rule::MaxPerMonth => (max_per_month(facts), Weight::Refuses),
            Rule::GpuHours => (gpu_hours(facts), Weight::Refuses),
            Rule::NewLabels => (new_labels(facts), Weight::Refuses),
            Rule::NewRows => (new_rows(facts), Weight::Refuses),
            Rule::LabelCoverage => (label_coverage(facts), Weight::Refuses),
            Rule::LabelReadiness => (label_readiness(facts), Weight::Refuses),
            Rule::QuietHours => (quiet_hours(facts), Weight::Refuses),
            Rule::Approval => approval(facts),
            Rule::DryRun => (dry_run(facts), Weight::OnlySays),
        })
        .collect()
}

fn yes(rule: Rule, input: impl Into<String>, reason: impl Into<String>) -> RuleAnswer {
    RuleAnswer {
        rule,
        input: input.into(),
        answer: Answer::Yes,
        reason: reason.into(),
        change: None,
    }
}

fn no(
    rule: Rule,
    input: impl Into<String>,
    reason: impl Into<String>,
    at: Option<i64>,
    when: impl Into<String>,
) -> RuleAnswer {
    RuleAnswer {
        rule,
        input: input.into(),
        answer: Answer::No,
        reason: reason.into(),
        change: Some(Change {
            at,
            when: when.into(),
        }),
    }
}

fn not_evaluated(rule: Rule, reason: impl Into<String>, when: impl Into<String>) -> RuleAnswer {
    RuleAnswer {
        answer: Answer::NotEvaluated,
        ..no(rule, "nothing", reason, None, when)
    }
}

fn unlimited(rule: Rule) -> RuleAnswer {
    yes(rule, "nothing", format!("{} is not set", rule.name()))
}

fn when(facts: &Facts<'_>, condition: Answer, signals: &[SignalAnswer]) -> RuleAnswer {
    let input = facts.policy.when.to_string();
    let said = |answer: Answer| {
        let of = signals.iter().filter(|signal| signal.answer == answer);
        of.map(|signal| format!("{}: {}", signal.signal, signal.reason))
            .collect::<Vec<_>>()
            .join("; ")
    };
    match condition {
        Answer::Yes => yes(Rule::Condition, input, said(Answer::Yes)),
        Answer::No => no(
            Rule::Condition,
            input,
            said(Answer::No),
            None,
            "further windows show what the condition asks for",
        ),
        Answer::NotEvaluated => RuleAnswer {
            input,
            ..not_evaluated(
                Rule::Condition,
                said(Answer::NotEvaluated),
                "windows are analyzed, and their quality measured or estimated (`driftline analyze`, `driftline quality`)",
            )
        },
    }
}

fn incident(facts: &Facts<'_>) -> RuleAnswer {
    let Some(incident) = &facts.incident else {
        return no(
            Rule::Incident,
            "no incident",
            "nothing is wrong, so there is no incident",
            None,
            "the condition holds",
        );
    };
    let input = format!("incident {} is {}", incident.id, incident.stage.name());
    match &incident.stage {
        IncidentStage::Open { failure_reason: None } | IncidentStage::Retraining => {
            yes(Rule::Incident, input, "it has no new model yet")
        }
        IncidentStage::Open {
            failure_reason: Some(why),
        } => yes(
            Rule::Incident,
            input,
            format!("its last execution did not help: {why}"),
        ),
        IncidentStage::Retrained { at } => no(
            Rule::Incident,
            input,
            format!(
                "its execution succeeded at {}, and its model is not known to be in service",
                format_time(*at)
            ),
            None,
            format!(
                "the new model is shown to help (`driftline retrain complete`), {} windows after it are quiet, or the incident is closed (`driftline retrain close`)",
                facts.policy.resolve_after
            ),
        ),
        IncidentStage::Escalated { at, reason } => no(
            Rule::Incident,
            input,
            format!("it is a person's since {}: {reason}", format_time(*at)),
            None,
            "somebody closes it (`driftline retrain close`)",
        ),
        IncidentStage::Resolved { at, reason } => no(
            Rule::Incident,
            input,
            format!("it is resolved since {}: {reason}", format_time(*at)),
            None,
            "windows after that show what the condition asks for",
        ),
    }
}

fn single_flight(facts: &Facts<'_>) -> RuleAnswer {
    let model = &facts.inputs.model;
    let flying = facts.runs.iter().find(|run| run.end.is_none());
    match flying {
        None => yes(
            Rule::SingleFlight,
            format!("{} earlier starts for model {model}", facts.runs.len()),
            "none of them still runs",
        ),
        Some(run) => no(
            Rule::SingleFlight,
            format!(
                "incident {} revision {} of monitor {}",
                run.incident, run.revision, run.monitor
            ),
            format!(
                "an execution for model {model} runs since {}",
                format_time(run.started_at)
            ),
            None,
            "it ends (`driftline retrain status` looks)",
        ),
    }
}

fn cooldown(facts: &Facts<'_>) -> RuleAnswer {
    let Some(cooldown) = facts.policy.cooldown else {
        return unlimited(Rule::Cooldown);
    };
    let length = format_length(cooldown);
    let Some(last) = facts.runs.iter().map(|run| run.started_at).max() else {
        return yes(
            Rule::Cooldown,
            format!("no earlier start, cooldown {length}"),
            "nothing was started before",
        );
    };
    let input = format!("last start {}, cooldown {length}", format_time(last));
    let over = last.saturating_add(cooldown);
    if facts.now >= over {
        yes(Rule::Cooldown, input, "the cooldown is over")
    } else {
        let reason = format!("the last start is less than {length} ago");
        no(
            Rule::Cooldown,
            input,
            reason,
            Some(over),
            format!("the cooldown is over at {}", format_time(over)),
        )
    }
}

/// When the next calendar month begins.
fn next_month(facts: &Facts<'_>) -> i64 {
    let offset = facts.policy.utc_offset.seconds();
    month_of(facts.now + offset).1 - offset
}

fn max_per_month(facts: &Facts<'_>) -> RuleAnswer {
    let Some(most) = facts.policy.max_per_month else {
        return unlimited(Rule::MaxPerMonth);
    };
    let n = of_month(&facts.runs, facts.now, facts.policy.utc_offset.seconds()).len();
    let input = format!("{n} of {most} starts this month");
    if n < most as usize {
        return yes(Rule::MaxPerMonth, input, "the month has a start left");
    }
    let next = next_month(facts);
    no(
        Rule::MaxPerMonth,
        input,
        "the month's starts are used up",
        Some(next),
        format!("the next month begins at {}", format_time(next)),
    )
}

fn gpu_hours(facts: &Facts<'_>) -> RuleAnswer {
    let (Some(most), Some(reserved)) = (
        facts.policy.gpu_hours_per_month,
        facts.policy.reserved_gpu_hours(),
    ) else {
        return unlimited(Rule::GpuHours);
    };
    let month = of_month(&facts.runs, facts.now, facts.policy.utc_offset.seconds());
    let used: f64 = month.iter().map(|run| run.gpu_hours()).sum();
    let input =
        format!("{used:.2} GPU hours of {most:.2} used or set aside this month, {reserved:.2} for a run");
    if used + reserved <= most * (1.0 + HOURS_TOLERANCE) {
        return yes(Rule::GpuHours, input, "the month's hours suffice for a run");
    }
    let next = next_month(facts);
    let waiting = if month.iter().any(|run| run.end.is_none()) {
        "a run ends with hours to spare, or "
    } else {
        ""
    };
    no(
        Rule::GpuHours,
        input,
        format!(
            "a run may take {reserved:.2} GPU hours, {:.2} are left",
            (most - used).max(0.0)
        ),
        Some(next),
        format!("{waiting}the next month begins at {}", format_time(next)),
    )
}

const LABELS_COME: &str = "`driftline quality` has measured more windows with their labels";

/// When labels of the windows counted so far are complete, if that is still to come.
fn labels_complete(facts: &Facts<'_>) -> (Option<i64>, String) {
    match facts.data.final_at.filter(|at| *at > facts.now) {
        None => (None, LABELS_COME.to_owned()),
        Some(at) => (
            Some(at),
            format!(
                "labels come: those of the windows so far are complete at {}; then {LABELS_COME}",
                format_time(at)
            ),
        ),
    }
}

fn new_labels(facts: &Facts<'_>) -> RuleAnswer {
    let Some(least) = facts.policy.min_new_labels else {
        return unlimited(Rule::NewLabels);
    };
    let n = facts.data.n_labelled;
    let input = format!(
        "{n} labels in {} windows since the last training",
        facts.data.n_quality_windows
    );
    if facts.data.n_quality_windows == 0 && least > 0 {
        return not_evaluated(
            Rule::NewLabels,
            "no window of quality lies behind the last training",
            LABELS_COME,
        );
    }
    if n >= least {
        return yes(Rule::NewLabels, input, format!("at least {least} are needed"));
    }
    let (at, when) = labels_complete(facts);
    no(
        Rule::NewLabels,
        input,
        format!("{} labels are missing to {least}", least - n),
        at,
        when,
    )
}

fn new_rows(facts: &Facts<'_>) -> RuleAnswer {
    let Some(least) = facts.policy.min_new_rows else {
        return unlimited(Rule::NewRows);
    };
    let n = facts.data.n_rows;
    let input = format!(
        "{n} rows in {} windows since the last training",
        facts.data.n_windows
    );
    if facts.data.n_windows == 0 && least > 0 {
        return not_evaluated(
            Rule::NewRows,
            "no window lies behind the last training",
            "`driftline analyze` has judged a window",
        );
    }
    if n >= least {
        return yes(Rule::NewRows, input, format!("at least {least} are needed"));
    }
    no(
        Rule::NewRows,
        input,
        format!("{} rows are missing to {least}", least - n),
        None,
        "more traffic is captured and analyzed",
    )
}

fn label_coverage(facts: &Facts<'_>) -> RuleAnswer {
    let Some(least) = facts.policy.min_label_coverage else {
        return unlimited(Rule::LabelCoverage);
    };
    let (n, of) = (facts.data.n_labelled, facts.data.n_predictions);
    if of == 0 {
        return not_evaluated(
            Rule::LabelCoverage,
            "no prediction since the last training is known",
            LABELS_COME,
        );
    }
    let share = n as f64 / of as f64;
    let input = format!("{n} of {of} predictions since the last training have a label: {share:.4}");
    if share >= least {
        return yes(
            Rule::LabelCoverage,
            input,
            format!("a share of {least} is needed"),
        );
    }
    let (at, when) = labels_complete(facts);
    no(
        Rule::LabelCoverage,
        input,
        format!("a share of {least} is needed"),
        at,
        when,
    )
}

fn label_readiness(facts: &Facts<'_>) -> RuleAnswer {
    let Some(least) = facts.policy.min_label_readiness else {
        return unlimited(Rule::LabelReadiness);
    };
    let Some((expected, n)) = facts.data.expected.filter(|(expected, _)| *expected > 0.0) else {
        return not_evaluated(
            Rule::LabelReadiness,
            "no window knows how many labels should be there by now",
            "`driftline quality` has seen enough labels come to know their delays",
        );
    };
    let share = n as f64 / expected;
    let input = format!("{n} labels of {expected:.0} to be expected by now: {share:.4}");
    if share >= least {
        return yes(
            Rule::LabelReadiness,
            input,
            format!("a share of {least} is needed"),
        );
    }
    no(
        Rule::LabelReadiness,
        input,
        format!("labels are late: a share of {least} is needed"),
        None,
        "the labels that are overdue arrive: look at what delivers them",
    )
}

fn quiet_hours(facts: &Facts<'_>) -> RuleAnswer {
    let quiet = &facts.policy.quiet_hours;
    if quiet.is_empty() {
        return unlimited(Rule::QuietHours);
    }
    let offset = facts.policy.utc_offset;
    let input = format!("{} at {offset}, now {}", quiet, format_time(facts.now));
    let open = quiet.open_from(facts.now, offset);
    if open == facts.now {
        return yes(Rule::QuietHours, input, "it is no quiet hour");
    }
    no(
        Rule::QuietHours,
        input,
        "it is a quiet hour",
        Some(open),
        format!("the quiet hours end at {}", format_time(open)),
    )
}

fn approval(facts: &Facts<'_>) -> (RuleAnswer, Weight) {
    if facts.policy.approval == ApprovalMode::Auto {
        return (yes(Rule::Approval, "nothing", "approval is auto"), Weight::Asks);
    }
    let asks = |input: String, when: String| {
        (
            no(Rule::Approval, input, "a person has to approve it", None, when),
            Weight::Asks,
        )
    };
    let (Some(incident), Some(revision)) = (&facts.incident, facts.revision) else {
        return asks(
            "no incident".to_owned(),
            "there is an incident, and a person approves its retraining".to_owned(),
        );
    };
    let input = format!("incident {} revision {revision}", incident.id);
    let given = facts
        .inputs
        .approvals
        .iter()
        .filter(|approval| approval.incident == incident.id && approval.revision == revision);
    // The newest counts; of two at one time the refusal.
    let newest = given.max_by_key(|approval| (approval.at, !approval.is_approved, &approval.by));
    match newest {
        None => asks(
            input,
            format!(
                "somebody approves it: `driftline retrain approve --incident {} --by NAME`",
                incident.id
            ),
        ),
        Some(approval) if approval.is_approved => {
            let reason = format!("{} approved it at {}", approval.by, format_time(approval.at));
            (yes(Rule::Approval, input, reason), Weight::Asks)
        }
        Some(approval) => (
            no(
                Rule::Approval,
                input,
                format!("{} refused it at {}", approval.by, format_time(approval.at)),
                None,
                "somebody approves it later, or the incident is closed (`driftline retrain close`)",
            ),
            Weight::Refuses,
        ),
    }
}

fn dry_run(facts: &Facts<'_>) -> RuleAnswer {
    if facts.policy.dry_run {
        no(
            Rule::DryRun,
            "dry_run = true",
            "it is a dry run: nothing is started",
            None,
            "dry_run is set to false",
        )
    } else {
        yes(Rule::DryRun, "dry_run = false", "it is no dry run")
    }
}
