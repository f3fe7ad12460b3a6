//! `driftline retrain` with the local service: a decision's own parameters start the real definition, in a process of its
//! own, and the incident follows what became of it.
//!
//! The images are the built program and a shell script; what the script learns is nothing.

use crate::pipeline::{TRAINER, put, served};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use tests::aws::Webhook;
use tests::program::built;
use tests::repository;
use tests::world::World;

const MONITOR: &str = r#"name = "bikes"
capture = "../s3/bucket/capture"
baseline = "../baseline"
schema = "../s3/bucket/schema/schema.json"

[retrain]
pipeline = "bikes-retrain"
when = "drift on 2 of 2 windows"
store = "../store"
labels = "../s3/bucket/labels"
image = "trainer:1"
max_per_month = 4
gpu_hours_per_month = 20

[retrain.parameters]
TrainingDataUri = "s3://bucket/training"
AnalyzerImage = "analyzer:1"
InferenceImage = "trainer:1"
RoleArn = "none"
ModelPackageGroup = "bikes"
ApprovalStatus = "Approved"
MinimumQuality = 0.7
IncludeTrainingData = true
Epochs = 0
"#;

const COMMON: &str = "--monitor settings/monitor.toml --now 2026-11-03T06:00:00Z";

fn verdict(start: &str, end: &str) -> Value {
    json!({
        "version": "2", "software": {"name": "driftline", "version": "0.0.0"}, "status": "violated",
        "window": {"start": start, "end": end},
        "baseline": {"location": "baseline", "source": "driftline", "digest": "d", "n_rows": 1},
        "records": {"lines": 9, "decoded": 9, "rejected": 0, "duplicates": 0, "outside_window": 0, "shadow": 0, "rows": 9,
            "one_sided": 0, "rejects_by_reason": {}},
        "findings": [{"id": "drift/b", "severity": "violation", "column": "b", "check": "drift", "value": 0.25, "limit": 0.02,
            "derivation": "practical threshold", "description": "b has moved", "remedy": "look at it"}],
        "not_evaluated": [], "columns": [], "schema_changes": [], "objects": [], "volume": [],
        "judged": {"conventions": [], "thresholds": {}, "choices": {}},
    })
}

/// Two days of drift in the store, and a trainer.
fn world() -> World {
    let world = World::new().unwrap();
    served(&world);
    world.write("settings/monitor.toml", MONITOR).unwrap();
    for day in [1, 2] {
        let (start, end) = (
            format!("2026-11-0{day}T00:00:00Z"),
            format!("2026-11-0{}T00:00:00Z", day + 1),
        );
        put(
            &world,
            &format!("store/monitors/bikes/windows/{start}--{end}/r1/verdict.json"),
            &verdict(&start, &end).to_string(),
        );
    }
    put(&world, "trainer", TRAINER);
    std::fs::set_permissions(world.path("trainer"), std::fs::Permissions::from_mode(0o755)).unwrap();
    put(
        &world,
        "constant",
        &format!(
            "#!/bin/sh\nTRAINED=constant exec {} \"$@\"\n",
            world.path("trainer").display()
        ),
    );
    std::fs::set_permissions(world.path("constant"), std::fs::Permissions::from_mode(0o755)).unwrap();
    world
}

fn start(world: &World, trainer: &str) -> String {
    let definition = repository::root().join("infra/pipeline/retrain.json");
    world
        .succeed(&format!(
            "retrain start {COMMON} --service local --root runs --objects s3 --definition {} \
             --image analyzer:1={} --image trainer:1={trainer}",
            definition.display(),
            built("driftline").unwrap().display(),
        ))
        .unwrap()
        .stdout
}

/// Follows it to its end; the newest state.
fn follow(world: &World) -> Value {
    let answer = world
        .succeed(&format!(
            "retrain status {COMMON} --service local --root runs --follow --json"
        ))
        .unwrap();
    let states: Value = serde_json::from_str(&answer.stdout).unwrap();
    let newest = |state: &&Value| state["intent"]["revision"].as_u64();
    states
        .as_array()
        .unwrap()
        .iter()
        .max_by_key(newest)
        .unwrap()
        .clone()
}

fn incident(world: &World) -> Value {
    world
        .json("store/monitors/bikes/retraining/incident.json")
        .unwrap()
}

