//! Ground-truth records: one JSON object per line, a label for one captured request (contract §4.1, §4.2).
//!
//! Beyond Model Monitor's form two things are read: `eventMetadata.inferenceId`, which wins over `eventId` as it does
//! in capture, and `eventMetadata.eventTime`, the time the label became known (RFC 3339). `inferenceTime` is not taken
//! for it: Model Monitor's own files carry a template there. Does not know what the label is of.

use crate::envelope::Text;
use crate::limits::Limits;
use crate::reject::RejectReason;
use crate::time::parse_rfc3339;
use serde::Deserialize;
use std::borrow::Cow;

/// One record: the labels of the rows of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroundTruth<'a> {
    /// Inference id, else event id.
    pub id: Cow<'a, str>,
    /// Second at which the label became known, where the record says so.
    pub second: Option<i64>,
    /// Label of each row of the request, as text; empty where it is null.
    pub labels: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow, default)]
    ground_truth_data: Option<Data<'a>>,
    #[serde(borrow, default)]
    event_metadata: Option<Event<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    data: Option<Text<'a>>,
    #[serde(borrow, default)]
    encoding: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow, default)]
    event_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    inference_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    event_time: Option<Text<'a>>,
}

/// Reads a line (without its ending). `attribute` names the label inside JSON labels of several keys.
pub fn parse<'a>(
    line: &'a [u8],
    attribute: Option<&str>,
    limits: &Limits,
) -> Result<GroundTruth<'a>, RejectReason> {
    if line.trim_ascii().is_empty() {
        return Err(RejectReason::BlankLine);
    }
    let text = std::str::from_utf8(line).map_err(|_| RejectReason::InvalidUtf8)?;
    let record: Record<'a> = sonic_rs::from_str(text).map_err(|error| {
        if error.is_unmatched_type() {
            RejectReason::NotGroundTruth
        } else {
            RejectReason::InvalidJson
        }
    })?;
    let event = record.event_metadata.ok_or(RejectReason::NotGroundTruth)?;
    let id = event
        .inference_id
        .or(event.event_id)
        .filter(|id| !id.is_empty())
        .ok_or(RejectReason::NotGroundTruth)?;
    let data = record.ground_truth_data.ok_or(RejectReason::NotGroundTruth)?;
    let label = data.data.ok_or(RejectReason::NotGroundTruth)?;
    let encoding = data.encoding.as_deref().unwrap_or("CSV");
    let labels = if encoding.eq_ignore_ascii_case("CSV") {
        csv_labels(label.0)
    } else if encoding.eq_ignore_ascii_case("JSON") {
        json_labels(&label, attribute, limits)?
    } else {
        return Err(RejectReason::UnknownEncoding);
    };
    if labels.is_empty() {
        return Err(RejectReason::NoRows);
    }
    if labels.len() > limits.max_rows_per_record {
        return Err(RejectReason::TooManyRows);
    }
    Ok(GroundTruth {
        id: id.0,
        second: event.event_time.as_deref().and_then(parse_rfc3339),
        labels,
    })
}

/// One label per line; quotes around a label are taken off.
fn csv_labels(text: Cow<'_, str>) -> Vec<Cow<'_, str>> {
    let bare = |label: &str| label.trim().trim_matches('"').len() == label.len();
    if !text.contains('\n') && bare(&text) {
        return vec![text];
    }
    let lines = text.trim_end_matches(['\n', '\r']).split('\n');
    lines
        .map(|label| Cow::Owned(label.trim().trim_matches('"').to_owned()))
        .collect()
}

/// A scalar, an object with the label in it, an array of these, `{"instances": […]}`, or JSON Lines.
fn json_labels<'a>(
    text: &str,
    attribute: Option<&str>,
    limits: &Limits,
) -> Result<Vec<Cow<'a, str>>, RejectReason> {
    if nesting(text) > limits.max_depth {
        return Err(RejectReason::TooDeep);
    }
    let mut labels = Vec::new();
    if let Ok(value) = sonic_rs::from_str::<sonic_rs::Value>(text) {
        collect(&value, attribute, limits.max_depth, &mut labels)?;
        return Ok(labels);
    }
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let value: sonic_rs::Value =
            sonic_rs::from_str(line).map_err(|_| RejectReason::InvalidPayloadJson)?;
        collect(&value, attribute, limits.max_depth, &mut labels)?;
    }
    Ok(labels)
}

