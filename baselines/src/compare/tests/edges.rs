//! Edge cases: each has a documented answer, finite or a reason, under every method and convention.

use super::*;
use crate::summary::CellCounts;

fn points(values: &[f64]) -> WeightedPoints {
    WeightedPoints::from_values(values.to_vec())
}

fn house(method: Method, baseline: &WeightedPoints, current: &WeightedPoints) -> Outcome {
    compare_numeric(method, Convention::House, baseline, current, &Context::default())
}

/// Every number of a measurement is finite and p-values are probabilities.
pub(super) fn assert_sound(what: &str, outcome: &Outcome) {
    let Ok(measurement) = outcome else { return };
    let companions = measurement.companions.iter().map(|companion| companion.value);
    for value in companions
        .chain([measurement.statistic])
        .chain(measurement.error_bound)
    {
        assert!(value.is_finite(), "{what}: {measurement:?}");
    }
    assert!(
        measurement.p_value.is_none_or(|p| (0.0..=1.0).contains(&p)),
        "{what}: {measurement:?}"
    );
    assert!(
        measurement.error_bound.is_none_or(|bound| bound >= 0.0),
        "{what}: {measurement:?}"
    );
}

fn all_numeric(what: &str, baseline: &WeightedPoints, current: &WeightedPoints, context: &Context<'_>) {
    for &method in Method::ALL {
        for &convention in Convention::ALL {
            let outcome = compare_numeric(method, convention, baseline, current, context);
            assert_sound(&format!("{what} {method} {convention}"), &outcome);
        }
    }
}

fn all_categorical(what: &str, baseline: &CategoryCounts, current: &CategoryCounts) {
    for &method in Method::ALL {
        for &convention in Convention::ALL {
            let outcome = compare_categorical(method, convention, baseline, current, &Context::default());
            assert_sound(&format!("{what} {method} {convention}"), &outcome);
        }
    }
}

#[test]
fn every_method_survives_every_odd_sample() {
    let samples: Vec<WeightedPoints> = [
        vec![],
        vec![0.0],
        vec![3.5],
        vec![1.0; 50],
        vec![0.1; 20_000],
        (0..7).map(f64::from).collect(),
        (0..200).map(|i| f64::from(i % 4)).collect(),
        (0..200).map(|i| f64::from(i) * 1e-310).collect(),
        vec![-f64::MAX, -1.0, 0.0, 1.0, f64::MAX],
        vec![
            f64::MIN_POSITIVE,
            5e-324,
            1e300,
            -1e300,
            7.0,
            7.0,
            7.0,
            7.0,
            7.0,
            7.0,
            7.0,
        ],
        (0..64).map(|i| f64::from(i) + 1e15).collect(),
    ]
    .into_iter()
    .map(WeightedPoints::from_values)
    .collect();
    for (i, baseline) in samples.iter().enumerate() {
        for (j, current) in samples.iter().enumerate() {
            all_numeric(
                &format!("samples {i} {j}"),
                baseline,
                current,
                &Context::default(),
            );
        }
    }
}

#[test]
fn every_method_survives_every_odd_table() {
    let tables = [
        counts(&[]),
        counts(&[("a", 1)]),
        counts(&[("b", 40)]),
        counts(&[("a", 3), ("b", 1)]),
        counts(&[("a", 1000), ("b", 1), ("c", 1), ("d", 1)]),
        counts(&[("x", u64::from(u32::MAX)), ("y", 1)]),
        CategoryCounts::new([("a".to_owned(), 5)], 7),
        CategoryCounts::new([], 9),
    ];
    for (i, baseline) in tables.iter().enumerate() {
        for (j, current) in tables.iter().enumerate() {
            all_categorical(&format!("tables {i} {j}"), baseline, current);
        }
    }
}

#[test]
fn malformed_points_are_refused() {
    let bad = [
        WeightedPoints {
            values: vec![1.0, 1.0],
            weights: vec![1, 1],
            extents: None,
        },
        WeightedPoints {
            values: vec![f64::NAN],
            weights: vec![1],
            extents: None,
        },
        WeightedPoints {
            values: vec![1.0, 2.0],
            weights: vec![1],
            extents: None,
        },
        WeightedPoints {
            values: vec![1.0],
            weights: vec![0],
            extents: None,
        },
        WeightedPoints {
            values: vec![1.0],
            weights: vec![u64::MAX],
            extents: None,
        },
        WeightedPoints {
            values: vec![1.0],
            weights: vec![1],
            extents: Some(vec![(2.0, 3.0)]),
        },
    ];
    for points in bad {
        assert_eq!(
            house(Method::KolmogorovSmirnov, &points, &points),
            Err(NotComputable::Malformed)
        );
    }
}

