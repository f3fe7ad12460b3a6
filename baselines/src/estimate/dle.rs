//! Direct loss estimation of a regression: a second model learns each row's error from the features.
//!
//! Gradient-boosted trees are fitted on the baseline's row errors (|e|, |e|/|y|, e², squared log error) against the
//! features and the prediction; a window's metric is the mean of their predictions, negative ones taken as 0. Source:
//! NannyML 0.13.1 `performance_estimation.direct_loss_estimation`. Does not know where features come from.

use std::collections::BTreeMap;

use super::encoding::FeatureEncoding;
use super::estimates::{
    Estimate, EstimateFailure, RegressionEstimates, RegressionMetric, enough_rows, same_length,
};
use super::forest::Forest;
use super::sampling_error::population_variance;

/// One feature, a value per row.
#[derive(Debug, Clone, Copy)]
pub enum Feature<'a> {
    /// Numbers; NaN is missing.
    Number(&'a [f64]),
    /// Categories; `None` is missing.
    Category(&'a [Option<&'a str>]),
}

impl Feature<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Category(values) => values.len(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Category(_) => "a category",
        }
    }
}

/// Labelled rows to fit on; all slices have one value per row.
#[derive(Debug, Clone, Copy)]
pub struct RegressionReference<'a> {
    /// Features in a fixed order.
    pub features: &'a [Feature<'a>],
    /// Realised values.
    pub label: &'a [f64],
    /// Predicted values.
    pub prediction: &'a [f64],
}

/// Unlabelled rows of a window, features in the baseline's order.
#[derive(Debug, Clone, Copy)]
pub struct RegressionWindow<'a> {
    /// Features.
    pub features: &'a [Feature<'a>],
    /// Predicted values.
    pub prediction: &'a [f64],
}

/// The model of one kind of row error.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionModel {
    /// How features are read; the prediction is the last column and always a number.
    pub encodings: Vec<FeatureEncoding>,
    /// Predicts a row's error.
    pub forest: Forest,
    /// Mean of the row errors on the baseline.
    pub error_mean: f64,
    /// Population variance of the row errors on the baseline.
    pub error_variance: f64,
}

/// The fitted estimator of a regression model.
#[derive(Debug, Clone, PartialEq)]
pub struct Dle {
    /// By the metric that is the plain mean of the row error: `Mae`, `Mape`, `Mse` and, where no baseline value was
    /// negative, `Msle`.
    pub models: BTreeMap<RegressionMetric, RegressionModel>,
}

impl RegressionMetric {
    /// The metric whose row errors this one averages.
    fn base(self) -> Self {
        match self {
            Self::Rmse => Self::Mse,
            Self::Rmsle => Self::Msle,
            other => other,
        }
    }

    /// Whether this metric is the plain mean of a row error.
    pub(crate) fn is_base(self) -> bool {
        self.base() == self
    }

    /// Error of one row; `None` where it is not defined.
    pub(super) fn row_error(self, label: f64, prediction: f64) -> Option<f64> {
        let error = (label - prediction).abs();
        match self.base() {
            Self::Mae => Some(error),
            Self::Mape => Some(error / label.abs().max(f64::EPSILON)),
            Self::Mse => Some(error * error),
            _ if label < 0.0 || prediction < 0.0 => None,
            _ => Some((label.ln_1p() - prediction.ln_1p()).powi(2)),
        }
    }
}

