//! Beyond one machine: the state machine of `infra/deploy` under moto's interpreter, its functions as real processes, many
//! processes of the command line side by side, and Spark. Each time the documents of one machine, byte for byte.

use super::stack::{Stack, walk};
use super::{BUCKET, differing};
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tests::aws::{Aws, Fault, Function, Rule};
use tests::program;
use tests::repository::root;
use tests::world::World;

/// Waits for an answer, asking ten times a second.
pub(super) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(3);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited too long: {what}");
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// Every file below a folder, by name.
pub(super) fn files(folder: &Path) -> BTreeMap<String, Bytes> {
    let mut found = Vec::new();
    walk(folder, &mut found);
    let named = found.into_iter().map(|file| {
        let name = file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        (name, Bytes::from(std::fs::read(file).unwrap()))
    });
    named.collect()
}

/// The state machine's three functions, with Lambda's Python runtime around the handler.
fn deploy(stack: &Stack, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::copy(
        root().join("infra/deploy/distributed/handler.py"),
        folder.join("handler.py"),
    )
    .unwrap();
    std::os::unix::fs::symlink(program::built("driftline").unwrap(), folder.join("driftline")).unwrap();
    for name in ["plan", "profile", "merge"] {
        stack.aws.deploy(Function {
            name: name.to_owned(),
            program: tests::aws::python().unwrap(),
            arguments: vec![
                root()
                    .join("tests/reference/emulator/bootstrap.py")
                    .to_str()
                    .unwrap()
                    .to_owned(),
            ],
            variables: vec![
                ("DRIFTLINE_STORE".to_owned(), format!("s3://{BUCKET}")),
                ("_HANDLER".to_owned(), format!("handler.{name}")),
                ("LAMBDA_TASK_ROOT".to_owned(), folder.to_str().unwrap().to_owned()),
            ],
            concurrency: 3,
            timeout: Duration::from_mins(2),
            memory_mb: 1769,
        });
    }
}

/// The machine as `infra/deploy` has it, with its names filled in; its ARN.
fn make_machine(aws: &Aws, name: &str, change: impl Fn(String) -> String) -> String {
    let text = std::fs::read_to_string(root().join("infra/deploy/distributed.asl.json")).unwrap();
    let definition = text
        .replace("${Partition}", "aws")
        .replace("${StoreBucket}", BUCKET)
        .replace("${PlanFunction}", &Aws::function_arn("plan"))
        .replace("${ProfileFunction}", &Aws::function_arn("profile"))
        .replace("${MergeFunction}", &Aws::function_arn("merge"));
    assert!(!definition.contains("${"), "a name is not filled in");
    let asked = json!({"name": name, "definition": change(definition),
        "roleArn": "arn:aws:iam::123456789012:role/machine"});
    let made = aws
        .json("states", "AWSStepFunctions.CreateStateMachine", &asked)
        .unwrap();
    made["stateMachineArn"].as_str().unwrap().to_owned()
}

/// Runs the machine to its end.
fn execute(aws: &Aws, machine: &str, run: &str, input: &Value) -> Value {
    let asked = json!({"stateMachineArn": machine, "name": run, "input": input.to_string()});
    let started = aws
        .json("states", "AWSStepFunctions.StartExecution", &asked)
        .unwrap();
    wait_for("the execution", || {
        let asked = json!({"executionArn": started["executionArn"]});
        let found = aws
            .json("states", "AWSStepFunctions.DescribeExecution", &asked)
            .unwrap();
        (found["status"] != "RUNNING").then_some(found)
    })
}

