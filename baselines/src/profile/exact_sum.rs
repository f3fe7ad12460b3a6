//! Sums of finite doubles without rounding, so that any order and any split of the data gives the same bits.
//!
//! A double is an integer mantissa times a power of two, so a sum of doubles is one long integer in units of 2^-1074
//! (2^-2148 for squares). Within a batch, mantissas are added per sign and exponent (Neal 2015, "Fast exact summation
//! using small and large superaccumulators", the large one); after it, those partial sums go into limbs of 32 bits.
//! Does not know means or variances (`moments`).

use num_bigint::{BigInt, BigUint, Sign};
use serde::{Deserialize, Serialize};

/// Mantissas are 53 bits wide: 2^11 of them fit an `u64` before it overflows.
const FLUSH_EVERY: usize = 1 << 11;
const N_KEYS: usize = 1 << 12;
/// Additions after which carries are settled.
const CARRY_AT: u32 = 1 << 29;
/// Limbs of the widest sum there is: 2 · 2,046 bits of position and 6 limbs of one addition.
const MAX_LIMBS: usize = 2 * 2046 / 32 + 8;

/// Per-exponent partial sums of one batch; reused from batch to batch. One per thread.
#[derive(Debug)]
pub struct SumScratch {
    mantissas: Vec<u64>,
    squares: Vec<u128>,
    touched: [u64; N_KEYS / 64],
}

impl Default for SumScratch {
    fn default() -> Self {
        Self {
            mantissas: vec![0; N_KEYS],
            squares: vec![0; N_KEYS],
            touched: [0; N_KEYS / 64],
        }
    }
}

/// Σx and Σx² of finite doubles, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExactSums {
    sum: Limbs,
    sum_of_squares: Limbs,
}

impl ExactSums {
    /// Adds finite `values`.
    pub fn add_all(&mut self, values: &[f64], scratch: &mut SumScratch) {
        for part in values.chunks(FLUSH_EVERY) {
            for value in part {
                let bits = value.to_bits();
                let key = (bits >> 52) as usize;
                let fraction = bits & ((1 << 52) - 1);
                let normal = u64::from(key & 0x7ff != 0) << 52;
                let mantissa = fraction | normal;
                scratch.mantissas[key] += mantissa;
                scratch.squares[key] += u128::from(mantissa) * u128::from(mantissa);
                scratch.touched[key >> 6] |= 1 << (key & 63);
            }
            self.flush(scratch);
        }
    }

    fn flush(&mut self, scratch: &mut SumScratch) {
        for word_idx in 0..scratch.touched.len() {
            let mut word = std::mem::take(&mut scratch.touched[word_idx]);
            while word != 0 {
                let key = word_idx * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                let mantissas = std::mem::take(&mut scratch.mantissas[key]);
                let squares = std::mem::take(&mut scratch.squares[key]);
                let position = (key & 0x7ff).max(1) - 1;
                self.sum.add(u128::from(mantissas), position, key >> 11 == 1);
                self.sum_of_squares.add(squares, 2 * position, false);
            }
        }
    }

    /// Adds what `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        self.sum.merge(&other.sum);
        self.sum_of_squares.merge(&other.sum_of_squares);
    }

    /// Whether the state can be merged without overflow: it may come from another process.
    pub(super) fn is_sound(&self) -> bool {
        [&self.sum, &self.sum_of_squares].into_iter().all(|limbs| {
            limbs.digits.len() <= MAX_LIMBS
                && limbs.n_pending < CARRY_AT
                && limbs.digits.iter().all(|digit| digit.unsigned_abs() < 1 << 62)
        })
    }

    /// The sum, correctly rounded; infinite only where the true sum passes the largest double.
    pub fn sum(&self) -> f64 {
        ratio_to_f64(&self.sum.to_bigint(), &BigUint::from(1u8), -1074)
    }

    /// The sum of squares, correctly rounded; infinite only where the true one passes the largest double.
    pub fn sum_of_squares(&self) -> f64 {
        ratio_to_f64(&self.sum_of_squares.to_bigint(), &BigUint::from(1u8), -2148)
    }

    /// The mean of `n` values, correctly rounded; `None` for n = 0.
    pub fn mean(&self, n: u64) -> Option<f64> {
        (n > 0).then(|| ratio_to_f64(&self.sum.to_bigint(), &BigUint::from(n), -1074))
    }

    /// The population variance (n·Σx² − (Σx)²) / n², correctly rounded; `None` for n = 0.
    pub fn variance(&self, n: u64) -> Option<f64> {
        if n == 0 {
            return None;
        }
        let sum = self.sum.to_bigint();
        let numerator = self.sum_of_squares.to_bigint() * BigInt::from(n) - &sum * &sum;
        Some(ratio_to_f64(
            &numerator,
            &(BigUint::from(n) * BigUint::from(n)),
            -2148,
        ))
    }
}

