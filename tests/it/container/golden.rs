//! The golden pairs of `shared/reference/model-monitor` (its README has the table): real input through
//! `driftline container`, against what Amazon's own container made of it.
//!
//! The files lie beside the project; without them these tests say so. `mod.rs` has small made-up twins that always run.

use super::job::{Job, captured};
use super::{CAPTURE, HOUR};
use serde_json::{Value, json};
use std::fmt::Write as _;

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn shared(name: &str) -> Option<String> {
    let folder = tests::repository::root().join("../shared/reference/model-monitor");
    let found = std::fs::read_to_string(folder.join(name));
    if found.is_err() {
        println!("skipped: {name} is not beside the project");
    }
    found.ok()
}

fn table(name: &str, content: &str) -> Job {
    Job::new()
        .file(
            &format!("processing/input/baseline_dataset_input/{name}"),
            content,
        )
        .set(
            "dataset_source",
            "/opt/ml/processing/input/baseline_dataset_input",
        )
        .set(
            "dataset_format",
            r#"{"csv": {"header": true, "output_columns_position": "START"}}"#,
        )
        .set("publish_cloudwatch_metrics", "Disabled")
}

fn scheduled(constraints: &str, statistics: &str) -> Job {
    Job::new()
        .file("processing/baseline/constraints/constraints.json", constraints)
        .file("processing/baseline/stats/statistics.json", statistics)
        .set("dataset_source", "/opt/ml/processing/input_data")
        .set("dataset_format", CAPTURE)
        .set(
            "baseline_constraints",
            "/opt/ml/processing/baseline/constraints/constraints.json",
        )
        .set(
            "baseline_statistics",
            "/opt/ml/processing/baseline/stats/statistics.json",
        )
        .set("start_time", "2026-11-20T08:00:00Z")
        .set("end_time", "2026-11-20T09:00:00Z")
        .set("driftline_compat", "sagemaker")
}

fn close(ours: &Value, theirs: &Value) -> bool {
    let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
    (ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0)
}

/// G1: the 12 columns that the table and the real statistics have in common; exact but for the sketch's buckets, whose
/// worst error is 63 of 68,385 (README).
#[test]
fn g1_a_real_baseline() {
    let (Some(csv), Some(theirs)) = (
        shared("ox-cardio/cardio_cleaned.csv"),
        shared("ox-cardio/statistics.json"),
    ) else {
        return;
    };
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    let constraints: Value = serde_json::from_str(&shared("ox-cardio/constraints.json").unwrap()).unwrap();
    let job = table("cardio_cleaned.csv", &csv);
    job.succeed();
    let ours = job.output("statistics.json");
    assert_eq!(ours["dataset"], theirs["dataset"]);
    let mut n_compared = 0;
    for feature in ours["features"].as_array().unwrap() {
        let known = theirs["features"]
            .as_array()
            .unwrap()
            .iter()
            .find(|other| other["name"] == feature["name"]);
        let Some(known) = known else { continue };
        let (ours, theirs) = (&feature["numerical_statistics"], &known["numerical_statistics"]);
        if ours["mean"] != theirs["mean"] && !close(&ours["mean"], &theirs["mean"]) {
            // Height and weight were replaced in the table of the real run; the README counts 12 columns.
            continue;
        }
        n_compared += 1;
        assert_eq!(feature["inferred_type"], known["inferred_type"]);
        assert_eq!(ours["common"], theirs["common"]);
        for key in ["sum", "std_dev", "min", "max", "completeness"] {
            assert!(
                close(&ours[key], &theirs[key]),
                "{}.{key}: {} {}",
                feature["name"],
                ours[key],
                theirs[key]
            );
        }
        let buckets = |found: &Value| {
            found["distribution"]["kll"]["buckets"]
                .as_array()
                .unwrap()
                .clone()
        };
        for (ours, theirs) in buckets(ours).iter().zip(buckets(theirs)) {
            assert!(close(&ours["lower_bound"], &theirs["lower_bound"]));
            assert!(close(&ours["upper_bound"], &theirs["upper_bound"]));
            let difference = ours["count"].as_f64().unwrap() - theirs["count"].as_f64().unwrap();
            assert!(difference.abs() <= 63.0, "{}: {difference}", feature["name"]);
        }
        let of = |constraints: &Value| {
            let all = constraints["features"].as_array().unwrap().clone();
            all.into_iter().find(|other| other["name"] == feature["name"])
        };
        assert_eq!(
            of(&job.output("constraints.json")),
            of(&constraints),
            "{}",
            feature["name"]
        );
    }
    assert_eq!(n_compared, 12);
    let config = |found: &Value| found["monitoring_config"].clone();
    assert_eq!(config(&job.output("constraints.json")), config(&constraints));
}

