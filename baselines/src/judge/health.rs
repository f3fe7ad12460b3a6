//! Findings of capture: what `capture_health` measured, in words, with what to do.
//!
//! Does not measure. Findings here are of no column.

use super::finding::{CheckKind, Finding, Severity};
use super::{Docket, Policy, Run};
use crate::calibrate::FalseAlarmBudget;
use crate::capture_health::{CaptureCheck, CaptureHealth, CaptureMeasure, HealthPolicy, measure};

/// Hours that a finding names; the rest are counted.
const MAX_HOURS: usize = 5;

/// Measures the run's capture and adds what is unusual; `None` where capture is not judged.
pub(super) fn check(run: &Run, policy: &Policy, docket: &mut Docket) -> Option<CaptureHealth> {
    let (Some(facts), Some(asked)) = (&run.capture, &policy.capture_health) else {
        return None;
    };
    let budget: FalseAlarmBudget = asked.false_alarms.unwrap_or(policy.false_alarms);
    let health = measure(facts, asked, budget.alpha(policy.window_seconds).alpha);
    let has_rejects = docket
        .findings
        .iter()
        .any(|finding| finding.check == CheckKind::Rejects);
    for unusual in health.unusual() {
        // The same lines are told once.
        if unusual.check == CaptureCheck::Decoding && has_rejects {
            continue;
        }
        docket.findings.push(finding(unusual, asked));
    }
    Some(health)
}

impl From<CaptureCheck> for CheckKind {
    fn from(check: CaptureCheck) -> Self {
        match check {
            CaptureCheck::Silence => Self::CaptureSilence,
            CaptureCheck::Gap => Self::CaptureGap,
            CaptureCheck::Volume => Self::CaptureVolume,
            CaptureCheck::Sampling => Self::CaptureSampling,
            CaptureCheck::Pairing => Self::CapturePairing,
            CaptureCheck::Decoding => Self::CaptureDecoding,
            CaptureCheck::Duplicates => Self::CaptureDuplicates,
            CaptureCheck::Late => Self::CaptureLate,
            CaptureCheck::Ids => Self::CaptureIds,
        }
    }
}

fn finding(found: &CaptureMeasure, asked: &HealthPolicy) -> Finding {
    let (description, derivation, remedy) = words(found, asked);
    Finding {
        // Where earlier windows had records, silence is as good as an outage.
        severity: if found.check == CaptureCheck::Silence && found.of > 0 {
            Severity::Violation
        } else {
            Severity::Warning
        },
        check: found.check.into(),
        column: None,
        method: None,
        value: found.value,
        limit: found.limit,
        derivation,
        description,
        remedy: remedy.to_owned(),
        drift: None,
    }
}

fn words(found: &CaptureMeasure, asked: &HealthPolicy) -> (String, String, &'static str) {
    let (n, of) = (found.n, found.of);
    let share = |what: &str| format!("{n} of {of} {what} ({:.2} %)", found.value * 100.0);
    let allowed = format!(
        "at most {:.2} % may; the exact lower limit of the share at level {:.2e} is {:.2} %",
        found.limit * 100.0,
        found.level,
        found.bound.unwrap_or_default() * 100.0
    );
    let tested = || {
        format!(
            "held against {}: probability {:.2e}, level {:.2e}",
            found.against,
            found.p_value.unwrap_or(1.0),
            found.level
        )
    };
    match found.check {
        CaptureCheck::Silence if of > 0 => (
            format!("not one record was captured; {of} rows are usual"),
            tested(),
            "check that the endpoint is in service and called, that capture is switched on (CaptureStatus), and that its role may write to the bucket",
        ),
        CaptureCheck::Silence => (
            "not one record was captured".to_owned(),
            format!(
                "silence is always told; whether it is usual cannot be said: {}",
                found.against
            ),
            "check that the endpoint is called, that capture is switched on, and that location and window are the right ones",
        ),
        CaptureCheck::Gap => (
            format!(
                "{n} of {of} hours have no record, where there usually are some: {}",
                hours(&found.hours)
            ),
            tested(),
            "look for an outage, a deployment or a full disk of the endpoint in these hours, and for objects that have not arrived",
        ),
        CaptureCheck::Volume => (
            format!("{n} rows were captured, {of} are usual"),
            format!(
                "{}; below {:.2} or above {:.2} times the usual matters",
                tested(),
                1.0 - asked.volume_change,
                1.0 / (1.0 - asked.volume_change).max(f64::MIN_POSITIVE)
            ),
            "ask what changed in the endpoint's traffic, or in its sampling percentage",
        ),
        CaptureCheck::Sampling => (
            format!(
                "{n} of {of} requests were captured ({:.2} %), {:.2} % are configured",
                found.value * 100.0,
                found.limit * 100.0
            ),
            format!(
                "the exact interval of the share at level {:.2e} ends at {:.2} %, more than {:.2} points away",
                found.level,
                found.bound.unwrap_or_default() * 100.0,
                asked.sampling_tolerance * 100.0
            ),
            "compare InitialSamplingPercentage of every variant with the monitor's `sampling`; capture stops by itself when an instance's disk fills",
        ),
        CaptureCheck::Pairing => (
            share("records have one side only"),
            allowed,
            "look at failed invocations in these hours; if one side is captured by intention, set `sides = \"one\"`",
        ),
        CaptureCheck::Decoding => (
            share("lines could not be decoded"),
            allowed,
            "look at the reasons under records.rejects_by_reason, and write the rejects file to see where they are",
        ),
        CaptureCheck::Duplicates => (
            share("records were delivered again"),
            allowed,
            "look for copies of objects below the capture's prefix; each record was counted once",
        ),
        CaptureCheck::Late => (
            share("records came after the window was closed"),
            allowed,
            "give the window more grace, or look for what holds objects up; the window was judged without them before",
        ),
        CaptureCheck::Ids => (
            share("records have no inference id"),
            allowed,
            "let callers send InferenceId with InvokeEndpoint: without it labels cannot be joined by ids of their own",
        ),
    }
}

/// Hours as people write them; the first few.
fn hours(seconds: &[i64]) -> String {
    let mut names: Vec<String> = seconds
        .iter()
        .take(MAX_HOURS)
        .map(|second| hour(*second))
        .collect();
    if seconds.len() > MAX_HOURS {
        names.push(format!("{} more", seconds.len() - MAX_HOURS));
    }
    names.join(", ")
}

/// `2026-01-05 09:00 UTC` (the proleptic Gregorian calendar, after H. Hinnant's `civil_from_days`).
fn hour(second: i64) -> String {
    let days = second.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:00 UTC",
        second.rem_euclid(86_400) / 3_600
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_named_in_utc() {
        // date -u -d @S +'%F %H:00' (GNU coreutils 9.1)
        assert_eq!(hour(1_767_603_600), "2026-01-05 09:00 UTC");
        assert_eq!(hour(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(hour(-3_600), "1969-12-31 23:00 UTC");
        let many: Vec<i64> = (0..7).map(|at| at * 3_600).collect();
        assert!(
            hours(&many).ends_with("1970-01-01 04:00 UTC, 2 more"),
            "{}",
            hours(&many)
        );
    }
}
