//! Each form against its golden file and its maker's limits. `UPDATE_EXPECT=1` writes the golden files anew.

use super::fixtures::{HOUR, START, VIOLATION, settings, subject, window};
use crate::claim::{Claim, Settlement};
use crate::fact::{RunFact, RunStage, WindowFact};
use crate::notice::{Kind, Notice, Subject};
use crate::render::{body, events, pagerduty, sns, text};
use crate::settings::Form;
use crate::state::{Acknowledgement, AlertState};
use serde_json::Value;
use std::path::{Path, PathBuf};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const ID: &str = "traffic-20261101T000000Z.1.opened.team";

/// One notice of each kind but tests and reminders, as a route that hears violations gets them.
fn story(subject: &Subject) -> Vec<Notice> {
    let mut settings = settings();
    settings.routes.remove("team");
    let mut state = AlertState::new(&subject.monitor);
    let mut said = Vec::new();
    let mut now = START;
    let look = |state: &mut AlertState, now: i64| -> Vec<Notice> {
        let claims: Vec<Claim> = state.claim(&settings, subject, now, "story");
        for claim in &claims {
            state.settle(claim, &Settlement::Sent, now);
        }
        claims.into_iter().map(|claim| claim.notice).collect()
    };
    said.extend(look(&mut state, now));
    state.record(&window(0, 1, VIOLATION));
    said.extend(look(&mut state, now + HOUR));
    let given = Acknowledgement {
        by: "ana".to_owned(),
        at: now + HOUR,
        reason: None,
    };
    state.acknowledge(&settings, None, &given).unwrap();
    said.extend(look(&mut state, now + HOUR));
    now += 2 * HOUR;
    state.record(&window(1, 1, None));
    said.extend(look(&mut state, now));
    state.record_run(&RunFact {
        token: "driftline-churn-1".to_owned(),
        incident: "i-1".to_owned(),
        revision: 1,
        execution: "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/p/execution/e".to_owned(),
        stage: RunStage::Failed,
        at: now,
        reason: Some("step Train: out of memory".to_owned()),
    });
    said.extend(look(&mut state, now));
    said
}

fn in_web() -> Subject {
    Subject {
        report_url: Some("https://reports.example.com/{key}?from=mail".to_owned()),
        ..subject()
    }
}

fn check(file: &str, found: &str) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{file} differs; expected:\n{expected}\nfound:\n{found}"
    );
}

fn pretty(bytes: &[u8]) -> String {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    format!("{}\n", serde_json::to_string_pretty(&value).unwrap())
}

#[test]
fn a_story_has_each_kind_once() {
    let kinds: Vec<Kind> = story(&subject()).iter().map(|notice| notice.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Opened,
            Kind::Acknowledged,
            Kind::Recovered,
            Kind::RetrainingEnded
        ]
    );
}

#[test]
fn golden_files() {
    for notice in story(&in_web()) {
        let kind = notice.kind.name();
        for form in Form::ALL {
            let bytes = body(form, &notice, ID, KEY).unwrap();
            check(&format!("{}.{kind}.json", form.name()), &pretty(&bytes));
        }
        let mail = sns::message(&notice, ID);
        check(
            &format!("sns.{kind}.txt"),
            &format!("Subject: {}\n\n{}", mail.subject, mail.message),
        );
    }
    let entry = events::entry(&story(&subject())[0], ID);
    assert_eq!(
        (entry.source.as_str(), entry.detail_type.as_str()),
        ("driftline", "Driftline Incident")
    );
    assert_eq!(entry.resources, ["s3://bucket/monitors/churn/windows/0/r1/"]);
    check("eventbridge.opened.json", &pretty(entry.detail.as_bytes()));
}

/// Every form's own JSON is closed by `alert.v1.schema.json`; spoilt ones are refused.
#[test]
fn the_generic_form_follows_its_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../baselines/schemas/alert.v1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut notices = story(&in_web());
    notices.push(Notice::test(&subject(), START));
    notices.push(Notice::test(
        &Subject {
            monitor: "m".to_owned(),
            ..Subject::default()
        },
        START,
    ));
    for notice in &notices {
        let value: Value = serde_json::from_slice(&body(Form::Generic, notice, ID, "").unwrap()).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        let back: Notice = {
            let mut bare = value.clone();
            bare.as_object_mut().unwrap().remove("id");
            serde_json::from_value(bare).unwrap()
        };
        assert_eq!(&back, notice);
        for (key, wrong) in [
            ("kind", "exploded"),
            ("severity", "fatal"),
            ("at", "yesterday"),
            ("extra", "x"),
        ] {
            let mut spoilt = value.clone();
            spoilt[key] = Value::from(wrong);
            assert!(!validator.is_valid(&spoilt), "{key}");
        }
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove("incident");
        assert!(!validator.is_valid(&without));
    }
}

