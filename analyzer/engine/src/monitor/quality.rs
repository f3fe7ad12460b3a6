//! `[quality]`: how good the predictions are, as `driftline quality` measures it.
//!
//! Values are checked where their place in the file is known. Which columns there are, and whether they exist, is the
//! run's to say (`quality`).

use crate::error::EngineError;
use crate::quality::{Attribute, BiasSettings, ClassSettings, QualityColumns, facet, outcome, range};
use baselines::bias::{AllowedRange, BiasMetric};
use baselines::quality::{QualityConvention, QualityPolicy, ValueMatrix};
use serde::de::{Error as _, SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use store::Location;
use toml::Spanned;

/// `[quality]`.
#[derive(Debug, Clone, PartialEq)]
pub struct QualitySettings {
    /// Folder of the model-quality baseline; the monitor's without it.
    pub baseline: Option<Location>,
    /// Which columns are meant.
    pub columns: QualityColumns,
    /// How classes are read.
    pub classes: ClassSettings,
    /// Columns whose values are segments.
    pub segments: Vec<String>,
    /// Whether weak segments are searched for.
    pub find_segments: bool,
    /// Bias and attributions.
    pub bias: BiasSettings,
    /// The labelled data of the baseline.
    pub explain: Option<Location>,
    /// Capture's sampling percentage over time.
    pub sampling: Option<Location>,
    /// What each cell of the confusion matrix is worth.
    pub value_matrix: Option<ValueMatrix>,
    /// How the result is judged.
    pub policy: QualityPolicy,
    /// Where label delays are learnt from and kept.
    pub history: Option<Location>,
    /// Whether merged records are written.
    pub merged: bool,
}

impl Default for QualitySettings {
    /// Nothing named; the library's policy; merged records are written.
    fn default() -> Self {
        Self {
            baseline: None,
            columns: QualityColumns::default(),
            classes: ClassSettings::default(),
            segments: Vec::new(),
            find_segments: false,
            bias: BiasSettings::default(),
            explain: None,
            sampling: None,
            value_matrix: None,
            policy: QualityPolicy::default(),
            history: None,
            merged: true,
        }
    }
}

/// `[quality]` as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    baseline: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "one")]
    prediction: Option<Attribute>,
    #[serde(default, deserialize_with = "one_or_more")]
    probability: Vec<Attribute>,
    #[serde(default, deserialize_with = "one")]
    label: Option<Attribute>,
    #[serde(default, deserialize_with = "one")]
    id: Option<Attribute>,
    #[serde(default, deserialize_with = "one")]
    time: Option<Attribute>,
    #[serde(default, deserialize_with = "one")]
    ground_truth_id: Option<Attribute>,
    #[serde(default, deserialize_with = "one")]
    label_time: Option<Attribute>,
    #[serde(default, deserialize_with = "number")]
    threshold: Option<f64>,
    positive_label: Option<String>,
    classes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "value_matrix")]
    value_matrix: Option<ValueMatrix>,
    #[serde(default)]
    segments: Vec<String>,
    #[serde(default)]
    find_segments: bool,
    #[serde(default)]
    facets: Vec<Facet>,
    group: Option<String>,
    bias_outcome: Option<Outcome>,
    #[serde(default, deserialize_with = "ranges")]
    bias_ranges: BTreeMap<BiasMetric, AllowedRange>,
    attributions: Option<String>,
    #[serde(default, deserialize_with = "super::file::share")]
    attribution_limit: Option<f64>,
    #[serde(default)]
    clarify: Vec<Spanned<String>>,
    explain: Option<Spanned<String>>,
    sampling: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "super::file::share")]
    min_coverage: Option<f64>,
    min_labels: Option<u64>,
    #[serde(default)]
    convention: WrittenConvention,
    history: Option<Spanned<String>>,
    merged: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenConvention {
    #[default]
    House,
    Sagemaker,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Facet(crate::quality::FacetRequest);

impl TryFrom<String> for Facet {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        facet(&text)
            .map(Self)
            .map_err(|error| format!("a facet {}, expected {}", error.what, error.hint))
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Outcome(crate::quality::PositiveOutcome);

impl TryFrom<String> for Outcome {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        outcome(&text)
            .map(Self)
            .map_err(|error| format!("bias_outcome {}, expected {}", error.what, error.hint))
    }
}

impl Written {
    /// The settings, locations resolved by `place`.
    pub(super) fn settings(
        self,
        place: impl Fn(&str, &Spanned<String>) -> Result<Location, EngineError>,
    ) -> Result<QualitySettings, EngineError> {
        let at = |key: &str, written: &Option<Spanned<String>>| {
            written.as_ref().map(|written| place(key, written)).transpose()
        };
        let default = QualityPolicy::default();
        let bias = BiasSettings::default();
        Ok(QualitySettings {
            baseline: at("baseline", &self.baseline)?,
            columns: QualityColumns {
                prediction: self.prediction,
                probability: self.probability,
                label: self.label,
                id: self.id,
                time: self.time,
                ground_truth_id: self.ground_truth_id,
                label_time: self.label_time,
            },
            classes: ClassSettings {
                classes: self.classes.filter(|classes| !classes.is_empty()),
                positive: self.positive_label,
                threshold: self.threshold,
            },
            segments: self.segments,
            find_segments: self.find_segments,
            bias: BiasSettings {
                facets: self.facets.into_iter().map(|facet| facet.0).collect(),
                group: self.group,
                positive: self.bias_outcome.map(|outcome| outcome.0),
                ranges: self.bias_ranges,
                attributions: self.attributions,
                attribution_limit: self.attribution_limit.unwrap_or(bias.attribution_limit),
                clarify: self
                    .clarify
                    .iter()
                    .map(|written| place("clarify", written))
                    .collect::<Result<_, _>>()?,
            },
            explain: at("explain", &self.explain)?,
            sampling: at("sampling", &self.sampling)?,
            value_matrix: self.value_matrix,
            policy: QualityPolicy {
                convention: match self.convention {
                    WrittenConvention::House => QualityConvention::House,
                    WrittenConvention::Sagemaker => QualityConvention::Sagemaker,
                },
                min_coverage: self.min_coverage.unwrap_or(default.min_coverage),
                min_labels: self.min_labels.unwrap_or(default.min_labels),
                ..default
            },
            history: at("history", &self.history)?,
            merged: self.merged.unwrap_or(true),
        })
    }
}

/// A column: its name, or its position from 0.
struct ColumnVisitor;

impl Visitor<'_> for ColumnVisitor {
    type Value = Attribute;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's name, or its position from 0")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Attribute, E> {
        if text.trim().is_empty() {
            return Err(E::custom(
                "a column without a name, expected its name or its position from 0",
            ));
        }
        Ok(Attribute::parse(text))
    }

    fn visit_i64<E: serde::de::Error>(self, position: i64) -> Result<Attribute, E> {
        usize::try_from(position).map(Attribute::Index).map_err(|_| {
            E::custom(format!(
                "{position} is no position, expected a whole number from 0"
            ))
        })
    }
}

