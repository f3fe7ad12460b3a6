//! What an ingest invocation names: objects, each with the message it came in.
//!
//! Four forms: an S3 notification, an EventBridge event `Object Created`, either of them in the body of SQS messages
//! (through SNS or not), and plain `{"objects": ["s3://…"]}`. Keys of notifications are form-encoded (`+` is a space), those
//! of EventBridge are not (S3 User Guide, "Event message structure"). Pure. Does not look whether an object exists.

use crate::event::EventError;
use serde_json::Value;
use store::Location;

/// An object to take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Where it is.
    pub location: Location,
}

/// What one message of a queue, or the invocation itself, names.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id, where it came through SQS.
    pub id: Option<String>,
    /// Its objects; an error where it is no event of ours.
    pub objects: Result<Vec<Arrived>, String>,
}

/// The messages of a payload.
pub fn messages(payload: &Value) -> Result<Vec<Message>, EventError> {
    let records = payload.get("Records").and_then(Value::as_array);
    if let Some(records) = records
        && records.iter().all(is_sqs)
        && !records.is_empty()
    {
        return Ok(records.iter().map(of_sqs).collect());
    }
    match objects(payload) {
        Ok(objects) => Ok(vec![Message {
            id: None,
            objects: Ok(objects),
        }]),
        Err(problem) => Err(EventError::Fields { problem }),
    }
}

fn is_sqs(record: &Value) -> bool {
    record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs") && record.get("body").is_some()
}

fn of_sqs(record: &Value) -> Message {
    let id = record.get("messageId").and_then(Value::as_str).map(str::to_owned);
    let body = record.get("body").and_then(Value::as_str).unwrap_or_default();
    let objects = serde_json::from_str::<Value>(body)
        .map_err(|_| "the body of the message is not JSON".to_owned())
        .and_then(|body| objects(&body));
    Message { id, objects }
}

/// The objects that an event outside a queue names.
fn objects(event: &Value) -> Result<Vec<Arrived>, String> {
    // SNS puts the notification into a text.
    if event.get("Type").and_then(Value::as_str) == Some("Notification")
        && let Some(text) = event.get("Message").and_then(Value::as_str)
    {
        let inner: Value =
            serde_json::from_str(text).map_err(|_| "the SNS message is not JSON".to_owned())?;
        return objects(&inner);
    }
    // S3 sends one when a notification is set up.
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    if let Some(named) = event.get("objects") {
        let named = named
            .as_array()
            .ok_or_else(|| "field `objects` is not a list of locations".to_owned())?;
        let place = |(idx, value): (usize, &Value)| {
            let text = value.as_str();
            text.and_then(|text| Location::parse(text).ok())
                .map(|location| Arrived { location })
                .ok_or_else(|| format!("field `objects[{idx}]` is not a location"))
        };
        return named.iter().enumerate().map(place).collect();
    }
    if event.get("detail-type").and_then(Value::as_str) == Some("Object Created") {
        let detail = event.get("detail").unwrap_or(&Value::Null);
        let bucket = detail.pointer("/bucket/name").and_then(Value::as_str);
        let key = detail.pointer("/object/key").and_then(Value::as_str);
        return Ok(at(bucket, key.map(str::to_owned), "detail")?
            .into_iter()
            .collect());
    }
    if let Some(records) = event.get("Records").and_then(Value::as_array) {
        let mut found = Vec::new();
        for (idx, record) in records.iter().enumerate() {
            let name = record
                .get("eventName")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if !name.trim_start_matches("s3:").starts_with("ObjectCreated") {
                continue;
            }
            let bucket = record.pointer("/s3/bucket/name").and_then(Value::as_str);
            let key = record.pointer("/s3/object/key").and_then(Value::as_str);
            let decoded = key.map(form_decoded).transpose()?;
            found.extend(at(bucket, decoded, &format!("Records[{idx}].s3"))?);
        }
        return Ok(found);
    }
    Err(
        "expected an S3 notification, an EventBridge event `Object Created`, SQS messages of either, or \
         {\"objects\": [\"s3://bucket/key\"]}"
            .to_owned(),
    )
}

