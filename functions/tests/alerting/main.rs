//! `act` and `lifecycle` in this process, over a folder: one incident from its verdict to the end of its retraining. The
//! receiver and the service that runs pipelines are the test's own.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod scene;

mod act;
mod lifecycle;
