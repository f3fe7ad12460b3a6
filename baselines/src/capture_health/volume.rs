//! Is this how many records usually come? The same hours of earlier weeks, or of earlier days where there are too few weeks.
//!
//! Does not know shares (`measure`).

use super::bounds::{conditional_tail, dispersion_limit};
use super::facts::{CaptureFacts, PastWindow};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
/// Earlier windows that are looked at, at most.
const MAX_PAST: i64 = 8;
/// Earlier windows that are needed, so that how they vary is known.
const MIN_PAST: usize = 4;

/// What is usual for a window: earlier ones at the same place of the week or of the day.
pub(super) struct Usual<'f> {
    windows: Vec<&'f PastWindow>,
    shifts: Vec<i64>,
    /// `week` or `day`.
    pub(super) season: &'static str,
}

/// A count against what is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Compared {
    /// Mean of the earlier counts.
    pub(super) expected: f64,
    /// Probability of as few, or fewer.
    pub(super) p_fewer: f64,
    /// Probability of as many, or more.
    pub(super) p_more: f64,
}

/// The earlier windows of the same hours of the week, if there are four; else of the same hours of the day; else why not.
pub(super) fn usual(facts: &CaptureFacts) -> Result<Usual<'_>, String> {
    let Some((start, end)) = facts.window else {
        return Err("the window has no start or no end".to_owned());
    };
    for (season, period) in [("week", WEEK), ("day", DAY)] {
        let (mut windows, mut shifts) = (Vec::new(), Vec::new());
        for back in 1..=MAX_PAST {
            let shift = back * period;
            let same = |past: &&PastWindow| (past.start, past.end) == (start - shift, end - shift);
            if let Some(found) = facts.past.iter().find(same) {
                windows.push(found);
                shifts.push(shift);
            }
        }
        // A window longer than its season's period would overlap the next one back.
        if windows.len() >= MIN_PAST && end - start <= period {
            return Ok(Usual {
                windows,
                shifts,
                season,
            });
        }
    }
    Err(format!(
        "there are fewer than {MIN_PAST} earlier windows of the same hours of the week, or of the day"
    ))
}

impl Usual<'_> {
    /// How many earlier windows.
    pub(super) fn len(&self) -> usize {
        self.windows.len()
    }

    /// The whole window against the earlier ones; `None` where how they vary is not known.
    pub(super) fn total(&self, current: u64) -> Option<Compared> {
        let counts: Vec<u64> = self.windows.iter().map(|window| window.rows).collect();
        let total: u64 = counts.iter().sum();
        if total == 0 {
            return Some(Compared {
                expected: 0.0,
                p_fewer: 1.0,
                p_more: 1.0,
            });
        }
        let dispersion = dispersion_limit(std::slice::from_ref(&counts))?;
        let n = counts.len() as u64;
        Some(Compared {
            expected: total as f64 / n as f64,
            p_fewer: conditional_tail(current, total, n, dispersion, true),
            p_more: conditional_tail(current, total, n, dispersion, false),
        })
    }

    /// Whole hours of the window without a row, each with the mean of earlier weeks and the probability of none; and how many
    /// whole hours there are. `None` where how hours vary is not known.
    pub(super) fn empty_hours(&self, facts: &CaptureFacts) -> Option<(Vec<(i64, Compared)>, u64)> {
        let (start, end) = facts.window?;
        let first = start.div_euclid(HOUR) * HOUR;
        let first = if first < start { first + HOUR } else { first };
        let n_hours = (end.saturating_sub(first) / HOUR).max(0);
        let hours: Vec<i64> = (0..n_hours).map(|at| first + at * HOUR).collect();
        let of_hour = |hour: i64| -> Vec<u64> {
            self.windows
                .iter()
                .zip(&self.shifts)
                .map(|(window, shift)| window.by_hour.get(&(hour - shift)).copied().unwrap_or(0))
                .collect()
        };
        let cells: Vec<Vec<u64>> = hours.iter().map(|hour| of_hour(*hour)).collect();
        let n_hours = hours.len() as u64;
        if cells.iter().flatten().all(|n| *n == 0) {
            return Some((Vec::new(), n_hours));
        }
        let dispersion = dispersion_limit(&cells)?;
        let empty = hours
            .iter()
            .zip(&cells)
            .filter(|(hour, _)| !facts.by_hour.contains_key(hour))
            .map(|(hour, cell)| {
                let total: u64 = cell.iter().sum();
                let n = cell.len() as u64;
                let compared = Compared {
                    expected: total as f64 / n as f64,
                    p_fewer: conditional_tail(0, total, n, dispersion, true),
                    p_more: 1.0,
                };
                (*hour, compared)
            })
            .collect();
        Some((empty, n_hours))
    }
}
