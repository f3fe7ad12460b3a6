//! A burst of small captured objects through the built `ingest` function, and what is left of them: nothing lost, nothing
//! twice.
//!
//! The function's processes are the real ones behind a Lambda service of this process; S3 is its memory, so that the function
//! is measured and no emulator. Some objects are delivered twice, and all in an order of chance. What was ingested is proved
//! by the verdicts that `analyze` then writes from the stored parts.

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tests::aws::{Aws, Function, Invoked};
use tests::program;
use tests::synth::Synth;

const BUCKET: &str = "bench";
const MONITOR: &str = r#"name = "bench"
capture = "s3://bench/capture"
baseline = "s3://bench/baseline"
window = "1 day"
"#;
/// Behind the last hour of any burst and its grace period.
const NOW: &str = "2026-01-03T06:00:00Z";

#[derive(Debug, Args)]
pub(crate) struct BurstArguments {
    /// Captured objects
    #[arg(long, default_value_t = 10_000)]
    objects: u64,
    /// Records in each
    #[arg(long, default_value_t = 20)]
    records: u64,
    /// Columns, one of them the output, every third categorical
    #[arg(long, default_value_t = 20)]
    columns: usize,
    /// Objects in one invocation, as the queue's batch size says
    #[arg(long, default_value_t = 10)]
    batch: usize,
    /// Processes at once, as the function's concurrency says
    #[arg(long, default_value_t = 2)]
    processes: usize,
    /// Of a hundred objects, how many are delivered twice
    #[arg(long, default_value_t = 5)]
    twice: u64,
    /// Seed of data and order
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    objects: u64,
    records: u64,
    bytes: u64,
    /// Messages, those that came twice counted twice.
    delivered: usize,
    batch: usize,
    processes: usize,
    seconds: f64,
    objects_per_second: f64,
    /// Of an invocation, from request to answer.
    invocation_p50_ms: f64,
    invocation_p99_ms: f64,
    invocation_max_ms: f64,
    /// Each process, from its start to its first request for an event.
    cold_start_ms: Vec<f64>,
    /// Largest resident set of any process.
    peak_rss_mb: f64,
    /// Objects without their columns in the store.
    lost: u64,
    /// Rows in the verdicts less rows captured: 0 where nothing is lost and nothing counted twice.
    rows_too_many: i64,
    /// Closing the windows from the stored parts.
    analyze_seconds: f64,
    analyze_peak_rss_mb: f64,
}

