//! A replay as rows of states: the columns that rang first, then those that were flagged.
//!
//! Does not draw (`report::chart`).

use super::words::short_time;
use super::{Backtest, BudgetReplay, Cell};
use crate::report::chart::{State, StateGrid};

/// Rows drawn, at most.
pub(super) const MAX_ROWS: usize = 30;

/// The columns worth drawing, most ringing windows first, ties in the order of the baseline.
pub(super) fn rows_of(backtest: &Backtest, replay: &BudgetReplay) -> Vec<usize> {
    let count = |column: usize, state: Cell| replay.cells.iter().filter(|row| row[column] == state).count();
    let mut ranked: Vec<(usize, usize, usize)> = (0..backtest.columns.len())
        .map(|idx| (count(idx, Cell::Alarm), count(idx, Cell::Flagged), idx))
        .collect();
    ranked.sort_by_key(|(alarms, flags, idx)| (std::cmp::Reverse((*alarms, *flags)), *idx));
    ranked.into_iter().map(|(_, _, idx)| idx).collect()
}

/// The grid of one budget.
pub(super) fn grid(backtest: &Backtest, replay: &BudgetReplay) -> StateGrid {
    let rows = rows_of(backtest, replay).into_iter().take(MAX_ROWS);
    let state = |cell: &Cell| match cell {
        Cell::NoData | Cell::NotEvaluated => State::Unknown,
        Cell::Quiet => State::Quiet,
        Cell::Flagged => State::Flagged,
        Cell::Alarm => State::Rings,
    };
    StateGrid {
        places: backtest
            .windows
            .iter()
            .map(|window| short_time(backtest.window, window.start))
            .collect(),
        rows: rows
            .map(|idx| {
                let states = replay.cells.iter().filter_map(|row| row.get(idx)).map(state);
                (backtest.columns[idx].clone(), states.collect())
            })
            .collect(),
    }
}
