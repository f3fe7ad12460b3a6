//! Against smclarify 0.5, scikit-learn and the real Clarify files; laws of counts and intervals.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Ratios of the same counts.
const SAME: f64 = 1e-14;

fn metrics() -> impl Iterator<Item = BiasMetric> {
    BiasMetric::PRE_TRAINING
        .into_iter()
        .chain(BiasMetric::POST_TRAINING)
}

fn flags(value: &Value) -> Vec<bool> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| flag.as_bool().unwrap())
        .collect()
}

fn reference() -> Value {
    serde_json::from_str(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/estimate/bias.json"
    )))
    .unwrap()
}

// smclarify 0.5: smclarify.bias.metrics.<NAME>(…), tests/reference/estimate/make_bias.py
#[test]
fn every_metric_is_smclarifys() {
    let mut n_checked = 0;
    for case in reference()["cases"].as_array().unwrap() {
        let columns = ["facet", "label", "prediction"].map(|name| flags(&case[name]));
        let group: Vec<u32> = case["group"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group.as_u64().unwrap() as u32)
            .collect();
        let features: Vec<Vec<f64>> = case["features"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| {
                column
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|value| value.as_f64().unwrap())
                    .collect()
            })
            .collect();
        let counts = FacetCounts::of(&FacetRows {
            facet: &columns[0],
            label: Some(&columns[1]),
            prediction: Some(&columns[2]),
            group: Some(&group),
        })
        .unwrap();
        let views: Vec<&[f64]> = features.iter().map(Vec::as_slice).collect();
        let flips = flip_test(&columns[0], &columns[2], &views).unwrap();
        for metric in metrics() {
            let found = metric.measure(&counts, Some(flips));
            match (&case["expected"][metric.name()], found) {
                (Value::Null, Err(_)) => {}
                (Value::String(text), Ok(value)) => {
                    let expected = if text == "inf" {
                        BiasValue::PositiveInfinity
                    } else {
                        BiasValue::NegativeInfinity
                    };
                    assert_eq!(value, expected, "{metric:?}");
                }
                (Value::Number(expected), Ok(BiasValue::Finite(value))) => {
                    assert!(
                        (value - expected.as_f64().unwrap()).abs() <= SAME * value.abs().max(1.0),
                        "{metric:?}: {value} against {expected}"
                    );
                }
                (expected, found) => panic!("{metric:?}: {found:?} against {expected}"),
            }
            n_checked += 1;
        }
    }
    assert_eq!(n_checked, 4 * 21);
}

/// Instances of a Clarify table: feature columns, label, and the predictions where the file has them.
struct Instances {
    features: Vec<Vec<f64>>,
    label: Vec<bool>,
    prediction: Option<Vec<bool>>,
}

fn clarify_folder() -> Option<std::path::PathBuf> {
    let folder = std::path::PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/reference/model-monitor"
    ));
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the shared Clarify files are not beside this checkout");
    None
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn feature_columns(instances: &[Value]) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> = instances
        .iter()
        .map(|row| {
            row["features"]
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value.as_f64().unwrap())
                .collect()
        })
        .collect();
    (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column]).collect())
        .collect()
}

fn positive(value: &Value) -> bool {
    value.as_f64() == Some(1.0)
}

/// Features of the table: Age is column 0, Sex column 9 (facet 0), as in the notebook's analysis configuration.
fn measure(instances: &Instances) -> BTreeMap<&'static str, BiasValue> {
    let facet: Vec<bool> = instances.features[9].iter().map(|sex| *sex == 0.0).collect();
    let group: Vec<u32> = instances.features[0].iter().map(|age| *age as u32).collect();
    let counts = FacetCounts::of(&FacetRows {
        facet: &facet,
        label: Some(&instances.label),
        prediction: instances.prediction.as_deref(),
        group: Some(&group),
    })
    .unwrap();
    let others: Vec<&[f64]> = instances
        .features
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != 9)
        .map(|(_, column)| &column[..])
        .collect();
    let flips = instances
        .prediction
        .as_deref()
        .map(|found| flip_test(&facet, found, &others).unwrap());
    metrics()
        .filter_map(|metric| Some((metric.name(), metric.measure(&counts, flips).ok()?)))
        .collect()
}

