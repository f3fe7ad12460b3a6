//! Which earlier windows a window is held against.
//!
//! Times are seconds since 1970, UTC. Does not read windows: it is told their times.

use crate::document::window::WindowHead;
use std::fmt;
use std::str::FromStr;

/// Windows of the same hour of the week that make a seasonal reference, at most: the latest.
pub const SEASON_MOST: usize = 8;
/// And at least.
pub const SEASON_LEAST: usize = 2;
const WEEK: i64 = 7 * 24 * 3600;

/// What a window is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reference {
    /// The fixed baseline.
    #[default]
    Baseline,
    /// The window before.
    Previous,
    /// The `n` windows before, together.
    Trailing(usize),
    /// Earlier windows that begin at the same hour of the week (UTC), together: the latest [`SEASON_MOST`], at least
    /// [`SEASON_LEAST`].
    Season,
}

/// A reference that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown reference; known are: baseline, previous, trailing:K (K windows, 1 to 1000), season (the same hour of the week)"
)]
pub struct ReferenceNameError;

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Baseline => f.write_str("baseline"),
            Self::Previous => f.write_str("previous"),
            Self::Trailing(n) => write!(f, "trailing:{n}"),
            Self::Season => f.write_str("season:hour-of-week"),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceNameError;

    fn from_str(text: &str) -> Result<Self, ReferenceNameError> {
        match text {
            "baseline" => Ok(Self::Baseline),
            "previous" => Ok(Self::Previous),
            "season" | "season:hour-of-week" => Ok(Self::Season),
            _ => text
                .strip_prefix("trailing:")
                .and_then(|n| n.parse().ok())
                .filter(|n| (1..=1000).contains(n))
                .map(Self::Trailing)
                .ok_or(ReferenceNameError),
        }
    }
}

/// Which windows, or why none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Indices of the windows, in the order of time.
    Windows(Vec<usize>),
    /// Too little history, with the reason.
    TooFew(String),
}

/// Chooses among the windows of a history those that `reference` means for the window `start..end`.
///
/// Considered are windows that end before `start` and last as long. Of two profiles of one window the later in the
/// list counts: a window that was analysed again.
pub fn choose(reference: Reference, start: i64, end: i64, history: &[WindowHead]) -> Choice {
    let mut earlier: Vec<(i64, usize)> = history
        .iter()
        .enumerate()
        .filter_map(|(idx, head)| {
            let (from, to) = (head.start?, head.end?);
            let as_long = to.checked_sub(from) == end.checked_sub(start);
            (to <= start && as_long && head.n_rows > 0).then_some((from, idx))
        })
        .collect();
    earlier.sort_unstable();
    earlier.reverse();
    earlier.dedup_by_key(|(from, _)| *from);
    let same_length = earlier.len();
    let (least, most) = match reference {
        Reference::Baseline => return Choice::Windows(Vec::new()),
        Reference::Previous => (1, 1),
        Reference::Trailing(n) => (n, n),
        Reference::Season => {
            let hour = |second: i64| second.rem_euclid(WEEK) / 3600;
            earlier.retain(|(from, _)| hour(*from) == hour(start));
            (SEASON_LEAST, SEASON_MOST)
        }
    };
    if earlier.len() < least {
        let found = earlier.len();
        let which = match reference {
            Reference::Season => format!(" at the same hour of the week (of {same_length} earlier ones)"),
            _ => " that ended before this one began".to_owned(),
        };
        return Choice::TooFew(format!(
            "too little history for the reference {reference}: it needs {least} windows of the same length with \
             rows{which}, and {found} {} there",
            if found == 1 { "is" } else { "are" }
        ));
    }
    earlier.truncate(most);
    earlier.reverse();
    Choice::Windows(earlier.into_iter().map(|(_, idx)| idx).collect())
}
