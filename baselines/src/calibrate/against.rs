//! What a window is held against, as far as chance goes: the baseline, the windows just before it, or windows of its season.
//!
//! A few earlier windows vary themselves, and are like or unlike the next one as rhythm and memory have it; so each kind of
//! reference has null scales of its own. Does not know which windows they are (`reference`) or how scales are measured.

use super::calibration::ColumnCalibration;
use super::component::Component;
use super::ladder::{Ladder, NullScale, WindowSize};

/// What a window is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Against {
    /// The baseline.
    #[default]
    Baseline,
    /// So many windows of the same length just before it, together.
    Trailing {
        /// How many, at least 1.
        n_windows: u32,
    },
    /// So many windows of the same length at the same hour of earlier weeks, together.
    Season {
        /// How many, at least 1.
        n_windows: u32,
    },
}

const fn trailing(n_windows: u32) -> Against {
    Against::Trailing { n_windows }
}

const fn season(n_windows: u32) -> Against {
    Against::Season { n_windows }
}

impl Against {
    /// The references that a calibration measures, where the baseline is long enough. Half a day and a day of hours are
    /// among them, as a daily rhythm makes them differ most.
    pub const MEASURED: [Self; 8] = [
        trailing(1),
        trailing(2),
        trailing(4),
        trailing(7),
        trailing(12),
        trailing(24),
        season(2),
        season(4),
    ];

    /// Windows of the reference; 0 for the baseline.
    pub fn n_windows(self) -> u32 {
        match self {
            Self::Baseline => 0,
            Self::Trailing { n_windows } | Self::Season { n_windows } => n_windows,
        }
    }

    /// The stable name used in documents, beside the number of windows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Trailing { .. } => "trailing",
            Self::Season { .. } => "season",
        }
    }

    /// The reference of a stable name.
    pub fn from_name(name: &str, n_windows: u32) -> Option<Self> {
        match name {
            "baseline" if n_windows == 0 => Some(Self::Baseline),
            "trailing" if n_windows > 0 => Some(trailing(n_windows)),
            "season" if n_windows > 0 => Some(season(n_windows)),
            _ => None,
        }
    }
}

/// The null scales of one column against one kind of reference.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceLadders {
    /// Which reference.
    pub against: Against,
    /// One ladder for each component that could be measured; its `timed` rungs only.
    pub ladders: Vec<(Component, Ladder)>,
}

impl ColumnCalibration {
    /// The null scale of a component at this size and against this reference; 1 where the baseline could not be tested by
    /// it.
    ///
    /// Between two measured numbers of trailing windows the larger scale holds; past the largest, that one's. Of a season
    /// the nearest fewer windows do. Where none was measured (a short baseline, an older calibration), a bound: the
    /// deviation of a difference is at most the sum of the deviations, `c ≤ (√c(T) + √c(reference))²`.
    pub fn scale(&self, component: Component, size: &WindowSize) -> NullScale {
        let Some(own) = ladder_of(&self.ladders, component) else {
            return NullScale::NONE;
        };
        if size.against == Against::Baseline || own.timed.is_empty() {
            return own.at(size);
        }
        let measured = self
            .neighbours(size.against, component)
            .into_iter()
            .flatten()
            .map(|ladder| ladder.at(size))
            .max_by(|left, right| left.scale.total_cmp(&right.scale));
        own.times_rows(measured.unwrap_or_else(|| own.between(size)), size)
    }

    /// The ladders measured with as many windows, or the nearest fewer and more.
    fn neighbours(&self, against: Against, component: Component) -> [Option<&Ladder>; 2] {
        let wanted = against.n_windows();
        let same_kind = || {
            self.references
                .iter()
                .filter(|found| found.against.name() == against.name())
                .filter_map(|found| Some((found.against.n_windows(), ladder_of(&found.ladders, component)?)))
        };
        let fewer = same_kind().filter(|(n, _)| *n <= wanted).max_by_key(|(n, _)| *n);
        let more = same_kind().filter(|(n, _)| *n >= wanted).min_by_key(|(n, _)| *n);
        // More windows of a season vary less: never taken for fewer, unless there is nothing else.
        let more = more.filter(|_| matches!(against, Against::Trailing { .. }));
        [fewer.map(|(_, ladder)| ladder), more.map(|(_, ladder)| ladder)]
    }
}

fn ladder_of(ladders: &[(Component, Ladder)], component: Component) -> Option<&Ladder> {
    ladders
        .iter()
        .find(|(known, _)| *known == component)
        .map(|(_, ladder)| ladder)
}
