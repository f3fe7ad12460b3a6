//! What runs pipelines, by the name that people give it.
//!
//! Does not know what is started.

use super::local::{LocalArguments, LocalPipelines};
use clap::ValueEnum;
use engine::EngineError;
use engine::retrain::PipelineService;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceArgument {
    /// SageMaker Pipelines, with the standard AWS credential chain.
    Sagemaker,
    /// Processes on this machine, as `driftline pipeline run --local`.
    Local,
}

/// The service, or an error where this build does not have it.
#[cfg(feature = "sagemaker")]
pub(crate) async fn open(
    service: ServiceArgument,
    local: &LocalArguments,
) -> Result<Box<dyn PipelineService>, EngineError> {
    match service {
        ServiceArgument::Local => Ok(Box::new(LocalPipelines::open(local)?)),
        ServiceArgument::Sagemaker => {
            let shared = store::shared_config(&store::StoreOptions::default()).await;
            if shared.region().is_none() {
                return Err(
                    EngineError::new(engine::ErrorKind::Usage, "found no AWS region for SageMaker")
                        .with_hint(
                            "set AWS_REGION to the pipeline's region, for example AWS_REGION=eu-west-1",
                        ),
                );
            }
            Ok(Box::new(sagemaker::pipeline::SageMakerPipelines::new(
                sagemaker::client(&shared),
            )))
        }
    }
}

/// The service, or an error where this build does not have it.
#[cfg(not(feature = "sagemaker"))]
#[expect(clippy::unused_async, reason = "with the service it waits for credentials")]
pub(crate) async fn open(
    service: ServiceArgument,
    local: &LocalArguments,
) -> Result<Box<dyn PipelineService>, EngineError> {
    if service == ServiceArgument::Local {
        return Ok(Box::new(LocalPipelines::open(local)?));
    }
    Err(EngineError::new(
        engine::ErrorKind::Usage,
        "this driftline was built without SageMaker's API, so it cannot start or look at executions there",
    )
    .with_hint("build it with it: cargo build --release -p cli --features sagemaker; --service local runs the pipeline here"))
}
