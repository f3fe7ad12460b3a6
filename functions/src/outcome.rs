//! What an invocation answers: an outcome, or an error whose type says whether trying again can help.
//!
//! Wire types of the functions, not of the engine. Does not know who asked.

use crate::event::EventError;
use engine::analyze::Analysis;
use engine::{EngineError, ErrorKind};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use std::error::Error;

/// An analyzed window in short; `verdict.json` has the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// `pass`, `violated` or `not_evaluated`.
    pub status: &'static str,
    /// Rows judged.
    pub rows: u64,
    /// What became of the lines.
    pub records: Records,
    /// Findings that are violations.
    pub n_violations: usize,
    /// Where each document is, in the order of writing: `verdict.json` last.
    pub written: Vec<String>,
}

/// Lines of the window; `lines` = `decoded` + `rejected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Records {
    /// Lines read.
    pub lines: u64,
    /// Records understood.
    pub decoded: u64,
    /// Lines refused.
    pub rejected: u64,
}

impl Outcome {
    /// The outcome of `analysis`, whose documents are at `written`.
    pub fn of(analysis: &Analysis, written: Vec<String>) -> Self {
        let records = &analysis.verdict.run.records;
        Self {
            status: analysis.verdict.status.name(),
            rows: records.rows,
            records: Records {
                lines: records.lines,
                decoded: records.decoded,
                rejected: records.rejected,
            },
            n_violations: analysis.verdict.n_violations(),
            written,
        }
    }
}

/// An invocation that ended without an outcome.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum HandlerError {
    /// The payload is wrong.
    Event(#[from] EventError),
    /// The engine ended the run.
    Engine(#[from] EngineError),
}

impl HandlerError {
    /// Lambda's `errorType`, which a state machine's `Retry` and `Catch` match on: `usage` and `nothing_to_analyze`
    /// stay as they are however often they are tried, `storage` may pass, `internal` is a fault of ours.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Event(_) => "usage",
            Self::Engine(error) => match error.kind() {
                ErrorKind::Usage => "usage",
                ErrorKind::NothingToAnalyse => "nothing_to_analyze",
                ErrorKind::Storage => "storage",
                ErrorKind::Internal => "internal",
            },
        }
    }

    /// The error, what caused it, and the next step.
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        let hint = match self {
            Self::Event(EventError::Location { source, .. }) => source.hint(),
            Self::Event(_) => None,
            Self::Engine(error) => error.hint(),
        };
        if let Some(hint) = hint {
            message.push_str("; hint: ");
            message.push_str(hint);
        }
        message
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: error.error_type().to_owned(),
            error_message: error.message(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_error_type_and_keeps_cause_and_hint() {
        for (kind, expected) in [
            (ErrorKind::Usage, "usage"),
            (ErrorKind::NothingToAnalyse, "nothing_to_analyze"),
            (ErrorKind::Storage, "storage"),
            (ErrorKind::Internal, "internal"),
        ] {
            let error = EngineError::new(kind, "the message")
                .with_source("the cause")
                .with_hint("the step");
            let diagnostic = Diagnostic::from(HandlerError::from(error));
            assert_eq!(diagnostic.error_type, expected);
            assert_eq!(diagnostic.error_message, "the message: the cause; hint: the step");
        }
    }
}
