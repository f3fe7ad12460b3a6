//! Arguments, taken literally. What they mean together is resolved in `settings`.

use crate::command::backtest::BacktestArguments;
use crate::command::calibrate::CalibrateArguments;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Watches a deployed model: reads SageMaker data capture, compares it with a baseline, says what changed.
#[derive(Debug, Parser)]
#[command(name = "driftline", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done (violations are a result), 1 internal fault, 2 wrong request or input, \
3 violations with --fail-on violation, 4 nothing to analyze, 5 not evaluated with --fail-on, 6 storage failed, 7 a pipeline execution failed.
Locations are local paths or s3:// URIs; S3 takes the standard AWS credential chain and AWS_ENDPOINT_URL.";

#[expect(clippy::large_enum_variant, reason = "one per process")]
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a monitor.toml by looking at an endpoint or at captured traffic.
    Init(crate::command::init::InitArguments),
    /// Check a monitor.toml and everything it points to, or print its schema for editors.
    Monitor(crate::command::monitor::MonitorArguments),
    /// Learn what normal is from training data or captured traffic.
    Baseline(BaselineArguments),
    /// Compare a window of captured traffic with a baseline.
    Analyze(AnalyzeArguments),
    /// Measure how good the predictions were, from labels as they come, or estimate it before.
    Quality(crate::command::quality::QualityArguments),
    /// Replay history through a monitor's settings: the alarms that would have rung, for each of several budgets.
    Backtest(BacktestArguments),
    /// Measure what is normal for a baseline's windows, or check the false-alarm rate on its own data.
    Calibrate(CalibrateArguments),
    /// Compare two tables, column by column, by any method under any library's convention.
    Compare(crate::command::compare::CompareArguments),
    /// Run as the container of a SageMaker processing or monitoring job, in place of Model Monitor's image.
    Container(crate::command::container::ContainerArguments),
    /// Find where a series changed: a column of a file, or a metric of earlier verdicts.
    Detect(crate::command::detect::DetectArguments),
    /// Measure bias by Clarify's files: analysis_config.json in, analysis.json and violations out.
    Bias(crate::command::bias::BiasArguments),
    /// Judge stored history as Model Monitor does and as Driftline does, and show where they differ.
    Replay(crate::command::replay::ReplayArguments),
    /// Make a monitor of a Model Monitor schedule: its descriptions and baseline files, or its name.
    Import(crate::command::import::ImportArguments),
    /// Write Model Monitor's files, the model registry's entries, or the requests that run our image.
    Export(crate::command::export::ExportArguments),
    /// Set windows side by side: drift of the inputs, estimated quality, and what the labels said then.
    Timeline(crate::command::timeline::TimelineArguments),
    /// The retraining pipeline: its definition, running it on this machine, its steps.
    Pipeline(crate::command::pipeline::PipelineArguments),
    /// Decide whether to retrain, start the pipeline once, follow it, and say why.
    Retrain(crate::command::retrain::RetrainArguments),
    /// Take new objects of a monitor in and close its windows that are over, on this machine.
    Watch(crate::command::watch::WatchArguments),
    /// Profile some of a window's objects into a part, for a driver that spreads keys over machines.
    Profile(crate::command::parts::ProfileArguments),
    /// Merge parts into a window's documents; refuses when one of the manifest is missing.
    Merge(crate::command::parts::MergeArguments),
    /// Tell people of incidents, once each: send, test, mute, acknowledge.
    Alerts(crate::command::alerts::AlertsArguments),
    /// Show the whole thing on real data, in a local folder.
    Demo(DemoArguments),
}

