//! Executions end, outcomes are written, people are told, once.

use crate::scene::{Scene, after};
use engine::retrain::complete::{DeploymentRequest, Package, Strategy};
use engine::retrain::{ExecutionStatus, Retraining};
use functions::lifecycle::handle;
use serde_json::{Value, json};
use store::{Location, StoreOptions};

fn event(arn: &str, token: &str, status: &str) -> Value {
    json!({"version": "0", "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Building Pipeline Execution Status Change", "time": "2026-11-24T00:00:00Z",
        "detail": {"pipelineExecutionArn": arn, "pipelineExecutionDisplayName": token, "currentPipelineExecutionStatus": status}})
}

async fn started() -> (Scene, String, String) {
    let scene = Scene::new();
    functions::act::handle(scene.judged(0, 1, true), &scene.reach, after(0))
        .await
        .unwrap();
    let (token, arn) = {
        let by_token = scene.pipelines.by_token.lock().unwrap();
        let (token, arn) = by_token.iter().next().unwrap();
        (token.clone(), arn.clone())
    };
    (scene, token, arn)
}

#[tokio::test]
async fn an_execution_that_ended_has_its_outcome_and_is_told_once() {
    let (scene, token, arn) = started().await;
    let going = handle(event(&arn, &token, "Executing"), &scene.reach, after(1))
        .await
        .unwrap();
    assert!(!going.monitors[0].runs[0].has_ended);
    *scene.pipelines.status.lock().unwrap() = Some(ExecutionStatus::Failed);
    for payload in [
        event(&arn, &token, "Failed"),
        event(&arn, &token, "Executing"),
        json!({"execution": arn}),
        json!({}),
    ] {
        let outcome = handle(payload, &scene.reach, after(2)).await.unwrap();
        let run = &outcome.monitors[0].runs[0];
        assert!(run.has_ended && run.status.as_deref() == Some("Failed"));
    }
    let ended = format!("team: {token}.1.retraining_ended.team");
    assert_eq!(
        scene.ids().iter().filter(|id| **id == ended).count(),
        1,
        "{:?}",
        scene.ids()
    );
    assert_eq!(scene.ids().len(), 3);
    let outcome = scene.folder.path().join("monitors/churn/retraining");
    let written = std::fs::read_dir(outcome)
        .unwrap()
        .flatten()
        .any(|entry| entry.path().join("r1/outcome.json").is_file());
    assert!(written);
}

#[tokio::test]
async fn an_event_ahead_of_the_service_is_tried_again() {
    let (scene, token, arn) = started().await;
    let failure = handle(event(&arn, &token, "Succeeded"), &scene.reach, after(1))
        .await
        .unwrap_err();
    assert_eq!(failure.error_type(), "not_yet");
    *scene.pipelines.status.lock().unwrap() = Some(ExecutionStatus::Succeeded);
    let outcome = handle(event(&arn, &token, "Succeeded"), &scene.reach, after(1))
        .await
        .unwrap();
    assert!(outcome.monitors[0].runs[0].has_ended);
}

#[tokio::test]
async fn executions_of_others_concern_nobody() {
    let (scene, _, _) = started().await;
    let other = event(
        "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/other/execution/x",
        "theirs",
        "Succeeded",
    );
    assert_eq!(handle(other, &scene.reach, after(1)).await.unwrap().monitors, []);
    // A monitor that cannot be read keeps nobody else's event from being done, and does not go unsaid where none was found.
    let broken = scene.folder.path().join("monitors/broken");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("monitor.toml"), "name = 1").unwrap();
    let (token, arn) = {
        let by_token = scene.pipelines.by_token.lock().unwrap();
        let (token, arn) = by_token.iter().next().unwrap();
        (token.clone(), arn.clone())
    };
    let ours = handle(event(&arn, &token, "Executing"), &scene.reach, after(1))
        .await
        .unwrap();
    assert_eq!(ours.monitors.len(), 1);
    let failure = handle(json!({}), &scene.reach, after(1)).await.unwrap_err();
    assert_eq!(failure.error_type(), "usage");
}

