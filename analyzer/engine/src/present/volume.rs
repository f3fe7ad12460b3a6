//! Rows over time with the gaps drawn: hours, or days and years where there would be too many hours.

use baselines::judge::Run;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::time::second;
use crate::report::model::{Volume, VolumeBar};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// More bars than this are made of the next larger unit.
const MAX_BARS: i64 = 24 * 62;

#[derive(Clone, Copy)]
enum Unit {
    Hour,
    Day,
    Year,
}

impl Unit {
    fn bar_of(self, second: i64) -> i64 {
        match self {
            Self::Hour => second.div_euclid(HOUR),
            Self::Day => second.div_euclid(DAY),
            Self::Year => civil_of(second).map_or(0, |date| i64::from(date.year())),
        }
    }

    fn label(self, bar: i64) -> String {
        let at = |seconds: i64, format: &str| {
            civil_of(bar.saturating_mul(seconds))
                .map_or_else(String::new, |time| time.strftime(format).to_string())
        };
        match self {
            Self::Hour => at(HOUR, "%-d %b %H:%M"),
            Self::Day => at(DAY, "%-d %b %Y"),
            Self::Year => bar.to_string(),
        }
    }

    fn names(self) -> (String, String) {
        let (one, many) = match self {
            Self::Hour => ("hour", "hours"),
            Self::Day => ("day", "days"),
            Self::Year => ("year", "years"),
        };
        (one.to_owned(), many.to_owned())
    }
}

fn civil_of(second: i64) -> Option<civil::DateTime> {
    Timestamp::from_second(second)
        .ok()
        .map(|time| TimeZone::UTC.to_datetime(time))
}

/// Rows by unit of time, from the start of the window (or the first row) to its end (or the last row).
pub(super) fn volume(run: &Run) -> Option<Volume> {
    let hours: Vec<(i64, u64)> = run
        .volume
        .iter()
        .filter_map(|hour| Some((second(&hour.hour)?, hour.rows)))
        .collect();
    let bound = |text: &Option<String>| text.as_deref().and_then(second);
    let first = hours
        .iter()
        .map(|hour| hour.0)
        .chain(bound(&run.window.start))
        .min()?;
    let last = hours
        .iter()
        .map(|hour| hour.0)
        .chain(bound(&run.window.end).map(|end| end - 1))
        .max()?;
    let n_bars = |unit: Unit| unit.bar_of(last) - unit.bar_of(first) + 1;
    let unit = [Unit::Hour, Unit::Day]
        .into_iter()
        .find(|unit| n_bars(*unit) <= MAX_BARS)
        .unwrap_or(Unit::Year);
    let first_bar = unit.bar_of(first);
    let mut rows = vec![0u64; usize::try_from(n_bars(unit)).ok()?];
    for (second, n) in &hours {
        let bar = usize::try_from(unit.bar_of(*second) - first_bar)
            .ok()
            .and_then(|idx| rows.get_mut(idx));
        if let Some(bar) = bar {
            *bar = bar.saturating_add(*n);
        }
    }
    let bars = (first_bar..).zip(rows).map(|(bar, n_rows)| VolumeBar {
        label: unit.label(bar),
        n_rows,
    });
    Some(Volume {
        unit: unit.names(),
        bars: bars.collect(),
    })
}
