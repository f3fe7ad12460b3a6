//! Maximum mean discrepancy: the distance between the mean embeddings of both sides in the space of a kernel.
//!
//! MMD² = E k(x,x') + E k(y,y') − 2 E k(x,y) (A. Gretton, K. Borgwardt, M. Rasch, B. Schölkopf, A. Smola, A kernel
//! two-sample test, JMLR 13, 2012, lemma 6); estimated without bias as their eq. 3, and with bias (eq. 5), which is
//! never negative and 0 for identical sides. Kernel: k(x,y) = exp(−‖x−y‖²/(2σ²)) with 2σ² the median squared distance
//! between rows of both sides together (their section 8; as alibi-detect), the mean where the median is 0.
//!
//! Up to 2,000 rows of both sides together all pairs are summed. Beyond that the kernel is
//! approximated by random Fourier features (A. Rahimi, B. Recht, NIPS 2007; for MMD J. Zhao, D. Meng, FastMMD, Neural
//! Comput. 27, 2015): cos(ω·x) and sin(ω·x) for ω ~ N(0, σ⁻²I), linear in rows. We prefer it to Gretton's linear-time
//! statistic (their section 6), which uses each row once and so has far less power at the same n. The test is exact
//! with any features: the p-value is of a permutation test of the statistic reported.
//!
//! One row on a side: too few. All rows equal: 0, p = 1. Does not know what the rows mean (`design`).

use nalgebra::DMatrix;

use super::answer::{NotComputable, require_rows};
use super::design::Design;
use super::paired::PairedRows;
use super::permutation::{permutation_p_value, selections, split_sums};
use super::random::Stream;

/// Rows of both sides together up to which all pairs are summed.
pub(crate) const MAX_QUADRATIC_ROWS: usize = 2_000;
/// Random frequencies beyond that; each gives a cosine and a sine.
pub(crate) const N_FREQUENCIES: usize = 128;
/// Random splits of the permutation test: the smallest p-value is 1/500.
pub(crate) const N_PERMUTATIONS: usize = 499;
/// Rows of each side that the median distance is taken from.
const BANDWIDTH_ROWS: usize = 1_000;

/// Maximum mean discrepancy with its permutation test.
#[derive(Debug, Clone, PartialEq)]
pub struct MaximumMeanDiscrepancy {
    /// Unbiased estimate of MMD²; below 0 by chance where there is no difference.
    pub mmd_squared: f64,
    /// Square root of the biased estimate: a distance, 0 for identical sides, at most √2.
    pub mmd: f64,
    /// Share of random splits with an MMD² at least as large, the observed one included.
    pub p_value: f64,
    /// Random splits.
    pub n_permutations: usize,
    /// σ of the kernel, in standard deviations of the columns; none where all rows are equal.
    pub bandwidth: Option<f64>,
    /// How the kernel was summed.
    pub form: KernelForm,
    /// Columns of the kernel after encoding.
    pub n_columns: usize,
    /// Rows of the baseline that entered.
    pub n_baseline: usize,
    /// Rows of the current sample that entered.
    pub n_current: usize,
    /// Seed of the splits and the features.
    pub seed: u64,
}

/// How the kernel was summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelForm {
    /// All pairs of rows.
    Quadratic,
    /// Random Fourier features.
    RandomFourierFeatures {
        /// Frequencies; each gives a cosine and a sine.
        n_frequencies: usize,
    },
}

/// MMD over all numeric and categorical columns.
pub fn mmd(paired: &PairedRows) -> Result<MaximumMeanDiscrepancy, NotComputable> {
    require_rows(paired.n_rows, 2)?;
    if paired.features.is_empty() {
        return Err(NotComputable::NoColumns);
    }
    of_design(&Design::of_features(paired), paired.seed)
}

pub(crate) fn of_design(design: &Design, seed: u64) -> Result<MaximumMeanDiscrepancy, NotComputable> {
    require_rows(design.n_rows, 2)?;
    let mut answer = MaximumMeanDiscrepancy {
        mmd_squared: 0.0,
        mmd: 0.0,
        p_value: 1.0,
        n_permutations: N_PERMUTATIONS,
        bandwidth: None,
        form: if design.n() <= MAX_QUADRATIC_ROWS {
            KernelForm::Quadratic
        } else {
            KernelForm::RandomFourierFeatures {
                n_frequencies: N_FREQUENCIES,
            }
        },
        n_columns: design.width,
        n_baseline: design.n_rows[0],
        n_current: design.n_rows[1],
        seed,
    };
    let Some(squared_scale) = squared_scale(design)? else {
        return Ok(answer);
    };
    let sums = match answer.form {
        KernelForm::Quadratic => quadratic(design, squared_scale, seed),
        KernelForm::RandomFourierFeatures { .. } => random_features(design, squared_scale, seed),
    };
    let observed = sums[0].unbiased(design.n_rows);
    answer.bandwidth = Some((0.5 * squared_scale).sqrt());
    answer.mmd_squared = observed;
    answer.mmd = sums[0].biased(design.n_rows).max(0.0).sqrt();
    answer.p_value = permutation_p_value(
        observed,
        sums[1..].iter().map(|sums| sums.unbiased(design.n_rows)),
        1.0,
    );
    Ok(answer)
}

/// Kernel values summed over all ordered pairs within each side, the rows with themselves included, and across.
#[derive(Debug, Clone, Copy)]
struct KernelSums {
    within: [f64; 2],
    across: f64,
}

