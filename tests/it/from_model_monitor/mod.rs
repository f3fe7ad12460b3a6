//! Moving over from Model Monitor, through the built program: compatible verdicts, replay, Clarify's files, import, export.

mod bias;
mod compat;
pub(crate) mod export;
mod import;
mod schedule_api;
