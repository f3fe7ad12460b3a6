//! An incident's life: planned, approved, started, followed, failed, tried again, answered for, closed.

use super::fake::Fault;
use super::*;
use baselines::document::retrain::{EvidenceDocument, RetrainDocument};

fn step(name: &str, kind: &str, from: i64, to: i64, failure_reason: Option<&str>) -> Step {
    Step {
        name: name.to_owned(),
        kind: Some(kind.to_owned()),
        status: if failure_reason.is_some() {
            "Failed"
        } else {
            "Succeeded"
        }
        .to_owned(),
        started_at: Some(from),
        ended_at: Some(to),
        failure_reason: failure_reason.map(str::to_owned),
        job: None,
    }
}

async fn stage(store: &Arc<MemoryStore>, now: i64) -> String {
    let plan = retraining(store, "look").plan(now).await.unwrap();
    plan.document
        .incident
        .map_or_else(|| "none".to_owned(), |incident| incident.stage)
}

#[tokio::test]
async fn a_start_passes_everything_along_and_keeps_its_evidence() {
    let (store, fake) = (breaching().await, Fake::default());
    receipt(retraining(&store, "a").start(&fake, patience(), day(6)).await);
    let request = fake.requests().pop().unwrap();
    assert_eq!(request.pipeline, "churn-retrain");
    let incident = request.parameters["IncidentId"].clone();
    let place = format!("monitors/churn/retraining/{incident}/r1");
    let bytes = store
        .get(&format!("{place}/evidence.json"), 1 << 20)
        .await
        .unwrap()
        .bytes;
    let digest = super::super::workplace::digest(&bytes);
    let evidence_uri = store.locate(&format!("{place}/evidence.json"));
    let output_uri = store.locate(&format!("{place}/output"));
    let expected = [
        ("BaselineUri", "settings/baseline"),
        ("CaptureUri", "settings/capture"),
        ("EvidenceDigest", digest.as_str()),
        ("EvidenceUri", evidence_uri.as_str()),
        ("IncidentId", incident.as_str()),
        ("LabelsUri", "s3://labels/churn"),
        ("MaxRuntimeInSeconds", "18000"),
        ("MinimumQuality", "0.7"),
        ("MonitorName", "churn"),
        ("OutputUri", output_uri.as_str()),
        ("Try", "1 of 5 GPU hours"),
        ("TrainingImage", "image:1"),
        ("TrainingInstanceType", "ml.g5.2xlarge"),
        ("WindowEnd", "2026-11-06T00:00:00Z"),
        ("WindowStart", "2026-11-01T00:00:00Z"),
    ];
    let found: BTreeMap<&str, &str> = request
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(found, BTreeMap::from(expected));
    let evidence = EvidenceDocument::from_bytes(&bytes).unwrap();
    assert_eq!(evidence.monitor_file.digest, "xxh3-0");
    assert_eq!(
        (
            evidence.features[0].column.as_str(),
            evidence.features[0].n_windows
        ),
        ("age", 3)
    );
    assert_eq!(
        (evidence.features[0].value, evidence.features[0].limit),
        (0.25, 0.02)
    );
    let newest = evidence
        .windows
        .iter()
        .rev()
        .find(|window| window.kind == "findings")
        .unwrap();
    assert_eq!(newest.objects[0].etag.as_deref(), Some("e5"));
    assert!(newest.pictures[0].ends_with("r1/report.html"));
    assert!(
        evidence
            .windows
            .iter()
            .any(|window| window.metrics.iter().any(|metric| metric.outcome == "breach"))
    );
}

#[tokio::test]
async fn a_tuning_step_shares_the_hours_out_among_its_trials_and_the_last_training() {
    let (store, fake) = (breaching().await, Fake::default());
    let tuned = MONITOR.replace("MinimumQuality = 0.7", "TuningTrials = 8");
    receipt(
        retraining_of(&store, &tuned, "a")
            .start(&fake, patience(), day(6))
            .await,
    );
    // 20 hours over 4 starts on one GPU are 18,000 s, over nine jobs 2,000 s.
    assert_eq!(fake.requests()[0].parameters["MaxRuntimeInSeconds"], "2000");
}

