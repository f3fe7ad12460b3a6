//! Drift of the window's columns: calibrated evidence, decided at the run's share of the false-alarm budget, in words.
//!
//! A column rings when a component's change is large enough to matter *and* its p-value, with the column's null scale,
//! combined over the components and Benjamini–Hochberg over the columns, is within what this run may spend
//! (`calibrate`). It is a warning, and a violation from PSI `psi_major` on. PSI is measured and reported; by itself it
//! decides nothing. Findings of this file never enter `constraint_violations.json`.

use std::collections::BTreeMap;

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::finding::{CheckKind, DriftEvidence, Finding, Severity};
use super::verdict::AlarmTerms;
use super::{BaselineView, Docket, Policy, Subject};
use crate::calibrate::{
    Against, CalibrationBasis, ColumnDecision, ColumnEvidence, Component, ComponentEvidence, Detectable,
    Distribution, EarlierFlags, MinEffect, column_evidence, decide,
};
use crate::compare::{Convention, Measurement, Method};
use crate::summary::InferredType;

/// Largest effect a column may need to ring, for its silence to excuse Model Monitor's distance check.
const MAX_LIMIT_TO_EXCUSE: f64 = 0.5;

/// Drift of one column, decided.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDrift {
    /// Component tests, and what was not tested.
    pub evidence: ColumnEvidence,
    /// The decision.
    pub decision: ColumnDecision,
    /// The smallest shifts this window shows with a probability of 80 %.
    pub detectable: Detectable,
}

/// Drift of all columns.
#[derive(Debug, Default)]
pub(super) struct Drift {
    /// By column, those that were tested.
    pub(super) columns: BTreeMap<String, ColumnDrift>,
    pub(super) terms: Option<AlarmTerms>,
}

/// Level of single tests where no column was tested.
const P_LIMIT_UNTESTED: f64 = 0.05;

impl Drift {
    /// The largest p-value that is more than chance in this run.
    pub(super) fn p_limit(&self) -> f64 {
        self.terms
            .as_ref()
            .map_or(P_LIMIT_UNTESTED, |terms| terms.p_limit)
    }

    /// Whether a rate of a column has certainly gone up, however little: evidence without regard to effect.
    pub(super) fn is_certain(&self, column: &str, component: Component) -> bool {
        let (Some(found), Some(terms)) = (self.columns.get(column), &self.terms) else {
            return false;
        };
        found.evidence.component(component).is_some_and(|rate| {
            rate.direction > 0.0 && rate.statistic >= found.evidence.critical(rate, terms.p_limit)
        })
    }

    /// Whether a column was tested against the baseline's own time blocks, did not ring, and could have: a test that
    /// rings only when half of the rows have moved is blind, and its silence excuses nothing.
    pub(super) fn is_usual(&self, column: &str) -> bool {
        let basis = self.terms.as_ref().and_then(|terms| terms.basis);
        matches!(basis, Some(CalibrationBasis::TimeBlocks { .. }))
            && self
                .columns
                .get(column)
                .is_some_and(|found| !found.decision.alarm && found.decision.limit <= MAX_LIMIT_TO_EXCUSE)
    }

    /// The calibrated p-value of a component; `None` where it was not tested.
    pub(super) fn p_of(&self, column: &str, component: Component) -> Option<f64> {
        let found = self.columns.get(column)?.evidence.component(component)?;
        Some(found.p_calibrated)
    }

    /// Whether a column's drift finding already tells of this component.
    pub(super) fn tells(&self, column: &str, component: Component) -> bool {
        self.columns
            .get(column)
            .is_some_and(|found| found.decision.alarm && found.decision.component == Some(component))
    }
}

