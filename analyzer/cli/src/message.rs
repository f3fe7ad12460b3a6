//! What the command says: the one place that writes to stdout and stderr.
//!
//! Errors print their chain, then a hint. Understandable without colour.

use crate::exit;
use engine::EngineError;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints data to stdout. A closed pipe is not an error of ours.
pub(crate) fn data(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _closed_pipe = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints talk to stderr.
pub(crate) fn talk(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _nobody_listens = writeln!(stderr, "{text}");
}

/// Ends on wrong arguments, or on `--help` and `--version`.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let code = if error.use_stderr() {
        exit::USAGE
    } else {
        exit::DONE
    };
    let _nobody_listens = error.print();
    ExitCode::from(code)
}

/// Ends on an error.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    talk(&format!("error: {error}"));
    for cause in error.chain().skip(1) {
        talk(&format!("  caused by: {cause}"));
    }
    let engine = error.downcast_ref::<EngineError>();
    if let Some(hint) = engine.and_then(EngineError::hint) {
        talk(&format!("\nhint: {hint}"));
    }
    ExitCode::from(engine.map_or(exit::INTERNAL, |error| exit::code_of(error.kind())))
}
