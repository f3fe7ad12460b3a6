//! `driftline backtest` and `driftline calibrate` through the built program.

use crate::monitor::world;
use tests::history::History;
use tests::world::file_names;

const BACKTEST: &str = "backtest --monitor settings/monitor.toml --from 2026-01-21 --to 2026-02-02";

#[test]
fn a_shift_rings_from_its_day_on_and_a_missing_day_is_no_alarm() {
    let world = world(&History::usual());
    let answer = world
        .succeed(&format!("{BACKTEST} --output replay --json"))
        .unwrap();
    assert_eq!(
        file_names(&world.path("replay")),
        ["backtest.html", "backtest.json"]
    );
    let printed: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(printed, world.json("replay/backtest.json").unwrap());
    assert_eq!(
        (
            &printed["n_windows"],
            &printed["n_empty_windows"],
            &printed["calibrated"]
        ),
        (&12.into(), &1.into(), &true.into()),
        "{printed}"
    );
    assert_eq!(printed["windows"][3]["rows"], 0);
    assert_eq!(printed["windows"][4]["rows"], 480);
    let budget = &printed["budgets"][0];
    assert_eq!(budget["false_alarms"], "1 per 90 days");
    let states: Vec<&str> = budget["states"]["x"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| state.as_str().unwrap())
        .collect();
    assert_eq!(
        states[..8].iter().filter(|state| **state == "no_data").count(),
        1,
        "{states:?}"
    );
    assert_eq!(states[3], "no_data");
    assert!(states[..8].iter().all(|state| *state != "alarm"), "{states:?}");
    assert!(states[8..].iter().all(|state| *state == "alarm"), "{states:?}");
    let alarm = &budget["alarms"][0];
    assert_eq!(
        (&alarm["column"], &alarm["start"], &alarm["n_windows"]),
        (&"x".into(), &"2026-01-29T00:00:00Z".into(), &4.into()),
        "{alarm}"
    );
    let page = std::fs::read_to_string(world.path("replay/backtest.html")).unwrap();
    assert!(page.contains("<svg"), "a picture per budget");
    for outside in ["src=\"http", "href=\"http", "@import", "url(http", "<script"] {
        assert!(
            !page.contains(outside),
            "the page asks for something outside itself: {outside}"
        );
    }
    assert!(page.len() < 1_000_000);
}

#[test]
fn each_budget_is_judged_on_one_reading() {
    let world = world(&History::usual());
    let answer = world
        .succeed(&format!("{BACKTEST} --json --budgets 1e-30,0.2").replace("1e-30,0.2", "0.2,1e-30"))
        .unwrap();
    let printed: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let n = |idx: usize| printed["budgets"][idx]["n_ringing_windows"].as_u64().unwrap();
    assert_eq!(
        printed["budgets"][1]["false_alarms"]
            .as_str()
            .map(|text| text.ends_with("per run")),
        Some(true)
    );
    assert!(n(0) >= 4, "{printed}");
    assert_eq!(n(1), 0, "{printed}");
}

#[test]
fn persistence_waits_for_enough_windows() {
    let world = world(&History::usual());
    let monitor = std::fs::read_to_string(world.path("settings/monitor.toml")).unwrap();
    world
        .write(
            "settings/monitor.toml",
            format!("{monitor}persistence = \"2 of 3\"\n"),
        )
        .unwrap();
    let answer = world.succeed(&format!("{BACKTEST} --json")).unwrap();
    let printed: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let states = &printed["budgets"][0]["states"]["x"];
    assert_eq!(
        (&states[8], &states[9]),
        (&"flagged".into(), &"alarm".into()),
        "{states}"
    );
}

