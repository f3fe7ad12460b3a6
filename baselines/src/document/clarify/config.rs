//! `analysis_config.json`: what a Clarify job is asked to analyse (contract §5.5).
//!
//! Every documented key has a field; one that is not documented is refused by name. What asks for more than bias
//! ([`AnalysisConfig::not_done`]) is told to whoever reads. Does not look at data.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::ANALYSIS_CONFIG_FILE;
use crate::bias::BiasMetric;
use crate::document::{DocumentError, error};

/// The configuration.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalysisConfig {
    /// `1.0`, as text or number.
    #[serde(default)]
    pub version: Option<Value>,
    /// What the data set is written in; CSV without it.
    #[serde(default)]
    pub dataset_type: DatasetType,
    /// Where the data set lies; the command's own argument stands above it.
    #[serde(default)]
    pub dataset_uri: Option<String>,
    /// Column names: features, then (in JSON) the label's and the prediction's.
    #[serde(default)]
    pub headers: Option<Vec<String>>,
    /// The label: a column's name or index, in JSON a JMESPath.
    #[serde(default)]
    pub label: Option<NameOrIndex>,
    /// The prediction: a column's name or index, in JSON a JMESPath.
    #[serde(default)]
    pub predicted_label: Option<NameOrIndex>,
    /// JSON: the JMESPath of the features.
    #[serde(default)]
    pub features: Option<String>,
    /// Predictions in a file of their own, row by row.
    #[serde(default)]
    pub predicted_label_dataset_uri: Option<String>,
    /// Its column names.
    #[serde(default)]
    pub predicted_label_headers: Option<Vec<String>>,
    /// Column that joins data sets; it is no feature.
    #[serde(default)]
    pub joinsource_name_or_index: Option<NameOrIndex>,
    /// Columns that are no features.
    #[serde(default, deserialize_with = "one_or_many")]
    pub excluded_columns: Vec<NameOrIndex>,
    /// Predictions are probabilities, positive above it.
    #[serde(default)]
    pub probability_threshold: Option<f64>,
    /// Positive label values, or the threshold above which a label is positive.
    #[serde(default, deserialize_with = "one_or_many")]
    pub label_values_or_threshold: Vec<Scalar>,
    /// The facets; Clarify takes one or a list.
    #[serde(default, deserialize_with = "one_or_many")]
    pub facet: Vec<FacetConfig>,
    /// Column that demographic disparity is conditioned on.
    #[serde(default)]
    pub group_variable: Option<NameOrIndex>,
    /// Facet columns in a file of their own, row by row.
    #[serde(default)]
    pub facet_dataset_uri: Option<String>,
    /// Its column names.
    #[serde(default)]
    pub facet_headers: Option<Vec<String>>,
    /// What to compute, by method name.
    #[serde(default)]
    pub methods: Map<String, Value>,
    /// How to call the model.
    #[serde(default)]
    pub predictor: Option<Value>,
}

/// `dataset_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum DatasetType {
    /// `text/csv`.
    #[default]
    #[serde(rename = "text/csv")]
    Csv,
    /// `application/jsonlines`.
    #[serde(rename = "application/jsonlines")]
    JsonLines,
    /// `application/json`.
    #[serde(rename = "application/json")]
    Json,
    /// `application/x-parquet`.
    #[serde(rename = "application/x-parquet")]
    Parquet,
    /// `application/x-image`: no bias analysis has it.
    #[serde(rename = "application/x-image")]
    Image,
}

/// A column by name (or JMESPath) or by index from 0.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum NameOrIndex {
    /// By index.
    Index(usize),
    /// By name.
    Name(String),
}

/// A value of a facet or label as the configuration writes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A truth value.
    Boolean(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(String),
}

impl Scalar {
    /// The number it is, also where it is written as text.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Boolean(_) => None,
            Self::Number(number) => number.as_f64(),
            Self::Text(text) => text.trim().parse().ok().filter(|value: &f64| value.is_finite()),
        }
    }

    /// Its text, as Python's `str` gives it.
    pub fn text(&self) -> String {
        match self {
            Self::Boolean(true) => "True".to_owned(),
            Self::Boolean(false) => "False".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    /// Whether it is a whole number as written.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Number(number) if number.is_i64() || number.is_u64())
    }
}

