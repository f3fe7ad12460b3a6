//! `driftline quality` on ten million predictions and as many labels, against polars and scikit-learn doing the same.
//!
//! Two CSV tables, or (`--captured`) a day of capture records and the labels that came in the days after it. The peer
//! (`tests/reference/quality/polars_sklearn.py`) reads the tables, in the same turn, where a Python is named. Judges
//! nothing.

mod records;
mod row;
mod tables;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use tests::program::{self, Cost};
use tests::repository::root;

#[derive(Debug, Clone, Args)]
pub(crate) struct QualityArguments {
    /// Predictions, and as many labels
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Worker threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs of each; the fastest counts
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// A Python with polars and scikit-learn; without it the peer is left out
    #[arg(long, conflicts_with = "captured")]
    python: Option<String>,
    /// A day of capture records with late labels (JSON Lines by hour) instead of tables; 5 GB of disk at full size
    #[arg(long)]
    captured: bool,
    /// Also write the merged records (as much again as the capture)
    #[arg(long, requires = "captured")]
    merged: bool,
    /// Folder below which the data are made and removed again [default: the system's temporary one]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct MeasuredQuality {
    rows: u64,
    threads: usize,
    bytes: u64,
    quality_s: f64,
    quality_cpu_s: f64,
    quality_peak_rss_mb: f64,
    peer_s: Option<f64>,
    peer_cpu_s: Option<f64>,
    peer_peak_rss_mb: Option<f64>,
}

pub(crate) fn measure(arguments: &QualityArguments) -> Result<MeasuredQuality> {
    ensure!(
        !arguments.rows.is_multiple_of(row::STEP),
        "--rows must not be a multiple of {}",
        row::STEP
    );
    let folder = match &arguments.dir {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    }?;
    let bytes = if arguments.captured {
        records::make(folder.path(), arguments.rows)?
    } else {
        tables::make(folder.path(), arguments.rows)?
    };
    let driftline = program::built("driftline")?;
    let run = |words: &str| -> Result<Cost> {
        let cost = program::measured(
            Command::new(&driftline)
                .args(words.split(' '))
                .current_dir(folder.path()),
        )?;
        ensure!(
            cost.status.success(),
            "driftline {words} ended with {}",
            cost.status
        );
        Ok(cost)
    };
    run("baseline --data training.csv --problem binary --probability score --label label --output base")?;
    let (mut ours, mut theirs): (Vec<Cost>, Vec<Cost>) = (Vec::new(), Vec::new());
    for turn in 0..arguments.runs.max(1) {
        let words = if arguments.captured {
            let merged = if arguments.merged { "" } else { " --no-merged" };
            format!("{}{merged}", records::WORDS)
        } else {
            tables::WORDS.to_owned()
        };
        ours.push(run(&format!(
            "quality {words} --baseline base --problem binary --output out-{turn} --threads {} --json",
            arguments.threads
        ))?);
        if let Some(python) = &arguments.python {
            let script = root().join("tests/reference/quality/polars_sklearn.py");
            let cost = program::measured(
                Command::new(python)
                    .arg(script)
                    .env("POLARS_MAX_THREADS", arguments.threads.to_string())
                    .current_dir(folder.path()),
            )
            .context("run the peer")?;
            ensure!(cost.status.success(), "the peer ended with {}", cost.status);
            theirs.push(cost);
        }
    }
    let least = |costs: &[Cost], of: fn(&Cost) -> f64| costs.iter().map(of).reduce(f64::min);
    let wall = |cost: &Cost| cost.wall.as_secs_f64();
    let cpu = |cost: &Cost| cost.cpu.as_secs_f64();
    let rss = |cost: &Cost| cost.peak_rss_bytes as f64 / 1e6;
    Ok(MeasuredQuality {
        rows: arguments.rows,
        threads: arguments.threads,
        bytes,
        quality_s: least(&ours, wall).unwrap_or_default(),
        quality_cpu_s: least(&ours, cpu).unwrap_or_default(),
        quality_peak_rss_mb: ours.iter().map(rss).fold(0.0, f64::max),
        peer_s: least(&theirs, wall),
        peer_cpu_s: least(&theirs, cpu),
        peer_peak_rss_mb: theirs.iter().map(rss).reduce(f64::max),
    })
}
