//! When Clarify's monitors alarm: the rule of its real files, and the range that a baseline's value allows in ours.
//!
//! Does not compute metrics, and does not know files.

use super::interval::AllowedRange;
use super::metric::{BiasMetric, BiasValue};

/// The rule of Clarify's real violation files (contract §5.3): |live| > |baseline|, sign and chance ignored. For the
/// `sagemaker` convention only; a disparate impact closer to 1 than its baseline violates it too.
pub fn point_violation(baseline: BiasValue, live: BiasValue) -> bool {
    live.magnitude() > baseline.magnitude()
}

impl BiasMetric {
    /// The metric of Clarify's abbreviation.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::PRE_TRAINING
            .into_iter()
            .chain(Self::POST_TRAINING)
            .find(|metric| metric.name() == name)
    }

    /// The value without bias: 1 for disparate impact, a ratio, and 0 for all others.
    pub fn ideal(self) -> f64 {
        if self == Self::DI { 1.0 } else { 0.0 }
    }
}

/// Values as near to the ideal as the baseline's, on both sides of it: `[−|b|, |b|]`, and for disparate impact, a ratio,
/// `[min(b, 1/b), max(b, 1/b)]`. An infinite baseline allows everything, a disparate impact of 0 every ratio.
pub fn allowed_by_baseline(metric: BiasMetric, baseline: BiasValue) -> AllowedRange {
    let magnitude = baseline.magnitude();
    if metric != BiasMetric::DI {
        return AllowedRange {
            low: -magnitude,
            high: magnitude,
        };
    }
    let inverse = if magnitude == 0.0 {
        f64::INFINITY
    } else {
        1.0 / magnitude
    };
    AllowedRange {
        low: magnitude.min(inverse),
        high: magnitude.max(inverse),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for metric in BiasMetric::PRE_TRAINING
            .into_iter()
            .chain(BiasMetric::POST_TRAINING)
        {
            assert_eq!(BiasMetric::from_name(metric.name()), Some(metric));
        }
        assert_eq!(BiasMetric::from_name("di"), None);
    }

    #[test]
    fn a_ratio_is_allowed_as_far_from_one_as_its_baseline() {
        let range = |metric, value| {
            let range = allowed_by_baseline(metric, BiasValue::Finite(value));
            (range.low, range.high)
        };
        assert_eq!(range(BiasMetric::DI, 0.5), (0.5, 2.0));
        assert_eq!(range(BiasMetric::DI, 4.0), (0.25, 4.0));
        assert_eq!(range(BiasMetric::DI, 0.0), (0.0, f64::INFINITY));
        assert_eq!(range(BiasMetric::DPL, -0.25), (-0.25, 0.25));
        let open = allowed_by_baseline(BiasMetric::TE, BiasValue::NegativeInfinity);
        assert_eq!((open.low, open.high), (f64::NEG_INFINITY, f64::INFINITY));
    }
}
