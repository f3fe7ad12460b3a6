//! Windows of the baseline's own time blocks, against the rest of it and against earlier windows.
//!
//! Does not know what is measured on them (`measure`).

use super::against::Against;
use super::blocks::BlockCounts;

/// Windows that do not overlap, at least, for a rung of the time ladder.
pub(super) const MIN_WINDOWS: f64 = 8.0;
/// Windows measured per rung, at most, evenly spread: against the rest, and against earlier windows.
const MAX_WINDOWS: [usize; 2] = [256, 96];
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;

/// One column's rows by cell over time.
pub(super) struct Timeline {
    block_seconds: i64,
    /// Blocks with rows, ascending.
    occupied: Vec<i64>,
    /// Rows by cell before each of them, and behind the last.
    before: Vec<u64>,
    n_cells: usize,
}

/// Windows of one length to be compared with one kind of reference.
pub(super) struct Plan {
    pub(super) seconds: f64,
    /// How many of them do not overlap.
    pub(super) n_apart: f64,
    /// Degrees of freedom of a mean square over them.
    pub(super) freedom: f64,
    against: Against,
    length: i64,
    starts: Vec<i64>,
}

impl Timeline {
    pub(super) fn new(blocks: &BlockCounts, column_idx: usize, n_cells: usize) -> Self {
        let mut timeline = Self {
            block_seconds: blocks.block_seconds(),
            occupied: Vec::with_capacity(blocks.n_blocks()),
            before: vec![0; n_cells],
            n_cells,
        };
        for (block, slot) in blocks.blocks() {
            let last = timeline.before.len() - n_cells;
            for (cell, more) in blocks.counts(slot, column_idx).iter().enumerate() {
                timeline
                    .before
                    .push(timeline.before[last + cell] + u64::from(*more));
            }
            timeline.occupied.push(block);
        }
        timeline
    }

    /// Windows against `against`, one plan for each length of which the baseline has enough.
    pub(super) fn plans(&self, against: Against) -> Vec<Plan> {
        let n_blocks = self.occupied.len();
        let lengths = lengths(self.block_seconds, n_blocks);
        let plans = lengths.into_iter().filter_map(|length| {
            let span = self.span(against, length)?;
            let n_apart = (n_blocks as f64 - span as f64) / length as f64;
            if n_apart < MIN_WINDOWS {
                return None;
            }
            let starts = self.starts(
                length,
                span,
                MAX_WINDOWS[usize::from(against != Against::Baseline)],
            );
            Some(Plan {
                seconds: (length * self.block_seconds) as f64,
                n_apart,
                freedom: freedom(against, n_apart),
                against,
                length,
                starts,
            })
        });
        plans.collect()
    }

    /// Blocks that a reference reaches back before the window; `None` where windows of this length have no such reference.
    fn span(&self, against: Against, length: i64) -> Option<i64> {
        match against {
            Against::Baseline => Some(0),
            Against::Trailing { n_windows } => Some(i64::from(n_windows) * length),
            Against::Season { n_windows } => {
                let fits = WEEK % self.block_seconds == 0 && length * self.block_seconds <= WEEK;
                fits.then(|| i64::from(n_windows) * (WEEK / self.block_seconds))
            }
        }
    }

    fn starts(&self, length: i64, span: i64, most: usize) -> Vec<i64> {
        let (Some(&first), Some(&last)) = (self.occupied.first(), self.occupied.last()) else {
            return Vec::new();
        };
        let fits = |start: &i64| *start - span >= first && *start + length <= last + 1;
        let starts: Vec<i64> = self.occupied.iter().copied().filter(fits).collect();
        starts
            .iter()
            .step_by(stride(starts.len().div_ceil(most)))
            .copied()
            .collect()
    }

    /// Rows by cell of the reference and of the window, for each window of a plan.
    pub(super) fn each(&self, plan: &Plan, mut with: impl FnMut(&[u64], &[u64])) {
        let (mut reference, mut window) = (vec![0; self.n_cells], vec![0; self.n_cells]);
        for &start in &plan.starts {
            window.fill(0);
            reference.fill(0);
            self.add(start, start + plan.length, &mut window);
            match plan.against {
                Against::Baseline => {
                    let all = &self.before[self.before.len() - self.n_cells..];
                    for ((rest, all), part) in reference.iter_mut().zip(all).zip(&window) {
                        *rest = all - part;
                    }
                }
                Against::Trailing { n_windows } => {
                    self.add(start - i64::from(n_windows) * plan.length, start, &mut reference);
                }
                Against::Season { n_windows } => {
                    for weeks in 1..=i64::from(n_windows) {
                        let start = start - weeks * (WEEK / self.block_seconds);
                        self.add(start, start + plan.length, &mut reference);
                    }
                }
            }
            with(&reference, &window);
        }
    }

