//! What holds on any data, and what is answered at the edges.

use proptest::prelude::*;

use super::SEED;
use crate::compare::NotComputable;
use crate::document::estimate::{EstimatorDocument, from_bytes, to_bytes};
use crate::estimate::{
    BinaryCbpe, BinaryReference, BinaryWindow, Calibration, ClassificationEstimates, ClassificationMetric,
    Dle, Estimate, Feature, Isotonic, MulticlassCbpe, MulticlassReference, RegressionMetric,
    RegressionReference, RegressionWindow, concept_drift, estimate_error,
};

/// Scores on a coarse grid, so that ties are common, and labels that follow them loosely.
fn labelled_rows() -> impl Strategy<Value = Vec<(f64, bool, bool)>> {
    proptest::collection::vec((0u32..=40, 0u32..100), 60..200).prop_map(|rows| {
        let mut rows: Vec<(f64, bool, bool)> = rows
            .into_iter()
            .map(|(score, lot)| (f64::from(score) / 40.0, lot < score * 2 + 10, score > 20))
            .collect();
        rows.extend([
            (0.1, false, false),
            (0.2, false, true),
            (0.8, true, true),
            (0.9, true, false),
        ]);
        rows
    })
}

fn fit(rows: &[(f64, bool, bool)]) -> BinaryCbpe {
    let (probability, label, prediction) = columns(rows);
    BinaryCbpe::fit(
        BinaryReference {
            label: &label,
            prediction: &prediction,
            probability: &probability,
        },
        SEED,
    )
    .unwrap()
}

fn columns(rows: &[(f64, bool, bool)]) -> (Vec<f64>, Vec<bool>, Vec<bool>) {
    let probability = rows.iter().map(|row| row.0).collect();
    let (label, prediction) = rows.iter().map(|row| (row.1, row.2)).unzip();
    (probability, label, prediction)
}

