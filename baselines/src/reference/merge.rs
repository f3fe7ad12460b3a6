//! Several stored summaries as one.
//!
//! Does not know which windows they are of.

use super::{numbers, texts};
use crate::profile::Grid;
use crate::summary::{CellCounts, ColumnSummary, DatasetSummary, Distinct, InferredType};
use std::collections::BTreeMap;

/// Between these many distinct values there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DistinctBounds {
    /// At least.
    pub at_least: u64,
    /// At most. Where a window's own number was an estimate, both bounds hold within three of its standard errors.
    pub at_most: u64,
}

impl DistinctBounds {
    pub(super) fn exactly(n: u64) -> Self {
        Self {
            at_least: n,
            at_most: n,
        }
    }

    /// Of the union of sets of these sizes: none is larger than the union, and it is no larger than all together.
    pub(super) fn of_union(parts: impl Iterator<Item = Distinct>) -> Self {
        // HyperLogLog with 2^12 registers has a standard error of 1.625 %.
        const THREE_ERRORS: f64 = 3.0 * 0.01625;
        let mut bounds = Self::exactly(0);
        for part in parts {
            let (low, high) = match part {
                Distinct::Exact(n) => (n, n),
                Distinct::Estimated(n) => (
                    (n as f64 * (1.0 - THREE_ERRORS)).floor() as u64,
                    (n as f64 * (1.0 + THREE_ERRORS)).ceil() as u64,
                ),
            };
            bounds.at_least = bounds.at_least.max(low);
            bounds.at_most = bounds.at_most.saturating_add(high);
        }
        bounds
    }

    /// Exact, or the lower bound as an estimate.
    pub(super) fn distinct(self) -> Distinct {
        if self.at_least == self.at_most {
            Distinct::Exact(self.at_least)
        } else {
            Distinct::Estimated(self.at_least)
        }
    }
}

/// Why a column of several windows cannot be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotMergeable {
    /// Counted on a grid other than the baseline's.
    #[error("a window was counted on the grid of another baseline: its numbers cannot be added")]
    OtherGrid,
    /// Numbers in one window, text in another, and no plan that said which.
    #[error("the column held numbers in one window and text in another")]
    Types,
    /// Counts that no data set has.
    #[error("the counts of the stored windows are too large to add")]
    Overflow,
}

/// How well one column could be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnMerge {
    /// Distinct numbers, or distinct texts.
    pub distinct: DistinctBounds,
    /// By how many rows at most a category's count is short of the truth; 0 where every window listed all.
    pub category_shortfall: u64,
}

/// Several summaries as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The summary. A column that could not be put together has its cells counted and no distribution.
    pub summary: DatasetSummary,
    /// How well, by column, in the summary's order.
    pub columns: Vec<Result<ColumnMerge, NotMergeable>>,
}

/// Puts summaries together: of the columns that any of them has, in the order they appear. Rows of a window that never
/// named a column are missing cells of it. `grids` are the baseline's, by column.
pub fn merge(parts: &[DatasetSummary], grids: &BTreeMap<&str, &Grid>) -> Result<Merged, NotMergeable> {
    let n_rows = total(parts.iter().map(|part| part.n_rows))?;
    let mut names: Vec<&str> = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<(usize, &ColumnSummary)>> = BTreeMap::new();
    for (idx, part) in parts.iter().enumerate() {
        for column in &part.columns {
            let entry = by_name.entry(&column.name).or_insert_with(|| {
                names.push(&column.name);
                Vec::new()
            });
            entry.push((idx, column));
        }
    }
    let none = Grid::from_edges([]);
    let mut merged = Merged {
        summary: DatasetSummary {
            n_rows,
            columns: Vec::with_capacity(names.len()),
        },
        columns: Vec::with_capacity(names.len()),
    };
    for name in names {
        let columns: Vec<&ColumnSummary> = by_name[name].iter().map(|(_, column)| *column).collect();
        let unnamed = (0..parts.len()).filter(|idx| by_name[name].iter().all(|(owner, _)| owner != idx));
        let n_unnamed = total(unnamed.map(|idx| parts[idx].n_rows))?;
        let grid = grids.get(name).copied().unwrap_or(&none);
        let (summary, outcome) = merge_column(name, &columns, n_unnamed, grid)?;
        merged.summary.columns.push(summary);
        merged.columns.push(outcome);
    }
    Ok(merged)
}

