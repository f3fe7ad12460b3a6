//! A baseline: the statistics of normal, and what is frozen with them.
//!
//! Frozen are the grid numbers are counted on, the edges of the house's bins, and the categories. Does not know files
//! (`document`) or constraints (`constraint`).

use crate::compare::house_edges;
use crate::profile::plan::{CATEGORY_LIMIT, EXACT_LIMIT};
use crate::profile::{ColumnPlan, ExactUntil, Grid, PlanKind};
use crate::summary::{ColumnSummary, DatasetSummary, InferredType};
use std::sync::Arc;

/// Categories a baseline freezes, at most; the rest are OTHER.
pub const MAX_KNOWN_CATEGORIES: usize = 16_384;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The model is given it.
    Input,
    /// The model answers it.
    Output,
    /// The truth, known later; not captured.
    Label,
    /// Not said: by position, outputs come first (Model Monitor's `output_columns_position` `START`).
    Unassigned,
}

/// One column of a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineColumn {
    /// What it is for.
    pub role: Role,
    /// Its statistics; numbers are exact up to [`EXACT_LIMIT`] rows, else counted on `grid`.
    pub summary: ColumnSummary,
    /// Grid for the numbers of windows.
    pub grid: Arc<Grid>,
    /// Edges of the house's ten bins.
    pub house_edges: Vec<f64>,
    /// Categories, most frequent first.
    pub known: Arc<[String]>,
}

impl BaselineColumn {
    /// Freezes a column.
    pub fn freeze(role: Role, mut summary: ColumnSummary) -> Self {
        let (mut grid, mut edges) = (Grid::from_edges([]), Vec::new());
        if let Some(numeric) = &mut summary.numeric {
            grid = Grid::propose(&numeric.points);
            edges = house_edges(&numeric.points);
            if numeric.points.is_exact() && numeric.n > EXACT_LIMIT as u64 {
                numeric.points = grid.regrid(&numeric.points, numeric.min, numeric.max);
            }
        }
        let mut known = Vec::new();
        if let Some(categorical) = &mut summary.categorical {
            if categorical.counts.len() > MAX_KNOWN_CATEGORIES {
                let dropped = categorical.counts.split_off(MAX_KNOWN_CATEGORIES);
                categorical.n_other += dropped.iter().map(|(_, count)| count).sum::<u64>();
                categorical.complete = false;
            }
            known = categorical.counts.iter().map(|(text, _)| text.clone()).collect();
        }
        Self {
            role,
            summary,
            grid: Arc::new(grid),
            house_edges: edges,
            known: known.into(),
        }
    }

    /// Whether its cells are taken for numbers.
    pub fn is_numeric(&self) -> bool {
        self.summary.inferred_type.is_numeric()
    }

    /// How a window's cells of this column are profiled.
    pub fn plan(&self, exact_limit: usize) -> ColumnPlan {
        let kind = match self.summary.inferred_type {
            InferredType::Integral | InferredType::Fractional => PlanKind::Numeric,
            InferredType::Boolean | InferredType::String => PlanKind::Categorical,
            InferredType::Unknown => PlanKind::Undetermined,
        };
        ColumnPlan {
            name: self.summary.name.clone(),
            kind,
            grid: Arc::clone(&self.grid),
            known: Arc::clone(&self.known),
            exact_until: ExactUntil::Numbers(exact_limit),
            category_limit: CATEGORY_LIMIT,
        }
    }
}

/// A baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// Rows it was made from.
    pub n_rows: u64,
    /// Its columns.
    pub columns: Vec<BaselineColumn>,
}

impl Baseline {
    /// Freezes a data set; `role_of` says what each column is for.
    pub fn freeze(summary: DatasetSummary, role_of: impl Fn(&str) -> Role) -> Self {
        let freeze = |column: ColumnSummary| BaselineColumn::freeze(role_of(&column.name), column);
        Self {
            n_rows: summary.n_rows,
            columns: summary.columns.into_iter().map(freeze).collect(),
        }
    }

    /// Columns a window can have: all but labels.
    pub fn monitored(&self) -> impl Iterator<Item = &BaselineColumn> {
        self.columns.iter().filter(|column| column.role != Role::Label)
    }

    /// The statistics of the monitored columns.
    pub fn summary(&self) -> DatasetSummary {
        DatasetSummary {
            n_rows: self.n_rows,
            columns: self.monitored().map(|column| column.summary.clone()).collect(),
        }
    }

    /// Numbers a window keeps per column as they are: [`EXACT_LIMIT`], less for very wide data, so that memory stays
    /// bounded (2^22 numbers over all columns).
    pub fn exact_limit(&self) -> usize {
        let n_numeric = self
            .columns
            .iter()
            .filter(|column| column.is_numeric())
            .count()
            .max(1);
        ((1usize << 22) / n_numeric).clamp(1024, EXACT_LIMIT)
    }
}
