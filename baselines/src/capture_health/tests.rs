//! Bounds against SciPy, and what a window's capture must and must not ring for.

use super::*;
use crate::compare::tolerance::{P_VALUE, agrees};
use proptest::prelude::*;

const HOUR: i64 = 3_600;
const WEEK: i64 = 7 * 24 * HOUR;
/// 2026-01-05T00:00:00Z, a Monday.
const MONDAY: i64 = 1_767_571_200;
/// The share of one day of a budget of one in 90 days.
const ALPHA: f64 = 1.0 / 90.0;

fn close(found: f64, expected: f64) -> bool {
    agrees(found, expected, P_VALUE)
}

#[test]
fn lower_limits_are_clopper_pearsons() {
    // scipy 1.17.1: scipy.stats.beta.ppf(alpha, hits, n - hits + 1)
    for (hits, n, alpha, expected) in [
        (3, 50, 0.01, 0.008860761445872545),
        (1, 10, 0.05, 0.005116196891823701),
        (60, 1000, 0.001, 0.039277591074322576),
        (1000, 1000, 0.001, 0.9931160484209338),
    ] {
        let found = lower_limit(hits, n, alpha);
        assert!(close(found, expected), "{hits} of {n}: {found}");
    }
    assert_eq!((lower_limit(0, 9, 0.01), lower_limit(0, 0, 0.01)), (0.0, 0.0));
}

#[test]
fn tails_are_those_of_the_conditional_binomial() {
    // scipy 1.17.1: binom.cdf(x, x + past, 1 / (m + 1)), binom.sf(x - 1, …)
    for (x, past, m, fewer, more) in [
        (0, 40, 4, 0.0001329227995784916, 1.0),
        (3, 40, 4, 0.017763802935669655, 0.9953593992211157),
        (15, 40, 4, 0.9308753474460234, 0.12095515828922361),
        (0, 1, 1, 0.5, 1.0),
        (120, 400, 4, 0.9629558815277498, 0.04645338035932894),
    ] {
        let found = [true, false].map(|fewer| conditional_tail(x, past, m, 1.0, fewer));
        assert!(
            close(found[0], fewer) && close(found[1], more),
            "{x} {past} {m}: {found:?}"
        );
    }
    // scipy.special.betainc(40 / 2.5, 3 / 2.5 + 1, 4 / 5), betainc(15 / 2.5, 40 / 2.5 + 1, 1 / 5)
    assert!(close(conditional_tail(3, 40, 4, 2.5, true), 0.14448887223267826));
    assert!(close(conditional_tail(15, 40, 4, 2.5, false), 0.2673616183787718));
    assert_eq!(conditional_tail(0, 0, 4, 1.0, true), 1.0);
    assert_eq!(conditional_tail(5, 0, 0, 1.0, false), 1.0);
}

#[test]
fn dispersion_is_taken_at_its_upper_limit() {
    // numpy and scipy 1.17.1: sum((c - c.mean())**2 / c.mean()) / chi2.ppf(0.05, df)
    let one = dispersion_limit(&[vec![100, 110, 90, 105]]).unwrap();
    let two = dispersion_limit(&[vec![10, 50, 20, 40], vec![5, 1, 9, 2]]).unwrap();
    assert!(
        close(one, 6.1404474572335275) && close(two, 25.95782341822949),
        "{one} {two}"
    );
    assert_eq!(dispersion_limit(&[vec![7, 7, 7, 7]]), Some(1.0));
    assert_eq!(dispersion_limit(&[vec![7, 9, 7]]), None);
    assert_eq!(dispersion_limit(&[vec![0, 0, 0, 0]]), None);
}

