//! How closely our numbers agree with their references: the one place where tests take their tolerances from.

/// Statistics, relative: both sides add up the same few thousand doubles in another order.
pub const STATISTIC: f64 = 1e-9;
/// p-values of real data sets, relative: far tails multiply rounding of the exponent.
pub const P_VALUE: f64 = 1e-6;
/// p-values of the golden vector, relative.
pub const GOLDEN_P_VALUE: f64 = 1e-7;

/// Whether `actual` is within `relative` of `expected`.
pub fn agrees(actual: f64, expected: f64, relative: f64) -> bool {
    actual == expected || (actual - expected).abs() <= relative * expected.abs()
}
