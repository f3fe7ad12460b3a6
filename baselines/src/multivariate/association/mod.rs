//! Association change: pairs of columns that go together in another way than they did.
//!
//! | pair | measure | compared as |
//! |---|---|---|
//! | numeric, numeric | Spearman's ρ, Pearson's r beside it | Fisher's z |
//! | categorical, categorical | Cramér's V | φ²/min(r−1, c−1), bias taken off |
//! | numeric, categorical | correlation ratio η | η², bias taken off |
//!
//! Each pair's difference over its standard error is normal without change for large n; p-values of all pairs are
//! adjusted together (Benjamini–Hochberg), and the largest changes are kept. Spearman decides for two numeric
//! columns, because Fisher's variance holds for any distribution of ranks' marginals but for Pearson's r only where
//! the columns are bivariate normal: `pearson_p_value` is to be read so.
//!
//! A pair enters with its complete rows, at least 10 on each side; a pair with a column of one value
//! on a side is left out and counted. Fewer than two columns, no pair left: not computable. Up to 2,000 columns
//! (2 million pairs) in some seconds. Does not know thresholds.

mod measure;
#[cfg(test)]
mod tests;

use measure::{Estimate, correlation_ratio, cramers_v, dot, pearson, spearman, unit_ranks, unit_vector};

use super::answer::{Interval, NotComputable, Z_95, require_rows};
use super::paired::{Cells, MISSING, PairedRows};
use crate::compare::normal_survival;
use crate::judge::benjamini_hochberg;

/// Complete rows a pair needs on each side.
pub(crate) const MIN_PAIR_ROWS: usize = 10;
/// Largest changes that are kept.
pub const N_LARGEST: usize = 20;

/// Pairs of columns whose association changed most.
#[derive(Debug, Clone, PartialEq)]
pub struct AssociationChange {
    /// Smallest adjusted p-value: the answer to "did any pair change?".
    pub p_value: f64,
    /// Pairs whose adjusted p-value is at most 0.05.
    pub n_changed: usize,
    /// Pairs compared.
    pub n_pairs: usize,
    /// Pairs with a constant column, or too few complete rows, on a side.
    pub n_pairs_left_out: usize,
    /// The largest changes: smallest p-value first, then largest difference, then names.
    pub largest: Vec<PairChange>,
    /// Rows of the baseline that entered.
    pub n_baseline: usize,
    /// Rows of the current sample that entered.
    pub n_current: usize,
    /// Seed of the sample, where rows were sampled.
    pub seed: u64,
}

/// Change of one pair.
#[derive(Debug, Clone, PartialEq)]
pub struct PairChange {
    /// The columns, in the baseline's order.
    pub columns: [String; 2],
    /// What measures the pair.
    pub measure: AssociationMeasure,
    /// The measure in the baseline.
    pub baseline: f64,
    /// The measure in the current rows.
    pub current: f64,
    /// Difference over its standard error, on the measure's scale of comparison.
    pub z: f64,
    /// 95 % interval of the difference on the measure's scale of comparison.
    pub interval: Interval,
    /// Two-sided p-value of this pair alone.
    pub p_value: f64,
    /// The same, adjusted for all pairs (Benjamini–Hochberg).
    pub adjusted_p_value: f64,
    /// Pearson's r beside Spearman's ρ.
    pub pearson: Option<PearsonChange>,
    /// Complete rows of the baseline.
    pub n_baseline: usize,
    /// Complete rows of the current sample.
    pub n_current: usize,
}

/// Change of Pearson's r.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PearsonChange {
    /// r in the baseline.
    pub baseline: f64,
    /// r in the current rows.
    pub current: f64,
    /// Fisher's z test, for bivariate normal columns.
    pub p_value: f64,
}

/// What measures a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssociationMeasure {
    /// Spearman's rank correlation ρ.
    Spearman,
    /// Cramér's V.
    CramersV,
    /// Correlation ratio η.
    CorrelationRatio,
}

impl AssociationMeasure {
    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spearman => "spearman",
            Self::CramersV => "cramers_v",
            Self::CorrelationRatio => "correlation_ratio",
        }
    }
}

/// What is kept of every pair until all are known.
struct Candidate {
    columns: [u32; 2],
    difference: f64,
    p_value: f64,
}

