//! `driftline watch`, `profile` and `merge` through the built program: what they write is what `analyze` writes.

use crate::monitor::{MONITOR, world};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::aws::Webhook;
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

#[test]
fn watch_tells_once_counts_once_and_goes_on_where_a_receiver_refused() {
    let world = world(&History::usual());
    let receiver = Webhook::listen().unwrap();
    let settings = format!(
        "{MONITOR}\n[alerts.metrics]\n\n[alerts.routes.hook]\nseverity = \"warning\"\nform = \"generic\"\nurl = \"{}\"\n\n[retrain]\n\
         pipeline = \"p\"\nwhen = \"drift on 1 of 1 windows\"\ndry_run = true\n",
        receiver.url("hook")
    );
    world.write("settings/monitor.toml", settings).unwrap();
    let watch = "watch --monitor settings/monitor.toml --store store --once --metrics metrics.log --now";
    receiver.refuse(&[503; 20]);
    let refused = world.run(&format!("{watch} 2026-02-01T12:00:00Z")).unwrap();
    assert_eq!(refused.code, 6, "{refused:#?}");
    assert!(refused.stderr.contains("alert to hook"), "{}", refused.stderr);
    let n_refused = receiver.delivered().len();
    let lines = |world: &World| {
        std::fs::read_to_string(world.path("metrics.log"))
            .unwrap()
            .lines()
            .count()
    };
    let n_lines = lines(&world);
    assert!(n_lines > 0);
    receiver.refuse(&[]);
    let told = world.succeed(&format!("{watch} 2026-02-01T18:00:00Z")).unwrap();
    assert!(
        told.stdout.contains("sent opened of") && told.stdout.contains("retraining: dry_run"),
        "{}",
        told.stdout
    );
    let again = world
        .succeed(&format!("{watch} 2026-02-01T18:05:00Z --json"))
        .unwrap();
    assert!(!again.stdout.contains("\"sent\""), "{}", again.stdout);
    assert_eq!(receiver.delivered().len(), n_refused + 1);
    assert_eq!(lines(&world), n_lines, "no window's metrics twice");
}

#[test]
fn settings_that_become_wrong_leave_a_watch_at_work() {
    let world = world(&History::usual());
    let retrain = "\n[retrain]\npipeline = \"p\"\nwhen = \"drift on 1 of 1 windows\"\ndry_run = true\n";
    world
        .write("settings/monitor.toml", format!("{MONITOR}{retrain}"))
        .unwrap();
    let mut running = Command::new(built("driftline").unwrap())
        .args([
            "watch",
            "--monitor",
            "settings/monitor.toml",
            "--store",
            "store",
            "--interval",
            "1 second",
        ])
        .current_dir(world.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut closed = BufReader::new(running.stdout.take().unwrap()).lines();
    assert!(closed.next().unwrap().unwrap().contains("wrote"));
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines();
    world.write("settings/monitor.toml", "name = ").unwrap();
    let said = lines.find(|line| {
        line.as_ref()
            .unwrap()
            .contains("going on with the settings as they were")
    });
    assert!(said.is_some());
    let ended = Command::new("kill")
        .args(["-TERM", &running.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    assert_eq!(running.wait().unwrap().code(), Some(143));
}

/// Every file below a folder with its bytes; names that the store has not finished writing are no objects.
fn objects(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let listed = keys(folder).into_iter();
    let is_finished = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with('.');
    listed
        .filter(is_finished)
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            (path.strip_prefix(folder).unwrap().to_owned(), bytes)
        })
        .collect()
}

#[test]
fn a_watch_that_is_killed_again_and_again_ends_in_the_same_bytes() {
    let (world, whole) = (world(&History::usual()), world(&History::usual()));
    let watch = "watch --monitor settings/monitor.toml --store store --once --now 2026-02-01T12:00:00Z";
    whole.succeed(watch).unwrap();
    let (_never, timer) = std::sync::mpsc::channel::<()>();
    let mut n_killed = 0;
    for milliseconds in [30, 60, 100, 150, 200, 250, 300, 400, 500, 600] {
        let mut running = Command::new(built("driftline").unwrap())
            .args(watch.split_whitespace())
            .current_dir(world.path("."))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        assert!(timer.recv_timeout(Duration::from_millis(milliseconds)).is_err());
        running.kill().unwrap();
        n_killed += u32::from(running.wait().unwrap().code().is_none());
        if !world.path("store").exists() {
            continue;
        }
        for (name, bytes) in objects(&world.path("store")) {
            if name.extension().is_some_and(|extension| extension == "json") {
                let read = serde_json::from_slice::<serde_json::Value>(&bytes);
                assert!(read.is_ok(), "{} is not whole", name.display());
            }
        }
    }
    assert!(n_killed > 0, "no run was killed before its end");
    world.succeed(watch).unwrap();
    let (found, expected) = (objects(&world.path("store")), objects(&whole.path("store")));
    // What goes by an object's place (`inputs.json`, parts) or time (`seen/`) two worlds do not share.
    let documents = |all: &BTreeMap<PathBuf, Vec<u8>>| -> BTreeMap<PathBuf, Vec<u8>> {
        let is_document =
            |path: &PathBuf| path.starts_with("monitors/small/windows") && !path.ends_with("inputs.json");
        all.iter()
            .filter(|(path, _)| is_document(path))
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect()
    };
    let (found, expected) = (documents(&found), documents(&expected));
    let names = |all: &BTreeMap<PathBuf, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected));
    for (name, bytes) in &expected {
        assert!(
            found.get(name) == Some(bytes),
            "{} has other bytes",
            name.display()
        );
    }
}

#[test]
fn variants_that_are_added_later_are_taken_in() {
    let world = world(&History::usual());
    let moved = world.path("moved");
    std::fs::rename(world.path("capture"), &moved).unwrap();
    std::fs::create_dir(world.path("capture")).unwrap();
    std::fs::rename(&moved, world.path("capture/blue")).unwrap();
    let watch = "watch --monitor settings/monitor.toml --store store --once --now 2026-02-01T12:00:00Z";
    let without = MONITOR.replacen("window =", "variants = [\"green\"]\nwindow =", 1);
    world.write("settings/monitor.toml", without).unwrap();
    let none = world.succeed(watch).unwrap().stdout;
    assert!(!none.contains("480 rows"), "{none}");
    world.write("settings/monitor.toml", MONITOR).unwrap();
    let all = world.succeed(watch).unwrap().stdout;
    assert!(all.contains("480 rows"), "{all}");
}
