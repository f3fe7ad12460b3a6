//! The curve against the worked example of its literature, and its laws.

use super::*;
use proptest::prelude::*;

/// Remission times of the 6-MP arm of Freireich et al. 1963, the textbook example of the product-limit estimate:
/// events at 6 6 6 7 10 13 16 22 23, censored at 6 9 10 11 17 19 20 25 32 32 34 35. Survival from Kleinbaum & Klein
/// 2012, "Survival Analysis", table 2.1: .857 .807 .753 .690 .627 .538 .448.
#[test]
fn the_product_limit_estimate_is_the_textbooks() {
    let now = 100 * HOUR;
    let mut delays = LabelDelays::default();
    for (delay, n) in [(6, 3), (7, 1), (10, 1), (13, 1), (16, 1), (22, 1), (23, 1)] {
        for _ in 0..n {
            delays.count(now - 90 * HOUR, Some(now - 90 * HOUR + delay * HOUR));
        }
    }
    for age in [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35] {
        delays.count(now - age * HOUR, None);
    }
    let curve = delays.curve(now).unwrap();
    let expected = [
        (6, 0.857),
        (7, 0.807),
        (10, 0.753),
        (13, 0.690),
        (16, 0.627),
        (22, 0.538),
        (23, 0.448),
    ];
    assert_eq!(curve.steps.len(), expected.len());
    for ((delay, share), (expected_delay, survival)) in curve.steps.iter().zip(expected) {
        assert_eq!(*delay, expected_delay);
        assert!((1.0 - share - survival).abs() < 5.1e-4, "{delay}: {share}");
    }
}

#[test]
fn young_predictions_are_censored_and_the_end_is_foreseen() {
    // Each prediction gets its label after 5 hours; 100 hours are seen.
    let now = 100 * HOUR;
    let mut delays = LabelDelays::default();
    for hour in 0..100 {
        let inferred = hour * HOUR;
        let labelled = inferred + 5 * HOUR;
        delays.count(inferred, (labelled <= now).then_some(labelled));
    }
    let curve = delays.curve(now).unwrap();
    assert_eq!(curve.steps, [(5, 1.0)]);
    let mut window = LabelDelays::default();
    window.count(98 * HOUR, None);
    window.count(10 * HOUR, Some(15 * HOUR));
    assert!((curve.expected_coverage(&window, now) - 0.5).abs() < 1e-12);
    assert_eq!(curve.final_at(&window), Ok(104 * HOUR));
}

#[test]
fn what_is_not_known_is_said() {
    assert_eq!(
        LabelDelays::default().curve(0),
        Err(MaturityUnknown::NoPredictions)
    );
    let mut delays = LabelDelays::default();
    delays.count(0, None);
    assert_eq!(delays.curve(HOUR), Err(MaturityUnknown::NoLabels));
    for hour in 0..10 {
        delays.count(0, Some(hour * HOUR));
    }
    assert_eq!(
        delays.curve(10 * HOUR).unwrap().level(),
        Err(MaturityUnknown::StillRising)
    );
}

proptest! {
    #[test]
    fn shares_rise_and_stay_within_0_and_1(
        found in prop::collection::vec((0i64..500, prop::option::of(0i64..400)), 1..200)
    ) {
        let now = 500 * HOUR;
        let mut delays = LabelDelays::default();
        for (hour, delay) in &found {
            let labelled = delay.map(|delay| (hour + delay) * HOUR).filter(|second| *second <= now);
            delays.count(hour * HOUR, labelled);
        }
        if let Ok(curve) = delays.curve(now) {
            let mut last = 0.0;
            for (_, share) in &curve.steps {
                prop_assert!((0.0..=1.0 + 1e-12).contains(share) && *share >= last);
                last = *share;
            }
            if let Ok(end) = curve.final_at(&delays) {
                prop_assert!(curve.expected_coverage(&delays, end) + 1e-9 >= FINAL_SHARE * curve.level().unwrap());
            }
        }
    }

    #[test]
    fn without_censoring_the_share_is_the_plain_one(delays_found in prop::collection::vec(0i64..50, 1..100)) {
        let mut delays = LabelDelays::default();
        for delay in &delays_found {
            delays.count(0, Some(delay * HOUR));
        }
        let curve = delays.curve(1000 * HOUR).unwrap();
        for hours in 0..50 {
            let plain = delays_found.iter().filter(|delay| **delay <= hours).count() as f64 / delays_found.len() as f64;
            prop_assert!((curve.share_by(hours as u32) - plain).abs() < 1e-9);
        }
    }
}

/// A window that was looked at once and never again knows nothing of the labels that came since.
#[test]
fn an_old_window_is_censored_when_it_was_last_looked_at() {
    let labelled_after = |inferred: i64, seen: i64| {
        let labelled = inferred + 50 * HOUR;
        (labelled <= seen).then_some(labelled)
    };
    let mut delays = LabelDelays::default();
    for day in 0..10 {
        let inferred = day * 24 * HOUR;
        let seen = inferred + 30 * HOUR;
        let mut window = LabelDelays::default();
        window.count(inferred, labelled_after(inferred, seen));
        window.seen_until(seen);
        delays.update(&window);
    }
    let now = 1_000 * HOUR;
    let mut newest = LabelDelays::default();
    newest.count(900 * HOUR, labelled_after(900 * HOUR, now));
    newest.seen_until(now);
    delays.update(&newest);
    assert_eq!(delays.curve(now).unwrap().steps, [(50, 1.0)]);
    for cohort in delays.cohorts.values_mut() {
        cohort.seen = None;
    }
    assert!(delays.curve(now).unwrap().steps[0].1 < 0.1);
}
