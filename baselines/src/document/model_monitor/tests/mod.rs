//! Real files of Model Monitor in and out, small ones of our own, and the bounds of our sketches.
//!
//! The real files lie beside the project (`../shared`) and are not ours to copy; without them those tests say so.

mod damage;
mod quality;
mod sketch;

use std::path::PathBuf;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::compare::tolerance;
use crate::constraint::{CategoricalDriftMethod, ComparisonMethod, Constraints, Overrides, suggest};
use crate::judge::Evidence;
use crate::profile::column::Scratch;
use crate::profile::{ColumnPlan, PlanKind, Profile};
use crate::summary::{DatasetSummary, Distinct, InferredType, Position, WeightedPoints};
use crate::view::{CellClass, ColumnView, TextView};

fn shared(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/model-monitor");
    let found = std::fs::read(folder.join(name));
    if found.is_err() {
        println!("skipped: {name} is not beside the project");
    }
    found.ok()
}

fn own(name: &str) -> Vec<u8> {
    std::fs::read(
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("test-data/model_monitor")
            .join(name),
    )
    .unwrap()
}

/// JSON equality with `1` equal to `1.0`.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

fn check_round_trip(name: &str, file: Option<Vec<u8>>, rewrite: fn(&[u8]) -> Vec<u8>) {
    let Some(bytes) = file else { return };
    let written = rewrite(&bytes);
    let (before, after): (Value, Value) = (
        serde_json::from_slice(&bytes).unwrap(),
        serde_json::from_slice(&written).unwrap(),
    );
    assert!(same(&before, &after), "{name} changed when it was written again");
    assert_eq!(rewrite(&written), written, "{name} is not written the same twice");
}

fn statistics(bytes: &[u8]) -> Vec<u8> {
    Statistics::from_bytes(bytes).unwrap().to_bytes().unwrap()
}

fn constraints(bytes: &[u8]) -> Vec<u8> {
    ConstraintsFile::from_bytes(bytes).unwrap().to_bytes().unwrap()
}

fn violations(bytes: &[u8]) -> Vec<u8> {
    Violations::from_bytes(bytes).unwrap().to_bytes().unwrap()
}

#[test]
fn real_files_are_written_again_as_they_were() {
    for name in [
        "packt-run/statistics.json",
        "packt-run/live_statistics.json",
        "ox-cardio/statistics.json",
        "sdk-fixtures/statistics.json",
        "sdk-fixtures/model_monitor_model_quality_binary_classification.json",
        "sdk-fixtures/model_monitor_model_quality_regression.json",
    ] {
        check_round_trip(name, shared(name), statistics);
    }
    for name in [
        "packt-run/constraints.json",
        "ox-cardio/constraints.json",
        "sdk-fixtures/constraints.json",
    ] {
        check_round_trip(name, shared(name), constraints);
    }
    for name in [
        "packt-run/constraint_violations.json",
        "sdk-fixtures/constraint_violations.json",
        "nb-outputs/clarify_batch_bias_constraint_violations.json",
    ] {
        check_round_trip(name, shared(name), violations);
    }
}

#[test]
fn files_that_aws_wrote_keep_every_byte() {
    for (name, rewrite) in [
        ("ox-cardio/constraints.json", constraints as fn(&[u8]) -> Vec<u8>),
        ("packt-run/constraints.json", constraints),
        ("packt-run/constraint_violations.json", violations),
        ("ox-cardio/statistics.json", statistics),
        ("packt-run/statistics.json", statistics),
    ] {
        let Some(bytes) = shared(name) else { continue };
        let written = rewrite(&bytes);
        assert!(
            written.trim_ascii_end() == bytes.trim_ascii_end(),
            "{name} is laid out differently"
        );
    }
}

#[test]
fn own_files_of_every_age_are_written_again_as_they_were() {
    for name in [
        "constraints_2019.json",
        "constraints_2021.json",
        "model_quality_constraints.json",
    ] {
        check_round_trip(name, Some(own(name)), constraints);
    }
    for name in ["constraint_violations.json", "model_quality_violations.json"] {
        check_round_trip(name, Some(own(name)), violations);
    }
    check_round_trip(
        "model_quality_statistics.json",
        Some(own("model_quality_statistics.json")),
        statistics,
    );
}

fn read_constraints(name: &str) -> Constraints {
    ConstraintsFile::from_bytes(&own(name))
        .unwrap()
        .into_constraints()
        .unwrap()
}

