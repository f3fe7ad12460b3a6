//! The one sentence at the top: how bad, how much of it, the worst column, how many rows of which window.

use crate::reference::REFERENCE_MISSING;
use baselines::judge::{CheckKind, Severity, Status, Verdict};

use super::standing::{Standing, is_drift};
use super::time::Zone;
use crate::report::clip::clip;
use crate::report::format::{count, number, plural};

/// A column name in a sentence has at most this many characters.
const MAX_NAME: usize = 48;

pub(super) fn headline(verdict: &Verdict, standings: &[Standing<'_>]) -> String {
    let rows = format!(
        "{} {}",
        plural(verdict.run.records.rows, "row", "rows"),
        span(verdict)
    );
    match verdict.status {
        Status::Violated => {
            let violations = plural(verdict.n_violations() as u64, "violation", "violations");
            format!(
                "{violations} in {rows}: {}.",
                parts(verdict, standings, Severity::Violation).join("; ")
            )
        }
        Status::NotEvaluated if verdict.run.records.rows == 0 => {
            "Nothing could be checked: the window has no rows.".to_owned()
        }
        Status::NotEvaluated if verdict.judged.choices.contains_key(REFERENCE_MISSING) => {
            let reason = &verdict.judged.choices[REFERENCE_MISSING];
            format!("Drift could not be judged in {rows}: {reason}.")
        }
        Status::NotEvaluated => {
            format!("Nothing could be checked in {rows}; “Not evaluated” has the reasons.")
        }
        Status::Pass => {
            let warnings = parts(verdict, standings, Severity::Warning);
            let but = if warnings.is_empty() {
                String::new()
            } else {
                format!(", but to look at: {}", warnings.join("; "))
            };
            let left = match n_unchecked(standings) {
                0 => String::new(),
                n => format!("; {} could not be checked", plural(n, "column", "columns")),
            };
            format!(
                "No violation in {} and {rows}{but}{left}.",
                plural(standings.len() as u64, "column", "columns")
            )
        }
    }
}

/// What findings of `severity` say, a few words each; drift of any severity, because a warning drifts too.
fn parts(verdict: &Verdict, standings: &[Standing<'_>], severity: Severity) -> Vec<String> {
    let mut out: Vec<String> = drifted(standings).into_iter().collect();
    let has_other = |standing: &&Standing<'_>| {
        standing
            .findings
            .iter()
            .any(|finding| finding.severity == severity && !is_drift(finding.check))
    };
    let n_others = standings.iter().filter(has_other).count() as u64;
    if n_others > 0 {
        let (one, many) = match severity {
            Severity::Violation => ("column breaks a constraint", "columns break constraints"),
            _ => ("column has another warning", "columns have other warnings"),
        };
        out.push(plural(n_others, one, many));
    }
    let of_all = verdict
        .findings
        .iter()
        .filter(|finding| finding.severity == severity && finding.column.is_none());
    out.extend(of_all.map(|finding| {
        match finding.check {
            CheckKind::MissingColumn => "there are fewer columns than constraints",
            CheckKind::ExtraColumn => "there are more columns than constraints",
            CheckKind::Rejects => "too many lines could not be read",
            CheckKind::CaptureSilence => "nothing was captured",
            CheckKind::CaptureGap => "hours of capture are missing",
            CheckKind::CaptureVolume => "another number of records than usual was captured",
            check if check.is_capture() => "capture is not as it should be",
            _ => "the data set as a whole is not as expected",
        }
        .to_owned()
    }));
    out
}

/// How many columns have drifted, and which of them most.
fn drifted(standings: &[Standing<'_>]) -> Option<String> {
    let drifted: Vec<&Standing<'_>> = standings
        .iter()
        .filter(|standing| standing.has_drifted())
        .collect();
    let worst = drifted
        .iter()
        .copied()
        .reduce(|best, next| if next.psi() > best.psi() { next } else { best })?;
    let name = clip(worst.name(), MAX_NAME);
    let psi = worst
        .psi()
        .map(|psi| format!(" (PSI {})", number(psi)))
        .unwrap_or_default();
    let (n, all) = (
        drifted.len() as u64,
        plural(standings.len() as u64, "column", "columns"),
    );
    Some(if n == 1 {
        format!("1 of {all} has drifted, {name}{psi}")
    } else {
        format!("{} of {all} have drifted, most of all {name}{psi}", count(n))
    })
}

fn n_unchecked(standings: &[Standing<'_>]) -> u64 {
    let is_unchecked =
        |standing: &&Standing<'_>| standing.status == crate::report::model::Status::NotEvaluated;
    standings.iter().filter(is_unchecked).count() as u64
}

fn span(verdict: &Verdict) -> String {
    let (window, zone) = (&verdict.run.window, Zone::of(verdict));
    match (&window.start, &window.end) {
        (Some(_), Some(_)) => format!("from {}", zone.window(window)),
        (Some(_), None) | (None, Some(_)) => zone.window(window),
        (None, None) => match zone.records(window) {
            Some((first, last)) => format!("from {first} to {last}"),
            None => "without times".to_owned(),
        },
    }
}
