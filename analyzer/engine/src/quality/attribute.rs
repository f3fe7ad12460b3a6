//! `--prediction`, `--probability`, `--label`: which column is meant.
//!
//! An index counts the outputs of captured records (Model Monitor's `inference_attribute=0` with `captureIndexNames:
//! ["endpointOutput"]`), or the columns of a table. A name is a column, a JSON key, or a JMESPath whose last key it is
//! (`predictions[*].score`). Does not read data.

use super::read::Choice;
use crate::error::{EngineError, ErrorKind};
use std::collections::BTreeMap;

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

/// Columns of feature attributions: what stands behind `asked` in a column's name is the feature.
///
/// `shap_` means `shap_age` and `shap_income`; `shap`, `shap.*` and `explanations.shap[*]` mean the keys (or places) below
/// a JSON key. Columns that have a role already are left out. Gives `(feature, column)` in the order of the columns.
pub(crate) fn attribution_columns(
    choice: &Choice,
    asked: &str,
    roles: &BTreeMap<String, String>,
) -> Result<Vec<(String, String)>, EngineError> {
    const SEPARATORS: [char; 4] = ['.', '_', ':', '/'];
    let prefix = asked
        .trim()
        .trim_end_matches(['*', ']', '['])
        .trim_end_matches('.');
    let below = format!(".{prefix}");
    let feature_of = |column: &String| {
        let rest = column
            .strip_prefix(prefix)
            .or_else(|| column.split_once(&below).map(|(_, rest)| rest))?;
        let feature = rest.trim_start_matches(SEPARATORS);
        let is_apart = prefix.ends_with(SEPARATORS) || rest.starts_with(SEPARATORS);
        let is_free = !roles.values().any(|known| known == column);
        (is_apart && is_free && !feature.is_empty()).then(|| (feature.to_owned(), column.clone()))
    };
    let found: Vec<(String, String)> = match prefix {
        "" => Vec::new(),
        _ => choice.outputs.iter().filter_map(feature_of).collect(),
    };
    if found.is_empty() {
        let shown: Vec<&str> = choice.outputs.iter().take(12).map(String::as_str).collect();
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "--attributions asks for columns that begin with `{prefix}`, and none of the {} there are does",
                choice.outputs.len()
            ),
        )
        .with_hint(format!(
            "a prefix such as shap_ for shap_age, or a JSON key with one entry per feature; columns: {}",
            shown.join(", ")
        )));
    }
    Ok(found)
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

    #[test]
    fn attributions_are_found_by_prefix_or_by_key() {
        let choice = |names: &[&str]| Choice {
            outputs: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Choice::default()
        };
        let roles = BTreeMap::from([("probability".to_owned(), "shap_0".to_owned())]);
        let found = |names: &[&str], asked: &str| {
            attribution_columns(&choice(names), asked, &roles).map(|found| {
                found
                    .into_iter()
                    .map(|(feature, _)| feature)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(
            found(&["p", "shap_0", "shap_age", "shap_income"], "shap_").unwrap(),
            "age income"
        );
        assert_eq!(found(&["p", "shap.age", "shape"], "shap").unwrap(), "age");
        assert_eq!(
            found(&["p", "e.shap.age", "e.shap.b"], "shap[*]").unwrap(),
            "age b"
        );
        let error = found(&["p", "q"], "shap").unwrap_err();
        assert!(error.to_string().contains("begin with `shap`"), "{error}");
        assert!(error.hint().unwrap().contains("p, q"));
    }
}
