//! `driftline monitor check`: a monitor file and everything it points to, looked at before a window fails on it.
//!
//! One line per check: ok, a warning, or wrong, and what to do. Reads, and writes nothing; the time is an argument. Does not
//! judge data (`analyze`), and knows no pipelines, no account and no environment (the command line adds those checks).

mod account;
mod baseline;
mod capture;
mod labels;
#[cfg(test)]
mod tests;

pub use self::account::endpoint_checks;
use self::capture::Looked;
use crate::error::EngineError;
use crate::monitor::Monitor;
use ::capture::schema::Schema;
use serde::Serialize;
use store::{Location, StoreOptions, join_key, open_store, strip_root};

const MAX_SCHEMA_BYTES: u64 = 16 << 20;
const MONITOR_FILE: &str = "monitor.toml";

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As it should be.
    Ok,
    /// It works, and a person should look.
    Warning,
    /// The monitor cannot do its work.
    Wrong,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked: a key of the file, or what it points to.
    pub check: &'static str,
    /// How it ended.
    pub standing: Standing,
    /// What was found.
    pub found: String,
    /// What to do; empty where all is well.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub todo: String,
}

impl Check {
    /// All is well.
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            standing: Standing::Ok,
            found: found.into(),
            todo: String::new(),
        }
    }

    /// It works, and a person should look.
    pub fn warning(check: &'static str, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            check,
            standing: Standing::Warning,
            found: found.into(),
            todo: todo.into(),
        }
    }

    /// The monitor cannot do its work.
    pub fn wrong(check: &'static str, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            check,
            standing: Standing::Wrong,
            found: found.into(),
            todo: todo.into(),
        }
    }

    /// An error as a check that went wrong.
    pub fn failed(check: &'static str, error: &EngineError) -> Self {
        Self::wrong(check, error.to_string(), error.hint().unwrap_or_default())
    }
}

/// What was found of one monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonitorChecks {
    /// The file.
    pub file: String,
    /// The monitor's name; `None` where the file cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The worst of the checks.
    pub standing: Standing,
    /// Checks, in the order they were made.
    pub checks: Vec<Check>,
}

impl MonitorChecks {
    /// Adds a check.
    pub fn push(&mut self, check: Check) {
        self.standing = self.standing.max(check.standing);
        self.checks.push(check);
    }
}

/// Checks the monitor file at `file`; `now` is the time in seconds. Gives the monitor too, where its file can be read.
pub async fn check(file: &Location, now: i64, options: &StoreOptions) -> (MonitorChecks, Option<Monitor>) {
    let mut found = MonitorChecks {
        file: file.to_string(),
        name: None,
        standing: Standing::Ok,
        checks: Vec::new(),
    };
    let monitor = match Monitor::load(file, options).await {
        Ok(monitor) => monitor,
        Err(error) => {
            found.push(Check::failed("settings", &error));
            return (found, None);
        }
    };
    found.name = Some(monitor.name.clone());
    found.push(Check::ok(
        "settings",
        format!("windows of {}, {} of grace", monitor.window, monitor.grace),
    ));
    let schema = match schema(&monitor, options).await {
        Ok(schema) => {
            if let (Some(at), Some(schema)) = (&monitor.schema, &schema) {
                let n = schema.features.len() + schema.output_columns().len();
                found.push(Check::ok("schema", format!("{n} columns in {at}")));
            }
            schema
        }
        Err(error) => {
            found.push(Check::failed("schema", &error));
            None
        }
    };
    let looked = match capture::look(&monitor, options).await {
        Ok(looked) => {
            for check in looked.checks(&monitor, now) {
                found.push(check);
            }
            Some(looked)
        }
        Err(error) => {
            found.push(Check::failed("capture", &error));
            None
        }
    };
    for check in baseline::checks(&monitor, schema.as_ref(), looked.as_ref(), options).await {
        found.push(check);
    }
    let newest = looked.as_ref().and_then(Looked::newest_hour);
    for check in labels::checks(&monitor, schema, newest, options).await {
        found.push(check);
    }
    for check in rest(&monitor, options).await {
        found.push(check);
    }
    (found, Some(monitor))
}

async fn schema(monitor: &Monitor, options: &StoreOptions) -> Result<Option<Schema>, EngineError> {
    let Some(at) = &monitor.schema else {
        return Ok(None);
    };
    let name = at.file_name().unwrap_or_default().to_owned();
    let folder = at.parent().unwrap_or_else(|| at.clone());
    let (store, root) = open_store(&folder, options).await?;
    let object = store.get(&join_key(&root, &name), MAX_SCHEMA_BYTES).await?;
    Schema::parse(&object.bytes).map(Some).map_err(|error| {
        EngineError::new(
            crate::ErrorKind::Usage,
            format!("schema file {at} cannot be used: {error}"),
        )
        .with_hint("README.md, section `Schema files`, shows the form")
    })
}

