//! How good the predictions were, once labels are there.
//!
//! ```text
//! slices of labelled predictions → BinaryState | MulticlassState | RegressionState (update, merge)
//!     → finish → QualityResult → judge_quality → QualityVerdict
//! ```
//!
//! A state is a function of the multiset of rows it has seen: chunks may come in any order and states may be merged in
//! any way, the result has the same bits. Every metric carries a confidence interval and names its method; what does
//! not exist is [`NotComputable`] with its reason. Weights are inverse probabilities of having been captured (1 when
//! all is captured). Definitions, sources and documented answers: `docs/quality-metrics.md`.
//!
//! Does not join labels, reads no file, and knows no segment: that is `engine`'s.

mod options;
mod result;
mod interval;
mod tally;
mod sampling;
mod scores;
mod confusion;
mod constant;
mod value;
pub mod binary;
pub mod multiclass;
pub mod regression;
mod constraint;
pub mod paired;
mod verdict;
#[cfg(test)]
mod tests;

pub use binary::{BinaryRows, BinarySettings, BinaryState};
pub use constraint::{
    MetricConstraint, Operator, QualityConstraints, constrained_metrics, operator_of, suggest_constraints,
};
pub use multiclass::{Classes, MulticlassRows, MulticlassState};
pub use options::{QualityError, QualityOptions, ScoreKind, ValueMatrix};
pub use regression::{RegressionRows, RegressionState};
pub use result::{
    ConfusionMatrix, Curves, GainPoint, IntervalMethod, MetricValue, NotComputable, PredictedDecile, Problem,
    QualityResult, ReliabilityBin, ResidualQuantile, RowCounts, ThresholdPoint,
};
pub use verdict::{
    Coverage, MetricCheck, MetricOutcome, QualityConvention, QualityPolicy, QualityVerdict, judge_quality,
};