/// What one process of the command line makes of all objects of the bucket's capture, by `profile` and `merge`.
fn on_one_machine(stack: &Stack, window: &str) -> BTreeMap<String, Bytes> {
    let keys = stack.aws.keys(BUCKET, "capture/").unwrap();
    let keys: String = keys.iter().map(|key| format!("s3://{BUCKET}/{key}\n")).collect();
    let world = World::new().unwrap();
    world.write("keys", keys).unwrap();
    world
        .write("manifest.json", r#"{"version": 1, "parts": ["all.part"]}"#)
        .unwrap();
    let environment = stack.aws.environment("command-line");
    let monitor = format!("--monitor s3://{BUCKET}/monitors/small/monitor.toml");
    let (start, end) = window.split_once("--").unwrap();
    for command in [
        format!("profile --keys keys {monitor} --output all.part --start {start} --end {end}"),
        format!("merge --manifest manifest.json {monitor} --output out"),
    ] {
        let answer = world.run_with(&command, &environment).unwrap();
        assert_eq!(answer.code, 0, "{command}: {answer:#?}");
    }
    files(&world.path("out"))
}

#[test]
fn a_distributed_map_gives_the_bytes_of_one_machine_and_a_lost_batch_no_result() {
    let Some(stack) = Stack::new(1, &[]) else { return };
    let aws = &stack.aws;
    aws.switch_on_states().unwrap();
    deploy(&stack, &stack.world.path("task"));
    stack.capture(|idx| idx < 12);
    let machine = make_machine(aws, "profile", |definition| definition);
    let window = stack.window(0);
    let (start, end) = window.split_once("--").unwrap();
    // About three objects in a batch.
    let request = json!({"monitor": "small", "start": start, "end": end, "batch_bytes": 20_000});
    let ended = execute(aws, &machine, "run-1", &request);
    let log = ["plan", "profile", "merge"]
        .map(|name| aws.log(name).join("\n"))
        .join("\n");
    assert_eq!(ended["status"], "SUCCEEDED", "{ended:#?}\n{log}");
    let parts = aws.keys(BUCKET, "runs/run-1/parts/").unwrap();
    let n_parts = parts.iter().filter(|key| key.ends_with(".part")).count();
    assert!(n_parts >= 3, "{parts:?}");
    assert_eq!(aws.n_started("profile").min(2), 2, "batches ran side by side");
    let found = below(&stack, "runs/run-1/windows/");
    let expected = on_one_machine(&stack, &window);
    assert!(expected.contains_key("verdict.json"), "{:?}", expected.keys());
    assert_eq!(differing(&expected, &found), [""; 0]);

    // A child that fails can pass unseen; the merge counts.
    let hasty = make_machine(aws, "hasty", |definition| {
        definition.replace("\"MaxAttempts\": 8", "\"MaxAttempts\": 0")
    });
    aws.inject(
        Rule::new(Fault::Internal)
            .on("s3", "PutObject")
            .at("000001.part")
            .times(1000),
    );
    let ended = execute(aws, &hasty, "run-2", &request);
    assert_eq!(ended["status"], "FAILED", "{ended:#?}");
    let said = format!("{}{}", ended["cause"], aws.log("merge").join("\n"));
    assert!(
        said.contains("000001.part"),
        "the missing part is not named: {said}"
    );
    assert!(below(&stack, "runs/run-2/windows/").is_empty());
}

fn below(stack: &Stack, prefix: &str) -> BTreeMap<String, Bytes> {
    let objects = stack.objects(prefix).into_iter();
    objects
        .map(|(key, bytes)| (key.strip_prefix(prefix).unwrap().to_owned(), bytes))
        .collect()
}

/// A world with a day of capture on disk, its keys, and a monitor.
pub(super) fn day_with_monitor() -> (World, Vec<PathBuf>) {
    let world = super::day();
    let monitor = "name = \"small\"\ncapture = \"capture\"\nbaseline = \"baseline\"\nwindow = \"1 day\"\n";
    world.write("monitor.toml", monitor).unwrap();
    let mut keys = Vec::new();
    walk(&world.path("capture"), &mut keys);
    keys.sort();
    (world, keys)
}

pub(super) const DAY: &str = "--start 2026-01-21T00:00:00Z --end 2026-01-22T00:00:00Z";

#[test]
fn processes_side_by_side_give_the_bytes_of_one() {
    let (world, keys) = day_with_monitor();
    let run = |n: usize| {
        let names: Vec<String> = (0..n).map(|part| format!("{part}.part")).collect();
        let manifest = json!({"version": 1, "parts": names});
        world
            .write(&format!("of-{n}/manifest.json"), manifest.to_string())
            .unwrap();
        let children: Vec<_> = (0..n)
            .map(|part| {
                let share = keys.iter().skip(part).step_by(n);
                let share: String = share.map(|key| format!("{}\n", key.display())).collect();
                world.write(&format!("of-{n}/{part}.keys"), share).unwrap();
                let command = format!("profile --keys of-{n}/{part}.keys --monitor monitor.toml --output of-{n}/{part}.part {DAY}");
                std::process::Command::new(program::built("driftline").unwrap())
                    .args(command.split_whitespace())
                    .current_dir(world.path(""))
                    .stdout(std::process::Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        world
            .succeed(&format!(
                "merge --manifest of-{n}/manifest.json --monitor monitor.toml --output out-{n}"
            ))
            .unwrap();
        files(&world.path(&format!("out-{n}")))
    };
    let one = run(1);
    assert_eq!(one.len(), 5, "{:?}", one.keys());
    for n in [2, 4] {
        assert_eq!(differing(&one, &run(n)), [""; 0], "{n} processes");
    }
    world
        .succeed(&format!("analyze --monitor monitor.toml {DAY} --output whole"))
        .unwrap();
    assert_eq!(
        differing(&files(&world.path("whole")), &one),
        [""; 0],
        "driftline analyze"
    );

    std::fs::remove_file(world.path("of-4/2.part")).unwrap();
    let answer = world
        .run("merge --manifest of-4/manifest.json --monitor monitor.toml --output refused")
        .unwrap();
    assert_ne!(answer.code, 0);
    assert!(answer.stderr.contains("2.part"), "{}", answer.stderr);
    assert!(!world.path("refused/verdict.json").exists());
}
