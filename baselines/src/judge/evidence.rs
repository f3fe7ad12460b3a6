//! How good the numeric points of a baseline column are.
//!
//! Does not measure anything; `measure` widens its bounds by it.

/// What stands behind the numeric points of a baseline column.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Evidence {
    /// Every value, or counts on a frozen grid whose extents say how exact they are.
    #[default]
    Counted,
    /// A randomised KLL sketch: its ranks are estimates. `rank_error` is the share of rows by which a rank may be
    /// off, with 99 % confidence, at this sketch size.
    Sketch {
        /// 0 to 1.
        rank_error: f64,
    },
    /// Ten buckets only; points are bucket middles with the buckets as extents.
    Buckets,
    /// No distribution in the file.
    Absent,
}

impl Evidence {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Sketch { .. } => "kll_sketch",
            Self::Buckets => "buckets",
            Self::Absent => "none",
        }
    }
}
