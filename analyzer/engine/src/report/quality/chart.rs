//! The quality page's pictures: curves in the unit square, and a metric from window to window.
//!
//! Uses the sentinel colours of the report's charts; a dashed line is always an estimate, a solid ring a realised
//! value, so that no meaning rests on colour. Draws nothing that is not finite.

use plotters::prelude::{
    ChartBuilder, Circle, Color, DashedLineSeries, LineSeries, PathElement, Polygon, ShapeStyle, Text,
};
use plotters::style::text_anchor::{HPos, VPos};

use super::super::chart::{
    Area, BASELINE, CURRENT, Chart2d, Drawn, GRID, LIMIT, WIDTH, label_style, mesh, svg,
};
use super::super::clip::clip;
use super::super::format::number;
use super::{Curve, HistoryPoint, Interval, MetricHistory};

const CURVE_SIZE: (u32, u32) = (WIDTH, 640);
const WIDE_SIZE: (u32, u32) = (1600, 520);
/// Room for the name of a line (or half the last label) at the right end, and the height of one.
const NAME_WIDTH: u32 = 150;
const NAME_HEIGHT: i32 = 32;
const LIMIT_NAME: &str = "limit";
/// Characters of a window's label, and the width of one in a wide picture's units (digits are the widest there).
const MAX_LABEL: usize = 16;
const CHARACTER_WIDTH: f64 = 15.0;
/// More windows than this are not drawn; the newest are.
pub(super) const MAX_WINDOWS: usize = 120;

fn line(color: plotters::prelude::RGBColor, width: u32) -> ShapeStyle {
    ShapeStyle {
        color: color.to_rgba(),
        filled: false,
        stroke_width: width,
    }
}

/// A curve with its text alternative; `None` without two points inside the unit square.
pub(super) fn curve(curve: &Curve) -> Option<String> {
    let inside = |points: &[(f64, f64)]| {
        points
            .iter()
            .all(|(x, y)| (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y))
    };
    if curve.current.len() < 2 || !inside(&curve.current) || !inside(&curve.reference) {
        return None;
    }
    let label = format!(
        "{}: {} against {}. {}",
        curve.heading, curve.y_label, curve.x_label, curve.summary
    );
    svg("chart", CURVE_SIZE, &label, |area| draw_curve(area, curve))
}

fn draw_curve(area: &Area<'_>, curve: &Curve) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .margin_top(20)
        .margin_right(30)
        .x_label_area_size(96)
        .y_label_area_size(96)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    mesh(&mut chart, &|y| number(*y))?;
    chart.draw_series(DashedLineSeries::new(
        curve.reference.iter().copied(),
        10,
        8,
        line(BASELINE, 3),
    ))?;
    chart.draw_series(LineSeries::new(curve.current.iter().copied(), line(CURRENT, 5)))?;
    for tick in 0..=4 {
        let share = f64::from(tick) / 4.0;
        let (x, y) = chart.backend_coord(&(share, 0.0));
        area.draw(&Text::new(
            number(share),
            (x, y + 12),
            label_style(HPos::Center, VPos::Top),
        ))?;
    }
    let (x, y) = chart.backend_coord(&(0.5, 0.0));
    area.draw(&Text::new(
        clip(&curve.x_label, 48).into_owned(),
        (x, y + 52),
        label_style(HPos::Center, VPos::Top),
    ))
}

/// A metric from window to window with estimate, band and realised values; `None` without a finite value.
pub(crate) fn history(history: &MetricHistory) -> Option<String> {
    let skipped = history.points.len().saturating_sub(MAX_WINDOWS);
    let points = &history.points[skipped..];
    let (low, high) = range(points, &[history.limit, history.baseline])?;
    let label = format!("{} from window to window. {}", history.metric, history.summary);
    svg("chart", WIDE_SIZE, &label, |area| {
        draw_history(area, history, points, low, high)
    })
}

/// The values to be shown, with a margin.
fn range(points: &[HistoryPoint], lines: &[Option<f64>]) -> Option<(f64, f64)> {
    let ends = |interval: &Option<Interval>| interval.map(|i| [i.low, i.value, i.high]);
    let values: Vec<f64> = points
        .iter()
        .flat_map(|point| [ends(&point.realised), ends(&point.estimated)])
        .flatten()
        .flatten()
        .filter(|value| value.is_finite())
        .collect();
    if values.is_empty() {
        return None;
    }
    let with_lines = values
        .iter()
        .copied()
        .chain(lines.iter().flatten().copied().filter(|v| v.is_finite()));
    let (low, high) = with_lines.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let margin = if high > low {
        (high - low) * 0.08
    } else {
        (high.abs() * 0.1).max(0.5)
    };
    Some((low - margin, high + margin))
}

