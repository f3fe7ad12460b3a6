//! Taking new objects in and closing windows: what the functions ingest and analyze do.
//!
//! Remembers in the store what was taken in. Does not act on verdicts.

use crate::{message, settings};
use capture::time::TimeWindow;
use engine::monitor::Monitor;
use engine::sources::{Source, discover};
use engine::windows::{Closed, Quiet, Windows};
use engine::{EngineError, ErrorKind};
use futures::{StreamExt as _, stream};
use parts::ingest::Place;
use parts::layout::digest;
use parts::merge::list;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;
use store::{Location, PutMode, join_key};

/// Objects taken in at once: while one waits for the disk or the network, another is read.
const AT_ONCE: usize = 16;

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

    /// Takes new objects in and closes windows that are over at `now`.
    pub(super) async fn look(&mut self, now: i64) -> Result<Vec<Closed>, EngineError> {
        let captured = self.news(&self.monitor.capture).await?;
        let mut taken = stream::iter(captured)
            .take_while(|_| std::future::ready(!self.stop.load(Ordering::Relaxed)))
            .map(|(source, word)| self.take_in(source, word))
            .buffered(AT_ONCE);
        let (mut words, mut failed) = (Vec::new(), None);
        // One that failed keeps no other from being noted.
        while let Some(one) = taken.next().await {
            match one {
                Ok(word) => words.push(word),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        drop(taken);
        self.seen.extend(words);
        if let Some(error) = failed {
            return Err(error);
        }
        if self.stop.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        self.take_labels_in().await?;
        let closed = self.windows.close_due(now, &Quiet).await?;
        for place in self.windows.measure_due(now).await? {
            message::talk(&format!("quality: wrote {place}"));
        }
        Ok(closed)
    }

    /// Objects that were not taken in as they are now, each with its word.
    async fn news(&self, place: &Location) -> Result<Vec<(Source, String)>, EngineError> {
        let listed = discover(place, &self.place.options, &TimeWindow::default()).await?;
        let with_word = listed.objects.into_iter().map(|source| {
            let word = word_of(&source);
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
}

/// Where the object is and how large it was written when: told by a listing, without a request of its own.
fn word_of(source: &Source) -> String {
    let modified = source
        .modified
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let location = source.store.locate(&source.key);
    digest(format!("{location}\n{}\n{modified:?}\n{:?}", source.size, source.etag).as_bytes())
}
