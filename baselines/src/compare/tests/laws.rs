//! Laws that hold for any samples: symmetry, identity, bounds, row order, splitting, and grids within their bounds.

use proptest::prelude::*;

use super::edges::assert_sound;
use super::*;

fn sample() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        (-40i32..40).prop_map(|i| f64::from(i) / 4.0),
        -1e6f64..1e6,
        Just(0.0),
        (-3i32..3).prop_map(|e| 10f64.powi(e * 60)),
    ];
    proptest::collection::vec(value, 1..60)
}

fn table() -> impl Strategy<Value = Vec<(String, u64)>> {
    proptest::collection::vec(("[a-h]", 0u64..60), 1..10)
}

fn numeric(method: Method, convention: Convention, baseline: &[f64], current: &[f64]) -> Outcome {
    let [b, c] = [baseline, current].map(|values| WeightedPoints::from_values(values.to_vec()));
    compare_numeric(method, convention, &b, &c, &Context::default())
}

fn categorical(method: Method, baseline: &[(String, u64)], current: &[(String, u64)]) -> Outcome {
    let [b, c] = [baseline, current].map(|counts| CategoryCounts::new(counts.to_vec(), 0));
    compare_categorical(method, Convention::House, &b, &c, &Context::default())
}

/// Whether two answers are the same but for the order of summation.
fn same(left: &Outcome, right: &Outcome) -> bool {
    match (left, right) {
        (Ok(left), Ok(right)) => {
            let close =
                |a: f64, b: f64| tolerance::agrees(a, b, tolerance::STATISTIC) || (a - b).abs() < 1e-12;
            close(left.statistic, right.statistic)
                && match (left.p_value, right.p_value) {
                    (Some(a), Some(b)) => {
                        tolerance::agrees(a, b, tolerance::P_VALUE) || (a - b).abs() < 1e-12
                    }
                    (None, None) => true,
                    _ => false,
                }
        }
        (left, right) => left.is_err() == right.is_err(),
    }
}

const SYMMETRIC: [Method; 7] = [
    Method::KolmogorovSmirnov,
    Method::LInfinity,
    Method::LInfinityRobust,
    Method::Wasserstein,
    Method::Energy,
    Method::CramerVonMises,
    Method::AndersonDarling,
];

const DISTANCES: [Method; 9] = [
    Method::KolmogorovSmirnov,
    Method::LInfinity,
    Method::Psi,
    Method::JensenShannon,
    Method::KullbackLeibler,
    Method::Hellinger,
    Method::TotalVariation,
    Method::Wasserstein,
    Method::Energy,
];

/// The sample as counts on a grid: atoms at `edges`, open gaps between them and out to the sample's own ends.
fn on_grid(values: &[f64], edges: &[f64]) -> WeightedPoints {
    let (min, max) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| {
            (a.min(v), b.max(v))
        });
    let mut points = WeightedPoints {
        extents: Some(Vec::new()),
        ..WeightedPoints::default()
    };
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    for value in sorted {
        let idx = edges.partition_point(|edge| *edge < value);
        let (low, high) = if edges.get(idx) == Some(&value) {
            (value, value)
        } else {
            let low = if idx == 0 { min.next_down() } else { edges[idx - 1] };
            (low, edges.get(idx).copied().unwrap_or(max.next_up()))
        };
        let at = if low == high { low } else { low / 2.0 + high / 2.0 };
        let at = if low < at && at < high || low == high {
            at
        } else {
            value
        };
        if points.values.last() == Some(&at) {
            *points.weights.last_mut().unwrap() += 1;
        } else {
            points.values.push(at);
            points.weights.push(1);
            points.extents.as_mut().unwrap().push((low, high));
        }
    }
    points
}

