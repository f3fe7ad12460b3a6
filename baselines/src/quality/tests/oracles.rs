//! Against scikit-learn 1.9.1 on the real data sets beside the project (`../shared`); without them the tests say so.

use std::path::Path;

use super::*;

fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {name} is not beside the project");
    None
}

/// Columns of a CSV file without quoted commas in the columns asked for (they are the last ones).
fn columns(path: &Path, wanted: &[&str]) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let from_end: Vec<usize> = wanted
        .iter()
        .map(|name| header.len() - header.iter().position(|found| found == name).unwrap())
        .collect();
    let mut found = vec![Vec::new(); wanted.len()];
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        for (column, back) in found.iter_mut().zip(&from_end) {
            column.push(cells[cells.len() - back].to_owned());
        }
    }
    found
}

fn parsed(column: &[String]) -> Vec<f64> {
    column.iter().map(|cell| cell.parse().unwrap()).collect()
}

/// The oracles have twelve significant digits.
fn check_named(what: &str, result: &QualityResult, expected: &Value, names: &[(&str, &str)]) {
    for (ours, theirs) in names {
        let value = expected[*theirs]
            .as_f64()
            .unwrap_or_else(|| panic!("{what}: no {theirs}"));
        let found = result.metrics[*ours];
        check_value(&format!("{what} {ours}"), found.value, value);
    }
}

fn sides(name: &str) -> Option<Vec<(String, Value, PathBuf)>> {
    let oracle: Value =
        serde_json::from_slice(&std::fs::read(shared(&format!("oracles/{name}.json"))?).unwrap()).unwrap();
    ["reference", "current"]
        .into_iter()
        .map(|side| {
            let path = shared(&format!("data/{name}/{side}.csv"))?;
            Some((format!("{name} {side}"), oracle["quality"][side].clone(), path))
        })
        .collect()
}

fn check_matrix(what: &str, result: &QualityResult, expected: &Value) {
    let matrix = result.confusion_matrix.as_ref().unwrap();
    assert_eq!(matrix.labels, texts(&expected["labels"]), "{what}");
    for (row, expected) in matrix
        .rows_actual
        .iter()
        .zip(expected["confusion_matrix_rows_actual"].as_array().unwrap())
    {
        let row: Vec<f64> = row.iter().map(|cell| *cell as f64).collect();
        assert_eq!(row, numbers(expected), "{what}");
    }
    assert_eq!(result.counts.n_used, expected["n"].as_u64().unwrap(), "{what}");
}

#[test]
fn binary_data_sets() {
    const NAMES: [(&str, &str); 17] = [
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced_accuracy"),
        ("mcc", "mcc"),
        ("precision", "precision"),
        ("recall", "recall"),
        ("specificity", "specificity"),
        ("true_positive_rate", "recall"),
        ("false_positive_rate", "fpr"),
        ("false_negative_rate", "fnr"),
        ("f0.5", "f0.5"),
        ("f1", "f1"),
        ("f2", "f2"),
        ("auc", "auc"),
        ("average_precision", "average_precision"),
        ("pr_auc", "auprc_trapezoid"),
        ("log_loss", "log_loss"),
        ("brier", "brier"),
    ];
    for name in ["car_loan", "churn_aws", "elec2"] {
        let Some(sides) = sides(name) else { return };
        for (what, expected, path) in sides {
            let found = columns(&path, &["label", "prediction", "probability"]);
            let labels: Vec<bool> = found[0].iter().map(|label| label == "1").collect();
            let predicted: Vec<bool> = found[1].iter().map(|label| label == "1").collect();
            let scores = parsed(&found[2]);
            let mut state = BinaryState::new(BinarySettings::default());
            for at in (0..labels.len()).step_by(1000) {
                let end = labels.len().min(at + 1000);
                let rows = BinaryRows {
                    labels: &labels[at..end],
                    predicted: Some(&predicted[at..end]),
                    scores: Some(&scores[at..end]),
                    weights: None,
                };
                state.update(&rows).unwrap();
            }
            let result = state.finish(&options()).unwrap();
            check_matrix(&what, &result, &expected);
            check_named(&what, &result, &expected, &NAMES);
            for metric in ["accuracy", "precision", "recall", "f1"] {
                let constant = expected["best_constant_classifier"][metric].as_f64().unwrap();
                check_value(
                    &format!("{what} {metric}"),
                    result.best_constant_classifier[metric],
                    constant,
                );
            }
        }
    }
}

#[test]
fn gas_sensor_has_six_classes() {
    let Some(sides) = sides("gas_sensor") else { return };
    const CLASSES: [&str; 6] = [
        "acetaldehyde",
        "acetone",
        "ammonia",
        "ethanol",
        "ethylene",
        "toluene",
    ];
    for (what, expected, path) in sides {
        let wanted: Vec<String> = CLASSES.iter().map(|class| format!("proba_{class}")).collect();
        let names: Vec<&str> = ["label", "prediction"]
            .into_iter()
            .chain(wanted.iter().map(String::as_str))
            .collect();
        let found = columns(&path, &names);
        let probabilities: Vec<Vec<f64>> = found[2..].iter().map(|column| parsed(column)).collect();
        let probabilities: Vec<f64> = (0..found[0].len())
            .flat_map(|row| probabilities.iter().map(move |column| column[row]))
            .collect();
        let labels: Vec<&str> = found[0].iter().map(String::as_str).collect();
        let predicted: Vec<&str> = found[1].iter().map(String::as_str).collect();
        let classes = Classes::Given(CLASSES.iter().map(|class| (*class).to_owned()).collect());
        let mut state = MulticlassState::new(classes).unwrap();
        state
            .update(&MulticlassRows {
                labels: &labels,
                predicted: Some(&predicted),
                probabilities: Some(&probabilities),
                weights: None,
            })
            .unwrap();
        let result = state.finish(&options()).unwrap();
        check_matrix(&what, &result, &expected);
        check_named(
            &what,
            &result,
            &expected,
            &[
                ("accuracy", "accuracy"),
                ("balanced_accuracy", "balanced_accuracy"),
                ("mcc", "mcc"),
                ("log_loss", "log_loss"),
                ("macro_auc", "auc_ovr_macro"),
                ("weighted_auc", "auc_ovr_weighted"),
            ],
        );
        for average in ["macro", "micro", "weighted"] {
            for metric in ["precision", "recall", "f0.5", "f1", "f2"] {
                let found = result.metrics[&format!("{average}_{metric}")];
                let value = expected[average][metric].as_f64().unwrap();
                check_value(&format!("{what} {average}_{metric}"), found.value, value);
            }
        }
        for (class, expected) in expected["per_class"].as_object().unwrap() {
            for metric in ["precision", "recall", "f1"] {
                let found = result.per_class[class][metric];
                check_value(
                    &format!("{what} {class} {metric}"),
                    found.value,
                    expected[metric].as_f64().unwrap(),
                );
            }
        }
    }
}

#[test]
fn bike_sharing_is_a_regression() {
    let Some(sides) = sides("bike_sharing") else {
        return;
    };
    for (what, expected, path) in sides {
        let found = columns(&path, &["label", "prediction"]);
        let result = regression(&parsed(&found[0]), &parsed(&found[1]), None)
            .finish(&options())
            .unwrap();
        let names = ["mae", "mse", "rmse", "r2", "mape", "median_ae", "bias"].map(|name| (name, name));
        check_named(&what, &result, &expected, &names);
        assert_eq!(result.counts.n_used, expected["n"].as_u64().unwrap());
    }
}
