//! RFC 3339 times and half-open windows, in whole seconds of UTC. Never reads a clock.

use std::fmt;

/// A half-open window `[start, end)`; an open side is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeWindow {
    /// First second inside.
    pub start: Option<i64>,
    /// First second outside.
    pub end: Option<i64>,
}

impl TimeWindow {
    /// Whether `second` lies inside.
    pub fn contains(&self, second: i64) -> bool {
        self.start.is_none_or(|start| start <= second) && self.end.is_none_or(|end| second < end)
    }
    /// Whether nothing is outside.
    pub fn is_unbounded(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }
    /// Whether any second of the hour that starts at `hour_start` lies inside, or may: a file holds records of some
    /// minutes, so its last ones may belong to the next hour (contract §1.2).
    pub fn may_hold_hour(&self, hour_start: i64) -> bool {
        self.end.is_none_or(|end| hour_start < end)
            && self.start.is_none_or(|start| hour_start + 2 * 3600 > start)
    }
}

/// `2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z`, an open side as `…`.
impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |second: Option<i64>| second.and_then(format_rfc3339).unwrap_or_else(|| "…".to_owned());
        write!(f, "{} to {}", side(self.start), side(self.end))
    }
}

/// Seconds since 1970 of an RFC 3339 time (fractions are cut); `None` if it is none.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    fixed(text.as_bytes()).or_else(|| {
        text.trim()
            .parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_second)
    })
}

/// `yyyy-mm-ddThh:mm:ssZ`, the form SageMaker writes.
fn fixed(text: &[u8]) -> Option<i64> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b'Z',
    ] = *text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0i64, |n, d| {
            d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0'))
        })
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > days_in_month || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, "chrono-compatible low-level date algorithms").
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `yyyy-mm-ddThh:mm:ssZ` of a second; `None` outside years -9999..=9999.
pub fn format_rfc3339(second: i64) -> Option<String> {
    jiff::Timestamp::from_second(second)
        .ok()
        .map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_parse_as_jiff_does() {
        for (text, expected) in [
            // date -u -d 2022-04-18T00:21:48Z +%s (GNU coreutils 9.1)
            ("2022-04-18T00:21:48Z", Some(1_650_241_308)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199)),
            ("2023-02-29T23:59:59Z", None),
            ("2022-04-18T00:21:48.731Z", Some(1_650_241_308)),
            ("2022-04-18T02:21:48+02:00", Some(1_650_241_308)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("yesterday", None),
            ("", None),
            ("{%s}", None),
        ] {
            assert_eq!(parse_rfc3339(text), expected, "{text}");
        }
        assert_eq!(
            format_rfc3339(1_650_241_308).as_deref(),
            Some("2022-04-18T00:21:48Z")
        );
    }

    #[test]
    fn a_window_shows_its_sides() {
        let window = TimeWindow {
            start: Some(1_650_241_308),
            end: None,
        };
        assert_eq!(window.to_string(), "2022-04-18T00:21:48Z to …");
    }
}
