//! One column as a card and as a row of the table: distances, statistics of both sides, the picture.

use baselines::calibrate::MinEffect;
use baselines::compare::{Convention, Measurement, Method};
use baselines::judge::{Bins, CheckKind, ColumnDrift, ColumnReport, Histogram, Severity, SideReport};
use baselines::summary::InferredType;

use super::standing::{Standing, is_drift};
use super::{alarm, categories, listing, sentence};
use crate::report::format::{count, number, p_value, percent, plural, small_p};
use crate::report::model::{
    Axis, ChangeCard, Chart, ColumnRow, Comparison, Distance, PairedHistogram, Status,
};

/// The card of a column; `None` where there is neither a number nor a picture nor a finding to show.
pub(super) fn card(standing: &Standing<'_>) -> Option<ChangeCard> {
    let report = standing.report;
    let chart = chart(report);
    let distances = distances(standing);
    let is_silent = chart.is_none() && distances.is_empty();
    if standing.findings.is_empty() && (is_silent || standing.status == Status::NotEvaluated) {
        return None;
    }
    Some(ChangeCard {
        column: report.name.clone(),
        inferred_type: type_name(report.inferred_type).to_owned(),
        status: standing.status,
        summary: summary(standing),
        distances,
        comparison: comparison(report),
        chart,
    })
}

/// The row of a column.
pub(super) fn row(standing: &Standing<'_>) -> ColumnRow {
    let report = standing.report;
    let missing = report
        .current
        .as_ref()
        .and_then(|side| side.counts.completeness())
        .map(|share| 1.0 - share);
    ColumnRow {
        name: report.name.clone(),
        inferred_type: type_name(report.inferred_type).to_owned(),
        status: standing.status,
        distance: standing.psi().map(number).unwrap_or_default(),
        p_value: report.drift.as_ref().map(column_p).unwrap_or_default(),
        detectable: report
            .drift
            .as_ref()
            .map(|drift| alarm::detectable(&drift.detectable))
            .unwrap_or_default(),
        missing: missing.map(percent).unwrap_or_default(),
        chart: chart(report),
    }
}

/// The calibrated p-value of a column, however small its effect; the decision's own counts only components whose effect
/// is large enough to matter.
fn column_p(drift: &ColumnDrift) -> String {
    let any = MinEffect {
        distribution: 0.0,
        rate: 0.0,
    };
    small_p(drift.evidence.p_value(&any))
}

pub(super) fn type_name(inferred_type: InferredType) -> &'static str {
    match inferred_type {
        InferredType::Integral => "Integral",
        InferredType::Fractional => "Fractional",
        InferredType::Boolean => "Boolean",
        InferredType::String => "String",
        InferredType::Unknown => "Unknown",
    }
}

/// What a person should know beyond the numbers: which side is missing, what moved, why a large distance is no alarm.
fn summary(standing: &Standing<'_>) -> String {
    let report = standing.report;
    let mut parts: Vec<String> = Vec::new();
    match (&report.baseline, &report.current) {
        (None, Some(_)) => parts.push("The baseline does not have this column.".to_owned()),
        (Some(_), None) => parts.push("This window does not have this column.".to_owned()),
        _ if standing.has_drifted() => {
            parts.extend(median(report).or_else(|| categories::most_moved(report)));
        }
        _ => {}
    }
    let unseen = report.categories.as_ref().filter(|_| report.baseline.is_some());
    if let Some(n_rows) = unseen.and_then(|found| found.n_unseen_rows).filter(|n| *n > 0) {
        let rows = plural(n_rows, "row is in a category", "rows are in categories");
        parts.push(format!("{rows} that the baseline does not have."));
    }
    let broken = standing
        .findings
        .iter()
        .filter(|found| found.severity == Severity::Violation && !is_drift(found.check));
    let broken: Vec<&str> = broken.map(|found| found.check.name()).collect();
    if !broken.is_empty() {
        parts.push(format!("Violates {}.", listing(&broken)));
    }
    if let Some(reason) = standing.drift_skipped {
        parts.push(format!("Drift was not judged: {}", sentence(reason)));
    } else if is_without_evidence(standing) {
        parts.push(
            "PSI is over its limit, but the tests give no evidence that it is more than what windows of the baseline \
             vary."
                .to_owned(),
        );
    }
    parts.join(" ")
}

