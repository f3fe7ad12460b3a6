//! What goes into requests and registry entries; botocore validates them in `tests/it`.

use super::*;

fn settings() -> RequestSettings {
    RequestSettings {
        name: "churn".to_owned(),
        image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/driftline:0.1.0".to_owned(),
        role: "arn:aws:iam::123456789012:role/monitoring".to_owned(),
        source: Source::Endpoint {
            name: "churn-endpoint".to_owned(),
            capture: Some("s3://bucket/capture/churn-endpoint/AllTraffic".to_owned()),
        },
        baseline: "s3://bucket/baseline/".to_owned(),
        results: "s3://bucket/results".to_owned(),
        training_data: Some("s3://bucket/train.parquet".to_owned()),
        expression: "cron(0 * ? * * *)".to_owned(),
        instance_type: "ml.m5.large".to_owned(),
        n_instances: 1,
        quality: Some((Problem::Binary, "s3://bucket/labels".to_owned())),
        inference_attribute: None,
        probability_attribute: Some("0".to_owned()),
        compat_sagemaker: true,
    }
}

#[test]
fn requests_come_in_the_order_in_which_they_are_sent() {
    let found = requests(&settings()).unwrap();
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "CreateProcessingJob",
            "CreateProcessingJob",
            "CreateDataQualityJobDefinition",
            "CreateMonitoringSchedule",
            "CreateModelQualityJobDefinition",
            "CreateMonitoringSchedule"
        ]
    );
    let baseline = &found[0].1;
    assert_eq!(baseline["Environment"]["dataset_format"], "{\"parquet\":{}}");
    assert_eq!(baseline["Environment"]["driftline_compat"], "sagemaker");
    assert_eq!(
        found[2].1["DataQualityBaselineConfig"]["StatisticsResource"]["S3Uri"],
        "s3://bucket/baseline/statistics.json"
    );
    let schedule = &found[3].1["MonitoringScheduleConfig"];
    assert_eq!(
        schedule["MonitoringJobDefinitionName"],
        found[2].1["JobDefinitionName"]
    );
    assert_eq!(found[4].1["StoppingCondition"]["MaxRuntimeInSeconds"], 1800);
}

#[test]
fn what_no_job_can_have_is_refused() {
    type Change = fn(&mut RequestSettings);
    let changes: [(Change, &str); 5] = [
        (
            |settings| settings.name = "-x".to_owned(),
            "cannot name a schedule",
        ),
        (|settings| settings.role = "admin".to_owned(), "is no role"),
        (
            |settings| settings.baseline = "baseline".to_owned(),
            "--baseline is `baseline`",
        ),
        (|settings| settings.n_instances = 0, "0 instances"),
        (
            |settings| settings.quality = Some((Problem::Regression, "labels".to_owned())),
            "--ground-truth",
        ),
    ];
    for (change, expect) in changes {
        let mut changed = settings();
        change(&mut changed);
        let error = requests(&changed).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn the_registry_names_files_in_s3() {
    let at = |text: &str| Some(Location::parse(text).unwrap());
    let found = registry(&RegistryEntries {
        data_quality: at("s3://bucket/baseline"),
        bias_post_training: at("s3://bucket/bias/analysis.json"),
        bias_config: at("s3://bucket/bias/analysis_config.json"),
        explainability: at("s3://bucket/shap/analysis.json"),
        ..RegistryEntries::default()
    })
    .unwrap();
    assert_eq!(
        found["DriftCheckBaselines"]["ModelDataQuality"]["Constraints"]["S3Uri"],
        "s3://bucket/baseline/constraints.json"
    );
    assert_eq!(
        found["DriftCheckBaselines"]["Bias"]["PostTrainingConstraints"]["S3Uri"],
        "s3://bucket/bias/analysis.json"
    );
    assert_eq!(
        found["ModelMetrics"]["Explainability"]["Report"]["ContentType"],
        "application/json"
    );
    assert!(found["ModelMetrics"].get("ModelQuality").is_none());
    let local = RegistryEntries {
        data_quality: at("baseline"),
        ..RegistryEntries::default()
    };
    assert!(
        registry(&local)
            .unwrap_err()
            .to_string()
            .contains("names files in S3")
    );
    assert!(registry(&RegistryEntries::default()).is_err());
}

#[test]
fn a_windows_hour_is_the_one_it_ended_in() {
    assert_eq!(
        hour_folder("2026-11-20T09:00:00Z").as_deref(),
        Some("2026/11/20/09")
    );
    assert_eq!(hour_folder("0").as_deref(), Some("1970/01/01/00"));
    assert_eq!(hour_folder("never"), None);
}
