//! Stored JSON documents: twins of domain types, read tolerantly and written canonically.
//!
//! Domain types are not `Serialize`; each stored document has structs of its own here, which convert both ways.
//! Model Monitor's files (`model_monitor`) keep its schemas, our own (`verdict`) are version enums. Functions take
//! and give bytes: nothing here knows where a document lies.

pub mod baseline;
pub mod estimate;
pub mod calibration;
pub mod clarify;
pub mod detector;
pub mod model_monitor;
pub mod quality;
pub mod retrain;
pub mod verdict;
pub mod window;

mod canonical;
mod column;
mod error;
mod java_double;

pub use error::DocumentError;
pub use java_double::{java_double, java_percent};

/// The JSON Schema of `monitor.toml` (draft 2020-12), which the reader in `engine::monitor` accepts and refuses files by too.
pub const MONITOR_SCHEMA: &str = include_str!("../../schemas/monitor.schema.json");
