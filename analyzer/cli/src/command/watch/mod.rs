//! `driftline watch`: what the functions do, on one machine: take new objects in, close windows that are over, tell people,
//! start retrainings and follow them.
//!
//! The same library calls as the functions. Ends cleanly on SIGTERM: objects or the window at hand are
//! finished, and what is not begun is found again by the next run. Computes nothing.

mod follow;
mod take;

use super::retrain::local::LocalArguments;
use super::retrain::service::ServiceArgument;
use crate::{exit, message, settings};
use capture::time::format_rfc3339;
use clap::Args;
use engine::monitor::Length;
use engine::scan::ScanSettings;
use engine::windows::Closed;
use engine::{EngineError, ErrorKind};
use follow::{Followed, Told};
use parts::ingest::Place;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{Location, StoreOptions, open_store};
use take::Watch;

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
    /// Print a JSON object per closed window, and per window or look that had consequences, instead of text.
    #[arg(long)]
    json: bool,
    /// What runs the pipeline of [retrain]. Without it retrainings are decided on and not started.
    #[arg(long, value_enum)]
    service: Option<ServiceArgument>,
    #[command(flatten)]
    local: LocalArguments,
    /// Add metrics to this file, a line each in CloudWatch's embedded format, for an agent to take.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
}

/// Runs the command.
pub(crate) async fn run(arguments: WatchArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
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
    let mut followed = Followed::open(&arguments, &place).await?;
    let mut watch = Watch::new(&arguments.monitor, place, &stop).await?;
    loop {
        let ended = look(&mut watch, &mut followed, now, arguments.json).await;
        let code = match &ended {
            Ok(code) => *code,
            // What storage refuses now it may give the next time.
            Err(error) if !arguments.once && error.kind() == ErrorKind::Storage => {
                message::talk(&format!("error: {error}; trying again in {}", arguments.interval));
                exit::STORAGE
            }
            Err(_) => return Ok(ended?),
        };
        if arguments.once {
            return Ok(code);
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

/// Looks once; gives the exit code of it: what follows is done even where the look failed.
async fn look(
    watch: &mut Watch<'_>,
    followed: &mut Followed,
    now: Option<i64>,
    json: bool,
) -> Result<u8, EngineError> {
    let monitor = watch.reread().await?;
    let actor = followed.actor(&monitor).await?;
    let told = Told::new(actor.as_ref(), now, json);
    let looked = watch.look(now.unwrap_or_else(clock), &told).await;
    let is_news = looked.as_ref().map_or(true, |looked| {
        looked.n_measured > 0 || looked.closed.iter().any(|closed| closed.is_new)
    });
    let mut code = told.code();
    if let Ok(looked) = &looked {
        for closed in &looked.closed {
            say(closed, json);
        }
        if looked.n_failed > 0 {
            code = code.max(exit::STORAGE);
        }
    }
    if let Some(actor) = &actor {
        // Windows take their time: what follows is done at the time it is then.
        let after = followed
            .follow(actor, is_news, now.unwrap_or_else(clock), json)
            .await;
        code = code.max(after);
    }
    looked.map(|_| code)
}

/// The store that was named.
pub(crate) async fn open(named: Option<&str>, options: &StoreOptions) -> Result<Place, EngineError> {
    place_at(&settings::location("--store", &store_text(named)?)?, options).await
}

fn store_text(named: Option<&str>) -> Result<String, EngineError> {
    match named {
        Some(text) => Ok(text.to_owned()),
        None => std::env::var(STORE_VARIABLE).map_err(|_| {
            EngineError::new(
                ErrorKind::Usage,
                format!("no store is named, neither by --store nor by {STORE_VARIABLE}"),
            )
            .with_hint("give a folder or s3://bucket/prefix, the same each time: --store driftline-store")
        }),
    }
}

/// A local path from the root, so that whoever is told of it may stand elsewhere; anything else as it is.
fn from_root(text: &str) -> String {
    let is_local = !text.contains("://");
    let path = std::path::absolute(text).ok().filter(|_| is_local);
    path.map_or_else(|| text.to_owned(), |path| path.to_string_lossy().into_owned())
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
