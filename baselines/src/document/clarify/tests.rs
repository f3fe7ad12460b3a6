//! Clarify's files: real ones are read and written again; broken ones say where.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::bias::{BiasMetric, BiasValue};

fn shared(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/model-monitor");
    let found = std::fs::read(folder.join(name));
    if found.is_err() {
        println!("skipped: {name} is not beside the project");
    }
    found.ok()
}

/// The file as JSON; `0` and `0.0` are one number.
fn json(bytes: &[u8]) -> Value {
    fn plain(value: Value) -> Value {
        match value {
            Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
            Value::Array(items) => items.into_iter().map(plain).collect(),
            Value::Object(keys) => keys.into_iter().map(|(key, value)| (key, plain(value))).collect(),
            other => other,
        }
    }
    plain(serde_json::from_slice(bytes).unwrap())
}

#[test]
fn real_analyses_written_again_are_equal() {
    for name in [
        "nb-outputs/clarify_endpoint_bias_baseline_analysis.json",
        "nb-outputs/clarify_batch_explainability_baseline_analysis.json",
        "clarify/fraud_bias_1_analysis.json",
        "clarify/fraud_explainability_analysis.json",
        "sdk-fixtures/clarify_bias.json",
        "sdk-fixtures/clarify_explanability.json",
        "sdk-fixtures/clarify_check_data_bias_analysis.json",
    ] {
        let Some(bytes) = shared(name) else { return };
        let analysis = Analysis::from_bytes(&bytes).unwrap();
        assert_eq!(json(&analysis.to_bytes().unwrap()), json(&bytes), "{name}");
    }
}

#[test]
fn real_violations_written_again_are_equal() {
    for name in ["batch", "endpoint"] {
        let name = format!("nb-outputs/clarify_{name}_bias_constraint_violations.json");
        let Some(bytes) = shared(&name) else { return };
        let violations = ClarifyViolations::from_bytes(&bytes).unwrap();
        assert_eq!(json(&violations.to_bytes().unwrap()), json(&bytes), "{name}");
    }
}

#[test]
fn an_error_is_a_null_and_infinities_are_text() {
    let text = br#"{"version":"1.0","pre_training_bias_metrics":{"label":"y","facets":{"a \"Infinity\" b":[
        {"value_or_threshold":"1","metrics":[{"name":"KL","value":Infinity},{"name":"LP","value":"-Infinity"},
        {"name":"CDDL","value":null,"error":"Group variable is empty or not provided"}]}]}}}"#;
    let analysis = Analysis::from_bytes(text).unwrap();
    let report = analysis.pre_training_bias_metrics.as_ref().unwrap();
    let metrics = &report.facets["a \"Infinity\" b"][0].metrics;
    assert_eq!(metrics[0].value, Some(ClarifyNumber(BiasValue::PositiveInfinity)));
    assert_eq!(metrics[1].value, Some(ClarifyNumber(BiasValue::NegativeInfinity)));
    assert_eq!(metrics[2].value, None);
    let written = String::from_utf8(analysis.to_bytes().unwrap()).unwrap();
    assert!(written.contains("\"value\": null,\n"), "{written}");
    assert!(written.contains("\"value\": \"Infinity\""), "{written}");
    assert_eq!(Analysis::from_bytes(written.as_bytes()).unwrap(), analysis);
}

/// Contract §5.3 and §5.4, verbatim.
#[test]
fn descriptions_are_clarifys() {
    let bias = ClarifyViolation::bias(
        "Sex",
        "0",
        "CDDPL",
        BiasValue::Finite(0.374894782529513),
        BiasValue::Finite(0.28176563733194276),
        "",
    );
    assert_eq!(
        bias.description,
        "Metric value 0.374894782529513 doesn't meet the baseline constraint requirement 0.28176563733194276"
    );
    let drift = ClarifyViolation::attribution("label0", "kernel_shap", 0.7639720923277322, 0.9);
    assert_eq!(
        json(&ClarifyViolations::new(vec![drift]).to_bytes().unwrap()),
        serde_json::json!({"version": "1.0", "violations": [{"label": "label0", "metric_name": "shap",
            "constraint_check_type": "feature_attribution_drift_check",
            "description": "Feature attribution drift 0.7639720923277322 exceeds threshold 0.9"}]})
    );
}

