//! How many distinct values: counted while they are few, estimated by HyperLogLog when they are many.
//!
//! Flajolet, Fusy, Gandouet & Meunier (2007) for the registers; Ertl (2017), "New cardinality estimation algorithms
//! for HyperLogLog sketches", algorithm 6, for the estimator, which needs no bias tables. Works on 64-bit hashes and
//! never sees a value.

use crate::summary::Distinct;
use hashbrown::HashSet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::hash::BuildHasherDefault;

const PRECISION: u32 = 12;
const N_REGISTERS: usize = 1 << PRECISION;
/// Distinct hashes kept before registers take over. 1,024 of them are 18 KB, 4 times the registers.
pub const EXACT_LIMIT: usize = 1024;

/// The hashes are already mixed: hashing them again would only cost time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity(u64);
impl std::hash::Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 << 8) | u64::from(byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type HashedSet = HashSet<u64, BuildHasherDefault<Identity>>;

/// Distinct-value state over hashes; merge is exact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DistinctState {
    /// At most [`EXACT_LIMIT`] hashes.
    #[serde(serialize_with = "ascending", deserialize_with = "set_of")]
    Few(HashedSet),
    /// The longest run of leading zeros seen per register, plus one.
    Many(Vec<u8>),
}

fn ascending<S: Serializer>(set: &HashedSet, serializer: S) -> Result<S::Ok, S::Error> {
    let mut hashes: Vec<u64> = set.iter().copied().collect();
    hashes.sort_unstable();
    hashes.serialize(serializer)
}

fn set_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HashedSet, D::Error> {
    Vec::<u64>::deserialize(deserializer).map(|hashes| hashes.into_iter().collect())
}

impl Default for DistinctState {
    fn default() -> Self {
        Self::Few(HashedSet::default())
    }
}

/// Mixes the bits of a double into a hash (the finalizer of MurmurHash3; a bijection). −0 counts as 0.
#[inline]
pub fn hash_number(value: f64) -> u64 {
    let mut x = (value + 0.0).to_bits();
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

/// Hashes a text (XXH3, seed 0).
#[inline]
pub fn hash_text(text: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(text)
}

#[inline]
fn raise(registers: &mut [u8], hash: u64) {
    let idx = (hash >> (64 - PRECISION)) as usize;
    let rank = ((hash << PRECISION) | (1 << (PRECISION - 1))).leading_zeros() as u8 + 1;
    let register = &mut registers[idx];
    *register = (*register).max(rank);
}

impl DistinctState {
    /// Adds hashes.
    pub fn add_all(&mut self, hashes: impl IntoIterator<Item = u64>) {
        let mut hashes = hashes.into_iter();
        if let Self::Few(set) = self {
            let mut last = None;
            for hash in hashes.by_ref() {
                if last == Some(hash) {
                    continue;
                }
                last = Some(hash);
                set.insert(hash);
                if set.len() > EXACT_LIMIT {
                    break;
                }
            }
            self.spill();
        }
        if let Self::Many(registers) = self {
            for hash in hashes {
                raise(registers, hash);
            }
        }
    }

    fn spill(&mut self) {
        if let Self::Few(set) = self
            && set.len() > EXACT_LIMIT
        {
            let mut registers = vec![0; N_REGISTERS];
            set.iter().for_each(|&hash| raise(&mut registers, hash));
            *self = Self::Many(registers);
        }
    }

    /// Whether a state that was read is one.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Few(set) => set.len() <= EXACT_LIMIT,
            Self::Many(registers) => registers.len() == N_REGISTERS,
        }
    }

    /// Adds what `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Few(theirs)) => self.add_all(theirs.iter().copied()),
            (Self::Many(ours), Self::Many(theirs)) => {
                ours.iter_mut().zip(theirs).for_each(|(a, b)| *a = (*a).max(*b));
            }
            (Self::Few(ours), Self::Many(theirs)) => {
                let mut registers = theirs.clone();
                ours.iter().for_each(|&hash| raise(&mut registers, hash));
                *self = Self::Many(registers);
            }
        }
    }

    /// The count or the estimate.
    pub fn finish(&self) -> Distinct {
        match self {
            Self::Few(set) => Distinct::Exact(set.len() as u64),
            Self::Many(registers) => Distinct::Estimated(ertl_estimate(registers)),
        }
    }
}

/// Ertl (2017), algorithm 6: raw estimate corrected at both ends.
fn ertl_estimate(registers: &[u8]) -> u64 {
    const MAX_RANK: usize = (64 - PRECISION) as usize + 1;
    let m = registers.len() as f64;
    let mut histogram = [0u64; MAX_RANK + 1];
    for &register in registers {
        histogram[usize::from(register).min(MAX_RANK)] += 1;
    }
    let mut z = m * tau(1.0 - histogram[MAX_RANK] as f64 / m);
    for rank in (1..MAX_RANK).rev() {
        z = 0.5 * (z + histogram[rank] as f64);
    }
    z += m * sigma(histogram[0] as f64 / m);
    (m * m / (2.0 * std::f64::consts::LN_2) / z).round() as u64
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_values_are_counted_exactly() {
        let mut state = DistinctState::default();
        state.add_all((0..1024).chain(0..1024).map(|i| hash_number(f64::from(i))));
        assert_eq!(state.finish(), Distinct::Exact(1024));
    }

    #[test]
    fn many_values_are_estimated_within_four_standard_errors() {
        for n in [2_000u32, 50_000, 1_000_000] {
            let mut state = DistinctState::default();
            state.add_all((0..n).map(|i| hash_text(i.to_string().as_bytes())));
            let error = state.finish().value() as f64 / f64::from(n) - 1.0;
            assert!(error.abs() < 4.0 * 1.04 / 64.0, "{n}: {error}");
        }
    }

    proptest! {
        #[test]
        fn merge_is_concatenation(n in 0usize..3000, cut in 0usize..3000) {
            let cut = cut.min(n);
            let hashes: Vec<u64> = (0..n).map(|i| hash_number(i as f64 * 0.7)).collect();
            let of = |part: &[u64]| { let mut s = DistinctState::default(); s.add_all(part.iter().copied()); s };
            let mut merged = of(&hashes[cut..]);
            merged.merge(&of(&hashes[..cut]));
            prop_assert_eq!(merged, of(&hashes));
        }
    }
}