fn merge_column(
    name: &str,
    parts: &[&ColumnSummary],
    n_unnamed: u64,
    grid: &Grid,
) -> Result<(ColumnSummary, Result<ColumnMerge, NotMergeable>), NotMergeable> {
    let counts = add_counts(parts, n_unnamed)?;
    let inferred = counts.inferred_type();
    // A plan for categories takes cells for text also where they look like numbers.
    let as_text = parts
        .iter()
        .any(|part| part.counts.inferred_type().is_numeric() && !part.inferred_type.is_numeric());
    let inferred_type = if as_text && inferred.is_numeric() {
        InferredType::String
    } else {
        inferred
    };
    let mut summary = ColumnSummary {
        name: name.to_owned(),
        inferred_type,
        counts,
        numeric: None,
        categorical: None,
        spans: [None; 9],
    };
    let outcome = distribution(&mut summary, parts, grid);
    if outcome.is_err() {
        summary.numeric = None;
        summary.categorical = None;
    }
    Ok((summary, outcome))
}

fn distribution(
    summary: &mut ColumnSummary,
    parts: &[&ColumnSummary],
    grid: &Grid,
) -> Result<ColumnMerge, NotMergeable> {
    let filled: Vec<&ColumnSummary> = parts
        .iter()
        .copied()
        .filter(|part| part.counts.n_present() > 0)
        .collect();
    let mut found = ColumnMerge {
        distinct: DistinctBounds::exactly(0),
        category_shortfall: 0,
    };
    let listed: Vec<_> = parts
        .iter()
        .filter_map(|part| part.categorical.as_ref())
        .collect();
    let unlisted = filled.iter().any(|part| part.categorical.is_none());
    if unlisted && listed.iter().any(|part| part.n > 0) {
        return Err(NotMergeable::Types);
    }
    if !unlisted && !listed.is_empty() {
        let (categorical, merge) = texts::merge(&listed)?;
        summary.categorical = Some(categorical);
        found = merge;
    }
    let counted: Vec<_> = filled.iter().filter_map(|part| part.numeric.as_ref()).collect();
    let with_numbers = filled.iter().filter(|part| part.counts.n_numbers() > 0).count();
    if !counted.is_empty() && summary.categorical.is_none() {
        if counted.len() < with_numbers {
            return Err(NotMergeable::Types);
        }
        let (numeric, distinct) = numbers::merge(&counted, grid)?;
        summary.numeric = Some(numeric);
        found.distinct = distinct;
    }
    Ok(found)
}

fn add_counts(parts: &[&ColumnSummary], n_unnamed: u64) -> Result<CellCounts, NotMergeable> {
    let sum = |count: fn(&CellCounts) -> u64| total(parts.iter().map(|part| count(&part.counts)));
    let mut counts = CellCounts {
        n_missing: sum(|c| c.n_missing)?,
        n_integral: sum(|c| c.n_integral)?,
        n_fractional: sum(|c| c.n_fractional)?,
        n_boolean: sum(|c| c.n_boolean)?,
        n_text: sum(|c| c.n_text)?,
        n_nan: sum(|c| c.n_nan)?,
        n_positive_infinity: sum(|c| c.n_positive_infinity)?,
        n_negative_infinity: sum(|c| c.n_negative_infinity)?,
        n_absent: sum(|c| c.n_absent)?,
    };
    counts.n_missing = total([counts.n_missing, n_unnamed].into_iter())?;
    Ok(counts)
}

/// A sum, kept well below what a sum of several such sums could overflow.
pub(super) fn total(mut counts: impl Iterator<Item = u64>) -> Result<u64, NotMergeable> {
    counts
        .try_fold(0, u64::checked_add)
        .filter(|sum| *sum < 1 << 58)
        .ok_or(NotMergeable::Overflow)
}
