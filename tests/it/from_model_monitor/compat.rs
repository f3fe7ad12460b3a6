//! `analyze --compat sagemaker` and `replay`.

use crate::monitor::world;
use serde_json::Value;
use std::fmt::Write as _;
use tests::history::History;
use tests::world::{World, file_names};

/// 2,000 rows: a flag that is 1 in `ones` of ten rows, and an amount.
fn table(ones: u32) -> String {
    let mut text = "flag,amount\n".to_owned();
    for row in 0..2_000u32 {
        let flag = u32::from((row * 7 + 3) % 10 < ones);
        writeln!(text, "{flag},{}.5", (row * 37) % 2_003).unwrap();
    }
    text
}

/// Contract §3.4: a binary column's drift is never flagged by Model Monitor's image, whatever the mix.
#[test]
fn the_compatible_mode_is_blind_where_model_monitor_is() {
    let world = World::new().unwrap();
    world.write("train.csv", table(2)).unwrap();
    world.write("live.csv", table(8)).unwrap();
    world
        .succeed("baseline --data train.csv --output baseline")
        .unwrap();
    let violations = |name: &str| -> Vec<String> {
        let file = world.json(&format!("{name}/constraint_violations.json")).unwrap();
        let rows = file["violations"].as_array().unwrap();
        rows.iter()
            .map(|row| {
                format!(
                    "{}/{}",
                    row["constraint_check_type"].as_str().unwrap(),
                    row["feature_name"].as_str().unwrap()
                )
            })
            .collect()
    };
    world
        .succeed("analyze --capture live.csv --baseline baseline --output ours")
        .unwrap();
    assert_eq!(violations("ours"), ["baseline_drift_check/flag"]);
    let answer = world
        .succeed("analyze --capture live.csv --baseline baseline --output theirs --compat sagemaker --fail-on violation")
        .unwrap();
    assert!(!answer.stdout.is_empty());
    assert_eq!(violations("theirs"), Vec::<String>::new());
    let verdict = world.json("theirs/verdict.json").unwrap();
    assert_eq!(verdict["judged"]["choices"]["compat"], "sagemaker");
    assert_eq!(verdict["judged"]["choices"]["house_checks"], "Disabled");
    // A type is violated by one bad cell: Model Monitor's threshold is 1.0.
    let broken = table(2).replacen("\n1,", "\nx,", 1);
    world.write("broken.csv", broken).unwrap();
    let answer = world
        .run("analyze --capture broken.csv --baseline baseline --output broken --compat sagemaker --fail-on violation")
        .unwrap();
    assert_eq!(answer.code, 3, "{answer:?}");
    assert_eq!(violations("broken"), ["data_type_check/flag"]);
    let answer = world
        .run("analyze --capture live.csv --baseline baseline --output no --compat sagemaker --reference previous --history x")
        .unwrap();
    assert_eq!(answer.code, 2);
    assert!(
        answer.stderr.contains("hint: leave --reference out"),
        "{}",
        answer.stderr
    );
}

const BARE: &str = "replay --capture capture --baseline baseline --schema schema.json";
const REPLAY: &str = "replay --capture capture --baseline baseline --schema schema.json --every 1day";

