//! SageMaker's JSON protocol as a small fake speaks it: tokens honoured, faults on demand, pages, and every error's kind.

#![expect(
    clippy::unwrap_used,
    reason = "a test binary: a broken premise may panic where it stands"
)]

use engine::retrain::{ExecutionStatus, Patience, PipelineService as _, ServiceErrorKind, StartRequest};
use sagemaker::pipeline::SageMakerPipelines;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{AccessKey, StoreOptions, shared_config};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ARN: &str = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/churn/execution/";

/// What happens to a request instead of its answer.
enum Fault {
    Fail(u16, &'static str, &'static str),
    /// Done, and the connection closed without an answer.
    LoseAnswer,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    by_token: BTreeMap<String, (String, Value)>,
    requests: Vec<(String, Value)>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<State>>);

impl Fake {
    async fn serve(&self) -> SageMakerPipelines {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let options = StoreOptions {
            endpoint_url: Some(format!("http://{}", listener.local_addr().unwrap())),
            region: Some("us-east-1".to_owned()),
            access_key: Some(AccessKey {
                id: "id".to_owned(),
                secret: "secret".to_owned(),
            }),
            max_attempts: 1,
            ..StoreOptions::default()
        };
        let fake = self.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(connection(socket, fake.clone()));
            }
        });
        SageMakerPipelines::new(sagemaker::client(&shared_config(&options).await))
    }

    fn fault(&self, fault: Fault) {
        self.0.lock().unwrap().faults.push_back(fault);
    }

    fn answer(&self, operation: &str, body: &Value) -> Option<(u16, Value)> {
        let mut state = self.0.lock().unwrap();
        state.requests.push((operation.to_owned(), body.clone()));
        let fault = state.faults.pop_front();
        if let Some(Fault::Fail(status, code, message)) = fault {
            return Some((status, json!({"__type": code, "message": message})));
        }
        let answer = respond(&mut state, operation, body);
        (!matches!(fault, Some(Fault::LoseAnswer))).then_some(answer)
    }
}

fn respond(state: &mut State, operation: &str, body: &Value) -> (u16, Value) {
    match operation {
        "StartPipelineExecution" => {
            let token = body["ClientRequestToken"].as_str().unwrap().to_owned();
            let n = state.by_token.len() + 1;
            let (arn, _) = state
                .by_token
                .entry(token)
                .or_insert_with(|| (format!("{ARN}e{n}"), body.clone()));
            (200, json!({"PipelineExecutionArn": arn}))
        }
        "ListPipelineExecutions" if body["NextToken"].is_null() => {
            let other = json!({"PipelineExecutionArn": "x", "PipelineExecutionDisplayName": "other"});
            (
                200,
                json!({"PipelineExecutionSummaries": [other], "NextToken": "more"}),
            )
        }
        "ListPipelineExecutions" => {
            let started = state.by_token.values().map(|(arn, body)| {
                json!({"PipelineExecutionArn": arn, "PipelineExecutionDisplayName": body["PipelineExecutionDisplayName"]})
            });
            (
                200,
                json!({"PipelineExecutionSummaries": started.collect::<Vec<_>>()}),
            )
        }
        "DescribePipelineExecution" => (
            200,
            json!({"PipelineExecutionArn": body["PipelineExecutionArn"], "PipelineExecutionStatus": "Failed",
                "FailureReason": "Step failure", "LastModifiedTime": 1_793_750_400.5}),
        ),
        "ListPipelineExecutionSteps" if body["NextToken"].is_null() => (
            200,
            json!({"NextToken": "more", "PipelineExecutionSteps": [{"StepName": "Train", "StepStatus": "Succeeded",
                "StartTime": 1_793_750_000.0, "EndTime": 1_793_753_600.0,
                "Metadata": {"TrainingJob": {"Arn": "arn:job"}}}]}),
        ),
        "ListPipelineExecutionSteps" => (
            200,
            json!({"PipelineExecutionSteps": [{"StepName": "Stop", "StepStatus": "Failed", "FailureReason": "worse",
                "Metadata": {"Fail": {"ErrorMessage": "worse"}}}]}),
        ),
        other => (
            400,
            json!({"__type": "UnknownOperationException", "message": other}),
        ),
    }
}

/// One request of HTTP/1.1, its answer, and the end of the connection.
async fn connection(mut socket: TcpStream, fake: Fake) {
    let mut bytes = Vec::new();
    let (head_end, length) = loop {
        if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        break (end + 4, length.unwrap_or(0usize));
    };
    while bytes.len() < head_end + length {
        if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let target = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-amz-target")
            .then(|| value.trim().to_owned())
    });
    let operation = target.unwrap().strip_prefix("SageMaker.").unwrap().to_owned();
    let body: Value = serde_json::from_slice(&bytes[head_end..head_end + length]).unwrap();
    let Some((status, answer)) = fake.answer(&operation, &body) else {
        return;
    };
    let text = answer.to_string();
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    // A client that has gone away does not mind.
    drop(socket.write_all(answer.as_bytes()).await);
}

