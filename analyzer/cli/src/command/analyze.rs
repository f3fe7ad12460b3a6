//! `driftline analyze`.

use crate::args::{AnalyzeArguments, FailOn, Position};
use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::calibrate::Persistence;
use baselines::judge::{SagemakerCompat, Status};
use baselines::reference::Reference;
use bytes::Bytes;
use engine::analyze::{Analysis, AnalyzeRequest, analyze_with};
use engine::baseline::load;
use engine::monitor::Monitor;
use engine::plan::OutputPosition;
use engine::reference::ReferenceRequest;
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use store::{Location, PutMode, StoreOptions, join_key, open_store};

/// Refused lines a rejects file can list; more are counted but not listed.
const MAX_LISTED_REJECTS: usize = 10_000_000;

pub(crate) async fn run(arguments: AnalyzeArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let output = settings::location("--output", &arguments.output)?;
    let rejects = arguments
        .rejects
        .as_deref()
        .map(|text| settings::location("--rejects", text))
        .transpose()?;
    let mut scan = settings::scan_settings(&arguments.reading)?;
    if rejects.is_some() {
        scan = ScanSettings {
            max_kept_rejects: MAX_LISTED_REJECTS,
            keep_payloads: arguments.rejects_payload,
            ..scan
        };
    }
    let monitor = match &arguments.monitor {
        Some(file) => Some(settings::monitor(file, &options).await?),
        None => None,
    };
    if let Some(monitor) = &monitor {
        scan.variants.clone_from(&monitor.variants);
    }
    let request = request(&arguments, monitor.as_ref(), scan, &options).await?;
    let reference = reference(&arguments, monitor.as_ref())?;
    if arguments.compat.is_some() && reference.reference != Reference::Baseline {
        let wrong =
            "--compat sagemaker holds a window against the baseline, and another reference is asked for";
        return Err(EngineError::new(ErrorKind::Usage, wrong)
            .with_hint("leave --reference out: Model Monitor knows no other")
            .into());
    }
    let baseline = load(&request.baseline, &options).await?;
    let mut analysis = analyze_with(&request, &baseline, &reference, &Bar::default()).await?;
    if let Some(monitor) = &monitor {
        monitor.note(&mut analysis.verdict);
    }
    if let Some(place) = &rejects {
        write_rejects(&analysis, place, &options).await?;
    }
    let written = analysis.write(&output, &options).await?;
    if arguments.json {
        message::data(&String::from_utf8(analysis.verdict_bytes()?)?);
    } else {
        message::data(&analysis.text());
        let choices = &analysis.verdict.judged.choices;
        if let Some(windows) = choices.get("reference_windows") {
            message::data(&format!("held against {}: {windows}\n", choices["reference"]));
        }
        if let Some(words) = choices.get("persistence") {
            message::data(&format!("persistence: {words}\n"));
        }
        for place in &written {
            message::data(&format!("wrote {place}\n"));
        }
    }
    Ok(match (analysis.verdict.status, arguments.fail_on) {
        (Status::Violated, Some(_)) => exit::VIOLATED,
        (Status::NotEvaluated, Some(FailOn::NotEvaluated)) => exit::NOT_EVALUATED,
        _ => exit::DONE,
    })
}

/// What is to be analyzed: the monitor's settings, and the flags above them.
async fn request(
    arguments: &AnalyzeArguments,
    monitor: Option<&Monitor>,
    scan: ScanSettings,
    options: &StoreOptions,
) -> anyhow::Result<AnalyzeRequest> {
    let place =
        |argument: &str, given: Option<&str>, of_monitor: fn(&Monitor) -> &Location| match (given, monitor) {
            (Some(text), _) => settings::location(argument, text),
            (None, Some(monitor)) => Ok(of_monitor(monitor).clone()),
            (None, None) => Err(EngineError::new(
                ErrorKind::Usage,
                format!("{argument} is not given, and no --monitor that says it"),
            )
            .with_hint("give --capture and --baseline, or --monitor FILE; docs/monitor.md shows one")),
        };
    let schema = match (&arguments.reading.schema, monitor) {
        (None, Some(monitor)) => settings::schema_at(monitor.schema.as_ref(), options).await?,
        (named, _) => settings::schema(named.as_deref(), options).await?,
    };
    let mut policy = monitor.map(Monitor::policy).unwrap_or_default();
    if let Some(text) = &arguments.false_alarms {
        policy.false_alarms = settings::budget("--false-alarms", text)?;
    }
    policy.min_effect = settings::min_effect(arguments.min_effect, policy.min_effect)?;
    if arguments.compat.is_some() {
        policy.compat = Some(SagemakerCompat::default());
    }
    Ok(AnalyzeRequest {
        capture: place("--capture", arguments.capture.as_deref(), |monitor| {
            &monitor.capture
        })?,
        baseline: place("--baseline", arguments.baseline.as_deref(), |monitor| {
            &monitor.baseline
        })?,
        schema,
        output_position: match (arguments.output_columns_position, monitor) {
            (Some(Position::Start), _) | (None, None) => OutputPosition::Start,
            (Some(Position::End), _) => OutputPosition::End,
            (None, Some(monitor)) => monitor.output_position,
        },
        settings: scan,
        policy,
        options: options.clone(),
        title: arguments
            .title
            .clone()
            .or_else(|| monitor.map(|monitor| monitor.name.clone())),
    })
}

/// What the window is held against: the flags, else the monitor's.
fn reference(
    arguments: &AnalyzeArguments,
    monitor: Option<&Monitor>,
) -> Result<ReferenceRequest, EngineError> {
    let reference = match (&arguments.reference, monitor) {
        (Some(text), _) => settings::reference(text, "trailing:24 --history runs")?,
        (None, Some(monitor)) => monitor.drift.reference,
        (None, None) => Reference::default(),
    };
    let history = match (&arguments.history, monitor) {
        (Some(text), _) => Some(settings::location("--history", text)?),
        (None, Some(monitor)) => monitor.history.clone(),
        (None, None) => None,
    };
    let persistence = match (&arguments.persistence, monitor) {
        (Some(text), _) => text.parse().map_err(|error| {
            EngineError::new(ErrorKind::Usage, format!("--persistence is `{text}`: {error}"))
                .with_hint("for example --persistence \"2 of 3\" --history runs")
        })?,
        (None, Some(monitor)) => monitor.drift.persistence,
        (None, None) => Persistence::default(),
    };
    Ok(ReferenceRequest {
        reference,
        history,
        persistence,
        invocations: monitor.and_then(|monitor| monitor.capture_health.invocations.clone()),
    })
}

#[derive(Serialize)]
struct RejectLine<'a> {
    object: &'a str,
    line: u64,
    byte_offset: u64,
    bytes: u64,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
}

async fn write_rejects(analysis: &Analysis, place: &Location, options: &StoreOptions) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for reject in &analysis.scan.rejects {
        let line = RejectLine {
            object: &analysis.scan.objects[reject.object_idx as usize].key,
            line: reject.line,
            byte_offset: reject.byte_offset,
            bytes: reject.n_bytes,
            reason: reject.reason.name(),
            payload: reject
                .payload
                .as_ref()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        };
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else {
        return Err(
            EngineError::new(ErrorKind::Usage, format!("--rejects {place} names no file"))
                .with_hint("for example --rejects out/rejects.jsonl")
                .into(),
        );
    };
    let (store, root) = open_store(&folder, options).await.map_err(EngineError::from)?;
    let key = join_key(&root, name);
    store
        .put(&key, Bytes::from(lines), PutMode::Overwrite)
        .await
        .map_err(EngineError::from)?;
    Ok(())
}
