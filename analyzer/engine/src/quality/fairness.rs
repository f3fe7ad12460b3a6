//! What bias and attributions of a window are held against: a baseline of ours, or Clarify's `analysis.json`; and by
//! which rule.
//!
//! Reads no more of Clarify's file than values. Does not judge.

use super::gather::class_text;
use super::request::FacetRows;
use crate::error::{EngineError, ErrorKind};
use baselines::bias::{BiasMetric, BiasValue};
use baselines::document::quality::QualityDocument;
use serde_json::Value;
use std::collections::BTreeMap;
use store::{Location, StoreOptions, open_store};
use xxhash_rust::xxh3::Xxh3;

const MAX_FILE_BYTES: u64 = 64 << 20;

/// By which rule bias and attributions are judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    /// They are not: a baseline.
    Nothing,
    /// An interval must leave its allowed range. `withheld` says why nothing of labels is judged.
    House { withheld: Option<String>, min_rows: u64 },
    /// The value itself against the baseline's.
    Sagemaker { withheld: Option<String>, min_rows: u64 },
}

/// A bias metric of a baseline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BaselineBias {
    column: String,
    /// `0`, `a,b`, `> 40`, or an interval as pandas writes it, `(40, 77]`.
    facet: String,
    metric: BiasMetric,
    pub(super) value: BiasValue,
}

impl BaselineBias {
    /// Whether this is the metric of those rows.
    pub(super) fn is_of(&self, column: &str, rows: &FacetRows, metric: BiasMetric) -> bool {
        if self.column != column || self.metric != metric {
            return false;
        }
        let number = |text: &str| text.trim().parse::<f64>().ok();
        match rows {
            FacetRows::EachValue => false,
            FacetRows::Above(threshold) => {
                let text = self.facet.trim_start_matches(['>', '(', ' ']);
                let first = text.split(',').next().unwrap_or_default();
                number(first) == Some(*threshold)
            }
            FacetRows::Values(values) => {
                let sorted = |values: &mut dyn Iterator<Item = &str>| {
                    let mut values: Vec<String> = values
                        .map(|value| class_text(value.trim()).into_owned())
                        .collect();
                    values.sort();
                    values
                };
                sorted(&mut self.facet.split(',')) == sorted(&mut values.iter().map(String::as_str))
            }
        }
    }
}

/// Bias and attributions of a baseline.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fairness {
    pub(super) bias: Vec<BaselineBias>,
    /// Mean |attribution| by feature.
    pub(super) attributions: BTreeMap<String, f64>,
    /// Of the files beside the baseline.
    pub(super) digest: String,
}

impl Fairness {
    /// What our own baseline says.
    pub(super) fn of_document(document: &QualityDocument) -> Self {
        let bias = document.bias.iter().filter_map(|twin| {
            let value = match (twin.value, twin.infinite.as_deref()) {
                (Some(value), _) => BiasValue::Finite(value),
                (None, Some("Infinity")) => BiasValue::PositiveInfinity,
                (None, Some(_)) => BiasValue::NegativeInfinity,
                (None, None) => return None,
            };
            let facet = twin.facet.strip_prefix(&twin.column)?.trim_start();
            Some(BaselineBias {
                column: twin.column.clone(),
                facet: facet.trim_start_matches("= ").to_owned(),
                metric: BiasMetric::named(&twin.metric)?,
                value,
            })
        });
        let attributions = document.attributions.iter().flat_map(|found| &found.features);
        Self {
            bias: bias.collect(),
            attributions: attributions
                .map(|feature| (feature.name.clone(), feature.value))
                .collect(),
            digest: String::new(),
        }
    }

    /// Adds what Clarify's files say; they stand above the baseline.
    pub(super) async fn read(
        &mut self,
        locations: &[Location],
        options: &StoreOptions,
    ) -> Result<(), EngineError> {
        let mut hasher = Xxh3::new();
        for location in locations {
            let (store, key) = open_store(location, options).await?;
            let object = store.get(&key, MAX_FILE_BYTES).await?;
            hasher.update(&object.bytes);
            let unusable = |what: String| {
                EngineError::new(
                    ErrorKind::Usage,
                    format!("--clarify {location} cannot be used: {what}"),
                )
                .with_hint("give the analysis.json of a Clarify job with bias metrics or SHAP values")
            };
            let parsed: Value =
                serde_json::from_slice(&object.bytes).map_err(|error| unusable(error.to_string()))?;
            let found = parse(&parsed);
            if found == Self::default() {
                return Err(unusable(
                    "it has neither bias metrics nor global SHAP values".to_owned(),
                ));
            }
            self.bias.splice(0..0, found.bias);
            if !found.attributions.is_empty() {
                self.attributions = found.attributions;
            }
        }
        if !locations.is_empty() {
            self.digest = format!("xxh3-{:032x}", hasher.digest128());
        }
        Ok(())
    }
}

