//! One command per file.

pub(crate) mod alerts;
mod analyze;
pub(crate) mod backtest;
pub(crate) mod bias;
mod baseline;
pub(crate) mod calibrate;
pub(crate) mod compare;
pub(crate) mod container;
mod demo;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod monitor;
pub(crate) mod replay;
pub(crate) mod pipeline;
pub(crate) mod quality;
pub(crate) mod detect;
pub(crate) mod facet;
pub(crate) mod timeline;
pub(crate) mod retrain;
pub(crate) mod parts;
pub(crate) mod watch;

use crate::args::{Arguments, Command};
use anyhow::Context as _;

/// Runs the command; gives the exit code.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime cannot start")?;
    runtime.block_on(async {
        match arguments.command {
            Command::Baseline(arguments) => Box::pin(baseline::run(arguments)).await,
            Command::Analyze(arguments) => Box::pin(analyze::run(arguments)).await,
            Command::Quality(arguments) => Box::pin(quality::run(arguments)).await,
            Command::Backtest(arguments) => Box::pin(backtest::run(arguments)).await,
            Command::Calibrate(arguments) => calibrate::run(arguments).await,
            Command::Compare(arguments) => compare::run(arguments).await,
            Command::Container(arguments) => Box::pin(container::run(arguments)).await,
            Command::Detect(arguments) => detect::run(arguments).await,
            Command::Bias(arguments) => Box::pin(bias::run(arguments)).await,
            Command::Replay(arguments) => Box::pin(replay::run(arguments)).await,
            Command::Init(arguments) => Box::pin(init::run(arguments)).await,
            Command::Monitor(arguments) => Box::pin(monitor::run(arguments)).await,
            Command::Import(arguments) => Box::pin(import::run(arguments)).await,
            Command::Export(arguments) => Box::pin(export::run(arguments)).await,
            Command::Timeline(arguments) => timeline::run(arguments).await,
            Command::Pipeline(arguments) => Box::pin(pipeline::run(arguments)).await,
            Command::Retrain(arguments) => Box::pin(retrain::run(arguments)).await,
            Command::Watch(arguments) => Box::pin(watch::run(arguments)).await,
            Command::Profile(arguments) => Box::pin(parts::run_profile(arguments)).await,
            Command::Merge(arguments) => Box::pin(parts::run_merge(arguments)).await,
            Command::Alerts(arguments) => Box::pin(alerts::run(arguments)).await,
            Command::Demo(arguments) => Box::pin(demo::run(arguments)).await,
        }
    })
}
