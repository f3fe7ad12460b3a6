//! NannyML 0.13.1 on the real data sets, every chunk: `CBPE(...).fit(reference).estimate(current)` and `DLE(...)`, by the
//! shared `oracle.py` ("estimation").

use super::{DataSet, Differences, SEED, chunks};
use crate::estimate::{
    BinaryCbpe, BinaryReference, BinaryWindow, ClassificationEstimates, ClassificationMetric, Dle, Feature,
    MulticlassCbpe, MulticlassReference, MulticlassWindow, RegressionEstimates, RegressionMetric,
    RegressionReference, RegressionWindow, concept_drift,
};
use serde_json::Value;

const NAMES: [(ClassificationMetric, &str); 7] = [
    (ClassificationMetric::RocAuc, "roc_auc"),
    (ClassificationMetric::AveragePrecision, "average_precision"),
    (ClassificationMetric::F1, "f1"),
    (ClassificationMetric::Precision, "precision"),
    (ClassificationMetric::Recall, "recall"),
    (ClassificationMetric::Specificity, "specificity"),
    (ClassificationMetric::Accuracy, "accuracy"),
];

/// Compares one chunk; the average precision's error is resampled, so it is only compared in `loose`.
fn compare(
    found: &ClassificationEstimates,
    names: &[String],
    oracle: &Value,
    at: usize,
    [exact, loose]: [&mut Differences; 2],
) {
    for (metric, name) in NAMES {
        let theirs = &oracle[format!("{name}/value")];
        if theirs.is_null() {
            continue;
        }
        let Ok(ours) = &found.metrics[&metric] else {
            assert!(
                theirs[at].is_null(),
                "{name} {at}: nothing where NannyML has {}",
                theirs[at]
            );
            continue;
        };
        exact.add(&format!("{name}/value"), Some(ours.value), &theirs[at]);
        let errors = if metric == ClassificationMetric::AveragePrecision {
            &mut *loose
        } else {
            &mut *exact
        };
        errors.add(
            &format!("{name}/sampling_error"),
            ours.sampling_error,
            &oracle[format!("{name}/sampling_error")][at],
        );
        errors.add(
            &format!("{name}/upper"),
            ours.high,
            &oracle[format!("{name}/upper_confidence_boundary")][at],
        );
        errors.add(
            &format!("{name}/lower"),
            ours.low,
            &oracle[format!("{name}/lower_confidence_boundary")][at],
        );
    }
    for (actual, row) in found.confusion_matrix.rows_actual.iter().enumerate() {
        for (predicted, cell) in row.iter().enumerate() {
            let name = if names.is_empty() {
                [
                    ["true_negative", "false_positive"],
                    ["false_negative", "true_positive"],
                ][actual][predicted]
                    .to_owned()
            } else {
                format!("true_{}_pred_{}", names[actual], names[predicted])
            };
            // Counts are compared as shares of the rows, so that one bar serves all.
            let n = found.n_rows as f64;
            let share = |value: &Value| Value::from(value.as_f64().unwrap() / n);
            exact.add(
                "confusion/value",
                Some(cell.value / n),
                &share(&oracle[format!("{name}/value")][at]),
            );
            exact.add(
                "confusion/sampling_error",
                cell.sampling_error.map(|error| error / n),
                &share(&oracle[format!("{name}/sampling_error")][at]),
            );
        }
    }
}

fn check_binary(name: &str) -> Option<[Differences; 2]> {
    let data = DataSet::read(name)?;
    let read = |table: &super::Table| {
        (
            table.flags("label", "1"),
            table.flags("prediction", "1"),
            table.numbers("probability"),
        )
    };
    let (label, prediction, probability) = read(&data.baseline);
    let fitted = BinaryCbpe::fit(
        BinaryReference {
            label: &label,
            prediction: &prediction,
            probability: &probability,
        },
        SEED,
    )
    .unwrap();
    let (_, current_prediction, current_probability) = read(&data.current);
    let [mut exact, mut loose] = [Differences::default(), Differences::default()];
    for count in [1, 10] {
        let oracle = &data.estimation[format!("cbpe_chunks_{count}")];
        assert_eq!(
            fitted.calibration.is_active(),
            oracle["needs_calibration"].as_bool().unwrap(),
            "{name}"
        );
        let both = [
            (&prediction, &probability),
            (&current_prediction, &current_probability),
        ];
        let windows = both.into_iter().flat_map(|(prediction, probability)| {
            chunks(prediction.len(), count)
                .into_iter()
                .map(move |rows| BinaryWindow {
                    prediction: &prediction[rows.clone()],
                    probability: &probability[rows],
                })
        });
        for (at, window) in windows.enumerate() {
            let found = fitted.estimate(window).unwrap();
            compare(&found, &[], oracle, at, [&mut exact, &mut loose]);
        }
    }
    Some([exact, loose])
}

