//! `monitor.toml` through the built program: one file instead of flags, and errors that say where.

use tests::history::History;
use tests::world::World;

/// The settings of the tests' endpoint.
pub(crate) const MONITOR: &str = r#"name = "small"
capture = "../capture"
baseline = "../baseline"
window = "1 day"

[drift]
false_alarms = "1 per 90 days"
"#;

/// A world with a past, a baseline, and the monitor in a folder of its own.
pub(crate) fn world(history: &History) -> World {
    let world = World::new().unwrap();
    history.write(&world).unwrap();
    let made = world
        .succeed("baseline --data train.csv --schema schema.json --output baseline")
        .unwrap();
    assert!(made.stdout.contains("calibrat"), "{}", made.stdout);
    world.write("settings/monitor.toml", MONITOR).unwrap();
    world
}

fn drifted(verdict: &serde_json::Value) -> Vec<&str> {
    let findings = verdict["findings"].as_array().unwrap();
    findings
        .iter()
        .filter(|finding| finding["check"] == "drift")
        .filter_map(|finding| finding["column"].as_str())
        .collect()
}

#[test]
fn a_window_is_analyzed_by_the_file() {
    let world = world(&History::usual());
    let analyze = |start: &str, end: &str, more: &str| {
        world
            .succeed(&format!(
                "analyze --monitor settings/monitor.toml --start {start}T00:00:00Z --end {end}T00:00:00Z --output out {more}"
            ))
            .unwrap();
        world.json("out/verdict.json").unwrap()
    };
    let quiet = analyze("2026-01-22", "2026-01-23", "");
    assert_eq!(drifted(&quiet), [""; 0], "{quiet}");
    assert_eq!(quiet["records"]["rows"], 480);
    let shifted = analyze("2026-01-30", "2026-01-31", "");
    assert_eq!(drifted(&shifted), ["x"], "{shifted}");

    world
        .write(
            "settings/monitor.toml",
            format!("{MONITOR}\n[drift.columns.x]\nignore = true\n"),
        )
        .unwrap();
    assert_eq!(drifted(&analyze("2026-01-30", "2026-01-31", "")), [""; 0]);
    world
        .write(
            "settings/monitor.toml",
            format!("{MONITOR}\n[drift.columns.x]\nmin_effect = 0.9\n"),
        )
        .unwrap();
    assert_eq!(drifted(&analyze("2026-01-30", "2026-01-31", "")), [""; 0]);
}

#[test]
fn the_budget_and_the_effect_can_be_flags() {
    let world = world(&History::usual());
    let analyze = "analyze --capture capture --baseline baseline --start 2026-01-30T00:00:00Z --end 2026-01-31T00:00:00Z --output out";
    world.succeed(analyze).unwrap();
    assert_eq!(drifted(&world.json("out/verdict.json").unwrap()), ["x"]);
    world.succeed(&format!("{analyze} --min-effect 0.9")).unwrap();
    assert_eq!(drifted(&world.json("out/verdict.json").unwrap()), [""; 0]);
    world.succeed(&format!("{analyze} --false-alarms 1e-40")).unwrap();
    let strict = world.json("out/verdict.json").unwrap();
    assert_eq!(drifted(&strict), [""; 0], "{strict}");
}

/// Each row: what of the file is replaced by what, and what the error and its hint say.
#[test]
fn a_wrong_file_is_named_with_line_and_column() {
    let world = world(&History::usual());
    let mut wrong = Vec::new();
    for (from, to, message, hint) in [
        (
            "false_alarms",
            "falsealarms",
            "line 7, column 1: unknown field `falsealarms`",
            "did you mean `false_alarms`?",
        ),
        (
            "1 day",
            "1 second",
            "line 4, column 10: a window of 1 second",
            "docs/monitor.md",
        ),
        ("1 per 90 days", "never", "line 7, column 16:", "docs/monitor.md"),
        (
            "\"../baseline\"",
            "\"../nowhere\"",
            "no baseline at",
            "driftline baseline",
        ),
        ("\"../capture\"", "\"../nowhere\"", "nowhere", ""),
    ] {
        world
            .write("settings/monitor.toml", MONITOR.replacen(from, to, 1))
            .unwrap();
        for command in [
            "analyze --start 2026-01-22T00:00:00Z --output out",
            "backtest --from 2026-01-21 --to 2026-01-25",
        ] {
            let answer = world
                .run(&format!("{command} --monitor settings/monitor.toml"))
                .unwrap();
            let fits = answer.code != 0
                && answer.stdout.is_empty()
                && answer.stderr.starts_with("error: ")
                && answer.stderr.contains(message)
                && answer.stderr.contains("\nhint: ")
                && answer.stderr.contains(hint);
            if !fits {
                wrong.push(format!(
                    "{command}, {to}: expected `{message}` and `{hint}`, got {answer:#?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_a_monitor_capture_and_baseline_are_needed() {
    let world = World::new().unwrap();
    let answer = world.run("analyze --output out").unwrap();
    assert_eq!(answer.code, 2, "{answer:#?}");
    assert!(answer.stderr.contains("--monitor"), "{}", answer.stderr);
}
