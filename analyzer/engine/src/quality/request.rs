//! What a quality run is asked for. Does not read anything.

use super::attribute::Attribute;
use crate::scan::ScanSettings;
use baselines::bias::{ATTRIBUTION_LIMIT, AllowedRange, BiasMetric};
use baselines::quality::{Problem, QualityConvention, QualityOptions, QualityPolicy};
use capture::schema::Schema;
use std::collections::BTreeMap;
use store::{Location, StoreOptions};

/// Which columns are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QualityColumns {
    /// The predicted class or value.
    pub prediction: Option<Attribute>,
    /// The positive class's probability, or one per class in the order of the classes.
    pub probability: Vec<Attribute>,
    /// The label, in ground-truth tables, in JSON labels, and in a baseline's data.
    pub label: Option<Attribute>,
    /// The id in tables of predictions.
    pub id: Option<Attribute>,
    /// The time in tables of predictions.
    pub time: Option<Attribute>,
    /// The id in tables of ground truth.
    pub ground_truth_id: Option<Attribute>,
    /// The time a label became known, in tables of ground truth.
    pub label_time: Option<Attribute>,
}

/// How classes are to be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClassSettings {
    /// All classes, in order; binary: negative, positive.
    pub classes: Option<Vec<String>>,
    /// The positive class.
    pub positive: Option<String>,
    /// Score from which a row is predicted positive.
    pub threshold: Option<f64>,
}

/// Which rows a facet holds.
#[derive(Debug, Clone, PartialEq)]
pub enum FacetRows {
    /// Each value in turn, where there are few.
    EachValue,
    /// Rows with any of these values.
    Values(Vec<String>),
    /// Rows above a threshold.
    Above(f64),
}

/// A facet to look at for bias.
#[derive(Debug, Clone, PartialEq)]
pub struct FacetRequest {
    /// Column.
    pub column: String,
    /// Its rows under test.
    pub rows: FacetRows,
}

/// Which outcome counts as the positive one for bias.
#[derive(Debug, Clone, PartialEq)]
pub enum PositiveOutcome {
    /// Any of these classes.
    Classes(Vec<String>),
    /// A number above this.
    Above(f64),
}

/// What is asked of bias and of attributions.
#[derive(Debug, Clone, PartialEq)]
pub struct BiasSettings {
    /// Facets for bias metrics.
    pub facets: Vec<FacetRequest>,
    /// Column that demographic disparity is conditioned on.
    pub group: Option<String>,
    /// The positive outcome; a binary problem's positive class without it.
    pub positive: Option<PositiveOutcome>,
    /// Allowed values by metric; the others have the usual range.
    pub ranges: BTreeMap<BiasMetric, AllowedRange>,
    /// Columns of feature attributions among the outputs: a prefix, or a path into JSON.
    pub attributions: Option<String>,
    /// nDCG below which attributions have drifted.
    pub attribution_limit: f64,
    /// Clarify's `analysis.json` with the baseline's bias metrics, or attributions, or both.
    pub clarify: Vec<Location>,
}

impl Default for BiasSettings {
    fn default() -> Self {
        Self {
            facets: Vec::new(),
            group: None,
            positive: None,
            ranges: BTreeMap::new(),
            attributions: None,
            attribution_limit: ATTRIBUTION_LIMIT,
            clarify: Vec::new(),
        }
    }
}

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct QualityRequest {
    /// Predictions: capture, batch-transform output, or a table.
    pub capture: Location,
    /// Labels.
    pub ground_truth: Location,
    /// The model-quality baseline.
    pub baseline: Location,
    /// Binary, multiclass, regression.
    pub problem: Problem,
    /// Which columns are meant.
    pub columns: QualityColumns,
    /// How classes are read.
    pub classes: ClassSettings,
    /// Column roles where neither arguments nor the baseline say them.
    pub schema: Option<Schema>,
    /// Columns whose values are segments.
    pub segments: Vec<String>,
    /// Whether weak segments are searched for.
    pub find_segments: bool,
    /// Bias and attributions.
    pub bias: BiasSettings,
    /// The labelled data of the baseline: with it, the change of the loss is divided among the features.
    pub explain: Option<Location>,
    /// Capture's sampling percentage over time.
    pub sampling: Option<Location>,
    /// Options of the library.
    pub options: QualityOptions,
    /// How the result is judged.
    pub policy: QualityPolicy,
    /// What time it is, for label maturity; without it the latest time in the data.
    pub as_of: Option<i64>,
    /// Where label delays are learnt from and kept; the output without it.
    pub history: Option<Location>,
    /// Whether merged records are written.
    pub merged: bool,
    /// Where results go.
    pub output: Location,
    /// How to read; holds the window.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub store: StoreOptions,
    /// What the report calls it.
    pub title: Option<String>,
}

/// Name of a convention in documents.
pub(crate) fn convention_name(convention: QualityConvention) -> &'static str {
    match convention {
        QualityConvention::House => "house",
        QualityConvention::Sagemaker => "sagemaker",
    }
}
