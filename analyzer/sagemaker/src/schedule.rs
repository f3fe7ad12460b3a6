//! The descriptions of a monitoring schedule, as SageMaker answers them: the schedule, its job definition, the endpoint and
//! its configuration.
//!
//! The answers' own JSON is kept, so that whoever accounts for every value sees those too that this client's model does
//! not know. Does not say what a value means (`engine::import`).

use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_sagemaker::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sagemaker::error::{BoxError, DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sagemaker::types::MonitoringType;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

/// Why a schedule could not be described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescribeError {
    /// SageMaker answered with an error of its own.
    #[error("{operation} was refused: {code}: {message}")]
    Refused {
        /// The API operation.
        operation: &'static str,
        /// Its error code.
        code: String,
        /// Its message.
        message: String,
    },
    /// There was no answer.
    #[error("{operation} had no answer: {reason}")]
    Unreachable {
        /// The API operation.
        operation: &'static str,
        /// What stood in the way.
        reason: String,
    },
    /// The schedule names no job definition and has none of its own.
    #[error("the schedule {name} has no job definition")]
    NoDefinition {
        /// The schedule.
        name: String,
    },
}

impl DescribeError {
    /// The next step for a person.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } if code.contains("NotFound") || code == "ValidationException" => {
                "check the schedule's name and AWS_REGION; `aws sagemaker list-monitoring-schedules` shows the names"
            }
            Self::Refused { .. } => {
                "the credentials need sagemaker:Describe* on the schedule, its job definition and its endpoint"
            }
            Self::Unreachable { .. } => "check the network, the credentials and AWS_REGION",
            Self::NoDefinition { .. } => "describe the schedule by hand and use `driftline import --files`",
        }
    }
}

/// The body of the last answer.
#[derive(Debug, Clone, Default)]
struct Body(Arc<Mutex<Vec<u8>>>);

impl Intercept for Body {
    fn name(&self) -> &'static str {
        "driftline keeps the answer's JSON"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        }
        Ok(())
    }
}

impl Body {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) fn refused<E, R>(operation: &'static str, error: &SdkError<E, R>) -> DescribeError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    match (error.code(), error.as_service_error()) {
        (Some(code), _) => DescribeError::Refused {
            operation,
            code: code.to_owned(),
            message: error.message().unwrap_or("no message").to_owned(),
        },
        (None, Some(service)) => DescribeError::Refused {
            operation,
            code: "an unknown error".to_owned(),
            message: service.to_string(),
        },
        (None, None) => DescribeError::Unreachable {
            operation,
            reason: DisplayErrorContext(error).to_string(),
        },
    }
}

/// Sends a request; gives the typed answer and its JSON.
macro_rules! ask {
    ($operation:literal, $request:expr) => {{
        let body = Body::default();
        match $request.customize().interceptor(body.clone()).send().await {
            Ok(answer) => (answer, body.take()),
            Err(error) => return Err(refused($operation, &error)),
        }
    }};
}

/// The descriptions of the schedule `name`: file names as `driftline import --files` would have them, with JSON.
///
/// An endpoint that is gone leaves its descriptions out.
///
/// # Errors
/// [`DescribeError`]: refused, unreachable, or a schedule without a job definition.
pub async fn describe_schedule(
    client: &Client,
    name: &str,
) -> Result<BTreeMap<String, Vec<u8>>, DescribeError> {
    let mut files = BTreeMap::new();
    let (schedule, json) = ask!(
        "DescribeMonitoringSchedule",
        client
            .describe_monitoring_schedule()
            .monitoring_schedule_name(name)
    );
    files.insert("schedule.json".to_owned(), json);
    let config = schedule.monitoring_schedule_config();
    let named = config.and_then(|config| config.monitoring_job_definition_name());
    let inline = config.and_then(|config| config.monitoring_job_definition());
    let kind = config
        .and_then(|config| config.monitoring_type())
        .or(schedule.monitoring_type());
    let mut endpoint = schedule.endpoint_name().map(str::to_owned);
    if let Some(named) = named {
        let (json, of) = describe_definition(client, kind, named).await?;
        files.insert("job-definition.json".to_owned(), json);
        endpoint = of.or(endpoint);
    } else if let Some(inline) = inline {
        let mut inputs = inline.monitoring_inputs().iter();
        endpoint = inputs
            .find_map(|input| input.endpoint_input()?.endpoint_name().map(str::to_owned))
            .or(endpoint);
    } else {
        return Err(DescribeError::NoDefinition {
            name: name.to_owned(),
        });
    }
    if let Some(endpoint) = endpoint
        && let Ok((config, json)) = describe_endpoint(client, &endpoint).await
    {
        files.insert("endpoint.json".to_owned(), json);
        if let Some(config) = config
            && let Ok(json) = describe_endpoint_config(client, &config).await
        {
            files.insert("endpoint-config.json".to_owned(), json);
        }
    }
    Ok(files)
}

/// A job definition's JSON and the endpoint it reads.
async fn describe_definition(
    client: &Client,
    kind: Option<&MonitoringType>,
    name: &str,
) -> Result<(Vec<u8>, Option<String>), DescribeError> {
    macro_rules! definition {
        ($operation:literal, $request:ident, $input:ident) => {{
            let (answer, json) = ask!($operation, client.$request().job_definition_name(name));
            let endpoint = answer
                .$input()
                .and_then(|input| input.endpoint_input())
                .and_then(|input| input.endpoint_name())
                .map(str::to_owned);
            Ok((json, endpoint))
        }};
    }
    match kind {
        Some(MonitoringType::ModelQuality) => definition!(
            "DescribeModelQualityJobDefinition",
            describe_model_quality_job_definition,
            model_quality_job_input
        ),
        Some(MonitoringType::ModelBias) => definition!(
            "DescribeModelBiasJobDefinition",
            describe_model_bias_job_definition,
            model_bias_job_input
        ),
        Some(MonitoringType::ModelExplainability) => definition!(
            "DescribeModelExplainabilityJobDefinition",
            describe_model_explainability_job_definition,
            model_explainability_job_input
        ),
        _ => definition!(
            "DescribeDataQualityJobDefinition",
            describe_data_quality_job_definition,
            data_quality_job_input
        ),
    }
}

async fn describe_endpoint(client: &Client, name: &str) -> Result<(Option<String>, Vec<u8>), DescribeError> {
    let (answer, json) = ask!("DescribeEndpoint", client.describe_endpoint().endpoint_name(name));
    Ok((answer.endpoint_config_name().map(str::to_owned), json))
}

async fn describe_endpoint_config(client: &Client, name: &str) -> Result<Vec<u8>, DescribeError> {
    let (_, json) = ask!(
        "DescribeEndpointConfig",
        client.describe_endpoint_config().endpoint_config_name(name)
    );
    Ok(json)
}
