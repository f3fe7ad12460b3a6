//! Captured objects to typed columns and partial profiles, and partial profiles to a window.
//!
//! ```text
//! object → columns (Parquet) + refused lines + head → parts of windows, for each monitor that watches it
//! parts of a window → what a scan of all its objects would have found
//! ```
//!
//! Everything written is a function of what was read, under a name made of it. Knows no polars and no engine: the function
//! that takes objects in links this crate and little else. Judges nothing.

pub mod bundle;
pub mod columns;
pub mod count;
pub mod ingest;
pub mod labels;
pub mod layout;
pub mod merge;
pub mod object;
pub mod part;
pub mod watch;
