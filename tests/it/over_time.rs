//! `driftline detect`, and windows held against earlier windows: files in, answers and errors out.
//!
//! The detectors' numbers are tested beside them; here is what a person sees.

use serde_json::Value;
use std::fmt::Write as _;
use tests::world::World;

/// River's own example series, by `tests/reference/stream/make_river.py`.
fn example(name: &str) -> Vec<i64> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reference/stream/river.json");
    let reference: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    reference["series"][name]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_i64().unwrap())
        .collect()
}

fn detections(answer: &Value, detector: &str) -> Vec<(u64, String)> {
    let found = answer["detectors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["name"] == detector)
        .unwrap();
    found["detections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fired| {
            (
                fired["index"].as_u64().unwrap(),
                fired["level"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn at(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected
        .iter()
        .map(|(index, level)| (*index, (*level).to_owned()))
        .collect()
}

// Indices as printed in the docstrings of river 0.26.1.
#[test]
fn detect_finds_what_river_finds_in_csv_and_json_lines() {
    let world = World::new().unwrap();
    let (mut csv, mut jsonl) = ("minute,\"value, seen\"\n".to_owned(), String::new());
    for (idx, value) in example("example_numbers").iter().enumerate() {
        writeln!(csv, "t{idx},{value}").unwrap();
        writeln!(jsonl, r#"{{"seen":{{"value":{value}}},"minute":"t{idx}"}}"#).unwrap();
    }
    let mut errors = "wrong\n".to_owned();
    for value in example("example_errors") {
        // A gap is no value: it is left out and counted.
        errors.push_str(if value == 1 { "true\n" } else { "0\n" });
    }
    errors.push_str("\"\"\n");
    world.write("s.csv", csv.replace("value, seen", "value")).unwrap();
    world.write("s.jsonl", jsonl).unwrap();
    world.write("errors.csv", errors).unwrap();
    for arguments in [
        "detect --series s.csv --column value --time minute --method page_hinkley,adwin --json",
        "detect --series s.jsonl --column seen.value --time minute --method page_hinkley,adwin --json",
    ] {
        let answer: Value = serde_json::from_str(&world.succeed(arguments).unwrap().stdout).unwrap();
        assert_eq!(answer["values"], 2000, "{answer}");
        assert_eq!(detections(&answer, "adwin"), at(&[(1023, "drift")]));
        assert_eq!(detections(&answer, "page_hinkley"), at(&[(1006, "drift")]));
        let first = &answer["detectors"][0]["detections"][0];
        assert_eq!(
            (&first["position"], &first["time"]),
            (&1007.into(), &"t1006".into())
        );
        assert_eq!(first["direction"], "up");
    }
    let answer = world
        .succeed("detect --series errors.csv --column wrong --method ddm,eddm --set eddm.alpha=0.8 --set eddm.beta=0.75 --json")
        .unwrap();
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(
        (&answer["values"], &answer["left_out"]),
        (&2000.into(), &1.into())
    );
    assert!(detections(&answer, "ddm").contains(&(1334, "drift".to_owned())));
    assert!(detections(&answer, "ddm").contains(&(1084, "warning".to_owned())));
    assert!(detections(&answer, "eddm").contains(&(1278, "drift".to_owned())));
    let text = world
        .succeed(
            "detect --series s.csv --column value --time minute --set kswin.alpha=0.0001 --set kswin.seed=42",
        )
        .unwrap();
    assert!(
        text.stdout.contains("kswin         drift at row 1017 (t1016)"),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout
            .contains("ddm           not evaluated: ddm watches a series of errors"),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout.contains(" drift at row 1001 (t1000), up"),
        "{}",
        text.stdout
    );
}

// The tables are pyarrow's, by `analyzer/engine/test-data/make_tables.py`, which says what is in them.
#[test]
fn a_parquet_column_is_read_in_row_order() {
    let world = World::new().unwrap();
    for table in ["kinds.parquet", "numbers.parquet"] {
        let from = concat!(env!("CARGO_MANIFEST_DIR"), "/../analyzer/engine/test-data/").to_owned() + table;
        std::fs::copy(from, world.path(table)).unwrap();
    }
    let run = |arguments: &str| -> Value {
        serde_json::from_str(&world.succeed(arguments).unwrap().stdout).unwrap()
    };
    let fixed = "--method cusum --set cusum.mean=0 --set cusum.std_dev=1 --json";
    let answer = run(&format!(
        "detect --series kinds.parquet --column i16 --time instant {fixed}"
    ));
    assert_eq!((&answer["values"], &answer["left_out"]), (&3.into(), &1.into()));
    let fired = answer["detectors"][0]["detections"].as_array().unwrap();
    let seen: Vec<(u64, &str, &str)> = fired
        .iter()
        .map(|fired| {
            (
                fired["position"].as_u64().unwrap(),
                fired["direction"].as_str().unwrap(),
                fired["time"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, "down", "2024-03-10T07:30:00Z"),
            (3, "up", "2000-01-01T00:00:00Z")
        ]
    );
    let nested = run(&format!(
        "detect --series kinds.parquet --column address.zip {fixed}"
    ));
    assert_eq!((&nested["values"], &nested["left_out"]), (&3.into(), &1.into()));
    // Four row groups.
    assert_eq!(
        run("detect --series numbers.parquet --column count --json")["values"],
        1500
    );
    let text = world.run("detect --series kinds.parquet --column text").unwrap();
    assert_eq!(text.code, 2);
    assert!(text.stderr.contains("row 1 of column text"), "{text:#?}");
    let missing = world.run("detect --series kinds.parquet --column i15").unwrap();
    assert!(missing.stderr.contains("it has i8, i16"), "{missing:#?}");
}

#[test]
fn detect_says_what_is_wrong() {
    let world = World::new().unwrap();
    world.write("s.csv", "a,b\n1,x\n2,y\n3.5,NaN\n").unwrap();
    world.write("ragged.csv", "a,b\n1\n").unwrap();
    world.write("s.jsonl", "{\"a\":1}\n{\"a\":\n").unwrap();
    world.write("nulls.jsonl", "{\"a\":null}\n").unwrap();
    world.write("none.csv", "").unwrap();
    world
        .write("runs/w1/verdict.json", "{\"version\":\"7\"}")
        .unwrap();
    let check = |arguments: &str, code: i32, says: &str| {
        let answer = world.run(arguments).unwrap();
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (code, ""),
            "{arguments}: {answer:#?}"
        );
        assert!(answer.stderr.contains(says), "{arguments}: {answer:#?}");
    };
    check("detect", 2, "required");
    check("detect --series s.csv", 2, "--column");
    check("detect --history runs", 2, "--metric");
    check(
        "detect --series s.csv --column a --history runs --metric rows",
        2,
        "cannot be used",
    );
    check(
        "detect --series s.csv --column c",
        2,
        "s.csv has no column c; it has a, b",
    );
    check("detect --series s.csv --column a --time c", 2, "has no column c");
    check("detect --series s.csv --column b", 2, "row 1 of column b");
    check(
        "detect --series s.csv --column a --method ddm",
        2,
        "it takes 1 for an error and 0 for none",
    );
    check(
        "detect --series s.csv --column a --method adwim",
        2,
        "unknown detector; known are: page_hinkley",
    );
    check(
        "detect --series s.csv --column a --set adwin.delta=7",
        2,
        "setting adwin.delta: expected a number between 0 and 1",
    );
    check(
        "detect --series s.csv --column a --set delta=7",
        2,
        "expected DETECTOR.SETTING=VALUE",
    );
    check(
        "detect --series s.csv --column a --set kswin.window_size=10",
        2,
        "kswin.stat_size must be",
    );
    check("detect --series ragged.csv --column a", 2, "row 1 of");
    check("detect --series s.jsonl --column a", 2, "line 2 of");
    check("detect --series nulls.jsonl --column a", 4, "has no values");
    check("detect --series none.csv --column a", 4, "is empty");
    check("detect --series nowhere.csv --column a", 2, "nowhere.csv");
    check(
        "detect --history runs --metric psi",
        2,
        "expected COLUMN.METHOD or rows",
    );
    check("detect --history runs --metric rows", 2, "has version 7");
    std::fs::create_dir(world.path("empty")).unwrap();
    check("detect --history empty --metric rows", 4, "no verdict.json below");
}

const ROWS: usize = 300;

/// An hour of capture: `x` around `level`.
fn hour(world: &World, day: &str, hour: &str, level: f64) {
    let mut lines = String::new();
    for row in 0..ROWS {
        let x = level + ((row * 37) % 101) as f64 / 101.0;
        let city = ["Oslo", "Bergen", "Narvik"][(row * 7) % 3];
        writeln!(
            lines,
            r#"{{"captureData":{{"endpointInput":{{"observedContentType":"text/csv","mode":"INPUT","data":"{x:.4},{city}","encoding":"CSV"}},"endpointOutput":{{"observedContentType":"text/csv","mode":"OUTPUT","data":"0.5","encoding":"CSV"}}}},"eventMetadata":{{"eventId":"{day}-{hour}-{row}","inferenceTime":"{day}T{hour}:{:02}:00Z"}},"eventVersion":"0"}}"#,
            row / 6
        )
        .unwrap();
    }
    let folder = format!("capture/{}/{hour}", day.replace('-', "/"));
    world.write(&format!("{folder}/a.jsonl"), lines).unwrap();
}

fn analyze(day: &str, hour: &str, output: &str, more: &str) -> String {
    let next = hour.parse::<u32>().unwrap() + 1;
    format!(
        "analyze --capture capture --baseline baseline --output {output} --start {day}T{hour}:00:00Z \
         --end {day}T{next:02}:00:00Z {more}"
    )
}

// Mondays. At 7 the level is 5, at 8 it is 0, as in the training data.
const WEEKS: [&str; 4] = ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"];
const TODAY: &str = "2026-02-02";

fn history() -> World {
    let world = World::new().unwrap();
    let mut train = "score,x,city\n".to_owned();
    for row in 0..900 {
        let x = f64::from((row * 37) % 101) / 101.0;
        writeln!(
            train,
            "0.5,{x:.4},{}",
            ["Oslo", "Bergen", "Narvik"][(row * 7) as usize % 3]
        )
        .unwrap();
    }
    world.write("train.csv", train).unwrap();
    world
        .succeed("baseline --data train.csv --output baseline")
        .unwrap();
    for day in WEEKS {
        for (at, level) in [("07", 5.0), ("08", 0.0)] {
            hour(&world, day, at, level);
            world
                .succeed(&analyze(day, at, &format!("runs/{day}T{at}"), ""))
                .unwrap();
        }
    }
    // What follows must not need the old data.
    std::fs::remove_dir_all(world.path("capture")).unwrap();
    hour(&world, TODAY, "07", 5.0);
    world
}

fn drifted(verdict: &Value) -> bool {
    let findings = verdict["findings"].as_array().unwrap();
    findings
        .iter()
        .any(|found| found["check"] == "drift" && found["column"] == "x")
}

#[test]
fn a_window_is_held_against_earlier_windows_without_their_data() {
    let world = history();
    let run = |more: &str| -> Value {
        let json = world
            .succeed(&analyze(TODAY, "07", "out", &format!("{more} --json")))
            .unwrap();
        serde_json::from_str(&json.stdout).unwrap()
    };
    let choice = |verdict: &Value, name: &str| {
        verdict["judged"]["choices"][name]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };

    let fixed = run("");
    assert!(drifted(&fixed), "{fixed}");
    assert_eq!(fixed["status"], "violated");
    assert_eq!(choice(&fixed, "reference"), "");

    let season = run("--reference season --history runs");
    assert!(!drifted(&season), "{season}");
    assert_eq!(season["status"], "pass", "{}", season["findings"]);
    assert_eq!(choice(&season, "reference"), "season:hour-of-week");
    assert_eq!(choice(&season, "reference_rows"), "1200");
    assert_eq!(
        choice(&season, "reference_windows"),
        "2026-01-05T07:00:00Z/2026-01-05T08:00:00Z (300 rows), 2026-01-12T07:00:00Z/2026-01-12T08:00:00Z (300 rows), \
         2026-01-19T07:00:00Z/2026-01-19T08:00:00Z (300 rows), 2026-01-26T07:00:00Z/2026-01-26T08:00:00Z (300 rows)"
    );
    // The same rows four times: the distance to them is that of a window to itself.
    let psi = season["columns"]
        .as_array()
        .unwrap()
        .iter()
        .find(|column| column["name"] == "x")
        .unwrap()["measurements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["method"] == "ks")
        .unwrap()["statistic"]
        .as_f64();
    assert_eq!(psi, Some(0.0));

    let previous = run("--reference previous --history runs");
    assert!(drifted(&previous));
    assert_eq!(
        choice(&previous, "reference_windows"),
        "2026-01-26T08:00:00Z/2026-01-26T09:00:00Z (300 rows)"
    );

    let trailing = run("--reference trailing:8 --history runs");
    assert_eq!(choice(&trailing, "reference_rows"), "2400");
    assert!(
        drifted(&trailing),
        "half of the trailing windows are at the other level"
    );

    let text = world
        .succeed(&analyze(
            TODAY,
            "07",
            "out",
            "--reference previous --history runs",
        ))
        .unwrap();
    assert!(
        text.stdout
            .contains("held against previous: 2026-01-26T08:00:00Z/"),
        "{}",
        text.stdout
    );
}

#[test]
fn too_little_history_never_passes() {
    let world = history();
    hour(&world, TODAY, "08", 0.0);
    let verdict = |more: &str| -> Value {
        let json = world
            .succeed(&analyze(TODAY, "08", "out", &format!("{more} --json")))
            .unwrap();
        serde_json::from_str(&json.stdout).unwrap()
    };
    assert_eq!(verdict("")["status"], "pass");
    for (more, reason) in [
        (
            "--reference trailing:9 --history runs",
            "it needs 9 windows of the same length",
        ),
        ("--reference trailing:1 --history baseline", "and 0 are there"),
    ] {
        let verdict = verdict(more);
        assert_eq!(verdict["status"], "not_evaluated", "{verdict}");
        let skipped = verdict["not_evaluated"].as_array().unwrap();
        let drift = skipped
            .iter()
            .find(|skipped| skipped["check"] == "drift")
            .unwrap();
        assert!(drift["reason"].as_str().unwrap().contains(reason), "{drift}");
    }
    let told = world
        .succeed(&analyze(
            TODAY,
            "08",
            "out",
            "--reference trailing:9 --history runs",
        ))
        .unwrap();
    assert!(
        told.stdout.contains("Drift could not be judged in 300 rows"),
        "{}",
        told.stdout
    );
    let ended = analyze(
        TODAY,
        "08",
        "out",
        "--reference trailing:9 --history runs --fail-on not-evaluated",
    );
    assert_eq!(world.run(&ended).unwrap().code, 5);
    // Constraints are the baseline's, with or without history: a wrong type is still found.
    let path = world.path(&format!("capture/{}/08/a.jsonl", TODAY.replace('-', "/")));
    let spoilt = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\"data\":\"0.", "\"data\":\"zero.");
    std::fs::write(&path, spoilt).unwrap();
    assert_eq!(
        verdict("--reference trailing:9 --history runs")["status"],
        "violated"
    );
}

#[test]
fn references_say_what_is_wrong() {
    let world = history();
    let check = |more: &str, says: &str| {
        let answer = world.run(&analyze(TODAY, "07", "out", more)).unwrap();
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (2, ""),
            "{more}: {answer:#?}"
        );
        assert!(
            answer.stderr.contains(says) && answer.stderr.contains("\nhint: "),
            "{more}: {answer:#?}"
        );
        assert!(!world.path("out").exists());
    };
    check("--reference previous", "no history was named");
    check(
        "--reference trailing:0 --history runs",
        "known are: baseline, previous, trailing:K",
    );
    // A history that is not there yet is empty, as it is for the first window of a monitor.
    let first = "--reference previous --history nowhere --fail-on not-evaluated";
    let answer = world.run(&analyze(TODAY, "07", "first", first)).unwrap();
    assert_eq!(answer.code, 5, "{answer:#?}");
    assert!(answer.stdout.contains("0 are there"), "{answer:#?}");
    let profile = world.path("runs/2026-01-26T08/window.profile");
    let text = std::fs::read_to_string(&profile).unwrap();
    std::fs::write(
        &profile,
        text.replacen("\"version\" : \"1\"", "\"version\" : \"8\"", 1),
    )
    .unwrap();
    check(
        "--reference previous --history runs",
        "window.profile has version 8",
    );
    std::fs::write(&profile, &text[..text.len() / 2]).unwrap();
    check(
        "--reference previous --history runs",
        "2026-01-26T08/window.profile cannot be used",
    );
}

#[test]
fn a_history_of_verdicts_is_a_series() {
    let world = history();
    world.succeed(&analyze(TODAY, "07", "runs/later", "")).unwrap();
    let answer = world
        .succeed("detect --history runs --metric rows --method page_hinkley --json")
        .unwrap();
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((&answer["values"], &answer["left_out"]), (&9.into(), &0.into()));
    assert_eq!(detections(&answer, "page_hinkley"), at(&[]));
    // Every other window is far from the baseline: given the level of the quiet ones, each loud one is a rise.
    let answer = world
        .succeed("detect --history runs --metric x.ks --method cusum --set cusum.mean=0 --set cusum.std_dev=0.1 --json")
        .unwrap();
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    let fired = answer["detectors"][0]["detections"].as_array().unwrap();
    let times: Vec<&str> = fired
        .iter()
        .map(|fired| fired["time"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = WEEKS
        .iter()
        .chain([&TODAY])
        .map(|day| format!("{day}T07:00:00Z"))
        .collect();
    assert_eq!(times, expected, "{answer}");
    let wrong = world.run("detect --history runs --metric y.psi").unwrap();
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("none of 9 windows below") && wrong.stderr.contains("x.psi"),
        "{wrong:#?}"
    );
}
