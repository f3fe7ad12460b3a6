//! `driftline analyze` against the bare parse, turn by turn, on data made for it.
//!
//! Does not look at verdicts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tests::program::{self, Cost};
use tests::synth::Synth;

use crate::parse::files_below;
use crate::{AnalyzeArguments, MakeArguments, SuiteArguments};

const TRAINING_ROWS: u64 = 100_000;
const STARTS: usize = 20;

/// One size.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    records: u64,
    columns: usize,
    threads: usize,
    files: usize,
    bytes: u64,
    /// Fastest run of `driftline analyze`.
    analyze_s: f64,
    /// Fastest run of the bare parse.
    parse_s: f64,
    /// `analyze_s / parse_s`.
    ratio: f64,
    /// The same of user and system time, each the least of all runs: what a busy machine disturbs less.
    ratio_cpu: f64,
    rows_per_s: f64,
    gb_per_s: f64,
    /// User and system time, the least of all runs.
    analyze_cpu_s: f64,
    parse_cpu_s: f64,
    /// Largest resident set of any analysis.
    peak_rss_mb: f64,
    parse_peak_rss_mb: f64,
    baseline_s: f64,
    /// Every run, in order.
    analyze_runs_s: Vec<f64>,
    parse_runs_s: Vec<f64>,
}

/// All sizes.
#[derive(Debug, Serialize)]
pub(crate) struct Suite {
    sizes: Vec<Measured>,
    /// Time of 200 columns over the time of 100, same number of records.
    columns_200_over_100: f64,
    /// The same of user and system time.
    columns_200_over_100_cpu: f64,
    /// Median of several `driftline --version`, in milliseconds.
    version_ms: f64,
}

/// What `make` wrote.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    files: u64,
    bytes: u64,
    training_rows: u64,
}

pub(crate) fn make(arguments: &MakeArguments) -> Result<Made> {
    let synth = Synth {
        n_records: arguments.records,
        n_columns: arguments.columns,
        seed: arguments.seed,
        drift_from: arguments.drift_from,
    };
    std::fs::create_dir_all(&arguments.dir).with_context(|| format!("create {}", arguments.dir.display()))?;
    let training_rows = arguments
        .records
        .min(TRAINING_ROWS * 30 / arguments.columns.max(30) as u64);
    synth.write_training(&arguments.dir.join("train.csv"), training_rows)?;
    let written = synth.write_capture(&arguments.dir.join("capture"), arguments.threads)?;
    Ok(Made {
        files: written.n_files,
        bytes: written.n_bytes,
        training_rows,
    })
}