pub(super) fn check(
    baseline: &BaselineView<'_>,
    subjects: &[Subject<'_>],
    policy: &Policy,
    docket: &mut Docket,
) -> Drift {
    let mut tested: Vec<(&Subject<'_>, ColumnEvidence, MinEffect)> = Vec::new();
    for subject in subjects.iter().filter(|subject| subject.evaluated) {
        let settings = policy.columns.get(subject.name).copied().unwrap_or_default();
        if settings.ignore {
            docket.skip(
                Some(subject.name),
                CheckKind::Drift,
                "the settings say to ignore the column",
                "take it off the ignored columns",
            );
            continue;
        }
        if let Some(evidence) = evidence(subject, baseline, policy, docket) {
            tested.push((subject, evidence, settings.min_effect(policy.min_effect)));
        }
    }
    let run = policy.false_alarms.alpha(policy.window_seconds);
    let columns: Vec<(&ColumnEvidence, MinEffect)> = tested
        .iter()
        .map(|(_, evidence, min_effect)| (evidence, *min_effect))
        .collect();
    let decision = decide(&columns, run.alpha);
    let terms = AlarmTerms {
        budget: policy.false_alarms,
        run,
        n_tested: decision.n_tested as u64,
        p_limit: decision.p_limit,
        min_effect: policy.min_effect,
        basis: baseline.calibration.map(|calibration| calibration.basis),
    };
    let mut drift = Drift::default();
    for ((subject, evidence, min_effect), decided) in tested.into_iter().zip(decision.columns) {
        let found = ColumnDrift {
            detectable: evidence.detectable(decision.p_limit, &min_effect),
            evidence,
            decision: decided,
        };
        match found
            .decision
            .component
            .and_then(|component| found.evidence.component(component))
        {
            Some(speaking) if found.decision.alarm => {
                docket.find(finding(subject, &found, speaking, &terms, min_effect, policy));
            }
            _ => docket.pass(),
        }
        drift.columns.insert(subject.name.to_owned(), found);
    }
    drift.terms = Some(terms);
    drift
}

/// `None`: nothing to compare, which another check or an entry among the not evaluated says.
fn evidence(
    subject: &Subject<'_>,
    view: &BaselineView<'_>,
    policy: &Policy,
    docket: &mut Docket,
) -> Option<ColumnEvidence> {
    let (baseline, current) = (subject.baseline?, subject.current?);
    if current.counts.n_cells() == 0 || baseline.inferred_type == InferredType::Unknown {
        return None;
    }
    let n_rows = baseline.counts.n_cells().min(current.counts.n_cells());
    if n_rows < policy.min_rows {
        let reason = format!(
            "{n_rows} values are too few: {} are needed on each side",
            policy.min_rows
        );
        docket.skip(
            Some(subject.name),
            CheckKind::Drift,
            reason,
            "use longer windows, or a larger baseline",
        );
        return None;
    }
    let calibration = view
        .calibration
        .and_then(|calibration| calibration.column(subject.name));
    let evidence = column_evidence(
        baseline,
        current,
        subject.evidence,
        calibration,
        policy.window_seconds,
        policy.against,
    );
    if let Some(reason) = evidence.skipped {
        docket.skip(Some(subject.name), CheckKind::Drift, reason, remedy_of(reason));
    }
    // A column that no test can speak about (constant on both sides) is no part of the family: this is known from the
    // pooled rows, before anything is compared (R. E. Tarone, Biometrics 46, 1990).
    if evidence.components.is_empty() {
        if evidence.skipped.is_none() {
            docket.pass();
        }
        return None;
    }
    Some(evidence)
}

fn remedy_of(reason: &str) -> &'static str {
    if reason.contains("identifier") {
        "ignore the column, or monitor what it stands for"
    } else if reason.contains("histogram") || reason.contains("no distribution") {
        "make a baseline with driftline from the data itself: imported statistics do not hold this distribution"
    } else {
        "find why one side has no values"
    }
}

fn finding(
    subject: &Subject<'_>,
    found: &ColumnDrift,
    speaking: &ComponentEvidence,
    terms: &AlarmTerms,
    min_effect: MinEffect,
    policy: &Policy,
) -> Finding {
    let ColumnDrift {
        evidence, decision, ..
    } = found;
    let psi = psi_of(subject);
    let is_major = psi.is_some_and(|psi| psi.statistic >= psi_limit(psi, policy.psi_major));
    let waiting = policy
        .earlier
        .as_ref()
        .filter(|earlier| !earlier.rings(subject.name))
        .map_or_else(String::new, |earlier| waiting(earlier, subject.name));
    Finding {
        severity: if !waiting.is_empty() {
            Severity::Info
        } else if is_major {
            Severity::Violation
        } else {
            Severity::Warning
        },
        check: CheckKind::Drift,
        column: Some(subject.name.to_owned()),
        method: method_of(speaking.component),
        value: decision.effect,
        limit: decision.limit,
        derivation: derivation(evidence, decision, speaking, terms, min_effect, policy),
        description: description(evidence, speaking, psi) + &waiting,
        remedy: remedy(speaking.component).to_owned(),
        drift: Some(DriftEvidence {
            component: speaking.component,
            statistic: speaking.statistic,
            critical: evidence.critical(speaking, terms.p_limit),
            scale: speaking.scale,
            scale_freedom: speaking.scale_freedom,
            p_raw: speaking.p_raw,
            p_calibrated: speaking.p_calibrated,
            p_column: decision.p_value,
            p_adjusted: decision.p_adjusted,
            effect: decision.effect,
            min_effect: min_effect.of(speaking.component),
        }),
    }
}

/// Why a drift that was found does not ring yet.
fn waiting(earlier: &EarlierFlags, column: &str) -> String {
    let (n_flagged, n) = earlier.counts(column);
    format!(
        "; it rings where {} windows find it, and so did {n_flagged} of the {n} before",
        earlier.persistence()
    )
}

fn psi_of<'a>(subject: &'a Subject<'_>) -> Option<&'a Measurement> {
    subject
        .measured
        .iter()
        .find(|found| found.method == Method::Psi && found.convention == Convention::House)
        .and_then(|found| found.outcome.as_ref().ok())
}

fn method_of(component: Component) -> Option<Method> {
    match component {
        Component::Shape => Some(Method::KolmogorovSmirnov),
        Component::Categories => Some(Method::ChiSquare),
        _ => None,
    }
}

fn description(evidence: &ColumnEvidence, speaking: &ComponentEvidence, psi: Option<&Measurement>) -> String {
    let up = speaking.direction > 0.0;
    let what = match speaking.component {
        Component::Location if up => "the numbers have moved up",
        Component::Location => "the numbers have moved down",
        Component::Scale if up => "the numbers are spread more widely",
        Component::Scale => "the numbers are spread less widely",
        Component::Shape => "the distribution has another shape",
        Component::Categories => "the shares of the categories have moved",
        Component::LargestCategory if up => "one category has become more frequent",
        Component::LargestCategory => "one category has become less frequent",
        Component::MissingRate if up => "more cells are missing",
        Component::MissingRate => "fewer cells are missing",
        Component::SpecialRate if up => "more cells are NaN or infinite",
        Component::SpecialRate => "fewer cells are NaN or infinite",
    };
    let psi = psi.map_or_else(String::new, |psi| format!(", PSI {:.3}", psi.statistic));
    let direction = if speaking.component.is_rate() {
        "changed"
    } else {
        "moved"
    };
    format!(
        "{what}: at least {:.1} % of the rows have {direction}{psi} ({} rows against {} of the baseline)",
        100.0 * speaking.effect,
        evidence.size.n_current,
        evidence.size.n_baseline
    )
}

/// How the limit came about, with every number of the decision.
fn derivation(
    evidence: &ColumnEvidence,
    decision: &ColumnDecision,
    speaking: &ComponentEvidence,
    terms: &AlarmTerms,
    min_effect: MinEffect,
    policy: &Policy,
) -> String {
    let practical = min_effect.of(speaking.component);
    let limit = if decision.limit > practical {
        format!(
            "what {} rows cannot tell from chance (above the practical threshold {practical})",
            evidence.size.n_current
        )
    } else {
        format!("practical threshold, share of rows {practical}")
    };
    let test = match (speaking.component, speaking.distribution) {
        (Component::Location, _) => "van der Waerden's test".to_owned(),
        (Component::Scale, _) => "Klotz' test".to_owned(),
        (Component::Shape, _) => "the Kolmogorov-Smirnov test".to_owned(),
        (Component::Categories, _) => "the chi-square test".to_owned(),
        (_, Distribution::LargestNormal { k }) if k > 1.0 => {
            format!("the exact test of the category that stands out, as one of {k:.1}")
        }
        _ => "the exact test of two rates".to_owned(),
    };
    let scale = match (terms.basis, speaking.scale_freedom) {
        (None, _) => "not calibrated: rows count as independent".to_owned(),
        (Some(_), Some(freedom)) => format!(
            "statistic divided by {:.2}, as windows of the baseline vary that much more {}than independent rows \
             ({freedom:.0} degrees of freedom)",
            speaking.scale,
            match evidence.size.against {
                Against::Baseline => "",
                Against::Trailing { .. } => "against those before them ",
                Against::Season { .. } => "against those of their season ",
            }
        ),
        (Some(_), None) => format!("statistic divided by {:.2}", speaking.scale),
    };
    let assumed = if terms.run.assumed {
        ", a day being assumed"
    } else {
        ""
    };
    format!(
        "{limit}; evidence: {test}, p {:.2e} ({scale}), combined over {} component tests {:.2e}, adjusted over {} columns {:.2e}; \
         this run may spend {:.2e} of \"{}\"{assumed}; from PSI {} on it is a violation",
        speaking.p_calibrated,
        evidence.components.len(),
        decision.p_value,
        terms.n_tested,
        decision.p_adjusted,
        terms.run.alpha,
        terms.budget,
        policy.psi_major,
    )
}

fn remedy(component: Component) -> &'static str {
    match component {
        Component::MissingRate => "find what leaves the values out, or what has begun to fill them in",
        Component::SpecialRate => "find the division or the logarithm that makes them",
        Component::LargestCategory | Component::Categories => {
            "look at the shares of the categories; if they are the new normal, make a new baseline, and see whether the \
             model still fits"
        }
        _ => {
            "look at both distributions; if the new one is the new normal, make a new baseline, and see whether the model \
             still fits"
        }
    }
}

/// Level of [`psi_limit`].
const PSI_LEVEL: f64 = 0.05;

/// The PSI from which drift is a violation: `psi_major`, or what chance alone gives at the 5 % level,
/// `(1/n + 1/m)·χ²₀.₉₅(B − 1)`, where that is larger. Source: Yurdakul 2018 (Western Michigan University, dissertation
/// 3208), two-sample form; methods.md §3.9, §3.12.
pub fn psi_limit(psi: &Measurement, psi_major: f64) -> f64 {
    let freedom = psi.parameters.bins.unwrap_or(0).saturating_sub(1) as f64;
    let by_chance = match ChiSquared::new(freedom) {
        Ok(null) if psi.n_baseline > 0 && psi.n_current > 0 => {
            let scale = 1.0 / psi.n_baseline as f64 + 1.0 / psi.n_current as f64;
            scale * null.inverse_cdf(1.0 - PSI_LEVEL)
        }
        _ => 0.0,
    };
    if by_chance.is_finite() {
        by_chance.max(psi_major)
    } else {
        psi_major
    }
}
