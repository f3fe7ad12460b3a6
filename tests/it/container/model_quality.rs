//! Model quality: a labelled table as baseline, merged records as window, violations in Model Monitor's form.

use super::job::{Job, free_port};
use serde_json::{Value, json};
use std::fmt::Write as _;

const MERGE: &str = r#"{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}"#;
const HOUR: &str = "processing/input_data/ep/AllTraffic/2026/11/20/08";

/// Score, predicted class and label of row `row`: `n_wrong` of each twenty are wrong.
fn row(row: u32, n_wrong: u32) -> (f64, u32, u32) {
    let label = row % 2;
    let wrong = (row / 2) % 20 < n_wrong;
    let predicted = if wrong { 1 - label } else { label };
    (
        f64::from(predicted) * 0.6 + 0.2 + f64::from(row % 10) * 0.01,
        predicted,
        label,
    )
}

fn baseline() -> Job {
    let mut csv = "probability,prediction,label\n".to_owned();
    for n in 0..1000 {
        let (score, predicted, label) = row(n, 1);
        let _infallible = writeln!(csv, "{score},{predicted},{label}");
    }
    Job::new()
        .file("processing/input/baseline_dataset_input/validation.csv", csv)
        .set(
            "dataset_source",
            "/opt/ml/processing/input/baseline_dataset_input",
        )
        .set("dataset_format", r#"{"csv":{"header":true}}"#)
        .set("analysis_type", "MODEL_QUALITY")
        .set("problem_type", "BinaryClassification")
        .set("inference_attribute", "prediction")
        .set("probability_attribute", "probability")
        .set("ground_truth_attribute", "label")
}

fn merged(id: &str, minute: u32, input: &str, output: &str, label: &str) -> String {
    let record = json!({
        "eventVersion": "0", "groundTruthData": {"data": label, "encoding": "CSV"},
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": input, "encoding": "CSV"},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": output, "encoding": "CSV"}},
        "eventMetadata": {"eventId": id, "inferenceTime": format!("2026-11-20T08:{minute:02}:00Z")}
    });
    format!("{record}\n")
}

fn records(from: u32, n: u32, n_wrong: u32) -> String {
    (from..from + n)
        .map(|n| {
            let (score, predicted, label) = row(n, n_wrong);
            let id = format!("e{n}");
            merged(
                &id,
                n % 60,
                "1,2,3",
                &format!("{score},{predicted}"),
                &label.to_string(),
            )
        })
        .collect()
}

fn window(baseline: &Job) -> Job {
    let constraints = baseline.text("processing/output/constraints.json").unwrap();
    Job::new()
        .file("processing/baseline/constraints/constraints.json", constraints)
        .set("dataset_source", "/opt/ml/processing/input_data")
        .set("dataset_format", MERGE)
        .set("analysis_type", "MODEL_QUALITY")
        .set("problem_type", "BinaryClassification")
        .set(
            "baseline_constraints",
            "/opt/ml/processing/baseline/constraints/constraints.json",
        )
        .set("probability_attribute", "0")
        .set("probability_threshold_attribute", "0.500000")
        .set("inference_attribute", "1")
        .set("start_time", "2026-11-20T08:00:00Z")
        .set("end_time", "2026-11-20T09:00:00Z")
        .set("metric_time", "2026-11-20T08:00:00Z")
        .set("publish_cloudwatch_metrics", "Enabled")
        .set("sagemaker_endpoint_name", "ep")
        .set("sagemaker_monitoring_schedule_name", "quality")
}

