//! SNS and EventBridge as they speak on the wire: what is asked of them, and what their answers mean.

use super::fixtures::{START, subject};
use super::receiver::{Conduct, Receiver};
use crate::aws::AwsCourier;
use crate::notice::Notice;
use crate::render::{events, sns};
use crate::send::{Courier as _, Message, SendError, SendErrorKind};
use std::time::Duration;
use store::{AccessKey, StoreOptions, shared_config};

/// The answer of the API reference's example to Publish.
const PUBLISHED: &str = r#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult><ResponseMetadata><RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata></PublishResponse>"#;
const NO_TOPIC: &str = r#"<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error><RequestId>r</RequestId></ErrorResponse>"#;

async fn carry(conduct: Conduct, message: &Message) -> (Result<String, SendError>, String) {
    let receiver = Receiver::start(vec![conduct; 3]).await;
    let options = StoreOptions {
        endpoint_url: Some(receiver.url.trim_end_matches("/hook").to_owned()),
        region: Some("eu-west-1".to_owned()),
        access_key: Some(AccessKey {
            id: "test".to_owned(),
            secret: "test".to_owned(),
        }),
        max_attempts: 1,
        ..StoreOptions::default()
    };
    let courier = AwsCourier::new(&shared_config(&options).await);
    let ended = courier.carry(message, Duration::from_secs(5), START).await;
    let seen = receiver.seen();
    let body = seen
        .first()
        .map(|seen| String::from_utf8_lossy(&seen.body).into_owned());
    (ended, body.unwrap_or_default())
}

fn to_topic(topic: &str) -> Message {
    Message::Sns {
        topic: topic.to_owned(),
        message: sns::message(&Notice::test(&subject(), START), "id-1"),
    }
}

#[tokio::test]
async fn a_topic_is_published_to() {
    let topic = "arn:aws:sns:eu-west-1:111122223333:drift";
    let (ended, body) = carry(Conduct::Body(200, PUBLISHED), &to_topic(topic)).await;
    assert_eq!(ended, Ok("567910cd-659e-55d4-8ccb-5aaf14679dc0".to_owned()));
    assert!(
        body.contains("Action=Publish") && body.contains("Subject=%5BTEST%5D"),
        "{body}"
    );
    assert!(!body.contains("MessageDeduplicationId"), "{body}");
    let (_, body) = carry(Conduct::Body(200, PUBLISHED), &to_topic(&format!("{topic}.fifo"))).await;
    assert!(
        body.contains("MessageDeduplicationId=id-1") && body.contains("MessageGroupId="),
        "{body}"
    );
    let (ended, _) = carry(Conduct::Body(404, NO_TOPIC), &to_topic(topic)).await;
    let error = ended.unwrap_err();
    assert_eq!(
        (error.kind, error.said.as_str()),
        (
            SendErrorKind::Refused,
            "sns:Publish: NotFound: Topic does not exist"
        )
    );
    let (ended, _) = carry(Conduct::Close, &to_topic(topic)).await;
    assert_eq!(ended.unwrap_err().kind, SendErrorKind::Unavailable);
}

#[tokio::test]
async fn an_entry_that_fails_is_a_failure_though_the_call_succeeds() {
    let message = Message::Events {
        bus: "bus".to_owned(),
        entry: events::entry(&Notice::test(&subject(), START), "id-1"),
    };
    let taken = Conduct::Body(200, r#"{"FailedEntryCount":0,"Entries":[{"EventId":"e-1"}]}"#);
    let (ended, body) = carry(taken, &message).await;
    assert_eq!(ended, Ok("e-1".to_owned()));
    let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
    let entry = &asked["Entries"][0];
    assert_eq!(
        (&entry["Source"], &entry["DetailType"]),
        (&"driftline".into(), &"Driftline Incident".into())
    );
    assert_eq!(
        (&entry["EventBusName"], &entry["Time"]),
        (&"bus".into(), &START.into())
    );
    let detail: serde_json::Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["id"], "id-1");
    for (code, kind) in [
        ("ThrottlingException", SendErrorKind::Throttled),
        ("MalformedDetail", SendErrorKind::Refused),
    ] {
        let text: &'static str = match code {
            "ThrottlingException" => {
                r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":"slow"}]}"#
            }
            _ => {
                r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"no JSON"}]}"#
            }
        };
        let (ended, _) = carry(Conduct::Body(200, text), &message).await;
        assert_eq!(ended.unwrap_err().kind, kind);
    }
}
