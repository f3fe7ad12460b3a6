//! What can go wrong with a store: one error, a small [`StoreErrorKind`] to decide on, and the next step as a hint.
//!
//! The module does not know any backend: each one says which kind its own failures are.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

/// What a caller can decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The object, folder or bucket does not exist.
    NotFound,
    /// No credentials were found, they are wrong or expired, or they do not allow this operation.
    Unauthorized,
    /// A [`CreateOnly`](crate::PutMode::CreateOnly) write found the key taken.
    AlreadyExists,
    /// The object is not (or no longer) the one named by an entity tag.
    PreconditionFailed,
    /// The service asks to slow down, after all retries.
    Throttled,
    /// No answer within the time limit, after all retries.
    Timeout,
    /// The service cannot be reached or fails on its side, after all retries.
    Unavailable,
    /// The destination does not accept writes (read-only, full, not a folder).
    NotWritable,
    /// The location or key cannot name an object here, or the store for it is not configured.
    InvalidLocation,
    /// The object is larger than the caller's limit.
    TooLarge,
    /// Anything else; the source error says more.
    Other,
}

impl StoreErrorKind {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Timeout | Self::Unavailable)
    }
}

/// What was asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Reading a location string.
    Parse,
    /// Opening a store.
    Connect,
    /// Listing objects.
    List,
    /// Reading an object.
    Read,
    /// Asking for an object's size and entity tag.
    Head,
    /// Writing an object.
    Write,
    /// Deleting an object.
    Delete,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Parse => "cannot use location",
            Self::Connect => "cannot open",
            Self::List => "cannot list",
            Self::Read | Self::Head => "cannot read",
            Self::Write => "cannot write",
            Self::Delete => "cannot delete",
        })
    }
}

/// A failed store operation: what was asked, of which location, what was found, and what to do next.
///
/// One struct with a kind, not an enum of structs: every failure carries the same four facts.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {location}: {detail}")]
pub struct StoreError {
    kind: StoreErrorKind,
    operation: Operation,
    location: String,
    detail: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    is_unexplained: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    pub(crate) fn new(
        kind: StoreErrorKind,
        operation: Operation,
        location: impl Into<String>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            operation,
            location: location.into(),
            detail: detail.into(),
            hint: None,
            is_unexplained: false,
            source: None,
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A failed call to the file system.
    pub(crate) fn from_io(operation: Operation, location: impl Into<String>, error: io::Error) -> Self {
        use StoreErrorKind as Kind;
        let writing = matches!(operation, Operation::Write | Operation::Delete);
        let (kind, detail, hint) = match error.kind() {
            io::ErrorKind::NotFound if writing => (
                Kind::NotWritable,
                "no file can be made here",
                Some("choose another folder"),
            ),
            io::ErrorKind::NotFound => (
                Kind::NotFound,
                "no such file or folder",
                Some("check the path for a typing error"),
            ),
            io::ErrorKind::PermissionDenied if writing => (
                Kind::NotWritable,
                "permission denied",
                Some("choose a folder this user may write to, or change its permissions"),
            ),
            io::ErrorKind::PermissionDenied => (
                Kind::Unauthorized,
                "permission denied",
                Some("run as a user who may read it, or change its permissions"),
            ),
            io::ErrorKind::ReadOnlyFilesystem => (
                Kind::NotWritable,
                "the file system is read-only",
                Some("choose another folder"),
            ),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
                Kind::NotWritable,
                "no space left",
                Some("free some space, or choose another folder"),
            ),
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory if writing => (
                Kind::NotWritable,
                "a file stands where a folder is needed, or a folder where a file is needed",
                Some("choose another name"),
            ),
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => (
                Kind::NotFound,
                "no such file",
                Some("check the path for a typing error"),
            ),
            io::ErrorKind::InvalidFilename => (
                Kind::InvalidLocation,
                "the file system does not accept this name",
                Some("use a shorter or simpler name"),
            ),
            _ => (Kind::Other, "the file system refused", None),
        };
        let mut failed = Self::new(kind, operation, location, detail).with_source(error);
        failed.hint = hint.map(Cow::Borrowed);
        failed
    }

    /// Marks a refusal without a reason, which is all that a `HEAD` request can get: another request may say more.
    pub(crate) fn unexplained(mut self) -> Self {
        self.is_unexplained = true;
        self
    }

    pub(crate) fn is_unexplained(&self) -> bool {
        self.is_unexplained
    }

    /// What a caller can decide on.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What was asked.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The location that was asked about, as a person would write it.
    pub fn location(&self) -> &str {
        &self.location
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The next step for the person who reads the error, where one is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
