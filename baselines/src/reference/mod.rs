//! A reference made from stored windows: the statistics of several data sets together, without their data.
//!
//! ```text
//! window.profile … → (WindowHead, DatasetSummary) … → choose → merge → the summary a window is judged against
//! ```
//!
//! What [`merge`] of stored summaries gives, beside the profile of all their rows:
//!
//! | statistic | merged |
//! |---|---|
//! | rows, cells by class, min, max, n | equal |
//! | numbers kept as they are in every window | equal, and so sum, mean, standard deviation and distinct |
//! | numbers counted on the grid in some window | counts equal cell by cell on the frozen grid (exact ones are counted on it); sum, mean, standard deviation within a few units in the last place of the largest term |
//! | categories of the baseline, and of complete lists | counts equal |
//! | categories a window counted together as others | a count is short by at most those others ([`ColumnMerge::category_shortfall`]) |
//! | distinct values | equal where every window listed them; else bounds ([`DistinctBounds`]) |
//!
//! Does not know files, and does not judge.

mod choose;
mod merge;
mod numbers;
mod texts;
#[cfg(test)]
mod tests;

pub use choose::{Choice, Reference, ReferenceNameError, SEASON_LEAST, SEASON_MOST, choose};
pub use merge::{ColumnMerge, DistinctBounds, Merged, NotMergeable, merge};
