//! Why a stored document could not be read or written.
//!
//! Does not know the file it came from (the caller adds the location) and never repeats a value found in it: values
//! of a statistics file are somebody's data.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// Why a document could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The bytes are not JSON.
    #[error("{document} is not valid JSON: {problem} at line {line}, column {column}")]
    Syntax {
        /// The document asked for, such as `statistics.json`.
        document: &'static str,
        /// What the parser met.
        problem: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON of another shape than the document's.
    #[error("{document} does not have its shape at `{path}` (line {line}, column {column}): {problem}")]
    Shape {
        /// The document asked for.
        document: &'static str,
        /// JSON path of the value, such as `features[3].numerical_statistics.mean`.
        path: String,
        /// What was expected and what kind of value was found.
        problem: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A version that this program does not read.
    #[error("{document} has version {found}, this program reads {supported}")]
    Version {
        /// The document asked for.
        document: &'static str,
        /// The version in the file.
        found: String,
        /// The versions that can be read.
        supported: &'static str,
    },
    /// The right shape, but a value that cannot be.
    #[error("{document} is not usable at `{path}`: {problem}")]
    Value {
        /// The document asked for.
        document: &'static str,
        /// JSON path of the value.
        path: String,
        /// What was expected.
        problem: String,
    },
    /// A NaN or infinity on its way into a document.
    #[error("{document} would hold a number that is not finite")]
    NotFinite {
        /// The document to be written.
        document: &'static str,
    },
}

impl DocumentError {
    /// The next step for a person.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => {
                "the file is cut off or damaged: fetch it again, or make the baseline anew"
            }
            Self::Shape { .. } | Self::Value { .. } => {
                "check that the location holds this document and not another one, or make the baseline anew"
            }
            Self::Version { .. } => "use a newer driftline, or make the baseline anew with this one",
            Self::NotFinite { .. } => {
                "this is a defect of driftline: please report it with the column's statistics"
            }
        }
    }
}

/// Reads `T` from JSON bytes; a byte order mark is skipped.
pub(super) fn from_bytes<T: DeserializeOwned>(
    document: &'static str,
    bytes: &[u8],
) -> Result<T, DocumentError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        describe(document, &path, error.inner())
    })?;
    deserializer
        .end()
        .map_err(|error| describe(document, ".", &error))?;
    Ok(value)
}

fn describe(document: &'static str, path: &str, error: &serde_json::Error) -> DocumentError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message
        .rfind(" at line ")
        .map_or(message.as_str(), |at| &message[..at]);
    match error.classify() {
        Category::Data => {
            let (path, problem) = (path.to_owned(), without_values(message));
            DocumentError::Shape {
                document,
                path,
                problem,
                line,
                column,
            }
        }
        Category::Syntax | Category::Eof | Category::Io => DocumentError::Syntax {
            document,
            problem: message.to_owned(),
            line,
            column,
        },
    }
}

/// A serde message about data without the value it quotes: `invalid type: string "x", expected f64` becomes
/// `invalid type: string, expected f64`.
fn without_values(message: &str) -> String {
    let Some(expected_at) = message.rfind(", expected ") else {
        let keeps_its_quotes = ["missing field", "duplicate field", "unknown field"]
            .iter()
            .any(|start| message.starts_with(start));
        return if keeps_its_quotes {
            message.to_owned()
        } else {
            before_quote(message)
        };
    };
    let (found, expected) = message.split_at(expected_at);
    format!("{}{expected}", before_quote(found))
}

fn before_quote(text: &str) -> String {
    text.split(['"', '`'])
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Sample = BTreeMap<String, Vec<f64>>;

    fn check(text: &str, expect: &str) {
        assert_eq!(
            from_bytes::<Sample>("sample.json", text.as_bytes())
                .unwrap_err()
                .to_string(),
            expect
        );
    }

    #[test]
    fn errors_say_where_and_what_but_not_the_value() {
        check(
            "{\"a\": [1.0,\n  \"secret\"]}",
            "sample.json does not have its shape at `a[1]` (line 2, column 10): invalid type: string, expected f64",
        );
        check(
            "{\"a\": [1.0,",
            "sample.json is not valid JSON: EOF while parsing a value at line 1, column 11",
        );
        check(
            "{\"a\": [1.0}",
            "sample.json is not valid JSON: expected `,` or `]` at line 1, column 11",
        );
        check(
            "",
            "sample.json is not valid JSON: EOF while parsing a value at line 1, column 0",
        );
        check(
            "{} x",
            "sample.json is not valid JSON: trailing characters at line 1, column 4",
        );
    }

    #[test]
    fn every_error_has_a_hint() {
        let error = from_bytes::<Sample>("sample.json", b"{").unwrap_err();
        assert!(error.hint().contains("fetch it again"));
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(
            from_bytes::<Sample>("sample.json", b"\xef\xbb\xbf{}").unwrap(),
            Sample::new()
        );
    }
}