#[tokio::test]
async fn a_failure_keeps_the_incident_open_with_the_pipelines_reason() {
    let (store, fake) = (breaching().await, Fake::default());
    let at = day(6);
    receipt(retraining(&store, "a").start(&fake, patience(), at).await);
    assert_eq!(stage(&store, at).await, "retraining");
    let look = |now| {
        let here = retraining(&store, "look");
        let fake = &fake;
        async move { here.status(Some(fake), patience(), now).await.unwrap() }
    };
    assert_eq!(look(at + 60).await[0].status.as_deref(), Some("Executing"));
    let steps = vec![
        step("Train", "Training", at + 600, at + 4_200, None),
        step(
            "Evaluate",
            "Fail",
            at + 4_200,
            at + 4_300,
            Some("champion better than challenger"),
        ),
    ];
    fake.end(
        ExecutionStatus::Failed,
        Some("Step failure: One or multiple steps failed."),
        steps,
        at + 4_301,
    );
    let states = look(at + 5_000).await;
    let outcome = states[0].outcome.clone().unwrap();
    assert_eq!(
        (outcome.status.as_str(), outcome.gpu_hours),
        ("Failed", Some(1.0))
    );
    assert_eq!(outcome.ended_at, "2026-11-06T01:11:40Z");
    assert_eq!(
        outcome.failure_reason.as_deref(),
        Some("Step failure: One or multiple steps failed.; step Evaluate: champion better than challenger")
    );
    assert_eq!(
        look(at + 6_000).await[0].outcome.as_ref(),
        Some(&outcome),
        "an outcome is written once"
    );
    let plan = retraining(&store, "b").plan(at + 6_000).await.unwrap();
    let incident = plan.document.incident.clone().unwrap();
    assert_eq!((incident.stage.as_str(), incident.revision), ("open", Some(2)));
    let rule = plan
        .document
        .rules
        .iter()
        .find(|rule| rule.rule == "incident")
        .unwrap();
    assert!(
        rule.reason.contains("champion better than challenger"),
        "{}",
        rule.reason
    );
    let again = retraining(&store, "b").start(&fake, patience(), at + 6_000).await;
    assert!(receipt(again).ends_with("execution/e2"));
    let tokens: std::collections::BTreeSet<String> =
        fake.requests().into_iter().map(|request| request.token).collect();
    assert_eq!(tokens.len(), 2, "another revision has another token");
}

#[tokio::test]
async fn a_success_waits_to_be_served_and_is_closed() {
    let (store, fake) = (breaching().await, Fake::default());
    receipt(retraining(&store, "a").start(&fake, patience(), day(6)).await);
    assert!(
        retraining(&store, "a")
            .close("stop it", day(6))
            .await
            .unwrap_err()
            .to_string()
            .contains("being retrained")
    );
    fake.end(
        ExecutionStatus::Succeeded,
        None,
        vec![step("Train", "Training", day(6), day(6) + 3_600, None)],
        day(6) + 3_600,
    );
    retraining(&store, "a")
        .status(Some(&fake), patience(), day(6) + 7_200)
        .await
        .unwrap();
    let Ok(Started::Not(plan)) = retraining(&store, "a")
        .start(&fake, patience(), day(6) + 7_200)
        .await
    else {
        panic!("it must not start again")
    };
    assert!(
        plan.document.refused_by.contains(&"incident".to_owned()),
        "{:?}",
        plan.document.refused_by
    );
    assert_eq!(stage(&store, day(6) + 7_200).await, "retrained");
    let closed = retraining(&store, "a")
        .close("served as v2", day(7))
        .await
        .unwrap();
    assert_eq!(
        (closed.stage.as_str(), closed.reason.as_deref()),
        ("resolved", Some("served as v2"))
    );
    let nothing = retraining(&store, "a").close("again", day(7)).await.unwrap_err();
    assert_eq!(nothing.to_string(), "there is no open incident to close");
    assert_eq!(stage(&store, day(7)).await, "none");
}