fn parse(analysis: &Value) -> Fairness {
    let mut found = Fairness::default();
    for kind in ["pre_training_bias_metrics", "post_training_bias_metrics"] {
        let facets = analysis[kind]["facets"].as_object().into_iter().flatten();
        for (column, facet) in facets.flat_map(|(column, facets)| {
            let facets = facets.as_array().into_iter().flatten();
            facets.map(move |facet| (column, facet))
        }) {
            let rows = facet["value_or_threshold"].as_str().unwrap_or_default();
            for metric in facet["metrics"].as_array().into_iter().flatten() {
                let (name, value) = (metric["name"].as_str(), &metric["value"]);
                let value = match (value.as_f64(), value.as_str()) {
                    (Some(value), _) => BiasValue::Finite(value),
                    (None, Some("Infinity" | "inf")) => BiasValue::PositiveInfinity,
                    (None, Some("-Infinity" | "-inf")) => BiasValue::NegativeInfinity,
                    _ => continue,
                };
                if let Some(metric) = name.and_then(BiasMetric::named) {
                    found.bias.push(BaselineBias {
                        column: column.clone(),
                        facet: rows.to_owned(),
                        metric,
                        value,
                    });
                }
            }
        }
    }
    let explained = analysis["explanations"].as_object();
    let labels = explained.and_then(|methods| {
        let with_values = methods.values().filter_map(Value::as_object);
        with_values
            .flat_map(serde_json::Map::iter)
            .find_map(|(_, label)| label["global_shap_values"].as_object())
    });
    for (name, value) in labels.into_iter().flatten() {
        if let Some(value) = value.as_f64() {
            found.attributions.insert(name.clone(), value.abs());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn analysis() -> Value {
        json!({
            "version": "1.0",
            "post_training_bias_metrics": {"label": "y", "facets": {"sex": [
                {"value_or_threshold": "0", "metrics": [
                    {"name": "DPPL", "value": 0.1}, {"name": "CDDPL", "value": null, "error": "no group"},
                    {"name": "TE", "value": "Infinity"}]},
                {"value_or_threshold": "a,b", "metrics": [{"name": "DI", "value": 0.9}]}],
                "age": [{"value_or_threshold": "(40.0, 77.0]", "metrics": [{"name": "AD", "value": 0.2}]}]}},
            "explanations": {"kernel_shap": {"label0": {"global_shap_values": {"age": -0.3, "sex": 0.1}, "expected_value": 0.2}}}
        })
    }

    #[test]
    fn clarifys_values_are_found_by_facet() {
        let found = parse(&analysis());
        let value = |column: &str, rows: &FacetRows, metric: BiasMetric| {
            let known = found.bias.iter().find(|known| known.is_of(column, rows, metric));
            known.map(|known| known.value)
        };
        let values = |values: &[&str]| FacetRows::Values(values.iter().map(|v| (*v).to_owned()).collect());
        assert_eq!(
            value("sex", &values(&["0.0"]), BiasMetric::DPPL),
            Some(BiasValue::Finite(0.1))
        );
        assert_eq!(value("sex", &values(&["0"]), BiasMetric::CDDPL), None);
        assert_eq!(
            value("sex", &values(&["0"]), BiasMetric::TE),
            Some(BiasValue::PositiveInfinity)
        );
        assert_eq!(
            value("sex", &values(&["b", "a"]), BiasMetric::DI),
            Some(BiasValue::Finite(0.9))
        );
        assert_eq!(value("sex", &values(&["b"]), BiasMetric::DI), None);
        assert_eq!(
            value("age", &FacetRows::Above(40.0), BiasMetric::AD),
            Some(BiasValue::Finite(0.2))
        );
        assert_eq!(found.attributions["age"], 0.3);
    }
}
