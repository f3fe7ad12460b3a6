//! MT19937, the generator under Python's `random` and NumPy's legacy `RandomState`.
//!
//! M. Matsumoto, T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998) 3–30, with the reference code's two ways of
//! seeding. It is here, and not `rand`'s generator, so that draws are the very ones of libraries whose numbers we
//! match. Not for anything that needs good randomness, and does not know how its words become positions.

use serde::{Deserialize, Serialize};

const N: usize = 624;
const M: usize = 397;

/// The generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mt19937 {
    words: Vec<u32>,
    next: usize,
}

impl Mt19937 {
    /// `init_genrand`: NumPy's `RandomState(seed)`.
    pub(crate) fn from_seed(seed: u32) -> Self {
        let mut words = vec![seed];
        for i in 1..N {
            let before = words[i - 1];
            words.push(
                1_812_433_253u32
                    .wrapping_mul(before ^ (before >> 30))
                    .wrapping_add(i as u32),
            );
        }
        Self { words, next: N }
    }

    /// `init_by_array`, with at least one word of key: CPython's `random.Random(seed)`.
    pub(crate) fn from_key(key: &[u32]) -> Self {
        let Self { mut words, next } = Self::from_seed(19_650_218);
        let mut i = 1;
        for step in 0..N.max(key.len()) {
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
        Self { words, next }
    }

    /// The next 32 bits.
    pub(crate) fn next_u32(&mut self) -> u32 {
        if self.next >= N {
            self.renew();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn renew(&mut self) {
        for i in 0..N {
            let mixed = (self.words[i] & 0x8000_0000) | (self.words[(i + 1) % N] & 0x7fff_ffff);
            let twist = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + M) % N] ^ (mixed >> 1) ^ twist;
        }
        self.next = 0;
    }

    /// Whether a state that was read from outside can be drawn from.
    pub(crate) fn is_sound(&self) -> bool {
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

    /// NumPy 2.4.6: r = numpy.random.RandomState(42); [int(r.randint(0, 2**32, dtype="uint32")) for _ in range(3)]
    #[test]
    fn words_are_numpys() {
        let mut generator = Mt19937::from_seed(42);
        assert_eq!(
            [generator.next_u32(), generator.next_u32(), generator.next_u32()],
            NUMPY
        );
    }

    /// python3.11: r = random.Random(42); [r.getrandbits(32) for _ in range(3)]
    #[test]
    fn words_are_pythons() {
        let mut generator = Mt19937::from_key(&[42]);
        assert_eq!(
            [generator.next_u32(), generator.next_u32(), generator.next_u32()],
            [2_746_317_213, 478_163_327, 107_420_369]
        );
    }

    const NUMPY: [u32; 3] = [1_608_637_542, 3_421_126_067, 4_083_286_876];
}
