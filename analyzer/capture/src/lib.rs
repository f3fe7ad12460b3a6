//! Bytes to typed columns: SageMaker data capture, batch-transform output, and plain tables.
//!
//! ```text
//! object bytes → Chunk (frame) → CaptureRecord (envelope) → rows (payload) → ColumnBatch (batch)
//!                                          ↘ Reject (reject)
//! ```
//!
//! Pure: no file, no network, no clock. A chunk of bytes never fails as a whole: each line is decoded or becomes a
//! [`Reject`](reject::Reject) with its line, byte offset and reason. Does not know what normal is.

#![warn(missing_docs)]

pub mod batch;
pub mod cell;
pub mod decode;
pub mod decompress;
pub mod envelope;
pub mod frame;
pub mod ground_truth;
pub mod layout;
pub mod limits;
pub mod payload;
pub mod reject;
pub mod schema;
pub mod time;
