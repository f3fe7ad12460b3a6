//! Two proportions: the exact conditional test, two-sided by doubling.
//!
//! Given how many rows of both samples have the property, how many of them are the window's is hypergeometric without
//! drift (R. A. Fisher 1935). The smaller tail, doubled, is the p-value; it is exact at any rate, also 0. Where the
//! variance is large the tail is that of a gamma distribution of the same three moments, with continuity correction.
//!
//! Does not know columns or thresholds.

use super::normal::{deviate_of, two_sided, without_skewness};
use crate::compare::ln_hypergeometric;

/// From this variance on the tail is approximated.
const EXACT_VARIANCE: f64 = 2_500.0;

/// Two samples' counts of one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rates {
    /// Rows with the property.
    pub(super) with: [u64; 2],
    /// All rows.
    pub(super) of: [u64; 2],
}

/// p-value, its normal deviate, and the sign of the change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RateTest {
    pub(super) p: f64,
    pub(super) deviate: f64,
    pub(super) direction: f64,
}

impl Rates {
    /// Share in the window less share in the baseline; `None` where a side is empty.
    pub(super) fn difference(&self) -> Option<f64> {
        let [n, m] = self.of;
        (n > 0 && m > 0).then(|| self.with[1] as f64 / m as f64 - self.with[0] as f64 / n as f64)
    }

    /// The test; `None` where a side is empty, or all rows or none have the property: nothing can be told.
    pub(super) fn test(&self) -> Option<RateTest> {
        let moments = self.moments()?;
        let off = self.with[1] as f64 - moments.mean;
        let direction = if off == 0.0 { 0.0 } else { off.signum() };
        if moments.variance > EXACT_VARIANCE {
            let corrected = (off.abs() - 0.5).max(0.0).copysign(off) / moments.variance.sqrt();
            let deviate = without_skewness(corrected, moments.skewness);
            // Skewness must not turn a deviate round.
            let deviate = (deviate * direction).max(0.0);
            return Some(RateTest {
                p: two_sided(deviate),
                deviate,
                direction,
            });
        }
        let p = (2.0 * self.tail(off)).min(1.0);
        Some(RateTest {
            p,
            deviate: deviate_of(p),
            direction,
        })
    }

    fn moments(&self) -> Option<Moments> {
        let [n, m] = self.of.map(|rows| rows as f64);
        let with = (self.with[0] + self.with[1]) as f64;
        let total = n + m;
        if n < 1.0 || m < 1.0 || with < 1.0 || with >= total {
            return None;
        }
        let without = total - with;
        let variance = m * n * with * without / (total * total * (total - 1.0));
        let skewness = if total > 2.0 {
            (n - m) * (without - with) * (total - 1.0).sqrt()
                / ((m * n * with * without).sqrt() * (total - 2.0))
        } else {
            0.0
        };
        Some(Moments {
            mean: m * with / total,
            variance,
            skewness,
        })
    }

    /// P of the observed count or one farther from the mean on the same side.
    fn tail(&self, off: f64) -> f64 {
        let [n, m] = self.of;
        let with = self.with[0] + self.with[1];
        let (low, high) = (with.saturating_sub(n), with.min(m));
        let (n, m, with) = (n as f64, m as f64, with as f64);
        let mut x = self.with[1];
        let mut term = ln_hypergeometric(m, n, with, x as f64).exp();
        let mut sum = 0.0;
        // P(x+1)/P(x).
        let up = |x: f64| (with - x) * (m - x) / ((x + 1.0) * (n - with + x + 1.0));
        loop {
            sum += term;
            let end = if off >= 0.0 { x >= high } else { x <= low };
            if end || term <= 1e-17 * sum {
                return sum.min(1.0);
            }
            if off >= 0.0 {
                term *= up(x as f64);
                x += 1;
            } else {
                x -= 1;
                term /= up(x as f64);
            }
        }
    }
}

struct Moments {
    mean: f64,
    variance: f64,
    skewness: f64,
}

/// p-value of the exact test of `with` rows `of` so many, baseline and window; 1 where it cannot be made.
pub(crate) fn rate_p_value(with: [u64; 2], of: [u64; 2]) -> f64 {
    Rates { with, of }.test().map_or(1.0, |test| test.p)
}
