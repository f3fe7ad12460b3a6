//! CloudWatch metrics as Model Monitor's images hand them over: JSON Lines in a file that the platform picks up
//! (contract §6.6).
//!
//! | run | name | value |
//! |---|---|---|
//! | data quality | `feature_data_{f}` | sample count, sum, minimum, maximum of a numeric column |
//! | | `feature_non_null_{f}` | completeness, 0 to 1 |
//! | | `feature_baseline_drift_{f}` | the distance that `baseline_drift_check` compares with its threshold |
//! | model quality | as in `statistics.json` | the metric |
//!
//! A number that does not exist is no line; what is beyond CloudWatch's range becomes its end, as Clarify does it
//! (±2.348543e108 is 2^360). Pure: does not write the file.

use baselines::compare::{Convention, Method};
use baselines::constraint::{CategoricalDriftMethod, ComparisonMethod, Constraints};
use baselines::document::model_monitor::{Metric as QualityMetric, NumberOrText, Statistics};
use baselines::judge::Verdict;
use baselines::summary::DatasetSummary;
use serde::Serialize;
use std::collections::BTreeMap;

/// The file below `/opt/ml/output/metrics/cloudwatch`.
pub(crate) const FILE: &str = "cloudwatch_metrics.jsonl";
/// The largest number CloudWatch takes, as Clarify writes it.
const LARGEST: f64 = 2.348543e108;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
    metric_name: &'a str,
    timestamp: &'a str,
    dimensions: &'a [Dimension],
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic_values: Option<StatisticValues>,
    unit: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    name: &'static str,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticValues {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

/// One metric: a number, or the statistics of several.
#[derive(Debug, Clone, PartialEq)]
enum Reading {
    Value(f64),
    Set(StatisticValues),
}

/// Metrics of a run, by name.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    readings: Vec<(String, Reading)>,
}

/// Whose metrics they are, and of when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels {
    pub(crate) timestamp: String,
    pub(crate) endpoint: Option<String>,
    pub(crate) schedule: Option<String>,
}

impl Metrics {
    /// Of the columns of a window; `verdict` where they were held against a baseline.
    pub(crate) fn of_columns(
        current: &DatasetSummary,
        constraints: &Constraints,
        verdict: Option<&Verdict>,
    ) -> Self {
        let mut metrics = Self::default();
        for column in &current.columns {
            let emits = constraints
                .feature(&column.name)
                .map_or(constraints.monitoring.emit_metrics, |feature| {
                    constraints.emits_metrics(feature)
                });
            if !emits {
                continue;
            }
            if let Some(numeric) = &column.numeric {
                let set = StatisticValues {
                    sample_count: numeric.n as f64,
                    sum: numeric.sum,
                    minimum: numeric.min,
                    maximum: numeric.max,
                };
                metrics
                    .readings
                    .push((format!("feature_data_{}", column.name), Reading::Set(set)));
            }
            if let Some(share) = column.counts.completeness() {
                metrics.push(format!("feature_non_null_{}", column.name), share);
            }
            if let Some(verdict) = verdict
                && let Some(distance) = distance(&column.name, verdict, constraints)
            {
                metrics.push(format!("feature_baseline_drift_{}", column.name), distance);
            }
        }
        metrics
    }

    /// Of a model-quality run: every metric of its statistics.
    pub(crate) fn of_quality(statistics: &Statistics) -> Self {
        let classification = statistics
            .binary_classification_metrics
            .as_ref()
            .or(statistics.multiclass_classification_metrics.as_ref())
            .map(|found| &found.metrics);
        let empty: BTreeMap<String, QualityMetric> = BTreeMap::new();
        let found = classification
            .or(statistics.regression_metrics.as_ref())
            .unwrap_or(&empty);
        let mut metrics = Self::default();
        for (name, metric) in found {
            let value = match metric.value {
                NumberOrText::Number(value) => value,
                NumberOrText::PositiveInfinity => f64::INFINITY,
                NumberOrText::NegativeInfinity => f64::NEG_INFINITY,
                NumberOrText::NotANumber => continue,
            };
            metrics.push(name.clone(), value);
        }
        metrics
    }

    fn push(&mut self, name: String, value: f64) {
        if !value.is_nan() {
            self.readings.push((name, Reading::Value(value)));
        }
    }

