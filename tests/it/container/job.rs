//! A processing job in a folder: what SageMaker mounts, made small, and `driftline container` run on it.
//!
//! Knows the file system's contract (§6.1) and nothing of what the container computes.

use serde_json::{Map, Value, json};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use tests::program;
use tests::world::{World, file_names};

/// A job's folders and settings.
pub(super) struct Job {
    world: World,
    settings: Map<String, Value>,
    hosts: Vec<String>,
    current: String,
    sharded: bool,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) message: String,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Job {
    pub(super) fn new() -> Self {
        Self {
            world: World::new().unwrap(),
            settings: Map::new(),
            hosts: Vec::new(),
            current: String::new(),
            sharded: false,
        }
        .set("output_path", "/opt/ml/processing/output")
    }

    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), json!(value));
        self
    }

    /// A file below the root.
    pub(super) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.world.write(&format!("ml/{name}"), content).unwrap();
        self
    }

    /// This host among others, each with a share of the input.
    pub(super) fn host(mut self, current: &str, hosts: &[&str]) -> Self {
        current.clone_into(&mut self.current);
        self.hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        self.sharded = true;
        self
    }

    /// Every host has all of the input.
    pub(super) fn replicated(mut self) -> Self {
        self.sharded = false;
        self
    }

    pub(super) fn root(&self) -> PathBuf {
        self.world.path("ml")
    }

    fn write_config(&self) {
        let source = self.settings.get("dataset_source").cloned().unwrap_or_default();
        let distribution = if self.sharded {
            "ShardedByS3Key"
        } else {
            "FullyReplicated"
        };
        // The keys of a real file (contract §6.1); absent values are null there.
        let config = json!({
            "ProcessingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:processing-job/driftline",
            "ProcessingJobName": "driftline", "Environment": self.settings,
            "AppSpecification": {"ImageUri": "driftline", "ContainerEntrypoint": null, "ContainerArguments": null},
            "ProcessingInputs": [{"InputName": "endpoint_input_1", "AppManaged": false, "DatasetDefinition": null,
                "S3Input": {"LocalPath": source, "S3Uri": "s3://b/k", "S3DataDistributionType": distribution,
                    "S3DataType": "S3Prefix", "S3InputMode": "File", "S3CompressionType": "None", "S3DownloadMode": null}}],
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": self.hosts.len().max(1)}},
            "StoppingCondition": {"MaxRuntimeInSeconds": 1800}
        });
        let text = serde_json::to_string(&config).unwrap();
        self.world
            .write("ml/config/processingjobconfig.json", text)
            .unwrap();
        if !self.hosts.is_empty() {
            let resources = json!({"current_host": self.current, "hosts": self.hosts});
            let text = serde_json::to_string(&resources).unwrap();
            self.world.write("ml/config/resourceconfig.json", text).unwrap();
        }
    }

    /// Starts the container; whoever calls waits for it.
    pub(super) fn start(&self) -> Child {
        self.write_config();
        let mut command = Command::new(program::built("driftline").unwrap());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .args(["container", "--root"])
            .arg(self.root())
            .env("USER_VARIABLE_NOBODY_KNOWS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub(super) fn run(&self) -> Ended {
        self.ended(&self.start().wait_with_output().unwrap())
    }

    /// What a run left.
    pub(super) fn ended(&self, output: &Output) -> Ended {
        Ended {
            code: output.status.code().unwrap_or(-1),
            message: self.text("output/message").unwrap_or_default(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs it and expects exit code 0.
    pub(super) fn succeed(&self) -> Ended {
        let ended = self.run();
        assert_eq!(ended.code, 0, "{ended:#?}");
        ended
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.root().join(name)).ok()
    }

    /// A document of the output.
    pub(super) fn output(&self, name: &str) -> Value {
        let text = self.text(&format!("processing/output/{name}"));
        serde_json::from_str(&text.unwrap_or_else(|| panic!("{name} was not written"))).unwrap()
    }

    /// Bytes of every document of the output, by name.
    pub(super) fn documents(&self) -> Vec<(String, Vec<u8>)> {
        let folder = self.root().join("processing/output");
        let names = file_names(&folder);
        names
            .into_iter()
            .map(|name| {
                let bytes = std::fs::read(folder.join(&name)).unwrap();
                (name, bytes)
            })
            .collect()
    }

    /// `(check, feature or metric)` of each violation.
    pub(super) fn violations(&self) -> Vec<(String, String)> {
        let document = self.output("constraint_violations.json");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        document["violations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| {
                let name = found.get("feature_name").or(found.get("metric_name"));
                (text(&found["constraint_check_type"]), text(name.unwrap()))
            })
            .collect()
    }

    /// The CloudWatch lines.
    pub(super) fn metrics(&self) -> Vec<Value> {
        let text = self.text("output/metrics/cloudwatch/cloudwatch_metrics.jsonl");
        let text = text.unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The feature `name` of `statistics.json`.
    pub(super) fn feature(&self, name: &str) -> Value {
        let statistics = self.output("statistics.json");
        let features = statistics["features"].as_array().unwrap();
        let found = features.iter().find(|feature| feature["name"] == name);
        found
            .unwrap_or_else(|| panic!("no feature {name} in {statistics}"))
            .clone()
    }
}

/// A port nobody listens at.
pub(super) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A captured record of an endpoint with CSV on both sides.
pub(super) fn captured(id: &str, time: &str, input: &str, output: &str) -> String {
    let side = |mode: &str, data: &str| json!({"observedContentType": "text/csv", "mode": mode, "data": data, "encoding": "CSV"});
    let record = json!({
        "captureData": {"endpointInput": side("INPUT", input), "endpointOutput": side("OUTPUT", output)},
        "eventMetadata": {"eventId": id, "inferenceTime": time}, "eventVersion": "0"
    });
    format!("{record}\n")
}

/// Python 3, if the machine has it.
#[expect(clippy::print_stdout, reason = "a test that skips says so")]
pub(super) fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output();
    let has = found.is_ok_and(|output| output.status.success());
    if !has {
        println!("skipped: python3 is not on this machine");
    }
    has
}
