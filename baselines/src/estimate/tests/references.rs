//! Numbers of NannyML, scikit-learn and SciPy on small tables, from the project's own reference file.

use serde_json::Value;

use super::SEED;
use crate::estimate::calibration::needs_calibration;
use crate::estimate::shuffle::{RandomState, stratified_splits};
use crate::estimate::{
    BinaryCbpe, BinaryReference, BinaryWindow, BusinessValue, CalibrationTest, ClassificationMetric,
    Estimate, Isotonic, MulticlassCbpe, MulticlassReference, MulticlassWindow, ValueNormalisation,
    concept_drift, rank,
};

/// Both sides add the same doubles in another order.
const SAME: f64 = 1e-9;

fn reference() -> Value {
    serde_json::from_str(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/estimate/estimate.json"
    )))
    .unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

fn flags(value: &Value) -> Vec<bool> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64() == Some(1.0))
        .collect()
}

fn indices(value: &Value) -> Vec<usize> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_u64().unwrap() as usize)
        .collect()
}

fn agree(name: &str, found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= SAME * expected.abs().max(1.0),
        "{name}: {found} against {expected}"
    );
}

/// Value, sampling error, lower and upper end.
fn agrees(name: &str, found: &Estimate, expected: &Value) {
    let expected = numbers(expected);
    agree(name, found.value, expected[0]);
    agree(name, found.sampling_error.unwrap(), expected[1]);
    agree(name, found.low.unwrap(), expected[2]);
    agree(name, found.high.unwrap(), expected[3]);
}

const NAMES: [(ClassificationMetric, &str); 6] = [
    (ClassificationMetric::RocAuc, "roc_auc"),
    (ClassificationMetric::F1, "f1"),
    (ClassificationMetric::Precision, "precision"),
    (ClassificationMetric::Recall, "recall"),
    (ClassificationMetric::Specificity, "specificity"),
    (ClassificationMetric::Accuracy, "accuracy"),
];

// numpy 2.4.6: MT19937()._legacy_seeding(42).random_raw(5); RandomState(42).permutation(20)
#[test]
fn the_generator_is_numpys() {
    let reference = reference();
    let mut generator = RandomState::new(42);
    for expected in reference["mt19937_first"].as_array().unwrap() {
        assert_eq!(u64::from(generator.next_u32()), expected.as_u64().unwrap());
    }
    assert_eq!(
        RandomState::new(42).permutation(20),
        indices(&reference["permutation_20"])
    );
}

// scikit-learn 1.9.1: StratifiedShuffleSplit(n_splits=10, test_size=0.1, random_state=42).split(zeros(47), y)
#[test]
fn the_splits_are_scikit_learns() {
    let label: Vec<bool> = (0..47).map(|row| row % 3 == 0).collect();
    let found = stratified_splits(&label);
    let reference = reference();
    let expected = reference["splits_47"].as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.train, indices(&expected["train"]));
        assert_eq!(found.test, indices(&expected["test"]));
    }
}

// scikit-learn 1.9.1: IsotonicRegression(out_of_bounds="clip").fit(score, label).predict(at)
#[test]
fn isotonic_regression_is_scikit_learns() {
    let case = &reference()["isotonic"];
    let fitted = Isotonic::fit(&numbers(&case["score"]), &flags(&case["label"])).unwrap();
    for (at, expected) in numbers(&case["at"]).into_iter().zip(numbers(&case["expected"])) {
        agree("isotonic", fitted.predict(at), expected);
    }
}

// nannyml 0.13.1: calibration.needs_calibration(y, p, IsotonicCalibrator())
#[test]
fn the_decision_to_calibrate_is_nannymls() {
    let reference = reference();
    let mut decisions = Vec::new();
    for case in reference["decisions"].as_array().unwrap() {
        let expected = case["needs_calibration"].as_bool().unwrap();
        let label = flags(&case["label"]);
        assert_eq!(
            needs_calibration(&numbers(&case["score"]), &label),
            expected,
            "{} rows",
            label.len()
        );
        decisions.push(expected);
    }
    assert!(
        decisions.contains(&true) && decisions.contains(&false),
        "both answers must occur"
    );
}

// scikit-learn 1.9.1: roc_auc_score(label, score), average_precision_score(label, score), scores with ties
#[test]
fn ranking_metrics_of_labels_are_scikit_learns() {
    let case = &reference()["ranking"];
    let (score, label) = (numbers(&case["score"]), flags(&case["label"]));
    agree(
        "auc",
        rank::roc_auc(&score, &label).unwrap(),
        case["auc"].as_f64().unwrap(),
    );
    let mut ascending = rank::descending(&score);
    ascending.reverse();
    let found = rank::average_precision(&ascending, &score, &label, &vec![1; score.len()]).unwrap();
    agree(
        "average precision",
        found,
        case["average_precision"].as_f64().unwrap(),
    );
}

