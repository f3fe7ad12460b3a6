//! Other people's clients read what the functions wrote to S3: boto3, and the SageMaker Python SDK's `model_monitor`.

use super::{BUCKET, account, day, function};
use crate::container::sdk::python;
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn boto3_and_the_sdk_read_a_window() {
    let Some(python) = python() else { return };
    let Some(aws) = account() else { return };
    let world = day();
    for folder in ["capture", "baseline"] {
        aws.upload(&world.path(folder), BUCKET, folder).unwrap();
    }
    aws.deploy(function("analyze", &[]));
    let window = "monitors/small/windows/2026-01-21T00:00:00Z--2026-01-22T00:00:00Z/r1";
    let place = |name: &str| format!("s3://{BUCKET}/{name}");
    let event = json!({"capture": place("capture"), "baseline": place("baseline"), "output": place(window),
        "start": "2026-01-21T00:00:00Z", "end": "2026-01-22T00:00:00Z"});
    let outcome = aws.invoke("analyze", &event).unwrap().ok().unwrap();
    let script = tests::repository::root().join("tests/reference/sdk/read.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .args([BUCKET, window, "baseline"])
        .env("SAGEMAKER_TELEMETRY_OPT_OUT", "1")
        .envs(aws.environment("boto3"));
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let said = String::from_utf8_lossy(&output.stdout);
    let found: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        found["names"],
        json!([
            "constraint_violations.json",
            "report.html",
            "statistics.json",
            "verdict.json",
            "window.profile"
        ])
    );
    assert_eq!(found["rows"], outcome["rows"]);
    let mut features: Vec<&str> = found["features"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    features.sort_unstable();
    assert_eq!(features, ["kind", "n", "x", "y"]);
    assert_eq!(found["constrained"].as_array().unwrap().len(), 4, "{found}");
    assert_eq!(found["violations"], json!(["x"]), "{found}");
    let gets = aws.calls_of("s3", "GetObject");
    assert!(
        gets.iter().any(|call| call.caller == "boto3"),
        "it was this account that was read"
    );
}
