//! What a verdict carries for a report, and what it must never carry. Does not test findings.

use std::collections::BTreeMap;

use super::*;

#[test]
fn rare_categories_outside_the_baseline_are_counted_and_not_named() {
    let baseline = vec![texts("s", &[("x", 60), ("y", 1)])];
    let current = vec![texts(
        "s",
        &[("x", 60), ("five", 5), ("secret", 4), ("private", 1)],
    )];
    let verdict = judged(baseline, current);
    let report = verdict.columns[0].categories.as_ref().unwrap();
    let named: Vec<&str> = report.listed.iter().map(|count| count.value.as_str()).collect();
    assert_eq!(named, ["x", "five", "y"]);
    assert_eq!((report.n_unseen_values, report.n_unseen_rows), (3, Some(10)));
    assert_eq!((report.n_current_other, report.n_baseline_other), (5, 0));
    let everything = format!("{verdict:?}");
    assert!(!everything.contains("secret") && !everything.contains("private"));
}

#[test]
fn quantiles_are_numpys() {
    // numpy 2.4.6: numpy.quantile([1, 2, 2, 3, 10, 11, 50], [.05, .25, .5, .75, .95])
    let verdict = judged(
        vec![numbers("a", vec![1.0, 2.0, 2.0, 3.0, 10.0, 11.0, 50.0])],
        vec![numbers("a", vec![1.0, 2.0, 2.0, 3.0, 10.0, 11.0, 50.0])],
    );
    let found = verdict.columns[0]
        .current
        .as_ref()
        .unwrap()
        .numeric
        .unwrap()
        .quantiles
        .unwrap();
    let expect = [1.3, 2.0, 3.0, 10.5, 38.3];
    for (found, expect) in [found.p05, found.p25, found.p50, found.p75, found.p95]
        .into_iter()
        .zip(expect)
    {
        assert!(tolerance::agrees(found, expect, tolerance::STATISTIC));
    }
}

#[test]
fn changes_inside_the_window_are_found_from_positions() {
    let at = |line: u64| Position { object_idx: 0, line };
    let mut late = numbers("late", ramp(50));
    late.counts.n_missing = 50;
    late.spans[CellClass::Missing as usize] = Some((at(1), at(50)));
    late.spans[CellClass::Integral as usize] = Some((at(51), at(100)));
    let mut retyped = column(
        "retyped",
        CellCounts {
            n_integral: 50,
            n_text: 50,
            ..CellCounts::default()
        },
    );
    retyped.spans[CellClass::Integral as usize] = Some((at(1), at(50)));
    retyped.spans[CellClass::Text as usize] = Some((at(51), at(100)));
    let mut mixed = column(
        "mixed",
        CellCounts {
            n_integral: 50,
            n_text: 50,
            ..CellCounts::default()
        },
    );
    mixed.spans[CellClass::Integral as usize] = Some((at(1), at(99)));
    mixed.spans[CellClass::Text as usize] = Some((at(2), at(100)));
    let mut one = numbers("one", ramp(99));
    one.counts.n_missing = 1;
    one.spans[CellClass::Integral as usize] = Some((at(1), at(99)));
    one.spans[CellClass::Missing as usize] = Some((at(100), at(100)));
    let changes = schema_changes(&data(vec![late, retyped, mixed, one]));
    let expect = [
        SchemaChange {
            column: "late".to_owned(),
            kind: SchemaChangeKind::Appeared,
            position: at(51),
        },
        SchemaChange {
            column: "retyped".to_owned(),
            kind: SchemaChangeKind::ChangedType {
                from: InferredType::Integral,
                to: InferredType::String,
            },
            position: at(51),
        },
    ];
    assert_eq!(changes, expect);
}

#[test]
fn identifiers_are_unique_and_names_too() {
    let names: std::collections::BTreeSet<&str> = CheckKind::ALL.iter().map(|check| check.name()).collect();
    assert_eq!(names.len(), CheckKind::ALL.len());
    let n_theirs = CheckKind::ALL
        .iter()
        .filter(|check| check.is_model_monitor())
        .count();
    assert_eq!(n_theirs, 6);
}

#[test]
fn frozen_edges_are_used_where_they_are_given() {
    let baseline = data(vec![numbers("a", ramp(1000))]);
    let constraints = Constraints {
        monitoring: MonitoringConfig::default(),
        ..suggest(&baseline).constraints
    };
    let edges = BTreeMap::from([("a".to_owned(), vec![10.0])]);
    let view = BaselineView {
        constraints: &constraints,
        summary: Some(&baseline),
        evidence: &[],
        house_edges: Some(&edges),
        calibration: None,
    };
    let verdict = judge(&baseline, &view, run(), &Policy::default());
    let psi = verdict.columns[0]
        .measured
        .iter()
        .find(|found| found.method == Method::Psi)
        .unwrap();
    assert_eq!(psi.outcome.as_ref().unwrap().parameters.bins, Some(2));
}
