//! The knob: how many false alarms a user accepts, and the share of it that one run may spend.
//!
//! Does not know columns or tests, and has no clock: the length of a window is told.

use std::fmt;
use std::str::FromStr;

const DAY: f64 = 86_400.0;

/// How many false alarms are accepted, over all columns of one monitor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FalseAlarmBudget {
    /// `count` in every `n` × `unit`.
    PerPeriod {
        /// False alarms accepted; above 0.
        count: f64,
        /// Units of the period; above 0.
        n: f64,
        /// Unit of the period.
        unit: PeriodUnit,
    },
    /// Probability of a false alarm in each run, whatever the window's length; above 0, at most ½.
    PerRun(f64),
}

/// Unit of a budget's period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PeriodUnit {
    /// 3,600 s.
    Hour,
    /// 86,400 s.
    Day,
    /// 7 days.
    Week,
    /// A twelfth of a year.
    Month,
    /// A quarter of a year.
    Quarter,
    /// 365.25 days.
    Year,
}

impl PeriodUnit {
    const ALL: [Self; 6] = [
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
    ];

    fn seconds(self) -> f64 {
        match self {
            Self::Hour => DAY / 24.0,
            Self::Day => DAY,
            Self::Week => 7.0 * DAY,
            Self::Month => 365.25 / 12.0 * DAY,
            Self::Quarter => 365.25 / 4.0 * DAY,
            Self::Year => 365.25 * DAY,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// What one run may spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunAlpha {
    /// Probability of at least one false alarm that the run may take; above 0, at most [`MAX_RUN_ALPHA`].
    pub alpha: f64,
    /// Length of the window it was computed for, seconds.
    pub window_seconds: f64,
    /// Whether that length was assumed (a day) because nobody said it.
    pub assumed: bool,
}

/// A run spends at most this, however long its window: above it p-values decide nothing.
pub const MAX_RUN_ALPHA: f64 = 0.2;

impl FalseAlarmBudget {
    /// The largest probability of a false alarm that a run over a window of this length may take:
    /// `count · window / period`, at most [`MAX_RUN_ALPHA`].
    ///
    /// With windows that follow one another, `period / window` runs happen in a period, and by the union bound the
    /// expected number of runs with a false alarm stays within `count` (a Bonferroni split of the budget over time).
    /// Unknown or useless length: a day, and `assumed` says so.
    pub fn alpha(self, window_seconds: Option<f64>) -> RunAlpha {
        let known = window_seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0);
        let seconds = known.unwrap_or(DAY);
        let share = match self {
            Self::PerPeriod { count, n, unit } => count * seconds / (n * unit.seconds()),
            Self::PerRun(alpha) => alpha,
        };
        RunAlpha {
            alpha: share.clamp(f64::MIN_POSITIVE, MAX_RUN_ALPHA),
            window_seconds: seconds,
            assumed: known.is_none(),
        }
    }
}

impl Default for FalseAlarmBudget {
    /// One in 90 days.
    fn default() -> Self {
        Self::PerPeriod {
            count: 1.0,
            n: 90.0,
            unit: PeriodUnit::Day,
        }
    }
}

/// Why a text is not a budget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a false-alarm budget reads like \"1 per 90 days\", \"2 per 52 weeks\", \"1 per year\" or \"0.001 per run\": {problem}"
)]
pub struct BudgetError {
    problem: &'static str,
}

impl FromStr for FalseAlarmBudget {
    type Err = BudgetError;

    /// `COUNT per [N] UNIT`, `P per run`, or a bare probability per run. Units: hour, day, week, month, quarter, year,
    /// singular or plural.
    fn from_str(text: &str) -> Result<Self, BudgetError> {
        let wrong = |problem| BudgetError { problem };
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let number = |word: &str| {
            word.parse::<f64>()
                .ok()
                .filter(|value| value.is_finite())
                .ok_or(wrong("a number is expected where there is none"))
        };
        let per_run = |word: &str| match number(word)? {
            alpha if alpha > 0.0 && alpha <= 0.5 => Ok(Self::PerRun(alpha)),
            _ => Err(wrong("the probability per run lies between 0 and 0.5")),
        };
        let (count, n, unit) = match words[..] {
            [alpha] | [alpha, "per", "run"] => return per_run(alpha),
            [count, "per", unit] => (number(count)?, 1.0, unit),
            [count, "per", n, unit] => (number(count)?, number(n)?, unit),
            _ => return Err(wrong("that shape is not known")),
        };
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let unit = PeriodUnit::ALL
            .into_iter()
            .find(|known| known.name() == unit)
            .ok_or(wrong("the unit is hours, days, weeks, months, quarters or years"))?;
        if count <= 0.0 || n <= 0.0 {
            return Err(wrong("both numbers must be above 0"));
        }
        Ok(Self::PerPeriod { count, n, unit })
    }
}

impl fmt::Display for FalseAlarmBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerPeriod { count, n, unit } if *n == 1.0 => write!(f, "{count} per {}", unit.name()),
            Self::PerPeriod { count, n, unit } => write!(f, "{count} per {n} {}s", unit.name()),
            Self::PerRun(alpha) => write!(f, "{alpha} per run"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read_and_written() {
        for (text, written) in [
            ("1 per 90 days", "1 per 90 days"),
            ("2 per 52 weeks", "2 per 52 weeks"),
            ("1 per year", "1 per year"),
            (" 0.5  PER  quarter ", "0.5 per quarter"),
            ("0.01 per run", "0.01 per run"),
            ("0.01", "0.01 per run"),
        ] {
            let budget: FalseAlarmBudget = text.parse().unwrap();
            assert_eq!(budget.to_string(), written);
            assert_eq!(written.parse::<FalseAlarmBudget>().unwrap(), budget);
        }
    }

    #[test]
    fn what_is_no_budget_says_why() {
        for (text, problem) in [
            ("", "shape"),
            ("one per day", "a number"),
            ("0 per day", "above 0"),
            ("1 per fortnight", "the unit"),
            ("1 per -3 days", "above 0"),
            ("0.9 per run", "between 0 and 0.5"),
            ("NaN per day", "a number"),
        ] {
            let error = text.parse::<FalseAlarmBudget>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn a_run_spends_its_share() {
        let budget = FalseAlarmBudget::default();
        let of = |seconds| budget.alpha(seconds).alpha;
        assert!((of(Some(DAY)) - 1.0 / 90.0).abs() < 1e-15);
        assert!((of(Some(3600.0)) - 1.0 / 2160.0).abs() < 1e-15);
        assert!((of(Some(365.0 * DAY)) - MAX_RUN_ALPHA).abs() < 1e-15);
        assert!(budget.alpha(None).assumed && budget.alpha(Some(f64::NAN)).assumed);
        assert!((of(None) - 1.0 / 90.0).abs() < 1e-15);
    }
}