/// Over all numeric and categorical columns.
pub fn association_change(paired: &PairedRows) -> Result<AssociationChange, NotComputable> {
    require_rows(paired.n_rows, MIN_PAIR_ROWS)?;
    let n_columns = paired.features.len();
    if n_columns < 2 {
        return Err(NotComputable::NoPairs);
    }
    let prepared: Vec<[Prepared<'_>; 2]> = paired
        .features
        .iter()
        .map(|feature| [Prepared::of(&feature.cells[0]), Prepared::of(&feature.cells[1])])
        .collect();
    let mut candidates = Vec::new();
    let mut n_pairs_left_out = 0;
    for left in 0..n_columns {
        for right in left + 1..n_columns {
            match compare(&prepared[left], &prepared[right]) {
                Some(compared) => candidates.push(Candidate {
                    columns: [left as u32, right as u32],
                    difference: compared.difference(),
                    p_value: compared.p_value(),
                }),
                None => n_pairs_left_out += 1,
            }
        }
    }
    if candidates.is_empty() {
        return Err(NotComputable::NothingVaries);
    }
    let p_values: Vec<f64> = candidates.iter().map(|candidate| candidate.p_value).collect();
    let adjusted = benjamini_hochberg(&p_values);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&left, &right| {
        let by_p = candidates[left].p_value.total_cmp(&candidates[right].p_value);
        by_p.then(
            candidates[right]
                .difference
                .total_cmp(&candidates[left].difference),
        )
    });
    order.truncate(N_LARGEST);
    let largest = order
        .iter()
        .filter_map(|&idx| {
            let columns = candidates[idx].columns.map(|column| column as usize);
            let compared = compare(&prepared[columns[0]], &prepared[columns[1]])?;
            let names = columns.map(|column| paired.features[column].name.clone());
            Some(compared.into_change(names, adjusted[idx].max(candidates[idx].p_value)))
        })
        .collect();
    Ok(AssociationChange {
        p_value: adjusted.iter().copied().fold(1.0, f64::min),
        n_changed: adjusted.iter().filter(|p| **p <= 0.05).count(),
        n_pairs: candidates.len(),
        n_pairs_left_out,
        largest,
        n_baseline: paired.n_rows[0],
        n_current: paired.n_rows[1],
        seed: paired.seed,
    })
}

/// A column of one side with what complete columns can share between pairs.
enum Prepared<'a> {
    Numeric {
        cells: &'a [f64],
        /// Values and ranks in standard form, where no cell is missing.
        complete: Option<Complete>,
    },
    Categorical(&'a [u32]),
}

struct Complete {
    values: Option<Vec<f64>>,
    ranks: Option<Vec<f64>>,
}

impl<'a> Prepared<'a> {
    fn of(cells: &'a Cells) -> Self {
        match cells {
            Cells::Numeric(cells) => Self::Numeric {
                cells,
                complete: (!cells.iter().any(|x| x.is_nan())).then(|| Complete {
                    values: unit_vector(cells),
                    ranks: unit_ranks(cells),
                }),
            },
            Cells::Categorical(cells) => Self::Categorical(cells),
        }
    }
}

struct Compared {
    measure: AssociationMeasure,
    sides: [Side; 2],
}

struct Side {
    estimate: Estimate,
    pearson: Option<Estimate>,
    n_rows: usize,
}

impl Compared {
    fn n_rows(&self) -> [usize; 2] {
        [self.sides[0].n_rows, self.sides[1].n_rows]
    }

    fn difference(&self) -> f64 {
        (self.sides[1].estimate.scaled - self.sides[0].estimate.scaled).abs()
    }

    fn p_value(&self) -> f64 {
        two_sided([self.sides[0].estimate, self.sides[1].estimate], self.n_rows()).p_value
    }

    fn into_change(self, columns: [String; 2], adjusted_p_value: f64) -> PairChange {
        let n_rows = self.n_rows();
        let [baseline, current] = self.sides;
        let tested = two_sided([baseline.estimate, current.estimate], n_rows);
        let difference = current.estimate.scaled - baseline.estimate.scaled;
        let width = Z_95 * tested.error;
        let pearson = baseline
            .pearson
            .zip(current.pearson)
            .map(|(left, right)| PearsonChange {
                baseline: left.value,
                current: right.value,
                p_value: two_sided([left, right], n_rows).p_value,
            });
        PairChange {
            columns,
            measure: self.measure,
            baseline: baseline.estimate.value,
            current: current.estimate.value,
            z: tested.z,
            interval: Interval {
                low: difference - width,
                high: difference + width,
            },
            p_value: tested.p_value,
            adjusted_p_value,
            pearson,
            n_baseline: baseline.n_rows,
            n_current: current.n_rows,
        }
    }
}

