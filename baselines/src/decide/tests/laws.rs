//! Laws of the decision over random worlds: pure, blind to order and repetition, monotone in its guards, within its budgets.

use super::*;
use crate::decide::calendar::month_of;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeMap;

fn outcomes() -> impl Strategy<Value = HeldOutcome> {
    select(vec![
        HeldOutcome::Pass,
        HeldOutcome::Breach,
        HeldOutcome::NotEvaluated,
    ])
}

fn findings_window() -> impl Strategy<Value = FindingsWindow> {
    (1..25i64, 1..3u32, 0..3u8, any::<bool>(), 0..3_000u64).prop_map(
        |(n, revision, kind, is_evaluated, n_rows)| {
            let findings = match kind {
                0 => Vec::new(),
                1 => vec![drift("age")],
                _ => vec![WindowFinding {
                    severity: Severity::Warning,
                    ..drift("hr")
                }],
            };
            FindingsWindow {
                revision,
                digest: format!("{n}/{revision}/{kind}/{is_evaluated}/{n_rows}"),
                is_evaluated,
                n_rows,
                ..window(n, findings)
            }
        },
    )
}

fn quality_window() -> impl Strategy<Value = QualityWindow> {
    (1..25i64, 1..3u32, outcomes(), outcomes(), 0..1_000u64).prop_map(
        |(n, revision, realised, estimated, n_labelled)| QualityWindow {
            revision,
            digest: format!("{n}/{revision}/{realised:?}/{estimated:?}/{n_labelled}"),
            n_labelled,
            ..quality(n, realised, estimated)
        },
    )
}

fn past_run() -> impl Strategy<Value = PastRun> {
    let status = select(vec![RunStatus::Succeeded, RunStatus::Failed, RunStatus::Stopped]);
    (
        0..3u8,
        1..3u32,
        -40..20i64,
        proptest::option::weighted(0.9, (status, 0.0..8.0f64)),
    )
        .prop_map(|(incident, revision, n, end)| {
            let end = end.map(|(status, hours)| RunEnd {
                at: day(n) + 3_600,
                status,
                gpu_hours: Some(hours),
                failure_reason: None,
            });
            run(&format!("incident-{incident}"), revision, day(n), end)
        })
}

fn inputs() -> impl Strategy<Value = Inputs> {
    let incident = proptest::option::of(select(vec![
        Incident::open("churn", day(3), day(4), day(4)),
        Incident {
            id: "incident-1".to_owned(),
            ..Incident::open("churn", day(3), day(4), day(4))
        },
        Incident {
            stage: IncidentStage::Resolved {
                at: day(9),
                reason: "closed".to_owned(),
            },
            ..Incident::open("churn", day(3), day(4), day(4))
        },
    ]));
    let approval = (any::<bool>(), 1..3u32, 0..3i64).prop_map(|(is_approved, revision, at)| Approval {
        incident: incident_id("churn", day(3), day(4)),
        revision,
        is_approved,
        by: "ada".to_owned(),
        at,
    });
    (
        proptest::collection::vec(findings_window(), 0..20),
        proptest::collection::vec(quality_window(), 0..20),
        proptest::collection::vec(past_run(), 0..6),
        incident,
        proptest::collection::vec(approval, 0..3),
    )
        .prop_map(|(findings, quality, runs, incident, approvals)| Inputs {
            monitor: "churn".to_owned(),
            model: "churn".to_owned(),
            findings,
            quality,
            runs,
            incident,
            approvals,
        })
}

fn conditions() -> impl Strategy<Value = &'static str> {
    select(vec![
        "drift",
        "drift on 2 of 4 windows",
        "quality breach, or drift on 3 of 5 windows confirmed by estimated loss",
        "any finding and estimated breach",
        "quality breach on 2 of 3 windows or (drift of age and type_change)",
    ])
}

/// Each adds one guard to a policy. The budget comes with the hours of a run: where they are not said, `max_per_month` shares
/// the budget out, so that naming it lets a run set less aside, which is no guard more.
const GUARDS: [fn(&mut Policy); 10] = [
    |policy| policy.cooldown = Some(5 * DAY),
    |policy| policy.max_per_month = Some(2),
    |policy| {
        policy.gpu_hours_per_month = Some(9.0);
        policy.gpu_hours_per_run = Some(4.0);
    },
    |policy| policy.min_new_labels = Some(2_000),
    |policy| policy.min_new_rows = Some(3_000),
    |policy| policy.min_label_coverage = Some(0.4),
    |policy| policy.min_label_readiness = Some(0.5),
    |policy| policy.quiet_hours = QuietHours::parse(["20:00-08:00"]).unwrap(),
    |policy| policy.approval = ApprovalMode::Manual,
    |policy| policy.dry_run = true,
];

fn guarded(when: &str, guards: &[usize]) -> Policy {
    let mut policy = policy(when);
    for guard in guards {
        GUARDS[*guard](&mut policy);
    }
    policy
}

fn some_guards() -> impl Strategy<Value = Vec<usize>> {
    subsequence((0..GUARDS.len()).collect::<Vec<_>>(), 0..=GUARDS.len())
}