#[test]
fn a_replay_holds_both_modes_and_model_monitors_own_runs_against_each_other() {
    let world = world(&History::usual());
    // The run of midnight on the 22nd judged the 21st and found nothing; that of the 23rd says a type was wrong.
    let wrong = r#"{"violations":[{"feature_name":"n","constraint_check_type":"data_type_check","description":"x"}]}"#;
    world
        .write("mm/ep/sched/2026/01/22/00/statistics.json", "{}")
        .unwrap();
    world
        .write("mm/ep/sched/2026/01/23/00/constraint_violations.json", wrong)
        .unwrap();
    let span = "--from 2026-01-21 --to 2026-02-02";
    let answer = world
        .succeed(&format!(
            "{REPLAY} {span} --history mm --output replay --json --threads 1"
        ))
        .unwrap();
    assert_eq!(file_names(&world.path("replay")), ["replay.html", "replay.json"]);
    let found: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(found, world.json("replay/replay.json").unwrap());
    assert_eq!(
        [
            &found["n_windows"],
            &found["n_judged"],
            &found["n_recorded"],
            &found["schedule"]
        ],
        [
            &Value::from(12),
            &Value::from(11),
            &Value::from(2),
            &Value::from("ep/sched")
        ]
    );
    assert_eq!(found["windows"][0]["as_recorded"], true, "{found}");
    assert_eq!(found["windows"][1]["as_recorded"], false);
    assert_eq!(found["windows"][3]["rows"], 0);
    let drift = |at: usize| -> bool {
        found["windows"][at]["default"]
            .as_array()
            .unwrap()
            .iter()
            .any(|said| said["topic"] == "drift" && said["column"] == "x")
    };
    assert!((8..12).all(drift), "{found}");
    // The same bytes from four threads, page and document.
    world
        .succeed(&format!(
            "{REPLAY} {span} --history mm --output again --threads 4"
        ))
        .unwrap();
    for name in ["replay.json", "replay.html"] {
        let read = |folder: &str| std::fs::read(world.path(&format!("{folder}/{name}"))).unwrap();
        assert_eq!(read("replay"), read("again"), "{name}");
    }
    let text = world
        .succeed(&format!("{REPLAY} {span} --history mm"))
        .unwrap()
        .stdout;
    assert!(text.contains("Model Monitor's own runs of ep/sched"), "{text}");
    // Without a span, the history says it; with neither, the capture's hours do.
    let printed = |arguments: &str| -> Value {
        serde_json::from_str(&world.succeed(arguments).unwrap().stdout).unwrap()
    };
    let of_history = printed(&format!("{REPLAY} --history mm --json"));
    assert_eq!(of_history["n_windows"], 2);
    assert_eq!(of_history["windows"][0]["start"], "2026-01-21T00:00:00Z");
    assert_eq!(printed(&format!("{REPLAY} --json"))["n_windows"], 12);
    let by_start = printed(&format!(
        "{REPLAY} {span} --history mm --history-hour start --json"
    ));
    assert_eq!(by_start["windows"][2]["as_recorded"], false);
}

#[test]
fn a_replay_says_what_is_wrong() {
    let world = world(&History {
        days: 1,
        missing: Vec::new(),
        ..History::usual()
    });
    world.write("mm/a/s/2026/01/22/00/statistics.json", "{}").unwrap();
    world
        .write("two/a/s/2026/01/22/00/statistics.json", "{}")
        .unwrap();
    world
        .write("two/a/t/2026/01/22/00/statistics.json", "{}")
        .unwrap();
    world.write("empty/readme", "x").unwrap();
    world
        .write(
            "quality/a/s/2026/01/22/00/constraint_violations.json",
            r#"{"violations":[{"constraint_check_type":"LessThanThreshold","metric_name":"auc","description":"x"}]}"#,
        )
        .unwrap();
    for (more, code, expect) in [
        ("--every 1day --history two", 2, "the outputs of 2 schedules"),
        ("--every 1day --history empty", 4, "no constraint_violations.json"),
        (
            "--every 1day --history quality",
            2,
            "not of a data-quality monitor",
        ),
        (
            "--every 1day --from 2026-01-22 --to 2026-01-21",
            2,
            "--from is not before --to",
        ),
        ("--every 1minute", 2, "--every is 1 minute"),
    ] {
        let answer = world.run(&format!("{BARE} {more}")).unwrap();
        assert_eq!(answer.code, code, "{more}: {answer:?}");
        assert!(
            answer.stderr.contains(expect) && answer.stderr.contains("hint: "),
            "{}",
            answer.stderr
        );
    }
}
