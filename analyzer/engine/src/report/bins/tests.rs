//! Display bins: shares add up, axes are round, hostile numbers give no chart rather than a panic.

use super::{Sample, categories, histogram};
use crate::report::model::{Axis, PairedHistogram};

fn draw(baseline: &[f64], current: &[f64]) -> Option<PairedHistogram> {
    let weights = vec![1; baseline.len().max(current.len())];
    histogram(
        Sample {
            values: baseline,
            weights: &weights[..baseline.len()],
        },
        Sample {
            values: current,
            weights: &weights[..current.len()],
        },
    )
}

fn sum(shares: &[f64]) -> f64 {
    shares.iter().sum()
}

#[test]
fn few_whole_numbers_get_a_bar_each() {
    let chart = draw(&[0.0, 2.0, 3.0], &[5.0]).unwrap();
    assert_eq!(chart.axis, Axis::Values(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    assert_eq!(chart.current, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn many_numbers_get_round_edges() {
    let baseline: Vec<f64> = (0..500).map(|i| f64::from(i) * 0.001).collect();
    let current: Vec<f64> = (0..500).map(|i| 0.3 + f64::from(i) * 0.001).collect();
    let chart = draw(&baseline, &current).unwrap();
    let Axis::Edges {
        edges,
        open_below,
        open_above,
    } = &chart.axis
    else {
        panic!("edges expected")
    };
    assert!(!open_below && !open_above);
    assert_eq!((edges[0], edges[6]), (0.0, 0.3));
    assert!((sum(&chart.baseline) - 1.0).abs() < 1e-9 && (sum(&chart.current) - 1.0).abs() < 1e-9);
}

#[test]
fn far_tails_go_to_an_open_bin() {
    let mut values: Vec<f64> = (0..1000).map(|i| f64::from(i) + 0.5).collect();
    values.push(1e9);
    let chart = draw(&values, &values).unwrap();
    let Axis::Edges {
        edges, open_above, ..
    } = &chart.axis
    else {
        panic!("edges expected")
    };
    assert!(*open_above && *edges.last().unwrap() < 2000.0, "{edges:?}");
    assert!((sum(&chart.baseline) - 1.0).abs() < 1e-9);
}

#[test]
fn hostile_numbers_never_panic() {
    let wide: Vec<f64> = (0..40)
        .map(|i| -1.7e308 + f64::from(i) * 8.5e306 * 10.0)
        .collect();
    let dense: Vec<f64> = (0..40u64)
        .map(|i| f64::from_bits(1e16f64.to_bits() + i))
        .collect();
    let tiny: Vec<f64> = (1..40u64).map(f64::from_bits).collect();
    for values in [
        &[][..],
        &[0.0],
        &[f64::MAX],
        &[f64::MIN, f64::MAX],
        &wide,
        &dense,
        &tiny,
    ] {
        for other in [&[][..], values] {
            if let Some(chart) = draw(values, other) {
                assert_eq!(chart.axis.n_bins(), chart.baseline.len());
                assert!(chart.axis.n_bins() <= 120);
                assert!((sum(&chart.baseline) - 1.0).abs() < 1e-9, "{values:?}");
            }
        }
    }
    assert_eq!(draw(&[], &[]), None);
}

#[test]
fn categories_gather_the_rest() {
    let side = |rows: &[(&str, u64)]| {
        rows.iter()
            .map(|(l, n)| ((*l).to_owned(), *n))
            .collect::<Vec<_>>()
    };
    let baseline = side(&[("spring", 50), ("summer", 30), ("autumn", 15), ("x", 1)]);
    let current = side(&[("winter", 80), ("spring", 10), ("y", 4)]);
    let chart = categories(&baseline, 4, &current, 6, 3).unwrap();
    assert_eq!(chart.labels, ["spring", "summer", "winter", "All other values"]);
    assert_eq!(chart.baseline, [0.5, 0.3, 0.0, 0.2]);
    assert_eq!(chart.current, [0.1, 0.0, 0.8, 0.1]);
    assert_eq!(categories(&[], 0, &[], 0, 3), None);
}
