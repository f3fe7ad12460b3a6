//! What can go wrong with alerts beside a receiver that does not answer, which is no error but a delivery to be tried again.

use store::StoreError;

/// A failed operation on alerts.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document cannot be used.
    #[error("{place} cannot be used: {problem}")]
    Document {
        /// Where it is.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Others changed the state each time it was read.
    #[error("others changed the alerts of {monitor} while they were read, {rounds} times over")]
    Busy {
        /// The monitor.
        monitor: String,
        /// Rounds tried.
        rounds: usize,
    },
    /// The request makes no sense.
    #[error("{0}")]
    Usage(String),
}

impl AlertError {
    /// The next step for a person.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Document { .. } => {
                Some("it is not what driftline wrote: restore it from the bucket's versions, or remove it")
            }
            Self::Busy { .. } => Some("run again"),
            Self::Usage(_) => Some("`driftline alerts status` lists what is open"),
        }
    }
}
