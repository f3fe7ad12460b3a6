//! Hours in which nothing is started, in a zone with a fixed offset from UTC.
//!
//! A line reads `22:00-06:00`, `Sat-Sun 00:00-24:00` or `Mon,Wed 08:00-12:00`; hours that end before they begin reach into
//! the next day. Named zones with summer time are not known here: the offset is fixed, and the settings say so.

use super::calendar::{DAY_SECONDS, weekday_of};
use std::fmt;
use std::str::FromStr;

const WEEK_MINUTES: i64 = 7 * 24 * 60;
const DAY_NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A fixed offset from UTC, whole minutes within 18 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct UtcOffset {
    seconds: i64,
}

/// The text is no offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no time zone, expected `UTC` or a fixed offset such as `+01:00` (zones with summer time are not known here)"
)]
pub struct UtcOffsetError(String);

impl UtcOffset {
    /// Seconds to add to UTC.
    pub fn seconds(self) -> i64 {
        self.seconds
    }
}

impl FromStr for UtcOffset {
    type Err = UtcOffsetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || UtcOffsetError(text.to_owned());
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("utc") || trimmed == "Z" {
            return Ok(Self::default());
        }
        let (sign, rest) = match (trimmed.strip_prefix('+'), trimmed.strip_prefix('-')) {
            (Some(rest), _) => (1, rest),
            (_, Some(rest)) => (-1, rest),
            _ => return Err(wrong()),
        };
        let minutes = minutes_of_day(rest)
            .filter(|minutes| *minutes <= 18 * 60)
            .ok_or_else(wrong)?;
        Ok(Self {
            seconds: sign * minutes * 60,
        })
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds == 0 {
            return f.write_str("UTC");
        }
        let minutes = self.seconds.abs() / 60;
        let sign = if self.seconds < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Hours in which nothing is started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuietHours {
    spans: Vec<Span>,
}

/// Days it begins on (bit 0 is Monday), and minutes of that day; `end` may lie in the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    days: u8,
    start: i64,
    end: i64,
}

/// The text is no quiet hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuietHoursError {
    /// Not the form.
    #[error(
        "`{0}` is no quiet hours, expected `22:00-06:00`, `Sat-Sun 00:00-24:00` or `Mon,Wed 08:00-12:00`"
    )]
    Form(String),
    /// No minute of the week is left.
    #[error("quiet hours cover the whole week, so nothing could ever be started")]
    Always,
}

impl QuietHours {
    /// Quiet hours from one line each.
    ///
    /// # Errors
    /// A line of another form; lines that leave no minute of the week.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, QuietHoursError> {
        let spans = lines.into_iter().map(span).collect::<Result<_, _>>()?;
        let quiet = Self { spans };
        if (0..WEEK_MINUTES).all(|minute| quiet.covers(minute)) {
            return Err(QuietHoursError::Always);
        }
        Ok(quiet)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The first second from `now` on that is not quiet: `now` itself where it is not.
    pub fn open_from(&self, now: i64, offset: UtcOffset) -> i64 {
        let local = now + offset.seconds();
        if !self.covers(week_minute(local)) {
            return now;
        }
        let minute = local.div_euclid(60) * 60;
        (1..=WEEK_MINUTES)
            .map(|ahead| minute + ahead * 60)
            .find(|second| !self.covers(week_minute(*second)))
            .map_or(now, |second| second - offset.seconds())
    }

    fn covers(&self, minute: i64) -> bool {
        self.spans.iter().any(|span| {
            (0..7).filter(|day| span.days >> day & 1 == 1).any(|day| {
                let since = (minute - day * 1_440 - span.start).rem_euclid(WEEK_MINUTES);
                since < span.end - span.start
            })
        })
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, span) in self.spans.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            if span.days != 0x7f {
                let days = DAY_NAMES
                    .iter()
                    .enumerate()
                    .filter(|(day, _)| span.days >> day & 1 == 1);
                let names: Vec<&str> = days.map(|(_, name)| *name).collect();
                write!(f, "{} ", names.join(","))?;
            }
            let end = if span.end > 1_440 {
                span.end - 1_440
            } else {
                span.end
            };
            write!(
                f,
                "{:02}:{:02}-{:02}:{:02}",
                span.start / 60,
                span.start % 60,
                end / 60,
                end % 60
            )?;
        }
        Ok(())
    }
}

fn week_minute(local: i64) -> i64 {
    weekday_of(local) * 1_440 + local.rem_euclid(DAY_SECONDS) / 60
}

