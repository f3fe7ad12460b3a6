//! One command per file.

mod analyze;
mod baseline;
mod demo;
pub(crate) mod quality;

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
            Command::Baseline(arguments) => baseline::run(arguments).await,
            Command::Analyze(arguments) => analyze::run(arguments).await,
            Command::Quality(arguments) => quality::run(arguments).await,
            Command::Demo(arguments) => demo::run(arguments).await,
        }
    })
}
