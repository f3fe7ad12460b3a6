//! N of M: an alarm that has to come back before it rings.
//!
//! A pure function of the flags of the windows so far. Does not know what flagged a window.

use std::fmt;
use std::str::FromStr;

/// Rings when at least `needed` of the last `of` evaluated windows were flagged, the newest among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Persistence {
    needed: u32,
    of: u32,
}

impl Persistence {
    /// Longest memory, windows.
    pub const MAX_WINDOWS: u32 = 1_000;

    /// # Errors
    /// Unless 1 ≤ `needed` ≤ `of` ≤ [`Self::MAX_WINDOWS`].
    pub fn new(needed: u32, of: u32) -> Result<Self, PersistenceError> {
        if needed >= 1 && needed <= of && of <= Self::MAX_WINDOWS {
            Ok(Self { needed, of })
        } else {
            Err(PersistenceError)
        }
    }

    /// Flagged windows needed.
    pub fn needed(self) -> u32 {
        self.needed
    }

    /// Windows looked at.
    pub fn of(self) -> u32 {
        self.of
    }

    /// Whether the newest window rings. `flags` are oldest first; `None` is a window that was not evaluated: it counts
    /// neither way and takes no place among the `of`.
    pub fn rings(self, flags: &[Option<bool>]) -> bool {
        if flags.last().copied().flatten() != Some(true) {
            return false;
        }
        let evaluated = flags.iter().rev().filter_map(|flag| *flag);
        let n_flagged = evaluated.take(self.of as usize).filter(|flag| *flag).count();
        n_flagged >= self.needed as usize
    }
}

impl Default for Persistence {
    /// 1 of 1: every flagged window rings.
    fn default() -> Self {
        Self { needed: 1, of: 1 }
    }
}

/// The text or the numbers are no "N of M".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("persistence reads like \"2 of 3\", from 1 of 1 to 1000 of 1000")]
pub struct PersistenceError;

impl FromStr for Persistence {
    type Err = PersistenceError;

    fn from_str(text: &str) -> Result<Self, PersistenceError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |word: &str| word.parse().map_err(|_| PersistenceError);
        match words[..] {
            [needed, "of", of] => Self::new(number(needed)?, number(of)?),
            _ => Err(PersistenceError),
        }
    }
}

impl fmt::Display for Persistence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.needed, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_of_m_is_read_and_written() {
        for text in ["1 of 1", "2 of 3", "1000 of 1000"] {
            assert_eq!(text.parse::<Persistence>().unwrap().to_string(), text);
        }
        for text in ["", "3 of 2", "0 of 3", "2/3", "2 of 1001", "-1 of 2"] {
            assert!(text.parse::<Persistence>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_newest_window_rings_when_enough_of_the_last_were_flagged() {
        let check = |text: &str, flags: &str, expect: bool| {
            let flags: Vec<Option<bool>> = flags
                .chars()
                .map(|flag| match flag {
                    'x' => Some(true),
                    '.' => Some(false),
                    _ => None,
                })
                .collect();
            assert_eq!(
                text.parse::<Persistence>().unwrap().rings(&flags),
                expect,
                "{text} {flags:?}"
            );
        };
        check("1 of 1", "", false);
        check("1 of 1", ".x", true);
        check("2 of 3", "x", false);
        check("2 of 3", "x.x", true);
        check("2 of 3", "x..x", false);
        check("2 of 3", "xx.", false);
        check("2 of 3", "x???x", true);
        check("2 of 3", "xx?", false);
    }
}
