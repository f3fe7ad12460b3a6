//! The bench that anyone can run: seeded data in, JSON with speed, memory and the ratio to a bare parse out.
//!
//! ```text
//! cargo build --release -p cli -p tests
//! target/release/bench analyze --records 1000000 --columns 30 --threads 2
//! target/release/bench suite
//! cargo build --release -p functions && target/release/bench burst
//! ```
//!
//! Everything measured is a child process, so that its time and peak memory are its own. It does not know the crates
//! inside `driftline`, and it sets no bar: the numbers and the bars stand in ARCHITECTURE.md.

mod analyze;
mod burst;
mod parse;
mod quality;
mod workers;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Measure driftline on seeded data")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make data and a baseline, then measure `driftline analyze` and the bare parse, turn by turn
    Analyze(AnalyzeArguments),
    /// The sizes of the speed bars, one after the other, and the start-up time
    Suite(SuiteArguments),
    /// Ten million predictions joined with as many labels and measured, against polars and scikit-learn
    Quality(quality::QualityArguments),
    /// A burst of small objects through the ingest function: speed, memory, and whether anything is lost
    Burst(burst::BurstArguments),
    /// One large input by several processes of `driftline profile`, and the merge of their parts
    Workers(workers::WorkersArguments),
    /// Make capture and a training table and stop
    Make(MakeArguments),
    /// Parse every line of the files below a folder and forget it (what `analyze` is compared with)
    Parse(ParseArguments),
}

#[derive(Debug, Clone, Args)]
struct AnalyzeArguments {
    /// Captured requests
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// Columns, one of them the output, every third categorical
    #[arg(long, default_value_t = 30)]
    columns: usize,
    /// Worker threads, of the analysis and of the parse
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
    /// Runs of each; the fastest counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// First record from which some columns have moved
    #[arg(long)]
    drift_from: Option<u64>,
    /// Seed of the data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the data, kept and used again by the next run with the same arguments [default: a temporary one]
    #[arg(long)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct SuiteArguments {
    /// Also ten million records (6 GB of disk)
    #[arg(long)]
    large: bool,
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

#[derive(Debug, Args)]
struct MakeArguments {
    #[arg(long)]
    records: u64,
    #[arg(long)]
    columns: usize,
    #[arg(long)]
    threads: usize,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    drift_from: Option<u64>,
    #[arg(long)]
    dir: PathBuf,
}

#[derive(Debug, Args)]
struct ParseArguments {
    #[arg(long)]
    threads: usize,
    folder: PathBuf,
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Analyze(arguments) => answer(&analyze::measure(&arguments)?),
        Command::Suite(arguments) => answer(&analyze::suite(&arguments)?),
        Command::Quality(arguments) => answer(&quality::measure(&arguments)?),
        Command::Burst(arguments) => answer(&burst::measure(&arguments)?),
        Command::Workers(arguments) => answer(&workers::measure(&arguments)?),
        Command::Make(arguments) => answer(&analyze::make(&arguments)?),
        Command::Parse(arguments) => answer(&parse::parse_all(&arguments.folder, arguments.threads)?),
    }
}

fn answer(result: &impl serde::Serialize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, result)?;
    writeln!(out)?;
    Ok(())
}
