//! What an execution has done so far: the answers of `DescribePipelineExecution` and `ListPipelineExecutionSteps` in one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Status of an execution or a step, in SageMaker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Under way.
    Executing,
    /// Over, as wanted.
    Succeeded,
    /// Over, with a reason.
    Failed,
    /// Never started: its branch was not taken, or a step before it failed.
    NotExecuted,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Execution {
    /// `arn:aws:sagemaker:local:000000000000:pipeline/NAME`.
    pub pipeline_arn: String,
    /// The same with `/execution/ID`.
    pub pipeline_execution_arn: String,
    /// Where it stands.
    pub pipeline_execution_status: Status,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// When it was started.
    pub creation_time: String,
    /// When it last changed.
    pub last_modified_time: String,
    /// Each parameter, with the value it had.
    pub parameters: BTreeMap<String, Value>,
    /// The steps, in the order they ran, then those that did not.
    pub steps: Vec<StepRecord>,
}

/// One step of an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StepRecord {
    /// Its name.
    pub step_name: String,
    /// Its type.
    pub step_type: String,
    /// Where it stands.
    pub step_status: Status,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// How often it was begun.
    pub attempt_count: u32,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// What came of it: a job's arn, a condition's outcome, a model package.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub metadata: Value,
    /// What its process printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

impl Execution {
    /// The record of `step`.
    pub fn step(&self, name: &str) -> Option<&StepRecord> {
        self.steps.iter().find(|step| step.step_name == name)
    }
}
