//! `driftline quality`: predictions met with their labels, measured, judged, written down.

mod attribute;
mod gather;
mod join;
mod labels;
mod load;
mod measure;
mod read;
mod request;
pub mod revision;
mod sample;

pub use attribute::Attribute;
pub use join::JoinCounts;
pub use read::ReadCounts;
pub use request::{ClassSettings, FacetRequest, QualityColumns, QualityRequest};
