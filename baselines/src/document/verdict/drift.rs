//! The drift parts of a verdict → newest twin. No decisions.

use super::v2::{AlarmV2, ColumnDriftV2, ComponentV2, DetectableV2, DriftEvidenceV2};
use crate::calibrate::{CalibrationBasis, Component};
use crate::judge::{AlarmTerms, ColumnDrift, DriftEvidence};

pub(super) fn evidence(found: &DriftEvidence) -> DriftEvidenceV2 {
    DriftEvidenceV2 {
        component: found.component.name().to_owned(),
        statistic: found.statistic,
        critical: found.critical,
        scale: found.scale,
        scale_freedom: found.scale_freedom,
        p_raw: found.p_raw,
        p_calibrated: found.p_calibrated,
        p_column: found.p_column,
        p_adjusted: found.p_adjusted,
        effect: found.effect,
        min_effect: found.min_effect,
    }
}

pub(super) fn column(found: &ColumnDrift) -> ColumnDriftV2 {
    let ColumnDrift {
        evidence,
        decision,
        detectable,
    } = found;
    let components = evidence.components.iter().map(|component| ComponentV2 {
        component: component.component.name().to_owned(),
        statistic: component.statistic,
        p_raw: component.p_raw,
        p_calibrated: component.p_calibrated,
        effect: component.effect,
        scale: component.scale,
    });
    ColumnDriftV2 {
        alarm: decision.alarm,
        component: decision
            .component
            .map(|component| Component::name(component).to_owned()),
        p_value: decision.p_value,
        p_adjusted: decision.p_adjusted,
        effect: decision.effect,
        limit: decision.limit,
        calibrated: evidence.calibrated,
        skipped: evidence.skipped.map(str::to_owned),
        components: components.collect(),
        detectable: DetectableV2 {
            mean_shift: detectable.mean_shift,
            sd_ratio: detectable.sd_ratio,
            category_share: detectable.category_share,
            missing_rate: detectable.missing_rate,
        },
    }
}

pub(super) fn alarm(terms: &AlarmTerms) -> AlarmV2 {
    let (calibration, n_blocks, block_seconds) = match terms.basis {
        None => ("none", None, None),
        Some(CalibrationBasis::ResampledRows) => ("resampled_rows", None, None),
        Some(CalibrationBasis::TimeBlocks {
            block_seconds,
            n_blocks,
        }) => ("time_blocks", Some(n_blocks), u64::try_from(block_seconds).ok()),
    };
    AlarmV2 {
        false_alarms: terms.budget.to_string(),
        alpha: terms.run.alpha,
        window_seconds: terms.run.window_seconds,
        window_assumed: terms.run.assumed,
        n_tested: terms.n_tested,
        p_limit: terms.p_limit,
        calibration: calibration.to_owned(),
        n_blocks,
        block_seconds,
    }
}