#[tokio::test]
async fn a_refused_start_ends_its_revision_with_what_the_service_said() {
    let (store, fake) = (breaching().await, Fake::with([Fault::Refused]));
    let error = retraining(&store, "a")
        .start(&fake, patience(), day(6))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("undeclared parameter"), "{error}");
    assert!(error.hint().unwrap().contains("docs/retraining.md"));
    assert_eq!(fake.n_executions(), 0);
    assert_eq!(stage(&store, day(6)).await, "open");
    let again = retraining(&store, "a")
        .start(&fake, patience(), day(6) + 3_600)
        .await;
    assert!(
        receipt(again).ends_with("execution/e1"),
        "after the cooldown, as revision 2"
    );
    let history = retraining(&store, "a").history().await.unwrap();
    assert_eq!(
        history.iter().map(|run| run.intent.revision).collect::<Vec<_>>(),
        [2, 1]
    );
    assert!(history[1].receipt.is_none() && history[1].outcome.is_some());
}

#[tokio::test]
async fn a_person_is_asked_first() {
    let (store, fake) = (breaching().await, Fake::default());
    let settings = MONITOR.replace("cooldown =", "approval = \"manual\"\ncooldown =");
    let here = retraining_of(&store, &settings, "a");
    let Ok(Started::Not(plan)) = here.start(&fake, patience(), day(6)).await else {
        panic!("not asked")
    };
    assert_eq!(plan.document.verdict, "wait_for_approval");
    let wrong = here
        .approve(Some("another"), true, "ada", None, day(6))
        .await
        .unwrap_err();
    assert!(wrong.to_string().contains("is not the open one"), "{wrong}");
    assert!(here.approve(None, true, " ", None, day(6)).await.is_err());
    here.approve(None, false, "ada", Some("not now"), day(6))
        .await
        .unwrap();
    let Ok(Started::Not(plan)) = here.start(&fake, patience(), day(6)).await else {
        panic!("refused")
    };
    assert_eq!(plan.document.verdict, "no");
    here.approve(None, true, "ada", None, day(6) + 1).await.unwrap();
    receipt(here.start(&fake, patience(), day(6) + 2).await);
    assert!(
        here.approve(None, true, "ada", None, day(6) + 3)
            .await
            .unwrap_err()
            .to_string()
            .contains("being retrained")
    );
    let why = here.why("e1").await.unwrap();
    assert_eq!(why.approval.as_ref().unwrap().by, "ada");
    let text = why_text(&why);
    for part in [
        "approved by ada",
        "age: drift in 3 windows, up to 0.25 (limit 0.02)",
        "estimated auc 0.700000, limit 0.8",
        "start the pipeline",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(
        here.why("e9")
            .await
            .unwrap_err()
            .to_string()
            .contains("none of the 1 that were started")
    );
}

#[tokio::test]
async fn what_is_not_whole_or_has_no_time_is_left_out() {
    let store = breaching().await;
    let half = format!("monitors/churn/windows/{}/r2/report.html", folder(5));
    put(&store, half, b"<html>".to_vec()).await;
    let text = String::from_utf8(verdict(5, true)).unwrap();
    let timeless = text.replacen(
        "\"start\":\"2026-11-05T00:00:00Z\",\"end\":\"2026-11-06T00:00:00Z\"",
        "",
        1,
    );
    put(
        &store,
        "monitors/churn/windows/sometime/r1/verdict.json".to_owned(),
        timeless.into_bytes(),
    )
    .await;
    let plan = retraining(&store, "a").plan(day(6)).await.unwrap();
    assert_eq!(plan.document.verdict, "start");
    assert!(
        plan.left_out[0].contains("sometime/r1/verdict.json"),
        "{:?}",
        plan.left_out
    );
    assert!(decision_text(&plan).contains("left out: "));
    // A newer revision that takes the drift back counts.
    put_window(&store, 5, 2, false).await;
    assert_eq!(
        retraining(&store, "a")
            .plan(day(6))
            .await
            .unwrap()
            .document
            .verdict,
        "no"
    );
    put_window(&store, 5, 10, true).await;
    assert_eq!(
        retraining(&store, "a")
            .plan(day(6))
            .await
            .unwrap()
            .document
            .verdict,
        "start",
        "r10 is newer than r2"
    );
}

#[tokio::test]
async fn a_damaged_document_is_named() {
    let store = breaching().await;
    put(
        &store,
        "monitors/churn/retraining/incident.json".to_owned(),
        b"{\"version\":\"1\"".to_vec(),
    )
    .await;
    let error = retraining(&store, "a").plan(day(6)).await.unwrap_err();
    assert!(
        error.to_string().contains("incident.json is not valid JSON"),
        "{error}"
    );
}
