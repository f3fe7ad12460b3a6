//! One measure per check: what was counted, what is allowed, and whether chance explains the difference.
//!
//! Does not name severities and writes no sentences for people (`judge`).

use super::bounds::lower_limit;
use super::facts::CaptureFacts;
use super::policy::{CapturedSides, HealthPolicy};
use super::volume::{Compared, usual};

/// Checks of capture, over which a run's share of the false-alarm budget is divided.
pub const N_CHECKS: usize = 9;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CaptureCheck {
    /// Not one record.
    Silence,
    /// Hours without a record.
    Gap,
    /// Number of rows.
    Volume,
    /// Captured share of the requests.
    Sampling,
    /// Records with one side only.
    Pairing,
    /// Lines that could not be decoded.
    Decoding,
    /// Records delivered again.
    Duplicates,
    /// Records that came after the window was closed.
    Late,
    /// Records without the caller's inference id.
    Ids,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureOutcome {
    /// As it should be, or chance explains it.
    Usual,
    /// Not as it should be, and chance does not explain it.
    Unusual,
    /// It could not be said.
    NotEvaluated(String),
}

/// One check with its numbers. All numbers are finite.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptureMeasure {
    /// The check.
    pub check: CaptureCheck,
    /// What was counted: records, lines, hours, rows.
    pub n: u64,
    /// Of how many; for volume the usual number, rounded.
    pub of: u64,
    /// The share; for volume the ratio to the usual.
    pub value: f64,
    /// What is allowed, on the scale of `value`.
    pub limit: f64,
    /// Exact lower (of sampling: nearer) end of the share's interval; `None` for silence, gaps and volume.
    pub bound: Option<f64>,
    /// Probability of such a count as usual; `None` for shares.
    pub p_value: Option<f64>,
    /// Level at which chance is excluded.
    pub level: f64,
    /// First seconds of the hours without a record.
    pub hours: Vec<i64>,
    /// What earlier windows it was held against; empty for shares.
    pub against: String,
    /// What became of it.
    pub outcome: CaptureOutcome,
}

/// What was measured of capture, in the order of the checks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaptureHealth {
    /// Measures.
    pub measures: Vec<CaptureMeasure>,
}

impl CaptureHealth {
    /// Measures that are not as they should be.
    pub fn unusual(&self) -> impl Iterator<Item = &CaptureMeasure> {
        self.measures
            .iter()
            .filter(|measure| measure.outcome == CaptureOutcome::Unusual)
    }
}

/// Measures a window's capture; `alpha` is the probability of a false alarm that the run may take.
pub fn measure(facts: &CaptureFacts, policy: &HealthPolicy, alpha: f64) -> CaptureHealth {
    let level = alpha / N_CHECKS as f64;
    let mut measures = volumes(facts, policy, level);
    if facts.records > 0 || facts.lines > 0 {
        measures.push(sampling(facts, policy, level));
        measures.extend(shares(facts, policy, level));
    }
    CaptureHealth { measures }
}

fn blank(check: CaptureCheck, level: f64) -> CaptureMeasure {
    CaptureMeasure {
        check,
        n: 0,
        of: 0,
        value: 0.0,
        limit: 0.0,
        bound: None,
        p_value: None,
        level,
        hours: Vec::new(),
        against: String::new(),
        outcome: CaptureOutcome::Usual,
    }
}

fn skipped(check: CaptureCheck, level: f64, why: impl Into<String>) -> CaptureMeasure {
    CaptureMeasure {
        outcome: CaptureOutcome::NotEvaluated(why.into()),
        ..blank(check, level)
    }
}

