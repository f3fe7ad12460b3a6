//! A pipeline definition, schema version 2020-12-01: the JSON that `CreatePipeline` takes.
//!
//! Arguments of steps stay JSON: they are the requests of SageMaker's API (`CreateProcessingJob`, `CreateTrainingJob`, …)
//! with expressions in them. Knows the outer shape and what each step refers to; does not evaluate.

use crate::error::PipelineError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The only schema version there is.
pub const VERSION: &str = "2020-12-01";

/// A whole pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Definition {
    /// `2020-12-01`.
    pub version: String,
    /// Free for the writer's use.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// What an execution may set.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// Under which experiment and trial executions are recorded; expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_experiment_config: Option<Value>,
    /// In the order they were written; the order they run in follows from what they refer to.
    pub steps: Vec<Step>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    /// As `Parameters.NAME` refers to it.
    pub name: String,
    /// Its type.
    #[serde(rename = "Type")]
    pub kind: ParameterKind,
    /// Taken when an execution gives none; a parameter without one must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<Value>,
    /// The only values a String parameter may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enum_values: Option<Vec<Value>>,
}

/// The four types of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// `true` or `false`.
    Boolean,
}

impl ParameterKind {
    /// The value `text` (as `StartPipelineExecution` sends all of them) stands for.
    pub fn parse(self, text: &str) -> Result<Value, String> {
        match self {
            Self::String => Ok(Value::from(text)),
            Self::Integer => text
                .parse::<i64>()
                .map(Value::from)
                .map_err(|_| "an Integer is expected, as 20".to_owned()),
            Self::Float => text
                .parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map(Value::from)
                .ok_or_else(|| "a Float is expected, as 0.75".to_owned()),
            Self::Boolean => match text {
                "true" | "True" => Ok(Value::Bool(true)),
                "false" | "False" => Ok(Value::Bool(false)),
                _ => Err("a Boolean is expected: true or false".to_owned()),
            },
        }
    }

    /// Whether a JSON value is of this type.
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Float => value.is_number(),
            Self::Boolean => value.is_boolean(),
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    /// As `Steps.NAME` refers to it.
    pub name: String,
    /// `Processing`, `Training`, `Tuning`, `Condition`, `RegisterModel`, `Fail`, …
    #[serde(rename = "Type")]
    pub kind: String,
    /// What people see instead of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What people read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The request of the step's API call, with expressions; for a condition, its conditions and branches.
    #[serde(default)]
    pub arguments: Value,
    /// Steps that must be over first, beside those referred to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// JSON files among a processing job's outputs, for `Std:JsonGet`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub property_files: Vec<PropertyFile>,
    /// Whether an earlier execution of the same step may stand for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_config: Option<Value>,
    /// What is tried again, how often.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retry_policies: Vec<RetryPolicy>,
}

/// A JSON file among the outputs of a processing job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PropertyFile {
    /// As `Steps.STEP.PropertyFiles.NAME` refers to it.
    pub property_file_name: String,
    /// The output it lies in.
    pub output_name: String,
    /// Below that output.
    pub file_path: String,
}

/// Which failures of a step are tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RetryPolicy {
    /// Names such as `SageMaker.CAPACITY_ERROR`.
    pub exception_type: Vec<String>,
    /// Seconds before the first repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u64>,
    /// How much longer each wait is than the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_rate: Option<f64>,
    /// Repetitions at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// Or minutes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_after_mins: Option<u64>,
}

impl Definition {
    /// Reads a definition; does not check it ([`crate::check::problems`] does).
    pub fn parse(bytes: &[u8]) -> Result<Self, PipelineError> {
        serde_json::from_slice(bytes).map_err(|error| PipelineError::Unreadable {
            reason: error.to_string(),
        })
    }

    /// As JSON, ready for `CreatePipeline`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a definition is plain JSON");
        text.push('\n');
        text
    }

    /// The parameter `name`.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Every step, those inside the branches of conditions too, as they were written.
    pub fn all_steps(&self) -> Vec<Step> {
        let mut all = Vec::new();
        collect(&self.steps, &mut all);
        all
    }
}

fn collect(steps: &[Step], all: &mut Vec<Step>) {
    for step in steps {
        all.push(step.clone());
        for branch in ["IfSteps", "ElseSteps"] {
            collect(&step.branch(branch).unwrap_or_default(), all);
        }
    }
}

impl Step {
    /// The steps of a condition's `IfSteps` or `ElseSteps`; nothing for other steps.
    pub fn branch(&self, which: &str) -> Result<Vec<Step>, serde_json::Error> {
        match self.arguments.get(which) {
            Some(steps) if self.kind == "Condition" => Vec::<Step>::deserialize(steps),
            _ => Ok(Vec::new()),
        }
    }

    /// Names of the steps that this one refers to or waits for, its branches' steps included.
    pub fn needs(&self) -> BTreeSet<String> {
        let mut needs: BTreeSet<String> = self.depends_on.iter().cloned().collect();
        references(&self.arguments, &mut |path| {
            if let Some(rest) = path.strip_prefix("Steps.") {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                needs.insert(rest[..end].to_owned());
            }
        });
        for branch in ["IfSteps", "ElseSteps"] {
            let inner = self.branch(branch).unwrap_or_default();
            for step in &inner {
                needs.extend(step.depends_on.iter().cloned());
            }
            for step in &inner {
                needs.remove(&step.name);
            }
        }
        needs
    }
}

/// Calls `found` for the path of every `{"Get": path}` in `value`.
pub(crate) fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            if let (1, Some(Value::String(path))) = (map.len(), map.get("Get")) {
                found(path);
                return;
            }
            for inner in map.values() {
                references(inner, found);
            }
        }
        Value::Array(items) => {
            for inner in items {
                references(inner, found);
            }
        }
        _ => {}
    }
}
