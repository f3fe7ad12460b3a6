//! Null scales from time blocks: what they are on data that are known, and that they keep the budget there.

use std::sync::Arc;

use super::super::ladder::{Ladder, Rung};
use super::*;

#[test]
fn independent_rows_need_no_scale_and_rhythm_does() {
    let calibration = timed_calibration();
    assert_eq!(
        calibration.basis,
        CalibrationBasis::TimeBlocks {
            block_seconds: 3600,
            n_blocks: 720
        }
    );
    let scale = |column: &str, component, n_current, seconds| {
        let size = WindowSize {
            n_baseline: 28_800,
            n_current,
            seconds: Some(seconds),
            ..WindowSize::default()
        };
        calibration.column(column).unwrap().scale(component, &size).scale
    };
    let (hour, day) = (3_600.0, 86_400.0);
    for component in [Component::Location, Component::Scale, Component::Shape] {
        assert!(scale("calm", component, 40, hour) < 1.25);
        assert!(scale("calm", component, 960, day) < 1.4);
    }
    // An hour's mean has the rhythm's variance 0.6²/2 and the memory's 0.26: 1 + 40 · 0.44/1.44 of a row's.
    let hourly = scale("moody", Component::Location, 40, hour).powi(2);
    assert!((9.0..22.0).contains(&hourly), "{hourly}");
    // Over a day the rhythm cancels; of the memory about a third is left.
    let daily = scale("moody", Component::Location, 960, day).powi(2);
    assert!((30.0..260.0).contains(&daily), "{daily}");
    let half_day = scale("moody", Component::Location, 480, day / 2.0).powi(2);
    assert!(half_day > 0.6 * daily, "{half_day} {daily}");
    assert!(scale("kind", Component::Categories, 960, day) > 1.3);
}

#[test]
fn the_same_blocks_give_the_same_calibration_and_another_order_of_columns_too() {
    let (columns, seconds) = month(2);
    let baseline = baseline(&columns);
    let partition = Arc::new(Partition::of(&baseline));
    let blocks = block_counts(&partition, &columns, &seconds);
    let settings = CalibrationSettings {
        n_resamples: 20,
        ..CalibrationSettings::default()
    };
    let first = calibrate(&baseline, Some(&blocks), settings);
    assert_eq!(first, calibrate(&baseline, Some(&blocks), settings));
    let mut turned: Vec<(&str, Cells)> = columns;
    turned.reverse();
    let baseline = super::baseline(&turned);
    let partition = Arc::new(Partition::of(&baseline));
    let blocks = block_counts(&partition, &turned, &seconds);
    let second = calibrate(&baseline, Some(&blocks), settings);
    for column in &first.columns {
        assert_eq!(Some(column), second.column(&column.name));
    }
}

#[test]
fn without_times_rows_count_as_independent() {
    let (columns, _) = month(3);
    let calibration = calibrate(&baseline(&columns), None, CalibrationSettings::default());
    assert_eq!(calibration.basis, CalibrationBasis::ResampledRows);
    let size = WindowSize {
        n_baseline: 28_800,
        n_current: 1000,
        seconds: None,
        ..WindowSize::default()
    };
    for column in &calibration.columns {
        for component in Component::ALL {
            let scale = column.scale(component, &size);
            assert!(
                scale.scale < 1.2 && scale.freedom.is_none(),
                "{component:?} {scale:?}"
            );
        }
    }
}

