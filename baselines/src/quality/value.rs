//! Money: the value of predictions under a matrix of what each cell is worth.
//!
//! Value per thousand = 1000 · Σ cell·value / rows, a mean of a number per row; its variance is that of a mean. Does
//! not know whose currency it is.

use super::interval::normal;
use super::options::ValueMatrix;
use super::result::MetricValue;
use super::tally::Mass;

/// Value per thousand predictions; `cells` has at least one row of data.
pub(crate) fn value_per_thousand(cells: &[Vec<Mass>], values: &ValueMatrix, z: f64) -> MetricValue {
    let each = || cells.iter().flatten().zip(values.rows_actual.iter().flatten());
    let all = each().fold(Mass::default(), |sum, (cell, _)| sum.plus(*cell));
    let mean = each().map(|(cell, value)| cell.w * value).sum::<f64>() / all.w;
    let squares: f64 = each().map(|(cell, value)| cell.w2 * (value - mean).powi(2)).sum();
    normal(1000.0 * mean, 1e6 * squares / (all.w * all.w), z, all.n)
}
