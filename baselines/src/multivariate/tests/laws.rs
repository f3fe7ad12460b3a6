//! What holds for any rows: bounds, order, identical sides, seeds, threads; and false alarms at the stated rate.

use proptest::prelude::*;

use super::*;

/// Two numbers with missing cells, a wide one, a category with missing cells, one of many values.
type Row = (Option<f64>, Option<f64>, f64, Option<u32>, u32);

/// Rows of three numeric columns with missing cells and two categorical ones, of ties and wide ranges.
fn any_rows(max_rows: usize) -> impl Strategy<Value = Vec<Row>> {
    let number = prop_oneof![
        3 => (-1e3..1e3f64).prop_map(Some),
        2 => (-3i32..3).prop_map(|x| Some(f64::from(x))),
        1 => Just(None),
        1 => Just(Some(f64::INFINITY)),
    ];
    let category = prop_oneof![4 => (0u32..4).prop_map(Some), 1 => Just(None)];
    prop::collection::vec(
        (number.clone(), number, -1e-3..1e9f64, category, 0u32..30),
        1..max_rows,
    )
}

fn rows(cells: &[Row]) -> Rows {
    let vectors: Vec<Option<Vec<f64>>> = cells
        .iter()
        .map(|row| Some(vec![row.0?, row.1?, row.2]))
        .collect();
    table(vec![
        numeric("x", cells.iter().map(|row| row.0).collect()),
        numeric("y", cells.iter().map(|row| row.1).collect()),
        numeric("z", cells.iter().map(|row| Some(row.2)).collect()),
        categorical("a", cells.iter().map(|row| row.3).collect()),
        categorical("b", cells.iter().map(|row| Some(row.4)).collect()),
        embedding("e", 3, &vectors),
    ])
}

/// Everything that can be asked of a pair.
#[derive(Debug, PartialEq)]
struct Everything {
    classifier: Result<DomainClassifier, NotComputable>,
    reconstruction: Result<PcaReconstruction, NotComputable>,
    mmd: Result<MaximumMeanDiscrepancy, NotComputable>,
    association: Result<AssociationChange, NotComputable>,
    embeddings: Vec<EmbeddingDrift>,
    ranking: Vec<RankedColumn>,
}

fn everything(paired: &PairedRows) -> Everything {
    let classifier = domain_classifier(paired);
    Everything {
        ranking: rank_columns(paired, classifier.as_ref().ok()),
        classifier,
        reconstruction: pca_reconstruction(paired),
        mmd: mmd(paired),
        association: association_change(paired),
        embeddings: embedding_drift(paired),
    }
}

fn is_share(x: f64) -> bool {
    (0.0..=1.0).contains(&x)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_rows_give_bounded_answers_that_do_not_depend_on_the_order_of_rows(
        baseline in any_rows(60), current in any_rows(40)
    ) {
        let answers = everything(&paired(&rows(&baseline), &rows(&current)));
        if let Ok(found) = &answers.classifier {
            prop_assert!(is_share(found.auc) && is_share(found.p_value));
            prop_assert!(found.interval.low <= found.auc && found.auc <= found.interval.high);
            let shares: f64 = found.importance.iter().map(|column| column.gain_share).sum();
            prop_assert!(shares == 0.0 || (shares - 1.0).abs() < 1e-9);
        }
        if let Ok(found) = &answers.reconstruction {
            prop_assert!(found.value >= 0.0 && found.baseline_value >= 0.0 && is_share(found.p_value));
            prop_assert!(found.interval.low <= found.share_further && found.share_further <= found.interval.high);
        }
        if let Ok(found) = &answers.mmd {
            prop_assert!((0.0..=2f64.sqrt()).contains(&found.mmd) && found.mmd_squared <= found.mmd.powi(2) + 1e-12);
            prop_assert!(found.p_value > 0.0 && found.p_value <= 1.0);
        }
        if let Ok(found) = &answers.association {
            for pair in &found.largest {
                prop_assert!(pair.baseline.abs() <= 1.0 && pair.current.abs() <= 1.0 && pair.z.is_finite());
                prop_assert!(is_share(pair.p_value) && pair.adjusted_p_value >= pair.p_value);
            }
        }
        for found in &answers.embeddings {
            if let Ok(centroid) = &found.centroid {
                prop_assert!(centroid.euclidean >= 0.0 && is_share(centroid.euclidean_p_value));
                prop_assert!(centroid.cosine.is_none_or(|x| (0.0..=2.0).contains(&x)));
            }
        }
        let (mut turned_baseline, mut turned_current) = (baseline, current);
        turned_baseline.reverse();
        turned_current.rotate_left(1);
        prop_assert_eq!(answers, everything(&paired(&rows(&turned_baseline), &rows(&turned_current))));
    }

    #[test]
    fn identical_sides_are_not_told_apart(cells in any_rows(60)) {
        let answers = everything(&paired(&rows(&cells), &rows(&cells)));
        if let Ok(found) = &answers.classifier {
            prop_assert_eq!(found.auc, 0.5);
        }
        if let Ok(found) = &answers.reconstruction {
            prop_assert_eq!((found.change, found.p_value), (0.0, 1.0));
        }
        if let Ok(found) = &answers.mmd {
            prop_assert_eq!(found.mmd, 0.0);
            prop_assert!(found.p_value > 0.5);
        }
        if let Ok(found) = &answers.association {
            prop_assert!(found.largest.iter().all(|pair| pair.z == 0.0 && pair.p_value == 1.0));
        }
        for embedding in &answers.embeddings {
            if let Ok(centroid) = &embedding.centroid {
                prop_assert!(centroid.euclidean <= 1e-6 && centroid.euclidean_p_value == 1.0);
            }
        }
    }
}

