//! The order of things: steps as they become ready, conditions, retries, and the record kept after each.

use super::execution::{Execution, Status, StepRecord};
use super::job::{Failure, Job, Outcome};
use super::layout::Layout;
use super::places::{Places, write_json};
use super::registry::Registry;
use super::{ARN_PREFIX, Settings, processing, training, tuning};
use crate::check::{order, problems};
use crate::definition::{Definition, Step};
use crate::error::PipelineError;
use crate::expression::{Scope, evaluate, holds, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What an observer is told.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step begins; where its process prints.
    Started {
        /// The step.
        step: &'a str,
        /// Its type.
        kind: &'a str,
        /// The log, for steps that run a process.
        log: Option<&'a Path>,
    },
    /// A step is over, well or badly.
    Ended {
        /// Its record.
        record: &'a StepRecord,
    },
}

/// Executes `definition`. `Ok` also when the execution fails: [`Execution::failure_reason`] says why. The record is kept in
/// `{root}/{execution}/execution.json`, rewritten atomically after every step; an execution whose record says it is over
/// is not run again.
pub fn run(
    definition: &Definition,
    given: &BTreeMap<String, String>,
    settings: &Settings,
    observe: &mut dyn FnMut(&Event<'_>),
) -> Result<Execution, PipelineError> {
    let faults = problems(definition);
    if !faults.is_empty() {
        return Err(PipelineError::Faulty { problems: faults });
    }
    let parameters = parameters(definition, given)?;
    let folder = settings.root.join(&settings.execution);
    let record_at = folder.join("execution.json");
    if let Ok(bytes) = std::fs::read(&record_at)
        && let Ok(earlier) = serde_json::from_slice::<Execution>(&bytes)
        && earlier.pipeline_execution_status != Status::Executing
    {
        return Ok(earlier);
    }
    let arn = format!("{ARN_PREFIX}:pipeline/{}", settings.pipeline);
    let started = (settings.clock)();
    let mut runner = Runner {
        settings,
        folder,
        record_at,
        places: Places::new(&settings.objects),
        properties: BTreeMap::new(),
        files: BTreeMap::new(),
        execution: Execution {
            pipeline_execution_arn: format!("{arn}/execution/{}", settings.execution),
            pipeline_arn: arn,
            pipeline_execution_status: Status::Executing,
            failure_reason: None,
            creation_time: started.clone(),
            last_modified_time: started,
            parameters,
            steps: Vec::new(),
        },
        observe,
    };
    runner.save()?;
    let failure = runner.steps(&definition.steps)?;
    runner.execution.pipeline_execution_status = if failure.is_some() {
        Status::Failed
    } else {
        Status::Succeeded
    };
    runner.execution.failure_reason = failure;
    for step in definition.all_steps() {
        if runner.execution.step(&step.name).is_none() {
            runner.execution.steps.push(StepRecord {
                step_name: step.name,
                step_type: step.kind,
                step_status: Status::NotExecuted,
                start_time: None,
                end_time: None,
                attempt_count: 0,
                failure_reason: None,
                metadata: Value::Null,
                log: None,
            });
        }
    }
    runner.save()?;
    Ok(runner.execution)
}

/// Each parameter's value, of the type it is declared with: what was given, else its default.
pub(super) fn parameters(
    definition: &Definition,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, PipelineError> {
    let fault = |name: &str, reason: String| PipelineError::Parameter {
        name: name.to_owned(),
        reason,
    };
    if let Some(unknown) = given.keys().find(|name| definition.parameter(name).is_none()) {
        let known: Vec<&str> = definition
            .parameters
            .iter()
            .map(|known| known.name.as_str())
            .collect();
        return Err(fault(
            unknown,
            format!("the pipeline has no such parameter; it has {}", known.join(", ")),
        ));
    }
    let mut values = BTreeMap::new();
    for parameter in &definition.parameters {
        let value = match (given.get(&parameter.name), &parameter.default_value) {
            (Some(text), _) => parameter
                .kind
                .parse(text)
                .map_err(|reason| fault(&parameter.name, format!("`{text}` was given; {reason}")))?,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                return Err(fault(
                    &parameter.name,
                    "it has no default and none was given".to_owned(),
                ));
            }
        };
        if let Some(allowed) = &parameter.enum_values
            && !allowed.contains(&value)
        {
            return Err(fault(
                &parameter.name,
                format!("accepted are {}", Value::from(allowed.clone())),
            ));
        }
        values.insert(parameter.name.clone(), value);
    }
    Ok(values)
}

struct Runner<'a> {
    settings: &'a Settings,
    folder: PathBuf,
    record_at: PathBuf,
    places: Places,
    properties: BTreeMap<String, Value>,
    /// Property files by step and name.
    files: BTreeMap<(String, String), PathBuf>,
    execution: Execution,
    observe: &'a mut dyn FnMut(&Event<'_>),
}

