//! What became of the lines: counts that add up, rejects in plain words, rows over time.

use baselines::capture_health::{CaptureCheck, CaptureOutcome};
use baselines::judge::{Records, Run, Verdict};

use super::{columns_health, listing, volume};
use crate::report::format::{bytes, count, percent, plural};
use crate::report::model::{Fact, Health, RejectRow};

pub(super) fn health(verdict: &Verdict) -> Health {
    let run = &verdict.run;
    Health {
        summary: summary(run),
        counts: counts(run),
        rejects: rejects(&run.records),
        columns: columns_health::columns(verdict),
        volume: volume::volume(run),
        notes: notes(run).into_iter().chain(capture(verdict)).collect(),
    }
}

fn summary(run: &Run) -> String {
    let records = &run.records;
    if records.lines == 0 {
        return "No line was read.".to_owned();
    }
    let rejected = if records.rejected == 0 {
        "every one of them is a record".to_owned()
    } else {
        format!(
            "{} decoded and {} rejected ({})",
            count(records.decoded),
            count(records.rejected),
            percent(share(records.rejected, records.lines))
        )
    };
    let mut left_out = Vec::new();
    let mut note = |n: u64, one: &str, many: &str| {
        if n > 0 {
            left_out.push(plural(n, one, many));
        }
    };
    note(records.duplicates, "duplicate", "duplicates");
    note(
        records.outside_window,
        "record outside the window",
        "records outside the window",
    );
    note(
        records.shadow,
        "record of a shadow experiment",
        "records of a shadow experiment",
    );
    let left_out = match left_out.as_slice() {
        [] => String::new(),
        parts => format!("; {} did not enter the analysis", listing(parts)),
    };
    format!(
        "{} read, {rejected}{left_out}.",
        plural(records.lines, "line was", "lines were")
    )
}

fn counts(run: &Run) -> Vec<Fact> {
    let records = &run.records;
    let size = run
        .objects
        .iter()
        .fold(0u64, |sum, object| sum.saturating_add(object.size_bytes));
    let fact = |label: &str, n: u64, note: &str| Fact::new(label, count(n)).noted(note);
    let rejected = if records.rejected == 0 {
        String::new()
    } else {
        format!("{} of lines", percent(share(records.rejected, records.lines)))
    };
    vec![
        fact("Lines", records.lines, ""),
        fact("Decoded", records.decoded, ""),
        fact("Rejected", records.rejected, &rejected),
        fact("Duplicates", records.duplicates, "counted once"),
        fact("Outside the window", records.outside_window, "left out"),
        fact("Shadow", records.shadow, "left out"),
        fact("One-sided", records.one_sided, "rows with input or output only"),
        fact("Rows", records.rows, "analysed"),
        fact("Objects", run.objects.len() as u64, &bytes(size)),
    ]
}

fn rejects(records: &Records) -> Vec<RejectRow> {
    let mut reasons: Vec<(&str, u64)> = records
        .rejects_by_reason
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(code, n)| (code.as_str(), *n))
        .collect();
    reasons.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
    reasons
        .into_iter()
        .map(|(code, n)| RejectRow {
            reason: reason(code),
            count: count(n),
            share: percent(share(n, records.lines)),
            example: String::new(),
        })
        .collect()
}

/// A reason code in plain words; one that is not known here reads as it is spelled.
fn reason(code: &str) -> String {
    let words = match code {
        "blank_line" => "blank line",
        "line_too_long" => "line longer than allowed",
        "invalid_utf8" => "not UTF-8 text",
        "truncated_line" => "last line of the object breaks off",
        "invalid_json" => "not a JSON document",
        "not_a_capture_record" => "JSON, but not a capture record",
        "unknown_encoding" => "encoding is none of CSV, JSON and BASE64",
        "invalid_base64" => "BASE64 that does not decode to text",
        "invalid_csv" => "CSV with a quote that never closes",
        "invalid_payload_json" => "payload is neither JSON nor JSON Lines",
        "too_deep" => "nested deeper than allowed",
        "wrong_field_count" => "wrong number of fields in a row",
        "row_count_mismatch" => "input and output have different numbers of rows",
        "no_rows" => "record without a row",
        "invalid_time" => "no readable inference time",
        "too_many_columns" => "more unknown columns than allowed",
        "too_many_rows" => "more rows in one record than allowed",
        "corrupt_compression" => "compressed object is corrupt from here on",
        "decompressed_too_large" => "object grows larger than allowed when unpacked",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

fn notes(run: &Run) -> Vec<String> {
    let mut out = Vec::new();
    let rejecting = run.objects.iter().filter(|object| object.rejected > 0);
    let n_rejecting = rejecting.clone().count() as u64;
    let worst = rejecting.reduce(|most, next| if next.rejected > most.rejected { next } else { most });
    if let Some(worst) = worst {
        let all = plural(run.objects.len() as u64, "object", "objects");
        let lines = plural(worst.rejected, "line", "lines");
        out.push(if n_rejecting == 1 {
            format!(
                "The rejected {} in 1 of {all}: {}.",
                if worst.rejected == 1 {
                    "line is"
                } else {
                    "lines are"
                },
                worst.key
            )
        } else {
            format!(
                "Rejected lines are in {} of {all}, most of them ({lines}) in {}.",
                count(n_rejecting),
                worst.key
            )
        });
    }
    let n_empty = run.objects.iter().filter(|object| object.lines == 0).count() as u64;
    if n_empty > 0 {
        out.push(format!(
            "{} no line.",
            plural(n_empty, "object has", "objects have")
        ));
    }
    out
}

/// What was measured of capture and is as it should be, in one line; what was not evaluated, in another. What is not as it
/// should be is a finding.
fn capture(verdict: &Verdict) -> Vec<String> {
    let Some(found) = &verdict.capture else {
        return Vec::new();
    };
    let (mut usual, mut skipped) = (Vec::new(), Vec::new());
    for measure in &found.measures {
        let name = words(measure.check);
        match &measure.outcome {
            CaptureOutcome::Usual => usual.push(match measure.bound {
                Some(_) => format!("{name} ({} of {})", count(measure.n), count(measure.of)),
                None => name.to_owned(),
            }),
            CaptureOutcome::NotEvaluated(_) => skipped.push(name),
            CaptureOutcome::Unusual => {}
        }
    }
    let mut out = Vec::new();
    if !usual.is_empty() {
        out.push(format!("Capture is as it should be in {}.", listing(&usual)));
    }
    if !skipped.is_empty() {
        out.push(format!(
            "Of capture, {} could not be judged; verdict.json says why.",
            listing(&skipped)
        ));
    }
    out
}

fn words(check: CaptureCheck) -> &'static str {
    match check {
        CaptureCheck::Silence => "records at all",
        CaptureCheck::Gap => "hours without records",
        CaptureCheck::Volume => "volume",
        CaptureCheck::Sampling => "the sampled share",
        CaptureCheck::Pairing => "one-sided records",
        CaptureCheck::Decoding => "undecodable lines",
        CaptureCheck::Duplicates => "repeated deliveries",
        CaptureCheck::Late => "late records",
        CaptureCheck::Ids => "records without an inference id",
    }
}

fn share(n: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { n as f64 / total as f64 }
}