/// A signed integer as 32-bit digits in 64-bit limbs, so that carries can wait.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Limbs {
    digits: Vec<i64>,
    /// Additions since the last carry; each adds less than 2^32 to a limb.
    n_pending: u32,
}

impl PartialEq for Limbs {
    fn eq(&self, other: &Self) -> bool {
        self.to_bigint() == other.to_bigint()
    }
}
impl Eq for Limbs {}

impl Limbs {
    fn add(&mut self, magnitude: u128, position: usize, negative: bool) {
        let (limb, shift) = (position / 32, position % 32);
        if self.digits.len() < limb + 6 {
            self.digits.resize(limb + 6, 0);
        }
        let low = u128::from(magnitude as u64) << shift;
        let high = (magnitude >> 64) << shift;
        let sign = if negative { -1 } else { 1 };
        for (offset, part) in [(0, low), (2, high)] {
            for digit in 0..3 {
                self.digits[limb + offset + digit] += sign * ((part >> (32 * digit)) & 0xffff_ffff) as i64;
            }
        }
        self.n_pending += 2;
        if self.n_pending >= CARRY_AT {
            self.carry();
        }
    }

    fn carry(&mut self) {
        let mut carry = 0i64;
        for digit in &mut self.digits {
            let value = *digit + carry;
            carry = value >> 32;
            *digit = value & 0xffff_ffff;
        }
        if carry != 0 {
            // The top digit keeps the sign: fold it back so that no information is lost.
            let last = self.digits.len() - 1;
            self.digits[last] += carry << 32;
        }
        self.n_pending = 1;
    }

    fn merge(&mut self, other: &Self) {
        if self.digits.len() < other.digits.len() {
            self.digits.resize(other.digits.len(), 0);
        }
        for (digit, more) in self.digits.iter_mut().zip(&other.digits) {
            *digit += more;
        }
        self.n_pending += other.n_pending;
        if self.n_pending >= CARRY_AT {
            self.carry();
        }
    }

    fn to_bigint(&self) -> BigInt {
        self.digits
            .iter()
            .rev()
            .fold(BigInt::ZERO, |total, digit| (total << 32) + digit)
    }
}

/// numerator / denominator · 2^exponent, rounded to the nearest double, ties to even.
fn ratio_to_f64(numerator: &BigInt, denominator: &BigUint, exponent: i64) -> f64 {
    let (sign, magnitude) = (numerator.sign(), numerator.magnitude());
    if sign == Sign::NoSign {
        return 0.0;
    }
    // A quotient of at least 66 bits, with its remainder folded into the lowest one, rounds as the exact value does.
    let shift = 66 + denominator.bits() as i64 - magnitude.bits() as i64;
    let (scaled, shift) = if shift > 0 {
        (magnitude << shift as u64, shift)
    } else {
        (magnitude.clone(), 0)
    };
    let quotient = &scaled / denominator;
    let mut sticky = &quotient * denominator != scaled;
    // The unit of the quotient is 2^(exponent - shift); doubles have no bits below 2^-1074.
    let unit = exponent - shift;
    let drop = (quotient.bits() as i64 - 64).max(-1074 - unit - 1).max(0);
    let top = &quotient >> drop as u64;
    sticky |= (&top << drop as u64) != quotient;
    let mut top = top.iter_u64_digits().next().unwrap_or(0);
    top |= u64::from(sticky);
    let unit = unit + drop;
    let value = if unit < -1074 {
        // One guard bit below the subnormal unit: round by hand, ties to even.
        let (whole, half) = (top >> 1, top & 1 == 1);
        let up = half && (sticky || whole & 1 == 1);
        scale(whole as f64 + f64::from(u8::from(up)), unit + 1)
    } else {
        scale(top as f64, unit)
    };
    if sign == Sign::Minus { -value } else { value }
}

