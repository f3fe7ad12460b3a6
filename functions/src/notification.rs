//! What `act` and `lifecycle` are asked: our verdict event, SageMaker's events, or plain JSON.
//!
//! Pure. Of the payload's values errors repeat none. Events of other sources and kinds are passed over, so that a rule which
//! catches too much does no harm.

use crate::bus::{SOURCE, WINDOW_VERDICT};
use capture::time::parse_rfc3339;
use serde_json::Value;

/// What to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActEvent {
    /// One window of a monitor.
    Window {
        /// The monitor.
        monitor: String,
        /// From when to when.
        span: (i64, i64),
        /// The revision that is told of; the newest counts.
        revision: Option<u32>,
    },
    /// Everything new of one monitor.
    Monitor(String),
    /// Everything new of all.
    All,
    /// Nothing of ours.
    Other,
}

/// What happened in SageMaker, or what to look at.
#[derive(Debug, Clone, PartialEq)]
pub enum LifecycleEvent {
    /// A pipeline execution changed.
    Execution {
        /// Its ARN.
        arn: String,
        /// Its display name: of ours the request token.
        name: Option<String>,
        /// Whether the event says that it has ended.
        has_ended: bool,
    },
    /// A model package changed: the whole event.
    Package(Value),
    /// An endpoint changed.
    Endpoint {
        /// Its name.
        name: String,
        /// Whether it serves.
        in_service: bool,
        /// Its configuration.
        config: Option<String>,
        /// When.
        at: Option<i64>,
    },
    /// One monitor.
    Monitor(String),
    /// All of them.
    All,
    /// Nothing of ours.
    Other,
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// A monitor's name: what `monitor.toml` allows, and so no path.
fn name(value: &Value) -> Result<Option<String>, String> {
    let Some(found) = value.get("monitor").filter(|found| !found.is_null()) else {
        return Ok(None);
    };
    let fits = |name: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (1..=63).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('.')
    };
    match found.as_str().filter(fits) {
        Some(name) => Ok(Some(name.to_owned())),
        None => Err("field `monitor` is no monitor's name".to_owned()),
    }
}

fn window(value: &Value) -> Result<Option<(i64, i64)>, String> {
    let Some(window) = value.get("window").filter(|found| !found.is_null()) else {
        return Ok(None);
    };
    let time = |key: &str| {
        text(window, key).and_then(parse_rfc3339).ok_or_else(|| {
            format!("field `window.{key}` is not an RFC 3339 time such as 2026-11-21T08:00:00Z")
        })
    };
    let (start, end) = (time("start")?, time("end")?);
    if start >= end {
        return Err("field `window.start` is not before `window.end`".to_owned());
    }
    Ok(Some((start, end)))
}

fn check_keys(payload: &Value, known: &[&str]) -> Result<(), String> {
    let Some(object) = payload.as_object() else {
        return Err(format!(
            "the payload is no object, expected one with {}",
            known.join(", ")
        ));
    };
    if object.keys().all(|key| known.contains(&key.as_str())) {
        return Ok(());
    }
    Err(format!(
        "the payload has an unknown field, expected some of {}",
        known.join(", ")
    ))
}

impl ActEvent {
    /// From a payload: an EventBridge event, or `{"monitor"?, "window"? {"start", "end"}, "revision"?}`.
    ///
    /// # Errors
    /// Which field is wrong.
    pub fn from_payload(payload: &Value) -> Result<Self, String> {
        if payload.get("detail-type").is_some() {
            if text(payload, "source") != Some(SOURCE) || text(payload, "detail-type") != Some(WINDOW_VERDICT)
            {
                return Ok(Self::Other);
            }
            let detail = payload.get("detail").unwrap_or(&Value::Null);
            return match Self::of(detail)? {
                Self::All => Err("the event's detail names no monitor".to_owned()),
                event => Ok(event),
            };
        }
        check_keys(payload, &["monitor", "window", "revision"])?;
        Self::of(payload)
    }

