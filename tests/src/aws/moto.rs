//! moto_server as a child process: found, started on a free port, ended.
//!
//! It is installed by `./test` into `emulator-venv` below the target folder; `DRIFTLINE_EMULATOR_PYTHON` names another
//! Python that has it. Does not install anything.

use anyhow::{Context, Result, bail};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// Ends when its standard input does, which is when the test is gone, however that came. Names the port on standard
/// error, as werkzeug does.
const PROGRAM: &str = "
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(['-H', '127.0.0.1', '-p', '0'])
";
const KEPT_LINES: usize = 200;

/// The running server.
#[derive(Debug)]
pub(super) struct Moto {
    child: Child,
    _alive: ChildStdin,
    address: SocketAddr,
    lines: Arc<Mutex<VecDeque<String>>>,
}

/// The Python that has moto, if it is there.
pub fn python() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DRIFTLINE_EMULATOR_PYTHON") {
        return Some(named.into());
    }
    let this = std::env::current_exe().ok()?;
    this.ancestors()
        .map(|folder| folder.join("emulator-venv/bin/python"))
        .find(|path| path.is_file())
}

impl Moto {
    /// Starts it; its Step Functions find Lambda at `lambda_port`.
    pub(super) fn start(python: &PathBuf, lambda_port: u16) -> Result<Self> {
        let mut child = Command::new(python)
            .args(["-c", PROGRAM])
            .env("MOTO_PORT", lambda_port.to_string())
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", python.display()))?;
        let alive = child.stdin.take().context("moto's standard input")?;
        let mut said = BufReader::new(child.stderr.take().context("moto's standard error")?);
        let mut before = String::new();
        let address = loop {
            let mut line = String::new();
            if said.read_line(&mut line)? == 0 {
                let ended = child.wait()?;
                bail!("moto_server ended with {ended} before it listened: {before}");
            }
            if let Some((_, address)) = line.split_once("Running on http://") {
                break address.trim().parse().context("moto's address")?;
            }
            before.push_str(&line);
        };
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_back(line);
                if kept.len() > KEPT_LINES {
                    kept.pop_front();
                }
            }
        });
        Ok(Self {
            child,
            _alive: alive,
            address,
            lines,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn log(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}
