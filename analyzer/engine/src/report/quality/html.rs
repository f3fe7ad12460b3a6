//! The quality page as one self-contained HTML file, in the dress of the drift report.
//!
//! Layout lives in `templates/quality/`; this file decides only how much of the model a page can carry.

use std::borrow::Cow;

use askama::Template;

use super::super::clip::{clip, cut};
use super::super::dress::{count_of, severity_class, status_class};
use super::super::format::{number, percent};
use super::super::model::Status;
use super::{ConfusionMatrix, Curve, MetricHistory, QualityPage, chart};

/// Entries of one list that a page shows.
const MAX_LISTED: usize = 200;
/// Classes a confusion matrix is drawn for; above, the page says so.
const MAX_CLASSES: usize = 30;

/// The page. The same model gives the same bytes.
pub fn html(model: &QualityPage) -> String {
    let page = Page {
        model,
        matrix: model.confusion.as_ref().and_then(matrix),
        curves: model
            .curves
            .iter()
            .filter_map(|curve| Some((curve, chart::curve(curve)?)))
            .collect(),
        history: model
            .history
            .iter()
            .filter_map(|history| Some((history, chart::history(history)?)))
            .collect(),
    };
    page.render().expect("rendering into a String reports no error")
}

#[derive(Template)]
#[template(path = "quality/page.html")]
struct Page<'m> {
    model: &'m QualityPage,
    matrix: Option<Vec<MatrixRow<'m>>>,
    curves: Vec<(&'m Curve, String)>,
    history: Vec<(&'m MetricHistory, String)>,
}

struct MatrixRow<'m> {
    actual: &'m str,
    cells: Vec<MatrixCell>,
    total: String,
}

struct MatrixCell {
    count: String,
    share: String,
    /// 0 to 100, for the shade.
    shade: u32,
    is_diagonal: bool,
}

/// `None` where it is not square or too large to read.
fn matrix(confusion: &ConfusionMatrix) -> Option<Vec<MatrixRow<'_>>> {
    let n = confusion.labels.len();
    let is_square =
        confusion.rows_actual.len() == n && confusion.rows_actual.iter().all(|row| row.len() == n);
    if n == 0 || n > MAX_CLASSES || !is_square {
        return None;
    }
    let rows = confusion.labels.iter().zip(&confusion.rows_actual).enumerate();
    let rows = rows.map(|(actual_idx, (actual, row))| {
        let total: f64 = row.iter().sum();
        let cells = row.iter().enumerate().map(|(idx, n)| {
            let share = if total > 0.0 { n / total } else { 0.0 };
            MatrixCell {
                count: number(*n),
                share: percent(share),
                shade: (share * 100.0).round().clamp(0.0, 100.0) as u32,
                is_diagonal: idx == actual_idx,
            }
        });
        MatrixRow {
            actual,
            cells: cells.collect(),
            total: number(total),
        }
    });
    Some(rows.collect())
}

#[expect(
    clippy::unused_self,
    reason = "templates call them as methods of the page, as the drift report's do"
)]
impl Page<'_> {
    fn name<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.is_empty() {
            Cow::Borrowed("(no name)")
        } else {
            clip(text, 96)
        }
    }

    fn prose<'t>(&self, text: &'t str) -> Cow<'t, str> {
        cut(text, 700)
    }

    fn line<'t>(&self, text: &'t str) -> Cow<'t, str> {
        cut(text, 160)
    }

    fn cell<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.is_empty() {
            Cow::Borrowed("–")
        } else {
            clip(text, 60)
        }
    }

    fn listed<'t, T>(&self, entries: &'t [T]) -> &'t [T] {
        &entries[..entries.len().min(MAX_LISTED)]
    }
}
