//! `driftline monitor`: check a monitor and everything it points to; print the schema for editors.

use crate::{exit, message};
use clap::{Args, Subcommand};
use engine::monitor::SCHEMA;

#[derive(Debug, Args)]
pub(crate) struct MonitorArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the JSON Schema of monitor.toml, for editors.
    Schema,
}

#[expect(clippy::unused_async, reason = "checks read stores")]
pub(crate) async fn run(arguments: MonitorArguments) -> anyhow::Result<u8> {
    match arguments.action {
        Action::Schema => message::data(SCHEMA),
    }
    Ok(exit::DONE)
}