#[derive(Debug, Args)]
pub(crate) struct BaselineArguments {
    /// Training data: a .csv, .parquet or .jsonl file, a folder of them, or a capture location.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) data: String,
    /// Where statistics.json, constraints.json, calibration.json and baseline.profile go.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) output: String,
    /// What is predicted, where the data has predictions and labels: writes the model-quality baseline too.
    #[arg(long, value_enum)]
    pub(crate) problem: Option<crate::command::quality::ProblemArgument>,
    #[command(flatten)]
    pub(crate) columns: crate::command::quality::ColumnArguments,
    #[command(flatten)]
    pub(crate) facets: crate::command::facet::FacetArguments,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AnalyzeArguments {
    /// Captured traffic: {prefix}/{endpoint}/{variant}, or any folder or file of records; needed without --monitor.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) capture: Option<String>,
    /// Folder of a baseline: driftline's, or Model Monitor's statistics.json and constraints.json; needed without
    /// --monitor.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) baseline: Option<String>,
    /// The monitor's settings: capture, baseline, schema, window length and what may alarm (docs/monitor.md). Flags
    /// stand above the file.
    #[arg(long, value_name = "FILE")]
    pub(crate) monitor: Option<String>,
    /// False alarms accepted, over all columns and windows, for example "1 per 90 days".
    #[arg(long, value_name = "BUDGET")]
    pub(crate) false_alarms: Option<String>,
    /// Share of rows that must have moved for a drift to matter.
    #[arg(long, value_name = "SHARE")]
    pub(crate) min_effect: Option<f64>,
    /// Where statistics.json, constraint_violations.json, report.html, window.profile and verdict.json go.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) output: String,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Where outputs stand among the columns of a baseline without a schema; `start` without it.
    #[arg(long, value_enum)]
    pub(crate) output_columns_position: Option<Position>,
    /// What is usual: baseline, previous (the window before), trailing:K (the K windows before), season (earlier
    /// windows of the same hour of the week, UTC); the baseline without it. Constraints stay the baseline's.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) reference: Option<String>,
    /// How many of the last windows must find a column drifted before it rings, for example "2 of 3"; earlier ones are
    /// those below --history.
    #[arg(long, value_name = "N of M")]
    pub(crate) persistence: Option<String>,
    /// Folder with the outputs of earlier runs: their window.profile files make the reference, their verdicts say what persists.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) history: Option<String>,
    /// Write every refused line to this file: object, line, byte offset, reason. JSON Lines.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) rejects: Option<String>,
    /// Write the refused lines themselves too. They are captured data: mind where the file goes.
    #[arg(long, requires = "rejects")]
    pub(crate) rejects_payload: bool,
    /// Turn a result into an exit code: 3 on a violation, 5 where nothing could be evaluated.
    #[arg(long, value_enum, value_name = "RESULT")]
    pub(crate) fail_on: Option<FailOn>,
    /// `sagemaker`: what Model Monitor's own image would have said, and nothing else: its six checks with its thresholds,
    /// its blind spots included (docs/from-model-monitor.md).
    #[arg(long, value_enum)]
    pub(crate) compat: Option<crate::command::bias::Compat>,
    /// What the report calls the window.
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// Print verdict.json instead of the summary.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReadingArguments {
    /// First time inside the window, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// First time outside the window, RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<String>,
    /// Column names, roles and types (JSON).
    #[arg(long, value_name = "LOCATION")]
    pub(crate) schema: Option<String>,
    /// Worker threads; all cores without it.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Refuse lines longer than this.
    #[arg(long, value_name = "BYTES", default_value_t = 32 << 20)]
    pub(crate) max_line_bytes: usize,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Folder to work in; it is the store.
    #[arg(long, value_name = "FOLDER", default_value = "driftline-demo")]
    pub(crate) output: PathBuf,
    /// Leave out the last act, in which a model is trained, served and retrained.
    #[arg(long)]
    pub(crate) without_training: bool,
    /// A Python 3.11 that has the packages of demo/requirements-training.txt; without it they are installed below FOLDER.
    #[arg(long, value_name = "PROGRAM", conflicts_with = "without_training")]
    pub(crate) python: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Position {
    /// Before the inputs, as Model Monitor has them.
    Start,
    /// Behind the inputs.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Exit 3 if the verdict is violated.
    Violation,
    /// That, and exit 5 if nothing could be evaluated.
    NotEvaluated,
}
