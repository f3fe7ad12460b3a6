//! Every rule that can refuse: it alone refuses, with its words, its time, and its boundary.

use super::*;

const WHEN: &str = "drift on 3 of 5 windows";

/// `rule` refuses alone, says `reason`, and can change at `at`.
fn refuses(policy: &Policy, inputs: &Inputs, rule: Rule, reason: &str, at: Option<i64>) -> Decision {
    let decision = decide(policy, inputs, now());
    let refused: Vec<Rule> = decision.refusals().iter().map(|answer| answer.rule).collect();
    assert_eq!(refused, [rule], "{decision:#?}");
    let answer = of(&decision, rule);
    let change = answer.change.clone().unwrap();
    assert!(answer.reason.contains(reason), "{answer:?}");
    assert_eq!(change.at, at, "{answer:?}");
    assert!(!change.when.is_empty() && !answer.input.is_empty());
    decision
}

fn starts(policy: &Policy, inputs: &Inputs) {
    let decision = decide(policy, inputs, now());
    assert_eq!(
        decision.verdict,
        DecisionVerdict::Start,
        "{:#?}",
        decision.refusals()
    );
}

#[test]
fn with_every_rule_saying_yes_it_starts() {
    let decision = decide(&policy(WHEN), &world(), now());
    assert_eq!(decision.verdict, DecisionVerdict::Start);
    let rules: Vec<Rule> = decision.rules.iter().map(|answer| answer.rule).collect();
    assert_eq!(rules, Rule::ALL);
    assert!(decision.rules.iter().all(|answer| answer.change.is_none()));
    let incident = decision.incident.unwrap();
    assert_eq!((incident.first_start, incident.first_end), (day(12), day(13)));
    assert_eq!(incident.id, incident_id("churn", day(12), day(13)));
    assert!(incident.id.starts_with("20261112T000000Z-"), "{}", incident.id);
    assert_eq!(decision.revision, Some(1));
    assert_eq!(decision.token, Some(request_token("churn", &incident.id, 1)));
}

#[test]
fn the_condition_refuses() {
    let decision = decide(&policy("drift on 4 of 5 windows"), &world(), now());
    assert_eq!(decision.verdict, DecisionVerdict::No);
    let answer = of(&decision, Rule::Condition);
    assert_eq!(
        answer.reason,
        "drift on 4 of 5 windows: 3 of the last 5 evaluated windows show it of severity warning or worse, 4 of 5 needed"
    );
    assert_eq!(decision.incident, None);
    assert_eq!(
        of(&decision, Rule::Incident).reason,
        "nothing is wrong, so there is no incident"
    );
}

#[test]
fn the_condition_without_windows_is_not_evaluated() {
    let inputs = Inputs {
        findings: Vec::new(),
        ..world()
    };
    let decision = decide(&policy(WHEN), &inputs, now());
    assert_eq!(decision.verdict, DecisionVerdict::No);
    let answer = of(&decision, Rule::Condition);
    assert_eq!(answer.answer, Answer::NotEvaluated);
    assert!(
        answer
            .reason
            .contains("no window of the last 30 days could be checked for it"),
        "{answer:?}"
    );
    assert!(answer.change.as_ref().unwrap().when.contains("driftline analyze"));
}

#[test]
fn a_model_that_waits_to_be_served_refuses() {
    let incident = Incident::open("churn", day(12), day(13), day(13));
    let runs = vec![run(
        &incident.id,
        1,
        day(13),
        ended(day(14), RunStatus::Succeeded),
    )];
    let inputs = Inputs {
        incident: Some(incident),
        runs,
        ..world()
    };
    let decision = refuses(
        &policy(WHEN),
        &inputs,
        Rule::Incident,
        "its model is not known to be in service",
        None,
    );
    assert_eq!(
        decision.incident.unwrap().stage,
        IncidentStage::Retrained { at: day(14) }
    );
}

#[test]
fn a_resolved_incident_does_not_start_again_on_its_own_windows() {
    let mut incident = Incident::open("churn", day(12), day(13), day(13));
    incident.stage = IncidentStage::Resolved {
        at: day(15),
        reason: "closed".to_owned(),
    };
    let inputs = Inputs {
        incident: Some(incident.clone()),
        ..world()
    };
    let decision = decide(&policy(WHEN), &inputs, now());
    assert_eq!(of(&decision, Rule::Condition).answer, Answer::NotEvaluated);
    let mut again = inputs;
    again
        .findings
        .extend((15..18).map(|n| window(n, vec![drift("age")])));
    let decision = decide(&policy(WHEN), &again, day(18));
    assert_eq!(decision.verdict, DecisionVerdict::Start);
    assert_ne!(decision.incident.unwrap().id, incident.id);
}

