//! Arguments about bias and attributions, of `driftline quality` and `driftline baseline`.
//!
//! Reads text; measures nothing.

use crate::settings;
use baselines::bias::{ATTRIBUTION_LIMIT, AllowedRange, BiasMetric};
use clap::Args;
use engine::quality::{BiasSettings, FacetRequest, FacetRows, PositiveOutcome};
use engine::{EngineError, ErrorKind};
use std::collections::BTreeMap;

/// What bias and attributions are learnt from.
#[derive(Debug, Clone, Args)]
pub(crate) struct FacetArguments {
    /// Bias metrics of a facet, repeatable: COLUMN (each value), COLUMN=VALUE,… (rows with any of them), "COLUMN>NUMBER".
    #[arg(long, value_name = "FACET")]
    pub(crate) facet: Vec<String>,
    /// Column whose values demographic disparity (CDDL, CDDPL) is conditioned on.
    #[arg(long, value_name = "COLUMN", requires = "facet")]
    pub(crate) group: Option<String>,
    /// Outcomes that count as positive for bias: CLASS,… or ">NUMBER"; a binary problem's positive class without it.
    #[arg(long, value_name = "OUTCOME", requires = "facet")]
    pub(crate) bias_outcome: Option<String>,
    /// Feature attributions (SHAP values) among the captured outputs or a table's columns: a prefix, or a path into JSON.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) attributions: Option<String>,
}

/// What bias and attributions are judged by.
#[derive(Debug, Clone, Args)]
pub(crate) struct BiasRangeArguments {
    /// Values of a bias metric that are no alarm, repeatable: DI=0.8..1.25, AD=..0.05; an end left out is open.
    #[arg(
        long,
        value_name = "METRIC=LOW..HIGH",
        requires = "facet",
        allow_hyphen_values = true
    )]
    pub(crate) bias_range: Vec<String>,
    /// nDCG of the attributions below which their order has drifted.
    #[arg(long, value_name = "NDCG", default_value_t = ATTRIBUTION_LIMIT, requires = "attributions")]
    pub(crate) attribution_limit: f64,
    /// Clarify's analysis.json with the baseline's bias metrics or global SHAP values; several with commas.
    #[arg(long, value_name = "LOCATION,…", value_delimiter = ',')]
    pub(crate) clarify: Vec<String>,
}

fn usage(what: String, hint: &str) -> EngineError {
    EngineError::new(ErrorKind::Usage, what).with_hint(hint.to_owned())
}

/// Settings as the arguments say them.
pub(crate) fn bias_settings(
    arguments: &FacetArguments,
    ranges: Option<&BiasRangeArguments>,
) -> Result<BiasSettings, EngineError> {
    let mut found = BiasSettings {
        facets: arguments
            .facet
            .iter()
            .map(|text| facet(text))
            .collect::<Result<_, _>>()?,
        group: arguments.group.clone(),
        positive: arguments.bias_outcome.as_deref().map(outcome).transpose()?,
        attributions: arguments.attributions.clone(),
        ..BiasSettings::default()
    };
    let Some(ranges) = ranges else { return Ok(found) };
    let limit = ranges.attribution_limit;
    if !(0.0..=1.0).contains(&limit) {
        return Err(usage(
            format!("--attribution-limit is {limit}, expected a number from 0 to 1"),
            "an nDCG of 1 is the baseline's own order; Clarify alerts below 0.9",
        ));
    }
    found.attribution_limit = limit;
    found.ranges = ranges
        .bias_range
        .iter()
        .map(|text| range(text))
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    found.clarify = ranges
        .clarify
        .iter()
        .map(|text| settings::location("--clarify", text))
        .collect::<Result<_, _>>()?;
    Ok(found)
}

