//! How `act` and `lifecycle` end without an outcome: Lambda's `errorType` and a message with cause and next step.
//!
//! Holds nothing of a payload but names and locations. Does not know what was asked.

use alert::Told;
use engine::{EngineError, ErrorKind};
use lambda_runtime::Diagnostic;
use std::error::Error;

/// An invocation that has to be tried again, or that a person has to look at.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The payload is wrong.
    #[error("{0}")]
    Event(String),
    /// The engine ended the run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Something was not delivered; everything else was done.
    #[error("{n} deliveries failed, the first to {route}: {problem}")]
    Undelivered {
        /// How many.
        n: usize,
        /// The first one's route.
        route: String,
        /// What went wrong with it.
        problem: String,
    },
    /// An event says that something has ended, and the service does not say so yet.
    #[error("execution {execution} has ended by its event, and is {found} by the service")]
    NotYet {
        /// The execution.
        execution: String,
        /// Its status.
        found: String,
    },
}

impl Failure {
    /// The deliveries that failed; `None` where none did.
    pub fn undelivered(told: &Told) -> Option<Self> {
        told.failed.first().map(|first| Self::Undelivered {
            n: told.failed.len(),
            route: first.route.clone(),
            problem: first.error.clone(),
        })
    }

    /// Lambda's `errorType`: `usage` stays as it is however often it is tried, `storage` and `undelivered` may pass.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Event(_) => "usage",
            Self::Undelivered { .. } => "undelivered",
            Self::NotYet { .. } => "not_yet",
            Self::Engine(error) => match error.kind() {
                ErrorKind::Usage => "usage",
                ErrorKind::NothingToAnalyse => "nothing_to_analyze",
                ErrorKind::Storage => "storage",
                ErrorKind::Internal => "internal",
            },
        }
    }

    /// The failure, what caused it, and the next step.
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        if let Self::Engine(error) = self
            && let Some(hint) = error.hint()
        {
            message.push_str("; hint: ");
            message.push_str(hint);
        }
        message
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.error_type().to_owned(),
            error_message: failure.message(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_type() {
        let undelivered = Failure::Undelivered {
            n: 2,
            route: "team".to_owned(),
            problem: "HTTP status 500".to_owned(),
        };
        let diagnostic = Diagnostic::from(undelivered);
        assert_eq!(diagnostic.error_type, "undelivered");
        assert_eq!(
            diagnostic.error_message,
            "2 deliveries failed, the first to team: HTTP status 500"
        );
        let engine = EngineError::new(ErrorKind::Storage, "the message").with_hint("the step");
        let diagnostic = Diagnostic::from(Failure::from(engine));
        assert_eq!(diagnostic.error_type, "storage");
        assert_eq!(diagnostic.error_message, "the message; hint: the step");
    }
}
