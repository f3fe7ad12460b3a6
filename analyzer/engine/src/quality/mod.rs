//! `driftline quality`: predictions met with their labels, measured, judged, written down.
//!
//! ```text
//! capture or table ─ read ─┐
//!                          ├─ join (polars) → sample → measure → judge → quality.json, Model Monitor's files, verdict
//! ground truth ── labels ──┘        ├→ maturity (when is it final?)          ↘ r1, r2, … and latest.json (revision)
//!                                   ├→ merged records
//!                                   └→ estimates, parts by time, segments, bias, attributions
//! ```
//!
//! Late labels make the next revision of a window; the same labels make none. Rows are a few bytes each, in memory, in
//! the order of their ids, so no order of files, lines or threads shows. Every number is `baselines`'. Does not know a
//! terminal.

mod attribute;
mod attributions;
mod baseline;
mod bias;
mod estimates;
mod fairness;
pub(crate) mod gather;
mod join;
pub(crate) mod labelled;
mod labels;
pub(crate) mod load;
mod maturity;
mod measure;
mod merged;
mod outcome;
mod parts;
mod present;
mod present_fairness;
mod read;
mod request;
pub mod revision;
mod run;
pub(crate) mod sample;
mod verdict;
mod verdict_fairness;
mod weights;
mod write;
mod written;

pub use attribute::Attribute;
pub use baseline::{
    ESTIMATE_FILE, MODEL_QUALITY_FOLDER, MadeQualityBaseline, QualityBaselineRequest, make_quality_baseline,
};
pub use join::JoinCounts;
pub use maturity::LABELS_FILE;
pub use read::ReadCounts;
pub use request::{
    BiasSettings, ClassSettings, FacetRequest, FacetRows, PositiveOutcome, QualityColumns, QualityRequest,
};
pub use run::{QualityRun, coverage, run};
pub use write::PAGE_FILE;
pub use written::{WrittenError, facet, outcome, range};
