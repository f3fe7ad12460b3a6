//! Component tests against SciPy and NumPy, and the laws they keep.
//!
//! Numbers: `test-data/calibration/make_reference.py`, numpy 2.4.6, scipy 1.17.1.

use proptest::prelude::*;

use super::super::check::clopper_pearson;
use super::super::ladder::NullScale;
use super::super::normal::{deviate_of, quantile, without_skewness};
use super::super::null::{combine, critical, tail};
use super::super::rank::normal_scores;
use super::super::rate::rate_p_value;
use super::super::table::{self, Tested};
use super::super::{Component, Distribution};
use crate::compare::{NumericPair, normal_survival, tolerance};
use crate::summary::WeightedPoints;

fn agrees(found: f64, expect: f64) {
    assert!(
        tolerance::agrees(found, expect, tolerance::STATISTIC),
        "{found} {expect}"
    );
}

fn cells(baseline: Vec<f64>, current: Vec<f64>) -> Vec<[u64; 2]> {
    let (baseline, current) = (
        WeightedPoints::from_values(baseline),
        WeightedPoints::from_values(current),
    );
    let pair = NumericPair::new(&baseline, &current).unwrap();
    let cells = pair.cells_of_any().iter();
    cells.map(|cell| [cell.baseline, cell.current]).collect()
}

#[test]
fn normal_scores_agree_with_numpy_on_the_golden_vector() {
    let baseline = (0..500).map(|i| f64::from((37 * i) % 101) / 10.0 + 0.3 * f64::from(i % 7));
    let current = (0..400).map(|i| f64::from((53 * i) % 97) / 9.0 + 0.5 * f64::from(i % 5) + 0.4);
    let scores = normal_scores(&cells(baseline.collect(), current.collect())).unwrap();
    // make_reference.py: test(r, c, scores) and test(r, c, scores ** 2)
    agrees(scores.location.unwrap().z, 4.501120091021873);
    agrees(scores.scale.unwrap().z, 2.179869881811009);
    // Skewness 0.0183 moves the deviate a little.
    let (z, deviate) = (scores.scale.unwrap().z, scores.scale.unwrap().deviate);
    assert!(
        (z - deviate).abs() > 1e-3 && (z - deviate).abs() < 0.02,
        "{deviate}"
    );
}

#[test]
fn permutation_moments_are_those_of_all_assignments() {
    let baseline = vec![1.0, 2.0, 2.0, 3.0, 5.0, 8.0, 8.0, 8.0, 9.0, 10.0];
    let current = vec![2.0, 3.0, 4.0, 8.0, 11.0, 12.0];
    let scores = normal_scores(&cells(baseline, current)).unwrap();
    // make_reference.py: standardised by the mean and deviation over all itertools.combinations(range(16), 6)
    agrees(scores.location.unwrap().z, 0.8567677954898915);
    agrees(scores.scale.unwrap().z, 0.5816220099611409);
}

#[test]
fn rates_agree_with_the_hypergeometric_distribution() {
    // 2 * min(h.sf(b - 1), h.cdf(b)) with h = scipy.stats.hypergeom(n + m, a + b, m)
    agrees(rate_p_value([0, 5], [1000, 200]), 0.00024661414246719845);
    agrees(rate_p_value([3, 9], [5000, 500]), 1.3585789128544505e-07);
    agrees(rate_p_value([120, 90], [4000, 2000]), 0.004251610915128767);
    agrees(rate_p_value([10, 0], [100, 50]), 0.029601549039238603);
    assert_eq!(rate_p_value([0, 0], [100, 50]), 1.0);
    assert_eq!(rate_p_value([100, 50], [100, 50]), 1.0);
    assert_eq!(rate_p_value([0, 0], [100, 0]), 1.0);
    // Past a variance of 2,500 the tail is approximate: within 1 % out to 1e-7.
    for (with, expect) in [
        ([30_000, 8_000], 3.103873459619965e-08),
        ([30_000, 7_100], 6.387552202870148e-06),
    ] {
        let p = rate_p_value(with, [200_000, 50_000]);
        assert!((p / expect - 1.0).abs() < 0.01, "{p} {expect}");
    }
}

/// Var X² of a table with margins (400, 100, 60, 30, 10) and 150 current rows: 7.875088101457335 by the formula, and
/// 7.899 ± 0.026 over 400,000 draws of `numpy.random.Generator.multivariate_hypergeometric`.
#[test]
fn chi_square_has_its_exact_conditional_moments() {
    let mut tested = Vec::new();
    let table = [[290, 110], [80, 20], [50, 10], [24, 6], [6, 4]];
    let n = [450u64, 150];
    assert_eq!(table::totals(&table), n);
    // 10 rows in the rarest category give an expected count of 2.5: it is merged before the test.
    table::categorical(&table, &mut tested);
    let found = tested
        .iter()
        .find(|test| test.component == Component::Categories)
        .unwrap();
    let Distribution::ChiSquare { degrees_of_freedom } = found.distribution else {
        panic!("{found:?}");
    };
    assert!((2.9..3.2).contains(&degrees_of_freedom), "{degrees_of_freedom}");
    let table: Vec<[f64; 2]> = [
        [300.0, 100.0],
        [75.0, 25.0],
        [45.0, 15.0],
        [22.0, 8.0],
        [8.0, 2.0],
    ]
    .to_vec();
    let (_, freedom) = table::chi_square(&table).unwrap();
    let mean = 600.0 / 599.0 * 4.0;
    agrees(freedom, 2.0 * mean * mean / 7.875088101457335);
}

