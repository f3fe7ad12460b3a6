//! Text of a condition → words with their columns. Does not know the grammar.

use super::parse::WhenError;

/// What stands at a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Word(String),
    Quoted(String),
    Comma,
    Open,
    Close,
    End,
}

/// A word and its column, from 1, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) kind: Kind,
    pub(super) column: usize,
}

impl Word {
    /// For messages.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Quoted(text) => format!("{text:?}"),
            Kind::Comma => "a comma".to_owned(),
            Kind::Open => "`(`".to_owned(),
            Kind::Close => "`)`".to_owned(),
            Kind::End => "the end".to_owned(),
        }
    }

    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(&self.kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Words of a text, `Kind::End` last.
pub(super) fn words(text: &str) -> Result<Vec<Word>, WhenError> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let column = at + 1;
        let single = match letter {
            ',' => Some(Kind::Comma),
            '(' => Some(Kind::Open),
            ')' => Some(Kind::Close),
            _ => None,
        };
        if let Some(kind) = single {
            found.push(Word { kind, column });
            at += 1;
        } else if letter.is_whitespace() {
            at += 1;
        } else if letter == '"' || letter == '\'' {
            let (text, end) = quoted_text(&letters, at)?;
            found.push(Word {
                kind: Kind::Quoted(text),
                column,
            });
            at = end;
        } else if is_word(letter) {
            let word: String = letters
                .iter()
                .skip(at)
                .take_while(|letter| is_word(**letter))
                .collect();
            at += word.chars().count();
            found.push(Word {
                kind: Kind::Word(word),
                column,
            });
        } else {
            return Err(WhenError::new(column, format!("`{letter}` has no meaning here"))
                .expected("words, commas, parentheses, and names in quotes"));
        }
    }
    found.push(Word {
        kind: Kind::End,
        column: letters.len() + 1,
    });
    Ok(found)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_-.@:%".contains(letter)
}

/// Text behind the quote at `start`, and where it ends. A backslash takes the next letter as it is.
fn quoted_text(letters: &[char], start: usize) -> Result<(String, usize), WhenError> {
    let quote = letters.get(start).copied();
    let mut text = String::new();
    let mut at = start + 1;
    while let Some(&letter) = letters.get(at) {
        if Some(letter) == quote {
            return Ok((text, at + 1));
        }
        let taken = if letter == '\\' {
            at += 1;
            letters.get(at).copied()
        } else {
            Some(letter)
        };
        text.extend(taken);
        at += 1;
    }
    Err(WhenError::new(start + 1, "the quoted name has no end".to_owned())
        .expected("the same quote behind it"))
}

/// A name in double quotes, as [`words`] reads it.
pub(super) fn quoted(name: &str) -> String {
    let escaped: String = name
        .chars()
        .flat_map(|letter| {
            let escape = matches!(letter, '"' | '\\').then_some('\\');
            escape.into_iter().chain([letter])
        })
        .collect();
    format!("\"{escaped}\"")
}
