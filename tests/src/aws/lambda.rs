//! A Lambda service for built binaries: Runtime API (2018-06-01), Invoke API (2015-03-31), one process per concurrent
//! invocation.
//!
//! Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes"; API reference, Invoke. A
//! handler's error is 200 with `X-Amz-Function-Error`; a process that ends, or takes longer than its time-out, is one too.
//! Memory is said, not enforced. Does not retry: who invokes does.

mod process;

use super::server::locked;
use anyhow::{Context as _, Result};
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use process::{Event, Process};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

const MAX_PAYLOAD_BYTES: usize = 6 << 20;

/// A function to deploy.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The bootstrap.
    pub program: PathBuf,
    /// What it is started with, for a runtime that is a program of its own.
    pub arguments: Vec<String>,
    /// Environment variables beside Lambda's own.
    pub variables: Vec<(String, String)>,
    /// Processes at most.
    pub concurrency: usize,
    /// Of one invocation.
    pub timeout: Duration,
    /// What it is told to have.
    pub memory_mb: u32,
}

/// How an invocation ended.
#[derive(Debug, Clone)]
pub struct Invoked {
    /// `Unhandled` where the function failed.
    pub error: Option<&'static str>,
    /// Its answer, or `errorType` and `errorMessage`.
    pub payload: Value,
    /// From the call to the answer, waiting and a cold start included.
    pub took: Duration,
}

impl Invoked {
    /// The answer, where there was no error.
    pub fn ok(self) -> Result<Value> {
        anyhow::ensure!(self.error.is_none(), "the function failed: {}", self.payload);
        Ok(self.payload)
    }
}

/// The service.
#[derive(Debug)]
pub(super) struct Lambda {
    address: SocketAddr,
    handle: Handle,
    functions: Mutex<BTreeMap<String, Arc<Deployed>>>,
}

#[derive(Debug)]
struct Deployed {
    function: Function,
    address: SocketAddr,
    handle: Handle,
    state: Mutex<State>,
    log: Arc<Mutex<Vec<String>>>,
    this: Weak<Self>,
}

#[derive(Debug, Default)]
struct State {
    n_invocations: u64,
    n_started: usize,
    /// Invocations that no process has taken.
    queue: VecDeque<Event>,
    /// Processes that wait for one.
    idle: VecDeque<(usize, oneshot::Sender<Event>)>,
    pending: BTreeMap<String, Pending>,
    processes: BTreeMap<usize, Process>,
    has_ended: bool,
}

#[derive(Debug)]
struct Pending {
    answer: oneshot::Sender<(Option<&'static str>, Value)>,
    process: Option<usize>,
}

impl Lambda {
    pub(super) fn new(address: SocketAddr, handle: Handle) -> Self {
        Self {
            address,
            handle,
            functions: Mutex::default(),
        }
    }