#[test]
fn counts_beyond_reason_are_refused() {
    let huge = counts(&[("a", u64::MAX), ("b", 3)]);
    let some = counts(&[("a", 1)]);
    let measure = |method| compare_categorical(method, Convention::House, &huge, &some, &Context::default());
    assert_eq!(measure(Method::ChiSquare), Err(NotComputable::Malformed));
    let cells = CellCounts {
        n_missing: u64::MAX,
        n_nan: 1,
        ..CellCounts::default()
    };
    let context = Context {
        baseline_cells: Some(&cells),
        ..Context::default()
    };
    let (b, c) = (points(&[1.0]), points(&[2.0]));
    let outcome = compare_numeric(Method::Psi, Convention::House, &b, &c, &context);
    assert_eq!(outcome, Err(NotComputable::Malformed));
    let most = WeightedPoints {
        values: vec![1.0, 2.0],
        weights: vec![1 << 60, 1 << 60],
        extents: None,
    };
    all_numeric("most", &most, &most, &Context::default());
}

#[test]
fn an_empty_side_is_named() {
    let (none, some) = (points(&[]), points(&[1.0, 2.0]));
    for method in [
        Method::KolmogorovSmirnov,
        Method::Psi,
        Method::Wasserstein,
        Method::MannWhitney,
    ] {
        assert_eq!(
            house(method, &none, &some),
            Err(NotComputable::EmptyBaseline),
            "{method}"
        );
        assert_eq!(
            house(method, &some, &none),
            Err(NotComputable::EmptyCurrent),
            "{method}"
        );
    }
}

#[test]
fn a_constant_column_against_itself_has_not_moved() {
    let constant = points(&[4.25; 30]);
    for method in [
        Method::KolmogorovSmirnov,
        Method::Psi,
        Method::JensenShannon,
        Method::KullbackLeibler,
        Method::Hellinger,
        Method::TotalVariation,
        Method::Wasserstein,
        Method::Energy,
        Method::LInfinity,
        Method::LInfinityRobust,
    ] {
        assert_eq!(
            house(method, &constant, &constant).unwrap().statistic,
            0.0,
            "{method}"
        );
    }
    for method in [
        Method::KolmogorovSmirnov,
        Method::CramerVonMises,
        Method::MannWhitney,
        Method::TTest,
    ] {
        assert_eq!(
            house(method, &constant, &constant).unwrap().p_value,
            Some(1.0),
            "{method}"
        );
    }
    assert_eq!(
        house(Method::AndersonDarling, &constant, &constant),
        Err(NotComputable::NoSpread)
    );
    assert_eq!(
        house(Method::EppsSingleton, &constant, &constant),
        Err(NotComputable::NoSpread)
    );
}

#[test]
fn a_constant_baseline_sees_a_shift_in_either_direction() {
    let constant = points(&[4.25; 300]);
    for moved in [4.0, 4.5] {
        let current = points(&[moved; 300]);
        assert!(house(Method::Psi, &constant, &current).unwrap().statistic > 5.0);
        assert!(
            house(Method::JensenShannon, &constant, &current)
                .unwrap()
                .statistic
                > 0.9
        );
    }
}

#[test]
fn nulls_and_special_values_have_bins_of_their_own() {
    let sample = points(&[1.0, 2.0, 3.0]);
    let cells = |n_missing, n_nan| CellCounts {
        n_fractional: 3,
        n_missing,
        n_nan,
        ..CellCounts::default()
    };
    let (few, many) = (cells(0, 0), cells(300, 30));
    let context = |current| Context {
        baseline_cells: Some(&few),
        current_cells: Some(current),
        ..Context::default()
    };
    let measure = |current| {
        compare_numeric(
            Method::Psi,
            Convention::House,
            &sample,
            &sample,
            &context(current),
        )
        .unwrap()
    };
    assert_eq!(measure(&few).statistic, 0.0);
    assert!(measure(&many).statistic > 1.0);
    // All null on both sides: nothing has changed; all null against none: everything.
    let none = points(&[]);
    let all_null = CellCounts {
        n_missing: 50,
        ..CellCounts::default()
    };
    let both = Context {
        baseline_cells: Some(&all_null),
        current_cells: Some(&all_null),
        ..Context::default()
    };
    let measure = |context| compare_numeric(Method::Psi, Convention::House, &none, &none, &context);
    assert_eq!(measure(both).unwrap().statistic, 0.0);
    assert_eq!(measure(Context::default()), Err(NotComputable::EmptyBaseline));
}

#[test]
fn disjoint_supports_are_as_far_as_can_be() {
    let (low, high) = (points(&[1.0, 2.0, 3.0, 4.0]), points(&[11.0, 12.0, 13.0, 14.0]));
    assert_eq!(
        house(Method::KolmogorovSmirnov, &low, &high).unwrap().statistic,
        1.0
    );
    // The outer bins are open: the baseline's rows above its last decile edge share a bin with all that lies beyond.
    assert_eq!(
        house(Method::TotalVariation, &low, &high).unwrap().statistic,
        0.75
    );
    assert_eq!(house(Method::Wasserstein, &low, &high).unwrap().statistic, 10.0);
    assert_eq!(house(Method::MannWhitney, &low, &high).unwrap().statistic, 0.0);
    let (a, b) = (counts(&[("a", 30)]), counts(&[("b", 30)]));
    let measure =
        |method| compare_categorical(method, Convention::House, &a, &b, &Context::default()).unwrap();
    assert_eq!(measure(Method::CramersV).statistic, 1.0);
    assert_eq!(measure(Method::UnseenShare).statistic, 1.0);
    assert_eq!(measure(Method::TotalVariation).statistic, 1.0);
}