impl Scope for Runner<'_> {
    fn parameter(&self, name: &str) -> Option<Value> {
        self.execution.parameters.get(name).cloned()
    }

    fn execution(&self, name: &str) -> Option<Value> {
        let execution = &self.execution;
        Some(Value::from(match name {
            "PipelineName" => self.settings.pipeline.as_str(),
            "PipelineArn" => execution.pipeline_arn.as_str(),
            "PipelineExecutionArn" => execution.pipeline_execution_arn.as_str(),
            "PipelineExecutionId" => self.settings.execution.as_str(),
            "StartDateTime" => execution.creation_time.as_str(),
            "CurrentDateTime" => execution.last_modified_time.as_str(),
            _ => return None,
        }))
    }

    fn properties(&self, step: &str) -> Option<&Value> {
        self.properties.get(step)
    }

    fn property_file(&self, step: &str, name: &str) -> Result<Value, String> {
        let path = self
            .files
            .get(&(step.to_owned(), name.to_owned()))
            .ok_or_else(|| {
                format!("step `{step}` has not been run, so its property file `{name}` is not there")
            })?;
        let bytes = std::fs::read(path).map_err(|error| {
            format!(
                "property file `{name}` of step `{step}` cannot be read at {}: {error}",
                path.display()
            )
        })?;
        serde_json::from_slice(&bytes)
            .map_err(|error| format!("property file `{name}` of step `{step}` is no JSON: {error}"))
    }
}

