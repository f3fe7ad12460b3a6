//! The quality report of one window: is the model still as good as it was, before and after labels arrive.
//!
//! ```text
//! quality result → QualityPage (plain data, numbers as text) → html → quality.html
//! ```
//!
//! Like the drift report's, the model holds ready strings and chart data; whoever fills it decides what is said. It
//! knows no metric and no result type, and it does not know HTML.

mod chart;
mod html;
#[cfg(test)]
mod tests;

pub(crate) use chart::history as draw_history;
pub use html::html;

use super::model::{Fact, Finding, Method, NotEvaluated, Status};

/// Everything one quality page shows. `Default` is the page of nothing: not evaluated, no metrics.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QualityPage {
    /// What was analysed, for example `churn / AllTraffic`.
    pub title: String,
    /// The line below it: the window in words, and the revision.
    pub subtitle: String,
    /// Outcome.
    pub status: Status,
    /// One sentence that says it.
    pub headline: String,
    /// Predictions, labels, coverage now and expected, when it is final, revision.
    pub facts: Vec<Fact>,
    /// Limits that were passed, worst first.
    pub findings: Vec<Finding>,
    /// Metrics of the window, the most important first. The page draws all of them.
    pub metrics: Vec<MetricRow>,
    /// Actual classes by predicted ones.
    pub confusion: Option<ConfusionMatrix>,
    /// Curves in the unit square: ROC, precision and recall, reliability, gain.
    pub curves: Vec<Curve>,
    /// Metrics from window to window.
    pub history: Vec<MetricHistory>,
    /// The window by segments, worst first.
    pub segments: Vec<SegmentRow>,
    /// Which metric the segments are measured by, for example `recall`.
    pub segment_metric: String,
    /// Features ranked by what they add to the change of the metric.
    pub causes: Vec<CauseRow>,
    /// What the causes add up to, in a sentence.
    pub causes_note: String,
    /// What was not evaluated, and why.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Methods, assumptions, conventions.
    pub methods: Vec<Method>,
    /// Closing lines.
    pub footer: Vec<String>,
}

/// Whether a number was seen or is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    /// From labels.
    #[default]
    Realised,
    /// Without labels, by CBPE or DLE.
    Estimated,
}

impl Basis {
    /// The word people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Realised => "realised",
            Self::Estimated => "estimated",
        }
    }
}

/// One metric of the window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricRow {
    /// Its name, for example `recall`.
    pub name: String,
    /// From labels or estimated.
    pub basis: Basis,
    /// Its value.
    pub value: String,
    /// Its interval, for example `0.71 to 0.78`; may be empty.
    pub interval: String,
    /// The baseline's value; may be empty.
    pub baseline: String,
    /// The limit, with its operator; may be empty.
    pub limit: String,
    /// How the interval was made, or why there is no value.
    pub method: String,
    /// Outcome for this metric.
    pub status: Status,
}

impl MetricRow {
    /// Whether it was held against anything; of the others there is no status to show.
    pub fn is_judged(&self) -> bool {
        !self.limit.is_empty() || self.status != Status::NotEvaluated
    }
}

/// Rows are actual classes, columns predicted ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConfusionMatrix {
    /// Class names, in the order of rows and columns.
    pub labels: Vec<String>,
    /// Counts (weighted ones may be fractional); as many rows and columns as labels.
    pub rows_actual: Vec<Vec<f64>>,
}

/// Lines in the unit square.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// For example `ROC curve`.
    pub heading: String,
    /// For example `False positive rate`.
    pub x_label: String,
    /// For example `True positive rate`.
    pub y_label: String,
    /// One sentence that says what is to be seen.
    pub summary: String,
    /// The window's curve, points with both coordinates in 0 to 1.
    pub current: Vec<(f64, f64)>,
    /// What it is compared with: the baseline's curve, the diagonal of chance.
    pub reference: Vec<(f64, f64)>,
    /// What the reference is, for example `baseline`.
    pub reference_name: String,
}

/// A value with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Interval {
    /// The value.
    pub value: f64,
    /// Lower end; the value itself where there is no interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One window of a metric's history.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistoryPoint {
    /// The window, short, for example `Nov 20`.
    pub label: String,
    /// What the labels say.
    pub realised: Option<Interval>,
    /// What was expected before they came.
    pub estimated: Option<Interval>,
    /// Whether the labels are not complete yet.
    pub provisional: bool,
}

/// A metric from window to window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricHistory {
    /// The metric's name.
    pub metric: String,
    /// One sentence that says what is to be seen.
    pub summary: String,
    /// Windows in time order.
    pub points: Vec<HistoryPoint>,
    /// The limit, drawn as a line.
    pub limit: Option<f64>,
    /// The baseline's value, drawn as a line.
    pub baseline: Option<f64>,
}

/// One segment of the window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SegmentRow {
    /// For example `region = north and plan = basic`.
    pub segment: String,
    /// Labelled rows in it.
    pub rows: String,
    /// The metric's value.
    pub value: String,
    /// Its interval.
    pub interval: String,
    /// Against the rest of the window, with the corrected p-value.
    pub against_rest: String,
    /// Outcome.
    pub status: Status,
}

/// One feature's share in the change of the metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CauseRow {
    /// Feature.
    pub feature: String,
    /// How far it has drifted.
    pub drift: String,
    /// How much the loss depends on it.
    pub importance: String,
    /// What it adds to the change of the metric.
    pub contribution: String,
}
