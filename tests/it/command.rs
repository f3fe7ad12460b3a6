//! `driftline baseline` and `driftline analyze` as a person meets them: files, exit codes, errors with a hint.
//!
//! What verdicts should say of which data is tested beside the judge.

use tests::synth::Synth;
use tests::world::{World, file_names};

const ANALYZE: &str = "analyze --capture capture --baseline baseline --output out";

fn synth(drift_from: Option<u64>) -> Synth {
    Synth {
        n_records: 4_000,
        n_columns: 12,
        seed: 5,
        drift_from,
    }
}

#[test]
fn version_and_usage() {
    let world = World::new().unwrap();
    let version = world.succeed("--version").unwrap();
    assert_eq!(
        version.stdout,
        format!("driftline {}\n", env!("CARGO_PKG_VERSION"))
    );
    let nothing = world.run("").unwrap();
    assert_eq!((nothing.code, nothing.stdout.as_str()), (2, ""));
    assert!(nothing.stderr.contains("Usage: driftline"), "{}", nothing.stderr);
    assert_eq!(world.run("analyse").unwrap().code, 2);
    assert!(world.succeed("--help").unwrap().stdout.contains("Exit codes:"));
}

#[test]
fn a_baseline_and_a_quiet_window() {
    // Four columns: those without empty cells, whose share a small sample would miss by chance.
    let world = World::new()
        .unwrap()
        .with_data(&Synth {
            n_columns: 4,
            ..synth(None)
        })
        .unwrap();
    let baseline = file_names(&world.path("baseline"));
    for file in ["statistics.json", "constraints.json", "baseline.profile"] {
        assert!(baseline.contains(&file.to_owned()), "{baseline:?}");
    }
    let answer = world.succeed(ANALYZE).unwrap();
    assert_eq!(answer.stderr, "", "a pipe gets no progress bar");
    assert_eq!(
        file_names(&world.path("out")),
        [
            "constraint_violations.json",
            "report.html",
            "statistics.json",
            "verdict.json",
            "window.profile"
        ]
    );
    let records = &world.json("out/verdict.json").unwrap()["records"];
    assert_eq!(
        (&records["lines"], &records["decoded"]),
        (&4_000.into(), &4_000.into()),
        "{records}"
    );
    assert_eq!(
        (&records["rejected"], &records["rows"]),
        (&0.into(), &4_000.into()),
        "{records}"
    );
    let violations = world.json("out/constraint_violations.json").unwrap();
    assert_eq!(
        violations["violations"].as_array().map(Vec::len),
        Some(0),
        "{violations}"
    );
    assert!(std::fs::metadata(world.path("out/report.html")).unwrap().len() < 1_000_000);
}

#[test]
fn same_input_same_bytes_on_any_number_of_threads() {
    let world = World::new().unwrap().with_data(&synth(Some(2_000))).unwrap();
    for (output, threads) in [("a", 1), ("b", 3), ("c", 1)] {
        world
            .succeed(&format!(
                "analyze --capture capture --baseline baseline --output {output} --threads {threads}"
            ))
            .unwrap();
    }
    for file in file_names(&world.path("a")) {
        let bytes = |folder: &str| std::fs::read(world.path(folder).join(&file)).unwrap();
        assert!(bytes("a") == bytes("c"), "{file} differs between two equal runs");
        assert!(
            bytes("a") == bytes("b"),
            "{file} differs between one thread and three"
        );
    }
}

#[test]
fn violations_are_a_result_unless_asked_otherwise() {
    let world = World::new().unwrap().with_data(&synth(Some(0))).unwrap();
    world.succeed(ANALYZE).unwrap();
    let violations = world.json("out/constraint_violations.json").unwrap();
    assert!(
        !violations["violations"].as_array().unwrap().is_empty(),
        "{violations}"
    );
    assert_eq!(
        world.run(&format!("{ANALYZE} --fail-on violation")).unwrap().code,
        3
    );
    let json = world.succeed(&format!("{ANALYZE} --json")).unwrap();
    let printed: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(printed, world.json("out/verdict.json").unwrap());
}

