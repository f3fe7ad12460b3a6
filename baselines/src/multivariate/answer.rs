//! What all multivariate answers share: the reasons why there is none, and how many rows entered.
//!
//! Does not know thresholds: what is too far is the judge's question.

/// Why a method has no answer. The texts are bounded and hold no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotComputable {
    /// No rows on the baseline side.
    #[error("the baseline has no rows")]
    EmptyBaseline,
    /// No rows on the current side.
    #[error("the current sample has no rows")]
    EmptyCurrent,
    /// Fewer rows than the method can use.
    #[error("too few rows: {needed} are needed on each side")]
    TooFewRows {
        /// Rows needed on each side.
        needed: usize,
    },
    /// No numeric or categorical column was given.
    #[error("there is no numeric or categorical column")]
    NoColumns,
    /// Fewer than two columns, and the method looks at pairs.
    #[error("fewer than two columns: there is no pair of columns")]
    NoPairs,
    /// No pair of columns has enough complete rows and two different values in each column.
    #[error("no pair of columns varies on both sides in enough complete rows")]
    NothingVaries,
    /// No column of the baseline has two different values.
    #[error("no column of the baseline varies")]
    NoSpread,
    /// Numbers so large that their squares are not finite.
    #[error("the values are too large: their squares are not finite")]
    TooLarge,
}

/// Answers [`NotComputable`] where a side has fewer rows than the method needs.
pub(crate) fn require_rows(n_rows: [usize; 2], needed: usize) -> Result<(), NotComputable> {
    match n_rows {
        [0, _] => Err(NotComputable::EmptyBaseline),
        [_, 0] => Err(NotComputable::EmptyCurrent),
        [n, m] if n < needed || m < needed => Err(NotComputable::TooFewRows { needed }),
        _ => Ok(()),
    }
}

/// A 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// 97.5 % quantile of the standard normal.
pub(crate) const Z_95: f64 = 1.959_963_984_540_054;