pub(crate) fn measure(arguments: &BurstArguments) -> Result<Measured> {
    let folder = tempfile::tempdir().context("make a temporary folder")?;
    let synth = Synth {
        n_records: arguments.objects * arguments.records,
        n_columns: arguments.columns,
        seed: arguments.seed,
        drift_from: None,
    };
    let capture = folder.path().join("capture");
    let keys = synth.write_objects(&capture, arguments.objects, 24)?;
    synth.write_training(&folder.path().join("train.csv"), 20_000)?;
    let made = std::process::Command::new(program::built("driftline")?)
        .args(["baseline", "--data", "train.csv", "--output", "baseline"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .status()?;
    ensure!(made.success(), "driftline baseline ended with {made}");

    let aws = Aws::in_memory()?;
    let mut bytes = 0;
    for key in &keys {
        let content = std::fs::read(capture.join(key))?;
        bytes += content.len() as u64;
        aws.put_object(BUCKET, &format!("capture/{key}"), content)?;
    }
    aws.upload(&folder.path().join("baseline"), BUCKET, "baseline")?;
    aws.put_object(BUCKET, "monitors/bench/monitor.toml", MONITOR)?;
    for name in ["ingest", "analyze"] {
        aws.deploy(Function {
            name: name.to_owned(),
            program: program::built(name)?,
            arguments: Vec::new(),
            variables: vec![("DRIFTLINE_STORE".to_owned(), format!("s3://{BUCKET}"))],
            concurrency: arguments.processes,
            timeout: Duration::from_mins(15),
            memory_mb: 1769,
        });
    }

    let messages = shuffled(&keys, arguments);
    let events: Vec<Value> = messages
        .chunks(arguments.batch.max(1))
        .map(|keys| json!({"Records": keys.iter().map(|key| record(key)).collect::<Vec<_>>()}))
        .collect();
    let start = Instant::now();
    let took = send(&aws, &events, arguments.processes)?;
    let seconds = start.elapsed().as_secs_f64();
    let (cold, peaks) = aws.costs("ingest");

    let n_columns = aws.keys(BUCKET, "index/")?;
    let n_columns = n_columns.iter().filter(|key| key.ends_with(".parquet")).count() as u64;
    let start = Instant::now();
    aws.invoke("analyze", &json!({"monitor": "bench", "now": NOW}))?
        .ok()?;
    let analyze_seconds = start.elapsed().as_secs_f64();
    let mut rows = 0;
    for key in aws.keys(BUCKET, "monitors/bench/windows/")? {
        if key.ends_with("/verdict.json") {
            rows += aws.get_json(BUCKET, &key)?["records"]["rows"]
                .as_i64()
                .context("no rows")?;
        }
    }
    // A figure of a run that lost something is none.
    ensure!(
        rows == synth.n_records as i64,
        "{rows} rows in the verdicts of {} captured; the functions said last:\n{}",
        synth.n_records,
        said_last(&aws)
    );
    let (_, analyze_peaks) = aws.costs("analyze");
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let at = |share: f64| milliseconds(took[((took.len() - 1) as f64 * share).round() as usize]);
    let largest = |peaks: &[u64]| peaks.iter().max().map_or(f64::NAN, |peak| *peak as f64 / 1e6);
    Ok(Measured {
        objects: arguments.objects,
        records: synth.n_records,
        bytes,
        delivered: messages.len(),
        batch: arguments.batch,
        processes: arguments.processes,
        seconds,
        objects_per_second: messages.len() as f64 / seconds,
        invocation_p50_ms: at(0.5),
        invocation_p99_ms: at(0.99),
        invocation_max_ms: at(1.0),
        cold_start_ms: cold.into_iter().map(milliseconds).collect(),
        peak_rss_mb: largest(&peaks),
        lost: arguments.objects - n_columns.min(arguments.objects),
        rows_too_many: rows - synth.n_records as i64,
        analyze_seconds,
        analyze_peak_rss_mb: largest(&analyze_peaks),
    })
}

/// The last lines of what was not well.
fn said_last(aws: &Aws) -> String {
    let logs = ["ingest", "analyze"].map(|function| aws.log(function));
    let bad = logs.iter().flatten().filter(|line| !line.contains("\"INFO\""));
    let bad: Vec<&str> = bad.map(String::as_str).collect();
    bad[bad.len().saturating_sub(5)..].join("\n")
}

/// All keys, some of them twice, in an order of the seed's.
fn shuffled(keys: &[String], arguments: &BurstArguments) -> Vec<String> {
    let n_twice = (keys.len() as u64 * arguments.twice / 100) as usize;
    let mut messages: Vec<String> = keys.iter().chain(&keys[..n_twice]).cloned().collect();
    let mut state = arguments.seed;
    for idx in (1..messages.len()).rev() {
        // Knuth's MMIX generator; its high bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        messages.swap(idx, (state >> 33) as usize % (idx + 1));
    }
    messages
}

/// What SQS hands over of an S3 notification. The keys of [`Synth`] need no encoding.
fn record(key: &str) -> Value {
    let told = json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": format!("capture/{key}")}}}]});
    json!({"messageId": key, "body": told.to_string(), "eventSource": "aws:sqs"})
}

/// Sends every event, `n` at a time; how long each took, sorted.
fn send(aws: &Aws, events: &[Value], n: usize) -> Result<Vec<Duration>> {
    let next = AtomicUsize::new(0);
    let took = Mutex::new(Vec::with_capacity(events.len()));
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..n.max(1))
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    while let Some(event) = events.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let invoked = aws.invoke("ingest", event)?;
                        check(&invoked)?;
                        took.lock().expect("no sender panics").push(invoked.took);
                    }
                    Ok(())
                })
            })
            .collect();
        senders
            .into_iter()
            .try_for_each(|sender| sender.join().expect("no sender panics"))
    })?;
    let mut took = took.into_inner().expect("no sender panics");
    took.sort_unstable();
    Ok(took)
}

fn check(invoked: &Invoked) -> Result<()> {
    let answer = &invoked.payload;
    ensure!(invoked.error.is_none(), "ingest failed: {answer}");
    let n_failed = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
    ensure!(n_failed == 0, "{n_failed} objects failed: {answer}");
    Ok(())
}
