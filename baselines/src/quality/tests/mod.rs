//! Tests of the whole: reference numbers, laws, documented answers, judgement. Do not know how a metric is computed.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::compare::tolerance;

mod answers;
mod coverage;
mod judgement;
mod laws;
mod oracles;
mod reference;

fn options() -> QualityOptions {
    QualityOptions {
        min_labels: 1,
        n_bootstrap: 200,
        ..QualityOptions::default()
    }
}

/// Labels 0/1 with scores, predicted at 0.5.
fn binary(labels: &[bool], scores: &[f64], weights: Option<&[f64]>) -> BinaryState {
    let mut state = BinaryState::new(BinarySettings::default());
    state
        .update(&BinaryRows {
            labels,
            scores: Some(scores),
            weights,
            ..BinaryRows::default()
        })
        .unwrap();
    state
}

fn regression(labels: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> RegressionState {
    let mut state = RegressionState::new();
    state
        .update(&RegressionRows {
            labels,
            predicted,
            weights,
        })
        .unwrap();
    state
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_f64().unwrap())
        .collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_str().unwrap())
        .collect()
}

/// Each number of `expected` stands in the result, within 1e-9 relative.
fn check_metrics(what: &str, result: &QualityResult, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        let Some(found) = result.metrics.get(name) else {
            panic!("{what}: no {name}: {:?}", result.not_computable.get(name));
        };
        check_value(&format!("{what} {name}"), found.value, value.as_f64().unwrap());
        assert!(
            found.low <= found.value && found.value <= found.high,
            "{what} {name}: {found:?}"
        );
    }
}

fn check_value(what: &str, actual: f64, expected: f64) {
    assert!(
        tolerance::agrees(actual, expected, tolerance::STATISTIC),
        "{what}: {actual:e}, expected {expected:e}"
    );
}

/// The result of a state, as text: same text, same bits.
fn bits(result: &QualityResult) -> String {
    format!("{result:?}")
}