/// Alarms of `x` by day: in the order of the days, `analyze` by itself with what it stored before, beside `backtest`.
fn in_sequence_and_replayed(settings: &str) -> (Vec<String>, Vec<String>) {
    let world = world(&History::usual());
    let monitor = std::fs::read_to_string(world.path("settings/monitor.toml")).unwrap();
    let (top, drift) = monitor.split_once("[drift]").unwrap();
    world
        .write(
            "settings/monitor.toml",
            format!("{top}history = \"../runs\"\n[drift]{drift}{settings}"),
        )
        .unwrap();
    let replay = world.succeed(&format!("{BACKTEST} --json")).unwrap();
    let replay: serde_json::Value = serde_json::from_str(&replay.stdout).unwrap();
    let replayed = replay["budgets"][0]["states"]["x"].as_array().unwrap();
    let replayed = replayed.iter().map(|state| state.as_str().unwrap().to_owned());
    let mut in_sequence = Vec::new();
    for day in 21..33 {
        let date = |day: u32| match day {
            0..=31 => format!("2026-01-{day:02}T00:00:00Z"),
            _ => format!("2026-02-{:02}T00:00:00Z", day - 31),
        };
        let (start, end) = (date(day), date(day + 1));
        let ran = world
            .run(&format!(
                "analyze --monitor settings/monitor.toml --start {start} --end {end} --output runs/{day}"
            ))
            .unwrap();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let verdict = world.json(&format!("runs/{day}/verdict.json")).unwrap();
        let of_x = |entry: &&serde_json::Value| entry["check"] == "drift" && entry["column"] == "x";
        let entries = |name: &str| verdict[name].as_array().unwrap().clone();
        let skipped = entries("not_evaluated")
            .iter()
            .any(|entry| entry["check"] == "drift" && (entry["column"].is_null() || entry["column"] == "x"));
        let found = entries("findings")
            .iter()
            .find(of_x)
            .map(|found| found["severity"].clone());
        let state = match found.as_ref().and_then(|severity| severity.as_str()) {
            Some("info") => "flagged",
            Some(_) => "alarm",
            None if verdict["records"]["rows"] == 0 => "no_data",
            None if skipped => "not_evaluated",
            None => "quiet",
        };
        in_sequence.push(state.to_owned());
    }
    (in_sequence, replayed.collect())
}

#[test]
fn windows_judged_one_by_one_ring_as_the_replay_says() {
    for (settings, first_alarm, n_alarms) in [
        ("", 8, 4),
        ("persistence = \"2 of 3\"\n", 9, 3),
        ("persistence = \"4 of 4\"\n", 11, 1),
        // Held against the days before, the shift is news once.
        ("reference = \"trailing:3\"\n", 8, 1),
        ("reference = \"previous\"\n", 8, 1),
    ] {
        let (in_sequence, replayed) = in_sequence_and_replayed(settings);
        assert_eq!(in_sequence, replayed, "{settings}");
        let alarms: Vec<usize> = (0..replayed.len())
            .filter(|idx| replayed[*idx] == "alarm")
            .collect();
        assert_eq!(alarms.first(), Some(&first_alarm), "{settings} {replayed:?}");
        assert_eq!(alarms.len(), n_alarms, "{settings} {replayed:?}");
    }
}

