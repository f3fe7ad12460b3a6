//! EventBridge rules with a queue as the twin of their target, and SageMaker's own events.
//!
//! moto gives events to queues and to no function, so each rule's queue is emptied into the function here, as EventBridge
//! would: three attempts in all, one event each. Sources: EventBridge User Guide, "Retrying event delivery"; SageMaker
//! Developer Guide, "Events that SageMaker sends to Amazon EventBridge".

use super::executions::Execution;
use super::http::send;
use super::queues::Queue;
use super::{ACCOUNT, Aws, Invoked, REGION};
use anyhow::{Context, Result, ensure};
use hyper::body::Bytes;
use serde_json::{Value, json};

const MAX_ATTEMPTS: usize = 3;

/// A rule and the queue that stands for its target.
#[derive(Debug, Clone)]
pub struct Twin {
    /// Events that matched.
    pub queue: Queue,
}

impl Aws {
    /// Makes a bus.
    pub fn make_bus(&self, name: &str) -> Result<()> {
        self.json("events", "AWSEvents.CreateEventBus", &json!({"Name": name}))?;
        Ok(())
    }

    /// A rule on `bus` (`default` is there from the start).
    pub fn make_rule(&self, bus: &str, name: &str, pattern: &Value) -> Result<Twin> {
        let queue = self.make_queue(&format!("rule-{name}"))?;
        let rule = json!({"Name": name, "EventBusName": bus, "EventPattern": pattern.to_string()});
        self.json("events", "AWSEvents.PutRule", &rule)?;
        let targets =
            json!({"Rule": name, "EventBusName": bus, "Targets": [{"Id": "twin", "Arn": queue.arn}]});
        let answer = self.json("events", "AWSEvents.PutTargets", &targets)?;
        ensure!(answer["FailedEntryCount"] == 0, "{answer}");
        Ok(Twin { queue })
    }

    /// Puts an event on a bus.
    pub fn put_event(&self, bus: &str, source: &str, kind: &str, detail: &Value) -> Result<()> {
        let entry = json!({"EventBusName": bus, "Source": source, "DetailType": kind, "Detail": detail.to_string(),
            "Resources": []});
        let answer = self.json("events", "AWSEvents.PutEvents", &json!({"Entries": [entry]}))?;
        ensure!(answer["FailedEntryCount"] == 0, "{answer}");
        Ok(())
    }

    /// The events that have matched, and forgets them.
    pub fn take_events(&self, twin: &Twin) -> Result<Vec<Value>> {
        let bodies = self.drain(&twin.queue)?;
        bodies
            .iter()
            .map(|body| serde_json::from_str(body).context("an event that is no JSON"))
            .collect()
    }

    /// Gives an event to a function, again where it fails; the last answer.
    pub fn deliver(&self, event: &Value, function: &str) -> Result<Invoked> {
        let mut invoked = self.invoke(function, event)?;
        for _ in 1..MAX_ATTEMPTS {
            if invoked.error.is_none() {
                break;
            }
            invoked = self.invoke(function, event)?;
        }
        Ok(invoked)
    }

    /// Gives every event that has matched to a function.
    pub fn deliver_all(&self, twin: &Twin, function: &str) -> Result<Vec<Invoked>> {
        let events = self.take_events(twin)?;
        events.iter().map(|event| self.deliver(event, function)).collect()
    }

    /// What EventBridge Scheduler gives its target at `time`: `input` with the attributes it knows filled in.
    pub fn scheduled(input: &str, time: &str) -> Result<Value> {
        let filled = input
            .replace("<aws.scheduler.scheduled-time>", time)
            .replace("<aws.scheduler.attempt-number>", "1");
        serde_json::from_str(&filled).context("the input of a schedule")
    }

    /// Makes a pipeline; moto takes any definition.
    pub fn make_pipeline(&self, name: &str) -> Result<()> {
        let asked = json!({"PipelineName": name, "PipelineDisplayName": name, "PipelineDefinition": "{}",
            "ClientRequestToken": format!("make-{name}-000000000000000000000000"),
            "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/pipeline")});
        self.json("sagemaker", "SageMaker.CreatePipeline", &asked)?;
        Ok(())
    }

    /// ARNs of all executions that were started through the account's port.
    pub fn executions(&self) -> Vec<String> {
        self.runtime.block_on(self.shared.executions.arns())
    }

    /// Parameters that an execution was started with, by name, as moto kept them.
    pub fn execution_parameters(&self, arn: &str) -> Result<Vec<(String, String)>> {
        let asked = json!({"PipelineExecutionArn": arn});
        let target = "SageMaker.ListPipelineParametersForExecution";
        let answer = self.json("sagemaker", target, &asked)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let parameters = answer["PipelineParameters"].as_array().into_iter().flatten();
        Ok(parameters
            .map(|parameter| (text(&parameter["Name"]), text(&parameter["Value"])))
            .collect())
    }

    /// An execution changes its status, and SageMaker says so on the default bus.
    pub fn change_execution(
        &self,
        arn: &str,
        status: &str,
        failure: Option<&str>,
        steps: Vec<Value>,
    ) -> Result<()> {
        let now = Execution {
            status: status.to_owned(),
            failure: failure.map(str::to_owned),
            steps,
        };
        let before = self.runtime.block_on(self.shared.executions.set(arn, now));
        let before = before.with_context(|| format!("no execution {arn} was started"))?;
        let pipeline = arn.split("/execution/").next().unwrap_or(arn);
        let detail = json!({
            "pipelineArn": pipeline, "pipelineExecutionArn": arn,
            "pipelineExecutionDescription": "", "pipelineExecutionDisplayName": "",
            "previousPipelineExecutionStatus": before.status, "currentPipelineExecutionStatus": status,
            "executionStartTime": "2026-01-31T06:00:00Z", "executionEndTime": "2026-01-31T07:00:00Z",
        });
        let kind = "SageMaker Model Building Pipeline Execution Status Change";
        self.put_event("default", "aws.sagemaker", kind, &detail)
    }

    /// The region's Step Functions run what they are given, and their Lambda tasks come to this account's functions.
    pub fn switch_on_states(&self) -> Result<()> {
        let settings =
            json!({"stepfunctions": {"execute_state_machine": true}, "lambda": {"use_docker": false}});
        let request = self
            .request("POST", "/moto-api/config", "moto")
            .header("content-type", "application/json")
            .body(Bytes::from(settings.to_string()))?;
        let answer = self.runtime.block_on(send(self.behind(), request))?;
        ensure!(
            answer.status().is_success(),
            "moto's settings: {}",
            answer.status()
        );
        Ok(())
    }

    /// ARN of a function of this account.
    pub fn function_arn(name: &str) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
    }
}
