//! The house's binned distances against a restatement in NumPy and SciPy. Knows no internals.

use serde_json::Value;

use super::*;
use crate::summary::CellCounts;

fn reference() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/compare/house.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_f64().unwrap())
        .collect()
}

fn check_all(what: &str, expected: &Value, measure: impl Fn(Method) -> Outcome) {
    for (name, expected) in expected.as_object().unwrap() {
        let (method, companion) = match name.strip_suffix("_unsmoothed") {
            Some(method) => (method, Some("unsmoothed")),
            None => (name.as_str(), None),
        };
        let measurement = measure(method.parse().unwrap()).unwrap();
        let value = companion.map_or(measurement.statistic, |companion| {
            measurement.companion(companion).unwrap()
        });
        check_value(
            &format!("{what} {name}"),
            value,
            expected.as_f64().unwrap(),
            tolerance::STATISTIC,
        );
    }
}

// tests/reference/compare/make_house.py, numpy 2.4.6, scipy 1.17.1.
#[test]
fn numeric_distances_are_the_restated_ones() {
    for (idx, case) in reference()["numeric"].as_array().unwrap().iter().enumerate() {
        let [b, c] = ["baseline", "current"].map(|side| WeightedPoints::from_values(floats(&case[side])));
        let edges = house_edges(&b);
        assert_eq!(edges.len(), case["edges"].as_array().unwrap().len(), "case {idx}");
        for (ours, theirs) in edges.iter().zip(floats(&case["edges"])) {
            check_value(&format!("case {idx} edge"), *ours, theirs, tolerance::STATISTIC);
        }
        let cells = [0, 1].map(|side| CellCounts {
            n_missing: case["special"][side][0].as_u64().unwrap(),
            n_nan: case["special"][side][1].as_u64().unwrap(),
            ..CellCounts::default()
        });
        let context = Context {
            baseline_cells: Some(&cells[0]),
            current_cells: Some(&cells[1]),
            ..Context::default()
        };
        check_all(&format!("case {idx}"), &case["expected"], |method| {
            compare_numeric(method, Convention::House, &b, &c, &context)
        });
    }
}

// tests/reference/compare/make_house.py, numpy 2.4.6, scipy 1.17.1.
#[test]
fn categorical_distances_are_the_restated_ones() {
    for (idx, case) in reference()["tables"].as_array().unwrap().iter().enumerate() {
        let [b, c] = ["baseline", "current"].map(|side| {
            let counts = case[side].as_object().unwrap().iter();
            CategoryCounts::new(counts.map(|(value, n)| (value.clone(), n.as_u64().unwrap())), 0)
        });
        let cells = [0, 1].map(|side| CellCounts {
            n_missing: case["nulls"][side].as_u64().unwrap(),
            ..CellCounts::default()
        });
        let context = Context {
            baseline_cells: Some(&cells[0]),
            current_cells: Some(&cells[1]),
            ..Context::default()
        };
        check_all(&format!("table {idx}"), &case["expected"], |method| {
            compare_categorical(method, Convention::House, &b, &c, &context)
        });
    }
}