#[test]
fn a_run_in_flight_refuses() {
    let inputs = Inputs {
        runs: vec![run("another", 1, day(1), None)],
        ..world()
    };
    refuses(
        &policy(WHEN),
        &inputs,
        Rule::SingleFlight,
        "an execution for model churn runs since 2026-11-01T00:00:00Z",
        None,
    );
    starts(
        &policy(WHEN),
        &Inputs {
            runs: vec![run("another", 1, day(1), ended(day(2), RunStatus::Stopped))],
            ..world()
        },
    );
}

#[test]
fn the_cooldown_refuses_to_its_last_second() {
    let with = |started: i64| Inputs {
        runs: vec![run("another", 1, started, ended(started + 60, RunStatus::Failed))],
        ..world()
    };
    let policy = Policy {
        cooldown: Some(3 * DAY),
        ..policy(WHEN)
    };
    refuses(
        &policy,
        &with(now() - 3 * DAY + 1),
        Rule::Cooldown,
        "the last start is less than 3 days ago",
        Some(now() + 1),
    );
    starts(&policy, &with(now() - 3 * DAY));
}

#[test]
fn the_months_starts_are_used_up() {
    let runs: Vec<PastRun> = (1..=2)
        .map(|n| run("another", n, day(i64::from(n)), ended(day(9), RunStatus::Failed)))
        .collect();
    let december = Some(time("2026-12-01T00:00:00Z"));
    let limited = |most| Policy {
        max_per_month: Some(most),
        ..policy(WHEN)
    };
    let inputs = Inputs {
        runs: runs.clone(),
        ..world()
    };
    refuses(
        &limited(2),
        &inputs,
        Rule::MaxPerMonth,
        "the month's starts are used up",
        december,
    );
    starts(&limited(3), &inputs);
    let mut refused = inputs.clone();
    refused.runs[0].is_started = false;
    starts(&limited(2), &refused);
    let october = Inputs {
        runs: vec![run("another", 1, day(1) - 1, ended(day(2), RunStatus::Failed))],
        ..world()
    };
    starts(&limited(1), &october);
    // An hour east of Greenwich that second belongs to November.
    let east = Policy {
        utc_offset: "+01:00".parse().unwrap(),
        ..limited(1)
    };
    refuses(
        &east,
        &october,
        Rule::MaxPerMonth,
        "used up",
        Some(time("2026-11-30T23:00:00Z")),
    );
}

#[test]
fn the_months_gpu_hours_do_not_suffice() {
    let took = |hours| {
        let end = RunEnd {
            at: day(9),
            status: RunStatus::Failed,
            gpu_hours: hours,
            failure_reason: None,
        };
        Inputs {
            runs: vec![run("another", 1, day(1), Some(end))],
            ..world()
        }
    };
    let policy = Policy {
        gpu_hours_per_month: Some(10.0),
        gpu_hours_per_run: Some(6.0),
        ..policy(WHEN)
    };
    let december = Some(time("2026-12-01T00:00:00Z"));
    refuses(
        &policy,
        &took(Some(4.5)),
        Rule::GpuHours,
        "a run may take 6.00 GPU hours, 5.50 are left",
        december,
    );
    starts(&policy, &took(Some(4.0)));
    // Of unknown length: what was set aside counts.
    refuses(&policy, &took(None), Rule::GpuHours, "5.00 are left", december);
}

#[test]
fn labels_refuse() {
    let last_labels = Some(day(34));
    let limited = |labels| Policy {
        min_new_labels: Some(labels),
        ..policy(WHEN)
    };
    refuses(
        &limited(3_001),
        &world(),
        Rule::NewLabels,
        "1 labels are missing to 3001",
        last_labels,
    );
    starts(&limited(3_000), &world());
    let without = Inputs {
        quality: Vec::new(),
        ..world()
    };
    refuses(
        &limited(1),
        &without,
        Rule::NewLabels,
        "no window of quality lies behind the last training",
        None,
    );
    // What an earlier run was trained on is not new.
    let mut trained = run("another", 1, day(13), ended(day(13) + 60, RunStatus::Succeeded));
    trained.data_end = Some(day(13));
    let inputs = Inputs {
        runs: vec![trained],
        ..world()
    };
    refuses(
        &limited(1_201),
        &inputs,
        Rule::NewLabels,
        "1 labels are missing to 1201",
        last_labels,
    );
}

#[test]
fn rows_refuse() {
    let limited = |rows| Policy {
        min_new_rows: Some(rows),
        ..policy(WHEN)
    };
    refuses(
        &limited(5_001),
        &world(),
        Rule::NewRows,
        "1 rows are missing to 5001",
        None,
    );
    starts(&limited(5_000), &world());
}

