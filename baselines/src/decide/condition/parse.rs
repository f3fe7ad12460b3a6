//! Words → condition, by recursive descent; errors name the column and what would have fitted there.

use super::nearest::nearest;
use super::words::{Kind, Word, words};
use super::{Condition, Confirmation, Signal, Subject};
use crate::calibrate::Persistence;
use crate::judge::{CheckKind, Severity};
use std::fmt;

/// How deep parentheses may be nested.
pub const MAX_DEPTH: usize = 16;

const SEVERITIES: [(&str, Severity); 3] = [
    ("info", Severity::Info),
    ("warning", Severity::Warning),
    ("violation", Severity::Violation),
];

/// What is wrong in a condition, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct WhenError {
    column: usize,
    problem: String,
    expected: Option<String>,
    suggestion: Option<String>,
}

impl WhenError {
    pub(super) fn new(column: usize, problem: String) -> Self {
        Self {
            column,
            problem,
            expected: None,
            suggestion: None,
        }
    }

    pub(super) fn expected(mut self, what: impl Into<String>) -> Self {
        self.expected = Some(what.into());
        self
    }

    fn meant(mut self, word: Option<&str>) -> Self {
        self.suggestion = word.map(str::to_owned);
        self
    }

    /// Column in the text of the condition, from 1, in characters.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The word that was probably meant.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for WhenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "condition, column {}: {}", self.column, self.problem)?;
        if let Some(expected) = &self.expected {
            write!(f, ", expected {expected}")?;
        }
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean `{suggestion}`?")?;
        }
        Ok(())
    }
}

/// Reads a condition.
pub(super) fn parse(text: &str) -> Result<Condition, WhenError> {
    let words = words(text)?;
    let mut reader = Reader { words: &words, at: 0 };
    let condition = reader.group(0)?;
    let rest = reader.here();
    match rest.kind {
        Kind::End => Ok(condition),
        Kind::Word(_) => {
            let known = ["and", "or", "of", "on", "with", "confirmed"];
            let Kind::Word(word) = &rest.kind else {
                return Ok(condition);
            };
            Err(WhenError::new(rest.column, format!("{} does not continue the condition", rest.shown()))
                .expected("`and`, `or`, `of NAME`, `with severity`, `on N of M windows`, `confirmed by` in this order, or the end")
                .meant(nearest(word, known).filter(|known| !rest.is(known))))
        }
        _ => Err(WhenError::new(
            rest.column,
            format!("{} does not continue the condition", rest.shown()),
        )
        .expected("`and`, `or` or the end")),
    }
}

