//! The whole way: objects captured → columns and parts → window verdict → alert, metrics, retraining → outcome; with what
//! AWS promises no more than: events twice, out of order, late.

use super::BUCKET;
use super::stack::{PIPELINE, Stack};
use serde_json::{Value, json};

/// Objects of two days.
const N_OBJECTS: usize = 48;

fn status(answer: &Value) -> Vec<&str> {
    let monitors = answer["monitors"].as_array().unwrap();
    monitors
        .iter()
        .filter_map(|acted| acted["retraining"]["decision"].as_str())
        .collect()
}

/// The lines of the embedded metric format in a function's log.
fn metrics(stack: &Stack) -> Vec<Value> {
    let log = stack.aws.log("act");
    let lines = log
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| !line["_aws"].is_null()).collect()
}

#[test]
fn captured_objects_end_in_an_alert_and_a_retraining_whose_end_is_known() {
    let Some(stack) = Stack::new(2, &["ingest", "analyze", "act", "lifecycle"]) else {
        return;
    };
    let aws = &stack.aws;
    assert_eq!(stack.capture(|_| true), N_OBJECTS);

    // Twice, and the last first.
    let mut told = aws.drain(&stack.captured).unwrap();
    assert_eq!(told.len(), N_OBJECTS);
    told.reverse();
    let again: Vec<String> = told.iter().step_by(3).cloned().collect();
    for body in told.iter().chain(&again) {
        aws.send(&stack.captured, body).unwrap();
    }
    stack.ingest();
    let columns = aws.keys(BUCKET, "index/").unwrap();
    let columns = columns.iter().filter(|key| key.ends_with(".parquet"));
    assert_eq!(columns.count(), N_OBJECTS, "the columns of each object, once");

    // The schedule, twice.
    for _ in 0..2 {
        aws.invoke("analyze", &Stack::tick()).unwrap().ok().unwrap();
    }
    for day in 0..2 {
        let folder = format!("monitors/small/windows/{}/", stack.window(day));
        let verdict = aws.get_json(BUCKET, &format!("{folder}r1/verdict.json")).unwrap();
        assert_eq!(verdict["status"], "violated");
        assert_eq!(verdict["records"]["rows"], 480, "{}", verdict["records"]);
        assert_eq!(
            aws.get_object(BUCKET, &format!("{folder}r2/verdict.json"))
                .unwrap(),
            None
        );
    }
    check_one_machine(&stack);

    let events = stack.verdicts();
    assert_eq!(events.len(), 2, "one for each window: {events:#?}");
    let detail = &events[0]["detail"];
    assert_eq!(
        (&detail["monitor"], &detail["status"]),
        (&json!("small"), &json!("violated"))
    );
    assert_eq!((&detail["version"], &detail["revision"]), (&json!(1), &json!(1)));
    assert_eq!(detail["severity"], "violation");

    // The newest first, then the other, then both again.
    let mut decisions = Vec::new();
    for event in events.iter().rev().chain(&events) {
        let answer = aws.deliver(event, "act").unwrap().ok().unwrap();
        decisions.extend(status(&answer).iter().map(|decision| (*decision).to_owned()));
    }
    assert_eq!(
        decisions.iter().filter(|decision| *decision == "started").count(),
        1,
        "{decisions:?}"
    );
    let executions = aws.executions();
    assert_eq!(executions.len(), 1, "{executions:?}");
    assert!(executions[0].contains(PIPELINE));
    let parameters = aws.execution_parameters(&executions[0]).unwrap();
    let of = |name: &str| {
        parameters
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(of("MonitorName"), Some("small"), "{parameters:?}");

    check_alerts(&stack, &["opened", "retraining_started"], 2);
    let lines = metrics(&stack);
    let drift = lines
        .iter()
        .find(|line| !line["feature_baseline_drift_x"].is_null());
    let drift = drift.unwrap_or_else(|| panic!("no metric of x in {lines:#?}"));
    assert_eq!(drift["Endpoint"], "ep");
    assert!(drift["feature_baseline_drift_x"].as_f64().unwrap() > 0.0);

    // It succeeds, and SageMaker says so twice.
    aws.change_execution(&executions[0], "Succeeded", None, Vec::new())
        .unwrap();
    let ended = aws.take_events(&stack.ended).unwrap();
    assert_eq!(ended.len(), 1);
    for event in ended.iter().chain(&ended) {
        let answer = aws.deliver(event, "lifecycle").unwrap().ok().unwrap();
        let run = &answer["monitors"][0]["runs"][0];
        assert_eq!(
            (&run["status"], &run["has_ended"]),
            (&json!("Succeeded"), &json!(true)),
            "{answer}"
        );
    }
    let kept = stack.objects("monitors/small/retraining/");
    for file in ["receipt.json", "outcome.json"] {
        let found: Vec<&String> = kept
            .keys()
            .filter(|key| key.ends_with(&format!("/r1/{file}")))
            .collect();
        assert_eq!(found.len(), 1, "{:?}", kept.keys());
    }
    check_alerts(&stack, &["opened", "retraining_started", "retraining_ended"], 1);
    for name in ["ingest", "analyze", "act", "lifecycle"] {
        let log = aws.log(name).join("\n");
        assert!(!log.contains("boat"), "a captured value is in the log of {name}");
    }
}

/// Each kind of notice came once to the webhook, signed, once through SNS, and once on the bus, `n_new` of them since it was
/// last asked.
fn check_alerts(stack: &Stack, kinds: &[&str], n_new: usize) {
    let mail = stack.aws.drain(&stack.mail).unwrap();
    assert_eq!(mail.len(), n_new, "{mail:#?}");
    assert!(mail.iter().all(|notice| notice.contains("small")), "{mail:#?}");
    let incidents = stack.aws.take_events(&stack.incidents).unwrap();
    let new = &kinds[kinds.len() - n_new..];
    let on_bus: Vec<&str> = incidents
        .iter()
        .filter_map(|event| event["detail"]["kind"].as_str())
        .collect();
    assert_eq!(on_bus, new, "{incidents:#?}");
    let delivered = stack.hook.delivered();
    let told: Vec<Value> = delivered.iter().map(tests::aws::Delivered::json).collect();
    let of: Vec<&str> = told.iter().filter_map(|notice| notice["kind"].as_str()).collect();
    assert_eq!(of, kinds, "{told:#?}");
    for delivery in &delivered {
        assert_eq!((delivery.target.as_str(), delivery.status), ("/hook", 200));
        assert!(stack.is_signed(delivery), "{delivery:?}");
        assert_eq!(delivery.header("idempotency-key"), delivery.json()["id"].as_str());
    }
    let opened = told[0].to_string();
    assert!(
        opened.contains("report.html"),
        "no link to the pictures: {opened}"
    );
    assert!(opened.contains("\"x\""), "the column is not named: {opened}");
}

/// What the function wrote from stored parts is what the command line writes from the captured lines.
fn check_one_machine(stack: &Stack) {
    let window = stack.window(0);
    let (start, end) = window.split_once("--").unwrap();
    stack
        .world
        .succeed(&format!(
            "analyze --capture capture --baseline baseline --start {start} --end {end} --output one-machine"
        ))
        .unwrap();
    for file in ["statistics.json", "window.profile"] {
        let expected = std::fs::read(stack.world.path(&format!("one-machine/{file}"))).unwrap();
        let key = format!("monitors/small/windows/{window}/r1/{file}");
        let found = stack.aws.get_object(BUCKET, &key).unwrap().unwrap();
        assert!(expected == found, "{file} has other bytes than on one machine");
    }
}

#[test]
fn late_objects_reopen_a_window_and_nothing_is_said_twice() {
    let Some(stack) = Stack::new(1, &["ingest", "analyze", "act", "lifecycle"]) else {
        return;
    };
    let aws = &stack.aws;
    stack.capture(|idx| idx % 4 != 0);
    stack.ingest();
    aws.invoke("analyze", &Stack::tick()).unwrap().ok().unwrap();
    let folder = format!("monitors/small/windows/{}/", stack.window(0));
    let verdict = |revision: u32| {
        aws.get_json(BUCKET, &format!("{folder}r{revision}/verdict.json"))
            .unwrap()
    };
    assert_eq!(verdict(1)["records"]["rows"], 360);
    for invoked in aws.deliver_all(&stack.verdicts, "act").unwrap() {
        invoked.ok().unwrap();
    }
    assert_eq!((aws.executions().len(), stack.hook.delivered().len()), (1, 2));

    let first = stack.objects(&format!("{folder}r1/"));
    stack.capture(|idx| idx % 4 == 0);
    stack.ingest();
    for _ in 0..2 {
        aws.invoke("analyze", &Stack::tick()).unwrap().ok().unwrap();
    }
    assert_eq!(verdict(2)["records"]["rows"], 480);
    assert_eq!(
        first,
        stack.objects(&format!("{folder}r1/")),
        "what was written stays"
    );
    assert_eq!(stack.objects(&format!("{folder}r3/")).len(), 0);
    let events = stack.verdicts();
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["detail"]["revision"], 2);
    aws.deliver(&events[0], "act").unwrap().ok().unwrap();
    assert_eq!((aws.executions().len(), stack.hook.delivered().len()), (1, 2));
}
