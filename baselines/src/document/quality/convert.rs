//! Results of the library as `quality.json` has them. Does not read or write bytes.

use super::{
    CheckTwin, ConfusionTwin, CurvesTwin, DecileTwin, GainTwin, MetricTwin, PointTwin, QualityDocument,
    QuantileTwin, ReliabilityTwin,
};
use crate::quality::{
    ConfusionMatrix, GainPoint, IntervalMethod, MetricCheck, MetricOutcome, MetricValue, PredictedDecile,
    QualityResult, ReliabilityBin, ResidualQuantile, RowCounts, ThresholdPoint,
};
use std::collections::BTreeMap;

impl QualityDocument {
    /// Takes a result in.
    pub fn take_result(&mut self, result: &QualityResult) {
        result.problem.name().clone_into(&mut self.problem);
        self.confidence = result.confidence;
        self.confusion_matrix = result.confusion_matrix.as_ref().map(ConfusionTwin::from);
        self.metrics = twins(&result.metrics);
        self.not_computable = reasons(result);
        let of_class =
            |(class, metrics): (&String, &BTreeMap<String, MetricValue>)| (class.clone(), twins(metrics));
        self.per_class = result.per_class.iter().map(of_class).collect();
        self.best_constant_classifier
            .clone_from(&result.best_constant_classifier);
        self.standard_deviations.clone_from(&result.standard_deviations);
        self.curves = result.curves.as_ref().map(|curves| CurvesTwin {
            roc: curves.roc.iter().map(PointTwin::from).collect(),
            precision_recall: curves.precision_recall.iter().map(PointTwin::from).collect(),
            sweep: curves.sweep.iter().map(PointTwin::from).collect(),
            reliability: curves.reliability.iter().map(ReliabilityTwin::from).collect(),
            gain: curves.gain.iter().map(GainTwin::from).collect(),
        });
        self.residual_quantiles = result.residual_quantiles.iter().map(QuantileTwin::from).collect();
        self.predicted_deciles = result.predicted_deciles.iter().map(DecileTwin::from).collect();
        self.rows = row_counts(&result.counts);
    }
}

/// Metrics as the file has them.
pub fn twins(metrics: &BTreeMap<String, MetricValue>) -> BTreeMap<String, MetricTwin> {
    metrics
        .iter()
        .map(|(name, metric)| (name.clone(), metric.into()))
        .collect()
}

/// What could not be computed, in words.
pub fn reasons(result: &QualityResult) -> BTreeMap<String, String> {
    let reason =
        |(name, reason): (&String, &crate::quality::NotComputable)| (name.clone(), reason.to_string());
    result.not_computable.iter().map(reason).collect()
}

fn row_counts(counts: &RowCounts) -> BTreeMap<String, u64> {
    [
        ("rows", counts.n_rows),
        ("used", counts.n_used),
        ("bad_weight", counts.n_bad_weight),
        ("label_outside_classes", counts.n_label_outside),
        ("prediction_outside_classes", counts.n_prediction_outside),
        ("unusable", counts.n_unusable),
        ("scored", counts.n_scored),
        ("score_refused", counts.n_score_refused),
        ("score_clipped", counts.n_score_clipped),
        ("zero_labels", counts.n_zero_labels),
    ]
    .into_iter()
    .map(|(name, n)| (name.to_owned(), n))
    .collect()
}

impl From<&MetricValue> for MetricTwin {
    fn from(metric: &MetricValue) -> Self {
        Self {
            value: metric.value,
            low: metric.low,
            high: metric.high,
            method: metric.method.name().to_owned(),
            n: metric.n,
        }
    }
}

impl MetricTwin {
    /// The metric again. The method of an interval made by a later program is called the delta method.
    pub fn to_metric(&self) -> MetricValue {
        let known = [
            IntervalMethod::Wilson,
            IntervalMethod::DeLong,
            IntervalMethod::Newcombe,
            IntervalMethod::Delta,
            IntervalMethod::DeltaLogit,
            IntervalMethod::DeltaFisherZ,
            IntervalMethod::Mover,
            IntervalMethod::OrderStatistic,
            IntervalMethod::Bootstrap,
            IntervalMethod::Boyd,
        ];
        let method = known.into_iter().find(|method| method.name() == self.method);
        MetricValue {
            value: self.value,
            low: self.low,
            high: self.high,
            method: method.unwrap_or(IntervalMethod::Delta),
            n: self.n,
        }
    }
}

impl From<&ConfusionMatrix> for ConfusionTwin {
    fn from(matrix: &ConfusionMatrix) -> Self {
        Self {
            labels: matrix.labels.clone(),
            rows_actual: matrix.rows_actual.clone(),
            weighted_rows_actual: matrix.weighted_rows_actual.clone(),
        }
    }
}

impl From<&ThresholdPoint> for PointTwin {
    fn from(point: &ThresholdPoint) -> Self {
        Self {
            threshold: point.threshold,
            true_positive_rate: point.true_positive_rate,
            false_positive_rate: point.false_positive_rate,
            precision: point.precision,
            accuracy: point.accuracy,
            f1: point.f1,
            predicted_positive_rate: point.predicted_positive_rate,
            value_per_thousand: point.value_per_thousand,
        }
    }
}

impl From<&ReliabilityBin> for ReliabilityTwin {
    fn from(bin: &ReliabilityBin) -> Self {
        Self {
            lower_bound: bin.lower_bound,
            upper_bound: bin.upper_bound,
            n: bin.n,
            mean_probability: bin.mean_probability,
            positive_share: (&bin.positive_share).into(),
        }
    }
}

impl From<&GainPoint> for GainTwin {
    fn from(point: &GainPoint) -> Self {
        Self {
            share: point.share,
            gain: (&point.gain).into(),
            lift: point.lift,
        }
    }
}

impl From<&ResidualQuantile> for QuantileTwin {
    fn from(quantile: &ResidualQuantile) -> Self {
        Self {
            probability: quantile.probability,
            residual: (&quantile.residual).into(),
        }
    }
}

impl From<&PredictedDecile> for DecileTwin {
    fn from(decile: &PredictedDecile) -> Self {
        Self {
            lower_bound: decile.lower_bound,
            upper_bound: decile.upper_bound,
            n: decile.n,
            mean_prediction: decile.mean_prediction,
            mean_label: decile.mean_label,
            mae: (&decile.mae).into(),
            bias: (&decile.bias).into(),
        }
    }
}

impl From<&MetricCheck> for CheckTwin {
    fn from(check: &MetricCheck) -> Self {
        let (outcome, point_beyond, reason) = match &check.outcome {
            MetricOutcome::Pass { point_beyond } => ("pass", Some(*point_beyond), None),
            MetricOutcome::Breach => ("breach", None, None),
            MetricOutcome::NotEvaluated { reason } => ("not_evaluated", None, Some(reason.clone())),
        };
        Self {
            metric: check.metric.clone(),
            comparison_operator: check.constraint.operator.name().to_owned(),
            threshold: check.constraint.threshold,
            value: check.value.as_ref().map(MetricTwin::from),
            outcome: outcome.to_owned(),
            point_beyond,
            reason,
        }
    }
}
