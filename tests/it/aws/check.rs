//! `driftline monitor check --account`: what the account says of the endpoint and of the pipeline.

use super::account;
use crate::monitor::world;
use serde_json::{Value, json};
use tests::aws::Aws;
use tests::history::History;
use tests::world::Answer;

const MONITOR: &str = r#"name = "small"
endpoint = "small"
variants = ["blue"]
capture = "../capture"
baseline = "../baseline"
window = "1 day"

[capture_health]
sampling = 20

[retrain]
pipeline = "small-retrain"
when = "drift on 1 of 1 windows"
store = "../store"
labels = "../labels"
image = "trainer:1"
"#;

/// An endpoint with one variant, captured at 20 %.
fn deploy(aws: &Aws) {
    let ask = |operation: &str, body: &Value| {
        aws.json("sagemaker", &format!("SageMaker.{operation}"), body)
            .unwrap();
    };
    let role = "arn:aws:iam::123456789012:role/r";
    ask(
        "CreateModel",
        &json!({"ModelName": "m", "ExecutionRoleArn": role, "PrimaryContainer": {"Image": "i:1", "ModelDataUrl": "s3://b/m.tar.gz"}}),
    );
    ask(
        "CreateEndpointConfig",
        &json!({"EndpointConfigName": "small-1",
            "ProductionVariants": [{"VariantName": "blue", "ModelName": "m", "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0}],
            "DataCaptureConfig": {"EnableCapture": true, "InitialSamplingPercentage": 20, "DestinationS3Uri": "s3://elsewhere/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]}}),
    );
    ask(
        "CreateEndpoint",
        &json!({"EndpointName": "small", "EndpointConfigName": "small-1"}),
    );
}

fn checks(answer: &Answer, name: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let checks = report["monitors"][0]["checks"].as_array().unwrap();
    checks
        .iter()
        .filter(|check| check["check"] == name)
        .cloned()
        .collect()
}

#[test]
fn the_account_is_asked_for_the_endpoint_and_the_pipeline() {
    let Some(aws) = account() else { return };
    let world = world(&History::usual());
    world.write("settings/monitor.toml", MONITOR).unwrap();
    let check = "monitor check --monitor settings/monitor.toml --account --json";
    let ask = || world.run_with(check, &aws.environment("check")).unwrap();
    let none = ask();
    if none.stderr.contains("has no client of its API") {
        let is_wanted = std::env::var_os("DRIFTLINE_TEST_SAGEMAKER").is_some();
        assert!(!is_wanted && none.code == 2, "{}", none.stderr);
        println!("skipped: this build has no client of SageMaker's API (./test builds one)");
        return;
    }
    assert_eq!(none.code, 2, "{}", none.stderr);
    let endpoint = &checks(&none, "account.endpoint")[0];
    assert_eq!(endpoint["standing"], "wrong");
    assert!(
        endpoint["found"]
            .as_str()
            .unwrap()
            .contains("cannot be described")
    );
    assert!(
        checks(&none, "retrain")[0]["found"]
            .as_str()
            .unwrap()
            .contains("small-retrain")
    );

    deploy(&aws);
    let definition = tests::repository::root().join("infra/pipeline/retrain.json");
    let definition = std::fs::read_to_string(definition).unwrap();
    aws.json(
        "sagemaker",
        "SageMaker.CreatePipeline",
        &json!({"PipelineName": "small-retrain", "PipelineDisplayName": "small-retrain", "PipelineDefinition": definition,
            "ClientRequestToken": "make-small-000000000000000000000000", "RoleArn": "arn:aws:iam::123456789012:role/p"}),
    )
    .unwrap();
    let found = ask();
    let wrong = &checks(&found, "account.endpoint")[0];
    assert!(
        wrong["found"]
            .as_str()
            .unwrap()
            .contains("captures to s3://elsewhere/capture"),
        "{wrong}"
    );
    // The account's own definition needs parameters that the file does not give.
    let retrain = &checks(&found, "retrain")[0];
    assert_eq!(retrain["standing"], "wrong", "{retrain}");
    assert!(
        retrain["found"]
            .as_str()
            .unwrap()
            .contains("the account's pipeline small-retrain needs"),
        "{retrain}"
    );
}
