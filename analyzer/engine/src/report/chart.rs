//! Charts as inline SVG, drawn by `plotters` in sentinel colours that the page's stylesheet maps to its theme.
//!
//! The baseline is an outline and the current window a filled shape, so that no meaning rests on colour. Coordinates
//! are twice the intended size because the backend rounds to whole units. A chart does not know its place in the
//! page, its theme or its font; text sizes are set in the stylesheet in the same units.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Color, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, IntoFont, PathElement, Polygon,
    RGBColor, Rectangle, SVGBackend, ShapeStyle, Text,
};
use plotters::style::TRANSPARENT;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::clip::clip;
use super::format::{count, number, percent};
use super::model::{Axis, Chart, PairedCategories, PairedHistogram, Volume};

/// Sentinel colours: never shown, replaced by attribute selectors in `page.css`.
const BASELINE: RGBColor = RGBColor(0xB0, 0, 1);
const CURRENT: RGBColor = RGBColor(0xC0, 0, 2);
const GRID: RGBColor = RGBColor(0xA0, 0, 3);
const LABEL: RGBColor = RGBColor(0x70, 0, 4);
const REJECTED: RGBColor = RGBColor(0xE0, 0, 5);

const FONT_SIZE: i32 = 26;
const WIDTH: u32 = 800;
/// More bars than this are merged with their neighbours.
const MAX_VOLUME_BARS: usize = 96;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// A full-size chart of a column, with its text alternative; `None` where it has no bins.
pub(super) fn column(chart: &Chart, name: &str) -> Option<String> {
    match chart {
        Chart::Histogram(histogram) if is_drawable(&histogram.baseline, &histogram.current) => {
            let label = format!("Histogram of {name}. {}", in_words(chart));
            svg("chart", (WIDTH, 380), &label, |area| {
                draw_histogram(area, histogram)
            })
        }
        Chart::Categories(categories) if is_drawable(&categories.baseline, &categories.current) => {
            let label = format!("Shares of the values of {name}. {}", in_words(chart));
            let height = categories.labels.len() as u32 * ROW_HEIGHT as u32 + 8;
            svg("chart", (WIDTH, height), &label, |area| {
                draw_categories(area, categories)
            })
        }
        _ => None,
    }
}

/// The same distribution in the height of a table row.
pub(super) fn sparkline(chart: &Chart) -> Option<String> {
    let (baseline, current) = sides(chart);
    is_drawable(baseline, current).then(|| {
        svg("spark", (SPARK_WIDTH, SPARK_HEIGHT), &peaks(chart), |area| {
            draw_sparkline(area, baseline, current)
        })
    })?
}

/// Records over time.
pub(super) fn volume(volume: &Volume) -> Option<(String, String)> {
    let per_bar = volume.bars.len().div_ceil(MAX_VOLUME_BARS).max(1);
    let bars: Vec<(&str, u64, u64)> = volume
        .bars
        .chunks(per_bar)
        .map(|chunk| {
            let decoded = chunk.iter().map(|bar| bar.n_decoded).sum();
            (
                chunk[0].label.as_str(),
                decoded,
                chunk.iter().map(|bar| bar.n_rejected).sum(),
            )
        })
        .collect();
    let most = bars
        .iter()
        .map(|bar| bar.1 + bar.2)
        .max()
        .filter(|most| *most > 0)?;
    let n_empty = bars.iter().filter(|bar| bar.1 + bar.2 == 0).count() as u64;
    let span = match per_bar {
        1 => volume.unit.0.clone(),
        n => format!("{} {}", count(n as u64), volume.unit.1),
    };
    let label = format!(
        "Records over time, one bar per {span}, from {} to {}. The tallest bar has {} records; {} of {} bars are empty.",
        clip(bars[0].0, 40),
        clip(bars[bars.len() - 1].0, 40),
        count(most),
        count(n_empty),
        count(bars.len() as u64),
    );
    Some((
        svg("chart", (WIDTH, 300), &label, |area| {
            draw_volume(area, &bars, most)
        })?,
        span,
    ))
}

/// Where each side has its largest share, in one or two sentences.
pub(super) fn in_words(chart: &Chart) -> String {
    let (baseline, current) = sides(chart);
    let side = |who: &str, shares: &[f64]| match largest(shares) {
        Some(idx) => format!(
            "{who}: largest share {} at {}.",
            percent(shares[idx]),
            bin_name(chart, idx)
        ),
        None => format!("{who}: no values."),
    };
    format!("{} {}", side("Baseline", baseline), side("Current", current))
}

