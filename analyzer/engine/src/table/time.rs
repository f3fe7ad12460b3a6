//! Texts of dates, times, instants and decimals, as Parquet stores them: counts of a unit.
//!
//! ISO 8601 and RFC 3339 as `jiff` writes them. A count outside the years -9999 to 9999 is written as the bare
//! count: it is text all the same, and no two counts share one.

use jiff::{Span, Timestamp, civil, tz::Offset};
use polars_arrow::datatypes::TimeUnit;

/// `2024-03-10`, from days since 1970-01-01.
pub(super) fn date(days: i32) -> String {
    let date = Span::new()
        .try_days(days)
        .and_then(|span| civil::date(1970, 1, 1).checked_add(span));
    date.map_or_else(|_| days.to_string(), |date| date.to_string())
}

/// `07:30:00.25`, from units since midnight.
pub(super) fn time(count: i64, unit: TimeUnit) -> String {
    let nanoseconds = i128::from(count) * nanoseconds_per(unit);
    let (second, nanosecond) = (
        nanoseconds.div_euclid(1_000_000_000),
        nanoseconds.rem_euclid(1_000_000_000),
    );
    let (hour, minute) = (second.div_euclid(3600), second.rem_euclid(3600) / 60);
    let Ok(hour @ 0..24) = i8::try_from(hour) else {
        return count.to_string();
    };
    civil::time(hour, minute as i8, second.rem_euclid(60) as i8, nanosecond as i32).to_string()
}

/// `2024-03-10T07:30:00Z`, or without `Z` where the column names no zone; from units since 1970-01-01T00:00:00.
pub(super) fn instant(count: i64, unit: TimeUnit, in_utc: bool) -> String {
    match Timestamp::from_nanosecond(i128::from(count) * nanoseconds_per(unit)) {
        Ok(instant) if in_utc => instant.to_string(),
        Ok(instant) => Offset::UTC.to_datetime(instant).to_string(),
        Err(_outside) => count.to_string(),
    }
}

/// `-12.50`, from `-1250` with two decimals.
pub(super) fn decimal(unscaled: i128, scale: usize) -> String {
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, decimals) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    let point = if scale > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{decimals}")
}

fn nanoseconds_per(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}