fn baseline_values(folder: &std::path::Path, kind: &str) -> BTreeMap<String, Value> {
    let analysis = read(&folder.join("nb-outputs/clarify_endpoint_bias_baseline_analysis.json"));
    let metrics = analysis[kind]["facets"]["Sex"][0]["metrics"]
        .as_array()
        .unwrap()
        .clone();
    metrics
        .into_iter()
        .map(|metric| {
            let name = metric["name"].as_str().unwrap().to_owned();
            let ours = self::metrics().find(|ours| ours.name() == name).unwrap();
            assert_eq!(ours.description(), metric["description"].as_str().unwrap());
            (name, metric["value"].clone())
        })
        .collect()
}

/// G4 of the shared reference: Clarify's own pre-training baseline of 666 rows.
#[test]
fn pre_training_values_are_clarifys_own() {
    let Some(folder) = clarify_folder() else { return };
    let table = read(&folder.join("clarify/validation-dataset.json"));
    let rows = table["instances"].as_array().unwrap();
    let instances = Instances {
        features: feature_columns(rows),
        label: rows.iter().map(|row| positive(&row["label"])).collect(),
        prediction: None,
    };
    let found = measure(&instances);
    let expected = baseline_values(&folder, "pre_training_bias_metrics");
    assert_eq!(expected.len(), 8);
    for (name, expected) in expected {
        let value = found[name.as_str()].finite().unwrap();
        assert!(
            (value - expected.as_f64().unwrap()).abs() <= SAME,
            "{name}: {value} against {expected}"
        );
    }
}

/// G3a: a real monitoring run's violations from its merged record: the same metrics, to 1e-14, and no other.
#[test]
fn point_violations_are_those_of_the_real_run() {
    let Some(folder) = clarify_folder() else { return };
    let record = read(&folder.join("nb-outputs/clarify_batch_merged_record.json"));
    let inner = |value: &Value| -> Value { serde_json::from_str(value.as_str().unwrap()).unwrap() };
    let joined = inner(&record["captureData"]["batchTransformOutput"]["data"]);
    let truth = inner(&record["groundTruthData"]["data"]);
    let list = |value: &Value, key: &str| value[key].as_array().unwrap().clone();
    let instances = Instances {
        features: feature_columns(&list(&joined, "instances")),
        label: list(&truth, "instances")
            .iter()
            .map(|row| positive(&row["label"]))
            .collect(),
        prediction: Some(
            list(&joined["SageMakerOutput"], "predictions")
                .iter()
                .map(|row| positive(&row["predicted_label"]))
                .collect(),
        ),
    };
    let live = measure(&instances);
    let violations = read(&folder.join("nb-outputs/clarify_batch_bias_constraint_violations.json"));
    let mut expected: BTreeMap<String, String> = violations["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("metric_name"), text("description"))
        })
        .collect();
    assert_eq!(expected.len(), 8);
    let mut baseline = baseline_values(&folder, "post_training_bias_metrics");
    baseline.extend(baseline_values(&folder, "pre_training_bias_metrics"));
    for (name, limit) in baseline {
        let limit = BiasValue::Finite(limit.as_f64().unwrap());
        let value = live[name.as_str()];
        let described = expected.remove(&name);
        assert_eq!(
            point_violation(limit, value),
            described.is_some(),
            "{name}: {value:?} against {limit:?}"
        );
        if let Some(described) = described {
            let text = described
                .strip_prefix("Metric value ")
                .unwrap()
                .split(' ')
                .next()
                .unwrap();
            match value {
                BiasValue::Finite(value) => {
                    let expected: f64 = text.parse().unwrap();
                    assert!(
                        (value - expected).abs() <= SAME * expected.abs().max(1.0),
                        "{name}: {value} {text}"
                    );
                }
                infinite => assert_eq!(text.starts_with('-'), infinite == BiasValue::NegativeInfinity),
            }
        }
    }
    assert!(expected.is_empty(), "violations not found: {expected:?}");
}

