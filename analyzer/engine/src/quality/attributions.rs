//! Drift of feature attributions that the capture carries (SHAP values beside the prediction): nDCG against the
//! baseline's.
//!
//! Matches features by name; the library measures. Computes no attributions.

use super::bias::verdict_name;
use super::fairness::Rule;
use super::measure::MeasureSettings;
use super::sample::Sample;
use baselines::bias::{
    AllowedRange, AttributionDrift, BiasInterval, BiasVerdict, BootstrapOptions, attribution_drift,
    global_attributions, judge_interval,
};
use baselines::document::quality::{AttributedTwin, AttributionTwin};
use std::collections::BTreeMap;

/// Attributions of a sample, held against those of a baseline.
pub(super) fn describe(
    notes: &mut Vec<String>,
    sample: &Sample,
    settings: &MeasureSettings,
    rule: &Rule,
    baseline: &BTreeMap<String, f64>,
    limit: f64,
) -> Option<AttributionTwin> {
    if sample.attributions.is_empty() {
        return None;
    }
    let mut twin = AttributionTwin {
        outcome: "not_judged".to_owned(),
        ..AttributionTwin::default()
    };
    let all: Vec<&[f64]> = sample
        .attributions
        .iter()
        .map(|(_, values)| &values[..])
        .collect();
    match global_attributions(&all) {
        Ok((values, n)) => {
            twin.n = n;
            let features = sample.attributions.iter().zip(values);
            twin.features = features
                .map(|((name, _), value)| AttributedTwin {
                    name: name.clone(),
                    value,
                    baseline: baseline.get(name).copied(),
                })
                .collect();
            twin.features
                .sort_by(|one, other| other.value.total_cmp(&one.value).then(one.name.cmp(&other.name)));
        }
        Err(failure) => {
            twin.reason = Some(failure.to_string());
            return Some(twin);
        }
    }
    let (min_rows, by_point) = match rule {
        Rule::Nothing => {
            twin.reason = Some("a baseline is not held against anything".to_owned());
            return Some(twin);
        }
        Rule::House { min_rows, .. } => (*min_rows, false),
        Rule::Sagemaker { min_rows, .. } => (*min_rows, true),
    };
    twin.limit = Some(limit);
    let outcome = drift(notes, sample, settings, baseline).and_then(|drift| {
        twin.ndcg = Some(drift.ndcg);
        twin.low = Some(drift.low);
        twin.high = Some(drift.high);
        if drift.n < min_rows {
            return Err(format!(
                "{} rows with attributions, at least {min_rows} are needed",
                drift.n
            ));
        }
        Ok(judge(&drift, limit, by_point))
    });
    match outcome {
        Ok(verdict) => {
            twin.alert = verdict == BiasVerdict::Alert;
            verdict_name(verdict).clone_into(&mut twin.outcome);
        }
        Err(reason) => twin.reason = Some(reason),
    }
    Some(twin)
}

fn judge(drift: &AttributionDrift, limit: f64, by_point: bool) -> BiasVerdict {
    let (low, high) = if by_point {
        (drift.ndcg, drift.ndcg)
    } else {
        (drift.low, drift.high)
    };
    let interval = BiasInterval {
        value: drift.ndcg,
        standard_error: 0.0,
        low,
        high,
    };
    let range = AllowedRange {
        low: limit,
        high: f64::INFINITY,
    };
    judge_interval(&interval, range)
}

fn drift(
    notes: &mut Vec<String>,
    sample: &Sample,
    settings: &MeasureSettings,
    baseline: &BTreeMap<String, f64>,
) -> Result<AttributionDrift, String> {
    if baseline.is_empty() {
        return Err(
            "the baseline has no attributions: make it with --attributions, or give Clarify's analysis.json with --clarify"
                .to_owned(),
        );
    }
    let shared: Vec<(&[f64], f64)> = sample
        .attributions
        .iter()
        .filter_map(|(name, values)| Some((&values[..], *baseline.get(name)?)))
        .collect();
    let n_only = [sample.attributions.len(), baseline.len()].map(|n| n - shared.len());
    if n_only != [0, 0] {
        notes.push(format!(
            "attributions: {} features are in the window only, {} in the baseline only; {} are compared",
            n_only[0],
            n_only[1],
            shared.len()
        ));
    }
    if shared.len() < 2 {
        return Err(format!(
            "{} features have attributions on both sides, and an order needs two: they are matched by name",
            shared.len()
        ));
    }
    let (columns, of_baseline): (Vec<&[f64]>, Vec<f64>) = shared.into_iter().unzip();
    let options = BootstrapOptions {
        level: settings.options.confidence,
        seed: settings.options.seed,
        ..BootstrapOptions::default()
    };
    attribution_drift(&of_baseline, &columns, options).map_err(|failure| failure.to_string())
}
