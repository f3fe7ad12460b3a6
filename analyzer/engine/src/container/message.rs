//! The exit message: `/opt/ml/output/message`, of which the first kilobyte becomes `ExitMessage` (contract §3.3, §6.1).
//!
//! Pure: words and their cut. What stands before the colon sets the status of a schedule's execution, so the first
//! sentence is Model Monitor's own, and what else there is to say comes behind it.

/// Bytes of a message that the platform keeps.
pub(crate) const MAX_BYTES: usize = 1024;

/// The message of a run that ended well.
pub(crate) fn completed(n_violations: usize, more: &[String]) -> String {
    let first = match n_violations {
        0 => "Completed: Job completed successfully with no violations.".to_owned(),
        n => format!("CompletedWithViolations: Job completed successfully with {n} violations."),
    };
    joined(&first, more)
}

/// The message of a window without data.
pub(crate) fn no_data(why: &str) -> String {
    joined(
        "Completed: No data in the window, nothing was judged.",
        &[sentence(why)],
    )
}

/// The message of a run that failed.
pub fn failed(error: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| sentence(&format!("hint: {hint}")));
    joined(
        &format!("Failed: {}", sentence(error)),
        &hint.into_iter().collect::<Vec<_>>(),
    )
}

/// The message of a run that was asked to stop.
pub fn stopped() -> String {
    "Stopped: the job was asked to stop (SIGTERM) before its documents were ready; nothing was written."
        .to_owned()
}

fn sentence(fragment: &str) -> String {
    if fragment.ends_with(['.', '\n']) {
        fragment.to_owned()
    } else {
        format!("{fragment}.")
    }
}

fn joined(first: &str, more: &[String]) -> String {
    let mut text = first.to_owned();
    for sentence in more {
        text.push(' ');
        text.push_str(sentence);
    }
    cut(&text)
}

/// At most [`MAX_BYTES`], whole characters.
fn cut(text: &str) -> String {
    if text.len() <= MAX_BYTES {
        return text.to_owned();
    }
    let mut end = MAX_BYTES - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences of contract §3.3, letter by letter: [R RJ log, 2021] and [R EX intro c45].
    #[test]
    fn the_first_sentence_is_model_monitors() {
        assert_eq!(
            completed(0, &[]),
            "Completed: Job completed successfully with no violations."
        );
        assert_eq!(
            completed(60, &[]),
            "CompletedWithViolations: Job completed successfully with 60 violations."
        );
        let more = ["3 of 10 lines were rejected.".to_owned()];
        assert_eq!(
            completed(1, &more),
            "CompletedWithViolations: Job completed successfully with 1 violations. 3 of 10 lines were rejected."
        );
    }

    #[test]
    fn a_message_is_one_kilobyte_of_whole_characters() {
        let long = failed(&"ä".repeat(2000), Some("look"));
        assert!(long.len() <= MAX_BYTES, "{}", long.len());
        assert!(long.len() > MAX_BYTES - 4);
        assert!(long.starts_with("Failed: ää") && long.ends_with('…'));
        assert_eq!(failed("no data", Some("look")), "Failed: no data. hint: look.");
    }
}
