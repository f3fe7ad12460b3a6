//! Model packages of the registry: what events about them leave out.
//!
//! Does not know what a package is described for.

use crate::pipeline::failed;
use aws_sdk_sagemaker::Client;
use engine::retrain::ServiceError;
use engine::retrain::complete::Package;

/// The package of this ARN.
///
/// # Errors
/// The service's.
pub async fn describe(client: &Client, arn: &str) -> Result<Package, ServiceError> {
    let found = client
        .describe_model_package()
        .model_package_name(arn)
        .send()
        .await
        .map_err(|error| failed(format!("cannot describe model package {arn}"), &error))?;
    let custom = |name: &str| found.customer_metadata_properties.as_ref()?.get(name).cloned();
    let containers = found
        .inference_specification
        .as_ref()
        .map(aws_sdk_sagemaker::types::InferenceSpecification::containers);
    Ok(Package {
        arn: found.model_package_arn.clone().unwrap_or_else(|| arn.to_owned()),
        group: found.model_package_group_name.clone(),
        number: found
            .model_package_version
            .and_then(|number| u64::try_from(number).ok()),
        approval: found
            .model_approval_status
            .as_ref()
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        model_data: containers
            .and_then(<[_]>::first)
            .and_then(|container| container.model_data_url.clone()),
        monitor: custom("driftline:monitor"),
        incident: custom("driftline:incident"),
        baseline: custom("driftline:baseline"),
        generated_by: found
            .metadata_properties
            .as_ref()
            .and_then(|found| found.generated_by.clone()),
    })
}
