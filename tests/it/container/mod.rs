//! `driftline container` on folders laid out as SageMaker lays them out: settings in, documents, metrics, message and
//! exit code out.
//!
//! Runs unprivileged: what is `/opt/ml` in a job is a temporary folder here.

mod capture;
mod golden;
mod hosts;
mod job;
mod model_quality;
mod scripts;
pub(crate) mod sdk;
mod shards;

use job::{Job, captured};
use serde_json::{Value, json};
use std::fmt::Write as _;

const CAPTURE: &str = r#"{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}"#;
const HOUR: &str = "processing/input_data/ep/AllTraffic/2026/11/20/08";

/// A training table: the label, a whole number, a fraction, a word.
fn training() -> String {
    let mut csv = "label,age,score,plan\n".to_owned();
    for row in 0..400u32 {
        let plan = ["basic", "plus", "pro"][row as usize % 3];
        let _infallible = writeln!(csv, "{},{},{}.5,{plan}", row % 2, 20 + row % 40, row % 17);
    }
    csv
}

fn baseline() -> Job {
    Job::new()
        .file("processing/input/baseline_dataset_input/train.csv", training())
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

/// A scheduled run on that baseline.
fn window(baseline: &Job) -> Job {
    let file = |name: &str| baseline.text(&format!("processing/output/{name}")).unwrap();
    Job::new()
        .file(
            "processing/baseline/constraints/constraints.json",
            file("constraints.json"),
        )
        .file(
            "processing/baseline/stats/statistics.json",
            file("statistics.json"),
        )
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
        .set("start_time", "2026-11-20T08: 00: 00Z")
        .set("end_time", "2026-11-20T09:00:00Z")
        .set("metric_time", "2026-11-20T08:00:00Z")
        .set("publish_cloudwatch_metrics", "Enabled")
        .set("sagemaker_endpoint_name", "ep")
        .set("sagemaker_monitoring_schedule_name", "hourly")
}

/// Traffic as the training table was; `from` numbers the records.
fn traffic(from: u32, n: u32) -> String {
    let mut lines = String::new();
    for row in from..from + n {
        let plan = ["basic", "plus", "pro"][row as usize % 3];
        let input = format!("{},{}.5,{plan}", 20 + row % 40, row % 17);
        let time = format!("2026-11-20T08:{:02}:{:02}Z", row / 60 % 60, row % 60);
        lines.push_str(&captured(
            &format!("event-{row}"),
            &time,
            &input,
            &(row % 2).to_string(),
        ));
    }
    lines
}

#[test]
fn a_baseline_and_a_quiet_window() {
    let baseline = baseline();
    let ended = baseline.succeed();
    assert_eq!(
        ended.message,
        "Completed: Job completed successfully with no violations."
    );
    let names: Vec<String> = baseline.documents().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["baseline.profile", "constraints.json", "statistics.json"]);
    assert!(
        baseline.metrics().is_empty(),
        "publish_cloudwatch_metrics is Disabled"
    );
    let age = baseline.feature("age");
    assert_eq!(age["inferred_type"], "Integral");
    assert_eq!(age["numerical_statistics"]["common"]["num_present"], 400);
    let plan = baseline.feature("plan");
    assert_eq!(plan["string_statistics"]["distinct_count"].as_f64(), Some(3.0));

    let window = window(&baseline).file(&format!("{HOUR}/00-00-000-a.jsonl"), traffic(0, 400));
    let ended = window.succeed();
    assert_eq!(
        ended.message,
        "Completed: Job completed successfully with no violations."
    );
    let names: Vec<String> = window.documents().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "constraint_violations.json",
            "constraints.json",
            "report.html",
            "statistics.json",
            "verdict.json",
            "window.profile"
        ]
    );
    assert!(window.violations().is_empty());
    let metrics = window.metrics();
    let of = |name: &str| {
        let found = metrics.iter().find(|line| line["MetricName"] == name);
        found.unwrap_or_else(|| panic!("no metric {name}")).clone()
    };
    // 400 rows of 20 + row % 40: ten times 20..=59, whose sum is 1,580.
    let age = of("feature_data_age");
    assert_eq!(
        age["StatisticValues"],
        json!({"SampleCount": 400.0, "Sum": 15800.0, "Minimum": 20.0, "Maximum": 59.0})
    );
    assert_eq!(age["Timestamp"], "2026-11-20T08:00:00Z");
    assert_eq!(
        age["Dimensions"],
        json!([{"Name": "Endpoint", "Value": "ep"}, {"Name": "MonitoringSchedule", "Value": "hourly"}])
    );
    assert_eq!(of("feature_non_null_plan")["Value"], 1.0);
    assert_eq!(of("feature_baseline_drift_age")["Value"], 0.0);
    let n_text_data = metrics
        .iter()
        .filter(|line| line["MetricName"] == "feature_data_plan")
        .count();
    assert_eq!(n_text_data, 0, "a text has no sum");
}

