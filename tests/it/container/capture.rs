//! Capture and batch transforms to the letter of contract §1, each fact with its record.

use super::job::{Job, captured};
use super::{CAPTURE, HOUR, baseline, window};
use serde_json::{Value, json};

fn side(mode: &str, data: &str, encoding: &str) -> Value {
    json!({"observedContentType": "application/x", "mode": mode, "data": data, "encoding": encoding})
}

fn record(input: Option<Value>, output: Option<Value>, event: &Value) -> String {
    let mut data = serde_json::Map::new();
    if let Some(input) = input {
        data.insert("endpointInput".to_owned(), input);
    }
    if let Some(output) = output {
        data.insert("endpointOutput".to_owned(), output);
    }
    format!(
        "{}\n",
        json!({"captureData": data, "eventMetadata": event, "eventVersion": "0"})
    )
}

fn event(id: &str) -> Value {
    json!({"eventId": id, "inferenceTime": "2026-11-20T08:10:00Z"})
}

/// A window of these lines against the small baseline (label, age, score, plan).
fn run(lines: &str) -> (Job, super::job::Ended) {
    let baseline = baseline();
    baseline.succeed();
    let job = window(&baseline).file(&format!("{HOUR}/10-00-000-a.jsonl"), lines);
    let ended = job.succeed();
    (job, ended)
}

fn sum(job: &Job, name: &str) -> Value {
    job.feature(name)["numerical_statistics"]["sum"].clone()
}

/// The two sides may be encoded differently: CSV in and JSON out, JSON in and BASE64 out. The first-party image refuses
/// (contract §1.3, #2785, #2629).
#[test]
fn sides_may_be_encoded_differently() {
    let named = r#"{"age": 41, "score": 2.5, "plan": "pro"}"#;
    // printf '1' | base64 = MQ==
    let lines = [
        record(
            Some(side("INPUT", "40,1.5,basic", "CSV")),
            Some(side("OUTPUT", "{\"label\": 1}", "JSON")),
            &event("a"),
        ),
        record(
            Some(side("INPUT", "40,1.5,basic", "CSV")),
            Some(side("OUTPUT", "[1]", "JSON")),
            &event("b"),
        ),
        record(
            Some(side("INPUT", named, "JSON")),
            Some(side("OUTPUT", "MQ==", "BASE64")),
            &event("c"),
        ),
    ];
    let mut n_rows = 0.0;
    for line in &lines {
        let (job, ended) = run(line);
        assert!(!ended.message.contains("could not be read"), "{}", ended.message);
        assert_eq!(sum(&job, "label"), 1.0, "{line}");
        n_rows += job.output("statistics.json")["dataset"]["item_count"]
            .as_f64()
            .unwrap();
    }
    assert_eq!(n_rows, 3.0);
}