#[test]
fn a_million_distinct_strings_are_counted() {
    let table = |from: u32| CategoryCounts::from_values((from..from + 1_000_000).map(|i| format!("{i:07}")));
    let (baseline, current) = (table(0), table(500_000));
    let measure = |method| {
        compare_categorical(
            method,
            Convention::House,
            &baseline,
            &current,
            &Context::default(),
        )
    };
    assert_eq!(measure(Method::UnseenShare).unwrap().statistic, 0.5);
    assert_eq!(measure(Method::LInfinity).unwrap().statistic, 1e-6);
    for method in [
        Method::ChiSquare,
        Method::GTest,
        Method::Psi,
        Method::JensenShannon,
        Method::CramersV,
    ] {
        assert_sound(method.name(), &measure(method));
        assert!(measure(method).is_ok(), "{method}");
    }
}

#[test]
fn the_rank_map_defect_hides_low_cardinality_drift() {
    // Contract §3.4: a binary column has linf 0 whatever the mix.
    let mix = |ones: usize| points(&[vec![1.0; ones], vec![0.0; 100 - ones]].concat());
    let map = |ones: usize| rank_map(&[[vec![1.0; ones], vec![0.0; 100 - ones]].concat()]).unwrap();
    let defective = l_infinity_rank_map(Method::LInfinity, &map(5), &map(95)).unwrap();
    assert_eq!((defective.statistic, defective.n_baseline), (0.0, 2));
    assert_eq!(
        house(Method::LInfinity, &mix(5), &mix(95)).unwrap().statistic,
        0.9
    );
}

/// Contract §3.4: "still 0.32 for two binary columns of 68,000 rows", whose sketches have six levels:
/// `1.8 * sqrt((64 + 64) / (64 * 64))` = 0.3181980515339464 (Python 3.13).
#[test]
fn the_rank_map_keeps_the_weight_of_the_highest_level() {
    let levels = [
        vec![0.0, 1.0, 2.5],
        vec![0.0, -0.0],
        vec![],
        vec![],
        vec![],
        vec![1.0, 0.0],
    ];
    let map = rank_map(&levels).unwrap();
    assert_eq!(
        (map.values.clone(), map.weights.clone()),
        (vec![0.0, 1.0, 2.5], vec![32, 32, 1])
    );
    let binary = |ones: usize| {
        rank_map(&[
            vec![],
            vec![],
            vec![],
            vec![],
            vec![],
            [vec![1.0; ones], vec![0.0; 2131 - ones]].concat(),
        ])
        .unwrap()
    };
    let far = rank_map(&[vec![], vec![], vec![], vec![], vec![], vec![7.0; 2000]]).unwrap();
    let robust = |right: &WeightedPoints| {
        l_infinity_rank_map(Method::LInfinityRobust, &binary(100), right)
            .unwrap()
            .statistic
    };
    assert_eq!(robust(&binary(2000)), 0.0);
    // Against 32 rows of one other value: 1 − 1.8·√((64 + 32)/(64·32)).
    check_value(
        "far",
        robust(&far),
        1.0 - 1.8 * (96.0f64 / 2048.0).sqrt(),
        tolerance::STATISTIC,
    );
    assert!(rank_map(&[vec![f64::NAN]]).is_none());
}

#[test]
fn small_expected_counts_are_merged_beside_scipys_numbers() {
    // scipy 1.17.1: chi2_contingency([[96, 3, 1, 0], [90, 4, 4, 2]], correction=False).statistic = 4.13628… on the
    // full table; Cochran's rule fails there, so the last three categories become one: [[96, 4], [90, 10]].
    let baseline = counts(&[("a", 96), ("b", 3), ("c", 1)]);
    let current = counts(&[("a", 90), ("b", 4), ("c", 4), ("d", 2)]);
    let measured = compare_categorical(
        Method::ChiSquare,
        Convention::House,
        &baseline,
        &current,
        &Context::default(),
    )
    .unwrap();
    assert_eq!(measured.parameters.merged_categories, Some(2));
    // 100·100·200… for [[96, 4], [90, 10]]: χ² = 200 (96·10 − 4·90)² / (100·100·186·14).
    let by_hand = 200.0 * (96.0f64 * 10.0 - 4.0 * 90.0).powi(2) / (100.0 * 100.0 * 186.0 * 14.0);
    check_value(
        "merged",
        measured.companion("merged_statistic").unwrap(),
        by_hand,
        tolerance::STATISTIC,
    );
    assert_eq!(measured.evidence_p_value(), measured.companion("merged_p_value"));
}

#[test]
fn names_round_trip_and_unknown_ones_list_the_known() {
    for &method in Method::ALL {
        assert_eq!(method.name().parse(), Ok(method));
    }
    let error = "kolmogorov".parse::<Method>().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("unknown method; known are: ks, psi, ")
    );
    assert!("house".parse::<Convention>().is_ok());
}
