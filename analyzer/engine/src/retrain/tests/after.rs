//! After the pipeline: planned once, waiting for labels, baseline rolled and incident closed where the model helped,
//! escalated where it did not; the same bytes however often.

use super::super::complete::{CompleteRequest, DeploymentRequest, Package, Strategy};
use super::*;
use crate::baseline::{BaselineRequest, current, load, make};
use crate::progress::Silent;
use crate::scan::ScanSettings;
use baselines::document::quality::MetricTwin;
use baselines::document::retrain::{CompletionDocument, CurrentBaselineDocument, RetrainDocument as _};
use serde_json::json;
use std::path::Path;
use store::StoreOptions;

/// Quality of day `n` from labels: an RMSE, ± 1, against a limit of 50.
async fn put_labelled(store: &MemoryStore, n: i64, rmse: f64) {
    let measured = MetricTwin {
        value: rmse,
        low: rmse - 1.0,
        high: rmse + 1.0,
        method: "bootstrap".to_owned(),
        n: 400,
    };
    let document = QualityDocument {
        version: "1".to_owned(),
        software: "driftline 0.0.0".to_owned(),
        shown: "realised".to_owned(),
        status: if rmse > 51.0 { "violated" } else { "pass" }.to_owned(),
        problem: "regression".to_owned(),
        start: capture::time::format_rfc3339(day(n)),
        end: capture::time::format_rfc3339(day(n + 1)),
        n_predictions: 480,
        n_labelled: 400,
        confidence: 0.95,
        digest: "q".to_owned(),
        metrics: BTreeMap::from([("rmse".to_owned(), measured.clone())]),
        checks: vec![CheckTwin {
            metric: "rmse".to_owned(),
            comparison_operator: "GreaterThanThreshold".to_owned(),
            threshold: 50.0,
            value: Some(measured),
            outcome: if rmse > 51.0 { "breach" } else { "pass" }.to_owned(),
            point_beyond: None,
            reason: None,
        }],
        ..QualityDocument::default()
    };
    let key = format!("monitors/churn/quality/{}/r1", folder(n));
    put(
        store,
        format!("{key}/{QUALITY_FILE}"),
        document.to_bytes().unwrap(),
    )
    .await;
    put(store, format!("{key}/{VERDICT_FILE}"), verdict(n, false)).await;
}

/// A baseline of a table whose only column begins at `from`.
async fn baseline_at(folder: &Path, from: u32) {
    let rows: String = (0..200).map(|row| format!("{}.5\n", from + row % 40)).collect();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("rows.csv"), format!("age\n{rows}")).unwrap();
    let request = BaselineRequest {
        data: Location::local(folder.join("rows.csv")).unwrap(),
        schema: None,
        settings: ScanSettings::default(),
        options: StoreOptions::default(),
    };
    let made = make(&request, &Silent).await.unwrap();
    let place = Location::local(folder).unwrap();
    made.write(&place, &StoreOptions::default()).await.unwrap();
}

struct World {
    store: Arc<MemoryStore>,
    _root: tempfile::TempDir,
    settings: String,
    baseline: Location,
    package: Package,
}

impl World {
    /// An incident of days 3 to 5 whose pipeline has succeeded and registered a package.
    async fn new() -> Self {
        let (store, fake) = (Arc::new(MemoryStore::new()), Fake::default());
        for n in 1..=5 {
            put_window(&store, n, 1, n > 2).await;
            put_labelled(&store, n, if n > 2 { 100.0 } else { 40.0 }).await;
        }
        let root = tempfile::tempdir().unwrap();
        let (old, new) = (root.path().join("baseline"), root.path().join("package"));
        baseline_at(&old, 0).await;
        baseline_at(&new, 1_000).await;
        let settings = MONITOR
            .replace(
                "baseline = \"baseline\"",
                &format!("baseline = {:?}", old.display()),
            )
            .replace(" confirmed by estimated loss", "");
        receipt(
            retraining_of(&store, &settings, "a")
                .start(&fake, patience(), day(6))
                .await,
        );
        fake.end(ExecutionStatus::Succeeded, None, Vec::new(), day(6) + 60);
        let there = retraining_of(&store, &settings, "a");
        let states = there.status(Some(&fake), patience(), day(6) + 120).await.unwrap();
        let incident = states[0].intent.incident.clone();
        let package = Package::of_description(&json!({
            "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/1",
            "ModelPackageGroupName": "churn", "ModelPackageVersion": 1, "ModelApprovalStatus": "Approved",
            "CustomerMetadataProperties": {"driftline:monitor": "churn", "driftline:incident": incident,
                "driftline:baseline": new.display().to_string()},
        }))
        .unwrap();
        Self {
            store,
            baseline: Location::local(old).unwrap(),
            _root: root,
            settings,
            package,
        }
    }

