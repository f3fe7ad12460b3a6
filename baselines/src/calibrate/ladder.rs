//! The null scale of one component: how much more windows of the baseline differ from the rest of it than windows of
//! independent rows would, by length of window.
//!
//! With `d` a window's mean against the baseline's, in units of one row's standard deviation, and n rows in the window,
//! `Var d = 1/n + c(T)`: chance, and what windows of length T have in common beyond it (rhythm, autocorrelation, wander).
//! The statistic's variance against independent rows is `s² = 1 + n·c`. Averages of longer windows vary less, so c falls
//! with T wherever autocovariance does. Hence past the longest measured window c is carried on unchanged, which is an
//! upper bound (in log s² against log n a slope of n·c/(1 + n·c), always within [0, 1]); and below the shortest s² is.
//!
//! Does not know which statistic it scales, nor how it was measured (`calibration`).

use super::against::Against;

/// Sizes of two samples, and how long the window was.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WindowSize {
    /// Rows of the baseline.
    pub n_baseline: u64,
    /// Rows of the window.
    pub n_current: u64,
    /// Length of the window, where it is known.
    pub seconds: Option<f64>,
    /// What the window is held against; `n_baseline` are the rows of that.
    pub against: Against,
}

impl WindowSize {
    /// nm/(n+m): the one size that the variance of a two-sample statistic knows.
    pub fn effective(&self) -> f64 {
        let (n, m) = (self.n_baseline as f64, self.n_current as f64);
        if n + m > 0.0 { n * m / (n + m) } else { 0.0 }
    }
}

/// What a statistic is divided by, and how well that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NullScale {
    /// Root of the variance against independent rows; at least 1.
    pub scale: f64,
    /// Degrees of freedom of its estimate; `None`: known exactly.
    pub freedom: Option<f64>,
}

impl NullScale {
    /// Independent rows.
    pub const NONE: Self = Self {
        scale: 1.0,
        freedom: None,
    };
}

/// Windows of one length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rung {
    /// Length of the windows, seconds; 0 for resampled rows, which have no time.
    pub seconds: f64,
    /// Rows of a window, mean.
    pub n_rows: f64,
    /// nm/(n+m) of window and rest, mean.
    pub n_effective: f64,
    /// s²: mean square of the statistic against its mean square with independent rows; above 0.
    pub inflation: f64,
    /// Degrees of freedom of `inflation`; `f64::INFINITY` is not allowed, so resampled rungs say how many windows.
    pub freedom: f64,
}

/// Past this many degrees of freedom a scale counts as known.
const KNOWN_FROM: f64 = 1e5;

/// Seconds.
const DAY: f64 = 86_400.0;
/// Share of a column's variance that rows of one day have in common, from which its observations are days.
const ALIKE_WITHIN_DAYS: f64 = 0.5;

/// The null scale of one component of one column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ladder {
    /// Resampled rows, ascending by `n_rows`: what ties, sparse cells and approximations add. `inflation` ≥ 1.
    pub resampled: Vec<Rung>,
    /// Time blocks, ascending by `seconds`.
    pub timed: Vec<Rung>,
    /// c of the baseline itself: its own mean is a window's mean too, and the next window does not belong to it.
    pub baseline_excess: f64,
}

impl Ladder {
    /// The scale for a comparison of this size.
    pub fn at(&self, size: &WindowSize) -> NullScale {
        self.times_rows(self.by_time(size), size)
    }

    /// A scale by time with what rows add.
    pub(super) fn times_rows(&self, timed: NullScale, size: &WindowSize) -> NullScale {
        NullScale {
            scale: timed.scale * self.by_rows(size.n_current as f64).sqrt(),
            freedom: timed.freedom,
        }
    }

    /// s² of resampled rows, interpolated in log n.
    fn by_rows(&self, n_rows: f64) -> f64 {
        let rungs = &self.resampled;
        let idx = rungs.partition_point(|rung| rung.n_rows <= n_rows);
        let inflation = match (idx.checked_sub(1).and_then(|idx| rungs.get(idx)), rungs.get(idx)) {
            (Some(below), Some(above)) => {
                let share = (n_rows / below.n_rows).ln() / (above.n_rows / below.n_rows).ln();
                below.inflation.max(1.0).ln() * (1.0 - share) + above.inflation.max(1.0).ln() * share
            }
            (Some(end), None) | (None, Some(end)) => end.inflation.max(1.0).ln(),
            (None, None) => 0.0,
        };
        inflation.exp()
    }