fn draw_history(
    area: &Area<'_>,
    history: &MetricHistory,
    points: &[HistoryPoint],
    low: f64,
    high: f64,
) -> Drawn {
    let n = points.len();
    let named = lines(history);
    let mut chart = ChartBuilder::on(area)
        .margin_top(20)
        .margin_right(NAME_WIDTH)
        .x_label_area_size(58)
        .y_label_area_size(130)
        .build_cartesian_2d(0.0..n as f64, low..high)?;
    mesh(&mut chart, &|y| number((*y * 1e4).round() / 1e4))?;
    for run in runs(points) {
        let upper = run.iter().map(|(x, interval)| (*x, interval.high));
        let lower = run.iter().rev().map(|(x, interval)| (*x, interval.low));
        chart.draw_series([Polygon::new(
            upper.chain(lower).collect::<Vec<_>>(),
            CURRENT.mix(0.25).filled(),
        )])?;
        let middle = run.iter().map(|(x, interval)| (*x, interval.value));
        chart.draw_series(DashedLineSeries::new(middle, 14, 8, line(CURRENT, 5)))?;
        if run.len() == 1 {
            draw_bar(&mut chart, run[0].0, &run[0].1, line(CURRENT, 4))?;
        }
    }
    let across = |value: f64| [(0.0, value), (n as f64, value)];
    let mut lowest_name = i32::MIN;
    for (name, value) in named {
        if name == LIMIT_NAME {
            chart.draw_series(DashedLineSeries::new(across(value), 4, 8, line(LIMIT, 4)))?;
        } else {
            chart.draw_series([PathElement::new(across(value), line(BASELINE, 2))])?;
        }
        let (x, y) = chart.backend_coord(&(n as f64, value));
        lowest_name = y.max(lowest_name.saturating_add(NAME_HEIGHT));
        area.draw(&Text::new(
            name,
            (x + 12, lowest_name),
            label_style(HPos::Left, VPos::Center),
        ))?;
    }
    let spacing = f64::from(WIDE_SIZE.0 - 130 - NAME_WIDTH) / n as f64;
    let radius = (spacing * 0.3).clamp(3.0, 9.0) as i32;
    for (idx, point) in points.iter().enumerate() {
        let Some(realised) = point.realised.filter(is_finite) else {
            continue;
        };
        let x = idx as f64 + 0.5;
        draw_bar(&mut chart, x, &realised, line(BASELINE, 4.min(radius as u32)))?;
        let ring = if point.provisional {
            line(BASELINE, 3)
        } else {
            BASELINE.filled()
        };
        chart.draw_series([Circle::new((x, realised.value), radius, ring)])?;
    }
    for (idx, text) in axis_labels(points, spacing) {
        let (x, y) = chart.backend_coord(&(idx as f64 + 0.5, low));
        area.draw(&PathElement::new([(x, y), (x, y + 10)], line(GRID, 2)))?;
        area.draw(&Text::new(
            text,
            (x, y + 16),
            label_style(HPos::Center, VPos::Top),
        ))?;
    }
    Ok(())
}

/// The lines across the picture that have a name, from top to bottom.
fn lines(history: &MetricHistory) -> Vec<(&'static str, f64)> {
    let lines = [("baseline", history.baseline), (LIMIT_NAME, history.limit)];
    let mut named: Vec<(&'static str, f64)> = lines
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|v| v.is_finite())?)))
        .collect();
    named.sort_by(|a, b| b.1.total_cmp(&a.1));
    named
}

/// Which windows are labelled, and how: as many as fit beside one another, counted back from the newest.
pub(super) fn axis_labels(points: &[HistoryPoint], spacing: f64) -> Vec<(usize, String)> {
    let texts: Vec<String> = points
        .iter()
        .map(|point| clip(&point.label, MAX_LABEL).into_owned())
        .collect();
    let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let width = longest as f64 * CHARACTER_WIDTH + CHARACTER_WIDTH * 2.0;
    let every = (width / spacing.max(f64::MIN_POSITIVE)).ceil().max(1.0) as usize;
    let mut labels: Vec<(usize, String)> = texts.into_iter().enumerate().rev().step_by(every).collect();
    labels.reverse();
    labels
}

fn is_finite(interval: &Interval) -> bool {
    interval.value.is_finite() && interval.low.is_finite() && interval.high.is_finite()
}

/// Stretches of neighbouring windows that have an estimate.
fn runs(points: &[HistoryPoint]) -> Vec<Vec<(f64, Interval)>> {
    let mut runs: Vec<Vec<(f64, Interval)>> = Vec::new();
    let mut is_open = false;
    for (idx, point) in points.iter().enumerate() {
        match point.estimated.filter(is_finite) {
            Some(interval) => {
                let entry = (idx as f64 + 0.5, interval);
                match runs.last_mut().filter(|_| is_open) {
                    Some(run) => run.push(entry),
                    None => runs.push(vec![entry]),
                }
                is_open = true;
            }
            None => is_open = false,
        }
    }
    runs
}

fn draw_bar(chart: &mut Chart2d<'_, '_>, x: f64, interval: &Interval, style: ShapeStyle) -> Drawn {
    chart.draw_series([PathElement::new([(x, interval.low), (x, interval.high)], style)])?;
    Ok(())
}
