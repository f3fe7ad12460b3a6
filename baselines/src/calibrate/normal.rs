//! Quantiles of the standard normal, and normal deviates of skewed statistics. Does not know which test asks.

use statrs::function::erf::erfc_inv;

use crate::compare::normal_survival;

/// Deviates past this cannot be told apart: P(Z ≥ 37) is 6e-300.
const LARGEST: f64 = 37.0;

/// Φ⁻¹(p), within ±37.
///
/// M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37(3), 1988; about 1e-15 relative. For 0 < p < 1.
pub(super) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE_NUMERATOR, &CENTRE_DENOMINATOR);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return LARGEST.copysign(q);
    }
    let r = (-tail.ln()).sqrt();
    let deviate = if r <= 5.0 {
        ratio(r - 1.6, &MIDDLE_NUMERATOR, &MIDDLE_DENOMINATOR)
    } else {
        ratio(r - 5.0, &FAR_NUMERATOR, &FAR_DENOMINATOR)
    };
    deviate.min(LARGEST).copysign(q)
}

/// The |z| with P(|Z| ≥ z) = p: 0 for p ≥ 1, 37 for p = 0.
pub(super) fn deviate_of(p_two_sided: f64) -> f64 {
    if p_two_sided >= 1.0 {
        0.0
    } else if p_two_sided <= 0.0 {
        LARGEST
    } else {
        (std::f64::consts::SQRT_2 * erfc_inv(p_two_sided)).clamp(0.0, LARGEST)
    }
}

/// P(|Z| ≥ z).
pub(super) fn two_sided(z: f64) -> f64 {
    (2.0 * normal_survival(z.abs())).min(1.0)
}

/// The normal deviate of a standardised statistic with skewness `gamma`, as of a gamma distribution with that skewness
/// (Pearson type III): E. B. Wilson and M. M. Hilferty, PNAS 17, 1931, with 8/γ² degrees of freedom. For γ = 0 it is `z`.
pub(super) fn without_skewness(z: f64, gamma: f64) -> f64 {
    if gamma.abs() < 1e-6 || !gamma.is_finite() {
        return z;
    }
    let (z, gamma, sign) = if gamma < 0.0 {
        (-z, -gamma, -1.0)
    } else {
        (z, gamma, 1.0)
    };
    let freedom = 8.0 / (gamma * gamma);
    let ratio = (1.0 + z * (2.0 / freedom).sqrt()).max(0.0);
    let variance = 2.0 / (9.0 * freedom);
    sign * (ratio.cbrt() - 1.0 + variance) / variance.sqrt()
}

fn ratio(r: f64, numerator: &[f64; 8], denominator: &[f64; 8]) -> f64 {
    let polynomial = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * r + term);
    polynomial(numerator) / polynomial(denominator)
}

const CENTRE_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const CENTRE_DENOMINATOR: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_545,
];
const MIDDLE_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    7.745_450_142_783_414e-4,
];
const MIDDLE_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    0.001_242_660_947_388_078_4,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_DENOMINATOR: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_7e-15,
];
