//! Domain verdict → newest twin. One function per part, no decisions.

use super::drift;
use super::v1::{
    BaselineV1, CategoriesV1, CategoryV1, HistogramV1, MeasurementV1, NotComputableV1, NumericV1, ObjectV1,
    ParametersV1, SchemaChangeV1, SeverityV1, SideV1, SoftwareV1, SourceV1, StatusV1, VolumeV1, WindowV1,
};
use super::v2::{ColumnV2, FindingV2, JudgedV2, NotEvaluatedV2, RecordsV2};
use super::v3::{CaptureMeasureV3, V3};
use crate::capture_health::{CaptureMeasure, CaptureOutcome};
use crate::compare::{Convention, Measurement, Method};
use crate::judge::{
    BaselineSource, Bins, CategoryReport, CheckKind, ColumnReport, Finding, Histogram, Judged, NotEvaluated,
    NumericReport, Run, SchemaChange, SchemaChangeKind, Severity, SideReport, Status, Verdict, psi_limit,
};
use crate::summary::InferredType;

impl From<&Verdict> for V3 {
    fn from(verdict: &Verdict) -> Self {
        let Run {
            software,
            window,
            baseline,
            records,
            objects,
            volume,
            capture: _,
        } = verdict.run.clone();
        Self {
            software: SoftwareV1 {
                name: software.name,
                version: software.version,
            },
            status: match verdict.status {
                Status::Pass => StatusV1::Pass,
                Status::Violated => StatusV1::Violated,
                Status::NotEvaluated => StatusV1::NotEvaluated,
            },
            window: WindowV1 {
                start: window.start,
                end: window.end,
                first_inference_time: window.first_inference_time,
                last_inference_time: window.last_inference_time,
            },
            baseline: BaselineV1 {
                location: baseline.location,
                source: match baseline.source {
                    BaselineSource::Driftline => SourceV1::Driftline,
                    BaselineSource::ModelMonitor => SourceV1::ModelMonitor,
                },
                digest: baseline.digest,
                n_rows: baseline.n_rows,
            },
            records: RecordsV2 {
                lines: records.lines,
                decoded: records.decoded,
                rejected: records.rejected,
                duplicates: records.duplicates,
                outside_window: records.outside_window,
                shadow: records.shadow,
                rows: records.rows,
                one_sided: records.one_sided,
                without_time: Some(records.without_time),
                rejects_by_reason: records.rejects_by_reason,
            },
            findings: verdict.findings.iter().map(finding).collect(),
            not_evaluated: verdict.not_evaluated.iter().map(not_evaluated).collect(),
            columns: verdict
                .columns
                .iter()
                .map(|report| column(report, &verdict.judged))
                .collect(),
            schema_changes: verdict.schema_changes.iter().map(schema_change).collect(),
            objects: objects
                .into_iter()
                .map(|object| ObjectV1 {
                    key: object.key,
                    etag: object.etag,
                    size_bytes: object.size_bytes,
                    lines: object.lines,
                    decoded: object.decoded,
                    rejected: object.rejected,
                })
                .collect(),
            volume: volume
                .into_iter()
                .map(|hour| VolumeV1 {
                    hour: hour.hour,
                    rows: hour.rows,
                })
                .collect(),
            judged: JudgedV2 {
                conventions: verdict.judged.conventions.clone(),
                thresholds: verdict.judged.thresholds.clone(),
                choices: verdict.judged.choices.clone(),
                alarm: verdict.judged.alarm.as_ref().map(drift::alarm),
            },
            quality: None,
            capture_health: verdict
                .capture
                .as_ref()
                .map(|health| health.measures.iter().map(capture_measure).collect()),
        }
    }
}

fn finding(finding: &Finding) -> FindingV2 {
    FindingV2 {
        id: finding.id(),
        severity: match finding.severity {
            Severity::Info => SeverityV1::Info,
            Severity::Warning => SeverityV1::Warning,
            Severity::Violation => SeverityV1::Violation,
        },
        column: finding.column.clone(),
        check: finding.check.name().to_owned(),
        method: finding.method.map(|method| method.name().to_owned()),
        value: finding.value,
        limit: finding.limit,
        derivation: finding.derivation.clone(),
        description: finding.description.clone(),
        remedy: finding.remedy.clone(),
        drift: finding.drift.as_ref().map(drift::evidence),
    }
}

