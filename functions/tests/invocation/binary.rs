//! The built analyze binary: started as Lambda starts it, asked once, ended.

use crate::runtime_api::{Answer, REQUEST_ID, RuntimeApi};
use crate::scene::{CAPTURED, N_RECORDS, Scene};
use functions::context::{DEAD_LETTERS, EVENT_BUS, MAX_LINE_BYTES, STORE, THREADS};
use serde_json::{Value, json};
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

/// The binary with Lambda's variables and no others.
fn function(runtime_api: &str) -> Command {
    function_named(env!("CARGO_BIN_EXE_analyze"), runtime_api)
}

/// The same of any binary.
pub(crate) fn function_named(binary: &str, runtime_api: &str) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
        .env(STORE, "unused")
        .env("AWS_LAMBDA_FUNCTION_NAME", "analyze")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running function; it ends with the test, however that ends.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Ends the process and gives all that it wrote.
    pub(crate) fn end(mut self) -> String {
        self.0.kill().unwrap();
        let mut text = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

async fn ask(event: &Value) -> (Answer, Vec<Value>) {
    let api = RuntimeApi::bind().await;
    let running = Running(function(&api.address().to_string()).spawn().unwrap());
    let answer = api.invoke(event).await;
    let log = running.end();
    for word in CAPTURED {
        assert!(!log.contains(word), "a captured value is in the log: {log}");
    }
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    (answer, lines.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_through_the_runtime_api() {
    let scene = Scene::with_shift(5.0).await;
    let (answer, log) = ask(&scene.payload()).await;
    assert_eq!(answer.kind, "response", "{:?}", answer.body);
    assert_eq!(answer.body["status"], "violated");
    assert_eq!(answer.body["rows"], N_RECORDS);
    assert!(answer.body["n_violations"].as_u64().unwrap() > 0);
    let report = answer.body["written"][2].as_str().unwrap();
    assert!(report.ends_with("report.html") && std::fs::exists(report).unwrap());
    let line = log.iter().find(|line| line["message"] == "analyzed").unwrap();
    assert_eq!(line["span"]["requestId"], REQUEST_ID);
    assert_eq!(line["rows"], N_RECORDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_carries_its_type() {
    let (answer, log) = ask(&json!({"capture": "Reykjavik", "start": "Reykjavik"})).await;
    assert_eq!(answer.kind, "error");
    assert_eq!(answer.body["errorType"], "usage");
    let message = answer.body["errorMessage"].as_str().unwrap();
    assert!(message.contains("`baseline`"), "{message}");
    let line = log.iter().find(|line| line["message"] == "not analyzed").unwrap();
    assert_eq!(line["span"]["requestId"], REQUEST_ID);
    assert_eq!(line["error_type"], "usage");
}

#[test]
fn a_wrong_variable_ends_the_start_by_name() {
    for variable in [THREADS, MAX_LINE_BYTES, STORE, DEAD_LETTERS, EVENT_BUS] {
        let ended = function("127.0.0.1:1")
            .env(variable, "gs://many words")
            .output()
            .unwrap();
        assert!(!ended.status.success());
        let log = String::from_utf8(ended.stdout).unwrap();
        let line: Value = serde_json::from_str(&log).unwrap();
        assert_eq!(line["message"], "cannot start");
        assert!(line["error"].as_str().unwrap().contains(variable), "{log}");
    }
}
