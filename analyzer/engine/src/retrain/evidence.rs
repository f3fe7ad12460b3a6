//! Documents of windows → what the decision reads, and what `evidence.json` keeps of them.
//!
//! Does not read a store.

use super::workplace::{Plan, Retraining, software};
use baselines::decide::calendar::format_time;
use baselines::decide::{
    ALL_ROWS, Check, FindingsWindow, Held, HeldOutcome, Measured, NotChecked, QualityWindow, ServedWindow,
    WindowFinding,
};
use baselines::document::quality::{MetricTwin, QualityDocument};
use baselines::document::retrain::{
    EvidenceDocument, EvidenceFinding, EvidenceMetric, EvidenceObject, EvidenceWindow, FeatureTwin, SpanTwin,
    VERSION,
};
use baselines::document::verdict::{FindingV2, Latest, SeverityV1, StatusV1};
use baselines::judge::Severity;
use capture::time::parse_rfc3339;
use futures::StreamExt as _;
use std::collections::{BTreeMap, BTreeSet};
use store::{ObjectStore, join_key, open_store};

fn span_twin(span: (i64, i64)) -> SpanTwin {
    SpanTwin {
        start: format_time(span.0),
        end: format_time(span.1),
    }
}

fn status(status: StatusV1) -> &'static str {
    match status {
        StatusV1::Pass => "pass",
        StatusV1::Violated => "violated",
        StatusV1::NotEvaluated => "not_evaluated",
    }
}

fn severity(written: SeverityV1) -> (Severity, &'static str) {
    match written {
        SeverityV1::Info => (Severity::Info, "info"),
        SeverityV1::Warning => (Severity::Warning, "warning"),
        SeverityV1::Violation => (Severity::Violation, "violation"),
    }
}

fn finding(found: &FindingV2) -> EvidenceFinding {
    EvidenceFinding {
        check: found.check.clone(),
        column: found.column.clone(),
        severity: severity(found.severity).1.to_owned(),
        value: found.value,
        limit: found.limit,
        derivation: found.derivation.clone(),
        description: found.description.clone(),
    }
}

fn objects(verdict: &Latest) -> Vec<EvidenceObject> {
    let object = verdict.objects.iter().map(|object| EvidenceObject {
        key: object.key.clone(),
        etag: object.etag.clone(),
        version_id: None,
        size_bytes: object.size_bytes,
    });
    object.collect()
}

/// A window of captured traffic.
pub(super) fn findings_window(
    verdict: &Latest,
    span: (i64, i64),
    revision: u32,
    digest: String,
    location: String,
    pictures: Vec<String>,
) -> (FindingsWindow, EvidenceWindow) {
    let findings = verdict.findings.iter().map(|found| WindowFinding {
        check: found.check.clone(),
        column: found.column.clone(),
        severity: severity(found.severity).0,
        value: found.value,
        limit: found.limit,
    });
    let skipped = verdict.not_evaluated.iter().map(|skipped| NotChecked {
        check: skipped.check.clone(),
        column: skipped.column.clone(),
    });
    let window = FindingsWindow {
        start: span.0,
        end: span.1,
        revision,
        digest: digest.clone(),
        n_rows: verdict.records.rows,
        is_evaluated: verdict.status != StatusV1::NotEvaluated,
        findings: findings.collect(),
        not_checked: skipped.collect(),
    };
    let evidence = EvidenceWindow {
        span: span_twin(span),
        kind: "findings".to_owned(),
        revision,
        location,
        digest,
        status: status(verdict.status).to_owned(),
        software: format!("{} {}", verdict.software.name, verdict.software.version),
        n_rows: verdict.records.rows,
        n_labelled: None,
        findings: verdict.findings.iter().map(finding).collect(),
        metrics: Vec::new(),
        pictures,
        objects: objects(verdict),
    };
    (window, evidence)
}

fn held_outcome(outcome: &str) -> HeldOutcome {
    match outcome {
        "pass" => HeldOutcome::Pass,
        "breach" => HeldOutcome::Breach,
        _ => HeldOutcome::NotEvaluated,
    }
}

/// Metrics from labels of a window and of its segments, and what its constraints say.
pub(super) fn served_window(
    quality: &QualityDocument,
    span: (i64, i64),
    revision: u32,
    digest: String,
    location: String,
) -> ServedWindow {
    let of = |segment: &str, metrics: &BTreeMap<String, MetricTwin>| -> Vec<((String, String), Measured)> {
        let measured = |(name, metric): (&String, &MetricTwin)| {
            let found = Measured {
                value: metric.value,
                low: metric.low,
                high: metric.high,
                n: metric.n,
            };
            ((segment.to_owned(), name.clone()), found)
        };
        metrics.iter().map(measured).collect()
    };
    let segments = quality
        .segments
        .iter()
        .flat_map(|segment| of(&segment.conditions.join(" and "), &segment.metrics));
    let checks = quality.checks.iter().map(|check| {
        let found = Check {
            outcome: held_outcome(&check.outcome),
            is_least: check.comparison_operator == "LessThanThreshold",
            limit: check.threshold,
        };
        (check.metric.clone(), found)
    });
    ServedWindow {
        start: span.0,
        end: span.1,
        revision,
        digest,
        location,
        measured: of(ALL_ROWS, &quality.metrics)
            .into_iter()
            .chain(segments)
            .collect(),
        checks: checks.collect(),
    }
}

