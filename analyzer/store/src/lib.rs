//! Objects in a local folder, in S3, or in memory: the only place where Driftline touches stored bytes.
//!
//! ```text
//! "s3://bucket/capture" → Location → open_store → (ObjectStore, root) → list(root) → open(key) → chunks
//! ```
//!
//! [`ObjectStore`] says what a store promises, [`conformance`] checks those promises against every backend, and
//! [`StoreError`] says what went wrong, where, and what to do next. The crate does not know what the bytes mean: no
//! capture format, no document, no monitor layout.

#![warn(missing_docs)]

#[doc(hidden)]
pub mod conformance;
mod connect;
mod counting;
mod error;
mod local;
mod location;
mod memory;
mod object_store;
mod read_ahead;
mod s3;

pub use connect::{AccessKey, Clients, StoreOptions, open_store, shared_config};
pub use counting::{CountingStore, RequestCounts};
pub use error::{Operation, StoreError, StoreErrorKind};
pub use local::LocalStore;
pub use location::Location;
pub use memory::MemoryStore;
pub use object_store::{Object, ObjectMeta, ObjectReader, ObjectStore, PutMode, join_key, strip_root};
pub use s3::S3Store;
