//! A timeline in words: a window's name, its line in a terminal, what stands in a cell. Computes nothing.

use super::{MetricSeen, RevisionSeen, Timeline, TimelineWindow, ValueSeen};
use crate::report::format::{instant, number};
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

/// `35.6 (31.5 to 39.6)`.
pub(super) fn value(found: &ValueSeen) -> String {
    format!(
        "{} ({} to {})",
        significant(found.value),
        significant(found.low),
        significant(found.high)
    )
}

/// Three significant digits, also where they are zeros: more would pretend to be known.
fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value);
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    match usize::try_from(digits) {
        Ok(digits @ 1..=6) => format!("{value:.digits$}"),
        Ok(0) => number(value.round()),
        _ => number(value),
    }
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

/// A share in whole percent, cut: what is not complete does not read 100 %.
fn whole_percent(share: f64) -> String {
    format!("{}%", (share * 100.0).floor())
}

/// A window's line.
pub(super) fn line(timeline: &Timeline, window: &TimelineWindow) -> String {
    let metric = &timeline.metric;
    let mut parts = vec![name(window)];
    if let Some(drift) = &window.drift {
        parts.push(format!("drift {:8}", status(drift.status)));
    }
    match window.newest() {
        None => parts.push("no quality".to_owned()),
        Some(newest) => {
            let before = window
                .first_estimate(metric)
                .and_then(|(_, found)| found.estimated);
            let after = newest.metrics.get(metric).and_then(|found| found.realised);
            parts.push(format!(
                "{} → {}",
                before.map_or_else(
                    || format!("{metric} not estimated"),
                    |found| format!("estimated {metric} {}", value(&found))
                ),
                after.map_or_else(
                    || "not realised".to_owned(),
                    |found| format!("realised {}", value(&found))
                )
            ));
            parts.push(format!(
                "{} labelled{}, revision {}: {}",
                whole_percent(newest.coverage),
                on(newest),
                newest.revision,
                status(&newest.status)
            ));
        }
    }
    parts.join("  ")
}