fn volumes(facts: &CaptureFacts, policy: &HealthPolicy, level: f64) -> Vec<CaptureMeasure> {
    let is_silent = facts.records == 0;
    if is_silent && facts.invocations == Some(0) {
        let none = "the endpoint answered no request";
        let silence = CaptureMeasure {
            limit: 1.0,
            against: none.to_owned(),
            ..blank(CaptureCheck::Silence, level)
        };
        let others = [CaptureCheck::Gap, CaptureCheck::Volume];
        return std::iter::once(silence)
            .chain(others.map(|check| skipped(check, level, none)))
            .collect();
    }
    let usual = match usual(facts) {
        Ok(usual) => usual,
        Err(why) => {
            // Silence needs no history to be told.
            let outcome = if is_silent {
                CaptureOutcome::Unusual
            } else {
                CaptureOutcome::Usual
            };
            let silence = CaptureMeasure {
                limit: 1.0,
                n: facts.records,
                against: why.clone(),
                outcome,
                ..blank(CaptureCheck::Silence, level)
            };
            return vec![
                silence,
                skipped(CaptureCheck::Gap, level, why.clone()),
                skipped(CaptureCheck::Volume, level, why),
            ];
        }
    };
    let against = format!("the same hours of {} earlier {}s", usual.len(), usual.season);
    let total = usual.total(facts.rows);
    let unknown = "how much earlier windows vary cannot be told";
    let mut out = Vec::new();
    let expected = total.map_or(0.0, |total| total.expected);
    // Silence is unusual unless earlier windows were silent too.
    let quiet_as_ever = total.is_some_and(|total| total.expected == 0.0);
    out.push(CaptureMeasure {
        n: facts.records,
        of: expected.round() as u64,
        limit: 1.0,
        p_value: total.map(|total| total.p_fewer),
        against: against.clone(),
        outcome: if is_silent && !quiet_as_ever {
            CaptureOutcome::Unusual
        } else {
            CaptureOutcome::Usual
        },
        ..blank(CaptureCheck::Silence, level)
    });
    out.push(match usual.empty_hours(facts) {
        None => skipped(CaptureCheck::Gap, level, unknown),
        Some((_, 0)) => skipped(CaptureCheck::Gap, level, "the window has no whole hour"),
        Some((empty, n_hours)) => gap(&empty, n_hours, &against, level, is_silent),
    });
    out.push(match total {
        None => skipped(CaptureCheck::Volume, level, unknown),
        Some(total) => volume(facts.rows, total, policy, level, against, is_silent),
    });
    out
}

fn gap(
    empty: &[(i64, Compared)],
    n_hours: u64,
    against: &str,
    level: f64,
    is_silent: bool,
) -> CaptureMeasure {
    // Each hour is a test of its own.
    let level = level / n_hours as f64;
    let found: Vec<&(i64, Compared)> = empty.iter().filter(|(_, hour)| hour.p_fewer <= level).collect();
    let p_value = empty.iter().map(|(_, hour)| hour.p_fewer).fold(1.0, f64::min);
    CaptureMeasure {
        n: found.len() as u64,
        of: n_hours,
        value: found.len() as f64,
        p_value: Some(p_value),
        hours: found.iter().map(|(hour, _)| *hour).collect(),
        against: against.to_owned(),
        // A silent window is told once.
        outcome: if found.is_empty() || is_silent {
            CaptureOutcome::Usual
        } else {
            CaptureOutcome::Unusual
        },
        ..blank(CaptureCheck::Gap, level)
    }
}

fn volume(
    rows: u64,
    total: Compared,
    policy: &HealthPolicy,
    level: f64,
    against: String,
    is_silent: bool,
) -> CaptureMeasure {
    let is_fewer = (rows as f64) < total.expected;
    let p_value = (2.0 * total.p_fewer.min(total.p_more)).min(1.0);
    let keep = (1.0 - policy.volume_change).max(0.0);
    let ratio = if total.expected > 0.0 {
        rows as f64 / total.expected
    } else {
        1.0
    };
    let (limit, matters) = if is_fewer {
        (keep, ratio < keep)
    } else if keep > 0.0 {
        (1.0 / keep, ratio > 1.0 / keep)
    } else {
        (f64::MAX, false)
    };
    let is_unusual = matters && p_value <= level && !is_silent;
    CaptureMeasure {
        n: rows,
        of: total.expected.round() as u64,
        value: ratio,
        limit,
        p_value: Some(p_value),
        against,
        outcome: if is_unusual {
            CaptureOutcome::Unusual
        } else {
            CaptureOutcome::Usual
        },
        ..blank(CaptureCheck::Volume, level)
    }
}

