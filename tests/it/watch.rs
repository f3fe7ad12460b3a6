//! `driftline watch`, `profile` and `merge` through the built program: what they write is what `analyze` writes.

use crate::monitor::world;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::history::History;
use tests::program::built;
use tests::world::{World, file_names};

const WINDOW: &str = "2026-01-30T00:00:00Z--2026-01-31T00:00:00Z";
const ANALYZE: &str =
    "analyze --monitor settings/monitor.toml --start 2026-01-30T00:00:00Z --end 2026-01-31T00:00:00Z";

fn same_documents(world: &World, found: &str, expected: &str) {
    let names = file_names(&world.path(expected));
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        let read = |folder: &str| std::fs::read(world.path(folder).join(&name)).unwrap();
        assert!(
            read(found) == read(expected),
            "{name} differs between {found} and {expected}"
        );
    }
}

/// Captured objects, whole paths.
fn keys(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(keys(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn a_watched_window_is_the_analyzed_one_and_looking_again_writes_nothing() {
    let world = world(&History::usual());
    let watch = "watch --monitor settings/monitor.toml --store store --once --now 2026-02-01T12:00:00Z";
    let said = world.succeed(watch).unwrap().stdout;
    assert!(said.contains("wrote"), "{said}");
    world
        .succeed(&format!(
            "{ANALYZE} --history store/monitors/small/windows --output full"
        ))
        .unwrap();
    let folder = format!("store/monitors/small/windows/{WINDOW}/r1");
    same_documents(&world, &folder, "full");
    let again = world.succeed(watch).unwrap().stdout;
    assert!(!again.contains("wrote"), "{again}");
    assert_eq!(
        file_names(&world.path(&format!("store/monitors/small/windows/{WINDOW}"))),
        ["r1"]
    );
}

#[test]
fn watch_names_what_is_missing_and_ends_on_sigterm() {
    let world = world(&History::usual());
    let answer = world.run("watch --monitor settings/monitor.toml --once").unwrap();
    assert_eq!(answer.code, 2, "{answer:#?}");
    assert!(answer.stderr.contains("DRIFTLINE_STORE"), "{}", answer.stderr);
    let mut running = Command::new(built("driftline").unwrap())
        .args([
            "watch",
            "--monitor",
            "settings/monitor.toml",
            "--store",
            "store",
            "--interval",
            "1 hour",
        ])
        .current_dir(world.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = Command::new("kill")
        .args(["-TERM", &running.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    let status = running.wait().unwrap();
    // Before the handler stands, the signal itself ends the process.
    assert!(
        status.code() == Some(143) || status.code().is_none(),
        "{status:?}"
    );
}

#[test]
fn parts_in_any_batches_merge_to_the_analyzed_window_and_a_missing_one_is_named() {
    let world = world(&History::usual());
    let keys: Vec<String> = keys(&world.path("capture"))
        .into_iter()
        .map(|key| key.display().to_string())
        .filter(|key| key.contains("/2026/01/30/") || key.contains("/2026/01/29/23/"))
        .collect();
    let batches = [&keys[..5], &keys[5..6], &keys[6..]];
    for (idx, batch) in batches.iter().enumerate() {
        world.write(&format!("keys{idx}"), batch.join("\n")).unwrap();
        let profile = format!(
            "profile --keys keys{idx} --monitor settings/monitor.toml --output parts/{idx}.part --start 2026-01-30T00:00:00Z --end 2026-01-31T00:00:00Z"
        );
        world.succeed(&profile).unwrap();
        let first = std::fs::read(world.path(&format!("parts/{idx}.part"))).unwrap();
        world.succeed(&profile).unwrap();
        assert!(first == std::fs::read(world.path(&format!("parts/{idx}.part"))).unwrap());
    }
    let manifest = r#"{"version": 1, "parts": ["2.part", "0.part", "1.part"]}"#;
    world.write("parts/manifest.json", manifest).unwrap();
    let merge = "merge --manifest parts/manifest.json --monitor settings/monitor.toml --output merged";
    world.succeed(merge).unwrap();
    world.succeed(&format!("{ANALYZE} --output full")).unwrap();
    same_documents(&world, "merged", "full");
    std::fs::remove_file(world.path("parts/1.part")).unwrap();
    let answer = world.run(merge).unwrap();
    assert_eq!(answer.code, 2, "{answer:#?}");
    assert!(
        answer.stderr.contains("1 of 3 parts") && answer.stderr.contains("1.part"),
        "{}",
        answer.stderr
    );
}
