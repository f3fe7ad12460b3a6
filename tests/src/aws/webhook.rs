//! A local HTTP endpoint that keeps what is posted to it, and can be told to refuse: where alerts are delivered.
//!
//! Does not know what alerts look like.

use super::server::locked;
use anyhow::{Context, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// One request.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Path and query.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
    /// What it was answered.
    pub status: u16,
}

impl Delivered {
    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct State {
    delivered: Vec<Delivered>,
    refusals: Vec<u16>,
}

/// A running endpoint; it ends when dropped.
#[derive(Debug)]
pub struct Webhook {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _runtime: Runtime,
}

impl Webhook {
    /// Listens on a free port of 127.0.0.1.
    pub fn listen() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .context("listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let state = Arc::default();
        runtime.spawn(accept(listener, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            _runtime: runtime,
        })
    }

    /// Its address as a URL, with `path` behind it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Answers the next requests with these, one each, and then 200 again.
    pub fn refuse(&self, statuses: &[u16]) {
        locked(&self.state).refusals = statuses.iter().rev().copied().collect();
    }

    /// Everything that came, in order.
    pub fn delivered(&self) -> Vec<Delivered> {
        locked(&self.state).delivered.clone()
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let service = service_fn(move |request| {
                let state = Arc::clone(&state);
                async move { keep(&state, request).await }
            });
            // A client that hangs up ends its connection with an error here.
            drop(server.serve_connection(TokioIo::new(socket), service).await);
        });
    }
}

async fn keep(state: &Mutex<State>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let headers = parts.headers.iter();
    let headers = headers
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let mut state = locked(state);
    let status = state.refusals.pop().unwrap_or(200);
    state.delivered.push(Delivered {
        target: parts.uri.to_string(),
        headers,
        body,
        status,
    });
    let mut answer = Response::new(Full::new(Bytes::from_static(b"ok")));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(answer)
}
