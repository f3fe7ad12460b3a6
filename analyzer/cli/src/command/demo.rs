//! `driftline demo`: a year of real demand, a model of its first months, and what a monitor says month by month.
//!
//! Plays the endpoint: writes capture as SageMaker does, into a local folder, then runs the ordinary commands' own
//! code on it. Knows the demo's data and nothing the commands do not.

use crate::args::DemoArguments;
use crate::progress::Bar;
use crate::{exit, message};
use anyhow::Context as _;
use baselines::judge::{CheckKind, Policy, Status};
use bytes::Bytes;
use capture::payload::csv::fields;
use capture::schema::Schema;
use capture::time::{TimeWindow, parse_rfc3339};
use engine::analyze::{AnalyzeRequest, REPORT_FILE, analyze_against};
use engine::baseline::{BaselineRequest, load, make};
use engine::plan::OutputPosition;
use engine::report::format::{count, number};
use engine::scan::ScanSettings;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use store::{Location, ObjectStore, PutMode, StoreOptions, join_key, open_store};

const RIDES: &str = include_str!("../../demo/Bikeshare.csv");
const PREDICTIONS: &str = include_str!("../../demo/predictions.csv");
/// What the endpoint is given. `season`, `mnth` and `day` name the time of year and are not among them.
const INPUTS: [&str; 9] = [
    "hr",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
];
const CATEGORICAL: [&str; 4] = ["holiday", "weekday", "workingday", "weathersit"];
const MONTHS: [&str; 9] = [
    "2011-04", "2011-05", "2011-06", "2011-07", "2011-08", "2011-09", "2011-10", "2011-11", "2011-12",
];
const ENDPOINT: &str = "bike-demand";

/// One request of the year.
struct Request {
    time: String,
    input: String,
    prediction: String,
}

pub(crate) async fn run(arguments: DemoArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let folder = Location::local(&arguments.output).map_err(engine::EngineError::from)?;
    let (store, root) = open_store(&folder, &options)
        .await
        .map_err(engine::EngineError::from)?;
    let requests = requests()?;
    let n_training = requests
        .iter()
        .filter(|request| request.time.as_str() < MONTHS[0])
        .count();
    message::data(&format!(
        "Washington's bike rentals of 2011, {} hours. A model was trained on January to March; here it serves the rest of the year.\n\n",
        count(requests.len() as u64)
    ));

    put(
        store.as_ref(),
        &join_key(&root, "training.csv"),
        training(&requests[..n_training]),
    )
    .await?;
    put(store.as_ref(), &join_key(&root, "schema.json"), schema_text()).await?;
    let n_objects = serve(&arguments.output, &requests[n_training..])?;
    message::data(&format!(
        "1  served    {} requests captured into {} objects under {}\n",
        count((requests.len() - n_training) as u64),
        count(n_objects),
        folder.join("capture").join(ENDPOINT)
    ));

    let baseline_at = folder.join("baseline");
    let made = make(
        &BaselineRequest {
            data: folder.join("training.csv"),
            schema: Some(Schema::parse(schema_text().as_bytes())?),
            settings: ScanSettings::default(),
            options: options.clone(),
        },
        &Bar::default(),
    )
    .await?;
    made.write(&baseline_at, &options).await?;
    message::data(&format!(
        "2  baseline  {} rows, {} columns, in {baseline_at}\n             {}\n",
        count(made.baseline.n_rows),
        made.baseline.monitored().count(),
        made.calibrated.sentence()
    ));

    message::data("3  windows\n");
    let baseline = load(&baseline_at, &options).await?;
    let mut last_report = String::new();
    for (idx, month) in MONTHS.iter().enumerate() {
        let next = MONTHS.get(idx + 1).map_or("2012-01", |next| next);
        let second = |month: &str| parse_rfc3339(&format!("{month}-01T00:00:00Z"));
        let window = TimeWindow {
            start: second(month),
            end: second(next),
        };
        let request = AnalyzeRequest {
            capture: folder.join("capture").join(ENDPOINT),
            baseline: baseline_at.clone(),
            schema: None,
            output_position: OutputPosition::Start,
            settings: ScanSettings {
                window,
                ..ScanSettings::default()
            },
            policy: Policy::default(),
            options: options.clone(),
            title: Some(format!("{ENDPOINT} / AllTraffic, {month}")),
        };
        let analysis = analyze_against(&request, &baseline, &Bar::default()).await?;
        let output = folder.join("windows").join(month);
        analysis.write(&output, &options).await?;
        last_report = output.join(REPORT_FILE).to_string();
        message::data(&line(month, &analysis));
    }
    message::data(&format!(
        "\nThe model never saw warm weather or that much demand: what it is asked left the range of what it learnt.\nReport of the last window: {last_report}\n"
    ));
    Ok(exit::DONE)
}