#[test]
fn the_decisions_own_parameters_start_the_real_definition_once() {
    let world = world();
    let trainer = world.path("trainer").display().to_string();
    let first = start(&world, &trainer);
    assert!(first.starts_with("started arn:aws:sagemaker:local:"), "{first}");
    let again = start(&world, &trainer);
    assert_eq!(
        again.replace(" before:", ""),
        first,
        "the same token, the same execution"
    );
    let state = follow(&world);
    assert_eq!(state["outcome"]["status"], "Succeeded", "{state:#}");
    let execution = world
        .json(&format!(
            "runs/executions/{}/execution.json",
            first.trim().rsplit('/').next().unwrap()
        ))
        .unwrap();
    let of = |name: &str| &execution["Parameters"][name];
    // Of each type the definition declares, as it declares it; the GPU budget of 20 hours over 4 starts on one GPU.
    assert_eq!(of("MaxRuntimeInSeconds"), &json!(18_000));
    assert_eq!(of("MinimumQuality"), &json!(0.7));
    assert_eq!(of("IncludeTrainingData"), &json!(true));
    assert_eq!(of("WindowStart"), "2026-11-01T00:00:00Z");
    assert_eq!(of("WindowEnd"), "2026-11-03T00:00:00Z");
    assert_eq!(of("IncidentId"), &incident(&world)["id"]);
    let package = world.json("runs/registry/bikes/1.json").unwrap();
    assert_eq!(
        package["CustomerMetadataProperties"]["driftline:incident"],
        incident(&world)["id"]
    );
    assert!(
        !world.path("runs/registry/bikes/2.json").exists(),
        "one execution, one package"
    );
    assert_eq!(incident(&world)["stage"], "retrained");
}

#[test]
fn a_champion_that_is_better_keeps_the_incident_open_with_the_evaluations_sentence() {
    let world = world();
    start(&world, &world.path("constant").display().to_string());
    let state = follow(&world);
    assert_eq!(state["outcome"]["status"], "Failed", "{state:#}");
    assert!(!world.path("runs/registry").exists(), "nothing is registered");
    let incident = incident(&world);
    let reason = incident["failure_reason"].as_str().unwrap();
    assert_eq!(incident["stage"], "open");
    assert!(reason.contains("The new model is not registered: "), "{reason}");
    let plan = world.succeed(&format!("retrain plan {COMMON}")).unwrap().stdout;
    assert!(
        plan.contains("its last execution did not help: ") && plan.contains("is not registered"),
        "{plan}"
    );
}

#[test]
fn a_failing_step_keeps_the_incident_open_with_its_reason() {
    let world = world();
    start(&world, "false");
    let state = follow(&world);
    let reason = state["outcome"]["failure_reason"].as_str().unwrap();
    assert!(
        reason.starts_with("Step 'Train' failed: AlgorithmError: exit code 1"),
        "{reason}"
    );
    assert_eq!(incident(&world)["stage"], "open");
    assert_eq!(incident(&world)["failure_reason"].as_str(), Some(reason));
    // The next start is the incident's next revision, with a token of its own.
    let second = start(&world, &world.path("trainer").display().to_string());
    assert!(second.starts_with("started arn:"), "{second}");
    assert_eq!(follow(&world)["outcome"]["status"], "Succeeded");
}

#[test]
fn what_the_definition_does_not_declare_is_refused_and_said() {
    let world = world();
    let wrong = MONITOR.replace("Epochs = 0", "Epoch = 0");
    world.write("settings/monitor.toml", wrong).unwrap();
    let answer = world
        .run(&format!(
            "retrain start {COMMON} --service local --root runs --image analyzer:1=true --image trainer:1=true"
        ))
        .unwrap();
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("cannot start pipeline bikes-retrain on this machine")
            && answer
                .stderr
                .contains("`Epoch`: the pipeline has no such parameter"),
        "{}",
        answer.stderr
    );
}