/// Exact against gridded on both sides, or on one.
pub(super) fn check_within_bound(method: Method, baseline: &[f64], current: &[f64], edges: &[f64]) {
    let frozen = house_edges(&WeightedPoints::from_values(baseline.to_vec()));
    let context = Context {
        house_edges: Some(&frozen),
        ..Context::default()
    };
    let measure =
        |b: &WeightedPoints, c: &WeightedPoints| compare_numeric(method, Convention::House, b, c, &context);
    let [b, c] = [baseline, current].map(|values| WeightedPoints::from_values(values.to_vec()));
    let [b_grid, c_grid] = [baseline, current].map(|values| on_grid(values, edges));
    let Ok(exact) = measure(&b, &c) else { return };
    for (what, b, c) in [
        ("both", &b_grid, &c_grid),
        ("current", &b, &c_grid),
        ("baseline", &b_grid, &c),
    ] {
        let Ok(gridded) = measure(b, c) else { continue };
        let bound = gridded.error_bound.unwrap();
        let off = (gridded.statistic - exact.statistic).abs();
        let rounding = 1e-9 * exact.statistic.abs() + 1e-12;
        assert!(
            off <= bound + rounding,
            "{method} {what}: off by {off:e}, bound {bound:e}"
        );
        if let (Some(p), Some(exact_p)) = (gridded.p_value, exact.p_value) {
            let conservative = p >= exact_p * (1.0 - 1e-6) - 1e-12;
            assert!(conservative, "{method} {what}: p {p:e} below {exact_p:e}");
        }
    }
}

/// Methods that answer on grid counts.
pub(super) const GRIDDED: [Method; 12] = [
    Method::KolmogorovSmirnov,
    Method::LInfinity,
    Method::LInfinityRobust,
    Method::Psi,
    Method::JensenShannon,
    Method::KullbackLeibler,
    Method::Hellinger,
    Method::TotalVariation,
    Method::Wasserstein,
    Method::Energy,
    Method::CramerVonMises,
    Method::AndersonDarling,
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn nothing_is_ever_nan(b in sample(), c in sample()) {
        for &method in Method::ALL {
            for &convention in Convention::ALL {
                assert_sound(&format!("{method} {convention}"), &numeric(method, convention, &b, &c));
            }
        }
    }

    #[test]
    fn symmetric_methods_are_symmetric(b in sample(), c in sample()) {
        for method in SYMMETRIC {
            let [there, back] = [numeric(method, Convention::House, &b, &c), numeric(method, Convention::House, &c, &b)];
            prop_assert!(same(&there, &back), "{method}: {there:?} {back:?}");
        }
    }

    #[test]
    fn identical_samples_are_at_distance_zero(b in sample()) {
        for method in DISTANCES {
            prop_assert_eq!(numeric(method, Convention::House, &b, &b).unwrap().statistic, 0.0, "{}", method);
        }
        for (method, convention) in [
            (Method::Psi, Convention::Evidently),
            (Method::JensenShannon, Convention::Azureml),
            (Method::Psi, Convention::Scouter),
            (Method::Wasserstein, Convention::Nannyml),
        ] {
            if let Ok(measured) = numeric(method, convention, &b, &b) {
                prop_assert_eq!(measured.statistic, 0.0, "{} {}", method, convention);
            }
        }
    }

    #[test]
    fn bounded_distances_keep_their_bounds(b in sample(), c in sample()) {
        for method in [Method::KolmogorovSmirnov, Method::JensenShannon, Method::Hellinger, Method::TotalVariation] {
            let value = numeric(method, Convention::House, &b, &c).unwrap().statistic;
            prop_assert!((0.0..=1.0).contains(&value), "{method}: {value}");
        }
    }

    #[test]
    fn row_order_and_splits_do_not_matter(b in sample(), c in sample(), at in 0usize..60) {
        let at = at.min(c.len());
        let turned: Vec<f64> = c[at..].iter().rev().chain(&c[..at]).copied().collect();
        for &method in Method::ALL {
            let [one, other] = [numeric(method, Convention::House, &b, &c), numeric(method, Convention::House, &b, &turned)];
            prop_assert_eq!(one, other, "{}", method);
        }
    }

    #[test]
    fn grids_stay_within_their_bounds(b in sample(), c in sample(), cuts in proptest::collection::vec(-1e3f64..1e3, 0..6)) {
        let mut edges: Vec<f64> = cuts.into_iter().chain(b.iter().copied().step_by(3)).collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        for method in GRIDDED {
            check_within_bound(method, &b, &c, &edges);
        }
    }

    #[test]
    fn categories_obey_the_same_laws(b in table(), c in table()) {
        for &method in Method::ALL {
            let there = categorical(method, &b, &c);
            assert_sound(method.name(), &there);
            let back = categorical(method, &c, &b);
            let symmetric = [Method::LInfinity, Method::LInfinityRobust, Method::ChiSquare, Method::GTest, Method::CramersV];
            if symmetric.contains(&method) {
                prop_assert!(same(&there, &back), "{method}: {there:?} {back:?}");
            }
            if let Ok(itself) = categorical(method, &b, &b)
                && !matches!(method, Method::FisherExact)
            {
                prop_assert_eq!(itself.statistic, 0.0, "{}", method);
            }
        }
    }
}

