//! What is counted of capture, in one window and in earlier ones. Does not measure.

use std::collections::BTreeMap;

/// An earlier window of the same monitor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PastWindow {
    /// First second.
    pub start: i64,
    /// First second behind it.
    pub end: i64,
    /// Rows that were analysed.
    pub rows: u64,
    /// Rows by the hour (its first second) of their inference; hours without rows are left out.
    pub by_hour: BTreeMap<i64, u64>,
}

/// Records that came late, of those whose arrival is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lateness {
    /// Records of objects that were written after the window's end and its grace.
    pub late: u64,
    /// Records of objects whose time of writing is known.
    pub of: u64,
}

/// What is counted of capture. Counts of records are of this window's, repeated deliveries left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaptureFacts {
    /// First second and first second behind; `None` where the window is open.
    pub window: Option<(i64, i64)>,
    /// Lines read.
    pub lines: u64,
    /// Lines that could not be decoded.
    pub rejected: u64,
    /// Records.
    pub records: u64,
    /// Rows of them.
    pub rows: u64,
    /// Records that were delivered again.
    pub duplicates: u64,
    /// Records with one side only.
    pub one_sided: u64,
    /// Records with the caller's inference id.
    pub with_inference_id: u64,
    /// Late records; `None` where arrival is not known.
    pub lateness: Option<Lateness>,
    /// Rows by hour; hours without rows are left out.
    pub by_hour: BTreeMap<i64, u64>,
    /// Requests that the endpoint answered in the window, where somebody counted them.
    pub invocations: Option<u64>,
    /// Earlier windows of the same length, in any order.
    pub past: Vec<PastWindow>,
}
