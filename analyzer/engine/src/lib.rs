//! The batch analysis: locations in, documents out.
//!
//! ```text
//! Location → sources → probe (what is a record here?) → plan → scan (all cores) → DatasetSummary
//!     baseline: → constraints → statistics.json, constraints.json, calibration.json, baseline.profile
//!     analyze:  → judge → statistics.json, constraint_violations.json, verdict.json, report.html
//!     timeline: finished documents → timeline.json, timeline.html
//!     backtest: → judge, window by window and budget by budget → backtest.json, backtest.html
//! ```
//!
//! Does not compute a statistic (`baselines`) and does not decode (`capture`): it brings bytes, threads and documents
//! together. Knows no terminal and no process exit (`cli`).

pub mod act;
pub mod alerts;
pub mod analyze;
pub mod backtest;
pub mod baseline;
pub mod calibrate;
pub mod capture_health;
pub mod check;
pub mod clarify;
pub mod compare;
pub mod container;
pub mod detect;
pub mod dataset;
mod earlier;
pub mod export;
pub mod frame;
pub mod import;
pub mod init;
pub mod monitor;
pub mod output;
pub mod parallel;
pub mod present;
pub mod probe;
pub mod quality;
pub mod reference;
pub mod replay;
pub mod report;
pub mod retrain;
pub mod scan;
pub mod series;
pub mod table;
pub mod timeline;
pub mod training;
pub mod windows;

pub use ::scan::{error, plan, progress, sources};
pub use error::{EngineError, ErrorKind};
