//! Judging, end to end: the golden pairs of Model Monitor, each check on its own, and what must never leak.
//!
//! Does not test distances (`compare`) or stored forms (`document`).

mod any_data;
mod golden;
mod house;
mod report;
mod six_checks;

use super::*;
use crate::compare::{Convention, Method, tolerance};
use crate::constraint::{MonitoringConfig, suggest};
use crate::document::model_monitor::{ConstraintsFile, LoadedStatistics, Statistics, Violation, Violations};
use crate::summary::{
    CategoricalSummary, CellCounts, Distinct, InferredType, NumericSummary, Position, WeightedPoints,
};
use crate::view::CellClass;

fn column(name: &str, counts: CellCounts) -> ColumnSummary {
    ColumnSummary {
        name: name.to_owned(),
        inferred_type: counts.inferred_type(),
        counts,
        numeric: None,
        categorical: None,
        spans: [None; CellClass::COUNT],
    }
}

fn numbers(name: &str, values: Vec<f64>) -> ColumnSummary {
    let n = values.len() as u64;
    let n_fractional = values.iter().filter(|value| value.fract() != 0.0).count() as u64;
    let points = WeightedPoints::from_values(values);
    let sum: f64 = points
        .values
        .iter()
        .zip(&points.weights)
        .map(|(value, weight)| value * *weight as f64)
        .sum();
    let mut found = column(
        name,
        CellCounts {
            n_integral: n - n_fractional,
            n_fractional,
            ..CellCounts::default()
        },
    );
    found.numeric = Some(NumericSummary {
        n,
        sum,
        mean: sum / n as f64,
        std_dev: 1.0,
        min: points.values[0],
        max: points.values[points.values.len() - 1],
        distinct: Distinct::Exact(points.values.len() as u64),
        points,
    });
    found
}

fn texts(name: &str, counts: &[(&str, u64)]) -> ColumnSummary {
    let n = counts.iter().map(|(_, count)| count).sum();
    let mut found = column(
        name,
        CellCounts {
            n_text: n,
            ..CellCounts::default()
        },
    );
    let mut counts: Vec<(String, u64)> = counts
        .iter()
        .map(|(value, n)| ((*value).to_owned(), *n))
        .collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    found.categorical = Some(CategoricalSummary {
        n,
        distinct: Distinct::Exact(counts.len() as u64),
        counts,
        n_other: 0,
        complete: true,
    });
    found
}

fn data(columns: Vec<ColumnSummary>) -> DatasetSummary {
    let n_rows = columns
        .iter()
        .map(|column| column.counts.n_cells() + column.counts.n_absent)
        .max();
    DatasetSummary {
        n_rows: n_rows.unwrap_or(0),
        columns,
    }
}

fn run() -> Run {
    Run {
        records: Records {
            lines: 100,
            decoded: 100,
            rows: 100,
            ..Records::default()
        },
        ..Run::default()
    }
}

/// Judges `current` against the constraints suggested for `baseline`, changed by `edit`.
fn judged_with(
    baseline: &DatasetSummary,
    current: &DatasetSummary,
    edit: impl FnOnce(&mut Constraints),
) -> Verdict {
    let mut constraints = suggest(baseline).constraints;
    edit(&mut constraints);
    let view = BaselineView {
        constraints: &constraints,
        summary: Some(baseline),
        evidence: &[],
        house_edges: None,
        calibration: None,
    };
    judge(current, &view, run(), &Policy::default())
}

fn judged(baseline: Vec<ColumnSummary>, current: Vec<ColumnSummary>) -> Verdict {
    judged_with(&data(baseline), &data(current), |_| {})
}

fn ids(verdict: &Verdict) -> Vec<String> {
    verdict.findings.iter().map(Finding::id).collect()
}

fn description(verdict: &Verdict, id: &str) -> String {
    verdict
        .findings
        .iter()
        .find(|finding| finding.id() == id)
        .unwrap()
        .description
        .clone()
}

fn skipped(verdict: &Verdict, check: CheckKind, column: Option<&str>) -> String {
    let found = verdict
        .not_evaluated
        .iter()
        .find(|skipped| skipped.check == check && skipped.column.as_deref() == column);
    found.map(|skipped| skipped.reason.clone()).unwrap_or_default()
}

fn ramp(n: u32) -> Vec<f64> {
    (0..n).map(f64::from).collect()
}