/// Metrics from labels, and estimates held against the same constraints.
fn held(quality: &QualityDocument) -> [BTreeMap<String, Held>; 2] {
    let realised = quality.checks.iter().map(|check| {
        let outcome = held_outcome(&check.outcome);
        let value = check.value.as_ref().map(|metric| metric.value);
        (
            check.metric.clone(),
            Held {
                outcome,
                value,
                limit: check.threshold,
            },
        )
    });
    let estimates = quality.estimate.as_ref().map(|estimate| &estimate.metrics);
    let estimated = quality.checks.iter().filter_map(|check| {
        let found = estimates?.get(&check.metric)?;
        let is_least = check.comparison_operator == "LessThanThreshold";
        let held = Held::estimate(found.value, found.low.zip(found.high), check.threshold, is_least);
        Some((check.metric.clone(), held))
    });
    [realised.collect(), estimated.collect()]
}

/// A window of predictions and labels.
pub(super) fn quality_window(
    quality: &QualityDocument,
    verdict: &Latest,
    span: (i64, i64),
    revision: u32,
    digest: String,
    location: String,
    pictures: Vec<String>,
) -> (QualityWindow, EvidenceWindow) {
    let [realised, estimated] = held(quality);
    let metrics = [("realised", &realised), ("estimated", &estimated)]
        .into_iter()
        .flat_map(|(kind, metrics)| {
            metrics.iter().map(move |(metric, held)| EvidenceMetric {
                metric: metric.clone(),
                kind: kind.to_owned(),
                outcome: match held.outcome {
                    HeldOutcome::Pass => "pass",
                    HeldOutcome::Breach => "breach",
                    HeldOutcome::NotEvaluated => "not_evaluated",
                }
                .to_owned(),
                value: held.value,
                limit: held.limit,
            })
        });
    let evidence = EvidenceWindow {
        span: span_twin(span),
        kind: "quality".to_owned(),
        revision,
        location,
        digest: digest.clone(),
        status: quality.status.clone(),
        software: quality.software.clone(),
        n_rows: quality.n_predictions,
        n_labelled: Some(quality.n_labelled),
        findings: verdict.findings.iter().map(finding).collect(),
        metrics: metrics.collect(),
        pictures,
        objects: objects(verdict),
    };
    let maturity = quality.maturity.as_ref();
    let window = QualityWindow {
        start: span.0,
        end: span.1,
        revision,
        digest,
        n_predictions: quality.n_predictions,
        n_labelled: quality.n_labelled,
        expected_coverage: maturity.and_then(|maturity| maturity.expected_coverage),
        final_at: maturity.and_then(|maturity| parse_rfc3339(maturity.final_at.as_deref()?)),
        realised,
        estimated,
    };
    (window, evidence)
}

/// Columns that findings name, with the finding furthest beyond its limit.
fn features(windows: &[EvidenceWindow]) -> Vec<FeatureTwin> {
    let mut features: BTreeMap<&str, FeatureTwin> = BTreeMap::new();
    for window in windows {
        let mut seen: Vec<&str> = Vec::new();
        for finding in &window.findings {
            let Some(column) = finding.column.as_deref() else {
                continue;
            };
            let feature = features.entry(column).or_insert_with(|| FeatureTwin {
                column: column.to_owned(),
                n_windows: 0,
                checks: Vec::new(),
                value: finding.value,
                limit: finding.limit,
            });
            if !seen.contains(&column) {
                seen.push(column);
                feature.n_windows += 1;
            }
            if !feature.checks.contains(&finding.check) {
                feature.checks.push(finding.check.clone());
                feature.checks.sort();
            }
            if finding.value - finding.limit > feature.value - feature.limit {
                (feature.value, feature.limit) = (finding.value, finding.limit);
            }
        }
    }
    features.into_values().collect()
}

/// How many objects are asked for at a time.
const AHEAD: usize = 16;

/// Fills in which version of each object was read, where the store keeps versions and still has that one. What cannot be
/// asked stays unknown: evidence is not held up by it.
async fn add_versions_of(store: &dyn ObjectStore, root: &str, windows: &mut [EvidenceWindow]) {
    let objects = windows.iter().flat_map(|window| &window.objects);
    let asked: BTreeSet<(String, String)> = objects
        .filter_map(|object| Some((object.key.clone(), object.etag.clone()?)))
        .collect();
    let found: BTreeMap<(String, String), String> = futures::stream::iter(asked)
        .map(|(key, etag)| async move {
            let version = store.version_of(&join_key(root, &key), &etag).await;
            Some(((key, etag), version.ok()??))
        })
        .buffered(AHEAD)
        .filter_map(|found| async move { found })
        .collect()
        .await;
    for object in windows.iter_mut().flat_map(|window| &mut window.objects) {
        if let Some(etag) = &object.etag {
            object.version_id = found.get(&(object.key.clone(), etag.clone())).cloned();
        }
    }
}

