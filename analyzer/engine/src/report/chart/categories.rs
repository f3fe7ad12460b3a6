//! Shares of categories: a row per value, an outlined bar for the baseline above a filled one for the window.
//!
//! Does not choose which categories are worth a row.

use plotters::prelude::{Color, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, VPos};

use super::super::clip::clip;
use super::super::format::percent;
use super::super::model::PairedCategories;
use super::{Area, CURRENT, Drawn, WIDTH, label_style, outline};

/// Height of one category, label and both bars.
pub(super) const ROW_HEIGHT: i32 = 86;

pub(super) fn draw(area: &Area<'_>, categories: &PairedCategories) -> Drawn {
    let widest = categories
        .baseline
        .iter()
        .chain(&categories.current)
        .fold(0.0_f64, |a, b| a.max(*b))
        .max(1e-6);
    let right = WIDTH as i32 - 4;
    let to_x = |share: f64| 4 + ((f64::from(right - 4) * share / widest).round() as i32);
    for (idx, label) in categories.labels.iter().enumerate() {
        let (baseline, current) = (categories.baseline[idx], categories.current[idx]);
        let y = idx as i32 * ROW_HEIGHT + 4;
        area.draw(&Text::new(
            clip(label, 34).into_owned(),
            (4, y),
            label_style(HPos::Left, VPos::Top),
        ))?;
        let values = format!("{} → {}", percent(baseline), percent(current));
        area.draw(&Text::new(
            values,
            (right, y),
            label_style(HPos::Right, VPos::Top),
        ))?;
        if baseline > 0.0 {
            let (top, bottom, end) = (y + 38, y + 52, to_x(baseline).max(8));
            let path = [(4, bottom), (4, top), (end, top), (end, bottom), (4, bottom)];
            area.draw(&PathElement::new(path, outline(4)))?;
        }
        if current > 0.0 {
            area.draw(&Rectangle::new(
                [(2, y + 57), (to_x(current).max(6), y + 73)],
                CURRENT.filled(),
            ))?;
        }
    }
    Ok(())
}
