//! An endpoint's capture configuration, as SageMaker describes it: `DescribeEndpoint` says what is in force,
//! `DescribeEndpointConfig` which sides and content types.
//!
//! Does not say what a monitor makes of it (`engine::init`).

use crate::schedule::{DescribeError, refused};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{CaptureMode, CaptureStatus};
use engine::init::{CaptureOptions, EndpointDescription};

/// The endpoint `name` and how it is captured.
///
/// # Errors
/// [`DescribeError`]: no such endpoint, no permission, no answer.
pub async fn describe_capture(client: &Client, name: &str) -> Result<EndpointDescription, DescribeError> {
    let endpoint = client
        .describe_endpoint()
        .endpoint_name(name)
        .send()
        .await
        .map_err(|error| refused("DescribeEndpoint", &error))?;
    let mut found = EndpointDescription {
        name: name.to_owned(),
        status: endpoint
            .endpoint_status()
            .map(|status| status.as_str().to_owned()),
        variants: endpoint
            .production_variants()
            .iter()
            .filter_map(|variant| variant.variant_name().map(str::to_owned))
            .collect(),
        ..EndpointDescription::default()
    };
    if let Some(capture) = endpoint.data_capture_config() {
        found.enabled = capture.enable_capture();
        found.capture_status = capture
            .capture_status()
            .map(CaptureStatus::as_str)
            .map(str::to_owned);
        found.sampling = capture.current_sampling_percentage();
        found.destination = capture.destination_s3_uri().map(str::to_owned);
    }
    let Some(config) = endpoint.endpoint_config_name() else {
        return Ok(found);
    };
    let config = client
        .describe_endpoint_config()
        .endpoint_config_name(config)
        .send()
        .await
        .map_err(|error| refused("DescribeEndpointConfig", &error))?;
    let serverless = config
        .production_variants()
        .iter()
        .filter(|variant| variant.serverless_config().is_some())
        .filter_map(|variant| variant.variant_name());
    found.serverless = serverless.map(str::to_owned).collect();
    if let Some(capture) = config.data_capture_config() {
        found.enabled = found.enabled.or(capture.enable_capture());
        found.sampling = found.sampling.or(capture.initial_sampling_percentage());
        found.destination = found
            .destination
            .or_else(|| capture.destination_s3_uri().map(str::to_owned));
        let modes: Vec<&CaptureMode> = capture
            .capture_options()
            .iter()
            .filter_map(|option| option.capture_mode())
            .collect();
        let has = |mode: &CaptureMode| modes.contains(&mode) || modes.contains(&&CaptureMode::InputAndOutput);
        found.options = Some(CaptureOptions {
            input: has(&CaptureMode::Input),
            output: has(&CaptureMode::Output),
        });
        found.has_content_types = capture.capture_content_type_header().is_some();
    }
    Ok(found)
}
