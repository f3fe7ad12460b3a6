//! The analyze function on S3 that misbehaves: the documents are whole or not there, and in the end they are the bytes of
//! an undisturbed run.

use super::{BUCKET, account, day, differing, function};
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tests::aws::{Aws, Fault, Rule};

/// An account with the function, its capture and its baseline, and the documents of an undisturbed run.
struct Place {
    aws: Aws,
    event: Value,
    undisturbed: BTreeMap<String, Bytes>,
}

impl Place {
    fn new() -> Option<Self> {
        let aws = account()?;
        let world = day();
        for folder in ["capture", "baseline"] {
            aws.upload(&world.path(folder), BUCKET, folder).unwrap();
        }
        let place = |name: &str| format!("s3://{BUCKET}/{name}");
        let event = json!({"capture": place("capture"), "baseline": place("baseline"), "output": place("out"),
            "start": "2026-01-21T00:00:00Z", "end": "2026-01-22T00:00:00Z"});
        aws.deploy(function("analyze", &[]));
        let outcome = aws.invoke("analyze", &event).unwrap().ok().unwrap();
        assert_eq!(outcome["status"], "violated", "{outcome}");
        assert_eq!(outcome["rows"], 480);
        let undisturbed = aws.objects(BUCKET, "out/").unwrap();
        assert_eq!(undisturbed.len(), 5, "{:?}", undisturbed.keys());
        let mut place = Self {
            aws,
            event,
            undisturbed,
        };
        place.clear();
        Some(place)
    }

    fn clear(&mut self) {
        self.aws.heal();
        for key in self.undisturbed.keys() {
            self.aws.delete_object(BUCKET, key).unwrap();
        }
    }

    /// What lies there is part of an undisturbed run, and `verdict.json` only with all of it.
    fn check_whole(&self, case: &str) -> usize {
        let found = self.aws.objects(BUCKET, "out/").unwrap();
        for (key, bytes) in &found {
            assert!(
                self.undisturbed.get(key) == Some(bytes),
                "{case}: {key} is not whole"
            );
        }
        if found.contains_key("out/verdict.json") {
            assert_eq!(found.len(), self.undisturbed.len(), "{case}: {:?}", found.keys());
        }
        found.len()
    }

    fn check_all(&self, case: &str) {
        let found = self.aws.objects(BUCKET, "out/").unwrap();
        assert_eq!(differing(&self.undisturbed, &found), [""; 0], "{case}");
    }
}

#[test]
fn what_passes_is_waited_out() {
    let Some(mut place) = Place::new() else { return };
    let in_capture = |fault| Rule::new(fault).on("s3", "GetObject").at("capture/");
    let cases = [
        ("throttled reads", in_capture(Fault::Throttled).times(2)),
        ("a failing read", in_capture(Fault::Internal).skip(3)),
        (
            "a read that breaks off",
            in_capture(Fault::Truncated).skip(5).times(2),
        ),
        ("a lost read", in_capture(Fault::LostRequest).skip(7)),
        (
            "a late read, so that later objects come first",
            in_capture(Fault::Delayed(Duration::from_millis(700))),
        ),
        (
            "a throttled list",
            Rule::new(Fault::Throttled).on("s3", "ListObjectsV2").times(2),
        ),
        (
            "throttled writes",
            Rule::new(Fault::Throttled).on("s3", "PutObject").times(2),
        ),
        (
            "a failing last write",
            Rule::new(Fault::Internal)
                .on("s3", "PutObject")
                .at("verdict.json"),
        ),
        (
            "a write whose answer is lost",
            Rule::new(Fault::LostAnswer)
                .on("s3", "PutObject")
                .at("verdict.json"),
        ),
    ];
    for (case, rule) in cases {
        let rule = place.aws.inject(rule.of("analyze"));
        let invoked = place.aws.invoke("analyze", &place.event).unwrap();
        assert_eq!(invoked.error, None, "{case}: {}", invoked.payload);
        assert!(place.aws.n_injected(rule) > 0, "{case}: the rule never struck");
        place.check_all(case);
        place.clear();
    }
    assert_eq!(place.aws.n_started("analyze"), 1, "one process did it all");
}

#[test]
fn what_does_not_pass_is_an_error_that_may_be_tried_again() {
    let Some(mut place) = Place::new() else { return };
    place.aws.inject(
        Rule::new(Fault::Internal)
            .on("s3", "PutObject")
            .at("verdict.json")
            .times(100),
    );
    let invoked = place.aws.invoke("analyze", &place.event).unwrap();
    assert_eq!(invoked.payload["errorType"], "storage", "{invoked:?}");
    let message = invoked.payload["errorMessage"].as_str().unwrap();
    assert!(message.contains("verdict.json"), "{message}");
    assert_eq!(place.check_whole("no verdict could be written"), 4);
    place.clear();

    // No answer at all: Lambda's own time-out ends the process.
    let mut hasty = function("analyze", &[]);
    hasty.timeout = Duration::from_secs(3);
    place.aws.deploy(hasty);
    let silent = Rule::new(Fault::Silence)
        .on("s3", "GetObject")
        .at("capture/")
        .skip(4);
    let silent = place.aws.inject(silent);
    let invoked = place.aws.invoke("analyze", &place.event).unwrap();
    assert_eq!(invoked.payload["errorType"], "Sandbox.Timedout", "{invoked:?}");
    assert_eq!(place.aws.n_injected(silent), 1);
    assert_eq!(place.check_whole("it was ended"), 0);
    place.aws.deploy(function("analyze", &[]));
    let invoked = place.aws.invoke("analyze", &place.event).unwrap();
    assert_eq!(invoked.error, None, "{invoked:?}");
    place.check_all("tried again");
}

/// SIGKILL at every write, before and behind it.
#[test]
fn ended_at_any_write_it_leaves_whole_documents() {
    let Some(mut place) = Place::new() else { return };
    let n_documents = place.undisturbed.len();
    for (fault, is_carried_out) in [(Fault::KilledBefore, 0), (Fault::KilledAfter, 1)] {
        for write in 0..n_documents {
            let case = format!("{fault:?} of write {write}");
            let rule = place
                .aws
                .inject(Rule::new(fault).on("s3", "PutObject").of("analyze").skip(write));
            let invoked = place.aws.invoke("analyze", &place.event).unwrap();
            assert_eq!(place.aws.n_injected(rule), 1, "{case}: {invoked:?}");
            assert_eq!(invoked.payload["errorType"], "Runtime.ExitError", "{case}");
            assert_eq!(place.check_whole(&case), write + is_carried_out, "{case}");
            let invoked = place.aws.invoke("analyze", &place.event).unwrap();
            assert_eq!(invoked.error, None, "{case}, again: {}", invoked.payload);
            place.check_all(&case);
            place.clear();
        }
    }
}

#[test]
fn analyzers_side_by_side_write_one_result() {
    let Some(place) = Place::new() else { return };
    // The first reads late, so that it writes over what the others have written.
    let late = Rule::new(Fault::Delayed(Duration::from_millis(600))).on("s3", "GetObject");
    place.aws.inject(late.at("baseline/"));
    let events = vec![place.event.clone(); 3];
    for invoked in place.aws.invoke_together("analyze", &events).unwrap() {
        assert_eq!(invoked.error, None, "{}", invoked.payload);
    }
    assert_eq!(place.aws.n_started("analyze"), 3, "each had a process");
    place.check_all("three at once");
    let log = place.aws.log("analyze").join("\n");
    assert!(log.contains(r#""message":"analyzed""#), "{log}");
    assert!(!log.contains("boat"), "a captured value is in the log");
}