    fn of(value: &Value) -> Result<Self, String> {
        let revision = match value.get("revision").filter(|found| !found.is_null()) {
            None => None,
            Some(found) => {
                let number = found
                    .as_u64()
                    .and_then(|found| u32::try_from(found).ok())
                    .filter(|found| *found > 0);
                Some(number.ok_or("field `revision` is no number from 1 on")?)
            }
        };
        match (name(value)?, window(value)?) {
            (Some(monitor), Some(span)) => Ok(Self::Window {
                monitor,
                span,
                revision,
            }),
            (Some(monitor), None) if revision.is_none() => Ok(Self::Monitor(monitor)),
            (Some(_), None) => Err("field `revision` without `window`".to_owned()),
            (None, None) if revision.is_none() => Ok(Self::All),
            (None, _) => Err("field `monitor` is missing".to_owned()),
        }
    }
}

impl LifecycleEvent {
    /// From a payload: one of SageMaker's events, or `{"monitor"?}`, or `{"execution"}`.
    ///
    /// # Errors
    /// Which field is wrong.
    pub fn from_payload(payload: &Value) -> Result<Self, String> {
        let Some(kind) = text(payload, "detail-type") else {
            check_keys(payload, &["monitor", "execution"])?;
            return match (name(payload)?, text(payload, "execution")) {
                (Some(_), Some(_)) => Err("fields `monitor` and `execution` exclude each other".to_owned()),
                (Some(monitor), None) => Ok(Self::Monitor(monitor)),
                (None, Some(arn)) if !arn.is_empty() => Ok(Self::Execution {
                    arn: arn.to_owned(),
                    name: None,
                    has_ended: false,
                }),
                (None, None) if payload.get("execution").is_none() => Ok(Self::All),
                (None, _) => Err("field `execution` is no ARN".to_owned()),
            };
        };
        if text(payload, "source") != Some("aws.sagemaker") {
            return Ok(Self::Other);
        }
        let detail = payload.get("detail").unwrap_or(&Value::Null);
        match kind {
            "SageMaker Model Building Pipeline Execution Status Change" => {
                let arn = text(detail, "pipelineExecutionArn")
                    .ok_or("the event's detail has no pipelineExecutionArn")?;
                let status = text(detail, "currentPipelineExecutionStatus").unwrap_or_default();
                Ok(Self::Execution {
                    arn: arn.to_owned(),
                    name: text(detail, "pipelineExecutionDisplayName").map(str::to_owned),
                    has_ended: matches!(
                        status,
                        "Succeeded" | "Failed" | "Stopped" | "CompletedWithFailures"
                    ),
                })
            }
            "SageMaker Model Package State Change" => Ok(Self::Package(payload.clone())),
            "SageMaker Endpoint State Change" => {
                let name = text(detail, "EndpointName").ok_or("the event's detail has no EndpointName")?;
                // The service's pages write both IN_SERVICE and InService.
                let status = text(detail, "EndpointStatus")
                    .unwrap_or_default()
                    .replace('_', "");
                Ok(Self::Endpoint {
                    name: name.to_owned(),
                    in_service: status.eq_ignore_ascii_case("InService"),
                    config: text(detail, "EndpointConfigName").map(str::to_owned),
                    at: text(payload, "time").and_then(parse_rfc3339),
                })
            }
            _ => Ok(Self::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict() -> Value {
        json!({"version": "0", "source": "driftline", "detail-type": "Driftline Window Verdict", "detail": {
            "version": 1, "monitor": "churn", "endpoint": null, "variant": null,
            "window": {"start": "1970-01-01T00:00:00Z", "end": "1970-01-01T01:00:00Z"}, "revision": 2,
            "status": "violated", "n_findings": 3, "severity": "violation", "location": "s3://b/monitors/churn/windows/x/r2/"}})
    }

    #[test]
    fn verdicts_are_read() {
        let expected = ActEvent::Window {
            monitor: "churn".to_owned(),
            span: (0, 3_600),
            revision: Some(2),
        };
        assert_eq!(ActEvent::from_payload(&verdict()), Ok(expected.clone()));
        let plain = json!({"monitor": "churn", "window": verdict()["detail"]["window"], "revision": 2});
        assert_eq!(ActEvent::from_payload(&plain), Ok(expected));
        assert_eq!(
            ActEvent::from_payload(&json!({"monitor": "churn"})),
            Ok(ActEvent::Monitor("churn".to_owned()))
        );
        assert_eq!(ActEvent::from_payload(&json!({})), Ok(ActEvent::All));
        let mut other = verdict();
        other["detail-type"] = json!("Driftline Incident");
        assert_eq!(ActEvent::from_payload(&other), Ok(ActEvent::Other));
    }

    #[test]
    fn what_is_wrong_is_named_and_values_are_not() {
        for (payload, part) in [
            (json!(1), "no object"),
            (json!({"monitor": "../secret"}), "`monitor`"),
            (json!({"monitor": 5150}), "`monitor`"),
            (json!({"secret": 1}), "unknown field"),
            (json!({"revision": 1}), "`monitor`"),
            (json!({"monitor": "a", "revision": 1}), "`window`"),
            (
                json!({"monitor": "a", "window": {"start": "secret", "end": "x"}}),
                "`window.start`",
            ),
            (
                json!({"monitor": "a", "window": {"start": "1970-01-01T01:00:00Z", "end": "1970-01-01T00:00:00Z"}}),
                "before",
            ),
            (
                json!({"monitor": "a", "window": verdict()["detail"]["window"], "revision": 0}),
                "`revision`",
            ),
            (
                json!({"source": "driftline", "detail-type": "Driftline Window Verdict"}),
                "names no monitor",
            ),
        ] {
            let error = ActEvent::from_payload(&payload).unwrap_err();
            assert!(
                error.contains(part) && !error.contains("secret") && !error.contains("5150"),
                "{error}"
            );
        }
    }

    /// The examples of AWS's developer guide (docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html),
    /// shortened.
    #[test]
    fn sagemakers_events_are_read() {
        let event = |kind: &str, detail: Value| json!({"version": "0", "source": "aws.sagemaker", "detail-type": kind, "time": "2021-03-15T16:10:11Z", "detail": detail});
        let execution = event(
            "SageMaker Model Building Pipeline Execution Status Change",
            json!({"pipelineExecutionDisplayName": "SomeDisplayName", "currentPipelineExecutionStatus": "Succeeded",
                "previousPipelineExecutionStatus": "Executing", "executionStartTime": "2021-03-15T16:03:13Z",
                "pipelineArn": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/myPipeline-123",
                "pipelineExecutionArn": "arn:aws:sagemaker:us-east-1:123456789012:pipeline/myPipeline-123/execution/p4jn9xou8a8s"}),
        );
        let LifecycleEvent::Execution { arn, name, has_ended } =
            LifecycleEvent::from_payload(&execution).unwrap()
        else {
            panic!("another event");
        };
        assert!(arn.ends_with("/p4jn9xou8a8s") && has_ended);
        assert_eq!(name.as_deref(), Some("SomeDisplayName"));
        for status in ["IN_SERVICE", "InService", "CREATING"] {
            let endpoint = event(
                "SageMaker Endpoint State Change",
                json!({"EndpointName": "MyEndpoint", "EndpointConfigName": "MyConfig", "EndpointStatus": status}),
            );
            let expected = LifecycleEvent::Endpoint {
                name: "MyEndpoint".to_owned(),
                in_service: status != "CREATING",
                config: Some("MyConfig".to_owned()),
                // date -u -d 2021-03-15T16:10:11Z +%s (GNU coreutils 9.1)
                at: Some(1_615_824_611),
            };
            assert_eq!(LifecycleEvent::from_payload(&endpoint), Ok(expected));
        }
        let package = event(
            "SageMaker Model Package State Change",
            json!({"ModelApprovalStatus": "Approved"}),
        );
        assert_eq!(
            LifecycleEvent::from_payload(&package),
            Ok(LifecycleEvent::Package(package.clone()))
        );
        let training = event("SageMaker Training Job State Change", json!({}));
        assert_eq!(LifecycleEvent::from_payload(&training), Ok(LifecycleEvent::Other));
        assert_eq!(LifecycleEvent::from_payload(&json!({})), Ok(LifecycleEvent::All));
        for wrong in [
            json!({"execution": 1}),
            json!({"execution": ""}),
            json!({"monitor": "a", "execution": "b"}),
            json!([]),
        ] {
            assert!(LifecycleEvent::from_payload(&wrong).is_err(), "{wrong}");
        }
    }
}
