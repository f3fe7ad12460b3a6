//! Slack's incoming webhooks: Block Kit with a plain fallback text.
//!
//! Limits (docs.slack.dev, reference/block-kit/blocks): 50 blocks a message, 150 characters in a header, 3,000 in a section's
//! text, ten fields of 2,000, 75 in a button, 3,000 in its URL. `&`, `<` and `>` are escaped as Slack asks, so nothing
//! becomes a mention or a link. Colours need the old attachments, so the severity is a word.

use super::{finding_line, json, mark};
use crate::fact::cut_to;
use crate::notice::Notice;
use baselines::decide::calendar::format_time;
use serde::Serialize;

const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELD: usize = 2_000;
const URL: usize = 3_000;

#[derive(Serialize)]
struct Message {
    text: String,
    blocks: Vec<Block>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Header {
        text: Text,
    },
    Section {
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Text>,
    },
    Actions {
        elements: Vec<Button>,
    },
    Context {
        elements: Vec<Text>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Text {
    PlainText { text: String },
    Mrkdwn { text: String },
}

#[derive(Serialize)]
struct Button {
    #[serde(rename = "type")]
    kind: &'static str,
    text: Text,
    url: String,
}

/// The body of the request.
pub fn body(notice: &Notice) -> Vec<u8> {
    let heading = format!("{} {}", mark(notice), notice.title);
    let mut blocks = vec![
        Block::Header {
            text: Text::PlainText {
                text: cut_to(&heading, HEADER),
            },
        },
        section(&escape(&notice.summary)),
    ];
    let mut fields = vec![
        field("Monitor", &notice.monitor),
        field("Alarming since", &format_time(notice.since)),
    ];
    if let Some(endpoint) = &notice.endpoint {
        fields.push(field("Endpoint", endpoint));
    }
    if let Some(window) = &notice.window {
        fields.push(field("Rows", &window.rows.to_string()));
        fields.push(field("Findings", &window.n_findings.to_string()));
    }
    if let Some(by) = &notice.by {
        fields.push(field("Acknowledged by", by));
    }
    blocks.push(Block::Section { text: None, fields });
    if !notice.top.is_empty() {
        let lines: Vec<String> = notice
            .top
            .iter()
            .map(|point| format!("• {}", escape(&finding_line(point))))
            .collect();
        blocks.push(section(&format!("*Findings*\n{}", lines.join("\n"))));
    }
    if !notice.what_to_do.is_empty() {
        let lines: Vec<String> = notice
            .what_to_do
            .iter()
            .map(|step| format!("• {}", escape(step)))
            .collect();
        blocks.push(section(&format!("*What to do*\n{}", lines.join("\n"))));
    }
    // A button takes web addresses alone; a place in S3 is said as text.
    match notice.report() {
        Some(url) if url.starts_with("https://") && url.len() <= URL => blocks.push(Block::Actions {
            elements: vec![Button {
                kind: "button",
                text: Text::PlainText {
                    text: "Open the report".to_owned(),
                },
                url: url.to_owned(),
            }],
        }),
        Some(place) => blocks.push(section(&format!("*Report*\n{}", escape(place)))),
        None => {}
    }
    let about = format!(
        "Driftline · incident {} · {}",
        notice.incident,
        format_time(notice.at)
    );
    blocks.push(Block::Context {
        elements: vec![Text::Mrkdwn { text: escape(&about) }],
    });
    json(&Message {
        text: escape(&heading),
        blocks,
    })
}

fn section(text: &str) -> Block {
    Block::Section {
        text: Some(Text::Mrkdwn {
            text: cut_to(text, SECTION),
        }),
        fields: Vec::new(),
    }
}

fn field(name: &str, value: &str) -> Text {
    Text::Mrkdwn {
        text: cut_to(&format!("*{name}*\n{}", escape(value)), FIELD),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
