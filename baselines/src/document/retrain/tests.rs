//! Golden files, schemas and damage of the retraining documents.

use super::*;
use crate::decide::{
    FindingsWindow, Held, HeldOutcome, Incident, IncidentStage, Inputs, Policy, QualityWindow, RunStatus,
    WindowFinding, decide,
};
use crate::document::model_monitor::tests::check_schema;
use crate::judge::Severity;
use std::collections::BTreeMap;
use std::path::PathBuf;

const DAY: i64 = 86_400;

fn test_data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("test-data/retrain")
        .join(name)
}

/// The document is the golden file, fits its schema, and is read back; with `UPDATE_EXPECT=1` the file is written, for a
/// person to look at.
fn check<T: RetrainDocument + PartialEq + std::fmt::Debug>(document: &T) {
    let written = document.to_bytes().unwrap();
    let path = test_data(T::FILE);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    assert_eq!(
        String::from_utf8(written.clone()).unwrap(),
        std::fs::read_to_string(path).unwrap(),
        "{}",
        T::FILE
    );
    check_schema(&T::FILE.replace(".json", ".v1"), &written);
    assert_eq!(T::from_bytes(&written).as_ref(), Ok(document));
    let newer = String::from_utf8(written)
        .unwrap()
        .replacen(r#""version" : "1""#, r#""version" : "9""#, 1);
    assert_eq!(
        T::from_bytes(newer.as_bytes()).unwrap_err().to_string(),
        format!("{} has version 9, this program reads 1", T::FILE)
    );
}

fn decision() -> (Policy, Inputs, i64) {
    let day = |n: i64| 1_793_491_200 + n * DAY;
    let mut policy = Policy::new(
        "churn-retrain",
        "quality breach, or drift on 2 of 3 windows confirmed by estimated loss"
            .parse()
            .unwrap(),
    );
    policy.cooldown = Some(3 * DAY);
    policy.min_new_labels = Some(2_000);
    policy.gpu_hours_per_month = Some(20.0);
    policy.max_per_month = Some(4);
    let finding = WindowFinding {
        check: "drift".to_owned(),
        column: Some("age".to_owned()),
        severity: Severity::Violation,
        value: 0.25,
        limit: 0.02,
    };
    let findings = (0..3).map(|n| FindingsWindow {
        start: day(n),
        end: day(n + 1),
        revision: 1,
        digest: format!("xxh3-{n:032x}"),
        n_rows: 480,
        is_evaluated: true,
        findings: if n > 0 { vec![finding.clone()] } else { Vec::new() },
        not_checked: Vec::new(),
    });
    let estimate = Held::estimate(0.7, Some((0.65, 0.75)), 0.8, true);
    let quality = QualityWindow {
        start: day(0),
        end: day(3),
        revision: 2,
        digest: "xxh3-q".to_owned(),
        n_predictions: 1_440,
        n_labelled: 300,
        expected_coverage: Some(0.25),
        final_at: Some(day(30)),
        realised: BTreeMap::from([(
            "auc".to_owned(),
            Held {
                outcome: HeldOutcome::NotEvaluated,
                value: None,
                limit: 0.8,
            },
        )]),
        estimated: BTreeMap::from([("auc".to_owned(), estimate)]),
    };
    let inputs = Inputs {
        monitor: "churn".to_owned(),
        model: "churn".to_owned(),
        findings: findings.collect(),
        quality: vec![quality],
        ..Inputs::default()
    };
    (policy, inputs, day(3))
}

fn intent() -> IntentDocument {
    IntentDocument {
        version: VERSION.to_owned(),
        monitor: "churn".to_owned(),
        model: "churn".to_owned(),
        incident: "20261102T000000Z-00000000".to_owned(),
        revision: 1,
        token: "driftline-0123456789abcdef0123456789abcdef".to_owned(),
        pipeline: "churn-retrain".to_owned(),
        display_name: "driftline-0123456789abcdef0123456789abcdef".to_owned(),
        parameters: BTreeMap::from([("InstanceType".to_owned(), "ml.g5.2xlarge".to_owned())]),
        data_end: Some("2026-11-04T00:00:00Z".to_owned()),
        reserved_gpu_hours: Some(5.0),
        gpus: Some(1),
        requested_at: "2026-11-04T00:00:00Z".to_owned(),
        requested_by: "decider-1".to_owned(),
    }
}

fn outcome() -> OutcomeDocument {
    OutcomeDocument {
        version: VERSION.to_owned(),
        execution: "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-retrain/execution/abcdefabcdef"
            .to_owned(),
        incident: "20261102T000000Z-00000000".to_owned(),
        revision: 1,
        status: "Failed".to_owned(),
        ended_at: "2026-11-04T02:00:00Z".to_owned(),
        failure_reason: Some("the champion is better than the challenger".to_owned()),
        gpu_hours: Some(1.5),
        steps: vec![StepTwin {
            name: "Train".to_owned(),
            kind: Some("Training".to_owned()),
            status: "Succeeded".to_owned(),
            started_at: Some("2026-11-04T00:10:00Z".to_owned()),
            ended_at: Some("2026-11-04T01:40:00Z".to_owned()),
            failure_reason: None,
            job: Some("arn:aws:sagemaker:eu-west-1:123456789012:training-job/t".to_owned()),
        }],
    }
}

#[test]
fn a_decision_is_written_and_read() {
    let (policy, inputs, now) = decision();
    let decision = decide(&policy, &inputs, now);
    let document = DecisionDocument::of(&decision, &policy, "driftline 0.0.0");
    assert_eq!(document.refused_by, ["min_new_labels"]);
    assert_eq!(document.verdict, "no");
    check(&document);
}

#[test]
fn evidence_is_written_and_read() {
    let span = SpanTwin {
        start: "2026-11-02T00:00:00Z".to_owned(),
        end: "2026-11-03T00:00:00Z".to_owned(),
    };
    check(&EvidenceDocument {
        version: VERSION.to_owned(),
        software: "driftline 0.0.0".to_owned(),
        monitor: "churn".to_owned(),
        model: "churn".to_owned(),
        incident: "20261102T000000Z-00000000".to_owned(),
        revision: 1,
        at: "2026-11-04T00:00:00Z".to_owned(),
        when: "drift".to_owned(),
        monitor_file: FileTwin {
            location: "s3://b/monitor.toml".to_owned(),
            digest: "xxh3-0".to_owned(),
        },
        baseline: "s3://b/baseline".to_owned(),
        data: Some(span.clone()),
        features: vec![FeatureTwin {
            column: "age".to_owned(),
            n_windows: 1,
            checks: vec!["drift".to_owned()],
            value: 0.25,
            limit: 0.02,
        }],
        windows: vec![EvidenceWindow {
            span,
            kind: "findings".to_owned(),
            revision: 2,
            location: "s3://b/w/r2/verdict.json".to_owned(),
            digest: "xxh3-1".to_owned(),
            status: "violated".to_owned(),
            software: "driftline 0.0.0".to_owned(),
            n_rows: 480,
            n_labelled: Some(7),
            findings: vec![EvidenceFinding {
                check: "drift".to_owned(),
                column: Some("age".to_owned()),
                severity: "violation".to_owned(),
                value: 0.25,
                limit: 0.02,
                derivation: "practical threshold".to_owned(),
                description: "age has moved".to_owned(),
            }],
            metrics: vec![EvidenceMetric {
                metric: "auc".to_owned(),
                kind: "estimated".to_owned(),
                outcome: "breach".to_owned(),
                value: Some(0.7),
                limit: 0.8,
            }],
            pictures: vec!["s3://b/w/r2/report.html".to_owned()],
            objects: vec![EvidenceObject {
                key: "capture/x.jsonl".to_owned(),
                etag: Some("abc".to_owned()),
                version_id: Some("v1".to_owned()),
                size_bytes: 10,
            }],
        }],
    });
}

#[test]
fn what_was_asked_started_and_ended_is_written_and_read() {
    check(&intent());
    check(&ReceiptDocument {
        version: VERSION.to_owned(),
        execution: outcome().execution,
        service: "sagemaker".to_owned(),
        intent: intent(),
        evidence: "s3://b/evidence.json".to_owned(),
        decision: "s3://b/decision.json".to_owned(),
        written_at: "2026-11-04T00:00:01Z".to_owned(),
    });
    check(&outcome());
    let run = past_run(&intent(), true, Some(&outcome())).unwrap();
    assert_eq!(run.end.as_ref().unwrap().status, RunStatus::Failed);
    assert_eq!((run.gpu_hours(), run.started_at), (1.5, 1_793_750_400));
    assert_eq!(past_run(&intent(), false, None).unwrap().gpu_hours(), 5.0);
    let holder = FlightHolder {
        monitor: "churn".to_owned(),
        incident: intent().incident,
        revision: 1,
        since: "2026-11-04T00:00:00Z".to_owned(),
        by: "decider-1".to_owned(),
    };
    check(&FlightDocument {
        version: VERSION.to_owned(),
        model: "churn".to_owned(),
        n_taken: 3,
        holder: Some(holder),
    });
}

#[test]
fn incidents_are_read_back_in_every_stage() {
    let stages = [
        IncidentStage::Open {
            failure_reason: Some("no quota".to_owned()),
        },
        IncidentStage::Retraining,
        IncidentStage::Retrained { at: 1_793_750_400 },
        IncidentStage::Escalated {
            at: 1_793_750_400,
            reason: "worse than before".to_owned(),
        },
        IncidentStage::Resolved {
            at: 1_793_750_400,
            reason: "closed".to_owned(),
        },
    ];
    for stage in stages {
        let incident = Incident {
            stage,
            ..Incident::open("churn", 1_793_491_200, 1_793_577_600, 1_793_750_400)
        };
        let document = IncidentDocument::of("churn", &incident);
        assert_eq!(document.to_incident(), Ok(incident));
        if document.stage == "resolved" {
            check(&document);
        }
    }
}

fn package() -> PackageTwin {
    PackageTwin {
        arn: "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/2".to_owned(),
        group: Some("churn".to_owned()),
        number: Some(2),
        model_data: Some("s3://b/model.tar.gz".to_owned()),
        baseline: Some("s3://b/baseline".to_owned()),
    }
}

#[test]
fn what_comes_after_is_written_and_read() {
    check(&DeploymentDocument {
        version: VERSION.to_owned(),
        monitor: "churn".to_owned(),
        incident: "20261102T000000Z-00000000".to_owned(),
        revision: 1,
        package: package(),
        endpoint: "churn".to_owned(),
        variant: "AllTraffic".to_owned(),
        config_before: "churn-1".to_owned(),
        config_after: "churn-2".to_owned(),
        strategy: "canary".to_owned(),
        alarms: vec!["churn-5xx".to_owned()],
        requests: vec![RequestTwin {
            operation: "UpdateEndpoint".to_owned(),
            request: serde_json::json!({"EndpointName": "churn", "EndpointConfigName": "churn-2"}),
        }],
        notes: vec!["data capture was off: all requests are captured from now on".to_owned()],
    });
    let measured = |value: f64| MeasuredTwin {
        value,
        low: value - 1.0,
        high: value + 1.0,
        n: 700,
    };
    check(&CompletionDocument {
        version: VERSION.to_owned(),
        software: "driftline 0.1.0".to_owned(),
        monitor: "churn".to_owned(),
        incident: "20261102T000000Z-00000000".to_owned(),
        revision: 1,
        package: package(),
        served_from: Some("2026-11-05T00:00:00Z".to_owned()),
        verdict: "passed".to_owned(),
        reason: "better than before: rmse on all rows: 105.000000 before, 60.000000 now".to_owned(),
        compared: vec![ComparedTwin {
            segment: "all rows".to_owned(),
            metric: "rmse".to_owned(),
            old: Some(measured(105.0)),
            new: Some(measured(60.0)),
            outcome: "better".to_owned(),
            is_breach: Some(false),
        }],
        windows: vec![CompletionWindow {
            span: SpanTwin {
                start: "2026-11-05T00:00:00Z".to_owned(),
                end: "2026-11-06T00:00:00Z".to_owned(),
            },
            side: "new".to_owned(),
            revision: 1,
            digest: "xxh3-0".to_owned(),
            location: "s3://b/monitors/churn/quality/w/quality.json".to_owned(),
        }],
        baseline: Some("s3://b/baseline/versions/2".to_owned()),
        incident_is: Some("resolved".to_owned()),
    });
    check(&CurrentBaselineDocument {
        version: VERSION.to_owned(),
        number: 2,
        folder: "versions/2".to_owned(),
        history: vec![BaselineVersionTwin {
            number: 2,
            package: package().arn,
            monitor: "churn".to_owned(),
            incident: "20261102T000000Z-00000000".to_owned(),
            since: "2026-11-06T12:00:00Z".to_owned(),
        }],
    });
}

#[test]
fn an_approval_is_written_and_read() {
    let document = ApprovalDocument {
        version: VERSION.to_owned(),
        monitor: "churn".to_owned(),
        incident: "20261102T000000Z-00000000".to_owned(),
        revision: 1,
        approved: true,
        by: "ada".to_owned(),
        at: "2026-11-04T00:00:00Z".to_owned(),
        reason: Some("looked at it".to_owned()),
    };
    check(&document);
    assert_eq!(document.to_approval().unwrap().at, 1_793_750_400);
}

#[test]
fn what_cannot_be_is_an_error_with_its_path() {
    let wrong = ApprovalDocument::from_bytes(b"{\"version\":\"1\",\"monitor\":1}")
        .unwrap_err()
        .to_string();
    assert!(
        wrong.contains("approval.json does not have its shape at `monitor`"),
        "{wrong}"
    );
    let mut intent = intent();
    intent.requested_at = "yesterday".to_owned();
    let wrong = past_run(&intent, true, None).unwrap_err().to_string();
    assert!(
        wrong.contains("intent.json is not usable at `requested_at`"),
        "{wrong}"
    );
    let mut incident = IncidentDocument::of("churn", &Incident::open("churn", 0, DAY, DAY));
    incident.stage = "retrained".to_owned();
    assert!(
        incident
            .to_incident()
            .unwrap_err()
            .to_string()
            .contains("at `at`")
    );
    incident.stage = "asleep".to_owned();
    assert!(
        incident
            .to_incident()
            .unwrap_err()
            .to_string()
            .contains("at `stage`")
    );
}
