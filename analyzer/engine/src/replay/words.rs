//! The replay as a terminal table and in sentences that the page shares.
//!
//! Computes nothing.

use super::{Replay, ReplayWindow, Subject, Tally, Topic};
use crate::backtest::words::short_time;
use crate::report::clip::clip;
use crate::report::format::{count, plural};
use std::cmp::Reverse;
use std::fmt::Write as _;

const N_SUBJECTS: usize = 40;
const N_WINDOWS: usize = 25;

/// The table.
pub(super) fn text(replay: &Replay) -> String {
    let mut out = String::new();
    let _infallible = writeln!(out, "Replay of {}", replay.title);
    for line in remarks(replay) {
        let _infallible = writeln!(out, "{line}");
    }
    let subjects = ranked(replay);
    if subjects.is_empty() {
        let _infallible = writeln!(out, "\nNeither mode finds anything.");
        return out;
    }
    let with_recorded = replay.n_recorded().0 > 0;
    let recorded = if with_recorded { "  Model Monitor" } else { "" };
    let _infallible = writeln!(
        out,
        "\n  {:<36} {:>7} {:>17} {:>21}{recorded}",
        "Windows in which", "both", "only the default", "only the compatible"
    );
    for (subject, tally) in subjects.iter().take(N_SUBJECTS) {
        let _infallible = write!(
            out,
            "  {:<36} {:>7} {:>17} {:>21}",
            clip(&sentence(subject), 36),
            count(tally.agreed),
            count(tally.missed),
            count(tally.suppressed)
        );
        if with_recorded {
            let _infallible = write!(out, "  {:>13}", count(tally.recorded));
        }
        out.push('\n');
    }
    if subjects.len() > N_SUBJECTS {
        let _infallible = writeln!(
            out,
            "  … and {} more in {}",
            subjects.len() - N_SUBJECTS,
            super::REPLAY_FILE
        );
    }
    let differ: Vec<&ReplayWindow> = replay
        .windows
        .iter()
        .filter(|window| !differences(window).is_empty())
        .collect();
    if !differ.is_empty() {
        let _infallible = writeln!(out, "\nWhere they differ:");
    }
    for window in differ.iter().take(N_WINDOWS) {
        let _infallible = writeln!(
            out,
            "  {}  {}",
            short_time(replay.every, window.start),
            differences(window).join("; ")
        );
    }
    if differ.len() > N_WINDOWS {
        let _infallible = writeln!(
            out,
            "  … and {} more windows in {}",
            differ.len() - N_WINDOWS,
            super::REPLAY_FILE
        );
    }
    out
}

/// What a reader must know to read the rest.
pub(super) fn remarks(replay: &Replay) -> Vec<String> {
    let n = replay.windows.len() as u64;
    let mut out = Vec::new();
    if let (Some(first), Some(last)) = (replay.windows.first(), replay.windows.last()) {
        out.push(format!(
            "{} of {}, {} to {}; {} with data; the default mode {}",
            plural(n, "window", "windows"),
            replay.every,
            short_time(replay.every, first.start),
            short_time(replay.every, last.end),
            count(replay.n_judged()),
            if replay.calibrated {
                "is calibrated on the baseline"
            } else {
                "is not calibrated"
            }
        ));
    }
    out.push(format!(
        "Both modes say the same in {} of {} with data",
        count(replay.n_same()),
        plural(replay.n_judged(), "window", "windows")
    ));
    let (recorded, same) = replay.n_recorded();
    if recorded > 0 {
        let of = replay
            .schedule
            .as_deref()
            .map_or_else(String::new, |name| format!(" of {name}"));
        out.push(format!(
            "Model Monitor's own runs{of}: the compatible mode says the same in {} of {}",
            count(same),
            plural(recorded, "window", "windows")
        ));
    }
    for (n, what) in [
        (
            replay.n_unmatched,
            "of Model Monitor belong to no window of the replay",
        ),
        (replay.n_rejected, "of the capture could not be read"),
        (replay.n_without_time, "have no time and belong to no window"),
    ] {
        if n > 0 {
            let (one, many) = match what.split(' ').next() {
                Some("of") if what.contains("Model") => ("output", "outputs"),
                Some("of") => ("line", "lines"),
                _ => ("row", "rows"),
            };
            out.push(format!("{} {what}", plural(n, one, many)));
        }
    }
    out
}

/// Subjects, those on which the modes differ most often first.
pub(super) fn ranked(replay: &Replay) -> Vec<(Subject, Tally)> {
    let mut out: Vec<(Subject, Tally)> = replay.tallies().into_iter().collect();
    out.sort_by_key(|(subject, tally)| {
        (
            Reverse(tally.missed + tally.suppressed),
            Reverse(tally.agreed + tally.recorded),
            subject.clone(),
        )
    });
    out
}

/// `income: drift`.
pub(super) fn sentence((topic, column): &Subject) -> String {
    let what = match topic {
        Topic::Type => "type",
        Topic::MissingValues => "missing values",
        Topic::Drift => "drift",
        Topic::Columns => "columns missing or too many",
        Topic::Categories => "values outside the known ones",
        Topic::SpecialValues => "NaN or infinities",
        Topic::Rejects => "records that cannot be read",
        Topic::Other => "other checks",
    };
    match column {
        Some(column) => format!("{column}: {what}"),
        None => what.to_owned(),
    }
}

/// Where the sides differ in a window.
pub(super) fn differences(window: &ReplayWindow) -> Vec<String> {
    let subjects = window.subjects();
    let list = |name: &str, wanted: &dyn Fn(&super::Saying) -> bool| {
        let chosen: Vec<String> = subjects
            .iter()
            .filter(|(_, saying)| wanted(saying))
            .map(|(subject, _)| sentence(subject))
            .collect();
        let shown = chosen.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
        let more = if chosen.len() > 4 {
            format!(" and {} more", chosen.len() - 4)
        } else {
            String::new()
        };
        (!chosen.is_empty()).then(|| format!("{name} {shown}{more}"))
    };
    let mut out: Vec<String> = [
        list("missed by the compatible mode:", &|saying| {
            saying.default && !saying.compat
        }),
        list("suppressed by the default:", &|saying| {
            !saying.default && saying.compat
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    if window.recorded.is_some() {
        out.extend(list("only in Model Monitor's own run:", &|saying| {
            saying.recorded && !saying.compat
        }));
        out.extend(list("not in Model Monitor's own run:", &|saying| {
            !saying.recorded && saying.compat
        }));
    }
    out
}
