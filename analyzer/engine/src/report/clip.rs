//! Foreign text made safe to lay out: bounded length, no control characters, no direction overrides.
//!
//! Does not escape: that is each writer's own business.

use std::borrow::Cow;

/// Stands for what was left out.
const ELLIPSIS: char = '…';

/// At most `max` characters of a name: beginning and end kept, the middle replaced by an ellipsis; line breaks and
/// tabs become blanks, other characters that do not print (controls, direction overrides) U+FFFD.
pub(crate) fn clip(text: &str, max: usize) -> Cow<'_, str> {
    shortened(text, max, max / 3)
}

/// The same for a sentence, which loses its end.
pub(crate) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    shortened(text, max, 0)
}

fn shortened(text: &str, max: usize, n_tail: usize) -> Cow<'_, str> {
    let n = text.chars().count();
    if n <= max && !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let printable = text.chars().map(|c| match c {
        '\t' | '\n' | '\r' => ' ',
        c if is_unprintable(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    });
    if n <= max {
        return Cow::Owned(printable.collect());
    }
    if max == 0 {
        return Cow::Borrowed("");
    }
    let n_head = max - n_tail - 1;
    let mut out: String = printable.clone().take(n_head).collect();
    out.push(ELLIPSIS);
    out.extend(printable.skip(n - n_tail));
    Cow::Owned(out)
}

/// C0 and C1 controls, line and paragraph separators, and the explicit bidi embeddings, overrides and isolates, which would
/// reorder or restyle the text around them.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::{clip, cut};

    #[test]
    fn keeps_short_text_and_bounds_the_rest() {
        let long = "a".repeat(300) + "end";
        let rows = [
            ("temp", 10, "temp".to_owned()),
            ("", 10, String::new()),
            ("a\u{1b}[31mb", 20, "a\u{fffd}[31mb".to_owned()),
            ("two\r\nlines", 20, "two  lines".to_owned()),
            ("x\u{202e}y", 20, "x\u{fffd}y".to_owned()),
            ("درجة الحرارة", 20, "درجة الحرارة".to_owned()),
            (&long, 9, "aaaaa…end".to_owned()),
        ];
        for (text, max, expect) in rows {
            assert_eq!(clip(text, max), expect);
        }
        assert_eq!(cut(&long, 5), "aaaa…");
        for max in 0..4 {
            assert_eq!(clip(&long, max).chars().count(), max);
            assert_eq!(cut(&long, max).chars().count(), max);
        }
    }
}
