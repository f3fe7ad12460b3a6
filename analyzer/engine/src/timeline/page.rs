//! The timeline as one self-contained HTML page: states over time, the metric with estimate, band and realised value in
//! one picture, and a table.
//!
//! Layout is in `templates/timeline/`. Computes nothing.

use super::words::{beyond, estimate, name, realised, status};
use super::{MetricSeen, PRINCIPAL, RevisionSeen, Timeline, TimelineWindow, ValueSeen};
use crate::report::chart::{State, StateGrid, states};
use crate::report::clip::{clip, cut};
use crate::report::dress::{count_of, status_class};
use crate::report::format::{count, number, percent, plural};
use crate::report::model::Status;
use crate::report::quality::{HistoryPoint, Interval, MetricHistory, draw_history};
use askama::Template;

/// Rows of the table, the newest windows; the others are in `timeline.json`.
const MAX_ROWS: usize = 400;
/// Pictures of metrics.
const MAX_METRICS: usize = 4;

#[derive(Template)]
#[template(path = "timeline/page.html")]
struct Page {
    title: String,
    subtitle: String,
    metric: String,
    states: Option<String>,
    scale: String,
    pictures: Vec<Picture>,
    rows: Vec<Row>,
    n_rows_left_out: usize,
    software: String,
}

struct Picture {
    metric: String,
    svg: String,
    summary: String,
}

struct Row {
    window: String,
    drift: Option<Judged>,
    drift_note: String,
    estimated: String,
    estimate_note: &'static str,
    realised: String,
    realised_note: &'static str,
    labelled: String,
    revision: String,
    quality: Option<Judged>,
}

struct Judged {
    status: Status,
    word: &'static str,
}

/// The page. The same timeline gives the same bytes.
pub(super) fn html(timeline: &Timeline) -> String {
    let (states, per_mark) = states_over_time(timeline).unzip();
    let left_out = timeline.windows.len().saturating_sub(MAX_ROWS);
    let page = Page {
        title: clip(&timeline.title, 120).into_owned(),
        subtitle: span(timeline),
        metric: clip(&timeline.metric, 60).into_owned(),
        states,
        scale: match per_mark {
            Some(n) if n > 1 => format!("One mark is the worst of {} windows.", count(n as u64)),
            _ => String::new(),
        },
        pictures: pictures(timeline),
        rows: timeline.windows[left_out..]
            .iter()
            .rev()
            .map(|window| row(&timeline.metric, window))
            .collect(),
        n_rows_left_out: left_out,
        software: timeline.software.clone(),
    };
    page.render().expect("rendering into a String reports no error")
}

fn span(timeline: &Timeline) -> String {
    let windows = plural(timeline.windows.len() as u64, "window", "windows");
    match (timeline.windows.first(), timeline.windows.last()) {
        (Some(first), Some(last)) if first != last => format!("{windows}, {} to {}", name(first), name(last)),
        (Some(only), _) => format!("{windows}, {}", name(only)),
        _ => windows,
    }
}

fn judged(word: &str) -> Judged {
    Judged {
        status: match word {
            "pass" => Status::Pass,
            "violated" => Status::Violated,
            _ => Status::NotEvaluated,
        },
        word: match status(word) {
            "VIOLATED" => "Violated",
            "pass" => "Pass",
            _ => "Not evaluated",
        },
    }
}

/// What spoke first: inputs, estimate, labels.
fn states_over_time(timeline: &Timeline) -> Option<(String, usize)> {
    let metric = &timeline.metric;
    let state_of = |word: &str| match word {
        "violated" => State::Rings,
        "pass" => State::Quiet,
        _ => State::Unknown,
    };
    let of_drift = |window: &TimelineWindow| {
        window.drift.as_ref().map_or(State::Unknown, |drift| {
            if drift.status == "pass" && !drift.moved.is_empty() {
                State::Flagged
            } else {
                state_of(drift.status)
            }
        })
    };
    let of_estimate = |window: &TimelineWindow| {
        let found = window.first_estimate(metric).and_then(|(_, found)| {
            // A threshold may be judged by labels of a later revision only.
            let newest = window.newest().and_then(|newest| newest.metrics.get(metric));
            found.estimate_is_worse().or_else(|| newest?.estimate_is_worse())
        });
        match found {
            Some(true) => State::Flagged,
            Some(false) => State::Quiet,
            None => State::Unknown,
        }
    };
    let of_labels = |window: &TimelineWindow| {
        window
            .newest()
            .map_or(State::Unknown, |newest| state_of(&newest.status))
    };
    let row = |name: String, of: &dyn Fn(&TimelineWindow) -> State| {
        (name, timeline.windows.iter().map(of).collect::<Vec<_>>())
    };
    let grid = StateGrid {
        places: timeline.windows.iter().map(name).collect(),
        rows: vec![
            row("inputs (drift)".to_owned(), &of_drift),
            row(format!("{metric} estimated"), &of_estimate),
            row("quality by labels".to_owned(), &of_labels),
        ],
    };
    let n_of = |row: usize, state: State| grid.rows[row].1.iter().filter(|found| **found == state).count();
    let label = format!(
        "{}: inputs violated in {}, the estimate beyond its limit in {}, quality violated by labels in {}.",
        plural(timeline.windows.len() as u64, "window", "windows"),
        n_of(0, State::Rings),
        n_of(1, State::Flagged),
        n_of(2, State::Rings),
    );
    states(&grid, &label)
}

