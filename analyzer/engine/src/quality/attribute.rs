//! `--prediction`, `--probability`, `--label`: which column is meant.
//!
//! An index counts the outputs of captured records (Model Monitor's `inference_attribute=0` with `captureIndexNames:
//! ["endpointOutput"]`), or the columns of a table. A name is a column, a JSON key, or a JMESPath whose last key it is
//! (`predictions[*].score`). Does not read data.

use crate::error::{EngineError, ErrorKind};

/// A column as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// By position, from 0.
    Index(usize),
    /// By name.
    Name(String),
}

impl Attribute {
    /// Reads an argument.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Ok(index) = text.parse() {
            return Self::Index(index);
        }
        let bare = |part: &str| part.trim_end_matches([']', '*', '[']).to_owned();
        match text.rsplit_once("].") {
            Some((_, last)) => Self::Name(bare(last)),
            None => Self::Name(text.strip_suffix("[*]").unwrap_or(text).to_owned()),
        }
    }

    /// The column among `names`; `argument` is what asked for it.
    pub(crate) fn resolve<'n>(&self, argument: &str, names: &'n [String]) -> Result<&'n str, EngineError> {
        let found = match self {
            Self::Index(index) => names.get(*index),
            Self::Name(name) => names
                .iter()
                .find(|n| *n == name)
                // A dotted path into JSON may be named by its last key.
                .or_else(|| {
                    let mut ends = names.iter().filter(|n| n.rsplit('.').next() == Some(name));
                    ends.next().filter(|_| ends.next().is_none())
                }),
        };
        found.map(String::as_str).ok_or_else(|| {
            let asked = match self {
                Self::Index(index) => format!("column {index}"),
                Self::Name(name) => format!("column `{name}`"),
            };
            let shown: Vec<&str> = names.iter().take(12).map(String::as_str).collect();
            let more = if names.len() > 12 { ", …" } else { "" };
            EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{argument} asks for {asked}, and there is none among the {} there are",
                    names.len()
                ),
            )
            .with_hint(if shown.is_empty() {
                "no output was captured; check what the endpoint's capture options record".to_owned()
            } else {
                format!("columns, counted from 0: {}{more}", shown.join(", "))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_indices_names_or_paths() {
        assert_eq!(Attribute::parse("0"), Attribute::Index(0));
        assert_eq!(Attribute::parse("score"), Attribute::Name("score".into()));
        assert_eq!(
            Attribute::parse("predictions[*].predicted_label"),
            Attribute::Name("predicted_label".into())
        );
        assert_eq!(Attribute::parse("scores[*]"), Attribute::Name("scores".into()));
    }

    #[test]
    fn a_column_that_is_not_there_is_named_with_those_that_are() {
        let names = ["a".to_owned(), "x.score".to_owned()];
        let found = Attribute::parse("score")
            .resolve("--probability", &names)
            .unwrap();
        assert_eq!(found, "x.score");
        let error = Attribute::Index(2).resolve("--prediction", &names).unwrap_err();
        assert!(
            error.to_string().contains("--prediction asks for column 2"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("a, x.score"));
    }
}
