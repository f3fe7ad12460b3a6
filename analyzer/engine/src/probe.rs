//! A look at the first records, Parquet tables included: [`::scan::probe`] with polars.
//!
//! Does not know the baseline.

use crate::error::EngineError;
use crate::sources::Source;
use crate::table::Polars;
pub(crate) use ::scan::probe::{Look, MAX_PARQUET_BYTES, combine, first_record};
pub use ::scan::probe::{Probe, SideShape, read_head};
use capture::layout::Layout;

/// Looks at the first records of `sources`.
pub async fn probe(sources: &[Source]) -> Result<Probe, EngineError> {
    ::scan::probe::probe(sources, &Polars).await
}

/// Looks at the first objects of `sources`, in their order. `layout` says which sides are not read.
pub(crate) async fn look(sources: &[Source], layout: &Layout) -> Result<Vec<Look>, EngineError> {
    ::scan::probe::look(sources, layout, &Polars).await
}