// nannyml 0.13.1: CBPE(problem_type="classification_binary", chunk_number=1, …).fit(A).estimate(B)
#[test]
fn binary_estimates_are_nannymls() {
    let case = &reference()["binary"];
    let (a, b) = (&case["baseline"], &case["window"]);
    let (label, prediction) = (flags(&a["y"]), flags(&a["yhat"]));
    let reference = BinaryReference {
        label: &label,
        prediction: &prediction,
        probability: &numbers(&a["p"]),
    };
    let fitted = BinaryCbpe::fit(reference, SEED).unwrap();
    assert_eq!(
        fitted.calibration.is_active(),
        case["needs_calibration"].as_bool().unwrap()
    );
    let (prediction, probability) = (flags(&b["yhat"]), numbers(&b["p"]));
    let window = BinaryWindow {
        prediction: &prediction,
        probability: &probability,
    };
    let found = fitted.estimate(window).unwrap();
    let expected = &case["expected"];
    for (metric, name) in NAMES {
        agrees(name, found.metrics[&metric].as_ref().unwrap(), &expected[name]);
    }
    let precision = found.metrics[&ClassificationMetric::AveragePrecision]
        .as_ref()
        .unwrap();
    agree(
        "average precision",
        precision.value,
        case["average_precision"].as_f64().unwrap(),
    );
    let cells = &found.confusion_matrix.rows_actual;
    for (cell, name) in [
        (&cells[0][0], "true_negative"),
        (&cells[0][1], "false_positive"),
        (&cells[1][0], "false_negative"),
        (&cells[1][1], "true_positive"),
    ] {
        agrees(name, cell, &expected[name]);
    }
    let rows_actual: Vec<Vec<f64>> = case["value_matrix"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    let value = |normalisation| {
        let value = BusinessValue {
            rows_actual: rows_actual.clone(),
            normalisation,
        };
        fitted.estimate_value(window, &value).unwrap()
    };
    agrees(
        "value",
        &value(ValueNormalisation::Total),
        &expected["business_value"],
    );
    agrees(
        "value per prediction",
        &value(ValueNormalisation::PerPredictedClass),
        &case["business_value_per_prediction"],
    );
    let (total, per_row) = (
        value(ValueNormalisation::Total),
        value(ValueNormalisation::PerRow),
    );
    agree("value per row", per_row.value * found.n_rows as f64, total.value);
}

// nannyml 0.13.1: CBPE(problem_type="classification_multiclass", chunk_number=1, …).fit(A).estimate(B)
#[test]
fn multiclass_estimates_are_nannymls() {
    let case = &reference()["multiclass"];
    let class = |value: &Value| -> Vec<usize> {
        let names = value
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap());
        names.map(|name| name[1..].parse().unwrap()).collect()
    };
    let scores = |table: &Value| -> Vec<f64> {
        let columns = ["p0", "p1", "p2"].map(|name| numbers(&table[name]));
        (0..columns[0].len())
            .flat_map(|row| columns.each_ref().map(|column| column[row]))
            .collect()
    };
    let (a, b) = (&case["baseline"], &case["window"]);
    let fitted = MulticlassCbpe::fit(
        MulticlassReference {
            classes: 3,
            label: &class(&a["y"]),
            prediction: &class(&a["yhat"]),
            probability: &scores(a),
        },
        SEED,
    )
    .unwrap();
    let (prediction, probability) = (class(&b["yhat"]), scores(b));
    let window = MulticlassWindow {
        prediction: &prediction,
        probability: &probability,
    };
    let found = fitted.estimate(window).unwrap();
    let expected = &case["expected"];
    for (metric, name) in NAMES {
        agrees(name, found.metrics[&metric].as_ref().unwrap(), &expected[name]);
    }
    let precision = found.metrics[&ClassificationMetric::AveragePrecision]
        .as_ref()
        .unwrap();
    agree(
        "average precision",
        precision.value,
        case["average_precision"].as_f64().unwrap(),
    );
    for (actual, row) in found.confusion_matrix.rows_actual.iter().enumerate() {
        for (predicted, cell) in row.iter().enumerate() {
            let name = format!("true_c{actual}_pred_c{predicted}");
            agrees(&name, cell, &expected[&name]);
        }
    }
    let rows_actual: Vec<Vec<f64>> = case["value_matrix"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    let value = BusinessValue {
        rows_actual,
        normalisation: ValueNormalisation::Total,
    };
    agrees(
        "value",
        &fitted.estimate_value(window, &value).unwrap(),
        &expected["business_value"],
    );
}

// numpy 2.4.6 and scipy.stats 1.17.1 by the formulas of make_estimate.py
#[test]
fn calibration_tests_are_their_formulas() {
    let reference = reference();
    for case in reference["calibration_tests"].as_array().unwrap() {
        let found = concept_drift(&numbers(&case["probability"]), &flags(&case["label"]), None).unwrap();
        for test in found.tests.iter().map(|test| test.unwrap()) {
            let name = match test.test {
                CalibrationTest::Spiegelhalter => "spiegelhalter",
                CalibrationTest::HosmerLemeshow => "hosmer_lemeshow",
                CalibrationTest::InTheLarge => "in_the_large",
            };
            let expected = numbers(&case[name]);
            agree(name, test.statistic, expected[0]);
            agree(name, test.p_value, expected[1]);
        }
    }
}
