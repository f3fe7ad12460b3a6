//! Several hosts as several processes, each with a root of its own: the merged result is one host's, byte for byte, and
//! a host that is lost or gives up is named and leaves no result.

use super::job::{Job, captured, free_port};
use super::{CAPTURE, baseline, traffic, window};
use std::fmt::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// The first host's name must lead back here: hosts find it by name.
const HOSTS: [&str; 3] = ["127.0.0.1", "algo-2", "algo-3"];

/// Objects of a window: unequal, two deliveries of one record on different hosts, bad lines, a shadow record, a column
/// with more numbers than are kept as they are.
pub(super) fn objects() -> Vec<(String, String)> {
    let mut objects = Vec::new();
    for part in 0..7u32 {
        let mut lines = traffic(part * 100, 40 + part * 10);
        for row in 0..3000u32 {
            let time = format!("2026-11-20T08:{:02}:{:02}Z", row / 60 % 60, row % 60);
            let number = f64::from(part * 3000 + row) * 0.37 - 200.0;
            let input = format!("{},{number},word{}", 20 + row % 40, (part * 3000 + row) % 5000);
            lines.push_str(&captured(&format!("wide-{part}-{row}"), &time, &input, "1"));
        }
        let _infallible = writeln!(lines, "not a record of part {part}");
        // Delivered again by the next part, whichever host reads it.
        lines.push_str(&captured(
            "again",
            "2026-11-20T08:00:00Z",
            &format!("{},1.5,pro", 30 + part),
            "0",
        ));
        objects.push((format!("{:02}-00-000-part{part}.jsonl", part * 7 % 10), lines));
    }
    objects
}

fn with_objects(mut job: Job, of: impl Fn(usize) -> bool) -> Job {
    for (idx, (name, lines)) in objects().iter().enumerate() {
        if of(idx) {
            job = job.file(&format!("{}/{name}", super::HOUR), lines);
        }
    }
    job
}

/// A job per host, each with the objects whose index is its own modulo the number of hosts.
fn team(make: impl Fn() -> Job, settings: &[(&str, &str)], port: u16) -> Vec<Job> {
    let hosts = HOSTS.iter().enumerate();
    hosts
        .map(|(host, name)| {
            let mut job = with_objects(make(), |idx| idx % HOSTS.len() == host)
                .host(name, &HOSTS)
                .set("driftline_exchange_port", &port.to_string())
                .set("driftline_exchange_timeout_seconds", "60");
            for (name, value) in settings {
                job = job.set(name, value);
            }
            job
        })
        .collect()
}

pub(super) fn run_all(jobs: &[Job]) -> Vec<super::job::Ended> {
    let children: Vec<_> = jobs.iter().map(Job::start).collect();
    let ended = children.into_iter().zip(jobs);
    ended
        .map(|(child, job)| job.ended(&child.wait_with_output().unwrap()))
        .collect()
}

pub(super) fn check_same(one: &Job, jobs: &[Job], ended: &[super::job::Ended], hosts: &[&str]) {
    for (host, ended) in hosts.iter().zip(ended) {
        assert_eq!(ended.code, 0, "{host}: {ended:#?}");
    }
    let (alone, merged) = (one.documents(), jobs[0].documents());
    let names = |all: &[(String, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&alone), names(&merged));
    for ((name, expect), (_, found)) in alone.iter().zip(&merged) {
        assert!(
            expect == found,
            "{name} of {} hosts differs from that of one:\n{}\n{}",
            jobs.len(),
            String::from_utf8_lossy(expect),
            String::from_utf8_lossy(found)
        );
    }
    assert_eq!(one.metrics(), jobs[0].metrics());
    for job in &jobs[1..] {
        assert!(job.documents().is_empty(), "only the first host writes");
        assert_eq!(
            job.text("output/message"),
            None,
            "messages of several hosts would be joined"
        );
    }
}

#[test]
fn three_hosts_give_the_bytes_of_one() {
    let baseline = baseline();
    baseline.succeed();
    let one = with_objects(window(&baseline), |_| true);
    let expect = one.succeed();
    assert!(expect.message.contains("7 of "), "{}", expect.message);
    let jobs = team(|| window(&baseline), &[], free_port());
    let ended = run_all(&jobs);
    check_same(&one, &jobs, &ended, &HOSTS);
    assert_eq!(ended[0].message, expect.message);
    let records = &jobs[0].output("verdict.json")["records"];
    assert_eq!(records["duplicates"], 6, "{records}");
}

