//! ADWIN: the longest window whose two parts have no different means.
//!
//! A. Bifet, R. Gavaldà, "Learning from time-changing data with adaptive windowing", SIAM SDM 2007, the variant
//! ADWIN2 with exponential histograms. Row i of the histogram holds at most `max_buckets` buckets of 2^i values; when
//! one more arrives, the two oldest become one bucket of row i + 1. Every `clock` values each split of the window at a
//! bucket's end into n₀ old and n₁ new values is tested (their equation 3.1, with the window's variance σ²):
//!
//! ```text
//! δ' = ln(2 ln(W) / δ),  m = 1/(n₀ − l + 1) + 1/(n₁ − l + 1)
//! |x̄₀ − x̄₁| > √(2 m σ² δ') + ⅔ m δ'     l = min_window_length
//! ```
//!
//! and while one differs, the oldest bucket is dropped. Matches River 0.26.1 (`drift.ADWIN`) bit for bit in width,
//! total, and detections; River's `variance` property answers the sum of squared deviations, ours the variance
//! (divides by W). As in River, the value after a detection starts a new window. Does not know what the series means.

use super::settings::{SettingError, open_share, whole};
use super::{Detection, Direction};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Rows of the histogram: 2^48 values are more than any series has.
const MAX_ROWS: usize = 48;

/// Settings; the defaults are River's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdwinSettings {
    /// δ: confidence, in (0, 1).
    pub delta: f64,
    /// Values from one check to the next.
    pub clock: u64,
    /// Buckets of one size.
    pub max_buckets: u64,
    /// Values each side of a split has at least.
    pub min_window_length: u64,
    /// Values in the window before the first check.
    pub grace_period: u64,
}

impl Default for AdwinSettings {
    fn default() -> Self {
        Self {
            delta: 0.002,
            clock: 32,
            max_buckets: 5,
            min_window_length: 5,
            grace_period: 10,
        }
    }
}

impl AdwinSettings {
    pub(super) const NAMES: &'static [&'static str] = &[
        "delta",
        "clock",
        "max_buckets",
        "min_window_length",
        "grace_period",
    ];

    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
        match name {
            "delta" => self.delta = open_share(text)?,
            "clock" => self.clock = whole(text, 1)?,
            "max_buckets" => self.max_buckets = whole(text, 1)?,
            "min_window_length" => self.min_window_length = whole(text, 1)?,
            "grace_period" => self.grace_period = whole(text, 0)?,
            _ => return Err(SettingError::Unknown(Self::NAMES)),
        }
        Ok(())
    }

    fn is_sound(&self) -> bool {
        self.delta > 0.0
            && self.delta < 1.0
            && self.clock > 0
            && (1..1 << 16).contains(&self.max_buckets)
            && self.min_window_length > 0
    }
}

/// Values that entered together: how many is said by the row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Bucket {
    total: f64,
    /// Sum of squared deviations from the bucket's mean.
    squares: f64,
}

/// The detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adwin {
    settings: AdwinSettings,
    /// Row i: buckets of 2^i values, the oldest first.
    rows: Vec<VecDeque<Bucket>>,
    width: u64,
    total: f64,
    squares: f64,
    ticks: u64,
    drifted: bool,
}

struct Cut {
    difference: f64,
    limit: f64,
}

impl Adwin {
    /// A detector that has seen nothing.
    pub fn new(settings: AdwinSettings) -> Self {
        Self {
            settings,
            rows: vec![VecDeque::new()],
            width: 0,
            total: 0.0,
            squares: 0.0,
            ticks: 0,
            drifted: false,
        }
    }

    pub(super) fn add(&mut self, value: f64) -> Option<Detection> {
        if self.drifted {
            *self = Self::new(self.settings);
        }
        self.insert(value);
        self.ticks += 1;
        if !self.ticks.is_multiple_of(self.settings.clock) || self.width <= self.settings.grace_period {
            return None;
        }
        let mut first = None;
        while let Some(cut) = self.find_cut() {
            first.get_or_insert(cut);
            self.drop_oldest();
        }
        let cut = first?;
        self.drifted = true;
        let direction = if cut.difference < 0.0 {
            Direction::Up
        } else {
            Direction::Down
        };
        Some(Detection::drift(cut.difference.abs(), cut.limit, Some(direction)))
    }

