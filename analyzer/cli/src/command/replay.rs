//! `driftline replay`.

use crate::args::Position;
use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::judge::Policy;
use capture::time::TimeWindow;
use clap::{Args, ValueEnum};
use engine::monitor::Length;
use engine::plan::OutputPosition;
use engine::replay::{HourOf, ReplayRequest, replay};
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use store::StoreOptions;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WhichHour {
    /// The run's scheduled hour, at which its window ends.
    End,
    /// The hour at which its window begins.
    Start,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Captured traffic: {prefix}/{endpoint}/{variant}, or any folder of records.
    #[arg(long, value_name = "LOCATION")]
    capture: String,
    /// Folder of a baseline: driftline's, or Model Monitor's statistics.json and constraints.json.
    #[arg(long, value_name = "LOCATION")]
    baseline: String,
    /// Where Model Monitor's own outputs lie, {endpoint}/{schedule}/yyyy/mm/dd/hh/constraint_violations.json.
    #[arg(long, value_name = "LOCATION")]
    history: Option<String>,
    /// Which end of its window the hour in the path of such an output names.
    #[arg(long, value_enum, default_value = "end", requires = "history")]
    history_hour: WhichHour,
    /// First time replayed: RFC 3339, or a date; without it the first of the history, else of the capture.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// First time not replayed.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Length of a window.
    #[arg(long, value_name = "LENGTH", default_value = "1 hour")]
    every: String,
    /// False alarms the default mode accepts, over all columns and windows.
    #[arg(long, value_name = "BUDGET")]
    false_alarms: Option<String>,
    /// Column names, roles and types (JSON).
    #[arg(long, value_name = "LOCATION")]
    schema: Option<String>,
    /// Where outputs stand among the columns of a baseline without a schema; `start` without it.
    #[arg(long, value_enum)]
    output_columns_position: Option<Position>,
    /// Where replay.html and replay.json go.
    #[arg(long, value_name = "LOCATION")]
    output: Option<String>,
    /// Worker threads; all cores without it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print replay.json instead of the table.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: ReplayArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let place = |argument: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| settings::location(argument, text))
            .transpose()
    };
    let time = |argument: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| settings::time_or_date(argument, text))
            .transpose()
    };
    let output = place("--output", &arguments.output)?;
    let every: Length = arguments.every.parse().map_err(|error| {
        EngineError::new(ErrorKind::Usage, format!("--every has {error}"))
            .with_hint("for example --every \"1 day\"")
    })?;
    if every < Length::SHORTEST_WINDOW {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("--every is {every}, shorter than {}", Length::SHORTEST_WINDOW),
        )
        .with_hint("Model Monitor's windows are of an hour and more")
        .into());
    }
    let mut policy = Policy::default();
    if let Some(text) = &arguments.false_alarms {
        policy.false_alarms = settings::budget("--false-alarms", text)?;
    }
    let request = ReplayRequest {
        capture: settings::location("--capture", &arguments.capture)?,
        baseline: settings::location("--baseline", &arguments.baseline)?,
        schema: settings::schema(arguments.schema.as_deref(), &options).await?,
        output_position: match arguments.output_columns_position {
            Some(Position::End) => OutputPosition::End,
            _ => OutputPosition::Start,
        },
        history: place("--history", &arguments.history)?,
        hour_of: match arguments.history_hour {
            WhichHour::End => HourOf::End,
            WhichHour::Start => HourOf::Start,
        },
        span: TimeWindow {
            start: time("--from", &arguments.from)?,
            end: time("--to", &arguments.to)?,
        },
        every,
        policy,
        settings: ScanSettings {
            n_threads: settings::threads(arguments.threads)?,
            ..ScanSettings::default()
        },
        options: options.clone(),
    };
    let replayed = replay(&request, &Bar::default()).await?;
    let written = match &output {
        Some(output) => replayed.write(output, &options).await?,
        None => Vec::new(),
    };
    if arguments.json {
        message::data(&String::from_utf8(replayed.document()?)?);
    } else {
        message::data(&replayed.text());
        for place in &written {
            message::data(&format!("wrote {place}\n"));
        }
    }
    Ok(exit::DONE)
}