fn pictures(timeline: &Timeline) -> Vec<Picture> {
    let others = PRINCIPAL.into_iter().filter(|name| *name != timeline.metric);
    std::iter::once(timeline.metric.as_str())
        .chain(others)
        .filter_map(|metric| picture(timeline, metric))
        .take(MAX_METRICS)
        .collect()
}

fn picture(timeline: &Timeline, metric: &str) -> Option<Picture> {
    let newest = |window: &TimelineWindow| {
        let newest = window.newest()?;
        Some((newest.clone(), newest.metrics.get(metric).copied()?))
    };
    let seen: Vec<(String, Option<(RevisionSeen, MetricSeen)>)> = timeline
        .windows
        .iter()
        .map(|window| (name(window), newest(window)))
        .collect();
    let interval = |value: ValueSeen| Interval {
        value: value.value,
        low: value.low,
        high: value.high,
    };
    let points: Vec<HistoryPoint> = seen
        .iter()
        .map(|(label, found)| HistoryPoint {
            label: label.clone(),
            realised: found
                .as_ref()
                .and_then(|(_, metric)| metric.realised.map(interval)),
            estimated: found
                .as_ref()
                .and_then(|(_, metric)| metric.estimated.map(interval)),
            provisional: found.as_ref().is_some_and(|(revision, _)| !revision.is_final),
        })
        .collect();
    let metrics = || {
        seen.iter()
            .filter_map(|(_, found)| found.as_ref().map(|(_, metric)| metric))
    };
    let limit = metrics().filter_map(|metric| metric.threshold).next_back();
    let n_estimated = metrics().filter(|metric| metric.estimated.is_some()).count();
    let n_realised = metrics().filter(|metric| metric.realised.is_some()).count();
    let n_beyond = metrics().filter(|metric| beyond(metric).is_some()).count();
    let limited = limit.map_or_else(String::new, |limit| format!(" Limit {}.", number(limit)));
    let summary = format!(
        "Estimated in {}, realised in {}; in {} of these the interval lies outside the estimate's band.{limited}",
        plural(n_estimated as u64, "window", "windows"),
        n_realised,
        n_beyond,
    );
    let history = MetricHistory {
        metric: metric.to_owned(),
        summary: summary.clone(),
        points,
        limit,
        baseline: None,
    };
    Some(Picture {
        metric: clip(metric, 60).into_owned(),
        svg: draw_history(&history)?,
        summary,
    })
}

fn row(metric: &str, window: &TimelineWindow) -> Row {
    let newest = window.newest();
    let found = newest.and_then(|newest| newest.metrics.get(metric));
    let mut moved: Vec<(&String, &f64)> = window.drift.iter().flat_map(|drift| &drift.moved).collect();
    moved.sort_by(|a, b| b.1.total_cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let named: Vec<String> = moved
        .iter()
        .take(3)
        .map(|(column, value)| format!("{} {}", clip(column, 30), number(**value)))
        .collect();
    Row {
        window: name(window),
        drift: window.drift.as_ref().map(|drift| judged(drift.status)),
        drift_note: cut(&named.join(", "), 160).into_owned(),
        estimated: estimate(metric, window).unwrap_or_default(),
        estimate_note: match found.and_then(MetricSeen::estimate_is_worse) {
            Some(true) => "band beyond the limit",
            _ => "",
        },
        realised: realised(metric, window).unwrap_or_default(),
        realised_note: found.and_then(beyond).unwrap_or_default(),
        labelled: newest.map_or_else(String::new, |newest| {
            format!("{} of {}", percent(newest.coverage), count(newest.n_predictions))
        }),
        revision: newest.map_or_else(String::new, |newest| newest.revision.to_string()),
        quality: newest.map(|newest| judged(&newest.status)),
    }
}
