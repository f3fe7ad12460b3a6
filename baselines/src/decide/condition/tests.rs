//! Conditions: read, written back, refused with a column.

use super::*;
use proptest::prelude::*;

fn check(text: &str, written: &str) {
    let condition: Condition = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(condition.to_string(), written, "{text}");
    assert_eq!(written.parse(), Ok(condition), "{text}");
}

#[test]
fn conditions_are_read_and_written_back() {
    check(
        "quality breach, or drift on 3 of 5 windows confirmed by estimated loss",
        "quality breach or drift on 3 of 5 windows confirmed by estimated loss",
    );
    check("Drift OF hr On 1 OF 1 window", "drift of \"hr\"");
    check("drift of 'weather \"code\"'", r#"drift of "weather \"code\"""#);
    check(
        "any finding with severity violation",
        "any finding with severity violation",
    );
    check(
        "(unseen_categories of a and drift) or estimated breach of auc",
        "(unseen_categories of \"a\" and drift) or estimated breach of \"auc\"",
    );
    check(
        "drift confirmed by estimated or realized loss and quality breach",
        "drift confirmed by estimated or realised loss and quality breach",
    );
    check("((drift))", "drift");
}

#[test]
fn the_issues_example_means_what_it_says() {
    let condition: Condition = "quality breach, or drift on 3 of 5 windows confirmed by estimated loss"
        .parse()
        .unwrap();
    let Condition::Any(parts) = &condition else {
        panic!("{condition:?}")
    };
    assert_eq!(parts.len(), 2);
    assert_eq!(
        parts[1],
        Condition::Signal(Signal {
            subject: Subject::Finding {
                check: Some(CheckKind::Drift),
                column: None
            },
            severity: None,
            persistence: Persistence::new(3, 5).unwrap(),
            confirmed_by: Some(Confirmation::EstimatedLoss),
        })
    );
}

/// Each row: the text, the column, and what the error says.
#[test]
fn errors_name_the_column_and_what_was_meant() {
    let deep = format!("{}drift{}", "(".repeat(17), ")".repeat(17));
    let rows = [
        (
            "",
            1,
            "the end is nothing that a window can show, expected `quality breach`",
        ),
        ("drfit", 1, "did you mean `drift`?"),
        ("qualty breach", 1, "did you mean `quality breach`?"),
        ("quality", 8, "the end stands behind `quality`, expected `breach`"),
        ("quality breech", 9, "did you mean `breach`?"),
        ("drift on 3 of 5", 16, "expected `windows` or `window`"),
        ("drift on 5 of 3 windows", 10, "5 of 3 windows cannot be"),
        ("drift on three of 5 windows", 10, "expected a number of windows"),
        (
            "drift on 99999999999 of 5 windows",
            10,
            "expected a number of windows",
        ),
        (
            "drift, quality breach",
            8,
            "`quality` stands behind a comma, expected `and` or `or`",
        ),
        ("drift or quality breach and drift", 25, "expected parentheses"),
        ("drift confirmed by loss", 20, "`loss` confirms nothing"),
        (
            "drift confirmed by estimted loss",
            20,
            "did you mean `estimated`?",
        ),
        ("quality breach with severity info", 16, "has no severity"),
        ("drift with severity bad", 21, "`bad` is no severity"),
        (
            "(drift or quality breach",
            25,
            "`)` for the one opened in column 1",
        ),
        ("drift)", 6, "does not continue the condition"),
        ("drift confirmd by estimated loss", 7, "did you mean `confirmed`?"),
        ("drift of \"hr", 10, "the quoted name has no end"),
        ("drift of ''", 10, "names no metric or column"),
        ("drift > 3", 7, "`>` has no meaning here"),
        ("β drift", 1, "`β` is nothing"),
        (deep.as_str(), 17, "more than 16 deep"),
    ];
    for (text, column, part) in rows {
        let error = text.parse::<Condition>().unwrap_err();
        assert_eq!(error.column(), column, "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("condition, column {column}: ")),
            "{error}"
        );
    }
}

fn signal() -> impl Strategy<Value = Condition> {
    let name = || proptest::option::of("\\PC{1,12}");
    let check = proptest::option::of(proptest::sample::select(CheckKind::ALL.to_vec()));
    let severity = proptest::option::of(proptest::sample::select(vec![
        Severity::Info,
        Severity::Warning,
        Severity::Violation,
    ]));
    let confirmation = proptest::option::of(proptest::sample::select(vec![
        Confirmation::EstimatedLoss,
        Confirmation::RealisedLoss,
        Confirmation::EitherLoss,
    ]));
    (
        0..3u8,
        name(),
        check,
        severity,
        1..=1000u32,
        1..=1000u32,
        confirmation,
    )
        .prop_map(|(kind, name, check, severity, a, b, confirmed_by)| {
            let subject = match kind {
                0 => Subject::QualityBreach { metric: name },
                1 => Subject::EstimatedBreach { metric: name },
                _ => Subject::Finding { check, column: name },
            };
            Condition::Signal(Signal {
                severity: severity.filter(|_| kind == 2),
                subject,
                persistence: Persistence::new(a.min(b), a.max(b)).unwrap(),
                confirmed_by,
            })
        })
}

fn condition() -> impl Strategy<Value = Condition> {
    signal().prop_recursive(4, 24, 4, |inner| {
        let parts = proptest::collection::vec(inner, 2..4);
        prop_oneof![
            parts.clone().prop_map(Condition::All),
            parts.prop_map(Condition::Any)
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(condition in condition()) {
        let text = condition.to_string();
        prop_assert_eq!(text.parse::<Condition>().map_err(|error| format!("{text}: {error}")), Ok(condition));
    }

    #[test]
    fn any_text_is_a_condition_or_an_error_within_it(text in "\\PC{0,60}|([a-z(),'\" 0-9]|drift|quality breach|or|on 3 of 5 windows){0,12}") {
        match text.parse::<Condition>() {
            Ok(condition) => prop_assert_eq!(condition.to_string().parse(), Ok(condition)),
            Err(error) => prop_assert!(error.column() <= text.chars().count() + 1),
        }
    }
}
