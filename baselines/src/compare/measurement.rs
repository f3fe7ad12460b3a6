//! What a comparison answers: a number with all that is needed to read it, or the reason why there is none.
//!
//! Does not know thresholds: whether a value is an alarm is the judge's question.

use super::method::{Convention, Method};

/// The answer of a comparison.
pub type Outcome = Result<Measurement, NotComputable>;

/// One distance or test between a baseline and a current sample. No field is ever NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What was measured.
    pub method: Method,
    /// By whose definition. `Scipy` where the house asked and its definition is SciPy's.
    pub convention: Convention,
    /// The number the convention's maker reports.
    pub statistic: f64,
    /// Probability of a statistic at least as extreme without drift, where the method is a test.
    pub p_value: Option<f64>,
    /// `None`: computed from exact samples. `Some(b)`: the statistic of the exact samples lies within ±b of
    /// `statistic`. Where a p-value stands beside a bound it is the largest one the evidence allows.
    pub error_bound: Option<f64>,
    /// Rows of the baseline that entered.
    pub n_baseline: u64,
    /// Rows of the current sample that entered.
    pub n_current: u64,
    /// How the number was made.
    pub parameters: Parameters,
    /// Other forms of the same measurement, in a fixed order.
    pub companions: Vec<Companion>,
}

impl Measurement {
    /// A bare number; `n` and `m` are the rows of both sides. Not computable where it is not finite.
    pub(crate) fn of(
        method: Method,
        convention: Convention,
        statistic: f64,
        [n_baseline, n_current]: [u64; 2],
    ) -> Outcome {
        let measurement = Self {
            method,
            convention,
            // Adding zero makes −0 a plain 0.
            statistic: statistic + 0.0,
            p_value: None,
            error_bound: None,
            n_baseline,
            n_current,
            parameters: Parameters::default(),
            companions: Vec::new(),
        };
        if statistic.is_finite() {
            Ok(measurement)
        } else {
            Err(NotComputable::Infinite)
        }
    }

    /// The same with a p-value and how it was computed.
    pub(crate) fn with_p_value(mut self, p_value: f64, source: &'static str) -> Outcome {
        if !p_value.is_finite() {
            return Err(NotComputable::Infinite);
        }
        self.p_value = Some(p_value.clamp(0.0, 1.0));
        self.parameters.p_value_source = Some(source);
        Ok(self)
    }

    /// The same with another form of it; left out where that is not finite.
    pub(crate) fn with_companion(mut self, name: &'static str, value: f64) -> Self {
        if value.is_finite() {
            self.companions.push(Companion { name, value });
        }
        self
    }

    /// The p-value as the number its maker reports, the test's statistic beside it.
    pub(crate) fn reported_as_p_value(mut self, convention: Convention) -> Outcome {
        let raw = self.statistic;
        self.statistic = self.p_value.ok_or(NotComputable::MakerFails)?;
        self.convention = convention;
        Ok(self.with_companion("test_statistic", raw))
    }

    /// The same number under another label.
    pub(crate) fn labelled(self, convention: Convention) -> Self {
        Self { convention, ..self }
    }

    /// A companion by name.
    pub fn companion(&self, name: &str) -> Option<f64> {
        self.companions
            .iter()
            .find(|companion| companion.name == name)
            .map(|companion| companion.value)
    }

    /// The p-value to decide by: that of the merged table where counts are too small for the full one
    /// (companion `merged_p_value`), else `p_value`.
    pub fn evidence_p_value(&self) -> Option<f64> {
        self.companion("merged_p_value").or(self.p_value)
    }
}

/// Another form of a measurement, such as the divergence beside the distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Companion {
    /// Stable name.
    pub name: &'static str,
    /// Its value; finite.
    pub value: f64,
}

/// How a number was made: what two users must agree on before they compare numbers. Only what applies is set.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Parameters {
    /// Bins that entered.
    pub bins: Option<u64>,
    /// Where the bin edges come from.
    pub edges_source: Option<&'static str>,
    /// What is done about empty bins.
    pub zero_rule: Option<&'static str>,
    /// Base of the logarithm: `2` or `e`.
    pub log_base: Option<&'static str>,
    /// Delta degrees of freedom of a standard deviation.
    pub ddof: Option<u32>,
    /// Degrees of freedom of the reference distribution.
    pub degrees_of_freedom: Option<f64>,
    /// `exact`, `asymptotic`, …: how the p-value was computed.
    pub p_value_source: Option<&'static str>,
    /// What a raw statistic was divided by.
    pub scaled_by: Option<&'static str>,
    /// Correction of the statistic, such as `Yates`.
    pub correction: Option<&'static str>,
    /// Categories merged because their expected counts were too small.
    pub merged_categories: Option<u64>,
}

/// Why there is no number. The texts are bounded and hold no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotComputable {
    /// No rows on the baseline side.
    #[error("the baseline has no values")]
    EmptyBaseline,
    /// No rows on the current side.
    #[error("the current sample has no values")]
    EmptyCurrent,
    /// Fewer rows than the formula can use.
    #[error("too few values: {needed} are needed on each side")]
    TooFew {
        /// Rows needed on each side.
        needed: u64,
    },
    /// All values of both sides together are equal, and the method divides by their spread.
    #[error("all values are equal, and the method divides by their spread")]
    NoSpread,
    /// One category, or fewer than two after merging small ones.
    #[error("fewer than two categories are left to test")]
    TooFewCategories,
    /// The method is for two categories.
    #[error("the method needs exactly two categories")]
    NotTwoCategories,
    /// The maker of this convention has no such method, or not for this type of column.
    #[error("the convention has no such method for this type of column")]
    NotInConvention,
    /// The method is not defined for this type of column.
    #[error("the method is not defined for this type of column")]
    NotForThisType,
    /// The convention's maker raises an error here.
    #[error("the convention's maker fails on this input")]
    MakerFails,
    /// The convention bins or ranks the sample itself, and only counts on a grid are left of it.
    #[error("exact values are needed, and only counts on a grid are kept")]
    NeedsExactValues,
    /// The number is infinite: an empty bin or category without a zero rule, or values beyond 64-bit floats.
    #[error("the value is infinite")]
    Infinite,
    /// An input breaks the contract of `WeightedPoints` (not ascending, lengths differ, not finite).
    #[error("the sample is malformed")]
    Malformed,
}
