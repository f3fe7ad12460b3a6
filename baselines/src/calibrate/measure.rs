//! Measuring the null scales of one column: pairs of resampled rows, and windows of time blocks against the rest.
//!
//! Why and from which sources: `calibration`. Does not know other columns, alarms or budgets.

use super::blocks::BlockCounts;
use super::calibration::{CalibrationSettings, Counts, add, test};
use super::component::{Component, Distribution};
use super::ladder::{Ladder, NullScale, Rung, WindowSize};
use super::normal::deviate_of;
use super::null::critical;
use super::partition::ColumnPartition;
use super::resample::Draws;
use super::table::Tested;

/// Windows that do not overlap, at least, for a rung of the time ladder.
pub(super) const MIN_WINDOWS: f64 = 8.0;
/// Windows measured per rung, at most, evenly spread.
const MAX_WINDOWS: usize = 256;
/// Rows a window has at least to be measured.
const MIN_WINDOW_ROWS: u64 = 30;
/// Sizes of resampled windows.
const RESAMPLED_ROWS: [u64; 6] = [64, 256, 1_024, 4_096, 16_384, 65_536];
const DAY: i64 = 86_400;

/// Mean squares of one component at one size.
#[derive(Debug, Clone, Copy, Default)]
struct Squares {
    n: f64,
    statistic: f64,
    deviate: f64,
    largest: f64,
    distribution: Option<Distribution>,
}

impl Squares {
    fn add(&mut self, tested: &Tested) {
        self.n += 1.0;
        self.statistic += tested.statistic * tested.statistic;
        self.deviate += deviate_of(tested.p).powi(2);
        self.largest = self.largest.max(tested.statistic);
        self.distribution = Some(tested.distribution);
    }

    fn mean(&self) -> f64 {
        if self.n > 0.0 {
            self.statistic / self.n
        } else {
            0.0
        }
    }
}

type ByComponent = [Squares; Component::ALL.len()];

fn note(squares: &mut ByComponent, tested: &[Tested]) {
    for test in tested {
        if let Some(idx) = Component::ALL.iter().position(|known| *known == test.component) {
            squares[idx].add(test);
        }
    }
}

/// Scratch memory of the tests.
#[derive(Default)]
struct Scratch {
    baseline: Vec<u64>,
    current: Vec<u64>,
    cells: Vec<[u64; 2]>,
    tested: Vec<Tested>,
}

/// One ladder for each component that the column can be tested by.
pub(super) fn ladders(
    counts: &Counts<'_>,
    timed: Option<(&BlockCounts, usize)>,
    settings: CalibrationSettings,
) -> Vec<(Component, Ladder)> {
    let mut scratch = Scratch::default();
    let mut draws = Draws::new(settings.seed, counts.partition.name());
    let n_baseline: u64 = counts.total.iter().sum();
    let mut resampled: Vec<(f64, ByComponent)> = Vec::new();
    if n_baseline >= MIN_WINDOW_ROWS {
        for n_rows in RESAMPLED_ROWS {
            let mut squares = ByComponent::default();
            for _ in 0..settings.n_resamples {
                draws.multinomial(n_baseline, &counts.total, &mut scratch.baseline);
                draws.multinomial(n_rows, &counts.total, &mut scratch.current);
                run(counts.partition, &mut scratch);
                note(&mut squares, &scratch.tested);
            }
            resampled.push((n_rows as f64, squares));
        }
    }
    let windows = timed.map_or_else(Vec::new, |(blocks, idx)| {
        measure_windows(counts, blocks, idx, &mut scratch)
    });
    let ladder = |(idx, component): (usize, Component)| {
        let of_rows: Vec<(f64, Squares)> = resampled
            .iter()
            .map(|(n_rows, squares)| (*n_rows, squares[idx]))
            .collect();
        if of_rows.iter().all(|(_, squares)| squares.n == 0.0) {
            return None;
        }
        let timed: Vec<Rung> = windows
            .iter()
            .filter_map(|window| window.rung(idx, &of_rows))
            .collect();
        let baseline_excess = timed.last().map_or(0.0, |last| {
            let n_windows = last.freedom / 1.5 + 1.0;
            rounded(2.0 * ((last.inflation - 1.0) / last.n_effective).max(0.0) / n_windows)
        });
        Some((
            component,
            Ladder {
                resampled: of_rows.iter().filter_map(resampled_rung).collect(),
                timed,
                baseline_excess,
            },
        ))
    };
    Component::ALL
        .into_iter()
        .enumerate()
        .filter_map(ladder)
        .collect()
}

fn run(partition: &ColumnPartition, scratch: &mut Scratch) {
    scratch.tested.clear();
    let Scratch {
        baseline,
        current,
        cells,
        tested,
    } = scratch;
    test(partition, baseline, current, cells, tested);
}

