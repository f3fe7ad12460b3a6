//! Reading a window, Parquet tables included: the crate `scan` with polars.
//!
//! Does not judge what was read.

use crate::error::EngineError;
use crate::plan::ScanColumns;
use crate::progress::Progress;
use crate::sources::Source;
use crate::table::Polars;
pub use ::scan::{RecordCounts, RejectedLine, ScanOutcome, ScanSettings, ScannedObject, Share};
pub(crate) use ::scan::{clock, place, reader, tally, windows};
use baselines::profile::Profile;
use tally::Tally;

/// Scans `sources` into profiles.
pub async fn scan(
    sources: &[Source],
    columns: &ScanColumns,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<ScanOutcome, EngineError> {
    ::scan::scan(sources, columns, settings, &Polars, progress).await
}

/// Scans a share of a window's objects; the summary of the outcome is empty until all profiles are one.
pub(crate) async fn scan_share(
    sources: &[Source],
    columns: &ScanColumns,
    settings: &ScanSettings,
    progress: &dyn Progress,
) -> Result<(Profile, ScanOutcome), EngineError> {
    ::scan::scan_share(sources, columns, settings, &Polars, progress).await
}

/// Scans `sources` into tallies that `make` makes, one per worker, merged at the end in any order. The summary of the
/// outcome is empty.
pub(crate) async fn scan_into<T: Tally>(
    sources: &[Source],
    columns: &ScanColumns,
    settings: &ScanSettings,
    progress: &dyn Progress,
    make: impl Fn() -> T,
) -> Result<(T, ScanOutcome), EngineError> {
    ::scan::scan_into(sources, columns, settings, &Polars, progress, make).await
}
