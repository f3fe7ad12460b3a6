//! Microsoft Teams: an adaptive card in the message envelope that workflows ("when a Teams webhook request is received") read.
//!
//! Version 1.4 of adaptivecards.io's schema, which Teams shows on every client. A message may have 28 KB; the longest card made
//! here stays below it (tested). Markdown's special characters are escaped in texts that come from data.

use super::{finding_line, json, mark};
use crate::fact::cut_to;
use crate::notice::{Kind, Notice};
use baselines::decide::calendar::format_time;
use baselines::document::verdict::SeverityV1;
use serde::Serialize;

#[derive(Serialize)]
struct Message {
    #[serde(rename = "type")]
    kind: &'static str,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    content_type: &'static str,
    content_url: Option<&'static str>,
    content: Card,
}

#[derive(Serialize)]
struct Card {
    #[serde(rename = "$schema")]
    schema: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    version: &'static str,
    body: Vec<Element>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
    msteams: Width,
}

#[derive(Serialize)]
struct Width {
    width: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Element {
    TextBlock {
        text: String,
        wrap: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        weight: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        color: Option<&'static str>,
        #[serde(rename = "isSubtle", skip_serializing_if = "Option::is_none")]
        is_subtle: Option<bool>,
    },
    FactSet {
        facts: Vec<Fact>,
    },
}

#[derive(Serialize)]
struct Fact {
    title: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Action {
    #[serde(rename = "Action.OpenUrl")]
    OpenUrl { title: &'static str, url: String },
}

/// The body of the request.
pub fn body(notice: &Notice) -> Vec<u8> {
    let heading = format!("{} {}", mark(notice), notice.title);
    let color = match (notice.kind, notice.severity) {
        (Kind::Recovered, _) => "Good",
        (Kind::Test, _) | (_, SeverityV1::Info) => "Accent",
        (_, SeverityV1::Warning) => "Warning",
        (_, SeverityV1::Violation) => "Attention",
    };
    let mut body = vec![
        Element::TextBlock {
            text: escape(&cut_to(&heading, 300)),
            wrap: true,
            size: Some("Large"),
            weight: Some("Bolder"),
            color: Some(color),
            is_subtle: None,
        },
        paragraph(&escape(&notice.summary)),
    ];
    let mut facts = vec![
        fact("Monitor", &notice.monitor),
        fact("Alarming since", &format_time(notice.since)),
    ];
    if let Some(endpoint) = &notice.endpoint {
        facts.push(fact("Endpoint", endpoint));
    }
    if let Some(window) = &notice.window {
        facts.push(fact("Rows", &window.rows.to_string()));
        facts.push(fact("Findings", &window.n_findings.to_string()));
    }
    if let Some(by) = &notice.by {
        facts.push(fact("Acknowledged by", by));
    }
    body.push(Element::FactSet { facts });
    list(&mut body, "Findings", notice.top.iter().map(finding_line));
    list(&mut body, "What to do", notice.what_to_do.iter().cloned());
    let mut actions = Vec::new();
    match notice.report() {
        Some(url) if url.starts_with("https://") => {
            actions.push(Action::OpenUrl {
                title: "Open the report",
                url: url.to_owned(),
            });
        }
        Some(place) => body.push(paragraph(&format!("Report: {}", escape(place)))),
        None => {}
    }
    body.push(Element::TextBlock {
        text: escape(&format!(
            "Driftline · incident {} · {}",
            notice.incident,
            format_time(notice.at)
        )),
        wrap: true,
        size: Some("Small"),
        weight: None,
        color: None,
        is_subtle: Some(true),
    });
    json(&Message {
        kind: "message",
        attachments: [Attachment {
            content_type: "application/vnd.microsoft.card.adaptive",
            content_url: None,
            content: Card {
                schema: "http://adaptivecards.io/schemas/adaptive-card.json",
                kind: "AdaptiveCard",
                version: "1.4",
                body,
                actions,
                msteams: Width { width: "Full" },
            },
        }],
    })
}

fn paragraph(text: &str) -> Element {
    Element::TextBlock {
        text: text.to_owned(),
        wrap: true,
        size: None,
        weight: None,
        color: None,
        is_subtle: None,
    }
}

fn list(body: &mut Vec<Element>, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.map(|line| format!("- {}", escape(&line))).collect();
    if lines.is_empty() {
        return;
    }
    body.push(Element::TextBlock {
        text: title.to_owned(),
        wrap: true,
        size: None,
        weight: Some("Bolder"),
        color: None,
        is_subtle: None,
    });
    body.push(paragraph(&lines.join("\n")));
}

fn fact(title: &'static str, value: &str) -> Fact {
    Fact {
        title,
        value: escape(value),
    }
}

/// Markdown's characters that would change how a text looks or link it somewhere.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '`' | '<') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
