//! N of M: an alarm that has to come back before it rings.
//!
//! A pure function of the flags of the windows so far. Does not know what flagged a window.

use std::collections::BTreeMap;
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

/// What earlier windows found, for the judgement of one window by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EarlierFlags {
    persistence: Persistence,
    /// By column, oldest first; as [`Persistence::rings`] takes them.
    flags: BTreeMap<String, Vec<Option<bool>>>,
}

impl EarlierFlags {
    /// No window yet.
    pub fn new(persistence: Persistence) -> Self {
        Self {
            persistence,
            flags: BTreeMap::new(),
        }
    }

    /// How many of how many must be flagged.
    pub fn persistence(&self) -> Persistence {
        self.persistence
    }

    /// Takes the window before all that were taken so far.
    pub fn take_older(&mut self, column: &str, flag: Option<bool>) {
        match self.flags.get_mut(column) {
            Some(flags) => flags.insert(0, flag),
            None => {
                self.flags.insert(column.to_owned(), vec![flag]);
            }
        }
    }

    /// Whether the windows that matter for a column are all there: more would change nothing.
    pub fn is_complete(&self, column: &str) -> bool {
        let evaluated = self.of(column).iter().flatten().count();
        evaluated + 1 >= self.persistence.of as usize
    }

    /// Whether the column rings if the window at hand finds it drifted.
    pub fn rings(&self, column: &str) -> bool {
        let mut flags = self.of(column).to_vec();
        flags.push(Some(true));
        self.persistence.rings(&flags)
    }

    /// How many of the earlier windows that matter found the column drifted, and how many these are.
    pub fn counts(&self, column: &str) -> (usize, usize) {
        let evaluated = self.of(column).iter().rev().filter_map(|flag| *flag);
        let recent: Vec<bool> = evaluated.take(self.persistence.of as usize - 1).collect();
        (recent.iter().filter(|flag| **flag).count(), recent.len())
    }

    fn of(&self, column: &str) -> &[Option<bool>] {
        self.flags.get(column).map_or(&[], Vec::as_slice)
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

    #[test]
    fn a_window_by_itself_rings_as_in_its_row() {
        let persistence: Persistence = "2 of 3".parse().unwrap();
        let flags = [
            Some(true),
            None,
            Some(false),
            Some(true),
            Some(true),
            None,
            Some(false),
        ];
        for n in 0..flags.len() {
            let mut earlier = EarlierFlags::new(persistence);
            let mut n_read = 0;
            for flag in flags[..n].iter().rev() {
                if earlier.is_complete("x") {
                    break;
                }
                earlier.take_older("x", *flag);
                n_read += 1;
            }
            let mut row = flags[..n].to_vec();
            row.push(Some(true));
            assert_eq!(earlier.rings("x"), persistence.rings(&row), "{row:?}");
            assert!(n_read <= 4, "{n_read}");
        }
        let mut earlier = EarlierFlags::new(persistence);
        earlier.take_older("x", Some(true));
        assert_eq!((earlier.counts("x"), earlier.counts("y")), ((1, 1), (0, 0)));
        assert!(earlier.rings("x") && !earlier.rings("y"));
    }
}
