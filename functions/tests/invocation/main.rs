//! Invocations from outside the crate: the handlers in this process, and the built binaries behind a Lambda Runtime API
//! of our own on 127.0.0.1. Needs no AWS.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod runtime_api;
mod scene;

mod binary;
mod handler;
mod ingest;
