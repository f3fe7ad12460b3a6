//! Documented answers of the odd cases (docs/quality-metrics.md): each a count or a reason, never NaN.

use super::*;

fn alternating(n: usize) -> (Vec<bool>, Vec<f64>) {
    let labels: Vec<bool> = (0..n).map(|row| row % 2 == 0).collect();
    let scores = (0..n).map(|row| (row * 37 % 101) as f64 / 101.0).collect();
    (labels, scores)
}

#[test]
fn fewer_than_thirty_labels_are_not_evaluated() {
    let (labels, scores) = alternating(29);
    let result = binary(&labels, &scores, None)
        .finish(&QualityOptions::default())
        .unwrap();
    assert!(result.metrics.is_empty());
    let reason = &result.not_computable["auc"];
    assert_eq!(*reason, NotComputable::TooFewLabels { n: 29, minimum: 30 });
    assert_eq!(
        reason.to_string(),
        "29 labelled predictions, at least 30 are needed"
    );
    // What was counted is still told.
    assert_eq!(
        result
            .confusion_matrix
            .unwrap()
            .rows_actual
            .iter()
            .flatten()
            .sum::<u64>(),
        29
    );
    let (labels, scores) = alternating(30);
    let result = binary(&labels, &scores, None)
        .finish(&QualityOptions::default())
        .unwrap();
    assert!(result.metrics.contains_key("auc") && result.not_computable.is_empty());

    let few = regression(&[1.0; 5], &[1.0; 5], None)
        .finish(&QualityOptions::default())
        .unwrap();
    assert_eq!(
        few.not_computable["mae"],
        NotComputable::TooFewLabels { n: 5, minimum: 30 }
    );
}

#[test]
fn no_rows_have_no_metric() {
    let results = [
        BinaryState::new(BinarySettings::default())
            .finish(&options())
            .unwrap(),
        MulticlassState::new(Classes::Found)
            .unwrap()
            .finish(&options())
            .unwrap(),
        RegressionState::new().finish(&options()).unwrap(),
    ];
    for result in results {
        assert!(result.metrics.is_empty());
        assert!(!result.not_computable.is_empty());
        assert!(
            result
                .not_computable
                .values()
                .all(|reason| *reason == NotComputable::NoRows)
        );
    }
}

#[test]
fn one_class_has_no_metric_that_compares_two() {
    let (_, scores) = alternating(50);
    let only_negative = binary(&[false; 50], &scores, None).finish(&options()).unwrap();
    for name in [
        "auc",
        "average_precision",
        "pr_auc",
        "recall",
        "balanced_accuracy",
        "mcc",
        "false_negative_rate",
    ] {
        assert_eq!(
            only_negative.not_computable[name],
            NotComputable::OneClass,
            "{name}"
        );
    }
    for name in [
        "accuracy",
        "specificity",
        "false_positive_rate",
        "log_loss",
        "brier",
        "expected_calibration_error",
    ] {
        assert!(only_negative.metrics.contains_key(name), "{name}");
    }
    let curves = only_negative.curves.unwrap();
    assert!(curves.roc.is_empty() && curves.precision_recall.is_empty() && curves.gain.is_empty());
    assert_eq!(curves.sweep.len(), 101);

    let only_positive = binary(&[true; 50], &scores, None).finish(&options()).unwrap();
    assert_eq!(
        only_positive.not_computable["specificity"],
        NotComputable::OneClass
    );
    assert!(only_positive.metrics.contains_key("recall"));

    let mut state = MulticlassState::new(Classes::Found).unwrap();
    let rows = MulticlassRows {
        labels: &["a"; 40],
        predicted: Some(&["a"; 40]),
        ..MulticlassRows::default()
    };
    state.update(&rows).unwrap();
    let result = state.finish(&options()).unwrap();
    assert_eq!(result.not_computable["mcc"], NotComputable::OneClass);
    assert_eq!(result.metrics["accuracy"].value, 1.0);
    assert!(result.metrics["accuracy"].low < 1.0);
}

