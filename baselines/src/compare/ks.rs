//! Two-sample Kolmogorov–Smirnov test, and Deequ's rank-map form of its statistic. Knows no threshold.
//!
//! D = sup_x |F_baseline(x) − F_current(x)| of the right-continuous empirical distribution functions.
//! p-value: SciPy's `ks_2samp(method="auto")`: by counting paths while max(n, m) ≤ 10,000, else
//! `kstwo.sf(D, round(nm/(n+m)))`. Both assume no ties; with ties they are conservative, as SciPy's.
//!
//! Empty side: not computable. One row each: D is 0 or 1, p = 1. Constant against the same constant: D = 0, p = 1.
//! NaN, ±∞ and nulls are no points; they are counted elsewhere. D is exact for exact samples (integer arithmetic).
//! On grid counts D is the largest difference at a cell boundary, a lower limit of the true D; inside an open cell
//! with baseline mass p, current mass q and difference s at its start the true difference reaches at most s + p
//! (= end + q) upwards and q − s downwards, which gives `error_bound`. The p-value is that of the lower limit: the
//! largest p-value the evidence allows, so that a grid never makes an alarm out of its own coarseness.

use super::cells::{Cell, NumericPair};
use super::kolmogorov::{gcd, survival, two_sample_exact};
use super::measurement::{Companion, Measurement, NotComputable, Outcome, Parameters};
use super::method::{Convention, Method};

/// SciPy's `MAX_AUTO_N`: up to here `auto` counts paths.
const MAX_EXACT_ROWS: u64 = 10_000;

/// Kolmogorov–Smirnov D and its p-value.
pub(crate) fn measure(pair: &NumericPair<'_>) -> Outcome {
    let supremum = Supremum::of(pair)?;
    let Supremum { n, m, .. } = supremum;
    let (p_value, source) = p_value(n, m, supremum.lower);
    let mut companions = Vec::new();
    if supremum.error_bound().is_some() {
        companions.push(Companion {
            name: "p_value_low",
            value: self::p_value(n, m, supremum.upper).0,
        });
    }
    Ok(Measurement {
        method: Method::KolmogorovSmirnov,
        convention: Convention::Scipy,
        statistic: supremum.statistic(),
        p_value: Some(p_value),
        error_bound: supremum.error_bound(),
        n_baseline: n,
        n_current: m,
        parameters: Parameters {
            p_value_source: Some(source),
            ..Parameters::default()
        },
        companions,
    })
}

/// Azure's number: SciPy's p-value, of at most 10,000 rows.
pub(crate) fn azureml(pair: &NumericPair<'_>) -> Outcome {
    let measurement = measure(pair)?;
    if measurement.n_baseline.max(measurement.n_current) > MAX_EXACT_ROWS {
        return Err(NotComputable::MakerFails);
    }
    measurement.reported_as_p_value(Convention::Azureml)
}

/// p-value of D = `scaled` / (n·m), and how it was computed.
fn p_value(n: u64, m: u64, scaled: u128) -> (f64, &'static str) {
    if n.max(m) <= MAX_EXACT_ROWS {
        let steps = scaled / u128::from(gcd(n, m));
        (two_sample_exact(n, m, steps as u64), "exact")
    } else {
        let (n, m) = (n as f64, m as f64);
        let effective = (n * m / (n + m)).round_ties_even().max(1.0);
        (survival(effective as u64, scaled as f64 / (n * m)), "asymptotic")
    }
}

/// sup |F − G| in units of 1/(n·m), as integers: attained at a cell boundary, and the limit inside open cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Supremum {
    pub(crate) n: u64,
    pub(crate) m: u64,
    lower: u128,
    upper: u128,
    gridded: bool,
}

impl Supremum {
    /// Of two samples; computed once for each pair.
    pub(crate) fn of(pair: &NumericPair<'_>) -> Result<Self, NotComputable> {
        let cells = pair.cells()?;
        Ok(*pair.supremum.get_or_init(|| Self::over(pair, cells)))
    }

    fn over(pair: &NumericPair<'_>, cells: &[Cell]) -> Self {
        let [n, m] = pair.rows;
        // Differences are at most n·m.
        if !pair.is_gridded() && n.checked_mul(m).is_some_and(|product| product < 1 << 62) {
            return Self::of_atoms(cells, [n as i64, m as i64]);
        }
        let (mut lower, mut upper) = (0u128, 0u128);
        let mut difference = 0i128;
        for &Cell {
            low,
            high,
            baseline,
            current,
            ..
        } in cells
        {
            let up = i128::from(baseline) * i128::from(m);
            let down = i128::from(current) * i128::from(n);
            if low < high {
                upper = upper
                    .max((difference + up).unsigned_abs())
                    .max((difference - down).unsigned_abs());
            }
            difference += up - down;
            lower = lower.max(difference.unsigned_abs());
        }
        Self {
            n,
            m,
            lower,
            upper: upper.max(lower),
            gridded: pair.is_gridded(),
        }
    }

    /// Of exact samples with n·m < 2^62.
    fn of_atoms(cells: &[Cell], [n, m]: [i64; 2]) -> Self {
        let (mut difference, mut largest) = (0i64, 0);
        for cell in cells {
            difference += cell.baseline as i64 * m - cell.current as i64 * n;
            largest = largest.max(difference.unsigned_abs());
        }
        Self {
            n: n.unsigned_abs(),
            m: m.unsigned_abs(),
            lower: largest.into(),
            upper: largest.into(),
            gridded: false,
        }
    }

    pub(crate) fn statistic(&self) -> f64 {
        self.scale(self.lower)
    }

    /// Distance from the statistic to the limit, rounded up; `None` where both samples are exact.
    pub(crate) fn error_bound(&self) -> Option<f64> {
        let gap = self.scale(self.upper - self.lower);
        self.gridded.then(|| {
            if gap > 0.0 {
                (gap * (1.0 + 4.0 * f64::EPSILON)).min(1.0)
            } else {
                0.0
            }
        })
    }

    fn scale(&self, scaled: u128) -> f64 {
        scaled as f64 / (self.n as f64 * self.m as f64)
    }
}
