//! SageMaker's API, spoken by one crate: starting and following pipeline executions, reading monitoring schedules and endpoints.
//!
//! The generated client is large (minutes of compiling), so only what asks for it builds it: the command line behind its
//! `sagemaker` feature, and the functions. It does not know why something is started.

#![warn(missing_docs)]

pub mod endpoint;
pub mod package;
pub mod pipeline;
pub mod schedule;

pub use aws_sdk_sagemaker::Client;
use aws_types::SdkConfig;

/// A client of SageMaker's API under the settings (region, credentials, endpoint, retries) of `shared`.
#[must_use]
pub fn client(shared: &SdkConfig) -> aws_sdk_sagemaker::Client {
    aws_sdk_sagemaker::Client::new(shared)
}
