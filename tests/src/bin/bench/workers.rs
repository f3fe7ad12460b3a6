//! One large input by 1, 2 and 4 processes of `driftline profile` and one `driftline merge`: what an engine beyond one machine
//! adds up to, without the engine.
//!
//! The documents must have the same bytes for any number of processes, or there is no figure. The processes share this
//! machine's cores; on machines of their own they would not.

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use tests::program::{self, Cost};
use tests::synth::Synth;

use crate::parse::files_below;

const MONITOR: &str =
    "name = \"bench\"\ncapture = \"capture\"\nbaseline = \"baseline\"\nwindow = \"1 day\"\n";
const DAY: [&str; 4] = ["--start", "2026-01-01T00:00:00Z", "--end", "2026-01-02T00:00:00Z"];

#[derive(Debug, Args)]
pub(crate) struct WorkersArguments {
    /// Captured requests; a day of them at most counts (see `bytes`)
    #[arg(long, default_value_t = 2_000_000)]
    records: u64,
    /// Columns, one of them the output, every third categorical
    #[arg(long, default_value_t = 30)]
    columns: usize,
    /// Threads of each process
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Processes, one run for each number
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
    workers: Vec<usize>,
    /// Seed of the data
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    records: u64,
    columns: usize,
    files: usize,
    bytes: u64,
    /// `driftline analyze` on the same, with the same threads.
    analyze_s: f64,
    runs: Vec<Run>,
}

#[derive(Debug, Serialize)]
struct Run {
    workers: usize,
    /// Until the last process has written its part.
    profile_s: f64,
    merge_s: f64,
    gb_per_s: f64,
    /// User and system time of all processes.
    cpu_s: f64,
    /// Largest resident set of any process that profiles, and of the merge.
    peak_rss_mb: f64,
    merge_peak_rss_mb: f64,
    /// Bytes of all parts.
    parts_bytes: u64,
}

pub(crate) fn measure(arguments: &WorkersArguments) -> Result<Measured> {
    let folder = tempfile::tempdir().context("make a temporary folder")?;
    let folder = folder.path();
    let synth = Synth {
        n_records: arguments.records,
        n_columns: arguments.columns,
        seed: arguments.seed,
        drift_from: None,
    };
    synth.write_training(&folder.join("train.csv"), 50_000)?;
    let written = synth.write_capture(&folder.join("capture"), 2)?;
    std::fs::write(folder.join("monitor.toml"), MONITOR)?;
    let driftline = program::built("driftline")?;
    let command = |words: &[&str]| {
        let mut command = Command::new(&driftline);
        command
            .args(words)
            .current_dir(folder)
            .env("DRIFTLINE_THREADS", arguments.threads.to_string());
        command
    };
    run(&mut command(&[
        "baseline",
        "--data",
        "train.csv",
        "--output",
        "baseline",
    ]))?;
    let mut analyze = command(&["analyze", "--monitor", "monitor.toml", "--output", "whole"]);
    let whole = run(analyze
        .args(DAY)
        .args(["--threads", &arguments.threads.to_string()]))?;

    let keys = files_below(&folder.join("capture"))?;
    let mut runs = Vec::new();
    let mut first: Option<BTreeMap<String, Vec<u8>>> = None;
    for &n in &arguments.workers {
        let place = folder.join(format!("of-{n}"));
        std::fs::create_dir_all(&place)?;
        let names: Vec<String> = (0..n).map(|part| format!("{part}.part")).collect();
        let manifest = serde_json::json!({"version": 1, "parts": names});
        std::fs::write(place.join("manifest.json"), manifest.to_string())?;
        for part in 0..n {
            let share = keys.iter().skip(part).step_by(n);
            let share: String = share.map(|key| format!("{}\n", key.display())).collect();
            std::fs::write(place.join(format!("{part}.keys")), share)?;
        }
        let start = Instant::now();
        let costs = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..n)
                .map(|part| {
                    let (keys, output) = (format!("of-{n}/{part}.keys"), format!("of-{n}/{part}.part"));
                    let mut command = command(&[
                        "profile",
                        "--keys",
                        &keys,
                        "--monitor",
                        "monitor.toml",
                        "--output",
                        &output,
                    ]);
                    command.args(DAY);
                    scope.spawn(move || run(&mut command))
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().expect("a worker does not panic"))
                .collect::<Result<Vec<Cost>>>()
        })?;
        let profile_s = start.elapsed().as_secs_f64();
        let (manifest, output) = (format!("of-{n}/manifest.json"), format!("out-{n}"));
        let merge = run(&mut command(&[
            "merge",
            "--manifest",
            &manifest,
            "--monitor",
            "monitor.toml",
            "--output",
            &output,
        ]))?;
        let documents = documents(&folder.join(&output))?;
        ensure!(
            first.get_or_insert_with(|| documents.clone()) == &documents,
            "{n} processes give other bytes"
        );
        let mut parts_bytes = 0;
        for name in &names {
            parts_bytes += std::fs::metadata(place.join(name))?.len();
        }
        let cpu = costs.iter().map(|cost| cost.cpu.as_secs_f64()).sum::<f64>() + merge.cpu.as_secs_f64();
        let peak = costs.iter().map(|cost| cost.peak_rss_bytes).max().unwrap_or(0);
        runs.push(Run {
            workers: n,
            profile_s,
            merge_s: merge.wall.as_secs_f64(),
            gb_per_s: written.n_bytes as f64 / 1e9 / profile_s,
            cpu_s: cpu,
            peak_rss_mb: peak as f64 / 1e6,
            merge_peak_rss_mb: merge.peak_rss_bytes as f64 / 1e6,
            parts_bytes,
        });
    }
    Ok(Measured {
        records: arguments.records,
        columns: arguments.columns,
        files: keys.len(),
        bytes: written.n_bytes,
        analyze_s: whole.wall.as_secs_f64(),
        runs,
    })
}

fn run(command: &mut Command) -> Result<Cost> {
    let cost = program::measured(command)?;
    ensure!(cost.status.success(), "{command:?} ended with {}", cost.status);
    Ok(cost)
}

fn documents(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut documents = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        documents.insert(name, std::fs::read(&path)?);
    }
    Ok(documents)
}