fn assert_within(name: &str, differences: &Differences, bar: f64) {
    println!(
        "{name}: {} numbers, largest differences {:#?}",
        differences.n_checked, differences.by_key
    );
    assert!(
        differences.n_checked > 50,
        "{name}: the oracle has fewer numbers than this test is about"
    );
    for (key, difference) in &differences.by_key {
        assert!(*difference <= bar, "{name} {key}: {difference:e} over {bar:e}");
    }
}

#[test]
fn cbpe_of_car_loan_and_elec2_is_nannymls_on_every_chunk() {
    for name in ["car_loan", "elec2"] {
        if let Some([exact, loose]) = check_binary(name) {
            assert_within(name, &exact, 1e-3);
            println!("{name}: average precision's resampled error {:#?}", loose.by_key);
        }
    }
}

#[test]
fn cbpe_of_churn_is_nannymls() {
    if let Some([exact, _]) = check_binary("churn_aws") {
        assert_within("churn_aws", &exact, 1e-3);
    }
}

#[test]
fn multiclass_cbpe_of_gas_sensor_is_nannymls_on_every_chunk() {
    let Some(data) = DataSet::read("gas_sensor") else {
        return;
    };
    let columns = data.schema["probability"].as_object().unwrap();
    let names: Vec<String> = columns.keys().cloned().collect();
    let read = |table: &super::Table| {
        let class = |column: &str| -> Vec<usize> {
            table.columns[column]
                .iter()
                .map(|cell| names.iter().position(|name| name == cell).unwrap())
                .collect()
        };
        let scores: Vec<Vec<f64>> = columns
            .values()
            .map(|column| table.numbers(column.as_str().unwrap()))
            .collect();
        let rows = (0..scores[0].len()).flat_map(|row| scores.iter().map(move |column| column[row]));
        (class("label"), class("prediction"), rows.collect::<Vec<f64>>())
    };
    let (label, prediction, probability) = read(&data.baseline);
    let reference = MulticlassReference {
        classes: 6,
        label: &label,
        prediction: &prediction,
        probability: &probability,
    };
    let fitted = MulticlassCbpe::fit(reference, SEED).unwrap();
    let (_, current_prediction, current_probability) = read(&data.current);
    let [mut exact, mut loose] = [Differences::default(), Differences::default()];
    for count in [1, 10] {
        let oracle = &data.estimation[format!("cbpe_chunks_{count}")];
        let both = [
            (&prediction, &probability),
            (&current_prediction, &current_probability),
        ];
        let windows = both.into_iter().flat_map(|(prediction, probability)| {
            chunks(prediction.len(), count)
                .into_iter()
                .map(move |rows| MulticlassWindow {
                    prediction: &prediction[rows.clone()],
                    probability: &probability[rows.start * 6..rows.end * 6],
                })
        });
        for (at, window) in windows.enumerate() {
            let found = fitted.estimate(window).unwrap();
            compare(&found, &names, oracle, at, [&mut exact, &mut loose]);
        }
    }
    assert_within("gas_sensor", &exact, 1e-3);
}

#[test]
fn dle_of_bike_sharing_is_nannymls() {
    let Some(data) = DataSet::read("bike_sharing") else {
        return;
    };
    let fitted = fit_bike_sharing(&data);
    for count in [1, 10] {
        let oracle = &data.estimation[format!("dle_chunks_{count}")];
        let realised = &data.estimation[format!("realized_chunks_{count}")];
        for (metric, name) in [
            (RegressionMetric::Mae, "mae"),
            (RegressionMetric::Mse, "mse"),
            (RegressionMetric::Rmse, "rmse"),
            (RegressionMetric::Mape, "mape"),
        ] {
            let mut at = 0;
            let (mut ours_off, mut theirs_off, mut largest) = (0.0, 0.0, 0.0f64);
            for table in [&data.baseline, &data.current] {
                for rows in chunks(table.numbers("label").len(), count) {
                    let found = estimate_bike_sharing(&fitted, &data, table, rows.clone());
                    let ours = *found.metrics[&metric].as_ref().unwrap();
                    let theirs = oracle[format!("{name}/value")][at].as_f64().unwrap();
                    let error = oracle[format!("{name}/sampling_error")][at].as_f64().unwrap();
                    let truth = realised[format!("{name}/value")][at].as_f64().unwrap();
                    assert!((ours.sampling_error.unwrap() - error).abs() <= 1e-9 * error);
                    if rows.len() > 100 {
                        largest = largest.max((ours.value / theirs - 1.0).abs());
                        ours_off += (ours.value - truth).abs();
                        theirs_off += (theirs - truth).abs();
                    }
                    at += 1;
                }
            }
            println!(
                "{name} in {count} chunks: largest difference from NannyML {:.2} %, summed distance from the realised value \
                 {ours_off:.4} against NannyML's {theirs_off:.4}",
                100.0 * largest
            );
            if count == 1 {
                assert!(largest <= 0.05, "{name}: {largest} over 5 %");
            }
            // Not worse in six of eight comparisons; MAE of the whole by 0.8 % and MAPE of ten chunks by 3.6 %. LightGBM's
            // own estimate moves by 2 % when one row in a hundred is left out of each tree.
            assert!(
                ours_off <= theirs_off * 1.04,
                "{name}: {ours_off} against {theirs_off}"
            );
        }
    }
}

