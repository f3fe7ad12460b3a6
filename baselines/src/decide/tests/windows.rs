//! Signals on windows: which windows count, confirmations, and how incidents end.

use super::*;
use HeldOutcome::{Breach, NotEvaluated, Pass};

fn answers(when: &str, inputs: &Inputs) -> (Answer, String) {
    let decision = decide(&policy(when), inputs, now());
    let rule = of(&decision, Rule::Condition);
    (rule.answer, rule.reason.clone())
}

fn check(when: &str, inputs: &Inputs, expected: Answer) {
    let (answer, reason) = answers(when, inputs);
    assert_eq!(answer, expected, "{when}: {reason}");
}

#[test]
fn the_issues_condition_is_answered() {
    let when = "quality breach, or drift on 3 of 5 windows confirmed by estimated loss";
    check(when, &world(), Answer::Yes);
    let mut kept = world();
    kept.quality
        .iter_mut()
        .for_each(|window| window.estimated = held(Pass));
    check(when, &kept, Answer::NotEvaluated);
    kept.quality
        .iter_mut()
        .for_each(|window| window.realised = held(Pass));
    check(when, &kept, Answer::No);
    kept.quality[4].realised = held(Breach);
    check(when, &kept, Answer::Yes);
}

#[test]
fn confirmations_need_to_be_known() {
    let mut inputs = world();
    check("drift confirmed by estimated loss", &inputs, Answer::Yes);
    check("drift confirmed by realised loss", &inputs, Answer::NotEvaluated);
    check(
        "drift confirmed by estimated or realised loss",
        &inputs,
        Answer::Yes,
    );
    inputs.quality = vec![quality(14, Pass, NotEvaluated)];
    check("drift confirmed by estimated loss", &inputs, Answer::NotEvaluated);
    check("drift confirmed by realised loss", &inputs, Answer::No);
    check(
        "drift confirmed by estimated or realised loss",
        &inputs,
        Answer::No,
    );
    // Of a time that the signal did not look at.
    inputs.quality = vec![quality(2, Breach, Breach)];
    check(
        "drift on 2 of 2 windows confirmed by realised loss",
        &inputs,
        Answer::NotEvaluated,
    );
}

#[test]
fn three_values_combine_as_kleene_has_it() {
    let inputs = world();
    for (when, expected) in [
        ("drift or quality breach", Answer::Yes),
        ("drift and quality breach", Answer::NotEvaluated),
        ("type_change or quality breach", Answer::NotEvaluated),
        ("type_change and quality breach", Answer::No),
        ("drift and estimated breach", Answer::Yes),
        ("drift and (type_change or estimated breach of auc)", Answer::Yes),
        ("estimated breach of f1", Answer::NotEvaluated),
    ] {
        check(when, &inputs, expected);
    }
}

#[test]
fn findings_count_by_check_column_and_severity() {
    let mut inputs = world();
    let info = WindowFinding {
        severity: Severity::Info,
        ..drift("hr")
    };
    inputs.findings[4].findings = vec![
        info,
        WindowFinding {
            check: "rejects".to_owned(),
            column: None,
            ..drift("x")
        },
    ];
    check("drift", &inputs, Answer::No);
    check("drift with severity info", &inputs, Answer::Yes);
    check("drift of hr with severity info", &inputs, Answer::Yes);
    check("drift of age with severity info", &inputs, Answer::No);
    check("any finding", &inputs, Answer::No);
    check("rejects", &inputs, Answer::Yes);
    let ignoring = Policy {
        ignored_columns: ["hr".to_owned()].into(),
        ..policy("drift with severity info")
    };
    assert_eq!(
        of(&decide(&ignoring, &inputs, now()), Rule::Condition).answer,
        Answer::No
    );
}

#[test]
fn what_was_not_checked_says_neither_yes_nor_no() {
    let mut inputs = world();
    inputs.findings[4] = FindingsWindow {
        not_checked: vec![NotChecked {
            check: "drift".to_owned(),
            column: None,
        }],
        ..window(14, Vec::new())
    };
    // The newest evaluated window is the one before.
    check("drift on 2 of 2 windows", &inputs, Answer::Yes);
    inputs.findings[4].not_checked[0].column = Some("age".to_owned());
    check("drift on 2 of 2 windows", &inputs, Answer::No);
    check("drift of age on 2 of 2 windows", &inputs, Answer::Yes);
}

