//! Real files of Model Monitor in and out, small ones of our own, and the bounds of our sketches.
//!
//! The real files lie beside the project (`../shared`) and are not ours to copy; without them those tests say so.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::kll::{kll, points_of_levels};
use super::*;
use crate::summary::{DatasetSummary, InferredType, WeightedPoints};

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