/// The package that the execution registered, as the registry describes it.
fn package(arn: &str, incident: Option<&str>) -> Package {
    Package {
        arn: "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/2".to_owned(),
        group: Some("churn".to_owned()),
        number: Some(2),
        approval: "Approved".to_owned(),
        model_data: Some("s3://models/2/model.tar.gz".to_owned()),
        monitor: Some("churn".to_owned()),
        incident: incident.map(str::to_owned),
        baseline: Some("s3://models/2/baseline".to_owned()),
        generated_by: Some(arn.to_owned()),
    }
}

#[tokio::test]
async fn an_approved_package_is_completed_once_its_endpoint_serves() {
    let (scene, token, arn) = started().await;
    *scene.pipelines.status.lock().unwrap() = Some(ExecutionStatus::Succeeded);
    handle(event(&arn, &token, "Succeeded"), &scene.reach, after(1))
        .await
        .unwrap();
    let approved = |execution: &str| {
        json!({"version": "0", "source": "aws.sagemaker", "detail-type": "SageMaker Model Package State Change",
            "time": "2026-11-24T00:00:00Z", "detail": {
                "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/2",
                "ModelPackageGroupName": "churn", "ModelPackageVersion": 2, "ModelApprovalStatus": "Approved",
                "MetadataProperties": {"GeneratedBy": execution}}})
    };
    // The event leaves the metadata out, so the package is described; one that nobody knows is an error.
    let unknown = handle(approved(&arn), &scene.reach, after(2)).await.unwrap_err();
    assert_eq!(unknown.error_type(), "storage");
    let described = package(&arn, None);
    let known = described.arn.clone();
    scene.registered.by_arn.lock().unwrap().insert(known, described);
    for _ in 0..2 {
        let outcome = handle(approved(&arn), &scene.reach, after(2)).await.unwrap();
        assert_eq!(outcome.monitors[0].completions[0].verdict, "deploying");
    }
    let serving = |config: &str| {
        json!({"version": "0", "source": "aws.sagemaker", "detail-type": "SageMaker Endpoint State Change",
            "time": "2026-11-24T12:00:00Z", "detail": {
                "EndpointName": "churn-prod", "EndpointConfigName": config, "EndpointStatus": "IN_SERVICE"}})
    };
    // Nothing was planned for that endpoint: it says nothing of this package.
    let other = handle(serving("by-hand"), &scene.reach, after(3)).await.unwrap();
    assert_eq!(other.monitors, []);
    let config = plan(&scene, &arn).await;
    let outcome = handle(serving(&config), &scene.reach, after(3)).await.unwrap();
    assert_eq!(outcome.monitors[0].completions[0].verdict, "waiting");
    // Later looks need no event.
    let later = handle(json!({"monitor": "churn"}), &scene.reach, after(4))
        .await
        .unwrap();
    assert_eq!(later.monitors[0].completions[0].verdict, "waiting");
}

/// Plans the package's deployment, and gives the name of the configuration it will have.
async fn plan(scene: &Scene, arn: &str) -> String {
    let store = Location::local(scene.folder.path()).unwrap();
    let file = store.join("monitors/churn/monitor.toml");
    let options = StoreOptions::default();
    let retraining = Retraining::open(&file, Some(&store), &options, "plan".to_owned())
        .await
        .unwrap();
    let request = DeploymentRequest {
        endpoint: "churn-prod".to_owned(),
        config: json!({"EndpointConfigName": "churn-1", "ExecutionRoleArn": "arn:aws:iam::111122223333:role/r",
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "churn-1", "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large"}],
            "DataCaptureConfig": {"EnableCapture": true, "InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]}}),
        variant: None,
        strategy: Strategy::AllAtOnce,
        alarms: vec!["churn-prod-5xx".to_owned()],
        bake_seconds: 0,
        capture: None,
        role: Some("arn:aws:iam::111122223333:role/r".to_owned()),
    };
    let planned = retraining
        .plan_deployment(&package(arn, None), &request)
        .await
        .unwrap();
    planned.config_after
}
