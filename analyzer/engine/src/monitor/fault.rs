//! What is wrong in a settings file, and where: line, column, the line itself, and what was probably meant.
//!
//! Knows TOML's errors and no settings.

use crate::error::{EngineError, ErrorKind};
use std::fmt::Write as _;
use std::ops::Range;

/// The error of reading `text`, which messages call `name`.
pub(super) fn engine_error(name: &str, text: &str, error: &toml::de::Error) -> EngineError {
    let message = error.message().trim();
    let what = message.replace('\n', ", ");
    let place = error.span().map(|span| place_of(text, &span));
    let at = place.map_or_else(String::new, |place| {
        format!(" line {}, column {}:", place.line, place.column)
    });
    let wrong = EngineError::new(ErrorKind::Usage, format!("{name}:{at} {what}"));
    wrong.with_hint(hint(message))
}

/// Where an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
}

/// The place of a byte range.
pub(super) fn place_of(text: &str, span: &Range<usize>) -> Place {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let before = &text[..start];
    Place {
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
    }
}

/// The next step: the nearest of the keys that are known, where the error lists them.
fn hint(message: &str) -> String {
    let mut out = String::new();
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some((found, known)) = names.split_first()
        && message.starts_with("unknown")
    {
        let nearest = known
            .iter()
            .map(|name| (distance(found, name), *name))
            .min()
            .filter(|(distance, _)| *distance <= 2.max(found.chars().count() / 3));
        if let Some((_, nearest)) = nearest {
            let _infallible = write!(out, "did you mean `{nearest}`? ");
        }
    }
    out + "docs/monitor.md lists every setting, with an example file"
}

/// Levenshtein distance in characters (Wagner and Fischer 1974), case and `-` against `_` ignored.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| -> Vec<char> { text.to_lowercase().replace('-', "_").chars().collect() };
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        // The textbook pair, and python-Levenshtein 0.27.1: distance("false_alarm", "false_alarms") = 1
        for (a, b, expected) in [
            ("kitten", "sitting", 3),
            ("false_alarm", "false_alarms", 1),
            ("", "abc", 3),
            ("abc", "", 3),
            ("Min-Effect", "min_effect", 0),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nβ = \"é\" x";
        let at = text.find('x').unwrap();
        assert_eq!(place_of(text, &(at..at)), Place { line: 2, column: 9 });
        assert_eq!(place_of(text, &(999..999)).line, 2);
    }
}
