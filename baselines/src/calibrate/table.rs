//! The component tests of one column on tables of counts, where rows are independent.
//!
//! One code path for the judge (exact points, or the frozen grid) and for calibration (the coarse partition): both hand
//! over rows by cell. Does not know summaries, scales or thresholds.

use super::component::{Component, Distribution};
use super::ladder::NullScale;
use super::normal::{deviate_of, two_sided};
use super::null::{sidak, tail};
use super::rank::normal_scores;
use super::rate::Rates;
use crate::compare::{chi_square_survival, merge_to_expected};

/// A component's statistic before any scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tested {
    pub(super) component: Component,
    pub(super) statistic: f64,
    pub(super) direction: f64,
    pub(super) distribution: Distribution,
    pub(super) p: f64,
    pub(super) effect: f64,
    /// Variance of the scores, where the test has some: 1 (location) and 2 (scale) without ties.
    pub(super) information: f64,
}

/// Expected rows that a category has at least in the smaller sample before it is merged: Cochran 1954.
const MIN_EXPECTED: f64 = 5.0;

/// Location, scale and shape of ascending cells `[baseline, current]`.
///
/// `rank_error` is the share of rows by which the baseline's ranks may be off (imported sketches); with it, or with
/// `shape_only`, only the shape is tested.
pub(super) fn numeric(cells: &[[u64; 2]], rank_error: f64, shape_only: bool, into: &mut Vec<Tested>) {
    let Some(distance) = kolmogorov_smirnov(cells) else {
        return;
    };
    let [n, m] = totals(cells).map(|rows| rows as f64);
    let scores = if shape_only { None } else { normal_scores(cells) };
    if let Some(scores) = scores {
        let tests = [
            (Component::Location, scores.location),
            (Component::Scale, scores.scale),
        ];
        for (component, test) in tests {
            let Some(test) = test else { continue };
            into.push(Tested {
                component,
                statistic: test.deviate.abs(),
                direction: test.deviate.signum(),
                distribution: Distribution::Normal,
                p: two_sided(test.deviate),
                effect: distance,
                information: test.information,
            });
        }
    }
    let certain = (distance - rank_error).max(0.0);
    let statistic = (n * m / (n + m)).sqrt() * certain;
    into.push(Tested {
        component: Component::Shape,
        statistic,
        direction: 0.0,
        distribution: Distribution::Kolmogorov,
        p: tail(Distribution::Kolmogorov, statistic, NullScale::NONE),
        effect: certain,
        information: 0.0,
    });
}

/// Shares of categories `[baseline, current]`, in any order.
pub(super) fn categorical(cells: &[[u64; 2]], into: &mut Vec<Tested>) {
    let occupied: Vec<[u64; 2]> = cells
        .iter()
        .copied()
        .filter(|cell| cell[0] + cell[1] > 0)
        .collect();
    let of = totals(&occupied);
    if occupied.len() < 2 || of.contains(&0) {
        return;
    }
    let [n, m] = of.map(|rows| rows as f64);
    let shifts = occupied
        .iter()
        .map(|cell| (cell[0] as f64 / n - cell[1] as f64 / m).abs());
    let effect = 0.5 * shifts.sum::<f64>();
    if occupied.len() > 2 {
        let mut table: Vec<[f64; 2]> = occupied
            .iter()
            .map(|cell| [cell[0] as f64, cell[1] as f64])
            .collect();
        merge_to_expected(&mut table, MIN_EXPECTED);
        if let Some((statistic, freedom)) = chi_square(&table) {
            into.push(Tested {
                component: Component::Categories,
                statistic: (statistic / freedom).sqrt(),
                direction: 0.0,
                distribution: Distribution::ChiSquare {
                    degrees_of_freedom: freedom,
                },
                p: chi_square_survival(statistic, freedom),
                effect,
                information: 0.0,
            });
        }
    }
    let shares = occupied.iter().map(|cell| (cell[0] + cell[1]) as f64 / (n + m));
    let standing_out = occupied
        .iter()
        .zip(shares)
        .filter_map(|(&with, share)| {
            let k = n_alike(share, occupied.len());
            let found = Rates { with, of }.test()?;
            Some((found, k, sidak(found.p, k)))
        })
        .min_by(|(.., left), (.., right)| left.total_cmp(right));
    if let Some((largest, k, p)) = standing_out {
        into.push(Tested {
            component: Component::LargestCategory,
            statistic: largest.deviate,
            direction: largest.direction,
            distribution: Distribution::LargestNormal { k },
            p,
            effect,
            information: 0.0,
        });
    }
}

