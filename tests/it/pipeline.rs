//! `driftline pipeline` as a person meets it: the definition, the steps that are ours, and whole executions on this
//! machine with the real binary as the analyzer image and an awk script as the training image.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use tests::program::built;
use tests::world::World;

/// Knuth's MMIX generator, as shares.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }
}

const N: usize = 2000;

/// A served model that looks at `a` alone, while the label follows `a` and `b`; a request a minute, labels a day later.
pub(crate) fn served(world: &World) {
    let mut draw = Draw(3);
    let (mut capture, mut truth) = (BTreeMap::<String, String>::new(), String::new());
    let mut training = "a,b,y\n".to_owned();
    for n in 0..N {
        let (a, b, chance) = (draw.next(), draw.next(), draw.next());
        let y = u8::from(chance < 1.0 / (1.0 + (-8.0 * (a + b - 1.0)).exp()));
        let (day, hour) = (1 + n / 1440, n / 60 % 24);
        let id = format!("e{n}");
        let record = json!({
            "captureData": {
                "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": format!("{a},{b}"), "encoding": "CSV"},
                "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": format!("{a}"), "encoding": "CSV"},
            },
            "eventMetadata": {"eventId": id, "inferenceTime": format!("2026-11-{day:02}T{hour:02}:{:02}:00Z", n % 60)},
            "eventVersion": "0",
        });
        writeln!(
            capture.entry(format!("2026/11/{day:02}/{hour:02}")).or_default(),
            "{record}"
        )
        .unwrap();
        if n % 10 != 0 {
            let label = json!({"groundTruthData": {"data": y.to_string(), "encoding": "CSV"},
                "eventMetadata": {"eventId": id}, "eventVersion": "0"});
            writeln!(truth, "{label}").unwrap();
        }
        if n < 300 {
            writeln!(
                training,
                "{},{},{}",
                draw.next(),
                draw.next(),
                u8::from(draw.next() < 0.5)
            )
            .unwrap();
        }
    }
    for (hour, lines) in capture {
        put(
            world,
            &format!("s3/bucket/capture/{hour}/00-00-000-a.jsonl"),
            &lines,
        );
    }
    put(world, "s3/bucket/labels/2026/11/04/00/labels.jsonl", &truth);
    put(world, "s3/bucket/training/old.csv", &training);
    let schema = json!({"task": "binary", "features": [{"name": "a", "type": "numeric"}, {"name": "b", "type": "numeric"}],
        "probability": "score", "label": "y"});
    put(world, "s3/bucket/schema/schema.json", &schema.to_string());
}

