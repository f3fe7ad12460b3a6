//! Constant and empty columns, empty sides, one row, more columns than rows, unlike sides.

use super::*;

fn constant(name: &str, n: usize, x: f64) -> Column {
    numeric(name, vec![Some(x); n])
}

#[test]
fn empty_sides_say_which() {
    let [full, empty] = [made_up(30, 0.0), made_up(0, 0.0)];
    for (pair, expected) in [
        (paired(&empty, &full), NotComputable::EmptyBaseline),
        (paired(&full, &empty), NotComputable::EmptyCurrent),
    ] {
        assert_eq!(domain_classifier(&pair).unwrap_err(), expected);
        assert_eq!(pca_reconstruction(&pair).unwrap_err(), expected);
        assert_eq!(mmd(&pair).unwrap_err(), expected);
        assert_eq!(association_change(&pair).unwrap_err(), expected);
    }
    assert_eq!(
        nannyml_reconstruction(&empty, &full, None).unwrap_err(),
        NotComputable::EmptyBaseline
    );
    assert_eq!(
        nannyml_reconstruction(&full, &empty, None).unwrap_err(),
        NotComputable::EmptyCurrent
    );
}

#[test]
fn one_row_is_too_few_for_all_but_nannyml() {
    let pair = paired(&made_up(30, 0.0), &made_up(1, 0.0));
    assert_eq!(
        domain_classifier(&pair).unwrap_err(),
        NotComputable::TooFewRows { needed: 10 }
    );
    assert_eq!(
        pca_reconstruction(&pair).unwrap_err(),
        NotComputable::TooFewRows { needed: 4 }
    );
    assert_eq!(mmd(&pair).unwrap_err(), NotComputable::TooFewRows { needed: 2 });
    assert_eq!(
        association_change(&pair).unwrap_err(),
        NotComputable::TooFewRows { needed: 10 }
    );
    let found = nannyml_reconstruction(&made_up(30, 0.0), &made_up(1, 0.0), None).unwrap();
    assert_eq!((found.value.n_rows, found.value.sampling_error), (1, None));
}

#[test]
fn no_columns_and_constant_columns() {
    let none = Rows::new(20, Vec::new()).unwrap();
    let pair = paired(&none, &none);
    assert_eq!(domain_classifier(&pair).unwrap_err(), NotComputable::NoColumns);
    assert_eq!(pca_reconstruction(&pair).unwrap_err(), NotComputable::NoColumns);
    assert_eq!(mmd(&pair).unwrap_err(), NotComputable::NoColumns);
    assert_eq!(association_change(&pair).unwrap_err(), NotComputable::NoPairs);
    let fixed = table(vec![
        constant("x", 20, 7.5),
        constant("y", 20, 1e300),
        numeric("z", vec![None; 20]),
    ]);
    let pair = paired(&fixed, &fixed);
    let found = domain_classifier(&pair).unwrap();
    assert_eq!(
        (found.auc, found.p_value, found.importance[0].gain_share),
        (0.5, 1.0, 0.0)
    );
    assert_eq!(pca_reconstruction(&pair).unwrap_err(), NotComputable::NoSpread);
    let found = mmd(&pair).unwrap();
    assert_eq!(
        (found.mmd_squared, found.mmd, found.p_value, found.bandwidth),
        (0.0, 0.0, 1.0, None)
    );
    assert_eq!(
        association_change(&pair).unwrap_err(),
        NotComputable::NothingVaries
    );
    assert_eq!(rank_columns(&pair, None).len(), 3);
}

#[test]
fn a_constant_that_moved_is_told_apart_completely() {
    let [baseline, current] = [1.0, 2.0].map(|x| table(vec![constant("x", 50, x)]));
    let pair = paired(&baseline, &current);
    let found = domain_classifier(&pair).unwrap();
    assert_eq!((found.auc, found.interval.high), (1.0, 1.0));
    assert!(found.interval.low < 1.0 && found.p_value < 1e-9, "{found:?}");
    assert_eq!(mmd(&pair).unwrap().p_value, 0.002);
}

#[test]
fn missing_cells_alone_tell_sides_apart() {
    let side = |every: usize| {
        table(vec![numeric(
            "x",
            (0..200usize)
                .map(|i| (!i.is_multiple_of(every)).then_some(3.0))
                .collect(),
        )])
    };
    let pair = paired(&side(2), &side(7));
    assert!(domain_classifier(&pair).unwrap().p_value < 1e-3);
    assert!(mmd(&pair).unwrap().p_value <= 0.01);
    let ranked = rank_columns(&pair, None);
    assert_eq!(ranked[0].missing_share, [0.5, 29.0 / 200.0]);
}

#[test]
fn more_columns_than_rows() {
    let pair = paired(&normal_rows(1, 12, 40, 0.0), &normal_rows(2, 12, 40, 0.0));
    let found = pca_reconstruction(&pair).unwrap();
    assert!(
        found.n_components.iter().all(|n| (1..=6).contains(n)),
        "{found:?}"
    );
    assert!(domain_classifier(&pair).is_ok() && mmd(&pair).is_ok());
    assert_eq!(association_change(&pair).unwrap().n_pairs, 40 * 39 / 2);
}