/// A rung of resampled rows: the mean square of the normal deviates where it is above 1 by three standard errors, less
/// those. Left out where it is not.
fn resampled_rung((n_rows, squares): &(f64, Squares)) -> Option<Rung> {
    if squares.n < 2.0 {
        return None;
    }
    let inflation = squares.deviate / squares.n - 3.0 * (2.0 / squares.n).sqrt();
    (inflation > 1.0).then_some(Rung {
        seconds: 0.0,
        n_rows: *n_rows,
        n_effective: *n_rows,
        inflation: rounded(inflation),
        freedom: squares.n,
    })
}

/// All windows of one length, measured.
struct Windows {
    seconds: f64,
    n_rows: f64,
    n_effective: f64,
    n_apart: f64,
    squares: ByComponent,
}

impl Windows {
    fn rung(&self, idx: usize, of_rows: &[(f64, Squares)]) -> Option<Rung> {
        let squares = &self.squares[idx];
        let distribution = squares.distribution?;
        let independent = at_size(of_rows, self.n_rows).filter(|mean| *mean > 0.0)?;
        if squares.n < MIN_WINDOWS {
            return None;
        }
        let mean = squares.mean() / independent;
        let allowed = critical(
            distribution,
            1.0 - 0.95f64.powf(1.0 / self.n_apart),
            NullScale::NONE,
        );
        let farthest = (squares.largest / allowed).powi(2);
        Some(Rung {
            seconds: self.seconds,
            n_rows: self.n_rows,
            n_effective: self.n_effective,
            inflation: rounded(mean.max(farthest)),
            freedom: rounded(1.5 * (self.n_apart - 1.0)),
        })
    }
}

/// Mean square of independent rows at a size, interpolated in log n.
fn at_size(of_rows: &[(f64, Squares)], n_rows: f64) -> Option<f64> {
    let known: Vec<(f64, f64)> = of_rows
        .iter()
        .filter(|(_, squares)| squares.n > 0.0)
        .map(|(rows, squares)| (*rows, squares.mean()))
        .collect();
    let idx = known.partition_point(|(rows, _)| *rows <= n_rows);
    match (idx.checked_sub(1).and_then(|idx| known.get(idx)), known.get(idx)) {
        (Some(below), Some(above)) => {
            let share = (n_rows / below.0).ln() / (above.0 / below.0).ln();
            Some(below.1 * (1.0 - share) + above.1 * share)
        }
        (Some(end), None) | (None, Some(end)) => Some(end.1),
        (None, None) => None,
    }
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

fn measure_windows(
    counts: &Counts<'_>,
    blocks: &BlockCounts,
    idx: usize,
    scratch: &mut Scratch,
) -> Vec<Windows> {
    let occupied: Vec<(i64, usize)> = blocks.blocks().collect();
    let Some(&(last, _)) = occupied.last() else {
        return Vec::new();
    };
    let mut measured = Vec::new();
    for length in lengths(blocks.block_seconds(), occupied.len()) {
        let starts: Vec<usize> = (0..occupied.len())
            .filter(|&start| occupied[start].0 + length <= last + 1)
            .collect();
        let stride = starts.len().div_ceil(MAX_WINDOWS).max(1);
        let mut windows = Windows {
            seconds: (length * blocks.block_seconds()) as f64,
            n_rows: 0.0,
            n_effective: 0.0,
            n_apart: occupied.len() as f64 / length as f64,
            squares: ByComponent::default(),
        };
        let mut n_windows = 0.0;
        for &start in starts.iter().step_by(stride) {
            scratch.current.clear();
            scratch.current.resize(counts.total.len(), 0);
            let end = occupied[start].0 + length;
            for (_, slot) in occupied[start..].iter().take_while(|(block, _)| *block < end) {
                add(&mut scratch.current, blocks.counts(*slot, idx));
            }
            scratch.baseline.clear();
            let rest = counts
                .total
                .iter()
                .zip(&scratch.current)
                .map(|(all, part)| all - part);
            scratch.baseline.extend(rest);
            let size = WindowSize {
                n_baseline: scratch.baseline.iter().sum(),
                n_current: scratch.current.iter().sum(),
                seconds: None,
            };
            if size.n_current < MIN_WINDOW_ROWS || size.n_baseline < MIN_WINDOW_ROWS {
                continue;
            }
            run(counts.partition, scratch);
            note(&mut windows.squares, &scratch.tested);
            windows.n_rows += size.n_current as f64;
            windows.n_effective += size.effective();
            n_windows += 1.0;
        }
        if n_windows >= MIN_WINDOWS {
            windows.n_rows = rounded(windows.n_rows / n_windows);
            windows.n_effective = rounded(windows.n_effective / n_windows);
            measured.push(windows);
        }
    }
    measured
}

/// To six significant digits: more would be noise, and the document stays small.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}
