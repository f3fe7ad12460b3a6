//! Clarify's flip test (FT): would the facet's rows get another prediction if they were treated as their neighbours?
//!
//! k nearest neighbours (k = 5; 1 if the rest has at most 9 rows) among the rows outside the facet, Euclidean distance
//! over unscaled features without facet and label, majority of their predictions: smclarify 0.5. Equal distances are
//! settled by the order of rows; smclarify leaves them to scikit-learn's tree. Does not know other metrics.

use super::BiasFailure;

const NEIGHBOURS: usize = 5;
const FEW_ROWS: usize = 9;
/// Most pairs of rows compared: about a second of work per feature.
const MAX_PAIRS: u64 = 1_000_000_000;

/// Rows of the facet that a neighbour model would flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlipTest {
    /// Predicted positive, neighbours negative.
    pub n_to_negative: u64,
    /// Predicted negative, neighbours positive.
    pub n_to_positive: u64,
    /// Rows of the facet.
    pub n_facet: u64,
}

impl FlipTest {
    /// (F⁺ − F⁻)/n_d.
    pub(super) fn value(self) -> f64 {
        (self.n_to_negative as f64 - self.n_to_positive as f64) / self.n_facet as f64
    }
}

/// Runs the test. `features` holds the columns, one value per row each.
///
/// # Errors
/// Lengths that differ, a facet with all rows or none, a feature that is not finite, too many pairs.
pub fn flip_test(facet: &[bool], prediction: &[bool], features: &[&[f64]]) -> Result<FlipTest, BiasFailure> {
    let n = facet.len();
    if prediction.len() != n || features.iter().any(|column| column.len() != n) {
        return Err(BiasFailure::LengthsDiffer);
    }
    if features.is_empty() {
        return Err(BiasFailure::NeedsFeatures);
    }
    if features
        .iter()
        .any(|column| column.iter().any(|value| !value.is_finite()))
    {
        return Err(BiasFailure::NotFinite);
    }
    let (inside, outside): (Vec<usize>, Vec<usize>) = (0..n).partition(|&row| facet[row]);
    if inside.is_empty() || outside.is_empty() {
        return Err(BiasFailure::OneSided {
            every: !inside.is_empty(),
        });
    }
    if inside.len() as u64 * outside.len() as u64 > MAX_PAIRS {
        return Err(BiasFailure::TooManyPairs { limit: MAX_PAIRS });
    }
    let k = if outside.len() > FEW_ROWS { NEIGHBOURS } else { 1 };
    let mut flips = FlipTest {
        n_to_negative: 0,
        n_to_positive: 0,
        n_facet: inside.len() as u64,
    };
    for &row in &inside {
        let neighbours = nearest(row, &outside, features, k);
        let n_positive = neighbours.iter().filter(|&&other| prediction[other]).count();
        let expected = 2 * n_positive > k;
        flips.n_to_negative += u64::from(prediction[row] && !expected);
        flips.n_to_positive += u64::from(!prediction[row] && expected);
    }
    Ok(flips)
}

fn nearest(row: usize, others: &[usize], features: &[&[f64]], k: usize) -> Vec<usize> {
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(k + 1);
    for &other in others {
        let distance: f64 = features
            .iter()
            .map(|column| (column[row] - column[other]).powi(2))
            .sum();
        if best.len() == k && best[k - 1].0 <= distance {
            continue;
        }
        let at = best.partition_point(|(found, _)| *found <= distance);
        best.insert(at, (distance, other));
        best.truncate(k);
    }
    best.into_iter().map(|(_, other)| other).collect()
}
