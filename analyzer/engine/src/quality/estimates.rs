//! Estimates before labels: CBPE for classes, DLE for numbers (`baselines::estimate`), fitted on a baseline's sample and
//! applied to a window's. Brings columns into the library's form; estimates nothing itself.

use super::gather::NO_CODE;
use super::measure::MeasureSettings;
use super::sample::{FeatureColumn, OUTSIDE, Outcome, Sample};
use baselines::document::estimate::EstimatorDocument;
use baselines::document::quality::{ConceptDriftTwin, EstimateTwin, EstimatedTwin, MetricTwin};
use baselines::estimate::{
    BinaryCbpe, BinaryReference, BinaryWindow, CalibrationTest, Dle, Estimate, Feature, MulticlassCbpe,
    MulticlassReference, MulticlassWindow, RegressionReference, RegressionWindow, concept_drift,
    estimate_error,
};
use baselines::quality::Problem;
use std::collections::BTreeMap;

/// A p-value below this speaks against the estimates.
const SIGNIFICANCE: f64 = 0.01;

/// Rows in the form the library takes.
struct Columns {
    rows: Vec<u32>,
    labels: Vec<usize>,
    predicted: Vec<usize>,
    /// Row after row.
    probabilities: Vec<f64>,
}

/// Rows with a usable prediction and probabilities (and label, if one is needed).
fn classes_of(sample: &Sample, rows: &[u32], settings: &MeasureSettings, with_label: bool) -> Columns {
    let mut columns = Columns {
        rows: Vec::new(),
        labels: Vec::new(),
        predicted: Vec::new(),
        probabilities: Vec::new(),
    };
    let Outcome::Classes(labels) = &sample.labels else {
        return columns;
    };
    for row in rows.iter().map(|row| *row as usize) {
        let label = labels[row];
        if with_label && (label == NO_CODE || label == OUTSIDE) {
            continue;
        }
        let scores = || sample.scores.iter().map(|scores| scores[row]);
        if scores().any(|score| !(0.0..=1.0).contains(&score)) {
            continue;
        }
        let predicted = match &sample.predicted {
            Some(Outcome::Classes(codes)) if !settings.threshold_decides => codes[row],
            _ if sample.problem == Problem::Binary => u32::from(sample.scores[0][row] >= settings.threshold),
            _ => {
                scores()
                    .enumerate()
                    .fold((0, f64::MIN), |best, (idx, score)| {
                        if score > best.1 { (idx as u32, score) } else { best }
                    })
                    .0
            }
        };
        if predicted == NO_CODE || predicted == OUTSIDE {
            continue;
        }
        columns.rows.push(row as u32);
        columns.labels.push(label as usize);
        columns.predicted.push(predicted as usize);
        columns.probabilities.extend(scores());
    }
    columns
}

/// Fits the estimator of a baseline; or why there is none.
pub(super) fn fit(
    sample: &Sample,
    settings: &MeasureSettings,
    features: &[String],
    seed: u64,
) -> Result<EstimatorDocument, String> {
    let all: Vec<u32> = (0..sample.len() as u32).collect();
    let failed = |error: baselines::estimate::EstimateFailure| error.to_string();
    match sample.problem {
        Problem::Binary | Problem::Multiclass if sample.scores.is_empty() => {
            Err("without a probability nothing can be estimated".to_owned())
        }
        Problem::Binary => {
            let columns = classes_of(sample, &all, settings, true);
            let label: Vec<bool> = columns.labels.iter().map(|label| *label == 1).collect();
            let prediction: Vec<bool> = columns.predicted.iter().map(|class| *class == 1).collect();
            let reference = BinaryReference {
                label: &label,
                prediction: &prediction,
                probability: &columns.probabilities,
            };
            Ok(EstimatorDocument::Binary {
                positive_class: sample.classes[1].clone(),
                estimator: BinaryCbpe::fit(reference, seed).map_err(failed)?,
            })
        }
        Problem::Multiclass => {
            let columns = classes_of(sample, &all, settings, true);
            let reference = MulticlassReference {
                classes: sample.classes.len(),
                label: &columns.labels,
                prediction: &columns.predicted,
                probability: &columns.probabilities,
            };
            Ok(EstimatorDocument::Multiclass {
                classes: sample.classes.clone(),
                estimator: MulticlassCbpe::fit(reference, seed).map_err(failed)?,
            })
        }
        Problem::Regression if features.is_empty() => {
            Err("a regression's estimator needs the features: give them with --schema".to_owned())
        }
        Problem::Regression => {
            let (Outcome::Numbers(labels), Some(Outcome::Numbers(predicted))) =
                (&sample.labels, &sample.predicted)
            else {
                return Err("the sample is no regression".to_owned());
            };
            let rows: Vec<u32> = all
                .into_iter()
                .filter(|row| labels[*row as usize].is_finite() && predicted[*row as usize].is_finite())
                .collect();
            let held = held_features(sample, features, &rows, None)?;
            let columns: Vec<Feature<'_>> = held.iter().map(HeldFeature::view).collect();
            let picked = |values: &[f64]| rows.iter().map(|row| values[*row as usize]).collect::<Vec<_>>();
            let (label, prediction) = (picked(labels), picked(predicted));
            let reference = RegressionReference {
                features: &columns,
                label: &label,
                prediction: &prediction,
            };
            Ok(EstimatorDocument::Regression {
                features: features.to_vec(),
                estimator: Dle::fit(reference).map_err(failed)?,
            })
        }
    }
}

