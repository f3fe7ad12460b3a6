//! How one column is to be profiled: decided before the data are read, from a schema or a baseline.
//!
//! Does not know where the decision came from.

use super::grid::Grid;
use super::numbers::ExactUntil;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

/// Numbers a window keeps as they are, at most, before they are counted on the grid.
pub const EXACT_LIMIT: usize = 16_384;
/// Distinct numbers a baseline keeps as they are, at most, before it needs a second reading.
pub const BASELINE_EXACT_LIMIT: usize = 1 << 19;
/// Categories outside the baseline that a window counts one by one, at most.
pub const CATEGORY_LIMIT: usize = 4_096;
/// Categories a baseline counts one by one, at most.
pub const BASELINE_CATEGORY_LIMIT: usize = 65_536;

/// One coarse grid serves all columns nothing is known of.
static COARSE: LazyLock<Arc<Grid>> = LazyLock::new(|| Arc::new(Grid::coarse()));

/// What a column's cells are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanKind {
    /// Numbers; text is counted but not kept.
    Numeric,
    /// Categories, also where they look like numbers.
    Categorical,
    /// Not known yet: both, until the cells have shown what they are.
    Undetermined,
}

/// The plan of one column.
#[derive(Debug, Clone)]
pub struct ColumnPlan {
    /// Column name.
    pub name: String,
    /// What its cells are taken for.
    pub kind: PlanKind,
    /// The grid for numbers past `exact_until`.
    pub grid: Arc<Grid>,
    /// The baseline's categories.
    pub known: Arc<[String]>,
    /// How long numbers are kept as they are.
    pub exact_until: ExactUntil,
    /// Categories counted beside the known ones, at most.
    pub category_limit: usize,
}

impl ColumnPlan {
    /// A column without a baseline.
    pub fn unknown(name: impl Into<String>, kind: PlanKind) -> Self {
        Self {
            name: name.into(),
            kind,
            grid: Arc::clone(&COARSE),
            known: Arc::default(),
            exact_until: ExactUntil::Distinct(BASELINE_EXACT_LIMIT),
            category_limit: BASELINE_CATEGORY_LIMIT,
        }
    }

    /// Whether cells must come with their text.
    pub fn needs_text(&self) -> bool {
        self.kind != PlanKind::Numeric
    }
}