#[test]
fn a_reference_can_be_tried_and_the_past_before_it_is_not_evaluated() {
    let world = world(&History::usual());
    let answer = world
        .succeed(&format!("{BACKTEST} --reference trailing:3 --json"))
        .unwrap();
    let printed: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(printed["reference"], "trailing:3");
    let states = printed["budgets"][0]["states"]["x"].as_array().unwrap();
    assert!(
        states[..3].iter().all(|state| *state == "not_evaluated"),
        "{states:?}"
    );
    assert_eq!(states[8], "alarm", "{states:?}");
    let wrong = world.run(&format!("{BACKTEST} --reference yesterday")).unwrap();
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("--reference is `yesterday`"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn persistence_without_a_history_rings_and_says_so() {
    let world = world(&History::usual());
    let analyze = "analyze --monitor settings/monitor.toml --start 2026-01-30T00:00:00Z --end 2026-01-31T00:00:00Z --output out";
    let found = world
        .succeed(&format!("{analyze} --json"))
        .and_then(|_| world.json("out/verdict.json"))
        .unwrap();
    assert!(found["judged"]["choices"]["persistence"].is_null(), "{found}");
    let monitor = std::fs::read_to_string(world.path("settings/monitor.toml")).unwrap();
    world
        .write(
            "settings/monitor.toml",
            format!("{monitor}persistence = \"2 of 3\"\n"),
        )
        .unwrap();
    let said = world.succeed(analyze).unwrap().stdout;
    assert!(said.contains("no history of earlier windows is named"), "{said}");
    let verdict = world.json("out/verdict.json").unwrap();
    let severity = verdict["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["check"] == "drift");
    assert_ne!(severity.unwrap()["severity"], "info", "{verdict}");
}

#[test]
fn a_table_with_times_is_replayed_as_well() {
    let world = world(&History::usual());
    let monitor = std::fs::read_to_string(world.path("settings/monitor.toml")).unwrap();
    let monitor = monitor
        .replace("../capture", "../train.csv")
        .replace("window =", "schema = \"../schema.json\"\nwindow =");
    world.write("settings/monitor.toml", &monitor).unwrap();
    let table = "backtest --monitor settings/monitor.toml --from 2026-01-01 --to 2026-01-21 --json";
    let answer = world.succeed(table).unwrap();
    let printed: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let rows: Vec<u64> = printed["windows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|window| window["rows"].as_u64().unwrap())
        .collect();
    assert_eq!(rows, [480; 20]);
    world
        .write("settings/monitor.toml", monitor.replace("schema = ", "# "))
        .unwrap();
    let without = world.run(table).unwrap();
    assert_eq!(without.code, 2);
    assert!(without.stderr.contains("has no times"), "{}", without.stderr);
}

#[test]
fn the_same_history_gives_the_same_bytes() {
    let world = world(&History::usual());
    for (output, threads) in [("a", 1), ("b", 3)] {
        world
            .succeed(&format!("{BACKTEST} --output {output} --threads {threads}"))
            .unwrap();
        world
            .succeed(&format!(
                "baseline --data train.csv --schema schema.json --output base-{output} --threads {threads}"
            ))
            .unwrap();
    }
    for (one, other) in [("a", "b"), ("base-a", "base-b")] {
        let names = file_names(&world.path(one));
        assert_eq!(names, file_names(&world.path(other)));
        for file in names {
            let bytes = |folder: &str| std::fs::read(world.path(folder).join(&file)).unwrap();
            assert!(
                bytes(one) == bytes(other),
                "{file} differs between one thread and three"
            );
        }
    }
}

#[test]
fn a_wrong_span_says_so() {
    let world = world(&History::usual());
    for (span, names) in [
        ("--from 2026-01-21 --to 2026-01-21", "not before"),
        (
            "--from 2026-01-21 --to 2026-01-21T12:00:00Z",
            "shorter than one window",
        ),
        ("--from yesterday --to 2026-01-21", "yesterday"),
        ("--from 2026-01-21 --to 2026-01-25 --budgets often", "often"),
    ] {
        let answer = world
            .run(&format!("backtest --monitor settings/monitor.toml {span}"))
            .unwrap();
        assert_eq!(answer.code, 2, "{span}: {answer:#?}");
        assert!(
            answer.stderr.contains(names) && answer.stderr.contains("\nhint: "),
            "{span}: {answer:#?}"
        );
    }
    let later = world
        .succeed("backtest --monitor settings/monitor.toml --from 2030-01-01 --to 2030-01-05")
        .unwrap();
    assert!(
        later.stdout.contains("4 windows have no data"),
        "{}",
        later.stdout
    );
}

#[test]
fn calibration_is_checked_on_the_users_own_data() {
    let world = world(&History::usual());
    let check = "calibrate --check --baseline baseline --data train.csv --schema schema.json --runs 200";
    let answer = world.succeed(&format!("{check} --json")).unwrap();
    let printed: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(printed["runs"], 200, "{printed}");
    let (stated, low) = (
        printed["stated_rate"].as_f64().unwrap(),
        printed["interval"][0].as_f64().unwrap(),
    );
    assert!(low <= stated, "more false alarms than stated: {printed}");
    let again = world.succeed(&format!("{check} --json")).unwrap();
    assert_eq!(answer.stdout, again.stdout, "the check is seeded");

    let before = std::fs::read(world.path("baseline/calibration.json")).unwrap();
    std::fs::remove_file(world.path("baseline/calibration.json")).unwrap();
    world
        .succeed("calibrate --baseline baseline --data train.csv --schema schema.json")
        .unwrap();
    assert!(
        before == std::fs::read(world.path("baseline/calibration.json")).unwrap(),
        "the calibration made anew is the one `baseline` made"
    );
}
