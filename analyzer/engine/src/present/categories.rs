//! Categories of a verdict as a picture of shares. Shows no text that the verdict does not list.

use baselines::judge::{CategoryReport, ColumnReport};

use crate::report::bins;
use crate::report::clip::clip;
use crate::report::format::percent;
use crate::report::model::PairedCategories;

/// Categories drawn by name; the others are drawn together.
const MAX_DRAWN: usize = 12;

pub(super) fn paired(report: &CategoryReport) -> Option<PairedCategories> {
    let side = |rows: fn(&baselines::judge::CategoryCount) -> u64| -> Vec<(String, u64)> {
        report
            .listed
            .iter()
            .map(|category| (label(&category.value), rows(category)))
            .collect()
    };
    let (baseline, current) = (
        side(|category| category.baseline),
        side(|category| category.current),
    );
    bins::categories(
        &baseline,
        report.n_baseline_other,
        &current,
        report.n_current_other,
        MAX_DRAWN,
    )
}

/// The listed category whose share moved most, where one did.
pub(super) fn most_moved(report: &ColumnReport) -> Option<String> {
    let drawn = paired(report.categories.as_ref()?)?;
    let moved = |idx: &usize| (drawn.current[*idx] - drawn.baseline[*idx]).abs();
    let most = (0..drawn.labels.len())
        .reduce(|best, next| if moved(&next) > moved(&best) { next } else { best })
        .filter(|idx| moved(idx) > 0.0)?;
    let (before, now) = (percent(drawn.baseline[most]), percent(drawn.current[most]));
    Some(format!(
        "The share of {} went from {before} to {now}.",
        clip(&drawn.labels[most], 40)
    ))
}

/// An empty or blank text would be an empty label.
fn label(value: &str) -> String {
    if value.trim().is_empty() {
        format!("“{value}”")
    } else {
        value.to_owned()
    }
}
