//! Every size limit, in one place. Knows numbers only.

/// Caps on what one object may make us hold or do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A longer line is rejected without being held in memory. SageMaker's synchronous payloads end at 6 MB a side.
    pub max_line_bytes: usize,
    /// A compressed object is read up to this many bytes after decompression.
    pub max_decompressed_bytes: u64,
    /// Nesting of a JSON payload.
    pub max_depth: usize,
    /// Columns a window may have beyond the planned ones.
    pub max_extra_columns: usize,
    /// Rows one captured request may carry.
    pub max_rows_per_record: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_line_bytes: 32 << 20,
            max_decompressed_bytes: 64 << 30,
            max_depth: 32,
            max_extra_columns: 10_000,
            max_rows_per_record: 1_000_000,
        }
    }
}
