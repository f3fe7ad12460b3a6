//! Against scikit-learn on the project's own data: tests/reference/quality/make_quality.py, scikit-learn 1.9.1.

use super::*;

fn cases() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/quality/quality.json"
    );
    let reference: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(reference["versions"]["scikit-learn"], "1.9.1");
    reference["cases"].as_array().unwrap().clone()
}

fn of_problem(problem: &str) -> Vec<Value> {
    let found: Vec<Value> = cases()
        .into_iter()
        .filter(|case| case["problem"] == problem)
        .collect();
    assert!(found.len() > 1, "{problem}");
    found
}

fn weights(case: &Value) -> Option<Vec<f64>> {
    (!case["weights"].is_null()).then(|| numbers(&case["weights"]))
}

#[test]
fn binary_metrics_are_those_of_scikit_learn() {
    for case in of_problem("binary") {
        let labels: Vec<bool> = numbers(&case["labels"])
            .iter()
            .map(|label| *label == 1.0)
            .collect();
        let state = binary(&labels, &numbers(&case["scores"]), weights(&case).as_deref());
        let result = state.finish(&options()).unwrap();
        check_metrics(case["name"].as_str().unwrap(), &result, &case["metrics"]);
        assert!(result.is_exact);
    }
}

// DeLong 1988 by its definition over all pairs (`delong` in make_quality.py).
#[test]
fn delong_by_ranks_is_delong_by_pairs() {
    let mut n_checked = 0;
    for case in of_problem("binary") {
        let Some(expected) = case["delong_variance"].as_f64() else {
            continue;
        };
        let mut sample = scores::ScoreSample::new(ScoreKind::Probability);
        for (label, score) in numbers(&case["labels"]).iter().zip(numbers(&case["scores"])) {
            sample.push(*label == 1.0, score, 1.0);
        }
        let ranking = binary::Ranking::of(&sample.into_sorted()).unwrap();
        check_value("DeLong's variance", ranking.delong_variance(), expected);
        n_checked += 1;
    }
    assert_eq!(n_checked, 3);
}

#[test]
fn multiclass_metrics_are_those_of_scikit_learn() {
    for case in of_problem("multiclass") {
        let name = case["name"].as_str().unwrap();
        let classes: Vec<String> = texts(&case["classes"]).into_iter().map(str::to_owned).collect();
        let probabilities = (!case["probabilities"].is_null()).then(|| numbers(&case["probabilities"]));
        let (labels, predicted, weights) =
            (texts(&case["labels"]), texts(&case["predicted"]), weights(&case));
        let rows = MulticlassRows {
            labels: &labels,
            predicted: Some(&predicted),
            probabilities: probabilities.as_deref(),
            weights: weights.as_deref(),
        };
        let mut state = MulticlassState::new(Classes::Given(classes)).unwrap();
        state.update(&rows).unwrap();
        let result = state.finish(&options()).unwrap();
        check_metrics(name, &result, &case["metrics"]);
        for (class, expected) in case["per_class"].as_object().unwrap() {
            for (metric, value) in expected.as_object().unwrap() {
                let found = result.per_class[class][metric];
                check_value(
                    &format!("{name} {class} {metric}"),
                    found.value,
                    value.as_f64().unwrap(),
                );
            }
        }
        // Without probabilities the list may be found instead of given.
        let mut found = MulticlassState::new(Classes::Found).unwrap();
        found
            .update(&MulticlassRows {
                probabilities: None,
                ..rows
            })
            .unwrap();
        let found = found.finish(&options()).unwrap();
        assert_eq!(found.per_class.len(), result.per_class.len());
        assert_eq!(found.metrics["macro_f1"], result.metrics["macro_f1"]);
    }
}

#[test]
fn regression_metrics_are_those_of_scikit_learn() {
    for case in of_problem("regression") {
        let state = regression(
            &numbers(&case["labels"]),
            &numbers(&case["predicted"]),
            weights(&case).as_deref(),
        );
        let result = state.finish(&options()).unwrap();
        check_metrics(case["name"].as_str().unwrap(), &result, &case["metrics"]);
        let n: u64 = result.predicted_deciles.iter().map(|decile| decile.n).sum();
        assert_eq!(n, result.counts.n_used);
        assert_eq!(result.predicted_deciles.len(), 10);
    }
}