impl KernelSums {
    /// k(x,x) = 1 for every row.
    fn unbiased(&self, n_rows: [usize; 2]) -> f64 {
        let [n, m] = n_rows.map(|rows| rows as f64);
        (self.within[0] - n) / (n * (n - 1.0)) + (self.within[1] - m) / (m * (m - 1.0))
            - 2.0 * self.across / (n * m)
    }

    fn biased(&self, n_rows: [usize; 2]) -> f64 {
        let [n, m] = n_rows.map(|rows| rows as f64);
        let squared = self.within[0] / (n * n) + self.within[1] / (m * m) - 2.0 * self.across / (n * m);
        // Three sums near 1 cancel: what is left below their rounding is 0.
        if squared < 1e-13 { 0.0 } else { squared }
    }
}

/// Median squared distance between rows, the mean where the median is 0; none where all rows are equal.
fn squared_scale(design: &Design) -> Result<Option<f64>, NotComputable> {
    let [n, m] = design.n_rows.map(|rows| rows.min(BANDWIDTH_ROWS));
    let rows: Vec<usize> = (0..n).chain(design.n_rows[0]..design.n_rows[0] + m).collect();
    let mut distances = Vec::with_capacity(rows.len() * (rows.len() - 1) / 2);
    for (idx, &left) in rows.iter().enumerate() {
        for &right in &rows[..idx] {
            distances.push(squared_distance(design.row(left), design.row(right)));
        }
    }
    let middle = distances.len() / 2;
    let (below, upper, _) = distances.select_nth_unstable_by(middle, f64::total_cmp);
    let (upper, is_even) = (*upper, below.len() * 2 == rows.len() * (rows.len() - 1) / 2);
    let lower = if is_even {
        below.iter().copied().fold(0.0, f64::max)
    } else {
        upper
    };
    let median = 0.5 * lower + 0.5 * upper;
    let scale = if median > 0.0 {
        median
    } else {
        distances.sort_unstable_by(f64::total_cmp);
        distances.iter().sum::<f64>() / distances.len() as f64
    };
    match scale {
        scale if !scale.is_finite() => Err(NotComputable::TooLarge),
        scale if scale > 0.0 => Ok(Some(scale)),
        _ => Ok(None),
    }
}

fn squared_distance(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Observed sums, then those of the random splits, from the whole kernel matrix.
fn quadratic(design: &Design, squared_scale: f64, seed: u64) -> Vec<KernelSums> {
    let n = design.n();
    let mut kernel = vec![1.0; n * n];
    for left in 0..n {
        for right in 0..left {
            let value = (-squared_distance(design.row(left), design.row(right)) / squared_scale).exp();
            kernel[left * n + right] = value;
            kernel[right * n + left] = value;
        }
    }
    let row_sums: Vec<f64> = kernel.chunks_exact(n).map(|row| row.iter().sum()).collect();
    let total: f64 = row_sums.iter().sum();
    let sums_of = |chosen: &[usize]| {
        let (mut first, mut with_all) = (0.0, 0.0);
        for &row in chosen {
            let row_values = &kernel[row * n..(row + 1) * n];
            first += chosen.iter().map(|&other| row_values[other]).sum::<f64>();
            with_all += row_sums[row];
        }
        KernelSums {
            within: [first, total - 2.0 * with_all + first],
            across: with_all - first,
        }
    };
    let observed: Vec<usize> = (0..design.n_rows[0]).collect();
    let mut sums = vec![sums_of(&observed)];
    for mut selection in selections(design.n_rows, N_PERMUTATIONS, seed) {
        let chosen: Vec<usize> = (0..n).filter(|_| selection.next_is_chosen()).collect();
        sums.push(sums_of(&chosen));
    }
    sums
}

/// The same with the kernel approximated: ‖Σφ‖² over each side.
fn random_features(design: &Design, squared_scale: f64, seed: u64) -> Vec<KernelSums> {
    let mut stream = Stream::new(seed, "random Fourier features");
    // 1/σ, as 2σ² is the squared scale.
    let inverse = (2.0 / squared_scale).sqrt();
    let n_draws = N_FREQUENCIES * design.width;
    let mut draws = Vec::with_capacity(n_draws + 1);
    while draws.len() < n_draws {
        draws.extend(stream.normals().map(|z| z * inverse));
    }
    draws.truncate(n_draws);
    let frequencies = DMatrix::from_vec(N_FREQUENCIES, design.width, draws);
    let unit = (1.0 / N_FREQUENCIES as f64).sqrt();
    let sums = split_sums(
        design.n_rows,
        2 * N_FREQUENCIES,
        N_PERMUTATIONS,
        seed,
        |rows, block| {
            let values = &design.values[rows.start * design.width..rows.end * design.width];
            let phases = &frequencies * DMatrix::from_column_slice(design.width, rows.len(), values);
            for (row, phases) in phases.column_iter().enumerate() {
                for (idx, phase) in phases.iter().enumerate() {
                    let (sine, cosine) = phase.sin_cos();
                    block[(idx, row)] = cosine * unit;
                    block[(N_FREQUENCIES + idx, row)] = sine * unit;
                }
            }
        },
    );
    sums.first
        .column_iter()
        .map(|first| {
            let second = &sums.all - first;
            KernelSums {
                within: [first.norm_squared(), second.norm_squared()],
                across: first.dot(&second),
            }
        })
        .collect()
}
