//! Version 1 → 2 → 3: what an older version did not say is absent. Does not judge.

use super::v1::{ColumnV1, FindingV1, NotEvaluatedV1, V1};
use super::v2::{ColumnV2, FindingV2, JudgedV2, NotEvaluatedV2, RecordsV2, V2};
use super::v3::V3;

impl From<V1> for V2 {
    fn from(old: V1) -> Self {
        Self {
            software: old.software,
            status: old.status,
            window: old.window,
            baseline: old.baseline,
            records: RecordsV2 {
                lines: old.records.lines,
                decoded: old.records.decoded,
                rejected: old.records.rejected,
                duplicates: old.records.duplicates,
                outside_window: old.records.outside_window,
                shadow: old.records.shadow,
                rows: old.records.rows,
                one_sided: old.records.one_sided,
                without_time: None,
                rejects_by_reason: old.records.rejects_by_reason,
            },
            findings: old.findings.into_iter().map(finding).collect(),
            not_evaluated: old.not_evaluated.into_iter().map(not_evaluated).collect(),
            columns: old.columns.into_iter().map(column).collect(),
            schema_changes: old.schema_changes,
            objects: old.objects,
            volume: old.volume,
            judged: JudgedV2 {
                conventions: old.judged.conventions,
                thresholds: old.judged.thresholds,
                choices: old.judged.choices,
                alarm: None,
            },
            quality: None,
        }
    }
}

impl From<V2> for V3 {
    fn from(old: V2) -> Self {
        Self {
            software: old.software,
            status: old.status,
            window: old.window,
            baseline: old.baseline,
            records: old.records,
            findings: old.findings,
            not_evaluated: old.not_evaluated,
            columns: old.columns,
            schema_changes: old.schema_changes,
            objects: old.objects,
            volume: old.volume,
            judged: old.judged,
            quality: old.quality,
            capture_health: None,
        }
    }
}

fn finding(old: FindingV1) -> FindingV2 {
    FindingV2 {
        id: old.id,
        severity: old.severity,
        column: old.column,
        check: old.check,
        method: old.method,
        value: old.value,
        limit: old.limit,
        derivation: old.derivation,
        description: old.description,
        remedy: old.remedy,
        drift: None,
    }
}

fn not_evaluated(old: NotEvaluatedV1) -> NotEvaluatedV2 {
    NotEvaluatedV2 {
        column: old.column,
        check: old.check,
        reason: old.reason,
        remedy: None,
    }
}

fn column(old: ColumnV1) -> ColumnV2 {
    ColumnV2 {
        name: old.name,
        inferred_type: old.inferred_type,
        baseline_evidence: old.baseline_evidence,
        baseline: old.baseline,
        current: old.current,
        histogram: old.histogram,
        categories: old.categories,
        measurements: old.measurements,
        not_computable: old.not_computable,
        drift: None,
    }
}
