//! `driftline retrain` through the built program: documents in, decisions and words out.
//!
//! Starts nothing: the service is tested in `analyzer/sagemaker`, the act in the engine.

use crate::monitor;
use tests::history::History;
use tests::world::World;

const SECTION: &str = r#"
[retrain]
pipeline = "small-retrain"
when = "drift of x on 2 of 2 windows"
approval = "manual"
store = "../store"
"#;

/// The tests' endpoint with the last two days analysed into the store.
fn world() -> World {
    let world = monitor::world(&History::usual());
    world
        .write("settings/monitor.toml", format!("{}{SECTION}", monitor::MONITOR))
        .unwrap();
    for (start, end) in [("2026-01-29", "2026-01-30"), ("2026-01-30", "2026-01-31")] {
        let (start, end) = (format!("{start}T00:00:00Z"), format!("{end}T00:00:00Z"));
        let output = format!("store/monitors/small/windows/{start}--{end}/r1");
        world
            .succeed(&format!(
                "analyze --monitor settings/monitor.toml --start {start} --end {end} --output {output}"
            ))
            .unwrap();
    }
    world
}

const AT: &str = "--monitor settings/monitor.toml --now 2026-01-31T06:00:00Z";

#[test]
fn a_decision_is_planned_approved_and_closed() {
    let world = world();
    let plan = |more: &str| {
        world
            .succeed(&format!("retrain plan {AT} {more}"))
            .unwrap()
            .stdout
    };
    let decision: serde_json::Value = serde_json::from_str(&plan("--json")).unwrap();
    assert_eq!(decision["verdict"], "wait_for_approval", "{decision}");
    assert_eq!(decision["refused_by"], serde_json::json!(["approval"]));
    assert_eq!(
        plan("--json"),
        plan("--json"),
        "the same documents and time, the same bytes"
    );
    let text = plan("");
    for part in [
        "small at 2026-01-31T06:00:00Z: wait for approval",
        "NO  approval",
        "drift of \"x\" on 2 of 2 windows",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let id = decision["incident"]["id"].as_str().unwrap();
    let given = world
        .succeed(&format!("retrain approve {AT} --by ada --incident {id}"))
        .unwrap();
    assert_eq!(
        given.stdout,
        format!("approved incident {id} revision 1, by ada\n")
    );
    let decision: serde_json::Value = serde_json::from_str(&plan("--json")).unwrap();
    assert_eq!(decision["verdict"], "start", "{decision}");
    let nothing = world.succeed(&format!("retrain history {AT}")).unwrap();
    assert_eq!(nothing.stdout, "nothing was started yet\n");
    let closed = world
        .succeed(&format!("retrain close {AT} --reason tested"))
        .unwrap();
    assert_eq!(closed.stdout, format!("closed incident {id}\n"));
    let decision: serde_json::Value = serde_json::from_str(&plan("--json")).unwrap();
    assert_eq!(decision["verdict"], "no");
}

#[test]
fn errors_say_what_to_do() {
    let world = World::new().unwrap();
    let check = |command: &str, code: i32, parts: &[&str]| {
        let run = world.run(command).unwrap();
        assert_eq!(run.code, code, "{command}: {}", run.stderr);
        for part in parts {
            assert!(
                run.stderr.contains(part),
                "{command}: {part} is missing in {}",
                run.stderr
            );
        }
    };
    world.write("settings/monitor.toml", monitor::MONITOR).unwrap();
    check(
        &format!("retrain plan {AT}"),
        2,
        &["has no [retrain] section", "docs/retraining.md"],
    );
    let wrong = SECTION.replace("drift of x", "drfit of x");
    world
        .write("settings/monitor.toml", format!("{}{wrong}", monitor::MONITOR))
        .unwrap();
    check(
        &format!("retrain plan {AT}"),
        2,
        &["line 11, column 8: condition, column 1", "did you mean `drift`?"],
    );
    world
        .write("settings/monitor.toml", format!("{}{SECTION}", monitor::MONITOR))
        .unwrap();
    check(
        &format!("retrain why e9 {AT}"),
        2,
        &[
            "none of the 0 that were started for model small",
            "retrain history",
        ],
    );
    check(
        &format!("retrain approve {AT} --by ada"),
        4,
        &["there is no open incident to approve"],
    );
    check(
        &format!("retrain plan {AT} --now yesterday"),
        2,
        &["cannot be used multiple times"],
    );
}