fn doubled<T: Clone>(list: &[T], turn: usize) -> Vec<T> {
    let mut twice: Vec<T> = list.iter().chain(list).cloned().collect();
    let middle = turn % twice.len().max(1);
    twice.rotate_left(middle);
    twice.reverse();
    twice
}

/// Found by the law below when the hours of a run were left open: without `max_per_month` a run may take the whole month's
/// budget, with it a part.
#[test]
fn a_limit_on_runs_shares_out_hours_that_are_not_said() {
    let mut policy = policy("drift");
    policy.gpu_hours_per_month = Some(9.0);
    assert_eq!(policy.reserved_gpu_hours(), Some(9.0));
    policy.max_per_month = Some(2);
    assert_eq!(policy.reserved_gpu_hours(), Some(4.5));
    policy.gpu_hours_per_run = Some(4.0);
    assert_eq!(policy.reserved_gpu_hours(), Some(4.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn order_and_repetition_change_nothing(inputs in inputs(), when in conditions(), guards in some_guards(), now in 5..30i64, turn in 0..40usize) {
        let policy = guarded(when, &guards);
        let shuffled = Inputs {
            findings: doubled(&inputs.findings, turn),
            quality: doubled(&inputs.quality, turn + 3),
            runs: doubled(&inputs.runs, turn + 1),
            approvals: doubled(&inputs.approvals, turn + 2),
            ..inputs.clone()
        };
        let decision = decide(&policy, &inputs, day(now));
        prop_assert_eq!(&decision, &decide(&policy, &shuffled, day(now)));
        prop_assert_eq!(&decision, &decide(&policy, &inputs, day(now)));
    }

    #[test]
    fn a_guard_more_never_turns_a_no_into_a_start(inputs in inputs(), when in conditions(), guards in some_guards(), added in 0..10usize, now in 5..30i64) {
        let few = decide(&guarded(when, &guards), &inputs, day(now));
        let mut more = guards.clone();
        more.push(added);
        let many = decide(&guarded(when, &more), &inputs, day(now));
        prop_assert!(few.verdict == DecisionVerdict::Start || many.verdict != DecisionVerdict::Start);
        prop_assert!(few.verdict != DecisionVerdict::No || many.verdict == DecisionVerdict::No);
    }

    #[test]
    fn what_follows_follows_from_the_rules(inputs in inputs(), when in conditions(), guards in some_guards(), now in 5..30i64) {
        let decision = decide(&guarded(when, &guards), &inputs, day(now));
        prop_assert_eq!(decision.verdict == DecisionVerdict::Start, decision.refusals().is_empty());
        for rule in &decision.rules {
            prop_assert_eq!(rule.change.is_some(), rule.answer != Answer::Yes);
            if let Some(at) = rule.change.as_ref().and_then(|change| change.at) {
                prop_assert!(at > day(now), "{:?}", rule);
            }
        }
        if decision.verdict == DecisionVerdict::Start {
            prop_assert!(decision.token.is_some());
        }
    }

    /// A pipeline that takes at most what was set aside, asked at random times that may go back: months keep their limits.
    #[test]
    fn months_keep_their_limits(
        steps in proptest::collection::vec((-6..60i64, 0.0..1.0f64, any::<bool>()), 1..60),
        most in 1..5u32,
        budget in 1.0..30.0f64,
        per_run in proptest::option::of(0.5..10.0f64),
        offset in select(vec!["UTC", "+13:00", "-11:30"]),
    ) {
        let mut policy = policy("drift");
        policy.max_per_month = Some(most);
        policy.gpu_hours_per_month = Some(budget);
        policy.gpu_hours_per_run = per_run.map(|hours| hours.min(budget));
        policy.utc_offset = offset.parse().unwrap();
        let mut inputs = Inputs { monitor: "churn".to_owned(), model: "churn".to_owned(), ..Inputs::default() };
        let mut now = day(1);
        for (ahead, share, fails) in steps {
            now += ahead * DAY / 4;
            let newest = FindingsWindow { start: now - DAY, end: now, ..window(1, vec![drift("age")]) };
            inputs.findings = vec![newest];
            let decision = decide(&policy, &inputs, now);
            if decision.verdict != DecisionVerdict::Start {
                continue;
            }
            let reserved = decision.reserved_gpu_hours.unwrap();
            let status = if fails { RunStatus::Failed } else { RunStatus::Succeeded };
            let end = RunEnd { at: now + 1, status, gpu_hours: Some(share * reserved), failure_reason: None };
            let mut started = run(&decision.incident.unwrap().id, decision.revision.unwrap(), now, Some(end));
            started.token = decision.token.unwrap();
            started.reserved_gpu_hours = reserved;
            prop_assert!(inputs.runs.iter().all(|run| run.token != started.token), "a token starts once");
            inputs.runs.push(started);
        }
        let mut months: BTreeMap<i64, (u32, f64)> = BTreeMap::new();
        for run in &inputs.runs {
            let month = months.entry(month_of(run.started_at + policy.utc_offset.seconds()).0).or_default();
            month.0 += 1;
            month.1 += run.gpu_hours();
        }
        for (n, hours) in months.values() {
            prop_assert!(*n <= most && *hours <= budget * (1.0 + 1e-9), "{n} {hours}");
        }
    }
}
