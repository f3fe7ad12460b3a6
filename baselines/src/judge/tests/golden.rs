//! G2 and G6: real baselines and windows with the verdict of AWS's own container.
//!
//! The files lie beside the project; without them these tests say so.

use std::path::PathBuf;

use super::*;
use crate::document::model_monitor::tests::summarize_csv;

fn shared(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/model-monitor");
    let found = std::fs::read(folder.join(name));
    if found.is_err() {
        println!("skipped: {name} is not beside the project");
    }
    found.ok()
}

struct Golden {
    verdict: Verdict,
    theirs: Vec<Violation>,
}

/// G2: a real baseline of 3,000 rows and a real window of 18, with AWS's own verdict. As in that run, the constraints
/// have `label` edited to Fractional. The live statistics give c and d as Fractional; which of their 18 cells are
/// whole numbers is read from the sketch, which holds all of them.
fn golden_g2(policy: &Policy) -> Option<Golden> {
    let file = |name: &str| shared(&format!("packt-run/{name}"));
    let loaded = |bytes: &[u8]| Statistics::from_bytes(bytes).unwrap().into_summary().unwrap();
    let LoadedStatistics {
        summary: baseline,
        evidence,
    } = loaded(&file("statistics.json")?);
    let LoadedStatistics {
        summary: mut current,
        evidence: live,
    } = loaded(&file("live_statistics.json")?);
    assert!(live.iter().all(|evidence| *evidence == Evidence::Counted));
    for column in &mut current.columns {
        let points = &column.numeric.as_ref().unwrap().points;
        let whole = points
            .values
            .iter()
            .zip(&points.weights)
            .filter(|(value, _)| value.fract() == 0.0);
        column.counts.n_integral = whole.map(|(_, weight)| weight).sum();
        column.counts.n_fractional = points.n() - column.counts.n_integral;
    }
    let constraints = ConstraintsFile::from_bytes(&file("constraints.json")?).unwrap();
    let mut constraints = constraints.into_constraints().unwrap();
    assert_eq!(constraints.features[0].name, "label");
    constraints.features[0].inferred_type = InferredType::Fractional;
    let view = BaselineView {
        constraints: &constraints,
        summary: Some(&baseline),
        evidence: &evidence,
        house_edges: None,
        calibration: None,
    };
    let verdict = judge(&current, &view, run(), policy);
    let theirs = Violations::from_bytes(&file("constraint_violations.json")?)
        .unwrap()
        .violations;
    Some(Golden { verdict, theirs })
}

#[test]
fn g2_types_are_violated_in_model_monitors_words() {
    let Some(Golden { verdict, mut theirs }) = golden_g2(&Policy::default()) else {
        return;
    };
    let mut ours = Violations::from(&verdict).violations;
    ours.retain(|violation| violation.constraint_check_type == "data_type_check");
    // Their order is not the column order; ours is.
    theirs.sort_by(|left, right| left.feature_name.cmp(&right.feature_name));
    assert_eq!(ours, theirs);
}

/// The compatible mode says what AWS's container said: two violations, no drift, with the baseline's own sketch and with
/// one made from its points.
#[test]
fn g2_compatible_verdict_has_their_two_violations_and_no_other() {
    let Some(bytes) = shared("packt-run/statistics.json") else {
        return;
    };
    let baseline_rank_maps = Statistics::from_bytes(&bytes).unwrap().rank_maps();
    assert_eq!(baseline_rank_maps.len(), 5);
    let with_sketch = Policy {
        compat: Some(SagemakerCompat { baseline_rank_maps }),
        ..Policy::default()
    };
    for policy in [with_sketch, Policy::sagemaker()] {
        let Some(Golden { verdict, mut theirs }) = golden_g2(&policy) else {
            return;
        };
        theirs.sort_by(|left, right| left.feature_name.cmp(&right.feature_name));
        assert_eq!(Violations::from(&verdict).violations, theirs);
        assert_eq!(verdict.findings.len(), 2, "{:?}", verdict.findings);
        assert_eq!(verdict.judged.choices["compat"], "sagemaker");
    }
}