/// A feature's values for chosen rows.
pub(super) enum HeldFeature<'a> {
    Numbers(Vec<f64>),
    Categories(Vec<Option<&'a str>>),
}

impl HeldFeature<'_> {
    pub(super) fn view(&self) -> Feature<'_> {
        match self {
            Self::Numbers(values) => Feature::Number(values),
            Self::Categories(values) => Feature::Category(values),
        }
    }

    /// A column at `rows`, as numbers or not as `numeric` says (else as it is).
    pub(super) fn of<'a>(column: &'a FeatureColumn, rows: &[u32], numeric: Option<bool>) -> HeldFeature<'a> {
        if numeric.unwrap_or(column.is_numeric) {
            HeldFeature::Numbers(rows.iter().map(|row| column.numbers[*row as usize]).collect())
        } else {
            let text = |row: &u32| {
                column
                    .texts
                    .get(column.codes[*row as usize] as usize)
                    .map(String::as_str)
            };
            HeldFeature::Categories(rows.iter().map(text).collect())
        }
    }
}

fn held_features<'a>(
    sample: &'a Sample,
    names: &[String],
    rows: &[u32],
    fitted: Option<&Dle>,
) -> Result<Vec<HeldFeature<'a>>, String> {
    use baselines::estimate::FeatureEncoding;
    let encodings = fitted
        .and_then(|dle| dle.models.values().next())
        .map(|model| &model.encodings);
    names
        .iter()
        .enumerate()
        .map(|(idx, name)| {
            let column = sample
                .features
                .iter()
                .find(|column| column.name == *name)
                .ok_or_else(|| format!("the window has no feature `{name}`"))?;
            let numeric = encodings
                .and_then(|encodings| encodings.get(idx))
                .map(|encoding| matches!(encoding, FeatureEncoding::Number { .. }));
            Ok(HeldFeature::of(column, rows, numeric))
        })
        .collect()
}

/// Estimates for `rows`, by the metric names of `quality`; the number of rows they rest on.
pub(super) fn estimate(
    estimator: &EstimatorDocument,
    sample: &Sample,
    rows: &[u32],
    settings: &MeasureSettings,
) -> Result<(u64, BTreeMap<String, Estimate>), String> {
    let failed = |error: baselines::estimate::EstimateFailure| error.to_string();
    let named = |estimates: baselines::estimate::ClassificationEstimates, prefix: &str| {
        let metrics = estimates.metrics.into_iter().filter_map(|(metric, found)| {
            let name = match metric.name() {
                "roc_auc" => "auc",
                name => name,
            };
            let name = if prefix.is_empty() || name == "accuracy" {
                name.to_owned()
            } else {
                format!("{prefix}{name}")
            };
            Some((name, found.ok()?))
        });
        (estimates.n_rows, metrics.collect())
    };
    match (estimator, sample.problem) {
        (
            EstimatorDocument::Binary {
                positive_class,
                estimator,
            },
            Problem::Binary,
        ) => {
            if sample.scores.is_empty() {
                return Err("the window has no probability".to_owned());
            }
            if sample.classes.get(1) != Some(positive_class) {
                return Err(format!(
                    "the estimator was fitted for the positive class `{positive_class}`"
                ));
            }
            let columns = classes_of(sample, rows, settings, false);
            let prediction: Vec<bool> = columns.predicted.iter().map(|class| *class == 1).collect();
            let window = BinaryWindow {
                prediction: &prediction,
                probability: &columns.probabilities,
            };
            Ok(named(estimator.estimate(window).map_err(failed)?, ""))
        }
        (EstimatorDocument::Multiclass { classes, estimator }, Problem::Multiclass) => {
            if *classes != sample.classes || sample.scores.is_empty() {
                return Err("the window's classes or probabilities are not those of the baseline".to_owned());
            }
            let columns = classes_of(sample, rows, settings, false);
            let window = MulticlassWindow {
                prediction: &columns.predicted,
                probability: &columns.probabilities,
            };
            Ok(named(estimator.estimate(window).map_err(failed)?, "macro_"))
        }
        (EstimatorDocument::Regression { features, estimator }, Problem::Regression) => {
            let Some(Outcome::Numbers(predicted)) = &sample.predicted else {
                return Err("the window has no prediction".to_owned());
            };
            let usable: Vec<u32> = rows
                .iter()
                .copied()
                .filter(|row| predicted[*row as usize].is_finite())
                .collect();
            let held = held_features(sample, features, &usable, Some(estimator))?;
            let columns: Vec<Feature<'_>> = held.iter().map(HeldFeature::view).collect();
            let prediction: Vec<f64> = usable.iter().map(|row| predicted[*row as usize]).collect();
            let window = RegressionWindow {
                features: &columns,
                prediction: &prediction,
            };
            let estimates = estimator.estimate(window).map_err(failed)?;
            let metrics = estimates.metrics.into_iter();
            let metrics = metrics.filter_map(|(metric, found)| Some((metric.name().to_owned(), found.ok()?)));
            Ok((estimates.n_rows, metrics.collect()))
        }
        _ => Err("the estimator was fitted for another problem".to_owned()),
    }
}

