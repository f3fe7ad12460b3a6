//! What can end a run, in a form that says what to do next.
//!
//! Does not know exit codes: the command line maps [`ErrorKind`] to one.

use std::error::Error;

/// What kind of ending it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request or something it names is wrong; trying again changes nothing.
    Usage,
    /// There is nothing to analyse.
    NothingToAnalyse,
    /// Storage failed or refused.
    Storage,
    /// A fault of ours.
    Internal,
}

/// An ended run.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl EngineError {
    /// An error with its message: a lower-case fragment that names what was asked and what was found.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            source: None,
        }
    }
    /// With the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// With what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
    /// The next step.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl From<store::StoreError> for EngineError {
    fn from(error: store::StoreError) -> Self {
        use store::StoreErrorKind as Kind;
        let kind = match error.kind() {
            Kind::NotFound | Kind::InvalidLocation => ErrorKind::Usage,
            _ => ErrorKind::Storage,
        };
        let hint = error.hint().map(str::to_owned);
        let mut wrapped = Self::new(kind, error.to_string());
        wrapped.hint = hint;
        wrapped.source = error.source().map(|source| source.to_string().into());
        wrapped
    }
}