    fn by_time(&self, size: &WindowSize) -> NullScale {
        self.with_excess(size, |excess, _| excess + self.baseline_excess)
    }

    /// An upper bound of the scale against earlier windows, which this ladder, of windows against the rest of the baseline,
    /// gives without having seen any: `c ≤ (√c(T) + √c(reference))²`.
    pub(super) fn between(&self, size: &WindowSize) -> NullScale {
        self.with_excess(size, |excess, seconds| {
            let of_reference = match size.against {
                Against::Baseline => 0.0,
                Against::Trailing { n_windows } => {
                    let reached = self.timed.iter().rev();
                    let mut reached = reached.filter(|rung| rung.seconds <= seconds * f64::from(n_windows));
                    reached.next().map_or(excess, |rung| rung.excess().min(excess))
                }
                Against::Season { .. } => excess,
            };
            (excess.sqrt() + of_reference.sqrt()).powi(2)
        })
    }

    /// The scale of which `c`, given c(T) and T, is all there is beyond chance.
    fn with_excess(&self, size: &WindowSize, c: impl FnOnce(f64, f64) -> f64) -> NullScale {
        let n = size.effective();
        if n <= 0.0 {
            return NullScale::NONE;
        }
        let seconds = size
            .seconds
            .filter(|seconds| *seconds > 0.0)
            .unwrap_or_else(|| self.seconds_of(size.n_current as f64));
        let Some((excess, nearest)) = self.excess_at(seconds, n) else {
            return NullScale::NONE;
        };
        let inflation = 1.0 + n * c(excess, seconds);
        // Satterthwaite: only the part that was measured is uncertain, and it grows with n against the rung's.
        let uncertain = n / nearest.n_effective * nearest.inflation.max(1.0);
        let freedom = nearest.freedom * (inflation / uncertain).powi(2);
        NullScale {
            scale: inflation.sqrt(),
            freedom: (freedom < KNOWN_FROM).then_some(freedom.max(1.0)),
        }
    }

    /// c(T), and the rung it rests on; `n` is the effective number of rows.
    fn excess_at(&self, seconds: f64, n: f64) -> Option<(f64, &Rung)> {
        let rungs = &self.timed;
        let (first, last) = (rungs.first()?, rungs.last()?);
        let idx = rungs.partition_point(|rung| rung.seconds <= seconds);
        let (excess, nearest) = match (idx.checked_sub(1).and_then(|idx| rungs.get(idx)), rungs.get(idx)) {
            (Some(below), Some(above)) => {
                let share = (seconds / below.seconds).ln() / (above.seconds / below.seconds).ln();
                let excess = below.excess() * (1.0 - share) + above.excess() * share;
                (excess, if share > 0.0 { above } else { below })
            }
            (None, _) => (first.excess().max((first.inflation - 1.0).max(0.0) / n), first),
            (_, None) => (last.excess(), last),
        };
        let excess = excess
            .max(self.excess_by_parts(seconds))
            .max(self.excess_by_days(seconds));
        Some((excess, nearest))
    }

    /// c of a window as its longest measured part and the rest of it together, each with its own share of the rows: a day
    /// of the week has none over whole weeks, and some over ten days, which interpolation between one week and two would
    /// not show. 0 below the shortest measured window. Exact where the parts vary independently.
    fn excess_by_parts(&self, seconds: f64) -> f64 {
        let measured = |seconds: f64| {
            let idx = self.timed.partition_point(|rung| rung.seconds <= seconds);
            idx.checked_sub(1).and_then(|idx| self.timed.get(idx))
        };
        let (Some(whole), Some(shortest)) = (measured(seconds), self.timed.first()) else {
            return 0.0;
        };
        let rest = seconds % whole.seconds;
        let of_rest = measured(rest).unwrap_or(shortest);
        let share = rest / seconds;
        (1.0 - share).powi(2) * whole.excess() + share.powi(2) * of_rest.excess()
    }

