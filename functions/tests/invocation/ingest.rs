//! The ingest function and the windows it ends in: the handler in this process and the built binary.

use crate::binary::{Running, function_named};
use crate::runtime_api::RuntimeApi;
use crate::scene::{CAPTURED, N_BROKEN, N_RECORDS, Scene};
use async_trait::async_trait;
use functions::analyze::{self, Answer};
use functions::bus::{BusError, EventBus, WINDOW_VERDICT};
use functions::context::{Context, STORE};
use functions::ingest::Ingest;
use functions::ingest::dead_letters::{DeadLetter, DeadLetters, LetterError};
use serde_json::{Value, json};
use std::env::VarError;
use std::sync::{Arc, Mutex};

/// date -u -d 2026-01-01T03:00:00Z +%s (GNU coreutils 9.1)
const LATER: i64 = 1_767_236_400;

#[derive(Debug, Default)]
struct Kept {
    letters: Mutex<Vec<DeadLetter>>,
    events: Mutex<Vec<(String, Value)>>,
}

#[async_trait]
impl DeadLetters for Kept {
    async fn send(&self, letter: &DeadLetter) -> Result<(), LetterError> {
        self.letters.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

#[async_trait]
impl EventBus for Kept {
    async fn put(&self, detail_type: &str, detail: &Value) -> Result<(), BusError> {
        self.events
            .lock()
            .unwrap()
            .push((detail_type.to_owned(), detail.clone()));
        Ok(())
    }
}

fn context(scene: &Scene, kept: &Arc<Kept>) -> Context {
    let place = scene.at("store");
    let context = Context::from_variables(|name| match name {
        STORE => Ok(place.clone()),
        _ => Err(VarError::NotPresent),
    });
    Context {
        bus: kept.clone(),
        ..context.unwrap()
    }
}

fn monitor(scene: &Scene) {
    let folder = scene.at("store/monitors/m");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "name = \"m\"\ncapture = \"{}\"\nbaseline = \"{}\"\nwindow = \"1 hour\"\n",
        scene.at("capture"),
        scene.at("baseline")
    );
    std::fs::write(format!("{folder}/monitor.toml"), text).unwrap();
}

fn object(scene: &Scene, hour: u32) -> String {
    scene.at(&format!(
        "capture/ep/AllTraffic/2026/01/01/{hour:02}/00-00-000-a.jsonl"
    ))
}

fn sqs(bodies: &[Value]) -> Value {
    let record = |(idx, body): (usize, &Value)| json!({"messageId": format!("m{idx}"), "eventSource": "aws:sqs", "body": body.to_string()});
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// Every file below a folder with its bytes.
fn tree(folder: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![std::path::PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_become_windows_and_events_and_twice_is_once() {
    let scene = Scene::with_shift(5.0).await;
    monitor(&scene);
    let kept = Arc::new(Kept::default());
    let ingest = Ingest::with_letters(context(&scene, &kept), Some(kept.clone()));
    let payload = sqs(&[
        json!({"objects": [object(&scene, 1)]}),
        json!({"objects": [object(&scene, 0)]}),
    ]);
    let answer = ingest.handle(&payload).await.unwrap();
    assert!(answer.failures.is_empty());
    assert_eq!(
        (answer.n_objects, answer.n_lines, answer.n_rejected),
        (2, N_RECORDS + N_BROKEN, N_BROKEN)
    );
    let first = tree(&scene.at("store"));
    assert!(first.keys().any(|name| name.ends_with(".parquet")));
    let refused = first
        .iter()
        .find(|(name, _)| name.ends_with(".rejects.jsonl"))
        .unwrap();
    let refused: Value = serde_json::from_slice(refused.1).unwrap();
    assert_eq!(refused["reason"], "invalid_json");
    assert!(refused["line"].as_u64().unwrap() > 0 && refused.get("payload").is_none());
    ingest.handle(&payload).await.unwrap();
    assert!(
        first == tree(&scene.at("store")),
        "delivered twice, the bytes are the same"
    );

    let context = context(&scene, &kept);
    let closed = |answer| match answer {
        Answer::Due { windows } => windows,
        Answer::Window(_) => panic!("no window was asked for"),
    };
    let early = analyze::handle(json!({"now": "2026-01-01T00:59:59Z"}), &context, 0)
        .await
        .unwrap();
    assert!(closed(early).is_empty());
    let windows = closed(analyze::handle(json!({}), &context, LATER).await.unwrap());
    let with_rows: Vec<_> = windows.iter().filter(|window| window.n_rows > 0).collect();
    assert_eq!(with_rows.len(), 2);
    assert_eq!(
        with_rows.iter().map(|window| window.n_rows).sum::<u64>(),
        N_RECORDS
    );
    assert!(
        with_rows
            .iter()
            .all(|window| window.is_new && window.status == "violated")
    );
    let events = kept.events.lock().unwrap().clone();
    assert_eq!(events.len(), windows.len());
    let (name, detail) = &events[0];
    assert_eq!(name, WINDOW_VERDICT);
    assert_eq!(detail["monitor"], "m");
    assert_eq!(detail["endpoint"], "ep");
    assert_eq!(detail["variant"], "AllTraffic");
    assert_eq!(detail["window"]["start"], "2026-01-01T00:00:00Z");
    assert_eq!(
        (detail["revision"].as_u64(), detail["severity"].as_str()),
        (Some(1), Some("violation"))
    );
    // Once more, and nothing is new and nobody is told.
    ingest.handle(&payload).await.unwrap();
    let again = closed(
        analyze::handle(json!({"monitor": "m"}), &context, LATER)
            .await
            .unwrap(),
    );
    assert!(again.iter().all(|window| !window.is_new));
    assert_eq!(kept.events.lock().unwrap().len(), events.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_buried_with_its_reason_and_what_may_pass_comes_again() {
    let scene = Scene::with_shift(0.0).await;
    monitor(&scene);
    let kept = Arc::new(Kept::default());
    let ingest = Ingest::with_letters(context(&scene, &kept), Some(kept.clone()));
    let table = scene.at("capture/ep/AllTraffic/2026/01/01/00/x.csv");
    std::fs::write(&table, "a,b\n1,2\n").unwrap();
    let missing = scene.at("capture/ep/AllTraffic/2026/01/01/00/none.jsonl");
    let mut payload = sqs(&[
        json!({"objects": [table.clone()]}),
        json!({"objects": [missing.clone()]}),
        json!({"objects": [object(&scene, 0)]}),
    ]);
    let records = payload["Records"].as_array_mut().unwrap();
    records.push(json!({"messageId": "m3", "eventSource": "aws:sqs", "body": "no JSON"}));
    let answer = ingest.handle(&payload).await.unwrap();
    assert_eq!(
        (answer.n_objects, answer.n_dead, answer.failures.len()),
        (1, 3, 0)
    );
    let letters = kept.letters.lock().unwrap().clone();
    let of = |object: Option<&str>| {
        letters
            .iter()
            .find(|letter| letter.object.as_deref() == object)
            .unwrap()
    };
    let told = of(Some(&table));
    assert!(told.reason.contains("CSV table"), "{}", told.reason);
    assert!(!of(Some(&missing)).reason.is_empty());
    assert_eq!(of(None).message_id.as_deref(), Some("m3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_binary_takes_objects_in_and_logs_nothing_captured() {
    let scene = Scene::with_shift(0.0).await;
    monitor(&scene);
    let api = RuntimeApi::bind().await;
    let mut command = function_named(env!("CARGO_BIN_EXE_ingest"), &api.address().to_string());
    command.env(STORE, scene.at("store"));
    let running = Running(command.spawn().unwrap());
    let answer = api
        .invoke(&json!({"objects": [object(&scene, 0), object(&scene, 1)]}))
        .await;
    let log = running.end();
    assert_eq!(answer.kind, "response", "{:?} {log}", answer.body);
    assert_eq!(answer.body["batchItemFailures"], json!([]));
    assert_eq!(answer.body["n_lines"], N_RECORDS + N_BROKEN);
    for word in CAPTURED {
        assert!(!log.contains(word), "a captured value is in the log: {log}");
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line["message"] == "taken in" && line["span"]["requestId"].is_string())
    );
}
