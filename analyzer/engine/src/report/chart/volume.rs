//! Rows over time; long windows are merged to a readable number of bars.
//!
//! Does not know time: bars come labelled and in order, gaps included.

use plotters::prelude::{ChartBuilder, Color, Rectangle, Text};
use plotters::style::text_anchor::{HPos, VPos};

use super::super::clip::clip;
use super::super::format::count;
use super::super::model::Volume;
use super::{Area, CURRENT, Drawn, WIDTH, label_style, mesh, svg};

/// More bars than this are merged with their neighbours.
const MAX_VOLUME_BARS: usize = 96;

/// The picture, and what one bar of it spans.
pub(crate) fn volume(volume: &Volume) -> Option<(String, String)> {
    let per_bar = volume.bars.len().div_ceil(MAX_VOLUME_BARS).max(1);
    let bars: Vec<(&str, u64)> = volume
        .bars
        .chunks(per_bar)
        .map(|chunk| {
            let n_rows = chunk.iter().fold(0u64, |sum, bar| sum.saturating_add(bar.n_rows));
            (chunk[0].label.as_str(), n_rows)
        })
        .collect();
    let most = bars.iter().map(|bar| bar.1).max().filter(|most| *most > 0)?;
    let n_empty = bars.iter().filter(|bar| bar.1 == 0).count() as u64;
    let span = match per_bar {
        1 => volume.unit.0.clone(),
        n => format!("{} {}", count(n as u64), volume.unit.1),
    };
    let label = format!(
        "Rows over time, one bar per {span}, from {} to {}. The tallest bar has {} rows; {} of {} bars are empty.",
        clip(bars[0].0, 40),
        clip(bars[bars.len() - 1].0, 40),
        count(most),
        count(n_empty),
        count(bars.len() as u64),
    );
    Some((
        svg("chart", (WIDTH, 300), &label, |area| draw(area, &bars, most))?,
        span,
    ))
}

fn draw(area: &Area<'_>, bars: &[(&str, u64)], most: u64) -> Drawn {
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
    mesh(&mut chart, &|y| {
        if y.fract() == 0.0 {
            count(*y as u64)
        } else {
            String::new()
        }
    })?;
    for (idx, (_, n_rows)) in bars.iter().enumerate() {
        let (left, right) = (idx as f64 + 0.1, idx as f64 + 0.9);
        if *n_rows > 0 {
            chart.draw_series([Rectangle::new(
                [(left, 0.0), (right, *n_rows as f64)],
                CURRENT.filled(),
            )])?;
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
