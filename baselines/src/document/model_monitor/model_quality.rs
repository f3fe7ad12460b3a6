//! The parts that only model-quality files have: metrics with their spread, curves, metric constraints.
//!
//! Does not compute a metric (`crate::quality` does) and does not convert (`quality`). Here because `statistics.json` and `constraints.json` keep their names
//! for both kinds of run.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A metric and its standard deviation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The metric.
    pub value: NumberOrText,
    /// Standard deviation over five random 80 % draws; `"NaN"` below 200 rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_deviation: Option<NumberOrText>,
}

/// The points of a curve: two lists of one length, by name.
pub type Curve = BTreeMap<String, Vec<f64>>;

/// Metrics of a classifier; which are present depends on the problem and the attributes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ClassificationMetrics {
    /// Actual label → predicted label → rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confusion_matrix: Option<BTreeMap<String, BTreeMap<String, u64>>>,
    /// False positive rates against true positive rates; needs a probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_operating_characteristic_curve: Option<Curve>,
    /// Precisions against recalls; needs a probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_recall_curve: Option<Curve>,
    /// Every other metric, by its name.
    #[serde(flatten)]
    pub metrics: BTreeMap<String, Metric>,
}

// By hand, because serde's `flatten` forgets line and column of what is wrong inside.
impl<'de> Deserialize<'de> for ClassificationMetrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = ClassificationMetrics;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("metrics by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ClassificationMetrics, A::Error> {
                let mut found = ClassificationMetrics::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "confusion_matrix" => found.confusion_matrix = Some(map.next_value()?),
                        "receiver_operating_characteristic_curve" => {
                            found.receiver_operating_characteristic_curve = Some(map.next_value()?);
                        }
                        "precision_recall_curve" => found.precision_recall_curve = Some(map.next_value()?),
                        _ => {
                            let metric = map.next_value()?;
                            found.metrics.insert(key, metric);
                        }
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// When a metric violates: the operator names the violation, `LessThanThreshold` or `GreaterThanThreshold`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricConstraint {
    /// The baseline's value.
    pub threshold: NumberOrText,
    /// `LessThanThreshold` or `GreaterThanThreshold`.
    pub comparison_operator: String,
}

/// A finite number, or Java's word for one that is not (`"NaN"`, `"Infinity"`, `"-Infinity"`), which Model Monitor
/// writes as a string.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NumberOrText {
    /// A finite number.
    Number(f64),
    /// `"NaN"`.
    NotANumber,
    /// `"Infinity"`.
    PositiveInfinity,
    /// `"-Infinity"`.
    NegativeInfinity,
}

impl NumberOrText {
    /// The number, where there is one.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(value),
            Self::NotANumber | Self::PositiveInfinity | Self::NegativeInfinity => None,
        }
    }
}

impl From<f64> for NumberOrText {
    fn from(value: f64) -> Self {
        if value.is_nan() {
            Self::NotANumber
        } else if value == f64::INFINITY {
            Self::PositiveInfinity
        } else if value == f64::NEG_INFINITY {
            Self::NegativeInfinity
        } else {
            Self::Number(value)
        }
    }
}

impl Serialize for NumberOrText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::NotANumber => serializer.serialize_str("NaN"),
            Self::PositiveInfinity => serializer.serialize_str("Infinity"),
            Self::NegativeInfinity => serializer.serialize_str("-Infinity"),
        }
    }
}

impl<'de> Deserialize<'de> for NumberOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = NumberOrText;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number or one of NaN, Infinity, -Infinity as text")
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<NumberOrText, E> {
                Ok(value.into())
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<NumberOrText, E> {
                Ok(NumberOrText::Number(value as f64))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<NumberOrText, E> {
                Ok(NumberOrText::Number(value as f64))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<NumberOrText, E> {
                match text {
                    "NaN" => Ok(NumberOrText::NotANumber),
                    "Infinity" => Ok(NumberOrText::PositiveInfinity),
                    "-Infinity" => Ok(NumberOrText::NegativeInfinity),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
