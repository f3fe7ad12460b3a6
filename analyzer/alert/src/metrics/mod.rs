//! CloudWatch metrics as embedded metric format: lines on stdout that Lambda's logs turn into metrics.
//!
//! Limits of the specification (CloudWatch user guide, "Specification: Embedded metric format"): 100 metrics a directive, 30
//! dimensions a set, 100 values a metric, values of dimensions 1 to 1,024 ASCII characters, a document of 256 KB; of
//! CloudWatch: names of 1 to 255 characters, values within ±2^360, times at most two weeks old and two hours ahead. What breaks
//! a limit is left out and counted. Does not print.

mod model_monitor;

pub use model_monitor::{lines_of, own_metrics};

use serde::Serialize;
use std::collections::BTreeMap;

const MAX_METRICS: usize = 100;
const MAX_DIMENSIONS: usize = 30;
const MAX_VALUES: usize = 100;
const MAX_NAME: usize = 255;
const MAX_DIMENSION_VALUE: usize = 1_024;
const MAX_DOCUMENT_BYTES: usize = 256 * 1_024;
const OLDEST_SECONDS: i64 = 14 * 86_400;
const NEWEST_SECONDS: i64 = 2 * 3_600;
/// The largest number CloudWatch takes, as Clarify writes it.
const LARGEST: f64 = 2.348543e108;

/// Unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Things counted.
    Count,
    /// A plain number.
    None,
}

/// One metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// One value, or several of the same time.
    pub values: Vec<f64>,
    /// Its unit.
    pub unit: Unit,
}

impl Metric {
    /// One value.
    pub fn new(name: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self {
            name: name.into(),
            values: vec![value],
            unit,
        }
    }
}

/// Metrics of one namespace, dimensions and time.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSet {
    /// Namespace.
    pub namespace: String,
    /// Dimensions, all of which every metric has.
    pub dimensions: Vec<(String, String)>,
    /// Seconds since 1970.
    pub time: i64,
    /// The metrics.
    pub metrics: Vec<Metric>,
}

/// Lines, and what has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    /// One JSON document each, without line end.
    pub lines: Vec<String>,
    /// Metrics that break a limit.
    pub n_left_out: usize,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "_aws")]
    aws: Metadata<'a>,
    #[serde(flatten)]
    dimensions: BTreeMap<&'a str, &'a str>,
    #[serde(flatten)]
    values: BTreeMap<&'a str, Values<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [Vec<&'a str>; 1],
    metrics: Vec<Definition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: Unit,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Values<'a> {
    One(f64),
    Many(&'a [f64]),
}

impl MetricSet {
    /// Lines of at most 100 metrics and 256 KB; none where time or dimensions cannot be taken at `now`.
    pub fn lines(&self, now: i64) -> Lines {
        let in_time = (now - OLDEST_SECONDS..=now + NEWEST_SECONDS).contains(&self.time);
        let fits = |text: &str| {
            let is_ascii = text.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
            !text.trim().is_empty() && text.len() <= MAX_DIMENSION_VALUE && is_ascii
        };
        let dimensions_fit = self.dimensions.len() <= MAX_DIMENSIONS
            && self.dimensions.iter().all(|(name, value)| {
                fits(name) && name.len() <= MAX_NAME && !name.starts_with(':') && fits(value)
            });
        if !in_time || !dimensions_fit {
            return Lines {
                lines: Vec::new(),
                n_left_out: self.metrics.len(),
            };
        }
        let mut taken: Vec<Metric> = Vec::new();
        for metric in &self.metrics {
            let clashes = self.dimensions.iter().any(|(name, _)| *name == metric.name)
                || metric.name == "_aws"
                || taken.iter().any(|other| other.name == metric.name);
            let n_characters = metric.name.chars().count();
            let name_fits =
                (1..=MAX_NAME).contains(&n_characters) && !metric.name.chars().any(char::is_control);
            let values_fit = (1..=MAX_VALUES).contains(&metric.values.len())
                && metric.values.iter().all(|value| !value.is_nan());
            if !clashes && name_fits && values_fit {
                let values = metric
                    .values
                    .iter()
                    .map(|value| value.clamp(-LARGEST, LARGEST))
                    .collect();
                taken.push(Metric {
                    values,
                    ..metric.clone()
                });
            }
        }
        let n_left_out = self.metrics.len() - taken.len();
        let mut lines = Vec::new();
        for chunk in taken.chunks(MAX_METRICS) {
            self.write(chunk, &mut lines);
        }
        Lines { lines, n_left_out }
    }

    /// One line, or two halves where it is too long; a single metric is never too long.
    fn write(&self, metrics: &[Metric], lines: &mut Vec<String>) {
        let document = Document {
            aws: Metadata {
                timestamp: self.time * 1_000,
                cloud_watch_metrics: [Directive {
                    namespace: &self.namespace,
                    dimensions: [self.dimensions.iter().map(|(name, _)| name.as_str()).collect()],
                    metrics: metrics
                        .iter()
                        .map(|metric| Definition {
                            name: &metric.name,
                            unit: metric.unit,
                        })
                        .collect(),
                }],
            },
            dimensions: self
                .dimensions
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            values: metrics
                .iter()
                .map(|metric| {
                    let values = match metric.values.as_slice() {
                        [value] => Values::One(*value),
                        several => Values::Many(several),
                    };
                    (metric.name.as_str(), values)
                })
                .collect(),
        };
        let Ok(line) = serde_json::to_string(&document) else {
            return;
        };
        if line.len() <= MAX_DOCUMENT_BYTES || metrics.len() < 2 {
            lines.push(line);
            return;
        }
        let (first, second) = metrics.split_at(metrics.len() / 2);
        self.write(first, lines);
        self.write(second, lines);
    }
}

#[cfg(test)]
mod tests;
