//! Standard errors of η² and φ² against resampling, and independence.

use super::measure::{correlation_ratio, cramers_v};
use super::*;
use crate::multivariate::tests::{categorical, made_up, normals, numeric, paired, reference, table};

/// The larger table of make_multivariate.py's `standard_errors`.
fn larger() -> (Vec<u32>, Vec<u32>, Vec<f64>) {
    let rows = made_up(4_000, 0.0);
    let ids = |name: &str| match &rows.column(name).unwrap().values {
        crate::multivariate::Values::Categorical(cells) => cells.clone(),
        _ => panic!("categorical"),
    };
    let crate::multivariate::Values::Numeric(x) = &rows.column("x").unwrap().values else {
        panic!("numeric")
    };
    let (mut a, mut b, mut x_moved) = (Vec::new(), Vec::new(), Vec::new());
    for (row, ((a_cell, b_cell), x_cell)) in ids("a").iter().zip(ids("b")).zip(x).enumerate() {
        let b_id = if row.is_multiple_of(3) { 0 } else { b_cell.unwrap() };
        let a_id = match a_cell {
            _ if b_id == 1 && row.is_multiple_of(4) => 3,
            Some(id) => *id,
            None if b_id == 0 => 1,
            None => 0,
        };
        a.push(a_id);
        b.push(b_id);
        x_moved.push(x_cell.unwrap() + if a_id == 3 { 2.0 } else { 0.0 });
    }
    (a, b, x_moved)
}

#[test]
fn standard_errors_are_those_of_resampling() {
    // make_multivariate.py `standard_errors`: 20,000 resamples with numpy 2.4.6, good to a few per cent.
    let reference = &reference()["standard_errors"];
    let (a, b, x) = larger();
    let found = cramers_v(&a, &b).unwrap();
    let expected = reference["phi_squared"].as_f64().unwrap() / 2.0;
    assert!(
        (found.variance(found.scaled).sqrt() / expected - 1.0).abs() < 0.06,
        "{found:?} {expected}"
    );
    let found = correlation_ratio(&a, &x).unwrap();
    let expected = reference["eta_squared"].as_f64().unwrap();
    assert!(
        (found.variance(found.scaled).sqrt() / expected - 1.0).abs() < 0.06,
        "{found:?} {expected}"
    );
}

#[test]
fn alarms_without_change_are_as_rare_as_stated() {
    // 300 pairs of samples of independent columns, three kinds of pair in each.
    let (mut n_small, mut n_pairs) = (0, 0);
    for trial in 0..300u64 {
        let side = |half: u64, n: usize| {
            let seed = 10_000 + 10 * trial + 5 * half;
            let number = |offset: u64| {
                normals(seed + offset, n)
                    .into_iter()
                    .map(Some)
                    .collect::<Vec<_>>()
            };
            let category = |offset: u64| {
                let of = |x: f64| {
                    Some(if x < -0.5 {
                        0
                    } else if x < 0.8 {
                        1
                    } else {
                        2
                    })
                };
                normals(seed + offset, n).into_iter().map(of).collect::<Vec<_>>()
            };
            table(vec![
                numeric("x", number(0)),
                numeric("y", number(1)),
                categorical("a", category(2)),
                categorical("b", category(3)),
            ])
        };
        let change = association_change(&paired(&side(0, 300), &side(1, 200))).unwrap();
        n_pairs += change.largest.len();
        n_small += change.largest.iter().filter(|pair| pair.p_value <= 0.05).count();
    }
    // 1,800 tests at 5 %: 90 expected; three binomial standard deviations are 28.
    assert_eq!(n_pairs, 1_800);
    // Of categories and small samples fewer, as the docs say.
    assert!((5..=118).contains(&n_small), "{n_small}");
}

#[test]
fn a_turned_relation_is_the_first_of_all_pairs() {
    let x = normals(1, 400);
    let noise = normals(2, 400);
    let side = |sign: f64| {
        let y = x
            .iter()
            .zip(&noise)
            .map(|(x, e)| Some(sign * x + 0.5 * e))
            .collect();
        let bystander = normals(3, 400).into_iter().map(Some).collect();
        table(vec![
            numeric("bystander", bystander),
            numeric("x", x.iter().copied().map(Some).collect()),
            numeric("y", y),
        ])
    };
    let change = association_change(&paired(&side(1.0), &side(-1.0))).unwrap();
    assert_eq!(change.largest[0].columns, ["x", "y"]);
    assert!(change.p_value < 1e-12 && change.n_changed == 1, "{change:?}");
}