    pub(super) fn deploy(&self, function: Function) {
        let deployed = Arc::new_cyclic(|this| Deployed {
            address: self.address,
            handle: self.handle.clone(),
            state: Mutex::default(),
            log: Arc::default(),
            this: this.clone(),
            function: function.clone(),
        });
        let before = locked(&self.functions).insert(function.name, deployed);
        if let Some(before) = before {
            before.end();
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        locked(&self.functions).contains_key(name)
    }

    fn find(&self, name: &str) -> Option<Arc<Deployed>> {
        locked(&self.functions).get(name).cloned()
    }

    pub(super) async fn invoke(&self, name: &str, payload: Bytes) -> Result<Invoked> {
        let deployed = self
            .find(name)
            .with_context(|| format!("no function {name} is deployed"))?;
        Ok(deployed.invoke(payload).await)
    }

    /// The Invoke API.
    pub(super) async fn invoke_api(&self, name: &str, parts: &Parts, body: Bytes) -> Response<Bytes> {
        let Some(deployed) = self.find(name) else {
            return status(StatusCode::NOT_FOUND, Bytes::new());
        };
        if body.len() > MAX_PAYLOAD_BYTES {
            let refused = json!({"Type": "User", "message": "the payload is larger than 6291456 bytes"});
            return status(StatusCode::PAYLOAD_TOO_LARGE, refused.to_string().into());
        }
        let kind = parts.headers.get("x-amz-invocation-type");
        if kind.is_some_and(|kind| kind == "Event") {
            self.handle.spawn(async move { deployed.invoke(body).await });
            return status(StatusCode::ACCEPTED, Bytes::new());
        }
        let invoked = deployed.invoke(body).await;
        let mut answer = status(StatusCode::OK, invoked.payload.to_string().into());
        let headers = answer.headers_mut();
        headers.insert(
            "x-amz-executed-version",
            hyper::header::HeaderValue::from_static("$LATEST"),
        );
        if let Some(error) = invoked.error {
            headers.insert(
                "x-amz-function-error",
                hyper::header::HeaderValue::from_static(error),
            );
        }
        answer
    }

    /// The Runtime API below `<function>-<process>/2018-06-01/runtime/`.
    pub(super) async fn runtime_api(&self, path: &str, body: Bytes) -> Response<Bytes> {
        let (process, path) = path.split_once('/').unwrap_or((path, ""));
        let found = process
            .rsplit_once('-')
            .and_then(|(name, number)| Some((self.find(name)?, number.parse().ok()?)));
        let Some((deployed, number)) = found else {
            return status(StatusCode::NOT_FOUND, Bytes::new());
        };
        let path = path.strip_prefix("2018-06-01/runtime/").unwrap_or(path);
        if path == "invocation/next" {
            return deployed.next(number).await;
        }
        let answer: Value = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        let posted = path
            .strip_prefix("invocation/")
            .and_then(|rest| rest.split_once('/'));
        if let Some((id, kind)) = posted {
            deployed.answered(id, (kind == "error").then_some("Unhandled"), answer);
        }
        status(StatusCode::ACCEPTED, Bytes::from_static(b"{}"))
    }

    /// SIGKILL for the process that calls itself so.
    pub(super) fn kill(&self, caller: &str) {
        let found = caller
            .rsplit_once('-')
            .and_then(|(name, number)| Some((self.find(name)?, number.parse().ok()?)));
        if let Some((deployed, number)) = found {
            deployed.kill(number);
        }
    }

    pub(super) fn log(&self, name: &str) -> Vec<String> {
        self.find(name)
            .map(|deployed| locked(&deployed.log).clone())
            .unwrap_or_default()
    }

    pub(super) fn n_started(&self, name: &str) -> usize {
        self.find(name)
            .map_or(0, |deployed| locked(&deployed.state).n_started)
    }

    /// Cold starts so far, and the largest resident set of each process that lives, in bytes.
    pub(super) fn costs(&self, name: &str) -> (Vec<Duration>, Vec<u64>) {
        self.find(name).map_or_else(Default::default, |deployed| {
            let state = locked(&deployed.state);
            let processes = state.processes.values();
            processes
                .map(|process| (process.init, process.peak_rss_bytes()))
                .filter_map(|(init, peak)| Some((init?, peak?)))
                .unzip()
        })
    }

    pub(super) fn end(&self) {
        for deployed in locked(&self.functions).values() {
            deployed.end();
        }
    }
}

impl Deployed {
    async fn invoke(&self, payload: Bytes) -> Invoked {
        let start = Instant::now();
        let (sender, answer) = oneshot::channel();
        {
            let mut state = locked(&self.state);
            state.n_invocations += 1;
            let id = format!("00000000-0000-4000-8000-{:012x}", state.n_invocations);
            let pending = Pending {
                answer: sender,
                process: None,
            };
            state.pending.insert(id.clone(), pending);
            state.queue.push_back(Event { id, payload });
            self.dispatch(&mut state);
        }
        let (error, payload) = answer
            .await
            .unwrap_or_else(|_| (Some("Unhandled"), json!({"errorType": "Service.Ended"})));
        Invoked {
            error,
            payload,
            took: start.elapsed(),
        }
    }

