//! `driftline quality` on ten million predictions and as many labels, against polars and scikit-learn doing the same.
//!
//! Both tables are CSV with ids of 32 hexadecimal digits, the labels in another order than the predictions. The peer
//! (`tests/reference/quality/polars_sklearn.py`) runs in the same turn where a Python is named. Judges nothing.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
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
    #[arg(long)]
    python: Option<String>,
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

/// SplitMix64: a row's id and draws from its number.
fn mixed(mut state: u64) -> u64 {
    state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

fn score_of(row: u64) -> f64 {
    (mixed(row ^ 0x5c0e) >> 11) as f64 / (1u64 << 53) as f64
}

fn make(folder: &Path, rows: u64) -> Result<u64> {
    let mut predictions = BufWriter::new(File::create(folder.join("predictions.csv"))?);
    let mut labels = BufWriter::new(File::create(folder.join("labels.csv"))?);
    let mut training = BufWriter::new(File::create(folder.join("training.csv"))?);
    writeln!(predictions, "id,score")?;
    writeln!(labels, "id,label")?;
    writeln!(training, "score,label")?;
    let label_of =
        |row: u64| u8::from(score_of(row) > (mixed(row ^ 0x1abe1) >> 11) as f64 / (1u64 << 53) as f64);
    for row in 0..rows {
        writeln!(
            predictions,
            "{:016x}{:016x},{:.9}",
            mixed(row),
            mixed(!row),
            score_of(row)
        )?;
        // A step that has no factor in common with the number of rows visits each of them once.
        let other = (row.wrapping_mul(7_368_787) + 11) % rows;
        writeln!(
            labels,
            "{:016x}{:016x},{}",
            mixed(other),
            mixed(!other),
            label_of(other)
        )?;
        if row < 20_000 {
            writeln!(training, "{:.9},{}", score_of(row), label_of(row))?;
        }
    }
    for file in [&mut predictions, &mut labels, &mut training] {
        file.flush()?;
    }
    let size = |name: &str| std::fs::metadata(folder.join(name)).map(|found| found.len());
    Ok(size("predictions.csv")? + size("labels.csv")?)
}

pub(crate) fn measure(arguments: &QualityArguments) -> Result<MeasuredQuality> {
    ensure!(
        !arguments.rows.is_multiple_of(7_368_787),
        "--rows must not be a multiple of 7368787"
    );
    let folder = tempfile::tempdir()?;
    let bytes = make(folder.path(), arguments.rows)?;
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
        ours.push(run(&format!(
            "quality --capture predictions.csv --ground-truth labels.csv --baseline base --problem binary \
             --probability score --output out-{turn} --threads {} --json",
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
