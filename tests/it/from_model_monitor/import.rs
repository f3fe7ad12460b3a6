//! `driftline import` from files and from SageMaker's API.

use super::schedule_api::Fake;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, Output, Stdio};
use tests::program;
use tests::world::{World, file_names};

fn rows(n: u32) -> String {
    let mut rows = String::new();
    for row in 0..n {
        writeln!(rows, "{},{row}.5", row % 3).unwrap();
    }
    rows
}

fn schedule() -> Value {
    json!({"MonitoringScheduleArn": "arn:aws:sagemaker:eu-west-1:1:monitoring-schedule/churn", "CreationTime": 1.7e9,
        "LastModifiedTime": 1.7e9, "MonitoringScheduleName": "churn", "MonitoringScheduleStatus": "Scheduled",
        "MonitoringType": "DataQuality", "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}, "MonitoringJobDefinitionName": "churn-dq",
            "MonitoringType": "DataQuality"}})
}

fn job(baseline: &str) -> Value {
    json!({"JobDefinitionArn": "arn:aws:sagemaker:eu-west-1:1:data-quality-job-definition/churn-dq",
        "JobDefinitionName": "churn-dq", "CreationTime": 1.7e9, "RoleArn": "arn:aws:iam::123456789012:role/r",
        "DataQualityAppSpecification": {"ImageUri": "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer"},
        "DataQualityBaselineConfig": {"ConstraintsResource": {"S3Uri": format!("{baseline}/constraints.json")},
            "StatisticsResource": {"S3Uri": format!("{baseline}/statistics.json")}},
        "DataQualityJobInput": {"EndpointInput": {"EndpointName": "churn", "LocalPath": "/opt/ml/processing/input_data",
            "S3InputMode": "File", "S3DataDistributionType": "FullyReplicated"}},
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://bucket/out",
            "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}}]},
        "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}},
        "AMemberOfTomorrow": "x"})
}

fn endpoint(capture: &str) -> Value {
    json!({"EndpointName": "churn", "EndpointArn": "arn:aws:sagemaker:eu-west-1:1:endpoint/churn",
        "EndpointConfigName": "churn-1", "EndpointStatus": "InService", "CreationTime": 1.7e9, "LastModifiedTime": 1.7e9,
        "DataCaptureConfig": {"EnableCapture": true, "CaptureStatus": "Started", "CurrentSamplingPercentage": 100,
            "DestinationS3Uri": capture, "KmsKeyId": ""},
        "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentWeight": 1.0}]})
}

/// A world with a baseline whose two Model Monitor files lie in `mm`.
fn world() -> World {
    let world = World::new().unwrap();
    let rows = rows(200);
    world.write("train.csv", format!("kind,amount\n{rows}")).unwrap();
    world.succeed("baseline --data train.csv --output made").unwrap();
    for name in ["statistics.json", "constraints.json"] {
        let bytes = std::fs::read(world.path(&format!("made/{name}"))).unwrap();
        world.write(&format!("mm/{name}"), bytes).unwrap();
    }
    world
}

#[test]
fn a_monitor_imported_from_files_analyzes() {
    let world = world();
    world.write("mm/schedule.json", schedule().to_string()).unwrap();
    world
        .write("mm/job.json", job("s3://bucket/baseline").to_string())
        .unwrap();
    let capture = world.path("capture");
    world
        .write(
            "mm/endpoint.json",
            endpoint(capture.to_str().unwrap()).to_string(),
        )
        .unwrap();
    let rows = rows(60);
    world
        .write("capture/churn/AllTraffic/d.csv", format!("kind,amount\n{rows}"))
        .unwrap();
    let answer = world.succeed("import --files mm --output imported").unwrap();
    for expect in [
        "Taken over:",
        "ScheduleConfig.ScheduleExpression = cron(0 * ? * * *)",
        "Without an equivalent:",
        "AMemberOfTomorrow",
        "Carried by the job that runs driftline:",
    ] {
        assert!(answer.stdout.contains(expect), "{expect}\n{}", answer.stdout);
    }
    assert_eq!(
        file_names(&world.path("imported")),
        ["baseline", "import.json", "monitor.toml"]
    );
    let read = |name: &str| std::fs::read(world.path(name)).unwrap();
    for name in ["statistics.json", "constraints.json"] {
        assert_eq!(
            read(&format!("mm/{name}")),
            read(&format!("imported/baseline/{name}"))
        );
    }
    world
        .succeed("analyze --monitor imported/monitor.toml --output window")
        .unwrap();
    assert_eq!(world.json("window/verdict.json").unwrap()["records"]["rows"], 60);
    let printed = world.succeed("import --files mm --output again --json").unwrap();
    let printed: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(printed, world.json("imported/import.json").unwrap());
}

