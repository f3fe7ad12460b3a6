//! What the templates of every page call: the stylesheet's class of an outcome, numbers with their noun.
//!
//! Knows no page and no layout.

use std::borrow::Borrow;

use super::format::{count, plural};
use super::model::{Severity, Status};

/// Class of an outcome in `page.css`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass every argument by reference"
)]
pub(crate) fn status_class(status: &Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Warned => "warned",
        Status::Violated => "violated",
        Status::NotEvaluated => "unknown",
    }
}

/// Class of a finding in `page.css`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass every argument by reference"
)]
pub(crate) fn severity_class(severity: &Severity) -> &'static str {
    match severity {
        Severity::Violation => "violation",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// Templates pass fields by reference and results by value.
pub(crate) fn count_of(n: impl Borrow<usize>) -> String {
    count(*n.borrow() as u64)
}

/// A count with its noun.
pub(crate) fn plural_of(n: impl Borrow<usize>, one: &str, many: &str) -> String {
    plural(*n.borrow() as u64, one, many)
}