#[test]
fn a_window_counts_once_by_its_newest_revision() {
    let mut inputs = world();
    let late = FindingsWindow {
        revision: 2,
        digest: "late".to_owned(),
        ..window(14, Vec::new())
    };
    inputs.findings.insert(0, late.clone());
    let (answer, reason) = answers("drift on 3 of 5 windows", &inputs);
    assert_eq!(answer, Answer::No);
    assert!(reason.contains("2 of the last 5"), "{reason}");
    inputs.findings.push(FindingsWindow {
        revision: 3,
        ..window(14, vec![drift("age")])
    });
    check("drift on 3 of 5 windows", &inputs, Answer::Yes);
    let n = decide(&policy("drift"), &inputs, now()).data.n_rows;
    assert_eq!(n, 5_000, "rows of each window once");
}

#[test]
fn windows_that_overlap_are_not_added_up() {
    let mut inputs = world();
    let week = QualityWindow {
        start: day(8),
        end: day(15),
        n_labelled: 9_000,
        ..quality(14, NotEvaluated, Pass)
    };
    inputs.quality.push(week);
    assert_eq!(decide(&policy("drift"), &inputs, now()).data.n_labelled, 3_000);
}

#[test]
fn old_windows_and_those_to_come_do_not_count() {
    let inputs = world();
    let decision = decide(&policy("drift"), &inputs, day(60));
    assert_eq!(of(&decision, Rule::Condition).answer, Answer::NotEvaluated);
    let decision = decide(&policy("drift on 3 of 5 windows"), &inputs, now() - 1);
    assert_eq!(
        of(&decision, Rule::Condition).answer,
        Answer::No,
        "the last window has not ended"
    );
}

#[test]
fn an_incident_keeps_its_name_while_it_lasts_and_ends_when_all_is_quiet() {
    let when = "drift on 3 of 5 windows";
    let mut inputs = world();
    let first = decide(&policy(when), &inputs, now()).incident.unwrap();
    inputs.incident = Some(first.clone());
    // A late revision makes an earlier window breach: the incident stays the one that is open.
    inputs.findings.push(FindingsWindow {
        revision: 2,
        ..window(10, vec![drift("age")])
    });
    inputs.findings.push(window(15, vec![drift("age")]));
    assert_eq!(
        decide(&policy(when), &inputs, day(16)).incident.unwrap().id,
        first.id
    );
    inputs.findings.extend((16..20).map(|n| window(n, Vec::new())));
    let going = decide(&policy(when), &inputs, day(20));
    assert!(going.incident.unwrap().is_unresolved());
    inputs.findings.push(window(20, Vec::new()));
    let over = decide(&policy(when), &inputs, day(21));
    assert_eq!(over.verdict, DecisionVerdict::No);
    assert_eq!(
        over.incident.unwrap().stage,
        IncidentStage::Resolved {
            at: day(21),
            reason: "5 windows in a row show nothing of it".to_owned()
        }
    );
    assert_eq!((over.revision, over.token), (None, None));
}

#[test]
fn after_a_new_model_only_its_windows_end_the_incident() {
    let when = "drift";
    let incident = Incident::open("churn", day(12), day(13), day(13));
    let runs = vec![run(
        &incident.id,
        1,
        day(15),
        ended(day(16), RunStatus::Succeeded),
    )];
    let mut inputs = Inputs {
        incident: Some(incident),
        runs,
        ..world()
    };
    inputs.findings.extend((15..18).map(|n| window(n, Vec::new())));
    let stage = |inputs: &Inputs, n| decide(&policy(when), inputs, day(n)).incident.unwrap().stage;
    assert_eq!(stage(&inputs, 18), IncidentStage::Retrained { at: day(16) });
    inputs.findings.push(window(18, Vec::new()));
    assert!(matches!(stage(&inputs, 19), IncidentStage::Resolved { at, .. } if at == day(19)));
}

#[test]
fn an_estimate_breaches_with_its_whole_band() {
    let least = |value, band, expected| {
        assert_eq!(
            Held::estimate(value, band, 0.8, true).outcome,
            expected,
            "{value} {band:?}"
        );
    };
    least(0.7, Some((0.6, 0.79)), Breach);
    least(0.7, Some((0.6, 0.8)), Pass);
    least(0.7, None, NotEvaluated);
    least(f64::NAN, Some((0.6, 0.7)), NotEvaluated);
    least(0.7, Some((f64::NEG_INFINITY, 0.7)), NotEvaluated);
    assert_eq!(Held::estimate(5.0, Some((4.1, 6.0)), 4.0, false).outcome, Breach);
    assert_eq!(Held::estimate(5.0, Some((4.0, 6.0)), 4.0, false).outcome, Pass);
}
