//! The batch analysis: locations in, documents out.
//!
//! ```text
//! Location → sources → probe (what is a record here?) → plan → scan (all cores) → DatasetSummary
//!     baseline: → constraints → statistics.json, constraints.json, baseline.profile
//!     analyze:  → judge → statistics.json, constraint_violations.json, verdict.json, report.html
//! ```
//!
//! Does not compute a statistic (`baselines`) and does not decode (`capture`): it brings bytes, threads and documents
//! together. Knows no terminal and no process exit (`cli`).

pub mod analyze;
pub mod baseline;
pub mod error;
pub mod output;
pub mod plan;
pub mod present;
pub mod probe;
pub mod progress;
pub mod quality;
pub mod report;
pub mod scan;
pub mod sources;
pub mod table;

pub use error::{EngineError, ErrorKind};
