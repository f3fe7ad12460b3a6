//! Reading: which objects, what their records are, decoding on all cores, one profile per thread.
//!
//! ```text
//! Location → sources → probe (what is a record here?) → plan → scan (all cores) → tallies, merged
//! ```
//!
//! Everything between a location and profiles that needs neither polars nor a judgement, so that a function which only
//! takes objects in stays small. Does not read Parquet tables ([`table`] says what it asks of whoever does), judges
//! nothing and writes nothing.

pub mod baseline;
pub mod clock;
pub mod error;
mod ledger;
pub mod length;
mod pass;
pub mod plan;
pub mod probe;
pub mod progress;
pub mod reader;
pub mod share;
pub mod sources;
pub mod table;
pub mod tally;
pub mod windows;
mod worker;

pub use error::{EngineError, ErrorKind};
pub use pass::{
    RecordCounts, RejectedLine, ScanOutcome, ScanSettings, ScannedObject, Share, place, scan, scan_into,
    scan_share,
};
