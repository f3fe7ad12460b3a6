//! Executions of SageMaker pipelines, as moto does not have them: one per token, with a state that a test sets, and steps.
//!
//! moto starts them (and checks that the pipeline exists); token, status, reason and steps are kept here and written over
//! its answers. Source: SageMaker API reference, StartPipelineExecution, DescribePipelineExecution,
//! ListPipelineExecutionSteps. Runs no step.

use super::call::Call;
use super::server::forward;
use hyper::Response;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::sync::Mutex;

/// What is known of one.
#[derive(Debug, Clone)]
pub(super) struct Execution {
    pub(super) status: String,
    pub(super) failure: Option<String>,
    pub(super) steps: Vec<Value>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Executions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Token → pipeline and ARN.
    by_token: BTreeMap<String, (String, String)>,
    by_arn: BTreeMap<String, Execution>,
}

impl Executions {
    /// The answer to a request that concerns executions; `None` for any other.
    pub(super) async fn answer(
        &self,
        moto: SocketAddr,
        call: &Call,
        parts: &Parts,
    ) -> Option<Response<Bytes>> {
        let asked = call.json();
        let arn = asked["PipelineExecutionArn"].as_str().unwrap_or("").to_owned();
        match call.operation.as_str() {
            "StartPipelineExecution" => self.start(moto, call, parts, &asked).await,
            "DescribePipelineExecution" => {
                let answer = forward(moto, parts.clone(), call.body.clone()).await.ok()?;
                let state = self.0.lock().await;
                let execution = state.by_arn.get(&arn)?;
                Some(rewritten(&answer, |answer| {
                    answer.insert("PipelineExecutionStatus".to_owned(), json!(execution.status));
                    if let Some(reason) = &execution.failure {
                        answer.insert("FailureReason".to_owned(), json!(reason));
                    }
                }))
            }
            "ListPipelineExecutions" => {
                let answer = forward(moto, parts.clone(), call.body.clone()).await.ok()?;
                let state = self.0.lock().await;
                Some(rewritten(&answer, |answer| {
                    let summaries = answer
                        .get_mut("PipelineExecutionSummaries")
                        .and_then(Value::as_array_mut);
                    for summary in summaries.into_iter().flatten() {
                        let arn = summary["PipelineExecutionArn"].as_str().unwrap_or("");
                        if let Some(execution) = state.by_arn.get(arn) {
                            summary["PipelineExecutionStatus"] = json!(execution.status);
                        }
                    }
                }))
            }
            "ListPipelineExecutionSteps" => {
                let state = self.0.lock().await;
                let execution = state.by_arn.get(&arn)?;
                Some(answered(&json!({"PipelineExecutionSteps": execution.steps})))
            }
            "StopPipelineExecution" => {
                let mut state = self.0.lock().await;
                "Stopping".clone_into(&mut state.by_arn.get_mut(&arn)?.status);
                Some(answered(&json!({"PipelineExecutionArn": arn})))
            }
            _ => None,
        }
    }

    /// One start at a time, so that a token that comes twice at once starts one execution.
    async fn start(
        &self,
        moto: SocketAddr,
        call: &Call,
        parts: &Parts,
        asked: &Value,
    ) -> Option<Response<Bytes>> {
        let pipeline = asked["PipelineName"].as_str().unwrap_or("").to_owned();
        let token = asked["ClientRequestToken"].as_str().unwrap_or("").to_owned();
        let mut state = self.0.lock().await;
        if let Some((of, arn)) = state.by_token.get(&token).filter(|_| !token.is_empty()) {
            if *of != pipeline {
                let message = "the client request token was used with other parameters";
                let mut refused = answered(&json!({"__type": "ValidationException", "message": message}));
                *refused.status_mut() = hyper::StatusCode::BAD_REQUEST;
                return Some(refused);
            }
            return Some(answered(&json!({"PipelineExecutionArn": arn})));
        }
        let answer = forward(moto, parts.clone(), call.body.clone()).await.ok()?;
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if let Some(arn) = body["PipelineExecutionArn"].as_str() {
            state.by_token.insert(token, (pipeline, arn.to_owned()));
            let execution = Execution {
                status: "Executing".to_owned(),
                failure: None,
                steps: Vec::new(),
            };
            state.by_arn.insert(arn.to_owned(), execution);
        }
        Some(answer)
    }

    /// ARNs of all that were started.
    pub(super) async fn arns(&self) -> Vec<String> {
        self.0.lock().await.by_arn.keys().cloned().collect()
    }

    /// Replaces what is known of one; gives what was known before.
    pub(super) async fn set(&self, arn: &str, now: Execution) -> Option<Execution> {
        self.0.lock().await.by_arn.insert(arn.to_owned(), now)
    }
}

fn rewritten(answer: &Response<Bytes>, change: impl FnOnce(&mut Map<String, Value>)) -> Response<Bytes> {
    let mut body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    if let Some(fields) = body.as_object_mut().filter(|_| answer.status().is_success()) {
        change(fields);
    }
    let mut changed = answered(&body);
    *changed.status_mut() = answer.status();
    changed
}

fn answered(body: &Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    let kind = hyper::header::HeaderValue::from_static("application/x-amz-json-1.1");
    answer.headers_mut().insert("content-type", kind);
    answer
}