/// Without a network between them, and for a baseline, whose columns nothing is known of beforehand.
#[test]
fn hosts_may_meet_at_a_location() {
    let one = with_objects(Job::new(), |_| true)
        .set("dataset_source", "/opt/ml/processing/input_data")
        .set("dataset_format", CAPTURE);
    one.succeed();
    let make = || {
        Job::new()
            .set("dataset_source", "/opt/ml/processing/input_data")
            .set("dataset_format", CAPTURE)
    };
    let place = tempfile::tempdir().unwrap();
    let exchange = place.path().to_str().unwrap();
    let jobs = team(make, &[("driftline_exchange", exchange)], free_port());
    let ended = run_all(&jobs);
    check_same(&one, &jobs, &ended, &HOSTS);
    let left: Vec<_> = walk(place.path());
    assert!(left.is_empty(), "{left:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { walk(&path) } else { vec![path] }
        })
        .collect()
}

#[test]
fn a_host_that_does_not_come_is_named_and_there_is_no_result() {
    let baseline = baseline();
    baseline.succeed();
    let settings = [("driftline_exchange_timeout_seconds", "2")];
    let jobs = team(|| window(&baseline), &settings, free_port());
    let ended = run_all(&jobs[..2]);
    assert_eq!(ended[0].code, 1, "{:#?}", ended[0]);
    assert!(
        ended[0].message.starts_with(
            "Failed: host algo-3 has not reported within 2 s; its share is missing, so there is no result."
        ),
        "{}",
        ended[0].message
    );
    assert_ne!(ended[1].code, 0, "the other host must not wait for ever");
    assert!(jobs[0].documents().is_empty());
}

#[test]
fn a_host_that_gives_up_says_why() {
    let baseline = baseline();
    baseline.succeed();
    let mut jobs = team(|| window(&baseline), &[], free_port());
    let broken = jobs
        .remove(1)
        .file("processing/baseline/constraints/constraints.json", "{");
    jobs.insert(1, broken);
    let ended = run_all(&jobs);
    assert!(ended.iter().all(|ended| ended.code != 0), "{ended:#?}");
    let message = &ended[0].message;
    assert!(
        message.starts_with("Failed: host algo-2 gave up: baseline file"),
        "{message}"
    );
    assert!(jobs[0].documents().is_empty());
}

/// A host that dies while the others compute: its connection ends, and that is found at once.
#[test]
fn a_host_that_dies_is_named_at_once() {
    let baseline = baseline();
    baseline.succeed();
    let port = free_port();
    let jobs = team(
        || window(&baseline),
        &[("driftline_exchange_timeout_seconds", "50")],
        port,
    );
    let leader = jobs[0].start();
    // A host of that name that says hello and is gone.
    let hello = r#"{"host":"algo-2","job":"arn:aws:sagemaker:us-east-1:111122223333:processing-job/driftline","version":"VERSION"}"#
        .replace("VERSION", env!("CARGO_PKG_VERSION"));
    let deadline = Instant::now() + Duration::from_secs(40);
    let stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(
                Instant::now() < deadline,
                "the first host does not listen: {error}"
            ),
        }
        std::thread::yield_now();
    };
    send(&stream, &hello);
    let third = jobs[2].start();
    drop(stream);
    let ended = jobs[0].ended(&leader.wait_with_output().unwrap());
    assert_ne!(ended.code, 0);
    assert!(
        ended.message.starts_with("Failed: host algo-2 "),
        "{}",
        ended.message
    );
    assert!(jobs[0].documents().is_empty());
    let third = jobs[2].ended(&third.wait_with_output().unwrap());
    assert_ne!(third.code, 0, "{third:#?}");
}

/// The frame of `engine/container/exchange`: magic, kind 1, length, digest. A host that does not speak it is no host.
fn send(mut stream: &TcpStream, text: &str) {
    use std::io::Write as _;
    let mut bytes = b"DLX1\x01".to_vec();
    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&xxhash_rust::xxh3::xxh3_128(text.as_bytes()).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    stream.write_all(&bytes).unwrap();
}

#[test]
fn with_replicated_input_the_first_host_does_it_alone() {
    let baseline = baseline();
    baseline.succeed();
    let make = || with_objects(window(&baseline), |idx| idx < 2);
    let one = make();
    one.succeed();
    let jobs: Vec<Job> = HOSTS
        .iter()
        .map(|name| make().host(name, &HOSTS).replicated())
        .collect();
    let ended = run_all(&jobs);
    check_same(&one, &jobs, &ended, &HOSTS);
}

/// SIGTERM while the first host waits for the others: it stops, says so, and has written nothing.
#[test]
fn a_job_that_is_stopped_says_so() {
    let baseline = baseline();
    baseline.succeed();
    let port = free_port();
    let jobs = team(|| window(&baseline), &[], port);
    let child = jobs[0].start();
    let deadline = Instant::now() + Duration::from_secs(40);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "the first host does not listen");
        std::thread::yield_now();
    }
    let status = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
    let ended = jobs[0].ended(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 143, "{ended:#?}");
    assert_eq!(
        ended.message,
        "Stopped: the job was asked to stop (SIGTERM) before its documents were ready; nothing was written."
    );
    assert!(jobs[0].documents().is_empty());
}
