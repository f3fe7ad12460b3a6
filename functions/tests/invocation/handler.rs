//! The analyze handler, called as the binary calls it.

use crate::scene::{N_BROKEN, N_RECORDS, Scene};
use functions::analyze::{Answer, handle};
use functions::context::{Context, STORE};
use functions::outcome::{HandlerError, Outcome};
use serde_json::{Value, json};
use std::env::VarError;

async fn invoke(payload: Value) -> Result<Outcome, HandlerError> {
    let context = Context::from_variables(|name| match name {
        STORE => Ok("unused".to_owned()),
        _ => Err(VarError::NotPresent),
    })
    .unwrap();
    match handle(payload, &context, 0).await? {
        Answer::Window(outcome) => Ok(outcome),
        Answer::Due { .. } => panic!("a window was asked for"),
    }
}

async fn refused(payload: Value) -> (&'static str, String) {
    let error = invoke(payload).await.unwrap_err();
    (error.error_type(), error.message())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_analyzed_and_its_documents_are_written() {
    for (shift, status) in [(0.0, "pass"), (5.0, "violated")] {
        let scene = Scene::with_shift(shift).await;
        let outcome = invoke(scene.payload()).await.unwrap();
        assert_eq!(outcome.status, status);
        assert_eq!(outcome.n_violations > 0, status == "violated");
        assert_eq!(outcome.rows, N_RECORDS);
        let records = outcome.records;
        assert_eq!(
            (records.lines, records.decoded, records.rejected),
            (N_RECORDS + N_BROKEN, N_RECORDS, N_BROKEN)
        );
        let last = outcome.written.last().unwrap();
        let verdict: Value = serde_json::from_slice(&std::fs::read(last).unwrap()).unwrap();
        assert_eq!(verdict["status"], status);
        assert_eq!(verdict["records"]["lines"], records.lines);
        assert_eq!(outcome.written.len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_bound_the_window() {
    let scene = Scene::with_shift(0.0).await;
    let mut payload = scene.payload();
    payload["start"] = json!("2026-01-01T00:00:00Z");
    payload["end"] = json!("2026-01-01T01:00:00Z");
    let outcome = invoke(payload.clone()).await.unwrap();
    assert_eq!(outcome.rows, N_RECORDS / 2);
    payload["start"] = json!("2027-01-01T00:00:00Z");
    payload["end"] = Value::Null;
    let (error_type, message) = refused(payload).await;
    assert_eq!(error_type, "nothing_to_analyze", "{message}");
    assert!(message.contains("outside the window"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_twice_it_writes_the_same_bytes() {
    let scene = Scene::with_shift(5.0).await;
    let read = |outcome: &Outcome| -> Vec<Vec<u8>> {
        let written = outcome.written.iter();
        written.map(|place| std::fs::read(place).unwrap()).collect()
    };
    let first = invoke(scene.payload()).await.unwrap();
    let documents = read(&first);
    let second = invoke(scene.payload()).await.unwrap();
    assert_eq!(first, second);
    assert!(documents == read(&second), "a document changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_nothing_is_written() {
    let scene = Scene::with_shift(0.0).await;
    for (field, value, expected) in [
        ("cpature", json!("x"), "`cpature`"),
        ("start", json!("yesterday"), "`start`"),
        ("baseline", json!(scene.at("nowhere")), "nowhere"),
        ("capture", json!(scene.at("absent")), "absent"),
    ] {
        let mut payload = scene.payload();
        payload[field] = value;
        let (error_type, message) = refused(payload).await;
        assert_eq!(error_type, "usage", "{field}: {message}");
        assert!(message.contains(expected), "{field}: {message}");
    }
    assert!(!std::fs::exists(scene.at("output")).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_cannot_be_written_is_storages_fault() {
    let scene = Scene::with_shift(0.0).await;
    std::fs::write(scene.at("output"), "a file").unwrap();
    let (error_type, message) = refused(scene.payload()).await;
    assert_eq!(error_type, "storage", "{message}");
}