#[test]
fn coverage_and_readiness_of_labels_refuse() {
    let covered = |share| Policy {
        min_label_coverage: Some(share),
        ..policy(WHEN)
    };
    refuses(
        &covered(0.61),
        &world(),
        Rule::LabelCoverage,
        "a share of 0.61 is needed",
        Some(day(34)),
    );
    starts(&covered(0.6), &world());
    let without = Inputs {
        quality: Vec::new(),
        ..world()
    };
    refuses(
        &covered(0.1),
        &without,
        Rule::LabelCoverage,
        "no prediction since the last training is known",
        None,
    );
    let ready = |share| Policy {
        min_label_readiness: Some(share),
        ..policy(WHEN)
    };
    refuses(
        &ready(0.76),
        &world(),
        Rule::LabelReadiness,
        "labels are late",
        None,
    );
    starts(&ready(0.75), &world());
    let mut unknown = world();
    unknown
        .quality
        .iter_mut()
        .for_each(|window| window.expected_coverage = None);
    refuses(
        &ready(0.1),
        &unknown,
        Rule::LabelReadiness,
        "no window knows how many labels should be there by now",
        None,
    );
}

#[test]
fn quiet_hours_refuse() {
    let quiet = |line: &str| Policy {
        quiet_hours: QuietHours::parse([line]).unwrap(),
        ..policy(WHEN)
    };
    refuses(
        &quiet("22:00-06:00"),
        &world(),
        Rule::QuietHours,
        "it is a quiet hour",
        Some(now() + 6 * 3_600),
    );
    starts(&quiet("06:00-24:00"), &world());
}

#[test]
fn a_person_is_asked_and_may_refuse() {
    let manual = Policy {
        approval: ApprovalMode::Manual,
        ..policy(WHEN)
    };
    let asked = refuses(
        &manual,
        &world(),
        Rule::Approval,
        "a person has to approve it",
        None,
    );
    assert_eq!(asked.verdict, DecisionVerdict::WaitForApproval);
    let incident = asked.incident.unwrap().id;
    let answer = |is_approved, revision, at| Approval {
        incident: incident.clone(),
        revision,
        is_approved,
        by: "ada".to_owned(),
        at,
    };
    let with = |approvals| Inputs { approvals, ..world() };
    starts(&manual, &with(vec![answer(true, 1, day(14))]));
    let refused = refuses(
        &manual,
        &with(vec![answer(false, 1, day(14))]),
        Rule::Approval,
        "ada refused it at 2026-11-14T00:00:00Z",
        None,
    );
    assert_eq!(refused.verdict, DecisionVerdict::No);
    starts(
        &manual,
        &with(vec![answer(true, 1, day(14) + 1), answer(false, 1, day(14))]),
    );
    let other = decide(&manual, &with(vec![answer(true, 2, day(14))]), now());
    assert_eq!(
        other.verdict,
        DecisionVerdict::WaitForApproval,
        "another revision's approval is none"
    );
    // Another rule's refusal is stronger than waiting for a person.
    let both = Policy {
        min_new_rows: Some(9_999),
        ..manual
    };
    assert_eq!(decide(&both, &world(), now()).verdict, DecisionVerdict::No);
}

#[test]
fn a_dry_run_starts_nothing() {
    let dry = Policy {
        dry_run: true,
        ..policy(WHEN)
    };
    let decision = refuses(
        &dry,
        &world(),
        Rule::DryRun,
        "it is a dry run: nothing is started",
        None,
    );
    assert_eq!(decision.verdict, DecisionVerdict::DryRun);
}

#[test]
fn a_failed_run_leaves_the_incident_open_with_its_reason() {
    let incident = Incident::open("churn", day(12), day(13), day(13));
    let end = RunEnd {
        at: day(14),
        status: RunStatus::Failed,
        gpu_hours: None,
        failure_reason: Some("champion better than challenger".to_owned()),
    };
    let runs = vec![run(&incident.id, 1, day(13), Some(end))];
    let inputs = Inputs {
        incident: Some(incident.clone()),
        runs,
        ..world()
    };
    let decision = decide(&policy(WHEN), &inputs, now());
    assert_eq!(
        (decision.verdict, decision.revision),
        (DecisionVerdict::Start, Some(2))
    );
    assert_eq!(decision.token, Some(request_token("churn", &incident.id, 2)));
    assert!(
        of(&decision, Rule::Incident)
            .reason
            .contains("champion better than challenger")
    );
}

#[test]
fn settings_under_which_nothing_could_start_are_refused() {
    let base = policy(WHEN);
    let check = |policy: Policy, part: &str| {
        let error = policy.check().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    assert_eq!(base.check(), Ok(()));
    check(
        Policy {
            max_per_month: Some(0),
            ..base.clone()
        },
        "max_per_month is 0",
    );
    check(
        Policy {
            gpu_hours_per_month: Some(1.0),
            gpu_hours_per_run: Some(2.0),
            ..base.clone()
        },
        "gpu_hours_per_run is 2, over gpu_hours_per_month of 1",
    );
    check(
        Policy {
            gpu_hours_per_month: Some(f64::NAN),
            ..base.clone()
        },
        "expected a finite number above 0",
    );
    check(
        Policy {
            min_label_coverage: Some(1.5),
            ..base
        },
        "expected a share from 0 to 1",
    );
}
