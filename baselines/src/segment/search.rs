//! Weak-segment search: levels of one column and pairs of levels of two, where the loss is higher than elsewhere.
//!
//! Every candidate with enough rows is tested by Welch's one-sided t-test of its losses against all other rows; a pair
//! must also be worse than the rest of each of its two one-column segments (largest of the three p-values, Berger's
//! intersection-union test), so that it is not reported for what one column explains. All candidates of the search
//! are one family under Benjamini–Hochberg. Intervals of reported segments are Benjamini and Yekutieli's (2005,
//! J. Am. Stat. Assoc. 100) for selected parameters: their level accounts for the search. Does not know metrics' names.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::SegmentFailure;
use super::codes::{Codes, Level, SegmentColumn, codes};
use crate::judge::benjamini_hochberg;

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchOptions {
    /// Fewest rows of a segment.
    pub min_rows: usize,
    /// Fewest rows as a share of all.
    pub min_share: f64,
    /// False discovery rate of the whole search.
    pub alpha: f64,
    /// Columns that pairs are made of: those whose levels explain the most variance of the loss.
    pub max_pair_columns: usize,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            min_rows: 30,
            min_share: 0.01,
            alpha: 0.05,
            max_pair_columns: 20,
        }
    }
}

/// One column's part of a segment.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// No value.
    Missing {
        /// Position of the column.
        column: usize,
    },
    /// One category.
    Is {
        /// Position of the column.
        column: usize,
        /// The category.
        level: String,
    },
    /// One of the categories beyond the twenty most frequent.
    OtherLevel {
        /// Position of the column.
        column: usize,
    },
    /// low ≤ value < high; `None` is open.
    Between {
        /// Position of the column.
        column: usize,
        /// Lower end.
        low: Option<f64>,
        /// Upper end.
        high: Option<f64>,
    },
}

/// A segment that is worse than the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct WeakSegment {
    /// One or two conditions that all hold.
    pub conditions: Vec<Condition>,
    /// Rows of the segment.
    pub n_rows: u64,
    /// Mean loss of the segment.
    pub mean_loss: f64,
    /// Its interval, corrected for the search.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Mean loss of all other rows.
    pub rest_mean_loss: f64,
    /// Uncorrected p-value.
    pub p_value: f64,
    /// Benjamini–Hochberg adjusted over all candidates.
    pub adjusted_p_value: f64,
}

/// The answer of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOutcome {
    /// Weak segments, the largest excess of total loss (rows × difference) first.
    pub segments: Vec<WeakSegment>,
    /// Segments tested: the size of the family.
    pub n_candidates: usize,
}

/// Count, mean and sum of squared deviations of losses.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, loss: f64) {
        self.n += 1.0;
        let off = loss - self.mean;
        self.mean += off / self.n;
        self.squares += off * (loss - self.mean);
    }

    /// What is left of `self` without `part` of it (Chan, Golub and LeVeque 1983, equation 2.1, solved backwards).
    fn without(&self, part: &Self) -> Self {
        let n = self.n - part.n;
        if n < 1.0 {
            return Self::default();
        }
        let mean = self.mean + (self.mean - part.mean) * part.n / n;
        let between = (part.mean - mean).powi(2) * part.n * n / self.n;
        Self {
            n,
            mean,
            squares: (self.squares - part.squares - between).max(0.0),
        }
    }

    fn variance(&self) -> f64 {
        self.squares / (self.n - 1.0)
    }
}

struct Candidate {
    columns: Vec<(usize, u16)>,
    moments: Moments,
    p_value: f64,
}

