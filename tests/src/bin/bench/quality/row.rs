//! Seeded rows: what is predicted of each, what came true, and another order of them. The same number, the same row.
//!
//! Does not write anything.

/// No factor in common with the number of rows.
pub(super) const STEP: u64 = 7_368_787;

/// SplitMix64 (Steele, Lea and Flood 2014): a draw from a row's number.
pub(super) fn mixed(mut state: u64) -> u64 {
    state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// An even draw from 0 until 1.
fn share(state: u64) -> f64 {
    (mixed(state) >> 11) as f64 / (1u64 << 53) as f64
}

/// The probability that was predicted.
pub(super) fn score(row: u64) -> f64 {
    share(row ^ 0x5c0e)
}

/// What came true: positive as often as the score says.
pub(super) fn label(row: u64) -> u8 {
    u8::from(score(row) > share(row ^ 0x1abe1))
}

/// Visits each of `n` rows once, in another order.
pub(super) fn other(row: u64, n: u64) -> u64 {
    (row.wrapping_mul(STEP) + 11) % n
}