fn estimate(fitted: &BinaryCbpe, rows: &[(f64, bool, bool)]) -> ClassificationEstimates {
    let (probability, _, prediction) = columns(rows);
    fitted
        .estimate(BinaryWindow {
            prediction: &prediction,
            probability: &probability,
        })
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The order of a window's rows means nothing.
    #[test]
    fn a_window_may_be_permuted(rows in labelled_rows(), rotate in 1usize..50) {
        let fitted = fit(&rows);
        let mut turned = rows.clone();
        turned.rotate_left(rotate);
        turned.reverse();
        let (left, right) = (estimate(&fitted, &rows), estimate(&fitted, &turned));
        for (metric, value) in &left.metrics {
            match (value, &right.metrics[metric]) {
                (Ok(left), Ok(right)) => prop_assert!((left.value - right.value).abs() < 1e-9, "{metric:?}"),
                (left, right) => prop_assert_eq!(left, right),
            }
        }
    }

    /// Rates lie in 0–1 inside their bands; expected cells are not negative and add up to the rows.
    #[test]
    fn estimates_are_possible_values(rows in labelled_rows()) {
        let found = estimate(&fit(&rows), &rows);
        for estimate in found.metrics.values().flatten() {
            prop_assert!((-1e-12..=1.0 + 1e-12).contains(&estimate.value));
            prop_assert!(estimate.low.unwrap() <= estimate.value && estimate.value <= estimate.high.unwrap());
        }
        let cells: Vec<f64> =
            found.confusion_matrix.rows_actual.iter().flatten().map(|cell| cell.value).collect();
        prop_assert!(cells.iter().all(|cell| *cell >= 0.0));
        prop_assert!((cells.iter().sum::<f64>() - rows.len() as f64).abs() < 1e-9);
    }

    /// On the rows it was fitted on, isotonic calibration expects exactly as many positives as there are.
    #[test]
    fn isotonic_calibration_keeps_the_mean(rows in labelled_rows()) {
        let (score, label, _) = columns(&rows);
        let fitted = Isotonic::fit(&score, &label).unwrap();
        let expected: f64 = score.iter().map(|score| fitted.predict(*score)).sum();
        let n_positive = label.iter().filter(|positive| **positive).count() as f64;
        prop_assert!((expected - n_positive).abs() < 1e-9);
        let (x, y) = fitted.knots();
        prop_assert!(x.windows(2).all(|pair| pair[0] < pair[1]) && y.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    /// A stored estimator is the same estimator, and the same bytes again.
    #[test]
    fn documents_round_trip(rows in labelled_rows()) {
        let document = EstimatorDocument::Binary { positive_class: "1".to_owned(), estimator: fit(&rows) };
        let bytes = to_bytes(&document).unwrap();
        let read = from_bytes(&bytes).unwrap();
        prop_assert_eq!(&read, &document);
        prop_assert_eq!(to_bytes(&read).unwrap(), bytes);
    }

    /// Calibration tests do not depend on the order of rows, and are not indifferent to flipped labels.
    #[test]
    fn concept_drift_is_seen_when_labels_flip(rows in labelled_rows()) {
        let n = 400;
        let probability: Vec<f64> = (0..n).map(|row| 0.05 + 0.9 * rows[row % rows.len()].0).collect();
        let label: Vec<bool> = (0..n).map(|row| (row * 37 % 100) as f64 / 100.0 > probability[row]).collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.rotate_left(77);
        let pick = |order: &[usize]| -> (Vec<f64>, Vec<bool>) {
            order.iter().map(|&row| (probability[row], label[row])).unzip()
        };
        let (turned_probability, turned_label) = pick(&order);
        let left = concept_drift(&probability, &label, None).unwrap();
        let right = concept_drift(&turned_probability, &turned_label, None).unwrap();
        prop_assert_eq!(left, right);
    }
}

fn bike_like(n: usize) -> (Vec<f64>, Vec<&'static str>, Vec<f64>, Vec<f64>) {
    let hour: Vec<f64> = (0..n).map(|row| (row * 7 % 24) as f64).collect();
    let day: Vec<&str> = (0..n).map(|row| ["work", "rest"][row / 3 % 2]).collect();
    let prediction: Vec<f64> = hour.iter().map(|hour| 10.0 + hour).collect();
    let scale = |row: usize| if day[row] == "rest" { 1.0 } else { 0.25 };
    let label: Vec<f64> = (0..n)
        .map(|row| prediction[row] + (hour[row] - 8.0) * scale(row))
        .collect();
    (hour, day, label, prediction)
}

fn with_features<T>(hour: &[f64], day: &[&str], then: impl FnOnce(&[Feature<'_>]) -> T) -> T {
    let day: Vec<Option<&str>> = day.iter().map(|day| Some(*day)).collect();
    then(&[Feature::Number(hour), Feature::Category(&day)])
}

fn fit_regression() -> Dle {
    let (hour, day, label, prediction) = bike_like(960);
    with_features(&hour, &day, |features| {
        Dle::fit(RegressionReference {
            features,
            label: &label,
            prediction: &prediction,
        })
        .unwrap()
    })
}

/// A shift of the inputs towards rows with larger errors: errors of the window are known exactly here.
#[test]
fn dle_follows_a_shift_of_the_inputs_and_round_trips() {
    let fitted = fit_regression();
    let (hour, day, label, prediction) = bike_like(960);
    let kept: Vec<usize> = (0..960)
        .filter(|&row| hour[row] >= 18.0 && day[row] == "rest")
        .collect();
    let pick = |column: &[f64]| -> Vec<f64> { kept.iter().map(|&row| column[row]).collect() };
    let (hour, label, prediction) = (pick(&hour), pick(&label), pick(&prediction));
    let day = vec!["rest"; kept.len()];
    let found = with_features(&hour, &day, |features| {
        fitted
            .estimate(RegressionWindow {
                features,
                prediction: &prediction,
            })
            .unwrap()
    });
    let truth: f64 = label
        .iter()
        .zip(&prediction)
        .map(|(y, p)| (y - p).abs())
        .sum::<f64>()
        / label.len() as f64;
    let estimated = found.metrics[&RegressionMetric::Mae].as_ref().unwrap();
    assert!(
        (estimated.value / truth - 1.0).abs() < 0.05,
        "{} against {truth}",
        estimated.value
    );
    assert!(found.metrics.contains_key(&RegressionMetric::Rmsle));

    let document = EstimatorDocument::Regression {
        features: vec!["hour".into(), "day".into()],
        estimator: fitted.clone(),
    };
    let bytes = to_bytes(&document).unwrap();
    assert_eq!(from_bytes(&bytes).unwrap(), document);
    assert_eq!(fit_regression(), fitted, "the same rows give the same model");
}

/// A damaged tree could loop for ever.
#[test]
fn a_tree_that_points_backwards_is_refused() {
    let mut fitted = fit_regression();
    let model = fitted.models.get_mut(&RegressionMetric::Mae).unwrap();
    model.forest.trees[0].left[1] = 0;
    let document = EstimatorDocument::Regression {
        features: vec!["hour".into(), "day".into()],
        estimator: fitted,
    };
    let error = from_bytes(&to_bytes(&document).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "estimate.json is not usable at `models.mae.trees`: nodes that do not make trees"
    );
    let newer = from_bytes(b"{\"version\": \"2\"}").unwrap_err();
    assert_eq!(
        newer.to_string(),
        "estimate.json has version 2, this program reads 1"
    );
}

#[test]
fn unknown_levels_missing_values_and_infinities_have_an_answer() {
    let fitted = fit_regression();
    let day = [Some("holiday"), None, Some("rest")];
    let hour = [f64::NAN, f64::INFINITY, 3.0];
    let features = [Feature::Number(&hour), Feature::Category(&day)];
    let found = fitted
        .estimate(RegressionWindow {
            features: &features,
            prediction: &[1.0, 2.0, 3.0],
        })
        .unwrap();
    assert!(found.metrics[&RegressionMetric::Mae].as_ref().unwrap().value >= 0.0);
    let swapped = [features[1], features[0]];
    let error = fitted
        .estimate(RegressionWindow {
            features: &swapped,
            prediction: &[1.0; 3],
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "feature 0 is a category in the window and a number in the baseline"
    );
}

#[test]
fn what_cannot_be_fitted_or_estimated_says_why() {
    let check = |label: &[bool], probability: &[f64], expect: &str| {
        let prediction = vec![true; label.len()];
        let reference = BinaryReference {
            label,
            prediction: &prediction,
            probability,
        };
        assert_eq!(BinaryCbpe::fit(reference, SEED).unwrap_err().to_string(), expect);
    };
    check(
        &[true; 5],
        &[0.5; 5],
        "5 labelled rows are too few to fit an estimate: 30 are needed",
    );
    check(
        &[true; 40],
        &[0.5; 40],
        "class 0 has 0 labelled rows in the baseline: at least 2 are needed to learn its calibration",
    );
    check(
        &[true; 40],
        &[1.5; 40],
        "the probability of row 0 is not a number between 0 and 1",
    );
    check(
        &[true; 40],
        &[f64::NAN; 40],
        "the probability of row 0 is not a number between 0 and 1",
    );
    check(
        &[true; 40],
        &[0.5; 39],
        "the probabilities has 39 values where 40 are expected",
    );

    let rows: Vec<(f64, bool, bool)> = (0..60)
        .map(|row| (f64::from(row) / 60.0, row % 4 > 0, row > 30))
        .collect();
    let fitted = fit(&rows);
    let empty = fitted
        .estimate(BinaryWindow {
            prediction: &[],
            probability: &[],
        })
        .unwrap_err();
    assert_eq!(empty.to_string(), "the window has no rows");
    let unknown = MulticlassCbpe::fit(
        MulticlassReference {
            classes: 2,
            label: &[0, 7],
            prediction: &[0, 1],
            probability: &[0.5; 4],
        },
        SEED,
    );
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "the label of row 1 is not one of the 2 classes"
    );
}

#[test]
fn no_positive_expected_means_no_auc() {
    let rows: Vec<(f64, bool, bool)> = (0..100)
        .map(|row| (f64::from(row % 10) / 10.0, row % 10 > 5, row % 10 > 4))
        .collect();
    let mut fitted = fit(&rows);
    fitted.calibration = Calibration::AsGiven;
    let found = estimate(&fitted, &[(0.0, false, false); 40]);
    assert_eq!(
        found.metrics[&ClassificationMetric::RocAuc],
        Err(NotComputable::TooFewCategories)
    );
    assert_eq!(
        found.metrics[&ClassificationMetric::Precision]
            .as_ref()
            .unwrap()
            .value,
        0.0
    );
}

#[test]
fn the_error_of_an_estimate_is_in_units_of_its_band() {
    let estimate = Estimate {
        value: 0.9,
        sampling_error: Some(0.01),
        low: Some(0.87),
        high: Some(0.93),
    };
    let found = estimate_error(&estimate, 0.95).unwrap();
    assert!((found.error + 0.05).abs() < 1e-12 && (found.standard_errors.unwrap() + 5.0).abs() < 1e-9);
    assert_eq!(found.within_band, Some(false));
    assert_eq!(estimate_error(&estimate, 0.92).unwrap().within_band, Some(true));
    assert!(estimate_error(&estimate, f64::NAN).is_none());
}

#[test]
fn too_few_labels_cannot_speak_of_concept_drift() {
    assert_eq!(
        concept_drift(&[0.5; 29], &[true; 29], None),
        Err(NotComputable::TooFew { needed: 30 })
    );
    assert_eq!(
        concept_drift(&[1.0; 40], &[true; 40], None),
        Err(NotComputable::NoSpread)
    );
    assert_eq!(
        concept_drift(&[1.5; 40], &[true; 40], None),
        Err(NotComputable::Malformed)
    );
    let few_baseline_rows = concept_drift(&[0.5; 100], &[true; 100], Some(100)).unwrap();
    let many = concept_drift(&[0.5; 100], &[true; 100], None).unwrap();
    assert!(few_baseline_rows.p_value > many.p_value && many.p_value < 1e-6);
    assert!((many.excess_rate - 0.5).abs() < 1e-12);
}

/// Documents of version 1, written by hand, must be read for ever; expectations are worked out by hand.
#[test]
fn version_1_documents_are_read_and_mean_what_they_did() {
    let read = |text: &str| from_bytes(text.as_bytes()).unwrap();
    let EstimatorDocument::Binary {
        positive_class,
        estimator,
    } = read(include_str!("../../../test-data/estimate/v1.binary.json"))
    else {
        panic!("not binary")
    };
    assert_eq!(positive_class, "yes");
    // Calibrated 0, 0.5, 1 and 1: right with 1, 0.5, 1 and 0; standard error √(0.8 · 0.2 / 4) = 0.2.
    let window = BinaryWindow {
        prediction: &[false, true, true, false],
        probability: &[0.1, 0.5, 0.8, 0.9],
    };
    let found = estimator.estimate(window).unwrap();
    let accuracy = found.metrics[&ClassificationMetric::Accuracy].as_ref().unwrap();
    assert!((accuracy.value - 0.625).abs() < 1e-12 && (accuracy.sampling_error.unwrap() - 0.2).abs() < 1e-12);
    // √(0.04 / (4 · 0.5)) and √(0.0004 · 50 / 4).
    let error = |metric| found.metrics[&metric].as_ref().unwrap().sampling_error.unwrap();
    assert!((error(ClassificationMetric::RocAuc) - 0.02f64.sqrt()).abs() < 1e-12);
    assert!((error(ClassificationMetric::AveragePrecision) - 0.005f64.sqrt()).abs() < 1e-12);

    let EstimatorDocument::Multiclass { classes, estimator } =
        read(include_str!("../../../test-data/estimate/v1.multiclass.json"))
    else {
        panic!("not multiclass")
    };
    assert_eq!(classes, ["a", "b", "c"]);
    // 0.2, 0.2 and 0.6, of which isotonic regression leaves 0.3: divided by 0.7.
    let calibrated = estimator.calibrate(&[0.2, 0.2, 0.6]).unwrap();
    for (found, expected) in calibrated.iter().zip([2.0 / 7.0, 2.0 / 7.0, 3.0 / 7.0]) {
        assert!((found - expected).abs() < 1e-12);
    }

    let EstimatorDocument::Regression { features, estimator } =
        read(include_str!("../../../test-data/estimate/v1.regression.json"))
    else {
        panic!("not a regression")
    };
    assert_eq!(features, ["load", "site"]);
    // Leaves: 2.25 (load below 1, site x), 2.75 (site y), 1 (load 5), 1 (missing load counts as 9).
    let load = [0.5, 0.5, 5.0, f64::NAN];
    let site = [Some("x"), Some("y"), None, Some("z")];
    let views = [Feature::Number(&load), Feature::Category(&site)];
    let found = estimator
        .estimate(RegressionWindow {
            features: &views,
            prediction: &[0.0; 4],
        })
        .unwrap();
    let error = found.metrics[&RegressionMetric::Mae].as_ref().unwrap();
    assert!((error.value - 1.75).abs() < 1e-12 && (error.sampling_error.unwrap() - 1.0).abs() < 1e-12);
}
