//! `verdict.json` of a quality run: the same document as of `driftline analyze`, with its quality section.
//!
//! Findings are the constraints that breach. Does not judge.

use super::request::{QualityRequest, convention_name};
use super::run::QualityRun;
use super::verdict_fairness;
use crate::error::{EngineError, ErrorKind};
use baselines::document::verdict::{
    BaselineV1, FindingV2, JudgedV2, NotEvaluatedV2, ObjectV1, QualityEstimateV2, QualityMetricV2, QualityV2,
    RecordsV2, SeverityV1, SoftwareV1, SourceV1, StatusV1, V3, VersionedVerdict, WindowV1,
};
use baselines::quality::{MetricCheck, MetricOutcome};
use capture::time::format_rfc3339;
use std::collections::BTreeMap;

impl QualityRun {
    /// `verdict.json`.
    pub fn verdict_bytes(&self, request: &QualityRequest) -> Result<Vec<u8>, EngineError> {
        VersionedVerdict::V3(self.twin(request))
            .to_bytes()
            .map_err(|error| {
                EngineError::new(ErrorKind::Internal, "the verdict cannot be written").with_source(error)
            })
    }

    fn twin(&self, request: &QualityRequest) -> V3 {
        let document = &self.document;
        let checks = self.verdict.iter().flat_map(|verdict| &verdict.checks);
        let known = self
            .loaded
            .sample
            .seconds
            .iter()
            .copied()
            .filter(|second| *second != super::gather::NO_TIME);
        let (first, last) = (known.clone().min(), known.max());
        let counts = &self.loaded.predictions;
        let status = match document.status.as_str() {
            "pass" => StatusV1::Pass,
            "violated" => StatusV1::Violated,
            _ => StatusV1::NotEvaluated,
        };
        let mut not_evaluated: Vec<NotEvaluatedV2> = document
            .checks
            .iter()
            .filter_map(|check| {
                Some(NotEvaluatedV2 {
                    column: None,
                    check: format!("model_quality_{}", check.metric),
                    reason: check.reason.clone()?,
                    remedy: None,
                })
            })
            .collect();
        if let (true, Some(reason)) = (not_evaluated.is_empty(), &document.not_evaluated) {
            not_evaluated.push(NotEvaluatedV2 {
                column: None,
                check: "model_quality".to_owned(),
                reason: reason.clone(),
                remedy: None,
            });
        }
        not_evaluated.extend(verdict_fairness::not_evaluated(document));
        let choices = [
            (
                "convention",
                convention_name(request.policy.convention).to_owned(),
            ),
            ("shown", document.shown.clone()),
        ];
        V3 {
            software: SoftwareV1 {
                name: "driftline".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            status,
            window: WindowV1 {
                start: document.start.clone(),
                end: document.end.clone(),
                first_inference_time: first.and_then(format_rfc3339),
                last_inference_time: last.and_then(format_rfc3339),
            },
            baseline: BaselineV1 {
                location: request.baseline.to_string(),
                source: if self.baseline.source == "driftline" {
                    SourceV1::Driftline
                } else {
                    SourceV1::ModelMonitor
                },
                digest: self.baseline.digest.clone(),
                n_rows: self
                    .baseline
                    .document
                    .as_ref()
                    .map_or(0, |document| document.n_predictions),
            },
            records: RecordsV2 {
                lines: counts.lines,
                decoded: counts.decoded,
                rejected: counts.rejected,
                duplicates: self.loaded.counts.redelivered,
                outside_window: counts.outside_window,
                shadow: counts.shadow,
                rows: document.n_predictions,
                one_sided: counts.one_sided,
                without_time: Some(counts.without_time),
                rejects_by_reason: counts
                    .rejects_by_reason
                    .iter()
                    .map(|(reason, n)| ((*reason).to_owned(), *n))
                    .collect(),
            },
            findings: checks
                .filter_map(finding)
                .chain(verdict_fairness::findings(document))
                .collect(),
            not_evaluated,
            columns: Vec::new(),
            schema_changes: Vec::new(),
            objects: self.objects(),
            volume: Vec::new(),
            judged: JudgedV2 {
                conventions: vec![document.convention.clone()],
                thresholds: document.judged_by.clone(),
                choices: choices
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
                alarm: None,
            },
            quality: Some(self.section()),
            capture_health: None,
        }
    }

    /// Objects of the predictions.
    fn objects(&self) -> Vec<ObjectV1> {
        let objects = self.loaded.sources.iter().zip(&self.loaded.objects);
        objects
            .map(|(source, counts)| ObjectV1 {
                key: source.shown_key.clone(),
                etag: None,
                size_bytes: source.size,
                lines: counts.lines,
                decoded: counts.lines - counts.rejected,
                rejected: counts.rejected,
            })
            .collect()
    }

    fn section(&self) -> QualityV2 {
        let document = &self.document;
        let metrics = document.metrics.iter().map(|(name, metric)| {
            let twin = QualityMetricV2 {
                value: metric.value,
                low: metric.low,
                high: metric.high,
                method: metric.method.clone(),
            };
            (name.clone(), twin)
        });
        let estimates: BTreeMap<String, QualityEstimateV2> = document
            .estimate
            .iter()
            .flat_map(|estimate| &estimate.metrics)
            .map(|(name, found)| {
                let twin = QualityEstimateV2 {
                    value: found.value,
                    low: found.low,
                    high: found.high,
                    realised: found.realised,
                };
                (name.clone(), twin)
            })
            .collect();
        let maturity = document.maturity.as_ref();
        QualityV2 {
            problem: document.problem.clone(),
            shown: document.shown.clone(),
            convention: document.convention.clone(),
            n_predictions: document.n_predictions,
            n_labelled: document.n_labelled,
            coverage: document.coverage,
            expected_coverage: maturity.and_then(|maturity| maturity.expected_coverage),
            final_at: maturity.and_then(|maturity| maturity.final_at.clone()),
            metrics: metrics.collect(),
            estimates,
        }
    }
}

/// A breach as a finding.
fn finding(check: &MetricCheck) -> Option<FindingV2> {
    let (MetricOutcome::Breach, Some(value)) = (&check.outcome, &check.value) else {
        return None;
    };
    let direction = match check.constraint.operator {
        baselines::quality::Operator::LessThanThreshold => "below",
        baselines::quality::Operator::GreaterThanThreshold => "above",
    };
    Some(FindingV2 {
        id: format!("model_quality/{}", check.metric),
        severity: SeverityV1::Violation,
        column: None,
        check: "model_quality".to_owned(),
        method: Some(check.metric.clone()),
        value: value.value,
        limit: check.constraint.threshold,
        derivation: format!(
            "{} of the constraints; interval {:.6} to {:.6} by {}",
            check.constraint.operator.name(),
            value.low,
            value.high,
            value.method.name()
        ),
        description: format!(
            "{} is {:.6}, {direction} the baseline's {:.6}",
            check.metric, value.value, check.constraint.threshold
        ),
        remedy: "look at segments and drift for what changed, and consider retraining on recent labels"
            .to_owned(),
        drift: None,
    })
}
