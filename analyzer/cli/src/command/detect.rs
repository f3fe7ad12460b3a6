//! `driftline detect`.
//!
//! Resolves what the series is and which detectors watch it, and prints where they fired. Computes nothing.

use crate::{exit, message, settings};
use baselines::stream::{DetectorKind, DetectorSettings, Direction};
use clap::{ArgGroup, Args};
use engine::detect::{Ran, detect, unusable};
use engine::report::format::{count, plural};
use engine::series::{Metric, Series, read_file, read_history};
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use std::fmt::Write as _;
use store::StoreOptions;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").required(true).args(["series", "history"]))]
pub(crate) struct DetectArguments {
    /// A .csv, .jsonl or .parquet file whose rows are in the order of time.
    #[arg(long, value_name = "LOCATION", requires = "column")]
    series: Option<String>,
    /// The column of the file that is the series.
    #[arg(long, value_name = "NAME", requires = "series")]
    column: Option<String>,
    /// The column of the file that says when; only shown.
    #[arg(long, value_name = "NAME", requires = "series")]
    time: Option<String>,
    /// Folder with the outputs of earlier `analyze` runs; their verdict.json files make the series.
    #[arg(long, value_name = "LOCATION", requires = "metric")]
    history: Option<String>,
    /// What of a verdict: COLUMN.METHOD, such as temp.psi, or rows for the volume.
    #[arg(long, value_name = "METRIC", requires = "history")]
    metric: Option<String>,
    /// Detectors: page_hinkley, adwin, kswin, cusum, ddm, eddm; the last two take a series of 0 and 1 (errors).
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all")]
    method: Vec<String>,
    /// A setting of a detector, such as adwin.delta=0.01. May be given several times.
    #[arg(long = "set", value_name = "DETECTOR.SETTING=VALUE")]
    set: Vec<String>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: DetectArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let kinds = kinds(&arguments.method)?;
    let detectors = detector_settings(&arguments.set)?;
    let (series, source) = match (&arguments.series, &arguments.history) {
        (Some(file), _) => {
            let at = settings::location("--series", file)?;
            let column = arguments.column.clone().unwrap_or_default();
            let series = read_file(&at, &column, arguments.time.as_deref(), &options).await?;
            (
                series,
                Source::File {
                    at: at.to_string(),
                    column,
                },
            )
        }
        (None, history) => {
            let at = settings::location("--history", history.as_deref().unwrap_or_default())?;
            let metric: Metric = arguments.metric.as_deref().unwrap_or_default().parse()?;
            let series = read_history(&at, &metric, &options).await?;
            (
                series,
                Source::History {
                    at: at.to_string(),
                    metric: metric.to_string(),
                },
            )
        }
    };
    let ran = detect(&series, &kinds, &detectors)?;
    if let Some(Ran {
        outcome: Err(reason), ..
    }) = ran.first()
        && ran.iter().all(|ran| ran.outcome.is_err())
    {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("no detector can watch {}: {reason}", source.shown()),
        )
        .with_hint("page_hinkley, adwin, kswin and cusum take any finite numbers")
        .into());
    }
    message::data(&if arguments.json {
        json(&series, &source, &ran)?
    } else {
        text(&series, &source, &ran)
    });
    Ok(exit::DONE)
}

enum Source {
    File { at: String, column: String },
    History { at: String, metric: String },
}

impl Source {
    fn shown(&self) -> String {
        match self {
            Self::File { at, column } => format!("column {column} of {at}"),
            Self::History { at, metric } => format!("{metric} of the windows below {at}"),
        }
    }

    /// What a position counts.
    fn unit(&self) -> &'static str {
        match self {
            Self::File { .. } => "row",
            Self::History { .. } => "window",
        }
    }
}