/// An estimate as the file has it, with its error once `realised` is known.
pub(super) fn twin(found: &Estimate, realised: Option<f64>) -> EstimatedTwin {
    let error = realised.and_then(|realised| estimate_error(found, realised));
    EstimatedTwin {
        value: found.value,
        low: found.low,
        high: found.high,
        realised: error.map(|error| error.realised),
        error: error.map(|error| error.error),
        within_band: error.and_then(|error| error.within_band),
    }
}

/// The estimates of a window, with their error on the labelled rows and the test of their assumption.
pub(super) fn describe(
    estimator: &EstimatorDocument,
    sample: &Sample,
    metrics: &BTreeMap<String, MetricTwin>,
    settings: &MeasureSettings,
) -> Result<EstimateTwin, String> {
    let all: Vec<u32> = (0..sample.len() as u32).collect();
    let (n, found) = estimate(estimator, sample, &all, settings)?;
    let realised = |name: &str| metrics.get(name).map(|metric| metric.value);
    let method = if matches!(estimator, EstimatorDocument::Regression { .. }) {
        "dle"
    } else {
        "cbpe"
    };
    Ok(EstimateTwin {
        method: method.to_owned(),
        n,
        metrics: found.iter().map(|(name, found)| (name.clone(), twin(found, realised(name)))).collect(),
        assumptions: vec![
            "the relation between features and label is that of the baseline (no concept drift): an estimate follows a shift of the inputs and nothing else".to_owned(),
            "the band is three standard errors of sampling and does not hold a violated assumption".to_owned(),
        ],
        concept_drift: drift(estimator, sample, settings),
    })
}

/// Whether the labels there are follow the calibrated probabilities.
fn drift(
    estimator: &EstimatorDocument,
    sample: &Sample,
    settings: &MeasureSettings,
) -> Option<ConceptDriftTwin> {
    let all: Vec<u32> = (0..sample.len() as u32).collect();
    let columns = classes_of(sample, &all, settings, true);
    let (probability, label): (Vec<f64>, Vec<bool>) = match estimator {
        EstimatorDocument::Binary { estimator, .. } => {
            let probability = estimator.calibrate(&columns.probabilities)?;
            (
                probability,
                columns.labels.iter().map(|label| *label == 1).collect(),
            )
        }
        EstimatorDocument::Multiclass { classes, estimator } => {
            // Of each row the probability of the class it was given, and whether that was right.
            let calibrated = estimator.calibrate(&columns.probabilities).ok()?;
            let each = columns.predicted.iter().zip(&columns.labels).enumerate();
            each.map(|(row, (class, label))| (calibrated[row * classes.len() + class], class == label))
                .unzip()
        }
        EstimatorDocument::Regression { .. } => return None,
    };
    let n_calibration = match estimator {
        EstimatorDocument::Binary { estimator, .. } => Some(estimator.counts.n_rows()),
        EstimatorDocument::Multiclass { estimator, .. } => Some(estimator.counts.n_rows()),
        EstimatorDocument::Regression { .. } => None,
    };
    let evidence = concept_drift(&probability, &label, n_calibration).ok()?;
    let name = |test: CalibrationTest| match test {
        CalibrationTest::Spiegelhalter => "spiegelhalter_z",
        CalibrationTest::HosmerLemeshow => "hosmer_lemeshow_chi_square",
        CalibrationTest::InTheLarge => "in_the_large_z",
    };
    let tests = evidence.tests.iter().flatten();
    Some(ConceptDriftTwin {
        n: evidence.n_rows,
        excess_rate: evidence.excess_rate,
        p_value: evidence.p_value,
        statistics: tests
            .map(|test| (name(test.test).to_owned(), test.statistic))
            .collect(),
        is_drift: evidence.p_value < SIGNIFICANCE,
    })
}
