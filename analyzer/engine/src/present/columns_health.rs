//! Columns with missing cells, NaN, infinities or a kind of cell that the baseline does not have, the worst first.

use baselines::judge::{ColumnReport, Verdict};
use baselines::summary::CellCounts;

use crate::report::format::{percent, plural};
use crate::report::model::ColumnHealth;

pub(super) fn columns(verdict: &Verdict) -> Vec<ColumnHealth> {
    if verdict.run.records.rows == 0 {
        return Vec::new();
    }
    let mut found: Vec<(f64, &ColumnReport)> = verdict
        .columns
        .iter()
        .filter(|report| is_unwell(report))
        .map(|report| (badness(report), report))
        .collect();
    found.sort_by(|left, right| right.0.total_cmp(&left.0));
    found.into_iter().map(|(_, report)| shown(report)).collect()
}

fn is_unwell(report: &ColumnReport) -> bool {
    let Some(current) = &report.current else {
        return true;
    };
    let counts = &current.counts;
    let known = report.baseline.as_ref().map(|side| kinds(&side.counts));
    let is_mixed = match known {
        Some(known) if known != [false; 3] => kinds(counts)
            .iter()
            .zip(known)
            .any(|(now, before)| *now && !before),
        _ => kinds(counts).iter().filter(|has| **has).count() > 1,
    };
    counts.n_missing > 0 || counts.n_special() > 0 || counts.n_absent > 0 || is_mixed
}

/// Whether there are numbers, booleans, texts.
fn kinds(counts: &CellCounts) -> [bool; 3] {
    [counts.n_numbers() > 0, counts.n_boolean > 0, counts.n_text > 0]
}

/// Share of cells that are missing or special; a column that is not there is worst.
fn badness(report: &ColumnReport) -> f64 {
    let Some(current) = &report.current else {
        return 2.0;
    };
    let counts = &current.counts;
    let n = counts.n_cells() + counts.n_absent;
    if n == 0 {
        1.0
    } else {
        (counts.n_missing + counts.n_special() + counts.n_absent) as f64 / n as f64
    }
}

fn shown(report: &ColumnReport) -> ColumnHealth {
    let missing = |counts: &CellCounts| {
        counts
            .completeness()
            .map(|share| percent(1.0 - share))
            .unwrap_or_default()
    };
    ColumnHealth {
        column: report.name.clone(),
        missing_baseline: report
            .baseline
            .as_ref()
            .map(|side| missing(&side.counts))
            .unwrap_or_default(),
        missing_current: report
            .current
            .as_ref()
            .map(|side| missing(&side.counts))
            .unwrap_or_default(),
        types: report
            .current
            .as_ref()
            .map_or_else(|| "not in this window".to_owned(), |side| types(&side.counts)),
    }
}

/// `99.2% whole numbers, 0.8% text`.
fn types(counts: &CellCounts) -> String {
    let parts = [
        (counts.n_integral, "whole numbers"),
        (counts.n_fractional, "numbers with a fraction"),
        (counts.n_boolean, "true or false"),
        (counts.n_text, "text"),
        (counts.n_nan, "NaN"),
        (counts.n_positive_infinity, "+∞"),
        (counts.n_negative_infinity, "−∞"),
        (counts.n_missing, "missing"),
    ];
    let n = counts.n_cells().max(1) as f64;
    let mut out: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{} {name}", percent(count as f64 / n)))
        .collect();
    if counts.n_absent > 0 {
        out.push(format!(
            "side not captured in {}",
            plural(counts.n_absent, "row", "rows")
        ));
    }
    if out.is_empty() {
        "no cell".to_owned()
    } else {
        out.join(", ")
    }
}
