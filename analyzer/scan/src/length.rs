//! Lengths of time as people write them: `1 day`, `90 minutes`, `2 weeks`.
//!
//! Units of fixed length only: a month has none. Does not know what a length is for.

use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Length {
    seconds: i64,
}

/// What is wrong with a written length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LengthError {
    /// Not a number and a unit.
    #[error(
        "`{0}` is not a length of time, expected a whole number and a unit such as `5 minutes`, `1 hour`, `1 day` or `2 weeks`"
    )]
    Form(String),
    /// A unit whose length varies or that is unknown.
    #[error("`{0}` is not a unit of fixed length, expected second, minute, hour, day or week")]
    Unit(String),
    /// Over ten years.
    #[error("`{0}` is longer than ten years")]
    TooLong(String),
}

const UNITS: [(&str, &[&str], i64); 5] = [
    ("week", &["week", "weeks", "w"], 604_800),
    ("day", &["day", "days", "d"], 86_400),
    ("hour", &["hour", "hours", "h"], 3_600),
    ("minute", &["minute", "minutes", "min", "m"], 60),
    ("second", &["second", "seconds", "s"], 1),
];

impl Length {
    /// One day.
    pub const DAY: Self = Self { seconds: 86_400 };
    /// The shortest window: five minutes.
    pub const SHORTEST_WINDOW: Self = Self { seconds: 300 };
    const LONGEST: i64 = 3_660 * 86_400;

    /// So many seconds; negative ones are none.
    pub fn from_seconds(seconds: i64) -> Self {
        Self {
            seconds: seconds.max(0),
        }
    }

    /// Seconds.
    pub fn seconds(self) -> i64 {
        self.seconds
    }
}

impl FromStr for Length {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || LengthError::Form(text.to_owned());
        let trimmed = text.trim();
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = trimmed.split_at(digits);
        let unit = unit.trim().to_ascii_lowercase();
        let n: i64 = match number {
            "" if matches!(unit.as_str(), "week" | "day" | "hour" | "minute" | "second") => 1,
            "" => return Err(form()),
            number => number
                .parse()
                .map_err(|_| LengthError::TooLong(text.to_owned()))?,
        };
        if unit.is_empty() {
            return Err(form());
        }
        let (_, _, each) = UNITS
            .iter()
            .find(|(_, names, _)| names.contains(&unit.as_str()))
            .ok_or(LengthError::Unit(unit))?;
        n.checked_mul(*each)
            .filter(|seconds| *seconds <= Self::LONGEST)
            .map(|seconds| Self { seconds })
            .ok_or_else(|| LengthError::TooLong(text.to_owned()))
    }
}

impl TryFrom<String> for Length {
    type Error = LengthError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Length {
    /// In the largest unit that divides it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _, each) = UNITS
            .iter()
            .find(|(_, _, each)| self.seconds % each == 0 && self.seconds >= *each)
            .unwrap_or(&UNITS[4]);
        let n = self.seconds / each;
        write!(f, "{n} {name}{}", if n == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written_back() {
        for (text, seconds, written) in [
            ("5 minutes", 300, "5 minutes"),
            ("1 day", 86_400, "1 day"),
            ("24h", 86_400, "1 day"),
            ("hour", 3_600, "1 hour"),
            ("90 min", 5_400, "90 minutes"),
            ("14 days", 1_209_600, "2 weeks"),
            ("0 minutes", 0, "0 seconds"),
        ] {
            let length: Length = text.parse().unwrap();
            assert_eq!(
                (length.seconds(), length.to_string().as_str()),
                (seconds, written),
                "{text}"
            );
            assert_eq!(length.to_string().parse(), Ok(length), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_says_so() {
        for (text, part) in [
            ("", "not a length"),
            ("5", "not a length"),
            ("-5 minutes", "not a length"),
            ("1 month", "not a unit"),
            ("99999999999999999999 days", "longer than"),
            ("4000 days", "longer than"),
        ] {
            let error = text.parse::<Length>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
