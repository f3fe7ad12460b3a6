//! An AWS account on 127.0.0.1: the built function binaries behind a Lambda service of our own, everything else moto's.
//!
//! ```text
//! function binary ─┐                    ┌─ Runtime API and Invoke API      (lambda)
//! test, boto3 ─────┤→ one port: record, ├─ executions of pipelines          (executions)
//! moto's states ───┘  fault by rule     └─ every other request → moto_server
//! ```
//!
//! moto (5.2.5) runs no Lambda code, forgets the token of `StartPipelineExecution`, and gives no event to a function: these
//! three are ours. All ports are free ones; processes end with the [`Aws`], and moto and the functions also when the
//! test's own process is killed. Does not know what Driftline's functions do.

mod call;
mod client;
mod events;
mod executions;
mod fault;
mod http;
mod lambda;
mod memory;
mod moto;
mod queues;
mod server;
mod webhook;

pub use call::Call;
pub use events::Twin;
pub use fault::{Fault, Rule};
pub use lambda::{Function, Invoked};
pub use moto::python;
pub use queues::{Message, Queue};
pub use webhook::{Delivered, Webhook};

use anyhow::{Context, Result};
use lambda::Lambda;
use memory::Memory;
use moto::Moto;
use server::{Behind, Shared};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Where the account is.
pub const REGION: &str = "us-east-1";
/// Whose it is; moto's.
pub const ACCOUNT: &str = "123456789012";

/// A running account.
#[derive(Debug)]
pub struct Aws {
    shared: Arc<Shared>,
    address: SocketAddr,
    moto: Option<Moto>,
    runtime: Runtime,
}

impl Aws {
    /// Starts it; `None` where the machine has no Python with moto, which `./test` installs.
    pub fn start() -> Result<Option<Self>> {
        let Some(python) = python() else {
            return Ok(None);
        };
        Self::serve(|lambda_port| Moto::start(&python, lambda_port).map(Some)).map(Some)
    }

    /// Lambda and S3 alone, S3 in this process's memory: for benches. No rules, no record.
    pub fn in_memory() -> Result<Self> {
        Self::serve(|_| Ok(None))
    }

    fn serve(moto: impl FnOnce(u16) -> Result<Option<Moto>>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))
            .context("listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let moto = moto(address.port())?;
        let behind = moto.as_ref().map_or_else(
            || Behind::Memory(Memory::default()),
            |moto| Behind::Moto(moto.address()),
        );
        let lambda = Lambda::new(address, runtime.handle().clone());
        let shared = Arc::new(Shared::new(behind, lambda));
        runtime.spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self {
            shared,
            address,
            moto,
            runtime,
        })
    }

    /// What `AWS_ENDPOINT_URL` says.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Variables with which a program of ours or of others finds the account; `caller` is the name it is recorded under.
    pub fn environment(&self, caller: &str) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", caller.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// Adds a function, or puts another in its place, whose processes end.
    pub fn deploy(&self, function: Function) {
        self.shared.lambda.deploy(function);
    }

    /// Invokes a function and waits for its answer.
    pub fn invoke(&self, function: &str, event: &serde_json::Value) -> Result<Invoked> {
        let payload = serde_json::to_vec(event)?.into();
        self.runtime
            .block_on(self.shared.lambda.invoke(function, payload))
    }

    /// Invokes it with each event, all at once.
    pub fn invoke_together(&self, function: &str, events: &[serde_json::Value]) -> Result<Vec<Invoked>> {
        let mut running = Vec::with_capacity(events.len());
        for event in events {
            let payload = serde_json::to_vec(event)?.into();
            let (shared, function) = (Arc::clone(&self.shared), function.to_owned());
            running.push(
                self.runtime
                    .spawn(async move { shared.lambda.invoke(&function, payload).await }),
            );
        }
        running
            .into_iter()
            .map(|answer| {
                self.runtime
                    .block_on(answer)
                    .context("a task of the test ended")?
            })
            .collect()
    }

    /// Standard output and standard error of all processes of a function so far, by line.
    pub fn log(&self, function: &str) -> Vec<String> {
        self.shared.lambda.log(function)
    }

    /// Processes that were started for a function so far.
    pub fn n_started(&self, function: &str) -> usize {
        self.shared.lambda.n_started(function)
    }

    /// For each process of a function that lives: its cold start, and its largest resident set in bytes (Linux only).
    pub fn costs(&self, function: &str) -> (Vec<std::time::Duration>, Vec<u64>) {
        self.shared.lambda.costs(function)
    }

    /// From this call on, requests that the rule matches go wrong. The number asks [`Self::n_injected`].
    pub fn inject(&self, rule: Rule) -> usize {
        self.shared.inject(rule)
    }

    /// How often a rule has struck.
    pub fn n_injected(&self, rule: usize) -> usize {
        self.shared.n_injected(rule)
    }

    /// No rule strikes any more.
    pub fn heal(&self) {
        self.shared.heal();
    }

    /// Every request of functions and programs so far, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls()
    }

    /// Those of one operation.
    pub fn calls_of(&self, service: &str, operation: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| call.service == service && call.operation == operation);
        calls
    }

    /// Forgets the calls.
    pub fn forget_calls(&self) {
        self.shared.forget_calls();
    }

    /// What moto said last, for a failing test.
    pub fn moto_log(&self) -> Vec<String> {
        self.moto.as_ref().map(Moto::log).unwrap_or_default()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        self.shared.lambda.end();
    }
}

impl Aws {
    /// Where a test itself asks: moto, or this port where there is none.
    fn behind(&self) -> SocketAddr {
        self.shared.moto().unwrap_or(self.address)
    }
}