/// Deepest nesting of brackets outside strings.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn collect(
    value: &sonic_rs::Value,
    attribute: Option<&str>,
    depth: usize,
    labels: &mut Vec<Cow<'_, str>>,
) -> Result<(), RejectReason> {
    use sonic_rs::{JsonContainerTrait as _, JsonValueTrait as _};
    let below = depth.checked_sub(1).ok_or(RejectReason::TooDeep)?;
    if let Some(items) = value.as_array() {
        for item in items {
            collect(item, attribute, below, labels)?;
        }
        return Ok(());
    }
    if let Some(object) = value.as_object() {
        let named = attribute.and_then(|name| object.get(&name));
        let inner = named
            .or_else(|| {
                ["instances", "predictions", "label"]
                    .iter()
                    .find_map(|name| object.get(name))
            })
            .or_else(|| {
                object
                    .iter()
                    .next()
                    .filter(|_| object.len() == 1)
                    .map(|(_, only)| only)
            })
            .ok_or(RejectReason::InvalidPayloadJson)?;
        return collect(inner, attribute, below, labels);
    }
    labels.push(Cow::Owned(if value.is_null() {
        String::new()
    } else if let Some(text) = value.as_str() {
        text.to_owned()
    } else {
        value.to_string()
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<(String, Option<i64>, Vec<String>), RejectReason> {
        parse(line.as_bytes(), None, &Limits::default()).map(|record| {
            let labels = record.labels.iter().map(ToString::to_string).collect();
            (record.id.into_owned(), record.second, labels)
        })
    }

    #[test]
    fn forms_of_the_contract_are_read() {
        // The first line is sdk-fixtures/actuals.jsonl, the second and third the forms of contract §4.1.
        let line = r#"{"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"a","inferenceTime":"{%s}"},"eventVersion":"0"}"#;
        assert_eq!(read(line), Ok(("a".into(), None, vec!["1".into()])));
        let line = r#"{"eventMetadata":{"eventId":"a","inferenceId":"b","eventTime":"1970-01-01T00:01:00Z"},
            "groundTruthData":{"data":"{\"instances\": [{\"label\": 0}, {\"label\": 1}]}","encoding":"JSON"}}"#
            .replace('\n', "");
        assert_eq!(
            read(&line),
            Ok(("b".into(), Some(60), vec!["0".into(), "1".into()]))
        );
        let line = r#"{"groundTruthData":{"data":"{\"label\": 1}\n{\"label\": \"x\"}","encoding":"JSON"},"eventMetadata":{"eventId":"a"}}"#;
        assert_eq!(read(line), Ok(("a".into(), None, vec!["1".into(), "x".into()])));
        let line = r#"{"groundTruthData":{"data":"\"yes\"\nno\n","encoding":"CSV"},"eventMetadata":{"eventId":"a"}}"#;
        assert_eq!(
            read(line),
            Ok(("a".into(), None, vec!["yes".into(), "no".into()]))
        );
    }

    #[test]
    fn what_is_no_ground_truth_says_so() {
        for (line, reason) in [
            ("", RejectReason::BlankLine),
            ("{", RejectReason::InvalidJson),
            ("{}", RejectReason::NotGroundTruth),
            (
                r#"{"groundTruthData":{"data":"1"},"eventMetadata":{}}"#,
                RejectReason::NotGroundTruth,
            ),
            (
                r#"{"groundTruthData":{"data":"1","encoding":"BASE64"},"eventMetadata":{"eventId":"a"}}"#,
                RejectReason::UnknownEncoding,
            ),
            (
                r#"{"groundTruthData":{"data":"{\"a\":1,\"b\":2}","encoding":"JSON"},"eventMetadata":{"eventId":"a"}}"#,
                RejectReason::InvalidPayloadJson,
            ),
        ] {
            assert_eq!(read(line), Err(reason), "{line}");
        }
    }
}