struct Reader<'a> {
    words: &'a [Word],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> &'a Word {
        let last = self.words.len() - 1;
        &self.words[(self.at + ahead).min(last)]
    }

    fn here(&self) -> &'a Word {
        self.peek(0)
    }

    fn take(&mut self) -> &'a Word {
        let word = self.here();
        self.at += 1;
        word
    }

    fn take_if(&mut self, keyword: &str) -> bool {
        let is = self.here().is(keyword);
        self.at += usize::from(is);
        is
    }

    /// The next word must be one of these.
    fn demand(&mut self, keywords: &[&'static str], behind: &str) -> Result<(), WhenError> {
        let found = self.take();
        if keywords.iter().any(|keyword| found.is(keyword)) {
            return Ok(());
        }
        let listed: Vec<String> = keywords.iter().map(|keyword| format!("`{keyword}`")).collect();
        Err(Self::wrong(
            found,
            format!("{} stands behind {behind}", found.shown()),
            &listed.join(" or "),
            keywords,
        ))
    }

    fn wrong(found: &Word, problem: String, expected: &str, known: &[&'static str]) -> WhenError {
        let meant = match &found.kind {
            Kind::Word(word) => nearest(word, known.iter().copied()),
            _ => None,
        };
        WhenError::new(found.column, problem)
            .expected(expected)
            .meant(meant)
    }

    fn group(&mut self, depth: usize) -> Result<Condition, WhenError> {
        let first = self.part(depth)?;
        let mut parts = vec![first];
        let mut joined_by: Option<&'static str> = None;
        loop {
            let comma = usize::from(self.here().kind == Kind::Comma);
            let word = self.peek(comma);
            let joint = ["and", "or"].into_iter().find(|joint| word.is(joint));
            let Some(joint) = joint else {
                if comma == 1 {
                    return Err(Self::wrong(
                        word,
                        format!("{} stands behind a comma", word.shown()),
                        "`and` or `or`",
                        &["and", "or"],
                    ));
                }
                break;
            };
            if joined_by.is_some_and(|before| before != joint) {
                return Err(
                    WhenError::new(word.column, "`and` and `or` stand side by side".to_owned())
                        .expected("parentheses that say what belongs together"),
                );
            }
            joined_by = Some(joint);
            self.at += comma + 1;
            parts.push(self.part(depth)?);
        }
        Ok(match (joined_by, parts.len()) {
            (Some("and"), _) => Condition::All(parts),
            (Some(_), _) => Condition::Any(parts),
            (None, _) => parts.swap_remove(0),
        })
    }

    fn part(&mut self, depth: usize) -> Result<Condition, WhenError> {
        let open = self.here();
        if open.kind != Kind::Open {
            return self.signal().map(Condition::Signal);
        }
        if depth + 1 > MAX_DEPTH {
            return Err(WhenError::new(
                open.column,
                format!("parentheses are nested more than {MAX_DEPTH} deep"),
            ));
        }
        self.at += 1;
        let inner = self.group(depth + 1)?;
        let close = self.take();
        if close.kind == Kind::Close {
            return Ok(inner);
        }
        Err(WhenError::new(
            close.column,
            format!("{} stands where a parenthesis should close", close.shown()),
        )
        .expected(format!("`)` for the one opened in column {}", open.column)))
    }

    fn signal(&mut self) -> Result<Signal, WhenError> {
        let mut subject = self.subject()?;
        if self.take_if("of") {
            let name = Some(self.name()?);
            match &mut subject {
                Subject::QualityBreach { metric } | Subject::EstimatedBreach { metric } => *metric = name,
                Subject::Finding { column, .. } => *column = name,
            }
        }
        let with = self.here();
        let severity = if self.take_if("with") {
            if !matches!(subject, Subject::Finding { .. }) {
                return Err(
                    WhenError::new(with.column, "a breach of quality has no severity".to_owned())
                        .expected("`with severity` behind a finding only"),
                );
            }
            self.demand(&["severity"], "`with`")?;
            Some(self.severity()?)
        } else {
            None
        };
        let persistence = if self.take_if("on") {
            self.persistence()?
        } else {
            Persistence::default()
        };
        let confirmed_by = if self.take_if("confirmed") {
            self.demand(&["by"], "`confirmed`")?;
            Some(self.confirmation()?)
        } else {
            None
        };
        Ok(Signal {
            subject,
            severity,
            persistence,
            confirmed_by,
        })
    }

    fn subject(&mut self) -> Result<Subject, WhenError> {
        let found = self.take();
        let Kind::Word(word) = &found.kind else {
            return Err(Self::not_a_subject(found));
        };
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "quality" => {
                self.demand(&["breach"], "`quality`")?;
                Ok(Subject::QualityBreach { metric: None })
            }
            "estimated" => {
                self.demand(&["breach"], "`estimated`")?;
                Ok(Subject::EstimatedBreach { metric: None })
            }
            "any" => {
                self.demand(&["finding"], "`any`")?;
                Ok(Subject::Finding {
                    check: None,
                    column: None,
                })
            }
            name => match CheckKind::ALL.into_iter().find(|check| check.name() == name) {
                Some(check) => Ok(Subject::Finding {
                    check: Some(check),
                    column: None,
                }),
                None => Err(Self::not_a_subject(found)),
            },
        }
    }

    fn not_a_subject(found: &Word) -> WhenError {
        let known: Vec<&'static str> = ["quality", "estimated", "any"]
            .into_iter()
            .chain(CheckKind::ALL.map(CheckKind::name))
            .collect();
        let mut error = Self::wrong(
            found,
            format!("{} is nothing that a window can show", found.shown()),
            "`quality breach`, `estimated breach`, `any finding`, `drift` or the name of another check",
            &known,
        );
        let whole = |word: &String| match word.as_str() {
            "quality" | "estimated" => format!("{word} breach"),
            "any" => "any finding".to_owned(),
            _ => word.clone(),
        };
        error.suggestion = error.suggestion.as_ref().map(whole);
        error
    }

    fn name(&mut self) -> Result<String, WhenError> {
        let found = self.take();
        match &found.kind {
            Kind::Quoted(name) if !name.is_empty() => Ok(name.clone()),
            Kind::Word(name) => Ok(name.clone()),
            _ => Err(WhenError::new(
                found.column,
                format!("{} names no metric or column", found.shown()),
            )
            .expected("a name, in quotes where it has spaces")),
        }
    }

    fn severity(&mut self) -> Result<Severity, WhenError> {
        let found = self.take();
        SEVERITIES
            .into_iter()
            .find(|(name, _)| found.is(name))
            .map(|(_, severity)| severity)
            .ok_or_else(|| {
                let known = SEVERITIES.map(|(name, _)| name);
                Self::wrong(
                    found,
                    format!("{} is no severity", found.shown()),
                    "`info`, `warning` or `violation`",
                    &known,
                )
            })
    }

    fn persistence(&mut self) -> Result<Persistence, WhenError> {
        let first = self.here();
        let needed = self.count("`on`")?;
        self.demand(&["of"], "the number of windows needed")?;
        let of = self.count("`of`")?;
        self.demand(&["windows", "window"], "the number of windows looked at")?;
        Persistence::new(needed, of).map_err(|_| {
            WhenError::new(first.column, format!("{needed} of {of} windows cannot be")).expected(format!(
                "1 to M of M windows, M at most {}",
                Persistence::MAX_WINDOWS
            ))
        })
    }

    fn count(&mut self, behind: &str) -> Result<u32, WhenError> {
        let found = self.take();
        let number = match &found.kind {
            Kind::Word(word) => word.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| {
            WhenError::new(found.column, format!("{} stands behind {behind}", found.shown()))
                .expected("a number of windows, such as `on 3 of 5 windows`")
        })
    }

    fn confirmation(&mut self) -> Result<Confirmation, WhenError> {
        let found = self.take();
        let confirmation = if found.is("realised") || found.is("realized") {
            Confirmation::RealisedLoss
        } else if found.is("estimated") {
            if self.here().is("or") && (self.peek(1).is("realised") || self.peek(1).is("realized")) {
                self.at += 2;
                Confirmation::EitherLoss
            } else {
                Confirmation::EstimatedLoss
            }
        } else {
            return Err(Self::wrong(
                found,
                format!("{} confirms nothing", found.shown()),
                "`estimated loss`, `realised loss` or `estimated or realised loss`",
                &["estimated", "realised"],
            ));
        };
        self.demand(&["loss"], &found.shown())?;
        Ok(confirmation)
    }
}
