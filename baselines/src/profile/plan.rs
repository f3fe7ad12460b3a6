//! How one column is to be profiled: decided before the data are read, from a schema or a baseline.
//!
//! Does not know where the decision came from.

use super::grid::Grid;
use std::sync::Arc;

/// Numbers a window keeps as they are, at most, before they are counted on the grid.
pub const EXACT_LIMIT: usize = 16_384;
/// Categories outside the baseline that a window counts one by one, at most.
pub const CATEGORY_LIMIT: usize = 4_096;
/// Categories a baseline counts one by one, at most.
pub const BASELINE_CATEGORY_LIMIT: usize = 65_536;

/// What a column's cells are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The baseline's grid, for numbers past `exact_limit`.
    pub grid: Option<Arc<Grid>>,
    /// The baseline's categories.
    pub known: Arc<[String]>,
    /// Numbers kept as they are, at most (only with a grid).
    pub exact_limit: usize,
    /// Categories counted beside the known ones, at most.
    pub category_limit: usize,
}

impl ColumnPlan {
    /// A column nothing is known of: everything is kept until its type shows. For baselines.
    pub fn undetermined(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: PlanKind::Undetermined,
            grid: None,
            known: Arc::default(),
            exact_limit: usize::MAX,
            category_limit: BASELINE_CATEGORY_LIMIT,
        }
    }

    /// Whether cells must come with their text.
    pub fn needs_text(&self) -> bool {
        self.kind != PlanKind::Numeric
    }
}
