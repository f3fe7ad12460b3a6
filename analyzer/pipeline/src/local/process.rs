//! One process with a log and a time limit. Knows nothing of jobs.

use crate::error::PipelineError;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
const GRACE: Duration = Duration::from_secs(120);

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
    let started = Instant::now();
    let mut pause = Duration::from_millis(2);
    let mut asked_to_stop: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            if asked_to_stop.is_some() {
                return Ok(Ended::OutOfTime);
            }
            return Ok(status.code().map_or(Ended::Signal, Ended::Code));
        }
        match asked_to_stop {
            None if limit.is_some_and(|limit| started.elapsed() >= limit) => {
                terminate(&child);
                asked_to_stop = Some(Instant::now());
            }
            Some(asked) if asked.elapsed() >= GRACE => {
                child.kill()?;
                child.wait()?;
                return Ok(Ended::OutOfTime);
            }
            _ => {}
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn terminate(child: &Child) {
    if let Some(pid) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        // A process that is over already needs no signal: try_wait finds it next.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
    }
}
