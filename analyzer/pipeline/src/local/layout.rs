//! The `/opt/ml` tree of one job, and the variables that name its parts (SageMaker's training toolkit: `SM_*`).

use crate::error::PipelineError;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) const OPT_ML: &str = "/opt/ml";
/// The name of the only host.
pub(super) const HOST: &str = "algo-1";

/// A job's own folder, with `opt/ml` in it.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) job: PathBuf,
    pub(super) opt_ml: PathBuf,
}

impl Layout {
    pub(super) fn new(job: PathBuf) -> Result<Self, PipelineError> {
        let opt_ml = job.join("opt/ml");
        for folder in ["output", "config", "input/config"] {
            let folder = opt_ml.join(folder);
            std::fs::create_dir_all(&folder).map_err(PipelineError::io("making the folder", folder))?;
        }
        Ok(Self { job, opt_ml })
    }

    pub(super) fn log(&self) -> PathBuf {
        self.job.join("log.txt")
    }

    /// Where `/opt/ml/…` lies for this job.
    pub(super) fn path(&self, inside: &str) -> Result<PathBuf, String> {
        let rest = inside
            .strip_prefix(OPT_ML)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .ok_or_else(|| format!("`{inside}` does not lie under {OPT_ML}"))?;
        if Path::new(rest)
            .components()
            .any(|part| part == std::path::Component::ParentDir)
        {
            return Err(format!("`{inside}` leads upwards"));
        }
        Ok(self.opt_ml.join(rest.trim_start_matches('/')))
    }

    /// `text` with paths that begin with `/opt/ml` led into this job's tree; `/srv/opt/ml/x` is none of them.
    pub(super) fn rewrite(&self, text: &str) -> String {
        let here = self.opt_ml.to_string_lossy();
        if text == OPT_ML {
            return here.into_owned();
        }
        let mut written = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("/opt/ml/") {
            let (before, from) = rest.split_at(at);
            written.push_str(before);
            let begins = written
                .chars()
                .next_back()
                .is_none_or(|last| matches!(last, '=' | ',' | ':' | '"' | '\'' | ' '));
            written.push_str(if begins { &here } else { OPT_ML });
            rest = &from[OPT_ML.len()..];
        }
        written.push_str(rest);
        written.replace("{opt_ml}", &here)
    }

    /// `resourceconfig.json` of a job on one host.
    pub(super) fn resources(instance: &Value) -> Value {
        json!({
            "current_host": HOST,
            "current_instance_type": instance,
            "current_group_name": "homogeneousCluster",
            "hosts": [HOST],
            "instance_groups": [{"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": [HOST]}],
            "network_interface_name": "lo",
        })
    }

    /// The `SM_*` variables of a training job.
    pub(super) fn training_environment(
        &self,
        channels: &[String],
        hyperparameters: &Map<String, Value>,
        job_name: &str,
        instance: &Value,
    ) -> BTreeMap<String, String> {
        let at = |inside: &str| self.opt_ml.join(inside).to_string_lossy().into_owned();
        let mut sm: BTreeMap<String, String> = [
            ("SM_MODEL_DIR", at("model")),
            ("SM_INPUT_DIR", at("input")),
            ("SM_INPUT_CONFIG_DIR", at("input/config")),
            ("SM_OUTPUT_DIR", at("output")),
            ("SM_OUTPUT_DATA_DIR", at("output/data")),
            ("SM_OUTPUT_INTERMEDIATE_DIR", at("output/intermediate")),
            ("SM_CHANNELS", Value::from(channels.to_vec()).to_string()),
            ("SM_HPS", Value::Object(hyperparameters.clone()).to_string()),
            ("SM_HOSTS", json!([HOST]).to_string()),
            ("SM_CURRENT_HOST", HOST.to_owned()),
            (
                "SM_CURRENT_INSTANCE_TYPE",
                instance.as_str().unwrap_or_default().to_owned(),
            ),
            ("SM_NUM_GPUS", "0".to_owned()),
            (
                "SM_NUM_CPUS",
                std::thread::available_parallelism()
                    .map_or(1, usize::from)
                    .to_string(),
            ),
            ("SM_RESOURCE_CONFIG", Self::resources(instance).to_string()),
            ("SM_NETWORK_INTERFACE_NAME", "lo".to_owned()),
            ("SM_LOG_LEVEL", "20".to_owned()),
            ("TRAINING_JOB_NAME", job_name.to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        for channel in channels {
            sm.insert(
                format!("SM_CHANNEL_{}", channel.to_uppercase().replace('-', "_")),
                at(&format!("input/data/{channel}")),
            );
        }
        for (name, value) in hyperparameters {
            sm.insert(
                format!("SM_HP_{}", name.to_uppercase().replace('-', "_")),
                crate::expression::text(value).unwrap_or_else(|| value.to_string()),
            );
        }
        sm
    }
}