/// What bin `idx` holds.
pub(super) fn bin_name(chart: &Chart, idx: usize) -> String {
    match chart {
        Chart::Categories(categories) => categories
            .labels
            .get(idx)
            .map_or_else(String::new, |l| clip(l, 60).into_owned()),
        Chart::Histogram(PairedHistogram {
            axis: Axis::Values(values),
            ..
        }) => values.get(idx).map_or_else(String::new, |v| number(*v)),
        Chart::Histogram(PairedHistogram {
            axis:
                Axis::Edges {
                    edges,
                    open_below,
                    open_above,
                },
            ..
        }) => match (edges.get(idx), edges.get(idx + 1)) {
            (Some(_), Some(high)) if idx == 0 && *open_below => format!("below {}", number(*high)),
            (Some(low), Some(_)) if idx + 2 == edges.len() && *open_above => format!("from {}", number(*low)),
            (Some(low), Some(high)) => format!("{} to {}", number(*low), number(*high)),
            _ => String::new(),
        },
    }
}

/// Says that outer bars hold the tails, where they do.
pub(super) fn open_ends(chart: &Chart) -> Option<String> {
    let Chart::Histogram(PairedHistogram {
        axis: Axis::Edges {
            edges,
            open_below,
            open_above,
        },
        ..
    }) = chart
    else {
        return None;
    };
    let (low, high) = (edges.get(1)?, edges.get(edges.len().checked_sub(2)?)?);
    match (open_below, open_above) {
        (false, false) => None,
        (true, false) => Some(format!("The first bar holds everything below {}.", number(*low))),
        (false, true) => Some(format!(
            "The last bar holds everything from {} up.",
            number(*high)
        )),
        (true, true) => Some(format!(
            "The first bar holds everything below {}, the last everything from {} up.",
            number(*low),
            number(*high)
        )),
    }
}

/// Baseline and current shares, bin by bin.
pub(super) fn sides(chart: &Chart) -> (&[f64], &[f64]) {
    match chart {
        Chart::Histogram(h) => (&h.baseline, &h.current),
        Chart::Categories(c) => (&c.baseline, &c.current),
    }
}

fn is_drawable(baseline: &[f64], current: &[f64]) -> bool {
    let proper = |share: &f64| share.is_finite() && (0.0..=1.000_001).contains(share);
    !baseline.is_empty() && baseline.len() == current.len() && baseline.iter().chain(current).all(proper)
}

fn largest(shares: &[f64]) -> Option<usize> {
    let mut best = None;
    for (idx, share) in shares.iter().enumerate() {
        if *share > best.map_or(0.0, |b: usize| shares[b]) {
            best = Some(idx);
        }
    }
    best
}

fn peaks(chart: &Chart) -> String {
    let (baseline, current) = sides(chart);
    let n = baseline.len();
    match (largest(baseline), largest(current)) {
        (Some(b), Some(c)) if b == c => format!("Peak in bin {} of {n} on both sides", b + 1),
        (Some(b), Some(c)) => format!("Peak moved from bin {} to bin {} of {n}", b + 1, c + 1),
        (Some(b), None) => format!("Baseline peak in bin {} of {n}, no current values", b + 1),
        (None, Some(c)) => format!("Current peak in bin {} of {n}, no baseline values", c + 1),
        (None, None) => "No values".to_owned(),
    }
}

