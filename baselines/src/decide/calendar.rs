//! Seconds since 1970 and the civil calendar: months for budgets, days of the week for quiet hours, text for documents.
//!
//! Proleptic Gregorian, no leap seconds. Day arithmetic is Howard Hinnant's ("chrono-compatible low-level date
//! algorithms"). Does not know time zones: callers add an offset first.

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// Days since 1970-01-01.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month (1 to 12) and day (1 to 31) of a day since 1970-01-01.
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// First second of the calendar month that holds `second`, and of the month after it.
pub fn month_of(second: i64) -> (i64, i64) {
    let (year, month, _) = civil_from_days(second.div_euclid(DAY_SECONDS));
    let next = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    (
        days_from_civil(year, month, 1) * DAY_SECONDS,
        days_from_civil(next.0, next.1, 1) * DAY_SECONDS,
    )
}

/// Day of the week of a second: 0 is Monday.
pub fn weekday_of(second: i64) -> i64 {
    (second.div_euclid(DAY_SECONDS) + 3).rem_euclid(7)
}

/// `yyyy-mm-ddThh:mm:ssZ`; years outside 0 to 9999 are cut to those.
pub fn format_time(second: i64) -> String {
    let first = days_from_civil(0, 1, 1) * DAY_SECONDS;
    let last = days_from_civil(10_000, 1, 1) * DAY_SECONDS - 1;
    let second = second.clamp(first, last);
    let (year, month, day) = civil_from_days(second.div_euclid(DAY_SECONDS));
    let of_day = second.rem_euclid(DAY_SECONDS);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        of_day / 3_600,
        of_day % 3_600 / 60,
        of_day % 60
    )
}

/// What [`format_time`] writes, back; `None` for anything else.
pub fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:ddZ";
    let fits = bytes.len() == shape.len()
        && bytes.iter().zip(shape).all(|(found, wanted)| match wanted {
            b'd' => found.is_ascii_digit(),
            wanted => found == wanted,
        });
    if !fits {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days_from_civil(year, month, day);
    if !(1..=12).contains(&month) || civil_from_days(days) != (year, month, day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days * DAY_SECONDS + hour * 3_600 + minute * 60 + second)
}

/// A length of time for people, in the largest unit that divides it.
pub fn format_length(seconds: i64) -> String {
    let units = [
        ("week", 604_800),
        ("day", DAY_SECONDS),
        ("hour", 3_600),
        ("minute", 60),
    ];
    let (name, each) = units
        .into_iter()
        .find(|(_, each)| seconds != 0 && seconds % each == 0)
        .unwrap_or(("second", 1));
    let n = seconds / each;
    format!("{n} {name}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_and_months_are_pythons() {
        // Python 3.12: (date(y, m, d) - date(1970, 1, 1)).days, date.weekday()
        for (date, days, weekday) in [
            ((1970, 1, 1), 0, 3),
            ((2000, 2, 29), 11_016, 1),
            ((2026, 11, 21), 20_778, 5),
            ((1969, 12, 31), -1, 2),
        ] {
            assert_eq!(days_from_civil(date.0, date.1, date.2), days);
            assert_eq!(civil_from_days(days), date);
            assert_eq!(weekday_of(days * DAY_SECONDS + 5), weekday);
        }
        let at = parse_time("2026-12-31T23:59:59Z").unwrap();
        let (from, to) = month_of(at);
        assert_eq!(
            (format_time(from), format_time(to)),
            ("2026-12-01T00:00:00Z".into(), "2027-01-01T00:00:00Z".into())
        );
        assert_eq!(to - 1, at);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:0éZ",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(format_length(259_200), "3 days");
        assert_eq!(format_length(90), "90 seconds");
    }

    proptest! {
        #[test]
        fn times_are_read_back(second in -60_000_000_000_i64..250_000_000_000) {
            prop_assert_eq!(parse_time(&format_time(second)), Some(second));
            let (from, to) = month_of(second);
            prop_assert!(from <= second && second < to && to - from <= 31 * DAY_SECONDS);
        }
    }
}
