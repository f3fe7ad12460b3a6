//! The plain JSON invocation, validated: what a handler is asked, in our types.
//!
//! Pure. Does not look whether a location exists and does not know what will be done with it. Errors name the field; of
//! the payload's values they repeat locations only, so that they can be logged.

use capture::time::{TimeWindow, parse_rfc3339};
use serde::Deserialize;
use serde_json::Value;
use store::{Location, StoreError};

/// One window to analyze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalyzeEvent {
    /// Capture of the window.
    pub capture: Location,
    /// The baseline.
    pub baseline: Location,
    /// Where the window's documents go.
    pub output: Location,
    /// Times from `start` on and before `end`.
    pub window: TimeWindow,
    /// What the report calls the window; the capture location without one.
    pub title: Option<String>,
}

/// A payload that is no invocation.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The payload is not a JSON object.
    #[error("the payload is {found}, expected an object with `capture`, `baseline` and `output`")]
    NotAnObject {
        /// JSON type of what was found.
        found: &'static str,
    },
    /// A field is missing, or there is one that nobody reads.
    #[error("the payload cannot be read: {problem}")]
    Fields {
        /// Which field, and what was expected.
        problem: String,
    },
    /// A field has another JSON type.
    #[error("field `{field}` is {found}, expected a string")]
    NotAString {
        /// The field.
        field: &'static str,
        /// JSON type of what was found.
        found: &'static str,
    },
    /// A field names no location.
    #[error("field `{field}` is not a location")]
    Location {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: StoreError,
    },
    /// A field is not a time.
    #[error("field `{field}` is not an RFC 3339 time such as 2026-11-21T08:00:00Z")]
    Time {
        /// The field.
        field: &'static str,
    },
    /// The monitor's name is none.
    #[error("field `monitor` is no name of a monitor: 1 to 63 letters, digits, `-`, `_`, `.`")]
    MonitorName,
    /// The window can hold nothing.
    #[error("field `start` is not before field `end`, so the window is empty")]
    EmptyWindow,
}

/// Which windows are to be closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueEvent {
    /// One monitor; all without it.
    pub monitor: Option<String>,
    /// The time it is taken to be; the invocation's without it.
    pub now: Option<i64>,
}

/// What an invocation of the analyze function asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// One window, on demand.
    Window(AnalyzeEvent),
    /// Windows that are over.
    Due(DueEvent),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DueFields {
    monitor: Option<Value>,
    now: Option<Value>,
}

impl Request {
    /// Reads a payload: one that names a capture, a baseline or an output is a window's; `{}`, `{"monitor"?, "now"?}` and
    /// what EventBridge sends on a schedule of a rule are not.
    pub fn from_payload(payload: Value) -> Result<Self, EventError> {
        let Some(fields) = payload.as_object() else {
            return AnalyzeEvent::from_payload(payload).map(Self::Window);
        };
        if fields.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event") {
            let now = fields.get("time").cloned();
            return Ok(Self::Due(DueEvent {
                monitor: None,
                now: now.map(|value| time("time", value)).transpose()?,
            }));
        }
        let is_due = fields
            .keys()
            .all(|key| ["monitor", "now"].contains(&key.as_str()));
        if !is_due {
            return AnalyzeEvent::from_payload(payload).map(Self::Window);
        }
        let fields: DueFields = serde_json::from_value(payload).map_err(|error| EventError::Fields {
            problem: error.to_string(),
        })?;
        let monitor = fields.monitor.map(|value| text("monitor", value)).transpose()?;
        if monitor.as_deref().is_some_and(|name| !is_monitor_name(name)) {
            return Err(EventError::MonitorName);
        }
        Ok(Self::Due(DueEvent {
            monitor,
            now: fields.now.map(|value| time("now", value)).transpose()?,
        }))
    }
}

/// Whether a text can be a monitor's name: it becomes part of a key.
pub fn is_monitor_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The fields as they come. They are typed one by one below, because serde's own errors repeat the value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    capture: Value,
    baseline: Value,
    output: Value,
    start: Option<Value>,
    end: Option<Value>,
    title: Option<Value>,
}

impl AnalyzeEvent {
    /// Reads `{"capture", "baseline", "output", "start"?, "end"?, "title"?}`, strings all; `null` is as good as absent
    /// for the optional ones.
    pub fn from_payload(payload: Value) -> Result<Self, EventError> {
        if !payload.is_object() {
            let found = type_name(&payload);
            return Err(EventError::NotAnObject { found });
        }
        let fields: Fields = serde_json::from_value(payload).map_err(|error| EventError::Fields {
            problem: error.to_string(),
        })?;
        let window = TimeWindow {
            start: fields.start.map(|value| time("start", value)).transpose()?,
            end: fields.end.map(|value| time("end", value)).transpose()?,
        };
        if let (Some(start), Some(end)) = (window.start, window.end)
            && start >= end
        {
            return Err(EventError::EmptyWindow);
        }
        Ok(Self {
            capture: location("capture", fields.capture)?,
            baseline: location("baseline", fields.baseline)?,
            output: location("output", fields.output)?,
            window,
            title: fields.title.map(|value| text("title", value)).transpose()?,
        })
    }
}