    /// Adds the rows of the blocks from `start` to before `end`.
    fn add(&self, start: i64, end: i64, into: &mut [u64]) {
        let place = |block: i64| self.occupied.partition_point(|known| *known < block) * self.n_cells;
        let (from, to) = (place(start), place(end));
        for (cell, total) in into.iter_mut().enumerate() {
            *total += self.before[to + cell] - self.before[from + cell];
        }
    }
}

/// 3/2 of the windows that do not overlap, as overlapping ones are used too (M. S. Meketon, B. Schmeiser 1984). A trailing
/// mean is part of the next differences: windows that vary independently give these a correlation of `−j/(K(K+1))` at lag
/// j, and their squares its square, so that much less is known.
fn freedom(against: Against, n_apart: f64) -> f64 {
    let shared = match against {
        Against::Baseline => 0.0,
        Against::Trailing { n_windows } | Against::Season { n_windows } => {
            let k = f64::from(n_windows);
            (2.0 * k + 1.0) / (3.0 * k * (k + 1.0))
        }
    };
    1.5 * (n_apart - 1.0) / (1.0 + shared)
}

/// The least stride from `least` on that shares no factor with the hours of a day or the days of a week, so that windows are
/// spread over all phases of both.
fn stride(least: usize) -> usize {
    let mut stride = least.max(1);
    while [2, 3, 7].iter().any(|factor| stride.is_multiple_of(*factor)) {
        stride += 1;
    }
    stride
}

/// Window lengths to measure, in blocks: doubling up to a day, then 1, 2, 4, 7, 14, 28, … days.
fn lengths(block_seconds: i64, n_blocks: usize) -> Vec<i64> {
    let mut lengths = Vec::new();
    let mut length = 1;
    while length * block_seconds < DAY {
        lengths.push(length);
        length *= 2;
    }
    let days = [1, 2, 4, 7, 14, 28, 56, 112, 224, 448, 896];
    for days in days {
        if days * DAY % block_seconds == 0 {
            lengths.push(days * DAY / block_seconds);
        }
    }
    if block_seconds > DAY {
        let doubling = (0..10).map(|exponent| 1 << exponent);
        lengths.extend(doubling);
        lengths.sort_unstable();
        lengths.dedup();
    }
    lengths.retain(|length| n_blocks as f64 / *length as f64 >= MIN_WINDOWS);
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours 0 to 199, hour h having h rows in one cell.
    fn timeline() -> Timeline {
        Timeline {
            block_seconds: 3_600,
            occupied: (0..200).collect(),
            before: (0..=200u64)
                .map(|hour| hour * hour.saturating_sub(1) / 2)
                .collect(),
            n_cells: 1,
        }
    }

    fn first(against: Against, hours: f64) -> Option<(usize, u64, u64)> {
        let timeline = timeline();
        let plans = timeline.plans(against);
        let plan = plans
            .iter()
            .find(|plan| (plan.seconds - hours * 3_600.0).abs() < 1.0)?;
        let mut seen = Vec::new();
        timeline.each(plan, |reference, window| seen.push((reference[0], window[0])));
        seen.first()
            .map(|(reference, window)| (seen.len(), *reference, *window))
    }

    #[test]
    fn a_window_stands_against_what_it_is_to_stand_against() {
        // 0+1 of 0+…+199; stride 1 as 199 windows fit.
        assert_eq!(first(Against::Baseline, 2.0), Some((199, 19_899, 1)));
        // 195 windows from hour 4 on, by 5: 0+1+2+3, then 4+5.
        assert_eq!(first(trailing(2), 2.0), Some((39, 6, 9)));
        // Hours 168 to 199 stand against 0 to 31.
        assert_eq!(first(season(1), 1.0), Some((32, 0, 168)));
        assert_eq!(first(season(1), 4.0), Some((29, 6, 168 + 169 + 170 + 171)));
        // No eight windows of half a day are left behind a week.
        assert_eq!(first(season(1), 12.0), None);
        assert_eq!(first(season(2), 1.0), None);
        assert_eq!(first(trailing(24), 24.0), None);
    }

    const fn trailing(n_windows: u32) -> Against {
        Against::Trailing { n_windows }
    }

    const fn season(n_windows: u32) -> Against {
        Against::Season { n_windows }
    }

    #[test]
    fn strides_visit_every_hour_and_weekday() {
        for (least, expected) in [(0, 1), (1, 1), (2, 5), (4, 5), (6, 11), (12, 13)] {
            assert_eq!(stride(least), expected);
        }
    }
}