#[test]
fn an_empty_file_is_a_window_that_nothing_could_be_said_of() {
    let world = World::new().unwrap().with_data(&synth(None)).unwrap();
    world.write("empty/a.jsonl", "").unwrap();
    let analyze = "analyze --capture empty --baseline baseline --output out";
    let answer = world.succeed(analyze).unwrap();
    assert!(answer.stdout.starts_with("NOT EVALUATED"), "{}", answer.stdout);
    assert_eq!(world.json("out/verdict.json").unwrap()["records"]["lines"], 0);
    assert_eq!(
        world.run(&format!("{analyze} --fail-on violation")).unwrap().code,
        0
    );
    assert_eq!(
        world
            .run(&format!("{analyze} --fail-on not-evaluated"))
            .unwrap()
            .code,
        5
    );
}

/// Each row: what is spoilt first, the command, its exit code, what the error names.
#[test]
fn wrong_input_says_what_is_wrong_and_what_next() {
    struct Case {
        spoil: fn(&World),
        arguments: &'static str,
        code: i32,
        names: &'static str,
    }
    let same = |_: &World| {};
    let cases = [
        Case {
            spoil: same,
            arguments: "analyze --capture nowhere --baseline baseline --output out",
            code: 2,
            names: "nowhere",
        },
        Case {
            spoil: same,
            arguments: "analyze --capture capture --baseline nowhere --output out",
            code: 2,
            names: "nowhere",
        },
        Case {
            spoil: same,
            arguments: "analyze --capture capture --baseline baseline --output out --start yesterday",
            code: 2,
            names: "yesterday",
        },
        Case {
            spoil: same,
            arguments: "analyze --capture capture --baseline baseline --output out --start 2031-01-01T00:00:00Z",
            code: 4,
            names: "capture",
        },
        Case {
            spoil: |world| std::fs::create_dir(world.path("empty")).unwrap(),
            arguments: "analyze --capture empty --baseline baseline --output out",
            code: 4,
            names: "empty",
        },
        Case {
            spoil: |world| {
                std::fs::remove_file(world.path("baseline/baseline.profile")).unwrap();
                world
                    .write("baseline/statistics.json", r#"{"version":0.0,"features":[{"na"#)
                    .unwrap();
            },
            arguments: ANALYZE,
            code: 2,
            names: "statistics.json",
        },
        Case {
            spoil: |world| {
                world
                    .write("baseline/baseline.profile", r#"{"version":"v999","data_set":{}}"#)
                    .unwrap();
            },
            arguments: ANALYZE,
            code: 2,
            names: "baseline.profile",
        },
        Case {
            spoil: |world| world.write("file", "").unwrap(),
            arguments: "analyze --capture capture --baseline baseline --output file/out",
            code: 6,
            names: "file",
        },
        Case {
            spoil: same,
            arguments: "baseline --data nowhere.csv --output b",
            code: 2,
            names: "nowhere.csv",
        },
        Case {
            spoil: |world| world.write("empty.csv", "").unwrap(),
            arguments: "baseline --data empty.csv --output b",
            code: 4,
            names: "empty.csv",
        },
        Case {
            spoil: same,
            arguments: "analyze --capture s3:// --baseline baseline --output out",
            code: 2,
            names: "s3://",
        },
    ];
    let mut wrong = Vec::new();
    for case in cases {
        let world = World::new().unwrap().with_data(&synth(None)).unwrap();
        (case.spoil)(&world);
        let answer = world.run(case.arguments).unwrap();
        let half_written = file_names(&world.path("out")).len() + file_names(&world.path("b")).len();
        if answer.code != case.code
            || !answer.stderr.starts_with("error: ")
            || !answer.stderr.contains(case.names)
            || !answer.stderr.contains("\nhint: ")
            || half_written > 0
        {
            wrong.push(format!(
                "driftline {}\n  expected exit {} naming `{}`, nothing written; got {answer:#?}, {half_written} files",
                case.arguments, case.code, case.names
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The demo's baseline is three months: a month's limit is so wide there that it excuses no distance of 0.76 in May.
#[test]
fn a_limit_too_wide_to_ring_excuses_nothing() {
    let world = World::new().unwrap();
    world.succeed("demo --output demo --without-training").unwrap();
    let verdict = world.json("demo/windows/2011-05/verdict.json").unwrap();
    assert_eq!(verdict["status"], "violated");
    let findings = verdict["findings"].as_array().unwrap();
    let temperature = findings
        .iter()
        .find(|finding| finding["check"] == "baseline_drift_check" && finding["column"] == "atemp")
        .unwrap();
    assert_eq!(temperature["severity"], "violation");
}
