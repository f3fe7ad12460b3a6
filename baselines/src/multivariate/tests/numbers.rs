//! Numbers of tests/reference/multivariate/make_multivariate.py: numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1.

use super::*;
use crate::compare::tolerance::{P_VALUE, STATISTIC, agrees};
use crate::multivariate::roc::area_under_curve;

fn number(value: &Value, path: &[&str]) -> f64 {
    path.iter()
        .fold(value, |value, key| &value[*key])
        .as_f64()
        .unwrap()
}

fn check(found: f64, expected: f64, relative: f64, what: &str) {
    assert!(agrees(found, expected, relative), "{what}: {found} {expected}");
}

#[test]
fn area_under_the_curve_is_sklearn_s_and_its_interval_delong_s() {
    let reference = reference();
    let baseline: Vec<f64> = (0..40).map(|i| f64::from((37 * i) % 23) / 4.0).collect();
    let current: Vec<f64> = (0..30).map(|j| f64::from((29 * j) % 19) / 3.0).collect();
    let curve = area_under_curve(&baseline, &current);
    check(curve.auc, number(&reference, &["roc", "auc"]), STATISTIC, "auc");
    check(
        curve.interval.low,
        number(&reference, &["roc", "low"]),
        STATISTIC,
        "low",
    );
    check(
        curve.interval.high,
        number(&reference, &["roc", "high"]),
        STATISTIC,
        "high",
    );
    check(
        curve.p_value,
        number(&reference, &["roc", "p_value"]),
        P_VALUE,
        "p",
    );
}

#[test]
fn associations_are_scipy_s() {
    let reference = reference();
    let change = association_change(&paired(&made_up(60, 0.0), &made_up(50, 0.4))).unwrap();
    assert_eq!(
        (change.n_pairs, change.n_pairs_left_out, change.largest.len()),
        (10, 0, 10)
    );
    for pair in &change.largest {
        let name = pair.columns.join("-");
        let field = pair.measure.as_str();
        for (side, value, n) in [
            ("baseline", pair.baseline, pair.n_baseline),
            ("current", pair.current, pair.n_current),
        ] {
            let expected = &reference["pairs"][side][&name];
            check(value, expected[field].as_f64().unwrap(), STATISTIC, &name);
            assert_eq!(n as u64, expected["n"].as_u64().unwrap(), "{name}");
        }
        let Some(pearson) = pair.pearson else { continue };
        let expected = |side: &str| number(&reference, &["pairs", side, &name, "pearson"]);
        check(pearson.baseline, expected("baseline"), STATISTIC, &name);
        check(pearson.current, expected("current"), STATISTIC, &name);
        let fisher = |key: &str| number(&reference, &["fisher", &name, key]);
        check(pearson.p_value, fisher("pearson_p_value"), P_VALUE, &name);
        check(pair.z, fisher("spearman_z"), STATISTIC, &name);
        check(pair.p_value, fisher("spearman_p_value"), P_VALUE, &name);
    }
}

#[test]
fn quadratic_mmd_is_numpy_s() {
    let reference = reference();
    let found = mmd(&paired(&made_up(60, 0.0), &made_up(50, 0.4))).unwrap();
    assert_eq!(found.form, KernelForm::Quadratic);
    assert_eq!(found.n_columns as f64, number(&reference, &["mmd", "n_columns"]));
    check(
        found.mmd_squared,
        number(&reference, &["mmd", "mmd_squared"]),
        STATISTIC,
        "unbiased",
    );
    check(
        found.mmd,
        number(&reference, &["mmd", "mmd"]),
        STATISTIC,
        "biased",
    );
    check(
        found.bandwidth.unwrap(),
        number(&reference, &["mmd", "bandwidth"]),
        STATISTIC,
        "bandwidth",
    );
    // 20,000 permutations find no larger value; of our 499 none can then be expected.
    assert_eq!(found.p_value, 1.0 / 500.0);
}

#[test]
fn random_features_are_near_the_quadratic_sum() {
    let [baseline, current] = [normal_rows(1, 1_500, 4, 0.0), normal_rows(2, 1_500, 4, 0.5)];
    let featured = mmd(&paired(&baseline, &current)).unwrap();
    assert!(matches!(featured.form, KernelForm::RandomFourierFeatures { .. }));
    // The first 1,000 rows of each side by all pairs: another sample of the same distributions.
    let sampling = Sampling {
        max_rows: 1_000,
        ..Sampling::default()
    };
    let summed = mmd(&PairedRows::new(&baseline, &current, sampling).unwrap()).unwrap();
    assert_eq!(summed.form, KernelForm::Quadratic);
    // Hoeffding: an average of 128 cosines is off by more than 0.24 with probability below 1e-3; MMD² here is 0.02.
    assert!(
        (featured.mmd_squared - summed.mmd_squared).abs() < 0.01,
        "{featured:?} {summed:?}"
    );
    assert_eq!((featured.p_value, summed.p_value), (0.002, 0.002));
}