/// The documented difference: correct Robust distances of a, b, c and d pass 0.1, and Model Monitor flagged none
/// (contract §3.4). Numbers from both files' sketches with numpy 2.4.6: `F = [w[v <= x].sum() for x in grid] / w.sum()`
/// on both sides, `abs(F - G).max() - 1.8 * sqrt((n + m) / (n * m))`; the label's is 0.0751.
#[test]
fn g2_drift_is_found_where_model_monitor_is_silent() {
    let Some(Golden { verdict, .. }) = golden_g2(&Policy::default()) else {
        return;
    };
    let distance = |column: &str| {
        let id = format!("baseline_drift_check/{column}");
        verdict
            .findings
            .iter()
            .find(|finding| finding.id() == id)
            .map(|finding| finding.value)
    };
    for (column, expect) in [
        ("a", 0.38179837589740184),
        ("b", 0.22779837589740182),
        ("c", 0.5217983758974019),
        ("d", 0.3394650425640685),
    ] {
        assert!(
            tolerance::agrees(distance(column).unwrap(), expect, tolerance::STATISTIC),
            "{column}"
        );
    }
    assert_eq!(distance("label"), None);
    let types = Violations::from(&verdict)
        .violations
        .iter()
        .filter(|v| v.constraint_check_type == "data_type_check")
        .count();
    assert_eq!(types, 2);
    // 18 rows are fewer than the house's 30: no house drift, and it says so.
    assert!(skipped(&verdict, CheckKind::Drift, Some("a")).contains("too few"));
}

/// G6: 7 of 1,977 cells are no whole numbers, and none of the predictions is (nb-outputs/churn_first10_violations.csv).
#[test]
fn g6_percentages_are_printed_as_java_prints_them() {
    let baseline = vec![numbers("State_NV", ramp(2)), numbers("Churn", ramp(2))];
    let mut state = column(
        "State_NV",
        CellCounts {
            n_integral: 1970,
            n_text: 7,
            ..CellCounts::default()
        },
    );
    state.inferred_type = InferredType::String;
    let churn = column(
        "Churn",
        CellCounts {
            n_fractional: 1977,
            ..CellCounts::default()
        },
    );
    let verdict = judged(baseline, vec![state, churn]);
    assert_eq!(
        description(&verdict, "data_type_check/State_NV"),
        "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. Observed: Only \
         99.64592817400101% of data is Integral."
    );
    assert_eq!(
        description(&verdict, "data_type_check/Churn"),
        "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. Observed: Only \
         0.0% of data is Integral."
    );
}

/// AWS's own baseline against the very table it was made from: everything passes, and the distance that its sketch
/// makes up is inside the sketch's rank error.
#[test]
fn g1_a_real_baseline_accepts_the_table_it_was_made_from() {
    let file = |name: &str| shared(&format!("ox-cardio/{name}"));
    let (Some(csv), Some(statistics), Some(constraints)) = (
        file("cardio_cleaned.csv"),
        file("statistics.json"),
        file("constraints.json"),
    ) else {
        return;
    };
    let mut current = summarize_csv(csv);
    let LoadedStatistics {
        summary: baseline,
        evidence,
    } = Statistics::from_bytes(&statistics)
        .unwrap()
        .into_summary()
        .unwrap();
    let mut constraints = ConstraintsFile::from_bytes(&constraints)
        .unwrap()
        .into_constraints()
        .unwrap();
    // The other columns of the baseline were derived, and height and weight replaced: their table is not at hand.
    current
        .columns
        .retain(|column| constraints.feature(&column.name).is_some());
    constraints
        .features
        .retain(|feature| current.columns.iter().any(|column| column.name == feature.name));
    let kept: Vec<bool> = baseline
        .columns
        .iter()
        .map(|column| constraints.feature(&column.name).is_some())
        .collect();
    let evidence: Vec<Evidence> = evidence
        .into_iter()
        .zip(&kept)
        .filter(|(_, kept)| **kept)
        .map(|(evidence, _)| evidence)
        .collect();
    let columns = baseline
        .columns
        .into_iter()
        .zip(&kept)
        .filter(|(_, kept)| **kept)
        .map(|(column, _)| column);
    let baseline = DatasetSummary {
        n_rows: baseline.n_rows,
        columns: columns.collect(),
    };
    let view = BaselineView {
        constraints: &constraints,
        summary: Some(&baseline),
        evidence: &evidence,
        house_edges: None,
        calibration: None,
    };
    let verdict = judge(&current, &view, run(), &Policy::default());
    assert_eq!((verdict.status, ids(&verdict)), (Status::Pass, vec![]));
    assert_eq!(verdict.columns.len(), 12);
    for column in &verdict.columns {
        assert_eq!(column.baseline_evidence, "kll_sketch");
        let ks = column
            .measured
            .iter()
            .find(|found| found.method == Method::KolmogorovSmirnov)
            .unwrap();
        let ks = ks.outcome.as_ref().unwrap();
        assert!(
            ks.statistic <= ks.error_bound.unwrap(),
            "{}: {}",
            column.name,
            ks.statistic
        );
        assert_eq!(ks.p_value, Some(1.0));
    }
}