pub(crate) fn put(world: &World, name: &str, text: &str) {
    let path = world.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const PREPARE: &str = "pipeline prepare --capture s3/bucket/capture --ground-truth s3/bucket/labels --schema s3/bucket/schema \
                       --problem binary";

fn lines(world: &World, name: &str) -> Vec<Vec<String>> {
    std::fs::read_to_string(world.path(name))
        .unwrap()
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

#[test]
fn sets_are_cut_by_time_and_nothing_of_the_future_is_trained_on() {
    let world = World::new().unwrap();
    served(&world);
    world
        .succeed(&format!(
            "{PREPARE} --training-data s3/bucket/training --output sets"
        ))
        .unwrap();
    let prepared = world.json("sets/test/prepared.json").unwrap();
    assert_eq!(
        prepared["rows"],
        json!({"train": 300 + 1170, "validation": 270, "test": 360})
    );
    assert_eq!(
        (
            prepared["without_label"].as_u64(),
            prepared["from_training_data"].as_u64()
        ),
        (Some(200), Some(300))
    );
    let test = lines(&world, "sets/test/test.csv");
    assert_eq!(test[0], ["a", "b", "y", "event_time", "champion_probability"]);
    assert!(
        test[1..].iter().all(|row| row[0] == row[4]),
        "the champion answers with `a`"
    );
    let train = lines(&world, "sets/train/train.csv");
    assert_eq!(train[0], ["a", "b", "y", "event_time"]);
    let newest = |rows: &[Vec<String>]| rows[1..].iter().map(|row| row[3].clone()).max().unwrap();
    let oldest = |rows: &[Vec<String>]| rows[1..].iter().map(|row| row[3].clone()).min().unwrap();
    let validation = lines(&world, "sets/validation/validation.csv");
    assert!(newest(&train) < oldest(&validation) && newest(&validation) < oldest(&test));
    let schema = world.json("sets/train/schema.json").unwrap();
    assert_eq!(schema["features"].as_array().unwrap().len(), 2);
    assert_eq!(
        (schema["label"].as_str(), schema["task"].as_str()),
        (Some("y"), Some("binary"))
    );
    // Once more from the sets themselves: rows that are not older than the validation are left out.
    world
        .succeed(&format!(
            "{PREPARE} --training-data sets/test/test.csv --output again"
        ))
        .unwrap();
    let again = world.json("again/test/prepared.json").unwrap();
    assert_eq!(
        (again["too_new"].as_u64(), again["from_training_data"].as_u64()),
        (Some(360), Some(0))
    );
    // The same input gives the same bytes.
    world
        .succeed(&format!(
            "{PREPARE} --training-data s3/bucket/training --output twice"
        ))
        .unwrap();
    for part in [
        "train/train.csv",
        "validation/validation.csv",
        "test/test.csv",
        "test/prepared.json",
    ] {
        let of = |folder: &str| std::fs::read(world.path(&format!("{folder}/{part}"))).unwrap();
        assert_eq!(of("sets"), of("twice"), "{part}");
    }
}

#[test]
fn bad_requests_say_what_to_do() {
    let world = World::new().unwrap();
    served(&world);
    put(
        &world,
        "unlabelled.json",
        r#"{"features": [{"name": "a"}], "probability": "score"}"#,
    );
    for (arguments, code, expected) in [
        (format!("{PREPARE} --output o --start 2026-11-02T09:00:00Z"), 2, "labelled rows make"),
        (format!("{PREPARE} --output o --start 2027-01-01T00:00:00Z"), 4, "--start"),
        (format!("{PREPARE} --output o --test-share 1.5"), 2, "--test-share 1.5 is not between 0 and 1"),
        (format!("{PREPARE} --output o --training-data s3/bucket/labels/2026"), 2, ""),
        (PREPARE.replace("s3/bucket/schema", "unlabelled.json") + " --output o", 2, "the schema does not name the label"),
        (PREPARE.replace("binary", "ternary") + " --output o", 2, "binary, multiclass or regression"),
        ("pipeline evaluate --data s3/bucket/training --schema s3/bucket/schema --problem binary --output o".to_owned(), 2, "column `prediction`"),
        ("pipeline check s3/bucket/schema/schema.json".to_owned(), 2, "the pipeline definition cannot be read"),
        ("pipeline run --local -p Epochs".to_owned(), 2, "has no `=`"),
        ("pipeline run --local -p Nonsense=1".to_owned(), 2, "the pipeline has no such parameter; it has MonitorName"),
        ("pipeline run".to_owned(), 2, "--local"),
    ] {
        let answer = world.run(&arguments).unwrap();
        assert_eq!(answer.code, code, "{arguments}: {}", answer.stderr);
        assert!(answer.stderr.contains(expected), "{arguments}: {}", answer.stderr);
        assert!(!world.path("o").exists(), "{arguments} left something behind");
    }
}

/// `train` writes which model it is; `predict` answers with 1/(1+exp(-8(a+b-1))), or with a constant.
pub(crate) const TRAINER: &str = r#"#!/bin/sh
set -e
case "$1" in
  train)
    test -s "$SM_CHANNEL_TRAIN/schema.json"
    echo "validation:auc=0.9;"
    echo "${TRAINED:-logistic}" > "$SM_MODEL_DIR/kind" ;;
  predict)
    mkdir -p "$7"; tar -xzf "$3/model.tar.gz" -C "$7/.."
    awk -F, -v OFS=, -v model="$(cat "$7/../kind")" 'NR == 1 {print $0, "prediction", "probability"; next}
      {p = model == "logistic" ? 1 / (1 + exp(-8 * ($1 + $2 - 1))) : 0.4; print $0, (p > 0.5) ? 1 : 0, p}' "$5/test.csv" > "$7/scored.csv"
    sed 's/"task"/"prediction": "prediction", "probability": "probability", "task"/' "$5/schema.json" > "$7/schema.json" ;;
esac
"#;