#[test]
fn values_near_the_largest_float_are_answered_or_refused() {
    let side = |seed: u64| {
        let cells = normals(seed, 40).into_iter().map(|x| Some(x * 1e307)).collect();
        table(vec![
            numeric("x", cells),
            numeric("y", normals(seed + 1, 40).into_iter().map(Some).collect()),
        ])
    };
    let pair = paired(&side(1), &side(5));
    assert!(domain_classifier(&pair).unwrap().auc.is_finite());
    assert!(mmd(&pair).unwrap().mmd_squared.is_finite());
    assert_eq!(pca_reconstruction(&pair).unwrap_err(), NotComputable::TooLarge);
    assert!(association_change(&pair).unwrap().largest[0].z.is_finite());
}

#[test]
fn identifiers_teach_nothing() {
    let side = |start: u32| table(vec![categorical("id", (start..start + 400).map(Some).collect())]);
    let found = domain_classifier(&paired(&side(0), &side(400))).unwrap();
    assert!(found.auc == 0.5, "{found:?}");
}

#[test]
fn sides_that_do_not_match_are_refused_by_name() {
    let x = table(vec![constant("x", 3, 1.0)]);
    let y = table(vec![constant("y", 3, 1.0)]);
    let both = table(vec![constant("x", 3, 1.0), constant("y", 3, 1.0)]);
    let text = table(vec![categorical("x", vec![Some(0); 3])]);
    let error = |baseline: &Rows, current: &Rows| {
        PairedRows::new(baseline, current, Sampling::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error(&x, &both), "column `y` is on one side only");
    assert_eq!(error(&both, &y), "column `x` is on one side only");
    assert_eq!(
        error(&x, &text),
        "column `x` is numeric in the baseline and categorical in the current rows"
    );
    let [two, three] = [2, 3].map(|d| table(vec![embedding("e", d, &[Some(vec![1.0; d])])]));
    assert_eq!(
        error(&two, &three),
        "embedding `e` has vectors of length 2 in the baseline and 3 in the current rows"
    );
    assert_eq!(
        Rows::new(2, vec![constant("x", 3, 1.0)]).unwrap_err().to_string(),
        "column `x` has 3 cells, and there are 2 rows"
    );
    assert_eq!(
        Rows::new(3, vec![constant("x", 3, 1.0), constant("x", 3, 1.0)])
            .unwrap_err()
            .to_string(),
        "column `x` appears twice"
    );
}

#[test]
fn embeddings_moved_missing_and_zero() {
    let vectors = |seed: u64, shift: f64| -> Vec<Option<Vec<f64>>> {
        let numbers = normals(seed, 300 * 8);
        let vector = |(row, v): (usize, &[f64])| {
            (!row.is_multiple_of(10)).then(|| v.iter().map(|x| x + shift).collect())
        };
        numbers.chunks(8).enumerate().map(vector).collect()
    };
    let side = |seed, shift| table(vec![embedding("e", 8, &vectors(seed, shift))]);
    let moved = &embedding_drift(&paired(&side(1, 0.0), &side(2, 0.4)))[0];
    assert_eq!((moved.n_baseline, moved.n_missing), (270, [30, 30]));
    let centroid = moved.centroid.unwrap();
    assert!(
        (centroid.euclidean - 0.4 * 8f64.sqrt()).abs() < 0.4,
        "{centroid:?}"
    );
    assert_eq!(
        (centroid.euclidean_p_value, moved.mmd.as_ref().unwrap().p_value),
        (0.002, 0.002)
    );
    assert!(moved.domain_classifier.as_ref().unwrap().auc > 0.6);
    let zero = table(vec![embedding("e", 2, &vec![Some(vec![0.0, 0.0]); 20])]);
    let found = &embedding_drift(&paired(&zero, &zero))[0];
    let centroid = found.centroid.unwrap();
    assert_eq!(
        (centroid.euclidean, centroid.cosine, centroid.euclidean_p_value),
        (0.0, None, 1.0)
    );
    assert_eq!(found.mmd.as_ref().unwrap().p_value, 1.0);
    let none = table(vec![embedding("e", 2, &[None, None])]);
    let found = &embedding_drift(&paired(&zero, &none))[0];
    assert_eq!(found.centroid.unwrap_err(), NotComputable::EmptyCurrent);
}

#[test]
fn a_sample_is_stated_and_is_a_part_of_the_rows() {
    let [baseline, current] = [normal_rows(1, 500, 3, 0.0), normal_rows(2, 300, 3, 0.0)];
    let sampling = Sampling {
        max_rows: 100,
        ..Sampling::default()
    };
    let pair = PairedRows::new(&baseline, &current, sampling).unwrap();
    assert!(pair.is_sampled());
    assert_eq!((pair.n_rows(), pair.total_rows()), ([100, 100], [500, 300]));
    assert_eq!(mmd(&pair).unwrap().n_baseline, 100);
}
