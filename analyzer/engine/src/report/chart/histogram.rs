//! Histogram and sparkline: the current window as filled bars, the baseline as an outline over them.
//!
//! Does not know how the bins came about.

use plotters::prelude::{ChartBuilder, Color, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, VPos};

use super::super::format::{number, percent};
use super::super::model::{Axis, PairedHistogram};
use super::{Area, CURRENT, Drawn, label_style, mesh, outline};

pub(super) fn draw(area: &Area<'_>, histogram: &PairedHistogram) -> Drawn {
    let n = histogram.baseline.len();
    let start = match histogram.axis {
        Axis::Edges { .. } => 0.0,
        Axis::Values(_) => -0.5,
    };
    let top = histogram
        .baseline
        .iter()
        .chain(&histogram.current)
        .fold(0.0_f64, |a, b| a.max(*b))
        .max(1e-6)
        * 1.08;
    let mut chart = ChartBuilder::on(area)
        .margin_top(14)
        .margin_right(28)
        .x_label_area_size(44)
        .y_label_area_size(84)
        .build_cartesian_2d(start..start + n as f64, 0.0..top)?;
    mesh(&mut chart, &|y| percent(*y))?;
    let gap = if n > 40 { 0.04 } else { 0.07 };
    chart.draw_series(
        histogram
            .current
            .iter()
            .enumerate()
            .filter(|(_, share)| **share > 0.0)
            .map(|(idx, share)| {
                let left = start + idx as f64;
                Rectangle::new([(left + gap, 0.0), (left + 1.0 - gap, *share)], CURRENT.filled())
            }),
    )?;
    chart.draw_series([PathElement::new(steps(&histogram.baseline, start), outline(4))])?;
    for (idx, text) in ticks(&histogram.axis) {
        let (x, y) = chart.backend_coord(&(idx as f64, 0.0));
        area.draw(&Text::new(
            text,
            (x, y + 10),
            label_style(HPos::Center, VPos::Top),
        ))?;
    }
    Ok(())
}

/// Positions (in bins from the first edge or value) and texts of at most seven labels, evenly spaced, placed where
/// their texts are shortest in total: 0.2, 0.4, 0.6 rather than 0.225, 0.425, 0.625.
fn ticks(axis: &Axis) -> Vec<(usize, String)> {
    let (texts, skipped): (Vec<String>, _) = match axis {
        Axis::Values(values) => (values.iter().map(|v| number(*v)).collect(), 0..0),
        Axis::Edges {
            edges,
            open_below,
            open_above,
        } => {
            let end = edges.len() - usize::from(*open_above);
            (
                edges.iter().map(|e| number(*e)).collect(),
                end..usize::from(*open_below),
            )
        }
    };
    let shown = skipped.end..if skipped.start == 0 {
        texts.len()
    } else {
        skipped.start
    };
    let spacing = [1, 2, 4, 5, 10, 20, 25, 50]
        .into_iter()
        .find(|k| shown.len().div_ceil(*k) <= 7)
        .unwrap_or(100);
    let at = |offset: usize| shown.clone().skip(offset).step_by(spacing);
    let width = |offset: &usize| at(*offset).map(|idx| texts[idx].chars().count()).sum::<usize>();
    let n_most = at(0).count();
    let offsets = (0..spacing).filter(|offset| at(*offset).count() + 1 >= n_most && at(*offset).count() > 0);
    let best = offsets
        .min_by_key(|offset| (width(offset) * 100 / at(*offset).count().max(1), *offset))
        .unwrap_or(0);
    at(best).map(|idx| (idx, texts[idx].clone())).collect()
}

/// Width and height of a sparkline.
pub(super) const SPARK_SIZE: (u32, u32) = (240, 52);

pub(super) fn draw_sparkline(area: &Area<'_>, baseline: &[f64], current: &[f64]) -> Drawn {
    let top = baseline
        .iter()
        .chain(current)
        .fold(0.0_f64, |a, b| a.max(*b))
        .max(1e-6);
    let n = baseline.len() as f64;
    let place = |(x, y): (f64, f64)| {
        let x = 2.0 + x / n * f64::from(SPARK_SIZE.0 - 4);
        let y = f64::from(SPARK_SIZE.1 - 2) - y / top * f64::from(SPARK_SIZE.1 - 4);
        (x.round() as i32, y.round() as i32)
    };
    let shape = |shares: &[f64]| {
        let mut points: Vec<(i32, i32)> = steps(shares, 0.0).into_iter().map(place).collect();
        points.dedup();
        points
    };
    area.draw(&Polygon::new(shape(current), CURRENT.filled()))?;
    area.draw(&PathElement::new(shape(baseline), outline(3)))
}

/// The outline over bins at `start, start + 1, …`, from the ground and back to it.
fn steps(shares: &[f64], start: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(start, 0.0)];
    for (idx, share) in shares.iter().enumerate() {
        points.push((start + idx as f64, *share));
        points.push((start + idx as f64 + 1.0, *share));
    }
    points.push((start + shares.len() as f64, 0.0));
    points
}
