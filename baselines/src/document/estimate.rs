//! `estimate.json`: the fitted label-free estimator that lies beside a baseline.
//!
//! JSON, versioned. For classification the calibration knots and the error components, for regression the error
//! trees as columns of numbers. Does not know the rows it was fitted on, but holds the levels of categorical features.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::canonical;
use super::error::{DocumentError, from_bytes as read};
use crate::estimate::{
    BinaryCbpe, Calibration, Dle, FeatureEncoding, Forest, Isotonic, MulticlassCbpe, RankingError,
    ReferenceCounts, RegressionMetric, RegressionModel, ResamplingError, Tree,
};

const DOCUMENT: &str = "estimate.json";

/// A fitted estimator with the names a window must be matched by.
#[derive(Debug, Clone, PartialEq)]
pub enum EstimatorDocument {
    /// Two classes.
    Binary {
        /// The label value that is the positive class.
        positive_class: String,
        /// The estimator.
        estimator: BinaryCbpe,
    },
    /// More classes.
    Multiclass {
        /// Class names; the position is the index that the estimator knows.
        classes: Vec<String>,
        /// The estimator.
        estimator: MulticlassCbpe,
    },
    /// A regression.
    Regression {
        /// Feature columns in the estimator's order, without the prediction.
        features: Vec<String>,
        /// The estimator.
        estimator: Dle,
    },
}

#[derive(Deserialize)]
struct VersionOnly {
    version: String,
}

#[derive(Serialize, Deserialize)]
struct V1 {
    version: String,
    #[serde(flatten)]
    estimator: EstimatorV1,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "lowercase")]
enum EstimatorV1 {
    Binary {
        positive_class: String,
        n_rows: u64,
        confusion_matrix_rows_actual: Vec<Vec<u64>>,
        class: ClassV1,
    },
    Multiclass {
        n_rows: u64,
        confusion_matrix_rows_actual: Vec<Vec<u64>>,
        classes: Vec<NamedClassV1>,
    },
    Regression {
        features: Vec<String>,
        models: BTreeMap<String, ModelV1>,
    },
}

#[derive(Serialize, Deserialize)]
struct NamedClassV1 {
    name: String,
    class: ClassV1,
}

#[derive(Serialize, Deserialize)]
struct ClassV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    isotonic: Option<KnotsV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auc_error: Option<RankingV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    average_precision_error: Option<ResamplingV1>,
}