/// A day of `per_hour` rows in each hour, and `weeks` such days before it that vary a little.
fn day(per_hour: u64, weeks: i64) -> CaptureFacts {
    let window = (MONDAY, MONDAY + 24 * HOUR);
    let hours = |start: i64, wobble: i64| -> std::collections::BTreeMap<i64, u64> {
        (0..24)
            .map(|hour| {
                (
                    start + hour * HOUR,
                    (per_hour as i64 + (hour * 7 + wobble * 5) % 9 - 4).max(0) as u64,
                )
            })
            .filter(|(_, n)| *n > 0)
            .collect()
    };
    let by_hour = hours(MONDAY, 0);
    let rows = by_hour.values().sum();
    CaptureFacts {
        window: Some(window),
        lines: rows,
        records: rows,
        rows,
        with_inference_id: rows,
        by_hour,
        past: (1..=weeks)
            .map(|back| {
                let start = MONDAY - back * WEEK;
                let by_hour = hours(start, back);
                PastWindow {
                    start,
                    end: start + 24 * HOUR,
                    rows: by_hour.values().sum(),
                    by_hour,
                }
            })
            .collect(),
        ..CaptureFacts::default()
    }
}

fn silence(facts: &mut CaptureFacts) {
    (facts.lines, facts.records, facts.rows, facts.with_inference_id) = (0, 0, 0, 0);
    facts.by_hour.clear();
}

fn unusual(facts: &CaptureFacts, policy: &HealthPolicy) -> Vec<CaptureCheck> {
    measure(facts, policy, ALPHA)
        .unusual()
        .map(|measure| measure.check)
        .collect()
}

fn asked() -> HealthPolicy {
    HealthPolicy {
        min_id_coverage: Some(0.99),
        sampling: Some(0.2),
        ..HealthPolicy::default()
    }
}

#[test]
fn a_usual_day_rings_for_nothing() {
    for weeks in [0, 3, 4, 8] {
        let facts = day(50, weeks);
        assert_eq!(unusual(&facts, &asked()), [], "{weeks} weeks");
    }
}

#[test]
fn silence_is_told_with_and_without_a_past() {
    for weeks in [0, 8] {
        let mut facts = day(50, weeks);
        silence(&mut facts);
        assert_eq!(
            unusual(&facts, &asked()),
            [CaptureCheck::Silence],
            "{weeks} weeks"
        );
    }
    // A day that was always silent is as it always was.
    let mut facts = day(0, 8);
    silence(&mut facts);
    for past in &mut facts.past {
        (past.rows, past.by_hour) = (0, std::collections::BTreeMap::new());
    }
    assert_eq!(unusual(&facts, &asked()), []);
}

#[test]
fn hours_without_records_are_a_gap_where_there_usually_are_some() {
    let mut facts = day(50, 8);
    let lost: Vec<i64> = [9, 10].map(|hour| MONDAY + hour * HOUR).to_vec();
    for hour in &lost {
        facts.by_hour.remove(hour);
    }
    let health = measure(&facts, &asked(), ALPHA);
    let gap = health.unusual().next().unwrap();
    assert_eq!((gap.check, &gap.hours), (CaptureCheck::Gap, &lost));
    assert_eq!((gap.n, gap.of), (2, 24));
    // Nights with one row every few weeks say nothing.
    let mut facts = day(50, 8);
    facts.by_hour.remove(&(MONDAY + 3 * HOUR));
    for past in &mut facts.past {
        let hour = past.start + 3 * HOUR;
        past.by_hour.insert(hour, 1);
    }
    assert_eq!(unusual(&facts, &asked()), []);
    // Hours are not looked for where the window has no whole one.
    let mut facts = day(50, 8);
    facts.window = Some((MONDAY + 60, MONDAY + 1_800));
    assert_eq!(unusual(&facts, &asked()), []);
}

#[test]
fn volume_rings_for_a_change_that_matters_and_is_no_chance() {
    for (share, expected) in [
        (0.2, vec![CaptureCheck::Volume]),
        (0.8, vec![]),
        (3.0, vec![CaptureCheck::Volume]),
    ] {
        let mut facts = day(50, 8);
        facts.rows = (facts.rows as f64 * share) as u64;
        assert_eq!(unusual(&facts, &asked()), expected, "{share}");
    }
    // A fifth of next to nothing is chance.
    let mut facts = day(5, 8);
    facts.rows = 1;
    facts.past.iter_mut().for_each(|past| past.rows = 5);
    assert_eq!(unusual(&facts, &asked()), []);
    // Days before stand in for weeks.
    let mut facts = day(50, 8);
    for (back, past) in facts.past.iter_mut().enumerate() {
        let start = MONDAY - (back as i64 + 1) * 24 * HOUR;
        let shift = start - past.start;
        past.by_hour = past.by_hour.iter().map(|(hour, n)| (hour + shift, *n)).collect();
        (past.start, past.end) = (start, start + 24 * HOUR);
    }
    facts.rows /= 5;
    let health = measure(&facts, &asked(), ALPHA);
    let volume = health.unusual().next().unwrap();
    assert_eq!(volume.against, "the same hours of 8 earlier days");
}

