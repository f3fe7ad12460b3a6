//! Metrics of a window: Model Monitor's own names and dimensions (contract §6.6), and Driftline's.
//!
//! | namespace | metric | value |
//! |---|---|---|
//! | Model Monitor's data | `feature_data_{f}` | numeric column: values with its minimum, maximum and mean |
//! | | `feature_non_null_{f}` | completeness |
//! | | `feature_baseline_drift_{f}` | the distance that `baseline_drift_check` compares |
//! | Model Monitor's model | `accuracy`, `auc`, … | the metric |
//! | `Driftline` | `Rows`, `Findings`, `Violations`, `Alarm`, `NotEvaluated` | of the window |
//!
//! Embedded metrics know no statistic sets: `feature_data_{f}` is a list of at most 100 values whose smallest, largest and mean
//! are the column's, so that Minimum, Maximum and Average are what they were; SampleCount and Sum are not. Where less than a
//! hundredth of the range lies between mean and an end, the mean is off by at most a hundredth of the range.

use super::{Metric, MetricSet, Unit};
use crate::fact::{Series, WindowFact};
use crate::settings::MetricSettings;
use baselines::document::verdict::{ColumnV2, Latest, NumericV1, SeverityV1, StatusV1};

/// Namespace of Driftline's own metrics.
pub(super) const OWN_NAMESPACE: &str = "Driftline";

/// Model Monitor's metrics of a window, at its start, as Model Monitor's are.
pub fn lines_of(verdict: &Latest, fact: &WindowFact, settings: &MetricSettings) -> MetricSet {
    let dimensions = [
        ("Endpoint", settings.endpoint.clone()),
        ("MonitoringSchedule", Some(settings.schedule.clone())),
    ];
    let dimensions = dimensions
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    let (namespace, metrics) = match &verdict.quality {
        Some(quality) => {
            let of = |(name, metric): (&String, &baselines::document::verdict::QualityMetricV2)| {
                Metric::new(name, metric.value, Unit::None)
            };
            (
                &settings.model_namespace,
                quality.metrics.iter().map(of).collect(),
            )
        }
        None => (
            &settings.data_namespace,
            verdict.columns.iter().flat_map(of_column).collect(),
        ),
    };
    MetricSet {
        namespace: namespace.clone(),
        dimensions,
        time: fact.start,
        metrics,
    }
}

/// Driftline's own metrics of a window; `Alarm` is 1 while an incident is open, for an alarm on it.
pub fn own_metrics(monitor: &str, verdict: &Latest, fact: &WindowFact, is_open: bool) -> MetricSet {
    let violations = verdict
        .findings
        .iter()
        .filter(|finding| finding.severity == SeverityV1::Violation)
        .count();
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let series = match fact.series {
        Series::Traffic => "traffic",
        Series::Quality => "quality",
    };
    MetricSet {
        namespace: OWN_NAMESPACE.to_owned(),
        dimensions: vec![
            ("Monitor".to_owned(), monitor.to_owned()),
            ("Series".to_owned(), series.to_owned()),
        ],
        time: fact.start,
        metrics: vec![
            Metric::new("Rows", fact.rows as f64, Unit::Count),
            Metric::new("Findings", fact.n_findings as f64, Unit::Count),
            Metric::new("Violations", violations as f64, Unit::Count),
            Metric::new("Alarm", flag(is_open), Unit::None),
            Metric::new(
                "NotEvaluated",
                flag(fact.status == StatusV1::NotEvaluated),
                Unit::None,
            ),
        ],
    }
}

fn of_column(column: &ColumnV2) -> Vec<Metric> {
    let mut metrics = Vec::new();
    let Some(current) = &column.current else {
        return metrics;
    };
    if let Some(values) = current.numeric.as_ref().and_then(values) {
        let name = format!("feature_data_{}", column.name);
        metrics.push(Metric {
            name,
            values,
            unit: Unit::Count,
        });
    }
    if let Some(share) = current.completeness {
        metrics.push(Metric::new(
            format!("feature_non_null_{}", column.name),
            share,
            Unit::None,
        ));
    }
    if let Some(distance) = distance(column) {
        metrics.push(Metric::new(
            format!("feature_baseline_drift_{}", column.name),
            distance,
            Unit::None,
        ));
    }
    metrics
}

/// What Model Monitor's drift check compares with its threshold: the one measurement by its convention that has a limit. Of the
/// chi-square test that is the p-value.
fn distance(column: &ColumnV2) -> Option<f64> {
    let found = column
        .measurements
        .iter()
        .find(|found| found.convention == "sagemaker" && found.limit.is_some())?;
    if found.method == "chi_square" {
        found.p_value
    } else {
        Some(found.statistic)
    }
}

/// Few values with the same smallest, largest and mean; fewer where three do.
fn values(numeric: &NumericV1) -> Option<Vec<f64>> {
    let (min, max) = (numeric.min, numeric.max);
    if numeric.n == 0 || !min.is_finite() || !max.is_finite() {
        return None;
    }
    if min == max {
        return Some(vec![min]);
    }
    let mean = numeric
        .mean
        .filter(|mean| mean.is_finite())
        .unwrap_or(min / 2.0 + max / 2.0)
        .clamp(min, max);
    let share = ((mean - min) / (max - min)).clamp(0.0, 1.0);
    let n = [3_usize, 10, 100]
        .into_iter()
        .find(|n| (1.0 / *n as f64..=1.0 - 1.0 / *n as f64).contains(&share))
        .unwrap_or(100);
    let n_between = (n - 2) as f64;
    let between = mean + ((mean - min) + (mean - max)) / n_between;
    let mut values = vec![between.clamp(min, max); n - 2];
    values.push(min);
    values.push(max);
    values.iter().all(|value| value.is_finite()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(min: f64, mean: f64, max: f64) -> NumericV1 {
        NumericV1 {
            n: 10,
            mean: Some(mean),
            std_dev: None,
            min,
            max,
            p05: None,
            p25: None,
            p50: None,
            p75: None,
            p95: None,
        }
    }

    /// The law: minimum and maximum are exact, the mean is exact but for a hundredth of the range at its ends.
    #[test]
    fn values_have_the_columns_minimum_maximum_and_mean() {
        for (min, mean, max) in [
            (0.0, 0.5, 1.0),
            (0.0, 0.2, 1.0),
            (-5.0, -4.9, 100.0),
            (0.0, 0.0001, 1.0),
            (0.0, 0.9999, 1.0),
            (3.0, 3.0, 3.0),
            (-1e300, 0.0, 1e300),
        ] {
            let found = values(&numeric(min, mean, max)).unwrap();
            assert!(found.len() <= 100);
            let smallest = found.iter().copied().fold(f64::INFINITY, f64::min);
            let largest = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!((smallest, largest), (min, max));
            let average = found.iter().map(|value| value / found.len() as f64).sum::<f64>();
            let off = (average - mean).abs() / (max - min).max(1.0);
            let share = (mean - min) / (max - min);
            let tolerated = if min == max || (0.01..=0.99).contains(&share) {
                1e-12
            } else {
                0.01
            };
            assert!(off <= tolerated, "{min} {mean} {max}: {average}");
        }
        assert_eq!(values(&numeric(f64::NEG_INFINITY, 0.0, 1.0)), None);
    }
}