fn at(bucket: Option<&str>, key: Option<String>, field: &str) -> Result<Option<Arrived>, String> {
    let (Some(bucket), Some(key)) = (bucket, key) else {
        return Err(format!("field `{field}` names no bucket and key"));
    };
    // A folder that a console made.
    if key.ends_with('/') {
        return Ok(None);
    }
    let location = Location::parse(&format!("s3://{bucket}/{key}"))
        .map_err(|_| format!("field `{field}` names no object that can be read"))?;
    Ok(Some(Arrived { location }))
}

/// `application/x-www-form-urlencoded`: `+` is a space, `%2B` a plus, bytes are UTF-8.
pub fn form_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, behind) = rest
                    .split_first_chunk::<2>()
                    .ok_or_else(|| "a key is not form-encoded: `%` without two digits".to_owned())?;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (Some(high), Some(low)) = (digit(digits[0]), digit(digits[1])) else {
                    return Err("a key is not form-encoded: `%` without two hexadecimal digits".to_owned());
                };
                bytes.push((high * 16 + low) as u8);
                rest = behind;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).map_err(|_| "a key is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn s3(key: &str) -> Value {
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "bucket"}, "object": {"key": key, "eTag": "e"}}}]})
    }

    fn found(payload: &Value) -> Vec<String> {
        let messages = messages(payload).unwrap();
        let objects = messages.into_iter().flat_map(|message| message.objects.unwrap());
        objects.map(|object| object.location.to_string()).collect()
    }

    /// `urllib.parse.quote_plus("a b+c=d é/x", safe="/")` (Python 3.11.7) = `a+b%2Bc%3Dd+%C3%A9/x`
    #[test]
    fn keys_are_decoded_as_forms() {
        assert_eq!(found(&s3("a+b%2Bc%3Dd+%C3%A9/x")), ["s3://bucket/a b+c=d é/x"]);
        assert_eq!(found(&s3("y=1/m=2/x.jsonl")), ["s3://bucket/y=1/m=2/x.jsonl"]);
        for broken in ["a%", "a%2", "a%zz", "%FF"] {
            assert!(messages(&s3(broken)).is_err(), "{broken}");
        }
    }

    #[test]
    fn every_form_names_its_objects() {
        let bridge = json!({"source": "aws.s3", "detail-type": "Object Created",
            "detail": {"bucket": {"name": "bucket"}, "object": {"key": "a+b c%20"}}});
        assert_eq!(
            found(&bridge),
            ["s3://bucket/a+b c%20"],
            "EventBridge keys are as they are"
        );
        let sqs = |bodies: &[String]| {
            let record = |(idx, body): (usize, &String)| json!({"messageId": format!("m{idx}"), "eventSource": "aws:sqs", "body": body});
            json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
        };
        let through = sqs(&[s3("x").to_string(), bridge.to_string()]);
        assert_eq!(found(&through), ["s3://bucket/x", "s3://bucket/a+b c%20"]);
        let sns = json!({"Type": "Notification", "Message": s3("x").to_string()});
        assert_eq!(found(&sqs(&[sns.to_string()])), ["s3://bucket/x"]);
        assert_eq!(
            found(&json!({"objects": ["s3://bucket/k", "f/x"]})),
            ["s3://bucket/k", "f/x"]
        );
        assert!(found(&json!({"Event": "s3:TestEvent"})).is_empty());
        assert!(found(&s3("folder/")).is_empty());
        let removed = json!({"Records": [{"eventName": "ObjectRemoved:Delete"}]});
        assert!(found(&removed).is_empty());
    }

    #[test]
    fn a_bad_message_does_not_spoil_the_others() {
        let payload = json!({"Records": [
            {"messageId": "m0", "eventSource": "aws:sqs", "body": "secret"},
            {"messageId": "m1", "eventSource": "aws:sqs", "body": s3("x").to_string()},
        ]});
        let messages = messages(&payload).unwrap();
        let problem = messages[0].objects.as_ref().unwrap_err();
        assert!(!problem.contains("secret"), "{problem}");
        assert_eq!(messages[1].id.as_deref(), Some("m1"));
        assert!(messages[1].objects.is_ok());
        for other in [
            json!({}),
            json!([]),
            json!("secret"),
            json!({"objects": "secret"}),
            json!({"objects": [5150]}),
        ] {
            let error = super::messages(&other).unwrap_err().to_string();
            assert!(!error.contains("secret") && !error.contains("5150"), "{error}");
        }
    }
}
