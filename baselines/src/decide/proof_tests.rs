//! When a new model has helped, by hand-made windows.

use super::HeldOutcome;
use super::proof::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn window(at: i64, value: f64, segments: &[(&str, f64)], limit: f64) -> ServedWindow {
    let measured = |value: f64| Measured {
        value,
        low: value - 1.0,
        high: value + 1.0,
        n: 100,
    };
    let all = std::iter::once((ALL_ROWS, value)).chain(segments.iter().copied());
    ServedWindow {
        start: at,
        end: at + 1,
        revision: 1,
        digest: format!("d{at}-{value}"),
        location: format!("w{at}"),
        measured: all
            .map(|(segment, value)| ((segment.to_owned(), "rmse".to_owned()), measured(value)))
            .collect(),
        checks: [(
            "rmse".to_owned(),
            Check {
                outcome: if value - 1.0 > limit {
                    HeldOutcome::Breach
                } else {
                    HeldOutcome::Pass
                },
                is_least: false,
                limit,
            },
        )]
        .into(),
    }
}

fn drifted() -> BTreeSet<String> {
    BTreeSet::from(["temp".to_owned()])
}

#[test]
fn a_better_model_passes_and_says_by_how_much() {
    let old = [
        window(1, 100.0, &[("temp <= 3", 90.0)], 50.0),
        window(2, 110.0, &[], 50.0),
    ];
    let new = [window(3, 60.0, &[("temp <= 3", 55.0), ("hum <= 3", 500.0)], 50.0)];
    let proof = prove(&old, &new, &drifted(), 1);
    assert_eq!(proof.verdict, ProofVerdict::Passed, "{proof:?}");
    // The mean of 100 and 110 over as many rows; columns that had not drifted are not looked at.
    assert_eq!(
        proof.reason,
        "better than before: rmse on all rows: 105.0 before, 60.00 now; rmse on temp <= 3: 90.00 before, 55.00 now"
    );
    assert_eq!(proof.rows.len(), 2);
    assert_eq!(
        proof.rows[0].is_breach,
        Some(true),
        "better, though still above the old limit"
    );
}

#[test]
fn worse_on_the_drifted_segment_fails_whatever_the_whole_says() {
    let old = [window(1, 100.0, &[("temp <= 3", 90.0)], 50.0)];
    let new = [window(3, 60.0, &[("temp <= 3", 95.0)], 50.0)];
    let proof = prove(&old, &new, &drifted(), 1);
    assert_eq!(proof.verdict, ProofVerdict::Failed);
    assert!(
        proof.reason.starts_with("worse than before: rmse on temp <= 3"),
        "{}",
        proof.reason
    );
}

#[test]
fn no_clear_difference_fails_in_breach_and_passes_within_the_constraint() {
    let old = [window(1, 60.0, &[], 50.0)];
    let still = prove(&old, &[window(3, 59.0, &[], 50.0)], &drifted(), 1);
    assert_eq!(still.verdict, ProofVerdict::Failed);
    assert!(still.reason.starts_with("still in breach"), "{}", still.reason);
    let old = [window(1, 51.5, &[], 50.0)];
    let within = prove(&old, &[window(3, 50.5, &[], 50.0)], &drifted(), 1);
    assert_eq!(within.verdict, ProofVerdict::Passed);
}

#[test]
fn without_enough_labelled_windows_it_waits() {
    let old = [window(1, 100.0, &[], 50.0)];
    assert_eq!(prove(&old, &[], &drifted(), 1).verdict, ProofVerdict::Waiting);
    let mut unlabelled = window(3, 60.0, &[], 50.0);
    unlabelled.measured.clear();
    let proof = prove(&old, &[unlabelled, window(4, 60.0, &[], 50.0)], &drifted(), 2);
    assert_eq!(proof.verdict, ProofVerdict::Waiting);
    assert_eq!(
        proof.reason,
        "labels judge 1 windows of the new model, 2 are wanted"
    );
    assert_eq!(
        prove(&[], &[window(3, 1.0, &[], 5.0)], &drifted(), 1).verdict,
        ProofVerdict::Waiting
    );
}

proptest! {
    #[test]
    fn the_order_of_windows_changes_nothing(values in proptest::collection::vec((0i64..9, 0.0f64..99.0), 1..8), seed: u64) {
        let old: Vec<ServedWindow> = values.iter().map(|(at, value)| window(*at, *value, &[], 50.0)).collect();
        let new: Vec<ServedWindow> = values.iter().map(|(at, value)| window(20 + at, value / 2.0, &[], 50.0)).collect();
        let turned = |windows: &[ServedWindow]| {
            let mut windows = windows.to_vec();
            let by = usize::try_from(seed % windows.len() as u64).unwrap_or(0);
            windows.rotate_left(by);
            windows
        };
        let (a, b) = (prove(&old, &new, &drifted(), 1), prove(&turned(&old), &turned(&new), &drifted(), 1));
        prop_assert_eq!(a.verdict, b.verdict);
        for (a, b) in a.rows.iter().zip(&b.rows) {
            prop_assert_eq!(a.compared, b.compared);
            // Sums in another order may end in another last bit.
            prop_assert!((a.new.unwrap().value - b.new.unwrap().value).abs() < 1e-9);
        }
    }
}
