//! What SageMaker says of the endpoint and of the pipeline that a monitor names.
//!
//! Reads; judges nothing: `engine::check` compares.

#[cfg(feature = "sagemaker")]
pub(super) use asked::Account;
#[cfg(not(feature = "sagemaker"))]
pub(super) use unasked::Account;

#[cfg(feature = "sagemaker")]
mod asked {
    use engine::check::{Check, endpoint_checks};
    use engine::monitor::Monitor;
    use engine::retrain::ServiceErrorKind;
    use engine::{EngineError, ErrorKind};
    use sagemaker::schedule::DescribeError;
    use store::StoreOptions;

    /// SageMaker, as the environment's credentials and region see it.
    pub(in super::super) struct Account(sagemaker::Client);

    impl Account {
        pub(in super::super) async fn open(options: &StoreOptions) -> Result<Self, EngineError> {
            let shared = store::shared_config(options).await;
            if shared.region().is_none() {
                let missing = "found no AWS region, neither in the environment nor in a profile";
                return Err(EngineError::new(ErrorKind::Usage, missing)
                    .with_hint("set AWS_REGION to the endpoint's region, for example AWS_REGION=eu-west-1"));
            }
            Ok(Self(sagemaker::client(&shared)))
        }

        /// The endpoint's capture; nothing where the monitor names none.
        pub(in super::super) async fn endpoint(&self, monitor: &Monitor) -> Result<Vec<Check>, EngineError> {
            let Some(name) = &monitor.endpoint else {
                return Ok(Vec::new());
            };
            match sagemaker::endpoint::describe_capture(&self.0, name).await {
                Ok(found) => Ok(endpoint_checks(monitor, &found)),
                Err(error @ DescribeError::Unreachable { .. }) => Err(EngineError::new(
                    ErrorKind::Storage,
                    format!("the endpoint {name} cannot be described: {error}"),
                )),
                Err(error) => Ok(vec![Check::wrong(
                    "account.endpoint",
                    format!("the endpoint {name} cannot be described: {error}"),
                    "check `endpoint` and AWS_REGION; the credentials need sagemaker:DescribeEndpoint and \
                     sagemaker:DescribeEndpointConfig",
                )]),
            }
        }

        /// The definition of the pipeline called `name`, or the check that says why there is none.
        pub(in super::super) async fn pipeline(
            &self,
            name: &str,
        ) -> Result<Result<String, Check>, EngineError> {
            match sagemaker::pipeline::definition(&self.0, name).await {
                Ok(text) => Ok(Ok(text)),
                Err(error) if error.kind == ServiceErrorKind::Unavailable => {
                    Err(EngineError::new(ErrorKind::Storage, error.to_string()).with_hint(error.hint()))
                }
                Err(error) => Ok(Err(Check::wrong("retrain", error.to_string(), error.hint()))),
            }
        }
    }
}

#[cfg(not(feature = "sagemaker"))]
mod unasked {
    use engine::check::Check;
    use engine::monitor::Monitor;
    use engine::{EngineError, ErrorKind};
    use store::StoreOptions;

    /// Nobody: this build has no client of SageMaker's API.
    pub(in super::super) enum Account {}

    #[expect(clippy::unused_async, reason = "the other build awaits SageMaker here")]
    impl Account {
        pub(in super::super) async fn open(_options: &StoreOptions) -> Result<Self, EngineError> {
            Err(EngineError::new(
                ErrorKind::Usage,
                "--account asks SageMaker, and this build of driftline has no client of its API",
            )
            .with_hint("use driftline's container image, or build it with `cargo build --release -p cli --features sagemaker`"))
        }

        pub(in super::super) async fn endpoint(&self, _monitor: &Monitor) -> Result<Vec<Check>, EngineError> {
            match *self {}
        }

        pub(in super::super) async fn pipeline(
            &self,
            _name: &str,
        ) -> Result<Result<String, Check>, EngineError> {
            match *self {}
        }
    }
}
