//! The backtest as one self-contained HTML page in the style of the report: a picture and a table per budget.
//!
//! Decides what a page can carry; layout is in `templates/backtest/`. Computes nothing.

use super::picture::{MAX_ROWS, grid};
use super::words::{allowed, numbers, remarks, short_time, span};
use super::{Alarm, Backtest, BudgetReplay};
use crate::present::sentence;
use crate::report::chart::states;
use crate::report::clip::clip;
use crate::report::format::{count, number, plural};
use askama::Template;

const MAX_ALARMS: usize = 200;

#[derive(Template)]
#[template(path = "backtest/page.html")]
struct Page {
    title: String,
    subtitle: String,
    remarks: Vec<String>,
    budgets: Vec<BudgetView>,
    software: String,
}

struct BudgetView {
    name: String,
    alpha: String,
    n_alarms: String,
    n_alarms_in_words: String,
    n_ringing: String,
    allowed: String,
    scale: String,
    svg: Option<String>,
    n_rows_left_out: usize,
    alarms: Vec<AlarmView>,
    n_alarms_left_out: usize,
}

struct AlarmView {
    from: String,
    to: String,
    n_windows: String,
    column: String,
    severity: &'static str,
    what: String,
    numbers: String,
}

/// The page. The same backtest gives the same bytes.
pub(super) fn html(backtest: &Backtest) -> String {
    let page = Page {
        title: clip(&backtest.monitor, 80).into_owned(),
        subtitle: span(backtest),
        remarks: remarks(backtest),
        budgets: backtest
            .budgets
            .iter()
            .map(|replay| budget(backtest, replay))
            .collect(),
        software: crate::baseline::software(),
    };
    page.render().expect("rendering into a String reports no error")
}

fn budget(backtest: &Backtest, replay: &BudgetReplay) -> BudgetView {
    let n_ringing = replay.n_ringing_windows() as u64;
    let label = format!(
        "Columns over time under a budget of {}: {} ringing in {}.",
        replay.budget,
        plural(replay.alarms.len() as u64, "alarm", "alarms"),
        plural(n_ringing, "window", "windows")
    );
    let drawn = states(&grid(backtest, replay), &label);
    let scale = match drawn.as_ref().map(|(_, per_mark)| *per_mark) {
        Some(n) if n > 1 => format!("One mark is the worst of {} windows.", count(n as u64)),
        _ => String::new(),
    };
    let alarms = &replay.alarms[..replay.alarms.len().min(MAX_ALARMS)];
    BudgetView {
        name: replay.budget.to_string(),
        alpha: number(replay.alpha),
        n_alarms: count(replay.alarms.len() as u64),
        n_alarms_in_words: plural(replay.alarms.len() as u64, "alarm", "alarms"),
        n_ringing: count(n_ringing),
        allowed: allowed(backtest, replay),
        scale,
        svg: drawn.map(|(svg, _)| svg),
        n_rows_left_out: backtest.columns.len().saturating_sub(MAX_ROWS),
        alarms: alarms.iter().map(|found| alarm(backtest, found)).collect(),
        n_alarms_left_out: replay.alarms.len() - alarms.len(),
    }
}

fn alarm(backtest: &Backtest, alarm: &Alarm) -> AlarmView {
    let start = |idx: usize| backtest.windows.get(idx).map_or(0, |window| window.start);
    AlarmView {
        from: short_time(backtest.window, start(alarm.first_window)),
        to: short_time(backtest.window, start(alarm.last_window)),
        n_windows: count(alarm.n_windows as u64),
        column: clip(&alarm.column, 80).into_owned(),
        severity: alarm.severity.name(),
        what: sentence(&clip(&alarm.description, 300)),
        numbers: numbers(alarm),
    }
}