/// Output columns come first and take the baseline's first names; with END they come last (contract §2.4).
#[test]
fn names_are_given_by_position_outputs_first_or_last() {
    let line = captured("a", "2026-11-20T08:10:00Z", "40,1.5,basic", "1");
    let (first, _) = run(&line);
    assert_eq!(
        (sum(&first, "label"), sum(&first, "age")),
        (json!(1.0), json!(40.0))
    );
    let csv = "age,score,plan,label\n30,0.5,basic,0\n40,1.5,pro,1\n";
    let end = |options: &str| {
        let baseline = Job::new()
            .file("processing/input/data/train.csv", csv)
            .set("dataset_source", "/opt/ml/processing/input/data")
            .set(
                "dataset_format",
                r#"{"csv": {"header": true, "output_columns_position": "END"}}"#,
            );
        baseline.succeed();
        let job = window(&baseline)
            .set("dataset_format", options)
            .file(&format!("{HOUR}/10-00-000-a.jsonl"), &line);
        job.succeed();
        job
    };
    let last = end(r#"{"sagemakerCaptureJson": {"output_columns_position": "END"}}"#);
    assert_eq!(
        (sum(&last, "label"), sum(&last, "age")),
        (json!(1.0), json!(40.0))
    );
}

/// JSON Lines are captured with encoding JSON, several rows per request; row i of the output belongs to row i of the
/// input (contract §1.3). Other counts on the two sides are a bad record.
#[test]
fn json_lines_carry_encoding_json_and_rows_meet_by_their_place() {
    let input =
        "{\"age\": 30, \"score\": 0.5, \"plan\": \"pro\"}\n{\"age\": 50, \"score\": 1.5, \"plan\": \"plus\"}";
    let lines = record(
        Some(side("INPUT", input, "JSON")),
        Some(side("OUTPUT", "{\"label\": 0}\n{\"label\": 1}\n", "JSON")),
        &event("a"),
    );
    let (job, _) = run(&lines);
    assert_eq!(job.output("statistics.json")["dataset"]["item_count"], 2);
    assert_eq!((sum(&job, "age"), sum(&job, "label")), (json!(80.0), json!(1.0)));
    let several = record(
        Some(side("INPUT", "30,0.5,pro\n50,1.5,plus\n", "CSV")),
        Some(side(
            "OUTPUT",
            "{\"predictions\": [{\"label\": 0}, {\"label\": 1}]}",
            "JSON",
        )),
        &event("a"),
    );
    let uneven = record(
        Some(side("INPUT", "30,0.5,pro\n50,1.5,plus", "CSV")),
        Some(side("OUTPUT", "1", "CSV")),
        &event("b"),
    );
    let (job, ended) = run(&format!("{several}{uneven}"));
    assert_eq!(job.output("statistics.json")["dataset"]["item_count"], 2);
    assert!(
        ended
            .message
            .contains("1 of 2 lines could not be read (row_count_mismatch 1)"),
        "{}",
        ended.message
    );
}

/// An inferenceId is the caller's and may repeat; only an eventId names a delivery (contract §1.3).
#[test]
fn an_inference_id_is_not_unique_an_event_id_is() {
    let with_id = |event_id: &str| {
        let mut event = event(event_id);
        event["inferenceId"] = json!("7");
        record(
            Some(side("INPUT", "30,0.5,pro", "CSV")),
            Some(side("OUTPUT", "1", "CSV")),
            &event,
        )
    };
    let (job, _) = run(&format!("{}{}{}", with_id("a"), with_id("b"), with_id("b")));
    assert_eq!(job.output("statistics.json")["dataset"]["item_count"], 2);
    assert_eq!(job.output("verdict.json")["records"]["duplicates"], 1);
}

#[test]
fn shadow_records_are_passed_over_and_counted_and_key_order_does_not_matter() {
    let mut shadow = event("a");
    shadow["invocationSource"] = json!("ShadowExperiment");
    let shadow = record(
        Some(side("INPUT", "30,0.5,pro", "CSV")),
        Some(side("OUTPUT", "1", "CSV")),
        &shadow,
    );
    let turned = r#"{"unknown":{"a":[1]},"eventMetadata":{"inferenceTime":"2026-11-20T08:10:00Z","eventId":"b","customAttributes":["x"]},"eventVersion":"0","captureData":{"endpointOutput":{"encoding":"CSV","data":"1\n","mode":"OUTPUT","observedContentType":"text/csv; charset=utf-8"},"endpointInput":{"encoding":"CSV","data":"30,0.5,pro\n","mode":"INPUT","observedContentType":null}}}"#;
    let one_sided = record(Some(side("INPUT", "31,0.5,pro", "CSV")), None, &event("c"));
    let (job, ended) = run(&format!("{shadow}{turned}\n{one_sided}"));
    assert_eq!(sum(&job, "age"), 61.0);
    assert_eq!(
        job.feature("label")["numerical_statistics"]["common"]["num_present"],
        1
    );
    assert_eq!(job.output("verdict.json")["records"]["shadow"], 1);
    assert!(
        ended
            .message
            .contains("1 records of shadow variants were passed over."),
        "{}",
        ended.message
    );
}

/// `captureIndexNames` says which sides count.
#[test]
fn a_side_that_is_not_asked_for_is_not_read() {
    let baseline = Job::new()
        .file("processing/input/data/train.csv", "label\n0\n1\n")
        .set("dataset_source", "/opt/ml/processing/input/data")
        .set("dataset_format", r#"{"csv": {"header": true}}"#);
    baseline.succeed();
    let job = window(&baseline)
        .set("dataset_format", &CAPTURE.replace("\"endpointInput\",", ""))
        .file(
            &format!("{HOUR}/10-00-000-a.jsonl"),
            captured("a", "2026-11-20T08:10:00Z", "40,\"broken", "1"),
        );
    let ended = job.succeed();
    assert_eq!(
        ended.message,
        "Completed: Job completed successfully with no violations."
    );
    assert_eq!(sum(&job, "label"), 1.0);
}

/// Batch capture is manifests: prefix and names; with `GenerateInferenceId` CSV has two more columns, JSON has
/// `SageMakerInferenceId`, `…Time` and, joined, `SageMakerOutput` (contract §1.4).
#[test]
fn batch_capture_is_read_through_its_manifests() {
    let baseline = baseline();
    baseline.succeed();
    let id = |n: u32| format!("{n:08}-0000-4000-8000-000000000000");
    let joined = |n: u32, age: u32, time: &str| {
        let line = json!({"SageMakerInferenceId": id(n), "SageMakerInferenceTime": time, "SageMakerOutput": {"label": 1},
            "age": age, "score": 0.5, "plan": "pro"});
        format!("{line}\n")
    };
    let json_lines = format!(
        "{}{}",
        joined(1, 30, "2026-11-20T08:10:00Z"),
        joined(2, 99, "2026-11-20T09:10:00Z")
    );
    let csv = format!(
        "1,31,0.5,pro,{},2026-11-20T08:10:00Z\n1,98,0.5,pro,{},2026-11-20T07:59:59Z\n",
        id(3),
        id(4)
    );
    for (name, content, age) in [("a.jsonl.out", json_lines, 30.0), ("a.csv.out", csv, 31.0)] {
        let job = window(&baseline).file(&format!("transform-output/{name}"), content);
        let prefix = format!("{}/", job.root().join("transform-output").display());
        for manifest in [
            json!([{"prefix": prefix}, name]),
            json!([{"prefix": format!("{prefix}{name}")}, ""]),
        ] {
            let job = window(&baseline)
                .set("monitoring_input_type", "BATCH_TRANSFORM_INPUT")
                .file(
                    "processing/input_data/output/2026/11/20/08/0b7bfd33.json",
                    manifest.to_string(),
                );
            job.succeed();
            assert_eq!(
                job.output("statistics.json")["dataset"]["item_count"],
                1,
                "{manifest}"
            );
            assert_eq!(sum(&job, "age"), age, "{manifest}");
            assert_eq!(sum(&job, "label"), 1.0, "{manifest}");
        }
    }
}
