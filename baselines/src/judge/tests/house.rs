//! The house's own checks, one at a time. Does not test Model Monitor's.

use super::*;

#[test]
fn house_drift_needs_effect_and_evidence() {
    let house = |current: Vec<f64>| {
        let verdict = judged_with(
            &data(vec![numbers("a", ramp(2000))]),
            &data(vec![numbers("a", current)]),
            |c| {
                c.monitoring.distribution.perform_comparison = false;
            },
        );
        verdict
            .findings
            .iter()
            .find(|finding| finding.check == CheckKind::Drift)
            .map(|finding| finding.severity)
    };
    // A large effect and enough rows.
    assert_eq!(
        house((0..2000).map(|i| f64::from(i) * 0.7).collect()),
        Some(Severity::Violation)
    );
    // Certain but too small to matter: every value moved by 1.5 % of the range.
    assert_eq!(house((0..2000).map(|i| f64::from(i) + 30.0).collect()), None);
    // Large in PSI, by chance of a few rows: 31 rows of the first nine tenths.
    assert_eq!(house((0..31).map(|i| f64::from(i) * 60.0).collect()), None);
    // Too few rows to say anything.
    assert_eq!(house(vec![5.0; 29]), None);
}

#[test]
fn evidence_is_adjusted_for_the_number_of_columns() {
    // Every row has moved by a twentieth of the range: the column's p is 0.0015 (make_reference.py), within the 1/90 of one
    // day's run alone, not among forty columns.
    let baseline = |n: usize| data((0..n).map(|i| numbers(&format!("c{i}"), ramp(400))).collect());
    let moved = || (0..400).map(|i| f64::from(i) + 20.0).collect::<Vec<f64>>();
    let current = |n: usize| {
        data(
            (0..n)
                .map(|i| numbers(&format!("c{i}"), if i == 0 { moved() } else { ramp(400) }))
                .collect(),
        )
    };
    let drifted = |n: usize| {
        let verdict = judged_with(&baseline(n), &current(n), |_| {});
        ids(&verdict).contains(&"drift/c0".to_owned())
    };
    assert!(drifted(1));
    assert!(!drifted(40));
}

#[test]
fn a_sketched_baseline_widens_bounds_and_p_values() {
    let baseline = data(vec![numbers("a", ramp(1000))]);
    let current = data(vec![numbers(
        "a",
        (0..1000).map(|i| f64::from(i) + 60.0).collect(),
    )]);
    let constraints = suggest(&baseline).constraints;
    let measured = |evidence: &[Evidence]| {
        let view = BaselineView {
            constraints: &constraints,
            summary: Some(&baseline),
            evidence,
            house_edges: None,
            calibration: None,
        };
        let verdict = judge(&current, &view, run(), &Policy::default());
        let found = verdict.columns[0]
            .measured
            .iter()
            .find(|found| found.method == Method::KolmogorovSmirnov);
        found.unwrap().outcome.clone().unwrap()
    };
    let (counted, sketched) = (measured(&[]), measured(&[Evidence::Sketch { rank_error: 0.05 }]));
    assert_eq!(counted.statistic, sketched.statistic);
    assert_eq!((counted.error_bound, sketched.error_bound), (None, Some(0.05)));
    assert!(sketched.p_value > counted.p_value);
}

#[test]
fn a_changed_type_without_a_type_violation_is_a_warning() {
    let mut current = numbers("s", ramp(50));
    current.categorical = texts("s", &[("x", 50)]).categorical;
    let verdict = judged(vec![texts("s", &[("x", 50)])], vec![current]);
    assert_eq!(ids(&verdict), ["type_change/s"]);
    assert_eq!(
        description(&verdict, "type_change/s"),
        "the column is Integral, in the baseline it is String"
    );
}

#[test]
fn new_missing_values_are_told_where_completeness_allows_them() {
    let mut current = numbers("a", ramp(100));
    current.counts.n_missing = 1;
    let baseline = data(vec![numbers("a", ramp(100))]);
    let verdict = judged_with(&baseline, &data(vec![current]), |constraints| {
        constraints.features[0].completeness = Some(0.5);
    });
    assert_eq!(ids(&verdict), ["new_missing_values/a"]);
    assert_eq!(verdict.status, Status::Pass);
}

#[test]
fn rejects_are_judged_by_their_share() {
    let baseline = data(vec![numbers("a", ramp(100))]);
    let check = |rejected: u64, expect: Option<Severity>| {
        let constraints = suggest(&baseline).constraints;
        let view = BaselineView {
            constraints: &constraints,
            summary: Some(&baseline),
            evidence: &[],
            house_edges: None,
            calibration: None,
        };
        let records = Records {
            lines: 1000,
            decoded: 1000 - rejected,
            rejected,
            ..Records::default()
        };
        let verdict = judge(
            &baseline,
            &view,
            Run {
                records,
                ..Run::default()
            },
            &Policy::default(),
        );
        assert_eq!(verdict.findings.first().map(|finding| finding.severity), expect);
    };
    check(0, None);
    check(10, None);
    check(11, Some(Severity::Warning));
    check(100, Some(Severity::Warning));
    check(101, Some(Severity::Violation));
}

#[test]
fn chance_alone_sets_the_limit_of_psi_where_rows_are_few() {
    let baseline = data(vec![numbers("a", ramp(1000))]);
    let limit = |n: usize| {
        let current = data(vec![numbers(
            "a",
            (0..n).map(|i| (i * 1000 / n) as f64).collect(),
        )]);
        let verdict = judged_with(&baseline, &current, |_| {});
        let psi = verdict.columns[0]
            .measured
            .iter()
            .find(|found| found.method == Method::Psi)
            .unwrap();
        psi_limit(psi.outcome.as_ref().unwrap(), 0.1)
    };
    // scipy 1.17.1: (1 / 1000 + 1 / 50) * scipy.stats.chi2.ppf(0.95, 9)
    assert!(tolerance::agrees(
        limit(50),
        0.3552985296970294,
        tolerance::STATISTIC
    ));
    assert_eq!(limit(1000), 0.1);
}

#[test]
fn identifiers_have_no_distribution_to_drift() {
    let ids_from = |first: u64| {
        let names: Vec<String> = (first..first + 200).map(|i| format!("user-{i}")).collect();
        let counts: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        data(vec![texts("user", &counts)])
    };
    let verdict = judged_with(&ids_from(0), &ids_from(500), |_| {});
    assert_eq!((verdict.status, ids(&verdict)), (Status::Pass, vec![]));
    assert!(skipped(&verdict, CheckKind::Drift, Some("user")).contains("identifier"));
    assert!(skipped(&verdict, CheckKind::UnseenCategories, Some("user")).contains("new ones are expected"));
}

#[test]
fn a_baseline_without_a_histogram_says_so() {
    let mut unlisted = texts("s", &[]);
    unlisted.counts.n_text = 500;
    unlisted.inferred_type = InferredType::String;
    unlisted.categorical = Some(CategoricalSummary {
        n: 500,
        distinct: Distinct::Estimated(150),
        counts: Vec::new(),
        n_other: 500,
        complete: false,
    });
    let verdict = judged(vec![unlisted], vec![texts("s", &[("x", 100)])]);
    assert_eq!(ids(&verdict), [""; 0]);
    for check in [CheckKind::BaselineDrift, CheckKind::Drift] {
        assert!(skipped(&verdict, check, Some("s")).contains("no histogram"));
    }
}