/// One facet.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FacetConfig {
    /// The column.
    pub name_or_index: NameOrIndex,
    /// Values of the group under test, or the threshold above which a row is in it; each value in turn without it.
    #[serde(default, deserialize_with = "one_or_many")]
    pub value_or_threshold: Vec<Scalar>,
}

/// `"all"`, or metrics by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum MethodList {
    /// `"all"`.
    Word(String),
    /// Names.
    Names(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BiasMethod {
    #[serde(default)]
    methods: Option<MethodList>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

fn one_or_many<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(match Option::<OneOrMany<T>>::deserialize(deserializer)? {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    })
}

impl AnalysisConfig {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path; a key that Clarify does not document is named.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let config: Self = error::from_bytes(ANALYSIS_CONFIG_FILE, bytes)?;
        if let Some(threshold) = config.probability_threshold
            && !(0.0..=1.0).contains(&threshold)
        {
            return Err(value_error(
                "probability_threshold",
                "expected a probability from 0 to 1",
            ));
        }
        Ok(config)
    }

    /// The metrics `pre_training_bias` asks for, alphabetical; `None` if the configuration does not ask for it.
    ///
    /// # Errors
    /// A metric that is not one of that stage.
    pub fn pre_training(&self) -> Result<Option<Vec<BiasMetric>>, DocumentError> {
        self.stage("pre_training_bias", &BiasMetric::PRE_TRAINING)
    }

    /// The same of `post_training_bias`.
    ///
    /// # Errors
    /// A metric that is not one of that stage.
    pub fn post_training(&self) -> Result<Option<Vec<BiasMetric>>, DocumentError> {
        self.stage("post_training_bias", &BiasMetric::POST_TRAINING)
    }

    fn stage(&self, key: &str, all: &[BiasMetric]) -> Result<Option<Vec<BiasMetric>>, DocumentError> {
        let Some(value) = self.methods.get(key) else {
            return Ok(None);
        };
        let path = format!("methods.{key}");
        let method: BiasMethod = serde_json::from_value(value.clone())
            .map_err(|_| value_error(&path, "expected {\"methods\": \"all\"} or a list of metric names"))?;
        let names = match method.methods {
            None => return Ok(Some(all.to_vec())),
            Some(MethodList::Word(word)) if word == "all" => return Ok(Some(all.to_vec())),
            Some(MethodList::Word(word)) => vec![word],
            Some(MethodList::Names(names)) if names.iter().any(|name| name == "all") => {
                return Ok(Some(all.to_vec()));
            }
            Some(MethodList::Names(names)) => names,
        };
        let known = || {
            all.iter()
                .map(|metric| metric.name())
                .collect::<Vec<_>>()
                .join(", ")
        };
        for (at, name) in names.iter().enumerate() {
            if !all.iter().any(|metric| metric.name() == name) {
                let problem = format!("no metric of this stage, expected one of {}", known());
                return Err(value_error(&format!("{path}.methods[{at}]"), &problem));
            }
        }
        Ok(Some(
            all.iter()
                .filter(|metric| names.iter().any(|name| name == metric.name()))
                .copied()
                .collect(),
        ))
    }

    /// What the configuration asks for and a bias analysis does not do: key, and what becomes of it.
    pub fn not_done(&self) -> Vec<(String, &'static str)> {
        let mut out = Vec::new();
        for key in self.methods.keys() {
            let what = match key.as_str() {
                "pre_training_bias" | "post_training_bias" => continue,
                "shap" => {
                    "attributions are not computed: they need calls of the model; give Clarify's analysis.json \
                           with --analysis to judge their drift"
                }
                "pdp" => "partial dependence plots are not made: they need calls of the model",
                "report" => "no report.html, .ipynb or .pdf is written",
                _ => "not a method Clarify documents; nothing is computed for it",
            };
            out.push((format!("methods.{key}"), what));
        }
        if self.predictor.is_some() {
            out.push((
                "predictor".to_owned(),
                "the model is not called; predictions are taken from the data",
            ));
        }
        out
    }
}

fn value_error(path: &str, problem: &str) -> DocumentError {
    DocumentError::Value {
        document: ANALYSIS_CONFIG_FILE,
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