fn features(schema: &Value) -> impl Iterator<Item = (&str, bool)> {
    schema["features"].as_array().unwrap().iter().map(|feature| {
        (
            feature["name"].as_str().unwrap(),
            feature["type"] == "categorical",
        )
    })
}

enum Column<'a> {
    Number(Vec<f64>),
    Category(Vec<Option<&'a str>>),
}

fn feature_columns<'a>(data: &'a DataSet, table: &'a super::Table) -> Vec<Column<'a>> {
    features(&data.schema)
        .map(|(name, category)| {
            if category {
                Column::Category(table.levels(name))
            } else {
                Column::Number(table.numbers(name))
            }
        })
        .collect()
}

fn views<'a>(columns: &'a [Column<'a>], rows: std::ops::Range<usize>) -> Vec<Feature<'a>> {
    columns
        .iter()
        .map(|column| match column {
            Column::Number(values) => Feature::Number(&values[rows.clone()]),
            Column::Category(values) => Feature::Category(&values[rows.clone()]),
        })
        .collect()
}

fn fit_bike_sharing(data: &DataSet) -> Dle {
    let columns = feature_columns(data, &data.baseline);
    let (label, prediction) = (
        data.baseline.numbers("label"),
        data.baseline.numbers("prediction"),
    );
    let features = views(&columns, 0..label.len());
    Dle::fit(RegressionReference {
        features: &features,
        label: &label,
        prediction: &prediction,
    })
    .unwrap()
}

fn estimate_bike_sharing(
    fitted: &Dle,
    data: &DataSet,
    table: &super::Table,
    rows: std::ops::Range<usize>,
) -> RegressionEstimates {
    let columns = feature_columns(data, table);
    let prediction = table.numbers("prediction");
    fitted
        .estimate(RegressionWindow {
            features: &views(&columns, rows.clone()),
            prediction: &prediction[rows],
        })
        .unwrap()
}

/// car_loan has no concept drift in its first five chunks of current rows (realised AUC as on the baseline); elec2 has
/// (CBPE says AUC 0.966 where 0.755 is true). The tests must tell them apart by labels.
#[test]
fn concept_drift_is_found_in_elec2_and_not_in_car_loan() {
    for (name, has_drift) in [("car_loan", false), ("elec2", true)] {
        let Some(data) = DataSet::read(name) else { return };
        let read = |table: &super::Table| {
            (
                table.flags("label", "1"),
                table.flags("prediction", "1"),
                table.numbers("probability"),
            )
        };
        let (label, prediction, probability) = read(&data.baseline);
        let reference = BinaryReference {
            label: &label,
            prediction: &prediction,
            probability: &probability,
        };
        let fitted = BinaryCbpe::fit(reference, SEED).unwrap();
        let (current_label, _, current_probability) = read(&data.current);
        let calibrated = fitted.calibrate(&current_probability).unwrap();
        for rows in chunks(calibrated.len(), 10)
            .into_iter()
            .take(if has_drift { 10 } else { 5 })
        {
            let found = concept_drift(
                &calibrated[rows.clone()],
                &current_label[rows],
                Some(label.len() as u64),
            )
            .unwrap();
            println!(
                "{name}: p {:.2e}, excess rate {:+.4}",
                found.p_value, found.excess_rate
            );
            assert_eq!(found.p_value < 0.001, has_drift, "{name}: {found:?}");
        }
    }
}