/// How the median went, where both sides have one and it moved.
fn median(report: &ColumnReport) -> Option<String> {
    let of = |side: &Option<SideReport>| Some(side.as_ref()?.numeric?.quantiles?.p50);
    let (before, now) = (of(&report.baseline)?, of(&report.current)?);
    let direction = if now > before { "up" } else { "down" };
    (number(before) != number(now)).then(|| {
        format!(
            "The median went {direction} from {} to {}.",
            number(before),
            number(now)
        )
    })
}

/// The house found PSI above its practical limit and still no drift.
fn is_without_evidence(standing: &Standing<'_>) -> bool {
    let over = pairs(standing)
        .any(|(found, limit)| is_psi(found) && limit.is_some_and(|limit| found.statistic > limit));
    over && standing.finding(CheckKind::Drift).is_none()
}

fn is_psi(found: &Measurement) -> bool {
    (found.method, found.convention) == (Method::Psi, Convention::House)
}

/// Measurements with the limits `verdict.json` gives them.
fn pairs<'s>(standing: &'s Standing<'_>) -> impl Iterator<Item = (&'s Measurement, Option<f64>)> {
    let found = standing
        .report
        .measured
        .iter()
        .filter_map(|measured| measured.outcome.as_ref().ok());
    found.zip(standing.limits.iter().copied())
}

/// The house's distances, and of Model Monitor's the one that its configuration holds against a limit.
fn distances(standing: &Standing<'_>) -> Vec<Distance> {
    let no_drift = standing.finding(CheckKind::Drift).is_none();
    let mut out: Vec<(u8, Distance)> = pairs(standing)
        .filter(|(found, limit)| limit.is_some() || found.convention != Convention::Sagemaker)
        .map(|(found, limit)| {
            let is_p = found.method == Method::ChiSquare && found.convention == Convention::Sagemaker;
            let value = if is_p {
                found.p_value.unwrap_or(found.statistic)
            } else {
                found.statistic
            };
            let is_over = limit.is_some_and(|limit| if is_p { value < limit } else { value > limit });
            let mut notes = Vec::new();
            if let Some(limit) = limit {
                let word = match (is_over, is_p) {
                    (true, false) => "over",
                    (false, false) => "within",
                    (true, true) => "below",
                    (false, true) => "not below",
                };
                notes.push(format!("{word} {}", number(limit)));
            }
            if let Some(p) = found.evidence_p_value().filter(|_| !is_p) {
                notes.push(format!("p {}", p_value(p)));
            }
            if let Some(bound) = found.error_bound.filter(|bound| *bound > 0.0) {
                notes.push(format!("± {}", number(bound)));
            }
            let distance = Distance {
                name: method_name(found.method, found.convention).to_owned(),
                value: if is_p { p_value(value) } else { number(value) },
                note: notes.join(", "),
                exceeded: is_over && !(is_psi(found) && no_drift),
            };
            (order(found), distance)
        })
        .collect();
    out.sort_by_key(|(order, _)| *order);
    out.into_iter().map(|(_, distance)| distance).collect()
}

fn order(found: &Measurement) -> u8 {
    match (found.method, found.convention) {
        (Method::Psi, _) => 0,
        (Method::LInfinityRobust, _) => 1,
        (Method::LInfinity, _) => 2,
        (Method::KolmogorovSmirnov, _) => 3,
        (Method::ChiSquare, Convention::Sagemaker) => 5,
        (Method::ChiSquare, _) => 4,
        _ => 6,
    }
}

