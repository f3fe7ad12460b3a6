//! Python's `random.Random(seed)`, as far as KSWIN draws from it: `sample`.
//!
//! So that KSWIN draws the very positions River draws (`random.Random(seed).sample`, CPython 3.11). The generator is
//! [`crate::mersenne`]'s. Not for anything that needs good randomness.

use crate::mersenne::Mt19937;
use serde::{Deserialize, Serialize};

/// The generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Twister(Mt19937);

impl Twister {
    /// `random.Random(seed)`.
    pub(super) fn new(seed: u64) -> Self {
        let (low, high) = (seed as u32, (seed >> 32) as u32);
        Self(match high {
            0 => Mt19937::from_key(&[low]),
            _ => Mt19937::from_key(&[low, high]),
        })
    }

    fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// `_randbelow(n)` for 0 < n < 2³²: words are drawn until one is below.
    fn below(&mut self, n: u32) -> u32 {
        let n_bits = u32::BITS - n.leading_zeros();
        loop {
            let drawn = self.word() >> (u32::BITS - n_bits);
            if drawn < n {
                return drawn;
            }
        }
    }

    /// `sample(range(n), k)`, 0 < k ≤ n < 2³²: k different positions.
    pub(super) fn sample(&mut self, n: usize, k: usize) -> Vec<usize> {
        let mut pool_until = 21.0;
        if k > 5 {
            pool_until += 4f64.powf(((k * 3) as f64).ln().div_euclid(4f64.ln()) + 1.0);
        }
        let mut drawn = Vec::with_capacity(k);
        if n as f64 <= pool_until {
            let mut pool: Vec<usize> = (0..n).collect();
            for i in 0..k {
                let j = self.below((n - i) as u32) as usize;
                drawn.push(pool[j]);
                pool[j] = pool[n - i - 1];
            }
        } else {
            let mut taken = std::collections::BTreeSet::new();
            while drawn.len() < k {
                let j = self.below(n as u32) as usize;
                if taken.insert(j) {
                    drawn.push(j);
                }
            }
        }
        drawn
    }

    pub(super) fn is_sound(&self) -> bool {
        self.0.is_sound()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // python3.11: r = random.Random(seed); [r.getrandbits(32) for _ in range(3)]
    #[test]
    fn words_are_pythons() {
        for (seed, expected) in WORDS {
            let mut twister = Twister::new(*seed);
            assert_eq!(
                [twister.word(), twister.word(), twister.word()],
                *expected,
                "{seed}"
            );
        }
    }

    // python3.11: random.Random(42).sample(range(n), k)
    #[test]
    fn samples_are_pythons() {
        for (n, k, expected) in SAMPLES {
            assert_eq!(Twister::new(42).sample(*n, *k), *expected, "{k} of {n}");
        }
    }

    const WORDS: &[(u64, [u32; 3])] = &[
        (0, [3626764237, 1654615998, 3255389356]),
        (42, [2746317213, 478163327, 107420369]),
        (5489, [3382763572, 956215839, 417760592]),
        (1099511627783, [2635837658, 3209733218, 3500038837]),
    ];
    const SAMPLES: &[(usize, usize, &[usize])] = &[
        (
            70,
            30,
            &[
                14, 3, 35, 31, 28, 17, 13, 43, 47, 57, 34, 5, 37, 27, 2, 1, 58, 63, 69, 32, 38, 54, 67, 12,
                45, 41, 59, 26, 51, 65,
            ],
        ),
        (10, 3, &[1, 0, 4]),
        (1000, 8, &[654, 114, 25, 759, 281, 250, 228, 142]),
        (
            400,
            22,
            &[
                327, 57, 12, 379, 140, 125, 114, 71, 377, 52, 346, 279, 44, 302, 216, 16, 15, 47, 111, 119,
                258, 308,
            ],
        ),
        (86, 6, &[81, 14, 3, 35, 31, 28]),
    ];
}