#[test]
fn keys_of_2019_keep_their_meaning_and_missing_ones_get_the_emitted_defaults() {
    let constraints = read_constraints("constraints_2019.json");
    let monitoring = &constraints.monitoring;
    assert!(!monitoring.distribution.perform_comparison);
    assert_eq!(monitoring.domain_content_threshold, 0.75);
    assert_eq!(monitoring.datatype_check_threshold, 1.0);
    assert_eq!(monitoring.distribution.comparison_threshold, 1.0);
    assert_eq!(
        monitoring.distribution.comparison_method,
        ComparisonMethod::Robust
    );
    assert_eq!(monitoring.distribution.categorical_comparison_threshold, 0.1);
    assert_eq!(
        monitoring.distribution.categorical_drift_method,
        CategoricalDriftMethod::LInfinity
    );
}

#[test]
fn overrides_are_read_in_both_places() {
    let old = read_constraints("constraints_2019.json");
    let expect = Overrides {
        evaluate_constraints: Some(false),
        emit_metrics: Some(true),
    };
    assert_eq!(old.features[0].overrides, expect);
    assert_eq!(old.features[1].overrides, Overrides::default());
    let documented = read_constraints("constraints_2021.json");
    let expect = Overrides {
        evaluate_constraints: Some(false),
        emit_metrics: None,
    };
    assert_eq!(documented.features[0].overrides, expect);
    // sagemaker 2.257.7: Constraints.set_monitoring(enable_monitoring=False, feature_name="x").
    let sdk = br#"{"features":[{"name":"x","inferred_type":"Integral","monitoring_config_overrides":{"evaluate_constraints":"Disabled"}}]}"#;
    let sdk = ConstraintsFile::from_bytes(sdk)
        .unwrap()
        .into_constraints()
        .unwrap();
    assert_eq!(sdk.features[0].overrides.evaluate_constraints, Some(false));
    for constraints in [old, documented] {
        let bytes = ConstraintsFile::from(&constraints).to_bytes().unwrap();
        assert_eq!(
            ConstraintsFile::from_bytes(&bytes)
                .unwrap()
                .into_constraints()
                .unwrap(),
            constraints
        );
    }
}

#[test]
fn a_statistics_file_becomes_a_summary() {
    let loaded = Statistics::from_bytes(&own("statistics_2021.json"))
        .unwrap()
        .into_summary()
        .unwrap();
    let [amount, flag, id, nothing] = &loaded.summary.columns[..] else {
        panic!("four columns")
    };
    let numeric = amount.numeric.as_ref().unwrap();
    assert_eq!(loaded.summary.n_rows, 7);
    assert_eq!((numeric.n, numeric.mean, numeric.max), (6, 2.5, 5.5));
    // 2.25 is an item of level 0 (one row) and of level 1 (two rows).
    let expect = WeightedPoints {
        values: vec![0.5, 2.25, 5.5],
        weights: vec![1, 3, 2],
        ..WeightedPoints::default()
    };
    assert_eq!(numeric.points, expect);
    assert_eq!(numeric.distinct, Distinct::Estimated(3));
    assert!(matches!(loaded.evidence[0], Evidence::Sketch { rank_error } if rank_error < 0.003));
    assert_eq!((amount.counts.n_fractional, amount.counts.n_missing), (6, 1));
    let known = flag.categorical.as_ref().unwrap();
    assert_eq!(known.counts, [("Y".to_owned(), 5), ("N".to_owned(), 2)]);
    assert!(known.complete && known.distinct == Distinct::Exact(2));
    let unlisted = id.categorical.as_ref().unwrap();
    assert!(!unlisted.complete && unlisted.n_other == 7 && unlisted.distinct == Distinct::Estimated(977));
    assert_eq!(nothing.inferred_type, InferredType::Unknown);
}

/// Cells as a CSV would give them: (class, text) by the patterns of contract §2.3.
fn classify(text: &str) -> (CellClass, f64) {
    match text {
        "" => (CellClass::Missing, 0.0),
        "NaN" => (CellClass::Nan, 0.0),
        "inf" => (CellClass::PositiveInfinity, 0.0),
        "-inf" => (CellClass::NegativeInfinity, 0.0),
        "true" | "false" => (CellClass::Boolean, 0.0),
        _ => match text.parse::<f64>() {
            Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => {
                (CellClass::Integral, number)
            }
            Ok(number) => (CellClass::Fractional, number),
            Err(_) => (CellClass::Text, 0.0),
        },
    }
}

