//! Exit codes: one meaning each, documented in `--help` and README. Knows no messages.

use engine::ErrorKind;

/// Done; violations are a result.
pub(crate) const DONE: u8 = 0;
/// A fault of ours.
pub(crate) const INTERNAL: u8 = 1;
/// The request or an input is wrong.
pub(crate) const USAGE: u8 = 2;
/// Violations, with `--fail-on`.
pub(crate) const VIOLATED: u8 = 3;
/// There is nothing to analyze.
pub(crate) const NOTHING: u8 = 4;
/// Nothing could be evaluated, with `--fail-on not-evaluated`.
pub(crate) const NOT_EVALUATED: u8 = 5;
/// Storage failed or refused.
pub(crate) const STORAGE: u8 = 6;
/// A pipeline execution failed, or its condition said no.
pub(crate) const EXECUTION_FAILED: u8 = 7;

/// Asked to stop by SIGTERM: 128 + 15, as shells have it.
pub(crate) const STOPPED: u8 = 143;

/// The code of an ended run.
pub(crate) fn code_of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => USAGE,
        ErrorKind::NothingToAnalyse => NOTHING,
        ErrorKind::Storage => STORAGE,
        ErrorKind::Internal => INTERNAL,
    }
}