    /// Gives what waits to who waits, and starts processes for what is left.
    fn dispatch(&self, state: &mut State) {
        while let Some(event) = state.queue.pop_front() {
            let Some((number, idle)) = state.idle.pop_front() else {
                state.queue.push_front(event);
                break;
            };
            let id = event.id.clone();
            match idle.send(event) {
                Ok(()) => {
                    if let Some(pending) = state.pending.get_mut(&id) {
                        pending.process = Some(number);
                    }
                }
                // It hung up.
                Err(event) => state.queue.push_front(event),
            }
        }
        let n_starting = state
            .processes
            .values()
            .filter(|process| process.init.is_none())
            .count();
        for _ in n_starting..state.queue.len() {
            if state.has_ended || state.processes.len() >= self.function.concurrency {
                break;
            }
            state.n_started += 1;
            let number = state.n_started;
            let this = self.this.clone();
            let ended = move |said: String| {
                if let Some(this) = this.upgrade() {
                    this.process_ended(number, &said);
                }
            };
            let started = Process::start(&self.function, self.address, number, &self.log, ended);
            match started {
                Ok(process) => {
                    state.processes.insert(number, process);
                }
                Err(error) => {
                    if let Some(event) = state.queue.pop_front() {
                        fail(state, &event.id, "Runtime.InvalidEntrypoint", &error.to_string());
                    }
                }
            }
        }
    }

    async fn next(&self, number: usize) -> Response<Bytes> {
        let (sender, event) = oneshot::channel();
        {
            let mut state = locked(&self.state);
            if let Some(process) = state.processes.get_mut(&number) {
                process.init.get_or_insert_with(|| process.started.elapsed());
            }
            state.idle.push_back((number, sender));
            self.dispatch(&mut state);
        }
        let Ok(event) = event.await else {
            return status(StatusCode::GONE, Bytes::new());
        };
        self.watch(event.id.clone(), number);
        let deadline = jiff::Timestamp::now().as_millisecond()
            + i64::try_from(self.function.timeout.as_millis()).unwrap_or(i64::MAX / 2);
        let name = &self.function.name;
        let built = Response::builder()
            .header("lambda-runtime-aws-request-id", &event.id)
            .header("lambda-runtime-deadline-ms", deadline)
            .header(
                "lambda-runtime-invoked-function-arn",
                format!(
                    "arn:aws:lambda:{}:{}:function:{name}",
                    super::REGION,
                    super::ACCOUNT
                ),
            )
            .header("content-type", "application/json")
            .body(event.payload);
        built.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()))
    }

    /// Ends the process if it takes too long over an invocation.
    fn watch(&self, id: String, number: usize) {
        let (this, timeout) = (self.this.clone(), self.function.timeout);
        self.handle.spawn(async move {
            tokio::time::sleep(timeout).await;
            if let Some(this) = this.upgrade() {
                let is_late = {
                    let mut state = locked(&this.state);
                    let message = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
                    fail(&mut state, &id, "Sandbox.Timedout", &message)
                };
                if is_late {
                    this.kill(number);
                }
            }
        });
    }

    fn answered(&self, id: &str, error: Option<&'static str>, answer: Value) {
        if let Some(pending) = locked(&self.state).pending.remove(id) {
            // Who asked may be gone.
            drop(pending.answer.send((error, answer)));
        }
    }

    fn kill(&self, number: usize) {
        if let Some(process) = locked(&self.state).processes.get(&number) {
            process.kill();
        }
    }

    fn process_ended(&self, number: usize, said: &str) {
        let mut state = locked(&self.state);
        let Some(process) = state.processes.remove(&number) else {
            return;
        };
        state.idle.retain(|(idle, _)| *idle != number);
        let mut lost: Vec<String> = state
            .pending
            .iter()
            .filter(|(_, pending)| pending.process == Some(number))
            .map(|(id, _)| id.clone())
            .collect();
        // One that never came up takes the invocation that it was started for along.
        if process.init.is_none()
            && let Some(event) = state.queue.pop_front()
        {
            lost.push(event.id);
        }
        for id in lost {
            fail(&mut state, &id, "Runtime.ExitError", said);
        }
        self.dispatch(&mut state);
    }

    fn end(&self) {
        let mut state = locked(&self.state);
        state.has_ended = true;
        state.processes.values().for_each(Process::kill);
        state.queue.clear();
        state.pending.clear();
    }
}

/// Whether the invocation was still pending.
fn fail(state: &mut State, id: &str, kind: &str, message: &str) -> bool {
    let Some(pending) = state.pending.remove(id) else {
        return false;
    };
    let answer = json!({"errorType": kind, "errorMessage": format!("RequestId: {id} Error: {message}")});
    drop(pending.answer.send((Some("Unhandled"), answer)));
    true
}

fn status(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
}
