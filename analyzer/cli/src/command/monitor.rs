//! `driftline monitor`: check monitors and everything they point to; print the schema for editors.
//!
//! Looks and prints: `engine::check` finds out, and the crate `pipeline` knows definitions.

use super::pipeline::definition_or_ours;
use crate::{exit, message, settings};
use clap::{Args, Subcommand};
use engine::check::{Check, MonitorChecks, Standing, check, monitors_of};
use engine::monitor::retrain::PARAMETERS;
use engine::monitor::{RetrainSettings, SCHEMA};
use engine::{EngineError, ErrorKind};
use pipeline::check::problems;
use serde::Serialize;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use store::StoreOptions;

#[derive(Debug, Args)]
pub(crate) struct MonitorArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a monitor file, and its capture, baseline, columns, calibration, labels, retraining and alerts.
    Check(CheckArguments),
    /// Print the JSON Schema of monitor.toml, for editors.
    Schema,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["monitor", "store"]))]
struct CheckArguments {
    /// The monitor's settings.
    #[arg(long, value_name = "FILE")]
    monitor: Option<String>,
    /// All monitors of a store: monitors/*/monitor.toml.
    #[arg(long, value_name = "LOCATION")]
    store: Option<String>,
    /// Definition of the retraining pipeline (JSON); driftline's own without it.
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// The time to check for, RFC 3339; the clock's without it.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// End with exit code 2 on a warning too.
    #[arg(long)]
    strict: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    standing: Standing,
    monitors: &'a [MonitorChecks],
}

pub(crate) async fn run(arguments: MonitorArguments) -> anyhow::Result<u8> {
    match arguments.action {
        Action::Schema => {
            message::data(SCHEMA);
            Ok(exit::DONE)
        }
        Action::Check(arguments) => Box::pin(check_all(&arguments)).await,
    }
}

async fn check_all(arguments: &CheckArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let now = match settings::time("--now", arguments.now.as_deref())? {
        Some(now) => now,
        None => clock()?,
    };
    let files = match (&arguments.monitor, &arguments.store) {
        (Some(file), _) => vec![settings::location("--monitor", file)?],
        (None, Some(store)) => monitors_of(&settings::location("--store", store)?, &options).await?,
        (None, None) => Vec::new(),
    };
    let mut monitors = Vec::new();
    for file in &files {
        let (mut found, monitor) = check(file, now, &options).await;
        if let Some(retrain) = monitor.and_then(|monitor| monitor.retrain) {
            for check in retraining(&retrain, arguments) {
                found.push(check);
            }
        }
        monitors.push(found);
    }
    let standing = monitors
        .iter()
        .map(|found| found.standing)
        .max()
        .unwrap_or(Standing::Ok);
    if arguments.json {
        let report = Report {
            standing,
            monitors: &monitors,
        };
        message::data(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    } else {
        for found in &monitors {
            message::data(&text(found));
        }
    }
    let limit = if arguments.strict {
        Standing::Warning
    } else {
        Standing::Wrong
    };
    Ok(if standing >= limit {
        exit::USAGE
    } else {
        exit::DONE
    })
}

fn clock() -> Result<i64, EngineError> {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs().cast_signed())
        .map_err(|_| {
            EngineError::new(ErrorKind::Usage, "the clock says a time before 1970").with_hint("give --now")
        })
}

/// Does the definition exist, is it without faults, and does it declare what a start gives it?
fn retraining(retrain: &RetrainSettings, arguments: &CheckArguments) -> Vec<Check> {
    const CHECK: &str = "retrain";
    let definition = match definition_or_ours(arguments.pipeline.as_deref()) {
        Ok(definition) => definition,
        Err(error) => return vec![Check::failed(CHECK, &error)],
    };
    let whose = arguments.pipeline.as_ref().map_or_else(
        || "driftline's own definition".to_owned(),
        |path| path.display().to_string(),
    );
    let mut out = Vec::new();
    let faults = problems(&definition);
    if !faults.is_empty() {
        out.push(Check::wrong(
            CHECK,
            format!("{whose} has faults: {}", faults.join("; ")),
            "`driftline pipeline check FILE` lists them",
        ));
    }
    for (name, value) in &retrain.parameters {
        let Some(declared) = definition.parameter(name) else {
            out.push(Check::wrong(
                CHECK,
                format!("parameter `{name}` is not declared by {whose}"),
                "correct [retrain.parameters], or give --pipeline FILE with the definition that pipeline has",
            ));
            continue;
        };
        // Placeholders such as {decision} are filled in when the pipeline is started.
        if !value.contains('{')
            && let Err(what) = declared.kind.parse(value)
        {
            out.push(Check::wrong(
                CHECK,
                format!("parameter `{name}` is `{value}`: {what}"),
                format!("{whose} declares it as {:?}", declared.kind),
            ));
        }
    }
    let given = |name: &str| PARAMETERS.contains(&name) || retrain.parameters.contains_key(name);
    let missing: Vec<&str> = definition
        .parameters
        .iter()
        .filter(|parameter| parameter.default_value.is_none() && !given(&parameter.name))
        .map(|parameter| parameter.name.as_str())
        .collect();
    if !missing.is_empty() {
        out.push(Check::wrong(
            CHECK,
            format!("{whose} needs {}, and nothing gives it", missing.join(", ")),
            "set it under [retrain.parameters]",
        ));
    }
    if out.is_empty() {
        out.push(Check::ok(
            CHECK,
            format!(
                "pipeline {}: {whose} takes what a start gives it",
                retrain.policy.pipeline
            ),
        ));
    }
    out
}

/// A table, and what to do below it.
fn text(found: &MonitorChecks) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let name = found.name.as_deref().unwrap_or("unreadable");
    let _infallible = writeln!(out, "{name} ({})", found.file);
    let width = found
        .checks
        .iter()
        .map(|check| check.check.len())
        .max()
        .unwrap_or(0);
    for check in &found.checks {
        let mark = match check.standing {
            Standing::Ok => "ok",
            Standing::Warning => "warning",
            Standing::Wrong => "wrong",
        };
        let _infallible = writeln!(out, "  {mark:8} {:width$}  {}", check.check, check.found);
        if !check.todo.is_empty() {
            let _infallible = writeln!(out, "  {:8} {:width$}  → {}", "", "", check.todo);
        }
    }
    out
}