/// History, invocations, and where alerts go.
async fn rest(monitor: &Monitor, options: &StoreOptions) -> Vec<Check> {
    let mut out = Vec::new();
    match &monitor.history {
        Some(at) => out.push(match has_objects(at, options).await {
            Ok(true) => Check::ok("history", format!("outputs of earlier runs at {at}")),
            Ok(false) => Check::warning(
                "history",
                format!("nothing at {at} yet"),
                "write each window's output to a folder of its own there, as <start>--<end>/r1",
            ),
            Err(error) => Check::failed("history", &error),
        }),
        None if monitor.drift.reference != baselines::reference::Reference::Baseline => {
            out.push(Check::wrong(
                "history",
                format!(
                    "drift.reference is {}, and there is no history to take it from",
                    monitor.drift.reference
                ),
                "name the folder of earlier outputs with `history`",
            ));
        }
        None => out.push(Check::warning(
            "history",
            "there is none: capture's volume and gaps cannot be held against earlier windows",
            "name the folder of earlier outputs with `history`",
        )),
    }
    if let Some(at) = &monitor.capture_health.invocations {
        out.push(match crate::capture_health::read_invocations(at, options).await {
            Ok(_)
                if monitor
                    .capture_health
                    .policy
                    .as_ref()
                    .is_none_or(|policy| policy.sampling.is_none()) =>
            {
                Check::warning(
                    "capture_health.invocations",
                    "requests are counted, and no sampling percentage says how many should be captured",
                    "set capture_health.sampling",
                )
            }
            Ok(_) => Check::ok(
                "capture_health.invocations",
                format!("requests are counted in {at}"),
            ),
            Err(error) => Check::failed("capture_health.invocations", &error),
        });
    }
    match &monitor.alerts {
        None => out.push(Check::warning(
            "alerts",
            "there is no [alerts], so nobody is told",
            "docs/alerts.md shows routes to Slack, Teams, PagerDuty, e-mail and webhooks",
        )),
        Some(alerts) if alerts.routes.is_empty() => out.push(Check::warning(
            "alerts",
            "[alerts] has no route, so nobody is told",
            "add a route: docs/alerts.md",
        )),
        Some(alerts) => {
            let names: Vec<&str> = alerts.routes.keys().map(String::as_str).collect();
            out.push(Check::ok("alerts", format!("routes: {}", names.join(", "))));
        }
    }
    out
}

/// Environment variables that routes name and `has` does not have. Only where alerts are sent do they have to be set.
pub fn secret_checks(monitor: &Monitor, has: impl Fn(&str) -> bool) -> Vec<Check> {
    let routes = monitor.alerts.iter().flat_map(|alerts| &alerts.routes);
    let missing = routes.filter_map(|(name, route)| {
        let variables: Vec<&str> = route.variables().into_iter().filter(|name| !has(name)).collect();
        (!variables.is_empty()).then(|| {
            Check::warning(
                "alerts.secrets",
                format!("route {name} needs {}, not set here", variables.join(" and ")),
                "set it where alerts are sent: the function's environment, or that of `driftline watch`",
            )
        })
    });
    missing.collect()
}

pub(super) async fn has_objects(at: &Location, options: &StoreOptions) -> Result<bool, EngineError> {
    let (store, root) = open_store(at, options).await?;
    match store.list(&root).await {
        Ok(listed) => Ok(!listed.is_empty()),
        Err(error) if error.kind() == store::StoreErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Files of all monitors of a store: `monitors/<name>/monitor.toml`, by name.
pub async fn monitors_of(store_at: &Location, options: &StoreOptions) -> Result<Vec<Location>, EngineError> {
    let (store, root) = open_store(store_at, options).await?;
    let listed = match store.list(&join_key(&root, "monitors/")).await {
        Ok(listed) => listed,
        Err(error) if error.kind() == store::StoreErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let is_monitor = |key: &str| {
        let parts: Vec<&str> = key.split('/').collect();
        matches!(parts[..], ["monitors", _, MONITOR_FILE])
    };
    let found: Vec<Location> = listed
        .iter()
        .map(|meta| strip_root(&root, &meta.key))
        .filter(|key| is_monitor(key))
        .map(|key| store_at.join(key))
        .collect();
    if found.is_empty() {
        return Err(EngineError::new(
            crate::ErrorKind::NothingToAnalyse,
            format!("no monitors/*/{MONITOR_FILE} at {store_at}"),
        )
        .with_hint("--store is the folder or bucket that holds monitors/; `driftline init --output STORE/monitors/NAME` makes one"));
    }
    Ok(found)
}
