//! Tests of calibrated alarms, and the invented data they share. Does not test findings (`judge`).

mod blocks;
mod components;
mod level;
mod references;
mod time;

use std::sync::Arc;

use super::resample::Draws;
use super::*;
use crate::baseline::{Baseline, Role};
use crate::profile::column::Scratch;
use crate::profile::{ColumnPlan, PlanKind, Profile};
use crate::summary::{DatasetSummary, Position};
use crate::view::{CellClass, ColumnView, TextView};

/// Cells of one column; `None` is missing.
pub(super) enum Cells {
    Numbers(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
}

/// Calls `with` on the cells as a batch.
fn view<R>(cells: &Cells, with: impl FnOnce(&ColumnView<'_>) -> R) -> R {
    match cells {
        Cells::Numbers(values) => {
            let class = |value: &Option<f64>| match value {
                None => CellClass::Missing,
                Some(value) if value.fract() == 0.0 => CellClass::Integral,
                Some(_) => CellClass::Fractional,
            };
            let classes: Vec<CellClass> = values.iter().map(class).collect();
            let numbers: Vec<f64> = values.iter().map(|value| value.unwrap_or(0.0)).collect();
            with(&ColumnView {
                classes: &classes,
                numbers: &numbers,
                texts: None,
            })
        }
        Cells::Texts(values) => {
            let class = |value: &Option<String>| match value {
                None => CellClass::Missing,
                Some(_) => CellClass::Text,
            };
            let classes: Vec<CellClass> = values.iter().map(class).collect();
            let bytes: String = values.iter().flatten().map(String::as_str).collect();
            let mut end = 0;
            let ends: Vec<u32> = values
                .iter()
                .map(|value| {
                    end += value.as_ref().map_or(0, |text| text.len() as u32);
                    end
                })
                .collect();
            with(&ColumnView {
                classes: &classes,
                numbers: &vec![0.0; values.len()],
                texts: Some(TextView {
                    bytes: bytes.as_bytes(),
                    ends: &ends,
                }),
            })
        }
    }
}

pub(super) fn summarize(columns: &[(&str, Cells)]) -> DatasetSummary {
    let plans: Vec<ColumnPlan> = columns
        .iter()
        .map(|(name, cells)| {
            let kind = match cells {
                Cells::Numbers(_) => PlanKind::Numeric,
                Cells::Texts(_) => PlanKind::Categorical,
            };
            ColumnPlan::unknown(*name, kind)
        })
        .collect();
    let mut profile = Profile::new(&plans);
    let n_rows = match columns.first() {
        Some((_, Cells::Numbers(values))) => values.len(),
        Some((_, Cells::Texts(values))) => values.len(),
        None => 0,
    };
    profile.add_rows(n_rows as u64);
    let position = |_: usize| Position {
        object_idx: 0,
        line: 1,
    };
    for (idx, (_, cells)) in columns.iter().enumerate() {
        view(cells, |view| {
            profile.update_planned(idx, view, position, &mut Scratch::default());
        });
    }
    profile.finish()
}

pub(super) fn baseline(columns: &[(&str, Cells)]) -> Baseline {
    Baseline::freeze(summarize(columns), |_| Role::Input)
}

pub(super) fn block_counts(
    partition: &Arc<Partition>,
    columns: &[(&str, Cells)],
    seconds: &[Option<i64>],
) -> BlockCounts {
    let mut blocks = BlockCounts::new(Arc::clone(partition));
    let mut placement = Placement::default();
    blocks.place(seconds, &mut placement);
    for (idx, (_, cells)) in columns.iter().enumerate() {
        view(cells, |view| blocks.update(idx, view, &placement));
    }
    blocks
}

pub(super) fn normal(draws: &mut Draws) -> f64 {
    super::normal::quantile(draws.uniform())
}

/// Thirty days of forty rows an hour: independent numbers, numbers with a daily rhythm and a memory of half a day, and
/// categories whose shares follow that memory.
pub(super) fn month(seed: u64) -> (Vec<(&'static str, Cells)>, Vec<Option<i64>>) {
    let mut draws = Draws::new(seed, "month");
    let (mut calm, mut moody, mut kinds, mut seconds) = (vec![], vec![], vec![], vec![]);
    let mut memory = 0.0;
    for hour in 0..720i32 {
        memory = 0.92 * memory + 0.2 * normal(&mut draws);
        let rhythm = 0.6 * (f64::from(hour) * std::f64::consts::TAU / 24.0).sin();
        for row in 0..40i64 {
            seconds.push(Some(i64::from(hour) * 3600 + row * 90));
            calm.push(Some(normal(&mut draws)));
            moody.push(Some(normal(&mut draws) + rhythm + memory));
            let share = 0.5 + 0.1 * memory.clamp(-2.0, 2.0);
            let text = if draws.uniform() < share {
                "often"
            } else if draws.uniform() < 0.6 {
                "sometimes"
            } else {
                "seldom"
            };
            kinds.push((draws.uniform() > 0.01).then(|| text.to_owned()));
        }
    }
    let columns = vec![
        ("calm", Cells::Numbers(calm)),
        ("moody", Cells::Numbers(moody)),
        ("kind", Cells::Texts(kinds)),
    ];
    (columns, seconds)
}

/// The calibration of [`month`].
pub(crate) fn timed_calibration() -> Calibration {
    let (columns, seconds) = month(1);
    let baseline = baseline(&columns);
    let partition = Arc::new(Partition::of(&baseline));
    let blocks = block_counts(&partition, &columns, &seconds);
    calibrate(&baseline, Some(&blocks), CalibrationSettings::default())
}