#[test]
fn an_import_says_what_is_missing() {
    let world = World::new().unwrap();
    world.write("mm/schedule.json", schedule().to_string()).unwrap();
    world.write("empty/readme.txt", "x").unwrap();
    for (arguments, code, expect) in [
        ("import --files empty --output o", 4, "no .json file"),
        ("import --files mm --output o", 2, "job definition `churn-dq`"),
        (
            "import --files mm --schedule-name other --output o",
            2,
            "no file describes the schedule `other`",
        ),
        ("import --output o", 2, "--files"),
    ] {
        let answer = world.run(arguments).unwrap();
        assert_eq!(answer.code, code, "{arguments}: {answer:?}");
        assert!(answer.stderr.contains(expect), "{}", answer.stderr);
        assert!(!world.path("o").exists());
    }
}

fn import_schedule(world: &World, url: &str, name: &str) -> Output {
    let mut command = Command::new(program::built("driftline").unwrap());
    command
        .args(["import", "--schedule", name, "--output", "imported"])
        .current_dir(world.path("."))
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command.output().unwrap()
}

/// The build without SageMaker's client says so; `./test` builds it, and asks for it.
#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn has_api(answer: &Output) -> bool {
    let stderr = String::from_utf8_lossy(&answer.stderr);
    if !stderr.contains("has no client of its API") {
        return true;
    }
    assert!(
        std::env::var_os("DRIFTLINE_TEST_SAGEMAKER").is_none(),
        "driftline was built without the feature cli/sagemaker"
    );
    assert_eq!(answer.status.code(), Some(2));
    assert!(
        stderr.contains("--features sagemaker") && stderr.contains("--files DIR"),
        "{stderr}"
    );
    println!("skipped: this build has no client of SageMaker's API (./test builds one)");
    false
}

#[test]
fn a_schedule_is_imported_from_the_api() {
    let world = world();
    let baseline = world.path("mm");
    let capture = world.path("capture");
    let fake = Fake::new(BTreeMap::from([
        ("DescribeMonitoringSchedule", schedule()),
        (
            "DescribeDataQualityJobDefinition",
            job(baseline.to_str().unwrap()),
        ),
        ("DescribeEndpoint", endpoint(capture.to_str().unwrap())),
    ]));
    let answer = import_schedule(&world, &fake.url, "churn");
    if !has_api(&answer) {
        return;
    }
    let stdout = String::from_utf8_lossy(&answer.stdout);
    assert!(
        answer.status.success(),
        "{stdout}{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    // What this client's model does not know is accounted for too.
    assert!(stdout.contains("AMemberOfTomorrow"), "{stdout}");
    assert_eq!(
        file_names(&world.path("imported/baseline")),
        ["constraints.json", "statistics.json"]
    );
    let toml = std::fs::read_to_string(world.path("imported/monitor.toml")).unwrap();
    assert!(
        toml.contains("/capture/churn/AllTraffic\"") && toml.contains("window = \"1 hour\""),
        "{toml}"
    );
    let asked = fake.asked.lock().unwrap();
    let names: Vec<&str> = asked.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "DescribeMonitoringSchedule",
            "DescribeDataQualityJobDefinition",
            "DescribeEndpoint",
            "DescribeEndpointConfig"
        ]
    );
    assert_eq!(asked[0].1["MonitoringScheduleName"], "churn");
    assert_eq!(asked[1].1["JobDefinitionName"], "churn-dq");
}

#[test]
fn a_schedule_that_is_not_there_is_said() {
    let world = World::new().unwrap();
    let fake = Fake::new(BTreeMap::new());
    let answer = import_schedule(&world, &fake.url, "nobody");
    if !has_api(&answer) {
        return;
    }
    let stderr = String::from_utf8_lossy(&answer.stderr);
    assert_eq!(answer.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("DescribeMonitoringSchedule was refused: ResourceNotFound"),
        "{stderr}"
    );
    assert!(stderr.contains("hint: check the schedule's name"), "{stderr}");
    assert!(!world.path("imported").exists());
}