#[test]
fn requests_of_a_deployment_are_valid_by_botocores_service_model() {
    let world = world();
    start(&world, &world.path("trainer").display().to_string());
    assert_eq!(follow(&world)["outcome"]["status"], "Succeeded");
    let id = incident(&world)["id"].clone();
    let package = json!({
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/bikes/1", "ModelPackageVersion": 1,
        "ModelPackageGroupName": "bikes", "ModelApprovalStatus": "Approved",
        "CustomerMetadataProperties": {"driftline:incident": id},
    });
    put(&world, "package.json", &package.to_string());
    let capture = json!({"EnableCapture": false, "InitialSamplingPercentage": 25, "DestinationS3Uri": "s3://bucket/capture",
        "KmsKeyId": "alias/capture", "CaptureOptions": [{"CaptureMode": "Input"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]}});
    let config = json!({"EndpointConfigName": "bikes-1", "CreationTime": "2026-01-01T00:00:00Z",
        "EndpointConfigArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/bikes-1",
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r", "DataCaptureConfig": capture,
        "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "bikes-old", "InitialInstanceCount": 2,
            "InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0}]});
    put(&world, "config.json", &config.to_string());
    let mut all = Vec::new();
    let mut names = Vec::new();
    for strategy in ["canary", "linear", "rolling", "all-at-once"] {
        let answer = world
            .succeed(&format!(
                "retrain complete {COMMON} --description package.json --endpoint bikes --endpoint-config config.json \
                 --alarm bikes-5xx --alarm bikes-latency --deployment {strategy} --json"
            ))
            .unwrap();
        let both: Value = serde_json::from_str(&answer.stdout).unwrap();
        assert_eq!(both["completion"]["verdict"], "deploying");
        let requests = both["deployment"]["requests"].as_array().unwrap().clone();
        assert_eq!(requests[1]["request"]["DataCaptureConfig"]["EnableCapture"], true);
        assert_eq!(
            requests[1]["request"]["DataCaptureConfig"]["CaptureOptions"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        names.push(requests[1]["request"]["EndpointConfigName"].clone());
        all.extend(requests);
        // A plan is written once: another strategy needs the first one gone.
        let place = format!(
            "store/monitors/bikes/retraining/{}/r1/deployment.json",
            id.as_str().unwrap()
        );
        std::fs::remove_file(world.path(&place)).unwrap();
    }
    names.dedup();
    assert_eq!(names.len(), 1, "names follow from package and configuration");
    let Some(python) = crate::from_model_monitor::export::python() else {
        return;
    };
    let (is_valid, said) = crate::from_model_monitor::export::validated(&python, &Value::from(all.clone()));
    assert!(is_valid && said == "valid: 12\n", "{said}");
    all[2]["request"]["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"] = json!([{"Alarm": "x"}]);
    assert!(
        !crate::from_model_monitor::export::validated(&python, &Value::from(all)).0,
        "the check can fail"
    );
}

#[test]
fn watch_goes_from_captured_lines_to_the_alert_the_execution_and_its_end_each_once() {
    let world = world();
    std::fs::remove_dir_all(world.path("store")).unwrap();
    let mut training = "score,a,b\n".to_owned();
    for n in 0..2_000_u32 {
        let a = f64::from(n * 7 % 2_000) / 2_000.0;
        writeln!(training, "{a},{a},{}", f64::from(n) / 6_000.0).unwrap();
    }
    put(&world, "train.csv", &training);
    let schema = json!({"task": "binary", "features": [{"name": "a", "type": "numeric"}, {"name": "b", "type": "numeric"}],
        "probability": "score"});
    put(&world, "trained.json", &schema.to_string());
    world
        .succeed("baseline --data train.csv --schema trained.json --output baseline")
        .unwrap();
    let receiver = Webhook::listen().unwrap();
    let url = receiver.url("hook");
    let routes = format!("\n[alerts.routes.hook]\nform = \"generic\"\nurl = \"{url}\"\n");
    put(&world, "settings/monitor.toml", &format!("{MONITOR}{routes}"));
    let watch = format!(
        "watch {COMMON} --store store --once --service local --root runs --objects s3 --definition {} \
         --image analyzer:1={} --image trainer:1={}",
        repository::root().join("infra/pipeline/retrain.json").display(),
        built("driftline").unwrap().display(),
        world.path("trainer").display()
    );
    let said = world.succeed(&watch).unwrap().stdout;
    assert!(
        said.contains("retraining: started arn:aws:sagemaker:local:"),
        "{said}"
    );
    let again = world.succeed(&watch).unwrap().stdout;
    assert!(!again.contains("retraining: started arn"), "{again}");
    let executions = std::fs::read_dir(world.path("runs/executions")).unwrap();
    assert_eq!(
        executions
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .count(),
        1
    );
    assert_eq!(follow(&world)["outcome"]["status"], "Succeeded");
    world.succeed(&watch).unwrap();
    world.succeed(&watch).unwrap();
    let kinds: Vec<String> = receiver
        .delivered()
        .iter()
        .map(|delivered| delivered.json()["kind"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(kinds, ["opened", "retraining_started", "retraining_ended"]);
    assert_eq!(incident(&world)["stage"], "retrained");
}