#[test]
fn one_seed_gives_one_answer_on_any_thread_and_another_seed_another_split() {
    let [baseline, current] = [made_up(200, 0.0), made_up(150, 0.4)];
    let here = everything(&paired(&baseline, &current));
    let there: Vec<Everything> = std::thread::scope(|scope| {
        let task = || everything(&paired(&baseline, &current));
        let handles: Vec<_> = (0..4).map(|_| scope.spawn(task)).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert!(there.iter().all(|answers| *answers == here));
    let sampling = Sampling {
        seed: 1,
        ..Sampling::default()
    };
    let reseeded = everything(&PairedRows::new(&baseline, &current, sampling).unwrap());
    assert_ne!(reseeded.classifier, here.classifier);
    assert_eq!(reseeded.mmd.unwrap().mmd_squared, {
        // The statistic over all pairs does not depend on the seed but for the order of its sums.
        let expected = here.mmd.unwrap().mmd_squared;
        assert!((reseeded_mmd(&baseline, &current) - expected).abs() < 1e-12);
        reseeded_mmd(&baseline, &current)
    });
}

fn reseeded_mmd(baseline: &Rows, current: &Rows) -> f64 {
    let sampling = Sampling {
        seed: 1,
        ..Sampling::default()
    };
    mmd(&PairedRows::new(baseline, current, sampling).unwrap())
        .unwrap()
        .mmd_squared
}

#[test]
fn the_order_of_columns_does_not_matter() {
    let [baseline, current] = [made_up(100, 0.0), made_up(80, 0.4)];
    let mut turned = current.columns().to_vec();
    turned.reverse();
    let turned = table(turned);
    assert_eq!(
        everything(&paired(&baseline, &current)),
        everything(&paired(&baseline, &turned))
    );
}

#[test]
fn false_alarms_are_as_rare_as_the_p_values_say() {
    // 60 pairs of samples without drift, 5 columns; alarms at p ≤ 0.05.
    let (mut classifier, mut reconstruction, mut kernel) = (0, 0, 0);
    for trial in 0..60 {
        let pair = paired(
            &normal_rows(2 * trial + 1, 200, 5, 0.0),
            &normal_rows(2 * trial + 2, 150, 5, 0.0),
        );
        classifier += usize::from(domain_classifier(&pair).unwrap().p_value <= 0.05);
        reconstruction += usize::from(pca_reconstruction(&pair).unwrap().p_value <= 0.05);
        kernel += usize::from(mmd(&pair).unwrap().p_value <= 0.05);
    }
    // Binomial(60, 0.05): more than 9 has probability 0.001.
    assert!(
        classifier <= 9 && reconstruction <= 9 && kernel <= 9,
        "{classifier} {reconstruction} {kernel}"
    );
}

#[test]
fn a_moved_column_is_found_and_named() {
    let pair = paired(&normal_rows(1, 600, 6, 0.0), &normal_rows(2, 600, 6, 0.6));
    let found = domain_classifier(&pair).unwrap();
    assert!(found.p_value < 1e-6 && found.interval.low > 0.5, "{found:?}");
    assert_eq!(found.importance[0].column, "c0");
    let ranked = rank_columns(&pair, Some(&found));
    assert_eq!(ranked[0].column, "c0");
    assert!(mmd(&pair).unwrap().p_value <= 0.01);
}

#[test]
fn a_turned_relation_that_no_column_shows_is_found() {
    let side = |seed: u64, sign: f64| {
        let (x, noise) = (normals(seed, 800), normals(seed + 1, 800));
        let y = x
            .iter()
            .zip(&noise)
            .map(|(x, e)| Some(sign * 0.9 * x + 0.436 * e))
            .collect();
        table(vec![
            numeric("x", x.into_iter().map(Some).collect()),
            numeric("y", y),
        ])
    };
    let pair = paired(&side(1, 1.0), &side(3, -1.0));
    assert!(pca_reconstruction(&pair).unwrap().p_value < 1e-6);
    assert!(domain_classifier(&pair).unwrap().auc > 0.7);
    assert!(association_change(&pair).unwrap().p_value < 1e-6);
    assert!(mmd(&pair).unwrap().p_value <= 0.01);
    let ranked = rank_columns(&pair, None);
    assert!(
        ranked
            .iter()
            .all(|column| column.univariate.as_ref().unwrap().statistic < 0.15)
    );
}
