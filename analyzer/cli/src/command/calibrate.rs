//! `driftline calibrate`: make a baseline's calibration anew, or try it on windows without drift.

use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::calibrate::{AaOutcome, FalseAlarmBudget, MinEffect, Resampling};
use clap::Args;
use engine::calibrate::{
    CalibrateRequest, CheckSettings, CheckWindow, Checked, check_calibration, recalibrate,
};
use engine::monitor::Length;
use engine::report::format::{count, percent, plural};
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use std::fmt::Write as _;
use store::StoreOptions;

const SEED: u64 = 0x5eed_d21f;
const MAX_RUNS: u32 = 1_000_000;

#[derive(Debug, Args)]
pub(crate) struct CalibrateArguments {
    /// Folder of the baseline; calibration.json is written there, unless --check is given.
    #[arg(long, value_name = "LOCATION")]
    baseline: String,
    /// The data the baseline was made from.
    #[arg(long, value_name = "LOCATION")]
    data: String,
    /// Column names, roles and types (JSON), and the time column of a table.
    #[arg(long, value_name = "LOCATION")]
    schema: Option<String>,
    /// Write nothing: try windows without drift, made of the data, and print the false-alarm rate reached.
    #[arg(long)]
    check: bool,
    /// Length of the windows tried, a day without it; a time block of the data at least.
    #[arg(long, value_name = "LENGTH", requires = "check", conflicts_with = "rows")]
    window: Option<String>,
    /// Rows of the windows tried, instead of a length.
    #[arg(long, value_name = "N", requires = "check", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rows: Option<u64>,
    /// Windows tried.
    #[arg(long, value_name = "N", requires = "check", default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_RUNS)))]
    runs: u32,
    /// The budget they are judged under.
    #[arg(long, value_name = "BUDGET", requires = "check")]
    false_alarms: Option<String>,
    /// Share of rows that must have moved; 0 lets every change count.
    #[arg(long, value_name = "SHARE", requires = "check")]
    min_effect: Option<f64>,
    /// Worker threads; all cores without it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: CalibrateArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let request = CalibrateRequest {
        baseline: settings::location("--baseline", &arguments.baseline)?,
        data: settings::location("--data", &arguments.data)?,
        schema: settings::schema(arguments.schema.as_deref(), &options).await?,
        settings: ScanSettings {
            n_threads: settings::threads(arguments.threads)?,
            ..ScanSettings::default()
        },
        options: options.clone(),
    };
    if arguments.check {
        let asked = asked(&arguments)?;
        let checked = check_calibration(&request, &asked, &Bar::default()).await?;
        message::data(&if arguments.json {
            json(&checked, asked.budget)?
        } else {
            text(&checked, asked.budget)
        });
        return Ok(exit::DONE);
    }
    let calibrated = recalibrate(&request, &Bar::default()).await?;
    let written = calibrated.write(&request.baseline, &options).await?;
    if arguments.json {
        let printed = Remade {
            written: &written,
            calibration: calibrated.sentence(),
        };
        message::data(&(serde_json::to_string_pretty(&printed)? + "\n"));
    } else {
        message::data(&format!("{}\n", calibrated.sentence()));
        for place in &written {
            message::data(&format!("wrote {place}\n"));
        }
    }
    Ok(exit::DONE)
}

fn asked(arguments: &CalibrateArguments) -> Result<CheckSettings, EngineError> {
    let window = match (arguments.rows, &arguments.window) {
        (Some(n), _) => CheckWindow::Rows(n),
        (None, Some(text)) => CheckWindow::Seconds(window_length(text)?.seconds()),
        (None, None) => CheckWindow::Seconds(Length::DAY.seconds()),
    };
    let budget = match &arguments.false_alarms {
        Some(text) => settings::budget("--false-alarms", text)?,
        None => FalseAlarmBudget::default(),
    };
    Ok(CheckSettings {
        window,
        n_runs: arguments.runs,
        budget,
        min_effect: settings::min_effect(arguments.min_effect, MinEffect::default())?,
        seed: SEED,
    })
}

fn window_length(text: &str) -> Result<Length, EngineError> {
    let wrong = |message: String| {
        EngineError::new(ErrorKind::Usage, message).with_hint("for example --window \"1 day\"")
    };
    let length: Length = text
        .parse()
        .map_err(|error| wrong(format!("--window: {error}")))?;
    if length < Length::SHORTEST_WINDOW {
        return Err(wrong(format!(
            "--window is {length}, expected at least {}",
            Length::SHORTEST_WINDOW
        )));
    }
    Ok(length)
}

#[derive(Serialize)]
struct Remade<'a> {
    written: &'a [String],
    calibration: String,
}

