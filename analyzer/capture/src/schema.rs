//! Schema files: which columns there are, what they are for, and what type they have.
//!
//! JSON. Does not know how capture lays columns out (`layout`).

use serde::Deserialize;
use std::collections::BTreeMap;

/// A type a schema declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeclaredType {
    /// Whole numbers.
    Integral,
    /// Numbers.
    #[serde(alias = "number", alias = "float", alias = "double")]
    Fractional,
    /// Numbers of either kind.
    Numeric,
    /// `true` / `false`, as categories.
    #[serde(alias = "bool")]
    Boolean,
    /// Text, as categories.
    #[serde(alias = "text")]
    String,
    /// Categories, also where they look like numbers (zip codes, ids).
    Categorical,
}

impl DeclaredType {
    /// Whether cells are taken for numbers.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Integral | Self::Fractional | Self::Numeric)
    }
}

/// One input column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Feature {
    /// Column name.
    pub name: String,
    /// Declared type; inferred without one.
    #[serde(rename = "type")]
    pub declared_type: Option<DeclaredType>,
}

/// A class probability: one column, or one per class.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Probability {
    /// Of the positive class.
    Column(String),
    /// Class → column.
    PerClass(BTreeMap<String, String>),
}

/// A schema file. `features` are the endpoint's inputs in order; `prediction` and `probability` its outputs, in that
/// order, unless `outputs` names them. `label`, `id` and `timestamp` are not captured; unknown keys are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Schema {
    /// Inputs, in the order in which the endpoint takes them.
    pub features: Vec<Feature>,
    /// `binary`, `multiclass`, `regression`.
    pub task: Option<String>,
    /// Outputs, in the order in which the endpoint gives them.
    pub outputs: Option<Vec<Feature>>,
    /// The predicted class or value.
    pub prediction: Option<String>,
    /// Predicted probabilities.
    pub probability: Option<Probability>,
    /// The ground truth: profiled in training data, absent from capture.
    pub label: Option<String>,
    /// Row id: not profiled.
    pub id: Option<String>,
    /// Row time: not profiled.
    pub timestamp: Option<String>,
}

/// What is wrong with a schema file.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Not the JSON expected; the place is in the message.
    #[error("schema is not valid at line {line}, column {column}: {what}")]
    Invalid {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was found and expected.
        what: String,
    },
    /// A name stands twice.
    #[error("schema names column `{0}` twice")]
    Duplicate(String),
}

impl Schema {
    /// Reads a schema file.
    pub fn parse(bytes: &[u8]) -> Result<Self, SchemaError> {
        let schema: Self = serde_json::from_slice(bytes).map_err(|error| SchemaError::Invalid {
            line: error.line(),
            column: error.column(),
            what: error.to_string(),
        })?;
        let mut seen = std::collections::BTreeSet::new();
        for name in schema
            .features
            .iter()
            .chain(&schema.output_columns())
            .map(|feature| &feature.name)
        {
            if !seen.insert(name.clone()) {
                return Err(SchemaError::Duplicate(name.clone()));
            }
        }
        Ok(schema)
    }

    /// The outputs, in the order in which the endpoint gives them. A regression's prediction and all probabilities are
    /// numeric, other predictions categorical.
    pub fn output_columns(&self) -> Vec<Feature> {
        if let Some(outputs) = &self.outputs {
            return outputs.clone();
        }
        let regression = self.task.as_deref() == Some("regression");
        let kind = if regression {
            DeclaredType::Numeric
        } else {
            DeclaredType::Categorical
        };
        let declared = self.task.as_ref().map(|_| kind);
        let prediction = self.prediction.iter().map(|name| (name, declared));
        let probabilities = match &self.probability {
            None => Vec::new(),
            Some(Probability::Column(name)) => vec![name],
            Some(Probability::PerClass(columns)) => columns.values().collect(),
        };
        let probabilities = probabilities
            .into_iter()
            .map(|name| (name, Some(DeclaredType::Numeric)));
        let columns = prediction.chain(probabilities);
        columns
            .map(|(name, declared_type)| Feature {
                name: name.clone(),
                declared_type,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_the_prediction_then_the_probabilities() {
        let schema = Schema::parse(
            br#"{"task":"binary","features":[{"name":"a","type":"numeric"},{"name":"zip","type":"categorical"}],
                "label":"y","prediction":"p","probability":"score","extra":1}"#,
        )
        .unwrap();
        let outputs: Vec<_> = schema
            .output_columns()
            .into_iter()
            .map(|f| (f.name, f.declared_type))
            .collect();
        let expected = [
            ("p".into(), Some(DeclaredType::Categorical)),
            ("score".into(), Some(DeclaredType::Numeric)),
        ];
        assert_eq!(outputs, expected);
    }

    #[test]
    fn errors_say_where() {
        let error = Schema::parse(b"{\"features\": [{\"name\": \"a\", \"type\": \"colour\"}]}").unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
        let error = Schema::parse(br#"{"features":[{"name":"a"},{"name":"a"}]}"#).unwrap_err();
        assert_eq!(error.to_string(), "schema names column `a` twice");
    }
}
