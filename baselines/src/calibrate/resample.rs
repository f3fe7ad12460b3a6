//! Seeded draws of counts: binomial and multinomial. Does not know what is counted.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::normal::quantile;
use crate::compare::ln_binomial_at;

/// From this variance on a binomial is drawn as a rounded normal.
const NORMAL_VARIANCE: f64 = 1_000.0;

/// A source of draws, seeded by a number and a name, so that columns do not depend on each other's order.
pub(super) struct Draws {
    source: Pcg64,
}

impl Draws {
    pub(super) fn new(seed: u64, name: &str) -> Self {
        Self {
            source: Pcg64::seed_from_u64(xxh3_64_with_seed(name.as_bytes(), seed)),
        }
    }

    /// Uniform in the open interval (0, 1): 53 bits, centred.
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.source.next_u64() >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform below `n`, which is above 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Successes among `n` with probability `p`: by inversion outwards from the mode, or a rounded normal.
    pub(super) fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if n == 0 || p <= 0.0 {
            return 0;
        }
        if p >= 1.0 {
            return n;
        }
        let (rows, mean) = (n as f64, n as f64 * p);
        let variance = mean * (1.0 - p);
        let u = self.uniform();
        if variance > NORMAL_VARIANCE {
            return (mean + quantile(u) * variance.sqrt()).round().clamp(0.0, rows) as u64;
        }
        let odds = p / (1.0 - p);
        let mode = ((rows + 1.0) * p).floor().min(rows);
        let at_mode = ln_binomial_at(mode, rows, p).exp();
        let (mut low, mut high) = (mode, mode);
        let (mut p_low, mut p_high) = (at_mode, at_mode);
        let mut left = u - at_mode;
        while left > 0.0 && (p_low > 0.0 || p_high > 0.0) {
            if high < rows {
                p_high *= (rows - high) / (high + 1.0) * odds;
                high += 1.0;
                left -= p_high;
                if left <= 0.0 {
                    return high as u64;
                }
            } else {
                p_high = 0.0;
            }
            if low > 0.0 {
                p_low *= low / ((rows - low + 1.0) * odds);
                low -= 1.0;
                left -= p_low;
                if left <= 0.0 {
                    return low as u64;
                }
            } else {
                p_low = 0.0;
            }
        }
        mode as u64
    }

    /// `n` rows over cells with these weights; `into` is overwritten.
    pub(super) fn multinomial(&mut self, n: u64, weights: &[u64], into: &mut Vec<u64>) {
        into.clear();
        let mut rest: u64 = weights.iter().sum();
        let mut rows = n;
        for &weight in weights {
            let drawn = if weight == 0 || rows == 0 {
                0
            } else if weight >= rest {
                rows
            } else {
                self.binomial(rows, weight as f64 / rest as f64)
            };
            into.push(drawn);
            rows -= drawn.min(rows);
            rest -= weight.min(rest);
        }
    }
}
