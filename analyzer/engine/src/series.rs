//! A series of numbers in the order of time: one column of a file, or one metric of stored verdicts.
//!
//! Does not know detectors. Order of a file is the order of its rows; order of a history is that of its windows.

mod file;
mod history;

pub use file::read_file;
pub use history::{Metric, read_history};

use baselines::view::CellClass;

/// One value of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The value.
    pub value: f64,
    /// When: as the file says it, or the window's start.
    pub time: Option<String>,
    /// Where it stands: the row of the file from 1, or the window of the history from 1.
    pub position: u64,
}

/// A series, and what was left out of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// In order.
    pub points: Vec<Point>,
    /// Rows without a value, or windows without the metric.
    pub n_missing: u64,
}

/// One cell as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What it is.
    pub class: CellClass,
    /// Its value, where it is a number.
    pub number: f64,
    /// Its text.
    pub text: String,
}
