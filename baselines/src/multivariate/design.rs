//! Columns of both sides as one matrix of numbers, for kernels.
//!
//! Numbers are centred and divided by the standard deviation (ddof 0) of both sides together: the null hypothesis of
//! a permutation test is that sides are exchangeable, so nothing may be fitted to one of them. A missing number sits
//! at the mean, with a 0/1 column beside it where any is missing. Categories are 0/1 columns, the most frequent ones
//! of both sides together with at least 5 rows, then one for the rest and one for missing: two different categories are at squared
//! distance 2, as two draws of a standardised number are on average. Columns that are equal in all rows drop out.
//! Does not know the methods.

use hashbrown::HashMap;

use super::paired::{Cells, EmbeddingPair, Feature, MISSING, PairedRows};

/// Columns that categories may take together.
const MAX_CATEGORY_COLUMNS: usize = 2_048;
/// Categories of one column kept apart.
const MAX_CATEGORIES: usize = 63;

/// Rows of both sides together below which a category joins the rest: identifiers say nothing about a distribution.
const MIN_CATEGORY_ROWS: u64 = 5;

/// Row-major matrix: baseline rows, then current rows.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    pub(crate) n_rows: [usize; 2],
    pub(crate) width: usize,
    pub(crate) values: Vec<f64>,
}

impl Design {
    /// All numeric and categorical columns.
    pub(crate) fn of_features(paired: &PairedRows) -> Self {
        let n_categorical = paired
            .features
            .iter()
            .filter(|feature| matches!(feature.cells[0], Cells::Categorical(_)))
            .count();
        let max_categories = (MAX_CATEGORY_COLUMNS / n_categorical.max(1)).clamp(1, MAX_CATEGORIES);
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for feature in &paired.features {
            encode(feature, max_categories, &mut columns);
        }
        let n = paired.n_rows[0] + paired.n_rows[1];
        let width = columns.len();
        let mut values = vec![0.0; n * width];
        for (idx, column) in columns.iter().enumerate() {
            for (row, x) in column.iter().enumerate() {
                values[row * width + idx] = *x;
            }
        }
        Self {
            n_rows: paired.n_rows,
            width,
            values,
        }
    }

    /// The vectors of an embedding as they are: their maker chose the scale.
    pub(crate) fn of_embedding(embedding: &EmbeddingPair) -> Self {
        Self {
            n_rows: embedding.n_rows(),
            width: embedding.dimension,
            values: embedding.components.concat(),
        }
    }

    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    pub(crate) fn n(&self) -> usize {
        self.n_rows[0] + self.n_rows[1]
    }
}

fn encode(feature: &Feature, max_categories: usize, columns: &mut Vec<Vec<f64>>) {
    match &feature.cells {
        [Cells::Numeric(baseline), Cells::Numeric(current)] => {
            let cells = || baseline.iter().chain(current).copied();
            if let Some(column) = standardised(cells()) {
                columns.push(column);
            }
            push_if_varied(columns, cells().map(f64::is_nan));
        }
        [Cells::Categorical(baseline), Cells::Categorical(current)] => {
            let cells = || baseline.iter().chain(current).copied();
            let ranks = ranks_by_frequency(cells());
            let kept = ranks.len().min(max_categories) as u32;
            for rank in 0..kept {
                push_if_varied(columns, cells().map(|id| ranks.get(&id) == Some(&rank)));
            }
            let is_rest = |id: u32| id != MISSING && ranks.get(&id).is_none_or(|rank| *rank >= kept);
            push_if_varied(columns, cells().map(is_rest));
            push_if_varied(columns, cells().map(|id| id == MISSING));
        }
        _ => {}
    }
}

/// (x − mean)/standard deviation, missing as 0; none where nothing varies or a square is not finite. Sums of sorted
/// values: equal for any order of rows.
fn standardised(cells: impl Iterator<Item = f64> + Clone) -> Option<Vec<f64>> {
    let mut sorted: Vec<f64> = cells.clone().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    if first == last {
        return None;
    }
    let n = sorted.len() as f64;
    let mean = sorted.iter().map(|x| x / n).sum::<f64>();
    let largest = (last - mean).max(mean - first);
    // Scaled by the largest deviation, so that no square overflows.
    let deviation = largest * (sorted.iter().map(|x| ((x - mean) / largest).powi(2)).sum::<f64>() / n).sqrt();
    if !deviation.is_finite() || deviation <= 0.0 {
        return None;
    }
    Some(
        cells
            .map(|x| if x.is_nan() { 0.0 } else { (x - mean) / deviation })
            .collect(),
    )
}

fn push_if_varied(columns: &mut Vec<Vec<f64>>, flags: impl Iterator<Item = bool>) {
    let column: Vec<f64> = flags.map(|flag| f64::from(u8::from(flag))).collect();
    if column.iter().any(|x| *x != column[0]) {
        columns.push(column);
    }
}

/// Categories of at least [`MIN_CATEGORY_ROWS`] rows ranked by them, most frequent first, ties by id.
pub(crate) fn ranks_by_frequency(cells: impl Iterator<Item = u32>) -> HashMap<u32, u32> {
    let mut counts: HashMap<u32, u64> = HashMap::new();
    for id in cells.filter(|id| *id != MISSING) {
        *counts.entry(id).or_insert(0) += 1;
    }
    let is_known = |&(_, count): &(u32, u64)| count >= MIN_CATEGORY_ROWS;
    let mut order: Vec<(u32, u64)> = counts.into_iter().filter(is_known).collect();
    order.sort_unstable_by_key(|&(id, count)| (std::cmp::Reverse(count), id));
    order
        .into_iter()
        .enumerate()
        .map(|(rank, (id, _))| (id, rank as u32))
        .collect()
}

impl EmbeddingPair {
    /// Rows that have a vector.
    pub(crate) fn n_rows(&self) -> [usize; 2] {
        let rows = |components: &Vec<f64>| components.len().checked_div(self.dimension).unwrap_or(0);
        [rows(&self.components[0]), rows(&self.components[1])]
    }
}
