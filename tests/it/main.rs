//! The one integration binary: each module below tests one side of the whole.
//!
//! It does not reach into the crates; unit tests beside the code do.

#![expect(
    clippy::unwrap_used,
    reason = "a whole test binary: a broken premise may panic where it stands"
)]

mod accounting;
mod aws;
mod backtest;
mod browser;
mod command;
mod compare;
mod container;
mod dataset;
mod demo;
mod directions;
mod from_model_monitor;
mod licences;
mod quality;
mod retrain;
mod retrain_local;
mod over_time;
mod pipeline;
mod monitor;
mod monitor_file;
mod tidy;
mod watch;
