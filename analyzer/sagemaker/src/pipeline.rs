//! SageMaker Pipelines as the engine's [`PipelineService`]: `StartPipelineExecution` with its token, and what follows.
//!
//! Errors are sorted by whether asking again can help. Does not know why a pipeline is started, and does not retry beyond
//! what the client's own settings say.

use async_trait::async_trait;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sagemaker::types::{
    Parameter, PipelineExecutionStatus, PipelineExecutionStep, PipelineExecutionStepMetadata, SortOrder,
    SortPipelineExecutionsBy,
};
use engine::retrain::{
    Execution, ExecutionStatus, PipelineService, ServiceError, ServiceErrorKind, StartRequest, Step,
};
use std::error::Error;

/// Pages of executions that are looked through for a display name, a hundred each, the newest first.
const MAX_PAGES: usize = 5;

/// SageMaker Pipelines.
#[derive(Debug, Clone)]
pub struct SageMakerPipelines {
    client: Client,
}

impl SageMakerPipelines {
    /// Through this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

/// The definition that the pipeline called `name` has now, as JSON.
///
/// # Errors
/// No such pipeline, no permission, no answer.
pub async fn definition(client: &Client, name: &str) -> Result<String, ServiceError> {
    let asked = || format!("cannot describe pipeline {name}");
    let answer = client.describe_pipeline().pipeline_name(name).send().await;
    let answer = answer.map_err(|error| failed(asked(), &error))?;
    answer
        .pipeline_definition
        .ok_or_else(|| no_answer(asked(), "an answer without a definition"))
}

#[async_trait]
impl PipelineService for SageMakerPipelines {
    fn name(&self) -> &'static str {
        "sagemaker"
    }

    async fn start(&self, request: &StartRequest) -> Result<String, ServiceError> {
        let asked = || format!("cannot start pipeline {}", request.pipeline);
        let parameters = request
            .parameters
            .iter()
            .map(|(name, value)| Parameter::builder().name(name).value(value).build())
            .collect();
        let answer = self
            .client
            .start_pipeline_execution()
            .pipeline_name(&request.pipeline)
            .pipeline_execution_display_name(&request.display_name)
            .pipeline_execution_description(&request.description)
            .client_request_token(&request.token)
            .set_pipeline_parameters(Some(parameters))
            .send()
            .await
            .map_err(|error| failed(asked(), &error))?;
        answer
            .pipeline_execution_arn
            .ok_or_else(|| no_answer(asked(), "an answer without an execution"))
    }

    async fn find(&self, pipeline: &str, display_name: &str) -> Result<Option<String>, ServiceError> {
        let mut next = None;
        for _ in 0..MAX_PAGES {
            let page = self
                .client
                .list_pipeline_executions()
                .pipeline_name(pipeline)
                .sort_by(SortPipelineExecutionsBy::CreationTime)
                .sort_order(SortOrder::Descending)
                .max_results(100)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| failed(format!("cannot list executions of pipeline {pipeline}"), &error))?;
            let named = |name: Option<&str>| name == Some(display_name);
            let mut summaries = page.pipeline_execution_summaries.unwrap_or_default().into_iter();
            if let Some(found) = summaries.find(|summary| named(summary.pipeline_execution_display_name())) {
                return Ok(found.pipeline_execution_arn);
            }
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(None)
    }

    async fn describe(&self, execution: &str) -> Result<Execution, ServiceError> {
        let asked = || format!("cannot describe execution {execution}");
        let answer = self
            .client
            .describe_pipeline_execution()
            .pipeline_execution_arn(execution)
            .send()
            .await
            .map_err(|error| failed(asked(), &error))?;
        let status = match &answer.pipeline_execution_status {
            Some(PipelineExecutionStatus::Succeeded) => ExecutionStatus::Succeeded,
            Some(PipelineExecutionStatus::Failed | PipelineExecutionStatus::CompletedWithFailures) => {
                ExecutionStatus::Failed
            }
            Some(PipelineExecutionStatus::Stopped) => ExecutionStatus::Stopped,
            Some(PipelineExecutionStatus::Stopping) => ExecutionStatus::Stopping,
            Some(_) => ExecutionStatus::Executing,
            None => return Err(no_answer(asked(), "an answer without a status")),
        };
        Ok(Execution {
            status,
            failure_reason: answer.failure_reason,
            changed_at: answer.last_modified_time.map(|time| time.secs()),
        })
    }