#[test]
fn violations_are_counted_in_the_message_and_the_exit_code_stays_zero() {
    let baseline = baseline();
    baseline.succeed();
    let mut lines = traffic(0, 300);
    for row in 300..340 {
        let time = format!("2026-11-20T08:59:{:02}Z", row % 60);
        lines.push_str(&captured(&format!("event-{row}"), &time, "thirty,,basic", "1"));
    }
    lines.push_str("{\"captureData\": broken\n");
    let window = window(&baseline).file(&format!("{HOUR}/00-00-000-a.jsonl"), lines);
    let ended = window.succeed();
    let found = window.violations();
    assert_eq!(
        ended.message,
        format!(
            "CompletedWithViolations: Job completed successfully with {} violations. 1 of 341 lines could not be read \
             (invalid_json 1).",
            found.len()
        )
    );
    assert!(
        found.contains(&("data_type_check".to_owned(), "age".to_owned())),
        "{found:?}"
    );
    assert!(
        found.contains(&("completeness_check".to_owned(), "score".to_owned())),
        "{found:?}"
    );
}

/// More data than the window, before it and behind it, in files whose hour lies inside (contract §6.3).
#[test]
fn records_are_taken_by_their_time_and_not_by_their_file() {
    let baseline = baseline();
    baseline.succeed();
    let inside = captured("a", "2026-11-20T08:59:59Z", "30,1.5,pro", "1");
    let before = captured("b", "2026-11-20T07:59:59Z", "31,1.5,pro", "1");
    let behind = captured("c", "2026-11-20T09:00:00Z", "32,1.5,pro", "1");
    let late = HOUR.replace("/08", "/07");
    let window = window(&baseline)
        .file(&format!("{HOUR}/59-00-000-a.jsonl"), format!("{before}{behind}"))
        .file(&format!("{late}/59-59-000-b.jsonl"), inside);
    window.succeed();
    assert_eq!(window.output("statistics.json")["dataset"]["item_count"], 1);
    assert_eq!(window.feature("age")["numerical_statistics"]["sum"], 30.0);
}