pub(crate) fn summarize(columns: &[(&str, Vec<&str>)]) -> DatasetSummary {
    let plans: Vec<ColumnPlan> = columns
        .iter()
        .map(|(name, _)| ColumnPlan::unknown(*name, PlanKind::Undetermined))
        .collect();
    let mut profile = Profile::new(&plans);
    let mut scratch = Scratch::default();
    profile.add_rows(columns[0].1.len() as u64);
    for (idx, (_, cells)) in columns.iter().enumerate() {
        let (classes, numbers): (Vec<CellClass>, Vec<f64>) = cells.iter().map(|cell| classify(cell)).unzip();
        let bytes: Vec<u8> = cells.concat().into_bytes();
        let mut end = 0;
        let ends: Vec<u32> = cells
            .iter()
            .map(|cell| {
                end += cell.len() as u32;
                end
            })
            .collect();
        let view = ColumnView {
            classes: &classes,
            numbers: &numbers,
            texts: Some(TextView {
                bytes: &bytes,
                ends: &ends,
            }),
        };
        let position = |cell: usize| Position {
            object_idx: 0,
            line: cell as u64 + 1,
        };
        profile.update_planned(idx, &view, position, &mut scratch);
    }
    profile.finish()
}

/// A CSV file with a header and without quoted fields.
pub(crate) fn summarize_csv(csv: Vec<u8>) -> DatasetSummary {
    let csv = String::from_utf8(csv).unwrap();
    let mut lines = csv.lines();
    let names = lines.next().unwrap().split(',');
    let mut columns: Vec<(&str, Vec<&str>)> = names.map(|name| (name, Vec::new())).collect();
    for line in lines {
        for (cell, (_, column)) in line.split(',').zip(&mut columns) {
            column.push(cell);
        }
    }
    summarize(&columns)
}

fn small_data_set() -> DatasetSummary {
    summarize(&[
        ("age", vec!["29", "41", "", "33", "29", "64"]),
        ("weight", vec!["61.5", "-2", "80.25", "NaN", "7e1", ""]),
        ("city", vec!["Bern", "Basel", "Bern", "", "Genf", "Bern"]),
        ("smoker", vec!["true", "false", "true", "true", "", "false"]),
        ("note", vec![""; 6]),
    ])
}

fn schema_errors(schema: &str, bytes: &[u8]) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("schemas")
        .join(format!("{schema}.schema.json"));
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let document: Value = serde_json::from_slice(bytes).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect()
}

pub(crate) fn check_schema(schema: &str, bytes: &[u8]) {
    assert_eq!(schema_errors(schema, bytes), [""; 0], "{schema}");
}

#[test]
fn what_we_write_is_the_golden_file_and_fits_the_schema() {
    let summary = small_data_set();
    let written = Statistics::from(&summary).to_bytes().unwrap();
    check_schema("statistics", &written);
    check_golden("golden_statistics.json", &written);
    let written = ConstraintsFile::from(&suggest(&summary).constraints)
        .to_bytes()
        .unwrap();
    check_schema("constraints", &written);
    check_golden("golden_constraints.json", &written);
}

/// With `UPDATE_EXPECT=1` in the environment the file is written, for a person to look at.
fn check_golden(name: &str, written: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("test-data/model_monitor")
        .join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, written).unwrap();
    }
    assert_eq!(
        String::from_utf8_lossy(written),
        String::from_utf8(std::fs::read(path).unwrap()).unwrap()
    );
}

#[test]
fn schemas_accept_every_file_at_hand_and_refuse_others() {
    check_schema("statistics", &own("statistics_2021.json"));
    check_schema("constraints", &own("constraints_2019.json"));
    check_schema("constraints", &own("constraints_2021.json"));
    check_schema("constraint_violations", &own("constraint_violations.json"));
    check_schema("model_quality_statistics", &own("model_quality_statistics.json"));
    check_schema(
        "model_quality_constraints",
        &own("model_quality_constraints.json"),
    );
    check_schema("model_quality_violations", &own("model_quality_violations.json"));
    for (schema, other) in [
        ("statistics", "constraints_2021.json"),
        ("constraint_violations", "model_quality_violations.json"),
        ("model_quality_statistics", "statistics_2021.json"),
        ("model_quality_constraints", "constraints_2021.json"),
    ] {
        assert!(
            !schema_errors(schema, &own(other)).is_empty(),
            "{schema} accepts {other}"
        );
    }
    for (schema, name) in [
        ("statistics", "ox-cardio/statistics.json"),
        ("statistics", "packt-run/statistics.json"),
        ("constraints", "ox-cardio/constraints.json"),
        ("constraint_violations", "packt-run/constraint_violations.json"),
        (
            "model_quality_statistics",
            "sdk-fixtures/model_monitor_model_quality_regression.json",
        ),
    ] {
        if let Some(bytes) = shared(name) {
            check_schema(schema, &bytes);
        }
    }
}

