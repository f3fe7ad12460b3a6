//! Measuring the null scales of one column: pairs of resampled rows, and windows of time blocks against the rest of the
//! baseline and against earlier windows.
//!
//! Why and from which sources: `calibration`. Does not know other columns, alarms or budgets.

use super::against::{Against, ReferenceLadders};
use super::blocks::BlockCounts;
use super::calibration::{CalibrationSettings, Counts, test};
use super::component::{Component, Distribution};
use super::ladder::{Ladder, NullScale, Rung, WindowSize};
use super::normal::deviate_of;
use super::null::critical;
use super::partition::ColumnPartition;
use super::resample::Draws;
use super::table::Tested;
use super::windows::{MIN_WINDOWS, Timeline};

/// Rows a window has at least to be measured.
const MIN_WINDOW_ROWS: u64 = 30;
/// Sizes of resampled windows.
const RESAMPLED_ROWS: [u64; 6] = [64, 256, 1_024, 4_096, 16_384, 65_536];

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
        if self.distribution.is_none() || tested.statistic > self.largest {
            self.largest = tested.statistic;
            self.distribution = Some(tested.distribution);
        }
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

/// What was measured of one column.
pub(super) struct Scales {
    /// One ladder for each component that the column can be tested by.
    pub(super) ladders: Vec<(Component, Ladder)>,
    /// The same against earlier windows.
    pub(super) references: Vec<ReferenceLadders>,
}

/// Measures one column.
pub(super) fn scales(
    counts: &Counts<'_>,
    timed: Option<(&BlockCounts, usize)>,
    settings: CalibrationSettings,
) -> Scales {
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
    let timeline = timed.map(|(blocks, idx)| Timeline::new(blocks, idx, counts.total.len()));
    let mut timed = |against: Against| -> Vec<(Component, Vec<Rung>)> {
        let windows = timeline.as_ref().map_or_else(Vec::new, |timeline| {
            measure_windows(counts, timeline, against, &mut scratch)
        });
        let of = |(idx, component)| {
            let of_rows: Vec<(f64, Squares)> = resampled
                .iter()
                .map(|(n_rows, squares)| (*n_rows, squares[idx]))
                .collect();
            let rungs = windows.iter().filter_map(|window| window.rung(idx, &of_rows));
            (component, rungs.collect())
        };
        Component::ALL.into_iter().enumerate().map(of).collect()
    };
    let against_rest = timed(Against::Baseline);
    let references = Against::MEASURED.into_iter().filter_map(|against| {
        let ladders: Vec<(Component, Ladder)> = timed(against)
            .into_iter()
            .filter(|(_, timed)| !timed.is_empty())
            .map(|(component, timed)| {
                let ladder = Ladder {
                    timed,
                    ..Ladder::default()
                };
                (component, ladder)
            })
            .collect();
        (!ladders.is_empty()).then_some(ReferenceLadders { against, ladders })
    });
    let references = references.collect();
    let ladder = |(idx, (component, timed)): (usize, (Component, Vec<Rung>))| {
        let of_rows = resampled.iter().map(|(n_rows, squares)| (*n_rows, squares[idx]));
        let baseline_excess = timed.last().map_or(0.0, |last| {
            let n_windows = last.freedom / 1.5 + 1.0;
            rounded(2.0 * ((last.inflation - 1.0) / last.n_effective).max(0.0) / n_windows)
        });
        let ladder = Ladder {
            resampled: of_rows
                .clone()
                .filter_map(|of_rows| resampled_rung(&of_rows))
                .collect(),
            timed,
            baseline_excess,
        };
        let mut of_rows = of_rows;
        of_rows
            .any(|(_, squares)| squares.n > 0.0)
            .then_some((component, ladder))
    };
    Scales {
        ladders: against_rest.into_iter().enumerate().filter_map(ladder).collect(),
        references,
    }
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
    freedom: f64,
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
            freedom: rounded(self.freedom),
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

fn measure_windows(
    counts: &Counts<'_>,
    timeline: &Timeline,
    against: Against,
    scratch: &mut Scratch,
) -> Vec<Windows> {
    let mut measured = Vec::new();
    for plan in timeline.plans(against) {
        let mut windows = Windows {
            seconds: plan.seconds,
            n_rows: 0.0,
            n_effective: 0.0,
            n_apart: plan.n_apart,
            freedom: plan.freedom,
            squares: ByComponent::default(),
        };
        let mut n_windows = 0.0;
        timeline.each(&plan, |reference, window| {
            let size = WindowSize {
                n_baseline: reference.iter().sum(),
                n_current: window.iter().sum(),
                ..WindowSize::default()
            };
            if size.n_current < MIN_WINDOW_ROWS || size.n_baseline < MIN_WINDOW_ROWS {
                return;
            }
            scratch.tested.clear();
            test(
                counts.partition,
                reference,
                window,
                &mut scratch.cells,
                &mut scratch.tested,
            );
            note(&mut windows.squares, &scratch.tested);
            windows.n_rows += size.n_current as f64;
            windows.n_effective += size.effective();
            n_windows += 1.0;
        });
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