    fn retraining(&self) -> Retraining {
        retraining_of(&self.store, &self.settings, "b")
    }

    async fn complete(&self, served_from: Option<i64>, now: i64) -> Result<CompletionDocument, EngineError> {
        let request = CompleteRequest {
            package: self.package.clone(),
            package_baseline: None,
            served_from,
            windows: 2,
            store: StoreOptions::default(),
        };
        self.retraining().complete(&request, now).await
    }

    async fn stage(&self, now: i64) -> String {
        let plan = self.retraining().plan(now).await.unwrap();
        plan.gathered.inputs.incident.unwrap().stage.name().to_owned()
    }

    async fn all(&self) -> BTreeMap<String, Bytes> {
        let mut all = BTreeMap::new();
        for meta in self.store.list("").await.unwrap() {
            let object = self.store.get(&meta.key, 1 << 24).await.unwrap();
            all.insert(meta.key, object.bytes);
        }
        all
    }
}

#[tokio::test]
async fn a_model_that_helped_rolls_the_baseline_and_closes_the_incident_once() {
    let world = World::new().await;
    assert_eq!(world.complete(None, day(7)).await.unwrap().verdict, "deploying");
    assert_eq!(
        world.complete(Some(day(7)), day(7)).await.unwrap().verdict,
        "waiting"
    );
    put_labelled(&world.store, 7, 60.0).await;
    assert_eq!(
        world.complete(None, day(9)).await.unwrap().verdict,
        "waiting",
        "two windows are wanted"
    );
    put_labelled(&world.store, 8, 62.0).await;
    let options = StoreOptions::default();
    let before = load(&world.baseline, &options).await.unwrap().digest;
    assert_eq!(world.stage(day(9)).await, "retrained");
    let done = world.complete(None, day(9)).await.unwrap();
    assert_eq!(
        (done.verdict.as_str(), done.incident_is.as_deref()),
        ("passed", Some("resolved"))
    );
    assert_eq!(done.compared[0].outcome, "better");
    assert_eq!(done.compared[0].old.as_ref().unwrap().value, 100.0);
    assert_eq!(done.compared[0].new.as_ref().unwrap().value, 61.0);
    assert_eq!(world.stage(day(9)).await, "resolved");
    // The monitor's baseline is the package's from now on; the old one is still there.
    let version = current(&world.baseline, &options).await.unwrap();
    assert_eq!(done.baseline.as_deref(), Some(version.to_string().as_str()));
    assert!(version.to_string().ends_with("baseline/versions/2"), "{version}");
    assert_ne!(load(&world.baseline, &options).await.unwrap().digest, before);
    let pointer = world
        .baseline
        .as_path()
        .unwrap()
        .join(CurrentBaselineDocument::FILE);
    let (bytes, all) = (std::fs::read(&pointer).unwrap(), world.all().await);
    assert_eq!(world.complete(None, day(20)).await.unwrap(), done);
    assert_eq!(std::fs::read(&pointer).unwrap(), bytes);
    assert!(world.all().await == all, "again, and later: the same bytes");
    let mut other = world;
    other.package.arn.push('1');
    let error = other.complete(None, day(20)).await.unwrap_err().to_string();
    assert!(error.contains("was completed with model package"), "{error}");
}