#[test]
fn adversarial_grids_stay_within_their_bounds() {
    let ramp: Vec<f64> = (0..500).map(f64::from).collect();
    let shifted: Vec<f64> = ramp.iter().map(|value| value + 1e4).collect();
    let inside: Vec<f64> = ramp.iter().map(|value| value / 5e3 + 0.25).collect();
    let interleaved: Vec<f64> = ramp.iter().map(|value| value + 0.5).collect();
    for current in [&ramp, &shifted, &inside, &interleaved] {
        // No edge at all: one cell holds everything; one edge; edges beside the mass; a fine grid.
        for edges in [
            vec![],
            vec![250.0],
            vec![-5.0, -4.0],
            (0..50).map(|i| f64::from(i) * 10.0).collect::<Vec<f64>>(),
        ] {
            for method in GRIDDED.into_iter().chain([Method::MannWhitney]) {
                check_within_bound(method, &ramp, current, &edges);
            }
        }
    }
}

#[test]
fn frozen_edges_on_the_grid_make_binned_distances_exact() {
    let [b, c] = golden_numeric();
    let edges = house_edges(&b);
    let spread = |points: &WeightedPoints| -> Vec<f64> {
        points
            .values
            .iter()
            .zip(&points.weights)
            .flat_map(|(&value, &n)| vec![value; n as usize])
            .collect()
    };
    let context = Context {
        house_edges: Some(&edges),
        ..Context::default()
    };
    for method in [
        Method::Psi,
        Method::JensenShannon,
        Method::KullbackLeibler,
        Method::Hellinger,
        Method::TotalVariation,
    ] {
        let exact = compare_numeric(method, Convention::House, &b, &c, &context).unwrap();
        let grid = |points: &WeightedPoints| on_grid(&spread(points), &edges);
        let gridded = compare_numeric(method, Convention::House, &grid(&b), &grid(&c), &context).unwrap();
        assert_eq!(gridded.statistic, exact.statistic, "{method}");
        assert_eq!(
            (exact.error_bound, gridded.error_bound),
            (None, Some(0.0)),
            "{method}"
        );
    }
}

#[test]
fn regridding_keeps_rows_and_says_where_they_may_be() {
    let points = WeightedPoints::from_values(vec![0.5, 1.0, 1.5, 1.7, 2.0, 9.0]);
    let regridded = regrid(&points, &[(1.0, 1.4, 2.0), (2.0, 2.0, 2.0)]);
    assert_eq!(regridded.values, [0.5, 1.0, 1.4, 2.0, 9.0]);
    assert_eq!(regridded.weights, [1, 1, 2, 1, 1]);
    assert_eq!(regridded.extents.unwrap()[2], (1.0, 2.0));
}