fn line(month: &str, analysis: &engine::analyze::Analysis) -> String {
    let verdict = &analysis.verdict;
    let status = match verdict.status {
        Status::Pass => "pass",
        Status::Violated => "VIOLATED",
        Status::NotEvaluated => "not evaluated",
    };
    let drifted = verdict
        .findings
        .iter()
        .filter(|f| matches!(f.check, CheckKind::Drift | CheckKind::BaselineDrift));
    let mut worst: BTreeMap<&str, f64> = BTreeMap::new();
    for finding in drifted {
        let value = worst
            .entry(finding.column.as_deref().unwrap_or_default())
            .or_default();
        *value = value.max(finding.value);
    }
    let mut worst: Vec<_> = worst.into_iter().collect();
    worst.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut out = String::new();
    let rows = count(analysis.scan.summary.n_rows);
    let n_findings = verdict.findings.len();
    let _infallible = write!(
        out,
        "   {month}  {status:13} {rows:>5} rows  {n_findings:>2} findings"
    );
    if !worst.is_empty() {
        let named: Vec<String> = worst
            .iter()
            .take(3)
            .map(|(name, value)| format!("{name} {}", number(*value)))
            .collect();
        let _infallible = write!(out, "  drift: {}", named.join(", "));
    }
    out + "\n"
}

fn requests() -> anyhow::Result<Vec<Request>> {
    let mut lines = RIDES.lines();
    let header = fields(lines.next().unwrap_or_default().as_bytes());
    let at = |name: &str| {
        header
            .iter()
            .position(|column| column == name)
            .with_context(|| format!("the demo's data lack `{name}`"))
    };
    let time_at = at("timestamp")?;
    let inputs_at = INPUTS
        .iter()
        .map(|name| at(name))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let predictions = PREDICTIONS
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','));
    lines
        .zip(predictions)
        .map(|(line, (_, prediction))| {
            let row = fields(line.as_bytes());
            let time = row
                .get(time_at)
                .context("a row of the demo's data is short")?
                .clone();
            let input: Vec<&str> = inputs_at
                .iter()
                .filter_map(|idx| row.get(*idx))
                .map(String::as_str)
                .collect();
            Ok(Request {
                time,
                input: input.join(","),
                prediction: prediction.to_owned(),
            })
        })
        .collect()
}

fn training(requests: &[Request]) -> String {
    let mut table = format!("timestamp,prediction,{}\n", INPUTS.join(","));
    for request in requests {
        let _infallible = writeln!(table, "{},{},{}", request.time, request.prediction, request.input);
    }
    table
}

fn schema_text() -> String {
    let features: Vec<String> = INPUTS
        .iter()
        .map(|name| {
            let kind = if CATEGORICAL.contains(name) {
                "categorical"
            } else {
                "numeric"
            };
            format!("    {{\"name\": \"{name}\", \"type\": \"{kind}\"}}")
        })
        .collect();
    format!(
        "{{\n  \"task\": \"regression\",\n  \"features\": [\n{}\n  ],\n  \"prediction\": \"prediction\",\n  \"timestamp\": \"timestamp\"\n}}\n",
        features.join(",\n")
    )
}

/// Plays the endpoint: writes capture records in the hour layout. The endpoint is not our store, and need not be as
/// careful: plain files.
fn serve(folder: &Path, requests: &[Request]) -> anyhow::Result<u64> {
    let mut hours: BTreeMap<String, String> = BTreeMap::new();
    for (idx, request) in requests.iter().enumerate() {
        let hour = request.time[..13].replace(['-', 'T'], "/");
        let _infallible = writeln!(
            hours.entry(hour).or_default(),
            concat!(
                r#"{{"captureData":{{"endpointInput":{{"observedContentType":"text/csv","mode":"INPUT","data":"{}","encoding":"CSV"}},"#,
                r#""endpointOutput":{{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"{}","encoding":"CSV"}}}},"#,
                r#""eventMetadata":{{"eventId":"00000000-0000-4000-8000-{:012x}","inferenceTime":"{}"}},"eventVersion":"0"}}"#
            ),
            request.input,
            request.prediction,
            idx,
            request.time
        );
    }
    for (idx, (hour, records)) in hours.iter().enumerate() {
        let place = folder
            .join("capture")
            .join(ENDPOINT)
            .join("AllTraffic")
            .join(hour);
        std::fs::create_dir_all(&place).with_context(|| format!("cannot make folder {}", place.display()))?;
        let file = place.join(format!("00-00-000-00000000-0000-4000-8000-{idx:012x}.jsonl"));
        std::fs::write(&file, records).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(hours.len() as u64)
}

async fn put(store: &dyn ObjectStore, key: &str, text: String) -> anyhow::Result<()> {
    store
        .put(key, Bytes::from(text), PutMode::Overwrite)
        .await
        .map_err(engine::EngineError::from)?;
    Ok(())
}
