//! The backtest as a terminal table and in sentences that the page shares.
//!
//! Computes nothing but what the history would have allowed each budget.

use super::{Alarm, Backtest, BudgetReplay};
use crate::monitor::Length;
use crate::report::clip::clip;
use crate::report::format::{count, number, plural, small_p};
use capture::time::format_rfc3339;
use std::fmt::Write as _;

const N_ALARMS: usize = 25;
const DAY: i64 = 86_400;

/// The table.
pub(super) fn text(backtest: &Backtest) -> String {
    let mut out = String::new();
    let _infallible = writeln!(out, "Backtest of {}: {}", backtest.monitor, span(backtest));
    for line in remarks(backtest) {
        let _infallible = writeln!(out, "{line}");
    }
    let _infallible = writeln!(
        out,
        "\n  {:<18} {:>10} {:>8} {:>10}   false alarms it allows here",
        "Budget", "a run", "alarms", "ringing"
    );
    for replay in &backtest.budgets {
        let _infallible = writeln!(
            out,
            "  {:<18} {:>10} {:>8} {:>10}   {}",
            replay.budget.to_string(),
            number(replay.alpha),
            count(replay.alarms.len() as u64),
            plural(replay.n_ringing_windows() as u64, "window", "windows"),
            allowed(backtest, replay)
        );
    }
    for replay in &backtest.budgets {
        let n = plural(replay.alarms.len() as u64, "alarm", "alarms");
        let _infallible = writeln!(out, "\n{}: {n}", replay.budget);
        let shown = &replay.alarms[..replay.alarms.len().min(N_ALARMS)];
        let width = shown
            .iter()
            .map(|alarm| clip(&alarm.column, 32).chars().count())
            .max()
            .unwrap_or(0);
        for alarm in shown {
            let _infallible = writeln!(
                out,
                "  {}  {:<width$}  {:<9}  {}",
                stretch(backtest, alarm),
                clip(&alarm.column, 32),
                alarm.severity.name(),
                numbers(alarm)
            );
        }
        if replay.alarms.len() > shown.len() {
            let more = count((replay.alarms.len() - shown.len()) as u64);
            let _infallible = writeln!(out, "  … and {more} more in {}", super::BACKTEST_FILE);
        }
    }
    out
}

/// Windows, span, persistence, calibration.
pub(super) fn span(backtest: &Backtest) -> String {
    let (first, last) = (backtest.windows.first(), backtest.windows.last());
    let (start, end) = (
        first.map_or(0, |window| window.start),
        last.map_or(0, |window| window.end),
    );
    format!(
        "{} of {}, {} to {}; a column rings when {} windows find it drifted; {}",
        plural(backtest.windows.len() as u64, "window", "windows"),
        backtest.window,
        short_time(backtest.window, start),
        short_time(backtest.window, end),
        backtest.persistence,
        if backtest.calibrated {
            "limits calibrated on the baseline"
        } else {
            "limits not calibrated"
        }
    )
}

/// What a reader must know to read the rest.
pub(super) fn remarks(backtest: &Backtest) -> Vec<String> {
    let mut out = Vec::new();
    let mut say = |n: u64, one: &str, many: &str| {
        if n > 0 {
            out.push(plural(n, one, many));
        }
    };
    say(
        backtest.n_empty_windows() as u64,
        "window has no data",
        "windows have no data",
    );
    say(
        backtest.n_rejected,
        "line could not be read",
        "lines could not be read",
    );
    say(
        backtest.n_without_time,
        "row has no time and belongs to no window",
        "rows have no time and belong to no window",
    );
    let n_other = backtest
        .windows
        .iter()
        .filter(|window| window.n_other_findings > 0)
        .count();
    say(
        n_other as u64,
        "window has findings of checks outside the budget (constraints, types, categories)",
        "windows have findings of checks outside the budget (constraints, types, categories)",
    );
    out
}

/// How many false alarms the budget allows in the windows that have data.
pub(super) fn allowed(backtest: &Backtest, replay: &BudgetReplay) -> String {
    let n = (backtest.windows.len() - backtest.n_empty_windows()) as f64;
    let expected = replay.alpha * n;
    if expected < 0.1 {
        format!("{expected:.2}")
    } else {
        format!("{expected:.1}")
    }
}

/// When an alarm rang.
pub(super) fn stretch(backtest: &Backtest, alarm: &Alarm) -> String {
    let start = |idx: usize| {
        let second = backtest.windows.get(idx).map_or(0, |window| window.start);
        short_time(backtest.window, second)
    };
    let first = start(alarm.first_window);
    if alarm.first_window == alarm.last_window {
        let width = first.chars().count();
        return format!("{first}    {:width$}  {:>4}", "", 1);
    }
    format!("{first} to {}  {:>4}", start(alarm.last_window), alarm.n_windows)
}

/// Value, limit and p of an alarm's first window.
pub(super) fn numbers(alarm: &Alarm) -> String {
    let p = alarm
        .p_adjusted
        .map_or_else(String::new, |p| format!(", p {}", small_p(p)));
    format!("{} (limit {}{p})", number(alarm.value), number(alarm.limit))
}

/// `2026-11-21`, or `2026-11-21 06:00` where windows are not whole days from midnight.
pub(crate) fn short_time(window: Length, second: i64) -> String {
    let Some(time) = format_rfc3339(second) else {
        return second.to_string();
    };
    let days = window.seconds() % DAY == 0 && second.rem_euclid(DAY) == 0;
    if days {
        time.get(..10).unwrap_or(&time).to_owned()
    } else {
        format!(
            "{} {}",
            time.get(..10).unwrap_or_default(),
            time.get(11..16).unwrap_or_default()
        )
    }
}