impl Runner<'_> {
    fn save(&mut self) -> Result<(), PipelineError> {
        self.execution.last_modified_time = (self.settings.clock)();
        write_json(&self.record_at, &self.execution)
    }

    /// Runs the steps in order; the reason of the first failure ends it.
    fn steps(&mut self, steps: &[Step]) -> Result<Option<String>, PipelineError> {
        let order = order(steps).map_err(|stuck| PipelineError::Faulty {
            problems: vec![format!("steps wait for each other: {}", stuck.join(", "))],
        })?;
        for idx in order {
            if let Some(reason) = self.step(&steps[idx])? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    fn step(&mut self, step: &Step) -> Result<Option<String>, PipelineError> {
        let mut record = StepRecord {
            step_name: step.name.clone(),
            step_type: step.kind.clone(),
            step_status: Status::Executing,
            start_time: Some((self.settings.clock)()),
            end_time: None,
            attempt_count: 0,
            failure_reason: None,
            metadata: Value::Null,
            log: None,
        };
        self.execution.steps.push(record.clone());
        let at = self.execution.steps.len() - 1;
        self.save()?;
        let outcome = match step.kind.as_str() {
            "Condition" => self.condition(step, &mut record),
            "Fail" => self.fail(step, &mut record).map(Some),
            "RegisterModel" => self.register(step, &mut record).map(|()| None),
            _ => self.job(step, &mut record),
        };
        // A reference without a value is the step's failure, as in SageMaker; a fault of this machine is ours.
        let (failure, branch) = match outcome {
            Ok(found) => (found, taken(step, &record)?),
            Err(PipelineError::Expression { place, reason }) => {
                (Some(format!("ClientError: {place}: {reason}")), Vec::new())
            }
            Err(other) => return Err(other),
        };
        record.end_time = Some((self.settings.clock)());
        record.step_status = if failure.is_some() {
            Status::Failed
        } else {
            Status::Succeeded
        };
        record.failure_reason.clone_from(&failure);
        self.execution.steps[at] = record;
        (self.observe)(&Event::Ended {
            record: &self.execution.steps[at],
        });
        self.save()?;
        match failure {
            Some(reason) => Ok(Some(format!("Step '{}' failed: {reason}", step.name))),
            None => self.steps(&branch),
        }
    }

    fn condition(&mut self, step: &Step, record: &mut StepRecord) -> Result<Option<String>, PipelineError> {
        self.started(step, None);
        record.attempt_count = 1;
        let mut held = true;
        let mut each = Vec::new();
        let none = Vec::new();
        for (idx, condition) in step.arguments["Conditions"]
            .as_array()
            .unwrap_or(&none)
            .iter()
            .enumerate()
        {
            let answer = holds(
                condition,
                self,
                &format!("step `{}`, condition {}", step.name, idx + 1),
            )?;
            each.push(json!({"Type": condition["Type"], "Outcome": if answer { "True" } else { "False" }}));
            held &= answer;
        }
        record.metadata =
            json!({"Condition": {"Outcome": if held { "True" } else { "False" }, "Each": each}});
        Ok(None)
    }

    fn fail(&mut self, step: &Step, record: &mut StepRecord) -> Result<String, PipelineError> {
        self.started(step, None);
        record.attempt_count = 1;
        let message = evaluate(
            &step.arguments["ErrorMessage"],
            self,
            &format!("step `{}`, ErrorMessage", step.name),
        )?;
        let message = text(&message).unwrap_or_default();
        record.metadata = json!({"Fail": {"ErrorMessage": message}});
        Ok(message)
    }

    fn register(&mut self, step: &Step, record: &mut StepRecord) -> Result<(), PipelineError> {
        self.started(step, None);
        record.attempt_count = 1;
        let request = evaluate(&step.arguments, self, &format!("step `{}`", step.name))?;
        let package = Registry::new(&self.settings.registry).register(&request, &(self.settings.clock)())?;
        record.metadata = json!({"RegisterModel": {"Arn": package.model_package_arn}});
        let mut properties = serde_json::to_value(&package).expect("a package is plain JSON");
        properties["ModelPackageName"] = Value::from(package.model_package_arn);
        self.properties.insert(step.name.clone(), properties);
        Ok(())
    }

    fn started(&mut self, step: &Step, log: Option<&Path>) {
        (self.observe)(&Event::Started {
            step: &step.name,
            kind: &step.kind,
            log,
        });
    }

    fn job(&mut self, step: &Step, record: &mut StepRecord) -> Result<Option<String>, PipelineError> {
        let request = evaluate(&step.arguments, self, &format!("step `{}`", step.name))?;
        let mut repeated: BTreeMap<usize, u32> = BTreeMap::new();
        loop {
            record.attempt_count += 1;
            let attempt = record.attempt_count;
            let layout = Layout::new(self.folder.join(format!("{}-{attempt}", step.name)))?;
            record.log = Some(layout.log().to_string_lossy().into_owned());
            self.started(step, Some(&layout.log()));
            let job = Job {
                settings: self.settings,
                places: self.places.clone(),
                step: &step.name,
                name: format!("pipelines-{}-{}-{attempt}", self.settings.execution, step.name),
                layout,
            };
            let outcome = match step.kind.as_str() {
                "Processing" => processing::run(&job, &request)?,
                "Training" => training::run(&job, &request)?,
                _ => tuning::run(&job, &request)?,
            };
            match outcome {
                Outcome::Done { properties, metadata } => {
                    self.remember(step, &request, properties);
                    record.metadata = metadata;
                    return Ok(None);
                }
                Outcome::Failed(failure) => {
                    if !may_repeat(step, &failure, &mut repeated) {
                        return Ok(Some(failure.reason));
                    }
                }
            }
        }
    }

    fn remember(&mut self, step: &Step, request: &Value, properties: Value) {
        for file in &step.property_files {
            let uri = request
                .pointer("/ProcessingOutputConfig/Outputs")
                .and_then(Value::as_array)
                .and_then(|outputs| {
                    outputs
                        .iter()
                        .find(|output| output["OutputName"] == file.output_name.as_str())
                })
                .and_then(|output| output.pointer("/S3Output/S3Uri"))
                .and_then(Value::as_str)
                .and_then(|uri| self.places.path(uri).ok());
            if let Some(folder) = uri {
                let key = (step.name.clone(), file.property_file_name.clone());
                self.files.insert(key, folder.join(&file.file_path));
            }
        }
        self.properties.insert(step.name.clone(), properties);
    }
}

/// The steps of the branch that a condition takes.
fn taken(step: &Step, record: &StepRecord) -> Result<Vec<Step>, PipelineError> {
    if step.kind != "Condition" {
        return Ok(Vec::new());
    }
    let held = record.metadata.pointer("/Condition/Outcome") == Some(&json!("True"));
    step.branch(if held { "IfSteps" } else { "ElseSteps" })
        .map_err(|error| PipelineError::Unreadable {
            reason: format!("step `{}`: {error}", step.name),
        })
}

/// Whether a policy of the step repeats this failure. Waits between repetitions are for services under load: none here.
fn may_repeat(step: &Step, failure: &Failure, repeated: &mut BTreeMap<usize, u32>) -> bool {
    let Some(exception) = failure.exception else {
        return false;
    };
    let policy = step
        .retry_policies
        .iter()
        .enumerate()
        .find(|(_, policy)| policy.exception_type.iter().any(|name| name == exception));
    let Some((idx, policy)) = policy else {
        return false;
    };
    let n = repeated.entry(idx).or_default();
    *n += 1;
    *n <= policy.max_attempts.unwrap_or(5)
}