#[test]
fn a_window_without_data_says_so() {
    let baseline = baseline();
    baseline.succeed();
    let empty = window(&baseline);
    let ended = empty.succeed();
    assert_eq!(
        ended.message,
        "Completed: No data in the window, nothing was judged. no objects lie at /opt/ml/processing/input_data \
         (2026-11-20T08:00:00Z to 2026-11-20T09:00:00Z)."
    );
    assert!(empty.violations().is_empty());
    assert!(empty.metrics().is_empty());
    let behind = captured("c", "2026-11-20T09:00:00Z", "32,1.5,pro", "1");
    let outside = window(&baseline).file(&format!("{HOUR}/59-00-000-a.jsonl"), behind);
    let ended = outside.succeed();
    assert!(
        ended.message.contains("of 1 lines in 1 objects"),
        "{}",
        ended.message
    );
    let failing = window(&baseline).set("driftline_no_data", "Failed");
    let ended = failing.run();
    assert_eq!(ended.code, 4, "{ended:#?}");
    assert!(
        ended
            .message
            .starts_with("Failed: no data in the window: no objects"),
        "{}",
        ended.message
    );
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    for (name, value, expect) in [
        (
            "image_data",
            "true",
            "the setting image_data is not supported (from processingjobconfig.json)",
        ),
        (
            "detect_outliers",
            "Enabled",
            "the setting detect_outliers is not supported",
        ),
        (
            "auto_ml_job_detail",
            "{\"a\":1}",
            "the setting auto_ml_job_detail is not supported",
        ),
        (
            "ground_truth_source",
            "/opt/ml/gt",
            "the setting ground_truth_source is not supported",
        ),
        (
            "analysis_type",
            "MODEL_BIAS",
            "analysis_type MODEL_BIAS is not supported by this container",
        ),
        (
            "problem_type",
            "Regression",
            "the setting problem_type belongs to model quality",
        ),
        (
            "dataset_format",
            r#"{"avro":{}}"#,
            "dataset_format `avro` is not supported",
        ),
        (
            "dataset_format",
            r#"{"csv":{"separator":";"}}"#,
            "dataset_format has the option separator for csv",
        ),
        (
            "start_time",
            "yesterday",
            "start_time is `yesterday`, expected an RFC 3339 time",
        ),
        (
            "driftline_exchnage",
            "s3://b/x",
            "the setting driftline_exchnage is not known",
        ),
        (
            "publish_cloudwatch_metrics",
            "Sometimes",
            "publish_cloudwatch_metrics is `Sometimes`",
        ),
        (
            "exclude_features_attribute",
            "99",
            "exclude_features_attribute names 99, and the input has 4 columns",
        ),
    ] {
        let job = baseline().set(name, value);
        let ended = job.run();
        assert_eq!(ended.code, 2, "{name}: {ended:#?}");
        assert!(
            ended.message.starts_with(&format!("Failed: {expect}")),
            "{name}: {}",
            ended.message
        );
        assert!(ended.message.contains(" hint: "), "{}", ended.message);
        assert!(job.documents().is_empty(), "{name}");
    }
    for (name, value) in [
        ("image_data", "false"),
        ("detect_outliers", "Disabled"),
        ("detect_drift", "Enabled"),
        ("auto_ml_job_detail", "null"),
        ("my_own_variable", "anything"),
    ] {
        baseline().set(name, value).succeed();
    }
    let mut nothing = Job::new().run();
    assert_eq!(nothing.code, 2);
    assert!(
        nothing.message.starts_with("Failed: dataset_source is not set"),
        "{}",
        nothing.message
    );
    nothing = Job::new().set("dataset_source", "/opt/ml/processing/none").run();
    assert_eq!(nothing.code, 4, "{nothing:#?}");
}

