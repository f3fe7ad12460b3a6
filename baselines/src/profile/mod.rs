//! States that accumulate batches of cells, and their merge law.
//!
//! Every state here is a **function of the multiset of cells it has seen**: not of their order, not of how they were
//! split over threads, files or hours. Hence `merge(profile(a), profile(b)) == profile(a ++ b)` holds bit for bit,
//! incremental and full recompute write the same bytes, and a run on two cores equals a run on one:
//!
//! - counts, minima and maxima are what they are;
//! - sums and sums of squares are kept exactly ([`exact_sum`]) and rounded once, at the end;
//! - numbers are kept as they are up to a stated limit, then counted on the baseline's frozen [`grid`];
//! - distinct values are counted up to a limit, then estimated by HyperLogLog registers (a maximum);
//! - categories are counted exactly for the baseline's values, and for the others up to a limit, past which the ones
//!   with the smallest hashes stay (bottom-k sampling of distinct values, Cohen & Kaplan 2007).
//!
//! No state knows a threshold, a time, or where its cells came from beyond a [`Position`](crate::summary::Position).

pub mod categories;
pub mod column;
pub mod dataset;
pub mod distinct;
pub mod exact_sum;
pub mod grid;
pub mod moments;
pub mod numbers;
pub mod plan;

pub use column::ColumnProfile;
pub use dataset::{ExchangeError, MAX_EXTRA_COLUMNS, Profile};
pub use grid::Grid;
pub use numbers::ExactUntil;
pub use plan::{ColumnPlan, PlanKind};