/// G2: a real window of 18 rows (the live sketch holds all of them in order) against the real baseline: the same two
/// violations and no other, in the same words. As in that run, `label` was edited to Fractional.
#[test]
fn g2_a_real_window() {
    let (Some(live), Some(constraints), Some(statistics), Some(theirs)) = (
        shared("packt-run/live_statistics.json"),
        shared("packt-run/constraints.json"),
        shared("packt-run/statistics.json"),
        shared("packt-run/constraint_violations.json"),
    ) else {
        return;
    };
    let live: Value = serde_json::from_str(&live).unwrap();
    let mut constraints: Value = serde_json::from_str(&constraints).unwrap();
    constraints["features"][0]["inferred_type"] = json!("Fractional");
    let columns: Vec<Vec<f64>> = live["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| {
            let level = &feature["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"][0];
            level
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value.as_f64().unwrap())
                .collect()
        })
        .collect();
    // Rust prints a whole double without its fraction: the 12 whole numbers of c and d are Integral again.
    let mut lines = String::new();
    for row in 0..18 {
        let cells: Vec<String> = columns[1..]
            .iter()
            .map(|column| column[row].to_string())
            .collect();
        let time = format!("2026-11-20T08:00:{row:02}Z");
        lines.push_str(&captured(
            &format!("e{row}"),
            &time,
            &cells.join(","),
            &columns[0][row].to_string(),
        ));
    }
    let job =
        scheduled(&constraints.to_string(), &statistics).file(&format!("{HOUR}/00-00-000-a.jsonl"), lines);
    let ended = job.succeed();
    assert_eq!(
        ended.message,
        "CompletedWithViolations: Job completed successfully with 2 violations."
    );
    let sorted = |document: &Value| {
        let mut all = document["violations"].as_array().unwrap().clone();
        all.sort_by_key(|found| found["feature_name"].as_str().unwrap().to_owned());
        all
    };
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    assert_eq!(sorted(&job.output("constraint_violations.json")), sorted(&theirs));
}

/// G6: the notebook's traffic over its own baseline: 1,977 records, 7 of them the corrupt first row. 60 violations,
/// the ten that the notebook shows letter by letter, and no other.
#[test]
fn g6_sixty_violations() {
    let (Some(training), Some(traffic), Some(shown)) = (
        shared("churn/training-dataset-with-header.csv"),
        shared("churn/test_sample.csv"),
        shared("nb-outputs/churn_first10_violations.csv"),
    ) else {
        return;
    };
    let baseline = table("training-dataset-with-header.csv", &training);
    baseline.succeed();
    let rows: Vec<&str> = traffic.lines().collect();
    let (corrupt, good) = rows.split_first().unwrap();
    let mut lines = String::new();
    for n in 0..1977 {
        let row = if n < 7 { corrupt } else { good[n % good.len()] };
        let time = format!("2026-11-20T08:{:02}:{:02}Z", n / 60, n % 60);
        lines.push_str(&captured(
            &format!("e{n}"),
            &time,
            row,
            &format!("0.0{}", n % 9 + 1),
        ));
    }
    let file = |name: &str| baseline.text(&format!("processing/output/{name}")).unwrap();
    let job = scheduled(&file("constraints.json"), &file("statistics.json"))
        .file(&format!("{HOUR}/00-00-000-a.jsonl"), lines);
    let ended = job.succeed();
    assert_eq!(
        ended.message,
        "CompletedWithViolations: Job completed successfully with 60 violations."
    );
    let found = job.violations();
    assert!(
        found.iter().all(|(check, _)| check == "data_type_check"),
        "{found:?}"
    );
    assert!(found.contains(&("data_type_check".to_owned(), "Churn".to_owned())));
    let document = job.output("constraint_violations.json");
    let ours = document["violations"].as_array().unwrap();
    let mut n_shown = 0;
    for line in shown.lines().skip(1) {
        let mut cells = line.splitn(3, ',');
        let (name, check) = (cells.next().unwrap(), cells.next().unwrap());
        let description = cells.next().unwrap().trim_matches('"');
        let same = ours.iter().find(|found| found["feature_name"] == name).unwrap();
        assert_eq!(
            (&same["constraint_check_type"], &same["description"]),
            (&json!(check), &json!(description))
        );
        n_shown += 1;
    }
    assert_eq!(n_shown, 10);
}

