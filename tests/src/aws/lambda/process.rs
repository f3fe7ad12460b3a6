//! One process of a function: started with Lambda's variables and no others, its output kept by line, ended by its id.
//!
//! Does not know what it is asked.

use super::super::REGION;
use super::super::server::locked;
use super::Function;
use anyhow::{Context as _, Result};
use hyper::body::Bytes;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// An invocation on its way to a process.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) payload: Bytes,
}

#[derive(Debug)]
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
    id: u32,
    pub(super) started: Instant,
    /// From the start to the first request for an event.
    pub(super) init: Option<Duration>,
}

impl Process {
    /// Starts one; `ended` hears once how it ended.
    pub(super) fn start(
        function: &Function,
        address: SocketAddr,
        number: usize,
        log: &Arc<Mutex<Vec<String>>>,
        ended: impl FnOnce(String) + Send + 'static,
    ) -> Result<Self> {
        let name = &function.name;
        let started = Instant::now();
        let mut child = Command::new(&function.program)
            .args(&function.arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env(
                "AWS_LAMBDA_RUNTIME_API",
                format!("http://{address}/rt/{name}-{number}"),
            )
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string())
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", number.to_string())
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", format!("{name}-{number}"))
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_SESSION_TOKEN", "token")
            .env("AWS_ENDPOINT_URL", format!("http://{address}"))
            .env("TZ", ":UTC")
            .envs(function.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", function.program.display()))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let id = child.id();
        let child = Arc::new(Mutex::new(child));
        let (waited, kept) = (Arc::clone(&child), Arc::clone(log));
        std::thread::spawn(move || {
            let beside = err.map(|err| {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || keep(err, &kept))
            });
            if let Some(out) = out {
                keep(out, &kept);
            }
            if let Some(beside) = beside {
                drop(beside.join());
            }
            // Both ends are closed, so this does not wait long while it holds the lock.
            let status = locked(&waited).wait();
            ended(status.map_or_else(
                |error| format!("lost: {error}"),
                |status| format!("Runtime exited with: {status}"),
            ));
        });
        Ok(Self {
            child,
            id,
            started,
            init: None,
        })
    }

    /// SIGKILL.
    pub(super) fn kill(&self) {
        let _ended_already = locked(&self.child).kill();
    }

    /// `VmHWM`; `None` where there is no procfs or the process is gone.
    pub(super) fn peak_rss_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    }
}

fn keep(stream: impl Read, log: &Mutex<Vec<String>>) {
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        locked(log).push(line);
    }
}