#[derive(Serialize)]
struct Printed {
    false_alarms: String,
    stated_rate: f64,
    runs: u32,
    rows_per_window: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_seconds: Option<f64>,
    windows: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    windows_apart: Option<u32>,
    calibrated: bool,
    alarms: u32,
    rate: f64,
    interval: [f64; 2],
    by_column: Vec<ByColumn>,
    uncalibrated: Uncalibrated,
}

#[derive(Serialize)]
struct ByColumn {
    column: String,
    alarms: u32,
}

#[derive(Serialize)]
struct Uncalibrated {
    alarms: u32,
    rate: f64,
    interval: [f64; 2],
}

fn kind(checked: &Checked) -> &'static str {
    match checked.resampling {
        Resampling::Blocks => "runs of time blocks of the data",
        Resampling::Rows => "rows of the data, one by one",
    }
}

fn json(checked: &Checked, budget: FalseAlarmBudget) -> anyhow::Result<String> {
    let outcome = &checked.outcome;
    let printed = Printed {
        false_alarms: budget.to_string(),
        stated_rate: outcome.alpha,
        runs: outcome.n_runs,
        rows_per_window: checked.n_rows,
        window_seconds: checked.window_seconds,
        windows: kind(checked),
        windows_apart: checked.n_apart,
        calibrated: checked.basis.is_some(),
        alarms: outcome.n_alarms,
        rate: outcome.rate,
        interval: [outcome.low, outcome.high],
        by_column: ringing(outcome)
            .map(|(column, alarms)| ByColumn { column, alarms })
            .collect(),
        uncalibrated: Uncalibrated {
            alarms: checked.uncalibrated.n_alarms,
            rate: checked.uncalibrated.rate,
            interval: [checked.uncalibrated.low, checked.uncalibrated.high],
        },
    };
    Ok(serde_json::to_string_pretty(&printed)? + "\n")
}

fn ringing(outcome: &AaOutcome) -> impl Iterator<Item = (String, u32)> {
    let mut columns: Vec<(String, u32)> = outcome
        .by_column
        .iter()
        .filter(|(_, n)| *n > 0)
        .cloned()
        .collect();
    columns.sort_by_key(|column| std::cmp::Reverse(column.1));
    columns.into_iter()
}

fn text(checked: &Checked, budget: FalseAlarmBudget) -> String {
    let outcome = &checked.outcome;
    let mut out = String::new();
    let window = match checked.window_seconds {
        Some(seconds) => format!("{}, ", Length::from_seconds(seconds as i64)),
        None => String::new(),
    };
    let assumed = if checked.run_alpha.assumed {
        " (the length of a window is not known: a day is assumed)"
    } else {
        ""
    };
    let _infallible = writeln!(
        out,
        "{} without drift, {window}{} each: {}\n",
        plural(u64::from(outcome.n_runs), "window", "windows"),
        plural(checked.n_rows, "row", "rows"),
        kind(checked)
    );
    let _infallible = writeln!(
        out,
        "  stated        {:>8} a window: {budget}{assumed}",
        percent(outcome.alpha)
    );
    let line = |what: &str, outcome: &AaOutcome| {
        format!(
            "  {what:<13} {:>8} ({} with a false alarm; 95% interval {} to {})\n",
            percent(outcome.rate),
            plural(u64::from(outcome.n_alarms), "window", "windows"),
            percent(outcome.low),
            percent(outcome.high)
        )
    };
    if checked.basis.is_some() {
        out += &line("reached", outcome);
        out += &line("uncalibrated", &checked.uncalibrated);
    } else {
        out += &line("uncalibrated", outcome);
        out += "  the baseline has no calibration.json: `driftline calibrate` without --check makes it\n";
    }
    let columns: Vec<String> = ringing(outcome)
        .take(10)
        .map(|(column, n)| format!("{column} {}", count(u64::from(n))))
        .collect();
    if !columns.is_empty() {
        let _infallible = writeln!(out, "  false alarms by column: {}", columns.join(", "));
    }
    if let Some(n) = checked.n_apart.filter(|n| *n < outcome.n_runs) {
        let apart = plural(
            u64::from(n),
            "window that does not overlap",
            "windows that do not overlap",
        );
        let _infallible = writeln!(
            out,
            "  the data hold {apart}: the intervals count no more than these"
        );
    }
    out += match (outcome.low > outcome.alpha, outcome.high <= outcome.alpha) {
        (true, _) => "  more false alarms than stated: see docs/alarms.md, and set a stricter budget\n",
        (false, true) => "  fewer false alarms than stated\n",
        (false, false) => "  no sign of more false alarms than stated\n",
    };
    out
}
