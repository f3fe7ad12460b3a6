//! The coarse frozen partition that time blocks are counted on: about 64 cells a column.
//!
//! Numbers: right-closed intervals between baseline quantiles, so that a column of few values has one cell for each.
//! Categories: the baseline's most frequent ones, then OTHER. Behind them one cell for missing and one for NaN and ±∞.
//! Coarser than the judge's own points, which costs nothing: only ratios of variances are read from it.
//!
//! Does not know time (`blocks`) or tests (`evidence`).

use hashbrown::HashMap;

use crate::baseline::{Baseline, BaselineColumn};
use crate::summary::{ColumnSummary, WeightedPoints};
use crate::view::{CellClass, ColumnView};

/// Value cells of a column, at most; two more count missing and special cells.
pub const MAX_CELLS: usize = 64;

/// The partition of every monitored column of a baseline, in its order ([`Baseline::monitored`]).
#[derive(Debug, Clone)]
pub struct Partition {
    columns: Vec<ColumnPartition>,
    /// Where each column's cells start, and one entry past the end.
    offsets: Vec<usize>,
}

impl Partition {
    /// The partition a baseline freezes.
    pub fn of(baseline: &Baseline) -> Self {
        let columns: Vec<ColumnPartition> = baseline.monitored().map(ColumnPartition::of).collect();
        let mut offsets = vec![0];
        let mut end = 0;
        for column in &columns {
            end += column.n_cells();
            offsets.push(end);
        }
        Self { columns, offsets }
    }

    /// Its columns.
    pub fn columns(&self) -> &[ColumnPartition] {
        &self.columns
    }

    /// Cells of all columns together.
    pub fn n_cells(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Where the cells of column `idx` lie among all cells; empty where there is no such column.
    pub(super) fn range(&self, idx: usize) -> std::ops::Range<usize> {
        match (self.offsets.get(idx), self.offsets.get(idx + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        }
    }
}

/// The partition of one column.
#[derive(Debug, Clone)]
pub struct ColumnPartition {
    name: String,
    values: Values,
}

#[derive(Debug, Clone)]
enum Values {
    /// Cell i holds (edge i−1, edge i]; the last one what is above.
    Numbers(Vec<f64>),
    /// Cell of each frequent category; the one behind them is OTHER.
    Categories(HashMap<Box<[u8]>, usize>),
    /// A column without values in the baseline: only missing and present are counted.
    Nothing,
}

impl ColumnPartition {
    /// The partition of a baseline column.
    pub fn of(column: &BaselineColumn) -> Self {
        let summary = &column.summary;
        let values = match (&summary.numeric, &summary.categorical) {
            (Some(numeric), _) if column.is_numeric() => Values::Numbers(quantile_edges(&numeric.points)),
            (_, Some(_)) if !column.is_numeric() => {
                let frequent = column.known.iter().take(MAX_CELLS - 1);
                let cells = frequent
                    .enumerate()
                    .map(|(idx, text)| (text.as_bytes().into(), idx));
                Values::Categories(cells.collect())
            }
            _ => Values::Nothing,
        };
        Self {
            name: summary.name.clone(),
            values,
        }
    }

    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its cells are ordered.
    pub fn is_numeric(&self) -> bool {
        matches!(self.values, Values::Numbers(_))
    }

    /// Whether its cells are categories.
    pub fn is_categorical(&self) -> bool {
        matches!(self.values, Values::Categories(_))
    }

    /// The counts of a column's summary on this partition.
    pub fn project(&self, summary: &ColumnSummary) -> Vec<u64> {
        let n_values = self.n_value_cells();
        let mut counts = vec![0; self.n_cells()];
        match (&self.values, &summary.numeric, &summary.categorical) {
            (Values::Numbers(edges), Some(numeric), _) => {
                for (value, weight) in numeric.points.values.iter().zip(&numeric.points.weights) {
                    counts[edges.partition_point(|edge| edge < value)] += weight;
                }
                counts[n_values + 1] = summary.counts.n_special();
            }
            (Values::Categories(known), _, Some(found)) => {
                let mut n_known = 0;
                for (text, count) in &found.counts {
                    if let Some(&cell) = known.get(text.as_bytes()) {
                        counts[cell] += count;
                        n_known += count;
                    }
                }
                counts[n_values - 1] = found.n.saturating_sub(n_known);
            }
            _ => counts[0] = summary.counts.n_present(),
        }
        counts[n_values] = summary.counts.n_missing;
        counts
    }

    /// Cells of values, OTHER included.
    pub fn n_value_cells(&self) -> usize {
        match &self.values {
            Values::Numbers(edges) => edges.len() + 1,
            Values::Categories(known) => known.len() + 1,
            Values::Nothing => 1,
        }
    }

    /// All cells: of values, then missing, then NaN and ±∞.
    pub fn n_cells(&self) -> usize {
        self.n_value_cells() + 2
    }

    /// Whether counting needs the cells' texts.
    pub fn needs_text(&self) -> bool {
        matches!(self.values, Values::Categories(_))
    }

    /// The cell of row `row` of a batch; `None` where its side was not captured.
    pub(super) fn cell_of(&self, view: &ColumnView<'_>, row: usize) -> Option<usize> {
        let n_values = self.n_value_cells();
        let class = *view.classes.get(row)?;
        match (class, &self.values) {
            (CellClass::Absent, _) => None,
            (CellClass::Missing, _) => Some(n_values),
            (CellClass::Integral | CellClass::Fractional, Values::Numbers(edges)) => {
                let value = *view.numbers.get(row)?;
                Some(edges.partition_point(|edge| *edge < value))
            }
            (_, Values::Categories(known)) => {
                let text = view.texts.as_ref().map(|texts| texts.get(row))?;
                Some(known.get(text).copied().unwrap_or(n_values - 1))
            }
            (CellClass::Nan | CellClass::PositiveInfinity | CellClass::NegativeInfinity, _) => {
                Some(n_values + 1)
            }
            (_, Values::Nothing) => Some(0),
            // Text or a boolean in a column of numbers: no number, and not missing; the type check tells of it.
            (_, Values::Numbers(_)) => None,
        }
    }
}

/// Inverted-CDF quantiles of the baseline at i/64, the largest left out: it is the last cell's.
fn quantile_edges(points: &WeightedPoints) -> Vec<f64> {
    if points.values.len() <= MAX_CELLS {
        let n_edges = points.values.len().saturating_sub(1);
        return points.values[..n_edges].to_vec();
    }
    let n = u128::from(points.n());
    let mut edges = Vec::with_capacity(MAX_CELLS);
    let (mut idx, mut below) = (0, 0u128);
    for rank in 1..MAX_CELLS {
        let wanted = (rank as u128 * n).div_ceil(MAX_CELLS as u128).max(1);
        while below + u128::from(points.weights[idx]) < wanted {
            below += u128::from(points.weights[idx]);
            idx += 1;
        }
        edges.push(points.values[idx]);
    }
    edges.dedup();
    edges
}
