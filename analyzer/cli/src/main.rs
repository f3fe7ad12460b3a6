//! The `driftline` command: arguments in, documents and messages out.
//!
//! Parses, calls the engine, and speaks: stdout is data, stderr is talk. Computes nothing of its own.

mod args;
mod command;
mod exit;
mod message;
mod progress;
mod settings;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match args::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return message::usage(&error),
    };
    match command::run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => message::failure(&error),
    }
}