pub(crate) fn measure(arguments: &AnalyzeArguments) -> Result<Measured> {
    let temporary = tempfile::tempdir().context("make a temporary folder")?;
    let name = format!(
        "{}x{}-seed{}-drift{}",
        arguments.records,
        arguments.columns,
        arguments.seed,
        arguments
            .drift_from
            .map_or_else(|| "none".to_owned(), |from| from.to_string())
    );
    let folder = arguments.dir.as_deref().unwrap_or(temporary.path()).join(name);
    let capture = folder.join("capture");
    if !folder.join("complete").is_file() {
        run(Command::new(std::env::current_exe()?)
            .arg("make")
            .args(["--records", &arguments.records.to_string()])
            .args(["--columns", &arguments.columns.to_string()])
            .args(["--threads", &arguments.threads.to_string()])
            .args(["--seed", &arguments.seed.to_string()])
            .args(arguments.drift_from.map(|from| format!("--drift-from={from}")))
            .arg("--dir")
            .arg(&folder))?;
        std::fs::write(folder.join("complete"), "")?;
    }
    let files = files_below(&capture)?;
    let mut bytes = 0;
    for file in &files {
        bytes += std::fs::metadata(file)?.len();
    }

    let driftline = program::built("driftline")?;
    let baseline = folder.join("baseline");
    let baseline_cost = run(Command::new(&driftline)
        .args(["baseline", "--data"])
        .arg(folder.join("train.csv"))
        .arg("--output")
        .arg(&baseline))?;

    let (mut analyses, mut parses) = (Vec::new(), Vec::new());
    for _ in 0..arguments.runs.max(1) {
        parses.push(run(Command::new(std::env::current_exe()?)
            .args(["parse", "--threads", &arguments.threads.to_string()])
            .arg(&capture))?);
        analyses.push(run(&mut analysis(
            &driftline,
            &capture,
            &baseline,
            &folder.join("out"),
            arguments.threads,
        ))?);
    }
    let (analyze, parse) = (fastest(&analyses), fastest(&parses));
    let seconds = |costs: &[Cost]| costs.iter().map(|cost| cost.wall.as_secs_f64()).collect();
    let peak = |costs: &[Cost]| costs.iter().map(|cost| cost.peak_rss_bytes).max().unwrap_or(0) as f64 / 1e6;
    let wall = analyze.wall.as_secs_f64();
    Ok(Measured {
        records: arguments.records,
        columns: arguments.columns,
        threads: arguments.threads,
        files: files.len(),
        bytes,
        analyze_s: wall,
        parse_s: parse.wall.as_secs_f64(),
        ratio: wall / parse.wall.as_secs_f64(),
        ratio_cpu: least_cpu(&analyses) / least_cpu(&parses),
        rows_per_s: arguments.records as f64 / wall,
        gb_per_s: bytes as f64 / 1e9 / wall,
        analyze_cpu_s: least_cpu(&analyses),
        parse_cpu_s: least_cpu(&parses),
        peak_rss_mb: peak(&analyses),
        parse_peak_rss_mb: peak(&parses),
        baseline_s: baseline_cost.wall.as_secs_f64(),
        analyze_runs_s: seconds(&analyses),
        parse_runs_s: seconds(&parses),
    })
}

pub(crate) fn suite(arguments: &SuiteArguments) -> Result<Suite> {
    let size = |records, columns| {
        measure(&AnalyzeArguments {
            records,
            columns,
            threads: arguments.threads,
            runs: arguments.runs,
            drift_from: None,
            seed: 1,
            dir: None,
        })
    };
    let hundred = size(200_000, 100)?;
    let two_hundred = size(200_000, 200)?;
    let columns_200_over_100 = two_hundred.analyze_s / hundred.analyze_s;
    let columns_200_over_100_cpu = two_hundred.analyze_cpu_s / hundred.analyze_cpu_s;
    let mut sizes = vec![size(1_000_000, 30)?, hundred, two_hundred, size(20_000, 2_000)?];
    if arguments.large {
        sizes.push(size(10_000_000, 30)?);
    }
    Ok(Suite {
        sizes,
        columns_200_over_100,
        columns_200_over_100_cpu,
        version_ms: version_ms()?,
    })
}

fn analysis(
    driftline: &Path,
    capture: &Path,
    baseline: &Path,
    output: &PathBuf,
    n_threads: usize,
) -> Command {
    let mut command = Command::new(driftline);
    command
        .arg("analyze")
        .arg("--capture")
        .arg(capture)
        .arg("--baseline")
        .arg(baseline);
    command
        .arg("--output")
        .arg(output)
        .args(["--threads", &n_threads.to_string()]);
    command
}

fn version_ms() -> Result<f64> {
    let driftline = program::built("driftline")?;
    let mut walls = Vec::new();
    for _ in 0..STARTS {
        walls.push(run(Command::new(&driftline).arg("--version"))?.wall);
    }
    walls.sort();
    Ok(walls[STARTS / 2].as_secs_f64() * 1e3)
}

fn fastest(costs: &[Cost]) -> Cost {
    *costs
        .iter()
        .min_by_key(|cost| cost.wall)
        .expect("each was run at least once")
}

fn least_cpu(costs: &[Cost]) -> f64 {
    let seconds = costs.iter().map(|cost| cost.cpu.as_secs_f64());
    seconds
        .min_by(f64::total_cmp)
        .expect("each was run at least once")
}

fn run(command: &mut Command) -> Result<Cost> {
    let cost = program::measured(command)?;
    if !cost.status.success() || cost.wall == Duration::ZERO {
        bail!("{command:?} ended with {}", cost.status);
    }
    Ok(cost)
}
