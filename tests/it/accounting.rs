//! Nothing is lost in silence: for every kind of fault in a capture stream, lines = decoded + rejected, and the reason
//! stands in the verdict.
//!
//! The streams come from the shared scenario maker `../shared/tools/make_capture.py` where it lies beside the
//! checkout; without it (or without Python) the tests that need it say so and pass.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tests::repository;
use tests::world::World;

/// What a fault must lead to. `None`: it is data, not damage, and no line may be refused for it.
const FAULTS: &[(&str, Option<&str>)] = &[
    ("truncated_last_line", Some("truncated_line")),
    ("bad_json", Some("invalid_json")),
    ("wrong_columns", Some("wrong_field_count")),
    ("missing_output", None),
    ("missing_input", None),
    ("mixed_content", None),
    ("duplicate_event", None),
    ("unicode", None),
    ("blank_line", Some("blank_line")),
    ("crlf", None),
    ("bom", None),
    ("empty_field", None),
    ("nan_text", None),
    ("type_flip", None),
    ("bad_time", None),
    ("header_row", None),
    ("extra_keys", None),
];
const COLUMNS: &str = "prediction,hr,temp,hum,windspeed,weathersit";

fn scenario_maker() -> Option<PathBuf> {
    let script = repository::root().join("../shared/tools/make_capture.py");
    let python = Command::new("python3")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    (script.is_file() && python).then_some(script)
}

/// A world with the demo's first weeks as `train.csv` and as a capture stream with `faults`.
fn faulty_world(script: &PathBuf, encoding: &str, faults: &str) -> (World, u64) {
    let world = World::new().unwrap();
    let demo = repository::root().join("analyzer/cli/demo");
    let hours = std::fs::read_to_string(demo.join("Bikeshare.csv")).unwrap();
    let predictions = std::fs::read_to_string(demo.join("predictions.csv")).unwrap();
    let mut table = format!("{COLUMNS}\n");
    for (hour, prediction) in hours.lines().zip(predictions.lines()).skip(1).take(600) {
        let cells: Vec<&str> = hour.split(',').collect();
        let prediction = prediction.split_once(',').unwrap().1;
        table += &[prediction, cells[4], cells[9], cells[11], cells[12], cells[8]].join(",");
        table.push('\n');
    }
    world.write("train.csv", &table).unwrap();
    world
        .succeed("baseline --data train.csv --output baseline")
        .unwrap();
    let mut command = Command::new("python3");
    command.arg(script).arg("--csv").arg(world.path("train.csv"));
    command.args([
        "--features",
        "hr,temp,hum,windspeed,weathersit",
        "--outputs",
        "prediction",
    ]);
    command
        .args(["--encoding", encoding, "--rows", "600", "--out"])
        .arg(world.path("made"));
    if !faults.is_empty() {
        command.args(["--faults", faults]);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "make_capture.py: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let n_lines = count_lines(&world.path("made/capture"));
    (world, n_lines)
}

/// Lines as any reader counts them: line endings, and a last line without one.
fn count_lines(folder: &std::path::Path) -> u64 {
    let mut n_lines = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            n_lines += count_lines(&path);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        n_lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        n_lines += u64::from(bytes.last().is_some_and(|byte| *byte != b'\n'));
    }
    n_lines
}

fn analyzed(world: &World) -> Value {
    world
        .succeed("analyze --capture made/capture --baseline baseline --output out --rejects rejects.jsonl")
        .unwrap();
    world.json("out/verdict.json").unwrap()["records"].clone()
}

/// Checks the sums; gives the counts by reason.
fn balanced(records: &Value, n_lines: u64) -> serde_json::Map<String, Value> {
    let count = |name: &str| {
        records[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no `{name}` in {records}"))
    };
    assert_eq!(count("lines"), n_lines, "{records}");
    assert_eq!(count("lines"), count("decoded") + count("rejected"), "{records}");
    let by_reason = records["rejects_by_reason"].as_object().unwrap().clone();
    assert_eq!(
        by_reason.values().filter_map(Value::as_u64).sum::<u64>(),
        count("rejected"),
        "{records}"
    );
    by_reason
}

#[test]
fn every_fault_is_accounted_for() {
    let Some(script) = scenario_maker() else {
        eprintln!("skipped: ../shared/tools/make_capture.py or python3 is missing");
        return;
    };
    let mut wrong = Vec::new();
    for (fault, reason) in FAULTS {
        let (world, n_lines) = faulty_world(&script, "csv", &format!("{fault}=3"));
        let records = analyzed(&world);
        let by_reason = balanced(&records, n_lines);
        let listed = std::fs::read_to_string(world.path("rejects.jsonl")).unwrap();
        let named: Vec<&str> = by_reason.keys().map(String::as_str).collect();
        if named != reason.iter().copied().collect::<Vec<_>>() {
            wrong.push(format!("{fault}: expected {reason:?}, got {records}"));
        }
        if listed.lines().count() as u64 != records["rejected"].as_u64().unwrap() {
            wrong.push(format!(
                "{fault}: {} lines in the rejects file, {records}",
                listed.lines().count()
            ));
        }
        if *fault == "duplicate_event" && records["duplicates"].as_u64() != Some(3) {
            wrong.push(format!("{fault}: expected 3 duplicates, got {records}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_encoding_reads_the_same_rows() {
    let Some(script) = scenario_maker() else {
        eprintln!("skipped: ../shared/tools/make_capture.py or python3 is missing");
        return;
    };
    for encoding in ["csv", "json", "jsonobj", "jsonlines", "base64"] {
        let (world, n_lines) = faulty_world(&script, encoding, "");
        let records = analyzed(&world);
        assert!(balanced(&records, n_lines).is_empty(), "{encoding}: {records}");
        assert_eq!(records["rows"].as_u64(), Some(600), "{encoding}: {records}");
    }
}
