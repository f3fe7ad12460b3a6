//! A model registry in a folder: `{root}/{group}/{version}.json`, numbered from 1, each a `DescribeModelPackage` answer.

use super::places::write_json;
use crate::error::PipelineError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

/// Model packages below a folder.
#[derive(Debug, Clone)]
pub struct Registry {
    root: PathBuf,
}

/// One version of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Package {
    /// Its group.
    pub model_package_group_name: String,
    /// Its number in the group, from 1.
    pub model_package_version: u32,
    /// `arn:aws:sagemaker:local:000000000000:model-package/GROUP/VERSION`.
    pub model_package_arn: String,
    /// When it was registered.
    pub creation_time: String,
    /// `Approved`, `PendingManualApproval` or `Rejected`.
    pub model_approval_status: String,
    /// Everything else that was registered: InferenceSpecification, ModelMetrics, DriftCheckBaselines, …
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

impl Registry {
    /// A registry in `root`, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Registers `request` (a `CreateModelPackage`) as the next version of its group.
    pub fn register(&self, request: &Value, now: &str) -> Result<Package, PipelineError> {
        let group = request["ModelPackageGroupName"]
            .as_str()
            .unwrap_or("models")
            .to_owned();
        let folder = self.root.join(&group);
        std::fs::create_dir_all(&folder).map_err(PipelineError::io("making the folder", &folder))?;
        let mut version = self.versions(&group)?.last().copied().unwrap_or(0) + 1;
        let path = loop {
            // Created only by one of several at once; the others take the next number.
            let path = folder.join(format!("{version}.json"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    file.write_all(b"{}")
                        .map_err(PipelineError::io("writing", &path))?;
                    break path;
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => version += 1,
                Err(error) => return Err(PipelineError::io("writing", &path)(error)),
            }
        };
        let mut rest = request.as_object().cloned().unwrap_or_default();
        rest.remove("ModelPackageGroupName");
        let status = rest
            .remove("ModelApprovalStatus")
            .and_then(|status| status.as_str().map(str::to_owned))
            .unwrap_or_else(|| "PendingManualApproval".to_owned());
        rest.insert("ModelPackageStatus".to_owned(), json!("Completed"));
        let package = Package {
            model_package_arn: format!(
                "arn:aws:sagemaker:local:000000000000:model-package/{group}/{version}"
            ),
            model_package_group_name: group,
            model_package_version: version,
            creation_time: now.to_owned(),
            model_approval_status: status,
            rest,
        };
        write_json(&path, &package)?;
        Ok(package)
    }

    /// The numbers there are in `group`, ascending.
    pub fn versions(&self, group: &str) -> Result<Vec<u32>, PipelineError> {
        let folder = self.root.join(group);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries = std::fs::read_dir(&folder).map_err(PipelineError::io("listing", &folder))?;
        let mut versions: Vec<u32> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".json")?.parse().ok())
            .collect();
        versions.sort_unstable();
        Ok(versions)
    }

    /// One version.
    pub fn package(&self, group: &str, version: u32) -> Result<Package, PipelineError> {
        let path = self.root.join(group).join(format!("{version}.json"));
        let bytes = std::fs::read(&path).map_err(PipelineError::io("reading", &path))?;
        serde_json::from_slice(&bytes).map_err(|error| PipelineError::Io {
            action: "reading the model package",
            path,
            source: error.into(),
        })
    }

    /// Sets the approval of one version.
    pub fn approve(&self, group: &str, version: u32, status: &str) -> Result<Package, PipelineError> {
        let mut package = self.package(group, version)?;
        status.clone_into(&mut package.model_approval_status);
        write_json(&self.root.join(group).join(format!("{version}.json")), &package)?;
        Ok(package)
    }
}