#[tokio::test]
async fn a_model_that_did_not_help_is_a_persons_and_the_baseline_stays() {
    let world = World::new().await;
    for n in [7, 8] {
        put_labelled(&world.store, n, 130.0).await;
    }
    let done = world.complete(Some(day(7)), day(9)).await.unwrap();
    assert_eq!(
        (done.verdict.as_str(), done.incident_is.as_deref()),
        ("failed", Some("escalated"))
    );
    assert!(
        done.reason
            .starts_with("worse than before: rmse on all rows: 100.0"),
        "{}",
        done.reason
    );
    assert_eq!(
        current(&world.baseline, &StoreOptions::default()).await.unwrap(),
        world.baseline
    );
    assert_eq!(world.stage(day(9)).await, "escalated");
    // Nothing is started for it, whatever the windows say, until somebody closes it.
    for n in [9, 10, 11] {
        put_window(&world.store, n, 1, true).await;
    }
    let plan = world.retraining().plan(day(12)).await.unwrap();
    let rule = plan
        .document
        .rules
        .iter()
        .find(|rule| rule.rule == "incident")
        .unwrap();
    assert_eq!(rule.answer, "no");
    assert!(
        rule.reason.contains("did not help: worse than before"),
        "{}",
        rule.reason
    );
    world
        .retraining()
        .close("we look at the labels", day(12))
        .await
        .unwrap();
    assert_eq!(world.stage(day(12)).await, "resolved");
}

#[tokio::test]
async fn a_crash_after_the_baseline_was_rolled_is_finished() {
    let world = World::new().await;
    for n in [7, 8] {
        put_labelled(&world.store, n, 60.0).await;
    }
    let incident_key = "monitors/churn/retraining/incident.json";
    let incident = world.store.get(incident_key, 1 << 20).await.unwrap().bytes;
    let done = world.complete(Some(day(7)), day(9)).await.unwrap();
    // As if the process had ended before the incident, or before the completion, was written.
    put(&world.store, incident_key.to_owned(), incident.to_vec()).await;
    assert_eq!(world.complete(None, day(9)).await.unwrap(), done);
    assert_eq!(world.stage(day(9)).await, "resolved");
    put(&world.store, incident_key.to_owned(), incident.to_vec()).await;
    let place = world
        .all()
        .await
        .into_keys()
        .find(|key| key.ends_with(CompletionDocument::FILE))
        .unwrap();
    world.store.delete(&place).await.unwrap();
    assert_eq!(
        world.complete(Some(day(7)), day(9)).await.unwrap(),
        done,
        "one version, not two"
    );
}

#[tokio::test]
async fn what_cannot_be_completed_says_why() {
    let mut world = World::new().await;
    let said = |error: EngineError| error.to_string();
    world.complete(Some(day(7)), day(7)).await.unwrap();
    let error = said(world.complete(Some(day(8)), day(8)).await.unwrap_err());
    assert!(
        error.contains("was said to serve from 2026-11-07T00:00:00Z on"),
        "{error}"
    );
    let good = world.package.clone();
    for (expected, package) in [
        (
            "is PendingManualApproval",
            Package {
                approval: "PendingManualApproval".to_owned(),
                ..good.clone()
            },
        ),
        (
            "answers an incident of monitor other",
            Package {
                monitor: Some("other".to_owned()),
                ..good.clone()
            },
        ),
        (
            "belongs to no retraining",
            Package {
                incident: Some("20200101T000000Z-0".to_owned()),
                ..good.clone()
            },
        ),
        (
            "belongs to no retraining",
            Package {
                incident: None,
                generated_by: None,
                ..good.clone()
            },
        ),
    ] {
        world.package = package;
        let error = said(world.complete(None, day(9)).await.unwrap_err());
        assert!(error.contains(expected), "{expected}: {error}");
    }
    // An event without metadata names the execution instead.
    let execution = world.retraining().history().await.unwrap()[0]
        .receipt
        .as_ref()
        .unwrap()
        .execution
        .clone();
    world.package = Package {
        incident: None,
        monitor: None,
        generated_by: Some(execution),
        ..good
    };
    assert_eq!(world.complete(None, day(9)).await.unwrap().verdict, "waiting");
}