/// Among how many categories one of this share counts: the inverse of its weight, half of which is the same for all and half
/// of which goes by share. The share is that of both samples together, which the test is conditional on, so the weight is
/// fixed beforehand (Genovese, Roeder and Wasserman 2006); a change in points is seen worst in a frequent category. Two
/// categories are one.
pub(super) fn n_alike(share: f64, n_categories: usize) -> f64 {
    match n_categories {
        0..=2 => 1.0,
        n => (0.5 * share + 0.5 / n as f64).recip(),
    }
}

/// A rate of missing or special cells.
pub(super) fn rate(component: Component, with: [u64; 2], of: [u64; 2], into: &mut Vec<Tested>) {
    let rates = Rates { with, of };
    if let (Some(test), Some(difference)) = (rates.test(), rates.difference()) {
        into.push(Tested {
            component,
            statistic: deviate_of(test.p).max(test.deviate),
            direction: test.direction,
            distribution: Distribution::Normal,
            p: test.p,
            effect: difference.abs(),
            information: 0.0,
        });
    }
}

pub(super) fn totals(cells: &[[u64; 2]]) -> [u64; 2] {
    cells
        .iter()
        .fold([0, 0], |sum, cell| [sum[0] + cell[0], sum[1] + cell[1]])
}

/// Largest |F − G| at a cell boundary; `None` where a side is empty or there is one cell.
fn kolmogorov_smirnov(cells: &[[u64; 2]]) -> Option<f64> {
    let [n, m] = totals(cells);
    let n_occupied = cells.iter().filter(|cell| cell[0] + cell[1] > 0).count();
    if n == 0 || m == 0 || n_occupied < 2 {
        return None;
    }
    let (mut difference, mut largest) = (0i128, 0u128);
    for cell in cells {
        difference += i128::from(cell[0]) * i128::from(m) - i128::from(cell[1]) * i128::from(n);
        largest = largest.max(difference.unsigned_abs());
    }
    Some(largest as f64 / (n as f64 * m as f64))
}

/// X² of homogeneity as a chi-square of `freedom` degrees of freedom with its exact conditional mean and variance.
///
/// Given both margins, E X² = N/(N−1)·(k−1) and Var X² as J. B. S. Haldane (Biometrika 31, 1940) for a 2 × k table;
/// `X²·f/E` with f = 2E²/Var then has the mean and variance of χ²_f, which sparse tables need far out in the tail.
pub(super) fn chi_square(table: &[[f64; 2]]) -> Option<(f64, f64)> {
    let k = table.len() as f64;
    let [n, m] = table
        .iter()
        .fold([0.0, 0.0], |sum, row| [sum[0] + row[0], sum[1] + row[1]]);
    let total = n + m;
    if table.len() < 2 || total < 4.0 {
        return None;
    }
    let statistic: f64 = table
        .iter()
        .map(|row| {
            let both = row[0] + row[1];
            let off = row[1] - both * m / total;
            off * off * total * total / (both * n * m)
        })
        .sum();
    let mean = total / (total - 1.0) * (k - 1.0);
    let v = |parts: f64| (parts - 1.0) * (total - parts) / (total - 1.0);
    let w = |parts: f64, inverse: f64| (total * inverse - parts * parts) / (total - 2.0);
    let w_samples = w(2.0, 1.0 / n + 1.0 / m);
    let w_categories = w(k, table.iter().map(|row| 1.0 / (row[0] + row[1])).sum());
    let variance = 2.0 * total / (total - 3.0) * (v(2.0) - w_samples) * (v(k) - w_categories)
        + total * total / (total - 1.0) * w_samples * w_categories;
    let freedom = 2.0 * mean * mean / variance;
    let scaled = statistic * freedom / mean;
    (scaled.is_finite() && freedom.is_finite() && freedom > 0.0).then_some((scaled, freedom))
}
