//! Wasserstein-1 (earth mover's) distance. Knows no threshold.
//!
//! W = ∫ |F − G| dx, in the column's units; SciPy's `wasserstein_distance`. Symmetric, 0 only for equal samples.
//!
//! House: raw, companions `over_std` (÷ sample standard deviation of the baseline), `over_iqr` (÷ its R-7
//! interquartile range), left out where they divide by zero. Evidently: ÷ max(population standard deviation of the
//! baseline, 0.001). Azure: ÷ sample standard deviation. NannyML: raw below 10,000 baseline rows; from there on
//! a sum over 10,000 equal-width bins of the baseline's range whose tails count n_outside + 1 rows (their bias,
//! reproduced). Deepchecks: rows outside each side's 2.5 % and 97.5 % quantiles dropped, then min–max scaled over
//! both sides.
//!
//! Empty side: not computable. Grid counts: inside an open cell of start difference s and masses p, q, F − G lies in
//! [s − q, s + p]; integrating the extremes over the cell gives the bound.

use super::cells::{Cell, NumericPair};
use super::histogram::{Histogram, equal_width, linspace};
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};
use super::spread::{Moments, quantile};
use crate::summary::WeightedPoints;

/// From this many baseline rows on NannyML bins.
pub(crate) const NANNYML_BINNED_FROM: u64 = 10_000;
/// NannyML's number of bins.
pub(crate) const NANNYML_BINS: usize = 10_000;

/// SciPy's distance with the house's scaled companions. `moments` are the baseline's exact ones, where known.
pub(crate) fn house(pair: &NumericPair<'_>, moments: Option<Moments>) -> Outcome {
    let rows = pair.rows;
    let integral = Integral::of(pair.cells()?, rows, |difference| difference);
    let mut measurement = Measurement::of(Method::Wasserstein, Convention::Scipy, integral.value, rows)?;
    if pair.is_gridded() {
        measurement.error_bound = Some(
            integral
                .error_bound(|value| value)
                .ok_or(NotComputable::Infinite)?,
        );
    }
    if let Some(std) = moments.and_then(|moments| moments.standard_deviation(1)) {
        measurement = measurement.with_companion("over_std", integral.value / std);
    }
    if pair.baseline.is_exact() {
        let iqr = quantile(pair.baseline, 0.75) - quantile(pair.baseline, 0.25);
        measurement = measurement.with_companion("over_iqr", integral.value / iqr);
    }
    Ok(measurement)
}

/// The numbers of other makers, from exact values.
pub(crate) fn peer(convention: Convention, pair: &NumericPair<'_>) -> Outcome {
    let (baseline, current, rows) = (pair.baseline, pair.current, pair.rows);
    let label = |value: f64| Measurement::of(Method::Wasserstein, convention, value, rows);
    let raw = || Ok(Integral::of(pair.cells()?, rows, |difference| difference).value);
    match convention {
        Convention::Evidently => {
            let scale = Moments::of(baseline)?.variance.sqrt().max(0.001);
            let mut measurement = label(raw()? / scale)?;
            measurement.parameters.scaled_by = Some("max(standard deviation of the baseline, 0.001)");
            measurement.parameters.ddof = Some(0);
            Ok(measurement)
        }
        Convention::Azureml => {
            let scale = Moments::of(baseline)?
                .standard_deviation(1)
                .ok_or(NotComputable::TooFew { needed: 2 })?;
            if scale == 0.0 {
                return Err(NotComputable::NoSpread);
            }
            let mut measurement = label(raw()? / scale)?;
            measurement.parameters.scaled_by = Some("standard deviation of the baseline");
            measurement.parameters.ddof = Some(1);
            Ok(measurement)
        }
        Convention::Nannyml if rows[0] >= NANNYML_BINNED_FROM => {
            let mut measurement = label(nannyml_binned(baseline, current)?)?;
            measurement.parameters.bins = Some(NANNYML_BINS as u64);
            measurement.parameters.edges_source = Some("equal width over the baseline's range");
            Ok(measurement)
        }
        Convention::Nannyml => label(raw()?),
        Convention::Deepchecks => deepchecks(baseline, current, rows),
        _ => Err(NotComputable::NotInConvention),
    }
}

fn nannyml_binned(baseline: &WeightedPoints, current: &WeightedPoints) -> Result<f64, NotComputable> {
    let edges = equal_width(&[baseline], NANNYML_BINS, |_| 0.5)?;
    let (first, last) = (edges[0], edges[edges.len() - 1]);
    let (n, m) = (baseline.n() as f64, current.n() as f64);
    let outside = |keep: &dyn Fn(f64) -> bool| -> Vec<(f64, u64)> {
        let points = current
            .values
            .iter()
            .copied()
            .zip(current.weights.iter().copied());
        points.filter(|(value, _)| keep(*value)).collect()
    };
    // NannyML's ECDF of the outside rows together with the nearest edge, integrated towards that edge.
    let (smaller, bigger) = (outside(&|value| value < first), outside(&|value| value > last));
    let count = |rows: &[(f64, u64)]| rows.iter().map(|(_, weight)| *weight).sum::<u64>();
    let tail = |rows: &[(f64, u64)], below: bool| {
        let total = (count(rows) + 1) as f64;
        let mut reached = u64::from(!below);
        let mut sum = 0.0;
        let mut previous = (!below).then_some(last);
        for &(value, weight) in rows {
            if let Some(before) = previous {
                let height = reached as f64 / total;
                sum += (value - before) * if below { height } else { 1.0 - height };
            }
            reached += weight;
            previous = Some(value);
        }
        if let (true, Some(before)) = (below, previous) {
            sum += (first - before) * (reached as f64 / total);
        }
        sum * total / m
    };
    let term_smaller = if smaller.is_empty() {
        0.0
    } else {
        tail(&smaller, true)
    };
    let term_bigger = if bigger.is_empty() {
        0.0
    } else {
        tail(&bigger, false)
    };
    let below = if smaller.is_empty() {
        0.0
    } else {
        (count(&smaller) + 1) as f64 / m
    };
    let width = edges[1] - edges[0];
    let (left, right) = (Histogram::of(baseline, &edges), Histogram::of(current, &edges));
    let (mut f, mut g, mut within) = (0u64, 0u64, 0.0);
    for (b, c) in left.counts.iter().zip(&right.counts) {
        f += b;
        g += c;
        within += (f as f64 / n - (g as f64 / m + below)).abs() * width;
    }
    Ok(within + term_smaller + term_bigger)
}