#[test]
fn tails_agree_with_scipy() {
    let scaled = |freedom| NullScale {
        scale: 1.5,
        freedom: Some(freedom),
    };
    let unscaled = |freedom| NullScale { scale: 1.0, freedom };
    // 2 * scipy.stats.t.sf(4.2 / 1.5, 7)
    agrees(tail(Distribution::Normal, 4.2, scaled(7.0)), 0.02652425098010761);
    // scipy.stats.f.sf(2.5, 6, 11)
    let chi_square = Distribution::ChiSquare {
        degrees_of_freedom: 6.0,
    };
    agrees(
        tail(chi_square, 2.5f64.sqrt(), unscaled(Some(11.0))),
        0.0892479532974807,
    );
    // scipy.stats.kstwobign.sf(1.7)
    agrees(
        tail(Distribution::Kolmogorov, 1.7, unscaled(None)),
        0.0061774306344441286,
    );
    // scipy.integrate.quad of 2 exp(-2 · 1.9² w / 9) over scipy.stats.chi2.pdf(w, 9)
    agrees(
        tail(Distribution::Kolmogorov, 1.9, unscaled(Some(9.0))),
        0.026934694565107203,
    );
}

#[test]
fn a_critical_value_is_where_the_tail_is_p() {
    for distribution in [
        Distribution::Normal,
        Distribution::Kolmogorov,
        Distribution::ChiSquare {
            degrees_of_freedom: 3.5,
        },
        Distribution::LargestNormal { k: 12.0 },
    ] {
        for freedom in [None, Some(6.0)] {
            let scale = NullScale { scale: 2.0, freedom };
            for p in [0.05, 1e-4, 1e-9] {
                let value = critical(distribution, p, scale);
                let found = tail(distribution, value, scale);
                assert!((found / p - 1.0).abs() < 1e-6, "{distribution:?} {p} {found}");
            }
        }
    }
}

#[test]
fn combined_p_values_are_cauchys() {
    // 0.5 - atan(sum(w * tan((0.5 - p) * pi))) / pi with p = [0.01, 0.2, 0.9], w = [0.6, 0.3, 0.1]; CPython 3.11 math
    agrees(
        combine([(0.01, 0.6), (0.2, 0.3), (0.9, 0.1)].into_iter()),
        0.016565864637777705,
    );
    assert_eq!(combine(std::iter::empty()), 1.0);
    // One test alone is itself, however far out and whatever its weight.
    for p in [1e-300, 1e-12, 1e-9, 1e-3, 0.3, 0.7] {
        agrees(combine([(p, 0.1)].into_iter()), p);
    }
    // Two that agree are one.
    agrees(combine([(1e-6, 0.6), (1e-6, 0.2)].into_iter()), 1e-6);
    assert!(combine([(1.0, 0.5), (1e-8, 0.5)].into_iter()) < 2.1e-8);
}

#[test]
fn quantiles_agree_with_scipy() {
    // scipy.stats.norm.ppf
    for (p, expect) in [
        (1e-20, -9.262340089798409),
        (1e-5, -4.264890793922825),
        (0.02425, -1.972961051311885),
        (0.3, -0.5244005127080409),
        (0.5, 0.0),
        (0.9, 1.2815515655446004),
    ] {
        agrees(quantile(p), expect);
    }
    assert!((deviate_of(2.0 * normal_survival(5.0)) - 5.0).abs() < 1e-9);
    assert_eq!((deviate_of(1.0), deviate_of(0.0)), (0.0, 37.0));
}

#[test]
fn skewness_is_taken_out_of_a_gamma_tail() {
    // scipy.stats.gamma.sf(16 + 4 * sqrt(16), 16): skewness ½, four deviations up
    let p = normal_survival(without_skewness(4.0, 0.5));
    assert!((p / 0.0006599275525999399 - 1.0).abs() < 0.05, "{p}");
    assert_eq!(without_skewness(4.0, 0.0), 4.0);
    assert_eq!(without_skewness(-4.0, -0.5), -without_skewness(4.0, 0.5));
}

#[test]
fn exact_intervals_agree_with_scipy() {
    // scipy.stats.beta.ppf(.025, 3, 98), scipy.stats.beta.ppf(.975, 4, 97)
    let [low, high] = clopper_pearson(3, 100);
    assert!((low / 0.006229971538306395 - 1.0).abs() < 1e-6, "{low}");
    assert!((high / 0.08517605297428002 - 1.0).abs() < 1e-6, "{high}");
    assert_eq!(clopper_pearson(0, 10)[0], 0.0);
    assert_eq!(clopper_pearson(10, 10)[1], 1.0);
}

proptest! {
    /// Swapping baseline and window turns the direction and leaves every p-value.
    #[test]
    fn swapped_sides_agree(table in prop::collection::vec([0u64..40, 0u64..40], 1..12)) {
        let swapped: Vec<[u64; 2]> = table.iter().map(|cell| [cell[1], cell[0]]).collect();
        let test = |cells: &[[u64; 2]]| {
            let mut tested: Vec<Tested> = Vec::new();
            table::numeric(cells, 0.0, false, &mut tested);
            table::categorical(cells, &mut tested);
            tested
        };
        let (ours, theirs) = (test(&table), test(&swapped));
        prop_assert_eq!(ours.len(), theirs.len());
        for (left, right) in ours.iter().zip(&theirs) {
            prop_assert!((left.p - right.p).abs() <= 1e-7 * left.p.max(1e-3), "{:?} {:?}", left, right);
            prop_assert!(left.p.is_finite() && left.statistic >= 0.0 && (0.0..=1.0).contains(&left.effect));
            if left.component == Component::Location && left.statistic > 1e-6 {
                prop_assert_eq!(left.direction, -right.direction);
            }
        }
    }
}