fn svg(class: &str, size: (u32, u32), label: &str, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Option<String> {
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

fn label_style(h_pos: HPos, v_pos: VPos) -> plotters::prelude::TextStyle<'static> {
    ("sans-serif", FONT_SIZE)
        .into_font()
        .color(&LABEL)
        .pos(Pos::new(h_pos, v_pos))
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

fn draw_histogram(area: &Area<'_>, histogram: &PairedHistogram) -> Drawn {
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
    let tick = |x: &f64| tick_label(&histogram.axis, *x);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .max_light_lines(0)
        .bold_line_style(ShapeStyle {
            color: GRID.to_rgba(),
            filled: false,
            stroke_width: 2,
        })
        .axis_style(ShapeStyle {
            color: GRID.to_rgba(),
            filled: false,
            stroke_width: 2,
        })
        .label_style(("sans-serif", FONT_SIZE).into_font().color(&LABEL))
        .x_labels(7)
        .y_labels(4)
        .x_label_formatter(&tick)
        .y_label_formatter(&|y| percent(*y))
        .draw()?;
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
    Ok(())
}

fn tick_label(axis: &Axis, x: f64) -> String {
    if x.fract().abs() > 1e-6 || x < 0.0 {
        return String::new();
    }
    let idx = x.round() as usize;
    match axis {
        Axis::Values(values) => values.get(idx).map_or_else(String::new, |v| number(*v)),
        Axis::Edges {
            edges,
            open_below,
            open_above,
        } => {
            let hidden = (*open_below && idx == 0) || (*open_above && idx + 1 == edges.len());
            edges
                .get(idx)
                .filter(|_| !hidden)
                .map_or_else(String::new, |e| number(*e))
        }
    }
}

const ROW_HEIGHT: i32 = 86;

fn draw_categories(area: &Area<'_>, categories: &PairedCategories) -> Drawn {
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
        area.draw(&Rectangle::new(
            [(4, y + 36), (to_x(baseline).max(6), y + 52)],
            outline(4),
        ))?;
        if current > 0.0 {
            area.draw(&Rectangle::new(
                [(4, y + 56), (to_x(current).max(6), y + 72)],
                CURRENT.filled(),
            ))?;
        }
    }
    Ok(())
}

const SPARK_WIDTH: u32 = 240;
const SPARK_HEIGHT: u32 = 52;

fn draw_sparkline(area: &Area<'_>, baseline: &[f64], current: &[f64]) -> Drawn {
    let top = baseline
        .iter()
        .chain(current)
        .fold(0.0_f64, |a, b| a.max(*b))
        .max(1e-6);
    let n = baseline.len() as f64;
    let place = |(x, y): (f64, f64)| {
        let x = 2.0 + x / n * f64::from(SPARK_WIDTH - 4);
        let y = f64::from(SPARK_HEIGHT - 2) - y / top * f64::from(SPARK_HEIGHT - 4);
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

fn draw_volume(area: &Area<'_>, bars: &[(&str, u64, u64)], most: u64) -> Drawn {
    let n = bars.len();
    let mut chart = ChartBuilder::on(area)
        .margin_top(14)
        .margin_right(28)
        .x_label_area_size(44)
        .y_label_area_size(106)
        .build_cartesian_2d(0.0..n as f64, 0.0..most as f64 * 1.08)?;
    let n_characters = bars
        .iter()
        .map(|bar| bar.0.chars().count())
        .max()
        .unwrap_or(1)
        .max(4);
    let n_labels = (48 / n_characters).clamp(2, 12);
    let every = n.div_ceil(n_labels);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .max_light_lines(0)
        .bold_line_style(ShapeStyle {
            color: GRID.to_rgba(),
            filled: false,
            stroke_width: 2,
        })
        .axis_style(ShapeStyle {
            color: GRID.to_rgba(),
            filled: false,
            stroke_width: 2,
        })
        .label_style(("sans-serif", FONT_SIZE).into_font().color(&LABEL))
        .x_labels(0)
        .y_labels(4)
        .y_label_formatter(&|y| {
            if y.fract() == 0.0 {
                count(*y as u64)
            } else {
                String::new()
            }
        })
        .draw()?;
    for (idx, (_, n_decoded, n_rejected)) in bars.iter().enumerate() {
        let (left, right) = (idx as f64 + 0.1, idx as f64 + 0.9);
        let (decoded, all) = (*n_decoded as f64, (*n_decoded + *n_rejected) as f64);
        if decoded > 0.0 {
            chart.draw_series([Rectangle::new([(left, 0.0), (right, decoded)], CURRENT.filled())])?;
        }
        if all > decoded {
            chart.draw_series([Rectangle::new([(left, decoded), (right, all)], REJECTED.filled())])?;
        }
    }
    for idx in (0..n).step_by(every.max(1)) {
        let (x, y) = chart.backend_coord(&(idx as f64 + 0.5, 0.0));
        area.draw(&Text::new(
            clip(bars[idx].0, 16).into_owned(),
            (x, y + 12),
            label_style(HPos::Center, VPos::Top),
        ))?;
    }
    Ok(())
}