/// Searches. `loss` has one finite value per row; every column as many.
///
/// # Errors
/// Lengths that differ, a loss that is not finite, fewer than twice `min_rows` rows.
pub fn weak_segments(
    columns: &[SegmentColumn<'_>],
    loss: &[f64],
    options: SearchOptions,
) -> Result<SearchOutcome, SegmentFailure> {
    let min_rows = options.min_rows.max(2);
    for column in columns {
        let (found, expected) = (column.len(), loss.len());
        if found != expected {
            return Err(SegmentFailure::LengthsDiffer {
                what: "a column",
                found,
                expected,
            });
        }
    }
    if let Some(row) = loss.iter().position(|loss| !loss.is_finite()) {
        return Err(SegmentFailure::NotFinite { row });
    }
    if loss.len() < 2 * min_rows {
        return Err(SegmentFailure::TooFewRows {
            found: loss.len(),
            needed: 2 * min_rows,
        });
    }
    let needed = (min_rows as f64).max(options.min_share * loss.len() as f64);
    let coded: Vec<Codes> = columns.iter().map(codes).collect();
    let mut all = Moments::default();
    for &loss in loss {
        all.add(loss);
    }
    let single: Vec<Vec<Moments>> = coded.iter().map(|codes| moments_by(codes, loss)).collect();
    let has_support = |part: &Moments| part.n >= needed && all.n - part.n >= min_rows as f64;
    let mut candidates = Vec::new();
    for (column, levels) in single.iter().enumerate() {
        for (level, moments) in levels
            .iter()
            .enumerate()
            .filter(|(_, moments)| has_support(moments))
        {
            let p_value = worse(moments, &all.without(moments));
            candidates.push(Candidate {
                columns: vec![(column, level as u16)],
                moments: *moments,
                p_value,
            });
        }
    }
    let paired = pair_columns(&single, &all, options.max_pair_columns);
    for (at, &first) in paired.iter().enumerate() {
        for &second in &paired[at + 1..] {
            pairs(&coded, [first, second], loss, |levels, moments| {
                let parents = [
                    &single[first][levels[0] as usize],
                    &single[second][levels[1] as usize],
                ];
                let is_parent = parents
                    .iter()
                    .any(|parent| parent.n - moments.n < min_rows as f64);
                if !has_support(moments) || is_parent {
                    return;
                }
                let p_value = parents
                    .iter()
                    .map(|parent| worse(moments, &parent.without(moments)))
                    .fold(worse(moments, &all.without(moments)), f64::max);
                let columns = vec![(first, levels[0]), (second, levels[1])];
                candidates.push(Candidate {
                    columns,
                    moments: *moments,
                    p_value,
                });
            });
        }
    }
    Ok(select(&candidates, &coded, &all, options.alpha))
}

fn select(candidates: &[Candidate], coded: &[Codes], all: &Moments, alpha: f64) -> SearchOutcome {
    let p_values: Vec<f64> = candidates.iter().map(|candidate| candidate.p_value).collect();
    let adjusted = benjamini_hochberg(&p_values);
    let n_selected = adjusted.iter().filter(|&&p| p < alpha).count();
    let tail = alpha * n_selected as f64 / candidates.len().max(1) as f64 / 2.0;
    let mut segments: Vec<WeakSegment> = Vec::new();
    for (candidate, adjusted_p_value) in candidates.iter().zip(adjusted).filter(|(_, p)| *p < alpha) {
        let part = &candidate.moments;
        let reach = quantile(part.n - 1.0, 1.0 - tail) * (part.variance() / part.n).sqrt();
        segments.push(WeakSegment {
            conditions: candidate
                .columns
                .iter()
                .map(|&(column, level)| condition(column, level, coded))
                .collect(),
            n_rows: part.n as u64,
            mean_loss: part.mean,
            low: part.mean - reach,
            high: part.mean + reach,
            rest_mean_loss: all.without(part).mean,
            p_value: candidate.p_value,
            adjusted_p_value,
        });
    }
    let excess = |segment: &WeakSegment| segment.n_rows as f64 * (segment.mean_loss - segment.rest_mean_loss);
    segments.sort_by(|left, right| excess(right).total_cmp(&excess(left)));
    SearchOutcome {
        segments,
        n_candidates: candidates.len(),
    }
}

fn condition(column: usize, level: u16, coded: &[Codes]) -> Condition {
    match &coded[column].levels[level as usize] {
        Level::Missing => Condition::Missing { column },
        Level::Other => Condition::OtherLevel { column },
        Level::Is(level) => Condition::Is {
            column,
            level: level.clone(),
        },
        Level::Between(low, high) => Condition::Between {
            column,
            low: low.is_finite().then_some(*low),
            high: high.is_finite().then_some(*high),
        },
    }
}

fn moments_by(codes: &Codes, loss: &[f64]) -> Vec<Moments> {
    let mut moments = vec![Moments::default(); codes.levels.len()];
    for (&code, &loss) in codes.code.iter().zip(loss) {
        moments[code as usize].add(loss);
    }
    moments
}

fn pairs(
    coded: &[Codes],
    [first, second]: [usize; 2],
    loss: &[f64],
    mut each: impl FnMut([u16; 2], &Moments),
) {
    let width = coded[second].levels.len();
    let mut moments = vec![Moments::default(); coded[first].levels.len() * width];
    for ((&left, &right), &loss) in coded[first].code.iter().zip(&coded[second].code).zip(loss) {
        moments[left as usize * width + right as usize].add(loss);
    }
    for (at, moments) in moments.iter().enumerate() {
        each([(at / width) as u16, (at % width) as u16], moments);
    }
}

/// Columns by explained variance Σ n (mean − overall)², the most first, then in their own order.
fn pair_columns(single: &[Vec<Moments>], all: &Moments, limit: usize) -> Vec<usize> {
    let explained = |column: usize| -> f64 {
        single[column]
            .iter()
            .map(|level| level.n * (level.mean - all.mean).powi(2))
            .sum()
    };
    let mut columns: Vec<usize> = (0..single.len()).collect();
    columns.sort_by(|&left, &right| explained(right).total_cmp(&explained(left)));
    columns.truncate(limit);
    columns.sort_unstable();
    columns
}

/// One-sided p-value of "the part's mean is higher": Welch 1947, Biometrika 34. Without any spread 1 or 0, as the means
/// say.
fn worse(part: &Moments, rest: &Moments) -> f64 {
    if rest.n < 2.0 {
        return 1.0;
    }
    let (a, b) = (part.variance() / part.n, rest.variance() / rest.n);
    let difference = part.mean - rest.mean;
    if a + b <= 0.0 {
        return if difference > 0.0 { 0.0 } else { 1.0 };
    }
    let degrees = (a + b).powi(2) / (a.powi(2) / (part.n - 1.0) + b.powi(2) / (rest.n - 1.0));
    StudentsT::new(0.0, 1.0, degrees).map_or(1.0, |t| t.sf(difference / (a + b).sqrt()).clamp(0.0, 1.0))
}

fn quantile(degrees: f64, p: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees.max(1.0)).map_or(0.0, |t| t.inverse_cdf(p.min(1.0 - 1e-15)))
}
