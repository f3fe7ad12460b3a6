//! Closing windows and acting on them while processes die: each verdict is told, each retraining starts once.

use super::stack::Stack;
use super::{BUCKET, differing};
use serde_json::{Value, json};
use tests::aws::{Fault, Rule};

/// Writes of the function in its last run.
fn writes(stack: &Stack, function: &str) -> usize {
    let calls = stack.aws.calls();
    let writes = calls.iter().filter(|call| {
        call.of() == function
            && call.service == "s3"
            && ["PutObject", "DeleteObject"].contains(&call.operation.as_str())
    });
    writes.count()
}

#[test]
fn an_analyzer_that_dies_leaves_whole_documents_and_an_event_in_the_end() {
    let Some(stack) = Stack::new(1, &["ingest", "analyze"]) else {
        return;
    };
    let aws = &stack.aws;
    stack.capture(|_| true);
    stack.ingest();
    let before = stack.objects("monitors/small/");
    aws.forget_calls();
    aws.invoke("analyze", &Stack::tick()).unwrap().ok().unwrap();
    let n_writes = writes(&stack, "analyze");
    let windows = "monitors/small/windows/";
    let undisturbed = stack.objects(windows);
    assert!(
        undisturbed.len() >= 5 && n_writes >= 5,
        "{:?}",
        undisturbed.keys()
    );
    assert_eq!(stack.verdicts().len(), 1);
    let events = Rule::new(Fault::KilledBefore).on("events", "PutEvents");
    let told = Rule::new(Fault::KilledAfter).on("events", "PutEvents");
    let at_writes = (0..n_writes).flat_map(|write| {
        [Fault::KilledBefore, Fault::KilledAfter]
            .map(|fault| Rule::new(fault).on("s3", "PutObject").skip(write))
    });
    for (number, rule) in at_writes.chain([events, told]).enumerate() {
        stack.delete("monitors/small/");
        for (key, bytes) in &before {
            aws.put_object(BUCKET, key, bytes.clone()).unwrap();
        }
        let case = format!("{number}: {rule:?}");
        let rule = aws.inject(rule.of("analyze"));
        let ended = aws.invoke("analyze", &Stack::tick()).unwrap();
        // A write that is no PutObject was counted too: then nothing struck.
        if aws.n_injected(rule) == 0 {
            aws.heal();
            ended.ok().unwrap();
            stack.verdicts();
            continue;
        }
        for (key, bytes) in stack.objects(windows) {
            assert!(
                undisturbed.get(&key) == Some(&bytes),
                "{case}: {key} is not whole"
            );
        }
        aws.invoke("analyze", &Stack::tick()).unwrap().ok().unwrap();
        assert_eq!(
            differing(&undisturbed, &stack.objects(windows)),
            [""; 0],
            "{case}"
        );
        let events = stack.verdicts();
        assert!(!events.is_empty(), "{case}: the verdict was never told");
        assert!(
            events.iter().all(|event| event["detail"] == events[0]["detail"]),
            "{case}: {events:#?}"
        );
    }
}

#[test]
fn analyzers_and_actors_side_by_side_end_in_one_of_everything() {
    let Some(stack) = Stack::new(1, &["ingest", "analyze", "act"]) else {
        return;
    };
    let aws = &stack.aws;
    stack.capture(|_| true);
    stack.ingest();
    stack.deploy("analyze", 3);
    stack.deploy("act", 3);
    for invoked in aws.invoke_together("analyze", &vec![Stack::tick(); 3]).unwrap() {
        invoked.ok().unwrap();
    }
    let folder = format!("monitors/small/windows/{}/", stack.window(0));
    let verdict = aws.get_json(BUCKET, &format!("{folder}r1/verdict.json")).unwrap();
    assert_eq!(verdict["records"]["rows"], 480);
    assert!(stack.objects(&format!("{folder}r2/")).is_empty());
    let events = stack.verdicts();
    assert!(!events.is_empty());
    for invoked in aws.invoke_together("act", &vec![events[0].clone(); 3]).unwrap() {
        // One that finds another at work may ask to be sent again.
        if invoked.error.is_some() {
            aws.deliver(&events[0], "act").unwrap().ok().unwrap();
        }
    }
    assert_eq!(aws.executions().len(), 1, "{:?}", aws.executions());
    let kinds: Vec<Value> = stack
        .hook
        .delivered()
        .iter()
        .map(|notice| notice.json()["kind"].clone())
        .collect();
    assert_eq!(kinds, [json!("opened"), json!("retraining_started")], "{kinds:?}");
}

/// The pipeline is started once, whatever the decider died of, and whatever SageMaker answered.
#[test]
fn a_decider_that_dies_starts_one_execution() {
    let Some(stack) = Stack::new(1, &["ingest", "analyze", "act"]) else {
        return;
    };
    let aws = &stack.aws;
    stack.capture(|_| true);
    stack.ingest();
    aws.invoke("analyze", &Stack::tick()).unwrap().ok().unwrap();
    let events = stack.verdicts();
    let start = |fault| {
        Rule::new(fault)
            .on("sagemaker", "StartPipelineExecution")
            .of("act")
    };
    let clean = stack.objects("");
    for rule in [
        start(Fault::Throttled),
        start(Fault::Internal),
        start(Fault::LostAnswer),
        start(Fault::KilledBefore),
        start(Fault::KilledAfter),
        Rule::new(Fault::KilledBefore)
            .on("s3", "PutObject")
            .at("receipt.json")
            .of("act"),
        Rule::new(Fault::KilledAfter)
            .on("s3", "PutObject")
            .at("receipt.json")
            .of("act"),
    ] {
        let n_before = aws.executions().len();
        for key in aws.keys(BUCKET, "").unwrap() {
            if !clean.contains_key(&key) {
                aws.delete_object(BUCKET, &key).unwrap();
            }
        }
        let case = format!("{rule:?}");
        let rule = aws.inject(rule);
        // EventBridge tries again, and again.
        let invoked = aws.deliver(&events[0], "act").unwrap();
        assert_eq!(aws.n_injected(rule), 1, "{case}");
        assert_eq!(invoked.error, None, "{case}: {}", invoked.payload);
        aws.deliver(&events[0], "act").unwrap().ok().unwrap();
        let n_started = aws.executions().len();
        assert!(n_started <= 1, "{case}: {:?}", aws.executions());
        let may_wait = case.contains("Killed");
        assert!(
            may_wait || n_before == 1 || n_started == 1,
            "{case}: nothing was started"
        );
        // What a process left in flight is finished two minutes later, not by the next delivery (engine's `exactly_once`).
        if may_wait {
            continue;
        }
        let receipts = aws.keys(BUCKET, "monitors/small/retraining/").unwrap();
        assert!(
            receipts.iter().any(|key| key.ends_with("receipt.json")),
            "{case}: {receipts:?}"
        );
    }
}