fn not_evaluated(skipped: &NotEvaluated) -> NotEvaluatedV2 {
    NotEvaluatedV2 {
        column: skipped.column.clone(),
        check: skipped.check.name().to_owned(),
        reason: skipped.reason.clone(),
        remedy: Some(skipped.remedy.to_owned()),
    }
}

fn type_name(inferred_type: InferredType) -> String {
    let name = match inferred_type {
        InferredType::Integral => "Integral",
        InferredType::Fractional => "Fractional",
        InferredType::Boolean => "Boolean",
        InferredType::String => "String",
        InferredType::Unknown => "Unknown",
    };
    name.to_owned()
}

fn column(report: &ColumnReport, judged: &Judged) -> ColumnV2 {
    let mut measurements = Vec::new();
    let mut not_computable = Vec::new();
    for measured in &report.measured {
        match &measured.outcome {
            Ok(found) => measurements.push(measurement(found, report.inferred_type, judged)),
            Err(reason) => not_computable.push(NotComputableV1 {
                method: measured.method.name().to_owned(),
                convention: measured.convention.name().to_owned(),
                reason: reason.to_string(),
            }),
        }
    }
    ColumnV2 {
        name: report.name.clone(),
        inferred_type: type_name(report.inferred_type),
        baseline_evidence: report.baseline_evidence.to_owned(),
        baseline: report.baseline.as_ref().map(side),
        current: report.current.as_ref().map(side),
        histogram: report.histogram.as_ref().map(histogram),
        categories: report.categories.as_ref().map(categories),
        measurements,
        not_computable,
        drift: report.drift.as_ref().map(drift::column),
    }
}

fn side(report: &SideReport) -> SideV1 {
    let counts = &report.counts;
    SideV1 {
        n: counts.n_cells(),
        n_present: counts.n_present(),
        n_missing: counts.n_missing,
        n_absent: counts.n_absent,
        n_integral: counts.n_integral,
        n_fractional: counts.n_fractional,
        n_boolean: counts.n_boolean,
        n_text: counts.n_text,
        n_nan: counts.n_nan,
        n_positive_infinity: counts.n_positive_infinity,
        n_negative_infinity: counts.n_negative_infinity,
        completeness: counts.completeness(),
        n_distinct: report.n_distinct,
        numeric: report.numeric.as_ref().map(numeric),
    }
}

/// Sums near the range of a double overflow; JSON has no word for that.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn numeric(report: &NumericReport) -> NumericV1 {
    let quantiles = report.quantiles.as_ref();
    NumericV1 {
        n: report.n,
        mean: finite(report.mean),
        std_dev: finite(report.std_dev),
        min: report.min,
        max: report.max,
        p05: quantiles.map(|quantiles| quantiles.p05),
        p25: quantiles.map(|quantiles| quantiles.p25),
        p50: quantiles.map(|quantiles| quantiles.p50),
        p75: quantiles.map(|quantiles| quantiles.p75),
        p95: quantiles.map(|quantiles| quantiles.p95),
    }
}

fn histogram(found: &Histogram) -> HistogramV1 {
    let (values, edges) = match &found.bins {
        Bins::Values(values) => (Some(values.clone()), None),
        Bins::Edges(edges) => (None, Some(edges.clone())),
    };
    HistogramV1 {
        values,
        edges,
        baseline: found.baseline.clone(),
        current: found.current.clone(),
    }
}

fn categories(report: &CategoryReport) -> CategoriesV1 {
    let listed = report.listed.iter().map(|count| CategoryV1 {
        value: count.value.clone(),
        baseline: count.baseline,
        current: count.current,
    });
    CategoriesV1 {
        listed: listed.collect(),
        n_baseline_other: report.n_baseline_other,
        n_current_other: report.n_current_other,
        n_unseen_values: report.n_unseen_values,
        n_unseen_rows: report.n_unseen_rows,
    }
}

