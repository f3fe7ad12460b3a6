//! What normal is, and what leaving it means.
//!
//! ```text
//! cells (view) → ColumnProfile, Profile (profile) → ColumnSummary (summary)
//!     → Measurement (compare), ColumnEvidence (calibrate) → Finding, Verdict (judge) → stored documents (document)
//! ```
//!
//! Everything here is a pure function of its arguments: no clock, no file, no network, no randomness that is not
//! passed in. The crate does not know where bytes come from (`capture`, `store`) or how a run is organised (`engine`).

#![warn(missing_docs)]

pub mod view;
pub mod profile;
pub mod summary;
pub mod compare;
pub mod multivariate;
pub mod baseline;
pub mod constraint;
pub mod calibrate;
pub mod reference;
pub mod stream;
pub mod capture_health;
pub mod judge;
pub mod decide;
pub mod maturity;
pub mod quality;
pub mod estimate;
pub mod segment;
pub mod bias;
pub mod document;
mod mersenne;
