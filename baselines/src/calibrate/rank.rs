//! Linear rank tests with normal scores on cells of both samples, under the exact permutation moments.
//!
//! Scores: Φ⁻¹(R/(N+1)) for location (B. L. van der Waerden 1952) and its square for scale (J. H. Klotz 1962), with R the
//! midrank of the rows at one value or in one cell. The statistic is the sum of the window's scores; without drift every
//! assignment of the N rows to the two samples is equally likely, which gives mean, variance and skewness exactly
//! (J. Hájek, Z. Šidák, "Theory of Rank Tests", 1967, II.3.1; third moment of a sample without replacement). Ties and
//! cells are treated alike: the test is one of what can be told apart, and keeps its level whatever the partition.
//!
//! Does not know columns or thresholds.

use super::normal::{quantile, without_skewness};

/// Sum of one score over the window, standardised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RankTest {
    /// Standardised statistic; positive where the window has the larger scores.
    pub(super) z: f64,
    /// The normal deviate with the same tail probability, skewness taken into account.
    pub(super) deviate: f64,
    /// Variance of the scores over all rows: 1 for location, 2 for scale, less with ties.
    pub(super) information: f64,
}

/// Location and scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NormalScores {
    /// `None` where all rows have one score.
    pub(super) location: Option<RankTest>,
    pub(super) scale: Option<RankTest>,
}

/// Both tests over ascending cells `[baseline, current]`; `None` where a side is empty.
pub(super) fn normal_scores(cells: &[[u64; 2]]) -> Option<NormalScores> {
    let [n_baseline, n_current] = cells
        .iter()
        .fold([0u64; 2], |sum, cell| [sum[0] + cell[0], sum[1] + cell[1]]);
    let total = n_baseline + n_current;
    if n_baseline == 0 || n_current == 0 || total < 3 {
        return None;
    }
    let (mut location_sum, mut scale_sum) = (0.0, 0.0);
    let mut scores = Vec::with_capacity(cells.len());
    let mut below = 0u64;
    for cell in cells {
        let rows = cell[0] + cell[1];
        let midrank = below as f64 + 0.5 * (rows as f64 + 1.0);
        below += rows;
        let score = quantile(midrank / (total as f64 + 1.0));
        scores.push(score);
        location_sum += rows as f64 * score;
        scale_sum += rows as f64 * score * score;
    }
    let rows = total as f64;
    let (location_mean, scale_mean) = (location_sum / rows, scale_sum / rows);
    let (mut of_location, mut of_scale) = (Central::default(), Central::default());
    for (cell, &score) in cells.iter().zip(&scores) {
        let both = (cell[0] + cell[1]) as f64;
        of_location.add(score - location_mean, both, cell[1] as f64);
        of_scale.add(score * score - scale_mean, both, cell[1] as f64);
    }
    let finish = |sums: &Central| sums.finish(n_baseline as f64, n_current as f64);
    Some(NormalScores {
        location: finish(&of_location),
        scale: finish(&of_scale),
    })
}

/// Central sums of the scores over all rows, and over the window's.
#[derive(Default)]
struct Central {
    second: f64,
    third: f64,
    of_current: f64,
}

impl Central {
    fn add(&mut self, off: f64, both: f64, current: f64) {
        self.second += both * off * off;
        self.third += both * off * off * off;
        self.of_current += current * off;
    }

    /// Var = nm/(N(N−1))·Σ(a−ā)²; third central moment = nm(n−m)/(N(N−1)(N−2))·Σ(a−ā)³, n the baseline's rows.
    fn finish(&self, n: f64, m: f64) -> Option<RankTest> {
        let total = n + m;
        let variance = n * m / (total * (total - 1.0)) * self.second;
        if variance <= 1e-12 * total {
            return None;
        }
        let third = n * m * (n - m) / (total * (total - 1.0) * (total - 2.0)) * self.third;
        let z = self.of_current / variance.sqrt();
        let deviate = without_skewness(z, third / variance.powf(1.5));
        (z.is_finite() && deviate.is_finite()).then_some(RankTest {
            z,
            deviate,
            information: self.second / total,
        })
    }
}
