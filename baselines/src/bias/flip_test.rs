//! Clarify's flip test (FT): would the facet's rows get another prediction if they were treated as their neighbours?
//!
//! k nearest neighbours (k = 5; 1 if the rest has at most 9 rows) among the rows outside the facet, Euclidean distance
//! over unscaled features without facet and label, majority of their predictions: smclarify 0.5. Equal distances are
//! settled by the order of rows; smclarify leaves them to scikit-learn's tree. Categories, which smclarify refuses, are
//! as far apart as one-hot codes. Does not know other metrics.

use super::BiasFailure;

const NEIGHBOURS: usize = 5;
const FEW_ROWS: usize = 9;
/// Most pairs of rows compared: about a second of work per feature.
const MAX_PAIRS: u64 = 1_000_000_000;
/// Rows of the facet, and of the rest, that [`flip_test_mixed`] compares at most.
const MAX_ROWS: [usize; 2] = [4_000, 20_000];
/// Squared distance of two different categories: one-hot codes differ in two places.
const CATEGORY_DISTANCE: f64 = 2.0;

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

/// A feature, one entry per row.
#[derive(Debug, Clone, Copy)]
pub enum FlipColumn<'a> {
    /// A number; not finite where it is missing.
    Number(&'a [f64]),
    /// A category, in any numbering; `u32::MAX` where it is missing.
    Category(&'a [u32]),
}

impl FlipColumn<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Category(codes) => codes.len(),
        }
    }

    fn has(&self, row: usize) -> bool {
        match self {
            Self::Number(values) => values[row].is_finite(),
            Self::Category(codes) => codes[row] != u32::MAX,
        }
    }

    fn squared_distance(&self, one: usize, other: usize) -> f64 {
        match self {
            Self::Number(values) => (values[one] - values[other]).powi(2),
            Self::Category(codes) if codes[one] == codes[other] => 0.0,
            Self::Category(_) => CATEGORY_DISTANCE,
        }
    }
}

/// What became of the rows of a flip test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixedFlipTest {
    /// The test.
    pub flips: FlipTest,
    /// Rows left out because a feature is missing.
    pub n_without_features: u64,
    /// Rows with all features that were not compared, because there are more than 4,000 in the facet or 20,000 outside;
    /// those compared are spread evenly over the order of rows.
    pub n_thinned: u64,
}

/// Runs the test on numbers and categories, some of them missing, and on any number of rows.
///
/// # Errors
/// Lengths that differ, no features, and no row with all features on one of the sides.
pub fn flip_test_mixed(
    facet: &[bool],
    prediction: &[bool],
    features: &[FlipColumn<'_>],
) -> Result<MixedFlipTest, BiasFailure> {
    check(facet, prediction, features)?;
    let (whole, broken): (Vec<usize>, Vec<usize>) =
        (0..facet.len()).partition(|&row| features.iter().all(|column| column.has(row)));
    let (inside, outside): (Vec<usize>, Vec<usize>) = whole.iter().partition(|&&row| facet[row]);
    let [inside, outside] = [thin(&inside, MAX_ROWS[0]), thin(&outside, MAX_ROWS[1])];
    Ok(MixedFlipTest {
        flips: run(&inside, &outside, prediction, features)?,
        n_without_features: broken.len() as u64,
        n_thinned: (whole.len() - inside.len() - outside.len()) as u64,
    })
}

/// Runs the test as smclarify does. `features` holds the columns, one value per row each.
///
/// # Errors
/// Lengths that differ, a facet with all rows or none, a feature that is not finite, too many pairs.
pub fn flip_test(facet: &[bool], prediction: &[bool], features: &[&[f64]]) -> Result<FlipTest, BiasFailure> {
    let features: Vec<FlipColumn<'_>> = features.iter().map(|column| FlipColumn::Number(column)).collect();
    check(facet, prediction, &features)?;
    let is_whole = |row: usize| features.iter().all(|column| column.has(row));
    if !(0..facet.len()).all(is_whole) {
        return Err(BiasFailure::NotFinite);
    }
    let (inside, outside): (Vec<usize>, Vec<usize>) = (0..facet.len()).partition(|&row| facet[row]);
    if inside.len() as u64 * outside.len() as u64 > MAX_PAIRS {
        return Err(BiasFailure::TooManyPairs { limit: MAX_PAIRS });
    }
    run(&inside, &outside, prediction, &features)
}

fn check(facet: &[bool], prediction: &[bool], features: &[FlipColumn<'_>]) -> Result<(), BiasFailure> {
    let n = facet.len();
    if prediction.len() != n || features.iter().any(|column| column.len() != n) {
        return Err(BiasFailure::LengthsDiffer);
    }
    if features.is_empty() {
        return Err(BiasFailure::NeedsFeatures);
    }
    Ok(())
}

/// At most `limit` rows, evenly spread.
fn thin(rows: &[usize], limit: usize) -> Vec<usize> {
    let n = rows.len().min(limit);
    (0..n).map(|at| rows[at * rows.len() / n]).collect()
}

fn run(
    inside: &[usize],
    outside: &[usize],
    prediction: &[bool],
    features: &[FlipColumn<'_>],
) -> Result<FlipTest, BiasFailure> {
    if inside.is_empty() || outside.is_empty() {
        return Err(BiasFailure::OneSided {
            every: !inside.is_empty(),
        });
    }
    let k = if outside.len() > FEW_ROWS { NEIGHBOURS } else { 1 };
    let mut flips = FlipTest {
        n_to_negative: 0,
        n_to_positive: 0,
        n_facet: inside.len() as u64,
    };
    for &row in inside {
        let neighbours = nearest(row, outside, features, k);
        let n_positive = neighbours.iter().filter(|&&other| prediction[other]).count();
        let expected = 2 * n_positive > k;
        flips.n_to_negative += u64::from(prediction[row] && !expected);
        flips.n_to_positive += u64::from(!prediction[row] && expected);
    }
    Ok(flips)
}

fn nearest(row: usize, others: &[usize], features: &[FlipColumn<'_>], k: usize) -> Vec<usize> {
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(k + 1);
    for &other in others {
        let distance: f64 = features
            .iter()
            .map(|column| column.squared_distance(row, other))
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
