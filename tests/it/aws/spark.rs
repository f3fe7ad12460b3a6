//! `infra/spark` on Spark with executors of their own, one of which is killed in mid-run.
//!
//! pyspark is 848 MB: `DRIFTLINE_SPARK=1 ./test` installs it, and `DRIFTLINE_SPARK_PYTHON` names a Python that has it. Needs
//! Java 17 and procfs.

use super::differing;
use super::distributed::{DAY, day_with_monitor, files, wait_for};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tests::program;
use tests::repository::root;

/// The first task to come stands still for as long as the Python that started it lives; the others work.
const GATE: &str = r#"#!/bin/sh
if [ "$1" = profile ] && mkdir "$GATE/held" 2>/dev/null; then
  echo "$PPID" > "$GATE/new" && mv "$GATE/new" "$GATE/pid"
  while kill -0 "$PPID" 2>/dev/null; do sleep 0.1; done
  exit 1
fi
exec "$DRIFTLINE" "$@"
"#;

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("DRIFTLINE_SPARK_PYTHON").map(PathBuf::from);
    if named.is_none() {
        println!(
            "skipped: no pyspark; `DRIFTLINE_SPARK=1 ./test` installs it (848 MB), or name a Python in DRIFTLINE_SPARK_PYTHON"
        );
    }
    named
}

/// A job of Spark's; it ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The parent of a process, and its command line.
fn process(id: u32) -> Option<(u32, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
    let command = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    Some((parent, String::from_utf8_lossy(&command).into_owned()))
}

#[test]
fn a_killed_executor_changes_nothing() {
    let Some(python) = python() else { return };
    let (world, keys) = day_with_monitor();
    let text: String = keys.iter().map(|key| format!("{}\n", key.display())).collect();
    world.write("keys", &text).unwrap();
    world.write("gate.sh", GATE).unwrap();
    for folder in ["gate", "parts", "one"] {
        std::fs::create_dir_all(world.path(folder)).unwrap();
    }
    let gate = world.path("gate.sh");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&gate, mode).unwrap();
    let at = |name: &str| world.path(name).to_str().unwrap().to_owned();
    let mut command = Command::new(&python);
    command
        .arg(root().join("infra/spark/driftline_job.py"))
        .args([
            "--keys",
            &at("keys"),
            "--monitor",
            &at("monitor.toml"),
            "--parts",
            &at("parts"),
            "--output",
            &at("out"),
        ])
        .args(["--batches", "6", "--driftline", &at("gate.sh")])
        .args(DAY.split_whitespace())
        .current_dir(world.path(""))
        .env(
            "PYSPARK_SUBMIT_ARGS",
            "--master local-cluster[2,1,1024] --conf spark.ui.enabled=false pyspark-shell",
        )
        .env("PYSPARK_PYTHON", &python)
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .env("SPARK_LOCAL_DIRS", at("local"))
        .env("SPARK_WORKER_DIR", at("work"))
        .env("GATE", at("gate"))
        .env("DRIFTLINE", program::built("driftline").unwrap())
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(world.path("stdout")).unwrap())
        .stderr(std::fs::File::create(world.path("stderr")).unwrap());
    let mut job = Running(command.spawn().unwrap());
    let said = || std::fs::read_to_string(world.path("stderr")).unwrap_or_default();

    let held: u32 = wait_for("a task", || {
        if let Some(status) = job.0.try_wait().unwrap() {
            panic!("the job ended with {status} before a task was held: {}", said());
        }
        std::fs::read_to_string(world.path("gate/pid"))
            .ok()?
            .trim()
            .parse()
            .ok()
    });
    // The JVM above the held task's Python is its executor; a descendant of the job, so it is ours to end.
    let mut id = held;
    let executor = loop {
        let (parent, command) = process(id).unwrap_or_else(|| panic!("process {id} is gone: {}", said()));
        if command.contains("CoarseGrainedExecutorBackend") {
            break id;
        }
        assert!(parent > 1, "no executor above process {held}");
        id = parent;
    };
    let killed = Command::new("kill")
        .args(["-9", &executor.to_string()])
        .status()
        .unwrap();
    assert!(killed.success());

    let status = wait_for("the job", || job.0.try_wait().unwrap());
    assert!(status.success(), "{}", said());
    assert!(
        process(executor).is_none_or(|(_, command)| command.is_empty()),
        "the executor lives"
    );
    let said = said();
    assert!(
        said.contains("Lost task") || said.contains("Lost executor"),
        "no executor was lost: {said}"
    );

    world
        .write("one/manifest.json", r#"{"version": 1, "parts": ["0.part"]}"#)
        .unwrap();
    // Locations as the job names them: they stand in the documents.
    let monitor = world.path("monitor.toml");
    let monitor = monitor.display();
    for command in [
        format!("profile --keys keys --monitor {monitor} --output one/0.part {DAY}"),
        format!("merge --manifest one/manifest.json --monitor {monitor} --output expected"),
    ] {
        world.succeed(&command).unwrap();
    }
    assert_eq!(
        differing(&files(&world.path("expected")), &files(&world.path("out"))),
        [""; 0]
    );
}
