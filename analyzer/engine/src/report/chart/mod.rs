//! Charts as inline SVG, drawn by `plotters` in sentinel colours that the page's stylesheet maps to its theme.
//!
//! The baseline is an outline and the current window a filled shape, so that no meaning rests on colour. Coordinates
//! are twice the intended size because the backend rounds to whole units. A chart does not know its place in the
//! page, its theme or its font; text sizes are set in the stylesheet in the same units.

mod categories;
mod histogram;
mod states;
mod volume;
mod words;

use std::fmt::Write as _;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, Color, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, IntoFont, RGBColor, SVGBackend,
    ShapeStyle, TextStyle,
};
use plotters::style::TRANSPARENT;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::model::Chart;

pub(crate) use states::{State, StateGrid, states};
pub(super) use volume::volume;
pub(super) use words::{bin_name, in_words, open_ends, sides};

/// Sentinel colours: never shown, replaced by attribute selectors in `page.css`.
pub(super) const BASELINE: RGBColor = RGBColor(0xB0, 0, 1);
pub(super) const CURRENT: RGBColor = RGBColor(0xC0, 0, 2);
pub(super) const GRID: RGBColor = RGBColor(0xA0, 0, 3);
const LABEL: RGBColor = RGBColor(0x70, 0, 4);
pub(super) const LIMIT: RGBColor = RGBColor(0x90, 0, 5);

const FONT_SIZE: i32 = 26;
pub(super) const WIDTH: u32 = 800;
/// Charts with more bins or categories are not drawn: nobody could read them, and a page has to stay small.
const MAX_BINS: usize = 120;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// A full-size chart of a column, with its text alternative; `None` where it has no bins or too many.
pub(super) fn column(chart: &Chart, name: &str) -> Option<String> {
    if !is_drawable(chart) {
        return None;
    }
    let words = in_words(chart);
    match chart {
        Chart::Histogram(paired) => {
            let label = format!("Histogram of {name}. {words}");
            svg("chart", (WIDTH, 380), &label, |area| {
                histogram::draw(area, paired)
            })
        }
        Chart::Categories(paired) => {
            let label = format!("Shares of the values of {name}. {words}");
            let height = (paired.labels.len() as i32 * categories::ROW_HEIGHT + 8) as u32;
            svg("chart", (WIDTH, height), &label, |area| {
                categories::draw(area, paired)
            })
        }
    }
}

/// The same distribution in the height of a table row.
pub(super) fn sparkline(chart: &Chart) -> Option<String> {
    if !is_drawable(chart) {
        return None;
    }
    let (baseline, current) = sides(chart);
    svg("spark", histogram::SPARK_SIZE, &words::peaks(chart), |area| {
        histogram::draw_sparkline(area, baseline, current)
    })
}

/// Whether the bins are as many as the shares, and the shares are shares.
fn is_drawable(chart: &Chart) -> bool {
    let n_bins = match chart {
        Chart::Histogram(paired) => paired.axis.n_bins(),
        Chart::Categories(paired) => paired.labels.len(),
    };
    let (baseline, current) = sides(chart);
    let proper = |share: &f64| (0.0..=1.000_001).contains(share);
    (1..=MAX_BINS).contains(&n_bins)
        && baseline.len() == n_bins
        && current.len() == n_bins
        && baseline.iter().chain(current).all(proper)
}

pub(super) fn svg(
    class: &str,
    size: (u32, u32),
    label: &str,
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Option<String> {
    let mut drawn = String::new();
    {
        let area = SVGBackend::with_string(&mut drawn, size).into_drawing_area();
        draw(&area).and_then(|()| area.present()).ok()?;
    }
    // The page brings its own opening tag; what a stylesheet decides is dropped from the elements. None of these
    // patterns can occur in a label, where quotes are escaped.
    let body = drawn
        .split_once('>')
        .map_or("", |(_, rest)| rest)
        .trim_end()
        .trim_end_matches("</svg>");
    let body = body
        .replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(&format!(" font-size=\"{}\"", f64::from(FONT_SIZE) / 1.24), "")
        .replace(">\n", ">")
        .replace("\n<", "<");
    let mut out = String::with_capacity(body.len() + label.len() + 120);
    let escaped = askama::filters::escape(label, askama::filters::Html).ok()?;
    write!(
        out,
        r#"<svg class="{class}" viewBox="0 0 {} {}" role="img" aria-label="{escaped}">{body}</svg>"#,
        size.0, size.1
    )
    .ok()?;
    Some(out)
}

fn outline(width: u32) -> ShapeStyle {
    ShapeStyle {
        color: BASELINE.to_rgba(),
        filled: false,
        stroke_width: width,
    }
}

pub(super) fn label_style(h_pos: HPos, v_pos: VPos) -> TextStyle<'static> {
    ("sans-serif", FONT_SIZE)
        .into_font()
        .color(&LABEL)
        .pos(Pos::new(h_pos, v_pos))
}

pub(super) type Chart2d<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Horizontal grid lines with their labels; what stands below the x axis is drawn by the caller.
pub(super) fn mesh(chart: &mut Chart2d<'_, '_>, y_label: &dyn Fn(&f64) -> String) -> Drawn {
    let line = ShapeStyle {
        color: GRID.to_rgba(),
        filled: false,
        stroke_width: 2,
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .max_light_lines(0)
        .bold_line_style(line)
        .axis_style(line)
        .label_style(("sans-serif", FONT_SIZE).into_font().color(&LABEL))
        .x_labels(0)
        .y_labels(4)
        .y_label_formatter(&y_label)
        .draw()
}

#[cfg(test)]
mod tests;
