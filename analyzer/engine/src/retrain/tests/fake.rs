//! A service that honours request tokens as SageMaker does, and fails on demand.

use super::super::service::{
    Execution, ExecutionStatus, PipelineService, ServiceError, ServiceErrorKind, StartRequest, Step,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

/// What happens to a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Refused before anything is done.
    Throttled,
    /// HTTP 500 before anything is done.
    Broken,
    /// Done, and the answer lost.
    LostResponse,
    /// Done after everybody else had a turn.
    Slow,
    /// Wrong, and wrong again.
    Refused,
}

#[derive(Debug, Default)]
struct State {
    faults: VecDeque<Fault>,
    by_token: BTreeMap<String, (String, StartRequest)>,
    n_starts: usize,
    n_calls: usize,
    status: Option<Execution>,
    steps: Vec<Step>,
    forgets_tokens: bool,
    forgotten: Vec<String>,
}

/// The service.
#[derive(Debug, Default)]
pub(super) struct Fake {
    state: Mutex<State>,
}

impl Fake {
    pub(super) fn with(faults: impl IntoIterator<Item = Fault>) -> Self {
        let fake = Self::default();
        fake.state.lock().unwrap().faults.extend(faults);
        fake
    }

    /// One that starts anew for a known token, as moto does.
    pub(super) fn forgetting_tokens() -> Self {
        let fake = Self::default();
        fake.state.lock().unwrap().forgets_tokens = true;
        fake
    }

    pub(super) fn n_executions(&self) -> usize {
        self.state.lock().unwrap().n_starts
    }

    pub(super) fn n_calls(&self) -> usize {
        self.state.lock().unwrap().n_calls
    }

    pub(super) fn requests(&self) -> Vec<StartRequest> {
        self.state
            .lock()
            .unwrap()
            .by_token
            .values()
            .map(|(_, request)| request.clone())
            .collect()
    }

    pub(super) fn end(&self, status: ExecutionStatus, reason: Option<&str>, steps: Vec<Step>, at: i64) {
        let mut state = self.state.lock().unwrap();
        state.status = Some(Execution {
            status,
            failure_reason: reason.map(str::to_owned),
            changed_at: Some(at),
        });
        state.steps = steps;
    }
}

fn fails(kind: ServiceErrorKind, said: &str) -> ServiceError {
    ServiceError {
        kind,
        asked: "cannot start pipeline churn-retrain".to_owned(),
        said: said.to_owned(),
    }
}

#[async_trait]
impl PipelineService for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn start(&self, request: &StartRequest) -> Result<String, ServiceError> {
        let fault = {
            let mut state = self.state.lock().unwrap();
            state.n_calls += 1;
            state.faults.pop_front()
        };
        match fault {
            Some(Fault::Throttled) => return Err(fails(ServiceErrorKind::Throttled, "ThrottlingException")),
            Some(Fault::Broken) => return Err(fails(ServiceErrorKind::Unavailable, "HTTP 500")),
            Some(Fault::Refused) => return Err(fails(ServiceErrorKind::Refused, "undeclared parameter")),
            Some(Fault::Slow) => {
                for _ in 0..200 {
                    tokio::task::yield_now().await;
                }
            }
            Some(Fault::LostResponse) | None => {}
        }
        let arn = {
            let mut state = self.state.lock().unwrap();
            let known = state
                .by_token
                .get(&request.token)
                .cloned()
                .filter(|_| !state.forgets_tokens);
            match known {
                Some((arn, before)) if before == *request => arn,
                Some(_) => {
                    return Err(fails(
                        ServiceErrorKind::Refused,
                        "the token was used with other parameters",
                    ));
                }
                None => {
                    state.n_starts += 1;
                    let arn = format!(
                        "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p/execution/e{}",
                        state.n_starts
                    );
                    if let Some((before, _)) = state
                        .by_token
                        .insert(request.token.clone(), (arn.clone(), request.clone()))
                    {
                        state.forgotten.push(before);
                    }
                    arn
                }
            }
        };
        tokio::task::yield_now().await;
        if fault == Some(Fault::LostResponse) {
            return Err(fails(ServiceErrorKind::Unavailable, "the connection was closed"));
        }
        Ok(arn)
    }

    async fn find(&self, _: &str, display_name: &str) -> Result<Option<String>, ServiceError> {
        tokio::task::yield_now().await;
        let state = self.state.lock().unwrap();
        let found = state
            .by_token
            .values()
            .find(|(_, request)| request.display_name == display_name);
        Ok(found.map(|(arn, _)| arn.clone()))
    }

    async fn describe(&self, execution: &str) -> Result<Execution, ServiceError> {
        let state = self.state.lock().unwrap();
        if state.by_token.values().all(|(arn, _)| arn != execution) {
            return Err(fails(ServiceErrorKind::NotFound, "no such execution"));
        }
        let running = Execution {
            status: ExecutionStatus::Executing,
            failure_reason: None,
            changed_at: None,
        };
        Ok(state.status.clone().unwrap_or(running))
    }

    async fn steps(&self, _: &str) -> Result<Vec<Step>, ServiceError> {
        Ok(self.state.lock().unwrap().steps.clone())
    }
}
