//! NannyML 0.13.1's reconstruction error: tests/reference/multivariate/make_nannyml.py.

use std::path::{Path, PathBuf};

use super::*;
use crate::compare::tolerance::agrees;

/// Relative: both sides add up thousands of doubles in another order, and their eigenvectors differ by rounding.
const RECONSTRUCTION: f64 = 1e-6;

fn nannyml() -> Value {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/multivariate/nannyml.json"
    ));
    serde_json::from_str(text).unwrap()
}

fn check(name: &str, baseline: &Rows, current: &Rows, expected: &Value) {
    let found = nannyml_reconstruction(baseline, current, None).unwrap();
    let agree = |found: f64, expected: &Value, what: &str| {
        let expected = expected.as_f64().unwrap();
        assert!(
            agrees(found, expected, RECONSTRUCTION),
            "{name} {what}: {found} {expected}"
        );
    };
    assert_eq!(
        found.n_components as u64,
        expected["n_components"].as_u64().unwrap(),
        "{name}"
    );
    agree(found.value.value, &expected["whole"], "whole");
    agree(found.upper_limit, &expected["upper"], "upper limit");
    match found.lower_limit {
        Some(limit) => agree(limit, &expected["lower"], "lower limit"),
        None => assert!(expected["lower"].is_null(), "{name}"),
    }
    for (chunks, period) in [
        (&found.baseline_chunks, "reference"),
        (&found.current_chunks, "analysis"),
    ] {
        let expected = &expected[period];
        assert_eq!(
            chunks.len(),
            expected["value"].as_array().unwrap().len(),
            "{name} {period}"
        );
        for (idx, chunk) in chunks.iter().enumerate() {
            agree(chunk.value, &expected["value"][idx], period);
            match chunk.sampling_error {
                Some(error) => agree(error, &expected["sampling_error"][idx], period),
                None => assert_eq!(chunk.n_rows, 1),
            }
        }
    }
}

#[test]
fn missing_cells_and_unseen_categories_are_encoded_alike() {
    check(
        "made up",
        &made_up(60, 0.0),
        &made_up(50, 0.4),
        &nannyml()["made_up"],
    );
}

#[test]
fn real_data_sets_give_nannyml_s_numbers() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    if !folder.is_dir() {
        println!(
            "skipped: real_data_sets_give_nannyml_s_numbers: the shared data are not beside the project"
        );
        return;
    }
    for name in ["bike_sharing", "car_loan", "churn_aws", "elec2", "gas_sensor"] {
        let [baseline, current] = read(&folder.join(name));
        check(name, &baseline, &current, &nannyml()["reconstruction"][name]);
    }
}

/// The features of a data set; the shared files quote nothing.
pub(super) fn read(folder: &Path) -> [Rows; 2] {
    let schema: Value = serde_json::from_slice(&std::fs::read(folder.join("schema.json")).unwrap()).unwrap();
    let texts = ["reference.csv", "current.csv"].map(|side| {
        let text = std::fs::read_to_string(folder.join(side)).unwrap();
        let lines: Vec<Vec<String>> = text
            .lines()
            .map(|line| line.split(',').map(str::to_owned).collect())
            .collect();
        lines
    });
    let mut columns = [Vec::new(), Vec::new()];
    for feature in schema["features"].as_array().unwrap() {
        let name = feature["name"].as_str().unwrap();
        let cells = texts.each_ref().map(|lines| {
            let idx = lines[0].iter().position(|header| header == name).unwrap();
            lines[1..]
                .iter()
                .map(|cells| cells[idx].as_str())
                .collect::<Vec<_>>()
        });
        if feature["type"] == "numeric" {
            for (side, cells) in columns.iter_mut().zip(&cells) {
                side.push(numeric(
                    name,
                    cells.iter().map(|cell| cell.parse().ok()).collect(),
                ));
            }
        } else {
            let mut known: Vec<&str> = cells.concat();
            known.sort_unstable();
            known.dedup();
            let id = |cell: &&str| known.binary_search(cell).ok().filter(|_| !cell.is_empty());
            for (side, cells) in columns.iter_mut().zip(&cells) {
                side.push(categorical(
                    name,
                    cells.iter().map(|cell| id(cell).map(|id| id as u32)).collect(),
                ));
            }
        }
    }
    columns.map(table)
}