    async fn steps(&self, execution: &str) -> Result<Vec<Step>, ServiceError> {
        let mut steps = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .client
                .list_pipeline_execution_steps()
                .pipeline_execution_arn(execution)
                .max_results(100)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| failed(format!("cannot list steps of execution {execution}"), &error))?;
            steps.extend(
                page.pipeline_execution_steps
                    .unwrap_or_default()
                    .into_iter()
                    .map(step),
            );
            next = page.next_token;
            if next.is_none() {
                return Ok(steps);
            }
        }
    }
}

fn step(found: PipelineExecutionStep) -> Step {
    let (kind, job) = found.metadata.as_ref().map(kind_of).unwrap_or_default();
    Step {
        name: found.step_name.unwrap_or_default(),
        kind: kind.map(str::to_owned),
        status: found
            .step_status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        started_at: found.start_time.map(|time| time.secs()),
        ended_at: found.end_time.map(|time| time.secs()),
        failure_reason: found.failure_reason,
        job,
    }
}

/// A step's kind in the words of pipeline definitions, and the job behind it.
fn kind_of(metadata: &PipelineExecutionStepMetadata) -> (Option<&'static str>, Option<String>) {
    if let Some(job) = &metadata.training_job {
        (Some("Training"), job.arn.clone())
    } else if let Some(job) = &metadata.tuning_job {
        (Some("Tuning"), job.arn.clone())
    } else if let Some(job) = &metadata.processing_job {
        (Some("Processing"), job.arn.clone())
    } else if let Some(job) = &metadata.transform_job {
        (Some("Transform"), job.arn.clone())
    } else if let Some(model) = &metadata.model {
        (Some("Model"), model.arn.clone())
    } else if let Some(model) = &metadata.register_model {
        (Some("RegisterModel"), model.arn.clone())
    } else if metadata.condition.is_some() {
        (Some("Condition"), None)
    } else if metadata.fail.is_some() {
        (Some("Fail"), None)
    } else if metadata.lambda.is_some() {
        (Some("Lambda"), None)
    } else if metadata.callback.is_some() {
        (Some("Callback"), None)
    } else {
        (Some("Other"), None)
    }
}

fn no_answer(asked: String, said: &str) -> ServiceError {
    ServiceError {
        kind: ServiceErrorKind::Unavailable,
        asked,
        said: said.to_owned(),
    }
}

pub(crate) fn failed<E: ProvideErrorMetadata + Error + Send + Sync + 'static>(
    asked: String,
    error: &SdkError<E, aws_sdk_sagemaker::config::http::HttpResponse>,
) -> ServiceError {
    let chain = || DisplayErrorContext(error).to_string();
    let (kind, said) = match error {
        SdkError::ServiceError(answered) => {
            let code = answered.err().code().unwrap_or("an error without a code");
            let message = answered.err().message().unwrap_or_default();
            let status = answered.raw().status().as_u16();
            (kind_of_code(code, message, status), format!("{code}: {message}"))
        }
        SdkError::ConstructionFailure(_) => (ServiceErrorKind::Refused, chain()),
        SdkError::DispatchFailure(_) if chain().contains("credentials") => {
            (ServiceErrorKind::Unauthorized, chain())
        }
        _ => (ServiceErrorKind::Unavailable, chain()),
    };
    ServiceError { kind, asked, said }
}

fn kind_of_code(code: &str, message: &str, status: u16) -> ServiceErrorKind {
    match code {
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown" => ServiceErrorKind::Throttled,
        "ConflictException" => ServiceErrorKind::Conflict,
        "ResourceNotFound" | "ResourceNotFoundException" => ServiceErrorKind::NotFound,
        "ResourceLimitExceeded" => ServiceErrorKind::LimitExceeded,
        "AccessDeniedException"
        | "AccessDenied"
        | "UnrecognizedClientException"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "InvalidClientTokenId" => ServiceErrorKind::Unauthorized,
        "ValidationException" if message.contains("does not exist") => ServiceErrorKind::NotFound,
        _ if status == 429 => ServiceErrorKind::Throttled,
        _ if status >= 500 => ServiceErrorKind::Unavailable,
        _ => ServiceErrorKind::Refused,
    }
}