fn endpoint() -> DeploymentRequest {
    DeploymentRequest {
        endpoint: "churn".to_owned(),
        config: json!({
            "EndpointConfigName": "churn-1", "EndpointConfigArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/churn-1",
            "CreationTime": "2026-01-01T00:00:00Z",
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "churn-old", "InitialInstanceCount": 2,
                "InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0}],
            "DataCaptureConfig": {"EnableCapture": false, "InitialSamplingPercentage": 20, "DestinationS3Uri": "s3://bucket/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]},
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r",
        }),
        variant: None,
        strategy: Strategy::Canary,
        alarms: vec!["churn-5xx".to_owned()],
        bake_seconds: 600,
        capture: None,
        role: None,
    }
}

#[tokio::test]
async fn a_deployment_is_planned_once_with_capture_on_and_alarms_that_roll_it_back() {
    let world = World::new().await;
    let plan = world
        .retraining()
        .plan_deployment(&world.package, &endpoint())
        .await
        .unwrap();
    let request = |operation: &str| {
        let found = plan.requests.iter().find(|each| each.operation == operation);
        found.unwrap().request.clone()
    };
    let config = request("CreateEndpointConfig");
    assert_eq!(config["DataCaptureConfig"]["EnableCapture"], true);
    assert_eq!(config["DataCaptureConfig"]["InitialSamplingPercentage"], 20);
    assert_eq!(
        config["DataCaptureConfig"]["DestinationS3Uri"],
        "s3://bucket/capture"
    );
    assert_eq!(
        config["ProductionVariants"][0]["ModelName"],
        request("CreateModel")["ModelName"]
    );
    assert_eq!(config["ProductionVariants"][0]["InitialInstanceCount"], 2);
    assert!(config.get("EndpointConfigArn").is_none());
    let update = request("UpdateEndpoint");
    assert_eq!(update["EndpointConfigName"], config["EndpointConfigName"]);
    assert_ne!(config["EndpointConfigName"], "churn-1");
    assert_eq!(
        update["DeploymentConfig"]["AutoRollbackConfiguration"],
        json!({"Alarms": [{"AlarmName": "churn-5xx"}]})
    );
    let shape = |strategy: Strategy| {
        let planned = super::super::complete::plan_of(
            &world.package,
            &DeploymentRequest {
                strategy,
                ..endpoint()
            },
        );
        planned.unwrap().last().unwrap().request["DeploymentConfig"].clone()
    };
    let routing =
        |strategy| shape(strategy)["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"].clone();
    assert_eq!(routing(Strategy::Canary), "CANARY");
    assert_eq!(routing(Strategy::Linear), "LINEAR");
    assert_eq!(routing(Strategy::AllAtOnce), "ALL_AT_ONCE");
    assert_eq!(
        shape(Strategy::Rolling)["RollingUpdatePolicy"]["MaximumBatchSize"]["Value"],
        20
    );
    let other = DeploymentRequest {
        strategy: Strategy::Linear,
        ..endpoint()
    };
    let again = world
        .retraining()
        .plan_deployment(&world.package, &other)
        .await
        .unwrap();
    assert_eq!(again, plan, "the first plan stays");
}

#[tokio::test]
async fn a_deployment_that_cannot_be_says_what_is_missing() {
    let world = World::new().await;
    let refused = |change: &dyn Fn(&mut DeploymentRequest)| {
        let mut request = endpoint();
        change(&mut request);
        super::super::complete::plan_of(&world.package, &request)
            .unwrap_err()
            .to_string()
    };
    for (expected, change) in [
        (
            "needs 1 to 10 alarms, 0 are named",
            (&|request: &mut DeploymentRequest| request.alarms.clear()) as &dyn Fn(&mut DeploymentRequest),
        ),
        ("has no EndpointConfigName", &|request: &mut DeploymentRequest| {
            request.config["EndpointConfigName"] = json!(null);
        }),
        (
            "has no variant B, it has AllTraffic",
            &|request: &mut DeploymentRequest| request.variant = Some("B".to_owned()),
        ),
        ("the model needs a role", &|request: &mut DeploymentRequest| {
            request.config["ExecutionRoleArn"] = json!(null);
        }),
        (
            "captures nothing, and no place",
            &|request: &mut DeploymentRequest| request.config["DataCaptureConfig"] = json!(null),
        ),
        ("no JSON object", &|request: &mut DeploymentRequest| {
            request.config = json!([]);
        }),
    ] {
        let error = refused(change);
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
