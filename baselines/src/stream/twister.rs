//! MT19937, seeded and read as Python's `random.Random` does it.
//!
//! M. Matsumoto, T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998) 3–30. It is here, and not `rand`'s generator,
//! so that KSWIN draws the very positions River draws (`random.Random(seed).sample`, CPython 3.11). Not for anything
//! that needs good randomness.

use serde::{Deserialize, Serialize};

const N: usize = 624;
const M: usize = 397;

/// The generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Twister {
    words: Vec<u32>,
    next: usize,
}

impl Twister {
    /// `random.Random(seed)`.
    pub(super) fn new(seed: u64) -> Self {
        let low = seed as u32;
        let high = (seed >> 32) as u32;
        let key = if high == 0 { vec![low] } else { vec![low, high] };
        let mut words = vec![19_650_218u32];
        for i in 1..N {
            let before = words[i - 1];
            words.push(
                1_812_433_253u32
                    .wrapping_mul(before ^ (before >> 30))
                    .wrapping_add(i as u32),
            );
        }
        let mut i = 1;
        for step in 0..N {
            let before = words[i - 1];
            let j = step % key.len();
            words[i] = (words[i] ^ (before ^ (before >> 30)).wrapping_mul(1_664_525))
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            i = advance(&mut words, i);
        }
        for _ in 1..N {
            let before = words[i - 1];
            words[i] =
                (words[i] ^ (before ^ (before >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i = advance(&mut words, i);
        }
        words[0] = 0x8000_0000;
        Self { words, next: N }
    }

    fn word(&mut self) -> u32 {
        if self.next >= N {
            self.renew();
        }
        let mut y = self.words[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn renew(&mut self) {
        for i in 0..N {
            let y = (self.words[i] & 0x8000_0000) | (self.words[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
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
        self.words.len() == N && self.next <= N && self.words.iter().any(|word| *word != 0)
    }
}

fn advance(words: &mut [u32], i: usize) -> usize {
    if i + 1 < N {
        i + 1
    } else {
        words[0] = words[N - 1];
        1
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
