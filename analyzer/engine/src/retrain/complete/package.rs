//! A registered model as `DescribeModelPackage`, the local registry and the event of the model registry have it.
//!
//! Pure; does not know where it came from.

use crate::error::{EngineError, ErrorKind};
use baselines::document::retrain::PackageTwin;
use serde_json::Value;

/// A registered model.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// Its ARN.
    pub arn: String,
    /// Its group.
    pub group: Option<String>,
    /// Its number in the group.
    pub number: Option<u64>,
    /// `Approved`, `PendingManualApproval` or `Rejected`.
    pub approval: String,
    /// Its artefacts.
    pub model_data: Option<String>,
    /// The monitor whose incident it answers.
    pub monitor: Option<String>,
    /// The incident.
    pub incident: Option<String>,
    /// Its own baseline.
    pub baseline: Option<String>,
    /// The pipeline execution that registered it.
    pub generated_by: Option<String>,
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

impl Package {
    /// From a description.
    ///
    /// # Errors
    /// It names no package, or says nothing of its approval.
    pub fn of_description(description: &Value) -> Result<Self, EngineError> {
        let lacks = |what: &str| {
            EngineError::new(
                ErrorKind::Usage,
                format!("the model package's description has no {what}"),
            )
            .with_hint("expected is what `aws sagemaker describe-model-package` prints, or a file of the local registry")
        };
        let custom = |name: &str| {
            let found = description.get("CustomerMetadataProperties")?.get(name)?;
            found.as_str().map(str::to_owned)
        };
        Ok(Self {
            arn: text(description, "/ModelPackageArn").ok_or_else(|| lacks("ModelPackageArn"))?,
            approval: text(description, "/ModelApprovalStatus")
                .ok_or_else(|| lacks("ModelApprovalStatus"))?,
            group: text(description, "/ModelPackageGroupName"),
            number: description.get("ModelPackageVersion").and_then(Value::as_u64),
            model_data: text(description, "/InferenceSpecification/Containers/0/ModelDataUrl"),
            monitor: custom("driftline:monitor"),
            incident: custom("driftline:incident"),
            baseline: custom("driftline:baseline"),
            generated_by: text(description, "/MetadataProperties/GeneratedBy"),
        })
    }

    /// What documents keep of it.
    pub fn twin(&self) -> PackageTwin {
        PackageTwin {
            arn: self.arn.clone(),
            group: self.group.clone(),
            number: self.number,
            model_data: self.model_data.clone(),
            baseline: self.baseline.clone(),
        }
    }
}

/// The package of an EventBridge event `SageMaker Model Package State Change` that says it is approved; `None` for every
/// other event. The event may leave the metadata out: then `incident` is `None`, and the package has to be described.
///
/// # Errors
/// An event of that kind whose detail names no package.
pub fn approved_package(event: &Value) -> Result<Option<Package>, EngineError> {
    let is = |key: &str, value: &str| event.get(key).and_then(Value::as_str) == Some(value);
    if !(is("source", "aws.sagemaker") && is("detail-type", "SageMaker Model Package State Change")) {
        return Ok(None);
    }
    let detail = event.get("detail").unwrap_or(&Value::Null);
    if detail.get("ModelApprovalStatus").and_then(Value::as_str) != Some("Approved") {
        return Ok(None);
    }
    Package::of_description(detail).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The example of "Amazon SageMaker AI model package state change" in AWS's developer guide
    /// (docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html), approved and shortened.
    fn event(approval: &str) -> Value {
        json!({
            "version": "0", "id": "844e2571-85d4-695f-b930-0153b71dcb42",
            "detail-type": "SageMaker Model Package State Change", "source": "aws.sagemaker",
            "account": "123456789012", "time": "2021-02-24T17:00:14Z", "region": "us-east-2",
            "resources": ["arn:aws:sagemaker:us-east-2:123456789012:model-package/versionedmp-p-idy6c3e1fiqj/2"],
            "detail": {
                "ModelPackageGroupName": "versionedmp-p-idy6c3e1fiqj", "ModelPackageVersion": 2,
                "ModelPackageArn": "arn:aws:sagemaker:us-east-2:123456789012:model-package/versionedmp-p-idy6c3e1fiqj/2",
                "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "s3://bucket/model.tar.gz"}]},
                "ModelPackageStatus": "Completed", "ModelApprovalStatus": approval,
                "MetadataProperties": {"GeneratedBy": "arn:aws:sagemaker:us-east-2:123456789012:pipeline/p/execution/e"},
            },
        })
    }

    #[test]
    fn an_approval_is_read_and_everything_else_passed_over() {
        let package = approved_package(&event("Approved")).unwrap().unwrap();
        assert_eq!((package.number, package.incident), (Some(2), None));
        assert!(package.generated_by.unwrap().ends_with("/execution/e"));
        assert_eq!(package.model_data.as_deref(), Some("s3://bucket/model.tar.gz"));
        assert_eq!(approved_package(&event("Rejected")).unwrap(), None);
        let mut other = event("Approved");
        other["detail-type"] = json!("SageMaker Endpoint State Change");
        assert_eq!(approved_package(&other).unwrap(), None);
        assert_eq!(approved_package(&json!([1])).unwrap(), None);
        let mut broken = event("Approved");
        broken["detail"]["ModelPackageArn"] = Value::Null;
        assert!(
            approved_package(&broken)
                .unwrap_err()
                .to_string()
                .contains("has no ModelPackageArn")
        );
    }
}
