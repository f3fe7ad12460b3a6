//! Is the endpoint captured as the monitor expects it, by what SageMaker says of it?
//!
//! Compares a description with a monitor; asks nobody. What the captured objects themselves show is `capture`.

use super::Check;
use crate::init::EndpointDescription;
use crate::monitor::Monitor;
use parts::watch::below;
use store::Location;

const CHECK: &str = "account.endpoint";

/// Holds `found` against `monitor`.
pub fn endpoint_checks(monitor: &Monitor, found: &EndpointDescription) -> Vec<Check> {
    let name = &found.name;
    let mut out = Vec::new();
    if found.enabled != Some(true) {
        out.push(Check::wrong(
            CHECK,
            format!("data capture of endpoint {name} is switched off"),
            "update the endpoint with a configuration that has EnableCapture; docs/retraining.md shows one",
        ));
    } else if found.capture_status.as_deref() == Some("Stopped") {
        out.push(Check::wrong(
            CHECK,
            format!("data capture of endpoint {name} has stopped"),
            "it stops where the destination cannot be written or a disk is full: look at the endpoint's events",
        ));
    }
    if let Some(destination) = found
        .destination
        .as_deref()
        .and_then(|text| Location::parse(text).ok())
        && below(&destination, &monitor.capture.to_string()).is_none()
        && below(&monitor.capture, &destination.to_string()).is_none()
    {
        out.push(Check::wrong(
            CHECK,
            format!(
                "endpoint {name} captures to {destination}, the monitor reads {}",
                monitor.capture
            ),
            "set `capture` to where the endpoint writes",
        ));
    }
    let unknown: Vec<&str> = monitor
        .variants
        .iter()
        .filter(|variant| !found.variants.contains(variant))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        out.push(Check::wrong(
            CHECK,
            format!(
                "endpoint {name} has no variant {}, it has {}",
                unknown.join(", "),
                found.variants.join(", ")
            ),
            "correct `variants`",
        ));
    }
    let uncaptured: Vec<&str> = found
        .serverless
        .iter()
        .filter(|variant| monitor.variants.is_empty() || monitor.variants.contains(variant))
        .map(String::as_str)
        .collect();
    if !uncaptured.is_empty() {
        out.push(Check::warning(
            CHECK,
            format!(
                "{} is serverless, and SageMaker does not capture it",
                uncaptured.join(", ")
            ),
            "leave it out of `variants`, or deploy it on instances",
        ));
    }
    let policy = monitor.capture_health.policy.as_ref();
    let expected = policy.and_then(|policy| policy.sampling);
    match (expected, found.sampling) {
        (Some(expected), Some(sampling)) if (expected * 100.0 - f64::from(sampling)).abs() > 0.5 => {
            out.push(Check::wrong(
                CHECK,
                format!(
                    "the endpoint samples {sampling} %, the monitor expects {} %",
                    expected * 100.0
                ),
                "set capture_health.sampling to the endpoint's, or update the endpoint",
            ));
        }
        (None, Some(sampling)) => out.push(Check::warning(
            CHECK,
            format!("the endpoint samples {sampling} %, and the monitor does not expect any share"),
            format!("set capture_health.sampling = {sampling}, so that what is lost shows"),
        )),
        _ => {}
    }
    if out.is_empty() {
        out.push(Check::ok(
            CHECK,
            format!("SageMaker captures {name} as the monitor expects it"),
        ));
    }
    out
}
