//! The ingest function on deliveries and on S3 as they really are: encoded keys, poison, faults, SIGKILL at every write.

use super::stack::Stack;
use super::{BUCKET, differing};
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tests::aws::{Fault, Rule};

/// Where ingest writes.
const WRITTEN: [&str; 2] = ["index/", "monitors/small/p"];

fn written(stack: &Stack) -> BTreeMap<String, Bytes> {
    WRITTEN.iter().flat_map(|prefix| stack.objects(prefix)).collect()
}

fn clear(stack: &Stack) {
    stack.aws.heal();
    for prefix in WRITTEN {
        stack.delete(prefix);
    }
}

/// An SQS event with these messages.
fn batch(bodies: &[String]) -> Value {
    let records = bodies.iter().enumerate().map(|(idx, body)| {
        json!({"messageId": format!("m{idx}"), "receiptHandle": "r", "body": body, "attributes": {},
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:captured"})
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

#[test]
fn what_passes_is_waited_out_and_what_kills_is_done_again() {
    let Some(stack) = Stack::new(1, &["ingest"]) else {
        return;
    };
    let aws = &stack.aws;
    stack.capture(|idx| idx < 3);
    let told = aws.drain(&stack.captured).unwrap();
    let event = batch(&told);
    let ingest = |case: &str| {
        let answer = aws.invoke("ingest", &event).unwrap();
        assert_eq!(answer.error, None, "{case}: {}", answer.payload);
        assert_eq!(answer.payload["batchItemFailures"], json!([]), "{case}");
    };
    ingest("undisturbed");
    let undisturbed = written(&stack);
    let writes = aws.calls_of("s3", "PutObject").len();
    assert!(undisturbed.len() >= 6 && writes >= 6, "{:?}", undisturbed.keys());
    clear(&stack);

    let in_capture = |fault| Rule::new(fault).on("s3", "GetObject").at("capture/");
    for (case, rule) in [
        ("throttled reads", in_capture(Fault::Throttled).times(2)),
        ("a failing read", in_capture(Fault::Internal).skip(1)),
        (
            "a read that breaks off",
            in_capture(Fault::Truncated).skip(1).times(2),
        ),
        (
            "a late read",
            in_capture(Fault::Delayed(Duration::from_millis(300))),
        ),
        (
            "throttled writes",
            Rule::new(Fault::Throttled).on("s3", "PutObject").times(3),
        ),
        (
            "a failing write",
            Rule::new(Fault::Internal).on("s3", "PutObject").skip(2),
        ),
        (
            "a lost write",
            Rule::new(Fault::LostRequest).on("s3", "PutObject").skip(1),
        ),
        (
            "a write whose answer is lost",
            Rule::new(Fault::LostAnswer).on("s3", "PutObject").times(2),
        ),
    ] {
        let rule = aws.inject(rule.of("ingest"));
        ingest(case);
        assert!(aws.n_injected(rule) > 0, "{case}: the rule never struck");
        assert_eq!(differing(&undisturbed, &written(&stack)), [""; 0], "{case}");
        clear(&stack);
    }

    // One object is enough to be ended at each of its writes; the others are of the same kind.
    for (fault, write) in [Fault::KilledBefore, Fault::KilledAfter]
        .iter()
        .flat_map(|fault| (0..writes.div_ceil(told.len())).map(move |write| (*fault, write)))
    {
        let case = format!("{fault:?} of write {write}");
        let rule = Rule::new(fault).on("s3", "PutObject").of("ingest").skip(write);
        let rule = aws.inject(rule);
        let invoked = aws.invoke("ingest", &event).unwrap();
        assert_eq!(aws.n_injected(rule), 1, "{case}");
        assert_eq!(invoked.payload["errorType"], "Runtime.ExitError", "{case}");
        for (key, bytes) in written(&stack) {
            assert!(
                undisturbed.get(&key) == Some(&bytes),
                "{case}: {key} is not whole"
            );
        }
        ingest(&case);
        assert_eq!(differing(&undisturbed, &written(&stack)), [""; 0], "{case}");
        clear(&stack);
    }

    // What does not pass is told per message, and only those come again.
    let rule = Rule::new(Fault::Internal)
        .on("s3", "GetObject")
        .at(&key_of(&told[1]))
        .times(100);
    aws.inject(rule.of("ingest"));
    let answer = aws.invoke("ingest", &event).unwrap().ok().unwrap();
    assert_eq!(
        answer["batchItemFailures"],
        json!([{"itemIdentifier": "m1"}]),
        "{answer}"
    );
    aws.heal();
    let answer = aws.invoke("ingest", &batch(&told[1..2])).unwrap().ok().unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(differing(&undisturbed, &written(&stack)), [""; 0]);
}

/// The object that a notification is about; the keys of this capture are written as they are but for `/`.
fn key_of(body: &str) -> String {
    let told: Value = serde_json::from_str(body).unwrap();
    let key = told["Records"][0]["s3"]["object"]["key"].as_str().unwrap();
    key.replace("%2F", "/")
}

#[test]
fn keys_are_decoded_and_poison_is_put_aside_with_its_reason() {
    let Some(stack) = Stack::new(1, &["ingest"]) else {
        return;
    };
    let aws = &stack.aws;
    let hour = std::fs::read_dir(stack.world.path("capture")).unwrap().count();
    assert!(hour > 0);
    let mut files = Vec::new();
    super::stack::walk(&stack.world.path("capture"), &mut files);
    files.sort();
    let lines = std::fs::read(&files[0]).unwrap();
    let folder = files[0].parent().unwrap();
    let folder = folder
        .strip_prefix(stack.world.path(""))
        .unwrap()
        .to_str()
        .unwrap();
    for name in [
        "a b.jsonl",
        "a+b.jsonl",
        "a%2Bb.jsonl",
        "a=b.jsonl",
        "\u{fc}\u{4e2d}.jsonl",
    ] {
        aws.put_object(BUCKET, &format!("{folder}/{name}"), lines.clone())
            .unwrap();
    }
    stack.ingest();
    let n_columns = |n: usize| {
        let keys = aws.keys(BUCKET, "index/").unwrap();
        assert_eq!(
            keys.iter().filter(|key| key.ends_with(".parquet")).count(),
            n,
            "{keys:#?}"
        );
    };
    n_columns(5);

    // A table, where records belong, beside a good object in one batch.
    aws.put_object(BUCKET, &format!("{folder}/poison.csv"), "city,n\nReykjavik,1\n")
        .unwrap();
    aws.put_object(BUCKET, &format!("{folder}/good.jsonl"), lines)
        .unwrap();
    for invoked in aws.map_events(&stack.captured, "ingest", 10).unwrap() {
        invoked.ok().unwrap();
    }
    n_columns(6);
    let dead = aws.drain(&stack.dead).unwrap();
    assert_eq!(dead.len(), 1, "{dead:#?}");
    assert!(dead[0].contains("poison.csv"), "{dead:#?}");
    let log = aws.log("ingest").join("\n");
    assert!(
        !log.contains("Reykjavik") && !dead[0].contains("Reykjavik"),
        "a captured value is said"
    );
}
