//! The act against a fake service that honours tokens and breaks on demand, over a store in memory.

mod after;
mod exactly_once;
mod fake;
mod life;

use super::*;
use crate::error::EngineError;
use crate::monitor::Monitor;
use baselines::document::quality::{CheckTwin, EstimateTwin, EstimatedTwin, QUALITY_FILE, QualityDocument};
use baselines::document::retrain::FileTwin;
use baselines::document::verdict::VERDICT_FILE;
use bytes::Bytes;
use fake::Fake;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Location, MemoryStore, ObjectStore, PutMode};

const DAY: i64 = 86_400;
/// 2026-11-01T00:00:00Z.
const FIRST: i64 = 1_793_491_200;

const MONITOR: &str = r#"name = "churn"
capture = "capture"
baseline = "baseline"

[retrain]
pipeline = "churn-retrain"
when = "drift on 2 of 3 windows confirmed by estimated loss"
cooldown = "1 hour"
max_per_month = 4
gpu_hours_per_month = 20
labels = "s3://labels/churn"
image = "image:1"

[retrain.parameters]
MinimumQuality = 0.7
BaselineUri = "{baseline}"
Try = "{revision} of {gpu_hours} GPU hours"
"#;

fn patience() -> Patience {
    Patience {
        attempts: 4,
        first_wait: Duration::ZERO,
    }
}

fn day(n: i64) -> i64 {
    FIRST + (n - 1) * DAY
}

fn retraining_of(store: &Arc<MemoryStore>, settings: &str, decider: &str) -> Retraining {
    let monitor = Monitor::parse("monitor.toml", settings, &Location::parse("settings").unwrap()).unwrap();
    let file = FileTwin {
        location: "settings/monitor.toml".to_owned(),
        digest: "xxh3-0".to_owned(),
    };
    let store: Arc<dyn ObjectStore> = Arc::<MemoryStore>::clone(store);
    Retraining::over(store, "", monitor, file, decider.to_owned()).unwrap()
}

fn retraining(store: &Arc<MemoryStore>, decider: &str) -> Retraining {
    retraining_of(store, MONITOR, decider)
}

fn folder(n: i64) -> String {
    let format = capture::time::format_rfc3339;
    format!("{}--{}", format(day(n)).unwrap(), format(day(n + 1)).unwrap())
}

/// A verdict of day `n` with one drifted column, or none.
fn verdict(n: i64, drifts: bool) -> Vec<u8> {
    let finding = r#"{"id":"drift/age","severity":"violation","column":"age","check":"drift","value":0.25,"limit":0.02,
        "derivation":"practical threshold","description":"age has moved","remedy":"look at it"}"#;
    let format = |second| capture::time::format_rfc3339(second).unwrap();
    format!(
        r#"{{"version":"2","software":{{"name":"driftline","version":"0.0.0"}},"status":"{}",
        "window":{{"start":"{}","end":"{}"}},
        "baseline":{{"location":"baseline","source":"driftline","digest":"d","n_rows":1}},
        "records":{{"lines":480,"decoded":480,"rejected":0,"duplicates":0,"outside_window":0,"shadow":0,"rows":480,
        "one_sided":0,"rejects_by_reason":{{}}}},"findings":[{}],"not_evaluated":[],"columns":[],"schema_changes":[],
        "objects":[{{"key":"capture/{n}.jsonl","etag":"e{n}","size_bytes":9,"lines":480,"decoded":480,"rejected":0}}],
        "volume":[],"judged":{{"conventions":[],"thresholds":{{}},"choices":{{}}}}}}"#,
        if drifts { "violated" } else { "pass" },
        format(day(n)),
        format(day(n + 1)),
        if drifts { finding } else { "" },
    )
    .into_bytes()
}

async fn put(store: &MemoryStore, key: String, bytes: Vec<u8>) {
    store
        .put(&key, Bytes::from(bytes), PutMode::Overwrite)
        .await
        .unwrap();
}

async fn put_window(store: &MemoryStore, n: i64, revision: u32, drifts: bool) {
    let key = format!("monitors/churn/windows/{}/r{revision}", folder(n));
    put(store, format!("{key}/report.html"), b"<html>".to_vec()).await;
    put(store, format!("{key}/{VERDICT_FILE}"), verdict(n, drifts)).await;
}

/// Quality of day `n`: no labels judged, an estimate whose band lies below the limit.
async fn put_quality(store: &MemoryStore, n: i64, estimate: f64) {
    let metrics = EstimatedTwin {
        value: estimate,
        low: Some(estimate - 0.02),
        high: Some(estimate + 0.02),
        realised: None,
        error: None,
        within_band: None,
    };
    let document = QualityDocument {
        version: "1".to_owned(),
        software: "driftline 0.0.0".to_owned(),
        shown: "estimated".to_owned(),
        status: "not_evaluated".to_owned(),
        problem: "binary".to_owned(),
        start: capture::time::format_rfc3339(day(n)),
        end: capture::time::format_rfc3339(day(n + 1)),
        n_predictions: 480,
        n_labelled: 100,
        confidence: 0.95,
        convention: "house".to_owned(),
        digest: "q".to_owned(),
        checks: vec![CheckTwin {
            metric: "auc".to_owned(),
            comparison_operator: "LessThanThreshold".to_owned(),
            threshold: 0.8,
            value: None,
            outcome: "not_evaluated".to_owned(),
            point_beyond: None,
            reason: Some("no labels".to_owned()),
        }],
        estimate: Some(EstimateTwin {
            method: "cbpe".to_owned(),
            n: 480,
            metrics: BTreeMap::from([("auc".to_owned(), metrics)]),
            ..EstimateTwin::default()
        }),
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

/// Days 1 to 5, of which the last three drift, and quality whose estimate has fallen.
async fn breaching() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    for n in 1..=5 {
        put_window(&store, n, 1, n > 2).await;
        put_quality(&store, n, if n > 2 { 0.7 } else { 0.85 }).await;
    }
    store
}

fn receipt(started: Result<Started, EngineError>) -> String {
    match started {
        Ok(Started::Now(receipt) | Started::Before(receipt)) => receipt.execution,
        other => panic!("no receipt: {other:?}"),
    }
}

async fn keys(store: &MemoryStore, file: &str) -> Vec<String> {
    let all = store.list("").await.unwrap();
    all.into_iter()
        .map(|meta| meta.key)
        .filter(|key| key.ends_with(file))
        .collect()
}