/// Batch-transform data: CSV without a header, JSON Lines and JSON documents, header and line in every spelling.
#[test]
fn batch_inputs_of_each_format() {
    let baseline = baseline();
    baseline.succeed();
    let (mut csv, mut lines, mut rows) = (String::new(), String::new(), Vec::new());
    for row in 0..200u32 {
        let plan = ["basic", "plus", "pro"][row as usize % 3];
        let (label, age, score) = (row % 2, 20 + row % 40, f64::from(row % 17) + 0.5);
        let time = format!("2026-11-20T08:{:02}:{:02}Z", row / 60, row % 60);
        let _infallible = writeln!(
            csv,
            "{label},{age},{score},{plan},{row:08}-0000-4000-8000-000000000000,{time}"
        );
        let object = json!({"label": label, "age": age, "score": score, "plan": plan});
        let _infallible = writeln!(lines, "{object}");
        rows.push(object);
    }
    let pretty = serde_json::to_string_pretty(&json!({ "instances": rows })).unwrap();
    let plain = format!(
        "label,age,score,plan\n{}",
        csv.lines().fold(String::new(), |mut all, line| {
            let cells: Vec<&str> = line.split(',').take(4).collect();
            let _infallible = writeln!(all, "{}", cells.join(","));
            all
        })
    );
    for (format, name, content) in [
        (r#"{"csv":{"header":false}}"#, "a.csv.out", csv.as_str()),
        (r#"{"csv":{"header":["false"]}}"#, "a.out", csv.as_str()),
        (r#"{"csv":{"header":["true"]}}"#, "a.csv", plain.as_str()),
        (r#"{"csv":{"header":"true"}}"#, "data", plain.as_str()),
        (r#"{"json":{"line":true}}"#, "a.jsonl.out", lines.as_str()),
        (r#"{"json":{"lines":["true"]}}"#, "data", lines.as_str()),
        (r#"{"json":{"line":["false"]}}"#, "a.json", pretty.as_str()),
    ] {
        let job = window(&baseline)
            .set("dataset_format", format)
            .set("monitoring_input_type", "BATCH_TRANSFORM_INPUT")
            .file(&format!("processing/input_data/2026/11/20/08/{name}"), content);
        let ended = job.succeed();
        assert_eq!(
            ended.message, "Completed: Job completed successfully with no violations.",
            "{format}"
        );
        assert_eq!(
            job.output("statistics.json")["dataset"]["item_count"],
            200,
            "{format}"
        );
        assert_eq!(job.feature("age")["inferred_type"], "Integral", "{format}");
    }
}

#[test]
fn parquet_and_tables_without_a_header_make_a_baseline() {
    let table = tests::repository::root().join("tests/reference/compare/golden_baseline.parquet");
    let parquet = Job::new()
        .file(
            "processing/input/data/part-0.parquet",
            std::fs::read(table).unwrap(),
        )
        .set("dataset_source", "/opt/ml/processing/input/data")
        .set("dataset_format", r#"{"parquet": {}}"#);
    parquet.succeed();
    assert!(
        !parquet.output("statistics.json")["features"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let wrong = Job::new()
        .file("processing/input/data/part-0", "a,b\n1,2\n")
        .set("dataset_source", "/opt/ml/processing/input/data")
        .set("dataset_format", r#"{"parquet": {}}"#)
        .run();
    assert!(
        wrong
            .message
            .contains("dataset_format is parquet, and part-0 does not end in .parquet")
    );
    let bare = Job::new()
        .file("processing/input/data/rows", "1,2.5\n3,4.5\n")
        .set("dataset_source", "/opt/ml/processing/input/data")
        .set("dataset_format", r#"{"csv": {"header": false}}"#);
    bare.succeed();
    assert_eq!(bare.feature("_c0")["numerical_statistics"]["sum"], 4.0);
    assert_eq!(bare.feature("_c1")["inferred_type"], "Fractional");
}

/// Switches of `constraints.json`, and settings that stand beside it.
#[test]
fn switches_for_checks_metrics_and_columns() {
    let baseline = baseline().set("categorical_drift_method", "ChiSquared").set(
        "data_quality_monitoring_config",
        r#"{"distribution_constraints":{"comparison_threshold":0.3}}"#,
    );
    baseline.succeed();
    let constraints = baseline.output("constraints.json");
    let distribution = &constraints["monitoring_config"]["distribution_constraints"];
    assert_eq!(distribution["categorical_drift_method"], "ChiSquared");
    assert_eq!(distribution["comparison_threshold"], 0.3);
    assert_eq!(
        distribution["comparison_method"], "Robust",
        "the rest is Model Monitor's default"
    );

    let mut edited: Value = constraints.clone();
    edited["monitoring_config"]["emit_metrics"] = json!("Disabled");
    for feature in edited["features"].as_array_mut().unwrap() {
        if feature["name"] == "plan" {
            feature["string_constraints"]["monitoring_config_overrides"] = json!({"emit_metrics": "Enabled"});
        }
    }
    let text = serde_json::to_string(&edited).unwrap();
    let quiet = window(&baseline)
        .file("processing/baseline/constraints/constraints.json", text)
        .file(&format!("{HOUR}/00-00-000-a.jsonl"), traffic(0, 200));
    quiet.succeed();
    let names: Vec<String> = quiet
        .metrics()
        .iter()
        .map(|line| line["MetricName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["feature_non_null_plan", "feature_baseline_drift_plan"]);

    let mut lines = String::new();
    for row in 0..100 {
        let time = format!("2026-11-20T08:00:{:02}Z", row % 60);
        lines.push_str(&captured(&format!("e{row}"), &time, "old,1.5,basic", "1"));
    }
    let without = window(&baseline)
        .file(&format!("{HOUR}/00-00-000-a.jsonl"), &lines)
        .set("exclude_features_attribute", "0")
        .set("detect_drift", "Disabled");
    let ended = without.succeed();
    assert_eq!(
        ended.message, "Completed: Job completed successfully with no violations.",
        "age is left out"
    );
    assert!(
        !without
            .metrics()
            .iter()
            .any(|line| line["MetricName"].as_str().unwrap().contains("drift"))
    );
    let with = window(&baseline).file(&format!("{HOUR}/00-00-000-a.jsonl"), &lines);
    assert!(with.succeed().message.starts_with("CompletedWithViolations: "));
}