fn span(line: &str) -> Result<Span, QuietHoursError> {
    let wrong = || QuietHoursError::Form(line.to_owned());
    let (days, hours) = match line.trim().rsplit_once(' ') {
        None => (0x7f, line.trim()),
        Some((days, hours)) => (days_of(days.trim()).ok_or_else(wrong)?, hours.trim()),
    };
    let (start, end) = hours.split_once('-').ok_or_else(wrong)?;
    let start = minutes_of_day(start)
        .filter(|start| *start < 1_440)
        .ok_or_else(wrong)?;
    let end = minutes_of_day(end)
        .filter(|end| *end <= 1_440)
        .ok_or_else(wrong)?;
    if start == end {
        return Err(wrong());
    }
    let end = if end < start { end + 1_440 } else { end };
    Ok(Span { days, start, end })
}

fn days_of(text: &str) -> Option<u8> {
    let day = |name: &str| {
        DAY_NAMES
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name.trim()))
    };
    let mut days = 0u8;
    for part in text.split(',') {
        match part.split_once('-') {
            None => days |= 1 << day(part)?,
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                let n = (last + 7 - first) % 7;
                (0..=n).for_each(|ahead| days |= 1 << ((first + ahead) % 7));
            }
        }
    }
    Some(days)
}

fn minutes_of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::super::calendar::{format_time, parse_time};
    use super::*;
    use proptest::prelude::*;

    fn open(lines: &[&str], zone: &str, now: &str) -> String {
        let quiet = QuietHours::parse(lines.iter().copied()).unwrap();
        format_time(quiet.open_from(parse_time(now).unwrap(), zone.parse().unwrap()))
    }

    #[test]
    fn quiet_hours_end_when_they_say() {
        // 2026-11-21 is a Saturday.
        let night = ["22:00-06:00"];
        assert_eq!(
            open(&night, "UTC", "2026-11-21T23:30:10Z"),
            "2026-11-22T06:00:00Z"
        );
        assert_eq!(
            open(&night, "UTC", "2026-11-21T05:59:59Z"),
            "2026-11-21T06:00:00Z"
        );
        assert_eq!(
            open(&night, "UTC", "2026-11-21T06:00:00Z"),
            "2026-11-21T06:00:00Z"
        );
        assert_eq!(
            open(&night, "UTC", "2026-11-21T21:59:59Z"),
            "2026-11-21T21:59:59Z"
        );
        assert_eq!(
            open(&night, "+02:00", "2026-11-21T20:00:00Z"),
            "2026-11-22T04:00:00Z"
        );
        assert_eq!(
            open(&night, "-05:30", "2026-11-21T04:00:00Z"),
            "2026-11-21T11:30:00Z"
        );
        let both = ["Sat-Sun 00:00-24:00", "22:00-06:00"];
        assert_eq!(open(&both, "UTC", "2026-11-21T12:00:00Z"), "2026-11-23T06:00:00Z");
        assert_eq!(
            open(&["Fri-Mon 00:00-24:00"], "UTC", "2026-11-20T00:00:00Z"),
            "2026-11-24T00:00:00Z"
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for line in [
            "",
            "22-06",
            "22:00",
            "25:00-26:00",
            "Caturday 01:00-02:00",
            "01:00-01:00",
            "1:00-2:00",
            "+1:00-02:00",
        ] {
            assert!(
                matches!(QuietHours::parse([line]), Err(QuietHoursError::Form(_))),
                "{line}"
            );
        }
        assert_eq!(QuietHours::parse(["00:00-24:00"]), Err(QuietHoursError::Always));
        assert_eq!(
            QuietHours::parse(["06:00-22:00", "22:00-06:00"]),
            Err(QuietHoursError::Always)
        );
        for zone in ["", "Europe/Zurich", "1:00", "+25:00", "+1", "+é:00"] {
            assert!(zone.parse::<UtcOffset>().is_err(), "{zone}");
        }
    }

    proptest! {
        #[test]
        fn what_is_open_is_not_quiet_and_is_written_back(start in 0i64..1440, length in 1i64..1440, days in 1u8..128, now in 0i64..4_000_000_000, zone in -1080i64..1080) {
            let span = Span { days, start, end: start + length };
            let quiet = QuietHours { spans: vec![span] };
            let offset = UtcOffset { seconds: zone * 60 };
            let at = quiet.open_from(now, offset);
            prop_assert!(at >= now && at <= now + 7 * DAY_SECONDS);
            prop_assert!(!quiet.covers(week_minute(at + offset.seconds())));
            prop_assert!(at == now || quiet.covers(week_minute(at - 60 + offset.seconds())));
            let text = quiet.to_string();
            prop_assert_eq!(QuietHours::parse([text.as_str()]).unwrap().to_string(), text);
            prop_assert_eq!(offset.to_string().parse::<UtcOffset>().unwrap(), offset);
        }
    }
}
