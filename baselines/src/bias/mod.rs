//! Bias of labels and predictions between a named facet and the rest, and drift of attributions.
//!
//! ```text
//! rows → FacetCounts (+ FlipTest) → BiasMetric values → bootstrap Interval → alert against an AllowedRange
//! baseline and live attributions → ndcg
//! ```
//!
//! Definitions are SageMaker Clarify's (smclarify 0.5), by whose files the tests check them; names are Clarify's
//! abbreviations. Does not know which column is the facet, nor where a baseline lies.

mod counts;
mod metric;
mod flip_test;
mod interval;
mod attribution;
mod sagemaker;

pub use attribution::{
    ATTRIBUTION_LIMIT, AttributionDrift, attribution_drift, attribution_ndcg, global_attributions,
};
pub use counts::{Cell, FacetCounts, FacetRows};
pub use flip_test::{FlipColumn, FlipTest, MixedFlipTest, flip_test, flip_test_mixed};
pub use interval::{
    AllowedRange, BiasInterval, BiasVerdict, BootstrapOptions, bias_intervals, judge_interval,
};
pub use metric::{BiasMetric, BiasValue};
pub use sagemaker::{allowed_by_baseline, point_violation};

/// Why there is no bias value. The texts hold no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BiasFailure {
    /// Slices of different lengths.
    #[error("the columns of a bias analysis have different lengths")]
    LengthsDiffer,
    /// Every row, or none, has the facet value.
    #[error("the facet value is on {} row: there is nothing to compare", if *.every { "every" } else { "no" })]
    OneSided {
        /// Whether the facet has all rows.
        every: bool,
    },
    /// The metric needs labels.
    #[error("the metric needs labels, and there are none")]
    NeedsLabels,
    /// The metric needs predictions.
    #[error("the metric needs predictions, and there are none")]
    NeedsPredictions,
    /// Clarify's answer where no group column is named.
    #[error("group variable is empty or not provided")]
    NeedsGroup,
    /// The flip test needs the other features.
    #[error("the flip test needs the model's features")]
    NeedsFeatures,
    /// The flip test compares every row with every other.
    #[error("the flip test compares every pair of rows, and there are more than {limit} pairs")]
    TooManyPairs {
        /// Most pairs.
        limit: u64,
    },
    /// A feature that is NaN or infinite.
    #[error("a feature is not a finite number")]
    NotFinite,
    /// Nothing to rank: no attributions, lengths differ, or all of the baseline's are zero.
    #[error("the attributions cannot be compared: their lengths differ, or the baseline's are all zero")]
    NoAttributions,
    /// ∞ − ∞, or every prediction a miss: Clarify has no number either.
    #[error("the metric is not defined on these counts")]
    Undefined,
    /// Too many resamples left the metric infinite for an interval.
    #[error("too many resamples leave the metric without a finite value")]
    NoInterval,
}

#[cfg(test)]
mod tests;
