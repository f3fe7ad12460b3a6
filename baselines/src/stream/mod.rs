//! Detectors of change in a series: one value at a time, in the order of time.
//!
//! | detector | series | question |
//! |---|---|---|
//! | [`PageHinkley`] | numbers | has the mean moved by a cumulated λ (units of the series)? |
//! | [`Adwin`] | numbers | have two parts of the window different means? |
//! | [`Kswin`] | numbers | has the distribution of the newest values changed? |
//! | [`Cusum`] | numbers | has the mean moved by a cumulated h σ? |
//! | [`Ddm`] | 0 and 1 | has the rate of errors risen? |
//! | [`Eddm`] | 0 and 1 | do errors follow one another faster? |
//!
//! [`Detector`] is any of them. `update` takes the next value and answers a [`Detection`] where there is one; after a
//! drift the next value starts the detector anew, as in River 0.26.1, whose defaults and numbers these are (CUSUM
//! excepted). The whole state is in the value (`document::detector` stores it), so a monitor goes on where it stopped.
//! A detector does not know time, and its false alarms are not within the monitor's budget: each has a rate of its
//! own per value.

mod running;
mod settings;
mod page_hinkley;
mod adwin;
mod ddm;
mod eddm;
mod twister;
mod kswin;
mod cusum;
mod detector;
#[cfg(test)]
mod tests;

pub use adwin::{Adwin, AdwinSettings};
pub use cusum::{Cusum, CusumSettings};
pub use ddm::{Ddm, DdmSettings};
pub use detector::{Detector, DetectorKind, DetectorSettings};
pub use eddm::{Eddm, EddmSettings};
pub use kswin::{Kswin, KswinSettings};
pub use page_hinkley::{PageHinkley, PageHinkleySettings, Watch};
pub use running::{RunningMean, RunningVariance};
pub use settings::SettingError;

/// Largest magnitude of a value: squares and sums of a long series stay finite.
pub const LARGEST: f64 = 1e140;

/// How sure a detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The series may be changing; DDM and EDDM only.
    Warning,
    /// The series has changed.
    Drift,
}

impl Level {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Drift => "drift",
        }
    }
}

/// Where the series went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Newer values are larger (errors: more of them).
    Up,
    /// Newer values are smaller.
    Down,
}

impl Direction {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What a detector saw at the value it was just given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// How sure.
    pub level: Level,
    /// The detector's statistic: each file says which.
    pub statistic: f64,
    /// The limit it passed; KSWIN and EDDM fall below theirs.
    pub limit: f64,
    /// Where the series went, where the detector can tell.
    pub direction: Option<Direction>,
}

impl Detection {
    fn drift(statistic: f64, limit: f64, direction: Option<Direction>) -> Self {
        Self {
            level: Level::Drift,
            statistic,
            limit,
            direction,
        }
    }
}

/// Why a detector refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// NaN or ±∞.
    #[error("{detector} was given a value that is no finite number")]
    NotFinite {
        /// The detector's name.
        detector: &'static str,
    },
    /// A magnitude above [`LARGEST`].
    #[error("{detector} was given a value beyond 1e140")]
    TooLarge {
        /// The detector's name.
        detector: &'static str,
    },
    /// A value that is neither 0 nor 1.
    #[error(
        "{detector} watches a series of errors: it takes 1 for an error and 0 for none, and was given another value"
    )]
    NotBinary {
        /// The detector's name.
        detector: &'static str,
    },
    /// A setting that cannot be.
    #[error("setting {detector}.{setting}: {problem}")]
    Setting {
        /// The detector's name.
        detector: &'static str,
        /// The setting's name, as given.
        setting: String,
        /// What is wrong.
        problem: SettingError,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Settings(&'static str),
}