/// A notice whose every text is as long as it can be, and made of what markup interprets.
fn longest() -> Notice {
    let long = |text: &str| text.repeat(3_000 / text.len());
    let fact = {
        let mut fact: WindowFact = window(0, 1, VIOLATION);
        let mut point = fact.top[0].clone();
        point.column = Some(long("<!channel>&[x](http://e)*_`Ω"));
        point.description = long("Ω<@U1> ");
        point.remedy = long("\\*_[");
        fact.top = vec![point; 5];
        for (n, point) in fact.top.iter_mut().enumerate() {
            point.remedy = format!("{n}{}", point.remedy);
            // As facts are made of verdicts.
            for text in [&mut point.description, &mut point.remedy] {
                *text = crate::fact::cut_to(text, 400);
            }
            point.column = point
                .column
                .as_deref()
                .map(|column| crate::fact::cut_to(column, 400));
        }
        fact
    };
    let subject = Subject {
        monitor: "m".repeat(63),
        endpoint: Some("e".repeat(63)),
        ..subject()
    };
    let mut state = AlertState::new("m");
    state.record(&fact);
    state
        .claim(&settings(), &subject, START + HOUR, "test")
        .remove(0)
        .notice
}

/// Slack: docs.slack.dev/reference/block-kit/blocks. Teams: 28 KB a message. PagerDuty: events-api-v2. SNS: API reference,
/// Publish. EventBridge: 256 KB an entry.
#[test]
fn makers_limits_are_kept() {
    for notice in story(&in_web())
        .into_iter()
        .chain([longest(), Notice::test(&subject(), START)])
    {
        let slack: Value = serde_json::from_slice(&body(Form::Slack, &notice, ID, "").unwrap()).unwrap();
        let blocks = slack["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        let n = |text: &Value| text.as_str().map_or(0, |text| text.chars().count());
        for block in blocks {
            let (limit, least) = if block["type"] == "header" {
                (150, 1)
            } else {
                (3_000, 0)
            };
            assert!((least..=limit).contains(&n(&block["text"]["text"])), "{block}");
            for field in block["fields"].as_array().into_iter().flatten() {
                assert!((1..=2_000).contains(&n(&field["text"])), "{field}");
            }
            assert!(block["fields"].as_array().map_or(0, Vec::len) <= 10);
        }
        // A header is plain text, which Slack does not interpret.
        let said = Value::from(blocks[1..].to_vec()).to_string() + &slack["text"].to_string();
        assert!(
            !said.contains("<!channel>") && !said.contains("<@U1>"),
            "a column's name is no mention"
        );
        let teams = body(Form::Teams, &notice, ID, "").unwrap();
        assert!(teams.len() <= 28 * 1_024, "{} bytes", teams.len());
        assert!(
            !String::from_utf8(teams).unwrap().contains("[x](http"),
            "a column's name is no link"
        );
        let event: Value = serde_json::from_slice(&pagerduty::body(&notice, KEY).unwrap()).unwrap();
        assert!(n(&event["dedup_key"]) <= 255 && n(&event["payload"]["summary"]) <= 1_024);
        let mail = sns::message(&notice, ID);
        let subject = mail.subject.as_str();
        assert!(
            subject.len() < 100 && subject.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
            "{subject}"
        );
        assert!(subject.starts_with(|c: char| c.is_ascii_graphic()) && mail.message.len() < 256 * 1_024);
        assert!(mail.group.len() <= 128 && mail.deduplication.len() <= 128);
        assert!(events::entry(&notice, ID).detail.len() < 256 * 1_024);
        assert!(!text(&notice).is_empty());
    }
}

#[test]
fn pagerduty_hears_of_incidents_and_of_failed_retrainings() {
    let actions: Vec<Value> = story(&subject())
        .iter()
        .map(|notice| {
            let event: Value = serde_json::from_slice(&pagerduty::body(notice, KEY).unwrap()).unwrap();
            event["event_action"].clone()
        })
        .collect();
    assert_eq!(actions, ["trigger", "acknowledge", "resolve", "trigger"]);
    let fact = RunFact {
        token: "t".to_owned(),
        incident: "i".to_owned(),
        revision: 1,
        execution: "e".to_owned(),
        stage: RunStage::Succeeded,
        at: START,
        reason: None,
    };
    assert_eq!(
        pagerduty::body(
            &Notice::of_run(&subject(), Kind::RetrainingEnded, &fact, START),
            KEY
        ),
        None
    );
    let mut long = story(&subject()).remove(0);
    long.monitor = "m".repeat(300);
    let event: Value = serde_json::from_slice(&pagerduty::body(&long, KEY).unwrap()).unwrap();
    assert_eq!(
        event["dedup_key"].as_str().unwrap().len(),
        42,
        "a digest where it is too long"
    );
}

#[test]
fn links_are_made_of_the_reports_place() {
    let subject = Subject {
        report_url: Some("https://r/{key}".to_owned()),
        ..Subject::default()
    };
    assert_eq!(
        subject.link("s3://bucket/a b/ü:1/report.html"),
        "https://r/a%20b/%C3%BC%3A1/report.html"
    );
    assert_eq!(Subject::default().link("s3://bucket/x"), "s3://bucket/x");
}
