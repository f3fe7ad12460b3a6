//! Hosts over their own network: the first one listens, the others connect to it by its name.
//!
//! Needs no permission beyond what a job with several instances has; with network isolation hosts cannot reach each
//! other, and `objects` is the way. Each side says regularly that it is alive, so that a long computation is no lost
//! host and a lost host is found while others compute.

use super::frame::{self, Kind};
use super::{Hello, lost, refused};
use crate::error::EngineError;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// A host says who it is as soon as it is connected.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// A connection to one host.
#[derive(Debug)]
pub(super) struct NetworkLink {
    reader: Mutex<OwnedReadHalf>,
    writer: Arc<Mutex<OwnedWriteHalf>>,
    alive: JoinHandle<()>,
    patience: Duration,
}

impl Drop for NetworkLink {
    fn drop(&mut self) {
        self.alive.abort();
    }
}

impl NetworkLink {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        // Without it small messages wait for the acknowledgement of the one before; a socket that refuses is only slower.
        let _only_slower = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        let writer = Arc::new(Mutex::new(writer));
        let shared = Arc::clone(&writer);
        let alive = tokio::spawn(async move {
            loop {
                sleep(patience / 4).await;
                if frame::write(&mut *shared.lock().await, Kind::Alive, &[])
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
        Self {
            reader: Mutex::new(reader),
            writer,
            alive,
            patience,
        }
    }

    pub(super) async fn send(&self, name: &str, kind: Kind, bytes: &[u8]) -> Result<(), EngineError> {
        let mut writer = self.writer.lock().await;
        let Err(error) = frame::write(&mut *writer, kind, bytes).await else {
            return Ok(());
        };
        drop(writer);
        // A host that gave up has said why before it went.
        match timeout(HELLO_WITHIN, self.receive(name)).await {
            Ok(Err(told)) => Err(told),
            _ => Err(lost(name, self.patience, &error)),
        }
    }

    pub(super) async fn receive(&self, name: &str) -> Result<Vec<u8>, EngineError> {
        let mut reader = self.reader.lock().await;
        loop {
            match frame::read(&mut *reader, self.patience).await {
                Ok((Kind::Alive, _)) => {}
                Ok((Kind::Data, bytes)) => return Ok(bytes),
                Ok((Kind::Fault, why)) => return Err(refused(name, &String::from_utf8_lossy(&why))),
                Err(error) => return Err(lost(name, self.patience, &error)),
            }
        }
    }
}

/// Waits until every host in `others` has connected; gives their links in that order.
pub(super) async fn listen(
    port: u16,
    others: &[String],
    hello: &Hello,
    patience: Duration,
) -> Result<Vec<NetworkLink>, EngineError> {
    let listener = TcpListener::bind(("0.0.0.0", port)).await.map_err(|error| {
        super::usage(
            format!("port {port}, at which the other hosts report, cannot be opened: {error}"),
            "name another with driftline_exchange_port, the same for all hosts",
        )
    })?;
    let mut links: BTreeMap<String, NetworkLink> = BTreeMap::new();
    let deadline = Instant::now() + patience;
    while links.len() < others.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(accepted) = timeout(left, listener.accept()).await else {
            let missing: Vec<&str> = others
                .iter()
                .filter(|name| !links.contains_key(*name))
                .map(String::as_str)
                .collect();
            return Err(super::missing(&missing, patience));
        };
        let Ok((stream, _)) = accepted else { continue };
        let link = NetworkLink::new(stream, patience);
        // Whoever does not speak driftline is no host of ours: the connection is dropped and waiting goes on.
        let hello_bytes = timeout(patience.min(HELLO_WITHIN), link.receive("a host that connects"));
        let Ok(Ok(bytes)) = hello_bytes.await else {
            continue;
        };
        let Ok(theirs) = serde_json::from_slice::<Hello>(&bytes) else {
            continue;
        };
        if let Err(problem) = hello.accepts(&theirs, others) {
            let _host_is_told = link.send(&theirs.host, Kind::Fault, problem.as_bytes()).await;
            return Err(refused(&theirs.host, &problem));
        }
        links.insert(theirs.host, link);
    }
    Ok(others.iter().filter_map(|name| links.remove(name)).collect())
}

/// Connects to the host that merges; it may start later than this one.
pub(super) async fn connect(
    leader: &str,
    port: u16,
    hello: &Hello,
    patience: Duration,
) -> Result<NetworkLink, EngineError> {
    let deadline = Instant::now() + patience;
    let stream = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, TcpStream::connect((leader, port))).await {
            Ok(Ok(stream)) => break stream,
            Ok(Err(error)) if left.is_zero() => {
                return Err(super::unreachable(leader, port, patience, &error.to_string()));
            }
            Ok(Err(_)) => sleep(Duration::from_millis(100).min(left)).await,
            Err(_) => return Err(super::unreachable(leader, port, patience, "no answer")),
        }
    };
    let link = NetworkLink::new(stream, patience);
    link.send(leader, Kind::Data, &hello.to_bytes()).await?;
    Ok(link)
}