/// value · 2^exponent in steps that stay exact until the last.
fn scale(mut value: f64, mut exponent: i64) -> f64 {
    while exponent > 0 && value.is_finite() {
        let step = exponent.min(1000);
        value *= 2f64.powi(step as i32);
        exponent -= step;
    }
    while exponent < 0 && value != 0.0 {
        let step = exponent.max(-1000);
        value *= 2f64.powi(step as i32);
        exponent -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sums(values: &[f64]) -> ExactSums {
        let mut sums = ExactSums::default();
        sums.add_all(values, &mut SumScratch::default());
        sums
    }

    #[test]
    fn cancellation_leaves_the_small_term() {
        // Python 3.11: math.fsum([1e308, 1.0, -1e308, 1e-300]) == 1.0
        assert_eq!(sums(&[1e308, 1.0, -1e308, 1e-300]).sum(), 1.0);
    }

    #[test]
    fn variance_of_a_huge_offset_is_exact() {
        // Python 3.11: float(statistics.pvariance([Fraction(10**15 + i) for i in range(1, 5)])) == 1.25
        let values: Vec<f64> = (1..5).map(|i| 1e15 + f64::from(i)).collect();
        assert_eq!(sums(&values).variance(4), Some(1.25));
    }

    #[test]
    fn subnormals_and_extremes() {
        let tiny = f64::from_bits(1);
        assert_eq!(sums(&[tiny, tiny, tiny]).sum(), f64::from_bits(3));
        assert_eq!(sums(&[tiny, tiny, tiny]).mean(2), Some(f64::from_bits(2)));
        assert_eq!(sums(&[f64::MAX, f64::MAX, -f64::MAX]).sum(), f64::MAX);
        assert_eq!(sums(&[f64::MAX, f64::MAX]).sum(), f64::INFINITY);
        assert_eq!(sums(&[f64::MAX, -f64::MAX]).mean(2), Some(0.0));
        assert_eq!(sums(&[]).sum(), 0.0);
    }

    #[test]
    fn decimals_match_fsum() {
        // Python 3.11: math.fsum([0.1] * 10) == 1.0; math.fsum([0.1, 0.2, 0.3]) == 0.6
        assert_eq!(sums(&[0.1; 10]).sum(), 1.0);
        assert_eq!(sums(&[0.1, 0.2, 0.3]).sum(), 0.6);
    }

    proptest! {
        #[test]
        fn any_split_and_order_gives_the_same_bits(
            mut values in prop::collection::vec(any::<f64>().prop_filter("finite", |v| v.is_finite()), 0..60),
            cut in 0usize..60,
        ) {
            let whole = sums(&values);
            let cut = cut.min(values.len());
            let mut parts = sums(&values[..cut]);
            parts.merge(&sums(&values[cut..]));
            prop_assert_eq!(&whole, &parts);
            values.reverse();
            let reversed = sums(&values);
            prop_assert_eq!(whole.sum().to_bits(), reversed.sum().to_bits());
            let n = values.len() as u64;
            prop_assert_eq!(whole.variance(n).map(f64::to_bits), reversed.variance(n).map(f64::to_bits));
        }

        #[test]
        fn one_value_is_its_own_sum(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            prop_assert_eq!(sums(&[value]).sum(), value);
            prop_assert_eq!(sums(&[value]).variance(1), Some(0.0));
        }
    }
}
