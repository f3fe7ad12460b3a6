//! Arguments about bias and attributions, of `driftline quality` and `driftline baseline`.
//!
//! Reads text; measures nothing.

use crate::settings;
use baselines::bias::ATTRIBUTION_LIMIT;
use clap::Args;
use engine::quality::{BiasSettings, WrittenError, facet, outcome, range};
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

/// An error of `argument`.
fn of(argument: &str, error: WrittenError) -> EngineError {
    let hint = error.hint;
    EngineError::new(ErrorKind::Usage, format!("{argument} {}", error.what)).with_hint(hint)
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
            .map(|text| facet(text).map_err(|error| of("--facet", error)))
            .collect::<Result<_, _>>()?,
        group: arguments.group.clone(),
        positive: arguments
            .bias_outcome
            .as_deref()
            .map(outcome)
            .transpose()
            .map_err(|error| of("--bias-outcome", error))?,
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
        .map(|text| range(text).map_err(|error| of("--bias-range", error)))
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    found.clarify = ranges
        .clarify
        .iter()
        .map(|text| settings::location("--clarify", text))
        .collect::<Result<_, _>>()?;
    Ok(found)
}