    fn insert(&mut self, value: f64) {
        self.rows[0].push_back(Bucket {
            total: value,
            squares: 0.0,
        });
        self.width += 1;
        if self.width > 1 {
            let before = (self.width - 1) as f64;
            let deviation = value - self.total / before;
            self.squares += before * deviation * deviation / self.width as f64;
        }
        self.total += value;
        for row in 0..MAX_ROWS {
            if self.rows[row].len() as u64 <= self.settings.max_buckets {
                break;
            }
            let Some(joined) = self.take_two(row) else { break };
            if row + 1 == self.rows.len() {
                self.rows.push(VecDeque::new());
            }
            self.rows[row + 1].push_back(joined);
        }
    }

    fn take_two(&mut self, row: usize) -> Option<Bucket> {
        let n = size_of(row);
        let (a, b) = (self.rows[row].pop_front()?, self.rows[row].pop_front()?);
        let difference = a.total / n - b.total / n;
        Some(Bucket {
            total: a.total + b.total,
            squares: a.squares + b.squares + n * n * difference * difference / (n + n),
        })
    }

    /// The first split, from the oldest on, whose sides differ.
    fn find_cut(&self) -> Option<Cut> {
        let least = self.settings.min_window_length as f64;
        let width = self.width as f64;
        let variance = self.variance();
        let confidence = (2.0 * width.ln() / self.settings.delta).ln();
        let (mut n_old, mut n_new, mut old, mut new) = (0.0, width, 0.0, self.total);
        for (row, buckets) in self.rows.iter().enumerate().rev() {
            for bucket in buckets {
                n_old += size_of(row);
                n_new -= size_of(row);
                old += bucket.total;
                new -= bucket.total;
                if n_old < least || n_new < least {
                    continue;
                }
                let difference = old / n_old - new / n_new;
                let m = 1.0 / (n_old - least + 1.0) + 1.0 / (n_new - least + 1.0);
                let limit = (2.0 * m * variance * confidence).sqrt() + 2.0 / 3.0 * confidence * m;
                if difference.abs() > limit {
                    return Some(Cut { difference, limit });
                }
            }
        }
        None
    }

    fn drop_oldest(&mut self) {
        let row = self.rows.len() - 1;
        let Some(bucket) = self.rows[row].pop_front() else {
            return;
        };
        let n = size_of(row);
        self.width -= n as u64;
        self.total -= bucket.total;
        let left = self.width as f64;
        let difference = bucket.total / n - self.total / left;
        self.squares -= bucket.squares + n * left * difference * difference / (n + left);
        if self.rows[row].is_empty() && row > 0 {
            self.rows.pop();
        }
    }

    /// Values in the window (River's `width`).
    pub fn width(&self) -> u64 {
        self.width
    }

    /// Their sum (River's `total`).
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Their mean (River's `estimation`); 0 for an empty window.
    pub fn estimation(&self) -> f64 {
        if self.width == 0 {
            0.0
        } else {
            self.total / self.width as f64
        }
    }

    /// Sum of squared deviations in the window (what River's `variance` answers).
    pub fn squared_deviations(&self) -> f64 {
        self.squares
    }

    /// Variance in the window (divides by the width); 0 for an empty one.
    pub fn variance(&self) -> f64 {
        if self.width == 0 {
            0.0
        } else {
            (self.squares / self.width as f64).max(0.0)
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        let counted = self
            .rows
            .iter()
            .enumerate()
            .try_fold(0u64, |sum, (row, buckets)| {
                let n = (buckets.len() as u64).checked_mul(1 << row.min(MAX_ROWS))?;
                sum.checked_add(n)
            });
        let within = |buckets: &VecDeque<Bucket>| buckets.len() as u64 <= self.settings.max_buckets;
        self.settings.is_sound()
            && (1..=MAX_ROWS).contains(&self.rows.len())
            && self.rows.iter().all(within)
            && (self.rows.len() == 1 || self.rows.last().is_some_and(|row| !row.is_empty()))
            && counted == Some(self.width)
            && self.ticks < u64::MAX
    }
}

fn size_of(row: usize) -> f64 {
    (1u64 << row) as f64
}
