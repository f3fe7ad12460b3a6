//! What every bias metric but one is a function of: rows by group, facet, label and prediction.
//!
//! Counts of parts add up to the counts of the whole. Does not know formulas.

use std::collections::BTreeMap;

use super::BiasFailure;

/// Rows of a bias analysis; every slice given has one value per row.
#[derive(Debug, Clone, Copy)]
pub struct FacetRows<'a> {
    /// Whether the row has the facet value under test (Clarify's disadvantaged group d).
    pub facet: &'a [bool],
    /// Whether the label is the positive outcome.
    pub label: Option<&'a [bool]>,
    /// Whether the prediction is the positive outcome.
    pub prediction: Option<&'a [bool]>,
    /// Value of the group column that demographic disparity is conditioned on, as any numbering.
    pub group: Option<&'a [u32]>,
}

/// Rows of one combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Group number; 0 without a group column.
    pub group: u32,
    /// In the facet.
    pub facet: bool,
    /// Positive label; false without labels.
    pub label: bool,
    /// Positive prediction; false without predictions.
    pub prediction: bool,
}

/// The counts, and which columns they were made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FacetCounts {
    pub(super) cells: BTreeMap<Cell, u64>,
    pub(super) has_label: bool,
    pub(super) has_prediction: bool,
    pub(super) has_group: bool,
}

impl FacetCounts {
    /// Counts rows.
    ///
    /// # Errors
    /// Slices of different lengths.
    pub fn of(rows: &FacetRows<'_>) -> Result<Self, BiasFailure> {
        let n = rows.facet.len();
        let fits = |len: Option<usize>| len.is_none_or(|len| len == n);
        if !(fits(rows.label.map(<[_]>::len))
            && fits(rows.prediction.map(<[_]>::len))
            && fits(rows.group.map(<[_]>::len)))
        {
            return Err(BiasFailure::LengthsDiffer);
        }
        let mut counts = Self {
            cells: BTreeMap::new(),
            has_label: rows.label.is_some(),
            has_prediction: rows.prediction.is_some(),
            has_group: rows.group.is_some(),
        };
        for (at, &facet) in rows.facet.iter().enumerate() {
            let cell = Cell {
                group: rows.group.map_or(0, |group| group[at]),
                facet,
                label: rows.label.is_some_and(|label| label[at]),
                prediction: rows.prediction.is_some_and(|prediction| prediction[at]),
            };
            *counts.cells.entry(cell).or_default() += 1;
        }
        Ok(counts)
    }

    /// Adds the counts of other rows with the same columns; a column that one side lacks is lost.
    pub fn merge(&mut self, other: &Self) {
        if self.cells.is_empty() {
            self.clone_from(other);
            return;
        }
        if other.cells.is_empty() {
            return;
        }
        for (&cell, &count) in &other.cells {
            *self.cells.entry(cell).or_default() += count;
        }
        self.has_label &= other.has_label;
        self.has_prediction &= other.has_prediction;
        self.has_group &= other.has_group;
    }

    /// Rows counted.
    pub fn n_rows(&self) -> u64 {
        self.cells.values().sum()
    }

    /// Rows of all cells that `wanted` holds for.
    pub(super) fn count(&self, wanted: impl Fn(&Cell) -> bool) -> f64 {
        self.cells
            .iter()
            .filter(|(cell, _)| wanted(cell))
            .map(|(_, &count)| count)
            .sum::<u64>() as f64
    }
}
