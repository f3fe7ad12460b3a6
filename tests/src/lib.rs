//! What tests of the whole share: where the repository is, seeded data, and how to run a built program.
//!
//! It sees Driftline as its users do, through the `driftline` binary and the files that it reads and writes. It does
//! not know the crates' types.

pub mod aws;
pub mod history;
pub mod program;
pub mod repository;
pub mod s3;
pub mod synth;
pub mod world;