struct Tested {
    error: f64,
    z: f64,
    p_value: f64,
}

/// Difference over its standard error, both sides' variances taken at the strength they have together: taken at each
/// side's own estimate, the side that is strong by chance would also look the more uncertain one.
fn two_sided([baseline, current]: [Estimate; 2], n_rows: [usize; 2]) -> Tested {
    let [n, m] = n_rows.map(|rows| rows as f64);
    let together = (n * baseline.scaled + m * current.scaled) / (n + m);
    let error = (baseline.variance(together) + current.variance(together)).sqrt();
    let z = (current.scaled - baseline.scaled) / error;
    Tested {
        error,
        z,
        p_value: (2.0 * normal_survival(z.abs())).min(1.0),
    }
}

fn compare(left: &[Prepared<'_>; 2], right: &[Prepared<'_>; 2]) -> Option<Compared> {
    let (measure, baseline) = estimate(&left[0], &right[0])?;
    let (_, current) = estimate(&left[1], &right[1])?;
    Some(Compared {
        measure,
        sides: [baseline, current],
    })
}

fn estimate(left: &Prepared<'_>, right: &Prepared<'_>) -> Option<(AssociationMeasure, Side)> {
    match (left, right) {
        (
            Prepared::Numeric {
                cells: x,
                complete: known_x,
            },
            Prepared::Numeric {
                cells: y,
                complete: known_y,
            },
        ) => {
            let (values, ranks, n_rows) = match (known_x, known_y) {
                (Some(x), Some(y)) => {
                    let values = dot(x.values.as_ref()?, y.values.as_ref()?);
                    let ranks = dot(x.ranks.as_ref()?, y.ranks.as_ref()?);
                    (values, ranks, cells_len(x))
                }
                _ => {
                    let both = || x.iter().zip(*y).filter(|(x, y)| !x.is_nan() && !y.is_nan());
                    let (x, y): (Vec<f64>, Vec<f64>) = both().map(|(x, y)| (*x, *y)).unzip();
                    let values = dot(&unit_vector(&x)?, &unit_vector(&y)?);
                    let ranks = dot(&unit_ranks(&x)?, &unit_ranks(&y)?);
                    (values, ranks, x.len())
                }
            };
            let side = (n_rows >= MIN_PAIR_ROWS).then(|| Side {
                estimate: spearman(ranks, n_rows),
                pearson: Some(pearson(values, n_rows)),
                n_rows,
            });
            Some((AssociationMeasure::Spearman, side?))
        }
        (Prepared::Categorical(x), Prepared::Categorical(y)) => {
            let both = x.iter().zip(*y).filter(|(x, y)| **x != MISSING && **y != MISSING);
            let (x, y): (Vec<u32>, Vec<u32>) = both.map(|(x, y)| (*x, *y)).unzip();
            side(AssociationMeasure::CramersV, x.len(), || cramers_v(&x, &y))
        }
        (Prepared::Categorical(x), Prepared::Numeric { cells: y, .. })
        | (Prepared::Numeric { cells: y, .. }, Prepared::Categorical(x)) => {
            let both = x.iter().zip(*y).filter(|(x, y)| **x != MISSING && !y.is_nan());
            let (x, y): (Vec<u32>, Vec<f64>) = both.map(|(x, y)| (*x, *y)).unzip();
            side(AssociationMeasure::CorrelationRatio, x.len(), || {
                correlation_ratio(&x, &y)
            })
        }
    }
}

fn cells_len(complete: &Complete) -> usize {
    complete.values.as_ref().map_or(0, Vec::len)
}

fn side(
    measure: AssociationMeasure,
    n_rows: usize,
    estimate: impl FnOnce() -> Option<Estimate>,
) -> Option<(AssociationMeasure, Side)> {
    if n_rows < MIN_PAIR_ROWS {
        return None;
    }
    let estimate = estimate()?;
    let is_finite = estimate.scaled.is_finite()
        && estimate.variance_slope.is_finite()
        && estimate.variance_at_independence > 0.0;
    is_finite.then_some((
        measure,
        Side {
            estimate,
            pearson: None,
            n_rows,
        },
    ))
}