#[test]
fn a_model_that_predicts_nothing_positive() {
    let (labels, _) = alternating(60);
    let result = binary(&labels, &[0.1; 60], None).finish(&options()).unwrap();
    // scikit-learn 1.9.1: precision_score(y, zeros, zero_division=0) == 0.0; matthews_corrcoef(y, zeros) == 0.0
    let precision = result.metrics["precision"];
    assert_eq!(
        (precision.value, precision.low, precision.high, precision.n),
        (0.0, 0.0, 1.0, 0)
    );
    let mcc = result.metrics["mcc"];
    assert!(mcc.value == 0.0 && mcc.low < 0.0 && mcc.high > 0.0);
    let f1 = result.metrics["f1"];
    // F1 = 2J/(1 + J); scipy 1.17.1: binomtest(0, 30).proportion_ci(method="wilson").high is J's upper end.
    let jaccard = 0.11351339317396875;
    assert_eq!((f1.value, f1.low), (0.0, 0.0));
    check_value("f1", f1.high, 2.0 * jaccard / (1.0 + jaccard));
    assert_eq!(result.metrics["auc"].value, 0.5);
}

#[test]
fn probabilities_outside_zero_to_one_are_counted() {
    let labels = [true, false, true, false, true, false];
    let scores = [0.9, 0.2, 1.0 + 1e-9, -1e-9, 1.2, f64::NAN];
    let result = binary(&labels, &scores, None).finish(&options()).unwrap();
    let counts = result.counts;
    assert_eq!((counts.n_rows, counts.n_used, counts.n_scored), (6, 4, 4));
    assert_eq!(
        (counts.n_score_clipped, counts.n_score_refused, counts.n_unusable),
        (2, 2, 2)
    );
    // With a predicted class the row still counts in the confusion matrix.
    let mut state = BinaryState::new(BinarySettings::default());
    let rows = BinaryRows {
        labels: &labels,
        predicted: Some(&labels),
        scores: Some(&scores),
        weights: None,
    };
    state.update(&rows).unwrap();
    let result = state.finish(&options()).unwrap();
    assert_eq!(
        (
            result.counts.n_used,
            result.counts.n_scored,
            result.counts.n_score_refused
        ),
        (6, 4, 2)
    );
    assert_eq!(result.metrics["accuracy"].n, 6);
    assert_eq!(result.metrics["brier"].n, 4);

    let mut state = MulticlassState::new(Classes::Given(vec!["a".to_owned(), "b".to_owned()])).unwrap();
    let rows = MulticlassRows {
        labels: &["a", "b", "a", "b"],
        predicted: None,
        probabilities: Some(&[0.7, 0.3, 0.5, 0.6, -0.1, 1.1, 0.0, 1.0]),
        weights: None,
    };
    state.update(&rows).unwrap();
    let counts = state.counts();
    assert_eq!(
        (counts.n_used, counts.n_score_refused, counts.n_unusable),
        (2, 2, 2)
    );
}

#[test]
fn a_label_outside_the_list_is_counted_apart() {
    let mut state = MulticlassState::new(Classes::Given(vec!["a".to_owned(), "b".to_owned()])).unwrap();
    let rows = MulticlassRows {
        labels: &["a", "b", "new", "a"],
        predicted: Some(&["a", "b", "a", "strange"]),
        ..MulticlassRows::default()
    };
    state.update(&rows).unwrap();
    let result = state.finish(&options()).unwrap();
    let counts = result.counts;
    assert_eq!(
        (
            counts.n_rows,
            counts.n_used,
            counts.n_label_outside,
            counts.n_prediction_outside
        ),
        (4, 2, 1, 1)
    );
    assert_eq!(result.confusion_matrix.unwrap().rows_actual, [[1, 0], [0, 1]]);
}

#[test]
fn a_class_without_labels_has_no_macro_auc() {
    let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let mut state = MulticlassState::new(Classes::Given(classes)).unwrap();
    let rows = MulticlassRows {
        labels: &["a", "b", "a", "b"],
        predicted: None,
        probabilities: Some(&[0.7, 0.2, 0.1, 0.2, 0.7, 0.1, 0.3, 0.3, 0.4, 0.1, 0.8, 0.1]),
        weights: None,
    };
    state.update(&rows).unwrap();
    let result = state.finish(&options()).unwrap();
    assert_eq!(
        result.not_computable["macro_auc"],
        NotComputable::ClassWithoutLabel { n_classes: 1 }
    );
    assert_eq!(result.metrics["weighted_auc"].value, 1.0);
}

