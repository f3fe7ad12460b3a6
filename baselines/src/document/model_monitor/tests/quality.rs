//! Model-quality files made of results: names, schemas, sentences, and AWS's own run.

use super::*;
use crate::document::java_double;
use crate::quality::{
    BinaryRows, BinarySettings, BinaryState, Classes, Coverage, MulticlassRows, MulticlassState, Problem,
    QualityConvention, QualityOptions, QualityPolicy, QualityResult, RegressionRows, RegressionState,
    judge_quality, suggest_constraints,
};

fn binary_result(rows: &[(bool, bool, f64)]) -> QualityResult {
    let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
    let predicted: Vec<bool> = rows.iter().map(|row| row.1).collect();
    let scores: Vec<f64> = rows.iter().map(|row| row.2).collect();
    let mut state = BinaryState::new(BinarySettings::default());
    state
        .update(&BinaryRows {
            labels: &labels,
            predicted: Some(&predicted),
            scores: Some(&scores),
            weights: None,
        })
        .unwrap();
    state.finish(&QualityOptions::default()).unwrap()
}

fn some_rows() -> Vec<(bool, bool, f64)> {
    (0..240u32)
        .map(|row| {
            let score = f64::from(row * 37 % 101) / 101.0;
            (row % 3 == 0 || score > 0.8, score >= 0.5, score)
        })
        .collect()
}

const THEIR_METRICS: [&str; 11] = [
    "recall",
    "precision",
    "accuracy",
    "true_positive_rate",
    "true_negative_rate",
    "false_positive_rate",
    "false_negative_rate",
    "auc",
    "f0_5",
    "f1",
    "f2",
];

#[test]
fn files_of_a_binary_result_have_their_names_and_fit_the_schemas() {
    let result = binary_result(&some_rows());
    let statistics = Statistics::of_quality(&result, Some("2026-11-21T00:00:00Z"));
    let bytes = statistics.to_bytes().unwrap();
    check_schema("model_quality_statistics", &bytes);
    assert_eq!(Statistics::from_bytes(&bytes).unwrap(), statistics);
    let metrics = statistics.binary_classification_metrics.as_ref().unwrap();
    let constants = ["recall", "precision", "accuracy", "f0_5", "f1", "f2"]
        .map(|name| format!("{name}_best_constant_classifier"));
    let mut expected: Vec<String> = THEIR_METRICS
        .iter()
        .map(|name| (*name).to_owned())
        .chain(constants)
        .collect();
    expected.sort();
    assert_eq!(metrics.metrics.keys().cloned().collect::<Vec<_>>(), expected);
    for metric in metrics.metrics.values() {
        assert!(metric.standard_deviation.unwrap().number().is_some());
    }
    let roc = metrics.receiver_operating_characteristic_curve.as_ref().unwrap();
    assert_eq!(
        roc.keys().collect::<Vec<_>>(),
        ["false_positive_rates", "true_positive_rates"]
    );
    let (problem, values) = quality_values(&statistics).unwrap();
    assert_eq!(
        (problem, values["f0.5"]),
        (Problem::Binary, result.metrics["f0.5"].value)
    );

    let constraints = suggest_constraints(&result);
    let bytes = ConstraintsFile::from(&constraints).to_bytes().unwrap();
    check_schema("model_quality_constraints", &bytes);
    let file = ConstraintsFile::from_bytes(&bytes).unwrap();
    let names: Vec<&String> = file
        .binary_classification_constraints
        .as_ref()
        .unwrap()
        .keys()
        .collect();
    let mut expected = THEIR_METRICS;
    expected.sort_unstable();
    assert_eq!(names, expected);
    let loaded = file.clone().into_quality(Some(&result)).unwrap();
    assert_eq!(loaded.constraints, constraints);
    assert_eq!(loaded.without_threshold, [""; 0]);
    let alone = file.into_quality(None).unwrap();
    assert!(
        alone
            .constraints
            .metrics
            .values()
            .all(|constraint| constraint.baseline.is_none())
    );
}

#[test]
fn a_short_window_has_no_standard_deviation() {
    let result = binary_result(&some_rows()[..100]);
    let text = String::from_utf8(Statistics::of_quality(&result, None).to_bytes().unwrap()).unwrap();
    assert!(text.contains("\"standard_deviation\" : \"NaN\""));
    assert!(!text.contains("evaluation_time"));
}

#[test]
fn violations_have_their_sentence() {
    let good = binary_result(&some_rows());
    let constraints = suggest_constraints(&good);
    let worse: Vec<_> = some_rows()
        .into_iter()
        .map(|(label, predicted, score)| (!label, predicted, score))
        .collect();
    let worse = binary_result(&worse);
    let coverage = Coverage {
        n_predictions: 240,
        n_labelled: 240,
    };
    let policy = QualityPolicy {
        convention: QualityConvention::Sagemaker,
        ..QualityPolicy::default()
    };
    let violations = Violations::from(&judge_quality(&worse, &constraints, coverage, &policy));
    check_schema("model_quality_violations", &violations.to_bytes().unwrap());
    let of = |name: &str| {
        let wanted = |violation: &&Violation| violation.metric_name.as_deref() == Some(name);
        violations
            .violations
            .iter()
            .find(wanted)
            .unwrap_or_else(|| panic!("{name}"))
    };
    let auc = of("auc");
    let (value, deviation) = (worse.metrics["auc"].value, worse.standard_deviations["auc"]);
    let threshold = constraints.metrics["auc"].threshold;
    assert_eq!(auc.constraint_check_type, "LessThanThreshold");
    assert_eq!(
        auc.description,
        format!(
            "Metric auc with {value:?} +/- {} was LessThanThreshold '{threshold:?}'",
            java_double(deviation)
        )
    );
    assert_eq!(
        of("falsePositiveRate").constraint_check_type,
        "GreaterThanThreshold"
    );
    assert!(auc.feature_name.is_none());
    let same = judge_quality(&good, &constraints, coverage, &policy);
    assert_eq!(Violations::from(&same).violations, []);
}