impl Retraining {
    /// Which versions of captured objects were read; nothing where capture keeps none.
    pub(super) async fn add_versions(&self, evidence: &mut EvidenceDocument) {
        if !self.monitor.capture.is_s3() {
            return;
        }
        if let Ok((store, root)) = open_store(&self.monitor.capture, &self.options).await {
            add_versions_of(store.as_ref(), &root, &mut evidence.windows).await;
        }
    }

    /// `evidence.json` of a plan: the windows its signals looked at, and the quality beside them.
    pub(super) fn evidence(&self, plan: &Plan, incident: &str, revision: u32) -> EvidenceDocument {
        let decision = &plan.decision;
        let looked_at: Vec<(i64, i64)> = decision
            .signals
            .iter()
            .flat_map(|signal| &signal.windows)
            .map(|window| (window.start, window.end))
            .collect();
        let overlaps =
            |start: i64, end: i64| looked_at.iter().any(|window| window.0 < end && start < window.1);
        let mut windows: Vec<((i64, i64, &str), &EvidenceWindow)> = plan
            .gathered
            .evidence
            .iter()
            .filter(|((start, end, kind), _)| {
                looked_at.contains(&(*start, *end)) || (*kind == "quality" && overlaps(*start, *end))
            })
            .map(|((start, end, kind), window)| ((*end, *start, *kind), window))
            .collect();
        windows.sort_by_key(|(place, _)| *place);
        let windows: Vec<EvidenceWindow> = windows.into_iter().map(|(_, window)| window.clone()).collect();
        EvidenceDocument {
            version: VERSION.to_owned(),
            software: software(),
            monitor: self.monitor.name.clone(),
            model: self.settings.model.clone(),
            incident: incident.to_owned(),
            revision,
            at: format_time(decision.at),
            when: self.settings.policy.when.to_string(),
            monitor_file: self.monitor_file.clone(),
            baseline: self.monitor.baseline.to_string(),
            data: decision.data.start.zip(decision.data.end).map(span_twin),
            features: features(&windows),
            windows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use bytes::Bytes;
    use store::{MemoryStore, Object, ObjectMeta, ObjectReader, PutMode, StoreError};

    /// A store that keeps versions: of `w/known` under the tag `e1`.
    #[derive(Debug, Default)]
    struct Versioned(MemoryStore);

    #[async_trait]
    impl ObjectStore for Versioned {
        async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError> {
            self.0.list(prefix).await
        }
        async fn open(&self, key: &str) -> Result<ObjectReader, StoreError> {
            self.0.open(key).await
        }
        async fn get(&self, key: &str, max_bytes: u64) -> Result<Object, StoreError> {
            self.0.get(key, max_bytes).await
        }
        async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<String, StoreError> {
            self.0.put(key, bytes, mode).await
        }
        async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
            self.0.head(key).await
        }
        async fn version_of(&self, key: &str, etag: &str) -> Result<Option<String>, StoreError> {
            if key == "w/gone" {
                self.0.head(key).await?;
            }
            Ok((key == "w/known" && etag == "e1").then(|| "v7".to_owned()))
        }
        async fn delete(&self, key: &str) -> Result<(), StoreError> {
            self.0.delete(key).await
        }
        fn locate(&self, key: &str) -> String {
            self.0.locate(key)
        }
    }

    #[tokio::test]
    async fn versions_are_filled_in_where_the_object_is_still_the_one_that_was_read() {
        let object = |key: &str, etag: Option<&str>| EvidenceObject {
            key: key.to_owned(),
            etag: etag.map(str::to_owned),
            version_id: None,
            size_bytes: 1,
        };
        let objects = vec![
            object("known", Some("e1")),
            object("known", Some("e2")),
            object("gone", Some("e1")),
            object("untagged", None),
        ];
        let mut windows = vec![EvidenceWindow {
            span: span_twin((0, 1)),
            kind: "findings".to_owned(),
            revision: 1,
            location: String::new(),
            digest: String::new(),
            status: "pass".to_owned(),
            software: String::new(),
            n_rows: 0,
            n_labelled: None,
            findings: Vec::new(),
            metrics: Vec::new(),
            pictures: Vec::new(),
            objects,
        }];
        add_versions_of(&Versioned::default(), "w", &mut windows).await;
        let versions: Vec<Option<&str>> = windows[0]
            .objects
            .iter()
            .map(|object| object.version_id.as_deref())
            .collect();
        assert_eq!(versions, [Some("v7"), None, None, None]);
    }
}