fn measurement(found: &Measurement, column_type: InferredType, judged: &Judged) -> MeasurementV1 {
    let text = |value: Option<&'static str>| value.map(str::to_owned);
    let parameters = &found.parameters;
    MeasurementV1 {
        method: found.method.name().to_owned(),
        convention: found.convention.name().to_owned(),
        statistic: found.statistic,
        p_value: found.p_value,
        error_bound: found.error_bound,
        limit: limit(found, column_type, judged),
        n_baseline: found.n_baseline,
        n_current: found.n_current,
        parameters: ParametersV1 {
            bins: parameters.bins,
            edges_source: text(parameters.edges_source),
            zero_rule: text(parameters.zero_rule),
            log_base: text(parameters.log_base),
            ddof: parameters.ddof,
            degrees_of_freedom: parameters.degrees_of_freedom,
            p_value_source: text(parameters.p_value_source),
            scaled_by: text(parameters.scaled_by),
            merged_categories: parameters.merged_categories,
        },
        companions: found
            .companions
            .iter()
            .filter(|companion| companion.value.is_finite())
            .map(|companion| (companion.name.to_owned(), companion.value))
            .collect(),
    }
}

/// The threshold a measurement was held against: the house's for PSI, Model Monitor's for the method its
/// configuration chose.
fn limit(found: &Measurement, column_type: InferredType, judged: &Judged) -> Option<f64> {
    let chosen = |key: &str, value: &str| judged.choices.get(key).is_some_and(|choice| choice == value);
    let key = match (found.method, found.convention) {
        (Method::Psi, Convention::House) => {
            let threshold = |key: &str| judged.thresholds.get(key).copied();
            return Some(psi_limit(found, threshold("psi_major")?));
        }
        (Method::LInfinity | Method::LInfinityRobust, Convention::Sagemaker) => {
            let name = if found.method == Method::LInfinity {
                "Simple"
            } else {
                "Robust"
            };
            let is_categorical = !column_type.is_numeric();
            if !chosen("comparison_method", name)
                || (is_categorical && !chosen("categorical_drift_method", "LInfinity"))
            {
                return None;
            }
            if is_categorical {
                "categorical_comparison_threshold"
            } else {
                "comparison_threshold"
            }
        }
        (Method::ChiSquare, Convention::Sagemaker) if chosen("categorical_drift_method", "ChiSquared") => {
            "categorical_comparison_threshold"
        }
        _ => return None,
    };
    judged.thresholds.get(key).copied()
}

fn schema_change(change: &SchemaChange) -> SchemaChangeV1 {
    let (name, types) = match change.kind {
        SchemaChangeKind::Appeared => ("appeared", None),
        SchemaChangeKind::Disappeared => ("disappeared", None),
        SchemaChangeKind::ChangedType { from, to } => {
            ("changed_type", Some((type_name(from), type_name(to))))
        }
    };
    let (from, to) = types.unzip();
    SchemaChangeV1 {
        column: change.column.clone(),
        change: name.to_owned(),
        from,
        to,
        object_idx: u64::from(change.position.object_idx),
        line: change.position.line,
    }
}

fn capture_measure(found: &CaptureMeasure) -> CaptureMeasureV3 {
    let (outcome, reason) = match &found.outcome {
        CaptureOutcome::Usual => ("usual", None),
        CaptureOutcome::Unusual => ("unusual", None),
        CaptureOutcome::NotEvaluated(why) => ("not_evaluated", Some(why.clone())),
    };
    CaptureMeasureV3 {
        check: CheckKind::from(found.check).name().to_owned(),
        outcome: outcome.to_owned(),
        reason,
        n: found.n,
        of: found.of,
        value: found.value,
        limit: found.limit,
        bound: found.bound,
        p_value: found.p_value,
        level: found.level,
        hours: found.hours.clone(),
        against: found.against.clone(),
    }
}