fn execute(world: &World, execution: &str, more: &str) -> (i32, Value) {
    let trainer = world.path("trainer");
    std::fs::write(&trainer, TRAINER).unwrap();
    std::fs::set_permissions(&trainer, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = format!(
        "pipeline run --local --json --execution {execution} --root runs --objects s3 --image analyzer:1={} --image trainer:1={}",
        built("driftline").unwrap().display(),
        trainer.display(),
    );
    for (name, value) in [
        ("MonitorName", "m"),
        ("IncidentId", "i"),
        ("EvidenceUri", "s3://bucket/evidence.json"),
        ("EvidenceDigest", "0"),
        ("CaptureUri", "s3://bucket/capture"),
        ("LabelsUri", "s3://bucket/labels"),
        ("TrainingDataUri", "s3://bucket/training"),
        ("SchemaUri", "s3://bucket/schema"),
        ("OutputUri", "s3://bucket/out"),
        ("WindowStart", "2026-11-01T00:00:00Z"),
        ("WindowEnd", "2026-11-03T00:00:00Z"),
        ("AnalyzerImage", "analyzer:1"),
        ("TrainingImage", "trainer:1"),
        ("InferenceImage", "trainer:1"),
        ("RoleArn", "none"),
        ("ModelPackageGroup", "m"),
    ] {
        write!(command, " -p {name}={value}").unwrap();
    }
    let answer = world.run(&format!("{command} {more}")).unwrap();
    let execution = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{}", answer.stderr));
    (answer.code, execution)
}

#[test]
fn a_better_model_is_trained_compared_and_registered_with_its_baseline() {
    let world = World::new().unwrap();
    served(&world);
    let (code, execution) = execute(&world, "x1", "-p MinimumQuality=0.8");
    assert_eq!(
        (code, execution["PipelineExecutionStatus"].as_str()),
        (0, Some("Succeeded")),
        "{execution:#}"
    );
    let evaluation = world.json("s3/bucket/out/x1/evaluation/evaluation.json").unwrap();
    assert_eq!(
        (evaluation["metric"].as_str(), evaluation["n"].as_u64()),
        (Some("auc"), Some(360))
    );
    assert!(
        evaluation["gain"]["lower"].as_f64().unwrap() > 0.0,
        "{evaluation:#}"
    );
    let package = world.json("runs/registry/m/1.json").unwrap();
    assert_eq!(package["ModelApprovalStatus"], "PendingManualApproval");
    assert_eq!(package["CustomerMetadataProperties"]["driftline:incident"], "i");
    for pointer in [
        "/DriftCheckBaselines/ModelDataQuality/Statistics/S3Uri",
        "/ModelMetrics/ModelQuality/Constraints/S3Uri",
    ] {
        let uri = package.pointer(pointer).unwrap().as_str().unwrap();
        assert!(world.path(&uri.replace("s3://", "s3/")).exists(), "{uri}");
    }
    // The new baseline is one that windows can be held against.
    assert!(world.path("s3/bucket/out/x1/baseline/baseline.profile").exists());
}

#[test]
fn a_worse_model_is_not_registered_and_the_reason_is_a_sentence() {
    let world = World::new().unwrap();
    served(&world);
    // A floor that the good model does not reach.
    let (code, execution) = execute(&world, "x2", "-p MinimumQuality=0.999");
    assert_eq!(code, 7);
    let reason = execution["FailureReason"].as_str().unwrap();
    assert!(
        reason.starts_with("Step 'Refuse' failed: The new model is not registered: its quality 0.")
            && reason.ends_with("is below the 0.999 asked for"),
        "{reason}"
    );
    assert!(!world.path("runs/registry").exists());
}

#[test]
fn protected_segments_are_compared_each() {
    let world = World::new().unwrap();
    served(&world);
    // In the north the champion knows the label, the challenger does not; elsewhere it is the other way round.
    let mut table = "a,y,place,champion_probability,prediction,probability\n".to_owned();
    let mut draw = Draw(5);
    for n in 0..900 {
        let (y, noise) = (u8::from(draw.next() < 0.5), draw.next());
        let north = n % 6 == 0;
        let knows = f64::midpoint(f64::from(y), noise);
        let (old, new) = if north { (knows, noise) } else { (noise, knows) };
        writeln!(
            table,
            "0,{y},{},{old},{},{new}",
            if north { "north" } else { "south" },
            u8::from(new > 0.5)
        )
        .unwrap();
    }
    put(&world, "scored/scored.csv", &table);
    let command = "pipeline evaluate --data scored --schema s3/bucket/schema --problem binary --output o";
    let answer = world.succeed(command).unwrap();
    assert!(answer.stdout.starts_with("better: auc"), "{}", answer.stdout);
    let answer = world.succeed(&format!("{command} --segments place")).unwrap();
    assert!(
        answer
            .stdout
            .starts_with("not better: it is worse on 1 protected segments"),
        "{}",
        answer.stdout
    );
    let evaluation = world.json("o/evaluation.json").unwrap();
    assert!(evaluation["segments"]["worst_upper"].as_f64().unwrap() < 0.0);
    assert_eq!(evaluation["segments"]["compared"].as_array().unwrap().len(), 2);
}

#[test]
fn the_definition_is_printed_and_checks_out() {
    let world = World::new().unwrap();
    let answer = world.succeed("pipeline definition --tune").unwrap();
    put(&world, "definition.json", &answer.stdout);
    assert_eq!(
        world.succeed("pipeline check definition.json").unwrap().stdout,
        "no faults\n"
    );
    put(
        &world,
        "odd.json",
        &answer.stdout.replace("\"Processing\"", "\"EMR\""),
    );
    let answer = world.run("pipeline check odd.json").unwrap();
    assert_eq!(answer.code, 2);
    assert!(
        answer
            .stderr
            .contains("step `Prepare` is of type `EMR`; known are Condition, Fail, Processing"),
        "{}",
        answer.stderr
    );
}