/// The captured share of the requests against the configured one: its two-sided exact interval must lie beyond the tolerance.
fn sampling(facts: &CaptureFacts, policy: &HealthPolicy, level: f64) -> CaptureMeasure {
    let Some(configured) = policy.sampling else {
        return skipped(
            CaptureCheck::Sampling,
            level,
            "no sampling percentage is configured for the monitor",
        );
    };
    let Some(requests) = facts.invocations.filter(|requests| *requests > 0) else {
        let why = "how many requests the endpoint answered is not known";
        return skipped(CaptureCheck::Sampling, level, why);
    };
    let captured = facts.records.min(requests);
    let low = lower_limit(captured, requests, level / 2.0);
    let high = 1.0 - lower_limit(requests - captured, requests, level / 2.0);
    let value = facts.records as f64 / requests as f64;
    let (least, most) = (
        configured - policy.sampling_tolerance,
        configured + policy.sampling_tolerance,
    );
    let is_unusual = high < least || low > most;
    CaptureMeasure {
        n: facts.records,
        of: requests,
        value,
        limit: configured,
        bound: Some(if value < configured { high } else { low }),
        outcome: if is_unusual {
            CaptureOutcome::Unusual
        } else {
            CaptureOutcome::Usual
        },
        ..blank(CaptureCheck::Sampling, level)
    }
}

fn shares(facts: &CaptureFacts, policy: &HealthPolicy, level: f64) -> Vec<CaptureMeasure> {
    let share = |check: CaptureCheck, n: u64, of: u64, limit: f64| {
        if of == 0 {
            return skipped(check, level, "there is nothing to count it of");
        }
        let bound = lower_limit(n, of, level);
        CaptureMeasure {
            n,
            of,
            value: n as f64 / of as f64,
            limit,
            bound: Some(bound),
            outcome: if bound > limit {
                CaptureOutcome::Unusual
            } else {
                CaptureOutcome::Usual
            },
            ..blank(check, level)
        }
    };
    let records = facts.records;
    let mut out = Vec::new();
    out.push(match policy.sides {
        CapturedSides::Both => share(
            CaptureCheck::Pairing,
            facts.one_sided,
            records,
            policy.max_one_sided,
        ),
        CapturedSides::One => skipped(CaptureCheck::Pairing, level, "one side is captured by intention"),
    });
    out.push(share(
        CaptureCheck::Decoding,
        facts.rejected,
        facts.lines,
        policy.max_decode_failures,
    ));
    let deliveries = records + facts.duplicates;
    out.push(share(
        CaptureCheck::Duplicates,
        facts.duplicates,
        deliveries,
        policy.max_duplicates,
    ));
    out.push(match facts.lateness {
        None => skipped(
            CaptureCheck::Late,
            level,
            "when records arrived, or the window's grace, is not known",
        ),
        Some(found) if found.of > 0 && found.late == found.of => skipped(
            CaptureCheck::Late,
            level,
            "every object was written after the window was closed, as when capture is copied",
        ),
        Some(found) => share(CaptureCheck::Late, found.late, found.of, policy.max_late),
    });
    out.push(match policy.min_id_coverage {
        None => skipped(CaptureCheck::Ids, level, "inference ids are not asked for"),
        Some(coverage) => {
            let without = records - facts.with_inference_id.min(records);
            share(CaptureCheck::Ids, without, records, 1.0 - coverage)
        }
    });
    out
}
