//! Our definitions beside what SageMaker's Python SDK generates for the same steps (`infra/pipeline/reference/make_sdk_*.py`),
//! and the committed files beside what this crate generates.

#![expect(
    clippy::unwrap_used,
    reason = "a whole test binary: a broken premise may panic where it stands"
)]

use pipeline::retrain::{METRICS, Variant, definition, metric_regex};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn file(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../infra/pipeline")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn ours(variant: Variant) -> Value {
    serde_json::to_value(definition(variant)).unwrap()
}

const TUNE: Variant = Variant {
    tune: true,
    on_demand: false,
};
const PLAIN: Variant = Variant {
    tune: false,
    on_demand: false,
};

/// Every place where the two differ: members missing on a side, values that are not equal. Steps and parameters are met by
/// name, lists by position.
fn differences(ours: &Value, theirs: &Value, at: &str, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                match right.get(key) {
                    Some(other) => differences(value, other, &format!("{at}/{key}"), found),
                    None => found.push(format!("{at}/{key} only ours")),
                }
            }
            for key in right.keys().filter(|key| !left.contains_key(*key)) {
                found.push(format!("{at}/{key} only the SDK's"));
            }
        }
        (Value::Array(left), Value::Array(right)) => match (by_name(left), by_name(right)) {
            (Some(left), Some(right)) => differences(&left, &right, at, found),
            _ if left.len() == right.len() => {
                for (idx, (left, right)) in left.iter().zip(right).enumerate() {
                    differences(left, right, &format!("{at}/{idx}"), found);
                }
            }
            _ => found.push(format!(
                "{at} has {} members, the SDK's has {}",
                left.len(),
                right.len()
            )),
        },
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
        _ if ours == theirs => {}
        _ => found.push(format!("{at} is {ours}, the SDK's is {theirs}")),
    }
}

/// The SDK names the step of a `ModelStep` NAME-RegisterModel.
fn by_name(items: &[Value]) -> Option<Value> {
    items
        .iter()
        .map(|item| {
            let name = item
                .get("Name")?
                .as_str()?
                .trim_end_matches("-RegisterModel")
                .to_owned();
            let mut item = item.clone();
            item["Name"] = Value::from(name.as_str());
            Some((name, item))
        })
        .collect::<Option<BTreeMap<_, _>>>()
        .filter(|named| !named.is_empty())
        .map(|named| named.into_iter().collect())
}

fn all_differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differences(ours, theirs, "", &mut found);
    found
}

#[test]
fn the_definitions_are_those_of_the_sdk_2() {
    for (name, variant) in [("sdk_v2.json", PLAIN), ("sdk_v2_tune.json", TUNE)] {
        let theirs = file(&format!("reference/{name}"));
        assert_eq!(
            all_differences(&ours(variant), &theirs),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

/// SDK 3 leaves out what is false or the service's default, writes others, and takes no parameter for a trainer's role,
/// volume and time limits; it registers through a builder that needs an account, so that step is not in its definition.
#[test]
fn the_definition_is_that_of_the_sdk_3_but_for_what_it_cannot_say() {
    let theirs = file("reference/sdk_v3.json");
    let train = "/Steps/Train/Arguments";
    let known = |difference: &String| {
        difference.ends_with("/AppManaged only ours")
            || difference.ends_with("/InputMode only the SDK's")
            || [
                "/MlflowConfig only the SDK's".to_owned(),
                "/Steps/Better/Arguments/IfSteps/Register only ours".to_owned(),
                format!("{train}/EnableNetworkIsolation only ours"),
                format!("{train}/ProfilerConfig only ours"),
            ]
            .contains(difference)
            || [
                "ResourceConfig/VolumeSizeInGB",
                "RoleArn",
                "StoppingCondition/Max",
            ]
            .iter()
            .any(|at| {
                difference.starts_with(&format!("{train}/{at}"))
                    && difference.contains(" is {\"Get\":\"Parameters.")
            })
    };
    let unknown: Vec<String> = all_differences(&ours(PLAIN), &theirs)
        .into_iter()
        .filter(|difference| !known(difference))
        .collect();
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn a_difference_would_be_found() {
    let theirs = file("reference/sdk_v2.json");
    let mut changed = ours(PLAIN);
    changed["Steps"][1]["Arguments"]["EnableManagedSpotTraining"] = Value::Bool(false);
    changed["Steps"][0]["Arguments"]["RoleArn"] = Value::from("arn:aws:iam::000000000000:role/r");
    changed["Parameters"][0]["Type"] = Value::from("Float");
    assert_eq!(all_differences(&changed, &theirs).len(), 3);
}

#[test]
fn the_committed_files_are_what_the_crate_generates() {
    let on_demand = Variant {
        tune: false,
        on_demand: true,
    };
    for (name, variant) in [
        ("retrain.json", PLAIN),
        ("retrain-tune.json", TUNE),
        ("retrain-on-demand.json", on_demand),
    ] {
        assert!(
            file(name) == ours(variant),
            "infra/pipeline/{name} is not what `driftline pipeline definition` prints; write it anew"
        );
    }
}

#[test]
fn the_metrics_are_those_the_trainer_prints() {
    let published = file("../training/metric_definitions.json");
    let ours: Vec<Value> = METRICS
        .iter()
        .map(|name| serde_json::json!({"Name": name, "Regex": metric_regex(name)}))
        .collect();
    assert_eq!(published["MetricDefinitions"], Value::from(ours));
}

#[test]
fn no_place_is_written_into_a_definition() {
    for variant in [PLAIN, TUNE] {
        let text = definition(variant).to_json();
        for place in ["s3://", "arn:aws", "amazonaws.com", "us-east-1"] {
            assert!(!text.contains(place), "{place}");
        }
    }
}
