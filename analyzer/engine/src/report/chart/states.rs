//! States over time, one row per series: alarms, flags, and where there were no data.
//!
//! A full bar rings, a half bar is flagged, a thin line has no data, an empty place is quiet; colour only repeats it.
//! Does not know time or columns: rows and places come labelled and in order.

use plotters::prelude::{Color, PathElement, RGBColor, Rectangle, ShapeStyle, Text};
use plotters::style::text_anchor::{HPos, VPos};

use super::super::clip::clip;
use super::{Area, Drawn, GRID, label_style, svg};

const RINGS: RGBColor = RGBColor(0xD0, 0, 5);
const FLAGGED: RGBColor = RGBColor(0xD0, 0, 6);
const UNKNOWN: RGBColor = RGBColor(0xD0, 0, 7);

const WIDTH: i32 = 1600;
const NAMES: i32 = 350;
const MARGIN: i32 = 20;
const ROW: i32 = 40;
const AXIS: i32 = 54;
/// More places than this are merged with their neighbours, the worst state of them shown.
const MAX_PLACES: usize = 600;

/// One series in one place, from harmless to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// No data, or not judged.
    Unknown,
    /// Nothing found.
    Quiet,
    /// Found, but it does not ring.
    Flagged,
    /// It rings.
    Rings,
}

/// Series over the same places.
#[derive(Debug, Clone)]
pub(crate) struct StateGrid {
    /// Label of each place.
    pub(crate) places: Vec<String>,
    /// Name and states of each series; as many states as places.
    pub(crate) rows: Vec<(String, Vec<State>)>,
}

/// The picture, and how many places one mark of it spans; `None` without rows or places.
pub(crate) fn states(grid: &StateGrid, label: &str) -> Option<(String, usize)> {
    let n = grid.places.len();
    if n == 0 || grid.rows.is_empty() || grid.rows.iter().any(|(_, states)| states.len() != n) {
        return None;
    }
    let per_mark = n.div_ceil(MAX_PLACES);
    let height = (grid.rows.len() as i32 * ROW + AXIS) as u32;
    let drawn = svg("chart states", (WIDTH as u32, height), label, |area| {
        draw(area, grid, per_mark)
    })?;
    Some((drawn, per_mark))
}

fn draw(area: &Area<'_>, grid: &StateGrid, per_mark: usize) -> Drawn {
    let n_marks = grid.places.len().div_ceil(per_mark);
    let width = WIDTH - NAMES - MARGIN;
    let x = |mark: usize| NAMES + (mark as i64 * i64::from(width) / n_marks as i64) as i32;
    for (row, (name, states)) in grid.rows.iter().enumerate() {
        let top = row as i32 * ROW;
        let line = [(NAMES, top + ROW - 2), (WIDTH - MARGIN, top + ROW - 2)];
        area.draw(&PathElement::new(line, stroke(GRID)))?;
        let at = (NAMES - 16, top + ROW / 2);
        area.draw(&Text::new(
            clip(name, 26).into_owned(),
            at,
            label_style(HPos::Right, VPos::Center),
        ))?;
        let marks: Vec<State> = states
            .chunks(per_mark)
            .map(|chunk| chunk.iter().copied().max().unwrap_or(State::Unknown))
            .collect();
        let mut from = 0;
        while from < marks.len() {
            let state = marks[from];
            let to = from + marks[from..].iter().take_while(|mark| **mark == state).count();
            let (left, right) = (x(from), (x(to) - 1).max(x(from) + 1));
            let (color, high, low) = match state {
                State::Quiet => {
                    from = to;
                    continue;
                }
                State::Rings => (RINGS, 4, ROW - 4),
                State::Flagged => (FLAGGED, ROW / 2, ROW - 4),
                State::Unknown => (UNKNOWN, ROW - 12, ROW - 8),
            };
            area.draw(&Rectangle::new(
                [(left, top + high), (right, top + low)],
                color.filled(),
            ))?;
            from = to;
        }
    }
    axis(area, grid, per_mark, &x)
}

fn axis(area: &Area<'_>, grid: &StateGrid, per_mark: usize, x: &impl Fn(usize) -> i32) -> Drawn {
    let n_marks = grid.places.len().div_ceil(per_mark);
    let top = grid.rows.len() as i32 * ROW;
    let n_labels = 6.min(n_marks);
    for label in 0..n_labels {
        let mark = label * n_marks / n_labels;
        let at = x(mark);
        area.draw(&PathElement::new([(at, top), (at, top + 10)], stroke(GRID)))?;
        let text = clip(&grid.places[mark * per_mark], 16).into_owned();
        area.draw(&Text::new(
            text,
            (at, top + 16),
            label_style(HPos::Left, VPos::Top),
        ))?;
    }
    Ok(())
}

fn stroke(color: RGBColor) -> ShapeStyle {
    ShapeStyle {
        color: color.to_rgba(),
        filled: false,
        stroke_width: 2,
    }
}
