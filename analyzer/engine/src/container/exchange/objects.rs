//! Hosts through objects at a location that all of them reach: `driftline_exchange=s3://bucket/prefix`.
//!
//! The way where hosts cannot reach each other (network isolation with an S3 endpoint of the VPC, or a shared folder). A
//! message is an object that appears whole; each host renews an object that says it is alive. What is left at the end
//! the first host removes. Slower than the network by the time between two looks.

use super::frame::Kind;
use super::{lost, refused};
use crate::error::EngineError;
use bytes::Bytes;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Location, ObjectStore, PutMode, StoreErrorKind, StoreOptions, join_key, open_store};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const MAX_BYTES: u64 = 1 << 36;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// A way to one host.
#[derive(Debug)]
pub(super) struct ObjectLink {
    store: Arc<dyn ObjectStore>,
    root: String,
    own: String,
    peer: String,
    n_sent: AtomicU64,
    n_received: AtomicU64,
    alive: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
    patience: Duration,
}

impl ObjectLink {
    /// From host `own` to host `peer`, for the job that `job` names.
    pub(super) async fn open(
        location: &Location,
        options: &StoreOptions,
        job: &str,
        own: &str,
        peer: &str,
        patience: Duration,
    ) -> Result<Self, EngineError> {
        let (store, root) = open_store(location, options).await?;
        let root = join_key(
            &root,
            &format!("{:032x}", xxhash_rust::xxh3::xxh3_128(job.as_bytes())),
        );
        let (shared, key) = (Arc::clone(&store), join_key(&root, &format!("{own}.alive")));
        let (sender, mut stop) = oneshot::channel();
        let task = tokio::spawn(async move {
            for beat in 0u64.. {
                // A beat that fails is a beat that is missing: the other side judges.
                let _next_time = shared
                    .put(&key, Bytes::from(beat.to_string()), PutMode::Overwrite)
                    .await;
                // The other end is dropped, or says so, once this host is done.
                if timeout(patience / 4, &mut stop).await.is_ok() {
                    return;
                }
            }
        });
        let alive = Mutex::new(Some((sender, task)));
        Ok(Self {
            store,
            root,
            own: own.to_owned(),
            peer: peer.to_owned(),
            n_sent: AtomicU64::new(0),
            n_received: AtomicU64::new(0),
            alive,
            patience,
        })
    }

    fn key(&self, from: &str, to: &str, number: u64) -> String {
        join_key(&self.root, &format!("{from}-to-{to}/{number:04}"))
    }

    pub(super) async fn send(&self, kind: Kind, bytes: &[u8]) -> Result<(), EngineError> {
        let key = if kind == Kind::Fault {
            join_key(&self.root, &format!("{}.fault", self.own))
        } else {
            let number = self.n_sent.fetch_add(1, Ordering::Relaxed);
            self.key(&self.own, &self.peer, number)
        };
        self.store
            .put(&key, Bytes::copy_from_slice(bytes), PutMode::Overwrite)
            .await?;
        Ok(())
    }

    async fn look(&self, key: &str) -> Result<Option<Bytes>, EngineError> {
        match self.store.get(key, MAX_BYTES).await {
            Ok(object) => Ok(Some(object.bytes)),
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn receive(&self) -> Result<Vec<u8>, EngineError> {
        let number = self.n_received.fetch_add(1, Ordering::Relaxed);
        let key = self.key(&self.peer, &self.own, number);
        let (fault, alive) = (
            join_key(&self.root, &format!("{}.fault", self.peer)),
            join_key(&self.root, &format!("{}.alive", self.peer)),
        );
        let (mut beat, mut heard) = (None, Instant::now());
        loop {
            if let Some(bytes) = self.look(&key).await? {
                return Ok(bytes.to_vec());
            }
            if let Some(why) = self.look(&fault).await? {
                return Err(refused(&self.peer, &String::from_utf8_lossy(&why)));
            }
            let now = self.look(&alive).await?;
            if now != beat {
                (beat, heard) = (now, Instant::now());
            } else if heard.elapsed() > self.patience {
                let silent = io::Error::new(io::ErrorKind::TimedOut, "no sign of life");
                return Err(lost(&self.peer, self.patience, &silent));
            }
            sleep(BETWEEN_LOOKS.min(self.patience / 8)).await;
        }
    }

    /// Gives no more signs of life; once it returns, nothing is written any more.
    pub(super) async fn quiet(&self) {
        if let Some((stop, task)) = self.alive.lock().await.take() {
            drop(stop);
            let _ended = task.await;
        }
    }

    /// Removes what this job has left.
    pub(super) async fn clear(&self) {
        let Ok(listed) = self.store.list(&self.root).await else {
            return;
        };
        for object in listed {
            // Left-overs cost nothing but their space.
            let _left_over = self.store.delete(&object.key).await;
        }
    }
}