#[test]
fn perfect_separation_still_has_intervals() {
    let labels: Vec<bool> = (0..60).map(|row| row < 20).collect();
    let scores: Vec<f64> = labels
        .iter()
        .map(|label| if *label { 0.9 } else { 0.1 })
        .collect();
    let result = binary(&labels, &scores, None).finish(&options()).unwrap();
    for (name, method) in [
        ("accuracy", IntervalMethod::Wilson),
        ("balanced_accuracy", IntervalMethod::Mover),
        ("f1", IntervalMethod::Wilson),
        ("mcc", IntervalMethod::DeltaFisherZ),
        ("auc", IntervalMethod::Newcombe),
        ("average_precision", IntervalMethod::Boyd),
    ] {
        let metric = result.metrics[name];
        assert_eq!(
            (metric.value, metric.high, metric.method),
            (1.0, 1.0, method),
            "{name}"
        );
        assert!(metric.low > 0.7 && metric.low < 0.99, "{name}: {metric:?}");
    }
}

#[test]
fn regression_without_spread_or_with_zero_labels() {
    let predicted: Vec<f64> = (0..40).map(f64::from).collect();
    let constant = regression(&[3.0; 40], &predicted, None)
        .finish(&options())
        .unwrap();
    assert_eq!(constant.not_computable["r2"], NotComputable::ConstantLabel);
    let zero = regression(&[0.0; 40], &predicted, None)
        .finish(&options())
        .unwrap();
    assert_eq!(zero.not_computable["mape"], NotComputable::AllLabelsZero);
    assert_eq!(zero.metrics["mae"].value, 19.5);
    let labels: Vec<f64> = (0..40).map(|row| f64::from(row % 4)).collect();
    let some = regression(&labels, &predicted, None).finish(&options()).unwrap();
    assert_eq!((some.counts.n_zero_labels, some.metrics["mape"].n), (10, 30));
    let odd = regression(&[1.0, f64::NAN, 2.0], &[1.0, 1.0, f64::INFINITY], None);
    assert_eq!((odd.counts().n_used, odd.counts().n_unusable), (1, 2));
    let huge = regression(&[1e300, 2.0, 5.0], &[-1e300, 1.0, 2.0], None)
        .finish(&options())
        .unwrap();
    assert_eq!(huge.not_computable["mse"], NotComputable::Infinite);
}

#[test]
fn money_per_thousand() {
    let labels: Vec<bool> = (0..100).map(|row| row < 40).collect();
    // 30 of the positives and 10 of the negatives are predicted positive.
    let predicted: Vec<bool> = (0..100).map(|row| !(30..90).contains(&row)).collect();
    let mut state = BinaryState::new(BinarySettings::default());
    let rows = BinaryRows {
        labels: &labels,
        predicted: Some(&predicted),
        ..BinaryRows::default()
    };
    state.update(&rows).unwrap();
    let worth = ValueMatrix::binary(0.0, -1.0, -20.0, 5.0);
    let result = state
        .finish(&QualityOptions {
            value_matrix: Some(worth),
            ..options()
        })
        .unwrap();
    let value = result.metrics["value_per_thousand"];
    // By hand: (10 · −1 + 10 · −20 + 30 · 5) / 100 rows · 1000; NumPy 2.4.6: numpy.std of the 100 values.
    assert_eq!(value.value, -600.0);
    let half_width = 1.959963984540054 * 1000.0 * 6.873136110975832 / 10.0;
    check_value("half width", value.high - value.value, half_width);
}