/// The name of a method as people read it, and as `methods` explains it.
pub(super) fn method_name(method: Method, convention: Convention) -> &'static str {
    match (method, convention) {
        (Method::Psi, _) => "PSI",
        (Method::JensenShannon, _) => "Jensen–Shannon",
        (Method::KolmogorovSmirnov, _) => "Kolmogorov–Smirnov",
        (Method::LInfinity, _) => "L-infinity, Simple",
        (Method::LInfinityRobust, _) => "L-infinity, Robust",
        (Method::ChiSquare, Convention::Sagemaker) => "Chi-square p, Model Monitor",
        (Method::ChiSquare, _) => "Chi-square",
        (other, _) => other.name(),
    }
}

fn comparison(report: &ColumnReport) -> Vec<Comparison> {
    let mut out = Vec::new();
    let mut line = |label: &str, value: &dyn Fn(&SideReport) -> Option<String>| {
        let of = |side: &Option<SideReport>| side.as_ref().and_then(value).unwrap_or_default();
        let (baseline, current) = (of(&report.baseline), of(&report.current));
        if !(baseline.is_empty() && current.is_empty()) {
            out.push(Comparison {
                label: label.to_owned(),
                baseline,
                current,
            });
        }
    };
    let has_special = [&report.baseline, &report.current]
        .into_iter()
        .flatten()
        .any(|side| side.counts.n_special() > 0);
    line("Cells", &|side| Some(count(side.counts.n_cells())));
    line("Missing", &|side| {
        Some(share(side.counts.n_missing, side.counts.n_cells()))
    });
    if has_special {
        line("NaN and infinities", &|side| {
            Some(share(side.counts.n_special(), side.counts.n_cells()))
        });
    }
    line("Distinct values", &|side| side.n_distinct.map(count));
    line("Mean", &|side| side.numeric.map(|found| number(found.mean)));
    line("Standard deviation", &|side| {
        side.numeric.map(|found| number(found.std_dev))
    });
    line("Minimum", &|side| side.numeric.map(|found| number(found.min)));
    line("5% quantile", &|side| Some(number(side.numeric?.quantiles?.p05)));
    line("Median", &|side| Some(number(side.numeric?.quantiles?.p50)));
    line("95% quantile", &|side| Some(number(side.numeric?.quantiles?.p95)));
    line("Maximum", &|side| side.numeric.map(|found| number(found.max)));
    out
}

/// `12 (0.4%)`.
fn share(n: u64, total: u64) -> String {
    if total == 0 {
        count(n)
    } else {
        format!("{} ({})", count(n), percent(n as f64 / total as f64))
    }
}

fn chart(report: &ColumnReport) -> Option<Chart> {
    let histogram = || Some(Chart::Histogram(paired(report.histogram.as_ref()?, report)?));
    let categories = || {
        Some(Chart::Categories(categories::paired(
            report.categories.as_ref()?,
        )?))
    };
    histogram().or_else(categories)
}

/// `None` where the bins are not what an axis can show.
fn paired(histogram: &Histogram, report: &ColumnReport) -> Option<PairedHistogram> {
    let numbers = || {
        [&report.baseline, &report.current]
            .into_iter()
            .flatten()
            .filter_map(|side| side.numeric)
    };
    let axis = match &histogram.bins {
        Bins::Values(values) => Axis::Values(values.clone()),
        Bins::Edges(edges) => {
            let (first, last) = (*edges.first()?, *edges.last()?);
            if !edges.windows(2).all(|pair| pair[0] < pair[1]) {
                return None;
            }
            Axis::Edges {
                open_below: numbers().any(|found| found.min < first),
                open_above: numbers().any(|found| found.max > last),
                edges: edges.clone(),
            }
        }
    };
    let n_bins = axis.n_bins();
    let side = |shares: &[f64]| {
        if shares.is_empty() {
            vec![0.0; n_bins]
        } else {
            shares.to_vec()
        }
    };
    Some(PairedHistogram {
        baseline: side(&histogram.baseline),
        current: side(&histogram.current),
        axis,
    })
}
