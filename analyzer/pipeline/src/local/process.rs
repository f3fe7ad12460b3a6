//! One process with a log and a time limit. Knows nothing of jobs.

use crate::error::PipelineError;
use rustix::process::{Pid, Signal};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With this exit code.
    Code(i32),
    /// By a signal that nobody here sent.
    Signal,
    /// It ran past its limit and was stopped.
    OutOfTime,
}

/// How long a process may take to stop after SIGTERM; SageMaker gives it 120 s.
const GRACE: Duration = Duration::from_mins(2);

pub(super) struct Program<'a> {
    pub(super) argv: &'a [String],
    pub(super) folder: &'a Path,
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) log: &'a Path,
    pub(super) limit: Option<Duration>,
}

/// Runs it to its end.
pub(super) fn run(program: &Program<'_>) -> Result<Ended, PipelineError> {
    let (name, arguments) = program.argv.split_first().ok_or_else(|| PipelineError::Io {
        action: "starting an empty command in",
        path: program.folder.to_owned(),
        source: std::io::ErrorKind::InvalidInput.into(),
    })?;
    let log = File::create(program.log).map_err(PipelineError::io("writing", program.log))?;
    let errors = log
        .try_clone()
        .map_err(PipelineError::io("writing", program.log))?;
    let child = Command::new(name)
        .args(arguments)
        .current_dir(program.folder)
        .envs(program.environment)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(PipelineError::io("starting", name))?;
    wait(child, program.limit).map_err(PipelineError::io("waiting for", name))
}

fn wait(mut child: Child, limit: Option<Duration>) -> std::io::Result<Ended> {
    let Some(limit) = limit else {
        return child.wait().map(ended);
    };
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (sender, over) = std::sync::mpsc::channel();
    let waiter = std::thread::spawn(move || {
        // Nobody listens any more only where this function has its answer.
        sender.send(child.wait()).ok();
    });
    let first = over.recv_timeout(limit);
    let answer = match first {
        Ok(status) => status.map(ended),
        Err(_) => {
            signal(pid, Signal::TERM);
            if over.recv_timeout(GRACE).is_err() {
                signal(pid, Signal::KILL);
            }
            Ok(Ended::OutOfTime)
        }
    };
    // It has sent, or its process was killed: it ends at once.
    waiter.join().ok();
    answer
}

fn ended(status: ExitStatus) -> Ended {
    status.code().map_or(Ended::Signal, Ended::Code)
}

/// A process that is over already needs no signal, so a refusal is none of ours.
fn signal(pid: Option<Pid>, signal: Signal) {
    if let Some(pid) = pid {
        rustix::process::kill_process(pid, signal).ok();
    }
}
