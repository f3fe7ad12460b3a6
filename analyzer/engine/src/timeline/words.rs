//! A timeline in words: a window's name, its line in a terminal, what stands in a cell. Computes nothing.

use super::{MetricSeen, RevisionSeen, Timeline, TimelineWindow, ValueSeen};
use crate::report::format::{instant, number, percent};
use capture::time::{format_rfc3339, parse_rfc3339};

/// A window for people: `2011-04` for a calendar month, `2011-04-01` for a day, its start otherwise.
pub(super) fn name(window: &TimelineWindow) -> String {
    let (start, end) = match (&window.start, &window.end) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) => return format!("from {}", instant(start)),
        (None, Some(end)) => return format!("until {}", instant(end)),
        (None, None) => return "all times".to_owned(),
    };
    let is_first = |time: &str| time.get(7..) == Some("-01T00:00:00Z");
    let months = parse_rfc3339(start).zip(parse_rfc3339(end));
    // From one first day to the next: 28 to 31 days lie between.
    let is_month = is_first(start)
        && is_first(end)
        && months.is_some_and(|(start, end)| (28 * 86_400..=31 * 86_400).contains(&(end - start)));
    if is_month {
        start.get(..7).unwrap_or(start).to_owned()
    } else {
        instant(
            &parse_rfc3339(start)
                .and_then(format_rfc3339)
                .unwrap_or_else(|| start.clone()),
        )
    }
}

/// A status for people.
pub(super) fn status(word: &str) -> &'static str {
    match word {
        "pass" => "pass",
        "violated" => "VIOLATED",
        _ => "not evaluated",
    }
}

/// `35.57 (31.54 to 39.6)`.
pub(super) fn value(found: &ValueSeen) -> String {
    format!(
        "{} ({} to {})",
        significant(found.value),
        significant(found.low),
        significant(found.high)
    )
}

/// Three significant digits: more would pretend to be known.
fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value);
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    let scale = 10f64.powi(digits);
    let rounded = (value * scale).round() / scale;
    number(if rounded.is_finite() { rounded } else { value })
}

/// What was estimated first, and when.
pub(super) fn estimate(metric: &str, window: &TimelineWindow) -> Option<String> {
    let (revision, found) = window.first_estimate(metric)?;
    Some(format!("{}{}", value(&found.estimated?), on(revision)))
}

/// What the labels say now.
pub(super) fn realised(metric: &str, window: &TimelineWindow) -> Option<String> {
    let newest = window.newest()?;
    let found = newest.metrics.get(metric).and_then(|found| found.realised)?;
    Some(format!("{}{}", value(&found), on(newest)))
}

fn on(revision: &RevisionSeen) -> String {
    let as_of = revision.as_of.as_deref();
    as_of.map_or_else(String::new, |time| format!(" on {}", instant(time)))
}

/// How far the labels fell outside of what was estimated; `None` inside, or without one of the two.
pub(super) fn beyond(metric: &MetricSeen) -> Option<&'static str> {
    let (estimated, realised) = (metric.estimated?, metric.realised?);
    if realised.low > estimated.high {
        Some("above the estimate's band")
    } else if realised.high < estimated.low {
        Some("below the estimate's band")
    } else {
        None
    }
}

/// A window's line.
pub(super) fn line(timeline: &Timeline, window: &TimelineWindow) -> String {
    let metric = &timeline.metric;
    let mut parts = Vec::new();
    if let Some(drift) = &window.drift {
        parts.push(format!("drift {:13}", status(drift.status)));
    }
    match window.newest() {
        None => parts.push("no quality".to_owned()),
        Some(newest) => {
            let before = estimate(metric, window).map_or_else(
                || format!("{metric} not estimated"),
                |text| format!("estimated {metric} {text}"),
            );
            let after = realised(metric, window).map_or_else(
                || "no labels to realise it".to_owned(),
                |text| format!("realised {text}"),
            );
            parts.push(format!("{before} → {after}"));
            parts.push(format!(
                "{} labelled, revision {}: {}",
                percent(newest.coverage),
                newest.revision,
                status(&newest.status)
            ));
        }
    }
    format!("{}  {}", name(window), parts.join("  "))
}
