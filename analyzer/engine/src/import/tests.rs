//! Descriptions as the API answers them (fields from botocore 1.44.5's model), and what becomes of each value.

use super::expression::{Schedule, duration, schedule};
use super::*;
use serde_json::json;

fn files(entries: &[(&str, Value)]) -> BTreeMap<String, Bytes> {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Bytes::from(value.to_string())))
        .collect()
}

fn run(entries: &[(&str, Value)]) -> Result<Import, EngineError> {
    let request = ImportRequest {
        files: files(entries),
        ..ImportRequest::default()
    };
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(import(&request))
}

fn schedule_file(expression: &str) -> Value {
    json!({"MonitoringScheduleName": "churn-hourly", "MonitoringScheduleArn": "arn:aws:sagemaker:::x",
        "MonitoringScheduleStatus": "Scheduled", "MonitoringType": "DataQuality", "CreationTime": 1.7e9,
        "MonitoringScheduleConfig": {"ScheduleConfig": {"ScheduleExpression": expression},
            "MonitoringJobDefinitionName": "churn-dq", "MonitoringType": "DataQuality"}})
}

fn job_file() -> Value {
    json!({"JobDefinitionName": "churn-dq",
        "DataQualityAppSpecification": {"ImageUri": "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
            "RecordPreprocessorSourceUri": "s3://bucket/pre.py", "Environment": {"a": "b"}},
        "DataQualityJobInput": {"EndpointInput": {"EndpointName": "churn", "LocalPath": "/opt/ml/processing/input",
            "S3InputMode": "File", "S3DataDistributionType": "FullyReplicated", "StartTimeOffset": "-PT3H",
            "EndTimeOffset": "-PT1H", "ExcludeFeaturesAttribute": "0", "FutureAttribute": 3}},
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://bucket/out",
            "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}}]},
        "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}},
        "RoleArn": "arn:aws:iam::1:role/r", "StoppingCondition": {"MaxRuntimeInSeconds": 1800}})
}

fn endpoint_file() -> Value {
    json!({"EndpointName": "churn", "EndpointStatus": "InService", "EndpointConfigName": "churn-1",
        "DataCaptureConfig": {"EnableCapture": true, "CurrentSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket/capture/"},
        "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentWeight": 1.0}]})
}

fn statistics() -> Value {
    json!({"version": 0.0, "dataset": {"item_count": 2}, "features": [{"name": "a", "inferred_type": "String",
        "string_statistics": {"common": {"num_present": 2, "num_missing": 0}, "distinct_count": 1.0}}]})
}

fn constraints() -> Value {
    json!({"version": 0.0, "features": [{"name": "a", "inferred_type": "String", "completeness": 1.0}]})
}

#[test]
fn expressions_and_durations_are_the_documented_ones() {
    for (text, expect) in [
        ("cron(0 * ? * * *)", Some(Schedule::Every(3600))),
        ("cron(0 17 ? * * *)", Some(Schedule::Every(86_400))),
        ("cron(0 0/6 ? * * *)", Some(Schedule::Every(6 * 3600))),
        ("NOW", Some(Schedule::Once)),
        ("cron(30 * ? * * *)", None),
        ("cron(0 25 ? * * *)", None),
        ("cron(0 0/0 ? * * *)", None),
        ("rate(1 hour)", None),
        ("", None),
    ] {
        assert_eq!(schedule(text), expect, "{text}");
    }
    for (text, expect) in [
        ("-PT7H", Some(-7 * 3600)),
        ("-P8D", Some(-8 * 86_400)),
        ("P1DT2H30M", Some(95_400)),
        ("PT0H", Some(0)),
        ("P", None),
        ("PT3", None),
        ("7H", None),
        ("-P99999999999999999999D", None),
    ] {
        assert_eq!(duration(text), expect, "{text}");
    }
}

#[test]
fn a_schedule_with_its_files_becomes_a_monitor() {
    let found = run(&[
        ("schedule.json", schedule_file("cron(0 * ? * * *)")),
        ("job.json", job_file()),
        ("endpoint.json", endpoint_file()),
        ("s.json", statistics()),
        ("c.json", constraints()),
    ])
    .unwrap();
    let monitor = Monitor::parse(
        "monitor.toml",
        found.monitor_toml.as_deref().unwrap(),
        &Location::parse("/m").unwrap(),
    )
    .unwrap();
    assert_eq!(monitor.name, "churn-hourly");
    assert_eq!(
        monitor.capture.to_string(),
        "s3://bucket/capture/churn/AllTraffic"
    );
    assert_eq!((monitor.window.seconds(), monitor.grace.seconds()), (7200, 3600));
    assert_eq!(
        found.baseline.keys().map(String::as_str).collect::<Vec<_>>(),
        ["constraints.json", "statistics.json"]
    );
    let fate = |item: &str| {
        found
            .items
            .iter()
            .find(|found| found.item.ends_with(item))
            .unwrap()
            .fate
    };
    assert_eq!(fate("ScheduleExpression"), Fate::Taken);
    assert_eq!(fate("EndTimeOffset"), Fate::Taken);
    assert_eq!(fate("DestinationS3Uri"), Fate::Taken);
    assert_eq!(fate("InstanceType"), Fate::Elsewhere);
    assert_eq!(
        fate("DataQualityAppSpecification.RecordPreprocessorSourceUri"),
        Fate::NoEquivalent
    );
    assert_eq!(fate("ExcludeFeaturesAttribute"), Fate::NoEquivalent);
    // A key of tomorrow's API is not passed over.
    assert_eq!(fate("FutureAttribute"), Fate::NoEquivalent);
    assert!(
        found
            .items
            .iter()
            .all(|item| !item.item.ends_with("CreationTime"))
    );
    assert!(
        found
            .warnings
            .iter()
            .any(|warning| warning.contains("runs no scripts"))
    );
    let text = found.text();
    assert!(
        text.contains("Without an equivalent:") && text.contains("driftline analyze --monitor monitor.toml"),
        "{text}"
    );
    assert_eq!(found.report().unwrap(), found.clone().report().unwrap());
}

