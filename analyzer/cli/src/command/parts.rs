//! `driftline profile` and `driftline merge`: the two ends that drivers of other people pipe keys through.
//!
//! Compute nothing: `parts::bundle` profiles and reads, `engine::windows` judges.

use super::watch::place_at;
use crate::{exit, message, settings};
use bytes::Bytes;
use clap::Args;
use engine::output::write_all;
use engine::reference::ReferenceRequest;
use engine::windows::{judge_parts, watched};
use engine::{EngineError, ErrorKind};
use parts::bundle::{Bundles, profile, to_bytes};
use parts::layout::Span;
use parts::watch::{Prepared, Watched};
use serde::Serialize;
use std::io::Read as _;
use store::{Location, PutMode, StoreOptions, join_key, open_store};

/// Folder beside a part, and beside a manifest, for the typed columns of its objects.
const COLUMNS_FOLDER: &str = "columns";
const MAX_KEYS_BYTES: u64 = 1 << 30;

#[derive(Debug, Args)]
pub(crate) struct ProfileArguments {
    /// A file of keys, one location per line; - for stdin.
    #[arg(long, value_name = "FILE|-")]
    keys: String,
    /// The monitor's settings (docs/monitor.md).
    #[arg(long, value_name = "FILE")]
    monitor: String,
    /// Where the part goes; typed columns go into the folder `columns` beside it.
    #[arg(long, value_name = "PART")]
    output: String,
    /// Only this window: its first instant, RFC 3339. All windows of the monitor without it.
    #[arg(long, value_name = "TIME", requires = "end")]
    start: Option<String>,
    /// The first instant behind the window.
    #[arg(long, value_name = "TIME", requires = "start")]
    end: Option<String>,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Profiled {
    keys: usize,
    parts: usize,
    records: u64,
    written: String,
}

#[derive(Debug, Serialize)]
struct Merged {
    window: String,
    status: &'static str,
    rows: u64,
    objects: usize,
    written: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// What is to be merged: {"version": 1, "parts": ["a.part", …]}; relative names are beside it.
    #[arg(long, value_name = "FILE")]
    manifest: String,
    /// The monitor's settings (docs/monitor.md).
    #[arg(long, value_name = "FILE")]
    monitor: String,
    /// Where the documents go: of one window here, of several each in a folder <start>--<end>.
    #[arg(long, value_name = "DIR")]
    output: String,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `driftline profile`.
pub(crate) async fn run_profile(arguments: ProfileArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let span = span(&arguments)?;
    let output = settings::location("--output", &arguments.output)?;
    let (Some(folder), Some(name)) = (output.parent(), output.file_name()) else {
        let wrong = format!("--output {output} names no file");
        return Err(EngineError::new(ErrorKind::Usage, wrong)
            .with_hint("for example --output parts/0007.part")
            .into());
    };
    let watched = Watched::load(&settings::location("--monitor", &arguments.monitor)?, &options).await?;
    let monitor = Prepared::load(watched, &options).await?;
    let keys = keys(&arguments.keys, &options).await?;
    let place = place_at(&folder.join(COLUMNS_FOLDER), &options).await?;
    let parts = profile(&keys, &monitor, span, &place).await?;
    let (store, root) = open_store(&folder, &options).await.map_err(EngineError::from)?;
    store
        .put(
            &join_key(&root, name),
            Bytes::from(to_bytes(&parts)?),
            PutMode::Overwrite,
        )
        .await
        .map_err(EngineError::from)?;
    let n_rows: u64 = parts.iter().map(|part| part.head.counted.records.n_records).sum();
    let done = Profiled {
        keys: keys.len(),
        parts: parts.len(),
        records: n_rows,
        written: output.to_string(),
    };
    message::data(&if arguments.json {
        serde_json::to_string(&done)? + "\n"
    } else {
        format!(
            "{} keys, {} parts, {n_rows} records; wrote {output}\n",
            done.keys, done.parts
        )
    });
    Ok(exit::DONE)
}

/// Runs `driftline merge`.
pub(crate) async fn run_merge(arguments: MergeArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let manifest = settings::location("--manifest", &arguments.manifest)?;
    let output = settings::location("--output", &arguments.output)?;
    let monitor = settings::monitor(&arguments.monitor, &options).await?;
    let bundles = Bundles::read(&manifest, &options).await?;
    let prepared = Prepared::load(watched(&monitor), &options).await?;
    let folder = manifest.parent().unwrap_or_else(|| manifest.clone());
    let place = place_at(&folder.join(COLUMNS_FOLDER), &options).await?;
    let reference = ReferenceRequest {
        reference: monitor.drift.reference,
        history: monitor.history.clone(),
        persistence: monitor.drift.persistence,
        invocations: monitor.capture_health.invocations.clone(),
    };
    let windows = bundles.windows();
    if windows.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("the parts of {manifest} hold no window"),
        )
        .with_hint("check the keys that were profiled, and --start and --end")
        .into());
    }
    let is_one = windows.len() == 1;
    let mut merged = Vec::new();
    for span in windows {
        let (contents, parts) = bundles.of(span);
        let (analysis, _) =
            judge_parts(&monitor, &prepared, &contents, &parts, span, &reference, &place).await?;
        if !is_one && analysis.scan.records.n_records == 0 {
            continue;
        }
        let at = if is_one {
            output.clone()
        } else {
            output.join(&span.folder())
        };
        let written = write_all(&at, &options, analysis.documents()?).await?;
        merged.push(Merged {
            window: span.folder(),
            status: analysis.verdict.status.name(),
            rows: analysis.verdict.run.records.rows,
            objects: contents.len(),
            written,
        });
    }
    if arguments.json {
        message::data(&(serde_json::to_string(&merged)? + "\n"));
        return Ok(exit::DONE);
    }
    for done in merged {
        message::data(&format!(
            "{}: {}, {} rows of {} objects; wrote {}\n",
            done.window,
            done.status,
            done.rows,
            done.objects,
            done.written.last().map_or("nothing", String::as_str)
        ));
    }
    Ok(exit::DONE)
}

fn span(arguments: &ProfileArguments) -> Result<Option<Span>, EngineError> {
    let start = settings::time("--start", arguments.start.as_deref())?;
    let end = settings::time("--end", arguments.end.as_deref())?;
    let span = start.zip(end).map(|(start, end)| Span { start, end });
    if span.is_some_and(|span| span.start >= span.end) {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "--start is not before --end, so the window is empty",
        ));
    }
    Ok(span)
}

/// Locations, one a line; blank lines and a tab with what follows it (other columns of a driver's) are passed over.
async fn keys(named: &str, options: &StoreOptions) -> anyhow::Result<Vec<Location>> {
    let text = if named == "-" {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .take(MAX_KEYS_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| {
                EngineError::new(ErrorKind::Usage, "keys on stdin are not text").with_source(error)
            })?;
        text
    } else {
        let at = settings::location("--keys", named)?;
        let (Some(folder), Some(name)) = (at.parent(), at.file_name()) else {
            return Err(EngineError::new(ErrorKind::Usage, format!("--keys {at} names no file")).into());
        };
        let (store, root) = open_store(&folder, options).await.map_err(EngineError::from)?;
        let found = store.get(&join_key(&root, name), MAX_KEYS_BYTES).await;
        String::from_utf8_lossy(&found.map_err(EngineError::from)?.bytes).into_owned()
    };
    let lines = text
        .lines()
        .map(|line| line.split('\t').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .map(|line| Ok(settings::location("--keys", line)?))
        .collect()
}
