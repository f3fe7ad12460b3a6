//! Taking new objects in and closing windows: what the functions ingest and analyze do.
//!
//! Remembers in the store what was taken in. Does not act on verdicts.

use crate::{message, settings};
use capture::time::TimeWindow;
use engine::monitor::Monitor;
use engine::sources::{Source, discover};
use engine::windows::{Announce, Closed, Windows};
use engine::{EngineError, ErrorKind};
use futures::future::join_all;
use parts::ingest::Place;
use parts::layout::digest;
use parts::merge::list;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;
use store::{Location, PutMode, join_key};

/// Objects taken in at once: while one waits for the disk or the network, another is read.
const AT_ONCE: usize = 16;
/// Bytes taken in at once, as stored; a larger object goes alone.
const BYTES_AT_ONCE: u64 = 64 << 20;

/// What a look found.
pub(super) struct Looked {
    /// Windows that were looked at.
    pub(super) closed: Vec<Closed>,
    /// Windows whose quality was measured.
    pub(super) n_measured: usize,
    /// Objects that could not be taken in and are looked at again.
    pub(super) n_failed: usize,
}

/// A monitor's capture and labels, and the store that its windows are in.
pub(super) struct Watch<'s> {
    /// The monitor's file, as it was named.
    file: String,
    monitor: Monitor,
    windows: Windows,
    place: Place,
    /// Folder of the words that an object was taken in.
    folder: String,
    seen: HashSet<String>,
    stop: &'s AtomicBool,
}

impl<'s> Watch<'s> {
    pub(super) async fn new(file: &str, place: Place, stop: &'s AtomicBool) -> Result<Self, EngineError> {
        let monitor = settings::monitor(file, &place.options).await?;
        let folder = join_key(&place.root, &format!("monitors/{}/seen/", monitor.name));
        let seen = list(&place, &folder).await?.into_iter();
        Ok(Self {
            seen: seen
                .filter_map(|key| key.strip_prefix(&folder).map(str::to_owned))
                .collect(),
            file: file.to_owned(),
            windows: Windows::open(monitor.clone(), place.clone()).await?,
            monitor,
            place,
            folder,
            stop,
        })
    }

    /// Reads the settings and the baseline anew: either may have moved. Settings that cannot be used leave the former ones.
    pub(super) async fn reread(&mut self) -> Result<Monitor, EngineError> {
        let opened = async {
            let monitor = settings::monitor(&self.file, &self.place.options).await?;
            if monitor.name != self.monitor.name {
                let problem = format!("{} is now of another monitor, {}", self.file, monitor.name);
                return Err(EngineError::new(ErrorKind::Usage, problem));
            }
            let windows = Windows::open(monitor.clone(), self.place.clone()).await?;
            Ok((monitor, windows))
        };
        match opened.await {
            Ok((monitor, windows)) => (self.monitor, self.windows) = (monitor, windows),
            Err(error) if error.kind() == ErrorKind::Usage => {
                message::talk(&format!(
                    "error: {error}; going on with the settings as they were"
                ));
            }
            Err(error) => return Err(error),
        }
        Ok(self.monitor.clone())
    }

    /// Takes new objects in and closes windows that are over at `now`. An object that fails keeps nothing else from being done:
    /// its window is opened again when it comes.
    pub(super) async fn look(&mut self, now: i64, announce: &dyn Announce) -> Result<Looked, EngineError> {
        let mut looked = Looked {
            closed: Vec::new(),
            n_measured: 0,
            n_failed: 0,
        };
        let news = self.news(&self.monitor.capture).await?;
        for batch in batches(news) {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(looked);
            }
            let taken = batch.into_iter().map(|(source, word)| self.take_in(source, word));
            for ended in join_all(taken).await {
                match ended {
                    Ok(word) => drop(self.seen.insert(word)),
                    Err(error) => {
                        message::talk(&format!("error: {error}; looked at again"));
                        looked.n_failed += 1;
                    }
                }
            }
        }
        if self.stop.load(Ordering::Relaxed) {
            return Ok(looked);
        }
        self.take_labels_in().await?;
        looked.closed = self.windows.close_due(now, announce).await?;
        for place in self.windows.measure_due(now).await? {
            message::talk(&format!("quality: wrote {place}"));
            looked.n_measured += 1;
        }
        Ok(looked)
    }

    /// Objects that were not taken in as they are now, each with its word.
    async fn news(&self, place: &Location) -> Result<Vec<(Source, String)>, EngineError> {
        let listed = discover(place, &self.place.options, &TimeWindow::default()).await?;
        let with_word = listed.objects.into_iter().map(|source| {
            let word = self.word_of(&source);
            (source, word)
        });
        Ok(with_word.filter(|(_, word)| !self.seen.contains(word)).collect())
    }

    /// Takes new ground truth in, where the monitor names some.
    async fn take_labels_in(&mut self) -> Result<(), EngineError> {
        let Some(place) = self.monitor.ground_truth.clone() else {
            return Ok(());
        };
        for (source, word) in self.news(&place).await? {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let location = Location::parse(&source.store.locate(&source.key))?;
            let monitors = [&self.windows.prepared().watched];
            match self.place.ingest_labels(&location, &monitors).await {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Usage => {
                    message::talk(&format!("error: {error}; passed over"));
                }
                Err(error) => return Err(error),
            }
            self.note(&word).await?;
            self.seen.insert(word);
        }
        Ok(())
    }

    /// Notes that an object was taken in.
    async fn note(&self, word: &str) -> Result<(), EngineError> {
        let key = format!("{}{word}", self.folder);
        let done = bytes::Bytes::from_static(b"{}\n");
        self.place.store.put(&key, done, PutMode::Overwrite).await?;
        Ok(())
    }

    /// Takes an object in and notes it; gives its word.
    async fn take_in(&self, source: Source, word: String) -> Result<String, EngineError> {
        let location = Location::parse(&source.store.locate(&source.key))?;
        let monitors = std::slice::from_ref(self.windows.prepared());
        match self.place.ingest(&location, monitors).await {
            Ok(done) if done.n_rejected > 0 => {
                message::talk(&format!(
                    "{location}: {} of {} lines refused",
                    done.n_rejected, done.n_lines
                ));
            }
            Ok(_) => {}
            // An object that can never be read must not stop the others.
            Err(error) if error.kind() == ErrorKind::Usage => {
                message::talk(&format!("error: {error}; passed over"));
            }
            Err(error) => return Err(error),
        }
        self.note(&word).await?;
        Ok(word)
    }

    /// Where the object is, how large it was written when, and what of the settings says to whom it belongs: told by a listing,
    /// without a request of its own.
    fn word_of(&self, source: &Source) -> String {
        let modified = source
            .modified
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let location = source.store.locate(&source.key);
        let (variants, window) = (&self.monitor.variants, self.monitor.window.seconds());
        let (size, etag) = (source.size, &source.etag);
        digest(format!("{location}\n{size}\n{modified:?}\n{etag:?}\n{window}\n{variants:?}").as_bytes())
    }
}

/// Objects that are taken in together, in their order.
fn batches(news: Vec<(Source, String)>) -> Vec<Vec<(Source, String)>> {
    let mut batches: Vec<Vec<(Source, String)>> = Vec::new();
    let mut n_bytes = 0;
    for (source, word) in news {
        n_bytes += source.size;
        match batches.last_mut() {
            Some(batch) if batch.len() < AT_ONCE && n_bytes <= BYTES_AT_ONCE => batch.push((source, word)),
            _ => {
                n_bytes = source.size;
                batches.push(vec![(source, word)]);
            }
        }
    }
    batches
}