fn kinds(names: &[String]) -> Result<Vec<DetectorKind>, EngineError> {
    let mut kinds = Vec::new();
    for name in names {
        let named = if name == "all" {
            DetectorKind::ALL.to_vec()
        } else {
            vec![name.parse().map_err(|error| {
                EngineError::new(ErrorKind::Usage, format!("--method names `{name}`: {error}"))
                    .with_hint("for example --method page_hinkley,adwin, or --method all")
            })?]
        };
        for kind in named {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    Ok(kinds)
}

fn detector_settings(changes: &[String]) -> Result<DetectorSettings, EngineError> {
    let mut settings = DetectorSettings::default();
    for change in changes {
        let malformed = || {
            EngineError::new(
                ErrorKind::Usage,
                format!("--set is `{change}`, expected DETECTOR.SETTING=VALUE"),
            )
            .with_hint("for example --set adwin.delta=0.01")
        };
        let (place, value) = change.split_once('=').ok_or_else(malformed)?;
        let (detector, setting) = place.split_once('.').ok_or_else(malformed)?;
        let kind: DetectorKind = detector.parse().map_err(|error| {
            EngineError::new(ErrorKind::Usage, format!("--set names `{detector}`: {error}"))
        })?;
        settings
            .set(kind, setting, value)
            .map_err(|error| unusable(&error))?;
    }
    Ok(settings)
}

#[derive(Serialize)]
struct Printed<'a> {
    source: String,
    values: usize,
    left_out: u64,
    detectors: Vec<PrintedDetector<'a>>,
}

#[derive(Serialize)]
struct PrintedDetector<'a> {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detections: Option<Vec<PrintedDetection<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_evaluated: Option<String>,
}

#[derive(Serialize)]
struct PrintedDetection<'a> {
    index: usize,
    position: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    statistic: f64,
    limit: f64,
}

fn json(series: &Series, source: &Source, ran: &[Ran]) -> anyhow::Result<String> {
    let detections = |ran: &Ran| {
        let fired = ran.outcome.as_ref().ok()?;
        let printed = fired.iter().map(|fired| {
            let point = &series.points[fired.index];
            PrintedDetection {
                index: fired.index,
                position: point.position,
                time: point.time.as_deref(),
                level: fired.detection.level.name(),
                direction: fired.detection.direction.map(Direction::name),
                statistic: fired.detection.statistic,
                limit: fired.detection.limit,
            }
        });
        Some(printed.collect())
    };
    let printed = Printed {
        source: source.shown(),
        values: series.points.len(),
        left_out: series.n_missing,
        detectors: ran
            .iter()
            .map(|ran| PrintedDetector {
                name: ran.kind.name(),
                detections: detections(ran),
                not_evaluated: ran.outcome.as_ref().err().map(ToString::to_string),
            })
            .collect(),
    };
    Ok(serde_json::to_string_pretty(&printed)? + "\n")
}

fn text(series: &Series, source: &Source, ran: &[Ran]) -> String {
    let mut out = String::new();
    let values = plural(series.points.len() as u64, "value", "values");
    let _infallible = write!(out, "{values}, {}", source.shown());
    if series.n_missing > 0 {
        let _infallible = write!(out, "; {} without a value left out", count(series.n_missing));
    }
    out.push('\n');
    for ran in ran {
        let name = ran.kind.name();
        match &ran.outcome {
            Err(reason) => {
                let _infallible = writeln!(out, "{name:<13} not evaluated: {reason}");
            }
            Ok(fired) if fired.is_empty() => {
                let _infallible = writeln!(out, "{name:<13} no change");
            }
            Ok(fired) => {
                for (idx, fired) in fired.iter().enumerate() {
                    let point = &series.points[fired.index];
                    let when = point
                        .time
                        .as_deref()
                        .map_or_else(String::new, |time| format!(" ({time})"));
                    let way = fired
                        .detection
                        .direction
                        .map_or_else(String::new, |direction| format!(", {}", direction.name()));
                    let _infallible = writeln!(
                        out,
                        "{:<13} {} at {} {}{when}{way}: {:.4} against {:.4}",
                        if idx == 0 { name } else { "" },
                        fired.detection.level.name(),
                        source.unit(),
                        point.position,
                        fired.detection.statistic,
                        fired.detection.limit
                    );
                }
            }
        }
    }
    out
}
