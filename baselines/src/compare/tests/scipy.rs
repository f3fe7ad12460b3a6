//! Small and extreme samples against SciPy, from the project's own reference file. Knows no internals but tails.

use serde_json::Value;

use super::*;
use crate::compare::{cramer_von_mises, tail};

fn reference() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/compare/scipy.json"
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

/// One of our answers against [statistic, p-value]; null means that SciPy has no answer, and we may have one.
fn check_pair(what: &str, outcome: &Outcome, expected: &Value) {
    let Some(expected) = expected.as_array() else {
        return;
    };
    let measurement = outcome
        .as_ref()
        .unwrap_or_else(|reason| panic!("{what}: {reason}"));
    check_value(
        what,
        measurement.statistic,
        expected[0].as_f64().unwrap(),
        tolerance::STATISTIC,
    );
    if let Some(p_value) = expected[1].as_f64() {
        let ours = measurement.p_value.unwrap();
        if ours > 1e-300 || p_value > 1e-300 {
            check_value(&format!("{what} p"), ours, p_value, tolerance::P_VALUE);
        }
    }
}

// tests/reference/compare/make_scipy.py, scipy 1.17.1.
#[test]
fn numeric_tests_are_scipys() {
    for (idx, case) in reference()["numeric"].as_array().unwrap().iter().enumerate() {
        let [b, c] = ["baseline", "current"].map(|side| WeightedPoints::from_values(floats(&case[side])));
        for (name, expected) in case["expected"].as_object().unwrap() {
            let outcome = compare_numeric(
                name.parse().unwrap(),
                Convention::House,
                &b,
                &c,
                &Context::default(),
            );
            // SciPy's own Cramér–von Mises p-value is rounding below 1e-6.
            let tiny = name == "cramer_von_mises" && expected[1].as_f64().is_some_and(|p| p < 1e-6);
            // Its Epps–Singleton covariance of two disjoint ramps is singular but for rounding: no number to compare.
            if name == "epps_singleton" && expected[0].as_f64().is_some_and(|statistic| statistic > 1e12) {
                continue;
            }
            let expected = if tiny {
                &serde_json::json!([expected[0], null])
            } else {
                expected
            };
            check_pair(&format!("case {idx} {name}"), &outcome, expected);
        }
    }
}

// tests/reference/compare/make_scipy.py, scipy 1.17.1.
#[test]
fn categorical_tests_are_scipys() {
    for (idx, case) in reference()["tables"].as_array().unwrap().iter().enumerate() {
        let [b, c] = ["baseline", "current"].map(|side| {
            let counts = floats(&case[side]).into_iter().enumerate();
            CategoryCounts::new(counts.map(|(idx, count)| (format!("{idx:03}"), count as u64)), 0)
        });
        for (name, expected) in case["expected"].as_object().unwrap() {
            let (name, convention) = match name.strip_suffix("_yates") {
                Some(name) => (name, Convention::Nannyml),
                None => (name.as_str(), Convention::House),
            };
            let outcome = compare_categorical(name.parse().unwrap(), convention, &b, &c, &Context::default());
            check_pair(&format!("table {idx} {name} {convention}"), &outcome, expected);
        }
    }
}

// mpmath, 400 digits: tests/reference/compare/make_scipy.py.
#[test]
fn cramer_von_mises_limit_keeps_its_tail() {
    for row in reference()["cramer_von_mises_limit"].as_array().unwrap() {
        let [x, expected] = [0, 1].map(|idx| row[idx].as_f64().unwrap());
        check_value(
            &format!("x {x}"),
            cramer_von_mises::limit_survival(x),
            expected,
            tolerance::STATISTIC,
        );
    }
}

// scipy 1.17.1: special.gammaincc, stats.t.sf, stats.norm.sf.
#[test]
fn reference_distributions_keep_their_tails() {
    let tails = &reference()["tails"];
    for row in tails["chi_square"].as_array().unwrap() {
        let [x, k, expected] = [0, 1, 2].map(|idx| row[idx].as_f64().unwrap());
        check_value(
            &format!("chi2 {x} {k}"),
            tail::chi_square_survival(x, k),
            expected,
            tolerance::P_VALUE,
        );
    }
    for row in tails["student"].as_array().unwrap() {
        let [t, k, expected] = [0, 1, 2].map(|idx| row[idx].as_f64().unwrap());
        check_value(
            &format!("t {t} {k}"),
            tail::student_two_sided(t, k),
            expected,
            tolerance::P_VALUE,
        );
    }
    for row in tails["normal"].as_array().unwrap() {
        let [z, expected] = [0, 1].map(|idx| row[idx].as_f64().unwrap());
        check_value(
            &format!("normal {z}"),
            tail::normal_survival(z),
            expected,
            tolerance::P_VALUE,
        );
    }
}
