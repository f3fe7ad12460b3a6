//! What runs pipelines, as the act needs it: start, find, describe, list steps.
//!
//! SageMaker's meaning of each: a start with a token that was used before answers with the execution it started then. Does
//! not know any service.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

/// Kinds of steps whose hours are GPU hours.
pub const TRAINING_KINDS: [&str; 2] = ["Training", "Tuning"];

/// Runs pipelines.
#[async_trait]
pub trait PipelineService: Send + Sync {
    /// `sagemaker`, `local`: for receipts.
    fn name(&self) -> &'static str;

    /// Starts an execution, or gives the one that was started with this token before; its ARN.
    async fn start(&self, request: &StartRequest) -> Result<String, ServiceError>;

    /// The execution of this display name, if the pipeline has one. A service that cannot look answers `None`.
    async fn find(&self, pipeline: &str, display_name: &str) -> Result<Option<String>, ServiceError>;

    /// Where an execution stands.
    async fn describe(&self, execution: &str) -> Result<Execution, ServiceError>;

    /// Its steps so far, in any order.
    async fn steps(&self, execution: &str) -> Result<Vec<Step>, ServiceError>;
}

/// What to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRequest {
    /// Name or ARN of the pipeline.
    pub pipeline: String,
    /// `ClientRequestToken`.
    pub token: String,
    /// Display name of the execution.
    pub display_name: String,
    /// For people, in the service's own pages.
    pub description: String,
    /// Parameters by name.
    pub parameters: BTreeMap<String, String>,
}

/// Where an execution stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Status.
    pub status: ExecutionStatus,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// When it changed last, seconds since 1970.
    pub changed_at: Option<i64>,
}

/// Status of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExecutionStatus {
    /// It runs, or is about to.
    Executing,
    /// It is being stopped.
    Stopping,
    /// Stopped.
    Stopped,
    /// Failed.
    Failed,
    /// Succeeded.
    Succeeded,
}

impl ExecutionStatus {
    /// SageMaker's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executing => "Executing",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
            Self::Succeeded => "Succeeded",
        }
    }

    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Executing | Self::Stopping)
    }
}

/// One step of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// `Training`, `Processing`, `Condition`, …
    pub kind: Option<String>,
    /// Its status, as the service has it.
    pub status: String,
    /// When it began, seconds since 1970.
    pub started_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// The job behind it.
    pub job: Option<String>,
}

/// What a caller can decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceErrorKind {
    /// Asked too often.
    Throttled,
    /// No answer, a broken one, or a fault on the service's side: it may have been done.
    Unavailable,
    /// Another change is being made at the same time.
    Conflict,
    /// There is no such pipeline or execution.
    NotFound,
    /// No credentials, or they do not allow it.
    Unauthorized,
    /// An account's limit is reached.
    LimitExceeded,
    /// The request is wrong, and would be wrong again.
    Refused,
}

impl ServiceErrorKind {
    /// Whether asking again may help, without anybody changing anything.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::Conflict)
    }
}

/// A failed call: what was asked, and what the service said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{asked}: {said}")]
pub struct ServiceError {
    /// What a caller can decide on.
    pub kind: ServiceErrorKind,
    /// What was asked, such as `cannot start pipeline churn-retrain`.
    pub asked: String,
    /// What the service said.
    pub said: String,
}

impl ServiceError {
    /// The next step for a person.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            ServiceErrorKind::Throttled | ServiceErrorKind::Unavailable | ServiceErrorKind::Conflict => {
                "run the command again: the same request token starts nothing twice"
            }
            ServiceErrorKind::NotFound => {
                "check the pipeline's name, region and account; `pipeline` of [retrain] names it"
            }
            ServiceErrorKind::Unauthorized => {
                "check the credentials, and that they allow sagemaker:StartPipelineExecution, DescribePipelineExecution, ListPipelineExecutions and ListPipelineExecutionSteps"
            }
            ServiceErrorKind::LimitExceeded => {
                "ask for a higher limit, or wait until other executions have ended"
            }
            ServiceErrorKind::Refused => {
                "compare the parameters that docs/retraining.md lists with those that the pipeline declares"
            }
        }
    }
}

/// How often, and how long, a transient failure is borne.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts, the first included.
    pub attempts: u32,
    /// Wait before the second; it doubles from there, up to a minute.
    pub first_wait: Duration,
}

impl Default for Patience {
    /// Six attempts over about 15 seconds.
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Duration::from_millis(500),
        }
    }
}

impl Patience {
    /// Calls until it succeeds, fails for good, or patience is at its end.
    pub async fn persist<T, F: Future<Output = Result<T, ServiceError>>>(
        self,
        mut call: impl FnMut() -> F,
    ) -> Result<T, ServiceError> {
        let mut wait = self.first_wait;
        for _ in 1..self.attempts.max(1) {
            match call().await {
                Err(error) if error.kind.is_transient() => {
                    if !wait.is_zero() {
                        tokio::time::sleep(wait).await;
                    }
                    wait = (wait * 2).min(Duration::from_mins(1));
                }
                answer => return answer,
            }
        }
        call().await
    }
}
