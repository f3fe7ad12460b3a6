//! `driftline watch`: what the functions do, on one machine: take new objects in, close windows that are over.
//!
//! The same library calls as the functions ingest and analyze. Ends cleanly on SIGTERM: the object or window at hand is
//! finished, and what is not begun is found again by the next run. Computes nothing.

use crate::{exit, message, settings};
use capture::time::{TimeWindow, format_rfc3339};
use clap::Args;
use engine::monitor::{Length, Monitor};
use engine::scan::ScanSettings;
use engine::sources::{Source, discover};
use engine::windows::{Closed, Quiet, Windows};
use engine::{EngineError, ErrorKind};
use parts::ingest::Place;
use parts::layout::digest;
use parts::merge::list;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{Location, PutMode, StoreOptions, join_key, open_store};

const STORE_VARIABLE: &str = "DRIFTLINE_STORE";
/// How often a wait looks whether it is to end.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// The monitor's settings (docs/monitor.md).
    #[arg(long, value_name = "FILE")]
    monitor: String,
    /// Where typed columns, parts and windows are kept; the variable DRIFTLINE_STORE without it.
    #[arg(long, value_name = "LOCATION")]
    store: Option<String>,
    /// Look once and end.
    #[arg(long)]
    once: bool,
    /// Time between two looks.
    #[arg(long, value_name = "LENGTH", default_value = "1 minute")]
    interval: Length,
    /// The time it is taken to be, RFC 3339, for windows that are over; the clock's without it.
    #[arg(long, value_name = "TIME", requires = "once")]
    now: Option<String>,
    /// Write refused lines with their bytes, which are someone's data.
    #[arg(long)]
    rejects_payload: bool,
    /// Print a JSON object per closed window instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) async fn run(arguments: WatchArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let monitor = settings::monitor(&arguments.monitor, &options).await?;
    let now = settings::time("--now", arguments.now.as_deref())?;
    let place = Place {
        settings: ScanSettings {
            keep_payloads: arguments.rejects_payload,
            ..ScanSettings::default()
        },
        ..open(arguments.store.as_deref(), &options).await?
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let interval = Duration::from_secs(arguments.interval.seconds().max(1) as u64);
    let mut watch = Watch::new(monitor, place, &stop).await?;
    loop {
        match watch.look(now.unwrap_or_else(clock)).await {
            Ok(closed) => {
                for closed in &closed {
                    say(closed, arguments.json);
                }
            }
            // What storage refuses now it may give the next time.
            Err(error) if !arguments.once && error.kind() == ErrorKind::Storage => {
                message::talk(&format!("error: {error}; trying again in {}", arguments.interval));
            }
            Err(error) => return Err(error.into()),
        }
        if arguments.once {
            return Ok(exit::DONE);
        }
        let until = tokio::time::Instant::now() + interval;
        while tokio::time::Instant::now() < until {
            if stop.load(Ordering::Relaxed) {
                return Ok(exit::STOPPED);
            }
            tokio::time::sleep(BETWEEN_LOOKS.min(interval)).await;
        }
    }
}

/// The store that was named.
pub(crate) async fn open(named: Option<&str>, options: &StoreOptions) -> Result<Place, EngineError> {
    let text = match named {
        Some(text) => text.to_owned(),
        None => std::env::var(STORE_VARIABLE).map_err(|_| {
            EngineError::new(
                ErrorKind::Usage,
                format!("no store is named, neither by --store nor by {STORE_VARIABLE}"),
            )
            .with_hint("give a folder or s3://bucket/prefix, the same each time: --store driftline-store")
        })?,
    };
    place_at(&settings::location("--store", &text)?, options).await
}

/// A place in the store at `location`.
pub(crate) async fn place_at(location: &Location, options: &StoreOptions) -> Result<Place, EngineError> {
    let (store, root) = open_store(location, options).await?;
    Ok(Place {
        store,
        root,
        settings: ScanSettings::default(),
        options: options.clone(),
    })
}

fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

