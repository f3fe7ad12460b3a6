//! Where a model is worse, and which features brought the change.
//!
//! ```text
//! columns + loss of each row → codes (cells) → weak_segments: segments worse than the rest, corrected for the search
//! baseline and window losses by segment → mix_and_rate: change = shift of the mix + change inside segments
//! baseline and window features + losses → root_cause: change = Σ features + what features do not explain
//! ```
//!
//! The metric is always the mean of a row loss: 0/1 errors make it 1 − accuracy, |e| the MAE, log loss itself. Does not
//! know labels, predictions or how a loss is made.

mod codes;
mod search;
mod mix_rate;
mod root_cause;
mod correlation;

pub use codes::SegmentColumn;
pub use correlation::{DriftCorrelation, rank_by_correlation};
pub use mix_rate::{MixAndRate, SegmentContribution, mix_and_rate};
pub use root_cause::{FeatureContribution, RootCause, root_cause};
pub use search::{Condition, SearchOptions, SearchOutcome, WeakSegment, weak_segments};

/// Why there is no answer. The texts hold no data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentFailure {
    /// Slices of different lengths.
    #[error("{what} has {found} values where {expected} are expected")]
    LengthsDiffer {
        /// The input.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length of the others.
        expected: usize,
    },
    /// A loss that is no number.
    #[error("the loss of row {row} is not finite")]
    NotFinite {
        /// First such row.
        row: usize,
    },
    /// Too few rows on a side.
    #[error("{found} rows are too few: {needed} are needed")]
    TooFewRows {
        /// Rows given.
        found: usize,
        /// Rows needed.
        needed: usize,
    },
    /// Both sides must have the same columns of the same kinds.
    #[error("the columns of baseline and window are not the same")]
    ColumnsDiffer,
    /// The loss model cannot be fitted.
    #[error("the loss model cannot be fitted: {problem}")]
    Model {
        /// What the crate said; about parameters, never about data.
        problem: String,
    },
}

#[cfg(test)]
mod tests;