fn deepchecks(baseline: &WeightedPoints, current: &WeightedPoints, rows: [u64; 2]) -> Outcome {
    if rows[0] < 10 || rows[1] < 10 {
        return Err(NotComputable::TooFew { needed: 10 });
    }
    let trim = |points: &WeightedPoints| {
        let (low, high) = (quantile(points, 0.025), quantile(points, 0.975));
        let kept = points
            .values
            .iter()
            .zip(&points.weights)
            .filter(|(value, _)| **value >= low && **value <= high);
        let (values, weights) = kept.unzip();
        WeightedPoints {
            values,
            weights,
            extents: None,
        }
    };
    let (left, right) = (trim(baseline), trim(current));
    let trimmed = NumericPair::new(&left, &right)?;
    let cells = trimmed.cells()?;
    let range = cells[cells.len() - 1].value - cells[0].value;
    let distance = Integral::of(cells, trimmed.rows, |difference| difference).value;
    let scaled = if range > 0.0 { distance / range } else { 0.0 };
    let mut measurement = Measurement::of(Method::Wasserstein, Convention::Deepchecks, scaled, rows)?;
    measurement.parameters.scaled_by = Some("range of both sides after trimming 2.5 % each end");
    Ok(measurement)
}

/// ∫ of(|F − G|) dx for an increasing `of`, with its limits where cells are open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Integral {
    pub(crate) value: f64,
    lower: f64,
    upper: f64,
}

impl Integral {
    pub(crate) fn of(cells: &[Cell], [n, m]: [u64; 2], of: impl Fn(f64) -> f64) -> Self {
        let scale = n as f64 * m as f64;
        let of = |difference: i128| of(difference.unsigned_abs() as f64 / scale);
        let (mut value, mut lower, mut upper) = (0.0, 0.0, 0.0);
        let mut difference = 0i128;
        let mut before: Option<Cell> = None;
        for &cell in cells {
            if let Some(before) = before {
                value += of(difference) * (cell.value - before.value);
                let between = of(difference) * (cell.low - before.high);
                lower += between;
                upper += between;
            }
            let up = i128::from(cell.baseline) * i128::from(m);
            let down = i128::from(cell.current) * i128::from(n);
            if !cell.is_atom() {
                let (least, most) = (difference - down, difference + up);
                let width = cell.high - cell.low;
                upper += of(if most.unsigned_abs() > least.unsigned_abs() {
                    most
                } else {
                    least
                }) * width;
                if least > 0 || most < 0 {
                    lower += of(if least > 0 { least } else { most }) * width;
                }
            }
            difference += up - down;
            before = Some(cell);
        }
        Self { value, lower, upper }
    }

    /// How far the exact value can be from `of(value)`; `None` where an open cell has no end.
    pub(crate) fn error_bound(&self, of: impl Fn(f64) -> f64) -> Option<f64> {
        let bound = (of(self.upper) - of(self.value))
            .max(of(self.value) - of(self.lower))
            .max(0.0);
        // The limits are sums of their own: allow for their rounding.
        let bound = bound + 1e-12 * of(self.upper);
        bound.is_finite().then_some(bound)
    }
}

/// NannyML's binned Kolmogorov–Smirnov D for 10,000 baseline rows or more: its histogram CDFs at bin ends.
pub(crate) fn nannyml_ks(baseline: &WeightedPoints, current: &WeightedPoints) -> Outcome {
    let (first, last) = (baseline.values[0], baseline.values[baseline.values.len() - 1]);
    let edges = linspace(first, last, NANNYML_BINS);
    let (n, m) = (baseline.n() as f64, current.n() as f64);
    let points = current.values.iter().zip(&current.weights);
    let below: u64 = points
        .filter(|(value, _)| **value < first)
        .map(|(_, weight)| weight)
        .sum();
    let (left, right) = (Histogram::of(baseline, &edges), Histogram::of(current, &edges));
    let (mut f, mut g, mut statistic) = (0, below, 0.0f64);
    for (b, c) in left.counts.iter().zip(&right.counts) {
        f += b;
        g += c;
        statistic = statistic.max((f as f64 / n - g as f64 / m).abs());
    }
    let rows = [baseline.n(), current.n()];
    let mut measurement = Measurement::of(Method::KolmogorovSmirnov, Convention::Nannyml, statistic, rows)?;
    measurement.parameters.bins = Some(NANNYML_BINS as u64);
    measurement.parameters.edges_source = Some("equal width over the baseline's range");
    Ok(measurement)
}