fn say(closed: &Closed, json: bool) {
    if json {
        let line = serde_json::to_string(closed).unwrap_or_default();
        message::data(&format!("{line}\n"));
        return;
    }
    let time = |second| format_rfc3339(second).unwrap_or_default();
    let what = if closed.is_new { "wrote" } else { "unchanged" };
    message::data(&format!(
        "{} {} to {}: {}, {} rows, {} findings; {what} {}\n",
        closed.monitor,
        time(closed.start),
        time(closed.end),
        closed.status,
        closed.n_rows,
        closed.n_findings,
        closed.location
    ));
}

struct Watch<'s> {
    capture: Location,
    windows: Windows,
    place: Place,
    /// Folder of the words that an object was taken in.
    folder: String,
    seen: HashSet<String>,
    stop: &'s AtomicBool,
}

impl<'s> Watch<'s> {
    async fn new(monitor: Monitor, place: Place, stop: &'s AtomicBool) -> Result<Self, EngineError> {
        let folder = join_key(&place.root, &format!("monitors/{}/seen/", monitor.name));
        let seen = list(&place, &folder).await?.into_iter();
        Ok(Self {
            seen: seen
                .filter_map(|key| key.strip_prefix(&folder).map(str::to_owned))
                .collect(),
            capture: monitor.capture.clone(),
            windows: Windows::open(monitor, place.clone()).await?,
            place,
            folder,
            stop,
        })
    }

    /// Takes new objects in and closes windows that are over at `now`.
    async fn look(&mut self, now: i64) -> Result<Vec<Closed>, EngineError> {
        let listed = discover(&self.capture, &self.place.options, &TimeWindow::default()).await;
        for source in listed?.objects {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Vec::new());
            }
            let word = self.word_of(&source).await?;
            if !self.seen.contains(&word) {
                self.take_in(&source).await?;
                self.note(word).await?;
            }
        }
        self.take_labels_in().await?;
        let closed = self.windows.close_due(now, &Quiet).await?;
        for place in self.windows.measure_due(now).await? {
            message::talk(&format!("quality: wrote {place}"));
        }
        Ok(closed)
    }

    /// Takes new ground truth in, where the monitor names some.
    async fn take_labels_in(&mut self) -> Result<(), EngineError> {
        let Some(place) = self.windows.prepared().watched.ground_truth.clone() else {
            return Ok(());
        };
        let listed = discover(&place, &self.place.options, &TimeWindow::default()).await?;
        for source in listed.objects {
            let word = self.word_of(&source).await?;
            if self.stop.load(Ordering::Relaxed) || self.seen.contains(&word) {
                continue;
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
            self.note(word).await?;
        }
        Ok(())
    }

    /// Notes that an object was taken in.
    async fn note(&mut self, word: String) -> Result<(), EngineError> {
        let key = format!("{}{word}", self.folder);
        let done = bytes::Bytes::from_static(b"{}\n");
        self.place.store.put(&key, done, PutMode::Overwrite).await?;
        self.seen.insert(word);
        Ok(())
    }

    /// Where the object is and how large it was written when: told without reading it.
    async fn word_of(&self, source: &Source) -> Result<String, EngineError> {
        let meta = source.store.head(&source.key).await?;
        let written = meta
            .last_modified
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let location = source.store.locate(&source.key);
        Ok(digest(
            format!("{location}\n{}\n{written:?}\n{:?}", meta.size, meta.etag).as_bytes(),
        ))
    }

    async fn take_in(&self, source: &Source) -> Result<(), EngineError> {
        let location = Location::parse(&source.store.locate(&source.key))?;
        let monitors = std::slice::from_ref(self.windows.prepared());
        match self.place.ingest(&location, monitors).await {
            Ok(done) if done.n_rejected > 0 => {
                message::talk(&format!(
                    "{location}: {} of {} lines refused",
                    done.n_rejected, done.n_lines
                ));
                Ok(())
            }
            Ok(_) => Ok(()),
            // An object that can never be read must not stop the others.
            Err(error) if error.kind() == ErrorKind::Usage => {
                message::talk(&format!("error: {error}; passed over"));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
