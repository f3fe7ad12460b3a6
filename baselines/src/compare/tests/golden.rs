//! The golden vector of methods.md §3.0 under every named convention. Knows no internals.

use super::*;

/// One line of the table: method, convention, expected statistic (or p-value) as printed in methods.md §3.0.
type Row = (Method, Convention, f64);

fn check_statistics(rows: &[Row], measure: impl Fn(Method, Convention) -> Outcome) {
    for &(method, convention, expected) in rows {
        let measurement = measure(method, convention).unwrap();
        let is_p = measurement.p_value == Some(measurement.statistic);
        let tolerance = if is_p {
            tolerance::GOLDEN_P_VALUE
        } else {
            tolerance::STATISTIC
        };
        check_value(
            &format!("{method} {convention}"),
            measurement.statistic,
            expected,
            tolerance,
        );
    }
}

// methods.md §3.0: Evidently rows ran evidently 0.7.23; the others restate their source in numpy 2.4.6 / scipy 1.17.1.
#[test]
fn numeric_statistics() {
    use Convention::*;
    use Method::*;
    let [b, c] = golden_numeric();
    let rows = [
        (KolmogorovSmirnov, House, 0.1095),
        (KolmogorovSmirnov, Nannyml, 0.1095),
        (KolmogorovSmirnov, Deepchecks, 0.1095),
        (KolmogorovSmirnov, Evidently, 0.0089838295198),
        (LInfinity, Sagemaker, 0.1095),
        (LInfinityRobust, Sagemaker, 0.0),
        (Wasserstein, House, 0.813922222222),
        (Wasserstein, Nannyml, 0.813922222222),
        (Wasserstein, Evidently, 0.273514728932),
        (Wasserstein, Azureml, 0.273241077308),
        (Wasserstein, Deepchecks, 0.0725374502807),
        (JensenShannon, Evidently, 0.151629962023),
        (JensenShannon, Nannyml, 0.192195000106),
        (JensenShannon, Azureml, 0.170835599634),
        (KullbackLeibler, Evidently, 0.0735565818363),
        (Psi, Evidently, 0.334310235492),
        (Psi, Azureml, 0.168520679743),
        (Psi, Scouter, 0.113141411375),
        (Hellinger, Evidently, 0.149385218983),
        (Hellinger, Nannyml, 0.181592140560),
        (AndersonDarling, Evidently, 0.001),
        (Energy, Evidently, 0.351625574218),
        (EppsSingleton, Evidently, 1.0497755713e-6),
        (CramerVonMises, Evidently, 6.50074838521e-4),
        (MannWhitney, Evidently, 1.09498444963e-4),
        (TTest, Evidently, 8.54425381186e-5),
    ];
    check_statistics(&rows, |method, convention| {
        compare_numeric(method, convention, &b, &c, &Context::default())
    });
}

// methods.md §3.0, categorical column.
#[test]
fn categorical_statistics() {
    use Convention::*;
    use Method::*;
    let [b, c] = golden_categorical();
    let rows = [
        (LInfinity, Sagemaker, 0.1),
        (LInfinityRobust, Sagemaker, 0.0),
        (JensenShannon, Evidently, 0.1062001583),
        (JensenShannon, Nannyml, 0.127559389951),
        (JensenShannon, Azureml, 0.127559389951),
        (JensenShannon, Tfdv, 0.0162713979646),
        (KullbackLeibler, Evidently, 0.0422570576011),
        (Psi, Evidently, 0.0916290731874),
        (Psi, Azureml, 0.0900813604917),
        (Psi, Deepchecks, 0.0916290731874),
        (Hellinger, Evidently, 0.106606980366),
        (CramersV, Deepchecks, 0.135980407126),
        (ChiSquare, Nannyml, 20.2626641651),
        (ChiSquare, Evidently, 2.1294809536e-10),
        (ZTest, Evidently, 0.00276003016816),
    ];
    check_statistics(&rows, |method, convention| {
        compare_categorical(method, convention, &b, &c, &Context::default())
    });
    let nannyml = compare_categorical(ChiSquare, Nannyml, &b, &c, &Context::default()).unwrap();
    check_value(
        "chi2 p",
        nannyml.p_value.unwrap(),
        1.49740859e-4,
        tolerance::GOLDEN_P_VALUE,
    );
    assert_eq!(nannyml.parameters.degrees_of_freedom, Some(3.0));
    let raises = compare_categorical(GTest, Evidently, &b, &c, &Context::default());
    assert_eq!(raises, Err(NotComputable::MakerFails));
}

// methods.md §3.0: two-sided Mann–Whitney, scipy 1.17.1.
#[test]
fn two_sided_mann_whitney() {
    let [b, c] = golden_numeric();
    let measurement = compare_numeric(
        Method::MannWhitney,
        Convention::House,
        &b,
        &c,
        &Context::default(),
    )
    .unwrap();
    check_value(
        "p",
        measurement.p_value.unwrap(),
        2.18996889926e-4,
        tolerance::GOLDEN_P_VALUE,
    );
}