fn facet(text: &str) -> Result<FacetRequest, EngineError> {
    const HINT: &str = "COLUMN, COLUMN=VALUE,VALUE or \"COLUMN>NUMBER\"";
    let (column, rows) = match text.find(['=', '>']) {
        None => (text, FacetRows::EachValue),
        Some(at) if text[at..].starts_with('>') => {
            let threshold = text[at + 1..]
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite());
            let threshold = threshold
                .ok_or_else(|| usage(format!("--facet is `{text}`, expected a number behind `>`"), HINT))?;
            (&text[..at], FacetRows::Above(threshold))
        }
        Some(at) => {
            let values = text[at + 1..].split(',').map(|value| value.trim().to_owned());
            (&text[..at], FacetRows::Values(values.collect()))
        }
    };
    let no_value = matches!(&rows, FacetRows::Values(values) if values.iter().any(String::is_empty));
    if column.trim().is_empty() || no_value {
        return Err(usage(
            format!("--facet is `{text}`, which lacks a column or a value"),
            HINT,
        ));
    }
    Ok(FacetRequest {
        column: column.trim().to_owned(),
        rows,
    })
}

fn outcome(text: &str) -> Result<PositiveOutcome, EngineError> {
    const HINT: &str = "classes of the problem with commas, or \">NUMBER\"";
    match text.trim().strip_prefix('>') {
        Some(number) => match number.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(PositiveOutcome::Above(number)),
            _ => Err(usage(
                format!("--bias-outcome is `{text}`, expected a number behind `>`"),
                HINT,
            )),
        },
        None => {
            let classes: Vec<String> = text.split(',').map(|class| class.trim().to_owned()).collect();
            if classes.iter().any(String::is_empty) {
                return Err(usage(
                    format!("--bias-outcome is `{text}`, which lacks a class"),
                    HINT,
                ));
            }
            Ok(PositiveOutcome::Classes(classes))
        }
    }
}

fn range(text: &str) -> Result<(BiasMetric, AllowedRange), EngineError> {
    let wrong = |what: String| {
        usage(
            what,
            "for example --bias-range DI=0.8..1.25 or --bias-range AD=..0.05",
        )
    };
    let (name, ends) = text
        .split_once('=')
        .ok_or_else(|| wrong(format!("--bias-range is `{text}`, expected METRIC=LOW..HIGH")))?;
    let metric = BiasMetric::named(name.trim()).ok_or_else(|| {
        let names = BiasMetric::PRE_TRAINING
            .iter()
            .chain(&BiasMetric::POST_TRAINING)
            .map(|metric| metric.name());
        usage(
            format!("--bias-range names `{}`, which is no bias metric", name.trim()),
            &format!("one of {}", names.collect::<Vec<_>>().join(", ")),
        )
    })?;
    let end = |text: &str, open: f64| match text.trim() {
        "" => Some(open),
        text => text.parse::<f64>().ok().filter(|number| number.is_finite()),
    };
    let parsed = ends
        .split_once("..")
        .and_then(|(low, high)| Some((end(low, f64::NEG_INFINITY)?, end(high, f64::INFINITY)?)));
    match parsed {
        Some((low, high)) if low <= high => Ok((metric, AllowedRange { low, high })),
        Some(_) => Err(wrong(format!(
            "--bias-range is `{text}`: its low end is above its high end"
        ))),
        None => Err(wrong(format!(
            "--bias-range is `{text}`, expected METRIC=LOW..HIGH"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_are_columns_values_or_thresholds() {
        let rows = |text: &str| facet(text).unwrap().rows;
        assert_eq!(rows("city"), FacetRows::EachValue);
        assert_eq!(
            rows("city=Bern, Basel"),
            FacetRows::Values(vec!["Bern".to_owned(), "Basel".to_owned()])
        );
        assert_eq!(rows("city=a>b"), FacetRows::Values(vec!["a>b".to_owned()]));
        assert_eq!(rows("age > 40.5"), FacetRows::Above(40.5));
        for wrong in ["age>old", "=1", "city=", "city=a,,b", "age>NaN", ""] {
            assert!(facet(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_have_a_metric_and_two_ends() {
        let (metric, allowed) = range("di=0.8..1.25").unwrap();
        assert_eq!((metric, allowed.low, allowed.high), (BiasMetric::DI, 0.8, 1.25));
        assert_eq!(range("AD=..0.05").unwrap().1.low, f64::NEG_INFINITY);
        assert_eq!(range("AD=-0.1..").unwrap().1.high, f64::INFINITY);
        for wrong in ["DI", "DI=1", "DI=2..1", "XX=0..1", "DI=a..b"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