/// G5: a real model-quality baseline; numbers from contract §4.5.
#[test]
fn g5_a_real_model_quality_baseline() {
    let Some(csv) = shared("churn/validation_with_predictions.csv") else {
        return;
    };
    let job = table("validation_with_predictions.csv", &csv)
        .set("dataset_format", r#"{"csv":{"header":true}}"#)
        .set("analysis_type", "MODEL_QUALITY")
        .set("problem_type", "BinaryClassification")
        .set("inference_attribute", "prediction")
        .set("probability_attribute", "probability")
        .set("ground_truth_attribute", "label");
    job.succeed();
    let metrics = &job.output("statistics.json")["binary_classification_metrics"];
    assert_eq!(
        metrics["confusion_matrix"],
        json!({"0": {"0": 173, "1": 0}, "1": {"0": 12, "1": 16}})
    );
    let constraints = &job.output("constraints.json")["binary_classification_constraints"];
    for (name, value) in [
        ("recall", 0.5714285714285714),
        ("precision", 1.0),
        ("accuracy", 0.9402985074626866),
        ("true_positive_rate", 0.5714285714285714),
        ("true_negative_rate", 1.0),
        ("false_positive_rate", 0.0),
        ("false_negative_rate", 0.4285714285714286),
        ("auc", 0.9395127993393889),
        ("f0_5", 0.8695652173913042),
        ("f1", 0.7272727272727273),
        ("f2", 0.625),
    ] {
        assert!(
            close(&metrics[name]["value"], &json!(value)),
            "{name}: {}",
            metrics[name]
        );
        assert!(close(&constraints[name]["threshold"], &json!(value)), "{name}");
    }
    assert!(close(
        &metrics["accuracy_best_constant_classifier"]["value"],
        &json!(173.0 / 201.0)
    ));
    assert_eq!(metrics["recall_best_constant_classifier"]["value"], 0.0);
}

/// G7: capture and ground truth with the same 44 ids; merged one to one, all 44 count.
#[test]
fn g7_capture_and_ground_truth() {
    let (Some(capture), Some(actuals)) = (
        shared("sdk-fixtures/capture.jsonl"),
        shared("sdk-fixtures/actuals.jsonl"),
    ) else {
        return;
    };
    let labels: Vec<Value> = actuals
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut lines = String::new();
    let mut expect = 0.0;
    for line in capture.lines() {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let id = record["eventMetadata"]["eventId"].clone();
        let of: Vec<&Value> = labels
            .iter()
            .filter(|label| label["eventMetadata"]["eventId"] == id)
            .collect();
        assert_eq!(of.len(), 1, "{id}");
        record["groundTruthData"] = of[0]["groundTruthData"].clone();
        record["eventMetadata"]["inferenceTime"] = json!("2026-11-20T08:10:00Z");
        let number = |value: &Value| value.as_str().unwrap().trim().parse::<f64>().unwrap();
        let (score, label) = (
            number(&record["captureData"]["endpointOutput"]["data"]),
            number(&record["groundTruthData"]["data"]),
        );
        expect += (score - label).abs() / 44.0;
        let _infallible = writeln!(lines, "{record}");
    }
    let job = Job::new()
        .file(&format!("{HOUR}/part-00000-a.c000.jsonl"), lines)
        .set("dataset_source", "/opt/ml/processing/input_data")
        .set(
            "dataset_format",
            r#"{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}"#,
        )
        .set("analysis_type", "MODEL_QUALITY")
        .set("problem_type", "Regression")
        .set("inference_attribute", "0")
        .set("start_time", "2026-11-20T08:00:00Z")
        .set("end_time", "2026-11-20T09:00:00Z");
    job.succeed();
    let statistics = job.output("statistics.json");
    assert_eq!(statistics["dataset"]["item_count"], 44);
    assert!(close(
        &statistics["regression_metrics"]["mae"]["value"],
        &json!(expect)
    ));
}
