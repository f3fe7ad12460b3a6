//! Embedded metric format against the specification's own schema and limits.

use super::*;
use jsonschema::validator_for;
use serde_json::{Value, json};

/// The JSON Schema that the specification publishes (CloudWatch user guide, "Specification: Embedded metric format", section
/// "Embedded metric format document example and JSON schema"), in our words and with its limits.
fn schema() -> Value {
    let name = json!({"type": "string", "minLength": 1, "maxLength": 1024});
    json!({
        "type": "object",
        "required": ["_aws"],
        "properties": {"_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {"type": "array", "items": {
                    "type": "object",
                    "required": ["Namespace", "Dimensions", "Metrics"],
                    "properties": {
                        "Namespace": name,
                        "Dimensions": {"type": "array", "minItems": 1, "items":
                            {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 250}, "maxItems": 30}},
                        "Metrics": {"type": "array", "maxItems": 100, "items": {
                            "type": "object",
                            "required": ["Name"],
                            "properties": {"Name": name, "Unit": {"enum": ["Count", "None"]}}}}
                    }}}
            }}}
    })
}

const NOW: i64 = 1_793_491_200;

fn set(metrics: Vec<Metric>) -> MetricSet {
    let dimensions = vec![
        ("Endpoint".to_owned(), "churn".to_owned()),
        ("MonitoringSchedule".to_owned(), "churn-hourly".to_owned()),
    ];
    MetricSet {
        namespace: "aws/sagemaker/Endpoints/data-metrics".to_owned(),
        dimensions,
        time: NOW,
        metrics,
    }
}

/// Each metric that a line declares is a number, or numbers, at its top; each dimension a text.
fn check(lines: &Lines) -> Vec<Value> {
    let validator = validator_for(&schema()).unwrap();
    let mut found = Vec::new();
    for line in &lines.lines {
        assert!(line.len() <= 256 * 1_024 && !line.contains('\n'));
        let value: Value = serde_json::from_str(line).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        let directive = &value["_aws"]["CloudWatchMetrics"][0];
        for metric in directive["Metrics"].as_array().unwrap() {
            let target = &value[metric["Name"].as_str().unwrap()];
            let numbers = target.as_array().map_or(1, Vec::len);
            assert!(target.is_number() || (2..=100).contains(&numbers), "{target}");
        }
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(value[dimension.as_str().unwrap()].is_string());
        }
        found.push(value);
    }
    found
}

#[test]
fn a_line_is_the_specifications() {
    let metrics = vec![
        Metric {
            name: "feature_data_age".to_owned(),
            values: vec![1.0, 2.0, 3.0],
            unit: Unit::Count,
        },
        Metric::new("feature_non_null_age", 0.5, Unit::None),
    ];
    let found = check(&set(metrics).lines(NOW));
    assert_eq!(
        found,
        [json!({
            "_aws": {"Timestamp": 1_793_491_200_000_i64, "CloudWatchMetrics": [{
                "Namespace": "aws/sagemaker/Endpoints/data-metrics",
                "Dimensions": [["Endpoint", "MonitoringSchedule"]],
                "Metrics": [{"Name": "feature_data_age", "Unit": "Count"}, {"Name": "feature_non_null_age", "Unit": "None"}]}]},
            "Endpoint": "churn", "MonitoringSchedule": "churn-hourly",
            "feature_data_age": [1.0, 2.0, 3.0], "feature_non_null_age": 0.5
        })]
    );
}

#[test]
fn many_metrics_are_several_lines() {
    let many = |n: usize, values: usize| -> Vec<Metric> {
        (0..n)
            .map(|at| Metric {
                name: format!("feature_data_{at}{}", "x".repeat(200)),
                values: vec![1.0 / 3.0; values],
                unit: Unit::Count,
            })
            .collect()
    };
    assert_eq!(check(&set(many(250, 1)).lines(NOW)).len(), 3);
    let wide = set(many(250, 100)).lines(NOW);
    assert!(check(&wide).len() >= 3 && wide.n_left_out == 0);
    let names: usize = check(&wide)
        .iter()
        .map(|line| line.as_object().unwrap().len() - 3)
        .sum();
    assert_eq!(names, 250);
}

#[test]
fn what_breaks_a_limit_is_left_out_and_counted() {
    let metrics = vec![
        Metric::new("fine", f64::INFINITY, Unit::None),
        Metric::new("nan", f64::NAN, Unit::None),
        Metric::new("", 1.0, Unit::None),
        Metric::new("x".repeat(256), 1.0, Unit::None),
        Metric::new("fine", 2.0, Unit::None),
        Metric::new("Endpoint", 2.0, Unit::None),
        Metric::new("_aws", 2.0, Unit::None),
        Metric {
            name: "none".to_owned(),
            values: Vec::new(),
            unit: Unit::None,
        },
        Metric {
            name: "many".to_owned(),
            values: vec![0.0; 101],
            unit: Unit::None,
        },
    ];
    let lines = set(metrics).lines(NOW);
    assert_eq!((lines.lines.len(), lines.n_left_out), (1, 8));
    assert_eq!(check(&lines)[0]["fine"], json!(2.348543e108));
}

#[test]
fn times_and_dimensions_that_cloudwatch_refuses_have_no_line() {
    let one = || vec![Metric::new("m", 1.0, Unit::None)];
    for (ago, n) in [
        (0, 1),
        (14 * 86_400, 1),
        (14 * 86_400 + 1, 0),
        (-7_200, 1),
        (-7_201, 0),
    ] {
        assert_eq!(set(one()).lines(NOW + ago).lines.len(), n, "{ago}");
    }
    for value in ["", " ", "ü", "a\nb", &"x".repeat(1_025)] {
        let mut spoilt = set(one());
        spoilt.dimensions[0].1 = value.to_owned();
        assert_eq!(
            spoilt.lines(NOW),
            Lines {
                lines: Vec::new(),
                n_left_out: 1
            },
            "{value}"
        );
    }
    let mut empty = set(one());
    empty.dimensions.clear();
    assert_eq!(empty.lines(NOW).lines.len(), 1);
}
