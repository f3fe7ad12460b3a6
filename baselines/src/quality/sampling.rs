//! Seeded draws: the only randomness of `quality`. Does not know what is drawn from.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A stream of random numbers, the same for the same seed and purpose.
pub(crate) struct Draws(Pcg64Mcg);

impl Draws {
    /// `purpose` separates streams of one seed.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(
            seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
    }

    /// Rows kept of `n` where each is kept with probability 0.8 (as Spark's `sample(false, 0.8)` keeps rows).
    pub(crate) fn keep_four_fifths(&mut self, n: u64) -> u64 {
        const FOUR_FIFTHS: u32 = (0.8 * 4_294_967_296.0) as u32;
        let mut kept = 0;
        for _ in 0..n / 2 {
            let bits = self.0.next_u64();
            kept += u64::from((bits as u32) < FOUR_FIFTHS) + u64::from(((bits >> 32) as u32) < FOUR_FIFTHS);
        }
        if n % 2 == 1 {
            kept += u64::from(self.0.next_u32() < FOUR_FIFTHS);
        }
        kept
    }

    /// A standard normal (Marsaglia & Bray 1964, polar method).
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let mut uniform = || (self.0.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
            let (u, v) = (uniform(), uniform());
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                return u * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }
}

/// Model Monitor's number of draws, and the rows from which it makes them (contract §4.4).
pub(crate) const N_DRAWS: usize = 5;
/// See [`N_DRAWS`].
pub(crate) const MIN_ROWS_FOR_DRAWS: u64 = 200;

/// Sample standard deviation (n − 1) of the draws; `None` where a draw has no value.
pub(crate) fn standard_deviation(draws: &[Option<f64>]) -> Option<f64> {
    let values: Vec<f64> = draws.iter().copied().collect::<Option<_>>()?;
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (n - 1.0)).sqrt();
    deviation.is_finite().then_some(deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_fifths_stay() {
        let mut draws = Draws::new(7, 1);
        let kept = draws.keep_four_fifths(1_000_001) as f64;
        // Five standard deviations of a binomial(1,000,001, 0.8).
        assert!((kept - 800_000.8).abs() < 5.0 * (1_000_001.0_f64 * 0.16).sqrt());
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let mut draws = Draws::new(7, 2);
        let values: Vec<f64> = (0..100_000).map(|_| draws.normal()).collect();
        let mean = values.iter().sum::<f64>() / 1e5;
        let variance = values.iter().map(|value| value * value).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03);
    }
}
