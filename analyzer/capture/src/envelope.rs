//! The capture record: one JSON object per line (contract §1.3, §1.4, §4.2).
//!
//! Key order varies, unknown keys are passed over, either side may be missing. Does not look into payloads.

use crate::reject::RejectReason;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// One captured request, borrowed from its line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptureRecord<'a> {
    /// Input and output.
    #[serde(borrow)]
    pub capture_data: Option<CaptureData<'a>>,
    /// Ids and time.
    #[serde(borrow, default)]
    pub event_metadata: Option<EventMetadata<'a>>,
}

/// The sides.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptureData<'a> {
    /// What the model was given.
    #[serde(borrow, default)]
    pub endpoint_input: Option<CapturedSide<'a>>,
    /// What it answered.
    #[serde(borrow, default)]
    pub endpoint_output: Option<CapturedSide<'a>>,
    /// A merged record of a batch transform.
    #[serde(borrow, default)]
    pub batch_transform_output: Option<CapturedSide<'a>>,
}

/// One side.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapturedSide<'a> {
    /// The whole header value; may be null or missing.
    #[serde(borrow, default)]
    pub observed_content_type: Option<Text<'a>>,
    /// The payload as text.
    #[serde(borrow, default)]
    pub data: Option<Text<'a>>,
    /// CSV, JSON or BASE64.
    #[serde(borrow, default)]
    pub encoding: Option<Text<'a>>,
}

/// Ids and time.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventMetadata<'a> {
    /// SageMaker's id of the event.
    #[serde(borrow, default)]
    pub event_id: Option<Text<'a>>,
    /// The caller's id; not unique.
    #[serde(borrow, default)]
    pub inference_id: Option<Text<'a>>,
    /// RFC 3339.
    #[serde(borrow, default)]
    pub inference_time: Option<Text<'a>>,
    /// `ShadowExperiment` for shadow variants.
    #[serde(borrow, default)]
    pub invocation_source: Option<Text<'a>>,
}

/// Reads a line (without its ending, valid UTF-8).
pub fn parse(line: &str) -> Result<CaptureRecord<'_>, RejectReason> {
    match sonic_rs::from_str::<CaptureRecord<'_>>(line) {
        Ok(record) if record.capture_data.is_some() => Ok(record),
        Ok(_) => Err(RejectReason::NotACaptureRecord),
        Err(error) if error.is_unmatched_type() => Err(RejectReason::NotACaptureRecord),
        Err(_) => Err(RejectReason::InvalidJson),
    }
}

/// Text borrowed from the line, unless it has escapes. (`Option<Cow<str>>` would copy it: serde borrows only a bare
/// `Cow`.)
#[derive(Debug, Clone)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}