#[test]
fn a_worse_window_violates_in_model_monitors_form() {
    let baseline = baseline();
    let ended = baseline.succeed();
    assert_eq!(
        ended.message,
        "Completed: Job completed successfully with no violations."
    );
    let constraints = &baseline.output("constraints.json")["binary_classification_constraints"];
    // One of twenty is wrong: accuracy 0.95, and an error is what is too large.
    assert_eq!(
        constraints["accuracy"],
        json!({"threshold": 0.95, "comparison_operator": "LessThanThreshold"})
    );
    assert_eq!(
        constraints["false_positive_rate"]["comparison_operator"],
        "GreaterThanThreshold"
    );

    let quiet = window(&baseline).file(&format!("{HOUR}/part-00000-a.c000.jsonl"), records(0, 800, 1));
    assert_eq!(
        quiet.succeed().message,
        "Completed: Job completed successfully with no violations."
    );
    let worse = window(&baseline).file(&format!("{HOUR}/part-00000-a.c000.jsonl"), records(0, 800, 5));
    let ended = worse.succeed();
    let found = worse.violations();
    assert!(!found.is_empty());
    assert_eq!(
        ended.message,
        format!(
            "CompletedWithViolations: Job completed successfully with {} violations.",
            found.len()
        )
    );
    assert!(
        found.contains(&("LessThanThreshold".to_owned(), "truePositiveRate".to_owned())),
        "{found:?}"
    );
    assert!(
        found.contains(&("GreaterThanThreshold".to_owned(), "falsePositiveRate".to_owned())),
        "{found:?}"
    );
    let document = worse.output("constraint_violations.json");
    let accuracy = document["violations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["metric_name"] == "accuracy");
    let description = accuracy.unwrap()["description"].as_str().unwrap().to_owned();
    // Five of twenty wrong.
    assert!(
        description.starts_with("Metric accuracy with 0.75 +/- "),
        "{description}"
    );
    assert!(
        description.ends_with(" was LessThanThreshold '0.95'"),
        "{description}"
    );
    assert!(accuracy.unwrap().get("feature_name").is_none());
    let metrics = worse.metrics();
    let of = |name: &str| {
        metrics
            .iter()
            .find(|line| line["MetricName"] == name)
            .map(|line| line["Value"].clone())
    };
    assert_eq!(of("accuracy"), Some(json!(0.75)));
    assert_eq!(of("true_positive_rate"), Some(json!(0.75)));
    assert_eq!(of("accuracy_best_constant_classifier"), Some(json!(0.5)));
    assert!(
        metrics
            .iter()
            .all(|line| line["Timestamp"] == "2026-11-20T08:00:00Z")
    );
}

/// Records without a label are left out, other windows and shadow variants too, and what came twice counts once.
#[test]
fn what_counts_in_merged_records() {
    let baseline = baseline();
    baseline.succeed();
    let mut lines = records(0, 100, 1);
    lines.push_str(&records(0, 10, 1));
    let outside = merged("late", 0, "1", "0.9,1", "1").replace("2026-11-20T08", "2026-11-20T09");
    let shadow = merged("shadow", 0, "1", "0.9,1", "1").replace(
        "\"eventId\"",
        "\"invocationSource\":\"ShadowExperiment\",\"eventId\"",
    );
    let unlabelled = merged("unlabelled", 0, "1", "0.9,1", "1").replace("groundTruthData", "somethingElse");
    for line in [outside, shadow, unlabelled] {
        lines.push_str(&line);
    }
    let job = window(&baseline).file(&format!("{HOUR}/part-00000-a.c000.jsonl"), lines);
    let ended = job.succeed();
    assert_eq!(job.output("statistics.json")["dataset"]["item_count"], 100);
    for expect in [
        "1 rows without a label were left out.",
        "10 rows delivered more than once counted once.",
        "1 records of shadow variants were passed over.",
    ] {
        assert!(ended.message.contains(expect), "{}", ended.message);
    }
}

/// Batch transforms, regressions, JSON outputs by JMESPath, several rows per record.
#[test]
fn other_forms_of_merged_records() {
    let mut lines = String::new();
    for n in 0..60u32 {
        let data =
            json!({"predictions": [{"score": f64::from(n) + 0.5}, {"score": f64::from(n)}]}).to_string();
        let record = json!({
            "eventVersion": "0",
            "groundTruthData": {"data": format!("{n}\n{n}"), "encoding": "CSV"},
            "captureData": {"batchTransformOutput": {"data": data, "encoding": "JSON"}},
            "eventMetadata": {"eventId": format!("id-{n}")}});
        let _infallible = writeln!(lines, "{record}");
    }
    let job = Job::new()
        .file(
            "processing/input_data/quality/2026/11/20/08/part-00000-a.c000.jsonl",
            lines,
        )
        .set("dataset_source", "/opt/ml/processing/input_data")
        .set(
            "dataset_format",
            r#"{"sagemakerMergeJson":{"captureIndexNames":["batchTransformOutput"]}}"#,
        )
        .set("monitoring_input_type", "BATCH_TRANSFORM_INPUT")
        .set("analysis_type", "MODEL_QUALITY")
        .set("problem_type", "Regression")
        .set("inference_attribute", "predictions[*].score")
        .set("start_time", "2026-11-20T08:00:00Z")
        .set("end_time", "2026-11-20T09:00:00Z");
    job.succeed();
    let statistics = job.output("statistics.json");
    assert_eq!(statistics["dataset"]["item_count"], 120);
    // Half of the rows are 0.5 too high, half are right.
    assert_eq!(statistics["regression_metrics"]["mae"]["value"], 0.25);
    assert_eq!(statistics["regression_metrics"]["mse"]["value"], 0.125);
}

#[test]
fn several_hosts_measure_as_one() {
    let hosts = ["127.0.0.1", "algo-2", "algo-3"];
    let baseline = baseline();
    baseline.succeed();
    let file = |part: u32| {
        (
            format!("{HOUR}/part-{part:05}-a.c000.jsonl"),
            records(part * 150, 200, 3),
        )
    };
    let mut one = window(&baseline);
    for part in 0..5 {
        let (name, lines) = file(part);
        one = one.file(&name, lines);
    }
    one.succeed();
    let port = free_port();
    let jobs: Vec<Job> = hosts
        .iter()
        .enumerate()
        .map(|(host, name)| {
            let mut job = window(&baseline)
                .host(name, &hosts)
                .set("driftline_exchange_port", &port.to_string());
            for part in (0..5).filter(|part| *part as usize % hosts.len() == host) {
                let (name, lines) = file(part);
                job = job.file(&name, lines);
            }
            job
        })
        .collect();
    let children: Vec<_> = jobs.iter().map(Job::start).collect();
    for (child, job) in children.into_iter().zip(&jobs) {
        let ended = job.ended(&child.wait_with_output().unwrap());
        assert_eq!(ended.code, 0, "{ended:#?}");
    }
    let timeless = |job: &Job| {
        let mut statistics: Value = job.output("statistics.json");
        statistics["dataset"]["evaluation_time"] = Value::Null;
        statistics
    };
    assert_eq!(timeless(&one), timeless(&jobs[0]));
    assert_eq!(
        timeless(&one)["dataset"]["item_count"],
        800,
        "50 rows of each part stand in the next one too"
    );
    assert_eq!(one.violations(), jobs[0].violations());
    assert_eq!(one.metrics(), jobs[0].metrics());
}

#[test]
fn mistakes_are_named_in_model_monitors_words() {
    let wrong = baseline().set("probability_attribute", "score").run();
    assert_eq!(wrong.code, 2);
    assert!(
        wrong
            .message
            .starts_with("Failed: probability_attribute asks for column `score`, and there is none"),
        "{}",
        wrong.message
    );
    let baseline = baseline();
    baseline.succeed();
    let other = window(&baseline)
        .set("problem_type", "MulticlassClassification")
        .file(&format!("{HOUR}/part-00000-a.c000.jsonl"), records(0, 100, 1))
        .set("probability_attribute", "")
        .run();
    assert!(
        other
            .message
            .contains("it is of a binary model, and problem_type says multiclass"),
        "{}",
        other.message
    );
    let empty = window(&baseline).succeed();
    assert!(
        empty.message.starts_with("Completed: No data in the window"),
        "{}",
        empty.message
    );
}