fn request() -> StartRequest {
    StartRequest {
        pipeline: "churn".to_owned(),
        token: "driftline-0123456789abcdef0123456789abcdef".to_owned(),
        display_name: "driftline-0123456789abcdef0123456789abcdef".to_owned(),
        description: "driftline: monitor churn".to_owned(),
        parameters: BTreeMap::from([("IncidentId".to_owned(), "i".to_owned())]),
    }
}

fn patience() -> Patience {
    Patience {
        attempts: 4,
        first_wait: Duration::ZERO,
    }
}

#[tokio::test]
async fn a_start_sends_its_token_and_parameters_and_repeats_start_nothing() {
    let fake = Fake::default();
    let service = fake.serve().await;
    let arn = service.start(&request()).await.unwrap();
    assert_eq!(service.start(&request()).await.unwrap(), arn);
    let state = fake.0.lock().unwrap();
    assert_eq!(state.by_token.len(), 1);
    assert_eq!(
        state.requests[0].1,
        json!({"PipelineName": "churn", "ClientRequestToken": request().token,
            "PipelineExecutionDisplayName": request().display_name,
            "PipelineExecutionDescription": "driftline: monitor churn",
            "PipelineParameters": [{"Name": "IncidentId", "Value": "i"}]})
    );
}

#[tokio::test]
async fn faults_that_pass_are_borne_and_start_one() {
    let fake = Fake::default();
    let service = fake.serve().await;
    fake.fault(Fault::LoseAnswer);
    fake.fault(Fault::Fail(400, "ThrottlingException", "Rate exceeded"));
    fake.fault(Fault::Fail(500, "InternalFailure", "try again"));
    let asked = request();
    let arn = patience().persist(|| service.start(&asked)).await.unwrap();
    assert_eq!(arn, format!("{ARN}e1"));
    assert_eq!(fake.0.lock().unwrap().by_token.len(), 1);
    assert_eq!(fake.0.lock().unwrap().requests.len(), 4);
}

#[tokio::test]
async fn every_error_has_its_kind() {
    let fake = Fake::default();
    let service = fake.serve().await;
    use ServiceErrorKind as Kind;
    for (status, code, message, kind) in [
        (400, "ThrottlingException", "Rate exceeded", Kind::Throttled),
        (429, "Whatever", "", Kind::Throttled),
        (400, "ConflictException", "another change", Kind::Conflict),
        (400, "ResourceNotFound", "no such pipeline", Kind::NotFound),
        (
            400,
            "ValidationException",
            "Pipeline churn does not exist",
            Kind::NotFound,
        ),
        (400, "ResourceLimitExceeded", "quota", Kind::LimitExceeded),
        (400, "AccessDeniedException", "not allowed", Kind::Unauthorized),
        (403, "ExpiredTokenException", "expired", Kind::Unauthorized),
        (400, "ValidationException", "undeclared parameters", Kind::Refused),
        (503, "ServiceUnavailable", "later", Kind::Unavailable),
    ] {
        fake.fault(Fault::Fail(status, code, message));
        let error = service.start(&request()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{code}: {error}");
        assert!(
            error.to_string().starts_with("cannot start pipeline churn: ")
                && error.to_string().contains(message),
            "{error}"
        );
    }
    fake.fault(Fault::LoseAnswer);
    assert_eq!(
        service.start(&request()).await.unwrap_err().kind,
        Kind::Unavailable
    );
    let nobody = StoreOptions {
        endpoint_url: Some("http://127.0.0.1:1".to_owned()),
        region: Some("us-east-1".to_owned()),
        access_key: Some(AccessKey {
            id: "id".to_owned(),
            secret: "secret".to_owned(),
        }),
        max_attempts: 1,
        ..StoreOptions::default()
    };
    let unreachable = SageMakerPipelines::new(sagemaker::client(&shared_config(&nobody).await));
    assert_eq!(
        unreachable.describe("x").await.unwrap_err().kind,
        Kind::Unavailable
    );
}

#[tokio::test]
async fn an_execution_is_found_described_and_its_steps_listed() {
    let fake = Fake::default();
    let service = fake.serve().await;
    assert_eq!(
        service.find("churn", &request().display_name).await.unwrap(),
        None
    );
    let arn = service.start(&request()).await.unwrap();
    assert_eq!(
        service.find("churn", &request().display_name).await.unwrap(),
        Some(arn.clone())
    );
    let found = service.describe(&arn).await.unwrap();
    assert_eq!(found.status, ExecutionStatus::Failed);
    assert_eq!(
        (found.failure_reason.as_deref(), found.changed_at),
        (Some("Step failure"), Some(1_793_750_400))
    );
    let steps = service.steps(&arn).await.unwrap();
    assert_eq!(steps.len(), 2, "both pages");
    assert_eq!(
        (steps[0].kind.as_deref(), steps[0].job.as_deref()),
        (Some("Training"), Some("arn:job"))
    );
    assert_eq!(
        (steps[0].started_at, steps[0].ended_at),
        (Some(1_793_750_000), Some(1_793_753_600))
    );
    assert_eq!(
        (steps[1].kind.as_deref(), steps[1].failure_reason.as_deref()),
        (Some("Fail"), Some("worse"))
    );
}