/// G1: the statistics AWS's container made of this table (contract §2.1: bucket counts are the sketch's, off by at
/// most 63 of 68,385 rows; distinct counts are estimates; the rest is equal).
#[test]
fn g1_statistics_of_a_real_table_equal_model_monitors() {
    let (Some(csv), Some(theirs)) = (
        shared("ox-cardio/cardio_cleaned.csv"),
        shared("ox-cardio/statistics.json"),
    ) else {
        return;
    };
    let summary = summarize_csv(csv);
    let ours = Statistics::from(&summary);
    check_schema("statistics", &ours.to_bytes().unwrap());
    let theirs = Statistics::from_bytes(&theirs).unwrap();
    let by_name: BTreeMap<String, statistics::Feature> = theirs
        .features
        .unwrap()
        .into_iter()
        .map(|feature| (feature.name.clone(), feature))
        .collect();
    let mut n_compared = 0;
    for ours in ours.features.unwrap() {
        let Some(theirs) = by_name.get(&ours.name) else {
            continue;
        };
        n_compared += 1;
        assert_eq!(ours.inferred_type, theirs.inferred_type, "{}", ours.name);
        let (ours, theirs) = (
            ours.numerical_statistics.unwrap(),
            theirs.numerical_statistics.clone().unwrap(),
        );
        assert_eq!(
            (ours.common, ours.min, ours.max),
            (theirs.common, theirs.min, theirs.max)
        );
        assert_eq!(ours.completeness, theirs.completeness);
        for (ours, theirs) in [
            (ours.mean, theirs.mean),
            (ours.sum, theirs.sum),
            (ours.std_dev, theirs.std_dev),
        ] {
            assert!(
                tolerance::agrees(ours, theirs, tolerance::STATISTIC),
                "{ours} {theirs}"
            );
        }
        let kll = |found: statistics::NumericalStatistics| found.distribution.unwrap().kll.unwrap().buckets;
        for (ours, theirs) in kll(ours).iter().zip(kll(theirs)) {
            assert_eq!(
                (ours.lower_bound, ours.upper_bound),
                (theirs.lower_bound, theirs.upper_bound)
            );
            assert!((ours.count - theirs.count).abs() <= 63.0);
        }
    }
    assert_eq!(n_compared, 12);
    // The constraints of the same columns, as AWS suggested them.
    let Some(theirs) = shared("ox-cardio/constraints.json") else {
        return;
    };
    let theirs = ConstraintsFile::from_bytes(&theirs)
        .unwrap()
        .into_constraints()
        .unwrap();
    let ours = suggest(&summary).constraints;
    assert_eq!(ours.monitoring, theirs.monitoring);
    for feature in &ours.features {
        if let Some(theirs) = theirs.feature(&feature.name) {
            assert_eq!(feature, theirs);
        }
    }
}

#[test]
fn a_summary_survives_statistics_json_where_the_file_can_say_it() {
    let summary = small_data_set();
    let bytes = Statistics::from(&summary).to_bytes().unwrap();
    let loaded = Statistics::from_bytes(&bytes).unwrap().into_summary().unwrap();
    assert_eq!(loaded.summary.n_rows, summary.n_rows);
    for (before, after) in summary.columns.iter().zip(&loaded.summary.columns) {
        assert_eq!(before.name, after.name);
        assert_eq!(before.counts.n_present(), after.counts.n_present());
        assert_eq!(before.counts.n_missing, after.counts.n_missing);
        if before.inferred_type.is_numeric() {
            assert_eq!(before.counts.n_numbers(), after.counts.n_numbers());
            let (before, after) = (before.numeric.as_ref().unwrap(), after.numeric.as_ref().unwrap());
            assert_eq!(before.points, after.points);
            assert_eq!(
                (before.mean, before.std_dev, before.min),
                (after.mean, after.std_dev, after.min)
            );
        }
    }
    assert_eq!(loaded.summary.columns[3].inferred_type, InferredType::String);
}
