//! PagerDuty's Events API v2: trigger, acknowledge and resolve under one `dedup_key` per incident.
//!
//! Limits (developer.pagerduty.com, events-api-v2): `dedup_key` 255 characters, `summary` 1,024; `severity` is one of
//! critical, error, warning, info. A retraining is a trigger only where it failed: people are not paged for good news.

use super::{finding_line, json};
use crate::fact::cut_to;
use crate::notice::{Kind, Notice};
use baselines::decide::calendar::format_time;
use baselines::document::verdict::SeverityV1;
use serde::Serialize;

const DEDUP_KEY: usize = 255;
const SUMMARY: usize = 1_024;

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    dedup_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    source: &'a str,
    severity: &'static str,
    timestamp: String,
    component: &'a str,
    group: &'static str,
    class: &'static str,
    custom_details: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    summary: &'a str,
    findings: Vec<String>,
    what_to_do: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a str>,
    incident: &'a str,
}

#[derive(Serialize)]
struct Link<'a> {
    href: &'a str,
    text: &'static str,
}

/// The body of the request; `None` where PagerDuty has nothing to hear.
pub fn body(notice: &Notice, routing_key: &str) -> Option<Vec<u8>> {
    let event_action = match notice.kind {
        Kind::Opened | Kind::Escalated | Kind::Reminder | Kind::Test => "trigger",
        Kind::RetrainingEnded if notice.severity > SeverityV1::Info => "trigger",
        Kind::RetrainingStarted | Kind::RetrainingEnded => return None,
        Kind::Acknowledged => "acknowledge",
        Kind::Recovered => "resolve",
    };
    let dedup_key = dedup_key(notice);
    if event_action != "trigger" {
        return Some(json(&Event {
            routing_key,
            event_action,
            dedup_key,
            client: None,
            payload: None,
            links: Vec::new(),
        }));
    }
    let severity = match notice.severity {
        SeverityV1::Info => "info",
        SeverityV1::Warning => "warning",
        SeverityV1::Violation => "critical",
    };
    let report = notice.report();
    let web = report.filter(|url| url.starts_with("https://"));
    Some(json(&Event {
        routing_key,
        event_action,
        dedup_key,
        client: Some("Driftline"),
        payload: Some(Payload {
            summary: cut_to(&notice.title, SUMMARY),
            source: notice.endpoint.as_deref().unwrap_or(&notice.monitor),
            severity,
            timestamp: format_time(notice.at),
            component: &notice.monitor,
            group: "driftline",
            class: notice.kind.name(),
            custom_details: Details {
                summary: &notice.summary,
                findings: notice.top.iter().map(finding_line).collect(),
                what_to_do: &notice.what_to_do,
                rows: notice.window.as_ref().map(|window| window.rows),
                report,
                incident: &notice.incident,
            },
        }),
        links: web
            .map(|href| Link { href, text: "Report" })
            .into_iter()
            .collect(),
    }))
}

/// [`Notice::thread`], by its digest where it is too long.
fn dedup_key(notice: &Notice) -> String {
    let thread = notice.thread();
    if thread.len() <= DEDUP_KEY {
        return thread;
    }
    format!(
        "driftline/{:032x}",
        xxhash_rust::xxh3::xxh3_128(thread.as_bytes())
    )
}
