//! A comparison as JSON: columns and methods in the order in which they were asked for, numbers with all their digits.
//!
//! Only what applies is written of a method's parameters; `p_value` is null where the method is no test. Knows no
//! terminal.

use super::{ColumnComparison, Comparison, MethodAnswer, TableRead};
use crate::baseline::software;
use crate::dataset::DatasetDocument;
use crate::error::{EngineError, ErrorKind};
use crate::frame::Kind;
use baselines::compare::{Companion, Measurement, Parameters};
use baselines::summary::CellCounts;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use std::collections::BTreeMap;

impl Comparison {
    /// The document, with a line feed at its end.
    pub fn to_json(&self) -> Result<String, EngineError> {
        let document = Document {
            software: software(),
            convention: self.convention.name(),
            baseline: Table::of(&self.baseline),
            current: Table::of(&self.current),
            columns: Ordered(&self.columns, |column| (&column.name, Column::of(column))),
            only_in_baseline: &self.only_in_baseline,
            only_in_current: &self.only_in_current,
            dataset: self.dataset.as_ref().map(DatasetDocument::of),
        };
        let text = serde_json::to_string_pretty(&document).map_err(|error| {
            EngineError::new(ErrorKind::Internal, "the comparison cannot be written").with_source(error)
        })?;
        Ok(text + "\n")
    }
}

/// A slice as a map that keeps its order.
struct Ordered<'a, T, V>(&'a [T], fn(&'a T) -> (&'a str, V));

impl<T, V: Serialize> Serialize for Ordered<'_, T, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter().map(self.1) {
            map.serialize_entry(name, &value)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Document<'a> {
    software: String,
    convention: &'static str,
    baseline: Table<'a>,
    current: Table<'a>,
    columns: Ordered<'a, ColumnComparison, Column<'a>>,
    only_in_baseline: &'a [String],
    only_in_current: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<DatasetDocument<'a>>,
}

#[derive(serde::Serialize)]
struct Table<'a> {
    location: &'a str,
    rows: u64,
    rejected_lines: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rejects_by_reason: BTreeMap<&'static str, u64>,
}

impl<'a> Table<'a> {
    fn of(read: &'a TableRead) -> Self {
        let reasons = read.rejects_by_reason.iter();
        Self {
            location: &read.location,
            rows: read.n_rows,
            rejected_lines: read.n_rejected(),
            rejects_by_reason: reasons.map(|(reason, n)| (reason.name(), *n)).collect(),
        }
    }
}

#[derive(serde::Serialize)]
struct Column<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    n_baseline: u64,
    n_current: u64,
    cells: Sides,
    methods: Ordered<'a, MethodAnswer, Answer<'a>>,
}

impl<'a> Column<'a> {
    fn of(column: &'a ColumnComparison) -> Self {
        Self {
            kind: kind_name(column.kind),
            n_baseline: column.n_baseline(),
            n_current: column.n_current(),
            cells: Sides {
                baseline: Cells::of(&column.baseline),
                current: Cells::of(&column.current),
            },
            methods: Ordered(&column.answers, |answer| {
                (answer.method.name(), Answer::of(answer))
            }),
        }
    }
}

/// `numeric`, `categorical`, or `unknown` where no cell is present.
pub(super) fn kind_name(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Numeric) => "numeric",
        Some(Kind::Categorical) => "categorical",
        None => "unknown",
    }
}

#[derive(serde::Serialize)]
struct Sides {
    baseline: Cells,
    current: Cells,
}

#[derive(serde::Serialize)]
struct Cells {
    missing: u64,
    integral: u64,
    fractional: u64,
    boolean: u64,
    text: u64,
    nan: u64,
    positive_infinity: u64,
    negative_infinity: u64,
}

impl Cells {
    fn of(counts: &CellCounts) -> Self {
        Self {
            missing: counts.n_missing,
            integral: counts.n_integral,
            fractional: counts.n_fractional,
            boolean: counts.n_boolean,
            text: counts.n_text,
            nan: counts.n_nan,
            positive_infinity: counts.n_positive_infinity,
            negative_infinity: counts.n_negative_infinity,
        }
    }
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Measured(Measured<'a>),
    Not { not_computable: String },
}

impl<'a> Answer<'a> {
    fn of(answer: &'a MethodAnswer) -> Self {
        match &answer.outcome {
            Ok(measurement) => Self::Measured(Measured::of(measurement, answer.as_categories)),
            Err(reason) => Self::Not {
                not_computable: reason.to_string(),
            },
        }
    }
}

#[derive(serde::Serialize)]
struct Measured<'a> {
    statistic: f64,
    p_value: Option<f64>,
    convention: &'static str,
    evidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_bound: Option<f64>,
    n_baseline: u64,
    n_current: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_as: Option<&'static str>,
    parameters: Printed<'a>,
    #[serde(skip_serializing_if = "is_empty")]
    companions: Ordered<'a, Companion, f64>,
}

fn is_empty<T, V>(map: &Ordered<'_, T, V>) -> bool {
    map.0.is_empty()
}

impl<'a> Measured<'a> {
    fn of(measurement: &'a Measurement, as_categories: bool) -> Self {
        Self {
            statistic: measurement.statistic,
            p_value: measurement.p_value,
            convention: measurement.convention.name(),
            evidence: if measurement.error_bound.is_some() {
                "gridded"
            } else {
                "exact"
            },
            error_bound: measurement.error_bound,
            n_baseline: measurement.n_baseline,
            n_current: measurement.n_current,
            taken_as: as_categories.then_some("categories"),
            parameters: Printed(&measurement.parameters),
            companions: Ordered(&measurement.companions, |companion| {
                (companion.name, companion.value)
            }),
        }
    }
}

struct Printed<'a>(&'a Parameters);

impl Serialize for Printed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Parameters {
            bins,
            edges_source,
            zero_rule,
            log_base,
            ddof,
            degrees_of_freedom,
            p_value_source,
            scaled_by,
            correction,
            merged_categories,
        } = *self.0;
        let mut map = serializer.serialize_map(None)?;
        let mut texts = |name: &str, value: Option<&str>| match value {
            Some(value) => map.serialize_entry(name, value),
            None => Ok(()),
        };
        texts("edges_source", edges_source)?;
        texts("zero_rule", zero_rule)?;
        texts("log_base", log_base)?;
        texts("p_value_source", p_value_source)?;
        texts("scaled_by", scaled_by)?;
        texts("correction", correction)?;
        let counts = [
            ("bins", bins),
            ("ddof", ddof.map(u64::from)),
            ("merged_categories", merged_categories),
        ];
        for (name, value) in counts {
            if let Some(value) = value {
                map.serialize_entry(name, &value)?;
            }
        }
        if let Some(value) = degrees_of_freedom {
            map.serialize_entry("degrees_of_freedom", &value)?;
        }
        map.end()
    }
}
