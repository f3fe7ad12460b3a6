//! Bias and attributions in `verdict.json`: what rings as findings, what was not judged. Does not judge.

use super::bias::NO_RANGE;
use super::present::{number, range};
use baselines::document::quality::{AttributionTwin, BiasTwin, QualityDocument};
use baselines::document::verdict::{FindingV2, NotEvaluatedV2, SeverityV1};

/// Stands for an infinite value, as Clarify's CloudWatch metrics do it (contract §5.3).
const INFINITE: f64 = 2.348_543e108;

/// What rings.
pub(super) fn findings(document: &QualityDocument) -> Vec<FindingV2> {
    let bias = document.bias.iter().filter(|found| found.alert);
    let attributions = document.attributions.iter().filter(|found| found.alert);
    bias.map(|found| of_bias(found, &document.convention))
        .chain(attributions.map(of_attributions))
        .collect()
}

fn of_bias(found: &BiasTwin, convention: &str) -> FindingV2 {
    let value = match (found.value, found.infinite.as_deref()) {
        (Some(value), _) => value,
        (None, Some("-Infinity")) => -INFINITE,
        (None, _) => INFINITE,
    };
    let interval = match (found.low, found.high) {
        (Some(low), Some(high)) => format!("; bootstrap interval {}", range(low, high)),
        _ => String::new(),
    };
    let (limit, derivation) = if convention == "sagemaker" {
        let baseline = found.baseline.unwrap_or(INFINITE);
        (
            baseline,
            format!("the baseline's value, by magnitude, as Clarify's monitor compares{interval}"),
        )
    } else {
        let beyond_high = found.allowed_high.filter(|high| value > *high);
        let limit = beyond_high.or(found.allowed_low).unwrap_or_default();
        (limit, format!("allowed range{interval}"))
    };
    FindingV2 {
        id: format!("bias/{}/{}", found.facet, found.metric),
        severity: SeverityV1::Violation,
        column: Some(found.column.clone()),
        check: "bias".to_owned(),
        method: Some(found.metric.clone()),
        value,
        limit,
        derivation,
        description: format!(
            "{} of {} is {}, beyond {}",
            found.metric,
            found.facet,
            found.infinite.clone().unwrap_or_else(|| number(value)),
            number(limit)
        ),
        remedy: "compare the facets' inputs and labels with the baseline's, and consider retraining on data that has both"
            .to_owned(),
        drift: None,
    }
}

fn of_attributions(found: &AttributionTwin) -> FindingV2 {
    let (ndcg, limit) = (found.ndcg.unwrap_or_default(), found.limit.unwrap_or_default());
    FindingV2 {
        id: "attributions/ndcg".to_owned(),
        severity: SeverityV1::Violation,
        column: None,
        check: "attribution_drift".to_owned(),
        method: Some("ndcg".to_owned()),
        value: ndcg,
        limit,
        derivation: format!(
            "Clarify's limit of the nDCG against the baseline's attributions, or --attribution-limit; bootstrap interval {}",
            range(found.low.unwrap_or(ndcg), found.high.unwrap_or(ndcg))
        ),
        description: format!(
            "the order of feature attributions is the baseline's to {}, below {}",
            number(ndcg),
            number(limit)
        ),
        remedy:
            "look at which features gained or lost weight (attributions in quality.json) and at their drift"
                .to_owned(),
        drift: None,
    }
}

/// What was not judged although it could be.
pub(super) fn not_evaluated(document: &QualityDocument) -> Vec<NotEvaluatedV2> {
    let bias = document.bias.iter().filter_map(|found| {
        let reason = found.reason.clone().filter(|reason| reason != NO_RANGE)?;
        Some(NotEvaluatedV2 {
            column: Some(found.column.clone()),
            check: format!("bias_{} of {}", found.metric, found.facet),
            reason,
            remedy: None,
        })
    });
    let attributions = document.attributions.iter().filter_map(|found| {
        Some(NotEvaluatedV2 {
            column: None,
            check: "attribution_drift".to_owned(),
            reason: found.reason.clone()?,
            remedy: None,
        })
    });
    bias.chain(attributions).collect()
}
