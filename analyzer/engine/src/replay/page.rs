//! The replay as one self-contained HTML page in the style of the report: a picture per mode, and where they differ.
//!
//! Decides what a page can carry; layout is in `templates/replay/`. Computes nothing.

use super::words::{differences, ranked, remarks, sentence};
use super::{Replay, ReplayWindow, Saying, Subject};
use crate::backtest::words::short_time;
use crate::report::chart::{State, StateGrid, states};
use crate::report::clip::clip;
use crate::report::format::{count, plural};
use askama::Template;

const MAX_ROWS: usize = 30;
const MAX_SUBJECTS: usize = 200;
const MAX_WINDOWS: usize = 200;

#[derive(Template)]
#[template(path = "replay/page.html")]
struct Page {
    title: String,
    remarks: Vec<String>,
    with_recorded: bool,
    pictures: Vec<Picture>,
    subjects: Vec<SubjectView>,
    n_subjects_left_out: usize,
    windows: Vec<WindowView>,
    n_windows_left_out: usize,
    software: String,
}

struct Picture {
    name: &'static str,
    lead: &'static str,
    scale: String,
    svg: Option<String>,
}

struct SubjectView {
    name: String,
    agreed: String,
    missed: String,
    suppressed: String,
    recorded: String,
}

struct WindowView {
    start: String,
    rows: String,
    differences: Vec<String>,
}

/// The page. The same replay gives the same bytes.
pub(super) fn html(replay: &Replay) -> String {
    let subjects = ranked(replay);
    let with_recorded = replay.n_recorded().0 > 0;
    let mut pictures = vec![
        picture(
            replay,
            &subjects,
            "Default mode",
            "What Driftline finds: a full bar is a finding.",
            |saying| saying.default,
            |_| true,
        ),
        picture(
            replay,
            &subjects,
            "Compatible mode",
            "What Model Monitor's image would have said.",
            |saying| saying.compat,
            |_| true,
        ),
    ];
    if with_recorded {
        pictures.push(picture(
            replay,
            &subjects,
            "Model Monitor's own runs",
            "What its files say.",
            |saying| saying.recorded,
            |window| window.recorded.is_some(),
        ));
    }
    let differ: Vec<&ReplayWindow> = replay
        .windows
        .iter()
        .filter(|window| !differences(window).is_empty())
        .collect();
    let page = Page {
        title: clip(&replay.title, 80).into_owned(),
        remarks: remarks(replay),
        with_recorded,
        pictures,
        subjects: subjects
            .iter()
            .take(MAX_SUBJECTS)
            .map(|(subject, tally)| SubjectView {
                name: clip(&sentence(subject), 80).into_owned(),
                agreed: count(tally.agreed),
                missed: count(tally.missed),
                suppressed: count(tally.suppressed),
                recorded: count(tally.recorded),
            })
            .collect(),
        n_subjects_left_out: subjects.len().saturating_sub(MAX_SUBJECTS),
        windows: differ
            .iter()
            .take(MAX_WINDOWS)
            .map(|window| WindowView {
                start: short_time(replay.every, window.start),
                rows: count(window.n_rows),
                differences: differences(window),
            })
            .collect(),
        n_windows_left_out: differ.len().saturating_sub(MAX_WINDOWS),
        software: crate::baseline::software(),
    };
    page.render().expect("rendering into a String reports no error")
}

fn picture(
    replay: &Replay,
    subjects: &[(Subject, super::Tally)],
    name: &'static str,
    lead: &'static str,
    says: fn(&Saying) -> bool,
    judged: fn(&ReplayWindow) -> bool,
) -> Picture {
    let said: Vec<_> = replay.windows.iter().map(ReplayWindow::subjects).collect();
    let state = |(window, said): (&ReplayWindow, &std::collections::BTreeMap<Subject, Saying>),
                 subject: &Subject| {
        if window.n_rows == 0 || !judged(window) {
            State::Unknown
        } else if said.get(subject).is_some_and(says) {
            State::Rings
        } else {
            State::Quiet
        }
    };
    let grid = StateGrid {
        places: replay
            .windows
            .iter()
            .map(|window| short_time(replay.every, window.start))
            .collect(),
        rows: subjects
            .iter()
            .take(MAX_ROWS)
            .map(|(subject, _)| {
                let states = replay.windows.iter().zip(&said).map(|pair| state(pair, subject));
                (sentence(subject), states.collect())
            })
            .collect(),
    };
    let n = said.iter().filter(|said| said.values().any(says)).count() as u64;
    let label = format!("{name}: findings in {}.", plural(n, "window", "windows"));
    let drawn = states(&grid, &label);
    let scale = match drawn.as_ref().map(|(_, per_mark)| *per_mark) {
        Some(n) if n > 1 => format!("One mark is the worst of {} windows.", count(n as u64)),
        _ => String::new(),
    };
    Picture {
        name,
        lead,
        scale,
        svg: drawn.map(|(svg, _)| svg),
    }
}
