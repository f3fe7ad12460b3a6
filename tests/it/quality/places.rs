//! Where predictions and labels lie: batch-transform output, Parquet, S3; and what a crash left in the output folder.
//!
//! Does not test metrics.

use super::traffic::{capture_to, hour, requests, time, truth, world_with_baseline, write};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use tests::repository::root;
use tests::s3::S3Server;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A transform job's output behind its manifest: rows join by inference id, and the merged records have Model Monitor's
/// batch form.
#[test]
fn batch_transform_output_is_joined_and_merged() {
    let world = world_with_baseline();
    let mut csv = String::new();
    let mut json_lines = String::new();
    let mut labels = String::new();
    for request in requests(7, 200) {
        // SageMaker generates UUIDs.
        let (id, at) = (
            format!("0a1b2c3d-0000-4000-8000-{:012}", request.n),
            time(request.n),
        );
        if request.n % 2 == 0 {
            writeln!(csv, "{},{id},{at}", request.score).unwrap();
        } else {
            let record = json!({"SageMakerInferenceId": id, "SageMakerInferenceTime": at, "SageMakerOutput": [request.score], "features": [request.n, 1]});
            writeln!(json_lines, "{record}").unwrap();
        }
        if request.n % 4 < 2 {
            labels.push_str(&(truth(&id, request.label, request.known) + "\n"));
        }
    }
    write(&world, "csv/part.csv.out", &csv);
    write(&world, "json/part.jsonl.out", &json_lines);
    write(&world, &format!("truth/{}/a.jsonl", hour(3)), &labels);
    for (kind, file) in [("csv", "part.csv.out"), ("json", "part.jsonl.out")] {
        let prefix = format!("{}/", world.path(kind).display());
        write(
            &world,
            &format!("capture-{kind}/output/{}/manifest.json", hour(0)),
            &json!([{"prefix": prefix}, file]).to_string(),
        );
        let command = format!(
            "quality --baseline base --problem binary --probability 0 --capture capture-{kind} --ground-truth truth --output out-{kind} --json"
        );
        let found = parsed(&world.succeed(&command).unwrap().stdout);
        assert_eq!(
            (&found["n_predictions"], &found["n_labelled"]),
            (&json!(100), &json!(50)),
            "{kind}"
        );
        assert_eq!(
            found["labels"]["labels_orphaned"], 50,
            "{kind}: labels of the other job"
        );
        let folder = world.path(&format!("out-{kind}/r1/merge"));
        let mut merged = Vec::new();
        let mut open = vec![folder];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let text = std::fs::read_to_string(path).unwrap();
                    merged.extend(text.lines().map(parsed));
                }
            }
        }
        assert_eq!(merged.len(), 50, "{kind}");
        for record in &merged {
            let id = record["eventMetadata"]["eventId"].as_str().unwrap();
            let request = &requests(7, 200)[id[24..].parse::<usize>().unwrap()];
            assert_eq!(record["groundTruthData"]["data"], request.label.to_string());
            let data = record["captureData"]["batchTransformOutput"]["data"]
                .as_str()
                .unwrap();
            assert!(data.contains(&request.score.to_string()), "{data}");
        }
    }
}

/// `tests/reference/quality/labels.parquet`, by make_labels_parquet.py: label n % 2, every tenth missing.
#[test]
fn labels_may_be_a_parquet_table() {
    let world = world_with_baseline();
    let all = requests(8, 300);
    capture_to(&world, "capture", &all);
    let parquet: PathBuf = root().join("tests/reference/quality/labels.parquet");
    std::fs::create_dir_all(world.path("labels")).unwrap();
    std::fs::copy(parquet, world.path("labels/part-0.parquet")).unwrap();
    let command = |more: &str| {
        format!(
            "quality --baseline base --problem binary --probability 0 --capture capture --ground-truth labels --output out --json {more}"
        )
    };
    let found = parsed(
        &world
            .succeed(&command(
                "--ground-truth-id request --label outcome --label-time seen_at",
            ))
            .unwrap()
            .stdout,
    );
    assert_eq!(
        (&found["n_predictions"], &found["n_labelled"]),
        (&json!(300), &json!(270))
    );
    let mut expected = [[0u64; 2]; 2];
    for request in all.iter().filter(|request| request.n % 10 != 0) {
        expected[(request.n % 2) as usize][usize::from(request.score >= 0.5)] += 1;
    }
    assert_eq!(found["confusion_matrix"]["rows_actual"], json!(expected));
    // The last label (of e299) was known at 06:59.
    assert_eq!(found["maturity"]["as_of"], "2026-11-01T06:59:00Z");
    let wrong = world
        .run(&command("--ground-truth-id nobody --label outcome"))
        .unwrap();
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("nobody") && wrong.stderr.contains("request"),
        "{}",
        wrong.stderr
    );
    write(&world, "labels/part-1.parquet", "PAR1 and then nothing");
    let torn = world
        .run(&command("--ground-truth-id request --label outcome"))
        .unwrap();
    assert!(
        torn.code != 0 && torn.stderr.contains("part-1.parquet"),
        "{}",
        torn.stderr
    );
}

