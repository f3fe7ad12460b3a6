//! Seeded draws: same seed and purpose, same numbers, on every machine.
//!
//! Does not know what is drawn for. The generator is PCG XSL RR 128/64 (M. E. O'Neill 2014, `rand_pcg`); everything
//! above its 64-bit words is written here, because `rand` changes its own between versions.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// A stream of draws of its own for each purpose, so that one method asking for more never changes another.
pub(crate) struct Stream(Pcg64);

impl Stream {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        Self(Pcg64::seed_from_u64(
            seed ^ xxhash_rust::xxh3::xxh3_64(purpose.as_bytes()),
        ))
    }

    /// A seed for a stream of its own.
    pub(crate) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1): 53 bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        const UNIT: f64 = 1.0 / (1u64 << 53) as f64;
        (self.0.next_u64() >> 11) as f64 * UNIT
    }

    /// Two independent standard normals (G. E. P. Box, M. E. Muller 1958).
    pub(crate) fn normals(&mut self) -> [f64; 2] {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        [radius * cosine, radius * sine]
    }
}

/// Chooses exactly `n` of `n + m` rows, each subset equally likely, row after row (selection sampling, C. T. Fan,
/// M. E. Muller, I. Rezucha 1962; Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S).
pub(crate) struct Selection {
    stream: Stream,
    chosen_left: usize,
    rows_left: usize,
}

impl Selection {
    pub(crate) fn new(stream: Stream, n: usize, m: usize) -> Self {
        Self {
            stream,
            chosen_left: n,
            rows_left: n + m,
        }
    }

    /// Whether the next row is chosen.
    pub(crate) fn next_is_chosen(&mut self) -> bool {
        let chosen = self.stream.uniform() * (self.rows_left as f64) < self.chosen_left as f64;
        self.chosen_left -= usize::from(chosen);
        self.rows_left = self.rows_left.saturating_sub(1);
        chosen
    }
}