#[test]
fn other_problems_have_their_own_keys() {
    let labels: Vec<f64> = (0..50).map(f64::from).collect();
    let predicted: Vec<f64> = labels.iter().map(|label| label + (label * 7.0) % 5.0).collect();
    let mut state = RegressionState::new();
    state
        .update(&RegressionRows {
            labels: &labels,
            predicted: &predicted,
            weights: None,
        })
        .unwrap();
    let result = state.finish(&QualityOptions::default()).unwrap();
    let statistics = Statistics::of_quality(&result, None);
    check_schema("model_quality_statistics", &statistics.to_bytes().unwrap());
    let names: Vec<&String> = statistics.regression_metrics.as_ref().unwrap().keys().collect();
    assert_eq!(names, ["mae", "mse", "r2", "rmse"]);
    let file = ConstraintsFile::from(&suggest_constraints(&result));
    check_schema("model_quality_constraints", &file.to_bytes().unwrap());
    assert_eq!(
        file.into_quality(None).unwrap().constraints.problem,
        Problem::Regression
    );

    let names: Vec<&str> = (0..60).map(|row| ["a", "b", "c"][row % 3]).collect();
    let guessed: Vec<&str> = (0..60).map(|row| ["a", "b", "c"][row * row % 3]).collect();
    let mut state = MulticlassState::new(Classes::Found).unwrap();
    let rows = MulticlassRows {
        labels: &names,
        predicted: Some(&guessed),
        ..MulticlassRows::default()
    };
    state.update(&rows).unwrap();
    let result = state.finish(&QualityOptions::default()).unwrap();
    let statistics = Statistics::of_quality(&result, None);
    check_schema("model_quality_statistics", &statistics.to_bytes().unwrap());
    let metrics = statistics.multiclass_classification_metrics.unwrap();
    for name in [
        "accuracy",
        "weighted_recall",
        "weighted_precision",
        "weighted_f0_5",
        "weighted_f1",
        "weighted_f2",
    ] {
        assert!(metrics.metrics.contains_key(name), "{name}");
        assert!(
            metrics
                .metrics
                .contains_key(&format!("{name}_best_constant_classifier")),
            "{name}"
        );
    }
    assert_eq!(metrics.confusion_matrix.unwrap()["a"]["a"], 20);
}

#[test]
fn constraints_that_cannot_be_used() {
    let text = br#"{"version":0.0,"regression_constraints":{"mae":{"threshold":"NaN","comparison_operator":"GreaterThanThreshold"},
        "r2":{"threshold":0.5,"comparison_operator":"LessThanThreshold"}}}"#;
    let loaded = ConstraintsFile::from_bytes(text)
        .unwrap()
        .into_quality(None)
        .unwrap();
    assert_eq!(loaded.without_threshold, ["mae"]);
    assert_eq!(loaded.constraints.metrics.len(), 1);
    let text = br#"{"regression_constraints":{"mae":{"threshold":1.0,"comparison_operator":"EqualTo"}}}"#;
    let error = ConstraintsFile::from_bytes(text)
        .unwrap()
        .into_quality(None)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "constraints.json is not usable at `regression_constraints.mae.comparison_operator`: expected \
         `LessThanThreshold` or `GreaterThanThreshold`"
    );
    let data_quality = ConstraintsFile::from_bytes(&own("constraints_2021.json")).unwrap();
    assert!(data_quality.into_quality(None).is_err());
}

/// G5 of the contract (§4.5): the metrics AWS's container made of its own churn validation set.
#[test]
fn g5_is_the_run_of_model_monitor() {
    let Some(bytes) = shared("churn/validation_with_predictions.csv") else {
        return;
    };
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let position = |name: &str| header.iter().position(|found| *found == name).unwrap();
    let (probability, prediction, label) =
        (position("probability"), position("prediction"), position("label"));
    let rows: Vec<(bool, bool, f64)> = lines
        .map(|line| {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.trim().parse().unwrap()).collect();
            (cells[label] == 1.0, cells[prediction] == 1.0, cells[probability])
        })
        .collect();
    let result = binary_result(&rows);
    assert_eq!(
        result.confusion_matrix.as_ref().unwrap().rows_actual,
        [[173, 0], [12, 16]]
    );
    for (name, expected) in [
        ("recall", 0.5714285714285714),
        ("true_positive_rate", 0.5714285714285714),
        ("precision", 1.0),
        ("accuracy", 0.9402985074626866),
        ("true_negative_rate", 1.0),
        ("false_positive_rate", 0.0),
        ("false_negative_rate", 0.4285714285714286),
        ("f0.5", 0.8695652173913042),
        ("f1", 0.7272727272727273),
        ("f2", 0.625),
        ("auc", 0.9395127993393889),
    ] {
        let found = result.metrics[name].value;
        assert!(
            tolerance::agrees(found, expected, tolerance::STATISTIC),
            "{name}: {found}"
        );
    }
    for (name, expected) in [("accuracy", 0.860697), ("recall", 0.0), ("precision", 0.0)] {
        let found = result.best_constant_classifier[name];
        assert!((found - expected).abs() < 1e-6, "{name}: {found}");
    }
}
