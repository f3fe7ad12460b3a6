//! `driftline monitor`: check monitors and everything they point to; print the schema for editors.
//!
//! Looks and prints: `engine::check` finds out, and the crate `pipeline` knows definitions.

mod account;
mod retrain;

use crate::{exit, message, settings};
use account::Account;
use clap::{Args, Subcommand};
use engine::check::{MonitorChecks, Standing, check, monitors_of, secret_checks};
use engine::monitor::SCHEMA;
use engine::{EngineError, ErrorKind};
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
    /// Definition of the retraining pipeline (JSON); driftline's own without it, or with --account that of the account.
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// Ask SageMaker as well: how the endpoint is captured, and what the pipeline declares.
    #[arg(long)]
    account: bool,
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
    let account = if arguments.account {
        Some(Account::open(&options).await?)
    } else {
        None
    };
    let files = match (&arguments.monitor, &arguments.store) {
        (Some(file), _) => vec![settings::location("--monitor", file)?],
        (None, Some(store)) => monitors_of(&settings::location("--store", store)?, &options).await?,
        (None, None) => Vec::new(),
    };
    let mut monitors = Vec::new();
    for file in &files {
        let (mut found, monitor) = check(file, now, &options).await;
        if let Some(monitor) = &monitor {
            let mut more = secret_checks(monitor, |name| std::env::var_os(name).is_some());
            if let Some(account) = &account {
                more.extend(account.endpoint(monitor).await?);
            }
            if let Some(settings) = &monitor.retrain {
                let account = account.as_ref().filter(|_| arguments.pipeline.is_none());
                more.extend(retrain::checks(settings, arguments.pipeline.as_deref(), account).await?);
            }
            for check in more {
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