impl Dle {
    /// Fits on a labelled baseline.
    ///
    /// # Errors
    /// Slices of different lengths, fewer than [`MIN_REFERENCE_ROWS`](super::MIN_REFERENCE_ROWS) rows, a label or
    /// prediction that is not finite, errors that overflow.
    pub fn fit(reference: RegressionReference<'_>) -> Result<Self, EstimateFailure> {
        let RegressionReference {
            features,
            label,
            prediction,
        } = reference;
        same_length("the predictions", prediction.len(), label.len())?;
        for feature in features {
            same_length("a feature", feature.len(), label.len())?;
        }
        all_finite("label", label)?;
        all_finite("prediction", prediction)?;
        enough_rows(label.len())?;
        let mut models = BTreeMap::new();
        for metric in RegressionMetric::ALL
            .into_iter()
            .filter(|metric| metric.is_base())
        {
            let errors: Option<Vec<f64>> = label
                .iter()
                .zip(prediction)
                .map(|(&label, &found)| metric.row_error(label, found))
                .collect();
            if let Some(errors) = errors {
                models.insert(metric, RegressionModel::fit(features, prediction, &errors)?);
            }
        }
        Ok(Self { models })
    }

    /// Estimates every metric of a window.
    ///
    /// # Errors
    /// No rows, slices of different lengths, other features than the baseline's, a prediction that is not finite.
    pub fn estimate(&self, window: RegressionWindow<'_>) -> Result<RegressionEstimates, EstimateFailure> {
        let RegressionWindow { features, prediction } = window;
        if prediction.is_empty() {
            return Err(EstimateFailure::EmptyWindow);
        }
        all_finite("prediction", prediction)?;
        let n = prediction.len() as f64;
        let mut metrics = BTreeMap::new();
        for (&base, model) in &self.models {
            let mean = model.mean_error(features, prediction)?;
            for metric in RegressionMetric::ALL
                .into_iter()
                .filter(|metric| metric.base() == base)
            {
                let (value, error) = if metric == base {
                    (mean, (model.error_variance / n).sqrt())
                } else {
                    (
                        mean.sqrt(),
                        (model.error_variance / (4.0 * n * model.error_mean)).sqrt(),
                    )
                };
                metrics.insert(
                    metric,
                    Estimate::with_band(value, Some(error), [0.0, f64::INFINITY]),
                );
            }
        }
        Ok(RegressionEstimates {
            n_rows: prediction.len() as u64,
            metrics,
        })
    }
}

impl RegressionModel {
    fn fit(features: &[Feature<'_>], prediction: &[f64], errors: &[f64]) -> Result<Self, EstimateFailure> {
        let encodings: Vec<FeatureEncoding> = features
            .iter()
            .map(|feature| FeatureEncoding::fit(feature, errors))
            .collect();
        let error_mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let error_variance = population_variance(errors);
        if !(error_mean.is_finite() && error_variance.is_finite()) {
            return Err(EstimateFailure::Overflow { what: "errors" });
        }
        let columns = encoded(&encodings, features, prediction)?;
        Ok(Self {
            forest: Forest::grow(&columns, errors)?,
            encodings,
            error_mean,
            error_variance,
        })
    }

    fn mean_error(&self, features: &[Feature<'_>], prediction: &[f64]) -> Result<f64, EstimateFailure> {
        let columns = encoded(&self.encodings, features, prediction)?;
        let errors = self.forest.predict(&columns, prediction.len());
        Ok(errors.iter().map(|error| error.max(0.0)).sum::<f64>() / prediction.len() as f64)
    }
}

fn encoded(
    encodings: &[FeatureEncoding],
    features: &[Feature<'_>],
    prediction: &[f64],
) -> Result<Vec<Vec<f64>>, EstimateFailure> {
    same_length("the feature list", features.len(), encodings.len())?;
    let mut columns = Vec::with_capacity(features.len() + 1);
    for (at, (encoding, feature)) in encodings.iter().zip(features).enumerate() {
        same_length("a feature", feature.len(), prediction.len())?;
        columns.push(encoding.encode(feature).ok_or(EstimateFailure::FeatureKind {
            feature: at,
            found: feature.kind(),
            expected: encoding.kind(),
        })?);
    }
    columns.push(prediction.to_vec());
    Ok(columns)
}

fn all_finite(what: &'static str, values: &[f64]) -> Result<(), EstimateFailure> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(EstimateFailure::NotFinite { what, row }),
        None => Ok(()),
    }
}
