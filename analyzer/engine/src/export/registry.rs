//! `ModelMetrics` and `DriftCheckBaselines` of a model package (contract §7.6), from files that lie in S3.
//!
//! Knows locations only: whether the files are there is for whoever registers the model.

use crate::error::{EngineError, ErrorKind};
use serde_json::{Map, Value, json};
use store::Location;

/// Where the files lie.
#[derive(Debug, Clone, Default)]
pub struct RegistryEntries {
    /// Folder of the data-quality baseline.
    pub data_quality: Option<Location>,
    /// Folder of the model-quality baseline.
    pub model_quality: Option<Location>,
    /// Clarify's analysis.json of labels.
    pub bias_pre_training: Option<Location>,
    /// Clarify's analysis.json of predictions.
    pub bias_post_training: Option<Location>,
    /// Clarify's analysis_config.json of bias.
    pub bias_config: Option<Location>,
    /// Clarify's analysis.json of attributions.
    pub explainability: Option<Location>,
    /// Its configuration.
    pub explainability_config: Option<Location>,
}

fn source(at: &Location, name: Option<&str>) -> Result<Value, EngineError> {
    let whole = name.map_or_else(|| at.clone(), |name| at.join(name));
    if !whole.is_s3() {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("the model registry names files in S3, and {at} is none"),
        )
        .with_hint("copy the baseline to S3 and give its s3:// location"));
    }
    Ok(json!({"ContentType": "application/json", "S3Uri": whole.to_string()}))
}

/// `{"ModelMetrics": …, "DriftCheckBaselines": …}`, arguments of `CreateModelPackage`.
pub fn registry(entries: &RegistryEntries) -> Result<Value, EngineError> {
    let (mut metrics, mut baselines) = (Map::new(), Map::new());
    for (key, folder) in [
        ("ModelDataQuality", &entries.data_quality),
        ("ModelQuality", &entries.model_quality),
    ] {
        let Some(folder) = folder else { continue };
        let files = json!({
            "Statistics": source(folder, Some("statistics.json"))?,
            "Constraints": source(folder, Some("constraints.json"))?,
        });
        metrics.insert(key.to_owned(), files.clone());
        baselines.insert(key.to_owned(), files);
    }
    let (mut bias, mut bias_check) = (Map::new(), Map::new());
    for (metric, check, file) in [
        (
            Some("PreTrainingReport"),
            "PreTrainingConstraints",
            &entries.bias_pre_training,
        ),
        (
            Some("PostTrainingReport"),
            "PostTrainingConstraints",
            &entries.bias_post_training,
        ),
        (None, "ConfigFile", &entries.bias_config),
    ] {
        let Some(file) = file else { continue };
        let found = source(file, None)?;
        if let Some(metric) = metric {
            bias.insert(metric.to_owned(), found.clone());
        }
        bias_check.insert(check.to_owned(), found);
    }
    let (mut explain, mut explain_check) = (Map::new(), Map::new());
    if let Some(file) = &entries.explainability {
        explain.insert("Report".to_owned(), source(file, None)?);
        explain_check.insert("Constraints".to_owned(), source(file, None)?);
    }
    if let Some(file) = &entries.explainability_config {
        explain_check.insert("ConfigFile".to_owned(), source(file, None)?);
    }
    for (all, bias, explain) in [
        (&mut metrics, bias, explain),
        (&mut baselines, bias_check, explain_check),
    ] {
        for (key, part) in [("Bias", bias), ("Explainability", explain)] {
            if !part.is_empty() {
                all.insert(key.to_owned(), Value::Object(part));
            }
        }
    }
    if baselines.is_empty() {
        return Err(
            EngineError::new(ErrorKind::Usage, "nothing to register: no baseline is given").with_hint(
                "give --baseline s3://…, --quality-baseline s3://… or --bias s3://…/analysis.json",
            ),
        );
    }
    Ok(json!({"ModelMetrics": metrics, "DriftCheckBaselines": baselines}))
}
