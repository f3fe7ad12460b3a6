//! Messages between the hosts of a job: between the first one, which merges, and each of the others.
//!
//! Two ways, one promise: a message arrives whole, a host that is gone or has given up is an error that names it, and
//! nobody waits longer than the patience for a sign of life. Does not know what is exchanged.

mod frame;
mod network;
mod objects;

use super::cluster::Cluster;
use super::settings::{Meeting, usage};
use crate::error::{EngineError, ErrorKind};
use frame::Kind;
use network::NetworkLink;
use objects::ObjectLink;
use serde::{Deserialize, Serialize};
use std::io;
use std::time::Duration;
use store::StoreOptions;

/// The first thing a host says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Hello {
    host: String,
    job: String,
    version: String,
}

impl Hello {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn accepts(&self, theirs: &Self, others: &[String]) -> Result<(), String> {
        if !others.contains(&theirs.host) {
            Err(format!("{} is no host of this job", theirs.host))
        } else if theirs.job != self.job {
            Err("it works for another job".to_owned())
        } else if theirs.version != self.version {
            Err(format!(
                "it runs driftline {}, and {} runs {}",
                theirs.version, self.host, self.version
            ))
        } else {
            Ok(())
        }
    }
}

#[derive(Debug)]
enum Way {
    Network(NetworkLink),
    Objects(ObjectLink),
}

/// A way to one other host.
#[derive(Debug)]
pub(crate) struct Link {
    /// That host.
    pub(crate) name: String,
    way: Way,
}

impl Link {
    /// Sends a message.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Result<(), EngineError> {
        match &self.way {
            Way::Network(link) => link.send(&self.name, Kind::Data, bytes).await,
            Way::Objects(link) => link.send(Kind::Data, bytes).await,
        }
    }

    /// The next message.
    pub(crate) async fn receive(&self) -> Result<Vec<u8>, EngineError> {
        match &self.way {
            Way::Network(link) => link.receive(&self.name).await,
            Way::Objects(link) => link.receive().await,
        }
    }

    /// Says why this host gives up.
    pub(crate) async fn give_up(&self, why: &str) {
        // Who cannot be told finds out by itself.
        let _unheard = match &self.way {
            Way::Network(link) => link.send(&self.name, Kind::Fault, why.as_bytes()).await,
            Way::Objects(link) => link.send(Kind::Fault, why.as_bytes()).await,
        };
    }

    /// Gives no more signs of life: this host is done.
    pub(crate) async fn quiet(&self) {
        if let Way::Objects(link) = &self.way {
            link.quiet().await;
        }
    }

    /// Removes what the exchange has left behind.
    pub(crate) async fn clear(&self) {
        if let Way::Objects(link) = &self.way {
            link.clear().await;
        }
    }
}

/// Meets the other hosts: the first host gets a link to each of them, in their order, and they one to the first.
pub(crate) async fn meet(
    cluster: &Cluster,
    meeting: &Meeting,
    job: &str,
    patience: Duration,
    options: &StoreOptions,
) -> Result<Vec<Link>, EngineError> {
    let hello = Hello {
        host: cluster.current.clone(),
        job: job.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let leader = cluster.leader();
    let peers: Vec<&str> = if cluster.is_leader() {
        cluster.others().iter().map(String::as_str).collect()
    } else {
        vec![leader]
    };
    let ways: Vec<Way> = match meeting {
        Meeting::Network { port } if cluster.is_leader() => {
            let links = network::listen(*port, cluster.others(), &hello, patience).await?;
            links.into_iter().map(Way::Network).collect()
        }
        Meeting::Network { port } => {
            vec![Way::Network(
                network::connect(leader, *port, &hello, patience).await?,
            )]
        }
        Meeting::Objects(location) => {
            let mut ways = Vec::new();
            for peer in &peers {
                let link = ObjectLink::open(location, options, job, &cluster.current, peer, patience).await?;
                ways.push(Way::Objects(link));
            }
            ways
        }
    };
    let links = peers.into_iter().zip(ways).map(|(name, way)| Link {
        name: name.to_owned(),
        way,
    });
    Ok(links.collect())
}

fn lost(name: &str, patience: Duration, error: &io::Error) -> EngineError {
    let how = match error.kind() {
        io::ErrorKind::TimedOut => format!("has given no sign of life for {} s", patience.as_secs()),
        io::ErrorKind::InvalidData => format!("sent {error}"),
        _ => format!("is gone ({error})"),
    };
    EngineError::new(
        ErrorKind::Internal,
        format!("host {name} {how}; its share is missing, so there is no result"),
    )
    .with_hint("look at that host's log; a slow host gets more time with driftline_exchange_timeout_seconds")
}

fn refused(name: &str, why: &str) -> EngineError {
    EngineError::new(ErrorKind::Usage, format!("host {name} gave up: {why}"))
        .with_hint("look at that host's log; a result needs the shares of all hosts")
}

fn missing(names: &[&str], patience: Duration) -> EngineError {
    EngineError::new(
        ErrorKind::Internal,
        format!(
            "host {} has not reported within {} s; its share is missing, so there is no result",
            names.join(", host "),
            patience.as_secs()
        ),
    )
    .with_hint(
        "with network isolation hosts cannot reach each other: set driftline_exchange to an S3 location; a slow start \
         gets more time with driftline_exchange_timeout_seconds",
    )
}

fn unreachable(leader: &str, port: u16, patience: Duration, error: &str) -> EngineError {
    EngineError::new(
        ErrorKind::Internal,
        format!(
            "host {leader}, which merges, could not be reached at port {port} within {} s: {error}",
            patience.as_secs()
        ),
    )
    .with_hint(
        "with network isolation hosts cannot reach each other: set driftline_exchange to an S3 location",
    )
}