#[test]
fn shares_ring_beyond_what_is_allowed_and_chance() {
    type Change = fn(&mut CaptureFacts, u64);
    let cases: [(CaptureCheck, Change); 4] = [
        (CaptureCheck::Pairing, |facts, n| facts.one_sided = n),
        (CaptureCheck::Decoding, |facts, n| facts.rejected = n),
        (CaptureCheck::Duplicates, |facts, n| facts.duplicates = n),
        (CaptureCheck::Ids, |facts, n| facts.with_inference_id -= n),
    ];
    for (check, change) in cases {
        // Of about 1,200: 1 % is 12. Twice that may be chance at this level, four times is not.
        for (n, expected) in [(0, vec![]), (12, vec![]), (60, vec![check])] {
            let mut facts = day(50, 0);
            change(&mut facts, n);
            assert_eq!(unusual(&facts, &asked()), expected, "{check:?} {n}");
        }
    }
    // One of three proves nothing.
    let few = CaptureFacts {
        lines: 3,
        records: 3,
        rows: 3,
        one_sided: 1,
        rejected: 1,
        ..CaptureFacts::default()
    };
    assert_eq!(unusual(&few, &HealthPolicy::default()), []);
    let by_intention = HealthPolicy {
        sides: CapturedSides::One,
        ..asked()
    };
    let mut facts = day(50, 0);
    facts.one_sided = facts.records;
    assert_eq!(unusual(&facts, &by_intention), []);
}

#[test]
fn late_records_ring_but_a_copied_archive_does_not() {
    let late = |late: u64, of: u64| {
        let mut facts = day(50, 0);
        facts.lateness = Some(Lateness { late, of });
        unusual(&facts, &asked())
    };
    assert_eq!(late(0, 1_000), []);
    assert_eq!(late(100, 1_000), [CaptureCheck::Late]);
    assert_eq!(late(1_000, 1_000), []);
}

#[test]
fn sampling_is_held_against_the_configured_share() {
    let seen = |records: u64, invocations: Option<u64>| {
        let mut facts = day(50, 0);
        (facts.records, facts.invocations, facts.with_inference_id) = (records, invocations, records);
        unusual(&facts, &asked())
    };
    assert_eq!(seen(1_000, Some(5_000)), []);
    // 21 % is within the tolerance of two points, whatever n.
    assert_eq!(seen(210_000, Some(1_000_000)), []);
    assert_eq!(seen(500, Some(5_000)), [CaptureCheck::Sampling]);
    assert_eq!(seen(1_000, Some(1_000)), [CaptureCheck::Sampling]);
    // 1 of 10 is as likely as not.
    assert_eq!(seen(1, Some(10)), []);
    assert_eq!(seen(1_000, None), []);
}

proptest! {
    /// More records of a wrong kind never ring less, and a bound never lies above the share.
    #[test]
    fn a_worse_share_rings_no_less(n in 1u64..5_000, a in 0u64..5_000, b in 0u64..5_000) {
        let (fewer, more) = (a.min(b).min(n), a.max(b).min(n));
        let limits = [fewer, more].map(|hits| lower_limit(hits, n, 0.001));
        prop_assert!(limits[0] <= limits[1]);
        prop_assert!(limits[1] <= more as f64 / n as f64);
    }

    /// The tails are probabilities, and fewer records are never less surprising from below.
    #[test]
    fn fewer_records_are_never_less_surprising(
        x in 0u64..2_000, past in 0u64..20_000, m in 1u64..9, scale in 1.0f64..50.0,
    ) {
        let p = |x: u64, fewer: bool| conditional_tail(x, past, m, scale, fewer);
        for found in [p(x, true), p(x, false)] {
            prop_assert!((0.0..=1.0).contains(&found));
        }
        prop_assert!(p(x, true) <= p(x + 1, true) + 1e-12);
    }
}
