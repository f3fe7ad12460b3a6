//! `driftline timeline`: windows side by side. What the inputs did, what was estimated of the model's quality before
//! labels came, and what the labels said then.
//!
//! ```text
//! */latest.json → rN/quality.json ─┐
//!                                  ├─ windows, joined by their times → timeline.json, timeline.html, text
//! */verdict.json (drift) ──────────┘
//! ```
//!
//! Reads finished documents and sets them beside one another: it measures nothing and judges nothing.

mod page;
mod read;
#[cfg(test)]
mod tests;
mod words;

pub use read::read;

use crate::error::{EngineError, ErrorKind};
use crate::output::write_all;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Location, StoreOptions};

/// The page's file name.
pub const TIMELINE_PAGE: &str = "timeline.html";
/// The document's file name.
pub const TIMELINE_FILE: &str = "timeline.json";
/// Metrics by which windows are compared, the first that any window has; those behind it are drawn too.
const PRINCIPAL: [&str; 8] = [
    "auc",
    "accuracy",
    "f1",
    "rmse",
    "mae",
    "macro_f1",
    "precision",
    "recall",
];

/// Which windows are wanted.
#[derive(Debug, Clone)]
pub struct TimelineRequest {
    /// Folder of the outputs of `driftline quality`, one folder per window.
    pub quality: Location,
    /// Folder of the outputs of `driftline analyze`; the same folder is looked through without it.
    pub drift: Option<Location>,
    /// The metric by which windows are compared.
    pub metric: Option<String>,
    /// What the page calls it.
    pub title: Option<String>,
    /// How to reach stores.
    pub store: StoreOptions,
}

/// Windows in the order of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timeline {
    /// `"1"`.
    pub version: &'static str,
    /// Name and version of the program.
    pub software: String,
    /// What it is a timeline of.
    pub title: String,
    /// The metric by which windows are compared; empty where no window has one.
    pub metric: String,
    /// Windows by start, end.
    pub windows: Vec<TimelineWindow>,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TimelineWindow {
    /// First time inside; absent where open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// First time outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// What the data-quality verdict says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftSeen>,
    /// What was known of its quality, revision by revision.
    pub revisions: Vec<RevisionSeen>,
}

/// A verdict in short.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct DriftSeen {
    /// `pass`, `violated` or `not_evaluated`.
    pub status: &'static str,
    /// Findings of any kind.
    pub n_findings: u64,
    /// Of them, what says that a column's distribution moved: column → the farthest value found.
    pub moved: BTreeMap<String, f64>,
}

/// One revision of a window's quality.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RevisionSeen {
    /// From 1.
    pub revision: u32,
    /// The instant it speaks of; absent where nothing has a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// `pass`, `violated` or `not_evaluated`.
    pub status: String,
    /// Rows predicted.
    pub n_predictions: u64,
    /// Rows with a label.
    pub n_labelled: u64,
    /// Share of rows with a label.
    pub coverage: f64,
    /// Whether all labels are there that will ever come, to 98 %.
    pub is_final: bool,
    /// Metrics.
    pub metrics: BTreeMap<String, MetricSeen>,
}

/// A metric as one revision has it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct MetricSeen {
    /// Without labels, with its band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated: Option<ValueSeen>,
    /// From labels, with its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realised: Option<ValueSeen>,
    /// What it is held against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Whether it is worse above the threshold (an error) or below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worse_above: Option<bool>,
}

/// A value and the ends of its interval or band.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct ValueSeen {
    /// The value.
    pub value: f64,
    /// Lower end; the value itself where there is none.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl MetricSeen {
    /// Whether the whole band of the estimate is worse than the threshold; `None` without one of the two.
    pub fn estimate_is_worse(&self) -> Option<bool> {
        let (estimated, threshold) = (self.estimated?, self.threshold?);
        Some(if self.worse_above? {
            estimated.low > threshold
        } else {
            estimated.high < threshold
        })
    }
}

impl TimelineWindow {
    /// The first revision that estimates `metric`: what was known before the labels.
    pub fn first_estimate(&self, metric: &str) -> Option<(&RevisionSeen, MetricSeen)> {
        self.revisions.iter().find_map(|revision| {
            let found = revision.metrics.get(metric)?;
            found.estimated.map(|_| (revision, *found))
        })
    }

    /// The newest revision.
    pub fn newest(&self) -> Option<&RevisionSeen> {
        self.revisions.last()
    }
}

impl Timeline {
    /// `timeline.json`. The same documents give the same bytes.
    pub fn document(&self) -> Result<Vec<u8>, EngineError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| {
            EngineError::new(ErrorKind::Internal, format!("{TIMELINE_FILE} cannot be written"))
                .with_source(error)
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// `timeline.html`.
    pub fn page(&self) -> String {
        page::html(self)
    }

    /// One line per window.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for window in &self.windows {
            text.push_str(&words::line(self, window));
            text.push('\n');
        }
        text
    }

    /// Writes the document and the page; gives where each is.
    pub async fn write(&self, output: &Location, options: &StoreOptions) -> Result<Vec<String>, EngineError> {
        let documents = vec![
            (TIMELINE_PAGE, self.page().into_bytes()),
            (TIMELINE_FILE, self.document()?),
        ];
        write_all(output, options, documents).await
    }
}
