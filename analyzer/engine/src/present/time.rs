//! Times as people read them: in UTC, or in the time zone that a monitor shows them in. Text that is no RFC 3339 time is shown
//! as it is.

use baselines::judge::{Verdict, Window};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The choice of a verdict that names the time zone of its report.
pub(crate) const TIME_ZONE: &str = "time_zone";

/// The time zone of a report.
pub(super) struct Zone {
    zone: TimeZone,
    /// As people read it behind a time.
    name: String,
}

impl Default for Zone {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            name: "UTC".to_owned(),
        }
    }
}

impl Zone {
    /// The zone that the verdict names; UTC where it names none that is known.
    pub(super) fn of(verdict: &Verdict) -> Self {
        let named = verdict
            .judged
            .choices
            .get(TIME_ZONE)
            .filter(|name| *name != "UTC");
        let known = named.and_then(|name| Some((name, TimeZone::get(name).ok()?)));
        known.map_or_else(Self::default, |(name, zone)| Self {
            zone,
            name: name.clone(),
        })
    }

    /// `2011-07-01T00:00:00Z` → `1 July 2011 00:00`; with seconds where there are some.
    pub(super) fn spoken(&self, text: &str) -> String {
        let Ok(time) = text.parse::<Timestamp>() else {
            return text.to_owned();
        };
        let format = if time.as_second().rem_euclid(60) == 0 {
            "%-d %B %Y %H:%M"
        } else {
            "%-d %B %Y %H:%M:%S"
        };
        time.to_zoned(self.zone.clone()).strftime(format).to_string()
    }

    /// The window in words.
    pub(super) fn window(&self, window: &Window) -> String {
        let (name, spoken) = (&self.name, |text: &str| self.spoken(text));
        match (&window.start, &window.end) {
            (Some(start), Some(end)) => format!("{} to {} {name}", spoken(start), spoken(end)),
            (Some(start), None) => format!("from {} {name} on", spoken(start)),
            (None, Some(end)) => format!("until {} {name}", spoken(end)),
            (None, None) => match self.records(window) {
                Some((first, last)) => format!("all records, {first} to {last}"),
                None => "all records".to_owned(),
            },
        }
    }

    /// The times of the earliest and the latest record.
    pub(super) fn records(&self, window: &Window) -> Option<(String, String)> {
        let spoken = |text: &Option<String>| {
            text.as_deref()
                .map(|text| format!("{} {}", self.spoken(text), self.name))
        };
        Some((
            spoken(&window.first_inference_time)?,
            spoken(&window.last_inference_time)?,
        ))
    }
}

/// Seconds since 1970.
pub(super) fn second(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}