    /// c of a window of independent days, where rows of one day are alike (a weekday, a holiday, a price list): such a column
    /// has as many observations as the window has days. Without this, whole weeks of the baseline, in which weekdays are
    /// equally many, would say that it hardly varies, and every window of other days would ring. 0 for other columns.
    fn excess_by_days(&self, seconds: f64) -> f64 {
        let Some(day) = self.timed.iter().find(|rung| rung.seconds >= DAY) else {
            return 0.0;
        };
        if day.excess() < ALIKE_WITHIN_DAYS || seconds <= day.seconds {
            return 0.0;
        }
        day.excess() * day.seconds / seconds
    }

    /// How long a window of so many rows would have been in the baseline.
    fn seconds_of(&self, n_rows: f64) -> f64 {
        let near = self
            .timed
            .iter()
            .filter(|rung| rung.n_rows > 0.0)
            .min_by(|left, right| {
                let far = |rung: &Rung| (rung.n_rows / n_rows).ln().abs();
                far(left).total_cmp(&far(right))
            });
        near.map_or(1.0, |rung| rung.seconds * n_rows / rung.n_rows)
    }
}

impl Rung {
    /// c = (s² − 1)/n, at least 0.
    fn excess(&self) -> f64 {
        ((self.inflation - 1.0) / self.n_effective).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten rows a day; the excess of each measured length.
    fn ladder(rungs: &[(f64, f64)]) -> Ladder {
        let rung = |&(days, excess): &(f64, f64)| Rung {
            seconds: days * DAY,
            n_rows: 10.0 * days,
            n_effective: 10.0 * days,
            inflation: 1.0 + 10.0 * days * excess,
            freedom: 1e6,
        };
        Ladder {
            timed: rungs.iter().map(rung).collect(),
            ..Ladder::default()
        }
    }

    fn inflation(ladder: &Ladder, days: f64) -> f64 {
        let size = WindowSize {
            n_baseline: u64::MAX / 2,
            n_current: (10.0 * days) as u64,
            seconds: Some(days * DAY),
            ..WindowSize::default()
        };
        ladder.at(&size).scale.powi(2)
    }

    /// Found on real data: `weekday` of elec2 rang in each window of ten days, whose weekdays are never equally many.
    #[test]
    fn a_calendar_column_has_an_excess_between_whole_weeks() {
        let weekday = ladder(&[(1.0, 0.4), (2.0, 0.25), (4.0, 0.075), (7.0, 0.0), (14.0, 0.0)]);
        assert!((inflation(&weekday, 7.0) - 1.0).abs() < 1e-9);
        assert!((inflation(&weekday, 14.0) - 1.0).abs() < 1e-9);
        // Three days beside a week: 0.25 · (3/10)² · 100 rows.
        assert!(
            (inflation(&weekday, 10.0) - 3.25).abs() < 1e-6,
            "{}",
            inflation(&weekday, 10.0)
        );
        // The same beyond the longest measured window: 0.25 · (3/17)² · 170 rows.
        let beyond = 1.0 + 0.25 * (3.0f64 / 17.0).powi(2) * 170.0;
        assert!((inflation(&weekday, 17.0) - beyond).abs() < 1e-6);
    }

    /// Found on real data: of days in any order, `weekday` of elec2 rang in 15 of 100 windows at a stated 5.
    #[test]
    fn a_column_that_is_alike_within_days_has_as_many_observations_as_days() {
        let weekday = ladder(&[(1.0, 0.9), (2.0, 0.4), (4.0, 0.1), (7.0, 0.0), (14.0, 0.0)]);
        for days in [7.0, 10.0, 14.0, 50.0] {
            let expected = 1.0 + 0.9 / days * 10.0 * days;
            assert!((inflation(&weekday, days) - expected).abs() < 1e-6, "{days}");
        }
        // What is measured stays where it is more.
        let slow = ladder(&[(1.0, 0.9), (7.0, 0.7)]);
        assert!((inflation(&slow, 7.0) - 50.0).abs() < 1e-6);
    }

    #[test]
    fn measured_lengths_keep_what_was_measured() {
        let falling = ladder(&[(1.0, 0.4), (2.0, 0.2), (4.0, 0.1)]);
        for (days, excess) in [(1.0, 0.4), (2.0, 0.2), (4.0, 0.1)] {
            let expected = 1.0 + 10.0 * days * excess;
            assert!((inflation(&falling, days) - expected).abs() < 1e-9, "{days}");
        }
        assert!(inflation(&falling, 3.0) >= 1.0 + 30.0 * 0.1);
    }
}
