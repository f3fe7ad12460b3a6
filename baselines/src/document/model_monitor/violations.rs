//! `constraint_violations.json`: the twin, its reader and writer.
//!
//! Does not decide what violates, and knows the check types only as text: model-quality runs put an operator there.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::VIOLATIONS_FILE;
use crate::document::{DocumentError, canonical, error};
use crate::judge::{CheckKind, Finding, Severity, Verdict};

/// A whole `constraint_violations.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Violations {
    /// `"1.0"` in Clarify's files, absent in the others.
    #[serde(
        default,
        deserialize_with = "text_or_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub version: Option<String>,
    /// The violations; an empty list says that nothing violated.
    pub violations: Vec<Violation>,
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Column; absent in model-quality files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_name: Option<String>,
    /// Bias files: the facet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facet: Option<String>,
    /// Bias files: the facet's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facet_value: Option<String>,
    /// Which check, or in model-quality files which comparison.
    pub constraint_check_type: String,
    /// Metric; in model-quality and bias files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    /// One sentence for people.
    pub description: String,
}

impl Violations {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path where it is not a violations file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        error::from_bytes(VIOLATIONS_FILE, bytes)
    }

    /// Canonical bytes, laid out as Model Monitor's own files.
    ///
    /// # Errors
    /// None in practice: the file holds no number.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        canonical::to_bytes(VIOLATIONS_FILE, self)
    }
}

impl From<&Verdict> for Violations {
    /// The violations of Model Monitor's six checks, and no others: a shortfall of completeness that chance explains is
    /// none. An empty list where there is none.
    fn from(verdict: &Verdict) -> Self {
        let violations = verdict
            .findings
            .iter()
            .filter(|finding| finding.check.is_model_monitor() && finding.severity == Severity::Violation)
            .map(violation);
        Self {
            version: None,
            violations: violations.collect(),
        }
    }
}

fn violation(finding: &Finding) -> Violation {
    // What Model Monitor names when a column count is meant was not found in any source (contract, Appendix A).
    let data_set = match finding.check {
        CheckKind::MissingColumn => "Missing columns",
        CheckKind::ExtraColumn => "Extra columns",
        _ => "Data set",
    };
    Violation {
        feature_name: Some(finding.column.clone().unwrap_or_else(|| data_set.to_owned())),
        facet: None,
        facet_value: None,
        constraint_check_type: finding.check.name().to_owned(),
        metric_name: None,
        description: finding.description.clone(),
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Reader;
    impl Visitor<'_> for Reader {
        type Value = Option<String>;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a version as text or number")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Option<String>, E> {
            Ok(Some(text.to_owned()))
        }
        fn visit_f64<E: Error>(self, value: f64) -> Result<Option<String>, E> {
            Ok(Some(value.to_string()))
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<Option<String>, E> {
            Ok(Some(value.to_string()))
        }
    }
    deserializer.deserialize_any(Reader)
}