#[test]
fn an_inline_definition_over_a_batch_transform_is_read_too() {
    let mut inline = schedule_file("cron(0 12 ? * * *)");
    inline["MonitoringScheduleConfig"] = json!({"ScheduleConfig": {"ScheduleExpression": "cron(0 12 ? * * *)"},
        "MonitoringJobDefinition": {"MonitoringInputs": [{"BatchTransformInput": {
            "DataCapturedDestinationS3Uri": "s3://bucket/batch/", "DatasetFormat": {"Csv": {"Header": true}},
            "LocalPath": "/opt/ml/processing/input"}}],
        "MonitoringAppSpecification": {"ImageUri": "x"}, "RoleArn": "r"}});
    let found = run(&[("schedule.json", inline)]).unwrap();
    let text = found.monitor_toml.clone().unwrap();
    assert!(
        text.contains("capture = \"s3://bucket/batch\"") && text.contains("window = \"1 day\""),
        "{text}"
    );
    assert!(
        found
            .warnings
            .iter()
            .any(|warning| warning.contains("no baseline files"))
    );
    let images = found
        .items
        .iter()
        .filter(|item| item.item.ends_with("ImageUri"))
        .count();
    assert_eq!(images, 1);
}

#[test]
fn quality_and_bias_monitors_become_commands() {
    let quality = json!({"JobDefinitionName": "q", "ModelQualityAppSpecification": {"ProblemType": "Regression", "ImageUri": "x"},
        "ModelQualityJobInput": {"EndpointInput": {"EndpointName": "e", "InferenceAttribute": "predictions[*].score"},
            "GroundTruthS3Input": {"S3Uri": "s3://bucket/labels"}}, "RoleArn": "r"});
    let endpoint = json!({"EndpointName": "e", "EndpointStatus": "InService",
        "DataCaptureConfig": {"DestinationS3Uri": "s3://bucket/c"}});
    let found = run(&[("q.json", quality), ("e.json", endpoint.clone())]).unwrap();
    assert_eq!(found.kind, MonitorKind::ModelQuality);
    assert_eq!(found.monitor_toml, None);
    assert_eq!(
        found.commands,
        [
            "driftline quality --capture s3://bucket/c/e --baseline baseline --problem regression --ground-truth s3://bucket/labels \
          --prediction 'predictions[*].score' --start START --end END --output OUTPUT"
        ]
    );
    let bias = json!({"JobDefinitionName": "b", "ModelBiasAppSpecification": {"ImageUri": "x"},
        "ModelBiasJobInput": {"EndpointInput": {"EndpointName": "e", "ProbabilityAttribute": "1",
            "ProbabilityThresholdAttribute": 0.8}}});
    let found = run(&[("b.json", bias), ("e.json", endpoint)]).unwrap();
    assert!(
        found.commands[0].contains("--probability-attribute 1 --probability-threshold 0.8"),
        "{:?}",
        found.commands
    );
}

#[test]
fn what_is_missing_is_said_with_the_next_step() {
    let check = |entries: &[(&str, Value)], expect: &str| {
        let error = run(entries).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert!(error.hint().is_some(), "{error}");
    };
    check(
        &[("x.json", json!({"a": 1}))],
        "no file describes a monitoring job",
    );
    check(&[("s.json", schedule_file("NOW"))], "job definition `churn-dq`");
    check(
        &[("s.json", schedule_file("NOW")), ("j.json", job_file())],
        "where the endpoint's captured traffic lies",
    );
    check(
        &[("a.json", statistics()), ("b.json", statistics())],
        "second statistics.json",
    );
    let mut broken = files(&[]);
    broken.insert("x.json".to_owned(), Bytes::from_static(b"{\"a\":\n nope"));
    let request = ImportRequest {
        files: broken,
        ..ImportRequest::default()
    };
    let error = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(import(&request))
        .unwrap_err();
    assert!(
        error.to_string().contains("x.json is not valid JSON at line 2"),
        "{error}"
    );
}
