//! Notices in the forms that receivers read: pure, byte for byte the same for the same notice.
//!
//! Each form keeps its maker's limits, cuts what is longer with `…`, and escapes what its markup would interpret: a column's
//! name is text, never a link or a mention. Does not send, and knows no address.

pub mod events;
pub mod pagerduty;
pub mod slack;
pub mod sns;
pub mod teams;

use crate::notice::{Kind, Notice, severity_name};
use crate::settings::Form;
use serde::Serialize;
use std::fmt::Write as _;

/// The body for a webhook of a form. `routing_key` is PagerDuty's alone.
pub fn body(form: Form, notice: &Notice, id: &str, routing_key: &str) -> Option<Vec<u8>> {
    match form {
        Form::Generic => Some(generic(notice, id)),
        Form::Slack => Some(slack::body(notice)),
        Form::Teams => Some(teams::body(notice)),
        Form::PagerDuty => pagerduty::body(notice, routing_key),
    }
}

/// The notice itself, with its delivery's id in front: `alert.v1.schema.json`.
#[derive(Serialize)]
struct Generic<'a> {
    id: &'a str,
    #[serde(flatten)]
    notice: &'a Notice,
}

/// The generic form.
pub fn generic(notice: &Notice, id: &str) -> Vec<u8> {
    json(&Generic { id, notice })
}

/// Compact JSON. The types it is given have string keys and finite numbers.
fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// `[violation]`, `[recovered]`, `[TEST]`: what a line begins with where no colour says it.
fn mark(notice: &Notice) -> String {
    match notice.kind {
        Kind::Recovered => "[recovered]".to_owned(),
        Kind::Test => "[TEST]".to_owned(),
        _ => format!("[{}]", severity_name(notice.severity)),
    }
}

/// A number for people: four significant digits, no exponent in the usual range.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..9.0).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let digits = (3.0 - magnitude).max(0.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `age: drift 0.25, limit 0.05`.
fn finding_line(point: &crate::fact::Point) -> String {
    let what = point.column.as_deref().unwrap_or("all rows");
    format!(
        "{what}: {} {}, limit {}",
        point.check,
        number(point.value),
        number(point.limit)
    )
}

/// The whole notice as plain text.
pub fn text(notice: &Notice) -> String {
    let mut out = format!("{} {}\n\n{}\n", mark(notice), notice.title, notice.summary);
    if !notice.top.is_empty() {
        out.push_str("\nFindings:\n");
        for point in &notice.top {
            let _infallible = writeln!(out, "- {}", finding_line(point));
            let _infallible = writeln!(out, "  {}", point.description);
        }
    }
    if !notice.what_to_do.is_empty() {
        out.push_str("\nWhat to do:\n");
        for step in &notice.what_to_do {
            let _infallible = writeln!(out, "- {step}");
        }
    }
    out.push('\n');
    if let Some(report) = notice.report() {
        let _infallible = writeln!(out, "Report: {report}");
    }
    if let Some(by) = &notice.by {
        let _infallible = writeln!(out, "Acknowledged by: {by}");
    }
    let _infallible = writeln!(out, "Monitor: {}", notice.monitor);
    if let Some(endpoint) = &notice.endpoint {
        let _infallible = writeln!(out, "Endpoint: {endpoint}");
    }
    let _infallible = writeln!(out, "Incident: {}", notice.incident);
    out
}
