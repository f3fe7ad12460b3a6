//! The user's own Python scripts, with the interface the documentation of Model Monitor shows.

use super::job::{Job, captured, has_python};
use super::{HOUR, baseline, traffic, window};
use serde_json::json;
use std::fmt::Write as _;

const SCRIPT: &str = "processing/input/record_preprocessor_script_input/preprocess.py";

fn with_script(job: Job, script: &str) -> Job {
    job.file(SCRIPT, script)
        .set("record_preprocessor_script", &format!("/opt/ml/{SCRIPT}"))
}

/// The documentation's own idiom: output first, keys that sort as text.
const FLATTEN: &str = r#"
import random
def preprocess_handler(inference_record):
    print("what a script prints goes to the log, and not into the data")
    input_data = inference_record.endpoint_input.data.rstrip("\n")
    output_data = inference_record.endpoint_output.data.rstrip("\n")
    assert inference_record.endpoint_input.encoding == "CSV"
    assert inference_record.endpoint_input.observedContentType == "text/csv"
    assert inference_record.event_metadata.event_id.startswith("event-")
    assert inference_record.event_metadata.event_time.startswith("2026-11-20T08:")
    assert inference_record.event_version == "0"
    d = output_data + "," + input_data
    return {str(i).zfill(20): v for i, v in enumerate(d.split(","))}
"#;

#[test]
fn a_preprocessor_sees_each_record_and_its_columns_count_in_the_order_of_their_keys() {
    if !has_python() {
        return;
    }
    let baseline = baseline();
    baseline.succeed();
    let plain = window(&baseline).file(&format!("{HOUR}/00-00-000-a.jsonl"), traffic(0, 200));
    plain.succeed();
    let job =
        with_script(window(&baseline), FLATTEN).file(&format!("{HOUR}/00-00-000-a.jsonl"), traffic(0, 200));
    let ended = job.succeed();
    assert!(ended.stderr.contains("what a script prints"), "{}", ended.stderr);
    for name in ["statistics.json", "constraint_violations.json"] {
        let of = |job: &Job| job.output(name);
        assert_eq!(of(&job), of(&plain), "{name}");
    }
}

#[test]
fn a_preprocessor_may_drop_records_make_several_and_take_a_logger() {
    if !has_python() {
        return;
    }
    let script = r#"
def preprocess_handler(inference_record, logger):
    logger.info("seen")
    age, score, plan = inference_record.endpoint_input.data.split(",")
    if plan == "basic":
        return []
    row = {"plan": plan, "age": int(age), "score": float(score), "label": int(inference_record.endpoint_output.data)}
    return [row, row]
"#;
    let baseline = baseline();
    baseline.succeed();
    let job =
        with_script(window(&baseline), script).file(&format!("{HOUR}/00-00-000-a.jsonl"), traffic(0, 300));
    let ended = job.succeed();
    // A third of the records is basic.
    assert!(
        ended.message.contains("The preprocessor dropped 100 records."),
        "{}",
        ended.message
    );
    assert_eq!(job.output("statistics.json")["dataset"]["item_count"], 400);
    assert_eq!(job.feature("age")["inferred_type"], "Integral");
    assert!(ended.stderr.contains("seen"), "{}", ended.stderr);
}