/// Python 3.13: `repr(x)`.
#[test]
fn numbers_are_printed_as_python_prints_them() {
    for (value, expect) in [
        (1e-4, "0.0001"),
        (9.9e-5, "9.9e-05"),
        (-1.5e-10, "-1.5e-10"),
        (1e16, "1e+16"),
        (123456789.0, "123456789.0"),
        (0.0, "0.0"),
    ] {
        assert_eq!(python_number(BiasValue::Finite(value)), expect);
    }
}

#[test]
fn a_configuration_takes_one_or_many_names_or_indices() {
    let config = AnalysisConfig::from_bytes(
        br#"{"version":"1.0","dataset_type":"text/csv","headers":["y","a","b"],"label":"y",
        "label_values_or_threshold":[1],"facet":{"name_or_index":2,"value_or_threshold":["x",3,true]},
        "excluded_columns":"a","group_variable":1,
        "methods":{"pre_training_bias":{"methods":"all"},"post_training_bias":{"methods":["DI","AD"]},"shap":{},
        "report":{"name":"r"}},"predictor":{"model_name":"m"}}"#,
    )
    .unwrap();
    assert_eq!(config.facet.len(), 1);
    assert_eq!(config.facet[0].name_or_index, NameOrIndex::Index(2));
    let texts: Vec<String> = config.facet[0]
        .value_or_threshold
        .iter()
        .map(Scalar::text)
        .collect();
    assert_eq!(texts, ["x", "3", "True"]);
    assert_eq!(config.excluded_columns, [NameOrIndex::Name("a".to_owned())]);
    assert_eq!(config.pre_training().unwrap().unwrap().len(), 8);
    assert_eq!(
        config.post_training().unwrap().unwrap(),
        [BiasMetric::AD, BiasMetric::DI]
    );
    let keys: Vec<String> = config.not_done().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["methods.report", "methods.shap", "predictor"]);
}

#[test]
fn a_broken_configuration_is_refused_by_name() {
    for (text, expect) in [
        ("{\"labels\": 1}", "`labels`"),
        ("{\"dataset_type\": \"text/xml\"}", "`dataset_type`"),
        ("{\"probability_threshold\": 2}", "probability_threshold"),
        ("{\"headers\": 3}", "`headers`"),
    ] {
        let error = AnalysisConfig::from_bytes(text.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expect), "{error}");
    }
    let config =
        AnalysisConfig::from_bytes(b"{\"methods\":{\"pre_training_bias\":{\"methods\":[\"DI\"]}}}").unwrap();
    let error = config.pre_training().unwrap_err().to_string();
    assert!(error.contains("methods.pre_training_bias.methods[0]"), "{error}");
    assert!(error.contains("CDDL, CI"), "{error}");
}

#[test]
fn attributions_are_read_by_method_label_and_feature() {
    let text = br#"{"explanations":{"kernel_shap":{"label0":{"global_shap_values":{"a":0.5,"b":0.25},"expected_value":1}},
        "pdp":[1]}}"#;
    let found = Analysis::from_bytes(text).unwrap().attributions().unwrap();
    assert_eq!(found["kernel_shap"]["label0"]["a"], 0.5);
    let text = br#"{"explanations":{"kernel_shap":{"label0":{"global_shap_values":{"a":"x"}}}}}"#;
    let error = Analysis::from_bytes(text)
        .unwrap()
        .attributions()
        .unwrap_err()
        .to_string();
    assert!(error.contains("label0.global_shap_values.a"), "{error}");
}
