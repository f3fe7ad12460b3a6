//! The parts that only model-quality files have: metrics with their spread, curves, metric constraints.
//!
//! Does not compute a metric; `engine` does. Here because `statistics.json` and `constraints.json` keep their names
//! for both kinds of run.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
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
