//! Verdicts become alerts, metrics and a start, once.

use crate::scene::{Scene, after};
use functions::act::handle;
use serde_json::{Value, json};

const ID: &str = "traffic-20261121T000000Z";

#[tokio::test]
async fn a_violated_window_is_told_counted_and_retrained_once() {
    let scene = Scene::new();
    let event = scene.judged(0, 1, true);
    let outcome = handle(event.clone(), &scene.reach, after(0)).await.unwrap();
    let acted = &outcome.monitors[0];
    assert_eq!(acted.retraining.as_ref().unwrap().decision, "started");
    let token = scene.token();
    let expected = [
        format!("team: {ID}.1.opened.team"),
        format!("team: {token}.1.retraining_started.team"),
    ];
    assert_eq!(scene.ids(), expected);
    let lines = scene.metrics.lock().unwrap().clone();
    assert_eq!(lines.len(), acted.metric_lines);
    let parsed: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let directive = &parsed[0]["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "aws/sagemaker/Endpoints/data-metrics");
    assert_eq!(
        directive["Dimensions"],
        json!([["Endpoint", "MonitoringSchedule"]])
    );
    // The verdict's own numbers (baselines/test-data/verdict/v2.json).
    assert_eq!(parsed[0]["feature_baseline_drift_age"], 0.351_121_099_764_743_26);
    assert_eq!(
        (&parsed[0]["Endpoint"], &parsed[0]["MonitoringSchedule"]),
        (&json!("churn-prod"), &json!("churn"))
    );
    assert_eq!(
        (&parsed[1]["Alarm"], &parsed[1]["Monitor"]),
        (&json!(1.0), &json!("churn"))
    );
    // Delivered again, and asked plainly.
    let again = handle(event, &scene.reach, after(0) + 60).await.unwrap();
    assert_eq!(
        again.monitors[0].retraining.as_ref().unwrap().decision,
        "started_before"
    );
    handle(json!({"monitor": "churn"}), &scene.reach, after(0) + 120)
        .await
        .unwrap();
    handle(json!({}), &scene.reach, after(0) + 180).await.unwrap();
    assert_eq!(
        (scene.ids().len(), scene.metrics.lock().unwrap().len()),
        (2, lines.len())
    );
    assert_eq!(scene.pipelines.by_token.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_calm_window_ends_the_incident_and_a_plain_look_finds_what_no_event_said() {
    let scene = Scene::new();
    handle(scene.judged(0, 1, true), &scene.reach, after(0))
        .await
        .unwrap();
    let _lost_event = scene.judged(1, 1, false);
    let outcome = handle(json!({"monitor": "churn"}), &scene.reach, after(1))
        .await
        .unwrap();
    assert_eq!(
        outcome.monitors[0].alerts.as_ref().unwrap().open,
        Vec::<String>::new()
    );
    assert_eq!(
        scene.ids().last().unwrap(),
        &format!("team: {ID}.1.recovered.team")
    );
}

#[tokio::test]
async fn a_receiver_that_is_down_fails_the_invocation_and_hears_of_it_when_it_is_tried_again() {
    let scene = Scene::new();
    let event = scene.judged(0, 1, true);
    *scene.receiver.is_down.lock().unwrap() = true;
    let failure = handle(event.clone(), &scene.reach, after(0)).await.unwrap_err();
    assert_eq!(failure.error_type(), "undelivered");
    assert_eq!(
        scene.pipelines.by_token.lock().unwrap().len(),
        1,
        "the rest was done"
    );
    *scene.receiver.is_down.lock().unwrap() = false;
    handle(event, &scene.reach, after(0) + 61).await.unwrap();
    assert_eq!(scene.ids().len(), 2, "{:?}", scene.ids());
}

#[tokio::test]
async fn our_own_bus_hears_what_routes_hear() {
    let scene = Scene::with_bus(Some("driftline"));
    handle(scene.judged(0, 1, true), &scene.reach, after(0))
        .await
        .unwrap();
    let ours = scene
        .ids()
        .iter()
        .filter(|id| id.starts_with("driftline: "))
        .count();
    assert_eq!((ours, scene.ids().len()), (2, 4), "{:?}", scene.ids());
}

#[tokio::test]
async fn what_is_not_ours_is_passed_over_and_what_is_wrong_is_named() {
    let scene = Scene::new();
    let other = json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {}});
    assert_eq!(handle(other, &scene.reach, after(0)).await.unwrap().monitors, []);
    let wrong = handle(json!({"monitor": "../x"}), &scene.reach, after(0))
        .await
        .unwrap_err();
    assert_eq!(wrong.error_type(), "usage");
    let missing = handle(json!({"monitor": "nobody"}), &scene.reach, after(0))
        .await
        .unwrap_err();
    assert!(
        missing.message().contains("monitors/nobody/monitor.toml"),
        "{}",
        missing.message()
    );
}

#[tokio::test]
async fn what_was_a_monitor_once_keeps_no_other_from_being_looked_at() {
    let scene = Scene::new();
    scene.judged(0, 1, true);
    scene.write(
        "monitors/gone/windows/2026-01-01T00:00:00Z--2026-01-02T00:00:00Z/r1/verdict.json",
        "{}",
    );
    let outcome = handle(json!({}), &scene.reach, after(0)).await.unwrap();
    let names: Vec<&str> = outcome
        .monitors
        .iter()
        .map(|acted| acted.monitor.as_str())
        .collect();
    assert_eq!(names, ["churn"]);
}
