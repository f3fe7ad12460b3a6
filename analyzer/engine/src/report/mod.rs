//! The report of one analysis: a model of ready strings, and one writer per format.
//!
//! ```text
//! verdict data → ReportModel (model; format for numbers, bins for pictures) → html → report.html
//!                                                                           → text → terminal
//! ```
//!
//! The writers are asserted together from one model. Nothing here knows how a verdict is reached, where the report
//! is stored, or what time it is.

pub mod bins;
pub(crate) mod chart;
pub(crate) mod clip;
pub(crate) mod dress;
pub mod format;
mod group;
mod html;
pub mod model;
pub mod quality;
mod text;

pub use html::{MAX_PAGE_BYTES, html};
pub use model::ReportModel;
pub use text::{TEXT_WIDTH, text};

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
