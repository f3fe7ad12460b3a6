//! The report of a verdict: which of its facts are shown, in what order, in which words.
//!
//! ```text
//! Verdict → standing (one per column, most changed first) → findings, cards, table
//!         → health, volume, schema, not evaluated, methods → ReportModel
//! ```
//!
//! Formats, sorts and counts; measures and judges nothing. What it shows stands in `verdict.json` too. Does not know
//! how a report is laid out (`report`).

mod alarm;
mod cards;
mod categories;
mod columns_health;
mod findings;
mod headline;
mod health;
mod methods;
mod not_evaluated;
mod schema;
mod standing;
mod time;
mod volume;

#[cfg(test)]
mod tests;

use baselines::document::verdict::Latest;
use baselines::judge::{BaselineSource, Run, Status, Verdict};

pub(crate) use time::TIME_ZONE;
use time::Zone;

use crate::report::format::{count, plural};
use crate::report::model::{Fact, ReportModel, Status as Shown};

/// Columns drawn in full.
const MAX_CARDS: usize = 20;

/// The report of `verdict` under `title`. The same verdict gives the same report.
pub fn report_model(verdict: &Verdict, title: &str) -> ReportModel {
    let document = Latest::from(verdict);
    let standings = standing::standings(verdict, &document);
    ReportModel {
        title: title.to_owned(),
        subtitle: Zone::of(verdict).window(&verdict.run.window),
        status: match verdict.status {
            Status::Pass => Shown::Pass,
            Status::Violated => Shown::Violated,
            Status::NotEvaluated => Shown::NotEvaluated,
        },
        headline: headline::headline(verdict, &standings),
        facts: facts(verdict),
        findings: findings::findings(verdict, &standings),
        changes: standings.iter().filter_map(cards::card).take(MAX_CARDS).collect(),
        distance_heading: "PSI".to_owned(),
        columns: standings.iter().map(cards::row).collect(),
        power: alarm::power(verdict, &standings),
        health: health::health(verdict),
        schema_changes: schema::changes(verdict),
        not_evaluated: not_evaluated::grouped(&verdict.not_evaluated),
        methods: methods::methods(verdict),
        footer: footer(verdict),
    }
}

fn facts(verdict: &Verdict) -> Vec<Fact> {
    let Run {
        window,
        baseline,
        records,
        ..
    } = &verdict.run;
    let maker = match baseline.source {
        BaselineSource::Driftline => "made by Driftline",
        BaselineSource::ModelMonitor => "made by SageMaker Model Monitor",
    };
    let mut baseline_note = format!("{}, {maker}", plural(baseline.n_rows, "row", "rows"));
    if !baseline.digest.is_empty() {
        baseline_note.push_str(", ");
        baseline_note.push_str(&baseline.digest);
    }
    let mut out = vec![
        Fact::new("Rows", count(records.rows)).noted(format!(
            "from {} decoded in {}",
            plural(records.decoded, "record", "records"),
            plural(verdict.run.objects.len() as u64, "object", "objects")
        )),
        Fact::new("Columns", count(verdict.columns.len() as u64)).noted("of baseline and window together"),
        Fact::new("Baseline", name_or(&baseline.location, "not named")).noted(baseline_note),
    ];
    out.extend(verdict.judged.alarm.iter().flat_map(alarm::facts));
    if let Some(span) = Zone::of(verdict).records(window) {
        out.insert(
            0,
            Fact::new("Records from", span.0).noted(format!("to {}", span.1)),
        );
    }
    out
}

fn footer(verdict: &Verdict) -> Vec<String> {
    let software = &verdict.run.software;
    let by = format!("{} {}", name_or(&software.name, "driftline"), software.version);
    vec![
        format!("Made by {}. Every number on this page stands in verdict.json.", by.trim()),
        "Beside it: statistics.json has the statistics of this window, and constraint_violations.json the violations \
         of Model Monitor's six checks, both in Model Monitor's own format."
            .to_owned(),
    ]
}

fn name_or<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.is_empty() { otherwise } else { text }
}

/// A fragment as a sentence: first letter large, full stop at the end.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let mut out: String = first.to_uppercase().chain(letters).collect();
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

/// `a`, `a and b`, `a, b and c`.
fn listing<T: AsRef<str>>(parts: &[T]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}
