//! A store with one monitor and windows made of a stored verdict, a receiver, and a service that honours request tokens.

use alert::send::{Courier, Message, SendError, SendErrorKind};
use async_trait::async_trait;
use engine::alerts::Means;
use engine::retrain::complete::Package;
use engine::retrain::{
    Execution, ExecutionStatus, Patience, PipelineService, ServiceError, ServiceErrorKind, StartRequest, Step,
};
use functions::context::{Context, STORE};
use functions::reach::{Packages, Reach};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::env::VarError;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// 2026-11-21T00:00:00Z (`date -u -d 2026-11-21 +%s`, GNU coreutils 9.1).
pub(crate) const START: i64 = 1_795_219_200;
pub(crate) const DAY: i64 = 86_400;
const VERDICT: &str = include_str!("../../../baselines/test-data/verdict/v2.json");

const MONITOR: &str = r#"name = "churn"
capture = "s3://capture/churn"
baseline = "s3://baselines/churn"

[retrain]
pipeline = "churn-retrain"
when = "drift on 1 of 1 windows"
findings = ["baseline_drift_check"]

[alerts]
rate_limit = "none"

[alerts.metrics]
endpoint = "churn-prod"

[alerts.routes.team]
event_bus = "team"
"#;

/// What arrived, by id.
#[derive(Default)]
pub(crate) struct Receiver {
    pub(crate) ids: Mutex<Vec<String>>,
    pub(crate) is_down: Mutex<bool>,
}

#[async_trait]
impl Courier for Receiver {
    async fn carry(&self, message: &Message, _timeout: Duration, _now: i64) -> Result<String, SendError> {
        if *self.is_down.lock().unwrap() {
            return Err(SendError::new(SendErrorKind::Refused, "down"));
        }
        let Message::Events { entry, bus } = message else {
            return Err(SendError::new(SendErrorKind::Settings, "no event"));
        };
        let detail: Value = serde_json::from_str(&entry.detail).unwrap();
        self.ids
            .lock()
            .unwrap()
            .push(format!("{bus}: {}", detail["id"].as_str().unwrap()));
        Ok("ok".to_owned())
    }
}

/// Starts one execution for a token; its status is what the test says.
#[derive(Default)]
pub(crate) struct Pipelines {
    pub(crate) by_token: Mutex<BTreeMap<String, String>>,
    pub(crate) status: Mutex<Option<ExecutionStatus>>,
}

#[async_trait]
impl PipelineService for Pipelines {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn start(&self, request: &StartRequest) -> Result<String, ServiceError> {
        let mut by_token = self.by_token.lock().unwrap();
        let n = by_token.len();
        let arn =
            || format!("arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn-retrain/execution/e{n}");
        Ok(by_token.entry(request.token.clone()).or_insert_with(arn).clone())
    }

    async fn find(&self, _pipeline: &str, display_name: &str) -> Result<Option<String>, ServiceError> {
        Ok(self.by_token.lock().unwrap().get(display_name).cloned())
    }

    async fn describe(&self, execution: &str) -> Result<Execution, ServiceError> {
        if !self.by_token.lock().unwrap().values().any(|arn| arn == execution) {
            return Err(ServiceError {
                kind: ServiceErrorKind::NotFound,
                asked: "describe".to_owned(),
                said: "no such execution".to_owned(),
            });
        }
        Ok(Execution {
            status: self.status.lock().unwrap().unwrap_or(ExecutionStatus::Executing),
            failure_reason: None,
            changed_at: Some(START + 3 * DAY),
        })
    }

    async fn steps(&self, _execution: &str) -> Result<Vec<Step>, ServiceError> {
        Ok(Vec::new())
    }
}

/// Packages by ARN.
#[derive(Default)]
pub(crate) struct Registered {
    pub(crate) by_arn: Mutex<BTreeMap<String, Package>>,
}

#[async_trait]
impl Packages for Registered {
    async fn describe(&self, arn: &str) -> Result<Package, ServiceError> {
        let found = self.by_arn.lock().unwrap().get(arn).cloned();
        found.ok_or_else(|| ServiceError {
            kind: ServiceErrorKind::NotFound,
            asked: "describe".to_owned(),
            said: "no such package".to_owned(),
        })
    }
}

/// The scene; the folder goes with it.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) pipelines: Arc<Pipelines>,
    pub(crate) registered: Arc<Registered>,
    pub(crate) metrics: Arc<Mutex<Vec<String>>>,
    pub(crate) reach: Reach,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with_bus(None)
    }

    pub(crate) fn with_bus(bus: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("monitors/churn");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("monitor.toml"), MONITOR).unwrap();
        let store = folder.path().to_str().unwrap().to_owned();
        let context = Context::from_variables(|name| match name {
            STORE => Ok(store.clone()),
            _ => Err(VarError::NotPresent),
        })
        .unwrap();
        let (receiver, pipelines) = (Arc::new(Receiver::default()), Arc::new(Pipelines::default()));
        let registered = Arc::new(Registered::default());
        let metrics = Arc::new(Mutex::new(Vec::new()));
        let printed = metrics.clone();
        let reach = Reach {
            context,
            means: Means {
                courier: receiver.clone(),
                secrets: Arc::new(|_| None),
                holder: "test".to_owned(),
                bus: bus.map(str::to_owned),
            },
            service: pipelines.clone(),
            packages: registered.clone(),
            patience: Patience {
                attempts: 1,
                first_wait: Duration::ZERO,
            },
            metrics: Arc::new(move |line: &str| printed.lock().unwrap().push(line.to_owned())),
        };
        Self {
            folder,
            receiver,
            pipelines,
            registered,
            metrics,
            reach,
        }
    }

    /// Writes an object of the store.
    pub(crate) fn write(&self, key: &str, text: &str) {
        let place = self.folder.path().join(key);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
    }

    /// Writes a day's verdict, violated or calm, and gives the event that says so.
    pub(crate) fn judged(&self, day: i64, revision: u32, violated: bool) -> Value {
        let mut verdict: Value = serde_json::from_str(VERDICT).unwrap();
        let time = |day: i64| format!("2026-11-{:02}T00:00:00Z", 21 + day);
        verdict["window"]["start"] = json!(time(day));
        verdict["window"]["end"] = json!(time(day + 1));
        if !violated {
            verdict["status"] = json!("pass");
            verdict["findings"] = json!([]);
        }
        let name = format!(
            "monitors/churn/windows/{}--{}/r{revision}",
            time(day),
            time(day + 1)
        );
        let place = self.folder.path().join(&name);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("report.html"), "<html>").unwrap();
        std::fs::write(place.join("verdict.json"), serde_json::to_vec(&verdict).unwrap()).unwrap();
        json!({"version": "0", "source": "driftline", "detail-type": "Driftline Window Verdict", "detail": {
            "version": 1, "monitor": "churn", "endpoint": null, "variant": null,
            "window": {"start": time(day), "end": time(day + 1)}, "revision": revision,
            "status": if violated { "violated" } else { "pass" },
            "n_findings": 1, "severity": null, "location": place.to_str().unwrap()}})
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.receiver.ids.lock().unwrap().clone()
    }

    pub(crate) fn token(&self) -> String {
        self.pipelines
            .by_token
            .lock()
            .unwrap()
            .keys()
            .next()
            .unwrap()
            .clone()
    }
}

/// When the window of a day is judged: an hour after its end.
pub(crate) fn after(day: i64) -> i64 {
    START + (day + 1) * DAY + 3_600
}
