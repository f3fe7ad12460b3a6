//! `driftline quality`: predictions met with their labels, measured, judged, written down.

mod attribute;
mod gather;
mod join;
mod labels;
mod read;
pub mod revision;

pub use attribute::Attribute;
pub use join::JoinCounts;
pub use read::ReadCounts;