#[test]
fn calls_that_cannot_be_answered() {
    let mut state = BinaryState::new(BinarySettings::default());
    let none = BinaryRows {
        labels: &[true],
        ..BinaryRows::default()
    };
    assert_eq!(state.update(&none), Err(QualityError::NothingPredicted));
    let uneven = BinaryRows {
        labels: &[true],
        scores: Some(&[0.1, 0.2]),
        ..BinaryRows::default()
    };
    assert_eq!(
        state.update(&uneven).unwrap_err().to_string(),
        "`scores` has 2 rows where the labels have 1"
    );
    assert_eq!(state.counts().n_rows, 0);
    let other = BinaryState::new(BinarySettings {
        threshold: 0.4,
        ..BinarySettings::default()
    });
    assert!(state.merge(other).is_err());
    let wrong = QualityOptions {
        confidence: 1.0,
        ..options()
    };
    assert!(state.clone().finish(&wrong).is_err());
    let wrong = QualityOptions {
        value_matrix: Some(ValueMatrix {
            rows_actual: vec![vec![1.0]],
        }),
        ..options()
    };
    assert_eq!(
        state.finish(&wrong),
        Err(QualityError::ValueMatrixShape { n_classes: 2 })
    );
    let names = |list: &[&str]| Classes::Given(list.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(
        MulticlassState::new(names(&["a", "a"])).unwrap_err(),
        QualityError::ClassList
    );
    assert_eq!(
        MulticlassState::new(names(&["a"])).unwrap_err(),
        QualityError::ClassList
    );
    let mut found = MulticlassState::new(Classes::Found).unwrap();
    let rows = MulticlassRows {
        labels: &["a"],
        probabilities: Some(&[1.0]),
        ..MulticlassRows::default()
    };
    assert_eq!(
        found.update(&rows),
        Err(QualityError::ProbabilitiesWithoutClasses)
    );
    let many: Vec<String> = (0..=1000).map(|class| class.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let rows = MulticlassRows {
        labels: &many,
        predicted: Some(&many),
        ..MulticlassRows::default()
    };
    assert_eq!(
        found.update(&rows),
        Err(QualityError::TooManyClasses { limit: 1000 })
    );
}

#[test]
fn standard_deviations_from_two_hundred_rows_on() {
    let (labels, scores) = alternating(199);
    let below = binary(&labels, &scores, None).finish(&options()).unwrap();
    assert!(below.standard_deviations.is_empty());
    let (labels, scores) = alternating(200);
    let from = binary(&labels, &scores, None).finish(&options()).unwrap();
    for name in [
        "accuracy",
        "recall",
        "precision",
        "auc",
        "f1",
        "true_negative_rate",
    ] {
        let deviation = from.standard_deviations[name];
        // Dropping a fifth of n rows moves a proportion by about √(p(1−p)/n · ¼), here 0.018.
        assert!(deviation > 0.0005 && deviation < 0.08, "{name}: {deviation}");
    }
    let again = binary(&labels, &scores, None).finish(&options()).unwrap();
    assert_eq!(from.standard_deviations, again.standard_deviations);
    let other = QualityOptions { seed: 2, ..options() };
    let other = binary(&labels, &scores, None).finish(&other).unwrap();
    assert_ne!(from.standard_deviations, other.standard_deviations);
}

#[test]
fn curves_are_thinned_and_end_where_they_must() {
    let n = 20_000;
    let labels: Vec<bool> = (0..n).map(|row| row * 7919 % 10_007 < 3000).collect();
    let scores: Vec<f64> = (0..n)
        .map(|row| (row * 104_729 % 999_983) as f64 / 999_983.0)
        .collect();
    let result = binary(&labels, &scores, None).finish(&options()).unwrap();
    let curves = result.curves.unwrap();
    for curve in [&curves.roc, &curves.precision_recall] {
        assert!((100..=202).contains(&curve.len()), "{}", curve.len());
        assert_eq!(curve[0].true_positive_rate, 0.0);
        assert_eq!((curve[0].threshold, curve[0].precision), (None, 1.0));
        assert_eq!(curve[curve.len() - 1].true_positive_rate, 1.0);
    }
    assert_eq!(curves.roc[curves.roc.len() - 1].false_positive_rate, 1.0);
    // The trapezoids of the thinned curve give the AUC nearly.
    let area: f64 = curves
        .roc
        .windows(2)
        .map(|pair| {
            let width = pair[1].false_positive_rate - pair[0].false_positive_rate;
            width * 0.5 * (pair[1].true_positive_rate + pair[0].true_positive_rate)
        })
        .sum();
    assert!((area - result.metrics["auc"].value).abs() < 1e-3);
    // The sweep at 0.5 is the confusion matrix.
    let middle = curves
        .sweep
        .iter()
        .find(|point| point.threshold == Some(0.5))
        .unwrap();
    check_value(
        "recall",
        middle.true_positive_rate,
        result.metrics["recall"].value,
    );
    check_value("precision", middle.precision, result.metrics["precision"].value);
    check_value("f1", middle.f1, result.metrics["f1"].value);
    check_value("accuracy", middle.accuracy, result.metrics["accuracy"].value);
    assert_eq!(curves.gain.len(), 10);
    assert_eq!(curves.gain[9].gain.value, 1.0);
    let first = curves.gain[0].gain;
    let (low, high) = interval::wilson(first.value, first.n as f64, interval::two_sided_z(0.95));
    check_value("gain", first.low, low);
    check_value("gain", first.high, high);
    check_value("lift", curves.gain[0].lift, 10.0 * first.value);
    assert_eq!(curves.reliability.iter().map(|bin| bin.n).sum::<u64>(), n);
}
