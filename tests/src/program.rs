//! Finding the programs this workspace builds, and running one as a child with its time and memory measured.
//!
//! Does not build anything: `./test` and `cargo build` do.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

/// The program `name` that lies where this program was built: beside it, or one folder up from a test's `deps`.
pub fn built(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("find the running program")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let found = this
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file());
    let Some(found) = found else {
        bail!(
            "the program `{name}` is not built beside {}: run `./test`, or build it first in the same profile \
             (`cargo build -p cli -p functions`, with `--release` for the bench)",
            this.display()
        );
    };
    Ok(found)
}

/// What a child cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// From start to end.
    pub wall: Duration,
    /// User and system time of all its threads.
    pub cpu: Duration,
    /// Its largest resident set, in bytes.
    ///
    /// Linux counts the starting program's own resident set in, up to the moment of `exec`: a small parent measures
    /// its children truly, a big one does not.
    pub peak_rss_bytes: u64,
    /// How it ended.
    pub status: ExitStatus,
}

/// Runs `command` with nothing on its standard input, its standard output thrown away and its standard error passed
/// on, and measures it.
pub fn measured(command: &mut Command) -> Result<Cost> {
    let start = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("start {}", command.get_program().display()))?;
    let used = child.wait4().context("wait for the child")?;
    Ok(Cost {
        wall: start.elapsed(),
        cpu: used.rusage.utime + used.rusage.stime,
        peak_rss_bytes: used.rusage.maxrss,
        status: used.status,
    })
}