#[test]
fn ladders_interpolate_and_extrapolate_within_their_bounds() {
    let rung = |seconds: f64, n: f64, inflation: f64| Rung {
        seconds,
        n_rows: n,
        n_effective: n,
        inflation,
        freedom: 60.0,
    };
    let ladder = Ladder {
        resampled: Vec::new(),
        timed: vec![rung(3600.0, 100.0, 3.0), rung(86_400.0, 2400.0, 13.0)],
        baseline_excess: 0.0,
    };
    let at = |n_current: u64, seconds: Option<f64>| {
        ladder.at(&WindowSize {
            n_baseline: u64::MAX / 4,
            n_current,
            seconds,
            ..WindowSize::default()
        })
    };
    let squared = |n, seconds| at(n, seconds).scale.powi(2);
    let near = |found: f64, expect: f64| assert!((found / expect - 1.0).abs() < 1e-9, "{found} {expect}");
    near(squared(100, Some(3600.0)), 3.0);
    near(squared(2400, Some(86_400.0)), 13.0);
    // Ten times the traffic of a day: c is the day's.
    near(squared(24_000, Some(86_400.0)), 121.0);
    // Past the ladder c stays, below it s² does.
    near(squared(24_000, Some(864_000.0)), 121.0);
    near(squared(10, Some(360.0)), 3.0);
    // Without a length the rows say how long it was.
    near(squared(2400, None), 13.0);
    let (between, freedom) = (
        squared(600, Some(21_600.0)),
        at(600, Some(21_600.0)).freedom.unwrap(),
    );
    assert!(
        (3.0..=13.0 + 1e-9).contains(&between) && freedom > 60.0,
        "{between} {freedom}"
    );
    // Far past the ladder it is as uncertain as its last rung, or more.
    assert!(at(24_000, Some(864_000.0)).freedom.unwrap() <= 60.0);
    assert_eq!(Ladder::default().at(&WindowSize::default()).scale, 1.0);
}

/// Windows of a day cut out of data with rhythm and memory: uncalibrated tests ring every other day, calibrated ones keep
/// the budget, on the blocks themselves and on another month of the same process.
#[test]
fn calibration_keeps_the_budget_where_rows_are_not_independent() {
    let (columns, seconds) = month(4);
    let baseline = baseline(&columns);
    let partition = Arc::new(Partition::of(&baseline));
    let blocks = block_counts(&partition, &columns, &seconds);
    let calibration = calibrate(&baseline, Some(&blocks), CalibrationSettings::default());
    let settings = AaSettings {
        resampling: Resampling::Blocks,
        n_rows: 960,
        window_seconds: Some(86_400.0),
        n_runs: 1000,
        seed: 5,
        alpha: 0.02,
        min_effect: MinEffect::default(),
    };
    let without = check(&baseline, Some(&blocks), None, &settings);
    let with = check(&baseline, Some(&blocks), Some(&calibration), &settings);
    assert!(without.rate > 0.3, "{without:?}");
    assert!(with.high <= 1.5 * with.alpha, "{with:?}");

    let (mut n_with, mut n_without) = (0, 0);
    for seed in 10..18 {
        let (columns, seconds) = month(seed);
        let other = block_counts(&partition, &columns, &seconds);
        let slots: Vec<usize> = other.blocks().map(|(_, slot)| slot).collect();
        for day in slots.chunks(24) {
            for (calibration, n) in [(None, &mut n_without), (Some(&calibration), &mut n_with)] {
                *n += u32::from(rings(&baseline, &partition, &other, day, calibration));
            }
        }
    }
    // 240 days that the calibration has never seen, at 0.02 each: 5 expected, 12 and more have a chance of 0.5 %.
    assert!(n_without > 80, "{n_without}");
    assert!(n_with < 12, "{n_with}");
}

fn rings(
    baseline: &Baseline,
    partition: &Partition,
    blocks: &BlockCounts,
    slots: &[usize],
    calibration: Option<&Calibration>,
) -> bool {
    let evidence: Vec<ColumnEvidence> = partition
        .columns()
        .iter()
        .zip(baseline.monitored())
        .enumerate()
        .map(|(idx, (cells, column))| {
            let total = cells.project(&column.summary);
            let mut current = vec![0; total.len()];
            for slot in slots {
                super::super::calibration::add(&mut current, blocks.counts(*slot, idx));
            }
            let mut tested = Vec::new();
            super::super::calibration::test(cells, &total, &current, &mut Vec::new(), &mut tested);
            let size = WindowSize {
                n_baseline: total.iter().sum(),
                n_current: current.iter().sum(),
                seconds: Some(86_400.0),
                ..WindowSize::default()
            };
            let known = calibration.and_then(|calibration| calibration.column(cells.name()));
            super::super::evidence::calibrated(cells.name(), size, &tested, None, known)
        })
        .collect();
    let columns: Vec<(&ColumnEvidence, MinEffect)> = evidence
        .iter()
        .map(|found| (found, MinEffect::default()))
        .collect();
    decide(&columns, 0.02).columns.iter().any(|column| column.alarm)
}