#[derive(Serialize, Deserialize)]
struct KnotsV1 {
    score: Vec<f64>,
    probability: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
struct RankingV1 {
    variance: f64,
    fraction: f64,
}

#[derive(Serialize, Deserialize)]
struct ResamplingV1 {
    variance: f64,
    n_rows: u64,
}

#[derive(Serialize, Deserialize)]
struct ModelV1 {
    error_mean: f64,
    error_variance: f64,
    encodings: Vec<EncodingV1>,
    base: f64,
    trees: Vec<TreeV1>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum EncodingV1 {
    Number {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fill: Option<f64>,
    },
    Category {
        levels: Vec<(String, f64)>,
        missing: f64,
        unknown: f64,
    },
}

#[derive(Serialize, Deserialize)]
struct TreeV1 {
    feature: Vec<u32>,
    threshold: Vec<f64>,
    left: Vec<u32>,
    right: Vec<u32>,
    missing: Vec<u32>,
}

/// Canonical bytes.
///
/// # Errors
/// A number that is not finite, which no fitted estimator holds.
pub fn to_bytes(document: &EstimatorDocument) -> Result<Vec<u8>, DocumentError> {
    let estimator = match document {
        EstimatorDocument::Binary {
            positive_class,
            estimator,
        } => EstimatorV1::Binary {
            positive_class: positive_class.clone(),
            n_rows: estimator.counts.n_rows(),
            confusion_matrix_rows_actual: estimator.counts.rows_actual.clone(),
            class: ClassV1::of(&estimator.calibration, estimator.ranking, estimator.resampling),
        },
        EstimatorDocument::Multiclass { classes, estimator } => EstimatorV1::Multiclass {
            n_rows: estimator.counts.n_rows(),
            confusion_matrix_rows_actual: estimator.counts.rows_actual.clone(),
            classes: classes
                .iter()
                .zip(&estimator.calibrations)
                .zip(estimator.ranking.iter().zip(&estimator.resampling))
                .map(|((name, calibration), (ranking, resampling))| NamedClassV1 {
                    name: name.clone(),
                    class: ClassV1::of(calibration, *ranking, *resampling),
                })
                .collect(),
        },
        EstimatorDocument::Regression { features, estimator } => EstimatorV1::Regression {
            features: features.clone(),
            models: estimator
                .models
                .iter()
                .map(|(metric, model)| (metric.name().to_owned(), ModelV1::of(model)))
                .collect(),
        },
    };
    canonical::to_bytes(
        DOCUMENT,
        &V1 {
            version: "1".to_owned(),
            estimator,
        },
    )
}

/// Reads a document and checks that it can be applied.
///
/// # Errors
/// Damage, another shape, a newer version, or numbers that no fitted estimator has.
pub fn from_bytes(bytes: &[u8]) -> Result<EstimatorDocument, DocumentError> {
    let VersionOnly { version } = read(DOCUMENT, bytes)?;
    if version != "1" {
        return Err(DocumentError::Version {
            document: DOCUMENT,
            found: version,
            supported: "1",
        });
    }
    let document: V1 = read(DOCUMENT, bytes)?;
    match document.estimator {
        EstimatorV1::Binary {
            positive_class,
            confusion_matrix_rows_actual,
            class,
            ..
        } => {
            let (calibration, ranking, resampling) = class.into_parts("class")?;
            Ok(EstimatorDocument::Binary {
                positive_class,
                estimator: BinaryCbpe {
                    calibration,
                    counts: counts(confusion_matrix_rows_actual, 2)?,
                    ranking,
                    resampling,
                },
            })
        }
        EstimatorV1::Multiclass {
            confusion_matrix_rows_actual,
            classes,
            ..
        } => {
            let counts = counts(confusion_matrix_rows_actual, classes.len())?;
            let mut names = Vec::new();
            let mut estimator = MulticlassCbpe {
                calibrations: Vec::new(),
                counts,
                ranking: Vec::new(),
                resampling: Vec::new(),
            };
            for (at, named) in classes.into_iter().enumerate() {
                let (calibration, ranking, resampling) =
                    named.class.into_parts(&format!("classes[{at}].class"))?;
                names.push(named.name);
                estimator.calibrations.push(calibration);
                estimator.ranking.push(ranking);
                estimator.resampling.push(resampling);
            }
            Ok(EstimatorDocument::Multiclass {
                classes: names,
                estimator,
            })
        }
        EstimatorV1::Regression { features, models } => {
            let mut estimator = Dle {
                models: BTreeMap::new(),
            };
            for (name, model) in models {
                let metric = RegressionMetric::ALL
                    .into_iter()
                    .find(|metric| metric.name() == name && metric.is_base())
                    .ok_or_else(|| unusable("models", "a key that names no row error"))?;
                estimator
                    .models
                    .insert(metric, model.into_model(&name, features.len())?);
            }
            Ok(EstimatorDocument::Regression { features, estimator })
        }
    }
}

fn unusable(path: &str, problem: &str) -> DocumentError {
    DocumentError::Value {
        document: DOCUMENT,
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

fn counts(rows_actual: Vec<Vec<u64>>, classes: usize) -> Result<ReferenceCounts, DocumentError> {
    let square = rows_actual.len() == classes && rows_actual.iter().all(|row| row.len() == classes);
    let total = rows_actual
        .iter()
        .flatten()
        .try_fold(0u64, |sum, &count| sum.checked_add(count));
    if classes < 2 || !square || total.is_none_or(|total| total == 0) {
        return Err(unusable(
            "confusion_matrix_rows_actual",
            "not a square table of counts over the classes",
        ));
    }
    Ok(ReferenceCounts { rows_actual })
}

type Parts = (Calibration, Option<RankingError>, Option<ResamplingError>);

impl ClassV1 {
    fn of(
        calibration: &Calibration,
        ranking: Option<RankingError>,
        resampling: Option<ResamplingError>,
    ) -> Self {
        let isotonic = match calibration {
            Calibration::AsGiven => None,
            Calibration::Isotonic(isotonic) => {
                let (score, probability) = isotonic.knots();
                Some(KnotsV1 {
                    score: score.to_vec(),
                    probability: probability.to_vec(),
                })
            }
        };
        Self {
            isotonic,
            auc_error: ranking.map(|error| RankingV1 {
                variance: error.variance,
                fraction: error.fraction,
            }),
            average_precision_error: resampling.map(|error| ResamplingV1 {
                variance: error.variance,
                n_rows: error.n_rows,
            }),
        }
    }

    fn into_parts(self, path: &str) -> Result<Parts, DocumentError> {
        let calibration = match self.isotonic {
            None => Calibration::AsGiven,
            Some(knots) => Isotonic::from_knots(knots.score, knots.probability)
                .map(Calibration::Isotonic)
                .ok_or_else(|| unusable(&format!("{path}.isotonic"), "not a rising function into 0–1"))?,
        };
        let ranking = self.auc_error.map(|e| RankingError {
            variance: e.variance,
            fraction: e.fraction,
        });
        if ranking.is_some_and(|e| !(e.variance >= 0.0 && e.fraction > 0.0 && e.fraction <= 1.0)) {
            return Err(unusable(
                &format!("{path}.auc_error"),
                "no variance with a share above 0",
            ));
        }
        let resampling = self.average_precision_error.map(|e| ResamplingError {
            variance: e.variance,
            n_rows: e.n_rows,
        });
        if resampling.is_some_and(|e| e.variance < 0.0) {
            return Err(unusable(
                &format!("{path}.average_precision_error"),
                "a negative variance",
            ));
        }
        Ok((calibration, ranking, resampling))
    }
}

impl ModelV1 {
    fn of(model: &RegressionModel) -> Self {
        let encodings = model.encodings.iter().map(|encoding| match encoding {
            FeatureEncoding::Number { fill } => EncodingV1::Number { fill: *fill },
            FeatureEncoding::Category {
                levels,
                missing,
                unknown,
            } => EncodingV1::Category {
                levels: levels.clone(),
                missing: *missing,
                unknown: *unknown,
            },
        });
        let trees = model.forest.trees.iter().map(|tree| TreeV1 {
            feature: tree.feature.clone(),
            threshold: tree.threshold.clone(),
            left: tree.left.clone(),
            right: tree.right.clone(),
            missing: tree.missing.clone(),
        });
        Self {
            error_mean: model.error_mean,
            error_variance: model.error_variance,
            encodings: encodings.collect(),
            base: model.forest.base,
            trees: trees.collect(),
        }
    }

    fn into_model(self, name: &str, n_features: usize) -> Result<RegressionModel, DocumentError> {
        let trees = self.trees.into_iter().map(|tree| Tree {
            feature: tree.feature,
            threshold: tree.threshold,
            left: tree.left,
            right: tree.right,
            missing: tree.missing,
        });
        let forest = Forest {
            base: self.base,
            trees: trees.collect(),
        };
        if self.encodings.len() != n_features {
            return Err(unusable(
                &format!("models.{name}.encodings"),
                "not one encoding per feature",
            ));
        }
        // The prediction is one more column.
        if !forest.is_sound(n_features + 1) {
            return Err(unusable(
                &format!("models.{name}.trees"),
                "nodes that do not make trees",
            ));
        }
        if !(self.error_mean >= 0.0 && self.error_variance >= 0.0) {
            return Err(unusable(&format!("models.{name}"), "negative error moments"));
        }
        let encodings = self.encodings.into_iter().map(|encoding| match encoding {
            EncodingV1::Number { fill } => FeatureEncoding::Number { fill },
            EncodingV1::Category {
                levels,
                missing,
                unknown,
            } => FeatureEncoding::Category {
                levels,
                missing,
                unknown,
            },
        });
        let encodings: Vec<FeatureEncoding> = encodings.collect();
        if !encodings.iter().all(FeatureEncoding::is_sound) {
            return Err(unusable(
                &format!("models.{name}.encodings"),
                "a number that is not finite",
            ));
        }
        Ok(RegressionModel {
            encodings,
            forest,
            error_mean: self.error_mean,
            error_variance: self.error_variance,
        })
    }
}