// scikit-learn 1.9.1: ndcg_score([baseline], [live])
#[test]
fn ndcg_is_scikit_learns_and_one_for_the_same_order() {
    let case = &reference()["ndcg"];
    let numbers = |key: &str| -> Vec<f64> {
        case[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect()
    };
    let found = attribution_ndcg(&numbers("baseline"), &numbers("live")).unwrap();
    assert!((found - case["expected"].as_f64().unwrap()).abs() <= SAME && found < ATTRIBUTION_LIMIT);
    assert_eq!(attribution_ndcg(&[0.5, 0.2, 0.1], &[5.0, 2.0, 1.0]), Ok(1.0));
    assert_eq!(
        attribution_ndcg(&[0.0, 0.0], &[1.0, 2.0]),
        Err(BiasFailure::NoAttributions)
    );
    assert_eq!(
        attribution_ndcg(&[0.1], &[1.0, 2.0]),
        Err(BiasFailure::NoAttributions)
    );
}

fn counts_of(rows: &[(bool, bool, bool, u32)]) -> FacetCounts {
    let facet: Vec<bool> = rows.iter().map(|row| row.0).collect();
    let label: Vec<bool> = rows.iter().map(|row| row.1).collect();
    let prediction: Vec<bool> = rows.iter().map(|row| row.2).collect();
    let group: Vec<u32> = rows.iter().map(|row| row.3).collect();
    FacetCounts::of(&FacetRows {
        facet: &facet,
        label: Some(&label),
        prediction: Some(&prediction),
        group: Some(&group),
    })
    .unwrap()
}

fn any_rows() -> impl Strategy<Value = Vec<(bool, bool, bool, u32)>> {
    proptest::collection::vec((any::<bool>(), any::<bool>(), any::<bool>(), 0u32..3), 20..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn counts_of_parts_add_up_in_any_order(rows in any_rows(), at in 0usize..20) {
        let (left, right) = rows.split_at(at);
        let mut merged = counts_of(right);
        merged.merge(&counts_of(left));
        prop_assert_eq!(merged, counts_of(&rows));
    }

    /// Exchanging the two sides turns a difference around.
    #[test]
    fn differences_change_sign_with_the_facet(rows in any_rows()) {
        let turned: Vec<_> = rows.iter().map(|row| (!row.0, row.1, row.2, row.3)).collect();
        let (one, other) = (counts_of(&rows), counts_of(&turned));
        for metric in [BiasMetric::CI, BiasMetric::DPL, BiasMetric::DPPL, BiasMetric::AD, BiasMetric::RD, BiasMetric::SD] {
            if let (Ok(left), Ok(right)) = (metric.measure(&one, None), metric.measure(&other, None)) {
                prop_assert!((left.finite().unwrap() + right.finite().unwrap()).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn intervals_are_repeatable_and_hold_their_value(rows in any_rows()) {
        let counts = counts_of(&rows);
        let options = BootstrapOptions { n_resamples: 50, ..BootstrapOptions::default() };
        let intervals = bias_intervals(&counts, None, options);
        prop_assert_eq!(&intervals, &bias_intervals(&counts, None, options));
        for interval in intervals.values().flatten() {
            prop_assert!(interval.low <= interval.value && interval.value <= interval.high);
        }
    }
}

/// The spread of a difference of two proportions has a closed form: Var = p_a(1−p_a)/n_a + p_d(1−p_d)/n_d.
#[test]
fn the_bootstrap_spread_of_a_difference_is_the_binomial_one() {
    for n in [400usize, 120_000] {
        let rows: Vec<_> = (0..n)
            .map(|row| (row % 4 == 0, row % 10 < 4, row % 10 < 5, 0))
            .collect();
        let counts = counts_of(&rows);
        let options = BootstrapOptions {
            n_resamples: 2000,
            ..BootstrapOptions::default()
        };
        let found = bias_intervals(&counts, None, options)[&BiasMetric::DPL].unwrap();
        let share = |facet: bool| {
            let side: Vec<_> = rows.iter().filter(|row| row.0 == facet).collect();
            let p = side.iter().filter(|row| row.1).count() as f64 / side.len() as f64;
            p * (1.0 - p) / side.len() as f64
        };
        let expected = (share(true) + share(false)).sqrt();
        assert!(
            (found.standard_error / expected - 1.0).abs() < 0.06,
            "{} {expected}",
            found.standard_error
        );
    }
}

#[test]
fn an_alert_needs_the_whole_interval_outside() {
    let interval = BiasInterval {
        value: 0.2,
        standard_error: 0.02,
        low: 0.16,
        high: 0.24,
    };
    let judge = |low: f64, high: f64| judge_interval(&interval, AllowedRange { low, high });
    assert_eq!(judge(-0.1, 0.1), BiasVerdict::Alert);
    assert_eq!(judge(-0.1, 0.17), BiasVerdict::OutsideWithinChance);
    assert_eq!(judge(-0.1, 0.3), BiasVerdict::Allowed);
    assert_eq!(judge(0.3, f64::INFINITY), BiasVerdict::Alert);
}

#[test]
fn what_is_missing_is_said() {
    let facet = [true, false, true, false];
    let only = FacetCounts::of(&FacetRows {
        facet: &facet,
        label: None,
        prediction: Some(&facet),
        group: None,
    })
    .unwrap();
    assert_eq!(
        BiasMetric::DPL.measure(&only, None),
        Err(BiasFailure::NeedsLabels)
    );
    assert_eq!(
        BiasMetric::CDDPL.measure(&only, None),
        Err(BiasFailure::NeedsGroup)
    );
    assert_eq!(BiasMetric::DPPL.measure(&only, None), Ok(BiasValue::Finite(-1.0)));
    assert_eq!(
        BiasMetric::FT.measure(&only, None),
        Err(BiasFailure::NeedsFeatures)
    );
    let all = FacetCounts::of(&FacetRows {
        facet: &[true; 3],
        label: Some(&[true; 3]),
        prediction: None,
        group: None,
    })
    .unwrap();
    assert_eq!(
        BiasMetric::CI.measure(&all, None).unwrap_err().to_string(),
        "the facet value is on every row: there is nothing to compare"
    );
    let short = FacetRows {
        facet: &facet,
        label: Some(&[true]),
        prediction: None,
        group: None,
    };
    assert_eq!(FacetCounts::of(&short), Err(BiasFailure::LengthsDiffer));
}

/// Categories are one-hot codes: √2 apart. The same answer as of the codes written out.
#[test]
fn categories_are_compared_as_one_hot_codes() {
    let n = 90;
    let facet: Vec<bool> = (0..n).map(|row| row % 3 == 0).collect();
    let prediction: Vec<bool> = (0..n).map(|row| (row * row) % 5 < 2).collect();
    let number: Vec<f64> = (0..n).map(|row| f64::from((row * 37) % 101) / 25.0).collect();
    let codes: Vec<u32> = (0..n).map(|row| (row as u32 * 7) % 4).collect();
    let one_hot: Vec<Vec<f64>> = (0..4)
        .map(|code| {
            codes
                .iter()
                .map(|found| f64::from(u8::from(*found == code)))
                .collect()
        })
        .collect();
    let mut written_out: Vec<&[f64]> = vec![&number];
    written_out.extend(one_hot.iter().map(Vec::as_slice));
    let mixed = [FlipColumn::Number(&number), FlipColumn::Category(&codes)];
    let found = flip_test_mixed(&facet, &prediction, &mixed).unwrap();
    assert_eq!(found.flips, flip_test(&facet, &prediction, &written_out).unwrap());
    assert_eq!((found.n_without_features, found.n_thinned), (0, 0));
}

#[test]
fn rows_without_a_feature_are_left_out_and_many_rows_are_thinned() {
    let n = 30_000;
    let facet: Vec<bool> = (0..n).map(|row| row % 3 == 0).collect();
    let prediction: Vec<bool> = (0..n).map(|row| row % 3 == 0 || row % 2 == 0).collect();
    let mut number: Vec<f64> = (0..n).map(|row| f64::from(row % 2)).collect();
    number[7] = f64::NAN;
    let found = flip_test_mixed(&facet, &prediction, &[FlipColumn::Number(&number)]).unwrap();
    assert_eq!(found.n_without_features, 1);
    assert_eq!(
        found.n_thinned, 6_000,
        "of 10,000 in the facet 4,000 are compared"
    );
    // Facet rows are always positive; the others where the number is 0: half of the facet would turn negative.
    assert_eq!(found.flips.n_to_negative, 2_000);
    assert_eq!(found.flips.n_to_positive, 0);
    let nothing = [f64::NAN; 4];
    let found = flip_test_mixed(
        &[true, false, true, false],
        &[true; 4],
        &[FlipColumn::Number(&nothing)],
    );
    assert_eq!(found, Err(BiasFailure::OneSided { every: false }));
}

#[test]
fn metrics_have_names_and_most_have_a_usual_range() {
    for metric in metrics() {
        assert_eq!(BiasMetric::named(metric.name()), Some(metric));
    }
    assert_eq!(BiasMetric::named("di"), Some(BiasMetric::DI));
    assert_eq!(BiasMetric::named("nothing"), None);
    let without = metrics().filter(|metric| AllowedRange::usual(*metric).is_none());
    assert_eq!(
        without.collect::<Vec<_>>(),
        [BiasMetric::CI, BiasMetric::GE, BiasMetric::TE]
    );
}

/// `sklearn.metrics.ndcg_score` of scikit-learn 1.9.1 is the same sum (log2 discounts, linear gain):
/// ndcg_score([[0.5, 0.3, 0.2, 0.1]], [[0.1, 0.2, 0.3, 0.5]]).
#[test]
fn ndcg_of_a_turned_order_is_scikit_learns() {
    let found = attribution_ndcg(&[0.5, 0.3, 0.2, 0.1], &[0.1, 0.2, 0.3, 0.5]).unwrap();
    assert!((found - 0.710_670_581_977_758_2).abs() < 1e-15, "{found}");
}

#[test]
fn attribution_drift_has_an_interval_that_holds_its_value() {
    let n = 5_000;
    let column = |scale: f64, step: usize| -> Vec<f64> {
        (0..n)
            .map(|row| scale * ((row * step) % 101) as f64 * if row % 2 == 0 { 1.0 } else { -1.0 })
            .collect()
    };
    let (a, mut b, c) = (column(3.0, 7), column(2.0, 11), column(1.0, 13));
    b[3] = f64::NAN;
    let options = BootstrapOptions {
        n_resamples: 200,
        ..BootstrapOptions::default()
    };
    let same = attribution_drift(&[3.0, 2.0, 1.0], &[&a, &b, &c], options).unwrap();
    assert_eq!(same.n, n as u64 - 1);
    assert_eq!((same.ndcg, same.high), (1.0, 1.0));
    let turned = attribution_drift(&[1.0, 2.0, 9.0], &[&a, &b, &c], options).unwrap();
    assert!(turned.low <= turned.ndcg && turned.ndcg <= turned.high && turned.high < ATTRIBUTION_LIMIT);
    assert_eq!(
        turned,
        attribution_drift(&[1.0, 2.0, 9.0], &[&a, &b, &c], options).unwrap()
    );
    let (global, n_global) = global_attributions(&[&a, &b, &c]).unwrap();
    assert_eq!((global, n_global), (turned.live, turned.n));
    // Features of nearly equal weight change places by chance: the interval reaches up to an unchanged order.
    let noisy = attribution_drift(&[3.0, 3.001, 1.0], &[&a[..40], &a[5..45], &c[..40]], options).unwrap();
    assert!(noisy.low < noisy.high && noisy.high == 1.0);
    assert_eq!(
        attribution_drift(&[1.0], &[&[f64::NAN; 3]], options),
        Err(BiasFailure::NoAttributions)
    );
}
