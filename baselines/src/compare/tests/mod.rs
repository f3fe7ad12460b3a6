//! Tests of the comparisons against references of others. Knows no internals.

use super::*;

mod edges;
mod golden;
mod house;
mod laws;
mod oracles;
mod scipy;

fn golden_numeric() -> [WeightedPoints; 2] {
    // methods.md §3.0.
    let baseline = (0..500u32)
        .map(|i| f64::from((37 * i) % 101) / 10.0 + 0.3 * f64::from(i % 7))
        .collect();
    let current = (0..400u32)
        .map(|i| f64::from((53 * i) % 97) / 9.0 + 0.5 * f64::from(i % 5) + 0.4)
        .collect();
    [
        WeightedPoints::from_values(baseline),
        WeightedPoints::from_values(current),
    ]
}

fn golden_categorical() -> [CategoryCounts; 2] {
    // methods.md §3.0.
    let table =
        |counts: [(&str, u64); 4]| CategoryCounts::new(counts.map(|(value, n)| (value.to_owned(), n)), 0);
    [
        table([("a", 250), ("b", 150), ("c", 50), ("d", 50)]),
        table([("a", 160), ("b", 120), ("c", 80), ("d", 40)]),
    ]
}

fn check_value(what: &str, actual: f64, expected: f64, relative: f64) {
    assert!(
        tolerance::agrees(actual, expected, relative),
        "{what}: {actual:e}, expected {expected:e}"
    );
}

fn counts(pairs: &[(&str, u64)]) -> CategoryCounts {
    CategoryCounts::new(pairs.iter().map(|(value, n)| ((*value).to_owned(), *n)), 0)
}

#[test]
fn golden_vector_of_the_first_methods() {
    let [b, c] = golden_numeric();
    let context = Context::default();
    let numeric = |method, convention| compare_numeric(method, convention, &b, &c, &context).unwrap();
    // methods.md §3.0, executed there with scipy 1.17.1 ks_2samp.
    let ks = numeric(Method::KolmogorovSmirnov, Convention::House);
    check_value("ks", ks.statistic, 0.1095, tolerance::STATISTIC);
    check_value(
        "ks p",
        ks.p_value.unwrap(),
        0.0089838295198,
        tolerance::GOLDEN_P_VALUE,
    );
    check_value(
        "linf",
        numeric(Method::LInfinity, Convention::Sagemaker).statistic,
        0.1095,
        tolerance::STATISTIC,
    );
    assert_eq!(
        numeric(Method::LInfinityRobust, Convention::Sagemaker).statistic,
        0.0
    );
    let [b, c] = golden_categorical();
    let categorical = |method, convention| compare_categorical(method, convention, &b, &c, &context).unwrap();
    check_value(
        "linf",
        categorical(Method::LInfinity, Convention::Sagemaker).statistic,
        0.1,
        tolerance::STATISTIC,
    );
    let chi_square = categorical(Method::ChiSquare, Convention::House);
    check_value("chi2", chi_square.statistic, 20.2626641651, tolerance::STATISTIC);
    check_value(
        "chi2 p",
        chi_square.p_value.unwrap(),
        1.49740859e-4,
        tolerance::GOLDEN_P_VALUE,
    );
    assert_eq!(chi_square.parameters.degrees_of_freedom, Some(3.0));
}

// deequ src/test/scala/com/amazon/deequ/KLL/KLLDistanceTest.scala: expected values as asserted there.
#[test]
fn deequ_distance_vectors() {
    let context = Context::default();
    let numeric = |method| {
        let points = |values: [f64; 4]| WeightedPoints::from_values(values.to_vec());
        let (b, c) = (points([1.0, 2.0, 3.0, 4.0]), points([2.0, 3.0, 4.0, 5.0]));
        compare_numeric(method, Convention::Sagemaker, &b, &c, &context)
            .unwrap()
            .statistic
    };
    assert_eq!(numeric(Method::LInfinity), 0.25);
    assert_eq!(numeric(Method::LInfinityRobust), 0.0);
    let first = counts(&[("a", 10), ("b", 20), ("c", 25), ("d", 10), ("e", 5)]);
    let second = counts(&[("a", 11), ("b", 20), ("c", 25), ("d", 10), ("e", 10)]);
    let third = counts(&[("f", 11), ("a", 20), ("c", 25), ("d", 10), ("e", 10)]);
    let categorical = |method, current: &CategoryCounts| {
        compare_categorical(method, Convention::Sagemaker, &first, current, &context)
            .unwrap()
            .statistic
    };
    check_value(
        "simple",
        categorical(Method::LInfinity, &second),
        0.06015037593984962,
        tolerance::STATISTIC,
    );
    assert_eq!(categorical(Method::LInfinityRobust, &second), 0.0);
    check_value(
        "new value",
        categorical(Method::LInfinity, &third),
        0.2857142857142857,
        tolerance::STATISTIC,
    );
    assert_eq!(categorical(Method::LInfinityRobust, &third), 0.0);
    // alpha = 0.1: sample1 {a207→…}: "LInfinityMethod(alpha = Some(0.1))" = 0.33774199396969184.
    let sample = counts(&[("a", 207), ("b", 20), ("c", 25), ("d", 14), ("e", 25), ("g", 13)]);
    let expected = counts(&[("a", 22), ("b", 20), ("c", 25), ("d", 12), ("e", 13), ("f", 15)]);
    let robust = Context {
        robust_alpha: Some(0.1),
        ..Context::default()
    };
    let value = compare_categorical(
        Method::LInfinityRobust,
        Convention::Sagemaker,
        &expected,
        &sample,
        &robust,
    );
    check_value(
        "alpha",
        value.unwrap().statistic,
        0.33774199396969184,
        tolerance::STATISTIC,
    );
    // Chi-square: deequ's `expected` is our baseline, its `sample` our current.
    let chi_square = |baseline: &CategoryCounts, current: &CategoryCounts| {
        compare_categorical(
            Method::ChiSquare,
            Convention::Sagemaker,
            baseline,
            current,
            &context,
        )
        .unwrap()
    };
    let expected = counts(&[("a", 223), ("b", 20), ("c", 25), ("d", 12), ("e", 13), ("f", 15)]);
    let missing = chi_square(&expected, &sample);
    check_value(
        "statistic",
        missing.statistic,
        28.175042782458068,
        tolerance::STATISTIC,
    );
    check_value(
        "p",
        missing.p_value.unwrap(),
        3.3640191298478506E-5,
        tolerance::GOLDEN_P_VALUE,
    );
    let sample = counts(&[("a", 207), ("b", 20), ("c", 25), ("d", 14), ("e", 25)]);
    let expected = counts(&[("a", 223), ("b", 20), ("c", 25), ("d", 12), ("e", 13)]);
    check_value(
        "p",
        chi_square(&expected, &sample).p_value.unwrap(),
        0.013227994814265176,
        tolerance::GOLDEN_P_VALUE,
    );
}