/// Capture, labels, baseline and output on S3: the same bytes as from a folder, and late labels make a revision there.
#[test]
fn everything_may_lie_on_s3() {
    let world = world_with_baseline();
    let all = requests(9, 300);
    capture_to(&world, "bucket/capture", &all);
    let label = |from: i64, until: i64| {
        let lines = all.iter().filter(|request| (from..until).contains(&request.n));
        lines
            .map(|request| truth(&format!("e{}", request.n), request.label, request.known) + "\n")
            .collect::<String>()
    };
    write(
        &world,
        &format!("bucket/truth/{}/a.jsonl", hour(1)),
        &label(0, 200),
    );
    let local = "quality --baseline base --problem binary --probability 0 --capture bucket/capture --ground-truth bucket/truth --output out --json";
    let expected = world.succeed(local).unwrap().stdout;
    let server = S3Server::over(&world.path("")).unwrap();
    let remote = |arguments: &str| world.run_with(arguments, &server.environment()).unwrap();
    let command = "quality --baseline base --problem binary --probability 0 --capture s3://bucket/capture --ground-truth s3://bucket/truth --output s3://bucket/out/window --json";
    let answer = remote(command);
    assert_eq!((answer.code, &answer.stdout), (0, &expected), "{}", answer.stderr);
    let stored = std::fs::read_to_string(world.path("bucket/out/window/r1/quality.json")).unwrap();
    assert_eq!(stored, expected);
    write(
        &world,
        &format!("bucket/truth/{}/b.jsonl", hour(9)),
        &label(200, 300),
    );
    let later = remote(command);
    assert_eq!(parsed(&later.stdout)["n_labelled"], 300);
    let pointer = world.json("bucket/out/window/latest.json").unwrap();
    assert_eq!(
        (&pointer["revision"], &pointer["revisions"]),
        (&json!(2), &json!([1, 2]))
    );
    assert_eq!(
        std::fs::read_to_string(world.path("bucket/out/window/r1/quality.json")).unwrap(),
        expected
    );
    let missing = remote(&command.replace("s3://bucket/capture", "s3://nobodys/capture"));
    assert!(
        missing.code != 0 && missing.stderr.contains("nobodys"),
        "{}",
        missing.stderr
    );
    let empty = remote(&command.replace("s3://bucket/capture", "s3://bucket/elsewhere"));
    assert!(
        empty.code != 0 && empty.stderr.contains("elsewhere"),
        "{}",
        empty.stderr
    );
}

/// A folder that a run left half-written is passed over, never named, and gone once the next run is through.
#[test]
fn what_a_crash_left_behind_confuses_nobody() {
    let world = world_with_baseline();
    capture_to(&world, "capture", &requests(4, 120));
    let labels = |n: i64| {
        let of = |request: &super::traffic::Request| {
            truth(&format!("e{}", request.n), request.label, request.known) + "\n"
        };
        requests(4, n).iter().map(of).collect::<String>()
    };
    write(&world, &format!("truth/{}/a.jsonl", hour(1)), &labels(60));
    let command = "quality --baseline base --problem binary --probability 0 --capture capture --ground-truth truth --output out --json";
    let first = world.succeed(command).unwrap().stdout;
    write(
        &world,
        "out/r2/revision.json",
        "{\"version\": \"1\", \"revision\": 2, \"digest\": \"x\"}",
    );
    write(&world, "out/r2/quality.json", "{\"half\": ");
    write(&world, "out/r2/merge/2026/11/01/00/part-00000-x.c000.jsonl", "{");
    assert_eq!(
        world.succeed(command).unwrap().stdout,
        first,
        "nothing new: the first revision stands"
    );
    assert_eq!(world.json("out/latest.json").unwrap()["revision"], 1);
    write(&world, &format!("truth/{}/b.jsonl", hour(2)), &labels(120));
    let second = world.succeed(command).unwrap().stdout;
    let pointer = world.json("out/latest.json").unwrap();
    assert_eq!(
        (&pointer["revision"], &pointer["revisions"]),
        (&json!(3), &json!([1, 3]))
    );
    assert_eq!(
        std::fs::read_to_string(world.path("out/r3/quality.json")).unwrap(),
        second
    );
    assert!(
        !world.path("out/r2/quality.json").exists(),
        "the half-written folder is gone"
    );
}