#[test]
fn tables_go_through_a_preprocessor_too() {
    if !has_python() {
        return;
    }
    let script = r#"
import json
def preprocess_handler(inference_record):
    data = inference_record.endpoint_input.data
    if inference_record.endpoint_input.encoding == "JSON":
        found = json.loads(data)
        return {"age": found["person"]["age"], "label": found["label"]}
    label, age, score, plan = data.split(",")
    return {"label": int(label), "age": int(age)}
"#;
    let csv = with_script(baseline(), script);
    csv.succeed();
    assert_eq!(csv.output("statistics.json")["dataset"]["item_count"], 400);
    let mut lines = String::new();
    for row in 0..50 {
        let object = json!({"label": row % 2, "person": {"age": 20 + row}});
        let _infallible = writeln!(lines, "{object}");
    }
    let json_lines = with_script(Job::new(), script)
        .file("processing/input/data/a.jsonl", lines)
        .set("dataset_source", "/opt/ml/processing/input/data")
        .set("dataset_format", r#"{"json": {"lines": true}}"#);
    json_lines.succeed();
    assert_eq!(json_lines.feature("age")["numerical_statistics"]["max"], 69.0);
    let names: Vec<_> = json_lines.output("statistics.json")["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["age", "label"], "keys are sorted as text");
}

#[test]
fn an_exception_is_shown_with_its_traceback_and_place_and_never_the_payload() {
    if !has_python() {
        return;
    }
    let script = r#"
def parse(text):
    return float(text)

def preprocess_handler(inference_record):
    return {"age": parse(inference_record.endpoint_input.data.split(",")[2])}
"#;
    let baseline = baseline();
    baseline.succeed();
    let mut lines = String::new();
    for (row, third) in [(0, "1"), (1, "secret-plan")] {
        let time = format!("2026-11-20T08:00:0{row}Z");
        lines.push_str(&captured(
            &format!("event-{row}"),
            &time,
            &format!("30,1.5,{third}"),
            "1",
        ));
    }
    let job = with_script(window(&baseline), script).file(&format!("{HOUR}/00-00-000-a.jsonl"), lines);
    let ended = job.run();
    assert_eq!(ended.code, 2, "{ended:#?}");
    let place = "ep/AllTraffic/2026/11/20/08/00-00-000-a.jsonl, line 2";
    assert!(
        ended.message.starts_with(&format!(
            "Failed: exception while running record_preprocessor_script at {place}:\n"
        )),
        "{}",
        ended.message
    );
    for expect in [
        "Traceback",
        "in preprocess_handler",
        "in parse",
        "return float(text)",
        "ValueError: could not convert",
    ] {
        assert!(ended.message.contains(expect), "{expect}: {}", ended.message);
    }
    for text in [&ended.message, &ended.stderr, &ended.stdout] {
        assert!(!text.contains("secret-plan"), "{text}");
    }
    assert!(job.documents().is_empty());
    for (script, expect) in [
        (
            "def other(): pass\n",
            "AttributeError: the script defines no function preprocess_handler",
        ),
        ("def preprocess_handler(:\n", "SyntaxError"),
        (
            "import no_such_module_here\n",
            "ModuleNotFoundError: No module named 'no_such_module_here'",
        ),
        (
            "def preprocess_handler(r):\n    return 7\n",
            "TypeError: preprocess_handler gave int",
        ),
        (
            "def preprocess_handler(r):\n    return {'a': [1]}\n",
            "TypeError: preprocess_handler gave a value of type list",
        ),
        (
            "import os\ndef preprocess_handler(r):\n    os._exit(3)\n",
            "Python, which runs record_preprocessor_script, ended at",
        ),
    ] {
        let job =
            with_script(window(&baseline), script).file(&format!("{HOUR}/00-00-000-a.jsonl"), traffic(0, 3));
        let ended = job.run();
        assert_eq!(ended.code, 2, "{ended:#?}");
        assert!(ended.message.contains(expect), "{expect}: {}", ended.message);
    }
}

#[test]
fn without_python_the_setting_is_refused_by_name() {
    let baseline = baseline();
    baseline.succeed();
    let job = with_script(window(&baseline), FLATTEN)
        .set("driftline_python", "/nowhere/python3")
        .file(&format!("{HOUR}/00-00-000-a.jsonl"), traffic(0, 3));
    let ended = job.run();
    assert_eq!(ended.code, 2);
    assert!(
        ended
            .message
            .starts_with("Failed: the setting record_preprocessor_script needs Python 3, and `/nowhere/python3` cannot be started"),
        "{}",
        ended.message
    );
    assert!(ended.message.contains("docs/container.md"), "{}", ended.message);
    let missing = window(&baseline)
        .set("record_preprocessor_script", "/opt/ml/none.py")
        .run();
    assert!(
        missing.message.contains("there is no such file"),
        "{}",
        missing.message
    );
}

#[test]
fn a_post_processor_runs_once_all_documents_are_there() {
    if !has_python() {
        return;
    }
    let name = "processing/input/post_analytics_processor_script_input/post.py";
    let baseline = baseline();
    let output = baseline.root().join("processing/output");
    let script = format!(
        "import os\ndef postprocess_handler():\n    folder = {:?}\n    names = sorted(os.listdir(folder))\n    \
         open(os.path.join(folder, 'seen.txt'), 'w').write(' '.join(names))\n",
        output.to_str().unwrap()
    );
    let job = baseline
        .file(name, script)
        .set("post_analytics_processor_script", &format!("/opt/ml/{name}"));
    job.succeed();
    let seen = job.text("processing/output/seen.txt").unwrap();
    assert_eq!(seen, "baseline.profile constraints.json statistics.json");
    let failing = job.file(
        name,
        "def postprocess_handler():\n    raise RuntimeError('no bucket')\n",
    );
    let ended = failing.run();
    assert_eq!(ended.code, 2, "{ended:#?}");
    assert!(
        ended
            .message
            .contains("exception while running post_analytics_processor_script:\nTraceback"),
        "{}",
        ended.message
    );
    assert!(
        ended.message.contains("RuntimeError: no bucket"),
        "{}",
        ended.message
    );
}