fn text(field: &'static str, value: Value) -> Result<String, EventError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(EventError::NotAString {
            field,
            found: type_name(&other),
        }),
    }
}

fn location(field: &'static str, value: Value) -> Result<Location, EventError> {
    Location::parse(&text(field, value)?).map_err(|source| EventError::Location { field, source })
}

fn time(field: &'static str, value: Value) -> Result<i64, EventError> {
    parse_rfc3339(&text(field, value)?).ok_or(EventError::Time { field })
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A valid payload with one field replaced, added or, by `null` in place of a required one, spoilt.
    fn with(field: &str, value: Value) -> Result<AnalyzeEvent, EventError> {
        let mut payload = json!({"capture": "s3://bucket/capture/ep", "baseline": "b", "output": "o"});
        payload[field] = value;
        AnalyzeEvent::from_payload(payload)
    }

    #[test]
    fn a_payload_becomes_types() {
        let event = with("start", json!("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(event.capture.to_string(), "s3://bucket/capture/ep");
        // date -u -d 2026-01-01 +%s (GNU coreutils 9.1)
        assert_eq!((event.window.start, event.window.end), (Some(1767225600), None));
        assert_eq!(with("end", Value::Null).unwrap().window, TimeWindow::default());
        assert_eq!(
            with("title", json!("hour 3")).unwrap().title.as_deref(),
            Some("hour 3")
        );
    }

    #[test]
    fn a_wrong_field_is_named_and_its_value_is_not() {
        for (field, value) in [
            ("captur", json!("secret")),
            ("capture", json!(5150)),
            ("capture", Value::Null),
            ("output", json!("")),
            ("baseline", json!("gs://bucket/x")),
            ("start", json!("secret")),
            ("end", json!({"secret": 5150})),
            ("title", json!(["secret"])),
        ] {
            let error = with(field, value).unwrap_err().to_string();
            assert!(error.contains(&format!("`{field}`")), "{field}: {error}");
            assert!(!error.contains("secret") && !error.contains("5150"), "{error}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = AnalyzeEvent::from_payload(json!({"capture": "a", "output": "b"})).unwrap_err();
        assert!(error.to_string().contains("`baseline`"), "{error}");
        for payload in [json!(null), json!([]), json!("secret"), json!(1)] {
            let error = AnalyzeEvent::from_payload(payload).unwrap_err().to_string();
            assert!(
                error.contains("`capture`") && !error.contains("secret"),
                "{error}"
            );
        }
    }

    #[test]
    fn windows_that_are_over_are_asked_for_by_name_time_or_neither() {
        let due = |payload: Value| match Request::from_payload(payload) {
            Ok(Request::Due(event)) => event,
            other => panic!("{other:?}"),
        };
        assert_eq!(due(json!({})), DueEvent::default());
        let named = due(json!({"monitor": "churn", "now": "2026-01-01T00:00:00Z"}));
        assert_eq!(
            (named.monitor.as_deref(), named.now),
            (Some("churn"), Some(1767225600))
        );
        let scheduled =
            json!({"detail-type": "Scheduled Event", "time": "2026-01-01T00:00:00Z", "detail": {}});
        assert_eq!(due(scheduled).now, Some(1767225600));
        for (field, value) in [
            ("monitor", json!("../x")),
            ("monitor", json!(5150)),
            ("now", json!("secret")),
        ] {
            let mut payload = json!({});
            payload[field] = value;
            let error = Request::from_payload(payload).unwrap_err().to_string();
            assert!(error.contains(&format!("`{field}`")), "{error}");
            assert!(!error.contains("secret") && !error.contains("5150"), "{error}");
        }
        let window = json!({"capture": "a", "baseline": "b", "output": "c"});
        assert!(matches!(Request::from_payload(window), Ok(Request::Window(_))));
    }

    #[test]
    fn an_empty_window_is_refused() {
        let payload = json!({"capture": "a", "baseline": "b", "output": "c",
            "start": "2026-01-01T01:00:00+01:00", "end": "2026-01-01T00:00:00Z"});
        let error = AnalyzeEvent::from_payload(payload).unwrap_err();
        assert!(matches!(error, EventError::EmptyWindow), "{error}");
    }
}
