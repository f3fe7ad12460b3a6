//! Amazon SNS: a subject for e-mail and a plain text.
//!
//! Limits (SNS API reference, Publish): the subject is ASCII, begins with a letter, number or punctuation mark, has no line
//! break or control character and fewer than 100 characters; a message has at most 256 KB. FIFO topics take a group and a
//! deduplication id of at most 128 characters.

use super::{mark, text};
use crate::notice::Notice;

const SUBJECT: usize = 99;
const ID: usize = 128;

/// What is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnsMessage {
    /// `Subject`.
    pub subject: String,
    /// `Message`.
    pub message: String,
    /// `MessageGroupId`, for FIFO topics: an incident's notices stay in order.
    pub group: String,
    /// `MessageDeduplicationId`, for FIFO topics.
    pub deduplication: String,
}

/// The message of a notice; `id` is its delivery's.
pub fn message(notice: &Notice, id: &str) -> SnsMessage {
    SnsMessage {
        subject: subject(&format!("{} {}", mark(notice), notice.title)),
        message: text(notice),
        group: short(&notice.thread()),
        deduplication: short(id),
    }
}

fn subject(line: &str) -> String {
    let ascii: String = line
        .chars()
        .map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' })
        .collect();
    if ascii.len() <= SUBJECT {
        return ascii;
    }
    format!("{}...", &ascii[..SUBJECT - 3])
}

/// An id as it is where it may be one, else its digest.
fn short(id: &str) -> String {
    if id.len() <= ID && id.chars().all(|c| c.is_ascii_graphic()) {
        id.to_owned()
    } else {
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(id.as_bytes()))
    }
}