    /// The file's bytes, a metric per line.
    pub(crate) fn to_bytes(&self, labels: &Labels) -> Vec<u8> {
        let named = [
            ("Endpoint", &labels.endpoint),
            ("MonitoringSchedule", &labels.schedule),
        ];
        let dimensions: Vec<Dimension> = named
            .into_iter()
            .filter_map(|(name, value)| {
                let value = value.clone()?;
                Some(Dimension { name, value })
            })
            .collect();
        let mut bytes = Vec::new();
        for (name, reading) in &self.readings {
            let (value, statistic_values) = match reading {
                Reading::Value(value) => (Some(within(*value)), None),
                Reading::Set(set) => (None, Some(set.within())),
            };
            let line = Line {
                metric_name: name,
                timestamp: &labels.timestamp,
                dimensions: &dimensions,
                value,
                statistic_values,
                unit: if value.is_some() { "None" } else { "Count" },
            };
            if let Ok(text) = serde_json::to_string(&line) {
                bytes.extend_from_slice(text.as_bytes());
                bytes.push(b'\n');
            }
        }
        bytes
    }
}

impl StatisticValues {
    fn within(self) -> Self {
        Self {
            sample_count: within(self.sample_count),
            sum: within(self.sum),
            minimum: within(self.minimum),
            maximum: within(self.maximum),
        }
    }
}

fn within(value: f64) -> f64 {
    value.clamp(-LARGEST, LARGEST)
}

/// The distance of a column by the method its constraints name.
fn distance(name: &str, verdict: &Verdict, constraints: &Constraints) -> Option<f64> {
    let distribution = &constraints.monitoring.distribution;
    if !distribution.perform_comparison {
        return None;
    }
    let report = verdict.columns.iter().find(|report| report.name == name)?;
    let found = |method: Method| {
        let measured = report
            .measured
            .iter()
            .find(|found| found.method == method && found.convention == Convention::Sagemaker)?;
        measured.outcome.as_ref().ok()
    };
    // Only columns that the baseline takes for categories are measured by it.
    let is_test = distribution.categorical_drift_method == CategoricalDriftMethod::ChiSquared;
    if is_test && let Some(measurement) = found(Method::ChiSquare) {
        return measurement.p_value;
    }
    let method = match distribution.comparison_method {
        ComparisonMethod::Simple => Method::LInfinity,
        ComparisonMethod::Robust => Method::LInfinityRobust,
    };
    found(method).map(|measurement| measurement.statistic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn lines(metrics: &Metrics, labels: &Labels) -> Vec<Value> {
        let bytes = metrics.to_bytes(labels);
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The form of contract §6.6; CloudWatch's range ends at 2^360 = 2.3485425827738332e108 (Python 3: `2.0 ** 360`).
    #[test]
    fn a_line_is_what_the_platform_reads() {
        let mut metrics = Metrics::default();
        metrics.push("a".to_owned(), 0.5);
        metrics.push("b".to_owned(), f64::NAN);
        metrics.push("c".to_owned(), f64::INFINITY);
        metrics.push("d".to_owned(), f64::NEG_INFINITY);
        let set = StatisticValues {
            sample_count: 10.0,
            sum: 1.0,
            minimum: 0.0,
            maximum: 1.0,
        };
        metrics
            .readings
            .push(("feature_data_age".to_owned(), Reading::Set(set)));
        let labels = Labels {
            timestamp: "2019-11-26T03:00:00Z".to_owned(),
            endpoint: Some("e".to_owned()),
            schedule: Some("s".to_owned()),
        };
        let found = lines(&metrics, &labels);
        let names: Vec<&str> = found
            .iter()
            .map(|line| line["MetricName"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["a", "c", "d", "feature_data_age"], "no line for a NaN");
        assert_eq!(found[0]["Value"], 0.5);
        assert_eq!(
            (&found[1]["Value"], &found[2]["Value"]),
            (&json!(2.348543e108), &json!(-2.348543e108))
        );
        assert_eq!(
            found[3],
            json!({"MetricName": "feature_data_age", "Timestamp": "2019-11-26T03:00:00Z",
                "Dimensions": [{"Name": "Endpoint", "Value": "e"}, {"Name": "MonitoringSchedule", "Value": "s"}],
                "StatisticValues": {"SampleCount": 10.0, "Sum": 1.0, "Minimum": 0.0, "Maximum": 1.0}, "Unit": "Count"})
        );
        assert!(
            found
                .iter()
                .all(|line| line.get("Value").is_some() != line.get("StatisticValues").is_some())
        );
        let batch = Labels {
            endpoint: None,
            ..labels
        };
        assert_eq!(
            lines(&metrics, &batch)[0]["Dimensions"],
            json!([{"Name": "MonitoringSchedule", "Value": "s"}])
        );
    }
}