struct Column(Attribute);

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ColumnVisitor).map(Self)
    }
}

fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Attribute>, D::Error> {
    Column::deserialize(deserializer).map(|column| Some(column.0))
}

fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Attribute>, D::Error> {
    struct Columns;

    impl<'de> Visitor<'de> for Columns {
        type Value = Vec<Attribute>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a column's name or position, or a list of them")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            ColumnVisitor.visit_str(text).map(|column| vec![column])
        }

        fn visit_i64<E: serde::de::Error>(self, position: i64) -> Result<Self::Value, E> {
            ColumnVisitor.visit_i64(position).map(|column| vec![column])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            let columns = Vec::<Column>::deserialize(SeqAccessDeserializer::new(seq))?;
            Ok(columns.into_iter().map(|column| column.0).collect())
        }
    }

    deserializer.deserialize_any(Columns)
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if !number.is_finite() {
        return Err(D::Error::custom(format!(
            "{number} is no score, expected a finite number"
        )));
    }
    Ok(Some(number))
}

fn value_matrix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ValueMatrix>, D::Error> {
    let rows_actual = Vec::<Vec<f64>>::deserialize(deserializer)?;
    let n = rows_actual.len();
    let is_square = n >= 2 && rows_actual.iter().all(|row| row.len() == n);
    if !is_square || rows_actual.iter().flatten().any(|cell| !cell.is_finite()) {
        return Err(D::Error::custom(
            "no value matrix, expected as many rows as columns of finite numbers, rows by label: [[0, -1], [-5, 0]]",
        ));
    }
    Ok(Some(ValueMatrix { rows_actual }))
}

fn ranges<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<BiasMetric, AllowedRange>, D::Error> {
    let written = BTreeMap::<String, String>::deserialize(deserializer)?;
    written
        .iter()
        .map(|(metric, ends)| {
            range(&format!("{metric}={ends}"))
                .map_err(|error| D::Error::custom(format!("a range of bias {}; {}", error.what, error.hint)))
        })
        .collect()
}
