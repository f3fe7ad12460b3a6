//! A bias analysis as a terminal table.
//!
//! Computes nothing.

use super::judge::{JudgedMetric, Ruling};
use super::{BiasRun, RowCounts};
use crate::report::format::{number, plural};
use baselines::bias::BiasValue;
use baselines::document::clarify::{ClarifyNumber, python_number};
use std::fmt::Write as _;

fn shown(value: Option<BiasValue>) -> String {
    match value {
        None => "—".to_owned(),
        Some(BiasValue::Finite(value)) => number(value),
        Some(infinite) => python_number(infinite),
    }
}

/// The table.
pub(super) fn text(run: &BiasRun) -> String {
    let mut out = String::new();
    let RowCounts {
        n_rows,
        n_rejected,
        n_incomplete,
        n_shadow,
        n_outside_window,
    } = run.rows;
    if n_rows > 0 {
        let _infallible = writeln!(out, "Bias of {}", plural(n_rows, "row", "rows"));
    }
    for (n, what) in [
        (n_rejected, "could not be read"),
        (n_incomplete, "without a label or prediction"),
        (n_shadow, "of shadow variants"),
        (n_outside_window, "outside the window"),
    ] {
        if n > 0 {
            let _infallible = writeln!(out, "{} {what}", plural(n, "record", "records"));
        }
    }
    for note in &run.notes {
        let _infallible = writeln!(out, "note: {note}");
    }
    if run.judged.is_empty() {
        metrics(run, &mut out);
        return out;
    }
    let rule = if run.compat_sagemaker {
        "violated where |live| > |baseline|, as Clarify's monitors have it"
    } else {
        "violated where the whole interval is further from fair than the baseline"
    };
    let _infallible = writeln!(
        out,
        "{}; {rule}\n",
        plural(
            run.violations.as_ref().map_or(0, |found| found.violations.len()) as u64,
            "violation",
            "violations"
        )
    );
    for judged in &run.judged {
        line(judged, &mut out);
    }
    out
}

fn line(judged: &JudgedMetric, out: &mut String) {
    let mark = match judged.ruling {
        Ruling::Violated => "violated",
        Ruling::WithinChance => "chance?",
        Ruling::Kept => "kept",
        Ruling::NotEvaluated => "not judged",
    };
    let of = match &judged.facet {
        Some(facet) => format!("{facet} = {}", judged.of),
        None => format!("attributions of {}", judged.of),
    };
    let _infallible = write!(out, "  {mark:<10}  {:<11} {of:<24} ", judged.metric);
    if judged.facet.is_some() {
        let _infallible = write!(
            out,
            "{} (baseline {})",
            shown(judged.live),
            shown(judged.baseline)
        );
    } else {
        let _infallible = write!(out, "nDCG {}", shown(judged.live));
    }
    if let Some(interval) = judged.interval {
        let _infallible = write!(out, " [{}, {}]", number(interval.low), number(interval.high));
    }
    if let Some(reason) = &judged.reason {
        let _infallible = write!(out, ": {reason}");
    }
    out.push('\n');
}

fn metrics(run: &BiasRun, out: &mut String) {
    for (stage, report) in [
        ("labels", &run.analysis.pre_training_bias_metrics),
        ("predictions", &run.analysis.post_training_bias_metrics),
    ] {
        let facets = report.iter().flat_map(|report| &report.facets);
        for (facet, reports) in facets {
            for found in reports {
                let _infallible = writeln!(out, "\n{facet} = {}, {stage}", found.value_or_threshold);
                for metric in &found.metrics {
                    let value = metric.value.map(|ClarifyNumber(value)| value);
                    let error = metric.error.as_deref().unwrap_or_default();
                    let description = metric.description.as_deref().unwrap_or(&metric.name);
                    let _infallible = writeln!(out, "  {:<74} {} {error}", description, shown(value));
                }
            }
        }
    }
}
