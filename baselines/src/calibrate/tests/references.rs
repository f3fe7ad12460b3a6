//! Windows held against earlier windows: their null scales keep the budget on data that are not independent.

use std::sync::Arc;

use super::*;

const DAY: usize = 24;
const ALPHA: f64 = 0.02;

/// Rows by cell of each column in the hours `from..to`.
fn counted(partition: &Partition, blocks: &BlockCounts, from: usize, to: usize) -> Vec<Vec<u64>> {
    let slots: Vec<usize> = blocks.blocks().map(|(_, slot)| slot).collect();
    let column = |(idx, column): (usize, &ColumnPartition)| {
        let mut total = vec![0; column.n_cells()];
        for slot in &slots[from..to] {
            super::super::calibration::add(&mut total, blocks.counts(*slot, idx));
        }
        total
    };
    partition.columns().iter().enumerate().map(column).collect()
}

struct Past {
    partition: Arc<Partition>,
    calibration: Calibration,
    months: Vec<BlockCounts>,
}

fn past() -> Past {
    let (columns, seconds) = month(21);
    let baseline = baseline(&columns);
    let partition = Arc::new(Partition::of(&baseline));
    let blocks = block_counts(&partition, &columns, &seconds);
    let calibration = calibrate(&baseline, Some(&blocks), CalibrationSettings::default());
    let months = (30..38).map(|seed| {
        let (columns, seconds) = month(seed);
        block_counts(&partition, &columns, &seconds)
    });
    Past {
        months: months.collect(),
        partition,
        calibration,
    }
}

impl Past {
    /// Windows of `hours` that ring against `against`, and how many there are. Windows begin every `stride` hours.
    fn rings(&self, hours: usize, stride: usize, against: Against) -> (u32, u32) {
        let reach = match against {
            Against::Baseline => 0,
            Against::Trailing { n_windows } => n_windows as usize * hours,
            Against::Season { n_windows } => n_windows as usize * 7 * DAY,
        };
        let (mut n_rings, mut n) = (0, 0);
        for blocks in &self.months {
            for start in (reach..=720 - hours).step_by(stride) {
                let current = counted(&self.partition, blocks, start, start + hours);
                let reference = match against {
                    Against::Season { n_windows } => {
                        let mut sum = counted(&self.partition, blocks, 0, 0);
                        for weeks in 1..=n_windows as usize {
                            let from = start - weeks * 7 * DAY;
                            let part = counted(&self.partition, blocks, from, from + hours);
                            for (sum, part) in sum.iter_mut().flatten().zip(part.iter().flatten()) {
                                *sum += part;
                            }
                        }
                        sum
                    }
                    _ => counted(&self.partition, blocks, start - reach, start),
                };
                n_rings += u32::from(self.decide(&reference, &current, hours, against));
                n += 1;
            }
        }
        (n_rings, n)
    }

    fn decide(&self, reference: &[Vec<u64>], current: &[Vec<u64>], hours: usize, by: Against) -> bool {
        let evidence: Vec<ColumnEvidence> = self
            .partition
            .columns()
            .iter()
            .zip(reference)
            .zip(current)
            .map(|((cells, reference), current)| {
                let mut tested = Vec::new();
                super::super::calibration::test(cells, reference, current, &mut Vec::new(), &mut tested);
                let size = WindowSize {
                    n_baseline: reference.iter().sum(),
                    n_current: current.iter().sum(),
                    seconds: Some(hours as f64 * 3_600.0),
                    against: by,
                };
                let known = self.calibration.column(cells.name());
                super::super::evidence::calibrated(cells.name(), size, &tested, None, known)
            })
            .collect();
        let columns: Vec<(&ColumnEvidence, MinEffect)> = evidence
            .iter()
            .map(|found| (found, MinEffect::default()))
            .collect();
        decide(&columns, ALPHA).columns.iter().any(|column| column.alarm)
    }
}

/// Of months that the calibration has not seen: at most 1.5 times the stated rate, but for what chance adds to so few.
#[test]
fn windows_against_earlier_windows_keep_the_budget() {
    let past = past();
    for (hours, stride, against) in [
        (DAY, DAY, Against::Trailing { n_windows: 1 }),
        (DAY, DAY, Against::Trailing { n_windows: 7 }),
        (DAY, DAY, Against::Trailing { n_windows: 3 }),
        (3, 3, Against::Trailing { n_windows: 1 }),
        (3, 3, Against::Trailing { n_windows: 8 }),
        (DAY, DAY, Against::Season { n_windows: 2 }),
        (3, 3, Against::Season { n_windows: 3 }),
    ] {
        let (n_rings, n) = past.rings(hours, stride, against);
        let [low, _] = clopper_pearson(n_rings, n);
        assert!(low <= 1.5 * ALPHA, "{against:?} of {hours} h: {n_rings} of {n}");
    }
}

#[test]
fn scales_against_earlier_windows_are_what_theory_says() {
    let past = past();
    let scale = |column: &str, against: Against, hours: f64, n: u64| {
        let size = WindowSize {
            n_baseline: n * u64::from(against.n_windows().max(1)),
            n_current: n,
            seconds: Some(hours * 3_600.0),
            against,
        };
        past.calibration
            .column(column)
            .unwrap()
            .scale(Component::Location, &size)
            .scale
            .powi(2)
    };
    let trailing = |n_windows| Against::Trailing { n_windows };
    // Independent rows need none.
    for against in [trailing(1), trailing(7), Against::Season { n_windows: 2 }] {
        let found = scale("calm", against, 24.0, 960);
        assert!(found < 1.7, "{against:?} {found}");
    }
    // An hour is like the hour before: the memory of 0.92 and the rhythm fall out of the difference, so c is
    // (2·0.26·0.08 + 0.36·(1 − cos 15°))/1.44 = 0.037 of a row's variance, and n is 20.
    let hourly = scale("moody", trailing(1), 1.0, 40);
    assert!((1.2..3.0).contains(&hourly), "{hourly}");
    // Against two earlier weeks the rhythm falls out and the memory, long gone, counts for all three: 0.26·1.5/1.44 = 0.27 of
    // a row's variance, and n is 27: s² about 8.
    let of_season = scale("moody", Against::Season { n_windows: 2 }, 1.0, 40);
    assert!((4.0..16.0).contains(&of_season), "{of_season}");
    // More windows than were measured: the scale of the most.
    let most = scale("moody", trailing(24), 1.0, 40);
    let beyond = scale("moody", trailing(500), 1.0, 40);
    assert!((0.5..2.0).contains(&(beyond / most)), "{most} {beyond}");
}

/// Where nothing was measured: an older calibration, or a baseline too short.
#[test]
fn without_a_measurement_the_bound_holds() {
    let mut past = past();
    let size = |against| WindowSize {
        n_baseline: 960,
        n_current: 960,
        seconds: Some(86_400.0),
        against,
    };
    let of = |past: &Past, against| {
        let column = past.calibration.column("moody").unwrap();
        column.scale(Component::Location, &size(against)).scale
    };
    let kinds = [
        Against::Trailing { n_windows: 1 },
        Against::Trailing { n_windows: 7 },
        Against::Season { n_windows: 2 },
    ];
    let measured = kinds.map(|against| of(&past, against));
    for column in &mut past.calibration.columns {
        column.references.clear();
    }
    for (against, measured) in kinds.into_iter().zip(measured) {
        let bound = of(&past, against);
        assert!(bound >= 0.8 * measured, "{against:?}: {bound} {measured}");
        assert!(bound <= 2.0 * of(&past, Against::Baseline) + 1e-9);
    }
}
