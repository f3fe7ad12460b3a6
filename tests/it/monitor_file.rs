//! `driftline init`, `driftline monitor` and the health of capture, through the built program.

use crate::monitor::world;
use serde_json::Value;
use tests::history::History;

fn findings<'v>(verdict: &'v Value, start: &str) -> Vec<&'v str> {
    verdict["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["check"].as_str())
        .filter(|check| check.starts_with(start))
        .collect()
}

#[test]
fn a_monitor_is_made_of_captured_traffic_and_checked() {
    let world = world(&History::usual());
    let made = world
        .succeed("init --capture capture --baseline baseline --output made --name small")
        .unwrap();
    assert!(made.stdout.contains("driftline monitor check"), "{}", made.stdout);
    let file = std::fs::read_to_string(world.path("made/monitor.toml")).unwrap();
    assert!(file.starts_with("#:schema ./monitor.schema.json"), "{file}");
    let schema = std::fs::read(world.path("made/monitor.schema.json")).unwrap();
    assert_eq!(
        world.succeed("monitor schema").unwrap().stdout.into_bytes(),
        schema
    );
    let again = world.run("init --capture capture --output made").unwrap();
    assert_eq!(again.code, 2);
    assert!(
        again.stderr.contains("is there already") && again.stderr.contains("--force"),
        "{}",
        again.stderr
    );
    let json = world
        .succeed("init --capture capture --baseline baseline --output made --name small --force --json")
        .unwrap();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (json["name"].as_str(), json["written"].as_array().map(Vec::len)),
        (Some("small"), Some(3))
    );

    // The file of the tests names everything that is there.
    let now = "--now 2026-01-31T01:00:00Z";
    let checked = world
        .succeed(&format!(
            "monitor check --monitor settings/monitor.toml {now} --json"
        ))
        .unwrap();
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_ne!(checked["standing"], "wrong", "{checked}");
    let file = std::fs::read_to_string(world.path("settings/monitor.toml")).unwrap();
    world
        .write("store/monitors/a/monitor.toml", file.replace("../", "../../../"))
        .unwrap();
    world
        .write(
            "store/monitors/b/monitor.toml",
            file.replace("../", "../../../").replace("capture\"", "none\""),
        )
        .unwrap();
    let both = world.run(&format!("monitor check --store store {now}")).unwrap();
    assert_eq!(both.code, 2, "{}", both.stdout);
    assert!(
        both.stdout.contains("monitors/a/") && both.stdout.contains("wrong"),
        "{}",
        both.stdout
    );
    assert_eq!(world.run("monitor check --store nowhere").unwrap().code, 4);
}

#[test]
fn parameters_that_the_pipeline_does_not_have_are_found() {
    let world = world(&History::usual());
    let file = std::fs::read_to_string(world.path("settings/monitor.toml")).unwrap();
    let retrain =
        "\n[retrain]\npipeline = \"p\"\nwhen = \"drift\"\n\n[retrain.parameters]\nNoSuchThing = 1\n";
    world
        .write("settings/monitor.toml", format!("{file}{retrain}"))
        .unwrap();
    let checked = world
        .run("monitor check --monitor settings/monitor.toml")
        .unwrap();
    assert_eq!(checked.code, 2);
    assert!(
        checked.stdout.contains("`NoSuchThing` is not declared"),
        "{}",
        checked.stdout
    );
}

#[test]
fn a_silent_window_of_a_monitor_is_a_finding_and_a_usual_one_is_not() {
    let world = world(&History::usual());
    let window = "--start 2027-01-22T00:00:00Z --end 2027-01-23T00:00:00Z --output out";
    world
        .succeed(&format!("analyze --monitor settings/monitor.toml {window}"))
        .unwrap();
    let silent = world.json("out/verdict.json").unwrap();
    assert_eq!(findings(&silent, "capture"), ["capture_silence"], "{silent}");
    assert_eq!(
        (silent["version"].as_str(), silent["status"].as_str()),
        (Some("3"), Some("not_evaluated"))
    );
    let page = std::fs::read_to_string(world.path("out/report.html")).unwrap();
    assert!(page.contains("not one record was captured") || page.contains("Not one record was captured"));
    let without = world
        .run(&format!("analyze --capture capture --baseline baseline {window}"))
        .unwrap();
    assert_eq!(without.code, 4, "{}", without.stderr);
    let usual = "--start 2026-01-22T00:00:00Z --end 2026-01-23T00:00:00Z --output out";
    world
        .succeed(&format!("analyze --monitor settings/monitor.toml {usual}"))
        .unwrap();
    let verdict = world.json("out/verdict.json").unwrap();
    assert_eq!(findings(&verdict, "capture"), [""; 0], "{verdict}");
    assert!(
        verdict["capture_health"]
            .as_array()
            .is_some_and(|measures| measures.len() == 9),
        "{verdict}"
    );
    world
        .succeed(&format!(
            "analyze --monitor settings/monitor.toml {usual} --compat sagemaker"
        ))
        .unwrap();
    let compatible = world.json("out/verdict.json").unwrap();
    assert_eq!(compatible["capture_health"], Value::Null);
}

#[test]
fn a_day_without_its_usual_hours_is_a_gap() {
    let world = world(&History {
        missing: Vec::new(),
        ..History::usual()
    });
    let mut file = std::fs::read_to_string(world.path("settings/monitor.toml")).unwrap();
    file = file.replacen(
        "window = \"1 day\"",
        "window = \"1 day\"\nhistory = \"../runs\"",
        1,
    );
    world.write("settings/monitor.toml", &file).unwrap();
    let analyze = |day: u32, more: &str| {
        let (start, end) = (
            format!("2026-01-{day:02}T00:00:00Z"),
            format!("2026-01-{:02}T00:00:00Z", day + 1),
        );
        let output = format!("runs/{start}--{end}/r1");
        world
            .succeed(&format!(
                "analyze --monitor settings/monitor.toml --start {start} --end {end} --output {output} {more}"
            ))
            .unwrap();
        world.json(&format!("{output}/verdict.json")).unwrap()
    };
    for day in 21..=25 {
        let verdict = analyze(day, "");
        assert_eq!(findings(&verdict, "capture"), [""; 0], "{day}: {verdict}");
    }
    let hours = world.path("capture");
    let mut lost = 0;
    for path in objects(&hours) {
        let name = path.to_string_lossy().into_owned();
        if (9..=14).any(|hour| name.contains(&format!("/2026/01/26/{hour:02}/"))) {
            std::fs::remove_file(&path).unwrap();
            lost += 1;
        }
    }
    assert!(lost > 0, "the history has objects by hour");
    let verdict = analyze(26, "");
    assert!(
        findings(&verdict, "capture").contains(&"capture_gap"),
        "{}",
        verdict["capture_health"]
    );
}

fn objects(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(objects(&path));
        } else {
            out.push(path);
        }
    }
    out
}
